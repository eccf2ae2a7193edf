"""What the details say of a model, as plain lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from ollama_tui.api.replies import (
    ListedModel,
    Message,
    ModelDetails,
    RunningModel,
    Show,
    Tensor,
    Thinking,
    VerboseShow,
)
from ollama_tui.domain import details as documents
from ollama_tui.domain.details import MAX_LINES, messages, parameters
from ollama_tui.domain.model import Model
from ollama_tui.formatting import StyledLine

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LISTED = ListedModel(
    name="qwen3:1.7b",
    size=1_359_280_420,
    digest="2296e625a900" + "0" * 52,
    modified_text=(NOW - timedelta(days=60)).isoformat(),
    capabilities=["completion", "tools"],
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


def text(lines: list[StyledLine] | str) -> str:
    assert not isinstance(lines, str)
    return "\n".join("".join(part for part, _ in line) for line in lines)


def overview(model: Model, show: Show | None = None, *also: str) -> dict[str, str]:
    """Return the labelled rows."""
    lines = text(documents.overview(model, show, now=NOW, also=also)).splitlines()
    at = documents.LABEL_CELLS
    return {line[:at].strip(): line[at:].strip() for line in lines if line[:at].strip()}


def test_the_overview_says_what_a_person_asks_first() -> None:
    rows = overview(Model(LISTED))
    assert rows["Can"] == "completion tools"
    assert rows["Family"] == "qwen3 · clip"
    assert rows["Context"] == "40,960 tokens"
    assert rows["Size"].startswith("1.4 GB")
    assert rows["Digest"] == "2296e625a900"
    assert rows["Modified"] == "2 months ago"


def test_what_nobody_knows_is_left_out_or_said_to_be_unknown() -> None:
    rows = overview(Model(ListedModel(name="bare")))
    assert rows["Can"] == "not known yet"
    assert {rows[label] for label in ("Family", "Context", "Quantization")} == {"–"}
    assert "Embedding" not in rows
    assert rows["Modified"] == "never"


def test_show_knows_capabilities_better_than_the_list() -> None:
    assert overview(Model(LISTED), Show(capabilities=["vision"]))["Can"] == "vision"


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
    rows = overview(Model(LISTED), Show(thinking=Thinking(values, default)))
    assert rows.get("Thinks") == said
    assert "Thinks" not in overview(Model(LISTED), Show())


def test_where_the_prompt_of_a_chat_comes_from_is_said_where_the_server_does() -> None:
    rows = overview(Model(LISTED), Show(template_source="gguf_chat_template"))
    assert rows["Template from"] == "gguf chat template"
    assert "Template from" not in overview(Model(LISTED), Show())


def test_a_cloud_model_says_where_it_runs_and_has_no_size() -> None:
    stub = msgspec.structs.replace(LISTED, remote_host="https://ollama.com:443", remote_model="big")
    rows = overview(Model(stub))
    assert rows["Runs at"] == "https://ollama.com:443"
    assert rows["Cloud model"] == "big"
    assert rows["Size"] == rows["Bytes"] == "–"


def test_a_loaded_model_says_how_much_where_and_until_when() -> None:
    runner = RunningModel(
        name="qwen3:1.7b",
        size=2_000_000_000,
        size_vram=1_000_000_000,
        context_length=4096,
        expires_text=(NOW + timedelta(minutes=4, seconds=5)).isoformat(),
    )
    rows = overview(Model(LISTED, running=runner))
    assert rows["Loaded"] == "2 GB, 50%/50% CPU/GPU"
    assert rows["Context now"] == "4,096 tokens"
    assert rows["Until"] == "4 minutes from now"


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
    assert documents.processor(total, vram) == said


def test_a_long_system_prompt_is_begun_and_counted() -> None:
    show = Show(system="\n".join(f"line {n}" for n in range(10)))
    said = text(documents.overview(Model(LISTED), show, now=NOW))
    assert "line 5" in said
    assert "line 6" not in said
    assert "… 4 more lines" in said


def test_other_names_of_the_same_digest_are_kin() -> None:
    assert overview(Model(LISTED), None, "one", "two")["Same as"] == "one, two"


FULL = Show(
    license="MIT",
    modelfile="# Modelfile generated\n# FROM other:1b\nFROM /x",
    parameters='stop    "b"\nstop    "a"\ntemperature 1',
    template="{{ .Prompt }}",
    system="Be brief.",
    messages=[Message("user", "hi\nthere"), Message("assistant", "yes")],
    model_info={"general.architecture": "qwen3", "tokenizer.tokens": None, "a.flag": True},
    projector_info={"clip.width": 2.5},
    tensors=[Tensor("blk.0", "F16", [4, 8]), Tensor("scalar", "F32", [])],
)


def test_tabs_are_there_only_for_what_is_there() -> None:
    assert [tab.id for tab in documents.tabs(None)] == ["overview"]
    assert [tab.id for tab in documents.tabs(Show())] == ["overview"]
    assert len(documents.tabs(FULL)) == len(documents.TABS)
    assert [tab.id for tab in documents.tabs(Show(system="x"))] == ["overview", "system"]


@pytest.mark.parametrize("tab", [tab.id for tab in documents.TABS])
def test_every_tab_has_a_document(tab: str) -> None:
    said = documents.document(tab, Model(LISTED), FULL, now=NOW)
    assert said if isinstance(said, str) else text(list(said))


def test_without_details_every_tab_is_the_overview() -> None:
    said = documents.document("template", Model(LISTED), None, now=NOW)
    assert said == documents.overview(Model(LISTED), None, now=NOW)


def test_metadata_is_sorted_and_says_how_to_get_what_is_missing() -> None:
    said = text(documents.metadata(FULL, {}))
    assert said.index("a.flag") < said.index("general.architecture") < said.index("tokenizer")
    assert "true" in said
    assert documents.NO_ARRAY in said
    assert "Projector" in said
    assert "2.5" in said
    assert documents.NO_ARRAY not in text(documents.metadata(FULL, {"tokenizer.tokens": '["a"]'}))


def test_parameters_are_sorted_since_the_servers_order_is_random() -> None:
    said = text(documents.parameters(FULL.parameters)).splitlines()
    assert [line.split() for line in said] == [
        ["stop", '"a"'],
        ["stop", '"b"'],
        ["temperature", "1"],
    ]


def test_tensors_are_counted_and_their_shapes_spelled() -> None:
    said = text(documents.tensors(FULL.tensors))
    assert said.startswith("2 tensors, ")
    assert "4 × 8" in said


def test_a_tensor_of_absurd_size_is_not_added_up() -> None:
    absurd = Tensor("a", "F32", [2**63 - 1] * 20)
    assert text(documents.tensors([absurd])).startswith("1 tensor, – parameters")


def test_the_messages_keep_their_lines() -> None:
    assert text(documents.messages(FULL)).split("\n")[:3] == ["user", "hi", "there"]


def test_the_modelfile_of_an_alias_names_the_alias() -> None:
    said = documents.own_modelfile(Model(LISTED), FULL)
    assert "# FROM qwen3:1.7b\n" in said
    assert said.endswith("FROM /x")


def test_whole_values_stay_text_even_when_they_are_broken() -> None:
    verbose = VerboseShow(
        model_info={"tokens": msgspec.Raw(b'["a", "b"]')},
        projector_info={"clip": msgspec.Raw(b"3")},
    )
    assert documents.whole_values(verbose) == {"tokens": '["a", "b"]', "clip": "3"}


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (r'["\u003c|im_end|\u003e", "a \u0026 b"]', '["<|im_end|>", "a & b"]'),
        (r'["\\u003c", "\\\u003e"]', r'["\\u003c", "\\>"]'),
        (r'["\n", "\u2028", "\u001b"]', r'["\n", "\u2028", "\u001b"]'),
    ],
)
def test_what_a_server_escapes_for_web_pages_is_shown_as_it_is(sent: str, shown: str) -> None:
    verbose = VerboseShow(model_info={"tokens": msgspec.Raw(sent.encode())})
    assert documents.whole_values(verbose) == {"tokens": shown}


def test_more_parameters_than_anybody_reads_are_counted() -> None:
    lines = parameters("stop x\n" * (MAX_LINES + 1_234))
    assert len(lines) == MAX_LINES + 1
    assert lines[-1] == (("… and 1,234 more.", "muted"),)


@pytest.mark.parametrize("count", [1, 3])
def test_longer_messages_than_anybody_reads_end_with_where_the_rest_is(count: int) -> None:
    talk = [Message(role="user", content="y\n" * (MAX_LINES // count)) for _ in range(count + 1)]
    lines = messages(Show(messages=talk))
    assert len(lines) <= MAX_LINES + count + 3
    assert lines[-1] == (("… and more, which the Modelfile has.", "muted"),)
