"""The form that makes a model from another, or changes an existing one.

Loaded only when it is opened: the editors of long text it uses take time to import.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from ollama_tui.api.replies import Show
from ollama_tui.api.requests import CreateRequest
from ollama_tui.config.drafts import DraftFile
from ollama_tui.domain.create.form import Draft, begin
from ollama_tui.domain.create.preview import text_of, typed_into
from ollama_tui.domain.create.validation import Note, notices, problem
from ollama_tui.domain.model import Model
from ollama_tui.tui.dialogs.confirm import confirm_replace
from ollama_tui.tui.dialogs.create_parameters import ParametersTab
from ollama_tui.tui.dialogs.create_parts import HEIGHTS
from ollama_tui.tui.dialogs.create_preview import PreviewPane, PreviewTab
from ollama_tui.tui.dialogs.create_tabs import BaseTab, PromptTab, QuantizeTab, Tab
from ollama_tui.tui.dialogs.create_texts import LicenseTab, MessagesTab
from ollama_tui.tui.dialogs.dialog import Form
from ollama_tui.tui.themes import styles_folder
from ollama_tui.tui.widgets.buttons import LineButton
from ollama_tui.tui.widgets.tab_bar import Picker, TabBar

TABS = (
    ("base", "Base"),
    ("prompt", "Prompt"),
    ("parameters", "Parameters"),
    ("messages", "Messages"),
    ("license", "License"),
    ("quantize", "Quantize"),
    ("preview", "Preview"),
)
KEYS = "ctrl+n next tab  ctrl+o back  esc cancel"


@dataclass(frozen=True)
class CreateAnswer:
    """What to send, and what it may replace."""

    request: CreateRequest
    replaces: str | None = None
    """Digest of the model that may be replaced; None where none is to be there."""


class CreateDialog(Form[CreateAnswer]):
    """Edits a draft; dismisses with what it stands for, or None when left."""

    CSS_PATH = [styles_folder() / "create.tcss"]
    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = HEIGHTS
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
        *,
        edit: bool = False,
        free: int | None = None,
        draft_file: DraftFile | None = None,
    ) -> None:
        super().__init__()
        self.draft_file = draft_file
        self.start = self.draft = begin(models, base, show, edit=edit, free=free)
        if draft_file is not None and draft_file.goes_on:
            self.draft = typed_into(self.start, draft_file.text)
        self.heading = self._heading()

    def compose(self) -> ComposeResult:
        """Lay out heading, tabs, message and keys."""
        with Vertical(classes="form"):
            yield Static(self.heading, classes="heading", markup=False)
            yield Picker(TABS, id="strip")
            with Horizontal(classes="work"):
                with Vertical(classes="tabs"):
                    yield from self._tabs()
                yield PreviewPane(self.draft, id="beside", to_read=False)
            yield Static(classes="message", markup=False)
            yield Static(classes="tab-keys", markup=False)
            with Horizontal(classes="foot"):
                yield LineButton("Save ctrl+g" if self.start.edit else "Create ctrl+g", id="create")
                yield Static(KEYS, classes="keys", markup=False)

    def _heading(self) -> str:
        base = self.start.base_model
        if base is None:
            return "Create a model"
        return f"Edit {base.label}" if self.start.edit else f"Create a model from {base.label}"

    def _tabs(self) -> ComposeResult:
        draft = self.draft
        yield BaseTab(draft)
        yield PromptTab(draft)
        yield ParametersTab(draft, id="parameters")
        yield MessagesTab(draft, id="messages")
        yield LicenseTab(draft, id="license")
        yield QuantizeTab()
        yield PreviewTab(draft)

    def on_mount(self) -> None:
        """Begin with the first tab."""
        self._open("base")

    @property
    def tab(self) -> Tab:
        """The tab that is open."""
        return self.query_one(f"#{self.query_one('#strip', Picker).active}", Tab)

    def _open(self, name: str) -> None:
        """Show one tab and let it take the keys, unless the strip has them."""
        for tab in self.query(Tab):
            tab.display = tab.id == name
        self.query_one("#beside").set_class(name == "preview", "-again")
        self._draw()
        if self.focused is not self.query_one("#strip"):
            self.tab.enter()

    def _draw(self) -> None:
        self.tab.show(self.draft)
        self.query_one("#beside", PreviewPane).show(self.draft)
        self.query_one(".tab-keys", Static).update(self.tab.keys)
        wrong = problem(self.draft)
        message = self.query_one(".message", Static)
        message.set_class(wrong is not None, "-problem")
        message.update(wrong.words if wrong else self._notice())

    def _notice(self) -> str:
        """Return what to know here; on the last tab, everything."""
        here = self.tab.id
        return " ".join(n.words for n in notices(self.draft) if here in (n.tab, "preview"))

    @on(TabBar.Activated, "#strip")
    def _turned(self, event: TabBar.Activated) -> None:
        self._open(event.tab)

    @on(Tab.Edited)
    def _edited(self, event: Tab.Edited) -> None:
        self.draft = event.change(self.draft)
        self._keep(self.draft)
        self._draw()

    @on(Tab.Typing)
    def _typing(self, event: Tab.Typing) -> None:
        self._keep(event.change(self.draft))

    def _keep(self, draft: Draft) -> None:
        if self.draft_file is not None:
            self.draft_file.keep(partial(text_of, draft) if draft != self.start else None)

    def action_turn(self, by: int) -> None:
        """Go to the next or the previous tab."""
        strip = self.query_one("#strip", Picker)
        if by > 0:
            strip.next()
        else:
            strip.previous()

    @on(LineButton.Pressed)
    def action_submit(self) -> None:
        """Answer, unless something is wrong, then go there, or lost by it, then ask."""
        there = None if self.draft.edit else self.draft.target_model
        if (wrong := problem(self.draft)) is not None:
            self._go_to(wrong)
        elif there is not None:
            self.app.push_screen(confirm_replace(there), self._replace)
        else:
            self.dismiss(self._answer())

    def _replace(self, yes: bool | None) -> None:
        if yes:
            self.dismiss(self._answer())

    def _answer(self) -> CreateAnswer:
        there = self.draft.target_model
        return CreateAnswer(self.draft.request(), there.digest if there else None)

    def _go_to(self, note: Note) -> None:
        self.query_one("#strip", Picker).activate(note.tab)
        self.app.bell()

    def would_lose(self) -> bool:
        """Whether anything was typed."""
        return self.draft != self.start
