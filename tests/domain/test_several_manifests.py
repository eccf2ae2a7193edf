"""Names with several rows: what follows a row that is gone, what runs, backups, deletions."""

from __future__ import annotations

import msgspec
import pytest

from ollama_tui.api.replies import (
    ListedModel,
    ManifestSummary,
    ModelDetails,
    RunningModel,
    Show,
)
from ollama_tui.domain.columns import Extents, extents
from ollama_tui.domain.listed import manifests_of
from ollama_tui.domain.model import Model, ModelKey, Snapshot, models_from
from ollama_tui.domain.overview import overview
from ollama_tui.domain.plan import Deletion, deletions, plan_deletion
from ollama_tui.domain.storage.usage import Usage
from tests.domain.models import NOW

HEX = {letter: letter * 64 for letter in "abcdef"}


def listed(text: str) -> tuple[ListedModel, ...]:
    """Return the rows that `m a ggml, m b` stands for: names, digests and runners."""
    rows = []
    for row in filter(None, text.split(", ")):
        name, digest, runner, *_ = [*row.split(), "", ""]
        full = HEX.get(digest, "")
        name = name.replace("backup", f"llamacpp:{full}")
        details = ModelDetails(runner=runner)
        rows.append(ListedModel(name=name, model=name, digest=full, size=9, details=details))
    return tuple(rows)


def models(text: str, running: str = "") -> tuple[Model, ...]:
    runs = tuple(
        RunningModel(name=m.name, digest=m.digest, runner=m.details.runner) for m in listed(running)
    )
    return models_from(listed(text), runs, {})


def snapshot(text: str) -> Snapshot:
    return Snapshot(models(text))


@pytest.mark.parametrize(
    ("before", "after", "follows"),
    [
        ("m a", "m a", "a"),
        ("m a", "m b", "b"),
        ("m a ggml", "m c llamacpp, m b ggml", "b"),
        ("m a ggml", "m c llamacpp, m b mlx", "c"),
        ("m a ggml, m b llamacpp", "m c llamacpp, m d ggml", "d"),
        ("m a ggml, m b llamacpp", "m b llamacpp", "a"),
        ("m a ggml, m b llamacpp", "m b llamacpp, m c mlx", "c"),
        ("m a", "n b", "a"),
        ("", "m b mlx, m c ggml", "b"),
        ("m a ggml", "m a ggml, m b llamacpp", "a"),
    ],
)
def test_a_row_goes_on_as_the_new_one_of_its_runner(before: str, after: str, follows: str) -> None:
    key = ModelKey("m", HEX["a"])
    assert snapshot(after).followed(key, snapshot(before)) == ModelKey("m", HEX[follows])


@pytest.mark.parametrize(
    ("rows", "running", "loaded"),
    [
        ("m a, n b", "m a", "m a"),
        ("m a, n a", "m a", "m a, n a"),
        ("m a ggml, m b llamacpp", "m b llamacpp", "m b"),
        ("m a ggml, m b llamacpp", "m a llamacpp, m b llamacpp", "m a, m b"),
        ("m a ggml, m b llamacpp", "m c llamacpp", "m b"),
        ("m a ggml, m b llamacpp", "m c mlx", "m a"),
        ("m b, n a", "m a", "m b, n a"),
        ("m a ggml, m b llamacpp", "m c llamacpp, m b llamacpp", "m b"),
        ("m a", "other b", ""),
    ],
)
def test_what_runs_is_the_row_of_its_digest_else_of_its_name(
    rows: str, running: str, loaded: str
) -> None:
    found = [f"{m.name} {m.digest[0]}" for m in models(rows, running) if m.is_loaded]
    assert ", ".join(found) == loaded


def test_only_of_several_rows_the_runner_is_asked_for_and_shown() -> None:
    one, *several = models("n a ggml, m a ggml, m b llamacpp")
    assert (one.asked_runner, one.label, one.siblings) == ("", "n", 0)
    assert [m.asked_runner for m in several] == ["ggml", "llamacpp"]
    assert [m.label for m in several] == ["m (ggml)", "m (llamacpp)"]
    assert manifests_of(one, (one, *several)) == ""
    assert manifests_of(several[0], several) == "all 2 manifests of m: ggml, llamacpp"


def test_the_longest_name_counts_the_runner_beside_it() -> None:
    known = extents(snapshot("long-name a, m a ggml, m b llamacpp").models)
    longest = len("m (llamacpp)")
    assert known == Extents(longest, longest, longest, largest=9)


