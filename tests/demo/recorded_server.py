"""A demo server set up like the one the exchanges were recorded with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import httpx

from ollama_tui.demo.endpoints import uploaded
from ollama_tui.demo.manifest import BlobFile, ImageManifest
from ollama_tui.demo.release import BEFORE_LISTS, release_of
from ollama_tui.demo.store import Store
from ollama_tui.demo.weights import WeightsFile, adapter
from ollama_tui.domain.names import parse
from tests.clock import at_once
from tests.demo.levers import Demo, FaultyRegistry
from tests.importing.making import gguf, gguf_head
from tests.recordings import recorded

PLAIN_REGISTRIES = {"127.0.0.1:5000", "127.0.0.1:5002"}
CREATED = (
    "create-from-gguf",
    "create-from-gguf-nonstream",
    "create-big-gguf",
    "create-from-gguf-progress-events",
    "create-qwen150k",
    "create-embedding",
    "create-vision-two-files",
    "create-with-adapter",
    "create-from",
    "create-from-nonstream",
    "create-overwrite",
    "create-namespace",
    "create-host-namespace",
    "create-uppercase",
    "create-requires",
    "create-renderer-parser",
    "create-bad-parameter-type",
    "create-bad-message-role",
    "create-unknown-parameter",
    "create-license-string",
    "create-template-tools-insert",
    "create-local-cloud-tag",
    "create-remote",
    "create-remote-bare",
    "create-remote-cloud-suffix",
    "create-quantize-q8_0",
    "create-quantize-q4_K_M",
    "create-registry-name",
    "create-from-safetensors",
    "create-case-collision",
    "create-from-self",
)
COPIED = (
    ("helper", "helper-alias"),
    ("helper", "alice/helper-copy"),
    ("tiny", "tiny-loaded"),
    ("tiny", "Gone:V1"),
    ("tiny", "127.0.0.1:1/library/x"),
    ("tiny", "127.0.0.1:5002/library/denied401"),
    ("tiny", "127.0.0.1:5002/library/denied403"),
    ("big", "127.0.0.1:5000/library/big"),
    ("127.0.0.1:5000/library/multi", "127.0.0.1:5000/library/multi-b"),
)


def digest_in(trace: str, key: str, field: str = "files") -> str:
    """Return the digest a recorded create gives for one file."""
    return str(recorded(trace).body[field][key])


def shown_weights(
    trace: str, changes: Mapping[str, Any] | None = None, key: str = "model_info"
) -> WeightsFile:
    """Return weights that say of themselves what a recorded show says; null stands for arrays."""
    found = {k: [] if v is None else v for k, v in recorded(trace).answer[key].items()}
    tensors = recorded(trace).answer.get("tensors", [])
    return WeightsFile({**found, **(changes or {})}, lambda: list(tensors))


def listed_weights(name: str) -> WeightsFile:
    """Return weights that fit what the recorded list says of a model."""
    (model,) = (model for model in recorded("tags").answer["models"] if model["name"] == name)
    details = model["details"]
    found = {
        "general.architecture": details["family"],
        "general.parameter_count": int(float(details["parameter_size"][:-1]) * 1e6),
        "general.file_type": 1,
        f"{details['family']}.context_length": details["context_length"],
        f"{details['family']}.embedding_length": details["embedding_length"],
    }
    return WeightsFile(found, list)


def files() -> dict[str, BlobFile]:
    """Return the uploads of the recording by digest, described rather than copied."""
    tiny = shown_weights("show")
    seen = shown_weights("show-vision-projector", key="projector_info")
    chat = recorded("show-tokenizer-150k").answer["template"]
    qwen = {"tokenizer.chat_template": chat}
    described = {
        digest_in("create-from-gguf", "tiny-f16.gguf"): (5_051_072, tiny),
        digest_in("create-from-gguf-nonstream", "tiny2-f16.gguf"): (
            5_441_728,
            listed_weights("tiny2:3m"),
        ),
        digest_in("create-big-gguf", "big-f16.gguf"): (
            273_106_144,
            shown_weights("show-quantized", {"general.file_type": 1}),
        ),
        digest_in("create-from-gguf-progress-events", "big2.gguf"): (
            152_927_424,
            listed_weights("big2:latest"),
        ),
        digest_in("create-qwen150k", "q.gguf"): (
            84_385_664,
            shown_weights("show-tokenizer-150k", qwen),
        ),
        digest_in("create-embedding", "bert.gguf"): (2_429_248, shown_weights("show-embedding")),
        digest_in("create-vision-two-files", "mmproj.gguf"): (77_229_120, seen),
        digest_in("create-with-adapter", "lora.gguf", "adapters"): (33_536, adapter("llama")),
        digest_in("create-registry-name", "a.gguf"): (194_928_864, tiny),
        digest_in("create-registry-name", "mmproj.gguf"): (77_229_120, seen),
    }
    blobs = {digest: BlobFile(digest, size, b"", w) for digest, (size, w) in described.items()}
    return blobs | safetensors() | broken_files()


def safetensors() -> dict[str, BlobFile]:
    """Return the files of the recorded conversion."""
    info = recorded("show-converted").answer["model_info"]
    config = {
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": info["llama.embedding_length"],
        "max_position_embeddings": info["llama.context_length"],
        "vocab_size": info["llama.vocab_size"],
        "num_hidden_layers": info["llama.block_count"],
        "num_attention_heads": info["llama.attention.head_count"],
        "num_key_value_heads": info["llama.attention.head_count_kv"],
        "intermediate_size": info["llama.feed_forward_length"],
    }
    given: Mapping[str, str] = recorded("create-from-safetensors").body["files"]
    blobs = {digest: BlobFile(digest, 500, b"{}") for digest in given.values()}
    data = json.dumps(config).encode()
    blobs[given["config.json"]] = BlobFile(given["config.json"], len(data), data)
    weights = given["model.safetensors"]
    blobs[weights] = BlobFile(weights, 2 * info["general.parameter_count"], b"")
    return blobs


def broken_files() -> dict[str, BlobFile]:
    """Return the uploads that are no GGUF file, or a cut one."""
    hello = digest_in("create-file-not-gguf", "x.gguf")
    cut = digest_in("create-truncated-gguf", "c.gguf")
    header = digest_in("create-truncated-gguf-header", "c.gguf")
    tensors = {"token_embd.weight": [256, 306]}
    facts = {"general.architecture": "llama", "general.filler": ""}
    facts["general.filler"] = "x" * (9952 - len(gguf_head(facts, tensors)))
    whole = gguf(facts, tensors)
    small = gguf({"general.architecture": "llama", "tokens": ["a", "b"]}, {})
    blobs = (
        BlobFile(hello, 5, b"hello"),
        uploaded(cut, 60_000, whole[:60_000]),
        uploaded(header, 40, small[:40]),
    )
    return {blob.digest: blob for blob in blobs}


async def _furnish() -> dict[str, Store]:
    store = Store(files(), release=release_of(BEFORE_LISTS))
    before: dict[str, Store] = {}
    demo = Demo(store=store, registry=FaultyRegistry(), pace=at_once)
    async with httpx.AsyncClient(transport=demo.transport(), base_url="http://demo") as client:
        for name in CREATED:
            before[name] = store.copy()
            done = await client.post("/api/create", content=recorded(name).sent)
            assert done.text.endswith('{"status":"success"}\n') or "nonstream" in name, done.text
        for source, target in COPIED:
            pair = {"source": source, "destination": target}
            assert (await client.post("/api/copy", json=pair)).status_code == 200
    return {**before, "": store}


@cache
def _furnished() -> dict[str, Store]:
    return asyncio.run(_furnish())


def full_store(before: str = "") -> Store:
    """Return a store with all models of the recording, or those made before one exchange."""
    return (_furnished().get(before) or _furnished()[""]).copy()


def broken_store() -> Store:
    """Return the store of the exchanges about damage: one model is whole, three are not."""
    store = full_store()
    tiny = store.entries[parse("tiny")]
    (system,) = store.entries[parse("helper")].manifest.of("system")
    noblob = ImageManifest(
        tiny.manifest.config, (*tiny.manifest.layers, replace(system, source=""))
    )
    needs = store.entries[parse("needsnew")]
    broken = Store(dict(store.blobs), {parse("ok"): tiny}, release=store.release)
    broken.write(parse("noblob"), noblob, tiny.modified)
    broken.entries[parse("noconfig")] = needs
    broken.write(parse("badmanifest"), tiny.raw[:40], tiny.modified)
    del broken.blobs[system.digest]
    del broken.blobs[needs.manifest.config.digest]
    return broken


def registry() -> FaultyRegistry:
    """Return registries that offer `multi`, and answer as the recorded ones did otherwise."""
    store = full_store()
    found = FaultyRegistry(plain_hosts=set(PLAIN_REGISTRIES))
    multi = parse("127.0.0.1:5000/library/multi")
    entry = store.entries[multi]
    found.publish(multi, entry.manifest, store.blobs, entry.modified)
    return found


def without(store: Store, *names: str) -> Store:
    """Return `store` without some models and what only they used."""
    for name in names:
        store.remove(store.installed(parse(name)))
    return store
