"""What any task is, and what it needs of a server."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from ollama_tui.api.replies import ListedModel, Progress
from ollama_tui.api.requests import CreateRequest
from ollama_tui.services.jobs.job import JobProgress

Events = AsyncGenerator[Progress, None]


class Server(Protocol):
    """What tasks need of an Ollama server; `api.client.Ollama` has it."""

    def pull(self, model: str, *, insecure: bool = False) -> Events:
        """Download a model."""

    def push(self, model: str, *, insecure: bool = False) -> Events:
        """Upload a model."""

    def create(self, request: CreateRequest) -> Events:
        """Make a model."""

    async def copy(self, source: str, destination: str) -> None:
        """Give a model a second name."""

    async def list(self) -> tuple[ListedModel, ...]:
        """Return the models there are."""

    async def delete(self, model: str) -> None:
        """Remove a name, and what only it uses."""

    async def unload(self, model: str) -> object:
        """Free the memory a model takes."""

    async def blob_exists(self, digest: str) -> bool:
        """Whether a file need not be sent."""

    async def upload_blob(
        self,
        digest: str,
        path: Path,
        *,
        size: int | None = None,
        sent: Callable[[int], None] | None = None,
    ) -> None:
        """Send a file of this size."""


class Lane(enum.Enum):
    """What a task may run beside."""

    TRANSFER = "transfer"
    """Long and over the network: a few at a time."""
    ALONE = "alone"
    """Changes what is installed: a server has no locks, so one at a time."""


@dataclass(frozen=True, slots=True)
class Item:
    """One of the several things a task deals with, begun or done."""

    name: str
    number: int
    """From 1."""
    count: int
    done: bool = False


Step = Progress | Item | Lane
"""A lane yielded means: from here on it may run only in that one."""
Steps = AsyncGenerator[Step, None]


class Task(ABC):
    """One piece of work, a frozen value."""

    __slots__ = ()

    resumes: ClassVar[bool] = False
    """Whether running it again goes on where it stopped, so that it may be retried unasked."""
    undoable: ClassVar[bool] = False
    """Whether it waits out a grace period before anything is sent."""

    @property
    @abstractmethod
    def verb(self) -> str:
        """What it does, in one word."""

    @property
    @abstractmethod
    def about(self) -> str:
        """The model it is about, raw, or how many."""

    @property
    def deletes(self) -> tuple[str, ...]:
        """The models it deletes, raw."""
        return ()

    @property
    def lane(self) -> Lane:
        """Where it runs, at least at first."""
        return Lane.ALONE

    @property
    def key(self) -> str | None:
        """Equal for two tasks of which one is enough; None when each counts."""
        return None

    @property
    def size(self) -> int | None:
        """Bytes of everything it moves, when known before."""
        return None

    @abstractmethod
    def run(self, server: Server) -> Steps:
        """Do it, telling each step; raises OllamaError."""

    def without(self, finished: Collection[str]) -> Task:
        """Return what is left to do when `finished` are dealt with."""
        return self

    def onto(self, name: str, replaces: str | None) -> Task:
        """Return the task for a model `name`, which may replace what has that digest there."""
        return self

    @abstractmethod
    def when_cancelled(self, progress: JobProgress, finished: Collection[str]) -> str:
        """Say what a cancel leaves behind."""
