"""UI state kept between runs: sort order, theme, servers and filters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from ollama_tui.api.host import parse_host
from ollama_tui.config.saved_filters import LONGEST_FILTER
from ollama_tui.config.state_file import KB, Problems, StateFile
from ollama_tui.domain import columns
from ollama_tui.domain.rows import View

MOST_HOSTS = 9
"""As many as there are digit keys to choose one with."""
MOST_FILTERS = 50
"""Filters that were typed, for the arrow keys."""
_LOSS = "sort order, theme, servers and earlier filters are forgotten"


class _File(msgspec.Struct):
    """The content of the file."""

    sort: str
    theme: str
    reverse: bool = False
    grouped: bool = False
    hosts: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()


@dataclass
class UIState:
    """What is kept, in one small file; one that cannot be read counts as empty."""

    file: StateFile[_File] | None = None
    sort: str = ""
    reverse: bool = False
    theme: str = ""
    grouped: bool = False
    hosts: tuple[str, ...] = ()
    """Addresses of servers that have answered, the last one first."""
    filters: tuple[str, ...] = ()
    """Filters that were typed, the last one first, none twice."""
    _written: _File | None = field(default=None, repr=False)

    @classmethod
    def read(cls, path: Path, problems: Problems | None = None) -> UIState:
        """Return what the file holds; `problems` gets the reason if it cannot be used."""
        file = StateFile(path, _File, _LOSS, problems or Problems(), limit=64 * KB)
        found = file.read()
        if found is None:
            return cls(file)
        hosts = tuple(filter(_is_address, found.hosts))[:MOST_HOSTS]
        filters = tuple(filter(_is_filter, dict.fromkeys(found.filters)))[:MOST_FILTERS]
        return cls(
            file, found.sort, found.reverse, found.theme, found.grouped, hosts, filters, found
        )

    def applied_to(self, view: View) -> View:
        """Return `view` in the remembered order."""
        if self.sort not in columns.BY_KEY:
            return view
        return replace(view, sort=self.sort, reverse=self.reverse, grouped=self.grouped)

    def remember(self, view: View, theme: str) -> None:
        """Remember the order of `view`, and `theme`."""
        self.sort, self.reverse, self.grouped = view.sort, view.reverse, view.grouped
        self.theme = theme
        self._write()

    def remember_host(self, host: str) -> None:
        """Remember the address of a server as the last one that answered."""
        others = [other for other in self.hosts if other != host]
        self.hosts = (host, *others)[:MOST_HOSTS]
        self._write()

    def remember_filter(self, text: str) -> None:
        """Remember a filter as the last one typed."""
        if _is_filter(text):
            others = [other for other in self.filters if other != text]
            self.filters = (text, *others)[:MOST_FILTERS]
            self._write()

    def _write(self) -> None:
        """Write the file if that changes it."""
        state = _File(self.sort, self.theme, self.reverse, self.grouped, self.hosts, self.filters)
        if self.file is not None and state != self._written and self.file.write(state):
            self._written = state


def _is_filter(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text) <= LONGEST_FILTER


def _is_address(text: str) -> bool:
    try:
        return bool(parse_host(text)) and text.isprintable()
    except ValueError:
        return False
