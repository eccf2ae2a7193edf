"""The dialogs for what the user keeps for models: note, tags and lock of one, tags of several."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.widgets import Input

from ollama_tui.config.drafts import FormKey
from ollama_tui.domain.model import Model
from ollama_tui.domain.notes import (
    Note,
    TagChange,
    locked_among,
    note_of,
    note_problem,
    tag_change_in,
    tags_in,
    tags_problem,
)
from ollama_tui.formatting import as_one_line, listing
from ollama_tui.tui.dialogs.controls import TextCheckbox
from ollama_tui.tui.dialogs.dialog import Dialog, Review, labelled
from ollama_tui.tui.dialogs.names_field import NamesField

KEYS = "tab complete   ↓ next field   space lock   enter keep   esc cancel"
LOCK = "Lock: ask twice before it is lost"
MOST_OFFERED = 12
"""Tags in use that are named."""


class TagsField(NamesField):
    """Tags on one line; tab completes the one before the cursor by those in use."""

    def __init__(self, text: str, known: Collection[str], placeholder: str) -> None:
        super().__init__(text, known, id="tags")
        self.placeholder = placeholder
        self.select_on_focus = False

    @property
    def offered(self) -> tuple[tuple[str, ...], str]:
        """Return how the tag may go on, and which of that is in the field already."""
        if self._through and self.value == self._filled_in:
            return self._through, self.word
        word, typed = self.word.lower(), tags_in(self.value)
        found = (tag for tag in self._known if word and tag.startswith(word) and tag not in typed)
        return tuple(found), ""


class NoteField(Input):
    """A note on one line; its length is checked with the rest, so that a long paste is not lost."""

    def _on_paste(self, event: events.Paste) -> None:
        """Insert all pasted lines, where `Input` keeps only the first."""
        event.prevent_default()
        event.stop()
        start, end = sorted(self.selection)
        self.replace(" ".join(event.text.split()), start, end)


class NoteDialog(Dialog[Note]):
    """Note, tags and lock of a model; `known` are the tags in use, the most frequent first."""

    verb = "keep"
    keys = KEYS

    def __init__(self, model: Model, known: Sequence[str]) -> None:
        super().__init__()
        self.heading = f"Note on {model.name_label}"
        self.form_key = FormKey("note", model.name)
        self.note = note_of(model)
        self.known = known
        self._shown_text = as_one_line(self.note.text)

    def fields(self) -> ComposeResult:
        """Yield note, tags and lock."""
        text = NoteField(
            self._shown_text,
            placeholder="what it is good at, why it is kept",
            select_on_focus=False,
            id="note",
        )
        yield from labelled("Note", text)
        tags = TagsField(", ".join(self.note.tags), self.known, "coding, de, fast")
        yield from labelled("Tags", tags)
        yield TextCheckbox(LOCK, value=self.note.locked, id="locked")

    def check(self) -> Review:
        """Return what is wrong with the note or the tags, or which tags there are."""
        problem = note_problem(self.text_of("note")) or tags_problem(tags_in(self.text_of("tags")))
        return Review(problem, in_use(self.known))

    def answer(self) -> Note:
        """Return the note; one of several lines that was not changed keeps them."""
        text = self.text_of("note")
        return Note(
            self.note.text if text == self._shown_text else text,
            tags_in(self.text_of("tags")),
            self.query_one("#locked", TextCheckbox).value,
        )


@dataclass(frozen=True)
class NoteChange:
    """What is to change in the notes of several models."""

    tags: TagChange
    locked: bool | None = None
    """None leaves each as it is."""

    def applied_to(self, note: Note) -> Note:
        """Return a note with the change."""
        locked = note.locked if self.locked is None else self.locked
        return Note(note.text, self.tags.applied_to(note.tags), locked)


class NotesDialog(Dialog[NoteChange]):
    """Tags to add to several models or to take off them, and one lock for all."""

    verb = "keep"
    keys = KEYS
    form_key = FormKey("notes")

    def __init__(self, models: Sequence[Model], known: Sequence[str]) -> None:
        super().__init__()
        self.heading = f"Tags and lock of {len(models):,} models"
        self.models = models
        self.known = known
        self._locked = len(locked_among(models))

    def fields(self) -> ComposeResult:
        """Yield tags and lock."""
        tags = TagsField("", self.known, "coding, -old")
        yield from labelled("Tags to add; -tag takes one off", tags)
        yield TextCheckbox(LOCK, value=self._locked == len(self.models), id="locked")

    def check(self) -> Review:
        """Return what is wrong with the tags, or what is done to the models."""
        change = self.answer()
        tags = change.tags
        problem = tags_problem((*tags.added, *tags.removed))
        for model in self.models if problem is None else ():
            if problem := tags_problem(tags.applied_to(note_of(model).tags)):
                return Review(f"{model.name_label}: {problem}")
        said = [f"adds {listing(tags.added)}"] if tags.added else []
        said += [f"takes {listing(tags.removed)} off"] if tags.removed else []
        if change.locked is not None:
            said.append("locks all of them" if change.locked else "unlocks all of them")
        elif 0 < self._locked < len(self.models):
            said.append(f"{self._locked} of them {'is' if self._locked == 1 else 'are'} locked")
        notice = f"{'; '.join(said)}." if said else ""
        return Review(problem, notice[:1].upper() + notice[1:] or in_use(self.known))

    def answer(self) -> NoteChange:
        """Return what to change."""
        value = self.query_one("#locked", TextCheckbox).value
        locked = value if value != (self._locked == len(self.models)) else None
        return NoteChange(tag_change_in(self.text_of("tags")), locked)


def in_use(tags: Sequence[str]) -> str:
    """Return a line with the tags in use; empty for none."""
    if not tags:
        return ""
    more = f" and {len(tags) - MOST_OFFERED} more" if len(tags) > MOST_OFFERED else ""
    return f"In use: {', '.join(tags[:MOST_OFFERED])}{more}"
