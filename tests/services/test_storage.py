"""The disk as the program knows it: measured when the store is this server's, else estimated."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from ollama_tui.api.errors import Unreachable
from ollama_tui.api.replies import Show
from ollama_tui.domain.model import Model, Snapshot
from ollama_tui.services.observable import Observable
from ollama_tui.services.storage import Storage
from ollama_tui.services.store.places import USUAL
from tests.domain.models import NOW
from tests.services.stores import StoreFolder, full, listed


class Told:
    """A server that says where its files are, or that it cannot."""

    def __init__(self, modelfile: str | None = "") -> None:
        self.modelfile = modelfile
        self.asked: list[str] = []

    async def show(self, model: str) -> Show:
        self.asked.append(model)
        if self.modelfile is None:
            raise Unreachable("No connection.")
        return Show(modelfile=self.modelfile)


@pytest.fixture
def store(tmp_path: Path) -> StoreFolder:
    folder = StoreFolder(tmp_path / "models")
    folder.blob("a", 5_000)
    folder.blob("b", 70)
    folder.blob("c", 900)
    return folder


def filled(store: StoreFolder) -> tuple[Model, ...]:
    return (
        listed(store.model("one", "a", "b"), "one:latest", 5_070),
        listed(store.model("two", "a"), "two:latest", 5_000),
    )


def named(store: StoreFolder) -> str:
    return f"# Modelfile\nFROM {store.root}/blobs/sha256-{full('a')}\n"


def disk_of(server: Told, environ: dict[str, str] | None = None, *, local: bool = True) -> Storage:
    return Storage(server.show, local=local, environ=environ)


async def test_the_store_is_found_where_the_details_say(store: StoreFolder) -> None:
    server = Told(named(store))
    usage = await disk_of(server).usage(filled(store))
    assert usage.exact
    assert str(store.root) in usage.source
    entry = store.root / "manifests/registry.ollama.ai/library/one/latest"
    assert usage.freed(["one:latest"]).bytes == 70 + entry.stat().st_size
    assert [blob.size for blob in usage.orphans or ()] == [900]
    assert server.asked == ["one:latest"]


async def test_a_store_the_environment_names_is_found_without_asking(store: StoreFolder) -> None:
    server = Told()
    usage = await disk_of(server, {"OLLAMA_MODELS": str(store.root)}).usage(filled(store))
    assert usage.exact
    assert server.asked == []


@pytest.mark.skipif(
    any((folder / "blobs").is_dir() for folder in USUAL), reason="Ollama is installed here"
)
async def test_a_server_without_models_has_the_one_folder_that_lists_none_either(
    store: StoreFolder, tmp_path: Path
) -> None:
    home = StoreFolder(tmp_path / "home" / ".ollama" / "models")
    environ = {"HOME": str(tmp_path / "home")}
    found = await disk_of(Told(), environ).contents(())
    assert found is not None
    assert (found.root, found.listed()) == (str(home.root), {})
    named = await disk_of(Told(), environ | {"OLLAMA_MODELS": str(store.root)}).contents(())
    assert named is not None
    assert named.root == str(store.root)
    home.manifest("registry.ollama.ai/library/one/latest", "a", config="c")
    home.blob("c", 1)
    assert await disk_of(Told(), environ).contents(()) is None
    assert await disk_of(Told(), environ, local=False).contents(()) is None


async def test_a_fresh_store_has_no_trees_yet(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    found = await disk_of(Told(), {"OLLAMA_MODELS": str(tmp_path)}).contents(())
    assert found is not None
    assert (found.entries, found.blobs) == ((), {})
    assert found.free


async def test_the_store_of_another_server_is_not_used(store: StoreFolder) -> None:
    models = filled(store)
    store.model("two", "a", "b")
    disk = disk_of(Told(named(store)))
    usage = await disk.usage(models)
    assert not usage.exact
    assert usage.orphans is None
    assert disk.measured.value is None


async def test_a_copy_with_other_times_is_not_used(store: StoreFolder) -> None:
    models = tuple(
        listed(
            Path(store.model(name, "a")),
            f"{name}:latest",
            modified_text=(NOW + timedelta(days=n)).isoformat(),
        )
        for n, name in enumerate(["one", "two"])
    )
    assert not (await disk_of(Told(named(store))).usage(models)).exact


async def test_nothing_is_looked_for_when_the_server_is_elsewhere(store: StoreFolder) -> None:
    server = Told(named(store))
    usage = await disk_of(server, {"OLLAMA_MODELS": str(store.root)}, local=False).usage(
        filled(store)
    )
    assert not usage.exact
    assert server.asked == []


@pytest.mark.parametrize("modelfile", ["FROM qwen3:1.7b", "", None])
async def test_a_server_that_does_not_tell_is_asked_and_an_estimate_does(
    store: StoreFolder, modelfile: str | None
) -> None:
    server = Told(modelfile)
    assert not (await disk_of(server).usage(filled(store))).exact
    assert server.asked == ["one:latest"]


async def test_a_server_that_does_not_tell_is_asked_once(store: StoreFolder) -> None:
    server = Told("FROM one:latest")
    disk = disk_of(server)
    models = filled(store)
    for _ in range(3):
        assert not (await disk.usage(models)).exact
    assert server.asked == ["one:latest"]


async def test_a_server_that_did_not_answer_is_asked_again(store: StoreFolder) -> None:
    server = Told(None)
    disk = disk_of(server)
    models = filled(store)
    assert not (await disk.usage(models)).exact
    server.modelfile = named(store)
    assert (await disk.usage(models)).exact


async def test_the_answer_is_kept_until_the_list_changes(store: StoreFolder) -> None:
    disk = disk_of(Told(named(store)))
    models = filled(store)
    first = await disk.usage(models)
    assert await disk.usage(models) is first
    assert disk.known(models) is first
    more = (*models, listed(store.model("three", "c"), "three:latest"))
    assert not disk.known(more).exact
    second = await disk.usage(more)
    assert second.exact
    assert second.orphans == ()


async def test_reading_anew_sees_what_no_list_shows(store: StoreFolder) -> None:
    disk = disk_of(Told(named(store)))
    models = filled(store)
    await disk.usage(models)
    store.blob("d", 12_345)
    again = await disk.read(models)
    assert [blob.size for blob in again.orphans or ()] == [12_345, 900]


async def test_what_a_job_has_done_is_read_although_the_list_is_the_same(
    store: StoreFolder,
) -> None:
    disk = disk_of(Told(named(store)))
    models = filled(store)
    await disk.usage(models)
    (store.root / "blobs" / f"sha256-{full('c')}").unlink()
    assert [blob.size for blob in (await disk.usage(models)).orphans or ()] == [900]
    disk.expect_changes()
    assert disk.known(models).exact, "The old answer does until then."
    assert (await disk.usage(models)).orphans == ()


async def test_it_follows_the_list_by_itself_without_asking(store: StoreFolder) -> None:
    server = Told()
    disk = disk_of(server, {"OLLAMA_MODELS": str(store.root)})
    snapshots = Observable(Snapshot())
    async with disk.following(snapshots):
        measured = disk.measured.follow()
        assert await anext(measured) is None
        snapshots.set(Snapshot(models=filled(store), fetched_at=NOW))
        async with asyncio.timeout(10):
            usage = await anext(measured)
    assert usage is not None
    assert usage.exact
    assert server.asked == []


async def test_a_store_that_goes_away_leaves_the_estimate(store: StoreFolder) -> None:
    disk = disk_of(Told(named(store)))
    models = filled(store)
    assert (await disk.usage(models)).exact
    (store.root / "blobs").rename(store.root / "gone")
    assert not (await disk.read(models)).exact
