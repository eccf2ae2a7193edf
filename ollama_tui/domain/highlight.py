"""Modelfiles, templates and JSON with the style of each part, lexed only where they are read.

A lexer never refuses a text: what it does not understand is plain. Its state at any place is a
value, so a text is lexed from the nearest place whose state is known, not from its beginning.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter
from typing import Protocol

from ollama_tui.domain.modelfile.syntax import ROLES, WORDS
from ollama_tui.formatting import Span, StyledLine

State = tuple[str, ...]
"""What a lexer has to know of the text before a place; empty at the beginning."""

KEYWORD, STRING, COMMENT = "syntax-keyword", "syntax-string", "syntax-comment"
TAG, NUMBER = "syntax-tag", "syntax-number"

PIECE = 1024
"""A line is lexed in pieces of about so many characters: one of megabytes has states inside."""
MOST_LINES = 20_000
"""Lines whose states are found at a time, to keep the program responsive; what lies further ahead
is plain until it is asked for again."""
ROWS_KEPT = 512
"""Rows whose spans are kept."""


class Lexer(Protocol):
    """One language."""

    reach: int
    """How many characters `skip` may be given before a user has to wait."""

    def lex(self, text: str, state: State, *, ends: bool) -> tuple[list[Span], State]:
        """Return a piece of a line as spans, and the state after it.

        `ends` says whether the line ends with the piece: then it is the state of the next line.
        """

    def skip(self, text: str, state: State, *, ends: bool) -> State:
        """Return the state that `lex` returns, faster."""


class Json:
    """JSON, and what looks like it: a `curl` command, the values of parameters."""

    reach = 4_000_000
    _TOKEN = re.compile(
        r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z))'
        r"|(?P<number>-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)"
        r"|(?P<word>\b(?:true|false|null)\b)",
        re.DOTALL,
    )
    _REST = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
    _ESCAPED = re.compile(r"\\.", re.DOTALL)
    _COLON = re.compile(r"\s*:")

    def lex(self, text: str, state: State, *, ends: bool) -> tuple[list[Span], State]:
        """Return strings, numbers and words; a string before a colon is a key."""
        spans: list[Span] = []
        at = 0
        if state and (rest := self._REST.match(text)):
            at = rest.end()
            spans.append((text[:at], STRING))
        for match in self._TOKEN.finditer(text, at):
            if match.start() > at:
                spans.append((text[at : match.start()], ""))
            at = match.end()
            style = NUMBER if match["number"] else KEYWORD if match["word"] else STRING
            if style is STRING and self._COLON.match(text, at):
                style = TAG
            spans.append((match[0], style))
        spans.append((text[at:], ""))
        return spans, self.skip(text, state, ends=ends)

    def skip(self, text: str, state: State, *, ends: bool) -> State:
        """Return whether the text ends inside a string; none goes on in the next line."""
        if ends:
            return ()
        quotes = (self._ESCAPED.sub("", text) if "\\" in text else text).count('"')
        return ("string",) if bool(state) ^ bool(quotes % 2) else ()


class Template:
    """A template of Go, as Ollama's are: text with `{{ actions }}`."""

    reach = 500_000
    _TOKEN = re.compile(
        r"(?P<close>-?\}\})"
        r'|(?P<string>"[^"\\]*(?:\\.[^"\\]*)*"?|`[^`]*(?:`|\Z)|\'(?:[^\'\\]|\\.)*\'?)'
        r"|(?P<field>(?:\$[\w]*|\.[A-Za-z_]\w*)(?:\.\w+)*|\B\.\B)"
        r"|(?P<number>\b\d+(?:\.\d+)?\b)"
        r"|(?P<word>\b(?:if|else|end|range|with|define|template|block|break|continue|nil|true|false"
        r"|and|or|not|eq|ne|lt|le|gt|ge|len|index|slice|print|printf|println|call|json)\b)",
        re.DOTALL,
    )
    _OPEN = re.compile(r"\{\{-?")
    _COMMENT = re.compile(r"\s*/\*")
    _CONTROL = re.compile(r"<\|[^|<>]{1,64}\|>|</?[\w-]{1,32}>|\[/?[A-Z_]{1,32}\]")
    """Words that templates put around what is said: `<|im_start|>`, `</s>`, `[INST]`."""

    def lex(
        self, text: str, state: State, *, ends: bool, plain: str = ""
    ) -> tuple[list[Span], State]:
        """Return text in the style `plain`, and the actions in it."""
        spans: list[Span] = []
        at = 0
        while at < len(text):
            before, where = at, state
            if not state:
                opened = self._OPEN.search(text, at)
                at = opened.start() if opened else len(text)
                spans += self._literal(text[before:at], plain)
                if opened:
                    at = opened.end()
                    spans.append((opened[0], TAG))
                    state = ("comment",) if self._COMMENT.match(text, at) else ("action",)
            elif state == ("comment",):
                end = text.find("*/", at)
                at = len(text) if end < 0 else end + 2
                state = state if end < 0 else ("action",)
                spans.append((text[before:at], COMMENT))
            elif state == ("raw",):
                end = text.find("`", at)
                at = len(text) if end < 0 else end + 1
                state = state if end < 0 else ("action",)
                spans.append((text[before:at], STRING))
            else:
                at, state = self._action(text, at, spans)
            if at == before and state == where:  # never: but a text must not hang the program
                break
        return spans, state

    def skip(self, text: str, state: State, *, ends: bool) -> State:
        """Return the state after `text`: it lasts where no action begins or ends."""
        if not state and "{{" not in text:
            return ()
        return self.lex(text, state, ends=ends)[1]

    def _action(self, text: str, at: int, spans: list[Span]) -> tuple[int, State]:
        """Add what an action holds from `at` on; return where it or the text ends, and how."""
        for match in self._TOKEN.finditer(text, at):
            if match.start() > at:
                spans.append((text[at : match.start()], ""))
            at = match.end()
            if match["close"]:
                spans.append((match[0], TAG))
                return at, ()
            token = match[0]
            if match["string"]:
                spans.append((token, STRING))
                if token[0] == "`" and (len(token) == 1 or token[-1] != "`"):
                    return at, ("raw",)
            elif match["field"]:
                spans.append((token, TAG))
            else:
                spans.append((token, NUMBER if match["number"] else KEYWORD))
        spans.append((text[at:], ""))
        return len(text), ("action",)

    def _literal(self, text: str, plain: str) -> list[Span]:
        spans: list[Span] = []
        at = 0
        for match in self._CONTROL.finditer(text):
            spans += [(text[at : match.start()], plain), (match[0], STRING)]
            at = match.end()
        return [*spans, (text[at:], plain)]


