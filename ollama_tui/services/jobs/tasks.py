"""What can be asked of the queue: one frozen value per kind of work, each knowing how to run."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

import msgspec

from ollama_tui.api.errors import NotFound, OllamaError, Refused, Unreachable
from ollama_tui.api.replies import ListedModel, Progress
from ollama_tui.api.requests import CreateRequest
from ollama_tui.domain import names
from ollama_tui.formatting import brief, inert
from ollama_tui.importing.local_file import LocalFile
from ollama_tui.services.jobs.job import Conflict, JobProgress, NameTaken, how_far
from ollama_tui.services.jobs.upload import check_features, hash_file, upload_file

if TYPE_CHECKING:
    from ollama_tui.api.client import Ollama
    from ollama_tui.domain.model import ModelKey
    from ollama_tui.domain.plan import Deletion


class Lane(enum.Enum):
    """What a task may run beside."""

    TRANSFER = "transfer"
    """Long and over the network: a few at a time."""
    ALONE = "alone"
    """Changes what is installed: a server has no locks, so one at a time."""


@dataclass(frozen=True, slots=True)
class Item:
    """One of the several models a task works through, begun or done."""

    name: str
    number: int
    """From 1."""
    count: int
    done: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know of what was done: a sentence, inert, which the job keeps."""

    text: str


Step = Progress | Item | Note | Lane
"""A lane yielded means: from here on the task may run only in that one."""
Steps = AsyncGenerator[Step, None]


class Task(ABC):
    """One piece of work, a frozen value."""

    __slots__ = ()

    resumes: ClassVar[bool] = False
    """Whether running it again continues where it stopped, so that it is retried unasked."""
    undoable: ClassVar[bool] = False
    """Whether it waits out a grace period before anything is sent."""

    @property
    @abstractmethod
    def verb(self) -> str:
        """What it does, in one word."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The model it is about, raw, or how many."""

    @property
    def lane(self) -> Lane:
        """Where it runs, at least at first."""
        return Lane.ALONE

    @property
    def key(self) -> str | None:
        """Equal for two tasks when one of them is enough; None when each counts."""
        return None

    @property
    def expected(self) -> int | None:
        """Bytes of everything it moves, when known beforehand."""
        return None

    @abstractmethod
    def run(self, ollama: Ollama) -> Steps:
        """Do it, yielding each step; raises OllamaError."""

    def without(self, finished: Collection[str]) -> Task:
        """Return what is left to do when the models `finished` are done with."""
        return self

    def renamed(self, name: str, replaces: str | None) -> Task:
        """Return the same for a new model `name`; one of digest `replaces` may be replaced."""
        return self

    @abstractmethod
    def when_cancelled(self, progress: JobProgress, finished: Collection[str]) -> str:
        """Return sentences on what a cancel leaves behind."""


@dataclass(frozen=True, slots=True)
class RegistryTransfer(Task):
    """A model on its way between the server and its registry."""

    name: str = field()  # not the inherited property as its default
    insecure: bool = False
    """Whether the server may speak plain HTTP to the registry."""
    expected: int | None = None
    """Bytes of all layers and the config; None while unknown."""

    lane = Lane.TRANSFER

    @property
    def key(self) -> str:
        """The same direction, model and scheme: one such transfer is enough."""
        return f"{self.verb} {self.insecure} {names.comparison_key(self.name)}"


@dataclass(frozen=True, slots=True)
class Pull(RegistryTransfer):
    """Download a model: https://docs.ollama.com/api/pull."""

    resumes = True
    verb = "pull"

    def run(self, ollama: Ollama) -> Steps:
        """Follow the download to its end."""
        return ollama.pull(self.name, insecure=self.insecure)

    def when_cancelled(self, progress: JobProgress, finished: Collection[str]) -> str:
        """Say how far it got and how to continue."""
        reached = f" at {far}" if (far := how_far(progress)) else ""
        again = f"pull {inert(self.name)} again to resume"
        return f"Cancelled{reached}. What was downloaded is kept; {again}."


@dataclass(frozen=True, slots=True)
class Push(RegistryTransfer):
    """Upload a model: https://docs.ollama.com/api/push."""

    verb = "push"

    def run(self, ollama: Ollama) -> Steps:
        """Follow the upload to its end."""
        return ollama.push(self.name, insecure=self.insecure)

    def when_cancelled(self, progress: JobProgress, finished: Collection[str]) -> str:
        """Say that the server does not continue a layer sent in part."""
        return "Cancelled. Layers already sent are kept; the current one would start over."


