"""A checkbox that reads without colours."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content
from textual.widgets import Checkbox


class Tick(Checkbox, inherit_bindings=False):
    """`[x]` or `[ ]` and a literal label; space turns it, enter sends the dialog as everywhere."""

    BINDINGS = [
        Binding("space", "toggle_button", "Turn", show=False),
        Binding("enter", "screen.submit", "Go", show=False),
    ]
    BUTTON_LEFT = "["
    BUTTON_RIGHT = "]"

    def __init__(self, label: str, *, value: bool = False, id: str | None = None) -> None:
        super().__init__(Content(label), value, id=id)

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]  # noqa: N802 - Textual's name
        """The sign between the brackets."""
        return "x" if self.value else " "
