"""How far estimates of a KV cache are from what llama.cpp allocates.

`python -m tests.benchmarks.memory_errors` prints the table of the README. Weights are left out:
they are the tensors' bytes, which every one of the programs knows or can look up.
"""

from __future__ import annotations

from ollama_tui.domain.memory.footprint import Load, footprint
from tests.domain.memory.measured import MEASURED, Measured

CONTEXT = 32768
"""Tokens, of one request, in f16."""
BEGIN, END = "<!-- memory errors -->", "<!-- /memory errors -->"

LLMFIT = {
    "Llama-3-8B": 4.0,
    "Llama-3.2-3B": 3.5,
    "Phi-4": 6.25,
    "Qwen3-30B-A3B": 3.0,
    "Qwen3.5-9B": 1.0,
    "gpt-oss-20b": 1.5,
    "Gemma-3-270M": 0.5625,
    "Gemma-3-27B": 15.5,
    "Gemma-4-26B-A4B": 7.5,
    "DeepSeek-V2-Lite": 6.75,
}
"""GiB that llmfit 1.1.17 printed as kv_alternatives: `llmfit plan MODEL --context 32768 --json`.

The models are meta-llama/Meta-Llama-3-8B, meta-llama/Llama-3.2-3B, microsoft/phi-4,
Qwen/Qwen3-30B-A3B, Qwen/Qwen3.5-9B, openai/gpt-oss-20b, google/gemma-3-270m, google/gemma-3-27b-it,
google/gemma-4-26B-A4B-it and deepseek-ai/DeepSeek-V2-Lite.
"""


def gollama(model: Measured) -> int:
    """Return what gollama 2.0.5 takes for the KV cache, in bytes.

    By sammcj/gollama, vramestimator/vramestimator.go at 2301cc3: keys and values as wide as the
    embedding, times KV heads by heads, on every layer and for every token. An array, which
    /api/show leaves out, counts as missing, so that all heads are KV heads. It prints only a
    total, in which there is also an activation for each token of the context.
    """
    heads = _number(model, "attention.head_count")
    kv_heads = _number(model, "attention.head_count_kv") or heads
    width = _number(model, "embedding_length") * kv_heads / heads
    return int(2 * CONTEXT * _number(model, "block_count") * width * 2)


def gguf_parser(model: Measured) -> int:
    """Return what gguf-parser-go takes for the KV cache and recurrent state, in bytes.

    By gpustack/gguf-parser-go, file_architecture.go and file_estimate__llamacpp.go at 0e66ad9:
    sliding windows of most architectures, to which it adds the logical batch (2048 unless said)
    where llama.cpp adds the micro-batch; recurrent layers; MLA with the lengths of keys and
    values as they are before compression, for one head.
    """
    shape = model.shape()
    window = min(CONTEXT, -(-(shape.window + 2048) // 256) * 256)
    mla = _number(model, "attention.key_length_mla") + _number(model, "attention.value_length_mla")
    elements = sum(
        group.layers * (window if group.slides else CONTEXT) * (mla or group.keys + group.values)
        for group in shape.layers
    )
    return elements * 2 + shape.recurrent


def table() -> str:
    """Return the errors of ten models as a Markdown table."""
    lines = [
        "| 32,768 tokens, f16 | by llama.cpp | ollama-tui | llmfit | gollama | gguf-parser |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    by_name = {model.name: model for model in MEASURED}
    return "\n".join(lines + [_row(by_name[name]) for name in LLMFIT])


def _row(model: Measured) -> str:
    measured = model.value(CONTEXT)
    own = footprint(model.shape(), Load(CONTEXT, batch=measured.batch))
    estimates = (
        own.kv_cache + own.recurrent,
        int(LLMFIT[model.name] * 2**30),
        gollama(model),
        gguf_parser(model),
    )
    errors = " | ".join(_error(estimate, measured.cache) for estimate in estimates)
    return f"| {model.name} | {measured.cache / 10**9:.2f} GB | {errors} |"


def _error(estimate: int, cache: int) -> str:
    return "0" if estimate == cache else f"{(estimate - cache) / cache * 100:+,.0f}%"


def _number(model: Measured, key: str) -> int:
    value = model.metadata.get(key, 0)
    return value if isinstance(value, int) else 0


if __name__ == "__main__":
    print(table())
