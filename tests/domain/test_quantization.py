"""Types of weights: what is offered, under which name, and what a file takes by its tensors."""

from __future__ import annotations

import pytest

from ollama_tui.api.replies import Tensor
from ollama_tui.domain.model import Model, facts_of
from ollama_tui.domain.quantization import (
    file_size,
    quantize_problem,
    quantize_targets,
    quantized_name,
)
from tests.domain.models import a_model
from tests.recordings import recorded_show


@pytest.mark.parametrize(
    ("trace", "size"),
    [("show", 5_051_285), ("show-quantized", 80_264_858), ("show-tokenizer-150k", 84_385_878)],
)
def test_the_size_of_real_models_is_told_within_two_percent(trace: str, size: int) -> None:
    assert file_size(recorded_show(trace).tensors) == pytest.approx(size, rel=0.02)


def test_it_is_asked_for_only_where_a_model_is_of_several_files() -> None:
    assert facts_of(recorded_show("show")).weight_bytes == 0
    seer = recorded_show("show-vision-projector")
    assert facts_of(seer).weight_bytes == file_size(seer.tensors) > 5_000_000


@pytest.mark.parametrize(
    "tensor",
    [
        Tensor("x", "Q9_Z", [32]),
        Tensor("x", "F32", [-1]),
        Tensor("x", "F32", [2**60]),
    ],
)
def test_nothing_is_told_of_nonsense(tensor: Tensor) -> None:
    assert file_size([Tensor("y", "F32", [32]), tensor]) == 0
    assert file_size([Tensor(f"{n}", "F32", [2**40, 2**40]) for n in range(3)]) == 2**50


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("tiny:f16", "tiny:q8_0"),
        ("llama3:8b-instruct-fp16", "llama3:8b-instruct-q8_0"),
        ("m:BF16", "m:q8_0"),
        ("m:latest", "m:q8_0"),
        ("m:135m", "m:135m-q8_0"),
        ("m:buff16", "m:buff16-q8_0"),
        ("hf.co/a/b-f16:x", "hf.co/a/b-f16:x-q8_0"),
    ],
)
def test_a_quantized_copy_is_named_after_its_type(name: str, made: str) -> None:
    assert quantized_name(name, "Q8_0") == made


@pytest.mark.parametrize(
    ("level", "offered"),
    [
        ("F16", ["Q8_0", "Q4_K_M", "Q4_K_S"]),
        ("f16", ["Q8_0", "Q4_K_M", "Q4_K_S"]),
        ("BF16", ["F16", "Q8_0", "Q4_K_M", "Q4_K_S"]),
        ("F32", ["F16", "Q8_0", "Q4_K_M", "Q4_K_S"]),
        ("Q8_0", []),
        ("MXFP4", []),
        ("unknown", []),
        ("", []),
    ],
)
def test_only_what_a_server_can_quantize_is_offered(level: str, offered: list[str]) -> None:
    model = a_model(quantization_level=level, format="gguf")
    assert [target.type for target in quantize_targets(model)] == offered
    assert (quantize_problem(model) is None) == bool(offered)


# Sizes of published quantizations of one model of 8 billion parameters, in bytes.
@pytest.mark.parametrize(
    ("type", "real"),
    [("Q8_0", 8_540_771_328), ("Q4_K_M", 4_920_734_272), ("Q4_K_S", 4_692_669_504)],
)
def test_the_size_to_expect_is_about_right(type: str, real: int) -> None:
    model = a_model(size=16_068_891_392, quantization_level="F16", format="gguf")
    expected = next(t.bytes for t in quantize_targets(model) if t.type == type)
    assert expected == pytest.approx(real, rel=0.03)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (None, "on the server"),
        (a_model("gpt-oss:20b-cloud", size=384, cloud=True), "in the cloud"),
        (a_model(quantization_level="F16", format="safetensors"), "safetensors"),
        (a_model("mine:x-cloud", quantization_level="F16", format="gguf"), "has a cloud tag"),
        (a_model(quantization_level="Q4_K_M", format="gguf"), "is Q4_K_M already"),
        (a_model(quantization_level="unknown", format="gguf"), "not known"),
    ],
)
def test_why_a_model_cannot_be_quantized(model: Model | None, said: str) -> None:
    assert said in (quantize_problem(model) or "")
