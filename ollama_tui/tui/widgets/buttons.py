"""A button one line high, and a checkbox that reads without colours."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widgets import Checkbox

from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.text_layout import plain


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
    BUTTON_LEFT = "["
    BUTTON_RIGHT = "]"

    def __init__(self, label: str, *, value: bool = False, id: str | None = None) -> None:
        super().__init__(Content(label), value, id=id)

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]  # noqa: N802 - Textual's name
        """The sign between the brackets."""
        return "x" if self.value else " "
