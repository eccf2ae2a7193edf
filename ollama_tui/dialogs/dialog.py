"""The shape all dialogs share: a title, fields, one line for what is wrong, one for the keys."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Static

from ollama_tui.text import size

if TYPE_CHECKING:
    from ollama_tui.catalog.model import Model

T = TypeVar("T")


class Dialog(ModalScreen[T | None], Generic[T]):
    """Asks one question; dismisses with a typed value, or None when left."""

    BINDINGS = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+g", "submit", "Go"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    heading = ""
    """The question, as a title."""
    verb = "OK"
    """What enter does, in a word."""

    def compose(self) -> ComposeResult:
        """Lay out heading, fields, message and keys."""
        with Vertical(classes="dialog"):
            yield Static(self.heading, classes="heading", markup=False)
            yield from self.fields()
            yield Static("", classes="message", markup=False)
            yield Static(self.keys_line(), classes="keys", markup=False)

    @abstractmethod
    def fields(self) -> ComposeResult:
        """Yield the widgets to fill in."""

    @abstractmethod
    def problem(self) -> str | None:
        """Return why the form cannot be sent as it is, as a sentence; None when it can."""

    def notice(self) -> str:
        """Return what the user should know although it can be sent."""
        return ""

    def replaced(self) -> Model | None:
        """Return the model that would be replaced: that is asked about, as nothing undoes it."""
        return None

    @abstractmethod
    def answer(self) -> T:
        """Return the value of a form without problem."""

    def keys_line(self) -> str:
        """Return the line that names the keys."""
        return f"enter {self.verb}   esc cancel"

    def on_mount(self) -> None:
        """Say what is missing from the start, quietly; nothing blinks over a slow link."""
        for field in self.query(Input):
            field.cursor_blink = False
        self.review()

    @on(Input.Changed)
    @on(Checkbox.Changed)
    def review(self) -> None:
        """Show what is wrong or worth knowing."""
        if not self.is_attached or not self.query(".message"):
            return  # a late answer, or a late change of an input, after the dialog has closed
        problem = self.problem()
        message = self.query_one(".message", Static)
        message.set_class(problem is not None, "-problem")
        message.update(problem or self.notice())

    @on(Input.Submitted)
    def action_submit(self) -> None:
        """Answer, unless something is wrong, then show it, or lost by it, then ask."""
        if self.problem() is not None:
            self.review()
            self.app.bell()
        elif (model := self.replaced()) is not None:
            self.app.push_screen(replacing(model), self._replace)
        else:
            self.dismiss(self.answer())

    def _replace(self, yes: bool | None) -> None:
        if yes:
            self.dismiss(self.answer())

    def action_leave(self) -> None:
        """Answer nothing."""
        self.dismiss(None)


def labelled(label: str, field: Widget) -> ComposeResult:
    """Yield a label above its field."""
    yield Static(label, classes="label", markup=False)
    yield field


def replacing(model: Model) -> Confirm:
    """Return the question whether a model may be replaced."""
    lines = (f"{size(model.size)}, and it cannot be brought back: z undoes deletions only.",)
    return Confirm(f"Replace {model.label}, which is there already?", lines, "replace")


class Confirm(ModalScreen[bool]):
    """A yes-or-no question: `y` is yes, `n` and `esc` are no, `enter` does nothing."""

    BINDINGS = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
        Binding("j", "scroll_facts(1)", show=False),
        Binding("k", "scroll_facts(-1)", show=False),
    ]

    def __init__(self, heading: str, lines: tuple[str, ...] = (), yes: str = "yes") -> None:
        super().__init__()
        self.heading = heading
        self.lines = lines
        self.yes = yes

    def compose(self) -> ComposeResult:
        """Lay out question, facts and keys."""
        with Vertical(classes="dialog"):
            yield Static(self.heading, classes="heading", markup=False)
            with VerticalScroll(classes="facts"):
                yield Static("\n".join(self.lines), markup=False)
            yield Static(f"y {self.yes}   n no", classes="keys", markup=False)

    def action_scroll_facts(self, lines: int) -> None:
        """Show more of the facts; the arrow keys do it too."""
        self.query_one(".facts").scroll_relative(y=lines, animate=False)

    def action_answer(self, yes: bool) -> None:
        """Answer the question."""
        self.dismiss(yes)
