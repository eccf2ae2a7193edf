"""The dialog that shows the server's account at ollama.com, and signs it in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from enum import StrEnum

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from ollama_tui.domain.cloud import AccountStatus, describe_account
from ollama_tui.tui.widgets.keys_line import BETWEEN, KeysLine

StatusUpdates = Callable[[], AsyncGenerator[AccountStatus, None]]
"""Polls the server for its account until polling would tell nothing new."""
WHOSE_KEY = "Everyone who pushes or runs cloud models on this server does so as this account."


class Wanted(StrEnum):
    """What the dialog leaves to its caller."""

    SIGN_OUT = "sign out"


class AccountDialog(ModalScreen[Wanted | None]):
    """Account, plan and cloud; signing in shows an address and polls until it was opened.

    See https://docs.ollama.com/cloud.
    """

    BINDINGS = [
        Binding("escape,q", "dismiss(None)", "Back"),
        Binding("s", "sign_in", "Sign in"),
        Binding("o", "sign_out", "Sign out"),
        Binding("r,R", "ask", "Ask again"),
        Binding("y", "copy", "Copy the address"),
    ]

    def __init__(
        self,
        status_updates: StatusUpdates,
        cloud: Callable[[], Awaitable[str]],
        clipboard: Callable[[str], None],
    ) -> None:
        super().__init__()
        self.status_updates = status_updates
        self.cloud = cloud
        self.clipboard = clipboard
        self.status: AccountStatus | None = None
        self.signing_in = False

    def compose(self) -> ComposeResult:
        """Lay out account, cloud and keys."""
        with Vertical(classes="dialog"):
            yield Static("The server's account", classes="heading", markup=False)
            yield Static(id="account", markup=False)
            yield Static(id="cloud", markup=False)
            yield Static(WHOSE_KEY, classes="message", markup=False)
            yield KeysLine()

    def on_mount(self) -> None:
        """Show that the server is being asked for its account, and ask it."""
        self.draw()
        self.action_ask()

    @on(events.Mount)
    @work
    async def _ask_cloud(self) -> None:
        answer = await self.cloud()
        for line in self.query("#cloud").results(Static):
            line.update(answer)

    @work(exclusive=True, group="account")
    async def action_ask(self) -> None:
        """Ask for the account once, or poll until the server is signed in."""
        async with aclosing(self.status_updates()) as updates:
            async for status in updates:
                if status != self.status:
                    address, last = status.signin_url, self.status or status
                    if self.signing_in and address and address != last.signin_url:
                        self.clipboard(address)
                    self.signing_in = self.signing_in and not status.is_final
                    self.status = status
                    self.draw()
                if not self.signing_in:
                    break

    def draw(self) -> None:
        """Show what is known and which keys work now."""
        status = self.status or AccountStatus()
        works = {
            "s sign in": status.signed_out and not self.signing_in,
            "y copy the address": self.signing_in and bool(status.signin_url),
            "o sign out": bool(status.user),
            "r ask again": bool(status.trouble),
        }
        keys = [*(key for key, now in works.items() if now), "esc back"]
        for lines in self.query("#account").results(Static):
            lines.update("\n".join(self._lines()))
        for line in self.query(KeysLine):
            line.show(BETWEEN.join(keys))

    def _lines(self) -> list[str]:
        status = self.status
        if status is None or not (status.user or status.signed_out):
            return [describe_account(status)]
        if status.user:
            lines = [describe_account(status), f"Plan: {status.plan}"]
            return [*lines, f"Email: {status.email}"] if status.email else lines
        if not self.signing_in:
            return ["The server is not signed in to ollama.com."]
        waits = "Waiting until the server is signed in …" if status.signin_url else ""
        return [describe_account(status), "", waits]

    def action_sign_in(self) -> None:
        """Show the address where the server's key is connected, and poll until it is."""
        if self.status is None or not self.status.signed_out or self.signing_in:
            return
        self.signing_in = True
        self.action_copy()
        self.draw()
        self.action_ask()

    def action_copy(self) -> None:
        """Copy the sign-in address to the clipboard."""
        if self.signing_in and self.status is not None and self.status.signin_url:
            self.clipboard(self.status.signin_url)

    def action_sign_out(self) -> None:
        """Dismiss with `Wanted.SIGN_OUT`, if the server is signed in."""
        if self.status is not None and self.status.user:
            self.dismiss(Wanted.SIGN_OUT)
