"""Ask for the name of a model: to pull, to copy to, to rename to."""

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

    @property
    def name_given(self) -> str:
        """The model name in what was typed or pasted."""
        return pull_name(self.query_one("#name", Input).value)

    def problem(self) -> str | None:
        """Return what is wrong with the name."""
        return names.pull_problem(self.name_given)

    @property
    def _asked(self) -> tuple[str, bool]:
        """What a registry is asked for: the name, and whether over plain HTTP."""
        return self.name_given, self.query_one("#insecure", TextCheckbox).value

    def notice(self) -> str:
        """Return what pulling does here; ask the registry when nobody did yet."""
        name = names.parse(names.resolved(self.name_given))
        offer = self._offered.get(self._asked)
        if offer is None and self._offers is not None:
            self._ask_registry(self._asked, self.installed.get(name.key))
        if (there := self.installed.get(name.key)) is not None:
            said = f"{there.label} ({size(there.size)}) is here: only what changed is fetched."
        else:
            said = f"Pulls {inert(name.display)}."
        return f"{said} {offer.sentence}" if offer else said

    @work(exclusive=True, group="offer")
    async def _ask_registry(self, asked: tuple[str, bool], there: Model | None) -> None:
        """Ask beside the typing; a letter more makes the question another one."""
        assert self._offers is not None
        self._offered[asked] = await self._offers(*asked, there)
        self.review()

    def answer(self) -> PullAnswer:
        """Return what was asked for."""
        offer = self._offered.get(self._asked)
        return PullAnswer(*self._asked, offer.total if offer else None)


@dataclass(frozen=True)
class Target:
    """The name of a model to make, and what it may replace."""

    name: str
    replaces: str | None = None
    """Digest of the model that may be replaced; None where none is to be there."""


class CopyDialog(Dialog[Target]):
    """The name of a copy, or the new name of a model."""

    def __init__(
        self,
        source: Model,
        models: tuple[Model, ...],
        *,
        rename: bool = False,
        prefill: str = "",
        purpose: str = "",
    ) -> None:
        super().__init__()
        self.prefill = prefill or source.name
        self.purpose = purpose
        self.source = source
        self.installed = by_key(models)
        self.rename = rename
        self.heading = f"{'Rename' if rename else 'Copy'} {source.label}"
        self.verb = "rename" if rename else "copy"
        self.form_key = FormKey("quantize" if purpose else self.verb, source.name)
        if purpose:
            self.heading, self.verb = f"{purpose}: {source.label}", "go"

    def fields(self) -> ComposeResult:
        """Yield the name, prefilled with the source's."""
        yield from labelled("New name", Input(self.prefill, id="name", select_on_focus=False))

    @property
    def name_given(self) -> str:
        """The name typed."""
        return self.query_one("#name", Input).value.strip()

    def problem(self) -> str | None:
        """Return what is wrong with the name."""
        return copy_problem(self.source, self.name_given, self.installed, rename=self.rename)

    def notice(self) -> str:
        """Return what copying does here."""
        name = names.parse(self.name_given)
        if (there := self.installed.get(name.key)) is not None:
            return f"Replaces {there.label} ({size(there.size)}), which already exists."
        full = inert(name.display)
        if self.rename:
            return f"Copies to {full}, checks it, then removes {self.source.label}."
        if self.purpose:
            return f"Makes {full}."
        return f"Makes {full}. It takes no disk space: the weights are shared."

    def replaced(self) -> Model | None:
        """Return the model of that name."""
        return self.installed.get(names.parse(self.name_given).key)

    def answer(self) -> Target:
        """Return the new name."""
        there = self.replaced()
        return Target(self.name_given, there.digest if there else None)


class OtherNameDialog(Dialog[Target]):
    """Another name for a model that could not be made because its name was taken."""

    verb = "go"

    def __init__(self, taken: str, models: Iterable[Model]) -> None:
        super().__init__()
        self.heading = f"Another name in place of {inert(taken)}"
        self.taken = taken
        self.installed = by_key(models)

    def fields(self) -> ComposeResult:
        """Yield the name, prefilled with the one that is taken."""
        yield from labelled("New name", Input(self.taken, id="name", select_on_focus=False))

    @property
    def name_given(self) -> str:
        """The name typed."""
        return self.query_one("#name", Input).value.strip()

    def problem(self) -> str | None:
        """Return what is wrong with the name."""
        if names.same(self.name_given, self.taken):
            return f"{inert(self.taken)} is taken."
        return names.new_name_problem(self.name_given)

    def notice(self) -> str:
        """Return what is made."""
        if (there := self.replaced()) is not None:
            return f"Replaces {there.label} ({size(there.size)}), which already exists."
        return f"Makes {inert(names.parse(self.name_given).display)}."

    def replaced(self) -> Model | None:
        """Return the model of that name."""
        return self.installed.get(names.key(self.name_given))

    def answer(self) -> Target:
        """Return the name."""
        there = self.replaced()
        return Target(self.name_given, there.digest if there else None)


def copy_problem(
    source: Model, given: str, installed: Mapping[str, Model], *, rename: bool
) -> str | None:
    """Return why `source` cannot be copied or renamed to `given`; None when it can."""
    if (problem := names.new_name_problem(given)) is not None:
        return problem
    if names.same(given, source.name):
        return (
            f"That is {source.label} itself: Ollama does not tell names apart "
            "by case or by a missing “:latest”."
        )
    if rename and (there := installed.get(names.key(given))) is not None:
        return f"{there.label} is there already: delete it first, or choose another name."
    return None


def by_key(models: Iterable[Model]) -> dict[str, Model]:
    """Return models by what a server tells their names apart by."""
    return {names.key(model.name): model for model in models}
