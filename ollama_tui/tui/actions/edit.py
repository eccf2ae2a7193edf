"""Changing a model that exists: its Modelfile in the user's editor."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from ollama_tui.api.errors import OllamaError
from ollama_tui.config.drafts import MODELFILE, DraftFile, FormKey
from ollama_tui.config.safe_file import shown_path
from ollama_tui.formatting import inert, plural, size
from ollama_tui.tui.actions.action import Action, ActionContext, ActionGroup, Edited, connected
from ollama_tui.tui.actions.create import cannot_change
from ollama_tui.tui.actions.jobs import choose_draft, submit_create
from ollama_tui.tui.actions.notes import may_overwrite

if TYPE_CHECKING:
    from ollama_tui.api.replies import Show
    from ollama_tui.api.requests import CreateRequest
    from ollama_tui.domain.model import Model
    from ollama_tui.domain.modelfile.convert import ModelfileRequest
    from ollama_tui.domain.modelfile.syntax import Modelfile
    from ollama_tui.importing.source import Source
    from ollama_tui.services.jobs.tasks import Create

NO_MODELFILE = "That is not a Modelfile"
NO_UTF_8 = "What the editor saved is not UTF-8 text"
HEADING = """\
# {name} as a Modelfile. Save and quit to review the changes; nothing is sent until you confirm.

"""


class Outcome(Enum):
    """What to do with an edited text that is not sent."""

    AGAIN = "edit again"
    LEAVE = "leave it for now"
    NOTHING = "there is nothing to send"


if TYPE_CHECKING:
    Decision = Create | Outcome


async def edit(context: ActionContext) -> None:
    """Open the current model as a Modelfile, show the difference, and create it again."""
    from ollama_tui.domain.modelfile import syntax as modelfile
    from ollama_tui.domain.modelfile.syntax import Unwritable

    if (model := context.current) is None:
        return
    show = await connected(context).facts.show(model)
    before = whole_modelfile(show, model.name)
    try:
        start = HEADING.format(name=model.label) + modelfile.write(before)
    except Unwritable as error:
        raise OllamaError(f"{model.label} cannot be written as a Modelfile.", str(error)) from error
    key = FormKey("edit", model.name, MODELFILE)
    left = await context.drafts.newest(key)
    if left is not None and left.text == start:  # an editor was opened, and nothing was saved
        left.discard()
        left = None
    if (draft := await choose_draft(context, key, left, model.label)) is None:
        return
    try:
        task = await Editing(context, model, show, before, start, draft).until_decided()
    except BaseException:
        draft.release()
        raise
    if task is not None:
        await submit_create(context, task, draft)


@dataclass(frozen=True)
class Editing:
    """A model in the user's editor: its draft is the file that the editor has."""

    context: ActionContext
    model: Model
    show: Show
    before: Modelfile
    start: str
    """What the file holds as long as nothing was saved."""
    draft: DraftFile

    async def until_decided(self) -> Create | None:
        """Open the editor until there is something to send; None when it is left without."""
        try:
            file = await self.draft.file_with(self.start)
        except OSError as error:
            why = inert(error.strerror or "an I/O error")
            raise OllamaError(f"The text to edit could not be written: {why}.") from error
        saved_in = (
            f"The text is kept in {shown_path(file)}; it is offered when you edit the model again."
        )
        while True:
            ended = await self.context.edit(file)
            data = await asyncio.to_thread(_read, file)
            text = None if data is None else _decoded(data)
            if text in (None, self.start):
                self._nothing_saved(ended, gone=text is None)
                return None
            self.draft.load((data or b"").decode("utf-8", "replace"), self.context.drafts.now())
            if not ended.opened:
                self.draft.release()
                if ended.trouble:
                    raise OllamaError(ended.trouble, saved_in)
                return None
            chosen = await self._decide(ended, text, saved_in)
            if chosen is Outcome.LEAVE:
                self.draft.release()
                self.context.tell("Nothing was sent.", saved_in)
                return None
            if chosen is Outcome.NOTHING:
                self.draft.discard()
                self.context.tell(f"{self.model.label} stays as it is: nothing was changed.")
                return None
            if chosen is not Outcome.AGAIN:
                return chosen

    def _nothing_saved(self, ended: Edited, *, gone: bool) -> None:
        """Say why nothing is to be sent; there is nothing to keep."""
        self.draft.discard()
        problem = "The edited file is gone." if gone else ended.trouble
        if problem:
            self.context.tell(problem, trouble=True)
        elif ended.opened:
            self.context.tell(f"{self.model.label} stays as it is: nothing was changed.")

    async def _decide(
        self, ended: Edited, text: str | UnicodeError | None, saved_in: str
    ) -> Decision:
        """Ask what to do with what the editor saved."""
        from ollama_tui.domain.modelfile.syntax import InvalidModelfile, parse
        from ollama_tui.importing.inspect import resolve_modelfile
        from ollama_tui.importing.local_file import BadFile

        if ended.trouble:
            return await self._ask_again(ended.trouble, saved_in)
        if not isinstance(text, str):
            return await self._ask_again(NO_UTF_8, saved_in)
        try:
            after = parse(text)
            # The text lies in a folder of ours, so paths are those of where the program started.
            wanted, source = await asyncio.to_thread(
                resolve_modelfile, after, self.model.name, Path.cwd()
            )
        except InvalidModelfile as error:
            return await self._ask_again(NO_MODELFILE, inert(str(error)), saved_in)
        except BadFile as error:
            return await self._ask_again(
                "A file that it names cannot be used", inert(str(error)), saved_in
            )
        change = edit_of(self.model, self.show, self.before, wanted, source)
        if change.is_nothing:
            return Outcome.NOTHING
        return await confirmed(self.context, self.model, self.before, after, change)

    async def _ask_again(self, heading: str, *lines: str) -> Outcome:
        from ollama_tui.tui.dialogs.choice import Confirm

        again = await self.context.ask(Confirm(heading, lines, "edit again"))
        return Outcome.AGAIN if again else Outcome.LEAVE


