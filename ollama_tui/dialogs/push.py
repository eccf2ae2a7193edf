"""Ask under which name and how a model is pushed."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.widgets import Input, Static

from ollama_tui.catalog import name as names
from ollama_tui.catalog.model import Model
from ollama_tui.dialogs.dialog import Dialog, labelled
from ollama_tui.text import inert, size
from ollama_tui.widgets.tick import Tick


@dataclass(frozen=True)
class Identity:
    """Whose key the server pushes with, as far as it says."""

    user: str = ""
    """Account name; empty when signed out or unknown."""
    signin_url: str = ""
    """Where to connect the server's key; empty when signed in or unknown."""
    words: str = ""
    """Why it is unknown."""


@dataclass(frozen=True)
class PushAnswer:
    """Under which name to push; a name other than the model's is copied to first."""

    name: str
    insecure: bool


class PushDialog(Dialog[PushAnswer]):
    """Where to push a model, and as whom."""

    verb = "push"

    def __init__(self, model: Model, identity: Identity) -> None:
        super().__init__()
        self.model = model
        self.identity = identity
        self.heading = f"Push {model.label}, {size(model.size)}"

    def fields(self) -> ComposeResult:
        """Yield the account, the name, the registry option."""
        yield Static(self.account_line(), markup=False)
        yield from labelled(
            "Name in the registry", Input(self.suggestion(), id="name", select_on_focus=False)
        )
        yield Tick("Plain HTTP, for a registry of your own (insecure)", id="insecure")

    def account_line(self) -> str:
        """Return who the server is, for ollama.com."""
        if self.identity.user:
            return f"The server is signed in to ollama.com as {inert(self.identity.user)}."
        if self.identity.signin_url:
            return (
                "The server is not signed in to ollama.com. Open this to connect its key:\n"
                f"{inert(self.identity.signin_url)}"
            )
        return inert(self.identity.words) or "Who the server is signed in as is not known."

    def suggestion(self) -> str:
        """Return the model's name, moved to the account's namespace when it has none."""
        try:
            name = names.parse(self.model.name)
        except names.InvalidName:
            return self.model.name
        own = self.identity.user
        if own and name.host == names.DEFAULT_HOST and name.namespace == names.DEFAULT_NAMESPACE:
            return f"{own}/{name.model}:{name.tag}"
        return self.model.name

    @property
    def name_given(self) -> str:
        """The name typed."""
        return self.query_one("#name", Input).value.strip()

    def problem(self) -> str | None:
        """Return why this name cannot be pushed."""
        if (problem := names.problem(self.name_given)) is not None:
            return problem
        name = names.parse(self.name_given)
        if name.host == names.DEFAULT_HOST and name.namespace == names.DEFAULT_NAMESPACE:
            return f"Put your account in front: NAMESPACE/{inert(name.model)}:{inert(name.tag)}."
        return None

    def notice(self) -> str:
        """Return what happens first, and what will be refused."""
        name = names.parse(self.name_given)
        notes = []
        if not names.same(self.name_given, self.model.name):
            notes.append(f"Copies to {inert(name.display)} first: a push goes by the local name.")
        own = self.identity.user
        if own and name.host == names.DEFAULT_HOST and name.namespace.lower() != own.lower():
            notes.append(f"ollama.com will refuse it unless {inert(own)} may push there.")
        return " ".join(notes)

    def answer(self) -> PushAnswer:
        """Return what was asked for."""
        return PushAnswer(self.name_given, self.query_one("#insecure", Tick).value)
