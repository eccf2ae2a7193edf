"""`show`: all the server tells of one model."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from msgspec import to_builtins
from msgspec.structs import replace

from ollama_tui.api.errors import NotFound
from ollama_tui.api.replies import ListedModel, Show
from ollama_tui.cli.context import CommandContext
from ollama_tui.cli.list import as_json
from ollama_tui.cli.output import print_json, print_lines
from ollama_tui.domain import names
from ollama_tui.domain.details import own_modelfile
from ollama_tui.domain.model import Model, aliases, facts_of
from ollama_tui.domain.modelfile.parameters import merged, parse_show
from ollama_tui.domain.overview import overview
from ollama_tui.domain.suggestions import did_you_mean
from ollama_tui.formatting import inert, inert_lines

HELP = "Show what the server knows of a model."
WIDTH = 100
"""Cells that lines are wrapped to."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes."""
    parser.add_argument("name", metavar="NAME", help="name of the model")
    parser.add_argument(
        "--runner", default="", help="show the manifest for this runner: llamacpp, ggml or mlx"
    )


async def _unlisted(
    context: CommandContext, name: str, runner: str, models: Sequence[Model]
) -> Show:
    """Return what the server shows of a name it does not list; raises OllamaError."""
    key = names.comparison_key(name)
    try:
        return await context.ollama.show(name, runner=runner)
    except NotFound as error:
        if key in {names.comparison_key(model.name) for model in models}:
            raise  # it is there, and not for this runner
        meant = did_you_mean(name, [model.name for model in models])
        hint = inert(meant) or "ollama-tui list shows what there is."
        raise NotFound(f"No model {inert(name)}.", hint, status=error.status) from error


async def run(context: CommandContext) -> int:
    """Print a model; details are those of its digest, asked for where they are not known."""
    name, runner = context.options.name, context.options.runner
    models = await context.models()
    key = names.comparison_key(name)
    rows = (model for model in models if runner in ("", model.runner))
    found = next((row for row in rows if names.comparison_key(row.name) == key), None)
    if found is not None:
        show = await context.facts.show(found)
    else:
        show = await _unlisted(context, name, runner, models)
    digests = [m.digest for m in show.manifests if m.selected]
    unlisted = ListedModel(
        name=name,
        digest=(digests or [names.digest_reference(name) or ""])[0].removeprefix("sha256:"),
        details=show.details,
        remote_model=show.remote_model,
        remote_host=show.remote_host,
        modified_text=show.modified_text,
    )
    model = replace(found or Model(unlisted), facts=facts_of(show))
    others = aliases(models)
    parameters = merged(parse_show(show.parameters))
    if context.options.json:
        texts = {"template": show.template, "system": show.system, "license": show.license}
        more = {"parameters": parameters, **texts, "modelfile": own_modelfile(model, show)}
        more |= {"requires": show.requires, "template_source": show.template_source}
        more |= {"thinking": to_builtins(show.thinking), "manifests": to_builtins(show.manifests)}
        messages = [{"role": m.role, "content": m.content} for m in show.messages]
        listed = as_json(model, others) | ({} if found else {"size": None})
        print_json({**listed, **more, "messages": messages, "info": show.model_info})
        return 0
    also = [inert(n) for n in others.get(model.digest, ()) if n != model.name]
    lines = overview(model, show, now=context.now, width=WIDTH, also=also)
    print_lines([model.label, ""])
    print_lines(inert("".join(text for text, _ in line)).rstrip() for line in lines)
    if show.parameters.strip():
        given = filter(None, inert_lines(show.parameters).split("\n"))
        set_here = sorted(" ".join(line.split(None, 1)) for line in given)
        print_lines(["", "Parameters", *(f"  {line}" for line in set_here)])
    return 0
