"""Modelfiles of this machine: create what one describes, save a model as one."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ollama_tui.api.errors import OllamaError
from ollama_tui.formatting import inert
from ollama_tui.tui.actions.action import Action, ActionContext, ActionGroup
from ollama_tui.tui.actions.browse import no_model
from ollama_tui.tui.actions.change import connected
from ollama_tui.tui.actions.importing import import_files
from ollama_tui.tui.actions.program import not_connected
from ollama_tui.tui.actions.replacing import find

if TYPE_CHECKING:
    from ollama_tui.api.replies import Show


async def open_(context: ActionContext) -> None:
    """Ask for a Modelfile of this machine, and create the model it describes."""
    await import_files(context, "Create a model from a Modelfile")


async def save(context: ActionContext) -> None:
    """Ask for a path and write the current model there, as a Modelfile."""
    from ollama_tui.domain.modelfile.convert import file_name, saved
    from ollama_tui.tui.dialogs.saving import SaveDialog

    if (model := context.current) is None:
        return
    show = await connected(context).library.details(model)
    text = saved(model.name, show, await _parent(context, show))
    offered = file_name(model.name)
    path = await context.ask(SaveDialog(f"Save {model.label} as a Modelfile", offered))
    if path is None:
        return
    if await asyncio.to_thread(os.path.isdir, path):
        path /= offered
    there = await asyncio.to_thread(os.path.exists, path)
    if there and not await _may_replace(context, path):
        return
    real = await _write(path, text, replacing=there)
    told = f"{model.label} was saved as {inert(str(path))}."
    linked = real != path and await asyncio.to_thread(path.is_symlink)
    context.tell(told, f"That is a link: the file is {inert(str(real))}." if linked else "")


async def _parent(context: ActionContext, show: Show) -> Show | None:
    """Return the details of what the model was made from, if that is still here."""
    above = find(context, show.details.parent_model) if show.details.parent_model else None
    if above is None or above.is_cloud:
        return None
    try:
        return await connected(context).library.details(above)
    except OllamaError:
        return None  # the model itself is a base too


async def _may_replace(context: ActionContext, path: Path) -> bool:
    """Ask before a file is overwritten."""
    from ollama_tui.importing.local_file import label
    from ollama_tui.tui.dialogs.dialog import Confirm

    question = Confirm(f"Replace {label(path)}, which is there already?", yes="replace")
    return await context.ask(question) is True


async def _write(path: Path, text: str, *, replacing: bool) -> Path:
    """Write the file and return its real path; a file that is replaced stays until it is."""
    from ollama_tui.importing.local_file import label
    from ollama_tui.importing.saving import replace_file, write_new

    write = replace_file if replacing else write_new
    try:
        return await asyncio.to_thread(write, path, text.encode("utf-8", "replace"))
    except FileExistsError as error:
        raise OllamaError(
            f"{label(path)} was not written: something has come there meanwhile.",
            "Save it again to be asked whether to replace that.",
        ) from error
    except OSError as error:
        why = inert(error.strerror or "an I/O error")
        kept = "What was there is as it was. " if replacing else ""
        raise OllamaError(
            f"{label(path)} was not written: {why}.",
            f"{kept}Check that its folder is there, has room and may be written to.",
        ) from error


def cannot_save(context: ActionContext) -> str | None:
    """Say why there is nothing to save."""
    return not_connected(context) or no_model(context)


ACTIONS = (
    Action("model.open", "", "open Modelfile", "Create a model from a Modelfile of this machine.",
           open_, group=ActionGroup.CHANGE, changes_server=True),
    Action("model.save", "", "save Modelfile", "Save the model as a Modelfile on this machine.",
           save, cannot_save, group=ActionGroup.CHANGE),
)  # fmt: skip
