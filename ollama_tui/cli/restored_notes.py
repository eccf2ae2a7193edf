"""Notes, tags and locks of an export: which are taken over, which differ from those here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ollama_tui.domain import names
from ollama_tui.domain.notes import NOTHING, KnownNotes, Note, described
from ollama_tui.formatting import inert, plural

if TYPE_CHECKING:
    from ollama_tui.api.host import Host
    from ollama_tui.config.notes_file import NotesFile


@dataclass(frozen=True)
class RestoredNotes:
    """What becomes of the notes of an export; one that is here already is never overwritten."""

    taken: Mapping[str, Note] = field(default_factory=dict)
    """Those of models without any here, by name."""
    different: Mapping[str, Note] = field(default_factory=dict)
    """Those of models that have others here, which stay."""

    @classmethod
    def of(cls, exported: Iterable[tuple[str, Note]], known: KnownNotes) -> RestoredNotes:
        """Return what becomes of notes by name, given those that are known here."""
        found = {name: (note, known.of(name)) for name, note in exported if note != NOTHING}
        if known.problem:
            return cls({}, {name: note for name, (note, _) in found.items()})
        return cls(
            {name: note for name, (note, here) in found.items() if here == NOTHING},
            {name: note for name, (note, here) in found.items() if here not in (NOTHING, note)},
        )

    def lines(self) -> list[str]:
        """Return lines for a person; none where the export says nothing."""
        lines = []
        if self.taken:
            lines.append(f"{plural(len(self.taken), 'note')} to take over:")
            lines += [f"  {inert(name)}: {described(note)}" for name, note in self.taken.items()]
        if self.different:
            lines.append("These models have other notes here, which stay; in the export they have:")
            lines += [f"  {inert(n)}: {described(note)}" for n, note in self.different.items()]
        return ["", *lines] if lines else []

    def as_json(self) -> dict[str, Any]:
        """Return the names, for programs."""
        return {"taken": list(self.taken), "different": list(self.different)}

    def keep(self, file: NotesFile, host: Host) -> None:
        """Write those that are taken, unless another program was quicker; raises Unusable."""

        def changed(known: Mapping[str, Note]) -> Mapping[str, Note]:
            taken = self.taken.items()
            return {name: note for name, note in taken if names.comparison_key(name) not in known}

        file.change(host, changed)
