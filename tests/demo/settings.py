"""What each recorded exchange needs to find, and which exchanges cannot be compared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from ollama_tui.demo import describe, running
from ollama_tui.demo.manifest import BlobFile, digest_of
from ollama_tui.domain.names import parse
from tests.clock import START, at_once
from tests.demo import recorded_server as stage
from tests.demo.comparing import story
from tests.demo.levers import Demo, Stage
from tests.recordings import recorded

RECORDED = 316
"""Exchanges in the whole recording."""

_OPENAI = "OpenAI's API, which the demo does not speak"
_TEXTS = "generating text or embeddings, which a server of models does not need"
_WEB = "web search"
_RAW_HTTP = "about HTTP itself or a browser, below what a transport sees"

NOT_COMPARED: dict[str, str] = {
    "v1-model-missing": _OPENAI,
    "v1-model-retrieve": _OPENAI,
    "v1-models": _OPENAI,
    "v1-models-empty": _OPENAI,
    "chat-missing-model": _TEXTS,
    "chat-stream": _TEXTS,
    "generate-short": _TEXTS,
    "load-embed": _TEXTS,
    "experimental-web-fetch": _WEB,
    "experimental-web-search": _WEB,
    "web-search-no-cloud": _WEB,
    "cors-local-origin": _RAW_HTTP,
    "options-cors": _RAW_HTTP,
    "foreign-host-header": _RAW_HTTP,
    "blob-post-chunked": "its request body is described, not recorded",
    "big-body-1mb": "its request body is described, not recorded",
    "blob-post-disk-full": "its request body is described, not recorded",
    "create-from-gguf-no-quantize-tool": "the demo always has its quantizing program",
    "create-from-gguf-no-quantize-tool-nonstream": "the demo always has its quantizing program",
}

Setting = Callable[[Demo], None]


def offline(demo: Demo) -> None:
    demo.registry_online = False


def signed_out(demo: Demo) -> None:
    demo.account = None


def signed_in(demo: Demo) -> None:
    demo.account = "alice"


def no_cloud(demo: Demo) -> None:
    demo.cloud_disabled = True


def empty(demo: Demo) -> None:
    demo.store.blobs.clear()
    demo.store.entries.clear()


def broken(demo: Demo) -> None:
    damaged = stage.broken_store()
    demo.store.blobs, demo.store.entries = damaged.blobs, damaged.entries


def broken_afterwards(demo: Demo) -> None:
    broken(demo)
    for name in ("noblob", "noconfig"):
        demo.store.remove(parse(name))
    demo.store.write(parse("noblob2"), demo.store.entries[parse("ok")].raw, START)


def lacks(*names: str) -> Setting:
    def remove(demo: Demo) -> None:
        stage.without(demo.store, *names)

    return remove


def loaded(**lifetimes: float) -> Setting:
    """Have models in memory, for so many minutes; below zero for ever."""

    def load(demo: Demo) -> None:
        for name, minutes in lifetimes.items():
            image = describe.read(demo.store, parse(name))
            assert image is not None
            keep = running.FOREVER if minutes < 0 else timedelta(minutes=minutes)
            runner = running.loaded(demo.server, image, image.parameters, START + keep)
            demo.server.runners.append(runner)

    return load


def refused(name: str, words: str, at: Stage = "manifest") -> Setting:
    def refuse(demo: Demo) -> None:
        demo.registry.plain_hosts.add("127.0.0.1:5002")
        demo.registry.refuse(name, words, stage=at)

    return refuse


MULTI = "127.0.0.1:5000/library/multi"
PULLABLE = lacks(MULTI, "127.0.0.1:5000/library/multi-b")


def fewer_layers(demo: Demo) -> None:
    """The two big layers stay through another model, the small ones go."""
    layers = demo.store.entries[parse(MULTI)].manifest.layers
    PULLABLE(demo)
    for layer in layers:
        if layer.kind in ("model", "projector"):
            demo.store.put(demo.registry.blobs[layer.digest])


def small_disk(demo: Demo) -> None:
    PULLABLE(demo)
    demo.disk_free = 40_000_000


def half_pulled(demo: Demo) -> None:
    PULLABLE(demo)
    demo.partials[digest_of(b"half a layer")] = 1


def damaged(demo: Demo) -> None:
    PULLABLE(demo)
    name = parse("127.0.0.1:5000/library/multi:v2")
    demo.registry.models[name.key] = demo.registry.models[parse(MULTI).key]
    layers = stage.full_store().entries[parse(MULTI)].manifest.of("model")
    demo.registry.damaged.add(layers[0].digest)


def updated(demo: Demo) -> None:
    """The registry's tag points to the layers of another model now."""
    old = demo.store.entries[parse("seer:vision")]
    newer = demo.registry.models[parse(MULTI).key]
    PULLABLE(demo)
    demo.store.write(parse(MULTI), old.raw, START)
    stage.without(demo.store, "seer:vision")
    assert newer.raw != old.raw


def not_pushed(demo: Demo) -> None:
    demo.registry.models.clear()
    demo.registry.blobs.clear()


def blob_host_dies(demo: Demo) -> None:
    PULLABLE(demo)
    demo.blob_host = "down"
    demo.partials[stage.full_store().entries[parse(MULTI)].manifest.layers[0].digest] = 50_331_648


def known_blob(demo: Demo) -> None:
    demo.store.put(BlobFile(HELLO_AGAIN, 11, b"hello again"))


HELLO_AGAIN = "sha256:3908c567feda72bc0dbdb2dff040fe0d3470dcd51b942374378a476930dbf6b3"
_AT = "127.0.0.1:5002/library/"
_DENIED = '{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}'
_BUSY = '{"errors":[{"code":"TOOMANYREQUESTS","message":"rate limit"}]}'


