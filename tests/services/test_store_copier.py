"""Models copied between real folders: whole, verified, or not at all."""

from __future__ import annotations

import fcntl
import os
from hashlib import sha256
from pathlib import Path
from threading import Event

import pytest

from ollama_tui.config.safe_file import Unusable
from ollama_tui.domain.copying import plan_copies
from ollama_tui.services.store.checksums import checksums, damaged, read_checksums
from ollama_tui.services.store.copier import Damaged, InUse, Stopped, StoreCopier
from ollama_tui.services.store.reader import ModelStore, contents_or_empty
from tests.services.stores import NOBODY, StoreFolder
from tests.services.test_store_examples import EXPECTED, unpacked


def copied(
    source: Path, target: Path, *, links: bool = True, stop: Event | None = None
) -> list[str]:
    """Copy all models from one folder to another and return their names."""
    contents = ModelStore(source).read()
    names = [name for name, entry in contents.counted.items() if entry.manifests]
    copying = plan_copies(contents, contents_or_empty(target), names)
    moved: list[int] = []
    copier = StoreCopier(source, target, links=links, moved=moved.append, stop=stop or Event())
    with copier.opened():
        for model in copying.copies:
            copier.copy(model)
    assert sum(moved) == copying.plan.fetched.bytes
    return [model.name for model in copying.copies]


def rows(folder: Path) -> dict[str, tuple[str, int, str, float]]:
    contents = ModelStore(folder).read()
    return {
        name: (m.digest, m.size, m.runner, contents.counted[name].modified)
        for name, m in contents.listed().items()
    }


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


@pytest.fixture
def one_model(tmp_path: Path) -> StoreFolder:
    folder = StoreFolder(tmp_path / "store")
    weights, config = folder.content(b"weights" * 1000), folder.content(b"{}")
    folder.raw("registry.ollama.ai/library/m/1b", folder.plain(weights, config=config))
    return folder


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("store", sorted(EXPECTED))
def test_a_copy_lists_what_the_store_lists_and_so_does_the_copy_of_the_copy(
    store: str, links: bool, tmp_path: Path
) -> None:
    original = unpacked(store, tmp_path / "original")
    copied(original, tmp_path / "archive", links=False)
    copied(tmp_path / "archive", tmp_path / "new", links=links)
    listed = {name: row[:3] for name, row in rows(original).items()}
    for folder in (tmp_path / "archive", tmp_path / "new"):
        there = {name: row[:3] for name, row in rows(folder).items()}
        assert {name: there[name] for name in listed} == listed
        assert not ModelStore(folder).read().obstacles
        for path in (folder / "blobs").iterdir():
            assert path.name == f"sha256-{sha256(path.read_bytes()).hexdigest()}"
    assert not any(path.is_symlink() for path in (tmp_path / "archive").rglob("*"))


def test_a_list_becomes_a_link_in_a_server_s_store(tmp_path: Path) -> None:
    original = unpacked("list-two-children", tmp_path / "original")
    copied(original, tmp_path / "new")
    lists = [e for e in ModelStore(tmp_path / "new").read().entries if e.list is not None]
    assert lists
    for entry in lists:
        link = os.readlink(tmp_path / "new" / entry.path)
        assert link == f"../../../../blobs/sha256-{entry.digest}"


def test_the_time_of_a_model_stays(one_model: StoreFolder, tmp_path: Path) -> None:
    copied(one_model.root, tmp_path / "new")
    assert rows(tmp_path / "new") == rows(one_model.root)


def test_a_second_copy_copies_nothing(one_model: StoreFolder, tmp_path: Path) -> None:
    assert copied(one_model.root, tmp_path / "new") == ["m:1b"]
    assert copied(one_model.root, tmp_path / "new") == []


def test_a_blob_whose_content_is_not_that_of_its_name_is_refused_and_leaves_nothing(
    one_model: StoreFolder, tmp_path: Path
) -> None:
    [weights] = [p for p in (one_model.root / "blobs").iterdir() if p.stat().st_size > 100]
    content = weights.read_bytes()
    weights.write_bytes(b"W" + content[1:])
    with pytest.raises(Damaged, match=f"{weights} is damaged"):
        copied(one_model.root, tmp_path / "new")
    assert len(files(tmp_path / "new")) == 1  # the config, which is what it should be
    assert not ModelStore(one_model.root).read().obstacles
    weights.write_bytes(content)
    assert copied(one_model.root, tmp_path / "new") == ["m:1b"]


