"""What the program keeps between runs without being asked: order and theme."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from ollama_tui.catalog import order
from ollama_tui.catalog.view import View


@dataclass
class Kept:
    """Order and theme, in one small file; unreadable counts as nothing kept."""

    file: Path | None = None
    sort: str = ""
    reverse: bool = False
    theme: str = ""
    grouped: bool = False
    _written: str = field(default="", repr=False)

    @classmethod
    def read(cls, file: Path) -> Kept:
        """Return what `file` holds."""
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            sort, theme = str(values["sort"]), str(values["theme"])
            return cls(file, sort, bool(values["reverse"]), theme, bool(values.get("grouped")))
        except (OSError, ValueError, KeyError, TypeError):
            return cls(file)

    def applied_to(self, view: View) -> View:
        """Return `view` in the order kept."""
        if self.sort not in order.BY_KEY:
            return view
        return replace(view, sort=self.sort, reverse=self.reverse, grouped=self.grouped)

    def keep(self, view: View, theme: str) -> None:
        """Write the order of `view` and `theme` when they differ from what is written."""
        order_ = {"sort": view.sort, "reverse": view.reverse, "grouped": view.grouped}
        text = json.dumps({**order_, "theme": theme})
        if self.file is None or text == self._written:
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_text(text, encoding="utf-8")
        except OSError:
            return
        self._written = text
