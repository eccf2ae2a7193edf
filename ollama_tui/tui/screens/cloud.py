"""Two tabs of Discover: what the server recommends, and what ollama.com offers in its cloud."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from ollama_tui.api.errors import OllamaError, Unauthorized, Unsupported
from ollama_tui.api.replies import ListedModel, Recommendation, Show
from ollama_tui.domain.cloud import (
    CatalogueEntry,
    catalogue,
    cloud_error,
    entry_lines,
    filtered,
    why_disabled,
)
from ollama_tui.domain.columns import BY_KEY, MANY_WORDS
from ollama_tui.domain.discover import ORDERS
from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.orders import arranged
from ollama_tui.formatting import StyledLine, cells, inert, plural
from ollama_tui.tui.actions.action import Place, connected
from ollama_tui.tui.look import Signs
from ollama_tui.tui.screens.action_screen import message_lines
from ollama_tui.tui.screens.discover_tab import DiscoverTab, table_of
from ollama_tui.tui.screens.models_screen import arrow
from ollama_tui.tui.widgets.model_rows import capability_line
from ollama_tui.tui.widgets.row_source import RowSource, TableColumn, fit_columns
from ollama_tui.tui.widgets.table import Table

if TYPE_CHECKING:
    from ollama_tui.tui.screens.discover import DiscoverScreen


ROOMY = 80
"""Cells of the table from which on there is room for more than one capability."""
MODEL_COLUMNS = {"name": 0, "params": 3, "ctx": 5, "can": 4}
"""Columns of the list, and in which order they leave."""
COLUMNS = (
    *(
        TableColumn(c.title, c.width, c.align, c.key == "name", id=c.key, priority=priority)
        for c, priority in ((BY_KEY[key], number) for key, number in MODEL_COLUMNS.items())
    ),
    TableColumn("PLAN/VRAM", 9, "right", id="needs", priority=2),
    TableColumn("WHERE", 11, id="where", priority=1),
    TableColumn("ABOUT", 20, flexible=True, id="about", priority=6),
)


class EntryRows(RowSource[CatalogueEntry]):
    """The source of the table; the screen keeps titles and marks up to date."""

    def __init__(self, now: Callable[[], datetime], signs: Signs) -> None:
        self.now = now
        self.signs = signs
        self.titles: dict[str, str] = {}
        self.longest = 0
        """Cells of the longest name: figures stand beside names, not far off."""
        self.marks: frozenset[ModelKey] = frozenset()

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns that fit, with an arrow at the one sorted by."""
        words = MANY_WORDS if width >= ROOMY else 0
        shown = (
            replace(
                column,
                title=(title := self.titles.get(column.id, column.title)),
                most=max(self.longest, column.width) if column.id == "name" else None,
                width=max(column.width, len(title), words if column.id == "can" else 0),
            )
            for column in COLUMNS
        )
        return fit_columns(shown, width)

    def cells(self, row: CatalogueEntry, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says."""
        now = self.now()
        # Installed models run in the cloud or were recommended just as the others are.
        known = "recommended" if row.recommendation is not None else "cloud"
        where = "installed" if row.installed else known
        style = "good" if row.installed else "cloud" if row.model.is_cloud else "muted"
        texts: dict[str, StyledLine] = {
            "needs": ((row.needs, "muted"),),
            "where": ((where, style),),
            "about": ((row.description, "muted"),),
        }
        for column in columns:
            if column.id == "can":
                texts["can"] = capability_line(row.model, column.width)
            elif column.id in MODEL_COLUMNS:
                of_list = BY_KEY[column.id]
                texts[column.id] = ((of_list.text(row.model, now), of_list.style),)
        return [texts[column.id] for column in columns]

    def gutter(self, row: CatalogueEntry) -> StyledLine:
        """Return the mark, and whether it runs elsewhere."""
        mark = (self.signs.marked, "mark") if row.model.key in self.marks else (" ", "")
        return (mark, (self.signs.cloud if row.model.is_cloud else " ", "cloud"))


@dataclass(frozen=True)
class Sources:
    """What was answered so far, and why something was not."""

    offered: tuple[ListedModel, ...] = ()
    recommended: tuple[Recommendation, ...] = ()
    switched_off: str = ""
    """A sentence, when the server may not use the cloud."""
    offered_trouble: OllamaError | None = None
    recommended_trouble: OllamaError | None = None
    asking: bool = True


class Catalogue:
    """What the server and ollama.com have answered, for both tabs about it."""

    def __init__(self, screen: DiscoverScreen) -> None:
        self._screen = screen
        self.services = connected(screen.context)
        self.sources = Sources()
        self.shown: dict[str, Show] = {}
        """Details that were asked for, by `CatalogueEntry.key`."""

    async def ask(self) -> None:
        """Ask everyone at once; each answer is shown when it comes."""
        self.learn(asking=True)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._ask_ollama_com())
            group.create_task(self._ask_recommended())
            group.create_task(self._ask_whether_switched_off())
        self.learn(asking=False)

    async def _ask_ollama_com(self) -> None:
        try:
            self.learn(offered=await self.services.cloud.list(), offered_trouble=None)
        except OllamaError as error:
            self.learn(offered_trouble=cloud_error(error))

    async def _ask_recommended(self) -> None:
        try:
            answer = await self.services.ollama.recommendations()
            self.learn(recommended=answer, recommended_trouble=None)
        except Unsupported:  # an old server recommends nothing
            self.learn(recommended=(), recommended_trouble=None)
        except OllamaError as error:
            self.learn(recommended_trouble=error)

    async def _ask_whether_switched_off(self) -> None:
        try:
            self.learn(switched_off=why_disabled((await self.services.ollama.status()).cloud))
        except Unsupported:
            self.learn(switched_off="")
        except OllamaError:
            pass  # the answer to what is recommended says that the server is gone

    def learn(self, **news: object) -> None:
        """Take over answers, by the name of their field, and show them."""
        self.sources = replace(self.sources, **news)  # type: ignore[arg-type]
        self._screen.draw()

    def entries(self, where: str) -> tuple[CatalogueEntry, ...]:
        """Return what is known of one source: `recommended` or `cloud`."""
        installed = self._screen.context.snapshot.models
        sources = self.sources
        found = catalogue(sources.offered, sources.recommended, installed, self.shown)
        self.services.seen_names.update((e.name, " ".join(e.where)) for e in found)
        return tuple(entry for entry in found if where in entry.where)

    async def details_of(self, entry: CatalogueEntry) -> Show:
        """Return the details of an entry; raises OllamaError.

        Where ollama.com wants a key we do not have, the server is asked: it may be signed in.
        """
        if not entry.model.is_cloud:
            if (model := self._screen.context.snapshot.model(entry.installed)) is not None:
                return await self.services.facts.show(model)
            raise OllamaError(
                f"Nothing more is known of {inert(entry.name)}.",
                "Details come with the model: p pulls it.",
            )
        try:
            return await self.services.cloud.show(entry.model.listed.remote_model)
        except Unauthorized as refused:
            try:
                return await self.services.ollama.show(entry.name)
            except OllamaError:
                raise cloud_error(refused) from None
        except OllamaError as error:
            raise cloud_error(error) from None


class CatalogueTab(DiscoverTab):
    """Entries of the catalogue, with the filter, the orders and marks of a table of models."""

    place = Place.CLOUD
    on_enter = "cloud.details"
    columns = ORDERS
    where: ClassVar[str]
    """Which entries it has, as `CatalogueEntry.where` calls them."""
    nothing: ClassVar[str]
    """What it says when there are none."""

    def __init__(self, screen: DiscoverScreen, known: Catalogue) -> None:
        super().__init__(screen)
        self.known = known
        self.source = EntryRows(screen.tui.clock.now, screen.tui.signs)
        self._table = table_of(self.source, self.id)
        self._entries: tuple[CatalogueEntry, ...] = ()

    def tables(self) -> Sequence[Table[Any]]:
        """Return its table."""
        return (self._table,)

    @property
    def table(self) -> Table[Any]:
        """The table of entries."""
        return self._table

    def open(self) -> None:
        """Ask for nothing: both tabs are asked for when the screen opens."""

    def ask(self) -> None:
        """Ask the server and ollama.com."""
        self.screen.run_worker(self.known.ask(), exclusive=True, group="ask", description="ask")

    @property
    def models(self) -> tuple[Model, ...]:
        """The models of the catalogue, as rows of the list."""
        return tuple(entry.model for entry in self._entries)

    @property
    def rows(self) -> tuple[Model, ...]:
        """The models shown, in order."""
        return tuple(entry.model for entry in self.table.rows)

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""
        entry: CatalogueEntry | None = self.table.row
        return entry.model if entry is not None else None

    def row_key(self, key: ModelKey) -> object:
        """Return the key of the row of a model."""
        return next((row.key for row in self.table.rows if row.model.key == key), None)

    def draw(self) -> None:
        """Show what is known now."""
        screen, sources, view = self.screen, self.known.sources, self.screen.view
        self._entries = entries = self.known.entries(self.where)
        rows, problems = filtered(entries, view.filter, screen.tui.clock.now(), view.saved)
        rows = arranged(rows, ORDERS, view.sort, view.reverse)
        self.source.titles = {c.key: c.title + arrow(c, view, screen.tui.signs) for c in ORDERS}
        self.source.longest = max((cells(entry.name) for entry in entries), default=0)
        self.source.marks = view.marks
        empty = "Asking …" if sources.asking else self.nothing
        if view.filter:
            empty = "No matches: esc shows all."
        count = plural(len(entries), "model")
        if len(rows) < len(entries):
            count = f"{len(rows):,} of {count}"
        lines = message_lines(sources.switched_off, "", "warning", screen.room)
        for error in self.troubles(sources):
            if error is not None:
                lines += message_lines(error.title, error.hint, "bad", screen.room)
        heading = f"asking …  {count}" if sources.asking else count
        self.show(rows, empty, heading, lines, problems)

    @abstractmethod
    def troubles(self, sources: Sources) -> Sequence[OllamaError | None]:
        """Return why something that belongs here is missing."""

    def lines(self) -> Sequence[StyledLine]:
        """Return what is known of the entry under the cursor."""
        entry: CatalogueEntry | None = self.table.row
        return entry_lines(entry) if entry else []

    async def ask_details(self) -> None:
        """Ask for the details of the entry under the cursor, unless they are known."""
        entry: CatalogueEntry | None = self.table.row
        if entry is None or entry.details is not None:
            return
        try:
            self.known.shown[entry.key] = await self.known.details_of(entry)
        except OllamaError as error:
            self.screen.context.tell(error.title, error.hint, trouble=True)
        self.screen.draw()


class RecommendedTab(CatalogueTab):
    """What the server recommends."""

    id = "recommended"
    title = "Recommended"
    where = "recommended"
    nothing = "This server recommends nothing."

    def troubles(self, sources: Sources) -> Sequence[OllamaError | None]:
        """Return why recommendations, or what ollama.com knows of them, are missing."""
        return (sources.recommended_trouble, sources.offered_trouble)


class CloudTab(CatalogueTab):
    """What runs at ollama.com."""

    id = "cloud"
    title = "Cloud"
    where = "cloud"
    nothing = "ollama.com lists no models."

    def troubles(self, sources: Sources) -> Sequence[OllamaError | None]:
        """Return why the list is missing."""
        return (sources.offered_trouble,)
