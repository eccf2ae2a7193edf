"""Modelfiles, read and written as Ollama's own program does it, to the letter.

A value is plain text up to the end of its line, or text of many lines in `"` or `\"""`, without any
escapes. Characters that cannot be printed are dropped; tabs and line ends inside quotes stay.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ollama_tui.formatting import inert

WORDS = (
    "from",
    "license",
    "template",
    "system",
    "adapter",
    "draft",
    "renderer",
    "parser",
    "parameter",
    "message",
    "requires",
    "capability",
)
ROLES = ("system", "user", "assistant")
BLANKS = " \t\r\n"

_BAD_COMMAND = (
    'command must be one of "from", "license", "template", "system", "adapter", "draft", '
    '"renderer", "parser", "parameter", "message", "requires", or "capability"'
)
_BAD_ROLE = 'message role must be one of "system", "user", or "assistant"'
_ODD = "\0"
"""Stands for any unprintable character while reading."""

_BLOB = re.compile(r"(FROM|ADAPTER|DRAFT) .*\bsha256-([0-9a-f]{64})\s*")
_HEAD = ("#", "FROM ", "ADAPTER ", "DRAFT ")
_BETWEEN = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_KEYWORD = re.compile(r".[A-Za-z]*", re.DOTALL)
_KEY = re.compile(r"[A-Za-z0-9_]*")
_WRITABLE_KEY = r"[A-Za-z0-9_]+"
_ROLE = re.compile(r"[A-Za-z]*")
_OPEN = re.compile(r'[\0 \t]*(?:"\0*"\0*"|")')
_CLOSE = {
    3: re.compile(r'"\0*"\0*"[\0 \t]*(?:[\r\n]|\Z)'),
    1: re.compile(r'"[\0 \t]*(?:[\r\n]|\Z)'),
}
_PLAIN = re.compile(r"([^\r\n]*)(?:[\r\n]|\Z)")
_LINE_END = re.compile(r"[\r\n]")


class InvalidModelfile(ValueError):  # noqa: N818 - read as a sentence: except InvalidModelfile
    """The text is no Modelfile; worded as Ollama's own program words it."""

    def __init__(self, words: str, line: int = 0) -> None:
        super().__init__(f"(line {line}): {words}" if line else words)
        self.line = line
        """Where, counted from 1, carriage returns and line feeds alike; 0 when nowhere."""


class Unwritable(ValueError):  # noqa: N818 - read as a sentence: except Unwritable
    """A value that no Modelfile can hold; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: `name` in lower case, and the key of a parameter or the role of a message."""

    name: str
    value: str
    key: str = ""
    line: int = field(default=0, compare=False)
    """Where it was read; 0 when it was not."""


@dataclass(frozen=True, slots=True)
class Modelfile:
    """Commands in order."""

    commands: tuple[Command, ...] = ()

    def all(self, name: str) -> tuple[Command, ...]:
        """Return the commands of one name."""
        return tuple(command for command in self.commands if command.name == name)

    def last(self, name: str) -> str:
        """Return the value that holds among commands of which the last wins; may be empty."""
        return next((c.value for c in reversed(self.commands) if c.name == name), "")


def parse(source: str | bytes) -> Modelfile:
    """Read a Modelfile: text, UTF-8, or UTF-16 with its mark; raise InvalidModelfile."""
    if isinstance(source, str):
        text = source.removeprefix("\ufeff")
    else:
        text = source.decode(encoding_of(source), "replace")
    commands = tuple(_Parser(_marked(text)).commands())
    if not any(command.name == "from" for command in commands):
        raise InvalidModelfile("no FROM line")
    return Modelfile(commands)


def encoding_of(source: bytes) -> str:
    """Return the encoding of a Modelfile, told from its byte order mark."""
    return "utf-16" if source.startswith((BOM_UTF16_BE, BOM_UTF16_LE)) else "utf-8-sig"


def write(modelfile: Modelfile) -> str:
    """Return the text of a Modelfile, one command after the other; raise Unwritable."""
    lines = []
    for command in modelfile.commands:
        if command.name == "parameter" and (
            not re.fullmatch(_WRITABLE_KEY, command.key) or command.key in (*WORDS, "model")
        ):
            raise Unwritable(f"“{inert(command.key)}” cannot be the name of a parameter.")
        if command.name == "message" and command.key not in ROLES:
            raise Unwritable("The role of a message is system, user or assistant.")
        head = f"{command.name.upper()} {command.key}".strip()
        lines.append(f"{head} {_quoted(command)}\n")
    return "".join(lines)