def test_a_backup_is_told_with_each_model_of_its_digest() -> None:
    found = models("m a ggml, m b llamacpp, n b, backup b")
    backup = f"llamacpp:{HEX['b']}"
    assert [(m.name, m.backup) for m in found] == [("m", ""), ("m", backup), ("n", backup)]


def test_a_backup_without_its_model_stays_a_row() -> None:
    (model,) = models("backup b")
    assert model.is_backup
    assert model.label == "backup llamacpp:bbbbbbbbbbbb… of a deleted model"


def test_a_model_that_is_only_called_like_a_backup_is_none() -> None:
    every = msgspec.structs.replace(listed("m a")[0], name=f"llamacpp:{HEX['b']}")
    assert [m.is_backup for m in models_from((every, *listed("m a")), (), {})] == [False, False]


EVERY = "m a ggml, m b llamacpp, m c mlx, n a, o a ggml, o d mlx, backup b, p e"


@pytest.mark.parametrize(
    ("chosen", "requests"),
    [
        ("p e", "p"),
        ("m a, m b, m c", "m"),
        ("m a", "sha256-a"),
        ("m a, m b", "sha256-a, sha256-b"),
        ("p e, m c, o a, o d", "sha256-c, o, p"),
    ],
)
def test_all_rows_of_a_name_go_by_name_and_some_by_digest(chosen: str, requests: str) -> None:
    every = models(EVERY)
    wanted = {(row.name, row.digest) for row in listed(chosen)}
    items = deletions([m for m in every if m.key in wanted], every)
    sent = [f"sha256-{item.digest[0]}" if item.digest else item.target for item in items]
    assert ", ".join(sent) == requests
    assert all(item.target == f"sha256-{item.digest}" for item in items if item.digest)


def test_a_deletion_by_digest_agrees_to_all_that_goes_with_it() -> None:
    every = models(EVERY, "m a")
    (item,) = deletions(every[:1], every)
    keys = [("m", "a"), ("n", "a"), ("o", "a")]
    assert item == Deletion(
        "m",
        HEX["a"],
        "m (ggml)",
        frozenset(ModelKey(name, HEX[digest]) for name, digest in keys),
        (("m", "ggml"),),
        keeps=("llamacpp", "mlx"),
        takes=("n",),
        changes=("o",),
    )
    (step,) = plan_deletion(every[:1], Usage(every)).steps
    assert step.reason == (
        "It is loaded, and unloaded first. m stays, with llamacpp and mlx. "
        "n has the same digest and will be deleted too. o loses it too."
    )
    assert [call.body for call in step.calls] == [
        {"model": "m", "keep_alive": 0, "runner": "ggml"},
        {"model": f"sha256-{HEX['a']}"},
    ]


def test_a_deletion_by_digest_takes_the_backup_of_that_digest() -> None:
    every = models(EVERY)
    (item,) = deletions(every[1:2], every)
    backup = f"llamacpp:{HEX['b']}"
    assert item.takes == (backup,)
    assert item.agreed == frozenset({ModelKey("m", HEX["b"]), ModelKey(backup, HEX["b"])})


def test_two_rows_with_one_runner_are_told_apart() -> None:
    every = models("m a ggml, m b ggml, m c mlx")
    names = [item.name for item in deletions(every[:2], every)]
    assert names == ["m (ggml) aaaaaaaaaaaa", "m (ggml) bbbbbbbbbbbb"]


def test_details_name_the_manifests_of_a_name_but_not_those_of_an_alias() -> None:
    own, alias = models("m a ggml, n a ggml")
    every = [
        ManifestSummary(f"sha256:{HEX['b']}", "llamacpp", "gguf"),
        ManifestSummary(f"sha256:{HEX['a']}", "ggml", "gguf", selected=True),
    ]
    show = Show(manifests=every, modelfile="# Modelfile\n# FROM m\nFROM x")
    said = ["".join(text for text, _ in line) for line in overview(own, show, now=NOW)]
    assert "Runner        ggml" in said
    assert "Manifests     llamacpp gguf bbbbbbbbbbbb" in said
    assert "              ggml gguf aaaaaaaaaaaa shown here" in said
    other = ["".join(text for text, _ in line) for line in overview(alias, show, now=NOW)]
    assert not any(line.startswith("Manifests") for line in other)
