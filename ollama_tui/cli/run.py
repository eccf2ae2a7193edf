"""Runs one verb and turns what happens into an exit code.

0 done, 1 refused or failed, 2 wrong usage, 3 the server cannot be reached; 130 and 141 are what
shells make of an interrupt and of a pipe that nobody reads.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from pathlib import Path

from ollama_tui.api.errors import OllamaError, Unreachable
from ollama_tui.cli.arguments import parsed
from ollama_tui.cli.context import Desk, Mistaken, opened
from ollama_tui.cli.output import complain
from ollama_tui.config.settings import Settings, read_config, settings_from, user_folders
from ollama_tui.config.state_file import Problems
from ollama_tui.services.cache import Cache

DONE, FAILED, USAGE, UNREACHABLE, INTERRUPTED, UNREAD = 0, 1, 2, 3, 130, 141
MODULES = {
    "list": "list",
    "show": "show",
    "space": "space",
    "outdated": "outdated",
    "export": "export",
    "restore": "restore",
}


def run(verb: str, words: Sequence[str]) -> int:
    """Carry out a verb; return the exit code."""
    options = parsed(verb, words)
    folders = user_folders()
    try:
        settings = settings_of(options, folders.config_file)
    except ValueError as error:
        complain(str(error))
        return USAGE
    try:
        cache = Cache(folders.cache, _complaining())
        code = asyncio.run(_carried_out(verb, settings, options, cache))
        sys.stdout.flush()
    except (Mistaken, OllamaError, BrokenPipeError, KeyboardInterrupt) as error:
        return _ended_by(error)
    return code


def settings_of(options: argparse.Namespace, file: Path) -> Settings:
    """Return the settings of this run; raises ValueError with a sentence."""
    settings = settings_from(
        host=options.host,
        options={"demo": options.demo, "read_only": options.read_only},
        environ=os.environ,
        config=read_config(file),
    )
    for problem in settings.config_problems:
        complain(problem.sentence)
    return settings


def _complaining() -> Problems:
    """Return problems with saved files that are said at once, beside what is printed."""
    problems = Problems()

    def complain_of_them() -> None:
        for problem in problems.take():
            complain(problem)

    problems.listen(complain_of_them)
    return problems


async def _carried_out(
    verb: str, settings: Settings, options: argparse.Namespace, cache: Cache
) -> int:
    carry_out: Callable[[Desk], Awaitable[int]]
    carry_out = import_module(f"ollama_tui.cli.{MODULES[verb]}").carry_out
    async with opened(settings, options, cache) as desk:
        gc.freeze()  # what is loaded stays to the end, so nobody need look at it again
        gc.enable()
        return await carry_out(desk)


def _ended_by(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        # What is still buffered would raise again when Python closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    complain(str(error))
    if isinstance(error, Unreachable):
        return UNREACHABLE
    return USAGE if isinstance(error, Mistaken) else FAILED