def written(every: Iterable[Command]) -> tuple[str, list[str]]:
    """Return commands as text, and in words what no Modelfile can say."""
    texts, left_out = [], []
    for command in every:
        try:
            texts.append(write(Modelfile((command,))))
        except Unwritable as reason:
            left_out.append(f"Left out: {reason}")
    return "".join(texts), left_out


def printable(text: str) -> str:
    """Return what is left of `text` when a Modelfile is read: no unprintable characters."""
    return _marked(text).replace(_ODD, "")


def blobs(modelfile: str) -> tuple[str, ...]:
    """Return the digests (64 hex) that the head of show's `modelfile` names, weights first."""
    return tuple(dict.fromkeys(match[2] for _, match in _head_lines(modelfile) if match))


def parts(modelfile: str) -> dict[str, tuple[str, ...]] | None:
    """Return the digests (64 hex) by `FROM`, `ADAPTER` and `DRAFT`; None when not all are named."""
    found: dict[str, list[str]] = {"FROM": [], "ADAPTER": [], "DRAFT": []}
    for line, match in _head_lines(modelfile):
        if match is not None:
            found[match[1]].append(match[2])
        elif not line.startswith("#"):
            return None
    return {word: tuple(digests) for word, digests in found.items()}


def _head_lines(modelfile: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Yield the lines of the head, with what names a blob in each.

    The head ends with the first line that is something else, for a prompt may quote such lines.
    """
    for line in modelfile.split("\n"):
        if line.strip() and not line.startswith(_HEAD):
            return
        if line.strip():
            yield line, _BLOB.fullmatch(line)


class _Parser:
    """Where we are in the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1

    def commands(self) -> Iterator[Command]:
        self.take(_BETWEEN)
        while self.at < len(self.text):
            yield self.command()
            self.take(_BETWEEN)

    def take(self, pattern: re.Pattern[str]) -> str:
        """Return what `pattern`, which always matches, matches here, and go behind it."""
        match = pattern.match(self.text, self.at)
        return self.go_to(match.end()) if match else ""

    def go_to(self, end: int) -> str:
        passed = self.text[self.at : end]
        self.at = end
        self.line += passed.count("\n") + passed.count("\r")
        return passed

    def command(self) -> Command:
        line = self.line
        name = self.take(_KEYWORD).replace(_ODD, "").lower()
        if self.at == len(self.text):
            raise InvalidModelfile("unexpected EOF")
        if self.go_to(self.at + 1) not in (" ", "\t") or name not in WORDS:
            raise InvalidModelfile(_BAD_COMMAND, self.line)
        if name == "parameter":
            key, value = self.key(_KEY), self.value()
            # What Ollama makes of a parameter that is called like a command.
            if key == "model":
                return Command("from", value, line=line)
            if key in WORDS and key not in ("from", "parameter", "message"):
                return Command(key, value, line=line)
            return Command("parameter", value, key, line)
        role = self.key(_ROLE) if name == "message" else ""
        if name == "message" and role not in ROLES:
            raise InvalidModelfile(_BAD_ROLE, self.line)
        return Command(name, self.value(), role, line)

    def key(self, pattern: re.Pattern[str]) -> str:
        key = self.take(pattern)
        if self.at == len(self.text):
            raise InvalidModelfile("unexpected EOF")
        if self.go_to(self.at + 1) not in (" ", "\t"):
            raise InvalidModelfile(f"unexpected EOF: {key}")
        return key

    def value(self) -> str:
        opening = _OPEN.match(self.text, self.at)
        if opening is None:
            return self.take(_PLAIN).replace(_ODD, "").strip(BLANKS)
        closing = _CLOSE[opening[0].count('"')].search(self.text, opening.end())
        if closing is None:
            raise InvalidModelfile("unexpected EOF")
        self.go_to(closing.end())
        return self.text[opening.end() : closing.start()].replace(_ODD, "")


def _marked(text: str) -> str:
    """Return `text` with every unprintable character replaced by one mark."""
    if text.isprintable():
        return text
    odd = {c for c in set(text) if not c.isprintable() and c not in BLANKS}
    return text.translate(dict.fromkeys(map(ord, odd), _ODD)) if odd else text


def _quoted(command: Command) -> str:
    value, read = command.value, printable(command.value)
    if not read:
        return '""'
    if not (read[0] == '"' or read != read.strip(BLANKS) or _LINE_END.search(read)):
        return value
    if any(line.rstrip(BLANKS).endswith('"""') for line in _LINE_END.split(read)[:-1]):
        where = f"{command.name.upper()} {command.key}".strip()
        raise Unwritable(f'{where} has a line that ends in """, which ends the text too early.')
    return f'"""{value}"""'
