"""The command line: it starts the app, or runs one of the commands for scripts.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the server cannot be reached; 130 after
an interrupt and 141 after a broken pipe, as shells have it.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ollama_tui.cli.parser import (
    COMMANDS,
    STANDALONE,
    close_command,
    first_word,
    parsed,
    parser_with,
)
from ollama_tui.config.settings import Folders, SettingsFile, read_settings, user_folders
from ollama_tui.start import terminal
from ollama_tui.start.dataclass_methods import compiled_when_called

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

DONE, FAILED, USAGE, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 130


def run(arguments: Sequence[str]) -> int:
    """Run a command or the app; return the exit code, unless the app ends the process itself."""
    word = first_word(arguments)
    try:
        if word in COMMANDS:
            return _run_command(word, arguments)
        if command := close_command(word):
            return _refuse(
                f"“{word}” is not a command. Did you mean {command}? "
                f"To filter by it, write -- before it: ollama-tui -- {word}"
            )
        return _run_app(arguments)
    except SystemExit as ended:  # argparse has printed help, the version or an error
        return _flushed(int(ended.code or DONE))


def _run_command(name: str, arguments: Sequence[str]) -> int:
    gc.disable()  # while importing: it costs a tenth of the start
    from ollama_tui.cli.output import OutputError

    options = parsed(arguments, name)
    run_it = options.run if name in STANDALONE else _run_on_server
    try:
        code: int = run_it(options, user_folders())
    except OutputError as error:
        return error.code
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _run_on_server(options: argparse.Namespace, folders: Folders) -> int:
    """Run a command that asks a server, with the settings of the user."""
    import asyncio

    from ollama_tui.api.errors import OllamaError, Unreachable
    from ollama_tui.cli.context import CommandRefused, UsageError, open_context
    from ollama_tui.cli.output import complain
    from ollama_tui.config.notes_file import NotesFile
    from ollama_tui.config.saved_filters import SavedFilters
    from ollama_tui.config.state_file import Problems
    from ollama_tui.services.cache import Cache

    async def command() -> int:
        async with open_context(settings, options, cache, notes_file) as context:
            gc.freeze()  # modules stay until the end: never collect them
            gc.enable()
            code: int = await options.run(context)
            return code

    try:
        settings = read_settings({**vars(options), "filter": ""}, folders)
    except ValueError as error:
        return _refuse(str(error))
    complain(*(problem.sentence for problem in settings.config_problems))
    problems = Problems()
    problems.notify = lambda: complain(*problems.take())
    saved = SavedFilters.read(folders.saved_filters, problems)
    settings = replace(settings, filters=saved.with_config(settings.filters))
    cache, notes_file = Cache(folders.cache, problems), NotesFile(folders.notes, problems)
    try:
        return asyncio.run(command())
    except UsageError as error:
        return _refuse(str(error))
    except CommandRefused as error:
        complain(str(error))
        return FAILED
    except OllamaError as error:
        complain(str(error))
        return UNREACHABLE if isinstance(error, Unreachable) else FAILED


def _run_app(arguments: Sequence[str]) -> int:
    gc.disable()  # while importing; `app.follow_connection` enables it again
    if {"-h", "--help"}.intersection(arguments):
        parser_with(*COMMANDS).print_help()
        return _flushed(DONE)
    # Mostly started without arguments: then argparse need not be loaded.
    options = vars(parsed(arguments)) if arguments else {}
    folders = user_folders()
    options["filter"] = " ".join(options.get("filter", ()))
    try:
        settings = read_settings(options, folders)
    except ValueError as error:
        return _refuse(str(error))
    if (reason := _terminal_problem()) is not None:
        return _refuse(reason)
    _draw_in_utf8()
    from ollama_tui.api.prefetch import Prefetch

    first = None if settings.demo else Prefetch.of(settings.host, os.environ)
    with compiled_when_called():
        from ollama_tui.config.saved_filters import SavedFilters
        from ollama_tui.config.state_file import Problems
        from ollama_tui.config.ui_state import UIState
        from ollama_tui.services.cache import Cache
        from ollama_tui.tui.app import OllamaTui
        from ollama_tui.tui.look import signs_for, theme_for
        from ollama_tui.tui.shutdown import Shutdown

    problems = Problems()
    shutdown = Shutdown()
    app = OllamaTui(
        settings,
        prefetch=first,
        cache=Cache(folders.cache, problems),
        ui_state=UIState.read(folders.ui_state_file, problems),
        saved_filters=SavedFilters.read(folders.saved_filters, problems),
        settings_file=SettingsFile(
            folders.config_file, partial(read_settings, options, folders), settings
        ),
        unfinished=folders.unfinished,
        start_keeper=_start_keeper,
        problems=problems,
        drafts=folders.drafts,
        notes=folders.notes,
        signs=signs_for(os.environ),
        usual_theme=theme_for(os.environ),
        leaving=shutdown.begin,
        early=terminal.held,
    )
    shutdown.save = app.drafts.flush
    shutdown.hand_over = app.hand_over
    return shutdown.run(app)


def _draw_in_utf8() -> None:
    """Let Textual, which draws on stderr, draw signs where the locale has no UTF-8."""
    if sys.__stderr__ is not None and hasattr(sys.__stderr__, "reconfigure"):
        sys.__stderr__.reconfigure(encoding="utf-8", errors="replace")


def _start_keeper(file: Path, prefix: Sequence[str]) -> None:
    from ollama_tui.services.jobs.handover import start_keeper  # most runs leave nothing to do

    start_keeper(file, prefix)


def _terminal_problem() -> str | None:
    """Return why no screen can be drawn here, as a sentence; None when it can."""
    # Python has no object for a stream that was closed before it started.
    streams = (sys.__stdin__, sys.__stderr__)
    if sys.__stdout__ is None or not all(stream and stream.isatty() for stream in streams):
        return "This needs a terminal for input and output; over SSH, use ssh -t."
    if os.environ.get("TERM", "") in ("", "dumb"):
        return (
            "TERM does not name a terminal that can position the cursor; try TERM=xterm-256color."
        )
    return None


def _refuse(reason: str) -> int:
    from ollama_tui.cli.output import complain

    terminal.give_back()
    complain(reason)
    return USAGE


def _flushed(code: int) -> int:
    """Return `code` once what argparse has printed is written, or that of the failure."""
    from ollama_tui.cli.output import OutputError, flush

    try:
        flush()
    except OutputError as error:
        return error.code
    return code
