"""What the demo has: the models its registry offers, and those installed on its server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ollama_tui.demo import describe, running
from ollama_tui.demo import texts as t
from ollama_tui.demo.catalog import ADAPTERS, CATALOG, CatalogModel
from ollama_tui.demo.draft import ImageDraft, set_config, set_texts
from ollama_tui.demo.manifest import (
    BlobFile,
    ImageManifest,
    ListedManifest,
    ManifestList,
    blob_of,
    digest_of,
    manifest_file,
)
from ollama_tui.demo.store import DemoServer, Store
from ollama_tui.demo.transfer import DemoRegistry
from ollama_tui.demo.weights import WeightsFile, adapter, projector
from ollama_tui.domain.names import Name, parse


def furnished_server() -> DemoServer:
    """Return a server with what the demo has."""
    server = DemoServer(Store(), DemoRegistry())
    publish(server.registry, server.now())
    furnish(server)
    return server


def manifest_of(store: Store, model: CatalogModel, *, newer: bool = False) -> ImageManifest:
    """Put a model's blobs into `store` and return its manifest.

    It is the one installed here, or with `newer` the one that the registry has by now.
    """
    changes = model.newer if newer else ()
    template = model.template + (t.AFTERTHOUGHT if "template" in changes else "")
    licenses = list(model.licenses)
    if "license" in changes:
        licenses[-1] += t.AMENDMENT
    revision = "two" if "weights" in changes else ""
    draft = ImageDraft(store)
    weights = model.shape.weights()
    digest = digest_of(f"weights of {model.name} {revision}".encode())
    draft.add("model", BlobFile(digest, model.size, weights=weights))
    if model.projector:
        digest = digest_of(f"eyes of {model.name}".encode())
        seen = projector(model.projector // 2)
        draft.add("projector", BlobFile(digest, model.projector, weights=seen))
    draft.describe(weights)
    draft.config |= dict(model.config)
    body = {"template": template, "system": model.system, "parameters": model.parameters}
    set_texts(draft, {**body, "license": licenses})
    return draft.manifest()


def content_of(
    store: Store, model: CatalogModel, *, newer: bool = False
) -> ImageManifest | ManifestList:
    """Put a model's blobs into `store`, those of all its runners, and return what its tag is."""
    manifest = manifest_of(store, model, newer=newer)
    if not model.runners:
        return manifest
    children: list[ListedManifest] = []
    for runner in model.runners:
        draft = ImageDraft(store)
        if runner == "mlx":
            draft.config = dict(store.open(manifest.config.digest).json)
            draft.config["model_format"] = "safetensors"
            digest = digest_of(f"tensors of {model.name}".encode())
            draft.add("tensor", BlobFile(digest, model.size * 11 // 10))
            draft.layers += [layer for layer in manifest.layers if layer.kind != "model"]
            child = draft.manifest(runner)
        else:
            child = replace(manifest, runner=runner, format="gguf")
        blob = store.put(blob_of(child.encoded()))
        children.append(ListedManifest(blob.digest, child.runner, child.format))
    return ManifestList(tuple(children))


def publish(registry: DemoRegistry, now: datetime) -> None:
    """Offer the whole catalogue, and the stubs of cloud models."""
    store = Store()
    for model in CATALOG:
        content = content_of(store, model, newer=True)
        pushed = now - timedelta(days=3 if model.newer else model.age)
        for name in (model.name, *model.aliases):
            registry.publish(parse(name), content, store.blobs, pushed)
    for name, config in STUBS.items():
        stub = ImageDraft(store, dict(config))
        registry.publish(parse(name), stub.manifest(), store.blobs, now - timedelta(days=60))


def furnish(server: DemoServer) -> None:
    """Install what the demo's server has, and load two models."""
    store, now = server.store, server.now()
    for model in CATALOG:
        if model.installed:
            there = Store()
            content = content_of(there, model)
            for name, age in {model.name: model.age, **model.installed_aliases}.items():
                _pulled(store, name, content, there, now - timedelta(days=age), age < UPGRADED)
    for stub, age in INSTALLED_STUBS.items():
        there = Store()
        manifest = ImageDraft(there, dict(STUBS[stub])).manifest()
        _pulled(store, stub, manifest, there, now - timedelta(days=age), age < UPGRADED)
    for derived in DERIVED:
        _create(store, derived, now)
    (system,) = store.entries[parse(BROKEN)].manifest.of("system")
    del store.blobs[system.digest]
    if server.release.has_lists:
        for model in CATALOG:
            if model.name in CONVERTED:
                made = replace(model.shape, arch=CONVERTED[model.name]).weights()
                convert(store, parse(model.name), made)
    for name, lifetime in LOADED.items():
        image = _installed(store, name)
        runner = running.loaded(server, image, image.parameters, now + lifetime)
        server.runners.append(runner)


def _pulled(
    store: Store,
    name: str,
    content: ImageManifest | ManifestList,
    registry: Store,
    modified: datetime,
    recently: bool,
) -> None:
    """Install what a pull gets from `registry`; `recently` is since the server knows lists."""
    kept = [blob_of(content.encoded())]
    manifest = content
    if isinstance(manifest, ManifestList):
        kept.append(registry.open(manifest.chosen().digest))
        manifest = ImageManifest.decoded(kept[-1].head or b"")
    for layer in manifest.everything:
        store.put(registry.open(layer.digest))
    if recently and store.release.has_lists:
        for blob in kept:
            store.put(blob)
        store.write(parse(name), content.encoded(), modified, manifest.anchoring(kept))
    else:
        store.write_older(parse(name), manifest.encoded(), modified)


def _create(store: Store, derived: DerivedModel, now: datetime) -> None:
    draft = ImageDraft(store)
    base = _installed(store, derived.base)
    draft.take(base)
    if derived.adapter:
        made = adapter(str(base.config["model_family"]))
        digest = digest_of(f"adapter {derived.adapter}".encode())
        draft.add("adapter", BlobFile(digest, ADAPTERS[derived.adapter], weights=made))
    set_texts(draft, derived.body)
    set_config(draft, derived.body)
    name, modified = parse(derived.name), now - timedelta(days=derived.age)
    if derived.age < UPGRADED and store.release.has_lists:
        store.write(name, draft.manifest(store.release.created_runner), modified)
    else:
        store.write_older(name, draft.manifest(), modified)


def convert(store: Store, name: Name, made: WeightsFile) -> None:
    """Convert an installed model to `made` as 0.40 does when it first loads old weights.

    The original stays: the name becomes a list of both, older servers find the original under it,
    and the converted one a second time under the name of its digest.
    """
    image = _installed(store, name.display)
    modified = image.entry.modified
    original = replace(image.entry.manifest, runner="ggml", format="gguf")
    draft = ImageDraft(store)
    draft.take(image)
    old = draft.of("model")[0]
    digest = digest_of(f"converted {old.digest}".encode())
    draft.exchange(old, BlobFile(digest, old.size + 160, weights=made))
    family = made.architecture
    draft.config |= {"model_family": family, "model_families": [family]}
    converted = draft.manifest("llamacpp")
    blobs = [store.put(blob_of(child.encoded())) for child in (original, converted)]
    both = ManifestList(
        (
            ListedManifest(blobs[0].digest, "ggml", "gguf"),
            ListedManifest(blobs[1].digest, "llamacpp", "gguf"),
        )
    )
    unused = store.named_by(store.entries[name])
    store.write(name, both, modified)
    anchor = original
    if store.release.leaves_anchors:
        anchor = original.anchoring([blob_of(both.encoded()), *blobs])
    store.hidden[name] = manifest_file(anchor.encoded(), modified)
    backup = parse(f"llamacpp:{blobs[1].digest.removeprefix('sha256:')}")
    store.write_older(backup, converted.encoded(), modified)
    store.drop(unused)


def _installed(store: Store, name: str) -> describe.Image:
    image = describe.read(store, parse(name))
    if image is None:
        raise LookupError(name)
    return image


def _stub(model: str, family: str, size: str, kind: str, context: int) -> dict[str, Any]:
    return {
        "model_family": family,
        "model_families": [family],
        "model_type": size,
        "file_type": kind,
        "context_length": context,
        "remote_host": "https://ollama.com:443",
        "remote_model": model,
        "capabilities": ["completion", "tools", "thinking"],
    }


STUBS = {
    "gpt-oss:20b-cloud": _stub("gpt-oss:20b", "gptoss", "20.9B", "MXFP4", 131072),
    "gpt-oss:120b-cloud": _stub("gpt-oss:120b", "gptoss", "116.8B", "MXFP4", 131072),
    "qwen3-coder:480b-cloud": _stub("qwen3-coder:480b", "qwen3moe", "480.2B", "BF16", 262144),
    "deepseek-v3.1:671b-cloud": _stub("deepseek-v3.1:671b", "deepseek2", "671.0B", "FP8", 163840),
}
INSTALLED_STUBS = {"gpt-oss:120b-cloud": 41.4, "qwen3-coder:480b-cloud": 12.7}
"""Age in days of the stubs that are installed."""


@dataclass(frozen=True, slots=True)
class DerivedModel:
    """A model made on this server from another one."""

    name: str
    base: str
    age: float
    """Days."""
    body: Mapping[str, Any] = field(default_factory=dict)
    adapter: str = ""
    """A key of `ADAPTERS`."""


DERIVED = (
    DerivedModel(
        "studio/reviewer:latest",
        "qwen2.5-coder:7b",
        0.13,
        {"system": t.REVIEWER, "parameters": {"temperature": 0.2, "num_ctx": 16384}},
    ),
    DerivedModel(
        "studio/support-bot:v2",
        "llama3.2:3b",
        9.2,
        {
            "system": t.SUPPORT,
            "parameters": {"temperature": 0.4, "stop": ["<|eot_id|>", "Customer:"]},
            "messages": [
                {"role": "user", "content": "When will my wheel be ready?"},
                {"role": "assistant", "content": "I will ask the workshop\nand write to you."},
            ],
        },
    ),
    DerivedModel("pirate:latest", "llama3.2:3b", 47.9, {"system": t.PIRATE}),
    DerivedModel("sql-writer:lora", "llama3.1:8b", 88.0, {"system": t.SQL}, adapter="sql"),
    DerivedModel(
        "old-experiment:latest", "tinyllama:1.1b-chat-fp16", 410.0, {"system": "An old try."}
    ),
)
UPGRADED = 51.0
"""Days since the server became one of 0.40: what is older stands in the store as it did before."""
CONVERTED = {"gpt-oss:20b": "gpt-oss"}
"""Models whose old weights a server of 0.40 has converted, and the architecture of the new ones."""
BROKEN = "old-experiment:latest"
"""Its system prompt's blob is gone: the list has it, show does not find it."""
LOADED = {
    "qwen3:1.7b": running.FOREVER,
    "gpt-oss:20b": timedelta(minutes=4, seconds=12),
}
"""Models in memory, and for how long."""
