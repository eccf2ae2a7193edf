"""The command palette: every action of the place, found by its name as one types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ollama_tui.formatting import StyledLine
from ollama_tui.tui.actions.action import Action, ActionContext, why_not
from ollama_tui.tui.actions.keymap import Keymap
from ollama_tui.tui.widgets.row_source import RowSource, TableColumn
from ollama_tui.tui.widgets.table import Table


def found(query: str, actions: Iterable[Action]) -> list[Action]:
    """Return the actions that `query` may mean, the likeliest first.

    A label that begins with it comes before one with a word that does; then the same of synonyms
    and ids, then a part of any of these, then the help; last, letters spread over the label.
    """
    wanted = " ".join(query.casefold().split())
    ranked = [(rank, action) for action in actions if (rank := _rank(wanted, action)) is not None]
    return [action for _, action in sorted(ranked, key=lambda pair: pair[0])]


def _rank(wanted: str, action: Action) -> int | None:
    label, words = action.label.casefold(), (*action.synonyms, *action.id.split("."))
    tests = (
        label.startswith(wanted),
        _begin_words(wanted, label),
        any(word.startswith(wanted) for word in words),
        any(wanted in text for text in (label, *words)),
        all(word in action.help.casefold() for word in wanted.split()),
        _spread(wanted.replace(" ", ""), label),
    )
    return tests.index(True) if True in tests else None


def _begin_words(wanted: str, text: str) -> bool:
    """Whether each word of `wanted` begins a word of `text`."""
    words = text.split()
    return all(any(word.startswith(part) for word in words) for part in wanted.split())


def _spread(letters: str, text: str) -> bool:
    """Whether `text` has all of `letters`, in their order."""
    rest = iter(text)
    return all(letter in rest for letter in letters)


class ActionRows(RowSource[Action]):
    """The source of the table: label, key, and what it does or why it cannot now."""

    all_columns = (
        TableColumn("", 18, id="label"),
        TableColumn("", 4, id="keys"),
        TableColumn("", 24, flexible=True, id="help", priority=1),
    )

    def __init__(self, context: ActionContext, keymap: Keymap) -> None:
        self._context = context
        self._keymap = keymap

    def key(self, row: Action) -> str:
        """Return the action's id."""
        return row.id

    def cells(self, row: Action, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says, dimmed for an action that cannot act now."""
        reason = why_not(row, self._context)
        keys = " ".join(self._keymap.shown(row)[:1])
        cells: dict[str, StyledLine] = {
            "label": ((row.title, "muted" if reason else ""),),
            "keys": ((keys, "muted" if reason else "key"),),
            "help": ((reason, "warning") if reason else (row.help, "muted"),),
        }
        return [cells[column.id] for column in columns]


class PaletteScreen(ModalScreen[str | None]):
    """Type a few letters, `enter` runs what the cursor is on; returns the id of the action."""

    BINDINGS = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("down,ctrl+n", "move(1)", show=False),
        Binding("up,ctrl+p", "move(-1)", show=False),
        Binding("pagedown", "leap(1)", show=False),
        Binding("pageup", "leap(-1)", show=False),
    ]

    def __init__(self, actions: Sequence[Action], context: ActionContext, keymap: Keymap) -> None:
        super().__init__()
        self._actions = actions
        self.context = context
        self._source = ActionRows(context, keymap)

    def compose(self) -> ComposeResult:
        """Lay out the field and the actions."""
        with Vertical(classes="dialog wide tall"):
            field = Input(placeholder="What to do, in a word", id="query")
            field.cursor_blink = False
            yield field
            table: Table[Action] = Table(self._source, id="actions")
            table.can_focus = False
            yield table
            yield Static("", id="said", markup=False)
            yield Static("type to search   ↑↓ move   enter run   esc back", classes="keys")

    def on_mount(self) -> None:
        """Show every action."""
        self._table.show_empty([(("  No action is called like that.", "muted"),)])
        self._table.show(self._actions)

    @property
    def _table(self) -> Table[Action]:
        return self.query_one(Table)

    @on(Table.Moved)
    def _say(self) -> None:
        """Say in full what the action at the cursor does, or why it cannot act now."""
        action = self._table.row
        words = (why_not(action, self.context) or action.help) if action else ""
        self.query_one("#said", Static).update(words)

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        self._table.show(found(event.value, self._actions))
        self._table.action_move_to_end(last=False)

    @on(Input.Submitted)
    def _run(self, event: Input.Submitted) -> None:
        event.stop()
        if self._table.cursor is not None:
            self.dismiss(self._table.cursor)

    def action_move(self, step: int) -> None:
        """Move the cursor by `step` actions."""
        self._table.action_move(step)

    def action_leap(self, direction: int) -> None:
        """Move the cursor by a page."""
        self._table.action_page(direction)
