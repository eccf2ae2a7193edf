"""The dialog that asks under which name to push a model, and shows the server's account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input, Static

from ollama_tui.config.drafts import FormKey
from ollama_tui.domain import names
from ollama_tui.domain.cloud import AccountStatus, describe_account
from ollama_tui.domain.listed import manifests_of
from ollama_tui.domain.model import Model, by_comparison_key
from ollama_tui.formatting import inert, size
from ollama_tui.tui.dialogs.account import StatusUpdates
from ollama_tui.tui.dialogs.controls import INSECURE, TextCheckbox
from ollama_tui.tui.dialogs.dialog import Dialog, Review, labelled


@dataclass(frozen=True)
class PushAnswer:
    """The name to push; when it is not the model's, the model is copied to it first."""

    name: str
    insecure: bool


class PushDialog(Dialog[PushAnswer]):
    """The name to push a model under; it can be typed before the account is known.

    See https://docs.ollama.com/import#sharing-your-model-on-ollama-com.
    """

    BINDINGS = [Binding("ctrl+o", "own_name", "Own namespace", priority=True)]

    verb = "push"
    keys = "enter push   ctrl+o own namespace   esc cancel"

    def __init__(
        self,
        model: Model,
        models: Iterable[Model],
        status_updates: StatusUpdates,
        clipboard: Callable[[str], None],
        speaks_plain_http: Callable[[str], Awaitable[bool]],
    ) -> None:
        super().__init__()
        self.model = model
        models = tuple(models)
        self.installed = by_comparison_key(models)
        self.manifests = manifests_of(model, models)
        self.speaks_plain_http = speaks_plain_http
        """Whether the registry of a name speaks plain HTTP; asks that registry."""
        self._plain_hosts: dict[str, bool] = {}
        """The answers of the registries asked so far, by host."""
        self.status_updates = status_updates
        self.clipboard = clipboard
        self.status: AccountStatus | None = None
        # Of several manifests only that of this row has a size here; they may share layers.
        amount = "" if model.siblings else f", up to {size(model.size)}"
        self.heading = f"Push {model.name_label}{amount}"
        self.form_key = FormKey("push", model.name)

    def fields(self) -> ComposeResult:
        """Yield the account, the name and the option for a registry of one's own."""
        yield Static(describe_account(None), id="account", markup=False)
        yield from labelled(
            "Name in the registry", Input(self.suggestion(), id="name", select_on_focus=False)
        )
        yield TextCheckbox(INSECURE, id="insecure")

    @on(events.Mount)
    @work
    async def _follow_account(self) -> None:
        """Show the account; suggest its namespace unless something was typed meanwhile."""
        async with aclosing(self.status_updates()) as updates:
            async for status in updates:
                if status == self.status or not self.query("#account"):
                    continue
                untouched = self.text_of("name") == self.suggestion()
                if status.signin_url and (self.status is None or not self.status.signin_url):
                    self.clipboard(status.signin_url)
                self.status = status
                self.query_one("#account", Static).update(describe_account(status))
                if untouched:
                    self.fill_in("name", self.suggestion())
                self.review()

    def own_name(self) -> str:
        """Return the model's name in the account's namespace; empty while that is not known."""
        user = self.status.user if self.status else ""
        if not user or names.problem(self.model.name) is not None:
            return ""
        name = names.parse(self.model.name)
        own = f"{user}/{name.model}:{name.tag}"
        return own if names.problem(own) is None else ""

    def suggestion(self) -> str:
        """Return the model's name, moved to the account's namespace when it has none."""
        return (self.own_name() if _lacks_namespace(self.model.name) else "") or self.model.name

    def action_own_name(self) -> None:
        """Fill in the model's name in the account's namespace."""
        if own := self.own_name():
            self.fill_in("name", own)
        else:
            self.app.bell()

    def check(self) -> Review:
        """Return why this name cannot be pushed, or what happens first and what may be refused."""
        given = self.text_of("name")
        copied = not names.same(given, self.model.name)
        wrong = names.new_name_problem(given) if copied else names.problem(given)
        if wrong is not None:
            return Review(wrong)
        name = names.parse(given)
        user = self.status.user if self.status else ""
        if _lacks_namespace(given):
            own = f"{user or 'NAMESPACE'}/{inert(name.model)}:{inert(name.tag)}"
            return Review(f"Put your account in front: {own}.")
        there = self.installed.get(name.key)
        first = f"Pushes {self.manifests}. " if self.manifests else ""
        if copied and there is not None and there.digest == self.model.digest != "":
            first += f"{there.name_label} is the same model already. "
        elif copied:
            first += f"Copies to {inert(name.display)} first: a push uses the local name. "
        if name.host != names.DEFAULT_HOST:
            then = f"Goes to {inert(name.host)}, not to ollama.com."
            if name.host not in self._plain_hosts:
                self._ask_registry(name)
            elif self._plain_hosts[name.host] and not self.answer().insecure:
                then = f"{inert(name.host)} speaks plain HTTP: tick that to push to it."
        elif self.status is not None and self.status.signed_out:
            then = "ollama.com will refuse it until the server is signed in."
        elif user and name.namespace.lower() != user.lower():
            then = f"ollama.com will refuse it unless {user} may push there."
        else:
            then = "The server signs with its own key; what the registry has is not sent again."
        return Review(notice=first + then)

    @work(exclusive=True, group="registry")
    async def _ask_registry(self, name: names.Name) -> None:
        """Ask while the user goes on typing; the next keystroke cancels the request."""
        self._plain_hosts[name.host] = await self.speaks_plain_http(name.display)
        self.review()

    def answer(self) -> PushAnswer:
        """Return the name as typed, and whether to use plain HTTP."""
        return PushAnswer(self.text_of("name"), self.query_one("#insecure", TextCheckbox).value)


def _lacks_namespace(text: str) -> bool:
    """Whether a name has no namespace on ollama.com, where every push needs one."""
    try:
        name = names.parse(text)
    except names.InvalidName:
        return False
    return name.host == names.DEFAULT_HOST and name.namespace == names.DEFAULT_NAMESPACE
