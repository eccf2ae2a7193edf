"""The keys that work, with what cannot act now and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from ollama_tui.formatting import StyledLine
from ollama_tui.tui.actions.action import (
    Action,
    ActionContext,
    ActionGroup,
    Place,
    shown_keys,
    why_not,
)
from ollama_tui.tui.widgets.text_view import TextView

MOVING: tuple[tuple[str, str], ...] = (
    ("j k ↓ ↑", "Move."),
    ("g G home end", "Go to the first, the last."),
    ("pgup pgdn ctrl+d ctrl+u", "Move by a page, by half a page."),
)
KEYS_WIDTH = 24


class KeyHelp(ModalScreen[None]):
    """The keys of one place, those that move first."""

    BINDINGS = [Binding("escape,q,question_mark", "dismiss(None)", "Back")]

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        with Vertical(classes="dialog tall"):
            yield Static("Keys that work here", classes="heading", markup=False)
            yield TextView(id="keys")
            yield Static("j k scroll   esc back", classes="keys", markup=False)

    def on_mount(self) -> None:
        """Show the keys."""
        self.query_one(TextView).show(list(self.lines()))
        self.query_one(TextView).focus()

    def lines(self) -> Iterator[StyledLine]:
        """Yield a line for each key, below headings."""
        yield (("Move", "title"),)
        for keys, help_ in MOVING:
            yield ((f"{keys:<{KEYS_WIDTH}}", "key"), (help_, ""))


class PlaceKeys(KeyHelp):
    """The keys that a workplace names in its last line, which may not have room for all."""

    def __init__(self, keys: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._keys = keys

    def lines(self) -> Iterator[StyledLine]:
        """Yield what each key does."""
        yield from super().lines()
        yield ()
        yield (("Here", "title"),)
        for key, label in (*self._keys, ("esc", "back")):
            yield ((f"{key:<{KEYS_WIDTH}}", "key"), (f"{label[:1].upper()}{label[1:]}.", ""))


class KeysScreen(KeyHelp):
    """All keys of the list or the details by group; those of the other are left out."""

    def __init__(self, actions: Sequence[Action], context: ActionContext) -> None:
        super().__init__()
        here = Place.DETAILS if context.details_open else Place.LIST
        self.shown = [a for a in actions if a.keys and a.place in (here, Place.EVERYWHERE)]
        self.context = context

    def lines(self) -> Iterator[StyledLine]:
        """Yield a heading and a line per action, group by group."""
        yield from super().lines()
        for group in ActionGroup:
            rows = [a for a in self.shown if a.group is group]
            if rows:
                yield ()
                yield ((str(group), "title"),)
                yield from map(self.line, rows)

    def line(self, action: Action) -> StyledLine:
        """Return keys, sentence, and why it cannot act now."""
        keys = f"{' '.join(shown_keys(action)):<{KEYS_WIDTH}}"
        reason = why_not(action, self.context)
        if reason is None:
            return ((keys, "key"), (action.help, ""))
        return ((keys, "muted"), (f"{action.help} ", "muted"), (reason, "warning"))
