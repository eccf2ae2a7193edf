"""The tabs of the create form: what they share, the names, the prompt, quantizing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message as Event
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static, TextArea

from ollama_tui.domain import names
from ollama_tui.domain.create.form import CreateForm, TextField
from ollama_tui.domain.create.quantize import targets, why_not
from ollama_tui.formatting import StyledLine, inert, plural, size
from ollama_tui.tui.dialogs.create_parts import Editor
from ollama_tui.tui.dialogs.dialog import Dialog
from ollama_tui.tui.widgets.row_source import CellRow, CellRows, TableColumn
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table

T = TypeVar("T")
Change = Callable[[CreateForm], CreateForm]


class Tab(Vertical):
    """One tab: draws a draft, posts what is to change in it."""

    @dataclass
    class Edited(Event):
        """The draft is to become another."""

        change: Change

    @dataclass
    class Typing(Event):
        """Something is being typed that would change the draft like this."""

        change: Change

    keys = ""
    """The line that names the keys of this tab."""

    def __init__(self, draft: CreateForm, *, id: str) -> None:
        super().__init__(id=id)
        self.draft = draft
        """What was drawn last."""

    def show(self, draft: CreateForm) -> None:
        """Draw the draft."""

    def edit(self, change: Change) -> None:
        """Ask for a change of the draft."""
        self.post_message(self.Edited(change))

    def ask(
        self, dialog: Dialog[T], change: Callable[[T], Change], put: Callable[[T], None]
    ) -> None:
        """Ask for a part of the draft and `put` it there.

        What is typed meanwhile is kept as the `change` that it would be.
        """

        def typing(answer: T) -> None:
            self.post_message(self.Typing(change(answer)))

        def answered(answer: T | None) -> None:
            if answer is not None:
                put(answer)
            else:
                self.edit(lambda draft: draft)  # so that what was thrown away is not kept

        dialog.typing = typing
        self.app.push_screen(dialog, answered)

    def enter(self) -> None:
        """Focus the first thing to fill in."""
        for widget in self.query("*"):
            if widget.focusable:
                widget.focus()
                return


class BaseTab(Tab):
    """The two names, and what the base brings."""

    keys = "enter or tab: next field, right: take the suggestion"

    def compose(self) -> ComposeResult:
        """Yield both names and the facts."""
        start = self.draft
        offered = sorted(m.name for m in start.installed.values() if not names.problem(m.name))
        yield Static("New name" if not start.edit else "Name", classes="label", markup=False)
        yield Input(inert(start.name), id="name", disabled=start.edit, select_on_focus=False)
        yield Static("Base, the model to start from", classes="label", markup=False)
        yield Input(
            inert(start.base),
            id="from",
            placeholder="qwen3:8b",
            select_on_focus=False,
            suggester=SuggestFromList(offered, case_sensitive=False),
        )
        yield StaticLines(id="facts")

    def show(self, draft: CreateForm) -> None:
        """Draw what the base is and brings."""
        self.query_one("#facts", StaticLines).show(base_lines(draft))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        start = self.draft
        if event.input.id == "from":
            base = start.base if event.value == inert(start.base) else event.value
            self.edit(lambda draft: replace(draft, base=base))
        elif not start.edit:
            self.edit(lambda draft: replace(draft, name=event.value))

    @on(Input.Submitted)
    def _next(self) -> None:
        self.screen.focus_next()


def base_lines(draft: CreateForm) -> list[StyledLine]:
    """Return what the base is, or the installed models it may become."""
    model = draft.base_model
    if model is None:
        typed = draft.source.lower()
        near = sorted(m.label for m in draft.installed.values() if typed in m.name.lower())
        return [(("Installed", "title"),), *(((f"  {label}", ""),) for label in near[:30])]
    details = model.listed.details
    where = "in the cloud" if model.is_cloud else size(model.size)
    facts = " · ".join(filter(None, (details.parameter_size, details.quantization_level, where)))
    title = ((f"{model.label}  ", "strong"), (facts, "muted"))
    base = draft.inherited
    if not base.name:
        return [title]
    brings = (
        "a system prompt" if base.system else "",
        "a template" if base.template else "",
        plural(len(base.parameters), "parameter") if base.parameters else "",
        plural(len(base.messages), "message") if base.messages else "",
        "a license" if base.license else "",
    )
    words = ", ".join(filter(None, brings)) or "nothing but its weights"
    return [title, (("Brings ", "muted"), (words, "")), ((CANNOT_CLEAR, "muted"),)]


CANNOT_CLEAR = "Create can replace these and add to them, but not take them away."


class PromptTab(Tab):
    """System prompt and template."""

    keys = "tab: next field"

    def compose(self) -> ComposeResult:
        """Yield both texts."""
        yield Static(id="about-system", classes="label", markup=False)
        yield Editor(self.draft.text("system"), id="system")
        yield Static(id="about-template", classes="label", markup=False)
        yield Editor(self.draft.text("template"), id="template")

    def show(self, draft: CreateForm) -> None:
        """Say where the texts are from; another base brings others, unless they were typed."""
        rebased, self.draft = draft.inherited != self.draft.inherited, draft
        texts: tuple[tuple[TextField, str], ...] = (
            ("system", "System prompt"),
            ("template", "Template"),
        )
        for which, title in texts:
            about = f"{title} — {state(draft, which)}"
            self.query_one(f"#about-{which}", Static).update(about)
            if rebased and getattr(draft, which) is None:
                with self.prevent(TextArea.Changed):
                    self.query_one(f"#{which}", Editor).load_text(draft.text(which))

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        which: TextField = "system" if event.text_area.id == "system" else "template"
        text = event.text_area.text
        self.edit(lambda draft: draft.with_text(which, text))


def state(draft: CreateForm, which: TextField) -> str:
    """Return where a text is from, in words."""
    own: str | None = getattr(draft, which)
    base = draft.inherited
    if own:
        return "changed" if getattr(base, which) else "new"
    if own is None and getattr(base, which):
        return f"inherited from {inert(base.name)}"
    return "stays as inherited" if getattr(base, which) else "none"


class QuantizeTab(Tab):
    """To what the weights are turned."""

    keys = "enter: choose"
    rows = CellRows(
        (
            TableColumn("TYPE", 8, id="type"),
            TableColumn("SIZE", 10, "right", id="size"),
            TableColumn("", 12, flexible=True, id="help"),
        )
    )

    def compose(self) -> ComposeResult:
        """Yield the types, or why there are none."""
        yield Static(id="why-not", markup=False)
        yield Table(self.rows, id="types")

    def show(self, draft: CreateForm) -> None:
        """Draw the types that the base allows."""
        reason = why_not(draft.base_model)
        table = self.query_one("#types", Table)
        table.display = reason is None
        self.query_one("#why-not", Static).update(reason or "")
        if reason is None:
            table.show(type_rows(draft))

    @on(Table.Chosen)
    def _chosen(self, event: Table.Chosen) -> None:
        chosen = event.key if event.key != NO_TYPE else ""
        self.edit(lambda draft: replace(draft, quantize=chosen))


NO_TYPE = "none"


def type_rows(draft: CreateForm) -> list[CellRow]:
    """Return a row for the weights as they are and one for each type they can be turned to."""
    model = draft.base_model
    assert model is not None  # a model can be quantized
    kept = (NO_TYPE, model.listed.details.quantization_level, size(model.size), "as it is")
    rows = [kept, *((t.type, t.type, f"~{size(t.bytes)}", t.help) for t in targets(model))]
    return [
        CellRow(
            key,
            {"type": (type_, ""), "size": (bytes_, ""), "help": (help_, "muted")},
            "✓" if key == (draft.quantize or NO_TYPE) else "",
        )
        for key, type_, bytes_, help_ in rows
    ]
