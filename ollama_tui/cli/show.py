"""`show`: all the server tells of one model."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from ollama_tui.api.errors import NotFound
from ollama_tui.api.replies import ListedModel, Show
from ollama_tui.cli.context import CommandContext, UsageError
from ollama_tui.cli.list import as_json
from ollama_tui.cli.output import complain, print_json, print_lines, print_text
from ollama_tui.domain import names
from ollama_tui.domain.details import own_modelfile
from ollama_tui.domain.model import Model, aliases, facts_of
from ollama_tui.domain.modelfile.parameters import merged, parse_show
from ollama_tui.domain.overview import LABEL_CELLS, overview
from ollama_tui.domain.suggestions import did_you_mean
from ollama_tui.formatting import as_one_line, inert, inert_lines, plural, shorten

HELP = "Show what the server knows of a model."
WIDTH = 100
"""Cells that lines are wrapped to."""
TEXTS = {
    "license": "license",
    "modelfile": "Modelfile",
    "parameters": "parameters",
    "system": "system prompt",
    "template": "template",
}
"""What can be printed alone, by the options of `ollama show`, and what it is called."""
_LICENSE_CELLS = 48


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes."""
    parser.add_argument("name", metavar="NAME", help="name of the model")
    parser.add_argument(
        "--runner", default="", help="show the manifest for this runner: llamacpp, ggml or mlx"
    )
    texts = parser.add_mutually_exclusive_group()
    for name, called in TEXTS.items():
        texts.add_argument(
            f"--{name}",
            dest="text",
            action="store_const",
            const=name,
            help=f"print only the {called}",
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
        hint = inert(meant) or "ollama-tui list shows the installed models."
        raise NotFound(f"No model {inert(name)}.", hint, status=error.status) from error


async def run(context: CommandContext) -> int:
    """Print a model; details are those of its digest, asked for where they are not known."""
    name, runner = context.options.name, context.options.runner
    if (wanted := context.options.text) and context.options.json:
        raise UsageError(f"Use either --json or --{wanted}.")
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
    texts = {name: getattr(show, name) for name in TEXTS}
    texts["modelfile"] = own_modelfile(model, show)
    others = aliases(models)
    if context.options.json:
        listed = as_json(model, others) | ({} if found else {"size": None})
        print_json(listed | _more_as_json(show, texts))
    elif wanted and texts[wanted].strip():
        print_text(texts[wanted])
    elif wanted:
        complain(f"{model.label} has no {TEXTS[wanted]}.")
    else:
        also = [inert(n) for n in others.get(model.digest, ()) if n != model.name]
        lines = overview(model, show, now=context.now, width=WIDTH, also=also)
        print_lines([model.label, ""])
        print_lines(inert("".join(text for text, _ in line)).rstrip() for line in lines)
        print_lines(_below(show))
    return 0


def _more_as_json(show: Show, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return what the list does not know of a model."""
    more: dict[str, Any] = {"parameters": merged(parse_show(show.parameters))}
    more |= {name: texts[name] for name in ("template", "system", "license", "modelfile")}
    more |= {"requires": show.requires, "template_source": show.template_source}
    more |= {"thinking": to_builtins(show.thinking), "manifests": to_builtins(show.manifests)}
    messages = [{"role": m.role, "content": m.content} for m in show.messages]
    return more | {"messages": messages, "info": show.model_info}


def _below(show: Show) -> list[str]:
    """Return the lines below the overview: parameters that are set, and how long the texts are."""
    lines = []
    if show.parameters.strip():
        given = filter(None, inert_lines(show.parameters).split("\n"))
        set_here = sorted(" ".join(line.split(None, 1)) for line in given)
        lines += ["", "Parameters", *(f"  {line}" for line in set_here)]
    license_begins = as_one_line(show.license.strip().partition("\n")[0])
    return [
        *lines,
        "",
        "Texts",
        _about("template", show.template),
        _about("license", show.license, shorten(license_begins, _LICENSE_CELLS)),
    ]


def _about(name: str, text: str, begins: str = "") -> str:
    """Return how long a text is, how it begins, and what prints it."""
    label = f"{name.capitalize():<{LABEL_CELLS}}"
    if not (count := len(text.strip().splitlines())):
        return f"{label}none"
    return f"{label}{begins}{', ' * bool(begins)}{plural(count, 'line')} (--{name} prints it)"
