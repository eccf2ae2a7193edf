"""Sessions of the recordings of 0.40: what the server had, and the exchanges in their order."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx

from ollama_tui.demo import describe, running
from ollama_tui.demo.draft import ImageDraft, set_texts
from ollama_tui.demo.manifest import (
    BlobFile,
    ImageManifest,
    ListedManifest,
    ManifestList,
    blob_of,
    digest_of,
    manifest_file,
)
from ollama_tui.demo.models import convert
from ollama_tui.demo.release import PREVIEW, VERSION, release_of
from ollama_tui.demo.store import Store
from ollama_tui.demo.weights import WeightsFile
from ollama_tui.domain.names import is_shadow, parse
from tests.clock import START, at_once
from tests.demo.levers import Demo, FaultyRegistry
from tests.demo.recorded_server import shown_weights

AT = "127.0.0.1:5010/library/micro"
OSS = "tiny-oss"


def micro(kind: str, store: Store, license_: str = "MIT-like text", system: str = "") -> ImageDraft:
    """Return one of the two small models of the recording, as a draft."""
    trace = {"a": "r040-show-dangle-anchor", "b": "r040-show-list"}[kind]
    weights, size = shown_weights(trace), {"a": 250_560, "b": 333_504}[kind]
    draft = ImageDraft(store)
    draft.add("model", BlobFile(digest_of(f"micro {kind}".encode()), size, b"", weights))
    draft.describe(weights)
    set_texts(draft, {"system": system or f"You are micro {kind}", "license": license_})
    layer = draft.layers[0]
    draft.layers[0] = replace(layer, source=f"micro-{kind}.gguf")
    return draft


def oss(store: Store) -> ImageManifest:
    """Return the model of old weights that the recorded server converted."""
    draft = ImageDraft(store)
    weights = renamed("gptoss")
    draft.add("model", BlobFile(digest_of(b"tiny oss"), 341_856, b"", weights))
    draft.describe(weights)
    draft.config["model_type"] = "170K"
    text = "Shared licence text"
    set_texts(draft, {"system": "You are a tiny oss model.", "license": text})
    return draft.manifest()


def renamed(arch: str) -> WeightsFile:
    """Return the converted weights of the recording under another architecture's name."""
    whole = shown_weights("v2-show-migrated", {"general.architecture": arch})
    found = {
        re.sub(r"^gpt-?oss\.", f"{arch}.", key): value for key, value in whole.metadata.items()
    }
    return WeightsFile(found, whole.tensors)


def child(kind: str, runner: str, store: Store) -> ImageManifest:
    return replace(micro(kind, store).manifest(), runner=runner, format="gguf")


def a_list(store: Store, **kinds: str) -> ManifestList:
    """Put manifests by runner into `store` and return a list of them."""
    blobs = {r: store.put(blob_of(child(kind, r, store).encoded())) for r, kind in kinds.items()}
    return ManifestList(tuple(ListedManifest(b.digest, r, "gguf") for r, b in blobs.items()))


def registry(update: bool = False) -> FaultyRegistry:
    """Return the registry of the recording; `update` is what its list became."""
    store = Store()
    kinds = {"ggml": "b", "llamacpp": "a"} if update else {"ggml": "a", "llamacpp": "b"}
    found = FaultyRegistry(plain_hosts={"127.0.0.1:5010"})
    found.publish(parse(f"{AT}:1b"), a_list(store, **kinds), store.blobs, START)
    found.publish(parse(f"{AT}:b-llamacpp"), child("b", "llamacpp", store), store.blobs, START)
    return found


def a_demo(version: str) -> Demo:
    store = Store(release=release_of(version))
    return Demo(store=store, registry=registry(), pace=at_once, now=Minutes())


class Minutes:
    """A clock that goes on by a minute whenever it is read: what is made later is newer."""

    def __init__(self) -> None:
        self._now = START

    def __call__(self) -> Any:
        self._now += timedelta(minutes=1)
        return self._now


