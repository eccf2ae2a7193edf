"""`export`: the models as a list, as JSON or as a script, for another machine."""

from __future__ import annotations

import argparse
import asyncio
import shlex
from collections.abc import Collection, Sequence
from typing import Any

from ollama_tui.api.errors import Refused
from ollama_tui.api.host import Host
from ollama_tui.cli.context import CommandContext, UsageError, add_filter
from ollama_tui.cli.output import print_json, print_lines, table
from ollama_tui.domain import names
from ollama_tui.domain.model import Model, by_comparison_key
from ollama_tui.domain.modelfile.parameters import merged, parse_show
from ollama_tui.formatting import inert, plural, size
from ollama_tui.services.model_facts import CONCURRENT_SHOWS

KIND = "ollama-tui export"
VERSION = 1
HELP = "Print the models so that restore can pull them elsewhere."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes."""
    add_filter(parser)
    parser.add_argument("--script", action="store_true", help="print a shell script of pulls")


async def run(context: CommandContext) -> int:
    """Print the models that the filter selects, by name."""
    if context.options.json and context.options.script:
        raise UsageError("Give either --json or --script.")
    selected, _ = await context.selected()
    # A pull of a name brings what the other server runs: one line for all its manifests.
    models = sorted(by_comparison_key(selected).values(), key=lambda model: model.name)
    if context.options.json:
        print_json(await _as_json(context, models))
    elif context.options.script:
        print_lines(script(models, context.settings.insecure))
    else:
        print_lines(plain(models))
    return 0


def plain(models: Sequence[Model]) -> list[str]:
    """Return a line for each model: name, digest, size; restore reads the names."""
    rows = [(m.name, f"sha256:{m.digest}" if m.digest else "-", size(m.size)) for m in models]
    if not rows:
        return ["# no models"]
    first, *others = table(("# name", "digest", "size"), rows)
    return [first, *others]


def script(models: Sequence[Model], plain: Collection[str] = ()) -> list[str]:
    """Return a shell script that pulls the models one by one and goes on after a failure.

    By plain HTTP from the registries named in `plain` and from those beside the server.
    """
    hosts = frozenset(map(str.lower, plain))
    head = ["#!/bin/sh", f"# {plural(len(models), 'model')}; pulls what is missing.", "failed=0"]
    return [*head, *(_pull(model, hosts) for model in models), 'exit "$failed"']


def _pull(model: Model, plain: frozenset[str]) -> str:
    if names.pull_problem(model.name) is not None:
        return f"# left out, no registry can have it: {inert(model.name)}"
    made = model.listed.details.parent_model
    note = f"  # made here from {inert(made)}" if made else ""
    host = names.parse(names.resolved(model.name)).host.lower()
    insecure = " --insecure" if host in plain or Host.of_url(f"//{host}").is_loopback else ""
    return f"ollama pull{insecure} {shlex.quote(model.name)} || failed=1{note}"


async def _as_json(context: CommandContext, models: Sequence[Model]) -> dict[str, Any]:
    limit = asyncio.Semaphore(CONCURRENT_SHOWS)

    async def one(model: Model) -> dict[str, Any]:
        async with limit:
            return {
                "name": model.name,
                "digest": model.digest,
                "size": model.size,
                "parent": model.listed.details.parent_model,
                "cloud": model.is_cloud,
                "parameters": await _parameters(context, model),
            }

    entries = await asyncio.gather(*map(one, models))
    return {"kind": KIND, "version": VERSION, "models": entries}


async def _parameters(context: CommandContext, model: Model) -> dict[str, Any] | None:
    """Return the parameters set in a model; None when nobody can tell."""
    if model.is_cloud:
        return None
    try:
        show = await context.facts.show(model)
    except Refused:
        return None
    return dict(merged(parse_show(show.parameters)))
