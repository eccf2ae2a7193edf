"""What a server's disk is spent on: measured when its store is on this machine, else estimated."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from ollama_tui.api.errors import OllamaError, Refused
from ollama_tui.api.replies import ListedModel, Show
from ollama_tui.domain.model import Model, Snapshot
from ollama_tui.domain.storage.contents import Contents
from ollama_tui.domain.storage.usage import Usage, store_of
from ollama_tui.services.observable import Observable
from ollama_tui.services.store.places import named_by, roots
from ollama_tui.services.store.reader import ModelStore, contents_or_empty

DISK_READ_TIMEOUT = 2.0
"""Seconds to wait for the disk before an estimate must do; the reading goes on."""


@runtime_checkable
class HasModelsFolder(Protocol):
    """A server in this process: it lays its store out as files when somebody wants to read it."""

    def models_folder(self) -> Path:
        """Return the folder, with what the server has now; raises OSError."""

    def disk(self) -> tuple[int, int]:
        """Return the bytes that are left on its disk, and those of all of it."""


class Storage:
    """Reads the store in a thread when the list has changed, and answers from memory between.

    `show` asks for details: the first lines of a Modelfile name files of the store. `server` is
    one in this process, whose store is where it says; it is None for any other.
    """

    def __init__(
        self,
        show: Callable[[str], Awaitable[Show]],
        *,
        local: bool,
        environ: Mapping[str, str] | None = None,
        server: object | None = None,
    ) -> None:
        self._show = show
        self._embedded = server if isinstance(server, HasModelsFolder) else None
        self._local = local or self._embedded is not None
        self._environ = environ or {}
        self._modelfile: str | None = None
        self._stores: dict[Path, ModelStore] = {}
        self._listed: tuple[ListedModel, ...] = ()
        self._is_stale = False
        self._one_at_a_time = asyncio.Lock()
        self.measured: Observable[Usage | None] = Observable(None)
        """What was measured last; None when nothing could be."""

    def known(self, models: Sequence[Model]) -> Usage:
        """Return at once the best answer there is for this list."""
        measured = self.measured.value
        if measured is not None and _listed(models) == self._listed:
            return measured
        return Usage(tuple(models))

    async def usage(self, models: Sequence[Model]) -> Usage:
        """Return the answer for this list, reading the store if that was not done yet."""
        known = self.known(models)
        tried = self._modelfile is not None and _listed(models) == self._listed
        if self._is_stale or not (tried or known.contents):
            return await self.read(models)
        return known

    def expect_changes(self) -> None:
        """Have the store read again for the next list, even if that is the same one.

        What a job has done shows in no list where it was to a manifest that is not listed.
        """
        self._is_stale = True

    async def read(self, models: Sequence[Model]) -> Usage:
        """Read the store again, whatever is known; an estimate must do when that takes long."""
        if not self._local:
            return Usage(tuple(models))
        reading = asyncio.ensure_future(self._read(models, ask=True))
        done, _ = await asyncio.wait([reading], timeout=DISK_READ_TIMEOUT)
        for finished in done:
            finished.result()
        return self.known(models)

    async def contents(self, models: Sequence[Model]) -> Contents | None:
        """Return the store behind this list, however long that takes; None when it is not found.

        A server that lists nothing says nothing of its store: then it is the one that OLLAMA_MODELS
        names, else the one folder among the usual ones that has blobs and lists nothing either.
        """
        if not self._local:
            return None
        if models:
            await self._read(models, ask=True)
            return usage.contents if (usage := self.measured.value) else None
        return await asyncio.to_thread(self._empty_store)

    def _empty_store(self) -> Contents | None:
        found = {}
        named = None if self._embedded else named_by(self._environ)
        for root in self._roots() if named is None else (named,):
            with suppress(OSError):
                contents = contents_or_empty(root) if (root / "blobs").is_dir() else None
                if contents is not None and not contents.listed():
                    found[root.resolve()] = contents
        return next(iter(found.values())) if len(found) == 1 else None

    async def _read(self, models: Sequence[Model], *, ask: bool) -> None:
        async with self._one_at_a_time:
            self._is_stale = False
            contents = await asyncio.to_thread(self._look, tuple(models))
            if contents is None and ask and await self._ask(models):
                contents = await asyncio.to_thread(self._look, tuple(models))
            self._listed = _listed(models)
            self.measured.set(Usage(tuple(models), contents) if contents else None)

    def _look(self, models: tuple[Model, ...]) -> Contents | None:
        """Return the contents of the first place that is this server's store."""
        for root in self._roots():
            store = self._stores.setdefault(root, ModelStore(root))
            try:
                contents = store.read()
            except OSError:
                continue
            if self._embedded is not None:  # its files are holes on a disk of its own
                free, capacity = self._embedded.disk()
                contents = replace(contents, free=free, capacity=capacity)
            if (seen := store_of(contents, models)) is not None:
                return seen
        return None

    def _roots(self) -> Iterator[Path]:
        """Yield where the store may be, likeliest first."""
        if self._embedded is None:
            yield from roots((self._modelfile,) if self._modelfile else (), self._environ)
            return
        with suppress(OSError):  # an estimate must do
            yield self._embedded.models_folder()

    async def _ask(self, models: Iterable[Model]) -> bool:
        """Ask the server once where its files are; return whether that was news."""
        if self._modelfile is not None:
            return False
        here = [model for model in models if not model.is_answered_in_cloud]
        ggufs = [model for model in here if model.listed.details.format == "gguf"]
        if not here:
            return False
        model = (ggufs or here)[0]  # a Modelfile on tensors names no file of the store
        try:
            self._modelfile = (await self._show(model.name)).modelfile
        except Refused:
            self._modelfile = ""
        except OllamaError:
            return False  # it may tell when it answers again
        return bool(self._modelfile)

    @asynccontextmanager
    async def following(self, snapshots: Observable[Snapshot]) -> AsyncIterator[None]:
        """Measure in the background whenever the list changes while the block runs."""
        task = asyncio.ensure_future(self._follow(snapshots)) if self._local else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _follow(self, snapshots: Observable[Snapshot]) -> None:
        async for snapshot in snapshots.follow():
            is_other = self._is_stale or _listed(snapshot.models) != self._listed
            if snapshot.fetched_at is not None and is_other:
                await self._read(snapshot.models, ask=False)


def _listed(models: Sequence[Model]) -> tuple[ListedModel, ...]:
    return tuple([model.listed for model in models])
