"""Controls of dialogs: a one-line button, a checkbox that reads without colours, a path field."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from textual import events, work
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.suggester import Suggester
from textual.widgets import Checkbox, Input

from ollama_tui.importing.paths import common, completions, one_line
from ollama_tui.tui.typeahead import pause_keys
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.text_layout import plain

INSECURE = "Insecure: allow plain HTTP"
"""The label of the option for a registry that has no TLS."""


class LineButton(StaticLines, can_focus=True):
    """A label; `enter` or `space` presses it."""

    BINDINGS = [Binding("enter,space", "press", "Press", show=False)]
    DEFAULT_CSS = """
    LineButton { width: auto; }
    """

    class Pressed(Message):
        """The button was pressed."""

    def __init__(self, label: str, *, id: str | None = None) -> None:
        super().__init__([plain(f" {label} ", "cursor")], id=id)

    def action_press(self) -> None:
        """Post that it was pressed."""
        self.post_message(self.Pressed())


class TextCheckbox(Checkbox, inherit_bindings=False):
    """`[x]` or `[ ]` and a literal label; space toggles it, enter submits the dialog as always."""

    BINDINGS = [
        Binding("space", "toggle_button", "Toggle", show=False),
        Binding("enter", "screen.submit", "Submit", show=False),
    ]
    DEFAULT_CSS = """
    TextCheckbox {
        &, &:focus, &:ansi { border: none; padding: 0; height: 1; background-tint: transparent; }
        & > .toggle--button, &:ansi > .toggle--button {
            color: $foreground;
            background: transparent;
            text-style: none;
        }
        &.-on > .toggle--button, &.-on:ansi > .toggle--button {
            color: $text-accent;
            background: transparent;
            text-style: bold;
        }
    }
    """

    def __init__(self, label: str, *, value: bool = False, id: str | None = None) -> None:
        super().__init__(Content(label), value, id=id)

    @property
    def _button(self) -> Content:
        """The box, whose brackets Textual would draw as edges, in the colour of its ground.

        With the focus, the sign in it is where the cursor is, also without colours.
        """
        sign = "x" if self.value else " "
        style = self.get_visual_style("toggle--button")
        return Content.assemble(
            ("[", style), (sign, style + Style(reverse=self.has_focus)), ("]", style)
        )


class PathSuggester(Suggester):
    """Suggests how the path may go on, for the right arrow to accept."""

    async def get_suggestion(self, value: str) -> str | None:
        """Return the likeliest completion that begins with `value`."""
        return likeliest(value, await asyncio.to_thread(completions, value))


def likeliest(value: str, offered: Iterable[str]) -> str | None:
    """Return the first of the completions that begins with `value`; None when none does."""
    return next((text for text in offered if text.startswith(value)), None)


class PathField(Input):
    """One or more paths on one line; tab completes, or leaves when there is nothing to complete."""

    BINDINGS = [Binding("tab", "complete", "Complete", show=False)]

    @dataclass
    class Ambiguous(Message):
        """Tab was pressed, and each of these completes the path."""

        offered: list[str]

    def __init__(self, *, id: str | None = None) -> None:
        suggester = PathSuggester(use_cache=False, case_sensitive=True)
        super().__init__(id=id, suggester=suggester, select_on_focus=False)

    def _on_paste(self, event: events.Paste) -> None:
        """Insert all pasted lines, where `Input` keeps only the first: file managers copy lists."""
        event.prevent_default()
        event.stop()
        start, end = sorted(self.selection)
        self.replace(one_line(event.text), start, end)

    def action_cursor_right(self, select: bool = False) -> None:
        """Go right; at the end, accept the suggestion, even one that is not shown yet."""
        if select or self.cursor_position < len(self.value) or self._suggestion:
            super().action_cursor_right(select)
        else:
            self._take_suggestion()

    @work(exclusive=True, group="complete")
    async def _take_suggestion(self) -> None:
        typed = self.value
        with pause_keys(self):
            offered = await asyncio.to_thread(completions, typed)
            if self.value == typed and (longer := likeliest(typed, offered)) is not None:
                self.value = longer
                self.cursor_position = len(longer)

    @work(exclusive=True, group="complete")
    async def action_complete(self) -> None:
        """Add what all completions have in common; post them when that is nothing."""
        typed = self.value
        with pause_keys(self):
            offered = await asyncio.to_thread(completions, typed)
            if self.value != typed:
                return
            longer = offered[0] if len(offered) == 1 else common(offered)
            if offered in ([], [typed]):
                self.screen.focus_next()
            elif len(offered) == 1 or len(longer) > len(typed):
                self.value = longer
                self.cursor_position = len(longer)
            else:
                self.post_message(self.Ambiguous(offered))
