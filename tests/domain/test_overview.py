"""The overview: what a person asks first, in the same rows for every model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from ollama_tui.api.replies import (
    Layer,
    ListedModel,
    ModelDetails,
    RunningModel,
    Show,
    Thinking,
)
from ollama_tui.domain.model import Model
from ollama_tui.domain.overview import (
    LABEL_CELLS,
    Sharing,
    Surroundings,
    capability_words,
    overview,
    processor,
)
from ollama_tui.domain.storage.usage import Amount
from ollama_tui.domain.updates import UpdateStatus, Upstream
from ollama_tui.formatting import StyledLine

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GB = 10**9
LISTED = ListedModel(
    name="qwen3:1.7b",
    size=1_359_280_420,
    digest="2296e625a900" + "0" * 52,
    modified_text=(NOW - timedelta(days=60)).isoformat(),
    capabilities=["completion", "tools", "vision"],
    details=ModelDetails(
        format="gguf",
        family="qwen3",
        families=["qwen3", "clip"],
        parameter_size="2.0B",
        quantization_level="Q4_K_M",
        context_length=40960,
        embedding_length=2048,
    ),
)
MODEL = Model(LISTED)
RUNNER = RunningModel(
    name="qwen3:1.7b",
    size=2 * GB,
    size_vram=GB,
    context_length=4096,
    expires_text=(NOW + timedelta(minutes=4, seconds=5)).isoformat(),
)


def text(lines: list[StyledLine]) -> str:
    return "\n".join("".join(part for part, _ in line) for line in lines)


def rows(model: Model, show: Show | None = None, **around: Any) -> dict[str, str]:
    """Return the labelled rows."""
    also = around.pop("also", ())
    said = overview(model, show, now=NOW, also=also, around=Surroundings(**around))
    lines = text(said).splitlines()
    at = LABEL_CELLS
    return {line[:at].strip(): line[at:].strip() for line in lines if line[:at].strip()}


def test_the_first_lines_say_what_it_is_what_it_can_and_how_big_it_is() -> None:
    lines = overview(MODEL, None, now=NOW)
    assert text(lines[:3]).splitlines() == [
        "2.0B parameters · Q4_K_M · qwen3",
        "vision  tools",
        "context 40K · 1.4 GB · 2 months ago",
    ]
    assert lines[1][0] == ("vision", "can-vision")


@pytest.mark.parametrize(
    ("width", "first"),
    [
        (42, ["116.8B parameters · MXFP4 · gptoss · cloud"]),
        (36, ["116.8B · MXFP4 · gptoss · cloud"]),
        (30, ["116.8B parameters · MXFP4", "gptoss · cloud"]),
        (10, ["116.8B parameters", "MXFP4", "gptoss", "cloud"]),
    ],
)
def test_no_line_at_the_top_ends_with_a_dot(width: int, first: list[str]) -> None:
    details = ModelDetails(parameter_size="116.8B", quantization_level="MXFP4", family="gptoss")
    model = Model(ListedModel(name="far:cloud", remote_model="far", details=details))
    lines = overview(model, None, now=NOW, width=width)
    assert text(lines).splitlines()[: len(first)] == first
    said = [span for line in lines for span in line]
    assert ("cloud", "cloud") in said


def test_what_is_long_and_old_still_has_one_line() -> None:
    listed = msgspec.structs.replace(
        LISTED,
        modified_text=(NOW - timedelta(days=310)).isoformat(),
        details=msgspec.structs.replace(LISTED.details, context_length=131072),
    )
    lines = overview(Model(listed), None, now=NOW, width=36)
    assert text(lines).splitlines()[2] == "ctx 128K · 1.4 GB · 10 months ago"


def test_what_is_asked_next_has_a_row_each() -> None:
    said = rows(MODEL)
    assert said["Families"] == "qwen3, clip"
    assert said["Context"] == "40,960 tokens"
    assert said["Size"] == "1,359,280,420 bytes"
    assert said["Modified"] == "23 Sep 2026, 00:00"


def test_where_there_is_little_room_round_figures_must_do() -> None:
    said = text(overview(MODEL, None, now=NOW, width=36))
    assert "1,359,280,420" not in said
    assert "40,960" not in said


def test_what_nobody_knows_is_left_out_or_said_to_be_unknown() -> None:
    bare = Model(ListedModel(name="bare"))
    said = rows(bare)
    assert {said[label] for label in ("Format", "Context", "Modified", "Size")} == {"–"}
    assert "Embedding" not in said
    assert text(overview(bare, None, now=NOW)[:3]) == "–\ncapabilities not known yet\n"


@pytest.mark.parametrize("width", [36, 80])
def test_every_model_has_the_same_rows_at_the_same_place(width: int) -> None:
    bare, stub = Model(ListedModel(name="bare")), Model(ListedModel(name="c", remote_model="d"))
    loaded = msgspec.structs.replace(MODEL, running=RUNNER)

    def labels(model: Model) -> list[str]:
        lines = overview(model, None, now=NOW, width=width, around=Surroundings())
        return [line[0][0].strip() if line else "" for line in lines[3:12]]

    assert labels(bare) == labels(stub) == labels(MODEL) == labels(loaded)


def test_show_knows_capabilities_better_than_the_list() -> None:
    said = capability_words(MODEL, Show(capabilities=["audio", "dance", "insert"]))
    assert capability_words(MODEL, Show(capabilities=["completion"])) == (("completion", "muted"),)
    assert said[::2] == (("insert", "can-insert"), ("audio", "can-audio"), ("dance", "muted"))


@pytest.mark.parametrize(
    ("running", "last_run", "since", "said"),
    [
        (True, None, 1, "now, 4 minutes left"),
        (False, timedelta(days=3), 9, "3 days ago"),
        (False, None, 21, "not seen in 3 weeks"),
        (False, None, 200, "not seen in 2 months"),  # it is not older
        (False, None, 0, "not seen yet"),
        (False, None, None, "not seen yet"),
    ],
)
def test_when_it_ran_last(
    running: bool, last_run: timedelta | None, since: int | None, said: str
) -> None:
    model = msgspec.structs.replace(
        MODEL, running=RUNNER if running else None, last_run=NOW - last_run if last_run else None
    )
    watched = None if since is None else NOW - timedelta(days=since)
    assert rows(model, watched_since=watched)["Last run"] == said


@pytest.mark.parametrize(
    ("expires", "said"),
    [
        (NOW + timedelta(days=9999), "now, and stays loaded"),
        (NOW - timedelta(1), "now, and is unloading"),
        (None, "now"),
    ],
)
def test_until_when_it_stays(expires: datetime | None, said: str) -> None:
    runner = msgspec.structs.replace(RUNNER, expires_text=expires.isoformat() if expires else "")
    assert rows(msgspec.structs.replace(MODEL, running=runner))["Last run"] == said


def test_a_loaded_model_says_how_much_and_where() -> None:
    said = rows(msgspec.structs.replace(MODEL, running=RUNNER))
    assert said["Loaded"] == "2 GB, 50%/50% CPU/GPU"
    assert said["Loaded with"] == "context of 4,096 tokens"
    assert rows(MODEL)["Loaded"] == "no"


def test_what_deleting_it_frees_is_told_from_what_others_keep() -> None:
    assert rows(MODEL)["Frees"] == "…"
    alone = Sharing(Amount(GB), 0, ())
    said = rows(MODEL, sharing=alone)
    assert said["Frees"] == "1 GB"
    assert "Shared with" not in said
    whole = Surroundings(sharing=Sharing(Amount(LISTED.size), 0, ()))
    assert "Frees         1.4 GB" in text(overview(MODEL, None, now=NOW, width=36, around=whole))
    said = rows(MODEL, sharing=Sharing(Amount(5_000, True), 2 * GB, ("a:1b", "b:1b")))
    assert said["Frees"] == "about 5 KB, shares 2 GB"
    assert said["Shared with"] == "a:1b, b:1b"


def upstream(status: UpdateStatus, **fields: Any) -> Upstream:
    return Upstream(LISTED.digest, status, NOW, **fields)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "not checked"),
        (upstream(UpdateStatus.CURRENT), "up to date"),
        (upstream(UpdateStatus.UNKNOWN, reason="No network."), "not known: no network"),
        (
            upstream(
                UpdateStatus.OUTDATED,
                total=2 * GB,
                missing=(Layer("", "sha256:1", 646),),
                changes=("template", "license"),
            ),
            "available, 646 B of 2 GB to fetch",
        ),
        (upstream(UpdateStatus.OUTDATED, total=2 * GB), "available, nothing to fetch"),
        (msgspec.structs.replace(upstream(UpdateStatus.CURRENT), digest="1" * 64), "not checked"),
    ],
)
def test_an_update_says_what_it_costs(found: Upstream | None, said: str) -> None:
    shown = rows(MODEL, update=found)
    assert shown["Update"] == said
    changes = "template and license" if found is not None and found.changes else None
    assert shown.get("Changes") == changes


@pytest.mark.parametrize(
    ("values", "default", "said"),
    [
        (["low", "medium", "high"], "medium", "low, medium or high; medium unless asked"),
        ([True, False], True, "on or off; on unless asked"),
        ([False], False, "off"),
        (["max", False], None, "max or off"),
        ([], "high", "high unless asked"),
        ([], None, None),
    ],
)
def test_how_a_model_may_be_told_to_think(
    values: list[str | bool], default: str | bool | None, said: str | None
) -> None:
    said_rows = rows(MODEL, Show(thinking=Thinking(values, default)))
    assert said_rows.get("Thinks") == said
    assert "Thinks" not in rows(MODEL, Show())


def test_where_the_prompt_of_a_chat_comes_from_is_said_where_the_server_does() -> None:
    said_rows = rows(MODEL, Show(template_source="gguf_chat_template"))
    assert said_rows["Template from"] == "gguf chat template"
    assert "Template from" not in rows(MODEL, Show())


def test_a_cloud_model_says_where_it_runs_and_has_no_size() -> None:
    stub = msgspec.structs.replace(LISTED, remote_host="https://ollama.com:443", remote_model="big")
    said = rows(Model(stub))
    assert said["Runs at"] == "https://ollama.com:443"
    assert said["Cloud model"] == "big"
    assert said["Size"] == said["Frees"] == "–"


@pytest.mark.parametrize(
    ("total", "vram", "said"),
    [
        (100, 0, "100% CPU"),
        (100, 100, "100% GPU"),
        (100, 25, "75%/25% CPU/GPU"),
        (100, 101, "CPU/GPU split unknown"),
        (0, 5, "CPU/GPU split unknown"),
    ],
)
def test_the_split_is_said_as_ollama_does(total: int, vram: int, said: str) -> None:
    assert processor(total, vram) == said


def test_a_long_system_prompt_is_begun_and_counted() -> None:
    show = Show(system="\n".join(f"line {n}" for n in range(10)))
    said = text(overview(MODEL, show, now=NOW))
    assert "line 5" in said
    assert "line 6" not in said
    assert "… 4 more lines" in said


def test_other_names_of_the_same_digest_are_kin() -> None:
    assert rows(MODEL, also=("one", "two"))["Same as"] == "one, two"