def _as_recorded(name: str) -> str:
    """Return what a registry answered, taken from the error the server made of it."""
    last = story(recorded(name).text)[-1]
    return last.removeprefix("error: pull model manifest: ")


SETTINGS: dict[str, Setting] = {
    "tags-empty": empty,
    "blob-head-200": known_blob,
    "blob-post-again-200": known_blob,
    "push-unreachable": lacks("127.0.0.1:1/library/x"),
    "create-cancelled": lacks("big:q4"),
    "delete-while-partial": half_pulled,
    "delete-twice": PULLABLE,
    "show-while-partial": half_pulled,
    "tags-while-partial": half_pulled,
    "generate-remote-limit": signed_in,
    "generate-remote-signed-out": signed_out,
    "generate-remote-no-cloud": no_cloud,
    "load-remote-offline": offline,
    "me-no-cloud": no_cloud,
    "me-signed-in": signed_in,
    "me-signed-out": signed_out,
    "me-unauthenticated": offline,
    "signout-ok": signed_in,
    "signout-signed-out": signed_out,
    "signout-unauthenticated": offline,
    "show-cloud-no-cloud": no_cloud,
    "show-remote-no-cloud": no_cloud,
    "show-cloud-offline": offline,
    "show-local-cloud-tag": offline,
    "show-remote": offline,
    "show-cloud-signed-out": signed_out,
    "show-cloud-missing": signed_in,
    "status-no-cloud": no_cloud,
    "recommendations-no-cloud": no_cloud,
    "tags-no-cloud": no_cloud,
    "create-from-missing-base": offline,
    "create-from-missing-base-nonstream": offline,
    "pull-missing-no-network": offline,
    "pull-no-network-nonstream": offline,
    "push-default-namespace": offline,
    "push-namespace-no-network": offline,
    "push-remote-model": offline,
    "push-signed-out": signed_out,
    "ps": loaded(tiny=10),
    "ps-alias": loaded(tiny=10),
    "ps-timezone": loaded(tiny=10),
    "ps-after-delete-loaded": loaded(tiny=10),
    "ps-two": loaded(tiny=-1, embedder=5),
    "ps-duration": loaded(big=90),
    "show-loaded": loaded(tiny=10),
    "delete-while-loaded": loaded(tiny=10),
    "unload": loaded(tiny=10),
    "unload-embedding-via-embed": loaded(embedder=5),
    "unload-embedding-via-generate": loaded(embedder=5),
    "push-stream": not_pushed,
    "push-big-stream": not_pushed,
    "push-after-cancel": not_pushed,
    "push-cancelled": not_pushed,
    "push-registry-denied401": refused(_AT + "denied401", '401: {"error":"access denied"}', "push"),
    "push-registry-denied403": refused(_AT + "denied403", "403: ", "push"),
    "pull-registry-denied401": refused(_AT + "denied401", '401: {"error":"access denied"}'),
    "pull-registry-denied403": refused(_AT + "denied403", f"403: {_DENIED}"),
    "pull-registry-denied403-nonstream": refused(_AT + "denied403", f"403: {_DENIED}"),
    "pull-registry-slow429": refused(_AT + "slow429", f"429: {_BUSY}"),
    "pull-disk-full": small_disk,
    "pull-disk-full-nonstream": small_disk,
    "pull-digest-mismatch": damaged,
    "pull-update": updated,
    "pull-shared-layers": fewer_layers,
    "pull-blob-host-dies": blob_host_dies,
    **{
        f"pull-registry-{name}": refused(_AT + name, _as_recorded(f"pull-registry-{name}"))
        for name in ("broken500", "newer412", "notjson")
    },
    **dict.fromkeys(
        (
            "pull-stream",
            "pull-nonstream",
            "pull-cancelled",
            "pull-after-server-killed",
            "pull-server-killed",
            "pull-connection-reset",
            "pull-resumed",
            "pull-after-blob-host-back",
            "pull-stalled",
            "pull-two-clients-first",
            "pull-two-clients-second",
            "pull-two-clients-one-leaves",
        ),
        PULLABLE,
    ),
}


def _with_blob_answer(name: str, words: str) -> Setting:
    def setting(demo: Demo) -> None:
        key = parse(_AT + name).key
        demo.registry.models[key] = demo.registry.models[parse(MULTI).key]
        demo.registry.refusals["blob", key] = words

    return setting


SETTINGS["pull-registry-blob404"] = _with_blob_answer("blob404", "file does not exist")
SETTINGS["pull-registry-nolocation"] = _with_blob_answer(
    "nolocation", "http: no Location header in response"
)


PRINTING = {
    "create-cancelled",
    "create-from-gguf-progress-events",
    "create-quantize-progress-events",
}
"""Recorded while the quantizing program's progress was visible to the server."""


def blob_host_lost(demo: Demo) -> None:
    key = parse(_AT + "blob404").key
    PULLABLE(demo)
    demo.registry.models[key] = demo.registry.models[parse(MULTI).key]
    demo.blob_host = "lost"


SETTINGS["pull-registry-blob-unavailable"] = blob_host_lost


def demo_for(name: str) -> Demo:
    """Return a server in the state an exchange was recorded in."""
    found = Demo(
        store=stage.full_store(name), registry=stage.registry(), pace=at_once, now=lambda: START
    )
    found.server.quantize_prints = name in PRINTING
    if name.split("-")[1:2] == ["broken"]:
        (broken_afterwards if name.endswith("after") else broken)(found)
    if name in SETTINGS:
        SETTINGS[name](found)
    return found
