"""The line in which the filter is typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from ollama_tui.tui.widgets.styled_widget import StaticLines

if TYPE_CHECKING:
    from ollama_tui.domain.filter.parser import FilterProblem

SIGN = "/ "
EXAMPLES = "words of the name, cap:vision, size:<8g …"
FILTER_KEYS = (("⏎ ↓", "to the list", True), ("esc", "all models", True))
"""What the keys do while a filter is typed."""


class FilterBar(Vertical):
    """Shown while a filter is typed or set, with what is wrong under the word it is about."""

    BINDINGS = [
        Binding("escape", "clear", show=False),
        Binding("down,up", "leave", show=False),
    ]

    @dataclass
    class Changed(Message):
        """The filter reads differently."""

        text: str

    @dataclass
    class Left(Message):
        """The keys belong to the list again."""

    @property
    def _input(self) -> Input:
        return self.query_one(Input)

    def open(self, text: str) -> None:
        """Show the line with `text` and take the keys."""
        self.add_class("-open")
        if not self.children:  # the first frame can do without them
            field = Input(placeholder=EXAMPLES, compact=True)
            field.cursor_blink = False  # a slow link is spared the blinking
            sign = Static(SIGN, classes="sign", markup=False)
            self.mount(sign, field, StaticLines(id="problem"))
        with self._input.prevent(Input.Changed):
            self._input.value = text
        self._input.focus()

    def close(self) -> None:
        """Hide the line and forget the text."""
        self.remove_class("-open")
        if self.children:
            with self._input.prevent(Input.Changed):
                self._input.value = ""

    def close_if_empty(self) -> None:
        """Hide the line unless there is a filter in it."""
        if not self.children or not self._input.value.strip():
            self.close()

    def show_problems(self, problems: Sequence[FilterProblem]) -> None:
        """Point at the first word that is wrong and say why."""
        if not self.children:
            return
        lines = []
        if problems:
            first = problems[0]
            carets = "^" * max(1, first.end - first.start)
            lines = [((" " * first.start, ""), (f"{carets} {first.sentence}", "bad"))]
        self.query_one("#problem", StaticLines).show(lines)

    def action_clear(self) -> None:
        """Forget the filter and go to the list."""
        self._input.value = ""
        self.post_message(self.Left())

    @on(Input.Submitted)
    def action_leave(self) -> None:
        """Go to the list with the filter as it is."""
        self.post_message(self.Left())

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))
