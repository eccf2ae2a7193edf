"""Pull and push: whole models between the store and a registry."""

from __future__ import annotations

from contextlib import aclosing

import httpx

from ollama_tui.demo.download import TICK, fetch, progress
from ollama_tui.demo.faults import Fault
from ollama_tui.demo.reading import source_of
from ollama_tui.demo.requests import Call, Fields, fields, model_of, required_model
from ollama_tui.demo.respond import Events, events_or_last
from ollama_tui.demo.state import Server
from ollama_tui.demo.store import FOLDER, Entry, Layer, Manifest, missing_file
from ollama_tui.domain import names
from ollama_tui.domain.names import DEFAULT_HOST, InvalidName, Name

_FIELDS = {"model": "string", "name": "string", "insecure": "bool", "stream": "bool"}
PART = 100_000_000
"""Bytes of one part of an upload; the count rests for a tick at its end."""


async def pull(server: Server, call: Call) -> httpx.Response:
    """Fetch a model from its registry."""
    body = fields(call.data, "PullRequest", **_FIELDS)
    name = _pulled_name(model_of(body))
    return await events_or_last(pulling(server, name, bool(body.get("insecure"))), body)


def _pulled_name(text: str) -> Name:
    source_of(text)
    try:
        return names.parse(names.resolved(text))
    except InvalidName:
        raise Fault("invalid model name", 400) from None


async def pulling(server: Server, name: Name, insecure: bool) -> Events:
    """Yield the events of a pull."""
    yield {"status": "pulling manifest"}
    raw = server.registry.manifest(server, name, insecure=insecure)
    manifest = Manifest.decoded(raw)
    if words := server.registry.refusals.get(("blob", name.key)):
        raise Fault(words)
    missing = [layer for layer in manifest.everything if layer.digest not in server.store.blobs]
    for layer in manifest.everything:
        async with aclosing(fetch(server, layer, server.registry.blob(layer))) as events:
            async for event in events:
                yield event
    yield {"status": "verifying sha256 digest"}
    await _verify(server, missing)
    yield {"status": "writing manifest"}
    if _replace(server, name, raw):
        yield {"status": "removing unused layers"}
    yield {"status": "success"}


async def _verify(server: Server, fetched: list[Layer]) -> None:
    await server.pace(sum(layer.size for layer in fetched) / server.hash_rate)
    for layer in fetched:
        if layer.digest in server.registry.damaged:
            del server.store.blobs[layer.digest]
            got = f"sha256:{layer.digest[:6:-1]}"
            problem = "digest mismatch, file must be downloaded again"
            raise Fault(f"{problem}: want {layer.digest}, got {got}")


def _replace(server: Server, name: Name, raw: bytes) -> bool:
    """Write the manifest; return whether layers of an older version were removed."""
    name = server.store.installed(name)
    old = server.store.entries.get(name)
    server.store.write(name, raw, server.now())
    if old is None or old.parsed is None:
        return False
    return bool(server.store.prune(layer.digest for layer in old.parsed.everything))


async def push(server: Server, call: Call) -> httpx.Response:
    """Send a model to its registry."""
    body = fields(call.data, "PushRequest", **_FIELDS)
    return await events_or_last(_pushing(server, required_model(body), body), body)


async def _pushing(server: Server, text: str, body: Fields) -> Events:
    yield {"status": "retrieving manifest"}
    try:
        name, entry = _local(server, text)
    except Fault as fault:
        yield {"status": "couldn't retrieve manifest"}
        raise fault from None
    _check_rights(server, name, entry, insecure=bool(body.get("insecure")))
    for layer in entry.manifest.everything:
        async with aclosing(_sending(server, layer)) as events:
            async for event in events:
                yield event
    yield {"status": "pushing manifest"}
    server.registry.publish(name, entry.manifest, server.store.blobs, server.now())
    yield {"status": "success"}


def _local(server: Server, text: str) -> tuple[Name, Entry]:
    try:
        name = server.store.installed(names.parse(text))
    except InvalidName:
        raise Fault(f"unqualified name: {_spelled_out(text)}") from None
    entry = server.store.entries.get(name)
    if entry is None:
        parts = f"{name.host}/{name.namespace}/{name.model}/{name.tag}"
        raise missing_file(f"{FOLDER}/manifests/{parts}")
    return name, entry


def _spelled_out(text: str) -> str:
    tagged = text if ":" in text.rpartition("/")[2] else f"{text}:latest"
    return tagged if "/" in text else f"{DEFAULT_HOST}/library/{tagged}"


def _check_rights(server: Server, name: Name, entry: Entry, *, insecure: bool) -> None:
    path = f"blobs/{entry.manifest.everything[0].digest}"
    if problem := server.registry.unreachable(server, name, "Head", path, insecure=insecure):
        raise Fault(problem)
    if words := server.registry.refusals.get(("push", name.key)):
        raise Fault(words)
    if name.host != DEFAULT_HOST:
        return
    if server.account is None:
        raise Fault('401: {"error":"unauthorized"}')
    if name.namespace.lower() != server.account.lower():
        raise Fault("unauthorized: access denied")


async def _sending(server: Server, layer: Layer) -> Events:
    sent = layer.size if layer.digest in server.registry.blobs else 0
    while sent < layer.size:
        await server.pace(TICK)
        sent = _next(sent, int(server.upload_rate * TICK), layer.size)
        if sent < layer.size:
            yield progress("pushing", layer, sent)
    server.registry.blobs[layer.digest] = server.store.open(layer.digest)
    yield progress("pushing", layer, layer.size)


def _next(sent: int, amount: int, total: int) -> int:
    end_of_part = (sent // PART + 1) * PART
    return min(sent + amount, end_of_part, total)
