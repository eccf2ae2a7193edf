"""A tab of Discover: a model of ollama.com, or of any registry, looked up by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ollama_tui.api.errors import NotFound, OllamaError
from ollama_tui.domain import names
from ollama_tui.domain.published import LayerRow, PublishedModel, layer_rows, published_lines
from ollama_tui.formatting import StyledLine, exact, inert, size
from ollama_tui.tui.actions.action import Place, connected
from ollama_tui.tui.actions.transfers import TYPING_PAUSE
from ollama_tui.tui.screens.action_screen import message_lines
from ollama_tui.tui.screens.discover_tab import DiscoverTab, table_of
from ollama_tui.tui.widgets.filter_bar import KeyHints
from ollama_tui.tui.widgets.row_source import RowSource, TableColumn
from ollama_tui.tui.widgets.table import Table

NO_LIST = (
    "ollama.com has no search API. Type a name with /, as in qwen3:8b or user/model:tag, "
    "and its registry says what there is."
)


class LayerRows(RowSource[LayerRow]):
    """The source of a table of layers."""

    all_columns = (
        TableColumn("LAYER", 12, most=40, flexible=True, id="kind"),
        TableColumn("SIZE", 8, "right", id="size"),
        TableColumn("HERE", 5, id="here", priority=1),
        TableColumn("DIGEST", 19, id="digest", priority=2),
    )

    def cells(self, row: LayerRow, columns: Sequence[TableColumn]) -> Sequence[StyledLine]:
        """Return what each column says."""
        texts: dict[str, StyledLine] = {
            "kind": ((row.kind, ""),),
            "size": ((size(row.layer.size), ""),),
            "here": (("here", "good") if row.is_here else ("", ""),),
            "digest": ((inert(row.layer.digest)[:19], "muted"),),
        }
        return [texts[column.id] for column in columns]


class LibraryTab(DiscoverTab):
    """What the registry has under a typed name."""

    id = "library"
    title = "Library"
    place = Place.LIBRARY
    filter_keys: KeyHints = (("⏎", "look it up", True), ("esc", "forget it", True))
    examples = "a name, such as qwen3:8b, user/model:tag or hf.co/user/repository:Q4_K_M"
    _table: Table[Any]

    def __init__(self, screen: Any) -> None:
        super().__init__(screen)
        self._table = table_of(LayerRows(), self.id)
        self.found: PublishedModel | None = None
        """The model that was looked up."""
        self._trouble: OllamaError | None = None
        self._asking = ""
        """The name that is looked up now."""

    def tables(self) -> Sequence[Table[Any]]:
        """Return its table."""
        return (self._table,)

    @property
    def table(self) -> Table[Any]:
        """The table of layers."""
        return self._table

    def open(self) -> None:
        """Ask for nothing: no name is typed yet."""

    def filter_by(self, text: str) -> None:
        """Look a name up once it was not changed for a while."""
        self.view = replace(self.view, filter=text)
        self._look_up(text.strip(), TYPING_PAUSE)

    def filter_left(self) -> None:
        """Look the name up at once."""
        name = self.view.filter.strip()
        if self.found is None or not names.same(self.found.name, name):
            self._look_up(name)

    def ask(self) -> None:
        """Look the name up again."""
        self._look_up(self.view.filter.strip())

    def _look_up(self, name: str, after: float = 0.0) -> None:
        self.found = self._trouble = None
        self._asking = name
        work = self._asked(name, after)
        self.screen.run_worker(work, exclusive=True, group="library", description="look up")
        self.screen.draw()

    async def _asked(self, name: str, after: float) -> None:
        if after and name:
            await self.screen.tui.clock.sleep(after)
        try:
            if name:
                services = connected(self.screen.context)
                self.found = await services.updates.published(name)
        except names.InvalidName as wrong:
            self._trouble = OllamaError(str(wrong))
        except NotFound as error:
            self._trouble = OllamaError(error.title, "Check its spelling, and its tag.")
        except OllamaError as error:
            self._trouble = error
        self._asking = ""
        self.screen.draw()

    def draw(self) -> None:
        """Show the layers of what was found."""
        found, trouble = self.found, self._trouble
        empty = f"Asking for {inert(self._asking)} …" if self._asking else NO_LIST
        lines = []
        if trouble is not None:
            lines = message_lines(trouble.title, trouble.hint, "bad", self.screen.room)
            empty = "" if self.view.filter else empty
        heading = f"{found.name}  {exact(found.manifest.size)}" if found else "by name"
        self.show(layer_rows(found) if found else (), empty, inert(heading), lines)

    def lines(self) -> Sequence[StyledLine]:
        """Return what is known of the model."""
        if self.found is None:
            return []
        models = self.screen.context.snapshot.models
        return published_lines(self.found, models, self.screen.tui.clock.now())
