"""Ask under which name and how a model is pushed, while the server says who it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input, Static

from ollama_tui.config.drafts import FormKey
from ollama_tui.domain import names
from ollama_tui.domain.account import Standing, told
from ollama_tui.domain.model import Model
from ollama_tui.formatting import inert, size
from ollama_tui.tui.dialogs.account import Standings
from ollama_tui.tui.dialogs.dialog import Dialog, labelled
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

    def __init__(
        self, model: Model, standings: Standings, clipboard: Callable[[str], None]
    ) -> None:
        super().__init__()
        self.model = model
        self.standings = standings
        self.clipboard = clipboard
        self.standing: Standing | None = None
        self.heading = f"Push {model.label}, up to {size(model.size)}"
        self.form_key = FormKey("push", model.name)

    def fields(self) -> ComposeResult:
        """Yield the account, the name, the registry option."""
        yield Static(told(None), id="account", markup=False)
        yield from labelled(
            "Name in the registry", Input(self.suggestion, id="name", select_on_focus=False)
        )
        yield TextCheckbox("Plain HTTP, for a registry of your own (insecure)", id="insecure")

    def keys_line(self) -> str:
        """Return the line that names the keys."""
        return "enter push   ctrl+o own namespace   esc cancel"

    def on_mount(self) -> None:
        """Ask who the server is, and again while it is signed out."""
        super().on_mount()
        self._follow_account()

    @work(exclusive=True, group="account")
    async def _follow_account(self) -> None:
        async with aclosing(self.standings()) as standings:
            async for standing in standings:
                self.take(standing)

    def take(self, standing: Standing) -> None:
        """Show who the server is; suggest its namespace unless something was typed meanwhile."""
        if standing == self.standing or not self.query("#account"):
            return
        untouched = self.name_given == self.suggestion
        if standing.signin_url and (self.standing is None or not self.standing.signin_url):
            self.clipboard(standing.signin_url)
        self.standing = standing
        self.query_one("#account", Static).update(told(standing))
        if untouched:
            self.fill_in("name", self.suggestion)
        self.review()

    @property
    def user(self) -> str:
        """The account of the server; empty while that is not known."""
        return self.standing.user if self.standing else ""

    @property
    def own_name(self) -> str:
        """The model's name in the account's namespace; empty while that is not known."""
        try:
            name = names.parse(self.model.name)
        except names.InvalidName:
            return ""
        own = f"{self.user}/{name.model}:{name.tag}"
        return own if self.user and names.problem(own) is None else ""

    @property
    def suggestion(self) -> str:
        """The model's name, moved to the account's namespace when it has none."""
        return (self.own_name if _is_homeless(self.model.name) else "") or self.model.name

    @property
    def name_given(self) -> str:
        """The name typed."""
        return self.query_one("#name", Input).value.strip()

    def action_own_name(self) -> None:
        """Put the model's name in the account's namespace into the field."""
        if self.own_name:
            self.fill_in("name", self.own_name)
        else:
            self.app.bell()

    def problem(self) -> str | None:
        """Return why this name cannot be pushed."""
        given = self.name_given
        copied = not names.same(given, self.model.name)
        wrong = names.new_name_problem(given) if copied else names.problem(given)
        if wrong is not None:
            return wrong
        if _is_homeless(given):
            name = names.parse(given)
            own = self.user or "NAMESPACE"
            return f"Put your account in front: {own}/{inert(name.model)}:{inert(name.tag)}."
        return None

    def notice(self) -> str:
        """Return what happens first, whose key it is, and what will be refused."""
        name = names.parse(self.name_given)
        notes = []
        if not names.same(self.name_given, self.model.name):
            notes.append(f"Copies to {inert(name.display)} first: a push goes by the local name.")
        if name.host != names.DEFAULT_HOST:
            return " ".join([*notes, f"Goes to {inert(name.host)}, not to ollama.com."])
        return " ".join([*notes, self._chances(name)])

    def _chances(self, name: names.Name) -> str:
        """Return what ollama.com will make of a push under this name."""
        if self.standing is not None and self.standing.signed_out:
            return "ollama.com will refuse it until the server is signed in."
        if self.user and name.namespace.lower() != self.user.lower():
            return f"ollama.com will refuse it unless {self.user} may push there."
        return "The server signs with its own key; what the registry has is not sent again."

    def answer(self) -> PushAnswer:
        """Return what was asked for."""
        return PushAnswer(self.name_given, self.query_one("#insecure", TextCheckbox).value)


def _is_homeless(text: str) -> bool:
    """Whether a name has no namespace on ollama.com, where every push needs one."""
    try:
        name = names.parse(text)
    except names.InvalidName:
        return False
    return name.host == names.DEFAULT_HOST and name.namespace == names.DEFAULT_NAMESPACE
