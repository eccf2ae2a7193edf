"""Dialogs answered with one key: yes or no, one of a few options, may a model be replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from ollama_tui.domain.notes import locked_names
from ollama_tui.formatting import StyledLine, inert, size
from ollama_tui.tui.dialogs.facts import LISTED, Facts, FactsView
from ollama_tui.tui.dialogs.picker import PickerRows, PickerScreen
from ollama_tui.tui.widgets.keys_line import KeyHint, KeysLine
from ollama_tui.tui.widgets.matching import highlighted, rank
from ollama_tui.tui.widgets.row_source import GAP, MARGIN, TableColumn
from ollama_tui.tui.widgets.table import Table

if TYPE_CHECKING:
    from ollama_tui.domain.model import Model
    from ollama_tui.services.jobs.job import Conflict


NO_UNDO = "This cannot be undone: z only undoes deletions."
DANGER_SIGN = "!"
"""Before the title of a question about danger: its colour does not say it alone."""

PRESS_A_KEY = "Press y or n."


class Confirm(ModalScreen[bool]):
    """A yes-or-no question: `y` is yes, `n` and `esc` are no, `enter` only says so.

    `v` shows the requests of the facts, which yes would send to the server. `b` takes `option` off,
    or on again: what yes does besides, which `with_option` tells; while it is on, `option_facts`
    stand for the others. `danger` is for what destroys something or stops work. `again` is asked
    after yes, and answers for both.
    """

    BINDINGS = [
        Binding("y", "say_yes", "Yes"),
        Binding("n,escape", "dismiss(False)", "No"),
        Binding("enter", "say_keys", show=False),
        Binding("v", "show_requests", "Requests"),
        Binding("b", "toggle_option", show=False),
        Binding("j", "scroll_facts(1)", show=False),
        Binding("k", "scroll_facts(-1)", show=False),
    ]

    def __init__(
        self,
        heading: str,
        facts: Facts | tuple[str, ...] = (),
        yes: str = "yes",
        no: str = "no",
        *,
        danger: bool = False,
        option: str = "",
        option_facts: Facts | None = None,
        more_keys: Sequence[KeyHint] = (),
        again: Confirm | None = None,
    ) -> None:
        super().__init__()
        self.again = again
        self.heading = heading
        self.plain_facts = facts if isinstance(facts, Facts) else Facts(lines=facts)
        self.yes = yes
        self.no = no
        self.danger = danger
        self.option = option
        self.with_option = bool(option)
        self.option_facts = option_facts or self.plain_facts
        self.more_keys = more_keys
        self._shows_requests = False

    @property
    def facts(self) -> Facts:
        """What yes does, as the option stands."""
        return self.option_facts if self.with_option else self.plain_facts

    def compose(self) -> ComposeResult:
        """Lay out question, facts and keys."""
        with Vertical(classes="dialog -danger" if self.danger else "dialog"):
            title = f"{DANGER_SIGN} {self.heading}" if self.danger else self.heading
            yield Static(title, classes="heading", markup=False)
            if self.facts.number:
                yield Static(f" {self.facts.number} ", classes="number", markup=False)
            with VerticalScroll(classes="facts"):
                yield FactsView(self.facts)
            if self.option:
                yield Static(self._option_line(), id="option", markup=False)
            yield KeysLine(self._keys())

    def on_resize(self) -> None:
        """Lie over the whole of a box below that is no wider: only its edge would be seen."""
        box, (*_, below, _) = self.query_one(".dialog"), self.app.screen_stack
        for under in below.query(".dialog"):
            if under.outer_size.width <= box.outer_size.width:
                box.styles.min_height = under.outer_size.height

    def _keys(self) -> list[KeyHint]:
        keys: list[KeyHint] = [("y", self.yes, "danger strong" if self.danger else "key")]
        keys.append(("n", self.no, "key"))
        if count := len(self.facts.requests):
            verb = "hides" if self._shows_requests else "shows"
            requests = "request" if count == 1 else f"{count:,} requests"
            keys.append(("v", f"{verb} the {requests}", "key"))
        if self.option:
            keys.append(("b", "on or off", "key"))
        return [*keys, *self.more_keys]

    def _option_line(self) -> str:
        return f"b [{'x' if self.with_option else ' '}] {self.option}"

    def action_say_yes(self) -> None:
        """Answer yes, or ask the question that comes after it."""
        if self.again is not None:
            self.app.push_screen(self.again, self.dismiss)
        else:
            self.dismiss(True)

    def action_say_keys(self) -> None:
        """Say which keys answer, in place of those that do not: nothing moves."""
        keys, said = self.query_one(KeysLine), (PRESS_A_KEY, "", "strong")
        keys.styles.min_height = keys.outer_size.height
        keys.show([*self._keys()[:2], said])

    def action_toggle_option(self) -> None:
        """Take the option off, or on again."""
        if self.option:
            self.with_option = not self.with_option
            self.query_one("#option", Static).update(self._option_line())
            self._show_facts()

    def action_show_requests(self) -> None:
        """Show the requests above the facts, or hide them again."""
        if self.facts.requests:
            self._shows_requests = not self._shows_requests
            self._show_facts()
            self.query_one(".facts").scroll_home(animate=False)

    def _show_facts(self) -> None:
        self.query_one(FactsView).show(self.facts, requests=self._shows_requests)
        keys = self.query_one(KeysLine)
        keys.styles.min_height = None
        keys.show(self._keys())
        for number in self.query(".number").results(Static):
            number.update(f" {self.facts.number} ")

    def action_scroll_facts(self, lines: int) -> None:
        """Scroll the facts; the arrow keys do it too."""
        self.query_one(".facts").scroll_relative(y=lines, animate=False)


def confirm_locked(names: Sequence[str], verb: str) -> Confirm | None:
    """Return the second question before locked models are deleted or replaced; None for none.

    `names` are theirs, inert; `verb` is a word for what yes does: `delete`, `replace`.
    """
    if not names:
        return None
    one = len(names) == 1
    heading = f"{names[0]} is locked." if one else f"{len(names)} of them are locked."
    heading = f"{heading} {verb.capitalize()} {'it' if one else 'them'} all the same?"
    rows = () if one else tuple((name, "", "locked") for name in names[:LISTED])
    hint = ("m in the list unlocks it.",)
    facts = Facts(lines=hint, rows=rows, unlisted=len(names) - len(rows) if rows else 0)
    return Confirm(heading, facts, f"{verb} all the same", "keep", danger=True)


def confirm_replace(model: Model) -> Confirm:
    """Return the question whether an installed model may be replaced."""
    facts = Facts(f"Overwrites {size(model.size)}", (NO_UNDO,))
    heading = f"Replace {model.name_label}, which already exists?"
    again = confirm_locked(locked_names((model,)), "replace")
    return Confirm(heading, facts, "replace", "keep", danger=True, again=again)


def confirm_replace_found(found: Conflict, *, locked: bool = False) -> Confirm:
    """Return the question whether to replace a model that appeared after its name was chosen.

    `locked` is whether its name is.
    """
    heading = f"{inert(found.name)} {found.words}. Replace it?"
    again = confirm_locked([inert(found.name)] if locked else [], "replace")
    return Confirm(heading, (NO_UNDO,), "replace", "another name", danger=True, again=again)


MOST_SHORT = 9
"""How many options digits choose from at once; of more than that, letters choose too."""
NARROWEST, WIDEST = 40, 100
"""Cells of the box of a choice."""


@dataclass(frozen=True)
class Alternative:
    """An option to choose: its key, the label that is shown, and what it means in a few words."""

    key: str
    label: str
    help: str = ""


@dataclass(frozen=True)
class NumberedAlternative:
    """An option as a row: with its number, and with what was typed to find it."""

    number: int
    option: Alternative
    words: tuple[str, ...] = ()


class AlternativeRows(PickerRows[NumberedAlternative]):
    """The rows of a choice: number, label and help, the current one with a sign."""

    key = attrgetter("number")

    def __init__(self, options: Sequence[Alternative], current: str, *, numbered: bool) -> None:
        self.current = current
        number = len(str(len(options))) if numbered else 0
        label = max((cell_len(inert(option.label)) for option in options), default=1)
        help_ = max((cell_len(inert(option.help)) for option in options), default=0)
        columns = (
            TableColumn("", number, "right", id="number"),
            TableColumn("", label, id="label"),
            TableColumn("", min(help_, 10), flexible=True, id="help", priority=1),
        )
        self.all_columns = tuple(column for column in columns if column.width)
        widths = (number, label, help_)
        self.width = MARGIN + sum(width + GAP for width in widths if width) - GAP + 1
        """Cells that the rows take with nothing cut."""

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit; alone, the label takes what there is."""
        columns = super().columns(width)
        if columns[-1].id == "label":
            return (*columns[:-1], replace(columns[-1], width=1, flexible=True))
        return columns

    def cells(
        self, row: NumberedAlternative, columns: Sequence[TableColumn]
    ) -> Sequence[StyledLine]:
        """Return one cell per column."""
        cells: dict[str, StyledLine] = {
            "number": ((str(row.number), "key"),),
            "label": highlighted(row.option.label, row.words),
            "help": ((row.option.help, "muted"),),
        }
        return [cells[column.id] for column in columns]

    def gutter(self, row: NumberedAlternative) -> StyledLine:
        """Return the sign of the one that is chosen now."""
        return ((self.signs.marked, "accent"),) if row.option.key == self.current else ()


