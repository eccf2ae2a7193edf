"""What models take in memory, against published values and against llama.cpp itself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.domain.memory.footprint import (
    KV_TYPES,
    Load,
    batch_matters,
    footprint,
    sequences,
    usual_batch,
)
from ollama_tui.domain.memory.shape import Basis, LayerGroup, MemoryShape
from tests.domain.memory import shapes as s

MIB = 1024 * 1024


def kv(
    shape: MemoryShape, context: int, parallel: int = 1, kv_type: str = "f16", batch: int = 512
) -> int:
    return footprint(shape, Load(context, parallel, kv_type, batch)).kv_cache


@pytest.mark.parametrize(
    ("shape", "asked", "expected"),
    [
        (s.LLAMA_3_8B, {"context": 4096}, 536_870_912),
        (s.LLAMA_3_8B, {"context": 5000}, 671_088_640),
        (s.LLAMA_3_8B, {"context": 32768, "kv_type": "q8_0"}, 2_281_701_376),
        (s.LLAMA_3_8B, {"context": 4096, "parallel": 4}, 2_147_483_648),
        (s.GEMMA_3_27B, {"context": 4096}, 989_855_744),
        (s.GEMMA_3_27B, {"context": 32768}, 3_338_665_984),
        (s.GEMMA_3_27B, {"context": 131072}, 11_391_729_664),
        (s.GEMMA_3_27B, {"context": 131072, "kv_type": "q8_0"}, 6_051_856_384),
        (s.GEMMA_3_27B, {"context": 32768, "batch": 1024}, 3_556_769_792),
        (s.GEMMA_3_27B, {"context": 131072, "batch": 2048}, 12_046_041_088),
        (s.GEMMA_3_27B, {"context": 4096, "parallel": 4}, 3_959_422_976),
        (s.GPT_OSS_20B, {"context": 4096}, 119_537_664),
        (s.GPT_OSS_20B, {"context": 131072}, 3_240_099_840),
        (s.GPT_OSS_20B, {"context": 131072, "batch": 2048}, 3_277_848_576),
        (s.DEEPSEEK_V2_LITE, {"context": 4096}, 127_401_984),
        (s.DEEPSEEK_V2_LITE, {"context": 32768}, 1_019_215_872),
        (s.DEEPSEEK_V2_LITE, {"context": 131072}, 4_076_863_488),
        (s.DEEPSEEK_V2_LITE_OLD, {"context": 4096}, 1_132_462_080),
        (s.DEEPSEEK_V2_LITE_OLD, {"context": 131072}, 36_238_786_560),
        (s.GEMMA_3_270M, {"context": 4096}, 28_311_552),
        (s.GEMMA_3_270M, {"context": 32768}, 116_391_936),
        (s.GEMMA_3_270M, {"context": 32768, "kv_type": "q8_0"}, 61_833_216),
        (s.GEMMA_3_270M, {"context": 256, "parallel": 4}, 18_874_368),
    ],
)  # fmt: skip
def test_the_kv_cache_is_what_llama_cpp_allocates(
    shape: MemoryShape, asked: dict[str, Any], expected: int
) -> None:
    assert kv(shape, **asked) == expected


def test_published_values() -> None:
    assert kv(s.LLAMA_32_3B, 4096) == 448 * MIB  # Ollama's llm/llama_server_test.go
    assert kv(s.QWEN_3_30B_A3B, 4096) == 384 * MIB  # llama.cpp's tools/fit-params
    assert kv(s.QWEN_3_30B_A3B, 40960) - kv(s.QWEN_3_30B_A3B, 4096) == 3456 * MIB
    assert kv(s.DEEPSEEK_V3, 4096) == 61 * 4096 * 576 * 2
    assert kv(s.GEMMA_3_270M, 256, parallel=4) == 18 * MIB  # llama.cpp's tests


def test_recurrent_state_does_not_grow_with_the_context() -> None:
    short, long = (footprint(s.QWEN_35_9B, Load(context)) for context in (4096, 262144))
    state = (3 * (4096 + 2 * 16 * 128) + 128 * 4096) * 4
    assert short.recurrent == long.recurrent == 24 * state
    assert long.kv_cache == 8 * 262144 * 2 * 4 * 256 * 2


def test_a_server_runs_one_request_at_a_time_of_some_architectures() -> None:
    assert sequences(s.QWEN_35_9B, 4) == 1
    assert sequences(s.LLAMA_3_8B, 4) == 4
    assert footprint(s.QWEN_35_9B, Load(4096, 4)).kv_cache == kv(s.QWEN_35_9B, 4096)


def test_the_compute_buffer_is_an_upper_bound_of_less_than_five_percent() -> None:
    shape = MemoryShape(
        "llama", 0, layers=(LayerGroup(32, 1024, 1024),), vocabulary=128256, embedding=4096
    )
    formula = 512 * (4 * 128256 + 20 * 4096 + 2 * 4096)
    found = footprint(shape, Load(4096)).compute
    assert formula * 1.026 < found < formula * 1.00004 * 1.05


def test_without_flash_attention_scores_of_all_heads_are_kept() -> None:
    with_it, without = (
        footprint(s.LLAMA_3_8B, Load(8192, batch=512, flash_attention=on)).compute
        for on in (True, False)
    )
    assert without - with_it == pytest.approx(32 * 512 * 8192 * 4, rel=0.05)


@pytest.mark.parametrize(
    ("context", "batch"), [(1, 512), (4096, 512), (4097, 1024), (32768, 1024), (32769, 2048)]
)
def test_the_micro_batch_grows_with_the_context(context: int, batch: int) -> None:
    assert usual_batch(context) == batch
    assert footprint(s.LLAMA_3_8B, Load(context)).load.batch == batch


def test_the_micro_batch_matters_only_to_what_slides() -> None:
    assert batch_matters(s.GEMMA_3_27B, 32768)
    assert not batch_matters(s.GEMMA_3_27B, 4096)
    assert not batch_matters(s.LLAMA_3_8B, 32768)


def test_what_is_no_load_is_refused() -> None:
    with pytest.raises(KeyError):
        footprint(s.LLAMA_3_8B, Load(4096, kv_type="q9_9"))
    for context in (0, -1, 2**40):
        with pytest.raises(ValueError, match="no context"):
            footprint(s.LLAMA_3_8B, Load(context))


# ---- properties

groups = st.builds(
    LayerGroup,
    st.integers(1, 100),
    st.integers(1, 64).map(lambda n: n * 32),
    st.integers(0, 64).map(lambda n: n * 32),
    st.booleans(),
)
any_shape = st.builds(
    MemoryShape,
    st.sampled_from(["llama", "gemma3", "qwen35", "grok", "unheard-of"]),
    st.integers(0, 2**40),
    layers=st.lists(groups, max_size=4).map(tuple),
    window=st.integers(0, 8192),
    recurrent=st.integers(0, 2**30),
    vocabulary=st.integers(0, 300_000),
    embedding=st.integers(0, 20_000),
    heads=st.integers(0, 128),
    basis=st.sampled_from(Basis),
)
tokens = st.integers(1, 2**20)


@given(any_shape, tokens, tokens, st.sampled_from(sorted(KV_TYPES)))
def test_more_context_never_takes_less(
    shape: MemoryShape, one: int, other: int, kv_type: str
) -> None:
    less, more = (footprint(shape, Load(n, 1, kv_type)) for n in sorted((one, other)))
    assert less.kv_cache <= more.kv_cache
    assert less.compute <= more.compute
    assert less.total <= more.total
    assert less.gpu <= more.gpu


@given(any_shape, tokens, st.integers(1, 16), st.integers(1, 16))
def test_more_requests_never_take_less(
    shape: MemoryShape, context: int, one: int, other: int
) -> None:
    less, more = (footprint(shape, Load(context, n)) for n in sorted((one, other)))
    assert less.total <= more.total


@given(any_shape, tokens, st.integers(1, 16))
def test_a_kv_type_scales_the_whole_cache(shape: MemoryShape, context: int, parallel: int) -> None:
    whole = footprint(shape, Load(context, parallel)).kv_cache
    assert footprint(shape, Load(context, parallel, "q8_0")).kv_cache * 64 == whole * 34
    assert footprint(shape, Load(context, parallel, "q4_0")).kv_cache * 64 == whole * 18


@given(any_shape, tokens)
def test_all_figures_add_up(shape: MemoryShape, context: int) -> None:
    found = footprint(msgspec.structs.replace(shape, projector=7, on_cpu=0), Load(context))
    parts = (found.weights, found.projector, found.kv_cache, found.recurrent, found.compute)
    assert found.total == found.gpu == sum(parts)
    assert min(parts) >= 0
