"""Every kind of thing that lies in a model store, read from real folders."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from ollama_tui.domain.storage.contents import Contents
from ollama_tui.domain.storage.manifest import ManifestError, StoredManifest, parse
from ollama_tui.services.store.places import USUAL, named_in, roots
from ollama_tui.services.store.reader import ModelStore
from tests.services.stores import SECONDS, StoreFolder, aged, as_somebody_else, full

BLOB = "sha256-" + "a" * 64


@pytest.fixture
def store() -> Iterator[StoreFolder]:
    """A store that others may look into, unlike `tmp_path`."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield StoreFolder(Path(folder))


def read(store: StoreFolder) -> Contents:
    return ModelStore(store.root).read()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("registry.ollama.ai/library/qwen3/1.7b", "qwen3:1.7b"),
        ("registry.ollama.ai/studio/Reviewer/latest", "studio/Reviewer:latest"),
        ("hf.co/bartowski/Some-Model-GGUF/Q4_K_M", "hf.co/bartowski/Some-Model-GGUF:Q4_K_M"),
        ("localhost:5000/ns/m/t", "localhost:5000/ns/m:t"),
    ],
)
def test_a_manifest_has_the_name_the_server_prints(
    store: StoreFolder, path: str, name: str
) -> None:
    file = store.manifest(path, "a", "b", config="c")
    (found,) = read(store).entries
    assert found.name == name
    assert found.digest == sha256(file.read_bytes()).hexdigest()
    assert found.modified == SECONDS - 24 * 3600
    (manifest,) = found.manifests
    assert manifest.blobs == {full("a"), full("b"), full("c")}


@pytest.mark.parametrize(
    "path",
    [
        ".DS_Store",
        "registry.ollama.ai/.DS_Store",
        "registry.ollama.ai/library/m/.hidden",
        "registry.ollama.ai/library/m/deeper/latest",
        "registry.ollama.ai/library/C:\\models\\m/latest",
        "registry.ollama.ai/library/m/desktop.ini~",
        "re gistry/library/m/latest",
    ],
)
def test_what_the_server_takes_for_no_name_is_ignored(store: StoreFolder, path: str) -> None:
    store.raw(path, b"{}")
    contents = read(store)
    assert contents.entries == ()
    assert contents.unseen == 0


@pytest.mark.parametrize(
    "data",
    [b"", b'{"layers": [{"digest": "sha256:', b"[]", b'{"layers": 3}', b'{"layers": [3]}',
     b'{"config": "x"}', b'{"layers": [{"digest": 5}]}', b"\xff\xfe", b"[" * 100_000],
)  # fmt: skip
def test_a_damaged_manifest_is_named_and_the_others_count(store: StoreFolder, data: bytes) -> None:
    store.model("whole", "a")
    store.raw("registry.ollama.ai/library/cut/latest", data)
    contents = read(store)
    assert [entry.name for entry in contents.entries if not entry.problem] == ["whole:latest"]
    assert list(contents.obstacles) == ["manifests/registry.ollama.ai/library/cut/latest"]
    assert contents.has_damage


def blobs_of(manifest: str) -> frozenset[str]:
    said = parse(manifest.encode())
    assert isinstance(said, StoredManifest)
    return said.blobs


def test_a_manifest_is_read_as_go_reads_it() -> None:
    a, b = full("a"), full("b")
    text = f'  {{"config": null, "layers": [{{"digest":"sha256-{a}"}}, {{"digest":null}}]}} rest'
    assert blobs_of(text) == {a}
    assert blobs_of(f'{{"config":{{"digest":"sha256:{b}"}},"layers":null}}') == {b}
    assert blobs_of('{"layers":[{"digest":"md5:1"}]}') == frozenset()
    with pytest.raises(ManifestError):
        parse(b"null")