class Modelfile:
    """A Modelfile: commands with values of one line, or of many in quotes; a template in one."""

    reach = 2_000_000
    _COMMAND = re.compile(rf"(?P<word>{'|'.join(WORDS)})(?=[ \t]|$)", re.IGNORECASE)
    _KEY = re.compile(rf"[ \t]*(?P<key>\w+|{'|'.join(ROLES)})(?=[ \t]|$)", re.IGNORECASE)
    _OPEN = re.compile(r'[ \t]*("""|")')
    _NUMBER = re.compile(r"[ \t]*-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[ \t]*\Z")
    _template = Template()

    def lex(self, text: str, state: State, *, ends: bool) -> tuple[list[Span], State]:
        """Return commands, keys, values and comments."""
        if not state:
            return self._begin(text, ends)
        kind, *rest = state
        if kind == "quoted":
            return self._quoted(text, rest[0], rest[1], tuple(rest[2:]), ends)
        style = COMMENT if kind == "comment" else ""
        return [(text, style)], () if ends else state

    def skip(self, text: str, state: State, *, ends: bool) -> State:
        """Return the state after `text`; inside quotes only their end matters."""
        if state[:1] == ("quoted",) and state[1] != "template":
            return () if ends and text.rstrip(" \t").endswith(state[2]) else state
        if ends and not state and '"' not in text:
            return ()
        return self.lex(text, state, ends=ends)[1]

    def _begin(self, text: str, ends: bool) -> tuple[list[Span], State]:
        """Lex from where a command may begin."""
        at = len(text) - len(text.lstrip(" \t"))
        spans: list[Span] = [(text[:at], "")]
        command = self._COMMAND.match(text, at)
        if text.startswith("#", at):
            return [*spans, (text[at:], COMMENT)], () if ends else ("comment",)
        if command is None:
            return [(text, "")], () if ends else ("plain",)
        word, at = command["word"].lower(), command.end()
        spans.append((command[0], KEYWORD))
        if word in ("parameter", "message") and (key := self._KEY.match(text, at)):
            spans.append((key[0], TAG))
            at = key.end()
        opened = self._OPEN.match(text, at)
        if opened is None:
            is_number = word == "parameter" and self._NUMBER.match(text, at)
            style = NUMBER if is_number else STRING if word == "parameter" else ""
            return [*spans, (text[at:], style)], () if ends else ("plain",)
        spans.append((opened[0], STRING))
        rest, state = self._quoted(text[opened.end() :], word, opened[1], (), ends)
        return [*spans, *rest], state

    def _quoted(
        self, text: str, word: str, quotes: str, inner: State, ends: bool
    ) -> tuple[list[Span], State]:
        """Lex the inside of quotes, which end only at the end of a line."""
        body = text.rstrip(" \t")
        closes = ends and body.endswith(quotes)
        at = len(body) - len(quotes) if closes else len(text)
        if word == "template":
            spans, inner = self._template.lex(text[:at], inner, ends=ends, plain=STRING)
        else:
            spans = [(text[:at], STRING)]
        if closes:
            return [*spans, (text[at:], STRING)], ()
        return spans, ("quoted", word, quotes, *inner)


