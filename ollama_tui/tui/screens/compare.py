"""Two models side by side: their fields in columns, and how their texts differ."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult

from ollama_tui.domain.side_by_side import Field, Side, differing, fields, shared, texts, weights
from ollama_tui.formatting import StyledLine, cells
from ollama_tui.tui.actions.action import Place, connected
from ollama_tui.tui.look import Signs
from ollama_tui.tui.screens.action_screen import TableScreen, bindings
from ollama_tui.tui.widgets.find_bar import FIND_KEYS, FindBar
from ollama_tui.tui.widgets.row_source import GAP, MARGIN, RowSource, TableColumn
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.tab_bar import TabBar
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from ollama_tui.tui.screens.main_context import MainScreenContext

TABS = (("fields", "Fields"), ("texts", "Texts"))
VALUE_LINES = 2
"""Lines below the table for each of the two values under the cursor."""
_LEAST_LABEL = 9
_ENOUGH = 30
"""Cells for each of two values beside which the column of labels may take a third."""


class FieldRows(RowSource[Field]):
    """The source of the table; the screen keeps `names` and `longest` up to date."""

    def __init__(self, signs: Signs) -> None:
        self.signs = signs
        self.names = ("", "")
        self.longest = _LEAST_LABEL
        """Cells of the longest label."""

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the column of the labels, and one of the same width for each model."""
        third = min((width + MARGIN + 1) // 3, width - 2 * GAP - 2 * _ENOUGH)
        label = max(_LEAST_LABEL, min(self.longest, max(width // 4, third)))
        value = max(1, (width - label - 2 * GAP) // 2)
        return [
            TableColumn("FIELD", label, id="label"),
            TableColumn(self.names[0], value, id="a"),
            TableColumn(self.names[1], value, id="b"),
        ]

    def cells(self, row: Field, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return label and values, those that are the same dimmed."""
        if row.is_heading:
            return [((row.label, "accent strong"),), (), ()]
        styles = ("muted", "muted") if row.same else ("strong", "strong")
        label = ((row.label, "muted" if row.same else ""),)
        return [label, ((row.a, styles[0]),), ((row.b, styles[1]),)]

    def gutter(self, row: Field) -> StyledLine:
        """Return the sign of what differs."""
        return () if row.same else ((" ", ""), (self.signs.differs, "warning"))


class CompareScreen(TableScreen):
    """What two models have in common and where they differ."""

    DEFAULT_CSS = """
    CompareScreen {
        #sums { height: auto; }
        #tabs { margin: 0 1; }
        #texts { display: none; }
        &.-texts #fields { display: none; }
        &.-texts #texts { display: block; }
        &.-texts #said { display: none; }
        #said { height: auto; }
    }
    """
    BINDINGS = bindings(Place.COMPARE)
    place = Place.COMPARE
    title_text = "Compare"
    on_enter = "compare.tab"
    folded = False
    """Whether the fields that are the same are hidden."""

    def __init__(self, context: MainScreenContext, a: Side, b: Side) -> None:
        super().__init__(context)
        self.a, self.b = a, b
        self.all_rows = fields(a, b)

    def regions(self) -> ComposeResult:
        """Lay out what they share, the tabs, fields, texts, and the values under the cursor."""
        self.source = FieldRows(self.tui.signs)
        yield StaticLines(id="sums")
        yield TabBar(TABS, id="tabs")
        yield Table(self.source, id="fields")
        yield TextView(id="texts")
        yield FindBar(id="find")
        yield StaticLines(id="said")

    def on_mount(self) -> None:
        """Show both."""
        self.table.show_empty([(), (("  They are the same in every field.", "good"),)])
        self.draw()
        # The first row is a heading; before the layout, moving would scroll it away.
        self.call_after_refresh(self.table.action_move, 1)

    # ---- drawing

    def draw_now(self) -> None:
        """Show the fields and the texts."""
        rows = differing(self.all_rows) if self.folded else self.all_rows
        self.source.names = (self.a.model.label, self.b.model.label)
        self.source.longest = max((cells(row.label) for row in rows), default=_LEAST_LABEL)
        self.table.show(rows)
        self.query_one(TextView).show(texts(self.a, self.b), (self.a.model.key, self.b.model.key))
        usage = connected(self.context).storage.known(self.context.snapshot.models)
        both = shared(self.a, self.b, usage)
        said, style = weights(self.a, self.b)
        disk = f"{both} shared on disk" if both.bytes else "nothing shared on disk"
        line: StyledLine = ((" Weights: ", "muted"), (said, style), (f"   {disk}", "muted"))
        self.query_one("#sums", StaticLines).show([line])
        different = sum(not row.same for row in self.all_rows)
        fields_ = sum(not row.is_heading for row in self.all_rows)
        self.show_heading(f"{different} of {fields_} fields differ")

    def draw_for_row(self) -> None:
        """Show both values under the cursor whole, where the columns cut them."""
        super().draw_for_row()
        row: Field | None = self.table.row
        lines: list[StyledLine] = []
        width = max(self.size.width - 6, 20)
        if row is not None and not row.is_heading and self.size.height >= 16:
            values = (("-", "bad", row.a), ("+", "good", row.b))
            for sign, style, value in values if not row.same else ((" ", "", row.a),):
                wrapped = wrap(value, width, max_lines=VALUE_LINES, placeholder=" …") or [""]
                lines.append(((f" {sign} ", style), (wrapped[0], "")))
                lines += [((f"   {each}", ""),) for each in wrapped[1:]]
        self.query_one("#said", StaticLines).show(lines)

    # ---- the user

    @property
    def text(self) -> TextView:
        """The differences of the texts."""
        return self.query_one(TextView)

    def action_next_text(self) -> None:
        """Show the texts instead of the fields, or the fields again."""
        shows_texts = not self.has_class("-texts")
        self.set_class(shows_texts, "-texts")
        self.query_one(TabBar).activate("texts" if shows_texts else "fields")
        (self.text if shows_texts else self.table).focus()
        self.draw_footer()

    def action_fold(self) -> None:
        """Hide the fields that are the same, or show them again."""
        if self.has_class("-texts"):
            self.action_next_text()
        self.folded = not self.folded
        self.draw()

    def action_swap(self) -> None:
        """Compare the other way round."""
        self.a, self.b = self.b, self.a
        self.all_rows = fields(self.a, self.b)
        self.draw()

    def action_find(self) -> None:
        """Find as one types, in the texts."""
        if not self.has_class("-texts"):
            self.action_next_text()
        self.find_bar.open(self.text.searched)
        self._draw_found()

    def action_find_again(self, step: int) -> None:
        """Go to the next match in the texts, or with -1 to the previous one."""
        self.text.find_again(backwards=step < 0)
        self._draw_found()

    def action_leave(self) -> None:
        """End the search, or else go back to the list."""
        if self.find_bar.is_open:
            self._end_find()
        else:
            self.dismiss(None)

    @property
    def find_bar(self) -> FindBar:
        """The line in which a text to find is typed."""
        return self.query_one(FindBar)

    def _draw_found(self) -> None:
        self.find_bar.show_found(*self.text.found)

    def _end_find(self) -> None:
        self.text.find("")
        self.find_bar.close()

    @on(FindBar.Changed)
    def _find(self, event: FindBar.Changed) -> None:
        self.text.find(event.text)
        self._draw_found()

    @on(FindBar.Stepped)
    def _find_again(self, event: FindBar.Stepped) -> None:
        self.action_find_again(event.step)

    @on(FindBar.Left)
    def _find_left(self, event: FindBar.Left) -> None:
        if not event.kept:
            self._end_find()
        self.text.focus()
        self._draw_found()

    def footer(self) -> StyledLine:
        """Return the keys of the field while a text to find is typed, else those of the view."""
        if self.find_bar.is_typing:
            return self.field_footer(FIND_KEYS)
        return super().footer()

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        self.draw_footer()
