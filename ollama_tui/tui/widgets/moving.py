"""What a list and a text have in common: the keys that move, and a scroll bar of one column."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from textual.binding import Binding

from ollama_tui.tui.widgets.lines import Inked


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs of a list, each one cell."""

    cursor: str = "▸"
    thumb: str = "▐"


ASCII = Glyphs(cursor=">", thumb="|")


def thumb_at(y: int, top: int, page: int, total: int) -> bool:
    """Whether the thumb covers line `y` of `page` lines when `total` lines begin at `top`."""
    if total <= page:
        return False
    length = max(1, page * page // total)
    start = round(top * (page - length) / (total - page))
    return start <= y < start + length


class Moving(Inked):
    """A widget that the movement keys move."""

    BINDINGS = [
        Binding("down,j", "move(1)", "Down", id="move.down", show=False),
        Binding("up,k", "move(-1)", "Up", id="move.up", show=False),
        Binding("home,g", "first", "First", id="move.first", show=False),
        Binding("end,G", "last", "Last", id="move.last", show=False),
        Binding("pagedown", "page(1)", "Page down", id="move.page-down", show=False),
        Binding("pageup", "page(-1)", "Page up", id="move.page-up", show=False),
        Binding("ctrl+d", "half_page(1)", "Half page down", id="move.half-down", show=False),
        Binding("ctrl+u", "half_page(-1)", "Half page up", id="move.half-up", show=False),
    ]

    @property
    @abstractmethod
    def page(self) -> int:
        """How many lines a page has."""

    @abstractmethod
    def move_by(self, step: int) -> None:
        """Move by `step` lines."""

    @abstractmethod
    def leap(self, step: int) -> None:
        """Move what is in view by `step` lines."""

    @abstractmethod
    def move_to_end(self, last: bool) -> None:
        """Go to the first or the last line."""

    def action_move(self, step: int) -> None:
        """Move by `step` lines."""
        self.move_by(step)

    def action_first(self) -> None:
        """Go to the first line."""
        self.move_to_end(last=False)

    def action_last(self) -> None:
        """Go to the last line."""
        self.move_to_end(last=True)

    def action_page(self, direction: int) -> None:
        """Move by a page."""
        self.leap(direction * self.page)

    def action_half_page(self, direction: int) -> None:
        """Move by half a page."""
        self.leap(direction * max(1, self.page // 2))
