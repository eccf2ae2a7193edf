"""The form that makes a model from another, or changes an existing one.

Loaded only when it is opened: the editors of long text it uses take time to import.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from textual import events, on, work
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.css.query import NoMatches
from textual.widgets import Input, Static

from ollama_tui.api.errors import OllamaError
from ollama_tui.api.replies import Show
from ollama_tui.api.requests import CreateRequest
from ollama_tui.config.drafts import DraftFile
from ollama_tui.domain.create.form import CreateForm, begin, inherited
from ollama_tui.domain.create.preview import changes, curl, modelfile, text_of, typed_into
from ollama_tui.domain.create.validation import first_problem, notices
from ollama_tui.domain.memory.available import AvailableMemory
from ollama_tui.domain.model import Model
from ollama_tui.domain.notes import locked_names
from ollama_tui.formatting import inert
from ollama_tui.tui.dialogs.choice import confirm_locked, confirm_replace
from ollama_tui.tui.dialogs.controls import LineButton
from ollama_tui.tui.dialogs.create_lists import LicenseTab, ListTab, MessagesTab, ParametersTab
from ollama_tui.tui.dialogs.create_tabs import BaseTab, Change, PromptTab, QuantizeTab, Tab
from ollama_tui.tui.dialogs.dialog import Form
from ollama_tui.tui.look import styles_folder
from ollama_tui.tui.typeahead import pause_keys
from ollama_tui.tui.widgets.keys_line import KeysLine
from ollama_tui.tui.widgets.tab_bar import Picker, TabBar
from ollama_tui.tui.widgets.text_view import TextView


class PreviewPane(Vertical):
    """A preview of the Modelfile, the curl command or the changes; it follows the typing."""

    BINDINGS = [Binding("v", "next_view", "View", show=False)]

    def __init__(self, form: CreateForm, *, id: str, to_read: bool = True) -> None:
        super().__init__(id=id)
        self._form = form
        self._view = CHANGES if form.edit else MODELFILE
        self._to_read = to_read

    def compose(self) -> ComposeResult:
        """Yield the name of the view, and the text."""
        yield Static(id="view", classes="label", markup=False)
        text = TextView(id="text")
        text.can_focus = self._to_read
        yield text

    def show(self, form: CreateForm) -> None:
        """Draw the text if it is visible."""
        self._form = form
        if self.display:
            self.draw()

    @on(events.Resize)
    def draw(self) -> None:
        """Draw the text; a resize may show what was hidden for want of room."""
        self.query_one("#view", Static).update(self._view)
        text = self.query_one(TextView)
        if self._view == CHANGES:
            text.show(changes(self._form), document=self._view)
        else:
            write, language = WRITERS[self._view]
            text.show(write(self._form.request()), document=self._view, language=language)

    def action_next_view(self) -> None:
        """Go on to the next view."""
        self._view = VIEWS[(VIEWS.index(self._view) + 1) % len(VIEWS)]
        self.draw()


class PreviewTab(Tab):
    """The preview as a tab, where it can be scrolled and its views changed."""

    keys = "v as Modelfile, as curl, what changes"

    def compose(self) -> ComposeResult:
        """Yield the pane."""
        yield PreviewPane(self.form, id="whole")

    def show(self, form: CreateForm) -> None:
        """Draw the pane."""
        self.query_one(PreviewPane).show(form)


MODELFILE = "As a Modelfile: only what is sent"
CURL = "As curl"
CHANGES = "What changes, compared with the base"
VIEWS = (MODELFILE, CURL, CHANGES)
WRITERS = {MODELFILE: (modelfile, "modelfile"), CURL: (curl, "json")}
"""What writes the text of a view, and its language."""

TABS = (
    ("base", "Base"),
    ("prompt", "Prompt"),
    ("parameters", "Parameters"),
    ("messages", "Messages"),
    ("license", "License"),
    ("quantize", "Quantize"),
    ("preview", "Preview"),
)
TAB_TYPES: tuple[type[Tab], ...] = (
    BaseTab,
    PromptTab,
    ParametersTab,
    MessagesTab,
    LicenseTab,
    QuantizeTab,
    PreviewTab,
)
KEYS = "ctrl+n next tab   ctrl+o previous tab   esc cancel"


@dataclass(frozen=True)
class CreateAnswer:
    """What to send, and what it may replace."""

    request: CreateRequest
    replaces: str | None = None
    """Digest of the model that may be replaced; None where no model of that name may exist."""


class CreateDialog(Form[CreateAnswer]):
    """Edits a form; dismisses with the request to send, or None when left.

    `details` returns what show says of a model, or raises OllamaError: it is asked about each base
    that is chosen here.
    """

    CSS_PATH = [styles_folder() / "create.tcss"]
    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = [(0, "-cramped"), (13, "-usual")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    BINDINGS = [
        Binding("escape", "leave", "Cancel", show=False),
        Binding("ctrl+g", "submit", "Create", show=False),
        Binding("ctrl+n,ctrl+right,ctrl+pagedown,pagedown", "turn(1)", "Next tab", show=False),
        Binding("ctrl+o,ctrl+left,ctrl+pageup,pageup", "turn(-1)", "Previous tab", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(
        self,
        models: tuple[Model, ...],
        base: Model | None,
        show: Show | None,
        details: Callable[[Model], Awaitable[Show]],
        *,
        edit: bool = False,
        free: int | None = None,
        available: AvailableMemory | None = None,
        draft_file: DraftFile | None = None,
    ) -> None:
        super().__init__()
        self.draft_file = draft_file
        form = begin(models, base, show, edit=edit, free=free, available=available)
        self.start = self.form = form
        if draft_file is not None and draft_file.is_resumed:
            self.form = typed_into(self.start, draft_file.text)
        self._was_refused = False
        """Whether create was pressed while something was wrong."""
        self._details = details
        self._asked_about: Model | None = None
        """The base that was asked about last."""
        self._is_answered = asyncio.Event()
        self._is_answered.set()
        self.heading = _heading(self.form)

    def compose(self) -> ComposeResult:
        """Lay out heading, tabs, message and keys."""
        with Vertical(classes="form"):
            yield Static(self.heading, classes="heading", markup=False)
            yield Picker(TABS, id="strip")
            with Horizontal(classes="work"):
                with Vertical(classes="tabs"):
                    for (name, _), tab in zip(TABS, TAB_TYPES, strict=True):
                        yield tab(self.form, id=name, edited=self._edited)
                yield PreviewPane(self.form, id="beside", to_read=False)
            yield Static(classes="message", markup=False)
            yield KeysLine(classes="tab-keys")
            with Horizontal(classes="foot"):
                yield LineButton("Save ctrl+g" if self.start.edit else "Create ctrl+g", id="create")
                yield KeysLine(KEYS)

    def on_mount(self) -> None:
        """Open the first tab; cursors do not blink, which would cost bytes on a slow link."""
        for field in self.query(Input):
            field.cursor_blink = False
        self._open()
        self._ask_about_base()

    @property
    def tab(self) -> Tab:
        """The tab that is open."""
        return self.query_one(f"#{self.query_one('#strip', Picker).active}", Tab)

    @on(TabBar.Activated)
    def _open(self) -> None:
        """Show the active tab and focus it, unless the strip has the focus."""
        name = self.query_one("#strip", Picker).active
        for tab in self.query(Tab):
            tab.display = tab.id == name
        self.query_one("#beside").set_class(name == "preview", "-again")
        self.set_class(isinstance(self.tab, ListTab), "-listing")
        self._draw()
        if self.focused is not self.query_one("#strip"):
            self.tab.enter()

    def _draw(self) -> None:
        self.query_one(".heading", Static).update(_heading(self.form))
        self.tab.show(self.form)
        self.query_one("#beside", PreviewPane).show(self.form)
        self.query_one(".tab-keys", KeysLine).show(self.tab.keys)
        wrong = first_problem(self.form)
        message = self.query_one(".message", Static)
        begun = self._was_refused or self.form != self.start
        message.set_class(wrong is not None and begun, "-problem")
        here = self.tab.id  # on the last tab, all notices are shown
        shown = [note.words for note in notices(self.form) if here in (note.tab, "preview")]
        noticed = " ".join(dict.fromkeys(shown))
        if not self._is_answered.is_set():
            noticed = f"Asking what {inert(self.form.source)} brings …"
        message.update(wrong.words if wrong else noticed)

    def _edited(self, change: Change, is_final: bool) -> None:
        form = change(self.form)
        self._save_draft(form)
        if is_final and self.is_attached and self.app.is_running:
            self.workers.cancel_group(self, "create")
            self.form = form
            self._ask_about_base()
            self._draw()

    def read_fields(self) -> None:
        """Update the draft if the fields, or those of a part, hold something else."""
        form = self.form
        for tab in self.query(Tab):
            form = tab.with_fields(form)
        if form != self.form:
            self._save_draft(form)
        for part in filter(None, (tab.part for tab in self.query(Tab))):
            with suppress(NoMatches):  # it has not been opened yet, or was closed meanwhile
                part.read_fields()

    def _save_draft(self, form: CreateForm) -> None:
        if self.draft_file is not None:
            self.draft_file.update(partial(text_of, form) if form != self.start else None)

    # ---- what the base brings

    def _ask_about_base(self) -> None:
        """Ask what the base brings, if it is another one and that is not known."""
        model = self.form.base_model if self.form.is_base_unknown else None
        if model is self._asked_about:
            return
        self._asked_about = model
        if model is None:
            self.workers.cancel_group(self, "learn")
            self._is_answered.set()
        else:
            self._is_answered.clear()
            self._learn(model)

    @work(exclusive=True, group="learn")
    async def _learn(self, model: Model) -> None:
        with suppress(OllamaError):  # the form then says that it is not known
            show = await self._details(model)
            self.form = self.form.with_known(inherited(model.name, show))
            self._save_draft(self.form)
        self._is_answered.set()
        if self.query("#strip"):  # otherwise the form was left meanwhile
            self._draw()

    @on(events.DescendantBlur, "#from")
    @work(group="wait")
    async def _hold_keys_until_answered(self) -> None:
        """Hold the keys pressed next: what they do to a list depends on what is in it."""
        with pause_keys(self):
            await self._is_answered.wait()

    # ---- answering

    def action_turn(self, by: int) -> None:
        """Go to the next or the previous tab."""
        self.query_one("#strip", Picker).action_move(by)

    @on(LineButton.Pressed)
    @work(exclusive=True, group="create")
    async def action_submit(self) -> None:
        """Answer; go to the tab with a problem instead, and ask before a model is replaced.

        A list that extends the inherited one is sent whole, so that one has to be known.
        """
        if self.form.extends:
            with pause_keys(self):
                await self._is_answered.wait()
        there = self.form.target_model
        question = None
        if there is not None:
            question = (
                confirm_locked(locked_names((there,)), "change")
                if self.form.edit
                else confirm_replace(there)
            )
        if (wrong := first_problem(self.form)) is not None:
            self._was_refused = True
            self._draw()
            self.query_one("#strip", Picker).activate(wrong.tab)
            self.app.bell()
        elif question is not None:
            self.app.push_screen(question, self._answer)
        else:
            self._answer(True)

    def _answer(self, yes: bool | None) -> None:
        if yes:
            there = self.form.target_model
            self.dismiss(CreateAnswer(self.form.request(), there.digest if there else None))

    def dismiss(self, result: CreateAnswer | None = None) -> AwaitComplete:
        """Close, and wait for no answer that would save the draft once more."""
        self.workers.cancel_group(self, "learn")
        return super().dismiss(result)

    def would_lose(self) -> bool:
        """Whether anything was typed."""
        return self.form != self.start


def _heading(form: CreateForm) -> str:
    """Return what the form does, and to which model if that is here."""
    if form.edit:
        there = form.target_model
        return f"Edit {there.label if there else inert(form.target)}"
    base = form.base_model
    return f"Create a model from {base.label}" if base else "Create a model"
