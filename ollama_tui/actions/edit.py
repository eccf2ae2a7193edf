"""Changing a model that exists: its Modelfile in the user's editor."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ollama_tui.actions.action import Action, Context, Group
from ollama_tui.actions.change import cannot_change, connected
from ollama_tui.api.errors import OllamaError
from ollama_tui.text import inert, plural, size

if TYPE_CHECKING:
    from ollama_tui.api.replies import Show
    from ollama_tui.api.requests import CreateRequest
    from ollama_tui.catalog.model import Model
    from ollama_tui.catalog.modelfile import Modelfile
    from ollama_tui.catalog.recipe import Recipe
    from ollama_tui.files.source import Source
    from ollama_tui.jobs.tasks import Create

NO_MODELFILE = "That is not a Modelfile"
HEADING = """\
# {name} as a Modelfile. Save and leave to see what would change; nothing is sent before.

"""


async def edit(context: Context) -> None:
    """Open the current model as a Modelfile, show the difference, and create it anew."""
    from ollama_tui.catalog import modelfile
    from ollama_tui.catalog.modelfile import Unwritable

    if (model := context.current) is None:
        return
    show = await connected(context).library.details(model)
    before = whole(show, model.name)
    try:
        start = modelfile.write(before)
    except Unwritable as error:
        raise OllamaError(f"{model.label} cannot be written as a Modelfile.", str(error)) from error
    text: str | None = HEADING.format(name=model.label) + start
    while text is not None and (text := await context.edit(text, "Modelfile")) is not None:
        chosen = await choose(context, model, show, before, text)
        if chosen is None:
            return
        if not isinstance(chosen, bool):
            connected(context).jobs.submit(chosen)
            return


def whole(show: Show, name: str) -> Modelfile:
    """Return the model as a Modelfile on top of itself, its licenses at the end if it can."""
    from ollama_tui.catalog.modelfile import Command, Modelfile
    from ollama_tui.catalog.preview import written
    from ollama_tui.catalog.recipe import modelfile_of
    from ollama_tui.catalog.shown import licenses

    texts = [Command("license", text) for text in licenses(show)]
    _, left_out = written(texts)
    return Modelfile((*modelfile_of(show, name).commands, *(() if left_out else texts)))


async def choose(
    context: Context, model: Model, show: Show, before: Modelfile, text: str
) -> Create | bool | None:
    """Return what to do with the edited `text`, True to edit again, None to leave it."""
    from ollama_tui.catalog.modelfile import InvalidModelfile, parse
    from ollama_tui.dialogs.dialog import Confirm
    from ollama_tui.files.bad import BadFile
    from ollama_tui.files.modelfiles import resolved

    try:
        after = parse(text)
        # The text lay in a folder of its own, so paths are those of where the program started.
        wanted, source = await asyncio.to_thread(resolved, after, model.name, Path.cwd())
    except (InvalidModelfile, BadFile) as error:
        heading = "A file of it cannot be used" if isinstance(error, BadFile) else NO_MODELFILE
        question = Confirm(heading, (inert(str(error)),), "edit again")
        return True if await context.ask(question) else None
    change = edit_of(model, show, before, wanted, source)
    if change.is_nothing:
        context.tell(f"{model.label} stays as it is: nothing was changed.")
        return None
    return await confirmed(context, model, before, after, change)


@dataclass(frozen=True)
class Edit:
    """What an edited Modelfile comes to."""

    task: Create
    """Sends what differs."""
    fresh: Create | None
    """Starts over from the weights, for what only that can do; None where it is not needed."""
    notes: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to send and nothing to say."""
        request = self.task.request
        nothing = type(request)(model=request.model, from_=request.model)
        return request == nothing and not self.task.files and not self.notes


def edit_of(model: Model, show: Show, before: Modelfile, wanted: Recipe, source: Source) -> Edit:
    """Return what changes when `model`, shown as `before`, becomes as `wanted`."""
    from ollama_tui.catalog.recipe import edited
    from ollama_tui.catalog.shown import licenses
    from ollama_tui.jobs.tasks import Create

    change = edited(before, wanted)
    notes = list(change.warnings)
    unsaid = () if before.all("license") else licenses(show)
    request = from_weights(wanted, show, unsaid) if change.warnings != wanted.warnings else None
    if source.files:
        request = None
        notes.append(f"{size(source.size)} in {plural(len(source.files), 'file')} to upload first.")
    if show.license and change is not wanted and change.request.license:
        notes.append("Licenses add up: what the model has stays beside the new one.")
    return Edit(
        Create(change.request, verb="edit", files=source.files),
        Create(request, verb="edit") if request is not None else None,
        tuple(notes),
    )


async def confirmed(
    context: Context, model: Model, before: Modelfile, after: Modelfile, change: Edit
) -> Create | bool | None:
    """Show the difference and return which way to go, True for the editor, None for neither."""
    from ollama_tui.catalog.preview import written
    from ollama_tui.dialogs.difference import DifferenceDialog

    ways = {"y": "apply"}
    if change.fresh is not None:
        ways["w"] = f"start over from the weights, which can: writes {size(model.size)} anew"
    dialog = DifferenceDialog(
        f"What changes in {model.label}",
        written(before.commands)[0],
        written(after.commands)[0],
        notes=change.notes,
        ways=ways,
    )
    answer = await context.ask(dialog)
    return {"y": change.task, "w": change.fresh, "e": True}.get(answer or "")


def from_weights(wanted: Recipe, show: Show, unsaid: tuple[str, ...] = ()) -> CreateRequest | None:
    """Return a request that starts over from the files the server holds; None without any.

    Nothing is inherited then, so it can also clear what `from` cannot. Licenses that no text could
    say, `unsaid`, stay; those that were left as they are stay to the letter.
    """
    import msgspec

    from ollama_tui.catalog.modelfile import parts, printable
    from ollama_tui.catalog.shown import licenses

    held = parts(show.modelfile)
    if held is None or not held["FROM"] or len(held["ADAPTER"]) > 1:
        return None  # a server takes one adapter at most
    exact = {printable(text): text for text in licenses(show)}
    return msgspec.structs.replace(
        wanted.request,
        from_="",
        files=_files("model", held["FROM"]),
        adapters=_files("adapter", held["ADAPTER"]),
        draft_files=_files("draft", held["DRAFT"]),
        license=[*unsaid, *(exact.get(text, text) for text in wanted.request.license)],
    )


def _files(name: str, digests: tuple[str, ...]) -> dict[str, str]:
    return {
        f"{name}-{number}.gguf" if number else f"{name}.gguf": f"sha256:{digest}"
        for number, digest in enumerate(digests)
    }


ACTIONS = (
    Action("model.edit", "e", "edit", "Edit the model as a Modelfile in your editor.",
           edit, cannot_change, group=Group.CHANGE, changes_server=True),
)  # fmt: skip
