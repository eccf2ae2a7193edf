"""The shape all dialogs share: a title, fields, one line for what is wrong, one for the keys."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Static

from ollama_tui.config.drafts import DraftFile, FormKey, shown_path
from ollama_tui.formatting import inert, size
from ollama_tui.tui.dialogs.typed import Typed

if TYPE_CHECKING:
    from ollama_tui.domain.model import Model
    from ollama_tui.services.jobs.replacing import Taken

T = TypeVar("T")


class Form(ModalScreen[T | None], Generic[T]):
    """Takes text that nobody wants to type twice; dismisses with a value, or None when left."""

    form_key: FormKey | None = None
    """As what its draft is kept; None where what is typed is not worth a file."""
    draft_file: DraftFile | None = None
    """The draft, from the moment the form is opened; None where none is kept."""
    heading = ""
    """The question, as a title."""

    @abstractmethod
    def would_lose(self) -> bool:
        """Whether leaving now would throw away more than one would shrug at."""

    def action_leave(self) -> None:
        """Answer nothing; ask first when something was typed."""
        if self.would_lose():
            self.app.push_screen(
                Confirm("Leave and forget what you typed?", yes="leave"), self._leave
            )
        else:
            self._leave(True)

    def _leave(self, yes: bool | None) -> None:
        if yes:
            if self.draft_file is not None:
                self.draft_file.discard()
            self.dismiss(None)


class Dialog(Form[T]):
    """Asks one question; dismisses with a typed value, or None when left."""

    BINDINGS = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+g", "submit", "Go"),
        Binding("ctrl+r", "start_over", "Start over", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    verb = "OK"
    """What enter does, in a word."""
    always_asks = False
    """Whether a prefilled text, changed in one go, is too much to lose as well."""

    def __init__(self) -> None:
        super().__init__()
        self.typing: Callable[[T], None] | None = None
        """Told what the answer would be, whenever something is typed that is one."""
        self._typed: dict[str, Typed] = {}
        """By the id of its field."""

    def compose(self) -> ComposeResult:
        """Lay out heading, fields, message and keys."""
        with Vertical(classes="dialog"):
            yield Static(self.heading, classes="heading", markup=False)
            if (restored := self._restored()) is not None:
                yield Static(restored, classes="restored", markup=False)
            yield from self.fields()
            yield Static("", classes="message", markup=False)
            yield Static(self.keys_line(), classes="keys", markup=False)

    def _restored(self) -> str | None:
        """Say that the fields hold a draft; None when they do not."""
        draft = self.draft_file
        if draft is None or not draft.goes_on:
            return None
        where = f", {shown_path(draft.path)}" if draft.path else ""
        return f"Draft of {draft.at:%H:%M}{where}. ctrl+r starts over."

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
        if not self._typed:
            self._begin()
        self.review()

    # ---- what was typed

    def _begin(self) -> None:
        """Note what the fields hold at first, and put in what the draft says was typed."""
        self._typed = {name: Typed(text) for name, text in self.texts()}
        if self.draft_file is not None and self.draft_file.goes_on:
            for line in self.draft_file.text.splitlines():
                name, _, text = line.partition(": ")
                if name in self._typed:
                    self._typed[name].restore(text)
                    self._put(name, text)

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield the id and the text of each field."""
        for field in self.query(Input):
            yield field.id or "", field.value

    def _put(self, name: str, text: str) -> None:
        field = self.query_one(f"#{name}", Input)
        field.value = text
        field.cursor_position = len(text)
        if field.select_on_focus:  # what is typed next takes its place
            field.action_select_all()

    def fill_in(self, name: str, text: str) -> None:
        """Put a text of ours into a field: it is none that was typed."""
        self._typed[name] = Typed(text)
        self._put(name, text)

    def action_start_over(self) -> None:
        """Put the fields back to what they hold without a draft."""
        for name, typed in self._typed.items():
            self.fill_in(name, typed.start)
        if restored := self.query(".restored"):
            restored.remove()

    def would_lose(self) -> bool:
        """Whether more was typed than a prefilled text changed in one go."""
        self._follow()
        return any(
            typed.is_typed and (self.always_asks or not typed.is_slight)
            for typed in self._typed.values()
        )

    def _follow(self) -> None:
        for name, text in self.texts():
            if name in self._typed:
                self._typed[name].change(text)

    @on(Input.Changed)
    def keep_typed(self) -> None:
        """Have the draft say what the fields hold, as long as that is not what they began with."""
        if not self.is_attached or not self._typed:
            return
        self._follow()
        if self.typing is not None and self.problem() is None:
            self.typing(self.answer())
        if self.draft_file is None:
            return
        changed = any(typed.is_typed for typed in self._typed.values())
        text = "".join(f"{name}: {typed.text}\n" for name, typed in self._typed.items())
        self.draft_file.keep((lambda: text) if changed else None)

    # ---- sending

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


def labelled(label: str, field: Widget) -> ComposeResult:
    """Yield a label above its field."""
    yield Static(label, classes="label", markup=False)
    yield field


def replacing(model: Model) -> Confirm:
    """Return the question whether a model may be replaced."""
    lines = (f"{size(model.size)}, and it cannot be brought back: z undoes deletions only.",)
    return Confirm(f"Replace {model.label}, which is there already?", lines, "replace")


def came(there: Taken) -> Confirm:
    """Return the question whether to replace what nobody knew of when its name was chosen."""
    heading = f"{inert(there.name)} {there.words}. Replace it?"
    lines = ("It cannot be brought back: z undoes deletions only.",)
    return Confirm(heading, lines, "replace", "another name")


class Confirm(ModalScreen[bool]):
    """A yes-or-no question: `y` is yes, `n` and `esc` are no, `enter` does nothing."""

    BINDINGS = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
        Binding("j", "scroll_facts(1)", show=False),
        Binding("k", "scroll_facts(-1)", show=False),
    ]

    def __init__(
        self, heading: str, lines: tuple[str, ...] = (), yes: str = "yes", no: str = "no"
    ) -> None:
        super().__init__()
        self.heading = heading
        self.lines = lines
        self.yes = yes
        self.no = no

    def compose(self) -> ComposeResult:
        """Lay out question, facts and keys."""
        with Vertical(classes="dialog"):
            yield Static(self.heading, classes="heading", markup=False)
            with VerticalScroll(classes="facts"):
                yield Static("\n".join(self.lines), markup=False)
            yield Static(f"y {self.yes}   n {self.no}", classes="keys", markup=False)

    def action_scroll_facts(self, lines: int) -> None:
        """Show more of the facts; the arrow keys do it too."""
        self.query_one(".facts").scroll_relative(y=lines, animate=False)

    def action_answer(self, yes: bool) -> None:
        """Answer the question."""
        self.dismiss(yes)
