"""The help: the keys that work here, what signs and colors mean, and the filter language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, pairwise, zip_longest
from textwrap import wrap

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from ollama_tui.domain.columns import capability_words
from ollama_tui.domain.filter.fields import CAPABILITIES, FIELDS, WORD
from ollama_tui.formatting import StyledLine, listing
from ollama_tui.tui.actions.action import Action, ActionContext, ActionGroup, why_not
from ollama_tui.tui.actions.keymap import Keymap
from ollama_tui.tui.look import MEANINGS, Signs, styles_folder
from ollama_tui.tui.widgets.keys_line import KeysLine
from ollama_tui.tui.widgets.matching import begin, highlighted
from ollama_tui.tui.widgets.tab_bar import TabBar
from ollama_tui.tui.widgets.text_layout import fit, width_of
from ollama_tui.tui.widgets.text_view import TextView

KEYS, SIGNS = "keys", "signs"
PAGES = ((KEYS, "Keys that work here"), (SIGNS, "Signs and filter"))
MOVING = (
    (("j", "k", "down", "up"), "Move."),
    (("g", "G", "home", "end"), "Go to the first, the last."),
    (("pgup", "pgdn"), "Move by a page."),
    (("ctrl+d", "ctrl+u"), "Move by half a page."),
)
FILTER_SYNTAX = (
    (WORD.example, f"A word: {WORD.help}."),
    ("qwen 8b", "Several: all must match."),
    ("llama,qwen", "With a comma: either of them."),
    ("-cap:tools", "A leading - or ! means not."),
    ("size>8g", "Numbers compare by < <= > >= and 2g..8g."),
)
"""Examples of the filter language beside those of its fields."""
CAN = {
    "vision": "Looks at images.",
    "tools": "Calls functions.",
    "thinking": "Thinks before it answers.",
    "embedding": "Turns text into vectors.",
    "insert": "Fills gaps in code.",
    "audio": "Listens to audio.",
}
COLUMNS_FROM = (0, 96, 160)
"""Cells from which there are one, two and three columns."""
GAP = 3
"""Cells between two columns."""
SCROLL_BAR = 2
"""Cells of the scroll bar, and of the gap before it."""
LONGEST_SIGN = 16
"""Cells of the left part of a column; what is longer has a line of its own."""

HEIGHT_AROUND = 7
"""Lines of the box beside the text: its border, pages, field, keys and blanks."""
NAMES_FROM = 3
"""Letters from which on what is not shown, such as synonyms, is looked through too."""


@dataclass(frozen=True)
class Entry:
    """What is pressed, seen or typed, what it means, and why it cannot act now."""

    sign: StyledLine
    text: str
    reason: str = ""
    keys: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Other words by which it is found."""

    def matches(self, query: str) -> bool:
        """Whether `query` is one of the keys, or its words begin words of what is said."""
        sign = "".join(text for text, _ in self.sign)
        names = self.names if len(query.strip()) >= NAMES_FROM else ()
        texts = (sign, self.text, self.reason, *names)
        return query.strip() in self.keys or begin(query.split(), texts)


@dataclass(frozen=True)
class Section:
    """Entries below a heading."""

    title: str
    entries: tuple[Entry, ...]


# ---- what is said


def key_sections(
    actions: Sequence[Action], context: ActionContext, keymap: Keymap
) -> Iterator[Section]:
    """Yield the keys of a place by group, those that move first."""
    moving = (
        Entry(((" ".join(map(keymap.name, keys)), "key"),), text, keys=keys)
        for keys, text in MOVING
    )
    yield Section("Move", tuple(moving))
    for group in ActionGroup:
        rows = [action for action in actions if action.group is group and keymap.shown(action)]
        by_digit = [row for row in rows if row.id.startswith("sort.") and _digit(row, keymap)]
        entries = [_entry(row, context, keymap) for row in rows if row not in by_digit]
        if by_digit:
            titles = [row.label.removeprefix("by ") for row in by_digit]
            entries.append(_digits_entry([_digit(row, keymap) for row in by_digit], titles))
        elif any(row.id == "sort.choose" for row in rows):  # the columns of a table of its own
            titles = [column.title.lower() for column in context.columns]
            entries.append(_digits_entry([str(n) for n in range(1, len(titles) + 1)], titles))
        if entries:
            yield Section(str(group), tuple(entries))


def _digit(action: Action, keymap: Keymap) -> str:
    """Return the key of an action whose only key is a digit; else an empty string."""
    keys = keymap.shown(action)
    return keys[0] if len(keys) == 1 and keys[0].isdecimal() else ""


