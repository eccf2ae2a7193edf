"""The list of what the disk is spent on, and its advice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ollama_tui.domain.storage.contents import (
    Contents,
    PartialDownload,
    StoredBlob,
    StoredEntry,
)
from ollama_tui.domain.storage.manifest import ListedChild, ManifestList, StoredManifest
from ollama_tui.domain.storage.report import (
    RowKind,
    StorageRow,
    advice,
    storage_rows,
    summary,
)
from ollama_tui.domain.storage.usage import Usage
from tests.domain.models import NOW, a_model, many_models
from tests.domain.storage.test_usage import (
    FAMILY,
    MB,
    SIZES,
    THEN,
    contents,
    damaged,
    listed,
    measured,
)
from tests.effort import calls

SECONDS = NOW.timestamp()


def test_models_and_leftovers_come_by_what_they_alone_cost_then_groups() -> None:
    usage = measured(FAMILY, {**SIZES, "o": 5 * MB}, partials=(PartialDownload("p", 3 * MB, THEN),))
    rows = storage_rows(usage.models, usage, SECONDS)
    assert [(row.kind, row.key) for row in rows] == [
        (RowKind.MODEL, "other"),
        (RowKind.ORPHANS, "orphans"),
        (RowKind.PARTIALS, "partials"),
        (RowKind.MODEL, "child"),
        (RowKind.MODEL, "alias"),
        (RowKind.MODEL, "base"),
        (RowKind.SHARED, "shared W"),
    ]
    assert [row.alone for row in rows] == [900 * MB + 20, 5 * MB, 3 * MB, 300, 0, 0, 0]
    assert rows[6].label == "shared by alias, base and child"
    assert advice(rows[3], usage) == "Deleting child frees 300 B. 4.0 GB stays, for alias and base."


def test_small_weights_that_are_shared_have_a_row_and_a_shared_license_has_none() -> None:
    sizes = {"W": 4000 * MB, "w": 498_000, "l": 7_000, "s": 300}
    store = contents({"a": "wl", "b": "wls", "c": "Wl"}, sizes, weights="wW")
    usage = Usage(listed(store), store)
    rows = {row.key: row for row in storage_rows(usage.models, usage, SECONDS)}
    assert list(rows) == ["c", "b", "a", "shared w"]
    assert rows["shared w"].label == "shared by a and b"
    assert rows["shared w"].shared == 498_000
    assert [rows[name].shared for name in "abc"] == [505_000, 505_000, 0]
    assert advice(rows["b"], usage) == "Deleting b frees 300 B. 505 KB stays, for a."


@pytest.mark.parametrize(
    ("ages", "said"),
    [
        ([9000], "a restart of the server frees 1 MB, unless it runs with OLLAMA_NOPRUNE."),
        ([60], "a restart of the server frees it once it is an hour old, unless it runs with"),
        ([9000, 60], "frees 1 MB, unless it runs with OLLAMA_NOPRUNE. The rest is younger"),
    ],
)
def test_what_frees_leftovers_depends_on_their_age(ages: list[int], said: str) -> None:
    usage = measured({"m": "a"}, {"a": 1})
    loose = {str(n): StoredBlob(str(n), MB, SECONDS - age) for n, age in enumerate(ages)}
    assert usage.contents is not None
    usage.contents.blobs.update(loose)  # type: ignore[attr-defined]
    (row,) = [r for r in storage_rows(usage.models, usage, SECONDS) if r.kind is RowKind.ORPHANS]
    assert said in row.advice
    assert row.alone == len(ages) * MB


def test_damage_is_named_with_what_it_prevents() -> None:
    usage = measured(
        {"m": "a"}, {"a": 1, "o": 9}, bad=(damaged("manifests/registry/library/\x1bm/latest"),)
    )
    (row,) = [r for r in storage_rows(usage.models, usage, SECONDS) if r.kind is not RowKind.MODEL]
    assert row.kind is RowKind.OBSTACLES
    assert "cleans up nothing" in row.advice
    assert row.advice.isprintable()


def test_cloud_models_take_no_room_and_no_row() -> None:
    models = (a_model("here", digest="1"), a_model("there", digest="2", cloud=True))
    rows = storage_rows(models, Usage(models), SECONDS)
    assert [row.key for row in rows] == ["here"]
    assert rows[0].estimated


def test_the_summary_leaves_out_what_is_not_known() -> None:
    usage = measured(FAMILY, {**SIZES, "o": 5 * MB}, free=7 * MB)
    assert summary(usage) == (
        "4.9 GB used by models, 5 MB more in files no model uses, 7 MB free; sizes as listed "
        "add up to 12 GB, as shared weights are counted each time."
    )
    assert summary(Usage(())) == "0 B used by models."


def test_ten_thousand_models_are_summed_up_in_a_few_passes() -> None:
    usage = Usage(many_models())
    assert calls(lambda: storage_rows(usage.models, usage, SECONDS)) < 5_000_000
    whole = measured({f"m{n}": f"{chr(200 + n % 5000)}ab" for n in range(10_000)}, {"a": MB})
    assert calls(lambda: storage_rows(whole.models, whole, SECONDS)) < 5_000_000


DIGEST = "4fb190fb8f557bab5f1dd57435e29c47954154b6a0f120572267aed6de60afa0"
SHADOW = f"llamacpp:{DIGEST}"
OLD = "manifests/registry.ollama.ai/library"
NEW = "manifests-v2/ollama.com/library"


def manifest(digest: str, blobs: str, runner: str) -> StoredManifest:
    return StoredManifest(digest, frozenset(blobs), frozenset(blobs), config=blobs, runner=runner)


ORIGINAL, MADE = manifest("ggml", "G", "ggml"), manifest(DIGEST, "L", "llamacpp")
BOTH = ManifestList(
    "both", (ListedChild("ggml", "ggml", b"g"), ListedChild(DIGEST, "llamacpp", b"l"))
)
SHARED_BOTH = {"ggml": 700, DIGEST: 800, "both": 464, "G": 4000 * MB, "L": 5000 * MB}


def after_an_upgrade(*gone: str, listed: tuple[str, ...] = ("oss:20b",)) -> Usage:
    """Return a store with a converted model, without those of its entries in `gone`."""
    entries = (
        StoredEntry("oss:20b", f"{NEW}/oss/20b", "both", THEN, THEN, (ORIGINAL, MADE), BOTH),
        StoredEntry(SHADOW, f"{OLD}/llamacpp/{DIGEST}", DIGEST, THEN, THEN, (MADE,), frees=800),
        StoredEntry("oss:20b", f"{OLD}/oss/20b", "ggml", THEN, THEN, (ORIGINAL,), frees=700),
    )
    kept = tuple(entry for entry in entries if entry.path.split("/")[3] not in gone)
    blobs = {key: StoredBlob(key, size, THEN) for key, size in SHARED_BOTH.items()}
    models = tuple(a_model(name, digest=DIGEST, size=5000 * MB) for name in listed)
    return Usage(models, Contents("/store", kept, blobs))


def rows_of(usage: Usage) -> dict[RowKind, StorageRow]:
    return {row.kind: row for row in storage_rows(usage.models, usage, SECONDS)}


def test_an_original_kept_by_an_upgrade_has_a_row_that_says_what_is_lost_with_it() -> None:
    row = rows_of(after_an_upgrade())[RowKind.ORIGINALS]
    assert row.label == "1 original kept by an upgrade"
    assert row.alone == 4000 * MB + 700 + 464 + 700 - len(BOTH.without({"ggml"}))
    assert (
        "Ollama converted oss:20b and kept the original too: deleting that frees 4.0 GB"
        in row.advice
    )
    assert "After that no Ollama older than 0.40 can run it" in row.advice


def test_without_the_entries_of_a_conversion_a_list_is_somebodys_own() -> None:
    assert RowKind.ORIGINALS not in rows_of(after_an_upgrade("llamacpp"))


def test_a_converted_model_says_what_goes_with_its_backup_too() -> None:
    usage = after_an_upgrade()
    row = rows_of(usage)[RowKind.MODEL]
    assert advice(row, usage) == (
        "Deleting oss:20b frees 4.0 GB, and 9.0 GB together with its backup llamacpp:4fb190fb8f55…"
    )
    assert row.shared == 5000 * MB + 800 + 800
    assert RowKind.SHARED not in rows_of(usage), "That is in the row of the model."


def test_the_backup_of_a_model_that_is_gone_can_be_found_and_deleted() -> None:
    row = rows_of(after_an_upgrade("oss", listed=()))[RowKind.BACKUP]
    assert (row.key, row.label) == (SHADOW, "backup llamacpp:4fb190fb8f55…")
    assert row.alone == 5000 * MB + 800 + 800
    assert "deleting that too frees 5.0 GB" in row.advice


def test_a_model_that_the_server_does_not_list_has_a_row_all_the_same() -> None:
    usage = after_an_upgrade("llamacpp", listed=())
    assert usage.contents is not None
    del usage.contents.blobs["L"]  # type: ignore[attr-defined]
    row = rows_of(usage)[RowKind.UNLISTED]
    assert (row.key, row.label) == ("oss:20b", "oss:20b, not listed")
    assert row.alone == 4000 * MB + 700 + 800 + 464 + 700


def test_an_older_entry_that_is_something_else_is_named() -> None:
    usage = after_an_upgrade()
    assert usage.contents is not None
    other = StoredEntry("oss:20b", f"{OLD}/oss/20b", "x", THEN, THEN, (manifest("x", "X", ""),))
    entries = (*usage.contents.entries[:2], other)
    row = rows_of(replace(usage, contents=replace(usage.contents, entries=entries)))[RowKind.HIDDEN]
    assert row.label == "1 unreachable entry"
    assert f"{OLD}/oss/20b" in row.advice


def test_while_something_is_in_the_way_leftovers_are_not_said_to_go_at_a_restart() -> None:
    usage = measured({"m": "a"}, {"a": 1})
    link = StoredEntry("gone", f"{NEW}/gone/latest", modified=THEN, dangling=True)
    assert usage.contents is not None
    contents = replace(
        usage.contents,
        entries=(*usage.contents.entries, link),
        partials=(PartialDownload("p", MB, THEN),),
    )
    rows = rows_of(replace(usage, contents=contents))
    assert "frees none of it until" in rows[RowKind.PARTIALS].advice
    assert f"{NEW}/gone/latest (it is a broken link" in rows[RowKind.OBSTACLES].advice
