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
from ollama_tui.domain.create.form import Draft, Text
from ollama_tui.domain.create.quantize import Target, targets, why_not
from ollama_tui.domain.model import Model
from ollama_tui.formatting import StyledLine, inert, plural, size
from ollama_tui.tui.dialogs.create_parts import Editor, Field
from ollama_tui.tui.dialogs.dialog import Dialog
from ollama_tui.tui.widgets.row_source import CellRow, CellRows, TableColumn
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table

T = TypeVar("T")
Change = Callable[[Draft], Draft]


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

    def show(self, draft: Draft) -> None:
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

    def __init__(self, draft: Draft) -> None:
        super().__init__(id="base")
        self._start = draft

    def compose(self) -> ComposeResult:
        """Yield both names and the facts."""
        start = self._start
        offered = sorted(m.name for m in start.installed.values() if not names.problem(m.name))
        yield Static("New name" if not start.edit else "Name", classes="label", markup=False)
        yield Field(inert(start.name), id="name", disabled=start.edit, select_on_focus=False)
        yield Static("Base, the model to start from", classes="label", markup=False)
        yield Field(
            inert(start.base),
            id="from",
            placeholder="qwen3:8b",
            select_on_focus=False,
            suggester=SuggestFromList(offered, case_sensitive=False),
        )
        yield StaticLines(id="facts")

    def show(self, draft: Draft) -> None:
        """Draw what the base is and brings."""
        self.query_one("#facts", StaticLines).show(base_lines(draft))

    @on(Input.Changed, "#name")
    def _renamed(self, event: Input.Changed) -> None:
        if not self._start.edit:
            self.edit(lambda draft: replace(draft, name=event.value))

    @on(Input.Changed, "#from")
    def _rebased(self, event: Input.Changed) -> None:
        same = event.value == inert(self._start.base)
        base = self._start.base if same else event.value
        self.edit(lambda draft: replace(draft, base=base))

    @on(Input.Submitted)
    def _next(self) -> None:
        self.screen.focus_next()


def base_lines(draft: Draft) -> list[StyledLine]:
    """Return what the base is, or the installed models it may become."""
    model = draft.base_model
    if model is None:
        typed = draft.source.lower()
        near = sorted(m.label for m in draft.installed.values() if typed in m.name.lower())
        return [(("Installed", "title"),), *(((f"  {label}", ""),) for label in near[:30])]
    return [((f"{model.label}  ", "strong"), (_described(model), "muted")), *_brought(draft)]


def _described(model: Model) -> str:
    details = model.listed.details
    where = "in the cloud" if model.is_cloud else size(model.size)
    return " · ".join(filter(None, (details.parameter_size, details.quantization_level, where)))


def _brought(draft: Draft) -> list[StyledLine]:
    """Return what is inherited, in words."""
    base = draft.inherited
    if not base.name:
        return []
    brings = (
        "a system prompt" if base.system else "",
        "a template" if base.template else "",
        plural(len(base.parameters), "parameter") if base.parameters else "",
        plural(len(base.messages), "message") if base.messages else "",
        "a license" if base.license else "",
    )
    words = ", ".join(filter(None, brings)) or "nothing but its weights"
    return [(("Brings ", "muted"), (words, "")), ((CANNOT_CLEAR, "muted"),)]


CANNOT_CLEAR = "Create can replace these and add to them, but not take them away."


class PromptTab(Tab):
    """System prompt and template."""

    keys = "tab: next field"

    def __init__(self, draft: Draft) -> None:
        super().__init__(id="prompt")
        self._from = draft.inherited
        self._draft = draft

    def compose(self) -> ComposeResult:
        """Yield both texts."""
        yield Static(id="about-system", classes="label", markup=False)
        yield Editor(self._draft.text("system"), id="system")
        yield Static(id="about-template", classes="label", markup=False)
        yield Editor(self._draft.text("template"), id="template")

    def show(self, draft: Draft) -> None:
        """Say where the texts are from; another base brings others, unless they were typed."""
        rebased, self._from = draft.inherited != self._from, draft.inherited
        self._show_text(draft, "system", "System prompt", rebased)
        self._show_text(draft, "template", "Template", rebased)

    def _show_text(self, draft: Draft, which: Text, title: str, rebased: bool) -> None:
        about = f"{title} — {state(draft, which)}"
        self.query_one(f"#about-{which}", Static).update(about)
        if rebased and getattr(draft, which) is None:
            with self.prevent(TextArea.Changed):
                self.query_one(f"#{which}", Editor).load_text(draft.text(which))

    @on(TextArea.Changed, "#system")
    def _system_typed(self, event: TextArea.Changed) -> None:
        text = event.text_area.text
        self.edit(lambda draft: draft.with_text("system", text))

    @on(TextArea.Changed, "#template")
    def _template_typed(self, event: TextArea.Changed) -> None:
        text = event.text_area.text
        self.edit(lambda draft: draft.with_text("template", text))


def state(draft: Draft, which: Text) -> str:
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

    def __init__(self) -> None:
        super().__init__(id="quantize")

    def compose(self) -> ComposeResult:
        """Yield the types, or why there are none."""
        yield Static(id="why-not", markup=False)
        yield Table(self.rows, id="types")

    def show(self, draft: Draft) -> None:
        """Draw the types that the base allows."""
        reason = why_not(draft.base_model)
        table = self.query_one("#types", Table)
        table.display = reason is None
        self.query_one("#why-not", Static).update(reason or "")
        if reason is None:
            table.show([_unquantized(draft), *(_type(t, draft) for t in targets(draft.base_model))])

    @on(Table.Chosen)
    def _chosen(self, event: Table.Chosen) -> None:
        chosen = event.key if event.key != NO_TYPE else ""
        self.edit(lambda draft: replace(draft, quantize=chosen))


NO_TYPE = "none"


def _unquantized(draft: Draft) -> CellRow:
    model = draft.base_model
    assert model is not None  # a model can be quantized
    level = model.listed.details.quantization_level
    cells = {
        "type": (level, ""),
        "size": (size(model.size), ""),
        "help": ("as it is", "muted"),
    }
    return CellRow(NO_TYPE, cells, "" if draft.quantize else "✓")


def _type(target: Target, draft: Draft) -> CellRow:
    cells = {
        "type": (target.type, ""),
        "size": (f"~{size(target.bytes)}", ""),
        "help": (target.help, "muted"),
    }
    return CellRow(target.type, cells, "✓" if draft.quantize == target.type else "")
