"""The demo lists and deletes in real stores of 0.40 what the servers listed and deleted there."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from ollama_tui.demo.endpoints import uploaded
from ollama_tui.demo.folder import StoreFolder, layout
from ollama_tui.demo.manifest import Tree, manifest_file
from ollama_tui.demo.release import PREVIEW, VERSION, release_of
from ollama_tui.demo.store import Store
from ollama_tui.domain.names import parse
from ollama_tui.services.store.reader import ModelStore
from tests.clock import at_once
from tests.demo.levers import Demo, FaultyRegistry
from tests.services.test_store_examples import EXPECTED, unpacked

SERVERS = {VERSION: "0.40.2-reconstructed", PREVIEW: "preview-baa78e71"}
DELETIONS = [
    (store, version, name)
    for store, servers in EXPECTED.items()
    for version, server in SERVERS.items()
    for name in servers[server]["delete"]
]
TREES: tuple[Tree, ...] = ("manifests-v2", "manifests")


def store_in(folder: Path, version: str) -> Store:
    """Return the store in a folder as a demo server has it."""
    store = Store(release=release_of(version))
    for path in (folder / "blobs").iterdir():
        digest = path.name.replace("-", ":")
        if re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            data = path.read_bytes()
            store.put(uploaded(digest, len(data), data))
    for tree in TREES:
        for path in sorted((folder / tree).glob("*/*/*/*")):
            host, namespace, model, tag = path.relative_to(folder / tree).parts
            host = host.replace("%3A", ":").replace("ollama.com", "registry.ollama.ai")
            name = parse(f"{host}/{namespace}/{model}:{tag}")
            raw = path.read_bytes() if path.exists() else b""
            entry = manifest_file(raw, datetime.fromtimestamp(path.lstat().st_mtime, UTC), tree)
            if not path.exists():
                entry = replace(entry, digest=path.readlink().name.removeprefix("sha256-"))
            (store.hidden if name in store.entries else store.entries)[name] = entry
    return store


def paths(store: Store) -> set[str]:
    return {path for path, _ in layout(store)}


def client_of(store: Store) -> httpx.AsyncClient:
    demo = Demo(store=store, registry=FaultyRegistry(), pace=at_once)
    return httpx.AsyncClient(transport=demo.transport(), base_url="http://demo")


@pytest.mark.parametrize("version", SERVERS)
@pytest.mark.parametrize("example", EXPECTED)
async def test_the_list_is_the_server_s(example: str, version: str, tmp_path: Path) -> None:
    store = store_in(unpacked(example, tmp_path), version)
    async with client_of(store) as client:
        models = (await client.get("/api/tags")).json()["models"]
    rows = [(m["name"], m["size"], m["digest"], m["details"]["runner"]) for m in models]
    tags = EXPECTED[example][SERVERS[version]]["tags"]
    assert sorted(rows) == sorted((t["name"], t["size"], t["digest"], t["runner"]) for t in tags)


@pytest.mark.parametrize(("example", "version", "name"), DELETIONS)
async def test_a_deletion_removes_the_same_files(
    example: str, version: str, name: str, tmp_path: Path
) -> None:
    expected = EXPECTED[example][SERVERS[version]]["delete"][name]
    store = store_in(unpacked(example, tmp_path), version)
    before = paths(store)
    async with client_of(store) as client:
        answer = await client.request("DELETE", "/api/delete", json={"model": name})
    assert answer.status_code == expected["status"]
    assert sorted(before - paths(store)) == sorted(expected["removed"])


@pytest.mark.parametrize("example", EXPECTED)
def test_a_store_laid_out_as_files_reads_as_the_real_one(example: str, tmp_path: Path) -> None:
    real = unpacked(example, tmp_path / "real")
    StoreFolder(tmp_path / "made").update(store_in(real, VERSION))
    theirs, ours = ModelStore(real).read(), ModelStore(tmp_path / "made").read()
    assert {e.path: e.digest for e in ours.entries} == {e.path: e.digest for e in theirs.entries}
    assert ours.listed() == theirs.listed()
    assert {d: b.size for d, b in ours.blobs.items()} == {
        d: b.size for d, b in theirs.blobs.items()
    }


def test_the_folder_follows_the_store(tmp_path: Path) -> None:
    demo = Demo()
    folder = StoreFolder(tmp_path)
    folder.update(demo.store)
    first = ModelStore(tmp_path).read()
    assert set(first.listed()) == demo.names
    demo.store.remove(parse("gemma3:4b"))
    demo.store.remove(parse("gpt-oss:20b"))
    folder.update(demo.store)
    second = ModelStore(tmp_path).read()
    assert demo.names == set(second.listed()) == set(first.listed()) - {"gemma3:4b", "gpt-oss:20b"}
    for path, blob in ((p, b) for p, b in layout(demo.store) if p.startswith("blobs/")):
        assert os.stat(tmp_path / path).st_size == getattr(blob, "size", None)
    assert sum(os.stat(p).st_blocks for p in tmp_path.rglob("*") if p.is_file()) < 4096
    for entry in second.entries:
        assert sha256((tmp_path / entry.path).read_bytes()).hexdigest() == entry.digest