def with_older_models(demo: Demo) -> None:
    """Have what a server before 0.40 left."""
    store = demo.store
    plain = micro("a", store, "Shared licence text", "A")
    plain.layers[0] = replace(plain.layers[0], source="")
    raw = plain.manifest().encoded()
    for minutes, name in enumerate(("old", f"{AT}:1b")):
        store.write_older(parse(name), raw, START - timedelta(minutes=9 - minutes))
    store.write_older(parse(OSS), oss(store).encoded(), START - timedelta(minutes=5))


def converted(demo: Demo) -> None:
    """Load the model of old weights for the first time, which converts it."""
    name = parse(OSS)
    if name not in demo.store.entries:
        with_older_models(demo)
    convert(demo.store, name, renamed("gpt-oss"))
    entry = demo.store.entries[name]
    demo.store.entries[name] = replace(entry, modified=demo.server.now())


def broken(demo: Demo) -> None:
    """Have links to nothing, with and without an older file, a damaged one, and a good model."""
    store = demo.store
    shared = "Shared licence text"
    older = micro("a", store, shared, "A")
    older.layers[0] = replace(older.layers[0], source="")
    for name in ("dangle-anchor", "dangle-alone", "cut"):
        draft = micro("a", store, system=name)
        store.write(parse(name), draft.manifest(), START)
        entry = store.entries[parse(name)]
        if name == "cut":
            store.entries[parse(name)] = replace(entry, parsed=None, problem="digest mismatch")
        else:
            del store.blobs[f"sha256:{entry.digest}"]
    store.hidden[parse("dangle-anchor")] = manifest_file(older.manifest().encoded(), START)
    fine = micro("a", store, shared)
    weights = replace(store.open(older.layers[0].digest), digest=digest_of(b"fine"), size=333_504)
    fine.layers[0] = store.layer("model", weights)
    store.write(parse("fine"), fine.manifest(), START)


async def with_new_list(demo: Demo) -> None:
    """Have pulled a list whose tag has another one by now."""
    async with httpx.AsyncClient(transport=demo.transport(), base_url="http://demo") as client:
        body = {"model": f"{AT}:1b", "insecure": True, "stream": False}
        assert (await client.post("/api/pull", json=body)).status_code == 200
    newer = registry(update=True)
    demo.registry.models, demo.registry.blobs = newer.models, newer.blobs


def converted_beside_another(demo: Demo) -> None:
    """Have a converted model, and one more of the same old weights."""
    with_older_models(demo)
    store, name = demo.store, parse("migrated")
    plain = store.entries[parse(OSS)].manifest
    other = replace(plain, config=store.config({"model_format": "gguf"}))
    store.write_older(parse("beside"), other.encoded(), START)
    store.write_older(name, store.entries.pop(parse(OSS)).raw, START)
    convert(store, name, renamed("gpt-oss"))


def listed(demo: Demo, runner: str) -> str:
    """Return the digest of the manifest for a runner that the recorded list names."""
    found = demo.store.entries[parse(f"{AT}:1b")].parsed
    assert isinstance(found, ManifestList)
    return found.chosen(runner).digest


def original(demo: Demo) -> str:
    """Return how a request names the original that a conversion has kept."""
    listed = demo.store.entries[parse("migrated")].parsed
    assert isinstance(listed, ManifestList)
    return next(c for c in listed.children if c.runner == "ggml").digest.replace(":", "-")


def backup(demo: Demo) -> str:
    """Return the name of the converted model's backup."""
    entries = demo.store.entries.items()
    return next(n.display for n, e in entries if is_shadow(n.display, e.digest))


Step = str | Callable[[Demo], Awaitable[None] | None]


@dataclass(frozen=True)
class Session:
    """Exchanges in their order, and what happened on the server before and between them."""

    version: str
    steps: tuple[Step, ...]


