"""The user's editor: which it is, and how it is run on a file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from ollama_tui.formatting import inert


class EditorError(Exception):
    """The editor could not be run; the message is one sentence."""


def editor_command(environ: Mapping[str, str]) -> list[str]:
    """Return the words of $VISUAL, else of $EDITOR, else vi.

    Raises:
        EditorError: a quote in the variable is never closed.
    """
    import shlex  # the first frame runs no editor

    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environ.get(name, ""))
        except ValueError as error:
            raise EditorError(f"A quote in {name} is never closed: correct it.") from error
        if words:
            return words
    return ["vi"]


async def run_editor(file: Path, suspended: AbstractContextManager[None]) -> str:
    """Let the user edit `file`; return a sentence if the editor failed, else an empty string.

    Editors may replace the file: read it by its path. The event loop runs on while the editor has
    the terminal, and so do downloads.

    Raises:
        EditorError: the editor could not be started.
    """
    words = [*editor_command(os.environ), str(file)]
    name = inert(Path(words[0]).name)
    code, not_started = 0, ""
    with suspended:  # which does not resume after an exception, so none is raised in it
        try:
            process = await asyncio.create_subprocess_exec(*words)
        except OSError as error:
            not_started = f"{name} could not be started: {error.strerror}. Set EDITOR to yours."
        else:
            code = await process.wait()
    if not_started:
        raise EditorError(not_started)
    if not code:
        return ""
    how = f"ended with {code}" if code > 0 else f"was killed by signal {-code}"
    return f"{name} {how}, so its changes were ignored."
