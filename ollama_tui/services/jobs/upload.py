"""Files of this machine on their way to the server, told step by step."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ollama_tui.api.errors import OllamaError
from ollama_tui.api.replies import Progress
from ollama_tui.api.sendfile import changed
from ollama_tui.formatting import inert
from ollama_tui.importing.local_file import LocalFile
from ollama_tui.services.jobs.task import Server

_BLOCK = 1024 * 1024
_BLOCKS_A_STEP = 32


@dataclass(frozen=True, slots=True)
class Hashed:
    """What a file was when it was hashed."""

    digest: str
    """As blobs are named: `sha256:…`."""
    size: int
    """Bytes."""


async def hashing(file: LocalFile) -> AsyncGenerator[Progress | Hashed, None]:
    """Tell how far the hashing is, percent by percent, and at last the digest.

    Raises OllamaError when the file cannot be read, or has not the size any more that it had when
    it was looked at: half a model is a model to a server.
    """
    hasher, done, percent = hashlib.sha256(), 0, -1
    while True:
        if (now := 100 * done // max(1, file.size)) > percent:
            percent = now
            yield Progress(f"hashing {inert(file.key)} {min(100, percent)}%")
        read = await _readable(file, hasher, done)
        if read == 0:
            break
        done += read
    if done != file.size:
        raise changed(file.path, "longer" if done > file.size else "shorter")
    yield Hashed(f"sha256:{hasher.hexdigest()}", done)


async def sending(
    server: Server, file: LocalFile, hashed: Hashed
) -> AsyncGenerator[Progress, None]:
    """Tell how far the upload is; a blob the server has already is not sent again."""
    status = f"uploading {inert(file.key)}"
    if await server.blob_exists(hashed.digest):
        yield Progress(status, hashed.digest, hashed.size, hashed.size)
        return
    async with aclosing(_counts(server, file, hashed)) as counts:
        async for sent in counts:
            yield Progress(status, hashed.digest, hashed.size, sent)


async def _counts(server: Server, file: LocalFile, hashed: Hashed) -> AsyncGenerator[int, None]:
    """Yield the bytes sent, as the upload tells them."""
    told: asyncio.Queue[int | None] = asyncio.Queue()
    upload = asyncio.create_task(
        server.upload_blob(hashed.digest, file.path, size=hashed.size, sent=told.put_nowait)
    )
    upload.add_done_callback(lambda _: told.put_nowait(None))
    try:
        while (sent := await told.get()) is not None:
            yield sent
        await upload
    finally:
        upload.cancel()
        await asyncio.wait([upload])


async def _readable(file: LocalFile, hasher: Any, offset: int) -> int:
    try:
        return await asyncio.to_thread(_hash_some, hasher, file.path, offset)
    except OSError as error:
        title = f"{inert(file.path.name)} was not read: {inert(error.strerror or 'an I/O error')}."
        raise OllamaError(title, "Check that the file is there and may be read.") from error


def _hash_some(hasher: Any, path: Path, offset: int) -> int:
    """Hash a few megabytes from `offset` on and return how many bytes they were.

    Opened anew each time: a thread cannot be stopped, so a cancelled one must own its file.
    """
    done = 0
    with path.open("rb") as source:
        source.seek(offset)
        for _ in range(_BLOCKS_A_STEP):
            block = source.read(_BLOCK)
            hasher.update(block)
            done += len(block)
    return done
