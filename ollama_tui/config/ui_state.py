"""UI state kept between runs: sort order, columns, theme, servers and filters.

Order, columns and theme are kept only where they were chosen in the program and differ from what
the settings say; so a setting that nobody has changed here always counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from ollama_tui.api.host import parse_host
from ollama_tui.config.saved_filters import LONGEST_FILTER
from ollama_tui.config.settings import Settings
from ollama_tui.config.state_file import KB, Problems, StateFile
from ollama_tui.domain import columns
from ollama_tui.domain.rows import View

MOST_HOSTS = 9
"""As many as there are digit keys to choose one with."""
MOST_FILTERS = 50
"""Filters that were typed, for the arrow keys."""
USUAL_SORT = "modified"
_LOSS = "sort order, columns, theme, servers and earlier filters are forgotten"


class _File(msgspec.Struct):
    """The content of the file."""

    sort: str
    theme: str
    reverse: bool = False
    grouped: bool = False
    hosts: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


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
    columns: tuple[str, ...] = ()
    """Keys of the columns to show; empty where none were chosen."""
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
            file, found.sort, found.reverse, found.theme, found.grouped, hosts, filters,
            tuple(key for key in dict.fromkeys(found.columns) if key in columns.BY_KEY), found,
        )  # fmt: skip

    def view(self, settings: Settings, saved: tuple[tuple[str, str], ...] = ()) -> View:
        """Return the view to begin with, in the order chosen last, else in that of the settings."""
        view = View(settings.filter, usual_sort(settings), settings.reverse, saved=saved)
        if self.sort not in columns.BY_KEY:
            return view
        return replace(view, sort=self.sort, reverse=self.reverse, grouped=self.grouped)

    def theme_over(self, settings: Settings) -> str:
        """Return the theme given as an option, else chosen last, else set; empty for none."""
        return settings.theme if settings.is_option("theme") else self.theme or settings.theme

    def columns_over(self, settings: Settings) -> tuple[str, ...]:
        """Return the columns chosen last, else those of the settings, else the usual ones."""
        wanted = self.columns or tuple(k for k in settings.columns if k in columns.BY_KEY)
        return wanted or columns.WIDE

    def hosts_over(self, settings: Settings) -> tuple[str, ...]:
        """Return the addresses of all servers known, the last one that answered first.

        Those of the settings are always among them; of the others, as many as there is room for.
        """
        named = dict.fromkeys(named.host.url for named in settings.hosts)
        others = [host for host in self.hosts if host not in named]
        known = {*named, *others[: max(0, MOST_HOSTS - len(named))]}
        return tuple(host for host in dict.fromkeys((*self.hosts, *named)) if host in known)

    def remember(self, view: View, settings: Settings) -> None:
        """Remember the order of `view`, unless it is that of the settings."""
        order = (view.sort, view.reverse, view.grouped)
        is_usual = order == (usual_sort(settings), settings.reverse, False)
        self.sort, self.reverse, self.grouped = ("", False, False) if is_usual else order
        self._write()

    def remember_theme(self, theme: str) -> None:
        """Remember the theme chosen."""
        self.theme = theme
        self._write()

    def remember_columns(self, keys: tuple[str, ...]) -> None:
        """Remember the columns chosen; none for those of the settings."""
        self.columns = keys
        self._write()

    def forget(self, *, order: bool = True, shown: bool = True, theme: bool = True) -> None:
        """Forget what was chosen in the program, so that the settings count."""
        if order:
            self.sort, self.reverse, self.grouped = "", False, False
        self.columns = () if shown else self.columns
        self.theme = "" if theme else self.theme
        self._write()

    @property
    def has_choices(self) -> bool:
        """Whether order, columns or theme were chosen in the program."""
        return bool(self.sort or self.columns or self.theme)

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
        state = _File(
            self.sort, self.theme, self.reverse, self.grouped, self.hosts, self.filters,
            self.columns,
        )  # fmt: skip
        if self.file is not None and state != self._written and self.file.write(state):
            self._written = state


def usual_sort(settings: Settings) -> str:
    """Return the column that the settings sort by."""
    return settings.sort if settings.sort in columns.BY_KEY else USUAL_SORT


def _is_filter(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text) <= LONGEST_FILTER


def _is_address(text: str) -> bool:
    try:
        return bool(parse_host(text)) and text.isprintable()
    except ValueError:
        return False
