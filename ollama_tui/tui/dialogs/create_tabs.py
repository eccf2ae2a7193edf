"""The tabs of the create form: what they share, the names, the prompt, quantizing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message as Event
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static, TextArea

from ollama_tui.domain import names
from ollama_tui.domain.create.form import CreateForm, TextField
from ollama_tui.domain.model import Model
from ollama_tui.domain.quantization import quantize_problem, quantize_targets
from ollama_tui.formatting import StyledLine, inert, plural, size
from ollama_tui.tui.dialogs.create_parts import Editor
from ollama_tui.tui.dialogs.dialog import Dialog
from ollama_tui.tui.widgets.row_source import CellRow, CellRows, TableColumn
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.table import Table
from ollama_tui.tui.widgets.text_layout import wrap_line

T = TypeVar("T")
Change = Callable[[CreateForm], CreateForm]


class Tab(Vertical):
    """One tab: draws the form, and calls `edited` with the changes to make in it.

    At once: of a message, the last one would be lost when the program ends. `edited` is told too
    whether the change is final. While it is still being typed in a dialog it is not, and is only
    saved as a draft.
    """

    keys = ""
    """The line that names the keys of this tab."""

    def __init__(
        self, form: CreateForm, *, id: str, edited: Callable[[Change, bool], None]
    ) -> None:
        super().__init__(id=id)
        self.form = form
        """What was drawn last."""
        self.part: Dialog[Any] | None = None
        """The dialog that is open for a part of the form."""
        self._edited = edited

    def show(self, form: CreateForm) -> None:
        """Draw the form."""

    def edit(self, change: Change) -> None:
        """Change the form."""
        self._edited(change, True)

    def with_fields(self, form: CreateForm) -> CreateForm:
        """Return the form with what the fields of this tab hold; for any thread."""
        return form

    def ask(
        self, dialog: Dialog[T], change: Callable[[T], Change], put: Callable[[T], None]
    ) -> None:
        """Ask for a part of the form and `put` it there.

        Until then, what is typed is saved with the draft as the `change` it would make.
        """

        def answered(answer: T | None) -> None:
            self.part = None
            if answer is not None:
                put(answer)
            else:
                self.edit(lambda form: form)  # saves the draft again, without what was typed

        self.edit(lambda form: form)  # a create that waits for the base is not meant any more
        dialog.typing = lambda answer: self._edited(change(answer), False)
        self.part = dialog
        self.app.push_screen(dialog, answered)

    def enter(self) -> None:
        """Focus the first widget that takes keys."""
        for widget in self.query("*"):
            if widget.focusable:
                widget.focus()
                return


class BaseField(Input):
    """The name of the base; down and up choose from the installed models that match it.

    With the name of one in it, down lists all of them first. Neither key goes on to the button that
    creates.
    """

    BINDINGS = [
        Binding("down", "take(1)", "Choose", show=False),
        Binding("up", "take(-1)", "Choose", show=False),
    ]

    class Listed(Event):
        """Other models are listed, of which none is taken yet."""

    def __init__(
        self, base: str, offered: Sequence[str], installed: Mapping[str, Model], *, id: str
    ) -> None:
        super().__init__(
            base, id=id, placeholder="qwen3:8b",
            suggester=SuggestFromList(offered, case_sensitive=False),
        )  # fmt: skip
        self._offered = offered
        self._installed = installed
        """All that is installed, by `names.comparison_key`."""
        self._typed = ""
        """What was typed before a match was taken; empty where all are listed."""
        self._taken = ""
        """What the field holds as long as that was taken from the list."""

    @property
    def matches(self) -> tuple[Sequence[str], str]:
        """Return the models to choose from, and which of them is taken; none behind a whole name.

        All match what is typed.
        """
        taken = self._taken if self.value == self._taken else ""
        typed = (self._typed if taken else self.value).strip().lower()
        if not taken and names.comparison_key(typed) in self._installed:
            return (), ""
        return [name for name in self._offered if typed in name.lower()], taken

    def action_take(self, by: int) -> None:
        """Take the next or the previous match, or list all models; up leaves the first one."""
        matches, taken = self.matches
        at = matches.index(taken) + by if taken else 0
        whole = self._installed.get(names.comparison_key(self.value.strip()))
        if by < 0 and (not taken or (at < 0 and not self._typed)):
            self.screen.focus_previous()
        elif not matches and whole is not None and whole.name in self._offered:
            self._typed, self.value = "", whole.name
            self._taken = self.value
            self.cursor_position = len(self.value)
            self.post_message(self.Listed())
        elif not matches:
            self.app.bell()
        else:
            self._typed = self._typed if taken else self.value
            self._taken = matches[min(at, len(matches) - 1)] if at >= 0 else ""
            self.value = self._taken or self._typed
            self.cursor_position = len(self.value)


class BaseTab(Tab):
    """The names of the new model and of its base, and what is inherited from the base."""

    keys = "enter next   ↓↑ choose the base from a list   right complete it"

    def compose(self) -> ComposeResult:
        """Yield both names, and facts about the base."""
        start = self.start = self.form
        offered = sorted(m.name for m in start.installed.values() if not names.problem(m.name))
        yield Static("New name" if not start.edit else "Name", classes="label", markup=False)
        yield Input(inert(start.name), id="name", disabled=start.edit, select_on_focus=False)
        yield Static("Base, the model to start from", classes="label", markup=False)
        yield BaseField(inert(start.base), offered, start.installed, id="from")
        yield StaticLines(id="facts")

    def show(self, form: CreateForm) -> None:
        """Draw facts about the base, and the name that is offered for another one."""
        if form.offered != self.form.offered:
            self.query_one("#name", Input).value = inert(form.offered)
        self.form = form
        facts = self.query_one("#facts", StaticLines)
        known, (width, height) = base_lines(form), facts.size
        wrapped = [line for whole in known for line in wrap_line(whole, max(width, 1))]
        known = wrapped if len(wrapped) <= height else known
        cursor, room = facts.signs.cursor, height - len(known) - 2
        if room < LEAST_LISTED and (only := self._listed(max(height, 1), cursor)):
            facts.show(only)
        elif listed := self._listed(room, cursor):
            title: StyledLine = (("Installed", "title"),)
            facts.show([*known, *([()] if known else []), title, *listed])
        else:
            facts.show(known)

    def _listed(self, rows: int, cursor: str) -> list[StyledLine]:
        """Return the models to choose from as at most `rows` lines, with the one that is taken."""
        matches, taken = self.query_one("#from", BaseField).matches
        at = matches.index(taken) if taken else 0
        start = max(0, min(at - rows // 2, len(matches) - rows))
        lines: list[StyledLine] = []
        for name in matches[start : start + rows]:
            sign, style = (cursor, "accent") if name == taken else (" ", "")
            lines.append(((f"{sign} {inert(name)}", style),))
        return lines

    @on(events.Resize)
    @on(BaseField.Listed)
    def _draw(self) -> None:
        self.call_after_refresh(lambda: self.show(self.form))  # the facts have their size then

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        field, value = event.input.id or "", event.value
        self.edit(lambda form: self._with(form, field, value))

    def _with(self, form: CreateForm, field: str, value: str) -> CreateForm:
        if field == "from":
            start = self.start.base
            return form.with_base(start if value == inert(start) else value)
        return form if self.start.edit else replace(form, name=value)

    def with_fields(self, form: CreateForm) -> CreateForm:
        """Return the form with both names as they stand in the fields."""
        shown = {"name": inert(form.name), "from": inert(form.base)}
        for field in self.query(Input):
            if field.id in shown and field.value != shown[field.id]:
                form = self._with(form, field.id, field.value)
        return form

    @on(Input.Submitted)
    async def _next(self, event: Input.Submitted) -> None:
        if event.input.id == "from":
            await self.run_action("screen.turn(1)")
        else:
            self.screen.focus_next()


def base_lines(form: CreateForm) -> list[StyledLine]:
    """Return facts about the base and what it brings; none if it is not installed."""
    model = form.base_model
    if model is None:
        return []
    details = model.listed.details
    where = "in the cloud" if model.is_cloud else size(model.size)
    facts = " · ".join(filter(None, (details.parameter_size, details.quantization_level, where)))
    title = ((f"{model.label}  ", "strong"), (facts, "muted"))
    base = form.inherited
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
    return [title, ((f"Brings {words}", ""),), ((CANNOT_CLEAR, "muted"),)]


LEAST_LISTED = 3
"""Installed models listed where there is little room: facts make room for them."""
CANNOT_CLEAR = "Create can replace or extend these, but cannot remove them."


class PromptTab(Tab):
    """System prompt and template."""

    keys = "tab next field   f7 select all"

    def compose(self) -> ComposeResult:
        """Yield both texts."""
        yield Static(id="about-system", classes="label", markup=False)
        yield Editor(self.form.text("system"), id="system")
        yield Static(id="about-template", classes="label", markup=False)
        yield Editor(self.form.text("template"), id="template")

    def show(self, form: CreateForm) -> None:
        """Draw where the texts are from; another base brings its own, unless they were typed."""
        rebased, self.form = form.inherited != self.form.inherited, form
        texts: tuple[tuple[TextField, str], ...] = (
            ("system", "System prompt"),
            ("template", "Template"),
        )
        for which, title in texts:
            about = f"{title} — {state(form, which)}"
            self.query_one(f"#about-{which}", Static).update(about)
            if rebased and form.own_text(which) is None:
                with self.prevent(TextArea.Changed):
                    editor = self.query_one(f"#{which}", Editor)
                    editor.load_text(form.text(which))
                    editor.known = editor.text
                    editor.move_cursor(editor.document.end)

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        editor = event.text_area
        assert isinstance(editor, Editor)
        which, text = _field_of(editor), editor.text
        editor.known = text
        self.edit(lambda form: form.with_text(which, text))

    def with_fields(self, form: CreateForm) -> CreateForm:
        """Return the form with the texts that were typed since the last message about them."""
        for editor in self.query(Editor):
            if (text := editor.text) != editor.known:
                form = form.with_text(_field_of(editor), text)
        return form


def _field_of(editor: Editor) -> TextField:
    return "system" if editor.id == "system" else "template"


def state(form: CreateForm, which: TextField) -> str:
    """Return where a text is from: the base, or the user."""
    own, base = form.own_text(which), form.inherited
    if own:
        return "changed" if getattr(base, which) else "new"
    if own is None and getattr(base, which):
        return f"inherited from {inert(base.name)}"
    if form.is_base_unknown:
        return "not known; it stays unless replaced"
    return "stays as inherited" if getattr(base, which) else "none"


NO_TYPE = "none"
"""Key of the row that leaves the weights as they are."""


class QuantizeTab(Tab):
    """The types that the weights can be quantized to."""

    keys = "enter choose"
    rows = CellRows(
        (
            TableColumn("TYPE", 8, id="type"),
            TableColumn("SIZE", 10, "right", id="size"),
            TableColumn("", 12, flexible=True, id="help"),
        )
    )

    def compose(self) -> ComposeResult:
        """Yield the reason why there are no types, and the table of types."""
        yield Static(id="why-not", markup=False)
        yield Table(self.rows, id="types")

    def show(self, form: CreateForm) -> None:
        """Draw the weights as they are and the types the base allows, or why it allows none."""
        reason = quantize_problem(form.base_model)
        table = self.query_one("#types", Table)
        table.display = reason is None
        self.keys = QuantizeTab.keys if reason is None else ""
        self.query_one("#why-not", Static).update(reason or "")
        model = form.base_model
        if reason is not None or model is None:
            return
        quantization = model.listed.details.quantization_level
        rows = [
            (NO_TYPE, quantization, size(model.size), "as it is"),
            *((t.type, t.type, f"~{size(t.bytes)}", t.help) for t in quantize_targets(model)),
        ]
        table.show(
            [
                CellRow(
                    key,
                    {"type": (type_, ""), "size": (bytes_, ""), "help": (help_, "muted")},
                    "✓" if key == (form.quantize or NO_TYPE) else "",
                )
                for key, type_, bytes_, help_ in rows
            ]
        )

    @on(Table.Chosen)
    def _chosen(self) -> None:
        row: CellRow | None = self.query_one(Table).row
        chosen = row.key if row is not None and row.key != NO_TYPE else ""
        self.edit(lambda form: replace(form, quantize=chosen))
