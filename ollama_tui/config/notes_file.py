"""notes.toml: the user's notes, tags and locks, a table for each model of each server.

    ["gpu-box:11434"."qwen3:8b"]
    note = "good at SQL"
    tags = ["coding", "de"]
    locked = true

It is there to be read and edited by hand: what else stands in it stays, comments too. What cannot
be read is never overwritten.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ollama_tui.api.host import Host, parse_host
from ollama_tui.config.hosts import MOST_QUOTED, Place, place_of
from ollama_tui.config.safe_file import (
    Unusable,
    read_bounded,
    reason_of,
    replace_file,
    shown_path,
    write_atomically,
)
from ollama_tui.config.settings import MOST_DOTS, setting_lines
from ollama_tui.config.state_file import MB, Problems
from ollama_tui.domain import names
from ollama_tui.domain.notes import (
    LONGEST_NOTE,
    NOTHING,
    Note,
    note_problem,
    tags_in,
    tags_problem,
)
from ollama_tui.formatting import inert

LARGEST = 2 * MB
"""Bytes of the file; a larger one is neither read nor written."""
HEADING = """\
# Notes, tags and locks that ollama-tui keeps for models: a table for each model of each server.
# You may edit it; comments stay.

"""
LOCK_WITHIN = 2.0
"""Seconds to wait for another program that is writing the file."""
_LOCK_AGAIN = 0.02
_QUOTED = re.compile(r'"[^"]*"')
Tables = dict[str, Any]
"""What a TOML file holds."""


class Unreadable(Unusable):
    """The file is there and its notes cannot be read, so no lock in it is known."""


@dataclass(frozen=True)
class NotesFile:
    """The file; what is wrong in it is told to `problems`. Not for the event loop."""

    path: Path
    problems: Problems = field(default_factory=Problems)

    def read(self, host: Host) -> dict[str, Note]:
        """Return the notes of the models of a server by `names.comparison_key`.

        Raises Unreadable with a sentence where the file cannot be read. An entry that cannot be
        used is a problem, and a lock that is neither true nor false counts as one.
        """
        text = self._text()
        return self._notes(_tables(text), text, host)

    def change(
        self, host: Host, changed: Callable[[Mapping[str, Note]], Mapping[str, Note]]
    ) -> dict[str, Note]:
        """Change notes of a server's models; return all of them, as `read` does.

        `changed` is given what the file holds now, also from other programs, and returns the new
        notes by the names of their models; those with nothing in them are removed. Raises Unusable
        with a sentence where the file cannot be read or written: then it is left as it was.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._alone():
                text = self._text()
                before = _tables(text)
                changes = changed(self._notes(before, text, host))
                after = _edited(text, before, host, changes)
                if len(after.encode()) > LARGEST:
                    raise Unusable(f"{self._name} would be larger than {LARGEST >> 20} MB.")
                if after != text:
                    self._write(after.encode())
                return self._notes(_tables(after), after, host)
        except OSError as error:
            where = shown_path(self.path)
            raise Unusable(f"{where} cannot be written: {reason_of(error)}.") from None

    @property
    def _name(self) -> str:
        return inert(self.path.name)

    def _text(self) -> str:
        """Return the text of the file; empty when there is none. Raises Unreadable."""
        try:
            return read_bounded(self.path, LARGEST, follow_links=True).decode("utf-8")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError:
            raise Unreadable(f"{self._name} is not UTF-8 text.") from None
        except Unreadable:
            raise
        except Unusable as error:
            with suppress(PermissionError):
                try:
                    os.lstat(self.path)
                except NotADirectoryError:  # so there can be none
                    return ""
            raise Unreadable(f"{self._name} {error}.") from None

    def _write(self, data: bytes) -> None:
        if self.path.exists():
            replace_file(self.path, data)
        else:
            write_atomically(self.path, data, durable=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other programs of ours from changing the file; raises Unusable and OSError."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        file = os.open(self.path.with_name(f".{self.path.name}.lock"), flags, 0o600)
        try:
            end = time.monotonic() + LOCK_WITHIN
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > end:
                        raise Unusable(
                            f"{self._name} is being written by another program."
                        ) from None
                    time.sleep(_LOCK_AGAIN)
            yield
        finally:
            os.close(file)

    def _notes(self, tables: Tables, text: str, host: Host) -> dict[str, Note]:
        place, found = place_of(host), dict[str, Note]()
        wrong: list[tuple[tuple[str, ...], str]] = []
        for server, models in tables.items():
            if (known := _place(server)) is None:
                wrong.append(((server,), f"{_quoted(server)} is not the address of a server."))
            if known != place:
                continue
            if not isinstance(models, dict):
                wrong.append(((server,), f"{_quoted(server)} must be a table of models."))
                continue
            for model, entry in models.items():
                note, said = _note(entry)
                wrong += [
                    ((server, model, *keys), f"{_quoted(model)}: {why}") for keys, why in said
                ]
                if note != NOTHING:
                    found[names.comparison_key(model)] = note
        lines = setting_lines(text) if wrong else {}
        for keys, sentence in wrong:
            line = next((n for end in range(len(keys), 0, -1) if (n := lines.get(keys[:end]))), 0)
            where = f"{self._name}, line {line}" if line else self._name
            self.problems.add(f"{where}: {sentence}")
        return found


def server_name(host: Host) -> str:
    """Return what a server is called in the file: `gpu-box:11434`."""
    scheme, name, port, prefix = place_of(host)
    start = "" if scheme == "http" else f"{scheme}://"
    return f"{start}{f'[{name}]' if ':' in name else name}:{port}{prefix}"


def _place(server: str) -> Place | None:
    """Return which server a table is of, whichever of its addresses that has; None for none."""
    try:
        return place_of(parse_host(server)) if server.strip() else None
    except ValueError:
        return None


def _quoted(name: str) -> str:
    return f"“{inert(name[:MOST_QUOTED])}”"


def _tables(text: str) -> Tables:
    """Return what a TOML text holds; raises Unreadable with a sentence."""
    if not text.strip():
        return {}
    import tomllib  # most users have no such file

    try:
        # A key of very many parts takes seconds to read.
        if any(_QUOTED.sub("", line).count(".") > MOST_DOTS for line in text.splitlines()):
            raise Unreadable("notes.toml is not valid: too many dots in a line.")
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"notes.toml is not valid: {inert(str(error))[:200]}.") from None
    except RecursionError:
        raise Unreadable("notes.toml is not valid: it is nested too deeply.") from None
    except ValueError:  # what Python refuses to read as a number
        raise Unreadable("notes.toml is not valid: a number has too many digits.") from None


