"""Registries that have lists of manifests, and a server with what it pulled, made, converted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx

from ollama_tui.api.client import Ollama
from ollama_tui.api.registry import Registry
from ollama_tui.api.replies import Show
from ollama_tui.domain.model import Model, models_from
from ollama_tui.domain.names import parse
from ollama_tui.domain.storage.contents import Contents
from ollama_tui.domain.storage.packaging import LIST_TYPE, MANIFEST_TYPE, go_json
from ollama_tui.domain.updates import Upstream
from ollama_tui.services.updates import ServerFacts, Updates
from tests.domain.models import NOW
from tests.services.stores import StoreFolder

HOST = "127.0.0.1:11434"
"""Where the server is."""
IMAGE = "application/vnd.ollama.image."
PULLED = timedelta(days=10)
"""How long ago what is here was pulled, made or converted."""


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def manifest(
    weights: str, *, runner: str = "", parent: str = "", license: str = "Do as you like."
) -> bytes:
    """Return a manifest as a registry has it; `parent` is what its weights were made from."""

    def layer(kind: str, text: str, **more: str) -> dict[str, Any]:
        content = text.encode()
        sized = {"digest": f"sha256:{digest(content)}", "size": len(content)}
        return {"mediaType": kind, **sized, **more}

    made_from = {"from": parent} if parent else {}
    body = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": layer("application/vnd.docker.container.image.v1+json", f"config of {weights}"),
        "layers": [
            layer(IMAGE + "model", weights, **made_from),
            layer(IMAGE + "license", license),
        ],
    }
    return go_json(body | ({"runner": runner, "format": "gguf"} if runner else {}))


def size_of(content: bytes) -> int:
    """Return the bytes of all that a manifest names."""
    body = json.loads(content)
    return sum(part["size"] for part in (body["config"], *body["layers"]))


def list_of(*children: bytes) -> bytes:
    entries = [
        {
            "mediaType": MANIFEST_TYPE,
            "digest": f"sha256:{digest(child)}",
            "runner": json.loads(child)["runner"],
            "format": "gguf",
        }
        for child in children
    ]
    return go_json({"schemaVersion": 2, "mediaType": LIST_TYPE, "manifests": entries})


@dataclass
class World:
    """A server, its store, and the registries."""

    folder: StoreFolder
    rows: list[dict[str, Any]] = field(default_factory=list)
    shown: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """Manifests by name and runner; the one that is shown without a runner under an empty one."""
    published: dict[str, bytes] = field(default_factory=dict)
    """By the part of the path that tells name and tag."""
    registry_blobs: dict[str, bytes] = field(default_factory=dict)
    pushed: timedelta | None = None
    """How long ago the registry got what it has; None when it does not say."""
    asked: list[str] = field(default_factory=list)

    # ---- what is here

    def keep(self, *contents: bytes) -> None:
        for content in contents:
            self.folder.content(content)

    def row(self, name: str, content: bytes) -> None:
        """List a manifest under a name, as the one the server runs."""
        body = json.loads(content)
        parent = body["layers"][0].get("from", "")
        runner = body.get("runner", "ggml")
        self.rows.append(
            {
                "name": name,
                "model": name,
                "digest": digest(content),
                "size": size_of(content),
                "modified_at": (NOW - PULLED).isoformat(),
                "details": {"format": "gguf", "parent_model": parent, "runner": runner},
            }
        )
        self.shown[name, ""] = content
        self.shown[name, runner] = content

    def legacy(self, name: str, content: bytes) -> None:
        self.folder.raw(path_of(name, "registry.ollama.ai"), content)
        self.row(name, content)

    def plain(self, name: str, content: bytes) -> None:
        self.keep(content)
        self.folder.v2(path_of(name, "ollama.com").replace(":", "%3A"), digest(content))
        self.row(name, content)

    def list(self, name: str, listed: bytes, *here: bytes) -> None:
        """Store a list of which the children `here` are, the one that runs first."""
        self.keep(listed, *here)
        self.folder.v2(path_of(name, "ollama.com").replace(":", "%3A"), digest(listed))
        self.row(name, here[0])
        for child in here[1:]:
            self.shown[name, json.loads(child)["runner"]] = child

    def converted(self, name: str, original: bytes, *, is_kept: bool = True) -> None:
        """Store what a server leaves that has converted `original`, kept or not."""
        ggml = json.loads(original) | {"runner": "ggml", "format": "gguf"}
        new = manifest("converted", runner="llamacpp")
        new_digest = digest(new)
        shadow = f"registry.ollama.ai/library/llamacpp/{new_digest}"
        self.folder.raw(shadow, new)
        if not is_kept:
            self.list(name, list_of(new), new)
            return
        old = go_json(ggml)
        self.list(name, list_of(old, new), new, old)
        anchor = path_of(name, "registry.ollama.ai")
        self.folder.raw(anchor, old)

    # ---- what a registry has

    def publish(self, name: str, content: bytes, *children: bytes) -> None:
        parts = parse(name)
        self.published[f"{parts.namespace}/{parts.model}/manifests/{parts.tag}"] = content
        self.registry_blobs |= {digest(child): child for child in children}

    def registry(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v2/")
        self.asked.append(f"{request.method} {path}")
        if path.startswith("/data/"):  # where a registry keeps its blobs
            return httpx.Response(200, content=self.registry_blobs[path.removeprefix("/data/")])
        _, _, blob = path.partition("/blobs/sha256:")
        if blob in self.registry_blobs:
            return httpx.Response(307, headers={"location": f"/data/{blob}"})
        if path not in self.published:
            return httpx.Response(404)
        content = self.published[path]
        headers = {"docker-content-digest": f"sha256:{digest(content)}"}
        if self.pushed is not None:
            headers["ollama-push-time"] = str(int((NOW - self.pushed).timestamp()))
        body = b"" if request.method == "HEAD" else content
        return httpx.Response(200, content=body, headers=headers)

    # ---- what the server tells

    def server(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/ps":
            return httpx.Response(200, json={"models": []})
        if request.url.path == "/api/version":
            return httpx.Response(200, json={"version": "0.40.2"})
        if request.url.path == "/api/tags":
            return httpx.Response(200, json={"models": self.rows})
        if request.method == "HEAD":
            hexdigits = request.url.path.rpartition(":")[2]
            return httpx.Response(200 if hexdigits in self.blobs_here() else 404)
        body = json.loads(request.content)
        content = self.shown.get((body["model"], body.get("runner", "")))
        if content is None:
            return httpx.Response(404, json={"error": "no compatible manifest found"})
        shown = json.loads(content)
        weights = shown["layers"][0]
        named = {"runner": shown["runner"]} if "runner" in shown else {}
        runners = [
            {"digest": f"sha256:{digest(each)}", "runner": runner}
            for (name, runner), each in self.shown.items()
            if name == body["model"] and runner
        ]
        return httpx.Response(
            200,
            json={
                "modelfile": f"FROM /models/blobs/{weights['digest'].replace(':', '-')}\n",
                "license": LICENSES.get(shown["layers"][1]["digest"], ""),
                "details": {"format": "gguf", "parent_model": weights.get("from", ""), **named},
                **({"manifests": runners} if len(runners) > 1 else {}),
            },
        )

    def blobs_here(self) -> set[str]:
        parts = [
            each["digest"].removeprefix("sha256:")
            for content in self.shown.values()
            for each in (json.loads(content)["config"], *json.loads(content)["layers"])
        ]
        return {*parts}

    def transport(self) -> httpx.MockTransport:
        """Return the way to the server and to all registries."""

        def handle(request: httpx.Request) -> httpx.Response:
            is_server = request.url.netloc.decode() == HOST
            return self.server(request) if is_server else self.registry(request)

        return httpx.MockTransport(handle)

    @asynccontextmanager
    async def updates(
        self, contents: Contents | None = None
    ) -> AsyncIterator[tuple[Updates, tuple[Model, ...]]]:
        """Yield what is under test, and the models as they are listed."""
        transport = self.transport()
        async with (
            Ollama(f"http://{HOST}", transport=transport) as ollama,
            Registry(transport) as registry,
        ):
            models = models_from(await ollama.list(), (), {})

            async def details(model: Model) -> Show:
                return await ollama.show(model.name)

            facts = ServerFacts(lambda: models, lambda: contents)
            updates = Updates(registry, ollama, details, server=facts, now=lambda: NOW)
            yield updates, models

    async def finds(self, name: str, contents: Contents | None) -> Upstream:
        async with self.updates(contents) as (updates, models):
            model = next(model for model in models if model.name == name)
            (found,) = (await updates.check([model])).values()
            return found


LICENSES = {
    f"sha256:{digest(text.encode())}": text for text in ("Do as you like.", "Ask us first.")
}


def path_of(name: str, public: str) -> str:
    parts = parse(name)
    host = public if parts.host == "registry.ollama.ai" else parts.host
    return f"{host}/{parts.namespace}/{parts.model}/{parts.tag}"
