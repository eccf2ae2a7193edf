"""The cloud catalogue: what ollama.com offers, what is recommended, and which of it is here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding

from ollama_tui.api.errors import OllamaError
from ollama_tui.api.replies import ListedModel, Recommendation, Show
from ollama_tui.domain.cloud import CatalogueEntry, about, catalogue, select
from ollama_tui.formatting import plural
from ollama_tui.tui.actions import registry
from ollama_tui.tui.actions.action import ActionContext, connected, why_not
from ollama_tui.tui.screens.cloud_rows import EntryRows
from ollama_tui.tui.screens.table_screen import TableScreen, said
from ollama_tui.tui.widgets.filter_bar import FilterBar
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_view import TextView


@dataclass(frozen=True)
class Sources:
    """What was heard so far, and from whom nothing was."""

    offered: tuple[ListedModel, ...] = ()
    recommended: tuple[Recommendation, ...] = ()
    switched_off: str = ""
    """A sentence, when the server may not use the cloud."""
    offer_trouble: OllamaError | None = None
    advice_trouble: OllamaError | None = None
    asking: bool = True


class CloudScreen(TableScreen):
    """A table of what can be had, with what went wrong above and the details below."""

    DEFAULT_CSS = """
    CloudScreen {
        #trouble { height: auto; max-height: 6; }
        #about { height: 8; border-top: solid $panel; padding: 0 1; }
    }
    """
    BINDINGS = [
        Binding("escape", "leave", "Back"),
        Binding("q,L", "dismiss(None)", "Back"),
        Binding("slash", "filter", "Filter", id="cloud.filter"),
        Binding("p", "pull", "Pull", id="cloud.pull"),
        Binding("R", "ask", "Refresh", id="cloud.refresh"),
    ]

    title_text = "Cloud catalogue"
    keys_shown = (("/", "filter"), ("⏎", "details"), ("p", "pull"), ("R", "refresh"))

    def __init__(self, context: ActionContext) -> None:
        super().__init__(context)
        self.server = connected(context)
        self.sources = Sources()
        self.shown: dict[str, Show] = {}
        self.filter = ""

    def regions(self) -> ComposeResult:
        """Lay out troubles, table, details, filter."""
        yield StaticLines(id="trouble")
        yield Table(EntryRows(self.tui.clock.now, self.tui.signs))
        yield TextView(id="about")
        yield FilterBar(id="filter")

    def on_mount(self) -> None:
        """Ask all who know of models, and follow what is installed."""
        self.table.focus()
        self.watch(self.app, "snapshot", self.draw)
        # StaticLines that change before the first layout would keep the height they had then.
        self.call_after_refresh(self.action_ask)

    def on_resize(self, event: events.Resize) -> None:
        """Leave out the details where there is no room for them."""
        self.query_one("#about").display = event.size.height >= 16
        self.draw()
        self.show_keys()

    # ---- asking

    @work(exclusive=True, group="ask")
    async def action_ask(self) -> None:
        """Ask everyone at once; each answer is shown when it comes."""
        self.learn(asking=True)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._ask_cloud())
            group.create_task(self._ask_server())
            group.create_task(self._ask_status())
        self.learn(asking=False)

    async def _ask_cloud(self) -> None:
        try:
            self.learn(offered=await registry.offered(self.server), offer_trouble=None)
        except OllamaError as error:
            self.learn(offer_trouble=error)

    async def _ask_server(self) -> None:
        try:
            self.learn(recommended=await registry.recommended(self.server), advice_trouble=None)
        except OllamaError as error:
            self.learn(advice_trouble=error)

    async def _ask_status(self) -> None:
        try:
            self.learn(switched_off=await registry.switched_off(self.server))
        except OllamaError:
            self.learn(switched_off="")  # the other question tells that the server is gone

    def learn(self, **news: object) -> None:
        """Take over what was heard, and show it."""
        self.sources = replace(self.sources, **news)  # type: ignore[arg-type]
        self.draw()

    # ---- drawing

    def draw_now(self) -> None:
        """Show what is known now."""
        sources = self.sources
        entries = catalogue(
            sources.offered, sources.recommended, self.context.snapshot.models, self.shown
        )
        rows, problems = select(entries, self.filter, self.tui.clock.now())
        self.table.show_empty([(), *said(self._why_empty(), "", "muted", self.size.width)])
        self.show_rows(rows)
        self.query_one(FilterBar).show_problems(problems)
        self.show_heading(self._facts(len(entries), len(rows)))
        self._draw_trouble()
        self._draw_about()

    def _facts(self, entries: int, rows: int) -> str:
        count = plural(entries, "model")
        return ("asking …  " if self.sources.asking else "") + (
            count if rows == entries else f"{rows:,} of {count}"
        )

    def _why_empty(self) -> str:
        if self.filter:
            return "Nothing matches the filter: esc shows all."
        return "Asking …" if self.sources.asking else "Nobody told of a model."

    def _draw_trouble(self) -> None:
        sources, width = self.sources, self.size.width
        lines = said(sources.switched_off, "", "warning", width)
        for error in (sources.offer_trouble, sources.advice_trouble):
            lines += said(error.title, error.hint, "bad", width) if error else []
        self.query_one("#trouble", StaticLines).show(lines)

    def _draw_about(self) -> None:
        entry = self.current
        self.query_one(TextView).show(about(entry) if entry else [], entry and entry.key)

    @property
    def current(self) -> CatalogueEntry | None:
        """The entry under the cursor."""
        row = self.table.row
        return row if isinstance(row, CatalogueEntry) else None

    # ---- the user

    @on(Table.Moved)
    def _cursor_moved(self) -> None:
        self._draw_about()

    @on(Table.Chosen)
    def _chosen(self) -> None:
        if (entry := self.current) is not None and entry.details is None:
            self._ask_details(entry)

    @work(exclusive=True, group="details")
    async def _ask_details(self, entry: CatalogueEntry) -> None:
        try:
            self.shown[entry.key] = await registry.details(self.context, entry)
        except OllamaError as error:
            self.context.tell(error.title, error.hint, trouble=True)
        self.draw()

    def action_pull(self) -> None:
        """Pull the entry under the cursor."""
        entry, reason = self.current, why_not(registry.PULL, self.context)
        if reason is not None:
            self.context.tell(reason)
        elif entry is not None:
            self.do(partial(registry.pull_entry, self.context, entry))

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one(FilterBar).open(self.filter)

    def action_leave(self) -> None:
        """Take the filter away, or else go back to the list."""
        if not self.filter:
            self.dismiss(None)
            return
        self.query_one(FilterBar).close()
        self._look_for("")

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self._look_for(event.text)

    @on(FilterBar.Left)
    def _filter_left(self) -> None:
        self.table.focus()
        self.query_one(FilterBar).close_if_empty()

    def _look_for(self, text: str) -> None:
        self.filter = text
        self.draw()
