"""The command palette: all actions available here, searched as the user types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from rich.cells import cell_len
from textual import on
from textual.widget import Widget
from textual.widgets import Static

from ollama_tui.domain.filter.fields import closest
from ollama_tui.formatting import StyledLine
from ollama_tui.tui.actions.action import Action, ActionContext, ActionGroup, Keymap, why_not
from ollama_tui.tui.dialogs.picker import PickerRows, PickerScreen
from ollama_tui.tui.widgets.matching import begin, highlighted, rank
from ollama_tui.tui.widgets.table import (
    MARGIN,
    Table,
    TableColumn,
    stretch_columns,
    width_needed,
)

GROUPS = (
    ActionGroup.CHANGE,
    ActionGroup.MEMORY,
    ActionGroup.LOOK,
    ActionGroup.APP,
    ActionGroup.MARK,
)
"""The order while nothing is typed: what changes models first, what hands know by heart last."""
MOST_RECENT = 5
"""How many actions used before come first while nothing is typed."""
KEY, LONGEST_KEY = 5, 12
"""Cells of the keys: as many as they need, within these."""
LEAST_HELP, MUCH_HELP = 24, 64
"""Cells of a help that is worth a column, and of one that is hardly ever cut."""
WITH_SYNONYM = 20
"""Cells of a label with what else it is called."""


@dataclass(frozen=True)
class Found:
    """An action as it was found."""

    action: Action
    words: tuple[str, ...] = ()
    """What was typed."""
    synonym: str = ""
    """The other name it was found by, where its label has none of the words."""
    is_recent: bool = False

    @property
    def id(self) -> str:
        """The id of the action."""
        return self.action.id


def found(query: str, actions: Iterable[Action]) -> list[Found]:
    """Return the actions that match `query`, the likeliest first.

    Only where there is none, those whose label has its letters in their order count as well, and
    then those with a name that is spelled much like it.
    """
    actions = tuple(actions)
    words = tuple(query.lower().split())
    if not words:
        return [Found(action) for action in actions]
    ranked = [
        (place, action)
        for action in actions
        if (place := rank(query, action.label, action.synonyms, action.id, action.help))
    ]
    if ranked:
        in_order = sorted(ranked, key=lambda pair: pair[0])
        return [Found(action, words, _synonym(action, words)) for _, action in in_order]
    wanted = "".join(words)
    if abbreviated := [action for action in actions if _has_letters(wanted, action.label)]:
        return [Found(action) for action in abbreviated]
    names = [name for action in actions for name in (action.label.lower(), *action.synonyms)]
    meant = closest(" ".join(words), names)
    return found(meant, actions) if meant else []


def _synonym(action: Action, words: Sequence[str]) -> str:
    if begin(words[:1], [action.label]):
        return ""
    whole = " ".join(words)
    likely = [name for name in action.synonyms if name.startswith(whole)]
    likely += [name for name in action.synonyms if begin(words[:1], [name])]
    return next((name for name in (*likely, *action.synonyms) if words[0] in name), "")


def _has_letters(wanted: str, label: str) -> bool:
    letters = iter(label.lower())  # each test for a letter goes on behind the one found before
    return all(letter in letters for letter in wanted)


def _importance(action: Action) -> tuple[int, bool]:
    """Return the place of an action among those not searched for; each column's order is last."""
    return GROUPS.index(action.group), action.id.startswith("sort.")


