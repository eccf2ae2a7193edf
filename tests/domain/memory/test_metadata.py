"""The shape of a model, from the metadata and tensors that show or a file has."""

from __future__ import annotations

from typing import Any

import pytest

from ollama_tui.api.replies import Show, Tensor
from ollama_tui.domain.memory.footprint import Load, footprint
from ollama_tui.domain.memory.metadata import memory_shape, shape_from, tensor_bytes
from ollama_tui.domain.memory.shape import Basis, LayerGroup, MemoryShape
from tests.domain.memory.shapes import attention, metadata, shape


def layers(found: MemoryShape) -> list[tuple[int, ...]]:
    return [tuple(each) for each in found.layers]


# ---- layers that slide


def test_the_period_of_gemma_3_is_six() -> None:
    found = shape(
        "gemma3", block_count=62, embedding_length=1, **attention(32, 16, 128, sliding_window=1024)
    )
    assert layers(found) == [(10, 2048, 2048, False), (52, 2048, 2048, True)]
    assert found.window == 1024


@pytest.mark.parametrize(
    ("architecture", "own", "sliding"),
    [
        ("gemma2", {}, 13),  # its window is 4096 where the metadata name none
        ("gemma3", {}, 0),
        ("gemma3", {"attention__sliding_window": 512, "attention__sliding_window_pattern": 2}, 13),
        ("gemma3", {"attention__sliding_window": 512, "attention__sliding_window_pattern": 1}, 0),
        ("llama4", {}, 20),
        ("llama4", {"attention__sliding_window": 0}, 0),
        ("exaone4", {"attention__sliding_window": 4096}, 0),  # only that with 64 layers slides
        ("phi3", {"attention__sliding_window": 262144}, 0),
        ("smallthinker", {"attention__sliding_window": 4096}, 19),
        ("olmo2", {}, 0),
    ],
)
def test_which_layers_slide(architecture: str, own: dict[str, Any], sliding: int) -> None:
    found = shape(architecture, block_count=26, embedding_length=1, **attention(8, 4, 64), **own)
    assert sum(group.layers for group in found.layers if group.slides) == sliding
    assert sum(group.layers for group in found.layers) == 26
    assert found.basis is Basis.EXACT


def test_exaone_4_slides_with_64_layers() -> None:
    found = shape("exaone4", block_count=64, embedding_length=1, **attention(8, 4, 64))
    assert layers(found) == [(16, 256, 256, False), (48, 256, 256, True)]
    assert found.window == 4096


def test_a_pattern_may_name_each_layer() -> None:
    pattern = [True, True, False, True]
    found = shape(
        "gemma4",
        block_count=4,
        embedding_length=1,
        **attention(
            8,
            [4, 4, 1, 4],
            512,
            key_length_swa=256,
            value_length_swa=256,
            sliding_window=1024,
            sliding_window_pattern=pattern,
        ),
    )
    assert layers(found) == [(1, 512, 512, False), (3, 1024, 1024, True)]
    assert found.basis is Basis.EXACT


def test_a_pattern_that_is_too_short_makes_an_estimate_of_the_most() -> None:
    found = shape(
        "gemma4",
        block_count=4,
        embedding_length=1,
        **attention(8, 4, 64, sliding_window=1024, sliding_window_pattern=[True]),
    )
    assert layers(found) == [(4, 256, 256, False)]
    assert found.basis is Basis.ESTIMATE


# ---- layers without a KV cache


def test_layers_that_share_a_cache_have_none() -> None:
    gemma4 = shape(
        "gemma4",
        block_count=35,
        embedding_length=1,
        **attention(8, 2, 64, sliding_window=8, sliding_window_pattern=5, shared_kv_layers=20),
    )
    assert sum(group.layers for group in gemma4.layers) == 15
    gemma3n = shape("gemma3n", block_count=30, embedding_length=1, **attention(8, 2, 64))
    assert sum(group.layers for group in gemma3n.layers) == 20


def test_layers_that_predict_further_tokens_do_not_count() -> None:
    found = shape(
        "glm4moe", block_count=47, nextn_predict_layers=1, embedding_length=1, **attention(8, 2, 64)
    )
    assert layers(found) == [(46, 128, 128, False)]


def test_embedding_models_have_none() -> None:
    found = shape("bert", block_count=24, embedding_length=1024, **attention(16, 16))
    assert found.layers == ()
    assert footprint(found, Load(512)).kv_cache == 0
    assert found.basis is Basis.EXACT


