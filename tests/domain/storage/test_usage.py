"""What the disk is spent on, by measure and by estimate, over stores of every shape."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.domain.model import Facts, Model
from ollama_tui.domain.storage.contents import (
    Contents,
    PartialDownload,
    StoredBlob,
    StoredEntry,
    removable_at_restart,
    size_of,
)
from ollama_tui.domain.storage.manifest import StoredManifest
from ollama_tui.domain.storage.usage import (
    Amount,
    SharedData,
    Usage,
    belongs,
)
from tests.domain.models import NOW, a_model

MB = 1_000_000
THEN = NOW.timestamp() - 86_400  # when `a_model` says it was modified


def contents(
    manifests: dict[str, str],
    sizes: dict[str, int],
    *,
    linked: str = "",
    weights: str = "",
    **more: object,
) -> Contents:
    """Return a store: names to the letters of their blobs, letters to sizes."""
    return Contents(
        "/store",
        tuple(_entry(name, blobs, weights) for name, blobs in manifests.items()),
        {key: StoredBlob(key, size, THEN, key in linked) for key, size in sizes.items()},
        **more,  # type: ignore[arg-type]
    )


def _entry(name: str, blobs: str, weights: str) -> StoredEntry:
    digest = f"digest of {''.join(sorted(blobs))}"
    manifest = StoredManifest(digest, frozenset(blobs), frozenset(blobs) & frozenset(weights))
    path = f"manifests/registry.ollama.ai/library/{name}/latest"
    return StoredEntry(name, path, digest, THEN, THEN, (manifest,))


def damaged(path: str) -> StoredEntry:
    """Return an entry that no server can read."""
    return StoredEntry("damaged", path, modified=THEN, problem="it is not JSON")


def listed(store: Contents) -> tuple[Model, ...]:
    return tuple(
        a_model(
            entry.name,
            digest=entry.digest,
            size=sum(store.blobs[b].size for b in entry.blobs if b in store.blobs),
        )
        for entry in store.entries
    )


def measured(
    manifests: dict[str, str],
    sizes: dict[str, int],
    *,
    linked: str = "",
    bad: tuple[StoredEntry, ...] = (),
    **more: object,
) -> Usage:
    store = contents(manifests, sizes, linked=linked, weights="", **more)
    return Usage(listed(store), replace(store, entries=(*store.entries, *bad)))


SIZES = {"W": 4000 * MB, "V": 900 * MB, "l": 7_000, "s": 300, "t": 20}
FAMILY = {"base": "Wl", "alias": "Wl", "child": "Wls", "other": "Vlt"}


@pytest.mark.parametrize(
    ("chosen", "freed", "kept_for"),
    [
        ("", 0, ""),
        ("nobody", 0, ""),
        ("base", 0, "alias child"),
        ("base alias", 0, "child"),
        ("child", 300, "alias base"),
        ("base alias child", 4000 * MB + 300, ""),
        ("other", 900 * MB + 20, ""),
        ("base alias child other", 4900 * MB + 7_320, ""),
    ],
)
def test_a_deletion_frees_the_blobs_only_its_models_use(
    chosen: str, freed: int, kept_for: str
) -> None:
    usage = measured(FAMILY, SIZES)
    assert usage.freed(chosen.split()) == Amount(freed)
    assert " ".join(usage.kept_for(chosen.split())) == kept_for


def test_what_is_shared_counts_once_and_is_told_by_who_shares_it() -> None:
    usage = measured(FAMILY, SIZES)
    assert usage.exact
    assert usage.total == 4000 * MB * 3 + 900 * MB + 7_000 * 4 + 300 + 20
    assert usage.unique == Amount(4900 * MB + 7_320)
    assert usage.shared == (
        SharedData(("alias", "base", "child"), Amount(4000 * MB), "W"),
        SharedData(("alias", "base", "child", "other"), Amount(7_000), "l", is_significant=False),
    )
    assert usage.freed(("other",)) == Amount(900 * MB + 20)


def test_a_manifest_that_no_list_shows_still_keeps_its_blobs() -> None:
    usage = measured(FAMILY, SIZES)
    listed = tuple(m for m in usage.models if m.name != "child")
    without = replace(usage, models=listed)
    assert without.freed(["base", "alias"]) == Amount(0)
    assert without.kept_for(["base", "alias"]) == ("child",)


def test_missing_blobs_and_blobs_linked_elsewhere_free_nothing() -> None:
    usage = measured({"m": "Wab", "n": "a"}, {"W": 100, "a": 50}, linked="W")
    assert usage.freed(["m"]) == Amount(0)
    assert usage.freed(["m", "n"]) == Amount(50)
    assert usage.unique == Amount(50)


def test_orphans_are_claimed_only_when_every_manifest_was_read() -> None:
    sizes = {"a": 1, "o": 20, "p": 30}
    whole = measured({"m": "a"}, sizes)
    assert [blob.digest for blob in whole.orphans or ()] == ["p", "o"]
    assert size_of(whole.orphans or ()) == 50
    assert measured({"m": "a"}, sizes, bad=(damaged("x/y/z/t"),)).orphans is None
    assert measured({"m": "a"}, sizes, unseen=1).orphans is None


def test_damage_leaves_amounts_exact_but_what_we_may_not_read_does_not() -> None:
    assert measured({"m": "a"}, {"a": 1}, bad=(damaged("x/y/z/t"),)).freed(["m"]) == Amount(1)
    rough = measured({"m": "a"}, {"a": 1}, unseen=2)
    assert rough.freed(["m"]) == Amount(1, estimated=True)
    assert not rough.exact
    assert "2 files or folders there may not be read" in rough.source


def test_the_place_is_named_inertly() -> None:
    store = replace(contents({}, {}), root="/srv/\x1b[31mmodels")
    assert "\x1b" not in Usage((), store).source


def test_an_estimate_says_so_and_claims_neither_orphans_nor_partials() -> None:
    facts = Facts(blobs=("w",), weights="w")
    models = (a_model("a", digest="1", facts=facts), a_model("b", digest="2", facts=facts))
    usage: Usage = Usage(models)
    assert not usage.exact
    assert [usage.orphans, usage.partials, usage.free] == [None, None, None]
    assert usage.freed(["a"]).estimated
    assert usage.shared[0].names == ("a", "b")
    assert usage.total == 2 * usage.unique.bytes
    assert usage.source.startswith("Estimated")


def test_a_store_belongs_to_the_list_it_has_every_name_digest_and_time_of() -> None:
    store = contents({"m": "a", "n": "b", "unlisted": "c"}, {"a": 1, "b": 1, "c": 1})
    models = listed(store)
    assert belongs(store, models)
    assert belongs(store, models[:2])
    assert not belongs(store, ())
    assert not belongs(store, (*models, a_model("elsewhere", digest="x")))
    assert not belongs(store, (a_model("m", digest="another"),))


@pytest.mark.parametrize(("shift", "same"), [(0, True), (0.9, True), (60, False), (-3, False)])
def test_a_copy_of_the_store_has_other_times(shift: float, same: bool) -> None:
    store = contents({"m": "a"}, {"a": 1})
    modified = datetime.fromtimestamp(THEN, UTC) + timedelta(seconds=shift)
    (model,) = listed(store)
    model = Model(
        type(model.listed)(name="m", digest=model.digest, modified_text=modified.isoformat())
    )
    assert belongs(store, (model,)) is same


def test_a_list_without_times_is_taken_by_its_digests() -> None:
    store = contents({"m": "a"}, {"a": 1})
    assert belongs(store, (a_model("m", digest=store.entries[0].digest, days=None),))


def test_only_what_lay_still_for_an_hour_is_removed_by_a_restart() -> None:
    now = 10_000.0
    old, young = PartialDownload("a", 5, now - 3601), PartialDownload("b", 7, now - 3600)
    assert removable_at_restart((old, young), now) == (old,)


NAMES = [f"m{n}" for n in range(6)]
STORES = st.builds(
    measured,
    st.dictionaries(st.sampled_from(NAMES), st.text("abcdefg", max_size=5)),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10**13)),
    linked=st.text("abc", max_size=2),
)
SIDES = st.lists(st.sampled_from("abc"), min_size=len(NAMES), max_size=len(NAMES))


@given(STORES, SIDES)
def test_deleting_together_frees_at_least_what_deleting_apart_does(
    usage: Usage, sides: list[str]
) -> None:
    a, b = ([n for n, side in zip(NAMES, sides, strict=True) if side == s] for s in "ab")
    apart = [usage.freed(a).bytes, usage.freed(b).bytes]
    assert min(apart) >= 0
    assert usage.freed([*a, *b]).bytes >= sum(apart)


@given(STORES)
def test_deleting_everything_frees_all_that_is_used(usage: Usage) -> None:
    assert usage.contents is not None
    used = {digest for entry in usage.contents.entries for digest in entry.blobs}
    blobs = usage.contents.blobs
    assert usage.freed(NAMES).bytes == sum(blobs[d].frees for d in used if d in blobs)
    assert usage.freed(NAMES) == usage.unique


@given(STORES)
def test_what_each_alone_costs_and_what_is_shared_make_up_the_whole(usage: Usage) -> None:
    apart = sum(usage.freed((model.name,)).bytes for model in usage.models)
    shared = sum(group.amount.bytes for group in usage.shared)
    assert apart + shared == usage.unique.bytes


@given(STORES)
def test_used_and_orphaned_blobs_are_all_blobs(usage: Usage) -> None:
    assert usage.contents is not None
    everything = sum(blob.frees for blob in usage.contents.blobs.values())
    assert usage.unique.bytes + size_of(usage.orphans or ()) == everything


def test_what_models_take_together_counts_shared_weights_once() -> None:
    sizes = {"w": 900 * MB, "x": 500 * MB, "l": 2000}
    usage = measured({"one": "wl", "two": "wl", "three": "xl"}, sizes)
    assert usage.taken_by(["one"]) == 900 * MB + 2000
    assert usage.taken_by(["one", "two"]) == 900 * MB + 2 * 2000
    assert usage.taken_by(["one", "two", "three"]) == 1400 * MB + 3 * 2000
    assert usage.taken_by([]) == usage.taken_by(["unknown"]) == 0


def test_cloud_models_take_nothing() -> None:
    usage = Usage((a_model("here"), a_model("away", cloud=True, size=300)))
    assert usage.taken_by(["away"]) == 0
    assert usage.taken_by(["here", "away"]) == usage.taken_by(["here"]) == 1_000_000_000


def test_what_only_some_models_share_goes_with_all_of_them() -> None:
    sizes = {"w": 900 * MB, "x": 500 * MB, "l": 2000}
    usage = measured({"one": "wl", "two": "wl", "three": "xl"}, sizes)
    assert usage.shared_only_by(["one"]) == 0
    assert usage.shared_only_by(["one", "two"]) == 900 * MB
    assert usage.shared_only_by(["one", "two", "three"]) == 900 * MB + 2000
    assert usage.freed(["one", "two"]).bytes == 900 * MB


def test_a_converted_model_takes_what_the_list_says_of_it() -> None:
    from tests.domain.storage.test_report import after_an_upgrade

    usage = after_an_upgrade()
    for model in usage.models:
        assert usage.taken_by([model.name]) == model.size