class ActionRows(PickerRows[Found]):
    """The row source of the table: label, key, and help or the reason why it cannot run now."""

    key = attrgetter("id")

    def __init__(self, context: ActionContext, keymap: Keymap, actions: Iterable[Action]) -> None:
        self._context = context
        self._keymap = keymap
        # Of all actions, so that nothing moves while one types.
        actions = tuple(actions)
        label = max((cell_len(action.title) for action in actions), default=0)
        keys = max((cell_len(key) for row in actions for key in keymap.shown(row)[:1]), default=0)
        self.all_columns = (
            TableColumn("", label, flexible=True, id="label"),
            TableColumn("", min(max(keys, KEY), LONGEST_KEY), id="keys"),
            TableColumn("", LEAST_HELP, flexible=True, id="help", priority=1, gap=1),
        )

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit: whole labels, and help before other names of actions."""
        label, *others = super().columns(width)
        if any(column.id == "help" for column in others):
            spare = width - width_needed([label, *others]) - (MUCH_HELP - LEAST_HELP)
            label = replace(label, most=min(label.width + max(0, spare), WITH_SYNONYM))
        return [label, *others]

    def cells(self, row: Found, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return one cell per column, dimmed for an action that cannot run now."""
        action = row.action
        reason = why_not(action, self._context)
        keys = " ".join(self._keymap.shown(action)[:1])
        label = highlighted(action.title, row.words, "muted" if reason else "")
        if row.synonym:
            label = (*label, ("  ", ""), *highlighted(row.synonym, row.words, "muted"))
        cells: dict[str, StyledLine] = {
            "label": label,
            "keys": ((keys, "muted" if reason else "key"),),
            "help": ((reason, "warning") if reason else (action.help, "muted"),),
        }
        return [cells[column.id] for column in columns]

    def help_width(self, table_width: int) -> int:
        """Return how many cells the help has in a table of this width; 0 where it has none."""
        room = table_width - MARGIN - 1
        columns = stretch_columns(self.columns(room), room)
        return sum(column.width for column in columns if column.id == "help")

    def gutter(self, row: Found) -> StyledLine:
        """Return the sign of one that was used before."""
        return ((self.signs.dot, "accent"),) if row.is_recent else ()


class PaletteScreen(PickerScreen[Found]):
    """Searches the actions; `enter` dismisses with the id of the action under the cursor.

    While nothing is typed, those of `recent`, ids of which the first was used last, come first.
    """

    placeholder = "What to do: disk, download, rename, stop …"
    keys_hint = "enter run   ↑↓ move   esc back"

    def __init__(
        self,
        actions: Sequence[Action],
        context: ActionContext,
        keymap: Keymap,
        recent: Sequence[str] = (),
    ) -> None:
        self._action_rows = ActionRows(context, keymap, actions)
        super().__init__(self._action_rows, typed=True)
        self.width = 110
        self.context = context
        self._actions = actions
        by_id = {action.id: action for action in actions}
        first = [by_id[id_] for id_ in recent if id_ in by_id][:MOST_RECENT]
        others = sorted((a for a in actions if a not in first), key=_importance)
        self._rows = [
            *(Found(action, is_recent=True) for action in first),
            *(Found(action) for action in others),
        ]

    @property
    def rows(self) -> Sequence[Found]:
        """All actions, the recent ones first."""
        return self._rows

    def matching(self, query: str) -> Sequence[Found]:
        """Return the actions that match, the likeliest first."""
        return found(query, self._actions) if query.strip() else self._rows

    def id_of(self, row: Found) -> str:
        """Return the id of the action."""
        return row.id

    def below(self) -> Iterator[Widget]:
        """Yield the line that says in full what a row has no room for."""
        yield Static("", id="said", markup=False)

    def on_resize(self) -> None:
        """Lay out for another width."""
        super().on_resize()
        self.call_after_refresh(self._explain)

    def on_mount(self) -> None:
        """Show every action."""
        self.table.show_empty([(("  No action is called that.", "muted"),)])
        super().on_mount()

    @on(Table.Moved)
    def _explain(self) -> None:
        """Show in full what the action under the cursor does, or why it cannot run now."""
        row = self.table.row
        sentence = (why_not(row.action, self.context) or row.action.help) if row else ""
        is_cut = cell_len(sentence) > self._action_rows.help_width(self.table.size.width)
        self.query_one("#said", Static).update(sentence if is_cut else "")
