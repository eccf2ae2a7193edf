"""What copying a model from one store to another takes, and what cannot be copied unchanged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ollama_tui.domain.copying import CannotCopy, copy_of, plan_copies
from ollama_tui.domain.plan import Operation
from ollama_tui.domain.storage.contents import Contents, StoredBlob, StoredEntry
from ollama_tui.domain.storage.manifest import ListedChild, ManifestList, StoredManifest

WEIGHTS, CONFIG, SHARED, MISSING = "a" * 64, "c" * 64, "5" * 64, "0" * 64


def blob(digest: str, size: int = 100) -> StoredBlob:
    return StoredBlob(digest, size, 0.0)


def plain(name: str, *blobs: str, digest: str = "1" * 64) -> StoredEntry:
    path = f"manifests/registry.ollama.ai/library/{name.replace(':', '/')}"
    return StoredEntry(name, path, digest, manifests=(StoredManifest(digest, frozenset(blobs)),))


def without_digest(name: str) -> StoredEntry:
    entry = plain(name, WEIGHTS)
    return replace(entry, manifests=(replace(entry.manifests[0], lacks_digest=True),))


def listed(name: str, *here: StoredManifest, others: tuple[str, ...] = ()) -> StoredEntry:
    digests = (*(manifest.digest for manifest in here), *others)
    children = tuple(ListedChild(digest, "llamacpp", b"") for digest in digests)
    path = f"manifests-v2/ollama.com/library/{name.replace(':', '/')}"
    whole = ManifestList("2" * 64, children)
    return StoredEntry(name, path, whole.digest, manifests=here, list=whole)


def store(*entries: StoredEntry, blobs: tuple[str, ...] = (WEIGHTS, CONFIG, SHARED)) -> Contents:
    return Contents("/store", entries, {digest: blob(digest) for digest in blobs})


EMPTY = Contents("/new")


def test_a_plain_manifest_goes_where_every_server_finds_it_from_either_tree() -> None:
    old = plain("m:1b", WEIGHTS, CONFIG)
    new = replace(old, path="manifests-v2/ollama.com/library/m/1b")
    for entry in (old, new):
        copy = copy_of(store(entry), "m:1b")
        assert copy.path == "manifests/registry.ollama.ai/library/m/1b"
        assert {blob.digest for blob in copy.blobs} == {WEIGHTS, CONFIG}


def test_a_list_takes_the_manifests_that_are_here_and_what_they_need() -> None:
    child = StoredManifest("3" * 64, frozenset((WEIGHTS, CONFIG)))
    contents = store(
        listed("box:5000/me/m:1b", child, others=("4" * 64,)), blobs=(WEIGHTS, CONFIG, "3" * 64)
    )
    copy = copy_of(contents, "box:5000/me/m:1b")
    assert copy.path == "manifests-v2/box%3A5000/me/m/1b"
    assert {blob.digest for blob in copy.blobs} == {WEIGHTS, CONFIG, "3" * 64}


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (plain("m:1b", WEIGHTS, MISSING), "1 of its 2 files is missing: pull it again."),
        (plain("m:1b", MISSING, "9" * 64), "2 of its 2 files are missing: pull it again."),
        (
            listed("m:1b", others=("4" * 64,)),
            "None of the manifests that its list names is there: pull it again",
        ),
        (replace(plain("m:1b"), problem="it is not JSON"), "cannot be used: it is not JSON."),
        (replace(plain("m:1b"), refused="its link leaves the store"), "its link leaves the store."),
        (replace(plain("m:1b"), dangling=True), "Its manifest cannot be used: it is a broken link"),
        (without_digest("m:1b"), "A digest in its manifest is missing or not valid: pull it"),
        (plain("other:1b", WEIGHTS), "It is not in the store."),
    ],
)
def test_what_is_not_whole_is_refused(entry: StoredEntry, why: str) -> None:
    with pytest.raises(CannotCopy, match=why):
        copy_of(store(entry), "m:1b")
    [step] = plan_copies(store(entry), EMPTY, ["m:1b"]).plan.steps
    assert (step.operation, why in step.reason) == (Operation.REFUSE, True)


def test_what_two_models_share_is_copied_once() -> None:
    both = store(plain("a:1b", WEIGHTS, SHARED), plain("b:1b", SHARED, CONFIG, digest="7" * 64))
    copying = plan_copies(both, EMPTY, ["a:1b", "b:1b"])
    assert [step.bytes for step in copying.plan.steps] == [200, 200]
    assert copying.plan.fetched.bytes == 300
    assert copying.plan.summary == "2 models: 2 to copy; copies 300 B."


def test_what_is_there_is_not_copied_again_and_never_overwritten() -> None:
    source = store(plain("m:1b", WEIGHTS, CONFIG))
    same = plan_copies(source, source, ["m:1b"], there="installed")
    assert [step.reason for step in same.plan.steps] == ["Already installed."]
    assert same.same == {"m:1b"}
    other = store(plain("M:1b", SHARED, digest="8" * 64))
    kept = plan_copies(source, other, ["m:1b"], there="installed")
    assert [step.reason for step in kept.plan.steps] == [
        "Another version is installed, and is kept: delete it first to have this one."
    ]
    assert (kept.copies, kept.same) == ((), frozenset())


def test_a_model_that_lost_a_blob_or_has_a_part_of_one_gets_it_again() -> None:
    source = store(plain("m:1b", WEIGHTS, CONFIG))
    target = replace(source, blobs={WEIGHTS: blob(WEIGHTS, 99), CONFIG: blob(CONFIG)})
    copying = plan_copies(source, target, ["m:1b"])
    assert [copy.name for copy in copying.copies] == ["m:1b"]
    assert copying.plan.fetched.bytes == 100


def test_what_stands_in_the_place_of_a_model_and_cannot_be_read_stays() -> None:
    broken = replace(plain("m:1b"), problem="it is not JSON")
    [step] = plan_copies(store(plain("m:1b", WEIGHTS)), store(broken), ["m:1b"]).plan.steps
    assert step.operation is Operation.REFUSE
    assert step.reason.startswith("manifests/registry.ollama.ai/library/m/1b is in its place, and")


def test_a_list_is_refused_where_the_server_knows_none() -> None:
    child = StoredManifest("3" * 64, frozenset((WEIGHTS,)))
    contents = store(listed("m:1b", child), plain("p:1b", WEIGHTS), blobs=(WEIGHTS, "3" * 64))
    copying = plan_copies(contents, EMPTY, ["m:1b", "p:1b"], list_problem="Too old.")
    assert [(s.name, s.operation, s.reason) for s in copying.plan.steps] == [
        ("m:1b", Operation.REFUSE, "Too old."),
        ("p:1b", Operation.COPY, ""),
    ]
