"""Registries of manifests for several runners: what is outdated, what is not, what nobody can tell.

Each case is checked twice: with the server's store on this machine, and by what the server tells.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from ollama_tui.domain import updates as upstream
from ollama_tui.domain.updates import UpdateStatus, Upstream
from ollama_tui.services.store.reader import ModelStore
from tests.services.registries import PULLED, World, digest, list_of, manifest, size_of
from tests.services.stores import StoreFolder
from tests.services.test_store_examples import read, unpacked

CURRENT, OUTDATED, UNKNOWN = UpdateStatus.CURRENT, UpdateStatus.OUTDATED, UpdateStatus.UNKNOWN
OWN = "127.0.0.1:5000/me/m:1"
"""A name at an own registry, which has what people have made and pushed."""


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


def also_stranger(setting: Setting) -> Setting:
    def both(world: World) -> None:
        setting(world)
        world.legacy("other:latest", STRANGER)

    return both


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
    "converted, and a new license that is here already": (
        also_stranger(converted(is_kept=True)),
        manifest("old", license="Ask us first."), OUTDATED,
    ),
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
        assert found.reason == "Made here from llama3.2:3b."
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
    assert (found.status, found.reason) == (UNKNOWN, "Made here from a file.")


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


async def test_the_same_list_is_told_by_one_question_without_a_body(tmp_path: Path) -> None:
    world = World(StoreFolder(tmp_path))
    world.list("m:latest", OLD_LIST, OLD_LLAMACPP)
    world.publish("m:latest", OLD_LIST)
    assert (await world.finds("m:latest", ModelStore(tmp_path).read())).status is CURRENT
    assert world.asked == ["HEAD library/m/manifests/latest"]


async def test_a_conversion_is_known_by_its_list_where_there_is_no_backup(tmp_path: Path) -> None:
    world = World(StoreFolder(tmp_path))
    world.list("m:latest", list_of(OLD_LLAMACPP), OLD_LLAMACPP)
    world.publish("m:latest", NEW)
    found = await world.finds("m:latest", ModelStore(tmp_path).read())
    assert (found.status, found.reason) == (UNKNOWN, upstream.CONVERTED)


async def test_a_conversion_is_known_by_its_backup_in_the_list(tmp_path: Path) -> None:
    world = World(StoreFolder(tmp_path))
    world.converted("m:latest", OLD, is_kept=False)
    world.row(f"llamacpp:{world.rows[0]['digest']}", world.shown["m:latest", ""])
    world.publish("m:latest", NEW_LIST, *CHILDREN)
    found = await world.finds("m:latest", None)
    assert (found.status, found.reason) == (UNKNOWN, upstream.CONVERTED)


async def test_what_was_pulled_is_known_by_what_is_kept_for_an_older_server(
    tmp_path: Path,
) -> None:
    world = World(StoreFolder(tmp_path))
    world.converted("m:latest", OLD)
    original = digest(world.shown["m:latest", "ggml"])
    (tmp_path / "blobs" / f"sha256-{original}").unlink()
    world.publish("m:latest", OLD)
    assert (await world.finds("m:latest", ModelStore(tmp_path).read())).status is CURRENT


async def test_an_original_that_a_list_names_is_enough(tmp_path: Path) -> None:
    world = World(StoreFolder(tmp_path))
    world.converted("m:latest", OLD_GGML)
    world.publish("m:latest", list_of(OLD_GGML, NEW_LLAMACPP))
    assert (await world.finds("m:latest", None)).status is CURRENT


async def test_each_row_of_a_name_is_compared_by_its_own_details(tmp_path: Path) -> None:
    world = World(StoreFolder(tmp_path))
    world.row("m:latest", manifest("old", runner="ggml"))
    world.row("m:latest", manifest("new", runner="llamacpp"))
    world.publish("m:latest", manifest("new"))
    async with world.updates() as (updates, models):
        found = [(*(await updates.check([model])).values(),)[-1].status for model in models]
    assert found == [OUTDATED, CURRENT]


async def test_what_a_server_shows_for_another_runner_is_no_original(tmp_path: Path) -> None:
    world = World(StoreFolder(tmp_path))
    world.plain("m:latest", OLD_LLAMACPP)
    world.shown["m:latest", "ggml"] = OLD_LLAMACPP
    world.publish("m:latest", NEW)
    found = await world.finds("m:latest", None)
    assert (found.status, found.reason) == (UNKNOWN, upstream.CONVERTED)


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


@pytest.mark.parametrize(
    ("there", "listed", "said"),
    [
        (None, NEW_LIST, f"fetches {size_of(NEW_LLAMACPP)} B"),
        (OLD_LLAMACPP, OLD_LIST, "up to date"),
        (OLD_GGML, NEW_LIST, ", changes weights"),
        (None, list_of(manifest("odd", runner="vllm")), "ollama.com has nothing of this name"),
    ],
)
async def test_an_offer_is_of_what_the_server_would_pull(
    there: bytes | None, listed: bytes, said: str, tmp_path: Path
) -> None:
    world = World(StoreFolder(tmp_path))
    if there is not None:
        world.legacy("m:latest", there)
    world.publish("m:latest", listed, *CHILDREN)
    async with world.updates() as (updates, models):
        offer = await updates.offer("m", False, models[0] if there else None)
    assert said in f"{offer.words} {offer.reason}"


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
