"""`export`: the models as a list, as JSON or as a script, for another machine."""

from __future__ import annotations

import argparse
import asyncio
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ollama_tui.api.errors import Refused
from ollama_tui.api.host import Host
from ollama_tui.cli.context import CommandContext, UsageError, add_filter
from ollama_tui.cli.output import print_json, print_lines, report, table
from ollama_tui.domain import names, notes, updates
from ollama_tui.domain.comparison import installed_from_store
from ollama_tui.domain.model import Model, by_comparison_key
from ollama_tui.domain.modelfile.parameters import merged, parse_show
from ollama_tui.formatting import clause, plural, size
from ollama_tui.services.model_facts import CONCURRENT_SHOWS

KIND = "ollama-tui export"
VERSION = 1
HELP = "Print the models so that restore can pull them elsewhere."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes."""
    add_filter(parser)
    parser.add_argument(
        "--script", action="store_true", help="print a shell script that pulls them"
    )


async def run(context: CommandContext) -> int:
    """Print the models that the filter selects, by name."""
    if context.options.json and context.options.script:
        raise UsageError("Use either --json or --script.")
    selected, _ = await context.selected()
    # A pull of a name brings what the other server runs: one line for all its manifests.
    models = sorted(by_comparison_key(selected).values(), key=lambda model: model.name)
    if context.options.json:
        print_json(await _as_json(context, models))
    elif context.options.script:
        left_out = await _left_out(context, models)
        print_lines(script(models, context.settings.insecure, left_out))
        if left_out:
            one = len(left_out) == 1
            report(
                f"{len(left_out)} of {plural(len(models), 'model')} {'is' if one else 'are'} left "
                f"out of the script, which says why: no registry has {'it' if one else 'them'}, or "
                f"{'it runs' if one else 'they run'} in the cloud."
            )
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


def script(
    models: Sequence[Model], plain: Collection[str] = (), left_out: Mapping[str, str] | None = None
) -> list[str]:
    """Return a shell script that pulls the models one by one and goes on after a failure.

    By plain HTTP from the registries named in `plain` and from those beside the server. `left_out`
    has the reasons why models are not pulled, by name; None where only the list tells.
    """
    hosts, reasons = frozenset(map(str.lower, plain)), left_out
    if reasons is None:
        reasons = {m.name: why for m in models if (why := why_not_pulled(m, in_registry=False))}
    pulled = [model for model in models if model.name not in reasons]
    count = plural(len(pulled), "model")
    head = ["#!/bin/sh", f"# Pulls {count}: already installed models are not downloaded again."]
    lines = [*head, "failed=0", *(_pull(model, hosts) for model in pulled)]
    if reasons:
        lines += [f"# Left out: {plural(len(reasons), 'model')}"]
        rows = table(("", ""), [(f"#   {name}", why) for name, why in reasons.items()])
        lines += rows[1:]
    return [*lines, 'exit "$failed"']


def _pull(model: Model, plain: frozenset[str]) -> str:
    host = names.parse(names.resolved(model.name)).host.lower()
    insecure = " --insecure" if host in plain or Host.of_url(f"//{host}").is_loopback else ""
    return f"ollama pull{insecure} {shlex.quote(model.name)} || failed=1"


async def _left_out(context: CommandContext, models: Sequence[Model]) -> dict[str, str]:
    """Return why a script cannot pull some of `models`, by name."""
    usage = await context.storage().usage(await context.models())
    cache, found = context.cache, {}
    pushed = cache.pushed(context.settings.host.url) if cache else frozenset[str]()
    for model in models:
        stored = installed_from_store(model, usage.contents) if usage.contents else None
        is_pulled = stored is not None and stored.is_pulled is True
        is_pushed = names.comparison_key(model.name) in pushed
        if why := why_not_pulled(model, in_registry=is_pulled or is_pushed):
            found[model.name] = why
    return found


def why_not_pulled(model: Model, *, in_registry: bool) -> str:
    """Return why another machine cannot pull `model`, in a few words; empty where it can.

    `in_registry` is whether its registry is known to have it.
    """
    if names.pull_problem(model.name) is not None:
        return "no registry can have a model of this name"
    if model.is_cloud:
        return "runs in the cloud: there is nothing to download"
    reason = None if in_registry else updates.incomparable(model)
    if reason is None or reason == updates.NAMELESS:  # which is also said where there is no digest
        return ""
    return clause(reason)


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
                **notes.as_json(model),
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
