"""The demo's furniture: what its registry offers and what its server has installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ollama_tui.demo import describe, running
from ollama_tui.demo import texts as t
from ollama_tui.demo.draft import Draft, set_config, set_texts
from ollama_tui.demo.registry import Registry
from ollama_tui.demo.shelf import ADAPTERS, SHELF, Offer
from ollama_tui.demo.state import Server
from ollama_tui.demo.store import Blob, Manifest, Store, digest_of
from ollama_tui.demo.weights import adapter, projector
from ollama_tui.domain.names import parse


def built(store: Store, offer: Offer) -> Manifest:
    """Put an offer's blobs into `store` and return its manifest as it is installed here."""
    return _built(store, offer, offer.template, offer.licenses)


def newest(store: Store, offer: Offer) -> Manifest:
    """Put an offer's blobs into `store` and return its manifest as the registry has it."""
    template, licenses, revision = offer.template, offer.licenses, ""
    if "weights" in offer.newer:
        revision = "two"
    if "template" in offer.newer:
        template += t.AFTERTHOUGHT
    if "license" in offer.newer:
        licenses = (*licenses[:-1], licenses[-1] + t.AMENDMENT)
    return _built(store, offer, template, licenses, revision)


def _built(
    store: Store, offer: Offer, template: str, licenses: tuple[str, ...], revision: str = ""
) -> Manifest:
    """Put blobs into `store` and return their manifest; revisions differ in weights."""
    draft = Draft(store)
    weights = offer.shape.weights()
    digest = digest_of(f"weights of {offer.weights_of or offer.name} {revision}".encode())
    draft.add("model", Blob(digest, offer.size, weights=weights))
    if offer.projector:
        seen = projector(offer.projector // 2)
        draft.add(
            "projector",
            Blob(digest_of(f"eyes of {offer.name}".encode()), offer.projector, weights=seen),
        )
    draft.describe(weights)
    draft.config |= dict(offer.config)
    body = {"template": template, "system": offer.system, "parameters": offer.parameters}
    set_texts(draft, {**body, "license": list(licenses)})
    return draft.manifest()


def publish(registry: Registry, now: datetime) -> None:
    """Offer everything on the shelf, and the stubs of cloud models."""
    store = Store()
    for offer in SHELF:
        manifest = newest(store, offer)
        pushed = now - timedelta(days=3 if offer.newer else offer.age)
        for name in (offer.name, *offer.aliases):
            registry.publish(parse(name), manifest, store.blobs, pushed)
    for name, config in STUBS.items():
        stub = Draft(store, dict(config))
        registry.publish(parse(name), stub.manifest(), store.blobs, now - timedelta(days=60))


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
class Own:
    """A model somebody made on this server out of another one."""

    name: str
    base: str
    age: float
    body: Mapping[str, Any] = field(default_factory=dict)
    adapter: str = ""


OWN = (
    Own(
        "studio/reviewer:latest",
        "qwen2.5-coder:7b",
        0.13,
        {"system": t.REVIEWER, "parameters": {"temperature": 0.2, "num_ctx": 16384}},
    ),
    Own(
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
    Own("pirate:latest", "llama3.2:3b", 47.9, {"system": t.PIRATE}),
    Own("sql-writer:lora", "llama3.1:8b", 88.0, {"system": t.SQL}, adapter="sql"),
    Own("old-experiment:latest", "tinyllama:1.1b-chat-fp16", 410.0, {"system": "An old try."}),
)
BROKEN = "old-experiment:latest"
"""Its system prompt's blob is gone: the list has it, show does not find it."""


def furnish(server: Server) -> None:
    """Install what the demo's server has, and load two models."""
    now = server.now()
    for offer in SHELF:
        if offer.installed:
            manifest = built(server.store, offer)
            for name, age in {offer.name: offer.age, **offer.installed_aliases}.items():
                server.store.write(parse(name), manifest, now - timedelta(days=age))
    for stub, age in INSTALLED_STUBS.items():
        draft = Draft(server.store, dict(STUBS[stub]))
        server.store.write(parse(stub), draft.manifest(), now - timedelta(days=age))
    for own in OWN:
        _make(server.store, own, now)
    _break(server.store)
    _load(server, "qwen3:1.7b", running.FOREVER)
    _load(server, "gpt-oss:20b", timedelta(minutes=4, seconds=12))


def _make(store: Store, own: Own, now: datetime) -> None:
    base = describe.read(store, parse(own.base))
    if base is None:
        raise LookupError(own.base)
    draft = Draft(store)
    draft.take(base)
    if own.adapter:
        made = adapter(str(base.config["model_family"]))
        digest = digest_of(f"adapter {own.adapter}".encode())
        draft.add("adapter", Blob(digest, ADAPTERS[own.adapter], weights=made))
    set_texts(draft, own.body)
    set_config(draft, own.body)
    store.write(parse(own.name), draft.manifest(), now - timedelta(days=own.age))


def _break(store: Store) -> None:
    (system,) = store.entries[parse(BROKEN)].manifest.of("system")
    del store.blobs[system.digest]


def _load(server: Server, name: str, lifetime: timedelta) -> None:
    image = describe.read(server.store, parse(name))
    if image is None:
        raise LookupError(name)
    runner = running.loaded(server, image, image.parameters, server.now() + lifetime)
    server.runners.append(runner)
