"""The line in which the filter is typed: what is wrong with it, what may follow, earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual import on
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from ollama_tui.formatting import Span, StyledLine, cells
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.text_layout import width_of

if TYPE_CHECKING:
    from ollama_tui.domain.filter.completion import Completion
    from ollama_tui.domain.filter.parser import FilterProblem

SIGN = "/ "
EXAMPLES = "words of the name, cap:vision, -coder, size<8g, newer:7d   tab completes, ↑ recalls"
KeyHints = Sequence[tuple[str, str, bool]]
"""Keys, what they do, and whether they can act."""
FILTER_KEYS: KeyHints = (
    ("⏎ ↓", "to the list", True),
    ("tab", "complete", True),
    ("↑", "earlier", True),
    ("esc", "all models", True),
)
"""What the keys do while a filter is typed."""


@dataclass(frozen=True)
class Choosing:
    """Choices that tab goes through, and the text with the one it stands at."""

    found: Completion
    text: str
    number: int = -1
    """Of the choice in the text; -1 for none of them yet."""


def complete_nothing(_: str, cursor: int) -> Completion:
    """Return that there is no way to go on: for filters that are no more than words."""
    from ollama_tui.domain.filter.completion import Completion

    return Completion(cursor, cursor)


class FilterBar(Vertical):
    """Shown while a filter is typed or set, with what is wrong under the word it is about.

    `complete` returns how a text may go on at the cursor. `earlier` returns the filters typed
    before, the last one first. `examples` are seen before anything is typed.
    """

    BINDINGS = [
        Binding("escape", "clear", show=False),
        Binding("up", "recall(1)", show=False),
        Binding("down", "recall(-1)", show=False),
        Binding("tab", "complete(1)", show=False),
        Binding("shift+tab", "complete(-1)", show=False),
    ]

    @dataclass
    class Changed(Message):
        """The filter reads differently."""

        text: str

    @dataclass
    class Left(Message):
        """The keys belong to the list again."""

        chooses: bool = True
        """Whether the row that the filter has put under the cursor is what was looked for."""

    def __init__(
        self,
        *,
        complete: Callable[[str, int], Completion] = complete_nothing,
        earlier: Callable[[], Sequence[str]] = tuple,
        examples: str = EXAMPLES,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._complete = complete
        self._earlier = earlier
        self.examples = examples
        """What is seen in the field before anything is typed, from when it opens next."""
        self._recalled = 0
        """How many filters back the text is; 0 for the one being typed."""
        self._typed = ""
        """What was typed before an earlier one was recalled."""
        self._put_in = ""
        """The text that was put in by a key and not typed."""
        self._choosing: Choosing | None = None
        self.has_problem = False
        """Whether something is wrong with the text."""

    @property
    def _input(self) -> Input:
        return self.query_one(Input)

    def open(self, text: str) -> None:
        """Show the line with `text` and take the keys."""
        self.add_class("-open")
        if not self.children:  # the first frame can do without them
            field = Input(placeholder=self.examples, compact=True)
            field.cursor_blink = False  # a slow link is spared the blinking
            sign = Static(SIGN, classes="sign", markup=False)
            self.mount(sign, field, StaticLines(id="problem"))
        self._input.placeholder = self.examples
        self._recalled, self._choosing = 0, None
        with self._input.prevent(Input.Changed):
            self._input.value = text
        self._input.focus()

    def close(self) -> None:
        """Hide the line and forget the text."""
        self.remove_class("-open")
        if self.children:
            with self._input.prevent(Input.Changed):
                self._input.value = ""

    def close_if_empty(self) -> None:
        """Hide the line unless there is a filter in it."""
        if not self.children or not self._input.value.strip():
            self.close()

    def show_problems(self, problems: Sequence[FilterProblem]) -> None:
        """Point at the first word that is wrong and say why, unless choices are to be seen."""
        self.has_problem = bool(problems)
        if not self.children:
            return
        lines: list[StyledLine] = []
        choosing = self._choosing
        if choosing is None or choosing.text != self._input.value:
            choosing = self._next_choices(problems[0]) if problems else None
        if choosing is not None:
            lines = [self._choices_line(choosing)]
        elif problems and (help_ := self._help_after_colon(problems[0])):
            lines = [((help_, "muted"),)]
        elif problems:
            lines = [_problem_line(problems[0], self._room)]
        else:
            lines = self._hint_on_words()
        self._show_hint(lines)

    def _show_hint(self, lines: Sequence[StyledLine]) -> None:
        self.query_one("#problem", StaticLines).show(lines)

    def _hint_on_words(self) -> list[StyledLine]:
        """Say which word is the value of a field: few models that look at images are called vision.

        It matches names as it stands.
        """
        from ollama_tui.domain.filter.fields import field_of

        text, cursor = self._input.value, self._input.cursor_position
        here = text[:cursor].rpartition(" ")[2].lstrip("!-").lower()
        if (meant := field_of(here)) and meant in self._complete(text, cursor).choices:
            line = (("tab", "key"), (f" makes it {meant}", "muted"))
            why = ((f"; “{here}” matches names only", "muted"),)
            return [(*line, *why) if width_of((*line, *why)) <= self._room else line]
        for word in text.lower().split():
            at = text.lower().find(word) + len(word)
            if (meant := field_of(word.lstrip("!-"))) and meant in self._complete(text, at).choices:
                return [((f"“{word}” matches names only. Did you mean {meant}?", "muted"),)]
        return []

    @property
    def _room(self) -> int:
        """Cells of the line under the text."""
        return max(self.size.width - len(SIGN), 1)

    def _next_choices(self, problem: FilterProblem) -> Choosing | None:
        """Return the values of a field that has been typed up to its colon."""
        found = self._after_colon(problem)
        return Choosing(found, self._input.value) if found and found.choices else None

    def _help_after_colon(self, problem: FilterProblem) -> str:
        found = self._after_colon(problem)
        return found.help if found else ""

    def _after_colon(self, problem: FilterProblem) -> Completion | None:
        """Return what may follow a field that has been typed up to its colon, and is right."""
        text, cursor = self._input.value, self._input.cursor_position
        if problem.meant or cursor != problem.end or text[cursor - 1 : cursor] != ":":
            return None
        return self._complete(text, cursor)

    def _choices_line(self, choosing: Choosing) -> StyledLine:
        """Return the choices that fit, the one in the text among them."""
        room, first = self._room, 0
        if choosing.number >= 0:
            before = choosing.found.choices[: choosing.number + 1]
            while len(" ".join(before[first:])) + len(before) - first > room and (
                first < choosing.number
            ):
                first += 1
        spans: list[Span] = []
        for number, choice in enumerate(choosing.found.choices[first:], first):
            more: list[Span] = [("  ", "")] if spans else []
            more.append((choice, "match-now" if number == choosing.number else "muted"))
            if spans and width_of([*spans, *more]) > room:
                break
            spans += more
        return tuple(spans)

    def action_clear(self) -> None:
        """Forget the filter and go to the list."""
        self._input.value = ""
        self.post_message(self.Left(chooses=False))

    @on(Input.Submitted)
    def action_leave(self) -> None:
        """Go to the list with the filter as it is, unless it is wrong.

        What is typed next would act on rows that nobody asked for.
        """
        if self.has_problem:
            self.app.bell()
        else:
            self.post_message(self.Left())

    def action_recall(self, back: int) -> None:
        """Put in the filter typed before, or after; after the last one, go to the list."""
        field, earlier = self._input, self._earlier()
        if self._recalled == 0:
            self._typed = field.value
        wanted = self._recalled + back
        if back > 0 and wanted == 1 and earlier[:1] == (self._typed,):
            wanted += 1  # what is in the field already is no earlier one
        if wanted < 0:
            self.action_leave()
        elif wanted <= len(earlier):
            if wanted == 1 and back < 0 and earlier[:1] == (self._typed,):
                wanted = 0
            self._recalled = wanted
            text = earlier[wanted - 1] if wanted else self._typed
            self._put(text, len(text))

    def action_complete(self, step: int) -> None:
        """Put in what was meant, or the next way in which the word at the cursor may go on."""
        field, choosing = self._input, self._choosing
        text, cursor = field.value, field.cursor_position
        if choosing is None or choosing.text != text:
            found = self._complete(text, cursor)
            if not found.choices:
                self._show_hint([((found.help or "nothing to complete here", "muted"),)])
                return
            if len(found.choices) == 1:
                self._choose(Choosing(found, text), 0)
                return
            choosing = Choosing(found, text)
            if len(found.common) > found.end - found.start:
                self._choose(Choosing(replace(found, choices=(found.common,)), text), 0)
                return
        number = choosing.number + step
        if choosing.number < 0 and step < 0:
            number = -1
        self._choose(choosing, number % len(choosing.found.choices))

    def _choose(self, choosing: Choosing, number: int) -> None:
        """Put a choice into the text; where there are others, tab goes on to the next."""
        found = choosing.found
        text, cursor = found.applied_to(self._input.value, number)
        if len(found.choices) > 1:
            end = found.start + len(found.choices[number])
            self._choosing = Choosing(replace(found, end=end), text, number)
        else:
            following = self._complete(text, cursor)
            self._choosing = Choosing(following, text) if len(following.choices) > 1 else None
        self._put(text, cursor)

    def _put(self, text: str, cursor: int) -> None:
        self._put_in = text
        self._input.value = text
        self._input.cursor_position = cursor

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._put_in:
            self._recalled = 0
        self._put_in = ""
        self.post_message(self.Changed(event.value))


def _problem_line(problem: FilterProblem, room: int) -> StyledLine:
    """Return what is wrong and what tab does about it, under the word where there is room."""
    sentence = problem.sentence
    if problem.meant:
        takes = "tab takes it." if problem.meant in sentence else f"tab makes it {problem.meant}."
        sentence = f"{sentence} {takes}"
    carets = "^" * max(1, problem.end - problem.start)
    start = problem.start
    if start + len(carets) + 1 + cells(sentence) <= room:
        return ((" " * start, ""), (f"{carets} {sentence}", "bad"))
    if cells(sentence) > room and "Did you mean" in sentence:
        sentence = sentence[sentence.index("Did you mean") :]
    return ((sentence, "bad"),)
