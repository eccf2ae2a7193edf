"""A file as the body of a request: constant memory, read ahead, never on the event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from ollama_tui.api.errors import OllamaError
from ollama_tui.formatting import inert

CHUNK = 1024 * 1024
"""Bytes read at a time; at most three such chunks are in memory."""


class FileBody:
    """An open file and the size it had when it was opened."""

    def __init__(self, path: Path, file: BinaryIO, size: int) -> None:
        self._path = path
        self._file = file
        self.size = size
        """Bytes."""
        self._ahead: asyncio.Task[bytes] | None = None

    @property
    def fileno(self) -> int:
        """The open file, for the system."""
        return self._file.fileno()

    @property
    def length(self) -> int:
        """Bytes the file has by now."""
        return os.fstat(self._file.fileno()).st_size

    async def chunks(self, sent: Callable[[int], None] | None) -> AsyncGenerator[bytes, None]:
        """Yield the file's bytes; tell `sent` the number of bytes taken so far.

        Raises OllamaError when the file shrank, grew or cannot be read.
        """
        chunk, done = await self._next(), 0
        while chunk:
            following = self._read_ahead()
            done += len(chunk)
            # Before the last bytes go out: the server must never take a wrong file for whole.
            if done >= self.size and (done > self.size or await self._finished(following)):
                raise self.changed("longer")
            yield chunk
            if sent is not None:
                sent(done)
            chunk = await self._finished(following)
        if done < self.size:
            raise self.changed("shorter")

    def release(self) -> None:
        """Close the file, but only after a read that is under way: threads do not stop."""
        if self._ahead is None:
            self._file.close()
        else:
            self._ahead.add_done_callback(self._close)

    def _read_ahead(self) -> asyncio.Task[bytes]:
        self._ahead = asyncio.create_task(asyncio.to_thread(self._file.read, CHUNK))
        return self._ahead

    async def _next(self) -> bytes:
        return await self._finished(self._read_ahead())

    async def _finished(self, reading: asyncio.Task[bytes]) -> bytes:
        try:
            return await asyncio.shield(reading)
        except OSError as error:
            raise _unreadable(self._path, error) from error

    def changed(self, how: str) -> OllamaError:
        """Return that the file became `longer` or `shorter`."""
        return changed(self._path, how)

    def check(self) -> None:
        """Raise OllamaError if the file is not as long as it was when it was opened."""
        if (there := self.length) != self.size:
            raise self.changed("longer" if there > self.size else "shorter")

    def _close(self, last: asyncio.Task[bytes]) -> None:
        if not last.cancelled():
            last.exception()  # seen, so that asyncio does not complain
        self._file.close()


@asynccontextmanager
async def open_body(path: Path, expected: int | None = None) -> AsyncIterator[FileBody]:
    """Open a file for upload; raise OllamaError when it cannot be read or has another size.

    A server keeps what it receives under its true digest, so a wrong file is best not sent at all.
    """
    try:
        file, size = await asyncio.to_thread(_open, path)
    except OSError as error:
        raise _unreadable(path, error) from error
    body = FileBody(path, file, size)
    try:
        if expected is not None and size != expected:
            raise body.changed("longer" if size > expected else "shorter")
        yield body
    finally:
        body.release()


def changed(path: Path, how: str) -> OllamaError:
    """Return that a file became `longer` or `shorter` on its way to the server."""
    return OllamaError(
        f"{_label(path)} was not uploaded: it became {how} meanwhile.",
        "Wait until nothing writes to it any more, then try again.",
    )


def _open(path: Path) -> tuple[BinaryIO, int]:
    file = path.open("rb")
    return file, os.fstat(file.fileno()).st_size


def _unreadable(path: Path, error: OSError) -> OllamaError:
    if isinstance(error, FileNotFoundError):
        reason, hint = "it is no longer there", "Choose the file again."
    elif isinstance(error, PermissionError):
        reason, hint = "it may not be read", "Check who may read the file."
    else:
        reason, hint = "it cannot be read", f"The system says: {inert(error.strerror or 'error')}."
    return OllamaError(f"{_label(path)} was not uploaded: {reason}.", hint)


def _label(path: Path) -> str:
    name = inert(path.name)
    return name if len(name) <= 44 else f"{name[:21]}…{name[-22:]}"
