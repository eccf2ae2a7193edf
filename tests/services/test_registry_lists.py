"""Registries of manifests for several runners: what is outdated, what is not, what nobody can tell.

Each case is checked twice: with the server's store on this machine, and by what the server tells.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.registry import Registry
from ollama_tui.domain import updates as upstream
from ollama_tui.domain.model import Model, models_from
from ollama_tui.domain.names import parse
from ollama_tui.domain.storage.contents import Contents
from ollama_tui.domain.storage.packaging import LIST_TYPE, MANIFEST_TYPE, go_json
from ollama_tui.domain.updates import UpdateStatus, Upstream
from ollama_tui.services.store.reader import ModelStore
from ollama_tui.services.updates import ServerFacts, Updates
from tests.domain.models import NOW
from tests.services.stores import StoreFolder
from tests.services.test_store_examples import read, unpacked

CURRENT, OUTDATED, UNKNOWN = UpdateStatus.CURRENT, UpdateStatus.OUTDATED, UpdateStatus.UNKNOWN
IMAGE = "application/vnd.ollama.image."
OWN = "127.0.0.1:5000/me/m:1"
"""A name at an own registry, which has what people have made and pushed."""
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
                "size": sum(each["size"] for each in (body["config"], *body["layers"])),
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
        return httpx.Response(
            200,
            json={
                "modelfile": f"FROM /models/blobs/{weights['digest'].replace(':', '-')}\n",
                "license": LICENSES.get(shown["layers"][1]["digest"], ""),
                "details": {"format": "gguf", "parent_model": weights.get("from", ""), **named},
            },
        )

    def blobs_here(self) -> set[str]:
        parts = [
            each["digest"].removeprefix("sha256:")
            for content in self.shown.values()
            for each in (json.loads(content)["config"], *json.loads(content)["layers"])
        ]
        return {*parts}

    async def finds(self, name: str, contents: Contents | None) -> Upstream:
        async with (
            Ollama("http://127.0.0.1:11434", transport=httpx.MockTransport(self.server)) as ollama,
            Registry(httpx.MockTransport(self.registry)) as registry,
        ):
            models = models_from(await ollama.list(), (), {})

            async def details(model: Model) -> Any:
                return await ollama.show(model.name)

            facts = ServerFacts(lambda: models, lambda: contents)
            updates = Updates(registry, ollama, details, server=facts, now=lambda: NOW)
            model = next(model for model in models if model.name == name)
            return (await updates.check([model]))[name]


LICENSES = {
    f"sha256:{digest(text.encode())}": text for text in ("Do as you like.", "Ask us first.")
}


def path_of(name: str, public: str) -> str:
    parts = parse(name)
    host = public if parts.host == "registry.ollama.ai" else parts.host
    return f"{host}/{parts.namespace}/{parts.model}/{parts.tag}"


OLD, NEW = manifest("old"), manifest("new and better")
OLD_GGML, OLD_LLAMACPP = manifest("old", runner="ggml"), manifest("old", runner="llamacpp")
NEW_GGML = manifest("new and better", runner="ggml")
NEW_LLAMACPP = manifest("new and better, again", runner="llamacpp")
OLD_LIST, NEW_LIST = list_of(OLD_GGML, OLD_LLAMACPP), list_of(NEW_GGML, NEW_LLAMACPP)
STRANGER = manifest("another's", license="Ask us first.")
CHILDREN = (OLD_GGML, OLD_LLAMACPP, NEW_GGML, NEW_LLAMACPP)
MADE = manifest("mine", runner="llamacpp", parent="mine.gguf")
MADE_OF = manifest("mine", parent="llama3.2:3b")
THEIRS = manifest("mine, but newer", runner="llamacpp", parent="mine.gguf")

Setting = Callable[[World], None]


def pulled(content: bytes, name: str = "m:latest") -> Setting:
    return lambda world: world.legacy(name, content)


def pulled_list(name: str = "m:latest") -> Setting:
    return lambda world: world.list(name, OLD_LIST, OLD_LLAMACPP)


def made(content: bytes, name: str) -> Setting:
    return lambda world: world.plain(name, content + b"\n")


def converted(*, is_kept: bool) -> Setting:
    return lambda world: world.converted("m:latest", OLD, is_kept=is_kept)


CASES: dict[str, tuple[Setting, bytes | None, UpdateStatus]] = {
    "pulled, and nothing new": (pulled(OLD), OLD, CURRENT),
    "pulled, and something new": (pulled(OLD), NEW, OUTDATED),
    "pulled, now beside another runner's": (pulled(OLD_GGML), OLD_LIST, CURRENT),
    "pulled, now in a list that names its runner": (pulled(OLD), OLD_LIST, CURRENT),
    "pulled, now a list of something new": (pulled(OLD), NEW_LIST, OUTDATED),
    "a list, and nothing new": (pulled_list(), OLD_LIST, CURRENT),
    "a list, new for another runner": (pulled_list(), list_of(NEW_GGML, OLD_LLAMACPP), CURRENT),
    "a list, new for its runner": (pulled_list(), NEW_LIST, OUTDATED),
    "a list, new for its runner only": (
        pulled_list(), list_of(OLD_GGML, NEW_LLAMACPP), OUTDATED,
    ),
    "pushed by another, and nothing new": (pulled(MADE, OWN), MADE, CURRENT),
    "pushed by another, and something new": (pulled(MADE, OWN), THEIRS, OUTDATED),
    "made here, never pushed": (made(MADE_OF, "m:latest"), None, UNKNOWN),
    "made here, under the name of another's": (made(MADE, OWN), STRANGER, UNKNOWN),
    "made and pushed": (made(MADE, OWN), MADE, CURRENT),
    "made of a model and pushed": (made(MADE_OF, OWN), MADE_OF, CURRENT),
    "made, and pushed in a list": (
        made(MADE, OWN), list_of(MADE, manifest("mine", runner="ggml")), CURRENT,
    ),
    "converted, and nothing new": (converted(is_kept=True), OLD, CURRENT),
    "converted, and the original now in a list": (
        converted(is_kept=True), list_of(OLD_GGML, NEW_LLAMACPP), CURRENT,
    ),
    "converted, and something new": (converted(is_kept=True), NEW, OUTDATED),
    "converted, and a list of something new": (converted(is_kept=True), NEW_LIST, OUTDATED),
    "converted, the original gone": (converted(is_kept=False), OLD, UNKNOWN),
    "converted, the original gone, something new": (converted(is_kept=False), NEW, UNKNOWN),
    "an alias that no registry has": (pulled(OLD, "mine:latest"), None, UNKNOWN),
    "an alias of the name of another": (pulled(OLD), STRANGER, UNKNOWN),
    "an alias of a list, under a name of the same": (
        lambda world: world.list("m:latest", list_of(OLD_LLAMACPP), OLD_LLAMACPP),
        OLD_LIST, CURRENT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("sees_store", [True, False], ids=["store", "api"])
@pytest.mark.parametrize("case", CASES)
async def test_exactly_what_is_older_is_outdated(
    case: str, sees_store: bool, tmp_path: Path
) -> None:
    setting, published, expected = CASES[case]
    world = World(StoreFolder(tmp_path))
    setting(world)
    name = world.rows[0]["name"]
    if published is not None:
        world.publish(name, published, *CHILDREN, MADE)
    found = await world.finds(name, ModelStore(tmp_path).read() if sees_store else None)
    assert found.status is expected, found
    assert bool(found.reason) is (expected is UNKNOWN)
    assert bool(found.changes) is (expected is OUTDATED)


async def test_what_is_made_of_a_model_of_the_library_is_told_to_nobody(tmp_path: Path) -> None:
    world = World(StoreFolder(tmp_path))
    world.plain("me/m:latest", MADE_OF + b"\n")
    contents = ModelStore(tmp_path).read()
    for each in (contents, None):
        found = await world.finds("me/m:latest", each)
        assert found.reason == "It was made here from llama3.2:3b."
    assert world.asked == []


async def test_the_store_tells_what_was_pulled_from_what_was_made(tmp_path: Path) -> None:
    world = World(StoreFolder(tmp_path))
    world.legacy("someone/m:latest", MADE_OF)
    world.publish("someone/m:latest", MADE_OF)
    contents = ModelStore(tmp_path).read()
    assert (await world.finds("someone/m:latest", contents)).status is CURRENT
    assert world.asked == ["HEAD someone/m/manifests/latest"]


@pytest.mark.parametrize("sees_store", [True, False])
async def test_what_was_changed_here_after_it_was_pushed_is_not_outdated(
    sees_store: bool, tmp_path: Path
) -> None:
    world = World(StoreFolder(tmp_path), pushed=PULLED * 2)
    world.plain(OWN, MADE + b"\n")
    world.publish(OWN, THEIRS)
    found = await world.finds(OWN, ModelStore(tmp_path).read() if sees_store else None)
    assert (found.status, found.reason) == (UNKNOWN, "It was made here from a file.")


@pytest.mark.parametrize("sees_store", [True, False])
async def test_a_converted_model_is_not_compared_with_what_is_published_for_its_runner(
    sees_store: bool, tmp_path: Path
) -> None:
    world = World(StoreFolder(tmp_path), pushed=PULLED * 2)
    world.converted("m:latest", OLD, is_kept=False)
    world.publish("m:latest", NEW_LIST, *CHILDREN)
    found = await world.finds("m:latest", ModelStore(tmp_path).read() if sees_store else None)
    assert (found.status, found.reason) == (UNKNOWN, upstream.CONVERTED)


async def test_what_a_server_added_is_told_by_one_question_without_a_body(tmp_path: Path) -> None:
    world = World(StoreFolder(tmp_path))
    world.converted("m:latest", OLD)
    world.plain(OWN, MADE + b"\n")
    world.publish("m:latest", OLD)
    world.publish(OWN, MADE)
    contents = ModelStore(tmp_path).read()
    await world.finds("m:latest", contents)
    await world.finds(OWN, contents)
    assert world.asked == ["HEAD library/m/manifests/latest", "HEAD me/m/manifests/1"]


async def test_a_list_that_names_what_is_here_is_asked_for_nothing_more(tmp_path: Path) -> None:
    world = World(StoreFolder(tmp_path))
    world.legacy("m:latest", OLD_GGML)
    world.publish("m:latest", OLD_LIST)
    await world.finds("m:latest", None)
    path = "library/m/manifests/latest"
    assert world.asked == [f"HEAD {path}", f"GET {path}"]


def missing_of(found: Upstream) -> set[str]:
    return {each.digest for each in found.missing}


def needed(content: bytes) -> set[str]:
    body = json.loads(content)
    parts: Iterable[dict[str, Any]] = (body["config"], body["layers"][0])
    return {each["digest"] for each in parts}


MLX = manifest("for MLX", runner="mlx")


@pytest.mark.parametrize("has_mlx", [True, False])
async def test_what_is_fetched_is_for_the_runner_the_server_chooses(
    has_mlx: bool, tmp_path: Path
) -> None:
    world = World(StoreFolder(tmp_path))
    world.legacy("m:latest", OLD)
    if has_mlx:
        world.plain("other:latest", MLX)
    newest = manifest("new for MLX", runner="mlx")
    world.publish("m:latest", list_of(newest, NEW_GGML, NEW_LLAMACPP), *CHILDREN, newest)
    found = await world.finds("m:latest", None)
    chosen = newest if has_mlx else NEW_LLAMACPP
    assert found.newest == digest(chosen)
    assert missing_of(found) == needed(chosen)


async def test_a_list_of_nothing_that_runs_there_says_so(tmp_path: Path) -> None:
    world = World(StoreFolder(tmp_path))
    world.legacy("m:latest", OLD)
    odd = manifest("odd", runner="vllm")
    world.publish("m:latest", list_of(odd), odd)
    found = await world.finds("m:latest", None)
    assert found.reason == "ollama.com has nothing of this name that runs on this server."


async def test_a_list_whose_manifest_is_not_there_is_unknown(tmp_path: Path) -> None:
    world = World(StoreFolder(tmp_path))
    world.legacy("m:latest", OLD)
    world.publish("m:latest", NEW_LIST)
    found = await world.finds("m:latest", None)
    assert found.status is UNKNOWN
    assert "made or renamed" not in found.reason


async def test_a_backup_is_not_asked_about(tmp_path: Path) -> None:
    world = World(StoreFolder(tmp_path))
    world.legacy(f"llamacpp:{digest(OLD_LLAMACPP)}", OLD_LLAMACPP)
    found = await world.finds(world.rows[0]["name"], None)
    assert (found.status, found.reason) == (UNKNOWN, upstream.BACKUP)
    assert world.asked == []


async def test_what_a_real_server_converted_is_current_where_its_original_is(
    tmp_path: Path,
) -> None:
    root, name = unpacked("migrated-list-anchor-shadow", tmp_path), "tiny-oss:latest"
    link = root / "manifests-v2/ollama.com/library/tiny-oss/latest"
    target = link.readlink().name
    link.unlink()  # the archive has it with its target cut
    link.symlink_to(f"../../../../blobs/{target}")
    contents = ModelStore(root).read()
    world = World(StoreFolder(tmp_path / "unused"))
    row = contents.listed()[name]
    world.rows.append({"name": name, "digest": row.digest, "size": row.size})
    pulled = root / "manifests/registry.ollama.ai/library/tiny-oss/alias"
    world.publish(name, pulled.read_bytes())
    assert row.runner == "llamacpp"
    assert (await world.finds(name, contents)).status is CURRENT
    assert world.asked == ["HEAD library/tiny-oss/manifests/latest"]


async def test_what_a_real_server_retired_has_nothing_to_compare(tmp_path: Path) -> None:
    contents = read("retired", tmp_path)
    world = World(StoreFolder(tmp_path / "unused"))
    row = contents.listed()["conv:latest"]
    world.rows.append({"name": "conv:latest", "digest": row.digest, "size": row.size})
    world.publish("conv:latest", OLD)
    found = await world.finds("conv:latest", contents)
    assert (found.status, found.reason) == (UNKNOWN, upstream.CONVERTED)
