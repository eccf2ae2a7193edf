"""The field for the names of models to pull, which completes the one being typed."""

from __future__ import annotations

from collections.abc import Collection

from textual import events
from textual.binding import Binding
from textual.widgets import Input

from ollama_tui.domain.names import comparison_key
from ollama_tui.domain.pasted_names import names_in
from ollama_tui.domain.suggestions import common_start, completions

_BETWEEN = " ,"
"""What separates names in the field."""


class NamesField(Input):
    """Names on one line; tab completes the one before the cursor, then goes through the others."""

    BINDINGS = [Binding("tab", "complete", "Complete", show=False)]

    def __init__(self, text: str, known: Collection[str], *, id: str | None = None) -> None:
        super().__init__(text, placeholder="qwen3:8b gemma3:12b", id=id)
        self._known = known
        self._through: tuple[str, ...] = ()
        """What tab goes through, while it does."""
        self._filled_in = ""
        """What the field holds as long as that is still what tab has put there."""

    @property
    def word(self) -> str:
        """What is typed of the name before the cursor."""
        before = self.value[: self.cursor_position]
        return before[max(map(before.rfind, _BETWEEN)) + 1 :]

    @property
    def offered(self) -> tuple[tuple[str, ...], str]:
        """Return how the name may go on, and which of that is in the field already."""
        if self._through and self.value == self._filled_in:
            return self._through, self.word
        others = {comparison_key(name) for name in names_in(self.value)}
        found = completions(self.word, self._known)
        return tuple(n for n in found if comparison_key(n) not in others), ""

    def action_complete(self) -> None:
        """Add what all suggestions have in common, else take the next one; leave without any."""
        offered, taken = self.offered
        if not offered:
            self.screen.focus_next()
        elif taken:
            self._put(offered[(offered.index(taken) + 1) % len(offered)], offered)
        elif len(longer := common_start(self.word, offered)) > len(self.word):
            self._put(longer, ())
        else:
            self._put(offered[0], offered)

    def _put(self, name: str, through: tuple[str, ...]) -> None:
        end = self.cursor_position
        start = end - len(self.word)
        self.value = f"{self.value[:start]}{name}{self.value[end:]}"
        self.cursor_position = start + len(name)
        self._through, self._filled_in = through, self.value

    def _on_paste(self, event: events.Paste) -> None:
        """Insert the names of all pasted lines, where `Input` keeps only the first line."""
        event.prevent_default()
        event.stop()
        lines = event.text.strip().splitlines()
        text = " ".join(names_in(event.text)) if len(lines) > 1 else "".join(lines)
        start, end = sorted(self.selection)
        self.replace(text, start, end)