# ---- recurrent state


def test_attention_comes_at_intervals() -> None:
    own = {
        "ssm__conv_kernel": 4,
        "ssm__inner_size": 64,
        "ssm__group_count": 2,
        "ssm__state_size": 8,
    }
    found = shape("qwen3next", block_count=48, embedding_length=1, **attention(16, 2, 256), **own)
    assert layers(found) == [(12, 512, 512, False)]
    assert found.recurrent == 36 * (3 * (64 + 2 * 2 * 8) + 8 * 64) * 4
    half = shape(
        "qwen35",
        block_count=48,
        embedding_length=1,
        full_attention_interval=2,
        **attention(16, 2, 256),
        **own,
    )
    assert layers(half) == [(24, 512, 512, False)]


def test_layers_of_nemotron_h_are_told_by_heads_and_feed_forward() -> None:
    found = shape(
        "nemotron_h",
        block_count=5,
        embedding_length=1,
        feed_forward_length=[0, 512, 0, 512, 0],
        ssm__conv_kernel=4,
        ssm__inner_size=64,
        ssm__group_count=2,
        ssm__state_size=8,
        **attention(16, [0, 0, 2, 0, 0], 128),
    )
    assert layers(found) == [(1, 256, 256, False)]
    assert found.recurrent == 2 * (3 * (64 + 2 * 2 * 8) + 8 * 64) * 4


def test_lfm2_keeps_the_last_tokens_of_its_convolutions() -> None:
    found = shape(
        "lfm2",
        block_count=4,
        embedding_length=2048,
        shortconv__l_cache=3,
        **attention(32, [0, 0, 8, 0]),
    )
    assert layers(found) == [(1, 512, 512, False)]
    assert found.recurrent == 3 * 2048 * 2 * 4


# ---- arrays that are left out


def per_layer_tensors(widths: list[int]) -> list[Tensor]:
    """Return tensors of layers, each with the width of its keys and values; 0 for one without."""
    found = [Tensor("token_embd.weight", "F16", [64, 1000])]
    for i, width in enumerate(widths):
        if width:
            found += [Tensor(f"blk.{i}.attn_{x}.weight", "Q4_K", [256, width]) for x in "kv"]
        else:
            found.append(Tensor(f"blk.{i}.ssm_in.weight", "Q4_K", [256, 64]))
        found.append(Tensor(f"blk.{i}.attn_norm.weight", "F32", [256]))
    return found


def test_left_out_head_counts_are_read_off_the_tensors() -> None:
    info = metadata("llama", block_count=3, embedding_length=256, **attention(8, None, 64))
    found = shape_from(info, per_layer_tensors([128, 64, 128]))
    assert found is not None
    assert layers(found) == [(1, 64, 64, False), (2, 128, 128, False)]
    assert found.basis is Basis.EXACT
    assert not found.needs_verbose


def test_what_the_tensors_do_not_tell_has_to_be_asked_for() -> None:
    info = metadata("llama", block_count=3, embedding_length=256, **attention(8, None, 64))
    found = shape_from(info, [Tensor("token_embd.weight", "F16", [256, 1000])])
    assert found is not None
    assert found.needs_verbose
    assert found.basis is Basis.ESTIMATE
    assert layers(found) == [(3, 512, 512, False)]  # as many as there can be


def test_a_left_out_pattern_is_read_off_the_lengths_of_heads() -> None:
    own = attention(
        8,
        None,
        512,
        key_length_swa=256,
        value_length_swa=256,
        sliding_window=512,
        sliding_window_pattern=None,
    )
    info = metadata("gemma4", block_count=3, embedding_length=256, **own)
    norms = [
        Tensor(f"blk.{i}.attn_k_norm.weight", "F32", [n]) for i, n in enumerate((256, 512, 256))
    ]
    found = shape_from(info, [*per_layer_tensors([1024, 512, 1024]), *norms])
    assert found is not None
    assert layers(found) == [(1, 512, 512, False), (2, 1024, 1024, True)]
    assert found.basis is Basis.EXACT


