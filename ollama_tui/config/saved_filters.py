"""Filters that were saved in the program, beside config.toml: those of the user's file stay theirs.

Both kinds are used in the same way, as `@name`. A name that config.toml has wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ollama_tui.config.state_file import KB, Problems, StateFile

FILTER_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""What a saved filter may be called."""
LONGEST_FILTER = 1000
"""Characters of a filter that is saved or remembered."""
MOST_FILTERS = 100


class _File(msgspec.Struct):
    """The content of the file."""

    filters: dict[str, str]


@dataclass
class SavedFilters:
    """Filters by lower-case name, in one small file; one that cannot be read counts as empty."""

    file: StateFile[_File] | None = None
    own: dict[str, str] = field(default_factory=dict)
    """Those saved in the program, the last saved last."""

    @classmethod
    def read(cls, path: Path, problems: Problems | None = None) -> SavedFilters:
        """Return what the file holds; `problems` gets the reason if it cannot be used."""
        loss = "the filters saved in the program are forgotten"
        file = StateFile(path, _File, loss, problems or Problems(), limit=256 * KB)
        found = file.read()
        usable = {
            name.lower(): text
            for name, text in (found.filters if found else {}).items()
            if FILTER_NAME.fullmatch(name) and text.isprintable() and len(text) <= LONGEST_FILTER
        }
        return cls(file, usable)

    def with_config(self, config: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """Return all saved filters: those of config.toml first."""
        names = dict(config)
        return (*config, *((n, text) for n, text in self.own.items() if n not in names))

    def save(self, name: str, text: str) -> bool:
        """Save a filter, in place of one of that name; return whether it is kept on disk."""
        others = {other: t for other, t in self.own.items() if other != name}
        self.own = dict([*others.items(), (name, text)][-MOST_FILTERS:])
        return self._write()

    def delete(self, name: str) -> bool:
        """Forget a filter; return whether that is kept on disk."""
        self.own = {other: text for other, text in self.own.items() if other != name}
        return self._write()

    def _write(self) -> bool:
        return self.file is not None and self.file.write(_File(self.own))