class Choice(PickerScreen[NumberedAlternative]):
    """One line per option; `enter` chooses, `esc` leaves.

    Of a few, the digit of one chooses it. Many are filtered by what is typed; where no label has a
    digit, a number that can only mean one of them chooses it. `preview` is called with the key of
    the option under the cursor, whenever that changes.
    """

    def __init__(
        self,
        heading: str,
        options: tuple[Alternative, ...],
        *,
        current: str = "",
        hint: str = "",
        preview: Callable[[str], object] | None = None,
    ) -> None:
        typed = len(options) > MOST_SHORT
        self._numbered = not (typed and any(map(str.isdigit, "".join(o.label for o in options))))
        source = AlternativeRows(options, current, numbered=self._numbered)
        super().__init__(source, typed=typed)
        self.heading = heading
        self.options = options
        self.current = current
        self.preview = preview
        self.keys_hint = hint or (
            "enter choose   esc cancel" if typed else "enter or digit choose   esc cancel"
        )
        widest = max(source.width, cell_len(heading) + 2, cell_len(self.keys_hint) + 2)
        self.width = min(max(widest + 4, NARROWEST), WIDEST)
        self._rows = [NumberedAlternative(number, o) for number, o in enumerate(options, 1)]

    @property
    def rows(self) -> Sequence[NumberedAlternative]:
        """All options, in order."""
        return self._rows

    def above(self) -> Iterator[Widget]:
        """Yield the heading."""
        yield Static(self.heading, classes="heading", markup=False)

    def matching(self, query: str) -> Sequence[NumberedAlternative]:
        """Return the options that match, the likeliest first."""
        words = tuple(query.lower().split())
        if not words:
            return self._rows
        if self._numbered and words[0].isdecimal():
            return [row for row in self._rows if str(row.number).startswith(words[0])]
        ranked = [
            (place, replace(row, words=words))
            for row in self._rows
            if (place := rank(query, row.option.label, about=row.option.help))
        ]
        return [row for _, row in sorted(ranked, key=itemgetter(0))]

    def id_of(self, row: NumberedAlternative) -> str:
        """Return the key of the option."""
        return row.option.key

    def on_mount(self) -> None:
        """Put the cursor on the current option."""
        self.table.show_empty([(("  No matches.", "muted"),)])
        super().on_mount()
        number = next((r.number for r in self._rows if r.option.key == self.current), None)
        if number is not None:
            self.table.move_to(number)

    def on_key(self, event: events.Key) -> None:
        """Choose one of a few options by its number."""
        digit = event.character or ""
        if not self.typed and digit.isdecimal() and self.table.move_to(int(digit)):
            event.stop()
            self.choose()

    def narrow_down(self, query: str) -> None:
        """Show what matches; a number that can only mean one option chooses it."""
        super().narrow_down(query)
        if self._numbered and query.strip().isdecimal() and len(self.table.rows) == 1:
            self.choose()

    @on(Table.Moved)
    def _show_preview(self) -> None:
        if self.preview is not None and (row := self.table.row) is not None:
            self.preview(row.option.key)
