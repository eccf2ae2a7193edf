"""The base of all forms and dialogs: title, fields, a line for problems, a line for keys."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Static

from ollama_tui.config.drafts import DraftFile, FormKey
from ollama_tui.config.safe_file import shown_path
from ollama_tui.formatting import inert, shorten
from ollama_tui.tui.dialogs.choice import Confirm, confirm_replace
from ollama_tui.tui.widgets.keys_line import KeysLine

if TYPE_CHECKING:
    from ollama_tui.domain.model import Model

T = TypeVar("T")
LOST_CELLS = 60
"""Cells of a text in the question whether to lose it."""


class Typed:
    """The text of a field, and what the program had filled in."""

    def __init__(self, start: str) -> None:
        self.start = start
        """What the program has filled in."""
        self.text = start

    @property
    def is_typed(self) -> bool:
        """Whether the text differs from what the program has filled in."""
        return self.text != self.start

    @property
    def is_lost(self) -> bool:
        """Whether leaving would lose it: something was typed, and not only deleted."""
        return bool(self.text.strip()) and self.text.strip() != self.start.strip()


class Form(ModalScreen[T | None], Generic[T]):
    """A screen to type into; dismisses with a value, or None when left."""

    form_key: FormKey | None = None
    """Names the file of its draft; None where what is typed is not worth a file."""
    draft_file: DraftFile | None = None
    """The draft, set before the form is opened; None where none is saved."""
    heading = ""
    """The question, as a title."""

    def on_mount(self) -> None:
        """Let whoever saves all drafts read the fields, from now on until the form is closed."""
        if self.draft_file is not None:
            self.draft_file.read_form = self.read_fields

    def on_unmount(self) -> None:
        """Let nobody read fields that are gone."""
        self._close_draft()

    def _close_draft(self) -> None:
        if self.draft_file is not None:
            self.draft_file.read_form = None

    @abstractmethod
    def read_fields(self) -> None:
        """Update the draft if the fields hold something else; for any thread.

        A field draws a keystroke before the message about it has reached the form, and the program
        may end between the two.
        """

    @abstractmethod
    def would_lose(self) -> bool:
        """Whether leaving now would lose enough to ask first."""

    def lost_texts(self) -> tuple[str, ...]:
        """Return the texts that leaving would lose, where they are few and short; raw."""
        return ()

    def action_leave(self) -> None:
        """Dismiss with None; ask first when typed text would be lost."""
        if self.would_lose():
            lost = tuple(f"“{shorten(inert(text), LOST_CELLS)}”" for text in self.lost_texts())
            question = Confirm("Leave and discard what you typed?", lost, "leave", "stay")
            self.app.push_screen(question, self._leave)
        else:
            self._leave(True)

    def _leave(self, yes: bool | None) -> None:
        if yes:
            self._close_draft()
            if self.draft_file is not None:
                self.draft_file.discard()
            self.dismiss(None)

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close; the draft is now the caller's, with what it was told of last."""
        self._close_draft()
        return super().dismiss(result)


@dataclass(frozen=True)
class Review:
    """The result of checking what the fields of a dialog hold."""

    problem: str | None = None
    """Why it cannot be sent, as a sentence; None when it can.

    Empty while a field is merely empty: that is no error before enter is pressed.
    """
    notice: str = ""
    """What the user should know before it is sent, or what to fill in."""
    replaces: Model | None = None
    """The model that would be replaced; asked about first, as nothing undoes it."""


