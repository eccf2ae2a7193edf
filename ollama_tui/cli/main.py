"""The command line: arguments and environment become settings, then the app runs."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ollama_tui import __version__
from ollama_tui.cli import VERBS, verb_of
from ollama_tui.config.settings import Folders, Settings, read_config, settings_from, user_folders

if TYPE_CHECKING:
    import argparse


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    import argparse

    made = argparse.ArgumentParser(
        prog="ollama-tui",
        description="Browse and curate the models of an Ollama server from the terminal.",
        epilog=f"For scripts: {', '.join(VERBS)}; each has its own --help. "
        "Environment: OLLAMA_HOST, OLLAMA_API_KEY, NO_COLOR, XDG_CONFIG_HOME and so on.",
    )
    made.add_argument("filter", nargs="*", metavar="FILTER", help="filter to start with")
    made.add_argument("--host", metavar="URL", help="address of the server (else OLLAMA_HOST)")
    made.add_argument("--demo", action="store_true", help="run on an embedded Ollama")
    made.add_argument("--read-only", action="store_true", help="change nothing on the server")
    made.add_argument("--theme", metavar="NAME", help="colours: ollama-dark, ollama-light, …")
    made.add_argument("--version", action="version", version=f"ollama-tui {__version__}")
    return made


def settings_of(arguments: Sequence[str], folders: Folders) -> Settings:
    """Return the settings of this run; raises ValueError with a sentence."""
    # Without arguments, as it is mostly started, nothing has to be parsed, nor a parser loaded.
    options = vars(parser().parse_args(arguments)) if arguments else {}
    return settings_from(
        host=options.pop("host", None),
        options=options | {"filter": " ".join(options.get("filter", ()))},
        environ=os.environ,
        config=read_config(folders.config_file),
    )


def run(arguments: Sequence[str]) -> int:
    """Run the program; return its exit code, unless it ends with the app."""
    if (found := verb_of(arguments)) is not None:
        gc.disable()  # until all is loaded: looking for garbage meanwhile costs a tenth of the time
        from ollama_tui.cli.run import run as carry_out

        return carry_out(*found)
    from ollama_tui.tui.rendering import tty as terminal

    folders = user_folders()
    try:
        settings = settings_of(arguments, folders)
    except ValueError as error:
        return _refuse(str(error))
    if (reason := terminal.unusable()) is not None:
        return _refuse(reason)
    terminal.prepare()
    gc.disable()  # nothing that a start makes is garbage; the app turns it on again
    from ollama_tui.api.prefetch import Prefetch

    first = None if settings.demo else Prefetch.of(settings.host, os.environ)

    from ollama_tui.config.state_file import Problems
    from ollama_tui.config.ui_state import UIState
    from ollama_tui.services.cache import Cache
    from ollama_tui.tui.app import OllamaTui
    from ollama_tui.tui.shutdown import Shutdown
    from ollama_tui.tui.signs import signs_for

    problems = Problems()
    shutdown = Shutdown()
    app = OllamaTui(
        settings,
        first=first,
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


def _refuse(reason: str) -> int:
    print(f"ollama-tui: {reason}", file=sys.stderr)
    return 2