def _read(file: Path) -> bytes | None:
    """Return what an editor saved; None when the file is gone."""
    try:
        return file.read_bytes()
    except OSError:
        return None


def _decoded(data: bytes) -> str | UnicodeError:
    """Return the text in `data`, or why it is none."""
    from ollama_tui.domain.modelfile.syntax import encoding_of

    try:
        return data.decode(encoding_of(data)).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeError as error:
        return error


def whole_modelfile(show: Show, name: str) -> Modelfile:
    """Return the model as a Modelfile on top of itself, its licenses at the end if it can."""
    from ollama_tui.domain.modelfile.convert import licenses, modelfile_of
    from ollama_tui.domain.modelfile.syntax import Command, Modelfile, written

    texts = [Command("license", text) for text in licenses(show)]
    _, left_out = written(texts)
    return Modelfile((*modelfile_of(show, name).commands, *(() if left_out else texts)))


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


def edit_of(
    model: Model, show: Show, before: Modelfile, wanted: ModelfileRequest, source: Source
) -> Edit:
    """Return what changes when `model`, shown as `before`, becomes as `wanted`."""
    from ollama_tui.domain.modelfile.convert import edited, licenses
    from ollama_tui.services.jobs.tasks import Create

    change = edited(before, wanted)
    notes = list(change.warnings)
    unsaid = () if before.all("license") else licenses(show)
    request = from_weights(wanted, show, unsaid) if change.warnings != wanted.warnings else None
    if source.files:
        request = None
        notes.append(f"{size(source.size)} in {plural(len(source.files), 'file')} to upload first.")
    if show.license and change is not wanted and change.request.license:
        notes.append("Licenses add up: the model keeps its own beside the new one.")
    return Edit(
        Create(change.request, verb="edit", files=source.files, replaces=model.digest),
        Create(request, verb="edit", replaces=model.digest) if request is not None else None,
        tuple(notes),
    )


async def confirmed(
    context: ActionContext, model: Model, before: Modelfile, after: Modelfile, change: Edit
) -> Decision:
    """Show the difference and return which way to go."""
    from ollama_tui.domain.modelfile.syntax import written
    from ollama_tui.tui.dialogs.comparison import DifferenceDialog

    answers = {"y": "apply"}
    if change.fresh is not None:
        answers["w"] = f"start over from the weights (writes {size(model.size)} again)"
    dialog = DifferenceDialog(
        f"What changes in {model.label}",
        written(before.commands)[0],
        written(after.commands)[0],
        notes=change.notes,
        answers=answers,
    )
    answer = await context.ask(dialog)
    ways_to_go = {"y": change.task, "w": change.fresh, "e": Outcome.AGAIN}
    chosen = ways_to_go.get(answer or "") or Outcome.LEAVE
    if isinstance(chosen, Outcome) or await may_overwrite(context, [model.name], "change"):
        return chosen
    return Outcome.LEAVE


def from_weights(
    wanted: ModelfileRequest, show: Show, unsaid: tuple[str, ...] = ()
) -> CreateRequest | None:
    """Return a request that starts over from the files the server holds; None without any.

    Nothing is inherited then, so it can also clear what `from` cannot. Licenses that no text could
    say, `unsaid`, stay; those that were left as they are stay to the letter.
    """
    import msgspec

    from ollama_tui.domain.modelfile.convert import licenses
    from ollama_tui.domain.modelfile.syntax import parts, printable

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
           edit, cannot_change, group=ActionGroup.CHANGE, changes_server=True,
           synonyms=("modelfile", "edit modelfile", "editor", "vim")),
)  # fmt: skip
