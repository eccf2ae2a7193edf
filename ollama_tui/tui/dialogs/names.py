"""Dialogs that ask for the name of a model: to copy or rename to, to use instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.widgets import Input

from ollama_tui.config.drafts import FormKey
from ollama_tui.domain import names
from ollama_tui.domain.listed import manifests_of
from ollama_tui.domain.model import Model, by_comparison_key
from ollama_tui.formatting import inert, size
from ollama_tui.tui.dialogs.dialog import Dialog, Review, labelled

EXISTS = "which already exists"


@dataclass(frozen=True)
class NewName:
    """The name of a model to make, and the model it may replace."""

    name: str
    replaces: str | None = None
    """Digest of the model that may be replaced; None where no model of that name may exist."""


class NewNameDialog(Dialog[NewName]):
    """The name of a model to make; a model of that name may be replaced."""

    def __init__(self, models: Iterable[Model], prefill: str) -> None:
        super().__init__()
        self.installed = by_comparison_key(models)
        self.prefill = prefill

    def fields(self) -> ComposeResult:
        """Yield the name."""
        yield from labelled("New name", Input(self.prefill, id="name", select_on_focus=False))

    def check(self) -> Review:
        """Return what is wrong with the name, or what is made or replaced."""
        given = self.text_of("name")
        if (problem := self.problem(given)) is not None:
            return Review(problem)
        if (there := self.installed.get(names.comparison_key(given))) is not None:
            return Review(
                None, f"Replaces {there.name_label} ({size(there.size)}), {EXISTS}.", there
            )
        return Review(None, self.makes(inert(names.parse(given).display)))

    def problem(self, given: str) -> str | None:
        """Return what is wrong with a name; None when nothing is."""
        return names.new_name_problem(given)

    def makes(self, name: str) -> str:
        """Return a sentence on what happens for a name that is free."""
        return f"Makes {name}."

    def answer(self) -> NewName:
        """Return the name, and the digest of the model it may replace."""
        given = self.text_of("name")
        there = self.installed.get(names.comparison_key(given))
        return NewName(given, there.digest if there else None)


class CopyDialog(NewNameDialog):
    """The name of a copy, or the new name of a model; `purpose` is what the copy is made for."""

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
        self.manifests = "" if purpose else manifests_of(source, models)
        self.purpose = purpose
        self.rename = rename
        self.verb = "rename" if rename else "copy"
        self.form_key = FormKey("quantize" if purpose else self.verb, source.name)
        self.heading = (
            f"{purpose or self.verb.capitalize()}{':' if purpose else ''} {source.name_label}"
        )
        if purpose:
            self.verb = "go"

    def problem(self, given: str) -> str | None:
        """Return why the model cannot be copied or renamed to `given`; None when it can."""
        if (problem := names.new_name_problem(given)) is not None:
            return problem
        if given == self.source.name:
            return ""  # as prefilled: needs no comment before enter is pressed
        if names.same(given, self.source.name):
            return (
                f"That is {self.source.name_label} itself: Ollama does not tell names apart "
                "by case, by a missing “:latest” or by “ollama.com/library/”."
            )
        if self.rename and (there := self.installed.get(names.comparison_key(given))) is not None:
            return f"{there.name_label} already exists: delete it first, or choose another name."
        return None

    def makes(self, name: str) -> str:
        """Return a sentence on what copying or renaming does."""
        if self.rename:
            moved = f"Copies {self.manifests}, to" if self.manifests else "Copies to"
            return f"{moved} {name}, checks it, then removes {self.source.name_label}."
        shared = "" if self.purpose else " It takes no disk space: the weights are shared."
        all_of_it = f" Copies {self.manifests}." if self.manifests else ""
        return f"Makes {name}.{all_of_it}{shared}"


class OtherNameDialog(NewNameDialog):
    """Another name for a model that could not be made because its name was taken."""

    verb = "go"

    def __init__(self, taken: str, models: Iterable[Model]) -> None:
        super().__init__(models, taken)
        self.heading = f"Another name in place of {inert(taken)}"
        self.taken = taken

    def problem(self, given: str) -> str | None:
        """Return why the name cannot be used, such as being the one that is taken."""
        if names.same(given, self.taken):
            return f"{inert(self.taken)} is taken."
        return super().problem(given)