def test_a_manifest_says_which_blobs_are_weights(store: StoreFolder) -> None:
    weights, text, image = full("a"), full("b"), "application/vnd.ollama.image"
    layers = f'{{"digest":"sha256:{weights}","mediaType":"{image}.model"}}'
    layers += f', {{"digest":"sha256:{text}","mediaType":"{image}.license"}}'
    store.raw("registry.ollama.ai/library/m/latest", f'{{"layers":[{layers}]}}'.encode())
    (found,) = read(store).entries
    (manifest,) = found.manifests
    assert manifest.blobs == {weights, text}
    assert found.weights == manifest.weights == {weights}


def test_blobs_have_their_real_sizes_and_times(store: StoreFolder) -> None:
    store.blob("a", 5_000_000_000, hours=3)
    (store.root / "blobs" / f"sha256:{full('b')}").write_bytes(b"old name")
    blobs = read(store).blobs
    assert blobs[full("a")].size == blobs[full("a")].frees == 5_000_000_000
    assert blobs[full("a")].touched == SECONDS - 3 * 3600
    assert blobs[full("b")].size == 8


@pytest.mark.parametrize(
    "name", [".DS_Store", "Thumbs.db", "sha256-xyz", f"sha256-{'A' * 64}", "sha256-" + "a" * 63]
)
def test_other_files_among_the_blobs_are_none_of_the_stores(store: StoreFolder, name: str) -> None:
    (store.root / "blobs" / name).write_text("x")
    (store.root / "blobs" / f"sha256-{full('d')}").mkdir()
    contents = read(store)
    assert contents.blobs == {}
    assert contents.partials == ()


def test_a_blob_with_another_name_elsewhere_frees_nothing(
    store: StoreFolder, tmp_path: Path
) -> None:
    os.link(store.blob("a", 100), store.root / "keeps-it")
    elsewhere = tmp_path / "big"
    elsewhere.write_bytes(b"x" * 70)
    (store.root / "blobs" / f"sha256-{full('b')}").symlink_to(elsewhere)
    (store.root / "blobs" / f"sha256-{full('c')}").symlink_to(tmp_path / "gone")
    blobs = read(store).blobs
    assert (blobs[full("a")].size, blobs[full("a")].frees) == (100, 0)
    assert (blobs[full("b")].size, blobs[full("b")].frees) == (70, 0)
    assert full("c") not in blobs


def test_partial_downloads_take_what_is_allocated_not_their_length(store: StoreFolder) -> None:
    store.partial("a", b"x" * 8192, apparent=3_000_000_000, hours=2)
    temporary = store.root / "blobs" / f"sha256-{full('b')}.tmp"
    temporary.write_bytes(b"y" * 4096)
    partials = {partial.digest: partial for partial in read(store).partials}
    pieces = list(store.root.glob(f"blobs/sha256-{full('a')}*"))
    assert len(pieces) == 2
    assert partials[full("a")].size == sum(piece.stat().st_blocks * 512 for piece in pieces)
    assert partials[full("a")].size < 100_000
    assert partials[full("a")].touched == SECONDS - 2 * 3600
    assert partials[full("b")].size == temporary.stat().st_blocks * 512
    assert read(store).blobs == {}


def test_orphans_are_the_blobs_no_manifest_names_biggest_first(store: StoreFolder) -> None:
    store.blob("a", 10)
    store.blob("b", 20)
    store.blob("c", 30)
    store.model("m", "a")
    contents = read(store)
    assert [blob.size for blob in contents.orphans] == [30, 20]
    assert contents.users[full("a")] == {"m:latest"}


def test_a_store_behind_links_is_the_same_store(store: StoreFolder, tmp_path: Path) -> None:
    store.blob("a", 10)
    store.model("m", "a")
    link = tmp_path / "models"
    link.symlink_to(store.root)
    moved = store.root / "registry"
    (store.root / "manifests" / "registry.ollama.ai").rename(moved)
    (store.root / "manifests" / "registry.ollama.ai").symlink_to(moved)
    contents = ModelStore(link).read()
    assert [entry.name for entry in contents.entries] == ["m:latest"]
    assert contents.for_old_server.orphans == ()
    assert list(contents.obstacles.values()) == ["links lead to it that leave its tree"]


