"""Ask for one part of a new model: a parameter, a message, the text of a license."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input, TextArea

from ollama_tui.api.replies import Message
from ollama_tui.domain.modelfile import parameters
from ollama_tui.domain.modelfile.parameters import BY_NAME, BadParameter, Parameter, unquoted
from ollama_tui.domain.modelfile.syntax import ROLES
from ollama_tui.formatting import StyledLine, inert, inert_lines
from ollama_tui.tui.dialogs.dialog import Dialog, Review, labelled
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.tab_bar import Picker

T = TypeVar("T")

HEIGHTS = [(0, "-cramped"), (13, "-lean"), (20, "-roomy")]
"""Rows from which on more is shown."""
SHOWN = 5
"""Names offered at a time."""
Setting = tuple[str, str]
"""Name and value of a parameter, as typed."""


class Editor(TextArea):
    """A text of many lines; tab leaves it, and nothing in it blinks."""

    def __init__(self, text: str = "", *, id: str | None = None) -> None:
        super().__init__(text, id=id, compact=True, highlight_cursor_line=False)
        self.cursor_blink = False


class ParameterName(Input):
    """A name that tab and enter complete."""

    BINDINGS = [Binding("tab,enter", "complete", "Complete", show=False)]

    def action_complete(self) -> None:
        """Take the likeliest name in place of what is none, and go on."""
        likely = parameters.suggestions(self.value)
        if self.value not in BY_NAME and likely:
            self.value = likely[0]
        self.screen.focus_next()


class ParameterDialog(Dialog[Setting]):
    """Name and value of a parameter, with what is known about it."""

    VERTICAL_BREAKPOINTS = HEIGHTS
    verb = "set"
    always_asks = True

    def __init__(self, name: str = "", value: str = "") -> None:
        super().__init__()
        self.given = (name, escaped(value) if is_text(name) else inert(value))
        self.heading = f"Change {inert(name)}" if name else "Add a parameter"

    def fields(self) -> ComposeResult:
        """Yield name, the names that fit, and value."""
        name, value = self.given
        yield from labelled("Name (tab completes)", ParameterName(inert(name), id="name"))
        yield StaticLines(id="offered")
        yield from labelled("Value", Input(value, id="value", select_on_focus=not is_text(name)))

    def on_mount(self) -> None:
        """Go where something is missing."""
        self._offer()
        self.query_one("#value" if self.given[0] else "#name").focus()

    @on(Input.Changed, "#name")
    def _offer(self) -> None:
        self.query_one("#offered", StaticLines).show(offered(self.text_of("name")))

    def check(self) -> Review:
        """Return what is wrong with name or value, or doubtful about it."""
        name, value = self.answer()
        if not name:
            return Review("Type the name of a parameter.")
        try:
            converted = parameters.convert(name, value)
        except BadParameter as wrong:
            return Review(str(wrong))
        if is_text(name):
            return Review(notice="\\n is a line end, \\t a tab, \\\\ a backslash.")
        return Review(notice=parameters.doubt(name, converted) or "")

    def answer(self) -> Setting:
        """Return name and value; blanks and escapes are part of a text only."""
        name, text = self.text_of("name"), self.query_one("#value", Input).value
        return name, unquoted(text) if is_text(name) else text.strip()


def is_text(name: str) -> bool:
    """Whether the values of a parameter are any text."""
    return name in BY_NAME and BY_NAME[name].kind == "texts"


def escaped(text: str) -> str:
    r"""Return `text` as one line that can be typed: `\n` for a line end; see `unquoted`."""
    return "".join(_TYPED.get(c) or (c if inert(c) == c else f"\\U{ord(c):08x}") for c in text)


_TYPED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}


def offered(name: str) -> list[StyledLine]:
    """Return all about a parameter, or the names that a part of one may become."""
    if name in BY_NAME:
        return about(BY_NAME[name])
    likely = parameters.suggestions(name) or tuple(BY_NAME)
    return [((f"{n:<18}", "key"), (BY_NAME[n].help, "muted")) for n in likely[:SHOWN]]


def about(parameter: Parameter) -> list[StyledLine]:
    """Return what a parameter takes, in which range, its default, and what it does."""
    reloads = "; reloads the model" if parameter.reloads else ""
    kind = " ".join(filter(None, (_KINDS[parameter.kind], parameter.range)))
    return [
        ((f"{kind}, default {parameter.default}{reloads}", ""),),
        ((parameter.help, "muted"),),
    ]


_KINDS = {"int": "whole number", "float": "number", "bool": "true or false", "texts": "text"}


class TextDialog(Dialog[T]):
    """A text of many lines and whatever else its answer is made of."""

    VERTICAL_BREAKPOINTS = HEIGHTS
    verb = "keep"
    keys = "ctrl+g {verb}   tab next field   esc cancel"
    always_asks = True
    length = 0
    """Characters of the text to change."""

    @property
    def text(self) -> str:
        """What is in the editor."""
        return self.query_one(Editor).text

    def check(self) -> Review:
        """Return that a text is needed."""
        return Review(None if self.text.strip() else "")

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield the text."""
        yield "text", self.text

    def _put(self, name: str, text: str) -> None:
        self.query_one(Editor).text = text

    @on(TextArea.Changed)
    def _text_changed(self) -> None:
        self.review()
        self.keep_typed()

    def on_mount(self) -> None:
        """Go to the text."""
        self.query_one(Editor).focus()


class MessageDialog(TextDialog[Message]):
    """Who says what."""

    def __init__(self, message: Message | None = None, role: str = "user") -> None:
        super().__init__()
        self.message = message or Message(role=role)
        self.length = len(self.message.content)
        self.heading = "Change a message" if message else "Add a message"

    def fields(self) -> ComposeResult:
        """Yield role and text."""
        yield from labelled("Role (← →)", Picker([(role, role) for role in ROLES], id="role"))
        yield Editor(inert_lines(self.message.content))

    def on_mount(self) -> None:
        """Start with the role there is."""
        self.query_one(Picker).activate(self.message.role.lower())

    def answer(self) -> Message:
        """Return the message; a text that was not touched is as it came."""
        text = self.text
        untouched = text == inert_lines(self.message.content)
        role = self.query_one(Picker).active or ""
        return Message(role=role, content=self.message.content if untouched else text)


class LicenseDialog(TextDialog[str]):
    """The text of a license."""

    def __init__(self, license: str = "") -> None:
        super().__init__()
        self.license = license
        self.length = len(license)
        self.heading = "Change a license" if license else "Add a license"

    def fields(self) -> ComposeResult:
        """Yield the text."""
        yield Editor(self.license)

    def answer(self) -> str:
        """Return the text."""
        return self.text
