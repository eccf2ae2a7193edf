"""Dialogs answered with one key: yes or no, one of a few options, may a model be replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ollama_tui.formatting import inert, size

if TYPE_CHECKING:
    from ollama_tui.domain.model import Model
    from ollama_tui.services.jobs.job import Conflict


NO_UNDO = "This cannot be undone: z only undoes deletions."


class Confirm(ModalScreen[bool]):
    """A yes-or-no question: `y` is yes, `n` and `esc` are no, `enter` does nothing.

    `v` shows `requests`, the requests that yes would send to the server. `b` takes `option` off, or
    on again: what yes does besides, which `with_option` tells. While it is on, `option_lines` and
    `option_requests` stand for the others.
    """

    BINDINGS = [
        Binding("y", "dismiss(True)", "Yes"),
        Binding("n,escape", "dismiss(False)", "No"),
        Binding("v", "show_requests", "Requests"),
        Binding("b", "toggle_option", show=False),
        Binding("j", "scroll_facts(1)", show=False),
        Binding("k", "scroll_facts(-1)", show=False),
    ]

    def __init__(
        self,
        heading: str,
        lines: tuple[str, ...] = (),
        yes: str = "yes",
        no: str = "no",
        *,
        requests: str = "",
        option: str = "",
        option_lines: tuple[str, ...] = (),
        option_requests: str = "",
    ) -> None:
        super().__init__()
        self.option = option
        self.with_option = bool(option)
        self.heading = heading
        self.lines = lines
        self.yes = yes
        self.no = no
        self.requests = requests
        self.option_lines = option_lines
        self.option_requests = option_requests
        self._shows_requests = False

    def compose(self) -> ComposeResult:
        """Lay out question, facts and keys."""
        with Vertical(classes="dialog"):
            yield Static(self.heading, classes="heading", markup=False)
            with VerticalScroll(classes="facts"):
                yield Static("\n".join(self._facts()), markup=False)
            if self.option:
                yield Static(self._option_line(), id="option", markup=False)
            keys = f"y {self.yes}   n {self.no}" + ("   v requests" if self.requests else "")
            keys += "   b on or off" if self.option else ""
            yield Static(keys, classes="keys", markup=False)

    def _option_line(self) -> str:
        return f"b [{'x' if self.with_option else ' '}] {self.option}"

    def action_toggle_option(self) -> None:
        """Take the option off, or on again."""
        if self.option:
            self.with_option = not self.with_option
            self.query_one("#option", Static).update(self._option_line())
            self._show_facts()

    def action_show_requests(self) -> None:
        """Show the requests above the facts, or hide them again."""
        if self.requests:
            self._shows_requests = not self._shows_requests
            self._show_facts()

    def _show_facts(self) -> None:
        self.query_one(".facts Static", Static).update("\n".join(self._facts()))

    def _facts(self) -> tuple[str, ...]:
        on = self.with_option
        sent, lines = (self.requests, self.lines)
        if on:
            sent, lines = self.option_requests, self.option_lines
        return (sent, "", *lines) if self._shows_requests else lines

    def action_scroll_facts(self, lines: int) -> None:
        """Scroll the facts; the arrow keys do it too."""
        self.query_one(".facts").scroll_relative(y=lines, animate=False)


def confirm_replace(model: Model) -> Confirm:
    """Return the question whether an installed model may be replaced."""
    lines = (f"{size(model.size)}. {NO_UNDO}",)
    return Confirm(f"Replace {model.name_label}, which already exists?", lines, "replace")


def confirm_replace_found(found: Conflict) -> Confirm:
    """Return the question whether to replace a model that appeared after its name was chosen."""
    heading = f"{inert(found.name)} {found.words}. Replace it?"
    return Confirm(heading, (NO_UNDO,), "replace", "another name")


DIGITS = frozenset("0123456789")


@dataclass(frozen=True)
class Alternative:
    """An option to choose: its key, and the label that is shown."""

    key: str
    label: str


class Choice(ModalScreen[str | None]):
    """One numbered line per option; `enter` or the number chooses, `esc` leaves.

    A digit that may begin a longer number moves the highlight, and waits for another digit or
    for `enter`.
    """

    BINDINGS = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
    ]

    def __init__(
        self, heading: str, options: tuple[Alternative, ...], *, current: str = "", hint: str = ""
    ) -> None:
        super().__init__()
        self.heading = heading
        self.options = options
        self.current = current
        self.hint = hint or "enter choose   esc cancel"
        self._typed = 0
        """The number typed so far, while another digit may follow; else 0."""

    def compose(self) -> ComposeResult:
        """Lay out the options."""
        with Vertical(classes="dialog"):
            yield Static(self.heading, classes="heading", markup=False)
            yield OptionList(
                *[
                    Option(Content(f"{number}  {option.label}"), id=option.key)
                    for number, option in enumerate(self.options, 1)
                ]
            )
            yield Static(self.hint, classes="keys", markup=False)

    def on_mount(self) -> None:
        """Highlight the current option."""
        keys = [option.key for option in self.options]
        if self.current in keys:
            self.query_one(OptionList).highlighted = keys.index(self.current)

    def on_key(self, event: events.Key) -> None:
        """Choose an option by its number."""
        if self._typed:
            self.query_one(".keys", Static).update(self.hint)
        if event.character not in DIGITS:
            self._typed = 0
            return
        event.stop()
        number = self._typed * 10 + int(event.character)
        if not 0 < number <= len(self.options):
            self._typed = 0
        elif number * 10 > len(self.options):
            self.dismiss(self.options[number - 1].key)
        else:
            self._typed = number
            self.query_one(".keys", Static).update(f"{number}… another digit, or enter")
            self.query_one(OptionList).highlighted = number - 1

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Choose the highlighted option."""
        self.dismiss(event.option.id)

    def action_move(self, by: int) -> None:
        """Move the highlight."""
        options = self.query_one(OptionList)
        if by > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()
