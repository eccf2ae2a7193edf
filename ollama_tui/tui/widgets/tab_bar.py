"""Tab titles on one line: a bar that its owner turns, and one that takes the focus itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual.binding import Binding
from textual.message import Message
from textual.strip import Strip

from ollama_tui.formatting import Span
from ollama_tui.tui.widgets.styled_widget import StyledWidget
from ollama_tui.tui.widgets.text_layout import fit

GAP = 2
"""Cells between two titles."""
ARROW = 2
"""Cells of an arrow that says there is more."""


class TabBar(StyledWidget):
    """Titles of tabs, given as `(id, title)`, one of them active.

    Where they do not all fit, those about the active one are shown. It takes no keys: its owner
    calls `action_move`.
    """

    DEFAULT_CSS = """
    TabBar { width: 1fr; height: 1; }
    """

    @dataclass
    class Activated(Message):
        """The tab with this id is the active one now."""

        tab: str

    def __init__(self, tabs: Sequence[tuple[str, str]] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tabs = tuple(tabs)
        self.active = self._tabs[0][0] if self._tabs else None
        """The id of the active tab, or None if there are no tabs; set it with `activate`."""

    def show(self, tabs: Sequence[tuple[str, str]]) -> None:
        """Show these tabs; the active one stays active if it is there."""
        before, self._tabs = self._tabs, tuple(tabs)
        if self._tabs != before:
            self.refresh()
        ids = [tab for tab, _ in self._tabs]
        self._activate(self.active if self.active in ids else next(iter(ids), None))

    def activate(self, tab: str) -> bool:
        """Make the tab with this id the active one; return whether there is one."""
        if tab not in dict(self._tabs):
            return False
        self._activate(tab)
        return True

    def action_move(self, step: int) -> None:
        """Go `step` tabs on, from the last one to the first."""
        if self.active is not None:
            ids = [tab for tab, _ in self._tabs]
            self._activate(ids[(ids.index(self.active) + step) % len(ids)])

    def _activate(self, tab: str | None) -> None:
        if tab == self.active:
            return
        self.active = tab
        self.refresh()
        if tab is not None:
            self.post_message(self.Activated(tab))

    def render_line(self, y: int) -> Strip:
        """Paint the titles that fit."""
        active = next((n for n, (tab, _) in enumerate(self._tabs) if tab == self.active), 0)
        widths = [cell_len(title) for _, title in self._tabs]
        first, last = visible_tabs(widths, active, self.room.width)
        spans: list[Span] = [("‹ ", "muted")] if first else []
        for tab, title in self._tabs[first:last]:
            spans += [(title, "tab-now" if tab == self.active else "tab"), (" " * GAP, "")]
        if last < len(self._tabs):
            spans[-1] = (" ›", "muted")
        elif spans:
            spans.pop()
        return self.to_strip(fit(spans, self.room.width))


class Picker(TabBar, can_focus=True):
    """One of a few words: a tab bar that takes the focus and the arrow keys."""

    BINDINGS = [
        Binding("left,h", "move(-1)", "Previous", show=False),
        Binding("right,l,space", "move(1)", "Next", show=False),
    ]
    DEFAULT_CSS = """
    Picker:focus > .styled--tab-now {
        background: $block-cursor-background;
        color: $block-cursor-foreground;
    }
    """


def width_of_tabs(titles: Sequence[str]) -> int:
    """Return how many cells all of the titles take."""
    return sum(map(cell_len, titles)) + GAP * max(0, len(titles) - 1)


def visible_tabs(widths: Sequence[int], active: int, room: int) -> tuple[int, int]:
    """Return the first tab to show and the one after the last: as many as fit, `active` in it."""
    count = len(widths)
    for first in range(active + 1):
        for last in range(count, active, -1):
            arrows = ARROW * ((first > 0) + (last < count))
            if sum(widths[first:last]) + GAP * (last - first - 1) + arrows <= room:
                return first, last
    return active, min(active + 1, count)
