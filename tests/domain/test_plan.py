"""Plans of bulk operations: the calls, the bytes, and what is told of them."""

from __future__ import annotations

from ollama_tui.api.replies import Layer
from ollama_tui.domain import plan
from ollama_tui.domain.model import Facts
from ollama_tui.domain.plan import Operation, Plan, PlannedRequest, PlanStep
from ollama_tui.domain.storage.report import RowKind
from ollama_tui.domain.storage.usage import Amount, Usage
from ollama_tui.domain.updates import UpdateStatus, Upstream
from tests.domain.models import NOW, a_model
from tests.domain.storage.test_report import DIGEST, SHADOW, after_an_upgrade
from tests.domain.storage.test_usage import FAMILY, MB, SIZES, measured


def test_deleting_all_that_share_frees_more_than_each_alone() -> None:
    usage = measured(FAMILY, SIZES)
    chosen = [m for m in usage.models if m.name in ("base", "alias", "child")]
    made = plan.plan_deletion(chosen, usage)
    assert [(step.name, step.bytes) for step in made.steps] == [
        ("base", 0), ("alias", 0), ("child", 300),
    ]  # fmt: skip
    assert made.freed == Amount(4000 * MB + 300)
    assert made.kept_for == ()
    assert made.calls == tuple(
        PlannedRequest("DELETE", "/api/delete", {"model": name})
        for name in ("base", "alias", "child")
    )
    assert made.summary == "3 models: 3 to delete; frees 4.0 GB."


def test_what_stays_because_it_is_shared_is_told() -> None:
    usage = measured(FAMILY, SIZES)
    assert plan.plan_deletion(usage.models[:1], usage).kept_for == ("alias", "child")


def test_what_is_loaded_is_unloaded_first() -> None:
    usage = measured({"m": "W"}, SIZES)
    (step,) = plan.plan_deletion([a_model("m", vram=5)], usage).steps
    assert [call.path for call in step.calls] == ["/api/generate", "/api/delete"]
    assert step.calls[0].body == {"model": "m", "keep_alive": 0}


def test_layers_that_several_pulls_share_are_fetched_once() -> None:
    steps = [
        plan.pull_step("a", {"x": 10 * MB, "y": 1 * MB}.items()),
        plan.pull_step("b", {"x": 10 * MB, "z": 2 * MB}.items()),
        PlanStep(Operation.KEEP, "c"),
    ]
    made = plan.plan_of_transfers(steps, {"x": 10 * MB, "y": 1 * MB, "z": 2 * MB})
    assert [step.bytes for step in made.steps] == [11 * MB, 12 * MB, None]
    assert made.fetched == Amount(13 * MB)
    assert made.summary == "3 models: 2 to pull and 1 to keep; fetches 13 MB."


def test_a_pull_of_unknown_size_makes_the_sum_rough() -> None:
    made = plan.plan_of_transfers([plan.pull_step("a", None)], {})
    assert made.fetched == Amount(0, estimated=True)
    assert plan.lines(made) == [("pull", "a", "?", "")]


def test_a_plan_for_people_is_inert() -> None:
    made = Plan((PlanStep(Operation.REFUSE, "\x1b[31m\n", reason="\u202eno"),))
    assert all(text.isprintable() for text in plan.lines(made)[0])


def test_an_empty_plan_says_so() -> None:
    assert Plan().summary == "0 models: nothing to do."
    assert plan.as_json(Plan()) == {"steps": [], "freed": 0, "fetched": 0, "estimated": False}


def test_a_plan_says_what_it_sends() -> None:
    usage = measured({"m": "W", "n": "W", "o": "W"}, SIZES)
    made = plan.plan_deletion([a_model("m", vram=5), a_model("n"), a_model("o")], usage)
    assert plan.request_lines(made) == (
        'POST /api/generate  {"model": "m", "keep_alive": 0}',
        *(f'DELETE /api/delete  {{"model": "{name}"}}' for name in "mno"),
    )


