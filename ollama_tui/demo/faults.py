"""How the server says no: one exception that becomes a status and an error text."""

from __future__ import annotations

from typing import Any


class Fault(Exception):  # noqa: N818 - read as what it is: the server's answer
    """An error answer: `text` as the server words it, `status`, and further keys of the body."""

    def __init__(self, text: str, status: int = 500, **extra: Any) -> None:
        super().__init__(text)
        self.text = text
        self.status = status
        self.extra = extra

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object the server sends."""
        return {"error": self.text, **self.extra}
