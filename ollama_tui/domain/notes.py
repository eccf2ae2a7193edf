"""Notes, tags and locks that a user keeps for models: what they may hold, and whose they are.

They belong to a name on a server. A model that is renamed takes its own along, a copy begins with
none, and those of a deleted model stay: it gets them back when it is pulled again, or undone.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from ollama_tui.domain import names
from ollama_tui.formatting import as_one_line, inert

if TYPE_CHECKING:
    from ollama_tui.api.replies import ListedModel
    from ollama_tui.domain.model import Model

LONGEST_NOTE = 2_000
LONGEST_TAG = 40
"""Characters."""
MOST_TAGS = 20
"""Tags of one model."""
_BETWEEN = re.compile(r"[\s,;]+")
_QUOTED_CELLS = 40


class Note(msgspec.Struct, frozen=True, gc=False):
    """What is kept for one model; nothing at all is kept as no entry."""

    text: str = ""
    """As typed; raw."""
    tags: tuple[str, ...] = ()
    """As `tags_in` returns them."""
    locked: bool = False
    """Whether deleting and overwriting the model ask twice."""


NOTHING = Note()
UNREADABLE = Note(locked=True)
"""Of every model while the file cannot be read: whoever locks a model wants it protected."""
LOCKED_MEANWHILE = "Until it can be read, every model counts as locked."


@dataclass(frozen=True, slots=True)
class TagChange:
    """Tags to add and to take off."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def applied_to(self, tags: Iterable[str]) -> tuple[str, ...]:
        """Return `tags` with the change, in their order, the new ones last."""
        kept = dict.fromkeys((*tags, *self.added))
        return tuple(tag for tag in kept if tag not in self.removed)


def tags_in(text: str) -> tuple[str, ...]:
    """Return the tags that were typed: lower-case, each once, with or without a # before them."""
    words = (word.removeprefix("#") for word in _BETWEEN.split(text))
    tags = (unicodedata.normalize("NFC", word).lower() for word in words)
    return tuple(dict.fromkeys(filter(None, tags)))


def tags_problem(tags: Iterable[str]) -> str | None:
    """Return why these cannot be the tags of a model, as a sentence; None when they can."""
    tags = tuple(tags)
    for tag in tags:
        quoted = f"“{as_one_line(tag)[:_QUOTED_CELLS]}”"
        if len(tag) > LONGEST_TAG:
            return f"The tag {quoted}… is longer than {LONGEST_TAG} characters."
        if tags_in(tag) != (tag,) or not tag.isprintable() or tag[0] in '!-"' or '"' in tag:
            return f"{quoted} cannot be a tag: use letters, digits and signs such as - and _."
    return f"A model can have {MOST_TAGS} tags at most." if len(tags) > MOST_TAGS else None


def tag_change_in(text: str) -> TagChange:
    """Return what was typed for several models: tags to add, and with a - before it to take off."""
    words = tags_in(text)
    removed = tuple(word[1:] for word in words if word.startswith("-") and word != "-")
    return TagChange(tuple(word for word in words if not word.startswith("-")), removed)


def note_problem(text: str) -> str | None:
    """Return why `text` cannot be a note, as a sentence; None when it can."""
    if len(text) > LONGEST_NOTE:
        return f"A note can have {LONGEST_NOTE:,} characters at most; this has {len(text):,}."
    return None


def note_of(model: Model) -> Note:
    """Return what is kept for a model."""
    return model.note or NOTHING


def locked_among(models: Iterable[Model]) -> tuple[Model, ...]:
    """Return those of `models` that deleting and overwriting ask twice about."""
    return tuple(model for model in models if model.note is not None and model.note.locked)


def locked_names(models: Iterable[Model]) -> tuple[str, ...]:
    """Return the names of those that are locked, inert, each once."""
    return tuple(dict.fromkeys(model.name_label for model in locked_among(models)))


def tags_in_use(models: Iterable[Model]) -> tuple[str, ...]:
    """Return the tags of `models`, the most frequent first."""
    counts = Counter(tag for model in models if model.note for tag in model.note.tags)
    return tuple(tag for tag, _ in counts.most_common())


@dataclass(frozen=True)
class KnownNotes:
    """The notes of one server's models."""

    by_key: Mapping[str, Note] = field(default_factory=dict)
    """By `names.comparison_key`."""
    problem: str = ""
    """Why they cannot be read, as a sentence: until they can, every model counts as locked."""

    def of(self, name: str) -> Note:
        """Return what is kept for a name, installed or not."""
        if self.problem:
            return UNREADABLE
        return self.by_key.get(names.comparison_key(name), NOTHING)

    def by_name(self, listed: Iterable[ListedModel]) -> dict[str, Note]:
        """Return what is kept for the models of a list, by the names there.

        To compare 10,000 names takes longer than a key may: only those are that end as one with a
        note.
        """
        if self.problem:
            return dict.fromkeys((model.name for model in listed), UNREADABLE)
        ends = {key.rpartition("/")[2] for key in self.by_key}
        found: dict[str, Note] = {}
        for model in listed if ends else ():
            end = model.name.rpartition("/")[2].lower()
            if end in ends or ":" not in end:
                note = self.by_key.get(names.comparison_key(model.name))
                if note is not None:
                    found[model.name] = note
        return found


# ---- in exports, and for programs


def as_json(model: Model) -> dict[str, Any]:
    """Return what is kept for a model, raw, under the names that an export has for it."""
    note = note_of(model)
    return {"note": note.text, "tags": list(note.tags), "locked": note.locked}


def exported(note: str | None, tags: Iterable[str] | None, locked: bool | None) -> Note:
    """Return the note of an export; tags that cannot be any are left out."""
    usable = [tag for text in tags or () for tag in tags_in(text) if tags_problem([tag]) is None]
    text = (note or "")[:LONGEST_NOTE].strip()
    return Note(text, tuple(dict.fromkeys(usable))[:MOST_TAGS], bool(locked))


def described(note: Note) -> str:
    """Return what a note holds in a few words, inert: `locked, coding, fast, “good at SQL”`."""
    words = ["locked"] if note.locked else []
    words += map(inert, note.tags)
    return ", ".join([*words, *([f"“{as_one_line(note.text)}”"] if note.text else [])])