class Dialog(Form[T]):
    """Asks one question; dismisses with a typed value, or None when left."""

    BINDINGS = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+g", "submit", "Go"),
        Binding("ctrl+r", "start_over", "Start over", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    incomplete = "Nothing is filled in yet."
    """Shown after enter while something is missing and nothing is wrong."""
    verb = "OK"
    """One word for what enter does."""
    keys = "enter {verb}   esc cancel"
    """The line that names the keys."""

    def __init__(self) -> None:
        super().__init__()
        self.typing: Callable[[T], object] | None = None
        """Called with the answer whenever what is typed is a valid one."""
        self._typed: dict[str, Typed] = {}
        """By the id of the field."""

    def compose(self) -> ComposeResult:
        """Lay out heading, fields, message and keys."""
        with Vertical(classes="dialog"):
            yield Static(self.heading, classes="heading", markup=False)
            draft = self.draft_file
            if draft is not None and draft.is_resumed:
                where = f", {shown_path(draft.path)}" if draft.path else ""
                restored = f"Draft of {draft.at:%H:%M}{where}. ctrl+r starts over."
                yield Static(restored, classes="restored", markup=False)
            yield from self.fields()
            yield Static("", classes="message", markup=False)
            yield KeysLine(self.keys.format(verb=self.verb))

    @abstractmethod
    def fields(self) -> ComposeResult:
        """Yield the widgets to fill in."""

    @abstractmethod
    def check(self) -> Review:
        """Return what is wrong with what the fields hold, or what to know before sending it."""

    @abstractmethod
    def answer(self) -> T:
        """Return the value to dismiss with; called only when `check` found no problem."""

    def on_mount(self) -> None:
        """Restore the draft, if there is one, and show the first review.

        Cursors do not blink, which would cost bytes on a slow link.
        """
        for field in self.query(Input):
            field.cursor_blink = False
        typed = {name: Typed(text) for name, text in self.texts()}
        if self.draft_file is not None and self.draft_file.is_resumed:
            for line in self.draft_file.text.splitlines():
                name, _, text = line.partition(": ")
                if name in typed:
                    typed[name].text = text
                    self._put(name, text)
        self._typed = typed  # fields are read from now on
        self.review()

    # ---- what was typed

    def text_of(self, name: str) -> str:
        """Return the text of the field with the id `name`, stripped."""
        return self.query_one(f"#{name}", Input).value.strip()

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield the id and the text of each field."""
        for field in self.query(Input):
            yield field.id or "", field.value

    def _put(self, name: str, text: str) -> None:
        field = self.query_one(f"#{name}", Input)
        field.value = text
        field.cursor_position = len(text)
        if field.select_on_focus:  # so that typing replaces it
            field.action_select_all()

    def fill_in(self, name: str, text: str) -> None:
        """Fill a field in; its text then does not count as typed."""
        self._typed[name] = Typed(text)
        self._put(name, text)

    def action_start_over(self) -> None:
        """Reset the fields to what they hold without a draft."""
        for name, typed in self._typed.items():
            self.fill_in(name, typed.start)
        self.keep_typed()
        if restored := self.query(".restored"):
            restored.remove()

    def would_lose(self) -> bool:
        """Whether anything was typed that is not what the program had filled in."""
        self.read_fields()
        return any(typed.is_lost for typed in self._typed.values())

    def lost_texts(self) -> tuple[str, ...]:
        """Return the texts of the fields that were typed in."""
        return tuple(typed.text for typed in self._typed.values() if typed.is_lost)

    def read_fields(self) -> None:
        """Update the draft if the fields hold something else; for any thread."""
        known = self._typed
        if any(name in known and known[name].text != text for name, text in self.texts()):
            self._keep()

    @on(Input.Changed)
    def keep_typed(self) -> None:
        """Save what the fields hold as the draft, or no draft while nothing has changed."""
        if self.is_attached and self._typed:
            self._keep()

    def _keep(self) -> None:
        for name, text in self.texts():
            if name in self._typed:
                self._typed[name].text = text
        if self.typing is not None and self.check().problem is None:
            self.typing(self.answer())
        if self.draft_file is None:
            return
        changed = any(typed.is_typed for typed in self._typed.values())
        text = "".join(f"{name}: {typed.text}\n" for name, typed in self._typed.items())
        self.draft_file.update((lambda: text) if changed else None)

    # ---- sending

    @on(Input.Changed)
    @on(Checkbox.Changed)
    def review(self) -> None:
        """Show the problem or the notice that `check` returns."""
        if not self.is_attached or not self.query(".message"):
            return  # a late answer, or a late change of an input, after the dialog has closed
        found = self.check()
        message = self.query_one(".message", Static)
        message.set_class(bool(found.problem), "-problem")
        message.update(found.problem or found.notice)

    @on(Input.Submitted)
    def action_submit(self) -> None:
        """Dismiss with the answer; show a problem instead, and ask before a model is replaced."""
        found = self.check()
        if found.problem is not None:
            self.refuse(found)
        elif found.replaces is not None:
            self.app.push_screen(confirm_replace(found.replaces), self._answer)
        else:
            self._answer(True)

    def refuse(self, found: Review) -> None:
        """Show why the answer is not taken, now also of a field that is merely empty."""
        message = self.query_one(".message", Static)
        message.add_class("-problem")
        message.update(found.problem or found.notice or self.incomplete)
        self.app.bell()

    def _answer(self, yes: bool | None) -> None:
        if yes:
            self.dismiss(self.answer())


def labelled(label: str, field: Widget) -> ComposeResult:
    """Yield a label above its field."""
    yield Static(label, classes="label", markup=False)
    yield field
