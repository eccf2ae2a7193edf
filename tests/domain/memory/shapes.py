"""Models as GGUF metadata describes them, with the dimensions that matter for memory."""

from __future__ import annotations

from typing import Any

from ollama_tui.api.replies import Tensor
from ollama_tui.domain.memory.metadata import shape_from
from ollama_tui.domain.memory.shape import MemoryShape


def metadata(architecture: str, **own: Any) -> dict[str, Any]:
    """Return metadata: `head_count__kv` is no key, so `attention__x` stands for `attention.x`."""
    keys = {f"{architecture}.{key.replace('__', '.')}": value for key, value in own.items()}
    return {"general.architecture": architecture, **keys}


def shape(architecture: str, *tensors: Tensor, **own: Any) -> MemoryShape:
    found = shape_from(metadata(architecture, **own), tensors or SOME)
    assert found is not None
    return found


def attention(heads: int, kv_heads: Any, length: int = 0, **more: Any) -> dict[str, Any]:
    own: dict[str, Any] = {"attention__head_count": heads, "attention__head_count_kv": kv_heads}
    if length:
        own |= {"attention__key_length": length, "attention__value_length": length}
    return own | {f"attention__{key}": value for key, value in more.items()}


SOME = (Tensor("token_embd.weight", "F16", [64, 1000]),)

LLAMA_3_8B = shape(
    "llama", block_count=32, embedding_length=4096, context_length=131072, **attention(32, 8)
)
GEMMA_3_27B = shape(
    "gemma3",
    block_count=62,
    embedding_length=5376,
    context_length=131072,
    **attention(32, 16, 128, sliding_window=1024),
)
GEMMA_3_270M = shape(
    "gemma3",
    block_count=18,
    embedding_length=640,
    context_length=32768,
    **attention(4, 1, 256, sliding_window=512),
)
GPT_OSS_20B = shape(
    "gpt-oss",
    block_count=24,
    embedding_length=2880,
    context_length=131072,
    **attention(64, 8, 64, sliding_window=128),
)
DEEPSEEK_V2_LITE = shape(
    "deepseek2",
    block_count=27,
    embedding_length=2048,
    context_length=163840,
    **attention(16, 1, key_length=576, value_length=512, key_length_mla=192, value_length_mla=128),
)
DEEPSEEK_V2_LITE_OLD = shape(
    "deepseek2",
    block_count=27,
    embedding_length=2048,
    context_length=163840,
    **attention(16, 16, key_length=192, value_length=128),
)
LLAMA_32_3B = shape(
    "llama", block_count=28, embedding_length=3072, context_length=131072, **attention(24, 8)
)
QWEN_3_30B_A3B = shape(
    "qwen3moe", block_count=48, embedding_length=2048, context_length=40960, **attention(32, 4, 128)
)
DEEPSEEK_V3 = shape(
    "deepseek2",
    block_count=61,
    embedding_length=7168,
    context_length=163840,
    **attention(128, 1, key_length=576, value_length=512, key_length_mla=192, value_length_mla=128),
)
QWEN_35_9B = shape(
    "qwen35",
    block_count=32,
    embedding_length=4096,
    context_length=262144,
    full_attention_interval=4,
    ssm__conv_kernel=4,
    ssm__inner_size=4096,
    ssm__group_count=16,
    ssm__state_size=128,
    ssm__time_step_rank=32,
    **attention(16, 4, 256),
)
