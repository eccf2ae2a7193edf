"""The catalogue as a value: names of stubs, merging, filtering, and what is said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api import errors
from ollama_tui.api.errors import OllamaError, Refused
from ollama_tui.api.replies import CloudStatus, ListedModel, ModelDetails, Recommendation, Show
from ollama_tui.domain import names
from ollama_tui.domain.cloud import (
    CatalogueEntry,
    catalogue,
    cloud_error,
    entry_lines,
    filtered,
    offered_name,
    size_in_tag,
    stub_name,
    why_disabled,
)
from ollama_tui.domain.model import Model
from ollama_tui.formatting import UNKNOWN

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PART = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,12}", fullmatch=True)


def tag(name: str, **fields: object) -> ListedModel:
    return ListedModel(name=name, **fields)  # type: ignore[arg-type]


def stub(name: str, remote: str = "m") -> Model:
    return Model(ListedModel(name=name, remote_host="https://ollama.com:443", remote_model=remote))


def by_name(*sources: object) -> dict[str, CatalogueEntry]:
    return {entry.name: entry for entry in catalogue(*sources)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("offered", "pulled"),
    [
        ("gpt-oss:120b", "gpt-oss:120b-cloud"),
        ("qwen3.5", "qwen3.5:cloud"),
        ("deepseek-v3.1:671b", "deepseek-v3.1:671b-cloud"),
        ("me/mine:8b", "me/mine:8b-cloud"),
        ("me/mine", "me/mine:cloud"),
        ("kimi-k2:1t-cloud", "kimi-k2:1t-cloud"),
        ("gpt-oss:120b:cloud", "gpt-oss:120b-cloud"),
        ("host:8080/me/mine", "host:8080/me/mine:cloud"),
    ],
)
def test_a_stub_is_named_as_ollama_names_it(offered: str, pulled: str) -> None:
    assert stub_name(offered) == pulled


@given(PART, st.none() | PART)
def test_a_stub_leads_back_to_the_name_at_ollama_com(model: str, tag: str | None) -> None:
    offered = f"{model}:{tag}" if tag else model
    if names.source(offered) is not None:
        return
    assert names.source(stub_name(offered)) == "cloud"
    assert offered_name(stub_name(offered)) == offered
    assert stub_name(stub_name(offered)) == stub_name(offered), "a stub's name is its own"


@pytest.mark.parametrize("text", ["", "a b", "../x", "x:local", "\x1b[2J", "m:cloud:local"])
def test_what_is_no_name_is_left_out(text: str) -> None:
    assert list(by_name([tag(text), tag("good")], [], [])) == ["good:cloud"]


def test_recommendations_come_first_in_their_order_then_the_rest_by_name() -> None:
    advice = [Recommendation(model="z:1b"), Recommendation(model="gpt-oss:120b-cloud")]
    offered = [tag("qwen10"), tag("gpt-oss:120b"), tag("qwen9")]
    entries = catalogue(offered, advice, [stub("alpha:cloud")])
    assert [entry.name for entry in entries] == [
        "z:1b", "gpt-oss:120b-cloud", "alpha:cloud", "qwen9:cloud", "qwen10:cloud",
    ]  # fmt: skip


def test_one_model_known_from_three_sides_is_one_entry() -> None:
    entries = by_name(
        [tag("gpt-oss:120b", details=ModelDetails(family="gptoss"))],
        [Recommendation(model="gpt-oss:120b-cloud", description="thinks", context_length=131072)],
        [stub("GPT-OSS:120b-cloud")],
    )
    (entry,) = entries.values()
    assert entry.where == ("cloud", "recommended", "installed")
    assert entry.installed == "GPT-OSS:120b-cloud"
    assert entry.model.listed.remote_model == "gpt-oss:120b"
    assert entry.model.context_length == 131072
    assert entry.model.listed.details.family == "gptoss"
    assert entry.description == "thinks"


def test_a_recommended_model_of_weights_keeps_its_own_name() -> None:
    local = Model(ListedModel(name="qwen3:8b", details=ModelDetails(parameter_size="8.2B")))
    advice = Recommendation(model="qwen3:8b", vram_bytes=8_000_000_000)
    entry = by_name([], [advice], [local])["qwen3:8b"]
    assert not entry.model.is_cloud
    assert entry.where == ("recommended", "installed")
    assert entry.model.listed.details.parameter_size == "8.2B"
    assert entry.needs == "8 GB"


def test_derived_and_ordinary_models_are_not_part_of_the_catalogue() -> None:
    derived, ordinary = stub("assistant:latest", "gpt-oss:120b"), Model(ListedModel(name="a:1b"))
    assert catalogue([], [], [derived, ordinary]) == ()


def test_a_plan_counts_before_memory_and_is_inert() -> None:
    advice = Recommendation(model="a:cloud", required_plan="pro\x1b[31m", vram_bytes=5)
    assert by_name([], [advice], [])["a:cloud"].needs.isprintable()
    assert by_name([tag("b")], [], [])["b:cloud"].needs == UNKNOWN


def test_details_once_asked_for_count_most() -> None:
    show = Show(
        details=ModelDetails(parameter_size="671.0B"),
        model_info={"general.architecture": "x", "x.context_length": 4096},
        capabilities=["tools"],
    )
    (plain,) = catalogue([tag("a:1b", capabilities=["vision"])], [], [])
    (known,) = catalogue([tag("a:1b", capabilities=["vision"])], [], [], {plain.key: show})
    assert plain.model.capabilities == frozenset({"vision"})
    assert known.model.capabilities == frozenset({"tools"})
    assert known.model.context_length == 4096
    assert known.model.listed.details.parameter_size == "671.0B"
    assert known.details is show


@pytest.mark.parametrize(
    ("name", "stated"),
    [
        ("gpt-oss:120b-cloud", "120B"),
        ("qwen3:0.6b", "0.6B"),
        ("smollm:135m", "135M"),
        ("qwen3:30b-a3b", "30B"),
        ("qwen3.5:cloud", ""),
        ("q:q4_K_M", ""),
        ("kimi:k2", ""),
    ],
)
def test_the_tag_states_the_parameters_where_nothing_else_does(name: str, stated: str) -> None:
    assert size_in_tag(name) == stated


def test_words_are_also_found_in_descriptions_and_places() -> None:
    advice = [Recommendation(model="a:1b", description="Long coding tasks")]
    entries = catalogue([tag("b")], advice, [])

    def found(text: str) -> list[str]:
        return [entry.name for entry in filtered(entries, text, NOW)[0]]

    assert found("CODING") == ["a:1b"]
    assert found("recommended") == ["a:1b"]
    assert found("!recommended") == ["b:cloud"]
    assert found("is:cloud") == ["b:cloud"]
    assert found("zebra,coding") == ["a:1b"]
    assert found("") == ["a:1b", "b:cloud"]


def test_a_mistake_in_the_filter_is_pointed_at_and_the_other_words_still_count() -> None:
    entries = catalogue([tag("a"), tag("b")], [], [])
    kept, problems = filtered(entries, "a: sise:>8g b", NOW)
    assert [problem.start for problem in problems] == [3]
    assert [entry.name for entry in kept] == []
    assert len(filtered(entries, "sise:>8g b", NOW)[0]) == 1


CLASSES = [
    errors.Unreachable, errors.Interrupted, errors.NotOllama, errors.Refused, errors.NotFound,
    errors.InvalidRequest, errors.Unauthorized, errors.Forbidden, errors.Unsupported,
    errors.Busy, errors.ServerFailed,
]  # fmt: skip


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("status", [0, 402, 418, 502])
def test_no_word_of_ollama_com_is_repeated(kind: type[OllamaError], status: int) -> None:
    secret = "sk-secret"
    error = (
        kind(secret, secret, status=status, server_text=secret)
        if issubclass(kind, Refused)
        else kind(secret, secret)
    )
    told = cloud_error(error)
    assert secret not in f"{told} {vars(told)}"
    assert told.title.endswith(".")
    assert told.hint.endswith(".")


def test_our_own_errors_are_told_as_they_are() -> None:
    error = OllamaError(
        "The API key contains characters that are not allowed in a key.", "Check it."
    )
    assert cloud_error(error) is error


@pytest.mark.parametrize(
    ("status", "by"),
    [
        (CloudStatus(True, "env"), "OLLAMA_NO_CLOUD:"),
        (CloudStatus(True, "config"), "disable_ollama_cloud in its server.json:"),
        (CloudStatus(True, "both"), "OLLAMA_NO_CLOUD and disable_ollama_cloud"),
        (CloudStatus(True, "\x1bnew"), "its settings:"),
    ],
)
def test_a_switched_off_cloud_names_the_switch(status: CloudStatus, by: str) -> None:
    assert by in why_disabled(status)


def test_a_cloud_that_is_on_is_not_worth_a_word() -> None:
    assert why_disabled(CloudStatus(False, "none")) == ""


def test_the_details_say_what_is_known_and_how_to_know_more() -> None:
    advice = Recommendation(
        model="a:1b-cloud", description="Good", max_output_tokens=32768, required_plan="pro"
    )
    entry = by_name([tag("a:1b")], [advice], [])["a:1b-cloud"]
    text = "\n".join("".join(part for part, _ in line) for line in entry_lines(entry))
    for said in ("Good", "as a:1b", "32,768 tokens", "pro", "enter asks ollama.com"):
        assert said in text
