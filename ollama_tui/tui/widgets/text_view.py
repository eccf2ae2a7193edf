"""A reader for long text from the server: a license, a template, a vocabulary of 250,000 tokens."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, cast

from rich.cells import cell_len
from textual.cache import FIFOCache
from textual.geometry import Region, Size
from textual.strip import Strip

from ollama_tui.formatting import LEXED, Span, StyledLine, inert, inert_lines
from ollama_tui.tui.widgets.styled_widget import ScrollingWidget
from ollama_tui.tui.widgets.text_layout import Anchor, WrappedRow, WrappedText, fit, restyle

if TYPE_CHECKING:
    from ollama_tui.domain.highlight import Highlighter
    from ollama_tui.tui.widgets.text_search import Match, TextSearch

TAB = 4
"""Cells a tab is expanded to, at most."""

NEWLINE = "\N{SYMBOL FOR NEWLINE}"
"""Stands for a newline inside what has to stay one line."""

HIGHLIGHTERS_KEPT = 512
"""Parts of lines for which what was lexed is kept."""

PAGES_KEPT = 64
"""Texts that fit the view for which it is kept how they were laid out."""

Content = str | Sequence[str] | Sequence[StyledLine]
"""A text, lines or styled lines."""


class Page(NamedTuple):
    """Styled lines that fit the view, laid out."""

    content: Content
    size: Size
    texts: Sequence[str]
    styled: Sequence[StyledLine]
    lines: list[StyledLine]
    """Those of the whole view."""


class TextView(ScrollingWidget, can_focus=True):
    """Text of any length, wrapped to the width, that can be moved through and searched.

    Like `Table` it scrolls by itself: it knows the row at the top by its place in the text, so
    that neither the length of the text nor a resize costs more than one screen.
    """

    DEFAULT_CSS = """
    TextView { width: 1fr; height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._document: object = None
        self._content: Content = ()
        self._texts: Sequence[str] = ()
        self._styled: Sequence[StyledLine] | None = None
        """The lines with their styles, if they have any."""
        self._language = ""
        self._highlighters: dict[tuple[int, int], Highlighter] = {}
        """What lexes the whole text, at (-1, 0), or one span of a line."""
        self._length = 0
        self._wrapped = WrappedText((), 1)
        self._top: Anchor = (0, 0)
        self._last_page: Anchor = (0, 0)
        self._rows: list[WrappedRow] = []
        self._painted: list[StyledLine] = []
        """The lines in view as they were laid out for `_painted_size`."""
        self._painted_size = Size(0, 0)
        self._pages: FIFOCache[int, Page] = FIFOCache(PAGES_KEPT)
        """Laid out already, by the identity of the content."""
        self.searched = ""
        """What is searched for; empty for nothing."""
        self._search: TextSearch | None = None
        self._match: Match | None = None

    def show(self, content: Content, document: object = None, language: str = "") -> None:
        """Show a text, lines or styled lines; keep the place if `document` is the one shown.

        `language` is that of a text to highlight, one of `domain.highlight.LEXERS`.
        """
        if content is not self._content or language != self._language:
            self._take(content, language)
        if document is None or document != self._document:
            self._top, self._match = (0, 0), None
        elif self._match is not None and not self._searching().is_match(self._match):
            self._match = None
        self._document = document
        self._go_to(self._top)

    def _take(self, content: Content, language: str) -> None:
        """Read another content, unless it is an equal one."""
        page = None if language else self._laid_out(content, self.size)
        if page is not None:
            self._texts, self._styled = page.texts, page.styled
        elif (content, language) != (self._content, self._language):
            self._texts, self._styled = _read(content)
        else:
            return
        self._content, self._language = content, language
        self._length = sum(map(len, self._texts))
        self._search, self._highlighters = None, {}

    def prepare(self, content: Content) -> None:
        """Lay out what may be shown next, so that to show it is to swap the lines."""
        self._laid_out(content, self.size)

    def _laid_out(self, content: Content, size: Size) -> Page | None:
        """Return how `content` fills a view of `size`; None where it is more than a page."""
        page = self._pages.get(id(content))
        if page is None or page.content is not content or page.size != size:
            if (page := _page_of(content, size)) is None:
                return None
            self._pages[id(content)] = page
            for line in page.lines:
                self.to_strip(line)
        return page

    @property
    def place(self) -> Anchor:
        """What is at the top of the view, for `find`."""
        return self._top

    @property
    def found(self) -> tuple[int, int]:
        """Which match is looked at, 0 for none, and how many there are."""
        if not self.searched:
            return 0, 0
        search = self._searching()
        return search.number(self._match) if self._match else 0, search.count

    def find(self, words: str, place: Anchor | None = None) -> bool:
        """Go to the first match from `place` on, ignoring case; return whether there is one.

        Without one the view is at `place`; the usual one is the top of the view. Nothing is
        searched for any more where `words` are empty.
        """
        self.searched, self._match = words, None
        self._put(self._top if place is None else place)
        return self._look_at(self._searching().next(self._top) if words else None)

    def find_again(self, *, backwards: bool = False) -> bool:
        """Go to the next or previous match, round the ends; return whether there is one."""
        line, start, end = self._match or (*self._top, self._top[1])
        if not self.searched:
            return False
        search = self._searching()
        if backwards:
            return self._look_at(search.previous((line, start)))
        return self._look_at(search.next((line, end)))

    def _look_at(self, match: Match | None) -> bool:
        """Show `match`, if there is one."""
        if match is not None:
            self._match = match
            place = match[:2]
            last = self._rows[-1] if self._rows else None
            if last is None or not self._top <= place < (last.line, last.end):
                # Out of view: then it comes a third down the page.
                self._put(self._wrapped.move(self._wrapped.snap(place), -(self.page // 3)))
        self._repaint()
        return match is not None

    def _searching(self) -> TextSearch:
        """Return the text prepared for searching, which is done once something is searched for."""
        if self._search is None:
            from ollama_tui.tui.widgets.text_search import TextSearch

            self._search = TextSearch(self._texts)
        self._search.look_for(self.searched)
        return self._search

    def action_move(self, step: int, scroll: bool = True) -> None:
        """Scroll by `step` rows: a text has no cursor to move."""
        self._go_to(self._wrapped.move(self._top, step))

    def action_move_to_end(self, last: bool) -> None:
        """Go to the first or the last page."""
        self._go_to((len(self._texts), 0) if last else (0, 0))

    def on_resize(self) -> None:
        """Keep the text at the top of the view where it is."""
        self._go_to(self._top)

    def render_line(self, y: int) -> Strip:
        """Paint one row."""
        size = self.room
        is_painted = size == self._painted_size
        return self.to_strip(self._painted[y] if is_painted else self._line(y, size))

    def _go_to(self, top: Anchor) -> None:
        size = self.size
        page = None if self._language else self._laid_out(self._content, size)
        if page is None:
            self._put(top)
            self._repaint()
            return
        self._wrapped = WrappedText(self._texts, size.width - 1)
        self._last_page = self._top = (0, 0)
        self._rows = [WrappedRow(line, 0, len(text)) for line, text in enumerate(self._texts)]
        if self.searched:
            self._repaint()
        else:
            self._swap(page.lines, size)

    def _put(self, top: Anchor) -> None:
        """Put the row that holds `top` at the top, but no further down than the last page."""
        width, page = self.size.width - 1, self.page
        self._wrapped = WrappedText(self._texts, width)
        self._last_page = self._wrapped.last_page(page)
        self._top = min(self._wrapped.snap(top), self._last_page)
        self._rows = list(islice(self._wrapped.rows(self._top), page))

    def _repaint(self) -> None:
        """Lay out the lines in view."""
        size = self.size
        lines = [self._line(y, size) for y in range(min(size.height, len(self._rows) + 1))]
        lines += lines[-1:] * (size.height - len(lines))  # below the text all are alike
        self._swap(lines, size)

    def _swap(self, lines: list[StyledLine], size: Size) -> None:
        """Show other lines, and refresh those that differ: most of one model's details are the
        next one's too."""
        before, self._painted, self._painted_size = self._painted, lines, size
        if len(before) != len(lines):
            self.refresh()
            return
        pairs = enumerate(zip(before, lines, strict=True))
        changed = [y for y, (old, new) in pairs if old is not new and old != new]
        if changed:
            self.refresh(*(Region(0, y, size.width, 1) for y in changed))

    def _line(self, y: int, size: Size) -> StyledLine:
        """Return the row on line `y` of a view of `size`, and its cell of the scroll bar.

        Textual looks the size up in the layout, which costs as much as a short line does.
        """
        width, page = size.width, max(1, size.height)
        spans: StyledLine = ()
        if y >= len(self._rows) and self._last_page == (0, 0):
            return ((" " * width, ""),)
        if y < len(self._rows):
            row = self._rows[y]
            text = self._texts[row.line]
            # A blank that ends the row may be one cell too far to the right.
            end = row.end - 1 if text[row.end - 1 : row.end] == " " else row.end
            spans = self._spans(row.line, row.start, max(row.start, end))
            if self.searched:
                spans = restyle(spans, self._highlights(row))
        top = total = 0
        if self._last_page != (0, 0):
            # Approximate: an exact total would need wrapping the whole text.
            total = max(len(self._texts), self._length // max(1, width), page + 1)
            at, last = (
                line + offset / max(1, len(self._texts[line]))
                for line, offset in (self._top, self._last_page)
            )
            top = round(at / last * (total - page))
        return (*fit(spans, width - 1), self.scroll_bar(y, top, total, page))

    def _spans(self, line: int, start: int, end: int) -> StyledLine:
        """Return a part of a line in its styles."""
        if self._styled is None:
            if self._language:
                return self._highlighter(-1, 0, self._texts, self._language).spans(line, start, end)
            return ((self._texts[line][start:end], ""),)
        styled = self._styled[line]
        if (start, end) == (0, len(self._texts[line])) and not any(
            style.startswith(LEXED) for _, style in styled
        ):
            return styled
        spans: list[Span] = []
        at = 0
        for number, (text, style) in enumerate(styled):
            first, last = max(0, start - at), min(len(text), end - at)
            at += len(text)
            if first >= last:
                continue
            if style.startswith(LEXED):
                language = style.removeprefix(LEXED)
                lexed = self._highlighter(line, number, (text,), language)
                spans += lexed.spans(0, first, last)
            else:
                spans.append((text[first:last], style))
        return tuple(spans)

    def _highlighter(
        self, line: int, number: int, texts: Sequence[str], language: str
    ) -> Highlighter:
        """Return what lexes `texts`, made when they are first drawn."""
        found = self._highlighters.get((line, number))
        if found is None:
            from ollama_tui.domain.highlight import Highlighter

            if len(self._highlighters) >= HIGHLIGHTERS_KEPT:
                self._highlighters.clear()
            found = self._highlighters[line, number] = Highlighter(texts, language)
        return found

    def _highlights(self, row: WrappedRow) -> list[tuple[int, int, str]]:
        """Return the matches in this row, counted from its start, and their styles."""
        line, begin, end = row
        now = self._match if self._match and self._match.line == line else None
        parts = [(*now[1:], "match-now")] if now else []
        parts += [
            (start, stop, "match")
            for start, stop in self._searching().within(line, begin, end)
            if now is None or stop <= now.start or start >= now.end
        ]
        return [(start - begin, stop - begin, style) for start, stop, style in sorted(parts)]


def _page_of(content: Content, size: Size) -> Page | None:
    """Return how styled lines fill a view of `size`; None for other content, or too much of it."""
    width, height = size.width - 1, max(1, size.height)
    if isinstance(content, str) or not 0 < len(content) <= height or isinstance(content[0], str):
        return None
    texts, styled = _read(content)
    assert styled is not None
    if any(len(text) > width or cell_len(text) > width for text in texts) or any(
        style.startswith(LEXED) for line in styled for _, style in line
    ):
        return None
    blank = ((" " * size.width, ""),)
    lines = [(*fit(line, width), (" ", "thumb")) for line in styled]
    return Page(content, size, texts, styled, lines + [blank] * (size.height - len(lines)))


def _read(content: Content) -> tuple[Sequence[str], Sequence[StyledLine] | None]:
    """Return the lines made inert, and their styles if they have any."""
    if isinstance(content, str):
        return inert_lines(content).expandtabs(TAB).split("\n"), None
    if content and isinstance(content[0], str):
        return _read("\n".join(str(line).replace("\n", NEWLINE) for line in content))
    lines = cast("Sequence[StyledLine]", content)
    styled = [tuple((inert(text), style) for text, style in line) for line in lines]
    return ["".join(text for text, _ in line) for line in styled], styled
