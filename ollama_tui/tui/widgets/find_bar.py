"""The line in which a text to find is typed, with how often it was found."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from ollama_tui.formatting import Span
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.text_layout import width_of

SIGN = "/ "
FIND_KEYS = (("⏎", "keep", True), ("↓ ↑", "next, previous", True), ("esc", "back", True))
"""What the keys do while a text to find is typed."""
KEPT_KEYS: tuple[Span, ...] = (
    ("   n N", "key"),
    (" next, previous", "muted"),
    ("  esc", "key"),
    (" clear", "muted"),
)
"""What the keys do once it was kept, beside the count."""


class FindBar(Horizontal):
    """Shown while a text to find is typed, and as long as it is kept."""

    BINDINGS = [
        Binding("escape", "clear", show=False),
        Binding("down", "step(1)", show=False),
        Binding("up", "step(-1)", show=False),
    ]
    DEFAULT_CSS = """
    FindBar {
        height: 1;
        display: none;
        background: $surface;

        &.-open { display: block; }
        .sign { width: 2; height: 1; color: $accent; }
        Input, Input:focus {
            width: 1fr; min-width: 8; height: 1; border: none; padding: 0; background: $surface;
        }
        StaticLines { width: auto; height: 1; }
    }
    """

    @dataclass
    class Changed(Message):
        """The text to find is another one."""

        text: str

    @dataclass
    class Stepped(Message):
        """The next match is wanted, or with -1 the previous one."""

        step: int

    @dataclass
    class Left(Message):
        """The text has the keys again; `kept` says whether what was found stays marked."""

        kept: bool

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._found: tuple[int, int] = (0, 0)
        self.is_typing = False
        """Whether it has the keys."""

    @property
    def is_open(self) -> bool:
        """Whether something is searched for, or about to be."""
        return self.has_class("-open")

    @property
    def _input(self) -> Input:
        return self.query_one(Input)

    def open(self, text: str) -> None:
        """Show the line with `text`, which is replaced by what is typed, and take the keys."""
        self.add_class("-open")
        self.is_typing = True
        if not self.children:  # most of the time nothing is searched for
            field = Input(placeholder="find in this tab", compact=True)
            field.cursor_blink = False  # a slow link is spared the blinking
            self.mount(Static(SIGN, classes="sign", markup=False), field, StaticLines(id="found"))
        field = self._input
        field.can_focus = True
        with field.prevent(Input.Changed):
            field.value = text
        field.focus()

    def close(self) -> None:
        """Hide the line and forget the text."""
        self.remove_class("-open")
        self.is_typing = False
        if self.children:
            self._input.can_focus = False
            with self._input.prevent(Input.Changed):
                self._input.value = ""

    def show_found(self, number: int, count: int) -> None:
        """Say which match is looked at, 0 for none, and how many there are."""
        self._found = (number, count)
        self.draw()

    def draw(self) -> None:
        """Draw the count, and the keys if there is room for them."""
        if not self.children:
            return
        number, count = self._found
        spans: tuple[Span, ...] = ()
        if count:
            said = f"{number:,} of {count:,}" if number else f"{count:,} here"
            spans = ((f" {said}", "strong"),)
        elif self._input.value:
            spans = ((" no match", "bad"),)
        if not self.is_typing:
            room = self.size.width - len(self._input.value) - len(SIGN) - 2
            if width_of((*spans, *KEPT_KEYS)) <= room:
                spans = (*spans, *KEPT_KEYS)
        line = self.query_one("#found", StaticLines)
        if line.lines != (spans,):
            line.show([spans])
            line.refresh(layout=True)

    def action_clear(self) -> None:
        """Search for nothing and go back to where it began."""
        self._leave(kept=False)

    def action_step(self, step: int) -> None:
        """Go to the next match while typing."""
        self.post_message(self.Stepped(step))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._leave(kept=bool(event.value))

    def _leave(self, kept: bool) -> None:
        self.is_typing = False
        self.post_message(self.Left(kept))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))
