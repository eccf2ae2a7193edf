"""The example stores of 0.40: listed, deleted from and cleaned as two real servers did it."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ollama_tui.domain import names
from ollama_tui.domain.storage.contents import Contents
from ollama_tui.domain.storage.deletion import removal
from ollama_tui.domain.storage.upgrade import (
    backups_of,
    hidden_entries,
    kept_originals,
    lone_backups,
)
from ollama_tui.services.store.reader import ModelStore

FOLDER = Path(__file__).parents[1] / "stores"
EXPECTED: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text())
RELEASE, PREVIEW = "0.40.2-reconstructed", "preview-baa78e71"
LATER = 1_800_000_000.0
"""Weeks after the stores were made, in Unix seconds."""
CONVERTED = "4fb190fb8f557bab5f1dd57435e29c47954154b6a0f120572267aed6de60afa0"
ORIGINAL = "9882e45861e468abdbe058ca0a3ba87a8a73c3784312e009de7bae210c7e8745"
STOPS_AT_A_DANGLING_LINK = ("dangling", PREVIEW, "registry.ollama.ai/library/fallback:latest")
"""Answered with 404 by the preview alone; the release finds the older entry, and so do we."""
DELETIONS = [
    (store, server, name)
    for store, servers in EXPECTED.items()
    for server in (RELEASE, PREVIEW)
    for name in servers[server]["delete"]
    if (store, server, name) != STOPS_AT_A_DANGLING_LINK
]


def unpacked(store: str, folder: Path) -> Path:
    with tarfile.open(FOLDER / f"{store}.tar.gz") as archive:
        # Made here, so trusted; the argument is not in the first releases of Python 3.11.
        trusted = getattr(tarfile, "fully_trusted_filter", None)
        archive.extractall(folder, **({"filter": trusted} if trusted else {}))
    return folder / "models"


def read(store: str, folder: Path) -> Contents:
    return ModelStore(unpacked(store, folder)).read()


@pytest.mark.parametrize("store", EXPECTED)
def test_the_release_lists_one_row_a_name(store: str, tmp_path: Path) -> None:
    listed = read(store, tmp_path).listed()
    rows = [(name, m.size, m.digest, m.runner) for name, m in listed.items()]
    tags = EXPECTED[store][RELEASE]["tags"]
    assert sorted(rows) == sorted((t["name"], t["size"], t["digest"], t["runner"]) for t in tags)


@pytest.mark.parametrize("store", EXPECTED)
def test_the_preview_lists_every_manifest_and_the_backups(store: str, tmp_path: Path) -> None:
    contents = read(store, tmp_path)
    rows = {
        (name, manifest.size, manifest.digest)
        for name, entry in contents.counted.items()
        for manifest in entry.manifests
    }
    tags = EXPECTED[store][PREVIEW]["tags"]
    assert {(tag["name"], tag["size"], tag["digest"]) for tag in tags} <= rows
    assert {name for name, _, _ in rows} - {tag["name"] for tag in tags} <= {"lost:latest"}


@pytest.mark.parametrize(("store", "server", "name"), DELETIONS)
def test_a_deletion_frees_what_it_freed_there(
    store: str, server: str, name: str, tmp_path: Path
) -> None:
    expected = EXPECTED[store][server]["delete"][name]
    gone = removal(read(store, tmp_path), [names.parse(name).display])
    assert list(gone.paths) == sorted(expected["removed"])
    assert gone.freed == expected["freed_bytes"]
    assert bool(gone.names) is (expected["status"] == 200)


@pytest.mark.parametrize("server", [RELEASE, PREVIEW])
@pytest.mark.parametrize("store", EXPECTED)
def test_a_start_removes_what_it_removed_there(store: str, server: str, tmp_path: Path) -> None:
    contents = read(store, tmp_path)
    removed = [path for left in contents.removed_at_start(LATER) for path in left.paths]
    assert sorted(removed) == sorted(EXPECTED[store][server]["removed_at_start"])
    assert bool(contents.obstacles) is (store == "dangling")


def test_a_dangling_link_is_named_and_what_it_hides_is_not_called_unused(tmp_path: Path) -> None:
    contents = read("dangling", tmp_path)
    assert set(contents.obstacles) == {
        "manifests-v2/ollama.com/library/fallback/latest",
        "manifests-v2/ollama.com/library/gone/latest",
    }
    assert set(contents.unprotected.values()) == {"fallback:latest"}
    loose = {blob.digest for blob in contents.orphans}
    assert loose.isdisjoint(contents.unprotected)


def mended(folder: Path) -> Contents:
    """Return the store that a conversion really left, with its link as the server made it."""
    models = unpacked("migrated-list-anchor-shadow", folder)
    link = models / "manifests-v2/ollama.com/library/tiny-oss/latest"
    target = os.readlink(link).replace("models./", "../")
    link.unlink()
    link.symlink_to(target)
    return ModelStore(models).read()


def test_a_conversion_leaves_the_original_and_a_backup(tmp_path: Path) -> None:
    contents = mended(tmp_path)
    assert not contents.obstacles
    assert contents.listed()["tiny-oss:latest"].digest == CONVERTED
    (original,) = kept_originals(contents)
    assert (original.digest, original.names, original.takes) == (ORIGINAL, ("tiny-oss:latest",), ())
    (backup,) = backups_of(contents, ["tiny-oss:latest"])
    assert backup.name == f"llamacpp:{CONVERTED}"
    assert backup.target == f"registry.ollama.ai/library/llamacpp:{CONVERTED}"
    assert lone_backups(contents) == ()
    assert hidden_entries(contents) == ()


def test_deleting_a_converted_model_keeps_what_was_made_of_it_for_the_backup(
    tmp_path: Path,
) -> None:
    contents = mended(tmp_path)
    alone = removal(contents, ["tiny-oss:latest"])
    assert f"blobs/sha256-{CONVERTED}" not in alone.paths
    assert alone.freed == 464 + 734 + 734  # list, original's manifest, older entry
    both = removal(contents, ["tiny-oss:latest", f"llamacpp:{CONVERTED}"])
    made = 342_016 + 414 + 788  # weights, config, manifest; the texts are the original's too
    assert both.freed == alone.freed + made + 788
    every = removal(contents, [*contents.counted])
    assert every.freed == sum(blob.size for blob in contents.blobs.values()) + 702 + 734 + 788


def test_deleting_the_original_writes_the_list_anew_and_removes_the_older_entry(
    tmp_path: Path,
) -> None:
    contents = mended(tmp_path)
    gone = removal(contents, (), (ORIGINAL,))
    assert gone.names == frozenset()
    assert gone.changed == {"tiny-oss:latest"}
    assert [path.rpartition("/")[2][:15] for path in gone.paths] == [
        "sha256-9882e458", "sha256-f1525ecd", "latest",
    ]  # fmt: skip
    assert gone.removed == 734 + 464 + 734  # the weights stay: an alias has them
    rest = removal(contents, ["tiny-oss:alias"], (ORIGINAL,))
    assert rest.removed == gone.removed + 341_856 + 411 + 702
    assert gone.added == rest.added == 280  # a list of one, as in the store `retired`


def test_a_manifest_under_several_names_goes_under_all_of_them(tmp_path: Path) -> None:
    contents = read("list-two-children", tmp_path)
    ggml = contents.counted["just:ggml"].digest
    gone = removal(contents, (), (ggml,))
    assert gone.names == {"just:ggml"}
    assert gone.changed == {"pair:latest", "pair:copy"}
    assert not kept_originals(contents), "A list that somebody made is no conversion."


def test_the_backup_of_a_model_is_offered_only_with_the_last_name_that_has_it(
    tmp_path: Path,
) -> None:
    contents = read("retired", tmp_path)
    (backup,) = backups_of(contents, ["conv:latest"])
    assert not lone_backups(contents)
    freed = removal(contents, ["conv:latest", backup.name]).freed
    assert freed == removal(contents, ["conv:latest"]).freed + 736 + 736 + 37_568 + 409 + 9 + 19


def test_a_server_before_040_sees_the_older_tree_alone(tmp_path: Path) -> None:
    contents = read("list-one-child", tmp_path).for_old_server
    listed = contents.listed()
    (anchor,) = contents.entries
    assert anchor.is_anchor
    assert listed["pulled:4b"].digest == anchor.digest
    assert listed["pulled:4b"].size > 38_011, "An older server counts the manifests as layers."
    assert contents.orphans == ()
    only_new = read("v2-only", tmp_path / "other").for_old_server
    assert not only_new.entries
    assert {blob.digest for blob in only_new.orphans} == only_new.blobs.keys()
