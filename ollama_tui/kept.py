"""What the program keeps between runs without being asked: order and theme."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from ollama_tui.catalog import order
from ollama_tui.catalog.view import View


@dataclass
class Kept:
    """Order and theme, in one small file; unreadable counts as nothing kept."""

    file: Path | None = None
    sort: str = ""
    reverse: bool = False
    theme: str = ""
    _written: str = field(default="", repr=False)

    @classmethod
    def read(cls, file: Path) -> Kept:
        """Return what `file` holds."""
        try:
            values = msgspec.json.decode(file.read_bytes())
            return cls(file, str(values["sort"]), bool(values["reverse"]), str(values["theme"]))
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError):
            return cls(file)

    def applied_to(self, view: View) -> View:
        """Return `view` in the order kept."""
        if self.sort not in order.BY_KEY:
            return view
        return replace(view, sort=self.sort, reverse=self.reverse)

    def keep(self, view: View, theme: str) -> None:
        """Write the order of `view` and `theme` when they differ from what is written."""
        kept = {"sort": view.sort, "reverse": view.reverse, "theme": theme}
        text = msgspec.json.encode(kept).decode()
        if self.file is None or text == self._written:
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_text(text, encoding="utf-8")
        except OSError:
            return
        self._written = text
