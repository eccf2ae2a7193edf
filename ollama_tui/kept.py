"""What the program keeps between runs without being asked: order, theme and servers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from ollama_tui.catalog import order
from ollama_tui.catalog.view import View

MOST_HOSTS = 9
"""So many can be chosen by one key."""


class _File(msgspec.Struct):
    """What the file holds."""

    sort: str = ""
    reverse: bool = False
    theme: str = ""
    grouped: bool = False
    hosts: tuple[str, ...] = ()


@dataclass
class Kept:
    """Order, theme and servers, in one small file; unreadable counts as nothing kept."""

    file: Path | None = None
    sort: str = ""
    reverse: bool = False
    theme: str = ""
    grouped: bool = False
    hosts: tuple[str, ...] = ()
    """Addresses of servers that have answered, the last one first."""
    _written: bytes = field(default=b"", repr=False)

    @classmethod
    def read(cls, file: Path) -> Kept:
        """Return what `file` holds."""
        try:
            kept = msgspec.json.decode(file.read_bytes(), type=_File)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return cls(file)
        hosts = kept.hosts[:MOST_HOSTS]
        return cls(file, kept.sort, kept.reverse, kept.theme, kept.grouped, hosts)

    def applied_to(self, view: View) -> View:
        """Return `view` in the order kept."""
        if self.sort not in order.BY_KEY:
            return view
        return replace(view, sort=self.sort, reverse=self.reverse, grouped=self.grouped)

    def keep(self, view: View, theme: str) -> None:
        """Keep the order of `view`, and `theme`."""
        self.sort, self.reverse, self.grouped = view.sort, view.reverse, view.grouped
        self.theme = theme
        self._write()

    def answered(self, host: str) -> None:
        """Keep the address of a server as the last one that answered."""
        others = [other for other in self.hosts if other != host]
        self.hosts = (host, *others)[:MOST_HOSTS]
        self._write()

    def _write(self) -> None:
        """Write the file if that changes it."""
        kept = _File(self.sort, self.reverse, self.theme, self.grouped, self.hosts)
        text = msgspec.json.encode(kept)
        if self.file is None or text == self._written:
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_bytes(text)
        except OSError:
            return
        self._written = text
