"""Screens whose keys are actions, full-screen tables, and the help on the keys of a place."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cache
from textwrap import wrap
from typing import TYPE_CHECKING, Any, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen

from ollama_tui.formatting import StyledLine, inert
from ollama_tui.tui.actions import ACTIONS, BY_ID
from ollama_tui.tui.actions.action import FOOTER_ALWAYS, Action, Place, why_not
from ollama_tui.tui.actions.keymap import KEY_NAMES, no_key
from ollama_tui.tui.widgets.filter_bar import FilterBar
from ollama_tui.tui.widgets.pane import Pane, has_borders
from ollama_tui.tui.widgets.status import footer_line
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_layout import spread

if TYPE_CHECKING:
    from ollama_tui.tui.actions.action import Chosen
    from ollama_tui.tui.app import OllamaTui
    from ollama_tui.tui.screens.main_context import MainScreenContext


Message = tuple[str, str, bool]
"""Title, hint, and whether something is wrong."""


@cache
def actions_of(region: Place) -> list[Action]:
    """Return the actions of a region; the footer asks for them with every move of the cursor."""
    return [action for action in ACTIONS if region in action.place.regions]


def bindings(place: Place) -> list[BindingType]:
    """Return the bindings of the actions of one place.

    An action without keys has a binding nobody can press, for users who give it a key.
    """
    return [
        Binding(
            a.keys or no_key(a.id),
            f"screen.run('{a.id}')",
            a.label,
            show=False,
            id=a.id,
            tooltip=a.help,
        )
        for a in ACTIONS
        if a.place is place
    ]


class ActionScreen(Screen[None]):
    """A screen that runs actions by their keys, lists those keys, and finds actions by name.

    Each has the same lines about what it holds: above it the status of the server, below it the
    jobs with the deletion that can still be undone, and the keys. The main screen, which knows all
    of it, draws them.
    """

    BINDINGS = [*bindings(Place.EVERYWHERE), *bindings(Place.NOT_JOBS)]
    context: MainScreenContext
    _messages: Sequence[Message] = ()
    """Those shown now."""

    def __init__(self) -> None:
        super().__init__()
        self._strips: dict[str, StaticLines] = {}
        self._table: Table[Any] | None = None

    @property
    def tui(self) -> OllamaTui:
        """The app."""
        return cast("OllamaTui", self.app)

    @property
    @abstractmethod
    def place(self) -> Place:
        """The region that the keys go to."""

    @property
    def table(self) -> Table[Any]:
        """The table that the actions are about; every move of the cursor asks for it."""
        if self._table is None:
            self._table = self.query_one(Table)
        return self._table

    @property
    def is_composed(self) -> bool:
        """Whether its table is there: news of jobs may come while a screen is being opened."""
        return bool(self.query(Table))

    @property
    def chosen(self) -> Chosen:
        """The row under the cursor, for `ActionContext.chosen`."""
        row: Chosen = self.table.row if self.is_composed else None
        return row

    @property
    def actions(self) -> list[Action]:
        """The actions of the region that the keys go to."""
        return actions_of(self.place)

    def compose(self) -> ComposeResult:
        """Choose whether panes have borders, before there are any: else all is styled twice."""
        if has_borders(self.app.size):
            self.add_class("-bordered", update=False)
        yield from ()

    @on(events.Resize)
    def _fit_size(self, event: events.Resize) -> None:
        self.set_class(has_borders(event.size), "-bordered")
        self.show_messages(self._messages)

    def show_lines(self, region: str, lines: Sequence[StyledLine]) -> None:
        """Show the status, the jobs or the footer, if it is there already; hide an empty one."""
        if (strip := self._strip(region)) is not None:
            strip.display = bool(lines)
            strip.show(lines)

    def _strip(self, region: str) -> StaticLines | None:
        """Return one of the strips, which every move of the cursor asks for; None before it is
        there."""
        if region not in self._strips:
            found = self.query(f"#{region}").results(StaticLines)
            self._strips.update((region, strip) for strip in found)
        return self._strips.get(region)

    def show_messages(self, messages: Sequence[Message]) -> None:
        """Show messages above the jobs, in lines for the size the screen has.

        The newest come first where not all have room: half of the screen.
        """
        self._messages = messages
        room, lines = max(3, self.size.height // 2), list[StyledLine]()
        for title, hint, is_trouble in reversed(messages):
            sign, style = ("!", "bad") if is_trouble else (self.tui.signs.dot, "accent")
            paragraphs = f"{title} {hint}".strip().split("\n")
            width = max(self.size.width - 4, 20)
            wrapped = [line for part in paragraphs for line in wrap(inert(part), width)]
            signs = (sign, *" " * len(wrapped))
            if lines and len(lines) + len(wrapped) > room:
                break
            said = zip(signs, wrapped[:room], strict=False)
            lines[:0] = [((f" {mark} ", style), (line, "strong")) for mark, line in said]
        self.show_lines("messages", lines)

    @property
    def lines_below(self) -> int:
        """How many lines the jobs and the keys take."""
        return sum(strip.region.height for strip in self.query("#jobs, #footer"))

    def on_mount(self) -> None:
        """Draw with each move of the cursor what depends on it, and messages for each layout."""
        if self.is_composed:
            self.table.moved = self.cursor_moved
        self.screen_layout_refresh_signal.subscribe(
            self, lambda _: self.place_messages(), immediate=True
        )

    @on(Table.Moved)
    def _row_changed(self) -> None:
        self.cursor_moved()

    def cursor_moved(self) -> None:
        """Draw what depends on the row under the cursor."""
        self.place_messages()

    def place_messages(self) -> None:
        """Put the messages above jobs and keys, over the border, and never over the cursor."""
        messages = self._strip("messages")
        if messages is None or not messages.display:
            return
        end = self.query_one("#body").region.bottom
        if (cursor := self.table.cursor_line) is not None:
            covered = end - len(messages.lines) <= cursor < end
            end = cursor if covered else end
        below = self.size.height - end
        if messages.styles.margin.bottom != below:
            messages.styles.margin = (0, 0, below, 0)

    @on(FilterBar.Left)
    def _choose_row(self, event: FilterBar.Left) -> None:
        if event.chooses:
            self.table.pin()

    def draw_footer(self) -> None:
        """Show the keys that matter here."""
        self.show_lines("footer", [self.footer()])

    def footer(self) -> StyledLine:
        """Return the keys that matter here, dimmed where they cannot act now."""
        rows = sorted(
            (a for a in self.actions if a.footer and a.in_footer(self.context)),
            key=lambda action: action.footer,
        )
        keys: list[tuple[str, str, bool]] = []
        always: list[tuple[str, str, bool]] = []
        for row in rows:
            shown = next(iter(self.tui.keymap.shown(row)), "")
            key = (shown, self.label_of(row), why_not(row, self.context) is None)
            (keys if row.footer < FOOTER_ALWAYS else always).append(key)
        return footer_line(keys, always, self.size.width)

    def field_footer(self, keys: Sequence[tuple[str, str, bool]]) -> StyledLine:
        """Return the keys of a field while it is typed in."""
        spelled = [(self.tui.signs.spelled(key), label, acts) for key, label, acts in keys]
        return footer_line(spelled, (), self.size.width)

    def label_of(self, action: Action) -> str:
        """Return what the footer says an action does, where that differs from time to time."""
        return action.label

    def action_run(self, action_id: str) -> None:
        """Run an action, or say why it cannot act now."""
        self.context.start(BY_ID[action_id], self)

    async def action_show_table(self, name: str) -> None:
        """Show one of the full-screen tables."""
        await self.context.show_table(name)

    async def action_show_keys(self) -> None:
        """Show the keys that work here, until they are left."""
        from ollama_tui.tui.help import KeyHelp

        await self.context.show(KeyHelp(self.actions, self.context, self.tui.keymap))

    async def action_show_palette(self) -> None:
        """Find an action by its name, and run it; or say where it works, if that is not here."""
        from ollama_tui.tui.palette import PaletteScreen, works_in

        recent, here = self.context.recent, self.actions
        palette = PaletteScreen(here, self.context, self.tui.keymap, recent)
        if (chosen := await self.context.show(palette)) is None:
            return
        if (action := BY_ID[chosen]) not in here:
            self.tui.tell(works_in(action, here, self.tui.keymap))
        else:
            recent[:] = [chosen, *(id_ for id_ in recent if id_ != chosen)]
            self.action_run(chosen)


def drops_repeated(app: OllamaTui, key: events.Key) -> bool:
    """Say that a key which has opened or closed a screen is not taken twice, and return True.

    The key that quits has a rule of its own.
    """
    binding = app.screen.active_bindings.get(key.key)
    action = BY_ID.get(binding.binding.id or "") if binding is not None else None
    if action is not None and action.id == "app.quit":
        return False
    if action is not None:
        shown = KEY_NAMES.get(key.key, key.character or key.key)
        app.tell(f"Press {shown} again for “{action.label}”.")
    return True


class TableScreen(ActionScreen, ModalScreen[None]):
    """A table over the whole screen.

    Its subclasses bind the actions of their place, and say which of them `enter` on a row runs.
    """

    DEFAULT_CSS = """
    TableScreen {
        align: left top;
        background: $background;

        & > Vertical { height: 1fr; }
        #heading { height: 1; }
        &.-bordered #heading { display: none; }
    }
    """

    title_text: str
    on_enter = ""
    """Id of the action that `enter` runs on a row; empty for none."""

    def __init__(self, context: MainScreenContext) -> None:
        super().__init__()
        self.context = context
        self._drawn: tuple[object, ...] | None = None

    def compose(self) -> ComposeResult:
        """Lay out heading, regions and keys."""
        yield from super().compose()
        with Vertical():
            yield StaticLines(id="status")
            yield StaticLines(id="heading")
            with Pane(id="body"):
                yield from self.regions()
            yield StaticLines(id="messages")
            yield StaticLines(id="jobs")
            yield StaticLines(id="footer")

    @abstractmethod
    def regions(self) -> ComposeResult:
        """Yield what the pane holds; one of them is a table."""

    def on_mount(self) -> None:
        """Give the table the keys; show what is the same on all screens."""
        self.table.focus()
        self.context.draw_frame(self)

    def cursor_moved(self) -> None:
        """Draw what depends on the row under the cursor."""
        super().cursor_moved()
        self.draw_for_row()

    @on(Table.Chosen)
    def _row_chosen(self) -> None:
        if self.on_enter:
            self.action_run(self.on_enter)

    def action_back(self) -> None:
        """Go back to the list."""
        self.dismiss(None)

    @on(events.Resize)
    def _draw_all(self) -> None:
        """Draw for the new size."""
        self.context.draw_frame(self)
        self.draw()

    def draw(self, _: object = None) -> None:
        """Show what is known now, unless the screen was left: news may come after that."""
        if self.is_attached and self.query("#heading") and self.query(Table):
            self.draw_now()
            self.draw_for_row()

    @abstractmethod
    def draw_now(self) -> None:
        """Show what is known now."""

    def draw_for_row(self) -> None:
        """Show what depends on the row under the cursor: at least which keys can act."""
        self.draw_footer()

    def show_rows(self, rows: Sequence[object]) -> None:
        """Show `rows` unless they are what is shown: the same again costs the link nothing."""
        if self._drawn != tuple(rows):
            self._drawn = tuple(rows)
            self.table.show(rows)

    @property
    def room(self) -> int:
        """Cells of a line in the pane."""
        return max(self.size.width - (2 if has_borders(self.size) else 0), 0)

    def show_heading(self, facts: str) -> None:
        """Show the title and, at the other end, what the rows add up to."""
        left: StyledLine = ((f" {self.title_text}", "strong"),)
        line = spread(left, ((f"{facts} ", "muted"),), self.size.width)
        self.query_one("#heading", StaticLines).show([line])
        self.query_one(Pane).entitle(self.title_text, facts)


def message_lines(title: str, hint: str, style: str, width: int) -> list[StyledLine]:
    """Return what happened and what to do, as lines of `width` cells; none for no title."""
    text = inert(f"{title} {hint}".strip())
    return [((f" {line}", style),) for line in wrap(text, max(width - 2, 20))]
