"""The line at the bottom of a dialog that names its keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ollama_tui.formatting import Span, StyledLine
from ollama_tui.tui.look import Signs
from ollama_tui.tui.widgets.styled_widget import WrappedLines
from ollama_tui.tui.widgets.text_layout import width_of

KeyHint = tuple[str, str, str]
"""A key, what it does, and the style of the key."""
BETWEEN = "   "
"""What separates the hints of a line."""
KEY_WORDS = frozenset(
    {"enter", "esc", "tab", "space", "left", "right", "up", "down", "home", "end", "pgdn", "pgup"}
    | {"digit", "↑↓", "or"}
)
"""Names of keys as hints have them, and what stands between two."""


def key_hints(text: str) -> tuple[KeyHint, ...]:
    """Return the hints of a line such as `enter pull   esc cancel`, three blanks between them."""
    split = map(split_keys, text.split(BETWEEN))
    return tuple((keys, label.lstrip(), "key") for keys, label in split if keys or label)


def split_keys(part: str) -> tuple[str, str]:
    """Return the keys that a hint begins with, and the rest of it."""
    end = 0
    for word in part.split(" "):
        is_key = word in KEY_WORDS or len(word) == 1 or word.startswith("ctrl+")
        if not is_key or end + len(word) >= len(part):
            break
        end += len(word) + 1
    return part[: max(end - 1, 0)], part[max(end - 1, 0) :]


def hint_lines(hints: Iterable[KeyHint], width: int, signs: Signs) -> list[StyledLine]:
    """Return hints in lines of `width` cells, as many in each as fit."""
    lines: list[list[Span]] = [[]]
    for key, label, style in hints:
        spans: list[Span] = [(signs.spelled(key), style), (f" {label}" if key else label, "")]
        gap: list[Span] = [(BETWEEN, "")] if lines[-1] else []
        if lines[-1] and width_of([*lines[-1], *gap, *spans]) > width:
            lines.append([])
            gap = []
        lines[-1] += [*gap, *spans]
    return [tuple(line) for line in lines]


class KeysLine(WrappedLines):
    """The keys of a dialog, as many in a line as fit."""

    def __init__(self, hints: str | Sequence[KeyHint] = "", *, classes: str = "keys") -> None:
        super().__init__(classes=classes)
        self.hints: tuple[KeyHint, ...] = ()
        """What is shown now; set it with `show`."""
        self.show(hints)

    def show(self, hints: str | Sequence[KeyHint]) -> None:
        """Show these hints instead; as a text, they are read by `key_hints`."""
        new = key_hints(hints) if isinstance(hints, str) else tuple(hints)
        if new != self.hints:
            self.hints = new
            self.refresh(layout=True)

    def lines_in(self, width: int) -> list[StyledLine]:
        """Return the lines for `width` cells."""
        return hint_lines(self.hints, width, self.signs)
