"""`show`: all the server tells of one model."""

from __future__ import annotations

from ollama_tui.api.replies import ListedModel
from ollama_tui.cli.context import Desk
from ollama_tui.cli.list import facts
from ollama_tui.cli.output import say, say_json
from ollama_tui.domain import names
from ollama_tui.domain.details import overview, own_modelfile
from ollama_tui.domain.model import Model, aliases, facts_of
from ollama_tui.domain.modelfile.parameters import merged, parse_show
from ollama_tui.formatting import inert, inert_lines

WIDTH = 100


async def carry_out(desk: Desk) -> int:
    """Print a model; details are those of its digest, asked for where they are not known."""
    name = desk.options.name
    models = await desk.models()
    key = names.key(name)
    found = next((model for model in models if names.key(model.name) == key), None)
    show = await (desk.details(found) if found else desk.ollama.show(name))
    unlisted = ListedModel(
        name=name,
        details=show.details,
        remote_model=show.remote_model,
        remote_host=show.remote_host,
        modified_at=show.modified_at,
    )
    running = found.running if found else None
    model = Model(found.listed if found else unlisted, facts_of(show), running)
    others = aliases(models)
    parameters = merged(parse_show(show.parameters))
    if desk.options.json:
        texts = {"template": show.template, "system": show.system, "license": show.license}
        more = {"parameters": parameters, **texts, "modelfile": own_modelfile(model, show)}
        messages = [{"role": m.role, "content": m.content} for m in show.messages]
        say_json({**facts(model, others), **more, "messages": messages, "info": show.model_info})
        return 0
    also = [inert(n) for n in others.get(model.digest, ()) if n != model.name]
    lines = overview(model, show, now=desk.now(), width=WIDTH, also=also)
    say(inert("".join(text for text, _ in line)).rstrip() for line in lines)
    if show.parameters.strip():
        say(["", "Parameters", *(f"  {line}" for line in _lines(show.parameters))])
    return 0


def _lines(text: str) -> list[str]:
    return sorted(" ".join(line.split(None, 1)) for line in inert_lines(text).split("\n") if line)
