"""Endpoints that change the store at once: copy, delete, and uploaded blobs."""

from __future__ import annotations

import re
from hashlib import sha256

import httpx

from ollama_tui.demo.faults import Fault
from ollama_tui.demo.gguf import GGUF, Malformed, read
from ollama_tui.demo.reading import source_of
from ollama_tui.demo.requests import Call, fields, required_model, valid_name
from ollama_tui.demo.respond import nothing
from ollama_tui.demo.state import Server
from ollama_tui.demo.store import FOLDER, Blob
from ollama_tui.demo.weights import Weights
from ollama_tui.domain import names
from ollama_tui.domain.names import InvalidName, Name

HEAD = 32 * 1024 * 1024
"""Bytes of an upload that are kept; a model's metadata is at its beginning."""
SMALL = 64 * 1024
"""Bytes that are kept of a file that is no readable GGUF."""
DIGEST = re.compile(r"sha256[:-][0-9a-fA-F]{64}")


async def copy(server: Server, call: Call) -> httpx.Response:
    """Give a model a second name; whatever had that name before is replaced."""
    body = fields(call.data, "CopyRequest", source="string", destination="string")
    source, target = (
        _copy_name(server, body.get(key, ""), key) for key in ("source", "destination")
    )
    if source == target:
        return nothing()
    entry = server.store.entries.get(source)
    if entry is None:
        raise Fault(f'model "{body["source"]}" not found', 404)
    server.store.write(target, entry.raw, server.now())
    return nothing()


def _copy_name(server: Server, text: str, what: str) -> Name:
    name = server.hostile.get(text) or valid_name(text, f'{what} "{text}" is invalid')
    return server.store.installed(name)


async def delete(server: Server, call: Call) -> httpx.Response:
    """Remove a model and the blobs no other model uses."""
    body = fields(call.data, "DeleteRequest", model="string", name="string")
    asked = required_model(body)
    name = server.store.installed(server.hostile.get(asked) or _resolved(asked))
    if name not in server.store.entries:
        raise Fault(f"model '{asked}' not found", 404)
    server.store.remove(name)
    return nothing()


def _resolved(text: str) -> Name:
    source_of(text)
    try:
        return names.parse(names.resolved(text))
    except InvalidName:
        raise Fault(f'name "{text}" is invalid', 400) from None


async def has_blob(server: Server, call: Call) -> httpx.Response:
    """Say whether a blob is there."""
    return nothing() if _digest(call) in server.store.blobs else nothing(404)


async def upload(server: Server, call: Call) -> httpx.Response:
    """Keep an uploaded blob under its true digest, and say whether it is the promised one."""
    promised = _digest(call)
    if promised in server.store.blobs:
        return nothing(200)
    blob = await _received(server, call.stream)
    server.store.put(blob)
    if blob.digest == promised:
        return nothing(201)
    raise Fault(f'digest mismatch, expected "{promised}", got "{blob.digest}"', 400)


def _digest(call: Call) -> str:
    text = call.path.rpartition("/")[2]
    if DIGEST.fullmatch(text) is None:
        raise Fault("invalid digest format", 400)
    return text.replace("-", ":")


async def _received(server: Server, stream: httpx.AsyncByteStream) -> Blob:
    seen, size, head = sha256(), 0, bytearray()
    async for chunk in stream:
        if not server.take_disk(len(chunk)):
            raise Fault(f"write {FOLDER}/blobs/sha256-3643074081: no space left on device")
        seen.update(chunk)
        size += len(chunk)
        head += chunk[: max(0, HEAD - len(head))]
    return uploaded(f"sha256:{seen.hexdigest()}", size, bytes(head))


def uploaded(digest: str, size: int, head: bytes) -> Blob:
    """Return the blob of an upload; of a good GGUF file only its description is kept."""
    weights = _weights(head, size)
    return Blob(digest, size, head[:SMALL] if weights is None else b"", weights)


def _weights(head: bytes, size: int) -> Weights | None:
    if not head.startswith(GGUF):
        return None
    try:
        return read(head, size)
    except Malformed:
        return None
