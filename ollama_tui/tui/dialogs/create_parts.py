"""Ask for one part of a new model: a parameter, a message, the text of a license."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input, TextArea

from ollama_tui.api.replies import Message
from ollama_tui.domain.create.memory import CONTEXT
from ollama_tui.domain.memory.words import FitWords
from ollama_tui.domain.modelfile import parameters
from ollama_tui.domain.modelfile.parameters import BY_NAME, BadParameter, unquoted
from ollama_tui.domain.modelfile.syntax import ROLES
from ollama_tui.formatting import StyledLine, inert, inert_lines
from ollama_tui.tui.dialogs.dialog import Dialog, Review, labelled
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.tab_bar import Picker

T = TypeVar("T")

HEIGHTS = [(0, "-low"), (20, "-usual")]
"""Below 20 rows the dialog for a part takes the whole screen."""
SHOWN = 5
"""The most names offered at a time."""
Setting = tuple[str, str]
"""Name and value of a parameter, as typed."""


class Editor(TextArea):
    """A text of many lines; tab leaves it, and the cursor does not blink."""

    def __init__(self, text: str = "", *, id: str | None = None) -> None:
        super().__init__(text, id=id, compact=True, highlight_cursor_line=False)
        self.cursor_blink = False
        self._was_entered = False
        self.known = self.text
        """The text that was loaded, or of which a message has told."""

    def on_focus(self) -> None:
        """Put the cursor behind what is there once: at its start, what is typed runs into it."""
        if not self._was_entered:
            self._was_entered = True
            self.move_cursor(self.document.end)


class ParameterName(Input):
    """The name of a parameter, which tab and enter complete."""

    BINDINGS = [Binding("tab,enter", "complete", "Complete", show=False)]

    def action_complete(self) -> None:
        """Replace the beginning of a name by the likeliest one, and go to the next field."""
        likely = parameters.suggestions(self.value)
        if self.value not in BY_NAME and likely:
            self.value = likely[0]
        self.screen.focus_next()


class ParameterDialog(Dialog[Setting]):
    """Name and value of a parameter, with what is known about it."""

    VERTICAL_BREAKPOINTS = HEIGHTS
    verb = "set"

    def __init__(
        self,
        name: str = "",
        value: str = "",
        memory: Callable[[int], FitWords | None] = lambda _: None,
    ) -> None:
        """Ask for a value; `memory` says what the model takes with so many tokens of context."""
        super().__init__()
        self._memory = memory
        self.given = (name, escaped(value) if is_text(name) else inert(value))
        self.heading = f"Change {inert(name)}" if name else "Add a parameter"

    def fields(self) -> ComposeResult:
        """Yield name, the names that fit, and value."""
        name, value = self.given
        yield from labelled("Name (tab completes)", ParameterName(inert(name), id="name"))
        yield StaticLines(id="offered")
        yield from labelled("Value", Input(value, id="value", select_on_focus=not is_text(name)))

    def on_mount(self) -> None:
        """Describe the parameter, and focus the first field to fill in."""
        self._describe()
        self.query_one("#value" if self.given[0] else "#name").focus()

    @on(Input.Changed, "#name")
    def _describe(self) -> None:
        """Show range, default and help of the parameter, or the names that the text may become."""
        name = self.text_of("name")
        if name in BY_NAME:
            known = BY_NAME[name]
            kind = " ".join(filter(None, (_KINDS[known.kind], known.range)))
            reloads = "; reloads the model" if known.reloads else ""
            facts = f"{kind}, default {known.default}{reloads}"
            lines: list[StyledLine] = [((facts, ""),), ((known.help, "muted"),)]
        else:
            likely = parameters.suggestions(name) or tuple(BY_NAME)
            lines = [((f"{n:<18}", "key"), (BY_NAME[n].help, "muted")) for n in likely[:SHOWN]]
        self.query_one("#offered", StaticLines).show(lines)

    def check(self) -> Review:
        """Return what is wrong with name or value, or a doubt about them."""
        name, value = self.answer()
        if not name:
            return Review("", "Type the name of a parameter.")
        try:
            converted = parameters.convert(name, value)
        except BadParameter as wrong:
            return Review(str(wrong)) if value else Review("", str(wrong))
        if is_text(name):
            return Review(notice="\\n is a line end, \\t a tab, \\\\ a backslash.")
        notice = parameters.doubt(name, converted) or ""
        if not notice and name == CONTEXT and isinstance(converted, int):
            words = self._memory(converted)
            notice = f"In memory it takes {words.forms[0]}." if words is not None else ""
        return Review(notice=notice)

    def answer(self) -> Setting:
        """Return name and value, stripped of blanks unless the value is a text, with escapes."""
        name, text = self.text_of("name"), self.query_one("#value", Input).value
        return name, unquoted(text) if is_text(name) else text.strip()


def is_text(name: str) -> bool:
    """Whether the values of a parameter are free text, as those of `stop` are."""
    return name in BY_NAME and BY_NAME[name].kind == "texts"


def escaped(text: str) -> str:
    r"""Return `text` as one line that can be typed: `\n` for a line end; see `unquoted`."""
    return "".join(_TYPED.get(c) or (c if inert(c) == c else f"\\U{ord(c):08x}") for c in text)


_TYPED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}


_KINDS = {"int": "whole number", "float": "number", "bool": "true or false", "texts": "text"}


class TextDialog(Dialog[T]):
    """A text of many lines, and whatever else its answer consists of."""

    AUTO_FOCUS = "Editor"
    VERTICAL_BREAKPOINTS = HEIGHTS
    verb = "keep"
    keys = "ctrl+g {verb}   tab next field   esc cancel"
    length = 0
    """Characters of the text to change."""

    @property
    def text(self) -> str:
        """What the editor holds."""
        return self.query_one(Editor).text

    def check(self) -> Review:
        """Refuse an empty text."""
        return Review(None if self.text.strip() else "")

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield the text of the editor, the only one that can be lost."""
        yield "text", self.text

    def _put(self, name: str, text: str) -> None:
        self.query_one(Editor).text = text

    @on(TextArea.Changed)
    def _text_changed(self) -> None:
        self.review()
        self.keep_typed()


class MessageDialog(TextDialog[Message]):
    """Role and text of one message of the conversation."""

    def __init__(self, message: Message | None = None, role: str = "user") -> None:
        super().__init__()
        self.message = message or Message(role=role)
        self.length = len(self.message.content)
        self.heading = "Change a message" if message else "Add a message"

    def fields(self) -> ComposeResult:
        """Yield role and text."""
        roles = Picker([(role, role) for role in ROLES], id="role")
        roles.activate(self.message.role.lower())
        yield from labelled("Role (← →)", roles)
        yield Editor(inert_lines(self.message.content))

    def answer(self) -> Message:
        """Return the message; an untouched text is returned as the server sent it, not inert."""
        text = self.text
        untouched = text == inert_lines(self.message.content)
        role = self.query_one(Picker).active or ""
        return Message(role=role, content=self.message.content if untouched else text)


class LicenseDialog(TextDialog[str]):
    """The text of one license."""

    keys = "ctrl+g {verb}   esc cancel"

    def __init__(self, license: str | None = None) -> None:
        super().__init__()
        self.license = license or ""
        self.length = len(self.license)
        self.heading = "Change a license" if license else "Add a license"

    def fields(self) -> ComposeResult:
        """Yield the text."""
        yield Editor(self.license)

    def answer(self) -> str:
        """Return the text exactly as typed."""
        return self.text
