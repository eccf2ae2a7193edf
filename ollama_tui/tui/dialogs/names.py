"""Dialogs that ask for the name of a model: to pull, to copy or rename to, or to make instead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from textual import work
from textual.app import ComposeResult
from textual.widgets import Input

from ollama_tui.config.drafts import FormKey
from ollama_tui.domain import names
from ollama_tui.domain.model import Model
from ollama_tui.domain.pasted_names import pull_name
from ollama_tui.domain.updates import Offer
from ollama_tui.formatting import inert, size
from ollama_tui.tui.dialogs.dialog import Dialog, labelled
from ollama_tui.tui.widgets.buttons import TextCheckbox

Offers = Callable[[str, bool, Model | None], Awaitable[Offer]]
"""Name, plain HTTP or not, and the installed model of that name → what its registry says."""


@dataclass(frozen=True)
class PullAnswer:
    """What to pull and how."""

    name: str
    insecure: bool
    expected: int | None = None
    """Bytes of the whole model, when its registry has said so."""


class PullDialog(Dialog[PullAnswer]):
    """Which model to pull; takes what people paste."""

    form_key = FormKey("pull")
    heading = "Pull a model"
    verb = "pull"

    def __init__(
        self, models: tuple[Model, ...], prefill: str = "", *, offers: Offers | None = None
    ) -> None:
        super().__init__()
        self.installed = by_key(models)
        self.prefill = prefill
        self._offers = offers
        self._offered: dict[tuple[str, bool], Offer] = {}

    def fields(self) -> ComposeResult:
        """Yield the name and the registry option."""
        yield from labelled(
            "Name, or a pasted “ollama run …”, model page or hf.co link",
            Input(self.prefill, placeholder="qwen3:8b", id="name"),
        )
        yield TextCheckbox("Plain HTTP, for a registry of your own (insecure)", id="insecure")

    def problem(self) -> str | None:
        """Return what is wrong with the name."""
        return names.pull_problem(self._asked()[0])

    def _asked(self) -> tuple[str, bool]:
        """Return the model name in what was typed or pasted, and whether over plain HTTP."""
        name = pull_name(self.query_one("#name", Input).value)
        return name, self.query_one("#insecure", TextCheckbox).value

    def notice(self) -> str:
        """Return what pulling does here; ask the registry when it was not asked yet."""
        asked = self._asked()
        name = names.parse(names.resolved(asked[0]))
        there = self.installed.get(name.key)
        offer = self._offered.get(asked)
        if offer is None and self._offers is not None:
            self._ask_registry(asked, there)
        if there is not None:
            notice = f"{there.label} ({size(there.size)}) is installed: only changes are fetched."
        else:
            notice = f"Pulls {inert(name.display)}."
        return f"{notice} {offer.sentence}" if offer else notice

    @work(exclusive=True, group="offer")
    async def _ask_registry(self, asked: tuple[str, bool], there: Model | None) -> None:
        """Ask without holding up the typing; another letter starts over."""
        assert self._offers is not None
        self._offered[asked] = await self._offers(*asked, there)
        self.review()

    def answer(self) -> PullAnswer:
        """Return what was asked for."""
        asked = self._asked()
        offer = self._offered.get(asked)
        return PullAnswer(*asked, offer.total if offer else None)


@dataclass(frozen=True)
class NewName:
    """The name of a model to make, and what it may replace."""

    name: str
    replaces: str | None = None
    """Digest of the model that may be replaced; None where none of that name may exist."""


class NewNameDialog(Dialog[NewName]):
    """One field for the name of a model to be made; a model of that name may be replaced."""

    def __init__(self, models: Iterable[Model], prefill: str) -> None:
        super().__init__()
        self.installed = by_key(models)
        self.prefill = prefill

    def fields(self) -> ComposeResult:
        """Yield the name."""
        yield from labelled("New name", Input(self.prefill, id="name", select_on_focus=False))

    @property
    def name_given(self) -> str:
        """The name typed."""
        return self.query_one("#name", Input).value.strip()

    def notice(self) -> str:
        """Return what is made or replaced."""
        if (there := self.replaced()) is not None:
            return f"Replaces {there.label} ({size(there.size)}), which already exists."
        return f"Makes {inert(names.parse(self.name_given).display)}."

    def replaced(self) -> Model | None:
        """Return the installed model of that name."""
        return self.installed.get(names.key(self.name_given))

    def answer(self) -> NewName:
        """Return the name, and the digest of what it may replace."""
        there = self.replaced()
        return NewName(self.name_given, there.digest if there else None)


class CopyDialog(NewNameDialog):
    """The name of a copy, or the new name of a model; `purpose` says what the copy is made for."""

    incomplete = "Type another name."

    def __init__(
        self,
        source: Model,
        models: tuple[Model, ...],
        *,
        rename: bool = False,
        prefill: str = "",
        purpose: str = "",
    ) -> None:
        super().__init__(models, prefill or source.name)
        self.source = source
        self.purpose = purpose
        self.rename = rename
        self.verb = "rename" if rename else "copy"
        self.form_key = FormKey("quantize" if purpose else self.verb, source.name)
        self.heading = f"{purpose or self.verb.capitalize()}{':' if purpose else ''} {source.label}"
        if purpose:
            self.verb = "go"

    def problem(self) -> str | None:
        """Return what is wrong with the name."""
        return copy_problem(self.source, self.name_given, self.installed, rename=self.rename)

    def notice(self) -> str:
        """Return what copying does here."""
        if self.replaced() is not None or self.purpose:
            return super().notice()
        full = inert(names.parse(self.name_given).display)
        if self.rename:
            return f"Copies to {full}, checks it, then removes {self.source.label}."
        return f"Makes {full}. It takes no disk space: the weights are shared."


class OtherNameDialog(NewNameDialog):
    """Another name for a model that could not be made because its name was taken."""

    verb = "go"

    def __init__(self, taken: str, models: Iterable[Model]) -> None:
        super().__init__(models, taken)
        self.heading = f"Another name in place of {inert(taken)}"
        self.taken = taken

    def problem(self) -> str | None:
        """Return what is wrong with the name."""
        if names.same(self.name_given, self.taken):
            return f"{inert(self.taken)} is taken."
        return names.new_name_problem(self.name_given)


def copy_problem(
    source: Model, given: str, installed: Mapping[str, Model], *, rename: bool
) -> str | None:
    """Return why `source` cannot be copied or renamed to `given`; None when it can."""
    if (problem := names.new_name_problem(given)) is not None:
        return problem
    if given == source.name:
        return ""  # as the field was filled in: nothing to point out before enter is pressed
    if names.same(given, source.name):
        return (
            f"That is {source.label} itself: Ollama does not tell names apart "
            "by case or by a missing “:latest”."
        )
    if rename and (there := installed.get(names.key(given))) is not None:
        return f"{there.label} already exists: delete it first, or choose another name."
    return None


def by_key(models: Iterable[Model]) -> dict[str, Model]:
    """Return models by the form of their names that a server compares."""
    return {names.key(model.name): model for model in models}
