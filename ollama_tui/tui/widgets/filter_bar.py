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

from ollama_tui.formatting import StyledLine
from ollama_tui.tui.widgets.styled_widget import StaticLines

if TYPE_CHECKING:
    from ollama_tui.domain.filter.parser import FilterProblem

SIGN = "/ "
FILTER_KEYS = (("⏎ ↓", "to the list", True), ("esc", "all models", True))
"""What the keys do while a filter is typed."""


class FilterInput(Input):
    """An input that gives the list its keys back."""

    BINDINGS = [
        Binding("escape", "clear", show=False),
        Binding("down,up", "leave", show=False),
    ]

    def on_mount(self) -> None:
        """Spare a slow link the blinking."""
        self.cursor_blink = False

    def action_clear(self) -> None:
        """Forget the filter and go to the list."""
        self.value = ""
        self.post_message(FilterBar.Left())

    def action_leave(self) -> None:
        """Go to the list with the filter as it is."""
        self.post_message(FilterBar.Left())


class FilterBar(Vertical):
    """Shown while a filter is typed or set; what is wrong stands under the word."""

    @dataclass
    class Changed(Message):
        """The filter reads differently."""

        text: str

    @dataclass
    class Left(Message):
        """The keys belong to the list again."""

    @property
    def _field(self) -> FilterInput:
        return self.query_one(FilterInput)

    def open(self, text: str) -> None:
        """Show the line with `text` and take the keys."""
        self.add_class("-open")
        if not self.children:
            self._furnish()
        self._set_quietly(text)
        self._field.focus()

    def _furnish(self) -> None:
        """Bring sign, input and message, which the first frame can do without."""
        hint = "words of the name, cap:vision, size:<8g …"
        self.mount(
            Static(SIGN, classes="sign", markup=False),
            FilterInput(placeholder=hint, compact=True),
            StaticLines(id="problem"),
        )

    def close(self) -> None:
        """Hide the line and forget the text."""
        self.remove_class("-open")
        if self.children:
            self._set_quietly("")

    def close_if_empty(self) -> None:
        """Hide the line unless a filter stands in it."""
        if not self.children or not self._field.value.strip():
            self.close()

    def _set_quietly(self, text: str) -> None:
        if self._field.value != text:
            with self._field.prevent(Input.Changed):
                self._field.value = text

    def say(self, problems: Sequence[FilterProblem]) -> None:
        """Point at the first word that is wrong and say why."""
        if self.children:
            self.query_one("#problem", StaticLines).show(
                [_pointed(problems[0])] if problems else []
            )

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Left())


def _pointed(problem: FilterProblem) -> StyledLine:
    carets = "^" * max(1, problem.end - problem.start)
    return ((" " * problem.start, ""), (f"{carets} {problem.sentence}", "bad"))
