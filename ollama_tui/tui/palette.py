"""The command palette: all actions available here, searched as the user types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ollama_tui.formatting import StyledLine
from ollama_tui.tui.actions.action import Action, ActionContext, Keymap, why_not
from ollama_tui.tui.widgets.table import RowSource, Table, TableColumn


def found(query: str, actions: Iterable[Action]) -> list[Action]:
    """Return the actions that match `query`, the likeliest first.

    A label that begins with it ranks first, then one whose words begin with its words, a synonym
    or part of the id that begins with it, any of these that contains it, help that contains all
    its words, and last a label with its letters in their order.
    """
    wanted = " ".join(query.casefold().split())
    ranked = [(rank, action) for action in actions if (rank := _rank(wanted, action)) is not None]
    return [action for _, action in sorted(ranked, key=lambda pair: pair[0])]


def _rank(wanted: str, action: Action) -> int | None:
    """Return the number of the first test that `action` passes; None when it passes none."""
    label, words = action.label.casefold(), (*action.synonyms, *action.id.split("."))
    letters = iter(label)  # each test for a letter goes on behind the one found before
    tests = (
        label.startswith(wanted),
        all(any(word.startswith(part) for word in label.split()) for part in wanted.split()),
        any(word.startswith(wanted) for word in words),
        any(wanted in text for text in (label, *words)),
        all(word in action.help.casefold() for word in wanted.split()),
        all(letter in letters for letter in wanted.replace(" ", "")),
    )
    return tests.index(True) if True in tests else None


class ActionRows(RowSource[Action]):
    """The row source of the table: label, key, and help or the reason why it cannot run now."""

    key = attrgetter("id")
    all_columns = (
        TableColumn("", 18, id="label"),
        TableColumn("", 4, id="keys"),
        TableColumn("", 24, flexible=True, id="help", priority=1),
    )

    def __init__(self, context: ActionContext, keymap: Keymap) -> None:
        self._context = context
        self._keymap = keymap

    def cells(self, row: Action, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return one cell per column, dimmed for an action that cannot run now."""
        reason = why_not(row, self._context)
        keys = " ".join(self._keymap.shown(row)[:1])
        cells: dict[str, StyledLine] = {
            "label": ((row.title, "muted" if reason else ""),),
            "keys": ((keys, "muted" if reason else "key"),),
            "help": ((reason, "warning") if reason else (row.help, "muted"),),
        }
        return [cells[column.id] for column in columns]


class PaletteScreen(ModalScreen[str | None]):
    """Searches the actions; `enter` dismisses with the id of the action under the cursor."""

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
        self._table: Table[Action] = Table(ActionRows(context, keymap), id="actions")
        self._table.can_focus = False

    def compose(self) -> ComposeResult:
        """Lay out the field and the actions."""
        with Vertical(classes="dialog wide tall"):
            field = Input(placeholder="What to do, in a word", id="query")
            field.cursor_blink = False
            yield field
            yield self._table
            yield Static("", id="said", markup=False)
            yield Static("type to search   ↑↓ move   enter run   esc back", classes="keys")

    def on_mount(self) -> None:
        """Show every action."""
        self._table.show_empty([(("  No action is called like that.", "muted"),)])
        self._table.show(self._actions)

    @on(Table.Moved)
    def _explain(self) -> None:
        """Show in full what the action under the cursor does, or why it cannot run now."""
        action = self._table.row
        sentence = (why_not(action, self.context) or action.help) if action else ""
        self.query_one("#said", Static).update(sentence)

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        self._table.show(found(event.value, self._actions))
        self._table.action_move_to_end(last=False)

    @on(Input.Submitted)
    def _run(self, event: Input.Submitted) -> None:
        event.stop()
        if (action := self._table.row) is not None:
            self.dismiss(action.id)

    def action_move(self, step: int) -> None:
        """Move the cursor by `step` actions."""
        self._table.action_move(step)

    def action_leap(self, direction: int) -> None:
        """Move the cursor by a page."""
        self._table.action_page(direction)
