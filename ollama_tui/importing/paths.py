"""Paths as people type and paste them: quotes, escapes, `file://`, `~`, several at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from sys import platform
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from ollama_tui.formatting import inert

FOLDS = platform in ("darwin", "win32")
"""Whether file names of this platform are the same in any case."""

_QUOTES = {"'": "'", '"': '"', "“": "”", "‘": "’"}
_ESCAPED_IN_DOUBLE = '"\\$`'
_PLAIN = re.compile(r"[\w.+=@,:/-]*", re.ASCII)
_SPECIAL = re.compile(r"([\s\\'\"“”‘’~*?$&;()<>|`!#\[\]{}])")
_LINES = re.compile(r"[\r\n]+")
_FILE = "file:"


def paths_in(text: str) -> tuple[Path, ...]:
    """Return the paths that `text` means, in order; nothing is looked up but the home folder."""
    return tuple(
        Path(word.path)
        for line in _LINES.split(text.replace("\0", ""))
        for word in _words_or_one(line)
        if word.path
    )


def spelled(path: Path) -> str:
    """Return one line of inert text from which `paths_in` reads `path` again."""
    text = str(path)
    if _PLAIN.fullmatch(text) and not text.startswith(_FILE):
        return text
    for attempt in (text, _escaped(text)):
        if inert(attempt) == attempt and paths_in(attempt) == (path,):
            return attempt
    return _address(path)


def one_line(text: str) -> str:
    """Return pasted `text` as one line that means the same files."""
    lines = [line for line in _LINES.split(text) if line.strip()]
    if len(lines) == 1 and inert(only := _trimmed(lines[0].lstrip())) == only:
        return only
    paths = paths_in(text)
    if len(paths) == 1:
        return spelled(paths[0])
    words = []
    for path in map(Path.absolute, paths):
        word = _escaped(str(path))  # so that a space in it does not end it
        is_same = inert(word) == word and paths_in(word) == (path,)
        words.append(word if is_same else _address(path))
    return " ".join(words)


def completions(text: str, *, fold: bool = FOLDS) -> list[str]:
    """Return what the last path of `text` may become: folders first, each ending in a slash.

    Hidden files are offered after a dot; a folder that cannot be read has none.
    """
    # With one more letter, a space at the end is part of the name that is being typed.
    word = _words_or_one(f"{text}x")[-1]
    raw = word.raw[:-1]
    typed = _Typed(text[: len(text) - len(raw)], raw)
    if raw == "~":
        return [f"{text}/"]
    part = word.path[:-1].rpartition("/")[2]
    found = sorted(
        _entries(typed.folder, part, fold), key=lambda e: (not e[0], e[1].casefold(), e[1])
    )
    return [typed.completed(name, is_folder=is_folder) for is_folder, name in found]


def common(texts: Iterable[str]) -> str:
    """Return the common beginning of `texts`, never half an escape."""
    prefix = os.path.commonprefix(list(texts))  # noqa: RUF071 - letters are what is wanted
    escapes = len(prefix) - len(prefix.rstrip("\\"))
    return prefix[:-1] if escapes % 2 else prefix


class _Word(NamedTuple):
    raw: str
    """As it is in the line."""
    value: str
    """Without quotes and escapes."""

    @property
    def path(self) -> str:
        """The path it means: `file:` addresses decoded, `~` expanded."""
        bare = self.raw[1:] if self.raw[:1] in _QUOTES else self.raw
        if bare[: len(_FILE)].lower() == _FILE:
            rest = self.value[len(_FILE) :]
            if rest.startswith("//"):
                _host, slash, path = rest[2:].partition("/")
                rest = slash + path
            return os.fsdecode(unquote_to_bytes(rest).replace(b"\0", b""))
        return os.path.expanduser(self.value) if bare.startswith("~") else self.value


class _Typed(NamedTuple):
    """A path that is being typed, and the text before it."""

    before: str
    raw: str

    @property
    def head(self) -> str:
        """Everything up to the name."""
        return self.before + self.raw[: self.raw.rfind("/") + 1]

    @property
    def folder(self) -> Path:
        """The folder that the name is looked for in."""
        return paths_in(self.head)[-1] if "/" in self.raw else Path()

    def completed(self, name: str, *, is_folder: bool) -> str:
        """Return the whole text with `name` at its end, spelled as the rest of it is."""
        slash = "/" if is_folder else ""
        if _PLAIN.fullmatch(name):
            return self.head + name + slash
        wanted = (*paths_in(self.before), self.folder / name)
        for attempt in (name, _escaped(name), quote(os.fsencode(name))):
            if self.raw.lower().startswith(_FILE) and " " in attempt:
                continue  # programs do not expect a space in an address
            text = self.head + attempt + slash
            if inert(text) == text and paths_in(text) == wanted:
                return text
        return self.before + _address(self.folder / name) + slash


def _words_or_one(line: str) -> list[_Word]:
    """Return the paths of a line: several when each is one for certain, else the whole line."""
    start = len(line) - len(line.lstrip())
    if start == len(line):
        return []
    words, at = [], start
    while at < len(line):
        word, at = _read(line, at, split=True)
        words.append(word)
        while at < len(line) and line[at].isspace():
            at += 1
    # Anything else may be the rest of a path with a space in it.
    is_path = (word.raw.startswith(("/", "~", "file:/", *_QUOTES)) for word in words)
    if len(words) > 1 and all(is_path):
        return words
    whole, _ = _read(line, start, split=False)
    return [whole]


def _read(line: str, start: int, *, split: bool) -> tuple[_Word, int]:
    """Read a word, up to a space if `split`, else to the end; return where it ends too.

    Quotes count only in a word that begins with one: elsewhere they are apostrophes.
    """
    quoted, at, close = line[start] in _QUOTES, start, ""
    value: list[str] = []
    solid = 0
    while at < len(line):
        letter, following = line[at], line[at + 1 : at + 2]
        at += 1
        # In double quotes a backslash escapes only some letters, in single ones none.
        can_escape = not close or (close == '"' and following in _ESCAPED_IN_DOUBLE)
        if letter == "\\" and following and can_escape:
            value.append(following)
            at += 1
            solid = len(value)
        elif close and letter == close:
            close, solid = "", len(value)
        elif quoted and not close and letter in _QUOTES:
            close = _QUOTES[letter]
        elif split and not close and letter.isspace():
            at -= 1
            break
        else:
            value.append(letter)
            solid = solid if letter.isspace() and not close else len(value)
    raw = line[start:at]
    return _Word(raw if split else _trimmed(raw), "".join(value[:solid])), at


def _trimmed(raw: str) -> str:
    """Strip spaces at the end, but not one that is escaped."""
    cut = raw.rstrip()
    escapes = len(cut) - len(cut.rstrip("\\"))
    return raw[: len(cut) + 1] if escapes % 2 else cut


def _address(path: Path) -> str:
    return "file://" + quote(os.fsencode(path.absolute()))


def _escaped(text: str) -> str:
    safe = _SPECIAL.sub(r"\\\1", text)
    return "\\" + safe if safe.lower().startswith(_FILE) else safe


def _entries(folder: Path, part: str, fold: bool) -> Iterator[tuple[bool, str]]:
    """Yield whether it is a folder, and the name, of each entry that begins with `part`."""
    beginning = part.casefold() if fold else part
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name.casefold() if fold else entry.name
                hidden = name.startswith(".") and not part.startswith(".")
                if name.startswith(beginning) and not hidden:
                    yield entry.is_dir(), entry.name
    except OSError:
        return
