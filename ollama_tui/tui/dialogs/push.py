"""Ask under which name and how a model is pushed, while the server says who it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input, Static

from ollama_tui.config.drafts import FormKey
from ollama_tui.domain import names
from ollama_tui.domain.account import AccountStatus, describe_account
from ollama_tui.domain.model import Model
from ollama_tui.formatting import inert, size
from ollama_tui.tui.dialogs.account import Standings
from ollama_tui.tui.dialogs.dialog import Dialog, Review, labelled
from ollama_tui.tui.dialogs.names import by_key
from ollama_tui.tui.widgets.buttons import TextCheckbox


@dataclass(frozen=True)
class PushAnswer:
    """Under which name to push; a name other than the model's is copied to first."""

    name: str
    insecure: bool


class PushDialog(Dialog[PushAnswer]):
    """Where to push a model, and as whom; one can type before the account is known."""

    BINDINGS = [Binding("ctrl+o", "own_name", "Own namespace", priority=True)]

    verb = "push"
    keys = "enter push   ctrl+o own namespace   esc cancel"

    def __init__(
        self,
        model: Model,
        models: Iterable[Model],
        standings: Standings,
        clipboard: Callable[[str], None],
        speaks_plain_http: Callable[[str], Awaitable[bool]],
    ) -> None:
        super().__init__()
        self.model = model
        self.installed = by_key(models)
        self.speaks_plain_http = speaks_plain_http
        """Asks the registry of a name."""
        self._plain_hosts: dict[str, bool] = {}
        """Which registries do, as far as they were asked."""
        self.standings = standings
        self.clipboard = clipboard
        self.standing: AccountStatus | None = None
        self.heading = f"Push {model.label}, up to {size(model.size)}"
        self.form_key = FormKey("push", model.name)

    def fields(self) -> ComposeResult:
        """Yield the account, the name, the registry option."""
        yield Static(describe_account(None), id="account", markup=False)
        yield from labelled(
            "Name in the registry", Input(self.suggestion(), id="name", select_on_focus=False)
        )
        yield TextCheckbox("Plain HTTP, for a registry of your own (insecure)", id="insecure")

    def on_mount(self) -> None:
        """Ask who the server is, and again while it is signed out."""
        super().on_mount()
        self._follow_account()

    @work(exclusive=True, group="account")
    async def _follow_account(self) -> None:
        async with aclosing(self.standings()) as standings:
            async for standing in standings:
                self.take(standing)

    def take(self, standing: AccountStatus) -> None:
        """Show who the server is; suggest its namespace unless something was typed meanwhile."""
        if standing == self.standing or not self.query("#account"):
            return
        untouched = self.text_of("name") == self.suggestion()
        if standing.signin_url and (self.standing is None or not self.standing.signin_url):
            self.clipboard(standing.signin_url)
        self.standing = standing
        self.query_one("#account", Static).update(describe_account(standing))
        if untouched:
            self.fill_in("name", self.suggestion())
        self.review()

    def own_name(self) -> str:
        """Return the model's name in the account's namespace; empty while that is not known."""
        user = self.standing.user if self.standing else ""
        if not user or names.problem(self.model.name) is not None:
            return ""
        name = names.parse(self.model.name)
        own = f"{user}/{name.model}:{name.tag}"
        return own if names.problem(own) is None else ""

    def suggestion(self) -> str:
        """Return the model's name, moved to the account's namespace when it has none."""
        return (self.own_name() if _lacks_namespace(self.model.name) else "") or self.model.name

    def action_own_name(self) -> None:
        """Put the model's name in the account's namespace into the field."""
        if own := self.own_name():
            self.fill_in("name", own)
        else:
            self.app.bell()

    def check(self) -> Review:
        """Return why this name cannot be pushed, or what happens first and will be refused."""
        given = self.text_of("name")
        copied = not names.same(given, self.model.name)
        wrong = names.new_name_problem(given) if copied else names.problem(given)
        if wrong is not None:
            return Review(wrong)
        name = names.parse(given)
        user = self.standing.user if self.standing else ""
        if _lacks_namespace(given):
            own = f"{user or 'NAMESPACE'}/{inert(name.model)}:{inert(name.tag)}"
            return Review(f"Put your account in front: {own}.")
        there = self.installed.get(name.key)
        first = ""
        if copied and there is not None and there.digest == self.model.digest != "":
            first = f"{there.label} is the same model already. "
        elif copied:
            first = f"Copies to {inert(name.display)} first: a push uses the local name. "
        if name.host != names.DEFAULT_HOST:
            then = f"Goes to {inert(name.host)}, not to ollama.com."
            if name.host not in self._plain_hosts:
                self._ask_registry(name)
            elif self._plain_hosts[name.host] and not self.answer().insecure:
                then = f"{inert(name.host)} speaks plain HTTP: tick that to push to it."
        elif self.standing is not None and self.standing.signed_out:
            then = "ollama.com will refuse it until the server is signed in."
        elif user and name.namespace.lower() != user.lower():
            then = f"ollama.com will refuse it unless {user} may push there."
        else:
            then = "The server signs with its own key; what the registry has is not sent again."
        return Review(notice=first + then)

    @work(exclusive=True, group="registry")
    async def _ask_registry(self, name: names.Name) -> None:
        """Ask without holding up the typing; another letter starts over."""
        self._plain_hosts[name.host] = await self.speaks_plain_http(name.display)
        self.review()

    def answer(self) -> PushAnswer:
        """Return what was asked for."""
        return PushAnswer(self.text_of("name"), self.query_one("#insecure", TextCheckbox).value)


def _lacks_namespace(text: str) -> bool:
    """Whether a name has no namespace on ollama.com, where every push needs one."""
    try:
        name = names.parse(text)
    except names.InvalidName:
        return False
    return name.host == names.DEFAULT_HOST and name.namespace == names.DEFAULT_NAMESPACE