LEXERS: dict[str, Lexer] = {"json": Json(), "template": Template(), "modelfile": Modelfile()}
"""By the name of the language; a span with such a name for a style is lexed when it is drawn."""


class Highlighter:
    """The lines of a text as spans, from any place on."""

    def __init__(self, lines: Sequence[str], language: str) -> None:
        self._lines = lines
        self._lexer = LEXERS[language]
        self._at_line: list[State] = [()]
        """States at the beginning of lines, as far as they are known."""
        self._in_line: dict[int, list[tuple[int, State]]] = {}
        """Places in long lines, by line, and the states there."""
        self._rows: dict[tuple[int, int, int], StyledLine] = {}

    def spans(self, line: int, start: int, end: int) -> StyledLine:
        """Return the characters from `start` to `end` of a line."""
        place = (line, start, end)
        if (known := self._rows.get(place)) is not None:
            return known
        text = self._lines[line]
        found = self._nearest(line, start)
        if found is None:
            return ((text[start:end], ""),)
        at, state = found
        piece = text[at:end]
        spans, _ = self._lexer.lex(piece, state, ends=end >= len(text))
        if len(self._rows) >= ROWS_KEPT:
            self._rows.clear()
        self._rows[place] = row = _from(spans, start - at)
        return row

    def _nearest(self, line: int, start: int) -> tuple[int, State] | None:
        """Return a place at or shortly before `start` with its state; None if that takes long."""
        if not self._reach(line):
            return None
        state = self._at_line[line]
        if start < PIECE:
            return 0, state
        text, places = self._lines[line], self._in_line.setdefault(line, [(0, state)])
        at, state = places[-1]
        left = self._lexer.reach
        while at + PIECE <= start:
            if left <= 0:
                return None
            following = _cut(text, at + PIECE)
            state = self._lexer.skip(text[at:following], state, ends=False)
            left -= following - at
            at = following
            places.append((at, state))
        return places[bisect_right(places, start, key=itemgetter(0)) - 1]

    def _reach(self, line: int) -> bool:
        """Find the states up to the beginning of `line`; return whether they are known now."""
        states, lexer = self._at_line, self._lexer
        left = lexer.reach
        for number in range(len(states) - 1, min(line, len(states) - 1 + MOST_LINES)):
            text = self._lines[number]
            left -= len(text)
            if left < 0 and number > len(states) - 1:
                break
            states.append(lexer.skip(text, states[number], ends=True))
        return line < len(states)


_DELICATE = frozenset("{}\"'`\\/*-")
"""Characters of which signs of two or three are made: a line is not cut after them."""


def _cut(text: str, at: int) -> int:
    """Return where a line can be cut near `at`: at most a few characters before it."""
    for place in range(min(at, len(text)), max(at - 64, 0), -1):
        before, after = text[place - 1], text[place : place + 1]
        if before not in _DELICATE and not (before.isalnum() and after.isalnum()):
            return place
    return at


def _from(spans: Sequence[Span], skipped: int) -> StyledLine:
    """Return spans without their first characters, and equal styles together."""
    kept: list[Span] = []
    for text, style in spans:
        text, skipped = text[skipped:], max(0, skipped - len(text))
        if text and kept and kept[-1][1] == style:
            kept[-1] = (kept[-1][0] + text, style)
        elif text:
            kept.append((text, style))
    return tuple(kept)
