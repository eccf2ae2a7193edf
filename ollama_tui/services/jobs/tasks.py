"""What can be asked of the queue: one frozen value per kind of work, each knowing how to run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace

import msgspec

from ollama_tui.api.errors import NotFound, OllamaError, Refused, Unreachable
from ollama_tui.api.replies import ListedModel
from ollama_tui.api.requests import CreateRequest
from ollama_tui.domain import names as model_name
from ollama_tui.formatting import inert, size
from ollama_tui.importing.local_file import LocalFile
from ollama_tui.services.jobs.job import JobProgress, percent
from ollama_tui.services.jobs.replacing import check_name
from ollama_tui.services.jobs.task import Item, Lane, Server, Steps, Task
from ollama_tui.services.jobs.upload import Hashed, hashing, sending


@dataclass(frozen=True, slots=True)
class Pull(Task):
    """Download a model from its registry."""

    resumes = True

    name: str
    insecure: bool = False
    expected: int | None = None
    """Bytes of all layers and the config, from the registry's manifest."""

    @property
    def verb(self) -> str:
        """What it does."""
        return "pull"

    @property
    def about(self) -> str:
        """The model."""
        return self.name

    @property
    def lane(self) -> Lane:
        """Over the network."""
        return Lane.TRANSFER

    @property
    def key(self) -> str:
        """One download of a model is enough."""
        return f"pull {self.insecure} {model_name.key(self.name)}"

    @property
    def size(self) -> int | None:
        """As expected."""
        return self.expected

    async def run(self, server: Server) -> Steps:
        """Follow the download to its end."""
        async with aclosing(server.pull(self.name, insecure=self.insecure)) as events:
            async for event in events:
                yield event

    def when_cancelled(self, progress: JobProgress, finished: Collection[str]) -> str:
        """Say how to go on."""
        again = f"pull {inert(self.name)} again to go on"
        return f"Cancelled{_reached(progress)}. What was downloaded is kept; {again}."


def _reached(progress: JobProgress) -> str:
    """Return ` at 61%`, or ` at 61 MB` where nobody knows of how many."""
    if progress.fraction:
        return f" at {percent(progress.fraction)}%"
    return f" at {size(progress.completed)}" if progress.completed else ""


@dataclass(frozen=True, slots=True)
class Push(Task):
    """Upload a model to its registry."""

    name: str
    insecure: bool = False
    expected: int | None = None
    """Bytes of all layers and the config, as the server lists the model."""

    @property
    def verb(self) -> str:
        """What it does."""
        return "push"

    @property
    def about(self) -> str:
        """The model."""
        return self.name

    @property
    def lane(self) -> Lane:
        """Over the network."""
        return Lane.TRANSFER

    @property
    def key(self) -> str:
        """One upload of a model is enough."""
        return f"push {self.insecure} {model_name.key(self.name)}"

    @property
    def size(self) -> int | None:
        """As expected."""
        return self.expected

    async def run(self, server: Server) -> Steps:
        """Follow the upload to its end."""
        async with aclosing(server.push(self.name, insecure=self.insecure)) as events:
            async for event in events:
                yield event

    def when_cancelled(self, progress: JobProgress, finished: Collection[str]) -> str:
        """Say that uploads begin anew."""
        return "Cancelled. Layers sent whole are kept; the one under way would start over."


@dataclass(frozen=True, slots=True)
class Create(Task):
    """Make a model from another one, or from files of this machine."""

    request: CreateRequest
    verb: str = "create"
    """`quantize` or `import` where that is what the person asked for."""
    files: tuple[LocalFile, ...] = ()
    """Hashed and sent first, and then named in the request."""
    replaces: str | None = None
    """Digest of the model of that name that may be replaced; None where there is to be none."""

    @property
    def about(self) -> str:
        """The new model."""
        return self.request.model

    @property
    def lane(self) -> Lane:
        """Files take long to send, so other changes need not wait for them."""
        return Lane.TRANSFER if self.files else Lane.ALONE

    @property
    def size(self) -> int | None:
        """Of the files."""
        return sum(file.size for file in self.files) or None

    async def run(self, server: Server) -> Steps:
        """Send what is to be sent, then follow the making to its end."""
        await check_name(server, self.about, self.replaces)
        found: dict[LocalFile, Hashed] = {}
        for file in self.files:
            async with aclosing(hashing(file)) as steps:
                async for step in steps:
                    if isinstance(step, Hashed):
                        found[file] = step
                    else:
                        yield step
        for file, hashed in found.items():
            async with aclosing(sending(server, file, hashed)) as uploads:
                async for event in uploads:
                    yield event
        yield Lane.ALONE
        if self.files:  # which took their time
            await check_name(server, self.about, self.replaces)
        async with aclosing(server.create(self._naming(found))) as events:
            async for event in events:
                yield event

    def onto(self, name: str, replaces: str | None) -> Create:
        """Return the same under `name`."""
        request = msgspec.structs.replace(self.request, model=name)
        return replace(self, request=request, replaces=replaces)

    def _naming(self, found: dict[LocalFile, Hashed]) -> CreateRequest:
        files, adapters = dict(self.request.files), dict(self.request.adapters)
        drafts = dict(self.request.draft_files)
        for file, hashed in found.items():
            named = adapters if file.adapter else drafts if file.draft else files
            named[file.key] = hashed.digest
        return msgspec.structs.replace(
            self.request, files=files, adapters=adapters, draft_files=drafts
        )

    def when_cancelled(self, progress: JobProgress, finished: Collection[str]) -> str:
        """Say that there is no new model, and what the server does not tidy up."""
        not_made = f"Cancelled. {inert(self.about)} was not created"
        return f"{not_made}; the server may keep unfinished files of it."


