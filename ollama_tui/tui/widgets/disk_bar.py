"""The disk as one bar: how much is free, what takes the rest, and what marks would free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.renderables.digits import DIGITS, DIGITS3X3_BOLD

from ollama_tui.domain.storage.disk import DiskShares
from ollama_tui.domain.storage.usage import Amount
from ollama_tui.formatting import Span, StyledLine, size
from ollama_tui.tui.look import Signs
from ollama_tui.tui.widgets.bars import stacked_bar
from ollama_tui.tui.widgets.text_layout import fit, spread, width_of

BIG_ROWS = 3
"""Lines of a large number."""
BIG_WIDTH = 88
"""Cells from which on there is room for one."""
LEGEND_HEIGHT, BAR_HEIGHT = 16, 12
"""Lines of the screen from which on legend and bar are shown."""
BIG_HEIGHT = 22
SCARCE = ((0.05, "danger"), (0.15, "old"))
"""Below which share of the disk free space stands out, and how."""


@dataclass(frozen=True)
class Segment:
    """A part of the bar and its entry in the legend."""

    label: str
    bytes: int
    glyph: str
    style: str


@dataclass(frozen=True)
class DiskBar:
    """What is drawn of a disk, with what is about to be freed as a part of it."""

    shares: DiskShares
    signs: Signs
    said: str = ""
    """What is about to be freed, beside the free space; empty when nothing is."""
    leaving: bool = False
    """Whether that is being deleted already, and not only marked."""

    def lines(self, width: int, height: int) -> list[StyledLine]:
        """Return the lines for a screen of this size: the fewer, the smaller it is."""
        has_room = width >= BIG_WIDTH and height >= BIG_HEIGHT
        if self.shares.free is not None and has_room and self.signs.eighths:
            return self._with_large_number(width)
        room = max(0, width - 2)
        lines: list[StyledLine] = [_indented(self._headline(room))]
        if height >= BAR_HEIGHT:
            lines.append(_indented(self._bar(room)))
        if height >= LEGEND_HEIGHT:
            lines.append(_indented(self._legend(room)))
        return lines

    def _with_large_number(self, width: int) -> list[StyledLine]:
        number, _, unit = size(self.shares.free or 0).partition(" ")
        digits = big_digits(number)
        notes = [f"{unit} free", f"of {size(self.shares.capacity or 0)}", ""]
        note_width = max(map(len, notes)) + 3
        room = max(0, width - 3 - len(digits[0]) - note_width)
        rest = (fit(self._said(room), room), self._bar(room), self._legend(room))
        styles = (self._urgency, "muted", "")
        return [
            ((f" {row} ", self._urgency), (note.ljust(note_width), style), *line)
            for row, note, style, line in zip(digits, notes, styles, rest, strict=True)
        ]

    @property
    def _urgency(self) -> str:
        """The style of the free space: it stands out where there is little of it."""
        share = (self.shares.free or 0) / (self.shares.capacity or 1)
        return next((style for least, style in SCARCE if share < least), "strong")

    def _headline(self, width: int) -> StyledLine:
        shares = self.shares
        if shares.free is None:
            used = f"{Amount(shares.taken, shares.estimated)} used by models"
            left: StyledLine = ((used, "strong"),)
            return spread(left, self._said(width - width_of(left) - 1), width)
        left = ((f"{size(shares.free)} free", self._urgency),)
        said = self._said(width - width_of(left) - 1)
        whole = (*left, (f" of {size(shares.capacity or 0)}", "muted"))
        return spread(whole if width_of([*whole, *said]) < width else left, said, width)

    def _said(self, room: int) -> StyledLine:
        """Return what is about to be freed, and if there is room, how much is free then."""
        if not self.said:
            return ()
        sign = self.signs.delete if self.leaving else self.signs.marked
        style = "danger" if self.leaving else "mark"
        said: StyledLine = ((f"{sign} {self.said}", style),)
        if self.shares.free is None:
            return said
        then = (f" {self.signs.then} {size(self.shares.free + self.shares.marked)} free", "strong")
        return (*said, then) if width_of([*said, then]) <= room else said

    @property
    def _segments(self) -> list[Segment]:
        shares, signs = self.shares, self.signs
        every = (
            Segment("models", shares.models, signs.full, "bar"),
            Segment("shared", shares.shared, signs.dense, "bar"),
            Segment("leftovers", shares.leftovers, signs.loose, "old"),
            Segment("other files", shares.other or 0, signs.medium, "muted"),
            Segment("deleting", shares.marked, signs.delete, "danger-part")
            if self.leaving
            else Segment("marked", shares.marked, signs.marked, "mark-part"),
        )
        return [segment for segment in every if segment.bytes]

    def _bar(self, width: int) -> StyledLine:
        parts = [(part.bytes, part.glyph, part.style) for part in self._segments]
        return stacked_bar(parts, width, self.signs, self.shares.capacity or 0)

    def _legend(self, width: int) -> StyledLine:
        """Return the entries that fit, those of small parts left out first."""
        entries = [
            ((part.glyph, part.style), (f" {part.label} ", "muted"), (size(part.bytes), ""))
            for part in self._segments
        ]
        while entries and width_of(_joined(entries)) > width:
            del entries[-2 if len(entries) > 1 and self.shares.marked else -1]
        return fit(_joined(entries), width)


def big_digits(text: str) -> tuple[str, ...]:
    """Return digits as `BIG_ROWS` rows; a point stays a point on the last of them."""
    rows = [""] * BIG_ROWS
    for character in text:
        place = DIGITS.find(character) * BIG_ROWS
        for row in range(BIG_ROWS):
            if place >= 0:
                rows[row] += DIGITS3X3_BOLD[place + row].ljust(3)
            else:
                rows[row] += character if row == BIG_ROWS - 1 else " "
    return tuple(rows)


def _joined(entries: Sequence[StyledLine]) -> StyledLine:
    spans: list[Span] = []
    for entry in entries:
        spans += [("   ", "")] if spans else []
        spans += entry
    return tuple(spans)


def _indented(line: StyledLine) -> StyledLine:
    return ((" ", ""), *line)
