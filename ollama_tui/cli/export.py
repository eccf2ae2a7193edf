"""`export`: the models as a list, as JSON or as a script, for another machine."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Collection, Mapping, Sequence

from ollama_tui.api.host import Host
from ollama_tui.cli.context import CommandContext, UsageError, add_filter
from ollama_tui.cli.exported import export_of
from ollama_tui.cli.output import print_json, print_lines, report, table
from ollama_tui.domain import names, updates
from ollama_tui.domain.comparison import installed_from_store
from ollama_tui.domain.model import Model, by_comparison_key
from ollama_tui.formatting import clause, plural, size

HELP = "Print the models for restore, or copy their files for import."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes."""
    add_filter(parser)
    parser.add_argument(
        "--files",
        metavar="DIR",
        help="copy the files of the models to a folder, for import; FILTER may then be their names",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="with --files, show what would be copied"
    )
    parser.add_argument(
        "--script", action="store_true", help="print a shell script that pulls them"
    )


async def run(context: CommandContext) -> int:
    """Print the models that the filter selects, by name, or copy their files."""
    options = context.options
    if options.script and (options.json or options.files is not None):
        raise UsageError(f"Use either {'--json' if options.json else '--files'} or --script.")
    if options.files is not None:
        from ollama_tui.cli import export_files

        return await export_files.run(context)
    if options.dry_run:
        raise UsageError("--dry-run goes with --files: nothing is copied without it.")
    selected, _ = await context.selected()
    # A pull of a name brings what the other server runs: one line for all its manifests.
    models = sorted(by_comparison_key(selected).values(), key=lambda model: model.name)
    if options.json:
        print_json(await export_of(context, models))
    elif options.script:
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