def test_recurrent_layers_are_read_off_the_tensors() -> None:
    info = metadata(
        "nemotron_h",
        block_count=3,
        embedding_length=256,
        feed_forward_length=None,
        ssm__conv_kernel=4,
        ssm__inner_size=64,
        ssm__group_count=2,
        ssm__state_size=8,
        **attention(16, None, 128),
    )
    found = shape_from(info, per_layer_tensors([0, 256, 0]))
    assert found is not None
    assert layers(found) == [(1, 256, 256, False)]
    assert found.recurrent == 2 * (3 * (64 + 2 * 2 * 8) + 8 * 64) * 4
    assert not found.needs_verbose


# ---- weights


@pytest.mark.parametrize(
    ("kind", "dimensions", "expected"),
    [
        ("F32", [7], 28),
        ("F16", [4096, 2], 16384),
        ("Q8_0", [4096], 4352),
        ("Q4_K", [256, 10], 1440),
        ("MXFP4", [2880, 32], 2880 * 32 // 32 * 17),
        ("q4_0", [32], 18),
        ("unheard-of", [32], 0),
        ("F32", [], 0),
        ("F32", [2**40, 2**40], 0),
    ],
)
def test_tensor_bytes(kind: str, dimensions: list[int], expected: int) -> None:
    assert tensor_bytes(Tensor("t", kind, dimensions)) == expected


def test_tied_embeddings_are_on_the_gpu_too() -> None:
    embedding = Tensor("token_embd.weight", "F16", [64, 1000])
    own = {"block_count": 1, "embedding_length": 64, **attention(8, 2, 8)}
    tied = shape("llama", embedding, **own)
    untied = shape("llama", embedding, Tensor("output.weight", "F16", [64, 1000]), **own)
    assert (tied.weights, tied.on_cpu) == (128_000, 0)
    assert (untied.weights, untied.on_cpu) == (256_000, 128_000)
    assert untied.vocabulary == 1000


# ---- what nobody knows


def test_an_unknown_architecture_is_never_exact() -> None:
    for name in ("unheard-of", "deepseek32", "glm-dsa", "kimi-k3", "minimax-m3", "deepseek4"):
        found = shape(name, block_count=2, embedding_length=64, **attention(8, 2, 8))
        assert found.basis is Basis.ESTIMATE


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"general.architecture": 7},
        {"general.architecture": "llama"},
        {"general.architecture": "llama", "llama.block_count": 0},
        {"general.architecture": "llama", "llama.block_count": -1},
        {"general.architecture": "llama", "llama.block_count": 2**60},
        {"general.architecture": "llama", "llama.block_count": "32"},
        {"general.architecture": "llama", "llama.block_count": [1, 2]},
        {"general.architecture": "llama", "llama.block_count": True},
        {"general.architecture": "llama", "llama.block_count": 32},
        {"general.architecture": "unheard-of", "unheard-of.block_count": 32},
    ],
)
def test_metadata_that_do_not_say_what_layers_keep_have_no_shape(info: dict[str, Any]) -> None:
    assert shape_from(info, ()) is None


@pytest.mark.parametrize(
    "nonsense",
    [
        {"attention__head_count": 0},
        {"attention__head_count": "32"},
        {"attention__head_count_kv": -8},
        {"attention__head_count_kv": ["8", None, {}, 2**90]},
        {"attention__head_count_kv": []},
        {"attention__key_length": 2**70},
        {"embedding_length": None},
        {"nextn_predict_layers": 99},
    ],
)
@pytest.mark.parametrize(
    "architecture", ["llama", "gemma3", "gemma4", "nemotron_h", "lfm2", "qwen35"]
)
def test_nonsense_is_no_crash_and_nothing_negative(
    architecture: str, nonsense: dict[str, Any]
) -> None:
    own = {"block_count": 4, "embedding_length": 64, **attention(8, 2, 8)} | nonsense
    found = shape_from(metadata(architecture, **own), [Tensor("t", "?", [])])
    if found is None:
        return
    taken = footprint(found, Load(4096))
    assert min(taken.weights, taken.kv_cache, taken.recurrent, taken.compute) >= 0


def test_a_model_has_its_own_context() -> None:
    show = Show(
        model_info=metadata("llama", block_count=1, **attention(8, 2, 8)),
        parameters='stop                    "num_ctx 3"\nnum_ctx                 8192',
    )
    found = memory_shape(show)
    assert found is not None
    assert found.num_ctx == 8192
    assert memory_shape(Show(details=show.details)) is None


def test_groups_are_values() -> None:
    assert LayerGroup(1, 2, 3) == (1, 2, 3, False)