def _note(entry: object) -> tuple[Note, list[tuple[tuple[str, ...], str]]]:
    """Return what can be used of a model's table, and what is wrong with the rest, by key."""
    if not isinstance(entry, dict):
        return NOTHING, [((), "its notes must be a table with note, tags and locked.")]
    wrong: list[tuple[tuple[str, ...], str]] = []
    text, tags, locked = entry.get("note", ""), entry.get("tags", []), entry.get("locked", False)
    if not isinstance(text, str):
        wrong.append((("note",), "note must be a text in quotes."))
        text = ""
    elif (problem := note_problem(text)) is not None:
        wrong.append((("note",), f"{problem} The rest is not used."))
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        wrong.append((("tags",), 'tags must be a list of texts, such as ["coding", "de"].'))
        tags = []
    usable = tuple(dict.fromkeys(tag for each in tags for tag in tags_in(each)))
    if (problem := tags_problem(usable)) is not None:
        wrong.append((("tags",), problem))
        usable = tuple(tag for tag in usable if tags_problem([tag]) is None)[:20]
    if not isinstance(locked, bool):
        wrong.append((("locked",), "locked must be true or false; until it is, it counts as true."))
    return Note(text[:LONGEST_NOTE].strip(), usable, locked is not False), wrong


# ---- changing the text


def _values(note: Note) -> dict[str, Any]:
    """Return the values of a note's keys, None for those that are not written."""
    return {
        "note": note.text or None,
        "tags": list(note.tags) or None,
        "locked": note.locked or None,
    }


def _edited(text: str, before: Tables, host: Host, changes: Mapping[str, Note]) -> str:
    """Return the text of the file with notes changed, by the names of their models.

    What is new comes last. Raises Unusable where the text cannot be changed that way.
    """
    import tomlkit  # 20 ms, for who writes notes only
    from tomlkit.exceptions import TOMLKitError

    place, wanted = place_of(host), deepcopy(before)
    own = [server for server in before if _place(server) == place]
    places = {
        names.comparison_key(model): (server, model)
        for server in reversed(own)
        for model in (before[server] if isinstance(before[server], dict) else ())
    }
    usual = own[0] if own else server_name(host)
    try:
        document, added = tomlkit.parse(text or HEADING), tomlkit.document()
        for name, note in changes.items():
            server, model = places.get(names.comparison_key(name), (usual, name))
            is_there = model in before.get(server, ())
            if note == NOTHING and not is_there:
                continue
            _set(wanted, server, model, note)
            _set(document if is_there else added, server, model, note)
        if wanted == before:
            return text
        after = _joined(document.as_string(), added.as_string())
        if _without_empty(_tables(after)) == _without_empty(wanted):
            return after
    except (TOMLKitError, Unreadable, ValueError, TypeError, AttributeError, LookupError):
        pass  # what tomllib reads, and tomlkit cannot change
    raise Unusable("notes.toml is written in a way that cannot be changed here: edit it by hand.")


def _set(tables: MutableMapping[str, Any], server: str, model: str, note: Note) -> None:
    """Change a model's table, in what a file holds or in its text; an empty one is removed."""
    entry = tables.setdefault(server, {}).setdefault(model, {})
    for key, value in _values(note).items():
        if value is not None:
            if entry.get(key) != value:  # or it would lose how it was written
                entry[key] = value
        elif key in entry:
            del entry[key]
    if not entry:
        del tables[server][model]


def _joined(text: str, added: str) -> str:
    """Return a text with another one below, an empty line between them."""
    added = added.strip("\n")
    if not added or not text.strip():
        return text or f"{added}\n"
    return f"{text.rstrip(chr(10))}\n\n{added}\n"


def _without_empty(tables: Tables) -> Tables:
    return {server: models for server, models in tables.items() if models != {}}
