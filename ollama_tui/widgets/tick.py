"""A checkbox that reads without colours."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Checkbox


class Tick(Checkbox):
    """`[x]` or `[ ]` and a literal label."""

    BUTTON_LEFT = "["
    BUTTON_RIGHT = "]"

    def __init__(self, label: str, *, value: bool = False, id: str | None = None) -> None:
        super().__init__(Content(label), value, id=id)

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]  # noqa: N802 - Textual's name
        """The sign between the brackets."""
        return "x" if self.value else " "
