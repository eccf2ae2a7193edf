"""The user's own editor."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from ollama_tui.formatting import inert

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


async def edit(file: Path, suspended: AbstractContextManager[None]) -> str:
    """Let the user edit `file`; return why it did not end well, as a sentence, or nothing.

    Raises NoEditor when there was none. Editors may replace the file: read it by its path. The loop
    goes on while the editor has the terminal, so downloads do too.
    """
    words = [*command(os.environ), str(file)]
    with suspended:  # which does not resume after an exception, so none is raised in it
        ended = await _run(words)
    if isinstance(ended, NoEditor):
        raise ended
    return ended


async def _run(words: list[str]) -> str | NoEditor:
    name = inert(Path(words[0]).name)
    try:
        process = await asyncio.create_subprocess_exec(*words)
    except OSError as error:
        why = f"{name} could not be started: {error.strerror}. Set EDITOR to yours."
        return NoEditor(why)
    code = await process.wait()
    if not code:
        return ""
    how = f"ended with {code}" if code > 0 else f"was killed by signal {-code}"
    return f"{name} {how}, so nothing was taken over."
