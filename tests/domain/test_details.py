"""What the details say of a model, as plain lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ollama_tui.api.replies import (
    ListedModel,
    Message,
    ModelDetails,
    Show,
    Tensor,
    VerboseShow,
)
from ollama_tui.domain import details as documents
from ollama_tui.domain.details import MAX_LINES, messages, parameters
from ollama_tui.domain.model import Model
from ollama_tui.domain.overview import overview
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
    counts = {tab.id: tab.count for tab in documents.tabs(FULL) if tab.count}
    assert counts == {"parameters": 3, "tensors": 2, "messages": 2}


@pytest.mark.parametrize("tab", [tab.id for tab in documents.TABS])
def test_every_tab_has_a_document(tab: str) -> None:
    said = documents.document(tab, Model(LISTED), FULL, now=NOW)
    assert said if isinstance(said, str) else text(list(said))


def test_without_details_every_tab_is_the_overview() -> None:
    said = documents.document("template", Model(LISTED), None, now=NOW)
    assert said == overview(Model(LISTED), None, now=NOW)


def test_metadata_is_sorted_and_says_how_to_get_what_is_missing() -> None:
    said = text(documents.metadata(Model(LISTED), FULL, {}))
    assert said.startswith("digest")
    assert LISTED.digest in said
    assert said.index("a.flag") < said.index("general.architecture") < said.index("tokenizer")
    assert "true" in said
    assert documents.NO_ARRAY in said
    assert "Projector" in said
    assert "2.5" in said
    arrays = {"tokenizer.tokens": '["a"]'}
    assert documents.NO_ARRAY not in text(documents.metadata(Model(LISTED), FULL, arrays))


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


def test_a_tensor_fits_on_one_line_beside_the_list() -> None:
    every = [Tensor("blk.31.attn_output.weight", "Q4_K", [4096, 4096])]
    assert (
        text(documents.tensors(every, 36)).splitlines()[2] == "blk.31.attn_output  Q4_K  4096×4096"
    )
    assert "blk.31.attn_output.weight  Q4_K  4096 × 4096" in text(documents.tensors(every, 80))


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
    verbose = VerboseShow(model_info={"tokens": '["a", "b"]'}, projector_info={"clip": "3"})
    assert documents.whole_values(verbose) == {"tokens": '["a", "b"]', "clip": "3"}


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
