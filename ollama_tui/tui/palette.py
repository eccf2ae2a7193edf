"""The command palette: all actions, those that work here first, searched as the user types."""

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
from ollama_tui.tui.actions import ACTIONS, BY_ID
from ollama_tui.tui.actions.action import (
    Action,
    ActionContext,
    ActionGroup,
    Place,
    why_not,
)
from ollama_tui.tui.actions.keymap import Keymap
from ollama_tui.tui.dialogs.picker import PickerRows, PickerScreen
from ollama_tui.tui.widgets.matching import begin, highlighted, rank
from ollama_tui.tui.widgets.row_source import MARGIN, TableColumn, stretch_columns, width_needed
from ollama_tui.tui.widgets.table import Table

GROUPS = (
    ActionGroup.JOBS,
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
    elsewhere: str = ""
    """Where it works, as a sentence, if not here."""

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
    if not query.split():
        return [Found(action) for action in actions]
    return called(query, actions, sentences=True) or guessed(query, actions)


def called(query: str, actions: Iterable[Action], *, sentences: bool) -> list[Found]:
    """Return the actions that are called by `query`, the likeliest first.

    With `sentences`, what their help says counts as well, after every name.
    """
    words = tuple(query.lower().split())
    ranked = [
        (place, action)
        for action in actions
        if (
            place := rank(
                query, action.label, action.synonyms, action.id, action.help if sentences else ""
            )
        )
    ]
    in_order = sorted(ranked, key=lambda pair: pair[0])
    return [Found(action, words, _synonym(action, words)) for _, action in in_order]


def guessed(query: str, actions: Sequence[Action]) -> list[Found]:
    """Return the actions that an abbreviation or a misspelt word may mean."""
    words = query.lower().split()
    wanted = "".join(words)
    if abbreviated := [action for action in actions if _has_letters(wanted, action.label)]:
        return [Found(action) for action in abbreviated]
    names = [name for action in actions for name in (action.label.lower(), *action.synonyms)]
    meant = closest(" ".join(words), names)
    return found(meant, actions) if meant else []


OPENED_BY = {
    Place.DETAILS: ("details.open", "them"),
    Place.STORAGE: ("storage.show", "it"),
    Place.RUNNING: ("memory.show", "them"),
    Place.JOBS: ("jobs.show", "them"),
    Place.UPDATES: ("update.check", "them"),
    Place.COMPARE: ("model.compare", "one"),
    Place.CLOUD: ("cloud.show", "it"),
    Place.FIT: ("fit.show", "it"),
    Place.HUB: ("cloud.show", "it"),
    Place.LIBRARY: ("cloud.show", "it"),
}
"""The action that opens each place beside the list, and what a sentence calls the place then."""


def of_other_places(here: Sequence[Action]) -> tuple[Action, ...]:
    """Return the actions that work in other places and have no namesake here, one per name."""
    labels = {action.label for action in here}
    others: dict[str, Action] = {}
    for action in ACTIONS:
        # Nobody goes back from where they are not, or names an order of jobs without having any.
        is_of_there = action.cancels_pending or action.id.startswith("jobs.sort_")
        if action.label not in labels and not is_of_there:
            others.setdefault(action.label, action)
    return tuple(others.values())


def works_in(action: Action, here: Sequence[Action], keymap: Keymap) -> str:
    """Return where an action works that does not work here, and what opens that place."""
    region = action.place.regions[0]
    opener, it = OPENED_BY.get(region, ("", ""))
    keys = keymap.shown(BY_ID[opener]) if opener else ()
    if not keys:
        return f"Works {region.value}."
    from_list = "" if BY_ID[opener] in here else " from the list"
    return f"Works {region.value}: {keys[0]} opens {it}{from_list}."


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
        action, reason = row.action, self.reason(row)
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

    def reason(self, row: Found) -> str | None:
        """Return why an action cannot run now, or not here; None where it can."""
        return row.elsewhere or why_not(row.action, self._context)

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

    What works in another place only is dimmed and says where.

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
        self._others = {a: works_in(a, actions, keymap) for a in of_other_places(actions)}
        self._action_rows = ActionRows(context, keymap, [*actions, *self._others])
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
            *(Found(a, elsewhere=where) for a, where in self._others.items()),
        ]

    @property
    def rows(self) -> Sequence[Found]:
        """All actions, the recent ones first, those of other places last."""
        return self._rows

    def matching(self, query: str) -> Sequence[Found]:
        """Return the actions that match, the likeliest first, those of other places last."""
        if not query.strip():
            return self._rows
        here = called(query, self._actions, sentences=True)
        others = [
            replace(row, elsewhere=self._others[row.action])
            for row in called(query, self._others, sentences=False)
        ]
        return [*here, *others] or guessed(query, self._actions)

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
        self.table.show_empty([(("  No matching action.", "muted"),)])
        super().on_mount()

    @on(Table.Moved)
    def _explain(self) -> None:
        """Show in full what the action under the cursor does, or why it cannot run now."""
        row = self.table.row
        sentence = (self._action_rows.reason(row) or row.action.help) if row else ""
        is_cut = cell_len(sentence) > self._action_rows.help_width(self.table.size.width)
        self.query_one("#said", Static).update(sentence if is_cut else "")
