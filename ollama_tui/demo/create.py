"""Create: a new model from an installed one, from uploaded files, or as a stub of a remote one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from ollama_tui.demo import describe
from ollama_tui.demo.draft import ImageDraft, set_config, set_texts
from ollama_tui.demo.endpoints import DIGEST, source_of
from ollama_tui.demo.http import (
    Events,
    Fault,
    Fields,
    IncomingRequest,
    events_or_last,
    fields,
    model_of,
    valid_name,
)
from ollama_tui.demo.manifest import (
    BlobFile,
    ImageManifest,
    Kind,
    ListedManifest,
    ManifestList,
    blob_of,
    digest_of,
)
from ollama_tui.demo.store import DemoServer, Store
from ollama_tui.demo.transfer import TICK, pulling
from ollama_tui.demo.weights import BITS, Shape, WeightsFile, read_gguf
from ollama_tui.domain.names import Name
from ollama_tui.importing.gguf import MAGIC

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
    "list": "[]string",
    "stream": "bool",
}
_NOT_WITH_LISTS = _FIELDS.keys() - {"model", "name", "list", "stream"}
DUMMY = "0" * 19
"""What the server sends as digest while it works on a whole model."""
ONLY_SAFETENSORS = (
    "create-time quantization is only supported for safetensors imports; "
    "quantize GGUF models with llama.cpp tools before importing"
)
UNQUANTIZED = ("F16", "BF16", "F32")
ALIASES = {"Q4_K": "Q4_K_M"}
ARCHITECTURES = {"Gemma3": "gemma3", "Mistral": "llama", "Qwen3": "qwen3", "Qwen2": "qwen2"}
ARCHITECTURES |= {"Phi3": "phi3", "Bert": "bert", "Llama": "llama"}
"""What the server converts: architectures of GGUF by how those of safetensors begin."""


async def create(server: DemoServer, request: IncomingRequest) -> httpx.Response:
    """Make a model."""
    body = fields(request.data, "CreateRequest", **_FIELDS)
    target = valid_name(model_of(body))
    for key in ("files", "adapters", "draft_files"):
        for path, digest in body.get(key, {}).items():
            if path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/")):
                raise Fault("file path must be relative", 400)
            if not digest:
                raise Fault("invalid digest format", 400)
    if body.get("list") and server.release.has_lists:
        if any(body.get(key) for key in _NOT_WITH_LISTS):
            together = "manifest list creation cannot be combined with model creation options"
            raise Fault(together, 400)
        return await events_or_last(_listing(server, body["list"], target), body)
    return await events_or_last(_creating(server, body, target), body)


async def _listing(server: DemoServer, refs: list[str], target: Name) -> Events:
    """Yield the events of making a list of installed models."""
    children: dict[str, tuple[str, ImageManifest]] = {}
    for ref in refs:
        yield {"status": f"reading manifest {ref}"}
        child = _list_child(server, ref)
        server.store.put(blob_of(child.encoded()))  # it stays even if the list is refused
        if child.runner in children:
            both = f"manifest list entries {children[child.runner][0]} and {ref}"
            raise Fault(f'{both} use the same runner "{child.runner}"')
        children[child.runner] = ref, child
    manifests = [child for _, child in children.values()]
    blobs = [blob_of(child.encoded()) for child in manifests]
    made = ManifestList(
        tuple(
            ListedManifest(blob.digest, child.runner, child.format)
            for blob, child in zip(blobs, manifests, strict=True)
        )
    )
    yield {"status": "writing manifest list"}
    older = next((child for child in manifests if child.runner == "ggml"), manifests[0])
    anchor = older.anchoring([blob_of(made.encoded()), *blobs])
    server.store.replace(target, made, server.now(), anchor)
    yield {"status": "success"}


def _list_child(server: DemoServer, ref: str) -> ImageManifest:
    """Return an installed manifest with runner and format; raises Fault as the server words it."""
    cut, where = source_of(ref)
    if where == "cloud":
        raise Fault(f"manifest list entries must be local models: {ref}")
    entry = server.store.get(valid_name(cut))
    if entry is None:
        raise Fault(f"read manifest {ref}: file does not exist")
    child = entry.content
    if isinstance(child, ManifestList):
        raise Fault(f"manifest list entry {ref} is already a manifest list")
    config = server.store.open(child.config.digest).json
    runner, kind = child.runner_with(config), child.format or config.get("model_format", "")
    if not (runner and kind):
        raise Fault(f"manifest list entry {ref}: manifest is missing runner or format metadata")
    return replace(child, runner=runner, format=kind)


async def _creating(server: DemoServer, body: Fields, target: Name) -> Events:
    draft = ImageDraft(server.store)
    quantize = body.get("quantize") or body.get("quantization") or ""
    begin = _begin(server, body, draft)
    for step in (begin, _add_beside(body, draft), _finish_weights(server, draft, quantize)):
        async with aclosing(step) as events:
            async for event in events:
                yield event
    set_texts(draft, body)
    set_config(draft, body)
    for layer in draft.layers:
        what = "creating new" if layer.digest in draft.new else "using existing"
        yield {"status": f"{what} layer {layer.digest}"}
    yield {"status": "writing manifest"}
    made = draft.manifest(server.release.created_runner)
    server.store.replace(target, made, server.now())
    yield {"status": "success"}


def _begin(server: DemoServer, body: Fields, draft: ImageDraft) -> Events:
    """Return the events of laying the foundation: a model, files, or a remote model."""
    base, host = body.get("from", ""), body.get("remote_host", "")
    if base and host:
        draft.config |= {"remote_host": remote_address(host), "remote_model": base}
        return _add_files(draft, {})
    if base:
        cut, where = source_of(base)
        if where == "cloud":
            draft.config |= {"remote_host": "https://ollama.com:443", "remote_model": cut}
            return _add_files(draft, {})
        return _inherit(server, draft, valid_name(base))
    if "files" not in body:
        raise Fault("neither 'from' or 'files' was specified", 400)
    if file_kind(server.store, body["files"]) == "safetensors":
        return _convert(draft, body["files"])
    return _add_files(draft, body["files"])


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


async def _inherit(server: DemoServer, draft: ImageDraft, base: Name) -> Events:
    if server.store.get(base) is None:
        async with aclosing(pulling(server, base, insecure=False)) as events:
            async for event in events:
                yield event
    image = describe.read(server.store, base)
    if image is None or not image.complete:
        raise Fault(f"model '{base.display}' not found")
    draft.take(image)


async def _convert(draft: ImageDraft, files: Mapping[str, str]) -> Events:
    yield {"status": "converting model"}
    blob = convert(draft.store, files)
    draft.add("model", blob)
    draft.unchecked.add(blob.digest)
    draft.converted.add(blob.digest)


async def _add_files(
    draft: ImageDraft, files: Mapping[str, str], kind: Kind | None = None
) -> Events:
    """Add uploaded GGUF files, of the kind in their metadata unless `kind` is given."""
    for digest in files.values():
        yield {"status": "parsing GGUF"}
        if DIGEST.fullmatch(digest) is None:
            raise Fault("invalid digest format", 400)
        blob = draft.store.open(digest.replace("-", ":"))
        if blob.weights is None:
            head = blob.head or b""
            if not head.startswith(MAGIC):
                raise Fault("supplied file was not in GGUF format", 400)
            read_gguf(head, blob.size)  # raises the reason
            raise Fault("EOF")
        added = kind or blob.weights.kind
        draft.add(added, blob)
        if added == "model":
            draft.unchecked.add(blob.digest)


async def _add_beside(body: Fields, draft: ImageDraft) -> Events:
    """Add what goes beside the model: an adapter, and a draft model that guesses ahead."""
    adapters, drafts = body.get("adapters", {}), body.get("draft_files", {})
    if len(adapters) > 1 and not any(path.endswith(".json") for path in adapters):
        raise Fault("only one adapter is currently supported", 400)
    async with aclosing(_add_files(draft, dict(list(adapters.items())[:1]))) as events:
        async for event in events:
            yield event
    if drafts and "remote_model" in draft.config:
        raise Fault("DRAFT cannot be used with remote models", 400)
    async with aclosing(_add_files(draft, drafts, "draft")) as events:
        async for event in events:
            yield event


def file_kind(store: Store, files: Mapping[str, str]) -> Literal["safetensors", "gguf"]:
    """Return what the files are; raises Fault 400 when they are neither."""
    if any(path.endswith(".safetensors") for path in files):
        return "safetensors"
    if any(path.endswith(".gguf") for path in files):
        return "gguf"
    if files and all((store.open(d).head or b"").startswith(MAGIC) for d in files.values()):
        return "gguf"
    raise Fault("unknown type", 400)


def convert(store: Store, files: Mapping[str, str]) -> BlobFile:
    """Return the GGUF made of a set of safetensors files; raises Fault when it cannot be made."""
    if "config.json" not in files:
        raise Fault("open config.json: no such file or directory")
    blobs = {path: store.open(digest) for path, digest in files.items()}
    size = sum(blob.size for path, blob in blobs.items() if path.endswith(".safetensors"))
    try:
        config: dict[str, Any] = blobs["config.json"].json
    except json.JSONDecodeError as error:
        raise Fault(f"invalid config.json: {error.msg}") from None
    name = (config.get("architectures") or [""])[0]
    known = (arch for prefix, arch in ARCHITECTURES.items() if name.startswith(prefix))
    architecture = next(known, None)
    if architecture is None:
        raise Fault(f'unsupported architecture "{name}"' if name else "unknown architecture")
    heads = config.get("num_attention_heads", 32)
    shape = Shape(
        architecture,
        parameters=size // 2,
        file_type="F16",
        context=config.get("max_position_embeddings", 4096),
        embedding=config.get("hidden_size", 4096),
        blocks=config.get("num_hidden_layers", 32),
        heads=heads,
        kv_heads=config.get("num_key_value_heads") or heads,
        feed_forward=config.get("intermediate_size", 14336),
        vocab=config.get("vocab_size", 32000),
    )
    digest = digest_of("".join(sorted(files.values())).encode())
    return BlobFile(digest, size, weights=shape.weights())


async def _finish_weights(server: DemoServer, draft: ImageDraft, quantize: str) -> Events:
    """Yield the events of validating uploaded weights and of quantizing."""
    wanted = ALIASES.get(quantize.upper(), quantize.upper())
    for layer in draft.of("model"):
        blob = draft.store.open(layer.digest)
        weights = blob.weights
        if wanted and not server.release.copies_uploads and layer.digest not in draft.converted:
            raise Fault(ONLY_SAFETENSORS, 400)
        if weights is None:
            raise Fault("supplied file was not in GGUF format")
        if not draft.config.get("model_format") or not draft.config.get("model_family"):
            draft.describe(weights)
        if wanted and _must_quantize(weights, wanted):
            label = f"quantizing {weights.file_type} model to {wanted}"
            made = _derived(blob, wanted, weights.quantized(wanted))
        elif layer.digest in draft.unchecked and server.release.copies_uploads:
            # A server before 0.40 stores uploaded weights in a file of its own.
            label, made = "validating GGUF model", _derived(blob, "copy", weights)
        else:
            continue
        if not server.quantize_prints:
            await server.pace(blob.size / server.quantize_rate)
        else:
            completed = 0
            while completed < blob.size:
                await server.pace(TICK)
                completed = min(blob.size, completed + int(server.quantize_rate * TICK))
                event = {"digest": DUMMY, "total": blob.size, "completed": completed}
                yield {"status": label, **event}
        yield {"status": "verifying conversion"}
        await server.pace(made.size / server.hash_rate)
        draft.exchange(layer, made)
        if made.weights is not None:
            draft.describe(made.weights)


def _must_quantize(weights: WeightsFile, wanted: str) -> bool:
    if wanted not in BITS:
        supported = "supported types are F32, F16, Q4_K_S, Q4_K_M, Q8_0"
        raise Fault(f"unsupported quantization type {wanted} - {supported}")
    if weights.file_type not in UNQUANTIZED:
        raise Fault("quantization is only supported for F16, BF16 and F32 models")
    return weights.file_type != wanted


def _derived(blob: BlobFile, how: str, made: WeightsFile) -> BlobFile:
    """Return the file made of a blob; of another type, it is as much smaller as its bits are."""
    size, before = blob.size, blob.weights
    if before is not None and made.file_type != before.file_type:
        size = int(size * BITS[made.file_type] / BITS[before.file_type])
    return BlobFile(digest_of(f"{blob.digest} {how}".encode()), size, weights=made)
