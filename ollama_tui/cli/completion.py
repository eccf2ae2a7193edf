"""`completion`: what a shell needs to complete the command line, made from its parser.

The scripts offer commands, options and filter fields, which are written into them, and models, for
which they run `ollama-tui completion names`: names of the last list, read from the disk.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ollama_tui.cli.output import print_lines
from ollama_tui.cli.parser import COMMANDS, commands_of, parser_with
from ollama_tui.cli.shells import Command, Option, script

if TYPE_CHECKING:
    from ollama_tui.config.settings import Folders

HELP = "Print a completion script for bash, zsh or fish."
EPILOG = """\
to use it now, and in every shell to come:
  bash  source <(ollama-tui completion bash)        in ~/.bashrc
  zsh   source <(ollama-tui completion zsh)         in ~/.zshrc, after compinit
  fish  ollama-tui completion fish | source         in ~/.config/fish/config.fish
"""
SHELLS = ("bash", "zsh", "fish")
NAMES = "names"
"""The word that prints names of models, for the scripts."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")
"""Names that mean nothing to a shell: it may put them on a command line as they are."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes."""
    parser.add_argument("shell", type=_shell, metavar="SHELL", help="bash, zsh or fish")


def _shell(word: str) -> str:
    """Return `word`, which is a shell or what its script asks for; a person hears of shells."""
    if word not in (*SHELLS, NAMES):
        raise argparse.ArgumentTypeError(f"not bash, zsh or fish: {word!r}")
    return word


def run(options: argparse.Namespace, folders: Folders) -> int:
    """Print a script, or the names it asks for; no server is asked."""
    if options.shell == NAMES:
        print_lines(known_names(vars(options), folders))
        return 0
    app, commands = command_line()
    print_lines([script(options.shell, app, commands)])
    return 0


def known_names(options: Mapping[str, object], folders: Folders) -> list[str]:
    """Return models of the last list of the server, and saved filters; none that is not plain."""
    from ollama_tui.config.settings import read_settings
    from ollama_tui.services.cache import Cache

    try:
        settings = read_settings(options, folders)
    except ValueError:
        return []
    listed = [] if settings.demo else Cache(folders.cache).models(settings.host.url)
    models = sorted({model.name for model in listed if _PLAIN.fullmatch(model.name)})
    return [*models, *(f"@{name}" for name, _ in settings.filters)]


def command_line() -> tuple[Command, list[Command]]:
    """Return the app, which has no name, and every command, as their parser has them."""
    whole = parser_with(*COMMANDS)
    app = _command("", whole.description or "", parser_with())
    return app, [_command(name, about, each) for name, about, each in commands_of(whole)]


def _command(name: str, about: str, parser: argparse.ArgumentParser) -> Command:
    options: list[Option] = []
    words: list[str] = []
    dests: set[str] = set()
    for action in parser._actions:
        if action.option_strings:
            values = None if action.nargs == 0 else _values(action)
            options.append(Option(tuple(action.option_strings), action.help or "", values))
        else:
            dests.add(action.dest)
            words += _values(action)
    takes_models = not dests.isdisjoint(("filter", "name"))
    return Command(name, about, tuple(options), tuple(words), takes_models, "file" in dests)


def _values(action: argparse.Action) -> tuple[str, ...]:
    """Return what an argument may be; none where that is anything, a model or a file."""
    match action.dest:
        case "theme":
            from ollama_tui.tui.look import theme_names

            return theme_names()
        case "sort":
            from ollama_tui.domain.columns import BY_KEY

            return tuple(BY_KEY)
        case "runner":
            return ("llamacpp", "ggml", "mlx")
        case "shell":
            return SHELLS
        case "filter":
            return tuple(filter_words())
        case _:
            return ()


def filter_words() -> Iterator[str]:
    """Yield each `field:`, and `field:value` where there are few values."""
    from ollama_tui.domain.filter.fields import CAPABILITIES, FIELDS, STATES

    few = {"cap": CAPABILITIES, "is": STATES, "runner": ("llamacpp", "ggml", "mlx")}
    for field in FIELDS:
        yield f"{field.name}:"
        yield from (f"{field.name}:{value}" for value in few.get(field.name, ()))