LIFE: tuple[Step, ...] = (
    with_older_models,
    "r040-tags-legacy",
    "r040-create",
    "r040-copy",
    "r040-pull-plain",
    "r040-pull-list-over-legacy",
    "r040-copy-partial-list",
    "r040-pull-list-ggml",
    "r040-show-list",
    "r040-show-runner-missing",
    "r040-copy-list",
    "r040-tags-list",
    "r040-create-list",
    converted,
    "r040-tags-migrated",
    "r040-delete-migrated",
    "r040-tags-after-delete-migrated",
    "r040-delete-hidden-shadow",
    "r040-delete-pulled-list",
    "r040-delete-pulled-plain",
)
PULLED: tuple[Step, ...] = (
    *["v2-pull-list", "v2-tags-list-pulled", "v2-show-list-pulled"],
    *["v2-show-list-pulled-runner-missing", "v2-push-list-incomplete", "v2-pull-list-runner-ggml"],
    *["v2-tags-list-both", "v2-show-list", "v2-show-list-runner-ggml", "v2-show-list-runner-mlx"],
    *["v2-show-list-runner-unknown", "v2-show-list-all-manifests"],
    *["v2-show-all-manifests-and-runner", "v2-pull-list-again", "v2-tags-list-after-again"],
    *["v2-pull-missing", "v2-pull-unknown-runner", "v2-create-list-missing"],
    *["v2-create-list-with-system", "v2-delete-missing"],
    "v2-generate-list-runner-mlx",
)


async def a_model_by_list(demo: Demo) -> None:
    """Have both manifests of the recorded list, and names of each."""
    async with httpx.AsyncClient(transport=demo.transport(), base_url="http://demo") as client:
        for name, runner in ((f"{AT}:1b", ""), (f"{AT}:1b", "ggml"), (f"{AT}:b-llamacpp", "")):
            body = {"model": name, "runner": runner, "insecure": True, "stream": False}
            assert (await client.post("/api/pull", json=body)).status_code == 200


def load_both(demo: Demo) -> None:
    """Have both manifests of the list in memory, the preferred one for longer."""
    for runner, minutes in (("ggml", 60), ("llamacpp", 90)):
        image = describe.read(demo.store, parse(f"{AT}:1b"), runner)
        assert image is not None
        expires = START + timedelta(minutes=minutes)
        loaded = running.loaded(demo.server, image, {"num_ctx": 128}, expires)
        demo.server.runners.append(replace(loaded, size_vram=0))


def with_pushed_models(demo: Demo) -> None:
    """Have the models from which the recorded lists were made."""
    for name, kind in (("a-ggml", "a"), ("b-ggml", "b")):
        demo.store.write(parse(f"{AT}:{name}"), child(kind, "ggml", demo.store), START)
    llamacpp = child("b", "llamacpp", demo.store).encoded()
    demo.store.write(parse(f"{AT}:b-llamacpp"), llamacpp, START)
    stub = ImageDraft(demo.store, {"remote_host": "https://ollama.com:443", "remote_model": "m"})
    demo.store.write(parse("my-cloud"), stub.manifest(), START)


SESSIONS = {
    "life": Session(VERSION, LIFE),
    "dangling links": Session(
        VERSION,
        (
            broken,
            *["r040-tags-dangling", "r040-show-cut", "r040-show-dangle-alone"],
            *["r040-show-dangle-anchor", "r040-delete-dangle-alone", "r040-delete-dangle-anchor"],
        ),
    ),
    "original": Session(VERSION, (converted_beside_another, "r040-delete-ggml-child-of-converted")),
    "newer list": Session(
        VERSION, (with_new_list, "r040-push-list-incomplete", "r040-pull-list-update")
    ),
    "pulled list": Session(PREVIEW, PULLED),
    "digests": Session(
        PREVIEW,
        (
            a_model_by_list,
            "v2-show-by-digest",
            "v2-show-by-runner-digest",
            "v2-copy-child-by-digest",
            "v2-copy-list",
            "v2-delete-list-copy",
            "v2-push-list",
        ),
    ),
    "lists": Session(
        PREVIEW,
        (
            with_pushed_models,
            "v2-create-list",
            "v2-create-list-single",
            "v2-create-list-nested",
            "v2-create-list-remote",
            "v2-create-list-same-runner",
            "v2-show-single-list",
            "v2-pull-plain-other-runner",
            "v2-delete-list-child-tag",
        ),
    ),
    "loaded": Session(
        PREVIEW,
        (
            a_model_by_list,
            load_both,
            "v2-version",
            "v2-ps-list-both",
            "v2-generate-unload-list",
            "v2-ps-after-unload-list",
            "v2-generate-unload-list-ggml",
        ),
    ),
    "original, preview": Session(
        PREVIEW, (converted_beside_another, "v2-delete-ggml-child-of-converted")
    ),
    "dangling links, preview": Session(
        PREVIEW,
        (
            broken,
            *["v2-show-odd-dangle-alone", "v2-show-odd-dangle-anchor", "v2-show-odd-cut"],
            *["v2-delete-dangling", "v2-delete-dangling-with-legacy", "v2-delete-cut"],
        ),
    ),
}
ASKED: dict[str, Callable[[Demo], str]] = {
    "v2-show-by-digest": lambda demo: listed(demo, "llamacpp").replace(":", "-"),
    "v2-show-by-runner-digest": lambda demo: f"llamacpp:{listed(demo, 'llamacpp')[7:19]}",
    "v2-copy-child-by-digest": lambda demo: listed(demo, "ggml")[7:19],
    "r040-delete-ggml-child-of-converted": original,
    "v2-delete-ggml-child-of-converted": original,
    "r040-delete-hidden-shadow": backup,
}
"""Requests that name a digest, which is another one here."""
PLAYED = tuple(s for session in SESSIONS.values() for s in session.steps if isinstance(s, str))


