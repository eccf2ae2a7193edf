"""The user's own editor, on a text in a temporary file."""

from __future__ import annotations

import asyncio
import os
import shlex
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

USUAL = "vi"


class NoEditor(Exception):  # noqa: N818 - read as a sentence: except NoEditor
    """The editor could not be run; the message is one sentence."""


def command(environ: Mapping[str, str]) -> list[str]:
    """Return the words of $VISUAL, else of $EDITOR, else vi; raise NoEditor."""
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environ.get(name, ""))
        except ValueError as error:
            raise NoEditor(f"A quote in {name} is never closed: correct it.") from error
        if words:
            return words
    return [USUAL]


async def edit(text: str, name: str, suspended: AbstractContextManager[None]) -> str:
    """Return `text` as the user leaves it; raise NoEditor.

    The loop goes on while the editor has the terminal, so downloads do too.
    """
    words = command(os.environ)
    with tempfile.TemporaryDirectory(prefix="ollama-tui-") as folder:
        file = Path(folder) / name
        file.write_text(text, encoding="utf-8")
        with suspended:  # which does not resume after an exception, so none is raised in it
            trouble = await _run([*words, str(file)])
        if trouble is not None:
            raise NoEditor(trouble)
        try:
            return file.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise NoEditor(f"The edited file is gone: {error.strerror}.") from error


async def _run(words: list[str]) -> str | None:
    """Run the editor to its end; return why it did not work, as a sentence, or None."""
    name = Path(words[0]).name
    try:
        process = await asyncio.create_subprocess_exec(*words)
    except OSError as error:
        return f"{name} could not be started: {error.strerror}. Set EDITOR to yours."
    code = await process.wait()
    return f"{name} ended with {code}, so nothing was taken over." if code else None
