"""Hash files of this machine and upload them as blobs, step by step."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ollama_tui.api.errors import OllamaError
from ollama_tui.api.features import ADAPTERS, DECLARED_CAPABILITIES, QUANTIZING
from ollama_tui.api.replies import Progress
from ollama_tui.api.sendfile import changed
from ollama_tui.formatting import inert
from ollama_tui.importing.local_file import LocalFile

if TYPE_CHECKING:
    from ollama_tui.api.client import Ollama
    from ollama_tui.api.requests import CreateRequest

_BLOCK = 1024 * 1024
_BLOCKS_A_STEP = 32


async def hash_file(file: LocalFile) -> AsyncGenerator[Progress | str, None]:
    """Yield how far the hashing is, percent by percent, and at last the digest, `sha256:…`.

    Raises OllamaError when the file cannot be read, or no longer has the size it had when it was
    looked at: half a model is a model to a server.
    """
    hasher, done, percent = hashlib.sha256(), 0, -1
    while True:
        if (now := 100 * done // max(1, file.size)) > percent:
            percent = now
            yield Progress(f"hashing {inert(file.key)} {min(100, percent)}%")
        try:
            read = await asyncio.to_thread(_hash_some, hasher, file.path, done)
        except OSError as error:
            why = inert(error.strerror or "an I/O error")
            title = f"{inert(file.path.name)} was not read: {why}."
            raise OllamaError(title, "Check that the file is there and may be read.") from error
        if read == 0:
            break
        done += read
    if done != file.size:
        raise changed(file.path, "longer" if done > file.size else "shorter")
    yield f"sha256:{hasher.hexdigest()}"


def _hash_some(hasher: Any, path: Path, offset: int) -> int:
    """Hash up to 32 MB from `offset` on and return how many bytes they were.

    The file is opened each time: a thread cannot be stopped, so a cancelled one must own its file.
    """
    done = 0
    with path.open("rb") as source:
        source.seek(offset)
        for _ in range(_BLOCKS_A_STEP):
            block = source.read(_BLOCK)
            hasher.update(block)
            done += len(block)
    return done


async def upload_file(
    server: Ollama, file: LocalFile, digest: str
) -> AsyncGenerator[Progress, None]:
    """Upload a file and yield how far it is; a blob the server has already is not sent again.

    https://docs.ollama.com/api/create; raises OllamaError.
    """
    status = f"uploading {inert(file.key)}"
    if await server.blob_exists(digest):
        yield Progress(status, digest, file.size, file.size)
        return
    counts: asyncio.Queue[int | None] = asyncio.Queue()
    upload = asyncio.create_task(
        server.upload_blob(digest, file.path, size=file.size, sent=counts.put_nowait)
    )
    upload.add_done_callback(lambda _: counts.put_nowait(None))
    try:
        while (sent := await counts.get()) is not None:
            yield Progress(status, digest, file.size, sent)
        await upload
    finally:
        upload.cancel()
        await asyncio.wait([upload])


async def check_features(
    ollama: Ollama, request: CreateRequest, files: Collection[LocalFile]
) -> None:
    """Raise OllamaError if the server would refuse what is uploaded, or would ignore a part of it.

    What it refuses at once, without an upload, is left to it.
    """
    is_gguf = bool(files) and not any(file.key.endswith(".safetensors") for file in files)
    asked = (
        (ADAPTERS, any(file.adapter for file in files)),
        (QUANTIZING, request.quantize and is_gguf),
        (DECLARED_CAPABILITIES, request.capabilities),
    )
    wanted = [feature for feature, is_asked in asked if is_asked]
    if not wanted:
        return
    version = ""
    with suppress(OllamaError):  # then the server itself says so, if later
        version = await ollama.version()
    for feature in wanted:
        if (problem := feature.problem(version)) is not None:
            why = problem[0].lower() + problem[1:]
            raise OllamaError(f"{inert(request.model)} was not created: {why}", "Nothing was sent.")
