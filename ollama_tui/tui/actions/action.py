"""What an action is: one row with its keys, what it does, where, and why it cannot act now.

The keymap says which keys each has in the end: its usual ones, or those of the config file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from ollama_tui.api.errors import OllamaError
from ollama_tui.config.settings import Settings

if TYPE_CHECKING:
    from textual.screen import ModalScreen, Screen

    from ollama_tui.api.client import Ollama
    from ollama_tui.config.drafts import Drafts
    from ollama_tui.config.saved_filters import SavedFilters
    from ollama_tui.domain.discover import Discovered
    from ollama_tui.domain.model import Model, ModelKey, Snapshot
    from ollama_tui.domain.orders import SortColumn
    from ollama_tui.domain.rows import View
    from ollama_tui.domain.storage.report import StorageRow
    from ollama_tui.domain.update_rows import UpdateRow
    from ollama_tui.services.connection import Services
    from ollama_tui.services.jobs.job import Job

    Chosen = Model | Job | StorageRow | UpdateRow | Discovered | ModelKey | None
    """A row of the list, of another view; of running models name and digest."""


T = TypeVar("T")


FOOTER_ALWAYS = 90
"""From this order on, a key is in the footer even where others have no room."""


class Place(StrEnum):
    """Where a key works: in one region of the program, or in several of them."""

    LIST = "in the list"
    DETAILS = "in the details"
    STORAGE = "in storage"
    RUNNING = "in running models"
    JOBS = "in jobs"
    UPDATES = "in updates"
    COMPARE = "in a comparison"
    CLOUD = "in the catalogue"
    FIT = "in fit"
    HUB = "on Hugging Face"
    LIBRARY = "in the library"
    DISCOVER = "in Discover"
    LIST_AND_DETAILS = "in the list and the details"
    NOT_JOBS = "everywhere but in jobs"
    MODEL_TABLES = "in the list and the other tables of models"
    TABLES_BESIDE_LIST = "in the other tables"
    EVERYWHERE = "everywhere"

    @property
    def regions(self) -> tuple[Place, ...]:
        """The regions that it consists of; itself, if it is one."""
        return _REGIONS.get(self, (self,))


_OF_MODELS = (Place.STORAGE, Place.RUNNING, Place.UPDATES, Place.CLOUD, Place.FIT)
_LOOKED_UP = (Place.HUB, Place.LIBRARY)
_BUT_JOBS = (Place.LIST, Place.DETAILS, *_OF_MODELS, *_LOOKED_UP, Place.COMPARE)
_REGIONS = {
    Place.LIST_AND_DETAILS: (Place.LIST, Place.DETAILS),
    Place.NOT_JOBS: _BUT_JOBS,
    Place.MODEL_TABLES: (Place.LIST, *_OF_MODELS),
    Place.DISCOVER: (Place.CLOUD, *_LOOKED_UP),
    Place.TABLES_BESIDE_LIST: (*_OF_MODELS, *_LOOKED_UP, Place.JOBS),
    Place.EVERYWHERE: (*_BUT_JOBS, Place.JOBS),
}


class ActionGroup(StrEnum):
    """Headings of the key help, in display order."""

    LOOK = "Look"
    MARK = "Mark and sort"
    CHANGE = "Change models"
    MEMORY = "Memory"
    JOBS = "Jobs"
    APP = "Program"


class ActionContext(Protocol):
    """What an action sees of the program, and what it may ask of it."""

    drafts: Drafts
    """What was typed and not sent."""
    saved_filters: SavedFilters
    """Filters that were saved in the program."""

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot."""

    @property
    def view(self) -> View:
        """The user's filter, order and marks."""

    @property
    def columns(self) -> Sequence[SortColumn]:
        """What the rows can be sorted by."""

    @property
    def rows(self) -> tuple[Model, ...]:
        """The models shown, in order."""

    @property
    def current(self) -> Model | None:
        """The model under the cursor."""

    @property
    def targets(self) -> tuple[Model, ...]:
        """The marked models, else the current one, else none."""

    @property
    def services(self) -> Services | None:
        """What acts on the server; None until connected."""

    @property
    def chosen(self) -> Chosen:
        """The row at the cursor of the screen on top, below its dialogs; None for no row."""

    @property
    def settings(self) -> Settings:
        """The settings of this run: the server's address, read-only mode, the time to undo."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Addresses of the servers known, the last used first."""

    @property
    def location(self) -> object:
        """The screen and the field the user is in: equal while they open and enter no other."""

    @property
    def in_details(self) -> bool:
        """Whether the keys go to the details of a model."""

    async def ask(self, dialog: ModalScreen[T]) -> T | None:
        """Show `dialog` and return its answer; None when it was left."""

    async def show(self, screen: Screen[T]) -> T | None:
        """Open `screen` and return what it is dismissed with."""

    async def rest(self, seconds: float) -> None:
        """Wait until the user is in the list and has pressed no key for so long."""

    def tell(self, title: str, hint: str = "", *, trouble: bool = False) -> None:
        """Say something once."""

    def set_view(self, view: View) -> None:
        """Show the list by `view`."""

    def move_to(self, target: ModelKey | str) -> None:
        """Put the cursor on a row, or on the first one of a name, once it is in the list."""

    def clipboard(self, text: str, what: str) -> None:
        """Send `text` to the terminal's clipboard."""

    def go_to(self, address: str) -> None:
        """Leave this server for another; raises ValueError for what is no address."""

    async def edit(self, file: Path) -> Edited:
        """Let the user edit a file in their editor; say how that ended."""