def test_updates_fetch_what_they_share_once() -> None:
    layers = (Layer("template", "sha256:t", 20), Layer("model", "sha256:w", 4_000))
    cases = (("a", layers, False), ("b", layers[1:], True), ("c", (), False))
    stale = [
        (
            a_model(name),
            Upstream("", UpdateStatus.OUTDATED, NOW, missing=missing, insecure=insecure),
        )
        for name, missing, insecure in cases
    ]
    made = plan.plan_updates(stale)
    assert made.fetched == Amount(4_020)
    assert [step.bytes for step in made.steps] == [4_020, 4_000, 0]
    assert [call.body for call in made.calls] == [
        {"model": "a"}, {"model": "b", "insecure": True}, {"model": "c"},
    ]  # fmt: skip


def test_models_nobody_looked_into_make_a_deletion_unsure() -> None:
    known = a_model("known", digest="1", facts=Facts(blobs=("w",), weights="w"))
    usage = Usage((known, a_model("unseen", digest="2"), a_model("cloud", cloud=True)))
    assert plan.plan_deletion([known], usage).unknown == ("unseen",)
    assert plan.plan_deletion([known], measured(FAMILY, SIZES)).unknown == ()


def test_a_backup_that_nothing_else_needs_may_be_deleted_after_its_model() -> None:
    usage = after_an_upgrade()
    made = plan.plan_deletion(usage.models, usage)
    (item,) = made.deletions
    (backup,) = made.backups
    assert item.target == "oss:20b"
    assert backup.target == f"registry.ollama.ai/library/{SHADOW}", "In full: see `Backup.target`."
    assert backup.after == item.name
    assert backup.reaches([(SHADOW, DIGEST)]) == frozenset()
    assert made.kept_for == ()
    assert made.freed_with_backups.bytes == made.freed.bytes + 5000 * MB + 800 + 800
    sent = 'DELETE /api/delete  {"model": "oss:20b"}'
    assert plan.request_lines(made) == (sent,)
    also = f'DELETE /api/delete  {{"model": "{backup.target}"}}'
    assert plan.request_lines(made, backups=True) == (sent, also)


def test_originals_are_deleted_by_their_digests() -> None:
    usage = after_an_upgrade()
    made = plan.plan_leftover(RowKind.ORIGINALS, "originals", usage)
    (item,) = made.deletions
    assert (item.target, item.name) == ("sha256-ggml", "original of oss:20b")
    assert made.freed == usage.originals_freed
    assert made.steps[0].bytes == usage.originals_freed.bytes


def test_a_lone_backup_and_a_model_that_is_not_listed_are_deleted_by_name() -> None:
    usage = after_an_upgrade("oss", listed=())
    made = plan.plan_leftover(RowKind.BACKUP, SHADOW, usage)
    assert made.deletions[0].target == f"registry.ollama.ai/library/{SHADOW}"
    assert made.freed.bytes == 5000 * MB + 800 + 800
    hidden = after_an_upgrade("llamacpp", listed=())
    made = plan.plan_leftover(RowKind.UNLISTED, "oss:20b", hidden)
    (item,) = made.deletions
    assert item.target == "oss:20b"
    assert item.reaches([("oss:20b", "x")]) - (item.agreed or set()), "Not once it is listed."


def test_what_marks_free_is_what_the_plan_of_their_deletion_comes_to() -> None:
    usage = measured(FAMILY, SIZES)
    for count in range(len(usage.models) + 1):
        chosen = usage.models[:count]
        assert plan.freed_by(chosen, usage) == plan.plan_deletion(chosen, usage).freed
    upgraded = after_an_upgrade()
    made = plan.plan_deletion(upgraded.models, upgraded)
    assert made.backups
    assert plan.freed_by(upgraded.models, upgraded) == made.freed_with_backups