def names_of(text: str, *, begin: str = "v2-") -> list[str]:
    return [begin + word for word in text.split()]


_OTHER_STORE = "of a store with other models; a session or an example store shows the same kind"
_TEXTS = "generating text, which a server of models does not need"
NOT_COMPARED: dict[str, str] = {
    "r040-tags-downgraded-0.33": "answered by a server of 0.33, which is compared for itself",
    "v2-tags-downgraded-to-0.33": "answered by a server of 0.33, which is compared for itself",
    "v2-show-downgraded-anchored": "answered by a server of 0.33, which is compared for itself",
    "r040-tags-upgraded-again": "after two other servers have changed the store",
    "v2-tags-upgraded-again": "after two other servers have changed the store",
    "v2-blob-post": "its request body is described, not recorded",
    "v2-push-list-docker-registry": "a registry that refuses lists, which the demo has not",
    **dict.fromkeys(
        names_of(
            "chat-list-runner-llama.cpp generate-list-runner-ggml generate-triggers-migration"
        ),
        _TEXTS,
    ),
    "v2-ps-migrated": "the demo's model is converted before it is loaded",
    **dict.fromkeys(
        names_of(
            "copy-missing-child create-over-dangling delete-both delete-copy-file delete-half "
            "delete-hard delete-odd-target show-odd-anchored show-odd-both show-odd-copy "
            "show-odd-half show-odd-hard show-odd-newtree-oldhost show-odd-odd-target "
            "show-odd-oldhost show-odd-pair show-odd-same show-odd-x tags-odd-store"
        ),
        "kinds of entries that a server itself does not make",
    ),
    **dict.fromkeys(
        names_of(
            "delete-migrated delete-migrated-alias delete-shadow delete-shadow-2 show-migrated "
            "tags-after-delete-migrated tags-migration-after tags-migration-before "
            "tags-migration-two-names tags-after-child-delete tags-after-child-delete-2 "
            "tags-after-create-copy tags-after-delete tags-after-list-delete tags-legacy-store "
            "tags-list copy-legacy copy-onto-itself-legacy copy-over-legacy "
            "copy-to-host-with-port copy-v2 create-from-file create-from-legacy "
            "create-over-legacy-name create-quantize delete-child-by-digest "
            "delete-child-by-short-digest delete-copy delete-host-with-port delete-just-ggml "
            "delete-last-link delete-last-user-legacy delete-legacy delete-list-name "
            "delete-replaced-over-legacy pull-list-main pull-list-main-ggml pull-list-update "
            "pull-over-legacy pull-plain pull-plain-again pull-plain-llamacpp push-plain "
            "push-plain-b show-all-manifests-plain show-legacy show-plain "
            "show-plain-runner-other"
        ),
        _OTHER_STORE,
    ),
}
