"""Show who the server is at ollama.com; sign it in, or answer that it is to be signed out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from enum import StrEnum

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from ollama_tui.domain.account import AccountStatus, describe_account

Standings = Callable[[], AsyncGenerator[AccountStatus, None]]
"""Asks the server who it is, again and again until that is settled."""
WHOSE_KEY = "Everyone who pushes or runs cloud models on this server does so as this account."


class Wanted(StrEnum):
    """What the user asks for that the dialog cannot do itself."""

    SIGN_OUT = "sign out"


class AccountDialog(ModalScreen[Wanted | None]):
    """Account, plan, cloud; signing in shows the address and waits for the server to be known."""

    BINDINGS = [
        Binding("escape,q", "dismiss(None)", "Back"),
        Binding("s", "sign_in", "Sign in"),
        Binding("o", "sign_out", "Sign out"),
        Binding("r,R", "ask", "Ask again"),
        Binding("y", "copy", "Copy the address"),
    ]

    def __init__(
        self,
        standings: Standings,
        cloud: Callable[[], Awaitable[str]],
        clipboard: Callable[[str], None],
    ) -> None:
        super().__init__()
        self.standings = standings
        self.cloud = cloud
        self.clipboard = clipboard
        self.standing: AccountStatus | None = None
        self.signing_in = False

    def compose(self) -> ComposeResult:
        """Lay out account, cloud and keys."""
        with Vertical(classes="dialog"):
            yield Static("Account of the server", classes="heading", markup=False)
            yield Static(id="account", markup=False)
            yield Static(id="cloud", markup=False)
            yield Static(WHOSE_KEY, classes="message", markup=False)
            yield Static(classes="keys", markup=False)

    def on_mount(self) -> None:
        """Ask for both."""
        self.draw()
        self.action_ask()
        self._ask_cloud()

    @work(exclusive=True, group="cloud")
    async def _ask_cloud(self) -> None:
        said = await self.cloud()
        for place in self.query("#cloud").results(Static):
            place.update(said)

    @work(exclusive=True, group="account")
    async def action_ask(self) -> None:
        """Ask who the server is: once, or until it is signed in when that is wanted."""
        async with aclosing(self.standings()) as standings:
            async for standing in standings:
                self.take(standing)
                if not self.signing_in:
                    break

    def take(self, standing: AccountStatus) -> None:
        """Show what the server said, unless it said so before."""
        if standing == self.standing:
            return
        address = standing.signin_url
        if self.signing_in and address and address != (self.standing or standing).signin_url:
            self.clipboard(address)
        self.signing_in = self.signing_in and not standing.is_final
        self.standing = standing
        self.draw()

    def draw(self) -> None:
        """Show what is known and which keys help now."""
        for place in self.query("#account").results(Static):
            place.update("\n".join(self._lines()))
        for place in self.query(".keys").results(Static):
            place.update(self._keys())

    def _lines(self) -> list[str]:
        standing = self.standing
        if standing is None or not (standing.user or standing.signed_out):
            return [describe_account(standing)]
        if standing.user:
            lines = [describe_account(standing), f"Plan: {standing.plan}"]
            return [*lines, f"Email: {standing.email}"] if standing.email else lines
        if not self.signing_in:
            return ["The server is not signed in to ollama.com."]
        waits = "Waiting until the server is signed in …" if standing.signin_url else ""
        return [describe_account(standing), "", waits]

    def _keys(self) -> str:
        standing = self.standing or AccountStatus()
        keys = {
            "s sign in": standing.signed_out and not self.signing_in,
            "y copy the address": self.signing_in and bool(standing.signin_url),
            "o sign out": bool(standing.user),
            "r ask again": bool(standing.trouble),
        }
        return "   ".join([*(key for key, helps in keys.items() if helps), "esc back"])

    def action_sign_in(self) -> None:
        """Show where to connect the server's key, and ask until it is."""
        if self.standing is None or not self.standing.signed_out or self.signing_in:
            return
        self.signing_in = True
        self.action_copy()
        self.draw()
        self.action_ask()

    def action_copy(self) -> None:
        """Send the address to the clipboard."""
        if self.signing_in and self.standing is not None and self.standing.signin_url:
            self.clipboard(self.standing.signin_url)

    def action_sign_out(self) -> None:
        """Answer that the server is to be signed out."""
        if self.standing is not None and self.standing.user:
            self.dismiss(Wanted.SIGN_OUT)