def test_stopping_leaves_no_part_of_a_blob_and_no_entry(
    one_model: StoreFolder, tmp_path: Path
) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        copied(one_model.root, tmp_path / "new", stop=stop)
    assert files(tmp_path / "new") == set()


def test_a_manifest_that_changes_meanwhile_is_not_mixed_with_the_blobs_of_the_old_one(
    one_model: StoreFolder, tmp_path: Path
) -> None:
    contents = ModelStore(one_model.root).read()
    [model] = plan_copies(contents, contents_or_empty(tmp_path / "new"), ["m:1b"]).copies
    one_model.raw("registry.ollama.ai/library/m/1b", one_model.plain("f"))
    copier = StoreCopier(
        one_model.root, tmp_path / "new", links=True, moved=lambda _: None, stop=Event()
    )
    with copier.opened(), pytest.raises(Damaged, match="has changed meanwhile"):
        copier.copy(model)


def test_one_process_at_a_time_copies_into_a_store_and_tidies_up_after_one_that_was_killed(
    one_model: StoreFolder, tmp_path: Path
) -> None:
    blobs = tmp_path / "new" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "ollama-tui-abc.tmp").write_bytes(b"half")
    (blobs / "sha256-123").write_bytes(b"of somebody else")
    other = os.open(blobs, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(InUse):
        copied(one_model.root, tmp_path / "new")
    assert (blobs / "ollama-tui-abc.tmp").exists()
    os.close(other)
    copied(one_model.root, tmp_path / "new")
    assert not (blobs / "ollama-tui-abc.tmp").exists()
    assert (blobs / "sha256-123").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write for somebody else")
def test_what_root_copies_belongs_to_the_owner_of_the_store(
    one_model: StoreFolder, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    new.mkdir()
    os.chown(new, NOBODY, NOBODY)
    copied(one_model.root, new)
    original = unpacked("list-two-children", tmp_path / "original")
    copied(original, new)
    assert {path.lstat().st_uid for path in new.rglob("*")} == {NOBODY}
    modes = {oct(path.lstat().st_mode & 0o777) for path in (new / "blobs").iterdir()}
    assert modes == {"0o644"}


def test_checksums_are_those_of_all_files(one_model: StoreFolder, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    copied(one_model.root, archive, links=False)
    (archive / "SHA256SUMS").write_text(checksums(ModelStore(archive).read()))
    said = read_checksums(archive)
    assert said.keys() == files(archive) - {"SHA256SUMS"}
    assert all(sha256((archive / p).read_bytes()).hexdigest() == d for p, d in said.items())
    assert damaged(ModelStore(archive).read(), said) == {}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, {}),
        ({"m/1b": "f" * 64}, {"m:1b": "Its manifest does not match SHA256SUMS: export it again."}),
        (
            {"gone/1b": "f" * 64},
            {
                "gone:1b": "Its manifest is missing, or cannot be read: export it again.",
                "m:1b": "Its manifest is not in SHA256SUMS: export it again.",
            },
        ),
    ],
)
def test_checksums_tell_what_became_of_manifests(
    one_model: StoreFolder, said: dict[str, str], found: dict[str, str]
) -> None:
    known = {f"manifests/registry.ollama.ai/library/{path}": d for path, d in said.items()}
    noise = {"blobs/sha256-1": "f" * 64, "manifests/x": "f" * 64} if known else {}
    assert damaged(ModelStore(one_model.root).read(), known | noise) == found


def test_a_file_without_checksums_is_not_taken_for_none(tmp_path: Path) -> None:
    assert read_checksums(tmp_path) == {}
    (tmp_path / "SHA256SUMS").write_text("garbage\n")
    with pytest.raises(Unusable, match="has no checksums"):
        read_checksums(tmp_path)


def test_a_blob_that_cannot_be_read_concerns_its_model_alone(
    one_model: StoreFolder, tmp_path: Path
) -> None:
    contents = ModelStore(one_model.root).read()
    [model] = plan_copies(contents, contents_or_empty(tmp_path / "new"), ["m:1b"]).copies
    (one_model.root / model.blobs[-1].paths[0]).unlink()
    copier = StoreCopier(
        one_model.root, tmp_path / "new", links=True, moved=lambda _: None, stop=Event()
    )
    with copier.opened(), pytest.raises(Damaged, match="cannot be read: no such file"):
        copier.copy(model)
