"""What commands print: aligned columns for people, JSON for programs, sentences on stderr."""

from __future__ import annotations

import errno
import json
import math
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from ollama_tui.formatting import cells, inert, inert_lines

GAP = "  "


class OutputError(Exception):
    """Standard output could not be written, which was reported unless its reader has left."""

    def __init__(self, code: int) -> None:
        self.code = code
        """The exit code: what shells make of SIGPIPE when the reader has left, else 1."""


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on standard output, at once; raises OutputError."""
    _write("".join(f"{line}\n" for line in lines))


def print_text(text: str) -> None:
    """Print a text of a server, at once: to a file as it is, inert on a terminal.

    Raises OutputError.
    """
    if sys.stdout is not None and sys.stdout.isatty():
        text = inert_lines(text)
    _write(text if text.endswith("\n") else f"{text}\n")


def print_json(value: Any) -> None:
    """Print a value as JSON, at once, with all but ASCII escaped; raises OutputError.

    Numbers that JSON has no word for, infinite ones and those that are none, become null.
    """
    try:
        text = json.dumps(value, indent=2, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), indent=2)
    _write(f"{text}\n")


def _finite(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {key: _finite(each) for key, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
    return value


def flush() -> None:
    """Write what argparse has printed, on stderr where stdout is closed; raises OutputError."""
    if sys.stdout is not None:
        _write("")


def _write(text: str) -> None:
    stream = sys.stdout
    try:
        if stream is None:  # closed before the program started
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()
    except OSError as error:
        _discard(stream)
        if error.errno == errno.EPIPE:
            raise OutputError(141) from None
        complain(f"The output cannot be written: {(error.strerror or 'it fails').lower()}.")
        raise OutputError(1) from None


def complain(*sentences: str) -> None:
    """Print sentences on standard error, if it can be written."""
    for sentence in sentences:
        report(f"ollama-tui: {sentence}")


def report(line: str) -> None:
    """Print a line on standard error, if it can be written."""
    try:
        if sys.stderr is not None:
            print(inert(line), file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


def _discard(stream: TextIO | None) -> None:
    """Drop what a stream still holds, which would fail again when Python closes it at the end."""
    if stream is not None:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], right: str = "") -> list[str]:
    """Return aligned lines; columns whose title is among the words of `right` end together."""
    lines = [list(titles), *(list(map(inert, row)) for row in rows)]
    widths = [max(map(cells, column)) for column in zip(*lines, strict=True)]
    to_right = [title in right.split() for title in titles]

    def padded(text: str, width: int, is_right: bool) -> str:
        blank = " " * (width - cells(text))
        return blank + text if is_right else text + blank

    return [GAP.join(map(padded, line, widths, to_right)).rstrip() for line in lines]