def _digits_entry(keys: Sequence[str], titles: Sequence[str]) -> Entry:
    """Return one entry for the columns that digits sort by."""
    text = f"Sort by {listing(titles)}; again to reverse."
    return Entry(((f"{keys[0]} … {keys[-1]}", "key"),), text, keys=tuple(keys))


def _entry(action: Action, context: ActionContext, keymap: Keymap) -> Entry:
    keys, reason = keymap.shown(action), why_not(action, context) or ""
    sign = ((" ".join(keys), "muted" if reason else "key"),)
    return Entry(sign, action.help, reason, keys, (action.label, *action.synonyms))


def sign_sections(signs: Signs) -> Iterator[Section]:
    """Yield what signs, colors and words in the list mean, and the filter language."""
    states = (
        (signs.marked, "mark", "Marked."),
        (signs.loaded, "loaded", "Loaded into memory."),
        (signs.outdated, "outdated", "A registry has a newer version."),
        (signs.uncertain, "muted", "Could not check for a newer version."),
        (signs.cloud, "cloud", "Runs at ollama.com, not on the server."),
        (signs.alias, "muted", "Alias of another installed model."),
        (signs.shares, "muted", "Shares weights with the model above."),
        (signs.locked, "accent", "Locked: deleting and overwriting ask twice."),
        (signs.delete, "danger", "Being deleted; z undoes it while the undo is shown."),
    )
    yield Section("Signs", tuple(Entry(((sign, style),), text) for sign, style, text in states))
    heights = [signs.levels[step * len(signs.levels) // 4 - 1] * 2 for step in range(1, 5)]
    heat = tuple((height, f"heat-{step}") for step, height in enumerate(heights, 1))
    colors = (
        Entry(heat, "Size: warmer colors take a larger share of the disk."),
        Entry(
            (("aging", "aging"), (" old", "old")), "Not modified for a long, or a very long time."
        ),
    )
    yield Section("Colors", colors)
    words = capability_words(frozenset(CAN))
    can = [
        Entry(((word, f"can-{key}" if f"can-{key}" in MEANINGS else "accent"),), CAN[key])
        for key, word in words
    ]
    yield Section(
        "What a model can do", (*can, Entry((("+1", "muted"),), "And one more capability."))
    )
    yield _job_signs(signs)
    syntax = [Entry(((example, "key"),), text) for example, text in FILTER_SYNTAX]
    fields = [
        Entry(((field.example, "key"),), f"{field.help[:1].upper()}{field.help[1:]}.", names=more)
        for field in FIELDS
        for more in [CAPABILITIES if field.name == "cap" else ()]
    ]
    yield Section("Filter", (*syntax, Entry((("@name", "key"),), "A saved filter; @ lists them.")))
    yield Section("Fields of the filter", tuple(fields))


def _job_signs(signs: Signs) -> Section:
    jobs = (
        (signs.pull, "accent", "Pull."),
        (signs.push, "accent", "Push."),
        (signs.work, "accent", "Create, copy or quantize."),
        (signs.delete, "accent", "Delete."),
        (signs.failed, "bad", "Failed; the row says why."),
        (
            signs.levels[1] + signs.levels[4] + signs.levels[-1],
            "accent",
            "How the rate was lately.",
        ),
    )
    return Section("Jobs", tuple(Entry(((sign, style),), text) for sign, style, text in jobs))


# ---- how it is laid out


def narrowed(sections: Sequence[Section], query: str) -> list[Section]:
    """Return the sections with only the entries that match `query`."""
    kept = (
        replace(section, entries=tuple(e for e in section.entries if e.matches(query)))
        for section in sections
    )
    return [section for section in kept if section.entries]


def laid_out(sections: Sequence[Section], width: int, query: str = "") -> list[StyledLine]:
    """Return the sections as lines of `width` cells, in as many columns as there is room for.

    They are in order, column by column, and split so that the longest is as short as can be.
    """
    if not sections:
        return []
    count = min(sum(width >= cells for cells in COLUMNS_FROM), len(sections))
    column = (width - GAP * (count - 1)) // count
    words = query.lower().split()

    @cache
    def lines_from(start: int, end: int) -> list[StyledLine]:
        return list(_column(sections[start:end], column, words))

    cuts = combinations(range(1, len(sections)), count - 1)
    splits = [list(pairwise((0, *places, len(sections)))) for places in cuts]
    best = min(splits, key=lambda split: max(len(lines_from(*part)) for part in split))
    rows = zip_longest(*(lines_from(*part) for part in best), fillvalue=())
    return [_side_by_side([fit(cell, column) for cell in row]) for row in rows]


def _side_by_side(cells: Sequence[StyledLine]) -> StyledLine:
    gap = (" " * GAP, "")
    return tuple(span for cell in cells for span in (gap, *cell))[1:]


def _column(sections: Sequence[Section], width: int, words: Sequence[str]) -> Iterator[StyledLine]:
    """Yield headings and entries, their text beside the sign and never below it."""
    signs = [width_of(entry.sign) for section in sections for entry in section.entries]
    left = max([cells for cells in signs if cells <= LONGEST_SIGN], default=LONGEST_SIGN)
    room = max(10, width - left - 2)
    for number, section in enumerate(sections):
        yield from [()] * (number > 0)
        yield ((section.title, "title"),)
        for entry in section.entries:
            style = "muted" if entry.reason else ""
            rows = [highlighted(text, words, style) for text in wrap(entry.text, room)]
            rows += [((text, "warning"),) for text in wrap(entry.reason, room)]
            sign = entry.sign
            if width_of(sign) > left:
                yield sign
                sign = ()
            for row in rows:
                yield (*fit(sign, left), ("  ", ""), *row)
                sign = ()


class HelpField(Input):
    """The field for what is looked for; a question mark closes the help as it opened it."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether a key is text, and no binding of the screen."""
        return character != "?" and super().check_consume_key(key, character)


class KeyHelp(ModalScreen[None]):
    """The keys of a place, and on a second page signs and filter; letters typed narrow it down."""

    CSS_PATH = [styles_folder() / "help.tcss"]
    BINDINGS = [
        Binding("escape", "clear_or_leave", "Back"),
        Binding("question_mark", "dismiss(None)", show=False, priority=True),
        Binding("tab", "turn(1)", show=False, priority=True),
        Binding("shift+tab", "turn(-1)", show=False, priority=True),
        Binding("down,ctrl+n", "move(1)", show=False),
        Binding("up,ctrl+p", "move(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("home", "move_to_end(False)", show=False, priority=True),
        Binding("end", "move_to_end(True)", show=False, priority=True),
    ]

    def __init__(self, actions: Sequence[Action], context: ActionContext, keymap: Keymap) -> None:
        super().__init__()
        self._keys = list(key_sections(actions, context, keymap))
        self._tabs = TabBar(PAGES, id="pages")
        self._view = TextView(id="lines")
        self._view.can_focus = False

    def compose(self) -> ComposeResult:
        """Lay out pages, field, text and keys."""
        with Vertical(classes="dialog"):
            yield self._tabs
            field = HelpField(placeholder="Type to find a key, a sign or a word", id="query")
            field.cursor_blink = False
            yield field
            yield self._view
            yield KeysLine()

    @on(Input.Changed)
    @on(TabBar.Activated)
    def draw(self) -> None:
        """Show what matches of the page."""
        query = self.query_one(Input).value
        pages = {KEYS: self._keys, SIGNS: list(sign_sections(self._view.signs))}
        here = self._tabs.active or KEYS
        there = KEYS if here == SIGNS else SIGNS
        width = self._view.size.width - SCROLL_BAR
        lines = laid_out(narrowed(pages[here], query), width, query)
        if not lines:
            found = sum(len(section.entries) for section in narrowed(pages[there], query))
            page = dict(PAGES)[there].lower()
            more = f" tab: {found} in {page}." if found else ""
            elsewhere = "The palette (:) finds any action by its name, with a key or without."
            lines = [((f"Nothing here.{more} {elsewhere}", "muted"),)]
        self._view.show(lines)
        esc = "clear" if query else "back"
        self.query_one(KeysLine).show(f"↑↓ scroll   tab {there}   esc {esc}")

    def on_resize(self) -> None:
        """Lay it out for the new size."""
        self.call_after_refresh(self._lay_out)

    def _lay_out(self) -> None:
        """Make the box as high as the longer page needs; where that is too much, pages scroll."""
        width = self._view.size.width - SCROLL_BAR
        pages = (self._keys, list(sign_sections(self._view.signs)))
        most = max(len(laid_out(page, width)) for page in pages)
        self.query_one(".dialog").styles.height = most + HEIGHT_AROUND
        self.draw()

    def action_clear_or_leave(self) -> None:
        """Empty the field; leave when it is empty."""
        field = self.query_one(Input)
        if field.value:
            field.value = ""
        else:
            self.dismiss(None)

    def action_turn(self, step: int) -> None:
        """Show the other page."""
        self._tabs.action_move(step)

    def action_move(self, step: int) -> None:
        """Scroll by `step` lines."""
        self._view.action_move(step)

    def action_page(self, pages: float) -> None:
        """Scroll by a page."""
        self._view.action_page(pages)

    def action_move_to_end(self, last: bool) -> None:
        """Go to the first or the last line."""
        self._view.action_move_to_end(last)