@dataclass(frozen=True, slots=True)
class Create(Task):
    """Make a model from another one, or from files of this machine.

    https://docs.ollama.com/api/create
    """

    request: CreateRequest
    verb: str = "create"
    """`edit`, `quantize` or `import` where that is what the person asked for."""
    files: tuple[LocalFile, ...] = ()
    """Hashed and uploaded first, and then named in the request."""
    replaces: str | None = None
    """Digest of the model of that name that may be replaced; None where there is to be none."""

    @property
    def name(self) -> str:
        """The new model."""
        return self.request.model

    @property
    def lane(self) -> Lane:
        """Uploads take long, so other changes need not wait for them."""
        return Lane.TRANSFER if self.files else Lane.ALONE

    @property
    def expected(self) -> int | None:
        """Bytes of the files."""
        return sum(file.size for file in self.files) or None

    async def run(self, ollama: Ollama) -> Steps:
        """Upload the files, then follow the creation to its end."""
        await check_name(ollama, self.name, self.replaces)
        await check_features(ollama, self.request, self.files)
        digests: dict[LocalFile, str] = {}
        for file in self.files:
            async with aclosing(hash_file(file)) as steps:
                async for step in steps:
                    if isinstance(step, str):
                        digests[file] = step
                    else:
                        yield step
        for file, digest in digests.items():
            async with aclosing(upload_file(ollama, file, digest)) as uploads:
                async for event in uploads:
                    yield event
        yield Lane.ALONE
        if self.files:  # which took their time
            await check_name(ollama, self.name, self.replaces)
        files, adapters = dict(self.request.files), dict(self.request.adapters)
        drafts = dict(self.request.draft_files)
        for file, digest in digests.items():
            blobs = adapters if file.adapter else drafts if file.draft else files
            blobs[file.key] = digest
        request = msgspec.structs.replace(
            self.request, files=files, adapters=adapters, draft_files=drafts
        )
        async with aclosing(ollama.create(request)) as events:
            async for event in events:
                yield event

    def renamed(self, name: str, replaces: str | None) -> Create:
        """Return the same under `name`."""
        request = msgspec.structs.replace(self.request, model=name)
        return replace(self, request=request, replaces=replaces)

    def when_cancelled(self, progress: JobProgress, finished: Collection[str]) -> str:
        """Say that there is no new model, and what the server does not clean up."""
        not_made = f"Cancelled. {inert(self.name)} was not created"
        return f"{not_made}; the server may keep unfinished files of it."


@dataclass(frozen=True, slots=True)
class Copy(Task):
    """Give a model a second name: https://docs.ollama.com/api/copy."""

    source: str
    name: str = field()  # not the inherited property as its default
    replaces: str | None = None
    """Digest of the model of that name that may be replaced; None where there is to be none."""

    verb = "copy"

    async def run(self, ollama: Ollama) -> Steps:
        """Copy; it takes a moment."""
        yield Item(self.name, 1, 1)
        await check_name(ollama, self.name, self.replaces)
        if warning := await ollama.copy(self.source, self.name):
            yield Note(brief(warning))
        yield Item(self.name, 1, 1, done=True)

    def renamed(self, name: str, replaces: str | None) -> Copy:
        """Return the same under `name`."""
        return replace(self, name=name, replaces=replaces)

    def when_cancelled(self, progress: JobProgress, finished: Collection[str]) -> str:
        """Say that it may have happened all the same."""
        return "Cancelled while the server was copying: the copy may exist."


async def check_name(ollama: Ollama, name: str, replaces: str | None) -> None:
    """Raise NameTaken if there is a model `name` of another digest than `replaces`.

    None means no model. Names are compared as a server does: regardless of case, and of a
    missing `:latest`. Also raises what listing the models does.
    """
    key, spelled = names.comparison_key(name), names.listed_as(name)
    found = [model for model in await ollama.list() if names.comparison_key(model.name) == key]
    # On a case-sensitive disk there may be several: the one spelled alike is the one meant.
    found = [model for model in found if model.name == spelled] or found
    if found and all(model.digest != replaces for model in found):
        there = found[0]
        raise NameTaken(Conflict(there.name, there.size, there.digest, replaces is not None))


