"""Create: a new model from an installed one, from uploaded files, or as a stub of a remote one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import aclosing
from urllib.parse import urlsplit

import httpx

from ollama_tui.demo import describe
from ollama_tui.demo.changing import DIGEST
from ollama_tui.demo.convert import convert, file_kind, finish_weights
from ollama_tui.demo.draft import Draft, set_config, set_texts
from ollama_tui.demo.faults import Fault
from ollama_tui.demo.gguf import GGUF, Malformed, read
from ollama_tui.demo.reading import source_of
from ollama_tui.demo.requests import Call, Fields, fields, model_of, valid_name
from ollama_tui.demo.respond import Events, events_or_last
from ollama_tui.demo.state import Server
from ollama_tui.demo.store import Blob, Kind
from ollama_tui.demo.transfer import pulling
from ollama_tui.domain.names import Name

_FIELDS = {
    "model": "string",
    "name": "string",
    "from": "string",
    "files": "map[string]string",
    "adapters": "map[string]string",
    "draft_files": "map[string]string",
    "template": "string",
    "system": "string",
    "license": "any",
    "parameters": "map[string]interface {}",
    "messages": "[]api.Message",
    "quantize": "string",
    "quantization": "string",
    "renderer": "string",
    "parser": "string",
    "requires": "string",
    "remote_host": "string",
    "info": "map[string]interface {}",
    "stream": "bool",
}


async def create(server: Server, call: Call) -> httpx.Response:
    """Make a model."""
    body = fields(call.data, "CreateRequest", **_FIELDS)
    target = valid_name(model_of(body))
    for key in ("files", "adapters", "draft_files"):
        _check_files(body.get(key, {}))
    return await events_or_last(_creating(server, body, target), body)


def _check_files(files: Mapping[str, str]) -> None:
    for path, digest in files.items():
        if path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/")):
            raise Fault("file path must be relative", 400)
        if not digest:
            raise Fault("invalid digest format", 400)


async def _creating(server: Server, body: Fields, target: Name) -> Events:
    draft = Draft(server.store)
    quantize = body.get("quantize") or body.get("quantization") or ""
    begin = _begin(server, body, draft)
    adding = (_adapt(body, draft), _speed_up(body, draft))
    for step in (begin, *adding, finish_weights(server, draft, quantize)):
        async with aclosing(step) as events:
            async for event in events:
                yield event
    set_texts(draft, body)
    set_config(draft, body)
    for layer in draft.layers:
        yield {"status": draft.status(layer)}
    yield {"status": "writing manifest"}
    _write(server, target, draft)
    yield {"status": "success"}


def _write(server: Server, target: Name, draft: Draft) -> None:
    target = server.store.installed(target)
    old = server.store.entries.get(target)
    server.store.write(target, draft.manifest(), server.now())
    if old is not None and old.parsed is not None:
        server.store.prune(layer.digest for layer in old.parsed.everything)


def _begin(server: Server, body: Fields, draft: Draft) -> Events:
    base = body.get("from", "")
    if base and (stub := _stub(base, body.get("remote_host", ""))):
        draft.config |= stub
        return _import(draft, {})
    if base:
        return _inherit(server, draft, valid_name(base))
    if "files" in body:
        kind = file_kind(server.store, body["files"])
        return (_convert if kind == "safetensors" else _import)(draft, body["files"])
    raise Fault("neither 'from' or 'files' was specified", 400)


def _stub(base: str, host: str) -> dict[str, str]:
    """Return the config of a remote model, empty when `base` is a local one."""
    if host:
        return {"remote_host": remote_address(host), "remote_model": base}
    cut, where = source_of(base)
    if where != "cloud":
        return {}
    return {"remote_host": "https://ollama.com:443", "remote_model": cut}


def remote_address(host: str) -> str:
    """Return scheme, host and port of a remote server; raises Fault 400."""
    if host == "ollama.com":
        return "https://ollama.com:443"
    try:
        parts = urlsplit(host if "://" in host else f"http://{host}")
        port = parts.port or 11434
    except ValueError:
        raise Fault("bad remote", 400) from None
    if not re.fullmatch(r"[\w.\-]+", parts.hostname or ""):
        raise Fault("bad remote", 400)
    return f"{parts.scheme}://{parts.hostname}:{port}"


async def _inherit(server: Server, draft: Draft, base: Name) -> Events:
    if server.store.get(base) is None:
        async with aclosing(pulling(server, base, insecure=False)) as events:
            async for event in events:
                yield event
    image = describe.read(server.store, base)
    if image is None or not image.complete:
        raise Fault(f"model '{base.display}' not found")
    draft.take(image)


async def _convert(draft: Draft, files: Mapping[str, str]) -> Events:
    yield {"status": "converting model"}
    blob = convert(draft.store, files)
    draft.add("model", blob)
    draft.unchecked.add(blob.digest)


async def _import(draft: Draft, files: Mapping[str, str]) -> Events:
    for digest in files.values():
        yield {"status": "parsing GGUF"}
        _add_gguf(draft, _uploaded(draft, digest))


async def _adapt(body: Fields, draft: Draft) -> Events:
    adapters = body.get("adapters", {})
    if len(adapters) > 1 and not any(path.endswith(".json") for path in adapters):
        raise Fault("only one adapter is currently supported", 400)
    for digest in list(adapters.values())[:1]:
        yield {"status": "parsing GGUF"}
        _add_gguf(draft, _uploaded(draft, digest))


async def _speed_up(body: Fields, draft: Draft) -> Events:
    """Add a model that drafts ahead."""
    files = body.get("draft_files", {})
    if files and "remote_model" in draft.config:
        raise Fault("DRAFT cannot be used with remote models", 400)
    for digest in files.values():
        yield {"status": "parsing GGUF"}
        draft.add("draft", _uploaded(draft, digest))


def _uploaded(draft: Draft, digest: str) -> Blob:
    """Return an uploaded GGUF file; raises Fault for a bad digest, no file, or another format."""
    if DIGEST.fullmatch(digest) is None:
        raise Fault("invalid digest format", 400)
    blob = draft.store.open(digest.replace("-", ":"))
    if blob.weights is None:
        raise _malformed(blob)
    return blob


def _malformed(blob: Blob) -> Fault:
    if not (blob.head or b"").startswith(GGUF):
        return Fault("supplied file was not in GGUF format", 400)
    try:
        read(blob.head or b"", blob.size)
    except Malformed as problem:
        return Fault(str(problem))
    return Fault("EOF")


def _add_gguf(draft: Draft, blob: Blob) -> None:
    kind: Kind = blob.weights.kind if blob.weights else "model"
    draft.add(kind, blob)
    if kind == "model":
        draft.unchecked.add(blob.digest)
