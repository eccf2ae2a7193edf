"""Changing a model that exists: its Modelfile in the user's editor, its quantization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_tui.actions.action import Action, Context, Group
from ollama_tui.actions.browse import no_model
from ollama_tui.actions.change import connected
from ollama_tui.api.errors import OllamaError
from ollama_tui.text import inert, size

if TYPE_CHECKING:
    from ollama_tui.api.replies import Show
    from ollama_tui.api.requests import CreateRequest
    from ollama_tui.catalog.model import Model
    from ollama_tui.catalog.modelfile import Modelfile
    from ollama_tui.catalog.recipe import Recipe

HEADING = """\
# {name} as a Modelfile. Save and leave to see what would change; nothing is sent before.
# Licenses are left out: a LICENSE line here is added to those the model has.

"""


async def edit(context: Context) -> None:
    """Open the current model as a Modelfile, show the difference, and create it anew."""
    from ollama_tui.api.requests import CreateRequest
    from ollama_tui.catalog import modelfile
    from ollama_tui.catalog.modelfile import Unwritable
    from ollama_tui.catalog.recipe import modelfile_of
    from ollama_tui.jobs.tasks import Create

    if (model := context.current) is None:
        return
    show = await connected(context).library.details(model)
    before = modelfile_of(show, model.name)
    try:
        start = modelfile.write(before)
    except Unwritable as error:
        raise OllamaError(f"{model.label} cannot be written as a Modelfile.", str(error)) from error
    text: str | None = HEADING.format(name=model.label) + start
    while text is not None and (text := await context.edit(text, "Modelfile")) is not None:
        chosen = await choose(context, model, show, before, text)
        if chosen is None:
            return
        if isinstance(chosen, CreateRequest):
            connected(context).jobs.submit(Create(chosen, verb="edit"))
            return


async def choose(
    context: Context, model: Model, show: Show, before: Modelfile, text: str
) -> CreateRequest | bool | None:
    """Return the request for the edited `text`, True to edit again, None to leave it."""
    from ollama_tui.api.requests import CreateRequest
    from ollama_tui.catalog import modelfile
    from ollama_tui.catalog.modelfile import InvalidModelfile
    from ollama_tui.catalog.recipe import edited, recipe
    from ollama_tui.dialogs.dialog import Confirm
    from ollama_tui.dialogs.difference import DifferenceDialog

    try:
        after = modelfile.parse(text)
        wanted = recipe(after, model.name)
    except InvalidModelfile as error:
        question = Confirm("That is not a Modelfile", (inert(str(error)),), "edit again")
        return True if await context.ask(question) else None
    change = edited(before, wanted)
    nothing = CreateRequest(model=model.name, from_=before.last("from"))
    if change.request == nothing and not change.warnings:
        context.tell(f"{model.label} stays as it is: nothing was changed.")
        return None
    fresh = from_weights(wanted, show)
    ways = {"y": "apply"}
    if change.warnings and fresh is not None:
        ways["w"] = f"start over from the weights, which can: writes {size(model.size)} anew"
    answer = await context.ask(
        DifferenceDialog(
            f"What changes in {model.label}",
            modelfile.write(before),
            modelfile.write(after),
            notes=change.warnings,
            ways=ways,
        )
    )
    return {"y": change.request, "w": fresh, "e": True}.get(answer or "")


def from_weights(wanted: Recipe, show: Show) -> CreateRequest | None:
    """Return a request that starts over from the weights the server holds; None without any.

    Nothing is inherited then, so it can also clear what `from` cannot. Licenses are sent again.
    """
    import msgspec

    from ollama_tui.catalog import modelfile

    digests = modelfile.blobs(show.modelfile)
    head = show.modelfile.partition("\nTEMPLATE ")[0].split("\n")
    if not digests or any(line.startswith(("ADAPTER ", "DRAFT ")) for line in head):
        return None  # files are weights and projectors: an adapter would become one of them
    files = {
        f"model-{number}.gguf" if number else "model.gguf": f"sha256:{digest}"
        for number, digest in enumerate(digests)
    }
    licenses = ([show.license] if show.license else []) + wanted.request.license
    return msgspec.structs.replace(wanted.request, from_="", files=files, license=licenses)


async def quantize_(context: Context) -> None:
    """Ask for a type and a name, and queue the quantization."""
    from ollama_tui.api.requests import CreateRequest
    from ollama_tui.catalog import quantize
    from ollama_tui.dialogs.choice import Alternative, Choice
    from ollama_tui.dialogs.names import CopyDialog
    from ollama_tui.jobs.tasks import Create

    if (model := context.current) is None:
        return
    options = tuple(
        Alternative(t.type, f"{t.type:<7} about {size(t.bytes):>7}   {t.help}")
        for t in quantize.targets(model)
    )
    chosen = await context.ask(Choice(f"Quantize {model.label}, {size(model.size)}", options))
    if chosen is None:
        return
    name = f"{model.name}-{chosen.lower()}"
    target = await context.ask(
        CopyDialog(model, context.snapshot.models, prefill=name, purpose=f"Quantize to {chosen}")
    )
    if target is not None:
        request = CreateRequest(model=target, from_=model.name, quantize=chosen)
        connected(context).jobs.submit(Create(request, verb="quantize"))


def cannot_quantize(context: Context) -> str | None:
    """Say why the current model cannot be quantized."""
    from ollama_tui.catalog import quantize

    return no_model(context) or quantize.why_not(context.current)


def cannot_edit(context: Context) -> str | None:
    """Say why the current model cannot be edited."""
    return no_model(context)


ACTIONS = (
    Action("model.edit", "e", "edit", "Edit the model as a Modelfile in your editor.",
           edit, cannot_edit, group=Group.CHANGE, changes_server=True),
    Action("model.quantize", "percent_sign", "quantize", "Make a smaller copy of an F16 model.",
           quantize_, cannot_quantize, group=Group.CHANGE, changes_server=True),
)  # fmt: skip
