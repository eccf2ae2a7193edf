"""`doctor`: what the program finds on this machine and at the server, and what to do about it."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ollama_tui import __version__
from ollama_tui.cli import checks, server_checks
from ollama_tui.cli.checks import Problem, Section
from ollama_tui.cli.output import print_json, print_lines
from ollama_tui.formatting import inert

if TYPE_CHECKING:
    from ollama_tui.config.settings import Folders

HELP = "Check files, terminal, server and settings, and say what to do about problems."
EPILOG = """\
exit codes:
  0  all is well
  1  there are problems; each says what to do

The report holds no key, no password and no model's name: it can be pasted into an issue.
"""
WIDTH = 100
"""Cells that lines are wrapped to."""
LABEL = 16
"""Cells of the labels."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes: nothing."""


def run(options: argparse.Namespace, folders: Folders) -> int:
    """Print what was found; 1 if there is a problem."""
    sections = asyncio.run(examined(vars(options), folders))
    problems = [problem for section in sections for problem in section.problems]
    if options.json:
        print_json(as_json(sections, problems))
    else:
        print_lines(report(sections, problems))
    return 1 if problems else 0


async def examined(options: dict[str, Any], folders: Folders) -> list[Section]:
    """Return everything that is checked, one part after the other."""
    from ollama_tui.config.settings import read_settings

    found = [checks.program()]
    try:
        settings = read_settings({**options, "filter": ""}, folders)
    except ValueError as error:
        problem = Problem(str(error), "Remove them from the address: ollama-tui sends neither.")
        settings = read_settings({**options, "filter": "", "host": "127.0.0.1"}, folders)
        return [*found, checks.files(settings, folders), Section("server", (), (problem,))]
    found += [
        checks.files(settings, folders),
        checks.environment(settings, os.environ),
        checks.terminal(os.environ),
    ]
    return [*found, *await server_checks.server_and_store(settings, os.environ)]


def as_json(sections: Sequence[Section], problems: Sequence[Problem]) -> dict[str, Any]:
    """Return everything for programs."""
    found = {
        section.title: {
            fact.key or fact.label.replace(" ", "_"): fact.value for fact in section.facts
        }
        for section in sections
    }
    said = [{"problem": problem.sentence, "advice": problem.advice} for problem in problems]
    return {"version": __version__, **found, "problems": said}


def report(sections: Sequence[Section], problems: Sequence[Problem]) -> Iterator[str]:
    """Yield everything for people, line by line."""
    for section in sections:
        if section.facts:
            yield from (section.title.capitalize(), *_aligned(section), "")
    if not problems:
        yield "No problems found."
        return
    yield "Problems"
    for number, problem in enumerate(problems, 1):
        yield from _wrapped(f"{number}. ", problem.sentence)
        if problem.advice:
            yield from _wrapped("", problem.advice, indent=5)


def _aligned(section: Section) -> Iterator[str]:
    for fact in section.facts:
        yield from _wrapped(f"{fact.label:<{LABEL}}", fact.text)


def _wrapped(start: str, text: str, indent: int = 2) -> list[str]:
    start = " " * indent + start
    blank = " " * len(start)
    return wrap(
        inert(text), WIDTH, initial_indent=start, subsequent_indent=blank,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
