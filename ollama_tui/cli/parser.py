"""The words of the command line: options, commands, and what `--help` and the man page say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from ollama_tui import __version__

if TYPE_CHECKING:
    import argparse

COMMANDS = (
    "list", "show", "space", "fit", "outdated", "pull", "jobs", "export", "restore", "import",
    "doctor", "completion",
)  # fmt: skip
"""Each is a module of this package, loaded when it is needed, with `HELP`, a sentence,
`add_arguments(parser)`, and `async run(context)`, which returns the exit code."""
STANDALONE = ("jobs", "doctor", "completion")
"""Commands that work where settings or the server do not: their `run` takes the options."""
WITHOUT_JSON = ("completion",)
_TAKES_A_VALUE = ("--host", "--theme")

DESCRIPTION = (
    "Browse and curate the models of an Ollama server from the terminal. FILTER is what the list "
    "is first filtered by: words of a name, or field:value."
)
EXAMPLES = (
    ("ollama-tui --demo", "try it on a simulated server"),
    ("ollama-tui --host gpu-box:11434", "the server of another machine"),
    ("ollama-tui --host prod", "the server that [hosts.prod] in config.toml describes"),
    ("ollama-tui 'cap:vision size:<8g'", "start with a filter"),
    ("ollama-tui pull qwen3:8b --detach", "a download that outlives the terminal"),
    ("ollama-tui fit qwen3 --memory 24g --ctx 32k", "what fits a GPU, at which context"),
    ("ollama-tui list is:loaded --json", "for scripts"),
)
EXIT_CODES = (
    ("0", "done"),
    ("1", "refused or failed; standard error says why"),
    ("2", "wrong usage"),
    ("3", "the server cannot be reached"),
    ("141", "the reader of the output left early, as in: … | head"),
)
ENVIRONMENT = (
    ("OLLAMA_HOST", "address of the server, read as Ollama reads it"),
    ("OLLAMA_API_KEY", "key for ollama.com; sent to https://ollama.com only, never shown"),
    ("HF_TOKEN", "token of Hugging Face, to list gated models; sent to its host only, never shown"),
    ("HF_ENDPOINT", "address of a mirror of Hugging Face to search and list models"),
    ("OLLAMA_MODELS", "folder of the server's models, to measure what they take"),
    ("VISUAL, EDITOR", "the editor to change models and settings with"),
    ("NO_COLOR", "use no colors"),
    ("XDG_CONFIG_HOME", "where ollama-tui/config.toml is"),
    ("XDG_CACHE_HOME", "where lists and details are cached"),
    ("XDG_DATA_HOME", "where notes.toml is: notes, tags and locks of models"),
    ("XDG_STATE_HOME", "where the last sort order, theme, columns and drafts are kept"),
)


def first_word(arguments: Sequence[str]) -> str:
    """Return the first argument that is not an option; empty if none, or if `--` comes first."""
    at = _first_word_at(arguments)
    return "" if at is None else arguments[at]


def _first_word_at(arguments: Sequence[str]) -> int | None:
    words = iter(enumerate(arguments))
    for at, word in words:
        if word in _TAKES_A_VALUE:
            next(words, None)
        elif word == "--":
            break
        elif not word.startswith("-"):
            return at
    return None


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

    common = _common_options()
    parser = argparse.ArgumentParser(
        prog="ollama-tui",
        usage="%(prog)s [OPTION]... [FILTER]...\n       %(prog)s COMMAND [OPTION]...",
        description=DESCRIPTION,
        epilog=_epilog(),
        formatter_class=_formatter(),
        parents=[common],
    )
    parser.add_argument(
        "--theme", metavar="NAME", help="colors: ollama-dark, ollama-light, terminal-16, …"
    )
    parser.add_argument("--version", action="version", version=f"ollama-tui {__version__}")
    if not commands:
        parser.add_argument("filter", nargs="*", metavar="FILTER")
        return parser
    added = parser.add_subparsers(title="commands", metavar="", prog="ollama-tui")
    for name in commands:
        module = module_of(name)
        command = added.add_parser(
            name,
            parents=[common],
            help=module.HELP,
            description=module.HELP,
            epilog=getattr(module, "EPILOG", None),
            formatter_class=_formatter(),
        )
        if name not in WITHOUT_JSON:
            command.add_argument("--json", action="store_true", help="print JSON, for programs")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def module_of(command: str) -> ModuleType:
    """Return the module of a command."""
    # No module can be called `import`.
    return import_module(f"ollama_tui.cli.{command if command != 'import' else 'import_files'}")


def _common_options() -> argparse.ArgumentParser:
    """Return the options of the app and of all commands."""
    import argparse

    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument(
        "--host",
        metavar="URL",
        help="address of the server, or its name in config.toml (default: OLLAMA_HOST, or this "
        "machine)",
    )
    common.add_argument(
        "--demo", action="store_true", help="use a simulated server, which starts afresh"
    )
    common.add_argument(
        "--read-only",
        action="store_true",
        help="refuse whatever would change the server; config.toml can say so of one, or of all",
    )
    return common


def parsed(arguments: Sequence[str], command: str = "") -> argparse.Namespace:
    """Return the options of a command, or of the app; ends the program where they are wrong.

    Words may stand anywhere among the options. Argparse alone takes those of a filter only in one
    piece, and cannot do better below a command.
    """
    parser = parser_with(*([command] if command else ()))
    at = (_first_word_at(arguments) or 0) + 1 if command else 0
    own = commands_of(parser)[0][2] if command else parser
    options, unknown = parser.parse_known_args(
        [*arguments[:at], *_options_first(arguments[at:], own)]
    )
    if unknown:  # with the usage of the command, where argparse would show that of the app
        own.error(f"unrecognized arguments: {' '.join(unknown)}")
    return options


def _options_first(arguments: Sequence[str], parser: argparse.ArgumentParser) -> list[str]:
    """Return `arguments` with the options before the words; `--` ends the options as ever."""
    options: list[str] = []
    words: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "--":
            return [*options, "--", *words, *rest]
        if not argument.startswith("-") or argument == "-":
            words.append(argument)
            continue
        options.append(argument)
        if _takes_a_value(argument, parser) and rest and not rest[0].startswith("-"):
            options.append(rest.pop(0))
    return [*options, *words]


def _takes_a_value(option: str, parser: argparse.ArgumentParser) -> bool:
    """Whether the next argument belongs to `option`, which may be shortened as argparse allows."""
    known = parser._option_string_actions
    begun = [option] if option in known else [name for name in known if name.startswith(option)]
    return option.startswith("--") and bool(begun) and all(known[n].nargs is None for n in begun)


def commands_of(parser: argparse.ArgumentParser) -> list[tuple[str, str, argparse.ArgumentParser]]:
    """Return the name, the help and the parser of each sub-command."""
    import argparse

    added = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    about = {choice.dest: choice.help or "" for choice in added._choices_actions}
    return [(name, about[name], each) for name, each in added.choices.items()]


def _formatter() -> type[argparse.HelpFormatter]:
    """Return the formatter of help: texts are wrapped, epilogs stay as they are."""
    import argparse

    class Formatter(argparse.RawDescriptionHelpFormatter):
        def _fill_text(self, text: str, width: int, indent: str) -> str:
            if "\n" in text:
                return super()._fill_text(text, width, indent)
            return argparse.HelpFormatter._fill_text(self, text, width, indent)

        def _format_action(self, action: argparse.Action) -> str:
            text = super()._format_action(action)
            # Of the commands, without the empty line that stands for their common name.
            return text.partition("\n")[2] if action.nargs == argparse.PARSER else text

    return Formatter


def _epilog() -> str:
    return "\n\n".join(
        (
            "`ollama-tui COMMAND --help` shows the options of a command.",
            *(
                f"{title}:\n{_columns(rows)}"
                for title, rows in (
                    ("examples", EXAMPLES),
                    ("exit codes of commands", EXIT_CODES),
                    ("environment", ENVIRONMENT),
                )
            ),
        )
    )


def _columns(rows: Iterable[tuple[str, str]]) -> str:
    """Return aligned lines of two columns."""
    rows = tuple(rows)
    width = max(len(left) for left, _ in rows)
    return "\n".join(f"  {left:<{width}}  {right}" for left, right in rows)
