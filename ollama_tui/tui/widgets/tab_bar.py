"""One line of tab titles."""

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
    """Titles of tabs, one of them active; where they do not all fit, those about the active one.

    It takes no keys: its owner calls `next` and `previous`.
    """

    DEFAULT_CSS = """
    TabBar { width: 1fr; height: 1; }
    """

    @dataclass
    class Activated(Message):
        """The tab with this id is the active one now."""

        bar: TabBar
        tab: str

        @property
        def control(self) -> TabBar:
            """The bar."""
            return self.bar

    def __init__(self, tabs: Sequence[tuple[str, str]] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tabs = tuple(tabs)
        self._active = 0

    @property
    def active(self) -> str | None:
        """The id of the active tab, or None if there are no tabs."""
        return self._tabs[self._active][0] if self._tabs else None

    def show(self, tabs: Sequence[tuple[str, str]]) -> None:
        """Show these tabs, given as `(id, title)`; the active one stays active if it is there."""
        before = self.active
        self._tabs = tuple(tabs)
        ids = [tab for tab, _ in self._tabs]
        self._active = ids.index(before) if before in ids else 0
        self.refresh()
        self._tell(before)

    def activate(self, tab: str) -> bool:
        """Make the tab with this id the active one and say whether there is one."""
        ids = [name for name, _ in self._tabs]
        if tab not in ids:
            return False
        self._go(ids.index(tab))
        return True

    def next(self) -> None:
        """Go to the next tab, from the last one to the first."""
        self._go(self._active + 1)

    def previous(self) -> None:
        """Go to the tab before, from the first one to the last."""
        self._go(self._active - 1)

    def render_line(self, y: int) -> Strip:
        """Paint the titles that fit."""
        width = self.size.width
        titles = [title for _, title in self._tabs]
        first, last = window([cell_len(title) for title in titles], self._active, width)
        spans: list[Span] = [("‹ ", "muted")] if first else []
        for index in range(first, last):
            style = "tab-now" if index == self._active else "tab"
            spans += [(titles[index], style), (" " * GAP, "")]
        if last < len(titles):
            spans[-1] = (" ›", "muted")
        elif spans:
            spans.pop()
        return self.to_strip(fit(spans, width))

    def _go(self, index: int) -> None:
        if self._tabs:
            before = self.active
            self._active = index % len(self._tabs)
            self.refresh()
            self._tell(before)

    def _tell(self, before: str | None) -> None:
        if self.active is not None and self.active != before:
            self.post_message(self.Activated(self, self.active))


class Picker(TabBar, can_focus=True):
    """A tab bar that is moved through by itself."""

    BINDINGS = [
        Binding("left,h", "previous", "Previous", show=False),
        Binding("right,l,space", "next", "Next", show=False),
    ]
    DEFAULT_CSS = """
    Picker:focus > .styled--tab-now {
        background: $block-cursor-background;
        color: $block-cursor-foreground;
    }
    """

    def on_focus(self) -> None:
        """Show that the arrow keys act here."""
        self.refresh()

    def on_blur(self) -> None:
        """Show that they no longer do."""
        self.refresh()

    def action_next(self) -> None:
        """Go to the next word."""
        self.next()

    def action_previous(self) -> None:
        """Go to the word before."""
        self.previous()


def window(widths: Sequence[int], active: int, room: int) -> tuple[int, int]:
    """Return the first tab to show and the one after the last: as many as fit, `active` in it."""
    if not widths:
        return 0, 0
    for first in range(active + 1):
        last = _last_that_fits(widths, first, room)
        if last > active:
            return first, last
    return active, active + 1


def _last_that_fits(widths: Sequence[int], first: int, room: int) -> int:
    used = ARROW if first else 0
    for index in range(first, len(widths)):
        used += widths[index]
        more = ARROW if index + 1 < len(widths) else 0
        if used + more > room:
            return index
        used += GAP
    return len(widths)