@dataclass(frozen=True)
class Edited:
    """How the user's editor ended."""

    opened: bool
    """Whether it had the file at all."""
    trouble: str = ""
    """Why what it saved is not to be taken over unasked, as a sentence; empty when it is."""


@dataclass(frozen=True)
class Action:
    """What the user can do, once: binding, footer, palette, help and README come from it."""

    id: str
    """Dotted name for the config file, such as `model.pull`."""
    keys: str
    """Textual key names, comma-separated; the first is the one shown. Empty: palette only."""
    label: str
    """A word or two for the footer."""
    help: str
    """A sentence for help and palette."""
    run: Callable[[ActionContext], Awaitable[None]] | str
    """What it does: a function, or a Textual action of the screen it is on, or of the app."""
    unavailable: Callable[[ActionContext], str | None] | None = None
    """Why it cannot act now, as a sentence, or None; left out where it always can. Cheap, pure."""
    synonyms: tuple[str, ...] = ()
    """Other words, in lower case, by which the palette finds it."""
    group: ActionGroup = ActionGroup.LOOK
    place: Place = Place.LIST_AND_DETAILS
    footer: int = 0
    """Order in the footer, lowest first; 0 keeps it out, from `FOOTER_ALWAYS` on it always fits."""
    footer_while: Callable[[ActionContext], bool] | None = None
    """When it is in the footer; left out where always. Cheap, pure."""
    changes_server: bool = False
    """Refused in read-only mode."""
    cancels_pending: bool = False
    """Whether it cancels dialogs that are still about to open."""
    keys_wait: bool = True
    """Whether keys typed meanwhile wait, not for long, for what it shows: a dialog, a new row."""

    def in_footer(self, context: ActionContext) -> bool:
        """Whether the footer has room for it now."""
        return self.footer_while is None or self.footer_while(context)

    @property
    def title(self) -> str:
        """The label as the beginning of a line."""
        return self.label[:1].upper() + self.label[1:]


NOT_CONNECTED = "Not connected yet: try again in a moment."


def why_not(action: Action, context: ActionContext) -> str | None:
    """Return why `action` cannot act now, or None."""
    if action.changes_server:
        if reason := context.settings.read_only_reason:
            return f"Read-only: {reason}, so nothing on the server is changed."
        if context.services is None:
            return NOT_CONNECTED
    return action.unavailable(context) if action.unavailable else None


def no_model(context: ActionContext) -> str | None:
    """Say that there is nothing under the cursor."""
    return None if context.current else "There is no model under the cursor."


def not_connected(context: ActionContext) -> str | None:
    """Say that there is no server to ask yet."""
    return None if context.services else NOT_CONNECTED


def connected(context: ActionContext) -> Services:
    """Return the services; the dispatcher has checked that there are some."""
    assert context.services is not None
    return context.services


@asynccontextmanager
async def changing(context: ActionContext) -> AsyncIterator[Ollama]:
    """Give the client to change the server with; then refresh the list once.

    A refusal is raised after that: it may mean that the list was out of date. Where the refresh
    fails, the status line says so, and what was done is done all the same.
    """
    services, refusal = connected(context), None
    try:
        yield services.ollama
    except OllamaError as error:
        refusal = error
    with suppress(OllamaError):
        await services.library.refresh()
    if refusal is not None:
        raise refusal
