"""What a model's file takes, told from its tensors."""

from __future__ import annotations

import pytest

from ollama_tui.api.replies import Tensor
from ollama_tui.domain.model import facts_of
from ollama_tui.domain.quantization import file_size
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