def test_links_in_a_circle_end(store: StoreFolder) -> None:
    circle = store.root / "manifests" / "registry.ollama.ai"
    circle.symlink_to(circle)
    (store.root / "manifests" / "up").symlink_to(store.root / "manifests")
    assert read(store).entries == ()


def test_a_pipe_among_the_manifests_is_not_waited_for(store: StoreFolder) -> None:
    folder = store.root / "manifests/registry.ollama.ai/library/m"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "latest")
    assert read(store).entries == ()


def test_what_we_may_not_read_is_counted_not_forgotten(store: StoreFolder) -> None:
    store.model("open", "a")
    file = store.model("shut", "b")
    folder = store.manifest("hf.co/secret/m/latest", "c").parent.parent
    file.chmod(0)
    folder.chmod(0)
    with as_somebody_else():
        contents = read(store)
    folder.chmod(0o755)
    assert [entry.name for entry in contents.entries] == ["open:latest"]
    assert contents.unseen == 2
    assert not contents.has_damage


def test_a_store_that_cannot_be_listed_is_an_error(store: StoreFolder) -> None:
    blobs = store.root / "blobs"
    blobs.chmod(0)
    with as_somebody_else(), pytest.raises(PermissionError):
        read(store)
    blobs.chmod(0o755)
    with pytest.raises(FileNotFoundError):
        ModelStore(store.root / "nowhere").read()


def test_a_second_reading_notices_what_changed(store: StoreFolder) -> None:
    reader = ModelStore(store.root)
    store.model("kept", "a")
    changed = store.model("changed", "a")
    removed = store.model("removed", "a")
    assert len(reader.read().entries) == 3
    removed.unlink()
    store.model("changed", "b", "c")
    aged(changed, 1)
    store.model("added", "d")
    manifests = {entry.name: entry.manifests[0].blobs for entry in reader.read().entries}
    assert manifests == {
        "kept:latest": {full("a")},
        "changed:latest": {full("b"), full("c")},
        "added:latest": {full("d")},
    }


def test_the_free_space_is_that_of_the_stores_disk(store: StoreFolder) -> None:
    contents = read(store)
    disk = os.statvfs(store.root)
    assert contents.free is not None
    assert contents.capacity is not None
    assert 0 < contents.free < contents.capacity <= disk.f_blocks * disk.f_frsize


def test_reading_a_store_needs_nothing_but_the_standard_library() -> None:
    program = (
        "import sys; import ollama_tui.services.store.reader;"
        "print([m for m in ('textual', 'httpx', 'msgspec', 'humanize') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


# Where it may be: what the server says first, then the usual places


@pytest.mark.parametrize(
    ("modelfile", "found"),
    [
        (f"# Modelfile\n\nFROM /srv/models/blobs/{BLOB}\nTEMPLATE x", ["/srv/models"]),
        (f"FROM /srv/my models/blobs/{BLOB}\nADAPTER /b/blobs/{BLOB}", ["/srv/my models", "/b"]),
        (f"FROM C:\\Users\\me\\.ollama\\models\\blobs\\{BLOB}", []),
        (f"FROM models/blobs/{BLOB}", []),
        (f"FROM /srv/\0/blobs/{BLOB}", []),
        ("FROM /srv/models/blobs/sha256-abc", []),
        ("FROM qwen3:1.7b", []),
        ("FROM ", []),
        (f'SYSTEM """\nFROM /evil/blobs/{BLOB}\n"""', []),
        ("", []),
    ],
)
def test_the_head_of_a_modelfile_names_the_store(modelfile: str, found: list[str]) -> None:
    assert list(named_in(modelfile)) == [Path(path) for path in found]


def test_what_the_server_says_comes_before_the_environment_and_the_usual_places() -> None:
    looked = roots([f"FROM /s/blobs/{BLOB}"], {"OLLAMA_MODELS": ' "/env" ', "HOME": "/home/me"})
    assert looked == (Path("/s"), Path("/env"), Path("/home/me/.ollama/models"), *USUAL)


def test_a_place_named_twice_is_looked_into_once() -> None:
    assert roots([f"FROM {USUAL[0]}/blobs/{BLOB}"], {}) == USUAL