@dataclass(frozen=True, slots=True)
class Copy(Task):
    """Give a model a second name."""

    source: str
    destination: str
    replaces: str | None = None
    """Digest of the model of that name that may be replaced; None where there is to be none."""

    @property
    def verb(self) -> str:
        """What it does."""
        return "copy"

    @property
    def about(self) -> str:
        """The new name."""
        return self.destination

    async def run(self, server: Server) -> Steps:
        """Copy; it takes a moment."""
        yield Item(self.destination, 1, 1)
        await check_name(server, self.destination, self.replaces)
        await server.copy(self.source, self.destination)
        yield Item(self.destination, 1, 1, done=True)

    def onto(self, name: str, replaces: str | None) -> Copy:
        """Return the same under `name`."""
        return replace(self, destination=name, replaces=replaces)

    def when_cancelled(self, progress: JobProgress, finished: Collection[str]) -> str:
        """Say that it may have happened all the same."""
        return "Cancelled while the server was at it: the copy may have been made."


class NotDeleted(OllamaError):  # noqa: N818 - named as the rest of its tree
    """Some of several models are still there."""

    def __init__(
        self, remaining: tuple[str, ...], count: int, failed: Mapping[str, OllamaError]
    ) -> None:
        """Tell of the `remaining`, tried or not, and what happened to those that `failed`."""
        listed = inert(", ".join(remaining))
        reasons = " ".join(dict.fromkeys(map(str, failed.values())))
        super().__init__(f"{len(remaining)} of {count} models were not deleted: {listed}", reasons)


def told_apart_by_case(name: str, twin: str) -> OllamaError:
    """Return why `name` is not deleted while `twin` stays."""
    return OllamaError(
        f"{inert(name)} was not deleted: {inert(twin)} is there too, "
        "and a server may take one for the other.",
        "Mark both to delete both; copy one before that, and look at the copy, to keep it.",
    )


@dataclass(frozen=True, slots=True)
class Delete(Task):
    """Delete models, one call each."""

    undoable = True

    names: tuple[str, ...]
    loaded: tuple[str, ...] = ()
    """Those of them that are in memory and are unloaded first."""
    digests: tuple[str, ...] | None = None
    """What was under each of the names when it was agreed to delete them; None for anything."""

    @property
    def verb(self) -> str:
        """What it does."""
        return "delete"

    @property
    def about(self) -> str:
        """The model, or how many."""
        return self.names[0] if len(self.names) == 1 else f"{len(self.names)} models"

    @property
    def deletes(self) -> tuple[str, ...]:
        """All of them."""
        return self.names

    async def run(self, server: Server) -> Steps:
        """Delete one after another; a failure does not stop the rest, a lost server does."""
        failed: dict[str, OllamaError] = {}
        gone: list[str] = []
        for number, name in enumerate(self.names, 1):
            yield Item(name, number, len(self.names))
            try:
                await self._delete(server, name)
            except OllamaError as error:
                failed[name] = error
                if isinstance(error, Unreachable):
                    break
            else:
                gone.append(name)
                yield Item(name, number, len(self.names), done=True)
        if failed:
            raise self._not_deleted(gone, failed)

    def without(self, finished: Collection[str]) -> Delete:
        """Return the deletion of the others."""
        left = [number for number, name in enumerate(self.names) if name not in finished]
        return replace(
            self,
            names=tuple(self.names[number] for number in left),
            digests=self.digests and tuple(self.digests[number] for number in left),
        )

    def when_cancelled(self, progress: JobProgress, finished: Collection[str]) -> str:
        """Say which are gone, which may be and which stay."""
        rest = [name for name in self.names if name not in finished]
        gone = f" Deleted: {inert(', '.join(finished))}." if finished else ""
        unsure = f" The server was at {inert(rest[0])}, which may be gone." if rest else ""
        kept = f" Not deleted: {inert(', '.join(rest[1:]))}." if rest[1:] else ""
        return f"Cancelled.{gone}{unsure}{kept}"

    async def _delete(self, server: Server, name: str) -> None:
        if problem := model_name.deletion_problem(name):
            raise OllamaError(problem, "Remove its file below manifests where the server runs.")
        # Asked before each: other clients do not wait until all of them are deleted.
        self._compare(name, await server.list())
        if name in self.loaded:
            # A model can be deleted while loaded, so a refusal here is no reason to stop.
            with suppress(Refused):
                await server.unload(name)
            self._compare(name, await server.list())
        # Gone already is what was asked for.
        with suppress(NotFound):
            await server.delete(name)

    def _compare(self, name: str, there: Iterable[ListedModel]) -> None:
        """Raise OllamaError if deleting `name` would delete something else than was agreed to."""
        listed = {model.name: model for model in there}
        if (twin := model_name.twins(self.names, listed).get(name)) is not None:
            raise told_apart_by_case(name, twin)
        found = listed.get(name)
        if found is None or self.digests is None:
            return
        if found.digest != self.digests[self.names.index(name)]:
            raise OllamaError(
                f"{inert(name)} was not deleted: something else came under its name meanwhile.",
                "It is kept: delete it again to delete what is there now.",
            )

    def _not_deleted(self, gone: list[str], failed: Mapping[str, OllamaError]) -> OllamaError:
        if len(self.names) == 1:
            return failed[self.names[0]]
        remaining = tuple(name for name in self.names if name not in gone)
        return NotDeleted(remaining, len(self.names), failed)
