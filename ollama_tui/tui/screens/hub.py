"""A tab of Discover: repositories of Hugging Face, and the quantizations of one of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ollama_tui.api.errors import OllamaError
from ollama_tui.api.huggingface import RepositoryOrder
from ollama_tui.api.huggingface_replies import Repository
from ollama_tui.domain.huggingface import (
    Presence,
    Quantization,
    fits_text,
    memory_words,
    parts_text,
    presence,
    quantization_lines,
    quantizations,
    repository_lines,
)
from ollama_tui.domain.orders import Order
from ollama_tui.formatting import UNKNOWN, StyledLine, age, ago, cells, count, plural
from ollama_tui.services.hub import Listing, Search
from ollama_tui.tui.actions.action import Place, connected
from ollama_tui.tui.look import Signs
from ollama_tui.tui.screens.action_screen import message_lines
from ollama_tui.tui.screens.discover_tab import DiscoverTab, table_of
from ollama_tui.tui.widgets.filter_bar import KeyHints
from ollama_tui.tui.widgets.row_source import RowSource, TableColumn, fit_columns
from ollama_tui.tui.widgets.table import Table

if TYPE_CHECKING:
    from ollama_tui.domain.memory.available import AvailableMemory
    from ollama_tui.domain.memory.shape import MemoryShape
    from ollama_tui.domain.model import Model
    from ollama_tui.services.hub import Hub
    from ollama_tui.tui.screens.discover import DiscoverScreen

SEARCH_PAUSE = 0.5
"""Seconds without a new letter after which the words are searched for."""
ORDER_WORDS = {
    RepositoryOrder.TRENDING: "trending",
    RepositoryOrder.DOWNLOADS: "most downloads",
    RepositoryOrder.LIKES: "most likes",
    RepositoryOrder.UPDATED: "last updated",
}


class RepositoryRows(RowSource[Repository]):
    """The source of a table of repositories; the tab keeps order and width up to date."""

    def __init__(self, now: Callable[[], datetime], signs: Signs) -> None:
        self.now = now
        self.signs = signs
        self.order = RepositoryOrder.TRENDING
        self.longest = 0
        self.has_gates = False
        """Whether any of them is not open to everybody."""

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit, with an arrow at the one searched by."""
        sorted_by = {
            RepositoryOrder.DOWNLOADS: "downloads",
            RepositoryOrder.LIKES: "likes",
            RepositoryOrder.UPDATED: "updated",
        }.get(self.order)
        all_columns = (
            TableColumn("REPOSITORY", 28, flexible=True, id="name", most=max(self.longest, 28)),
            TableColumn("PARAMS", 6, "right", id="params", priority=3),
            TableColumn("FAMILY", 10, id="family", priority=6),
            TableColumn("DOWNLOADS", 10, "right", id="downloads", priority=2),
            TableColumn("LIKES", 6, "right", id="likes", priority=4),
            TableColumn("UPDATED", 9, "right", id="updated", priority=5),
            TableColumn("GATED", 5, id="gated", priority=1),
        )
        return fit_columns(
            (
                replace(c, title=c.title + self.signs.descending) if c.id == sorted_by else c
                for c in all_columns
                if c.id != "gated" or self.has_gates
            ),
            width,
        )

    def cells(self, row: Repository, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says."""
        gguf, number = row.gguf, "muted"
        gate = "off" if row.disabled else "gated" if row.gated else ""
        texts: dict[str, StyledLine] = {
            "name": ((row.id, ""),),
            "params": ((count(gguf.parameters) if gguf and gguf.parameters else UNKNOWN, number),),
            "family": ((gguf.architecture if gguf and gguf.architecture else UNKNOWN, number),),
            "downloads": ((UNKNOWN if row.downloads is None else f"{row.downloads:,}", ""),),
            "likes": ((UNKNOWN if row.likes is None else f"{row.likes:,}", ""),),
            "updated": ((age(row.updated, self.now()) if row.updated else UNKNOWN, number),),
            "gated": ((gate or ("private" if row.private else ""), "warning"),),
        }
        return [texts[column.id] for column in columns]


class QuantizationRows(RowSource[Quantization]):
    """The source of a table of quantizations; the tab says of which repository."""

    all_columns = (
        TableColumn("QUANT", 10, flexible=True, most=44, id="quant"),
        TableColumn("SIZE", 9, "right", id="size"),
        TableColumn("BYTES", 15, "right", id="bytes", priority=5),
        TableColumn("FITS", 10, id="fits", priority=1),
        TableColumn("PROJECTOR", 9, id="projector", priority=4),
        TableColumn("PARTS", 12, id="parts", priority=3),
        TableColumn("HERE", 15, id="here", priority=2),
    )

    def __init__(
        self,
        models: Callable[[], Sequence[Model]],
        available: Callable[[], AvailableMemory | None],
    ) -> None:
        self.models = models
        self.available = available
        self.shape: MemoryShape | None = None
        """What the memory of all of them depends on; None while that is not known."""
        self.repository: Repository | None = None
        self.unused: frozenset[str] = frozenset()
        """Ids of columns that no row has anything for."""

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit, of those that say something."""
        return fit_columns((c for c in self.all_columns if c.id not in self.unused), width)

    def cells(self, row: Quantization, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says."""
        here = presence(row, self.models())
        style = {Presence.HERE: "good", Presence.OTHER: "warning"}.get(here, "muted")
        texts: dict[str, StyledLine] = {
            "quant": ((row.title, "" if row.name else "muted"),),
            "size": ((row.size_text, ""),),
            "bytes": ((UNKNOWN if row.total is None else f"{row.total:,}", "muted"),),
            "fits": fits_text(row, self.shape, self.available()),
            "projector": (("with" if row.projectors else "", "muted"),),
            "parts": ((parts_text(row), "bad" if row.missing_parts else "warning"),),
            "here": ((here.value, style),),
        }
        return [texts[column.id] for column in columns]


@dataclass
class _Opened:
    """The repository that is open: its files once they are known."""

    id: str
    listing: Listing | None = None
    rows: tuple[Quantization, ...] = ()
    trouble: OllamaError | None = None
    shape: MemoryShape | None = None
    """What the memory of each row depends on, once the header of one of them was read."""


class HubTab(DiscoverTab):
    """A search of repositories, and over it the repository that is open."""

    id = "hub"
    title = "Hugging Face"
    place = Place.HUB
    on_enter = "hub.open"
    filter_keys: KeyHints = (("⏎ ↓", "to the list", True), ("esc", "all repositories", True))
    examples = "words of the name, such as: qwen coder"
    columns: Sequence[Order[Any]] = ()

    def __init__(self, screen: DiscoverScreen) -> None:
        super().__init__(screen)
        clock, signs = screen.tui.clock, screen.tui.signs
        self._repositories = RepositoryRows(clock.now, signs)
        self._quantizations = QuantizationRows(
            lambda: screen.context.snapshot.models, lambda: screen.tui.memory
        )
        self._results = table_of(self._repositories, "repositories")
        self._files = table_of(self._quantizations, "quantizations")
        self.search = Search()
        self.opened: _Opened | None = None
        """The repository whose files are shown; None while repositories are."""
        self._asking = False
        self._asking_more = False
        self._trouble: OllamaError | None = None

    def tables(self) -> Sequence[Table[Any]]:
        """Return the table of repositories and the one of quantizations."""
        return (self._results, self._files)

    @property
    def table(self) -> Table[Any]:
        """The one that is shown."""
        return self._results if self.opened is None else self._files

    @property
    def _hub(self) -> Hub:
        """Hugging Face; raises OllamaError."""
        return connected(self.screen.context).hub.get()

    # ---- searching

    def filter_by(self, text: str) -> None:
        """Search once the words were not changed for a while."""
        self.view = replace(self.view, filter=text)
        self._search(after=SEARCH_PAUSE)

    def filter_left(self) -> None:
        """Search at once."""
        if self._asking:
            self._search()

    def ask(self) -> None:
        """Search again, or list the files again."""
        if self.opened is not None:
            self.open_repository(self.opened.id, fresh=True)
        else:
            self._search(fresh=self.search.at is not None or self._trouble is not None)

    def turn_order(self) -> None:
        """Search in the next order."""
        orders = list(RepositoryOrder)
        now = orders.index(self._repositories.order)
        self._repositories.order = orders[(now + 1) % len(orders)]
        self.leave()
        self._results.begin_again()
        self._search()

    def _search(self, *, fresh: bool = False, after: float = 0.0) -> None:
        self._asking, self._asking_more = True, False
        self._run(self._searched(self.view.filter, fresh, after))
        self.screen.draw()

    async def _searched(self, words: str, fresh: bool, after: float) -> None:
        if after:
            await self.screen.tui.clock.sleep(after)
        order = self._repositories.order
        await self._learn(lambda: self._hub.search(words, order, fresh=fresh))
        self._asking = False
        self.screen.draw()

    async def _learn(self, ask: Callable[[], Awaitable[Search]]) -> None:
        """Take over what is answered to a search, or why it is not."""
        try:
            self.search, self._trouble = await ask(), None
        except OllamaError as error:
            self._trouble = error
            if not self._asking_more:
                self.search = Search()

    def moved(self) -> None:
        """Ask for the next page when the cursor comes to the last row."""
        at_end = 0 < len(self._results.rows) <= self._results.position
        if at_end and self.opened is None and self.search.cursor and not self._is_busy:
            self._asking_more = True
            self._run(self._asked_more(self.view.filter))
            self.screen.draw()

    @property
    def _is_busy(self) -> bool:
        return self._asking or self._asking_more

    async def _asked_more(self, words: str) -> None:
        order = self._repositories.order
        await self._learn(lambda: self._hub.more(words, order))
        self._asking_more = False
        self.screen.draw()

    def _run(self, work: Awaitable[None]) -> None:
        self.screen.run_worker(work, exclusive=True, group="hub", description="search")

    # ---- one repository

    def open_repository(self, repository: str, *, fresh: bool = False) -> None:
        """List the files of a repository."""
        if self.opened is None or self.opened.id != repository:
            self.opened = _Opened(repository)
            self._files.begin_again()
        self.screen.run_worker(
            self._listed(self.opened, fresh), exclusive=True, group="hub-files", description="files"
        )
        self.screen.show_table()
        self.screen.draw()

    async def _listed(self, opened: _Opened, fresh: bool) -> None:
        try:
            opened.listing = await self._hub.files(opened.id, fresh=fresh)
            opened.trouble = opened.listing.trouble
            opened.rows = quantizations(opened.listing.listing)
        except OllamaError as error:
            opened.trouble = error
        self.screen.draw()
        if opened.shape is None:
            await self._learn_shape(opened)

    async def _learn_shape(self, opened: _Opened) -> None:
        """Read the header of a file that can be pulled: that of any tells of all."""
        updates = connected(self.screen.context).updates
        name = next((row.name for row in opened.rows if row.name), "")
        if name:
            offer = await updates.offer(name, False, None)
            published = await updates.memory(name, False, offer)
            opened.shape = published.shape if published is not None else None
            self.screen.draw()

    def leave(self) -> bool:
        """Close the repository; return whether one was open."""
        if self.opened is None:
            return False
        self.opened = None
        self.screen.show_table()
        return True

    # ---- drawing

    def draw(self) -> None:
        """Show the repositories, or the quantizations of the one that is open."""
        if self.opened is not None:
            self._draw_files(self.opened)
        else:
            self._draw_results()

    def _draw_results(self) -> None:
        search, rows = self.search, self.search.repositories
        gates = (each.gated or each.private or each.disabled for each in rows)
        self._repositories.has_gates = any(gates)
        self._repositories.longest = max((cells(each.id) for each in rows), default=0)
        empty = "No repository with GGUF files has these words: esc shows all."
        if self._asking:
            empty = "Asking Hugging Face …"
        elif self._trouble is not None:
            empty = "R asks again."
        elif not self.view.filter:
            empty = "Hugging Face lists no repositories."
        heading = ORDER_WORDS[self._repositories.order]
        if rows:
            heading += f"  {plural(len(rows), 'repository', 'repositories')}"
            if self._asking_more:
                heading += ", asking for more …"
            elif search.cursor:
                heading += ", more after the last"
        if self._asking:
            heading = f"asking …  {heading}"
        if search.left_out:
            heading += f", {search.left_out} unreadable"
        trouble = self._trouble_lines(search.trouble, search.at)
        if self._trouble is not None:
            trouble = self._trouble_lines(self._trouble, None)
        self.show(rows, empty, heading, trouble)

    def _draw_files(self, opened: _Opened) -> None:
        listing = opened.listing
        used = {
            "projector": any(row.projectors for row in opened.rows),
            "parts": any(row.parts > 1 for row in opened.rows),
        }
        self._quantizations.unused = frozenset(key for key, has in used.items() if not has)
        self._quantizations.shape = opened.shape
        self._quantizations.repository = listing.listing.repository if listing else None
        empty = "Asking Hugging Face for its files …"
        if opened.trouble is not None and listing is None:
            empty = "esc goes back, R asks again."
        elif listing is not None:
            empty = "It has no GGUF file that could be run."
        heading = opened.id
        if listing is not None:
            heading += f"  {plural(len(opened.rows), 'quantization')}"
            if listing.listing.left_out:
                heading += f", {listing.listing.left_out} unreadable"
        trouble = self._trouble_lines(opened.trouble, listing.at if listing else None)
        self.show(opened.rows, empty, heading, trouble)

    def _trouble_lines(self, error: OllamaError | None, at: datetime | None) -> list[StyledLine]:
        """Return why something is missing; and how old what is shown is, if it is not new."""
        if error is None:
            return []
        old = f" This is what was known {ago(at, self.screen.tui.clock.now())}." if at else ""
        style = "warning" if at else "bad"
        return message_lines(f"{error.title}{old}", error.hint, style, self.screen.room)

    def lines(self) -> Sequence[StyledLine]:
        """Return what is known of the row under the cursor."""
        row = self.table.row
        if isinstance(row, Repository):
            return repository_lines(row)
        if isinstance(row, Quantization) and self._quantizations.repository is not None:
            models = self.screen.context.snapshot.models
            shape = self._quantizations.shape
            memory = memory_words(row, shape, self.screen.tui.memory) if shape else None
            return quantization_lines(row, self._quantizations.repository, models, memory)
        return []
