"""Making models: in a form, smaller, from files of this machine; saving one as a Modelfile."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ollama_tui.api.errors import OllamaError
from ollama_tui.formatting import inert, size
from ollama_tui.tui.actions.action import (
    Action,
    ActionContext,
    ActionGroup,
    connected,
    no_model,
    not_connected,
)
from ollama_tui.tui.actions.jobs import choose_draft, find, submit_create

if TYPE_CHECKING:
    from ollama_tui.api.replies import Show
    from ollama_tui.domain.memory.available import AvailableMemory
    from ollama_tui.domain.model import Model
    from ollama_tui.tui.dialogs.choice import Choice


async def open_form(context: ActionContext, *, edit: bool) -> None:
    """Open the form for a new model, or on the current one itself; queue what it returns.

    What was typed into it at another time is offered first.
    """
    from ollama_tui.config.drafts import MODELFILE, FormKey
    from ollama_tui.domain.create.preview import name_and_base
    from ollama_tui.services.jobs.tasks import Create
    from ollama_tui.tui.actions.memory import server_memory
    from ollama_tui.tui.dialogs.create import CreateDialog

    base = context.current
    verb = "edit" if edit else "create"
    key = (
        FormKey("change", base.name, MODELFILE)
        if edit and base
        else FormKey("create", "", MODELFILE)
    )
    left = await context.drafts.newest(key)
    typed, typed_base = name_and_base(left.text) if left else ("", "")
    # Asked for now: after the question, the form is not to wait for the server.
    facts = connected(context).facts
    show = other_show = await facts.show(base) if base else None
    other = find(context, typed_base) if typed_base and not edit else base
    if other is not base:
        other_show = await facts.show(other) if other else None
    about = (
        base.label if edit and base else f"{inert(typed or 'A new model')} from {inert(typed_base)}"
    )
    if (draft := await choose_draft(context, key, left, about)) is None:
        return
    if draft.is_resumed:
        base, show = other, other_show
    models = context.snapshot.models
    free = connected(context).storage.known(models).free
    form = CreateDialog(
        models, base, show, facts.show,
        edit=edit, free=free, available=server_memory(context), draft_file=draft,
    )  # fmt: skip
    answer = await context.ask(form)
    if answer is None:
        draft.release()
    else:
        task = Create(answer.request, verb=verb, replaces=answer.replaces)
        await submit_create(context, task, draft)


def cannot_change(context: ActionContext) -> str | None:
    """Say why the current model cannot be changed in place."""
    model = context.current
    if model is not None and model.listed.has_cloud_tag:
        return "A cloud model cannot be edited as a Modelfile: C creates a model from it."
    return no_model(context)


async def save(context: ActionContext) -> None:
    """Ask for a path and write the current model there, as a Modelfile."""
    from ollama_tui.domain.modelfile.convert import file_name, saved
    from ollama_tui.importing.local_file import label
    from ollama_tui.tui.dialogs.choice import Confirm
    from ollama_tui.tui.dialogs.text_questions import SaveDialog

    if (model := context.current) is None:
        return
    show = await connected(context).facts.show(model)
    text = saved(model.name, show, await _parent(context, show))
    offered = file_name(model.name)
    path = await context.ask(SaveDialog(f"Save {model.label} as a Modelfile", offered))
    if path is None:
        return
    if await asyncio.to_thread(os.path.isdir, path):
        path /= offered
    there = await asyncio.to_thread(os.path.exists, path)
    if there:
        question = Confirm(f"Replace {label(path)}, which already exists?", yes="replace")
        if await context.ask(question) is not True:
            return
    real = await _write(path, text, replacing=there)
    message = f"{model.label} was saved as {inert(str(path))}."
    linked = real != path and await asyncio.to_thread(path.is_symlink)
    context.tell(message, f"That is a link: the file is {inert(str(real))}." if linked else "")


async def _parent(context: ActionContext, show: Show) -> Show | None:
    """Return the details of what the model was made from, if that is still here."""
    above = find(context, show.details.parent_model) if show.details.parent_model else None
    if above is None or above.is_cloud:
        return None
    try:
        return await connected(context).facts.show(above)
    except OllamaError:
        return None  # the model itself is a base too


async def _write(path: Path, text: str, *, replacing: bool) -> Path:
    """Write the file and return its real path; a file that is replaced stays until it is."""
    from ollama_tui.config.safe_file import replace_file, write_new
    from ollama_tui.importing.local_file import label

    write = replace_file if replacing else write_new
    try:
        return await asyncio.to_thread(write, path, text.encode("utf-8", "replace"))
    except FileExistsError as error:
        raise OllamaError(
            f"{label(path)} was not written: a file was created there in the meantime.",
            "Save again to be asked whether to replace it.",
        ) from error
    except OSError as error:
        why = inert(error.strerror or "an I/O error")
        unchanged = "The file that was there is unchanged. " if replacing else ""
        raise OllamaError(
            f"{label(path)} was not written: {why}.",
            f"{unchanged}Check that its folder is there, has room and may be written to.",
        ) from error


def cannot_save(context: ActionContext) -> str | None:
    """Say why there is nothing to save."""
    return not_connected(context) or no_model(context)


async def import_files(context: ActionContext, heading: str = "") -> None:
    """Ask which files become which model, and queue the upload and what follows it."""
    from ollama_tui.services.jobs.tasks import Create
    from ollama_tui.tui.actions.memory import server_memory
    from ollama_tui.tui.dialogs.importing import ImportDialog

    dialog = ImportDialog(context.snapshot.models, heading, available=server_memory(context))
    answer = await context.ask(dialog)
    if answer is not None:
        verb = "import" if answer.files else "create"
        task = Create(answer.request, verb=verb, files=answer.files, replaces=answer.replaces)
        await submit_create(context, task, dialog.draft_file)


async def quantize(context: ActionContext) -> None:
    """Ask for a type and a name, and queue the quantization."""
    from ollama_tui.api.requests import CreateRequest
    from ollama_tui.domain.quantization import quantized_name
    from ollama_tui.services.jobs.tasks import Create
    from ollama_tui.tui.actions.memory import server_memory
    from ollama_tui.tui.dialogs.names import CopyDialog

    if (model := context.current) is None:
        return
    free = connected(context).storage.known(context.snapshot.models).free
    chosen = await context.ask(type_question(model, free, server_memory(context)))
    if chosen is None:
        return
    name = quantized_name(model.name, chosen)
    purpose = f"Quantize to {chosen}"
    dialog = CopyDialog(model, context.snapshot.models, prefill=name, purpose=purpose)
    target = await context.ask(dialog)
    if target is not None:
        request = CreateRequest(model=target.name, from_=model.name, quantize=chosen)
        task = Create(request, verb="quantize", replaces=target.replaces)
        await submit_create(context, task, dialog.draft_file)


def type_question(
    model: Model, free: int | None, available: AvailableMemory | None = None
) -> Choice:
    """Return the question for a type, with the sizes to expect and what is free, if known.

    Of each type it is said whether the model fits in memory then.
    """
    from ollama_tui.domain.model_memory import fits_as
    from ollama_tui.domain.quantization import free_space_clause, quantize_targets
    from ollama_tui.tui.dialogs.choice import Alternative, Choice

    options = tuple(
        Alternative(
            t.type,
            t.type,
            "; ".join(
                filter(None, (f"about {size(t.bytes):>7}   {t.help}", fits_as(model, t, available)))
            ),
        )
        for t in quantize_targets(model)
    )
    smallest = min((t.bytes for t in quantize_targets(model)), default=0)
    return Choice(
        f"Quantize {model.label}, {size(model.size)}{free_space_clause(smallest, free)}", options
    )


def cannot_quantize(context: ActionContext) -> str | None:
    """Say why the current model cannot be quantized, by it or by the server."""
    from ollama_tui.api.features import QUANTIZING
    from ollama_tui.domain.quantization import quantize_problem

    reason = no_model(context) or QUANTIZING.problem(context.snapshot.version)
    return reason or quantize_problem(context.current)


ACTIONS = (
    Action("model.create", "C", "create", "Create a model from the one at the cursor.",
           partial(open_form, edit=False), group=ActionGroup.CHANGE, footer=9, changes_server=True,
           synonyms=("new", "new model", "make", "build", "system prompt")),
    Action("model.change", "", "edit in a form", "Change the model at the cursor in a form.",
           partial(open_form, edit=True), cannot_change, group=ActionGroup.CHANGE,
           changes_server=True,
           synonyms=("form", "parameters", "change")),
    Action("model.open", "", "open Modelfile", "Create a model from a Modelfile on this machine.",
           partial(import_files, heading="Create a model from a Modelfile"),
           group=ActionGroup.CHANGE, changes_server=True,
           synonyms=("from modelfile", "read modelfile")),
    Action("model.save", "", "save Modelfile", "Save the model as a Modelfile on this machine.",
           save, cannot_save, group=ActionGroup.CHANGE,
           synonyms=("save", "export", "write modelfile", "save as")),
    Action("model.import", "I", "import", "Import a GGUF file, a model folder or a Modelfile.",
           import_files, group=ActionGroup.CHANGE, changes_server=True,
           synonyms=("gguf", "import gguf", "safetensors", "local file")),
    Action("model.quantize", "percent_sign", "quantize",
           "Make a smaller copy of an F16, BF16 or F32 model.",
           quantize, cannot_quantize, group=ActionGroup.CHANGE, changes_server=True,
           synonyms=("quantise", "compress", "shrink", "smaller")),
)  # fmt: skip
