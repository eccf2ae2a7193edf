"""The man page, made from the parser of the command line: `python -m tests.manpage` writes it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import wrap

from ollama_tui import __version__
from ollama_tui.cli.parser import (
    COMMANDS,
    DESCRIPTION,
    ENVIRONMENT,
    EXAMPLES,
    EXIT_CODES,
    commands_of,
    parser_with,
)
from ollama_tui.domain.filter.fields import FIELDS

FILE = Path(__file__).resolve().parents[1] / "ollama_tui" / "man" / "ollama-tui.1"
DATE = "2026-11-26"
"""When what the page says was last changed by hand."""
KEYS = (
    ("/", "filter the list"),
    ("space", "mark a model"),
    ("enter", "open the details"),
    ("p", "pull a model"),
    ("d", "delete, after a question; z takes it back"),
    ("?", "list the keys that work here"),
    (":", "find any action by its name"),
    ("q", "quit"),
)
SERVERS = (
    "config.toml may name servers, for the key H and for --host. A server without an address has "
    "its name as the address. What would change one with read_only = true is refused before it is "
    "sent, as with --read-only; OLLAMA_HOST is an address and not such a name."
)
SERVERS_EXAMPLE = ("[hosts.prod]", 'address = "gpu-box:11434"', "read_only = true")
FILES = (
    ("~/.config/ollama-tui/config.toml", "settings; “settings file” in the palette opens it"),
    ("~/.local/state/ollama-tui/", "sort order, theme, columns, drafts and unfinished downloads"),
    ("~/.cache/ollama-tui/", "lists and details, to be shown at once the next time"),
)


def page() -> str:
    """Return the page, in roff."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    whole = parser_with(*COMMANDS)
    yield '.\\" Written by `python -m tests.manpage` from the parser of the command line.'
    yield f'.TH OLLAMA\\-TUI 1 {DATE} "ollama\\-tui {__version__}" "User Commands"'
    yield from _section(
        "NAME", ["ollama\\-tui \\- browse and curate the models of an Ollama server"]
    )
    yield ".SH SYNOPSIS"
    yield ".B ollama\\-tui"
    yield "[\\fIOPTION\\fR]... [\\fIFILTER\\fR]..."
    yield ".br"
    yield ".B ollama\\-tui"
    yield "\\fICOMMAND\\fR [\\fIOPTION\\fR]..."
    yield from _section("DESCRIPTION", _filled(DESCRIPTION))
    yield ".SH OPTIONS"
    yield from _options(parser_with())
    yield ".SH COMMANDS"
    yield from _filled(
        "Every command takes --host, --demo and --read-only, before or after its name."
    )
    for name, about, parser in commands_of(whole):
        usage = " ".join(parser.format_usage().split()).partition(f"ollama-tui {name}")[2]
        yield f".SS {escaped(name + _without_common(usage))}"
        yield from _filled(about)
        yield from _options(parser, left_out=("-h", "--host", "--demo", "--read-only"))
        if parser.epilog:
            yield from (".PP", ".nf", *map(escaped, parser.epilog.splitlines()), ".fi")
    yield from _table("FILTERS", ((field.example, field.help) for field in FIELDS))
    yield ".PP"
    yield from _filled(
        "Words match the name, all of them. A leading ! or - negates; a comma means or."
    )
    yield from _table("KEYS", KEYS)
    yield from _table("EXIT STATUS", EXIT_CODES)
    yield from _table("ENVIRONMENT", ENVIRONMENT)
    yield from _table("FILES", FILES)
    yield from _section("SERVERS", _filled(SERVERS))
    yield from (".PP", ".nf", *map(escaped, SERVERS_EXAMPLE), ".fi")
    yield from _table("EXAMPLES", EXAMPLES)
    yield from _section("SEE ALSO", [".BR ollama (1)"])


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f".SH {title}"
    yield from lines


def _table(title: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f".SH {title}"
    for left, right in rows:
        yield from _tagged(f"\\fB{escaped(left)}\\fR", right)


def _tagged(tag: str, text: str) -> Iterator[str]:
    yield ".TP"
    yield tag
    yield from _filled(text)


def _filled(text: str) -> list[str]:
    """Return a paragraph in lines that are easy to compare."""
    return [escaped(line) for line in wrap(text, 68)]


def _options(parser: argparse.ArgumentParser, left_out: tuple[str, ...] = ()) -> Iterator[str]:
    for action in parser._actions:
        if action.help and not set(left_out).intersection(action.option_strings):
            names = ", ".join(f"\\fB{escaped(flag)}\\fR" for flag in action.option_strings)
            value = str(action.metavar or action.dest.upper()) if action.nargs != 0 else ""
            tag = " ".join(filter(None, (names, f"\\fI{escaped(value)}\\fR" if value else "")))
            yield from _tagged(tag, action.help % {"prog": parser.prog})


def _without_common(usage: str) -> str:
    for each in ("[-h]", "[--host URL]", "[--demo]", "[--read-only]"):
        usage = usage.replace(f" {each}", "")
    return usage


def escaped(text: str) -> str:
    """Return text in which nothing means anything to roff."""
    plain = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("~", "\\(ti")
    )
    plain = (
        plain.replace("“", "\\(lq").replace("”", "\\(rq").replace("…", "...").replace("^", "\\(ha")
    )
    plain = plain.replace("'", "\\(aq")
    return f"\\&{plain}" if plain.startswith(".") or not plain else plain


def write() -> None:
    """Write the page."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
