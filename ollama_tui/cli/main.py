"""The command line: it starts the app, or runs one of the commands for scripts.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the server cannot be reached; 130 after
an interrupt and 141 after a broken pipe, as shells have it.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ollama_tui import __version__
from ollama_tui.config.settings import Folders, Settings, read_config, settings_from, user_folders

if TYPE_CHECKING:
    import argparse

COMMANDS = ("list", "show", "space", "outdated", "export", "restore")
"""Each is a module of this package, loaded when it is needed, with `HELP`, a sentence,
`add_arguments(parser)`, and `async run(context)`, which returns the exit code."""
DONE, FAILED, USAGE, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 130
_TAKES_A_VALUE = ("--host", "--theme")


def run(arguments: Sequence[str]) -> int:
    """Run a command or the app; return the exit code, unless the app ends the process itself."""
    word = first_word(arguments)
    try:
        if word in COMMANDS:
            return _run_command(word, arguments)
        if command := close_command(word):
            return _refuse(
                f"“{word}” is no command. Did you mean {command}? "
                f"To filter by it, write -- before it: ollama-tui -- {word}"
            )
        return _run_app(arguments)
    except SystemExit as ended:  # argparse has printed help, the version or an error
        return _flushed(int(ended.code or DONE))


def first_word(arguments: Sequence[str]) -> str:
    """Return the first argument that is not an option; empty if none, or if `--` comes first."""
    words = iter(arguments)
    for word in words:
        if word in _TAKES_A_VALUE:
            next(words, None)
        elif word == "--":
            break
        elif not word.startswith("-"):
            return word
    return ""


def close_command(word: str) -> str | None:
    """Return the command that `word` is a misspelling of; None when it may well be a filter.

    A misspelling has a letter too many or too few, or the letters in another order. Another letter
    in the place of one is rather the beginning of a model's name: `mist`, `snow`.
    """
    word = word.lower()
    for command in COMMANDS:
        shorter, longer = sorted((word, command), key=len)
        without_one = {longer[:i] + longer[i + 1 :] for i in range(len(longer))}
        if sorted(word) == sorted(command) or shorter in without_one:
            return command
    return None


def parser_with(*commands: str) -> argparse.ArgumentParser:
    """Return the parser of the command line with these sub-commands; with none, that of the app.

    Common options may come before or after a command. The result has no attribute for an option
    that was not given.
    """
    import argparse

    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--host", metavar="URL", help="address of the server (else OLLAMA_HOST)")
    common.add_argument("--demo", action="store_true", help="run on an embedded Ollama")
    common.add_argument("--read-only", action="store_true", help="change nothing on the server")
    parser = argparse.ArgumentParser(
        prog="ollama-tui",
        usage="%(prog)s [OPTION]... [FILTER]...\n       %(prog)s COMMAND [OPTION]...",
        description="Browse and curate the models of an Ollama server from the terminal. FILTER "
        "is what the list is first filtered by: words, or field:value.",
        epilog="Environment: OLLAMA_HOST, OLLAMA_API_KEY, NO_COLOR, XDG_CONFIG_HOME and so on.",
        parents=[common],
    )
    parser.add_argument("--theme", metavar="NAME", help="colours: ollama-dark, ollama-light, …")
    parser.add_argument("--version", action="version", version=f"ollama-tui {__version__}")
    if not commands:
        parser.add_argument("filter", nargs="*", metavar="FILTER")
        return parser
    added = parser.add_subparsers(title="commands for scripts", metavar="", prog="ollama-tui")
    for name in commands:
        module = import_module(f"ollama_tui.cli.{name}")
        about = module.HELP
        command = added.add_parser(name, parents=[common], help=about, description=about)
        command.add_argument("--json", action="store_true", help="print JSON, for programs")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def _settings(options: Mapping[str, Any], folders: Folders) -> Settings:
    """Return the settings of this run; raises ValueError with a sentence."""
    return settings_from(
        host=options.get("host"),
        options={key: options.get(key) for key in ("demo", "read_only", "theme", "filter")},
        environ=os.environ,
        config=read_config(folders.config_file),
    )


def _run_command(name: str, arguments: Sequence[str]) -> int:
    gc.disable()  # while importing: it costs a tenth of the start
    import asyncio

    from ollama_tui.api.errors import OllamaError, Unreachable
    from ollama_tui.cli.context import UsageError, open_context
    from ollama_tui.cli.output import OutputError, complain
    from ollama_tui.config.state_file import Problems
    from ollama_tui.services.cache import Cache

    async def command() -> int:
        async with open_context(settings, options, cache) as context:
            gc.freeze()  # modules stay until the end: never collect them
            gc.enable()
            code: int = await options.run(context)
            return code

    options = parser_with(name).parse_args(arguments)
    folders = user_folders()
    try:
        settings = _settings({**vars(options), "filter": ""}, folders)
    except ValueError as error:
        return _refuse(str(error))
    complain(*(problem.sentence for problem in settings.config_problems))
    problems = Problems()
    problems.notify = lambda: complain(*problems.take())
    cache = Cache(folders.cache, problems)
    try:
        return asyncio.run(command())
    except UsageError as error:
        return _refuse(str(error))
    except OllamaError as error:
        complain(str(error))
        return UNREACHABLE if isinstance(error, Unreachable) else FAILED
    except OutputError as error:
        return error.code
    except KeyboardInterrupt:
        return INTERRUPTED


def _run_app(arguments: Sequence[str]) -> int:
    if {"-h", "--help"}.intersection(arguments):
        parser_with(*COMMANDS).print_help()
        return _flushed(DONE)
    # Mostly started without arguments: then argparse need not be loaded.
    options = vars(parser_with().parse_args(arguments)) if arguments else {}
    folders = user_folders()
    try:
        settings = _settings({**options, "filter": " ".join(options.get("filter", ()))}, folders)
    except ValueError as error:
        return _refuse(str(error))
    if (reason := _terminal_problem()) is not None:
        return _refuse(reason)
    if sys.__stderr__ is not None and hasattr(sys.__stderr__, "reconfigure"):
        # Textual draws on stderr; under a locale without UTF-8 it would print escapes as text.
        sys.__stderr__.reconfigure(encoding="utf-8", errors="replace")
    gc.disable()  # while importing; `app.follow_connection` enables it again
    from ollama_tui.api.prefetch import Prefetch

    first = None if settings.demo else Prefetch.of(settings.host, os.environ)

    from ollama_tui.config.state_file import Problems
    from ollama_tui.config.ui_state import UIState
    from ollama_tui.services.cache import Cache
    from ollama_tui.tui.app import OllamaTui
    from ollama_tui.tui.look import signs_for
    from ollama_tui.tui.shutdown import Shutdown

    problems = Problems()
    shutdown = Shutdown()
    app = OllamaTui(
        settings,
        prefetch=first,
        cache=Cache(folders.cache, problems),
        ui_state=UIState.read(folders.ui_state_file, problems),
        unfinished=folders.unfinished,
        problems=problems,
        drafts=folders.drafts,
        signs=signs_for(os.environ),
        leaving=shutdown.begin,
    )
    shutdown.save = app.drafts.flush
    return shutdown.run(app)


def _terminal_problem() -> str | None:
    """Return why no screen can be drawn here, as a sentence; None when it can."""
    # Python has no object for a stream that was closed before it started.
    streams = (sys.__stdin__, sys.__stderr__)
    if sys.__stdout__ is None or not all(stream and stream.isatty() for stream in streams):
        return "this needs a terminal for input and output; over SSH ask for one with ssh -t."
    if os.environ.get("TERM", "") in ("", "dumb"):
        return "TERM names no terminal that can place a cursor; try TERM=xterm-256color."
    return None


def _refuse(reason: str) -> int:
    from ollama_tui.cli.output import complain

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