@dataclass(frozen=True, slots=True)
class Delete(Task):
    """Delete models, one call each: https://docs.ollama.com/api/delete."""

    undoable = True
    verb = "delete"

    items: tuple[Deletion, ...]
    frees: str = ""
    """The bytes it gives back, as was said before it, such as `about 2.0 GB`; empty if unknown."""

    @property
    def name(self) -> str:
        """The model, or how many."""
        models = [item for item in self.items if not item.after]  # the others are their backups
        return self.items[0].name if len(models) < 2 else f"{len(models)} models"

    @property
    def rows(self) -> tuple[ModelKey, ...]:
        """The rows of the list that go."""
        return tuple(key for item in self.items for key in item.agreed or ())

    async def run(self, ollama: Ollama) -> Steps:
        """Delete one after another; a failure does not stop the rest, a lost server does."""
        failed: dict[str, OllamaError] = {}
        remaining = [item.name for item in self.items]
        for number, item in enumerate(self.items, 1):
            yield Item(item.name, number, len(self.items))
            try:
                if item.after in failed:
                    raise OllamaError(
                        f"{inert(item.name)} was not deleted: {inert(item.after)} is still there."
                    )
                await self._delete(ollama, item)
            except OllamaError as error:
                failed[item.name] = error
                if isinstance(error, Unreachable):
                    break
            else:
                remaining.remove(item.name)
                yield Item(item.name, number, len(self.items), done=True)
        if len(self.items) == 1 and failed:
            raise failed[self.items[0].name]
        if failed:
            raise OllamaError(
                f"{len(remaining)} of {len(self.items)} models were not deleted: "
                f"{inert(', '.join(remaining))}",
                " ".join(dict.fromkeys(map(str, failed.values()))),
            )

    def without(self, finished: Collection[str]) -> Delete:
        """Return the deletion of the others."""
        left = tuple(item for item in self.items if item.name not in finished)
        return Delete(left, self.frees if len(left) == len(self.items) else "")

    def when_cancelled(self, progress: JobProgress, finished: Collection[str]) -> str:
        """Say which are gone, which may be and which stay."""
        rest = [item.name for item in self.items if item.name not in finished]
        gone = f" Deleted: {inert(', '.join(finished))}." if finished else ""
        unsure = f" The server was at {inert(rest[0])}, which may be gone." if rest else ""
        kept = f" Not deleted: {inert(', '.join(rest[1:]))}." if rest[1:] else ""
        return f"Cancelled.{gone}{unsure}{kept}"

    async def _delete(self, ollama: Ollama, item: Deletion) -> None:
        # Asked before each call: other clients do not wait until all of them are deleted.
        self._check(item, await ollama.list())
        for name, runner in item.unload:
            # A model can be deleted while loaded, so a refusal here is no reason to stop.
            with suppress(Refused):
                await ollama.unload(name, runner=runner)
        if item.unload:
            self._check(item, await ollama.list())
        # Already deleted is fine.
        with suppress(NotFound):
            await ollama.delete(item.target)

    def _check(self, item: Deletion, models: Collection[ListedModel]) -> None:
        """Raise OllamaError if this would delete something else than was agreed to."""
        listed = [(model.name, model.digest) for model in models]
        if problem := names.deletion_problem(item.target, listed):
            raise OllamaError(
                problem, "Remove its file below manifests or manifests-v2 where the server runs."
            )
        chosen = frozenset(each.model for each in self.items)
        twins = names.case_variants(chosen, [name for name, _ in listed])
        if not item.digest and (twin := twins.get(item.model)) is not None:
            raise ambiguous_deletion(item.model, twin)
        if item.agreed is None or not (more := item.reaches(listed) - item.agreed):
            return
        if item.digest:
            others = ", ".join(sorted(name for name, _ in more))
            raise OllamaError(
                f"{inert(item.name)} was not deleted: {inert(others)} has the same digest "
                "meanwhile, and would be deleted too.",
                "It is kept: delete it again to see what goes with it.",
            )
        raise OllamaError(
            f"{inert(item.name)} was not deleted: another model took its name in the meantime.",
            "It is kept: delete it again to delete what is there now.",
        )


def ambiguous_deletion(name: str, twin: str) -> OllamaError:
    """Return why `name` is not deleted while `twin`, spelled alike but for case, stays."""
    return OllamaError(
        f"{inert(name)} was not deleted: {inert(twin)} exists too, "
        "and a server may confuse the two.",
        "Mark both to delete both; copy one before that, and look at the copy, to keep it.",
    )
