"""Both trees of a store, with every kind of entry that servers since 0.40 make or meet."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ollama_tui.domain.storage.contents import Contents
from ollama_tui.domain.storage.deletion import removal
from ollama_tui.domain.storage.packaging import LIST_TYPE, MANIFEST_TYPE, embedded_content, go_json
from ollama_tui.domain.storage.upgrade import hidden_entries
from ollama_tui.services.store.reader import ModelStore
from tests.services.stores import SECONDS, StoreFolder, full

LIBRARY = "ollama.com/library"
OLD_LIBRARY = "registry.ollama.ai/library"


@pytest.fixture
def store(tmp_path: Path) -> StoreFolder:
    """Return a store with three weights, `a` to `c`, of which `c` is the config of all."""
    folder = StoreFolder(tmp_path)
    for letter, size in (("a", 100), ("b", 20), ("c", 3)):
        folder.blob(letter, size)
    return folder


def read(store: StoreFolder) -> Contents:
    return ModelStore(store.root).read()


def test_a_link_a_hard_link_and_a_copy_are_one_model_each(store: StoreFolder) -> None:
    data = store.plain("a", runner="llamacpp")
    digest = store.content(data)
    store.v2(f"{LIBRARY}/link/latest", digest)
    store.v2(f"{LIBRARY}/hard/latest", digest, hard=True)
    copy = store.root / "manifests-v2" / LIBRARY / "copy" / "latest"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(data)
    contents = read(store)
    assert {name: m.digest for name, m in contents.listed().items()} == dict.fromkeys(
        ["copy:latest", "hard:latest", "link:latest"], digest
    )
    assert not contents.obstacles
    assert removal(contents, ["copy:latest"]).freed == len(data)
    assert removal(contents, ["link:latest"]).freed == 0
    assert removal(contents, ["hard:latest"]).freed == 0
    everything = removal(contents, ["copy:latest", "hard:latest", "link:latest"])
    assert everything.freed == 103 + 2 * len(data), "The hard link and the blob are one file."


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{LIBRARY}/m/latest", "m:latest"),
        ("ollama.com/team/m/q8_0", "team/m:q8_0"),
        ("127.0.0.1%3A5010/library/m/latest", "127.0.0.1:5010/library/m:latest"),
        ("127.0.0.1%3a5010/library/m/latest", "127.0.0.1:5010/library/m:latest"),
        ("hf.co/Someone/Nano-GGUF/Q4_K_M", "hf.co/Someone/Nano-GGUF:Q4_K_M"),
    ],
)
def test_an_entry_has_the_name_the_server_prints(store: StoreFolder, path: str, name: str) -> None:
    store.v2(path, store.content(store.plain("a")))
    assert list(read(store).listed()) == [name]


def test_the_newer_tree_is_looked_for_first_and_hides_the_older(store: StoreFolder) -> None:
    digest = store.content(store.plain("a"))
    store.v2(f"{LIBRARY}/both/latest", digest)
    old = store.raw(f"{OLD_LIBRARY}/both/latest", store.plain("b"))
    contents = read(store)
    assert contents.listed()["both:latest"].digest == digest
    assert [entry.path for entry in hidden_entries(contents)] == [
        f"manifests/{OLD_LIBRARY}/both/latest"
    ]
    gone = removal(contents, ["both:latest"])
    assert [path[:9] for path in gone.paths] == ["blobs/sha", "blobs/sha", "blobs/sha"] + [
        "manifests"
    ] * 2
    assert full("b") not in " ".join(gone.paths), "Only what the newer entry names is looked at."
    assert gone.freed == 103 + len(store.plain("a")) + old.stat().st_size
    assert [blob.digest for blob in contents.orphans] == [full("b")]


def test_the_anchor_of_a_pull_is_the_same_model_once_more(store: StoreFolder) -> None:
    plain = store.plain("a", runner="llamacpp")
    digest = store.content(plain)
    layers = [
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{full('a')}"},
        {"mediaType": MANIFEST_TYPE, "digest": f"sha256:{digest}", "size": len(plain)},
    ]
    anchor = go_json({"config": {"digest": f"sha256:{full('c')}"}, "layers": layers})
    store.v2(f"{LIBRARY}/pulled/latest", digest)
    store.raw(f"{OLD_LIBRARY}/pulled/latest", anchor)
    contents = read(store)
    assert hidden_entries(contents) == ()
    assert removal(contents, ["pulled:latest"]).freed == 103 + len(plain) + len(anchor)
    by_digest = removal(contents, (), (digest,))
    assert by_digest.freed == 0, "The anchor becomes the entry that counts, and keeps all of it."
    assert not by_digest.names
    assert by_digest.changed == {"pulled:latest"}


def test_both_spellings_of_the_public_registry_are_one_model(store: StoreFolder) -> None:
    store.raw("ollama.com/library/m/latest", store.plain("a"))
    contents = read(store)
    assert list(contents.listed()) == ["m:latest"]
    assert list(contents.for_old_server.listed()) == ["ollama.com/library/m:latest"]
    assert removal(contents, ["m:latest"]).names == {"m:latest"}


def test_the_newer_tree_is_looked_into_by_one_spelling_only(store: StoreFolder) -> None:
    store.v2(f"{OLD_LIBRARY}/stray/latest", store.content(store.plain("a")))
    contents = read(store)
    assert contents.listed() == {}
    assert contents.entry("stray:latest") is None
    assert removal(contents, ["stray:latest"]).paths == ()
    assert full("a") in contents.users, "The server keeps what it names all the same."


def test_a_list_keeps_its_children_and_the_server_lists_the_one_it_runs(
    store: StoreFolder,
) -> None:
    ggml = store.content(store.plain("a", runner="ggml"))
    llamacpp = store.content(store.plain("b", runner="llamacpp"))
    both = store.manifest_list(ggml=ggml, llamacpp=llamacpp, mlx=full("9"))
    store.v2(f"{LIBRARY}/pair/latest", store.content(both))
    contents = read(store)
    assert contents.listed()["pair:latest"].digest == llamacpp
    assert contents.listed(("mlx", "ggml"))["pair:latest"].digest == ggml
    assert contents.entry("pair:latest").digests == {ggml, llamacpp}  # type: ignore[union-attr]
    assert contents.orphans == ()
    assert not contents.obstacles
    one = removal(contents, (), (ggml,))
    kept = store.manifest_list(llamacpp=llamacpp, mlx=full("9"))
    assert one.freed == 100 + len(store.plain("a", runner="ggml")) + len(both) - len(kept)
    every = removal(contents, (), (ggml, llamacpp, full("9")))
    assert every.names == {"pair:latest"}
    assert every.freed == removal(contents, ["pair:latest"]).freed


def test_a_child_that_is_in_the_list_itself_counts_too(store: StoreFolder) -> None:
    child = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"digest": f"sha256:{full('c')}", "size": 3},
        "layers": [{"mediaType": "m", "size": 100, "digest": f"sha256:{full('a')}"}],
        "runner": "llamacpp",
    }
    text = go_json({"schemaVersion": 2, "mediaType": LIST_TYPE, "manifests": [child]})
    store.v2(f"{LIBRARY}/whole/latest", store.content(text))
    contents = read(store)
    (entry,) = contents.entries
    assert contents.listed()["whole:latest"].size == 103
    assert removal(contents, ["whole:latest"]).freed == 103 + len(text)
    assert entry.children == {entry.manifests[0].digest}
    assert entry.list is not None
    assert entry.list.children[0].text == embedded_content(child)


def damage(store: StoreFolder, how: str) -> str:
    """Put an entry into the store for which the server cleans up nothing; return its path."""
    manifest = store.content(store.plain("a"))
    if how == "dangling":
        return _below(store, store.v2(f"{LIBRARY}/bad/latest", full("0")))
    if how == "cut":
        (store.root / "blobs" / f"sha256-{manifest}").write_bytes(b'{"layers": []}')
        return _below(store, store.v2(f"{LIBRARY}/bad/latest", manifest))
    if how == "odd target":
        entry = store.v2(f"{LIBRARY}/bad/latest", manifest)
        entry.unlink()
        elsewhere = store.raw(f"{OLD_LIBRARY}/good/latest", store.plain("a"))
        entry.symlink_to(elsewhere)
        return _below(store, entry)
    if how == "nested list":
        inner = store.content(store.manifest_list(ggml=manifest))
        data = store.manifest_list(ggml=inner)
        return _below(store, store.v2(f"{LIBRARY}/bad/latest", store.content(data)))
    if how == "no child":
        data = store.manifest_list(ggml=full("9"))
        return _below(store, store.v2(f"{LIBRARY}/bad/latest", store.content(data)))
    if how == "damaged child":
        data = store.manifest_list(ggml=manifest)
        (store.root / "blobs" / f"sha256-{manifest}").write_bytes(b"{}")
        return _below(store, store.v2(f"{LIBRARY}/bad/latest", store.content(data)))
    stray = store.v2(f"{LIBRARY}/m/.manifest-123", manifest)
    return _below(store, stray)


def _below(store: StoreFolder, path: Path) -> str:
    return str(path.relative_to(store.root))


@pytest.mark.parametrize(
    "how",
    ["dangling", "cut", "odd target", "nested list", "no child", "damaged child", "temporary"],
)
def test_what_stops_the_server_from_cleaning_is_named(store: StoreFolder, how: str) -> None:
    store.blob("e", 9)
    assert read(store).removed_at_start(SECONDS)
    path = damage(store, how)
    contents = read(store)
    assert list(contents.obstacles) == [path]
    assert contents.removed_at_start(SECONDS) == ()
    assert contents.entry("bad:latest") is None or how in ("no child",)


def test_a_dangling_link_lets_the_server_find_the_older_entry(store: StoreFolder) -> None:
    store.v2(f"{LIBRARY}/m/latest", full("0"))
    old = store.raw(f"{OLD_LIBRARY}/m/latest", store.plain("a"))
    contents = read(store)
    assert contents.listed() == {}
    gone = removal(contents, ["m:latest"])
    assert gone.freed == 103 + old.stat().st_size
    assert len(gone.paths) == 4
    assert set(contents.unprotected) == {full("a"), full("c")}


def test_what_servers_note_about_a_blob_goes_with_it(store: StoreFolder) -> None:
    store.v2(f"{LIBRARY}/m/latest", store.content(store.plain("a")))
    notes = store.root / "metadata"
    notes.mkdir()
    (notes / f"sha256-{full('a')}.json").write_bytes(b"{}" * 7)
    loose = notes / f"sha256-{full('7')}.json"
    loose.write_bytes(b"{}")
    os.utime(loose, (SECONDS - 9000,) * 2)
    contents = read(store)
    assert removal(contents, ["m:latest"]).freed == 103 + 14 + len(store.plain("a"))
    assert f"metadata/sha256-{full('a')}.json" in removal(contents, ["m:latest"]).paths
    left = [path for each in contents.removed_at_start(SECONDS) for path in each.paths]
    assert left == [f"blobs/sha256-{full('b')}", f"metadata/sha256-{full('7')}.json"]


def test_a_second_reading_notices_what_changed_in_a_list(store: StoreFolder) -> None:
    ggml = store.content(store.plain("a", runner="ggml"))
    llamacpp = store.content(store.plain("b", runner="llamacpp"))
    entry = store.v2(f"{LIBRARY}/m/latest", store.content(store.manifest_list(ggml=ggml)))
    reader = ModelStore(store.root)
    assert reader.read().listed()["m:latest"].digest == ggml
    entry.unlink()
    both = store.content(store.manifest_list(ggml=ggml, llamacpp=llamacpp))
    store.v2(f"{LIBRARY}/m/latest", both)
    assert reader.read().listed()["m:latest"].digest == llamacpp
    (store.root / "blobs" / f"sha256-{llamacpp}").unlink()
    assert reader.read().listed()["m:latest"].digest == ggml


def test_a_store_with_the_newer_tree_alone_is_a_store(store: StoreFolder) -> None:
    store.v2(f"{LIBRARY}/m/latest", store.content(store.plain("a")))
    (store.root / "manifests").rmdir()
    assert list(read(store).listed()) == ["m:latest"]
