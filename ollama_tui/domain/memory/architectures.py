"""How llama.cpp lays out the KV cache of each architecture that we know.

Names are those of `general.architecture`, as llama.cpp spells them (src/llama-arch.cpp).
"""

from __future__ import annotations

from typing import NamedTuple


class Sliding(NamedTuple):
    """Which layers of an architecture look back over a sliding window only."""

    period: int
    """Layer i slides where i mod period is less than period - 1; 0 where only metadata tell."""
    dense_first: bool = False
    """Layer i slides where i mod period is not 0, instead."""
    window: int = 0
    """Tokens, where the metadata name none."""
    fixed_window: int = 0
    """Tokens, in place of what the metadata name or of `window`; 0 stays 0."""
    only_with_layers: int = 0
    """It slides only with as many layers; 0 for any number."""


_EVERY = 2**31
"""A period longer than any model has layers, so that all of them slide."""

SLIDING: dict[str, Sliding] = {
    "gemma2": Sliding(2, window=4096),
    "gemma3": Sliding(6),
    "gemma3n": Sliding(5),
    "gemma-embedding": Sliding(6),
    "gpt-oss": Sliding(2),
    "gptoss": Sliding(2),  # as Ollama spells it
    "llama4": Sliding(4, window=8192, fixed_window=8192),
    "cohere2": Sliding(4),
    "exaone4": Sliding(4, window=4096, only_with_layers=64),
    "exaone-moe": Sliding(4),
    "olmo2": Sliding(4),
    "mellum": Sliding(4),
    "afmoe": Sliding(4),
    "muse-glimmer": Sliding(4),
    "plamo3": Sliding(8),
    "modern-bert": Sliding(3),
    "smallthinker": Sliding(4, dense_first=True, fixed_window=4096),
    "cohere2moe": Sliding(4, dense_first=True),
    "laguna": Sliding(4, dense_first=True),
    "lfm2": Sliding(_EVERY),
    "lfm2moe": Sliding(_EVERY),
    "gemma4": Sliding(0),  # its metadata say which layers slide
}
"""Architectures with sliding windows; a `sliding_window_pattern` of the metadata comes first."""

INTERVALS = {"qwen35", "qwen35moe", "qwen3next"}
"""Attention on every `full_attention_interval`-th layer, recurrent state on the others."""
BY_HEADS = {"lfm2", "lfm2moe", "granitehybrid", "jamba", "plamo2"}
"""Recurrent state where a layer has no KV heads, attention where it has."""
BY_FEED_FORWARD = {"nemotron_h", "nemotron_h_moe"}
"""Attention where a layer has KV heads and no feed-forward, recurrent state where neither."""
ALL_RECURRENT = {"mamba", "mamba2"}
BOTH = {"falcon-h1"}
"""Attention and recurrent state on every layer."""
HYBRID = INTERVALS | BY_HEADS | BY_FEED_FORWARD | ALL_RECURRENT | BOTH

UNGATED = {
    "arcee", "bloom", "falcon", "gpt2", "gptneox", "nemotron", "phi2", "starcoder", "starcoder2",
}  # fmt: skip
"""Their feed-forward layers have no gate, and so keep less."""
WITHOUT_FLASH_ATTENTION = {"grok"}
"""Run without it, whatever is asked."""

FIRST_LAYERS_WITH_KV = {"gemma3n": 20}
"""Layers from the first on that have a KV cache, where the others share theirs."""

WITHOUT_KV = {
    "bert",
    "nomic-bert",
    "nomic-bert-moe",
    "modern-bert",
    "neo-bert",
    "jina-bert-v2",
    "jina-bert-v3",
    "jina-bert",
    "eurobert",
    "gemma-embedding",
    "llama-embed",
    "t5encoder",
}
"""Embedding models, which keep nothing from one token to the next."""

PLAIN = {
    "apertus", "arcee", "baichuan", "bailingmoe", "bloom", "command-r", "dbrx", "deepseek", "dots1",
    "ernie4_5", "ernie4_5-moe", "exaone", "falcon", "gemma", "glm4", "glm4moe", "gpt2", "gptneox",
    "granite", "granitemoe", "grok", "hunyuan-dense", "hunyuan-moe", "internlm2", "llama",
    "minicpm", "minimax-m2", "mistral3", "nemotron", "olmo", "olmoe", "orion", "phi2", "phi3",
    "phimoe", "qwen", "qwen2", "qwen25vl", "qwen2moe", "qwen2vl", "qwen3", "qwen3moe", "qwen3vl",
    "qwen3vlmoe", "seed_oss", "smollm3", "stablelm", "starcoder", "starcoder2", "xverse",
}  # fmt: skip
"""Every layer keeps keys and values of the whole context; a sliding window in the metadata, as
phi3 has one, is not used."""

KNOWN = PLAIN | SLIDING.keys() | HYBRID | {"deepseek2"} | WITHOUT_KV
"""Architectures whose figures are exact; those of all others are estimates."""

ONE_SEQUENCE = ("mllama", "qwen3vl", "qwen35", "qwen3next", "lfm2", "nemotron_h")
"""Beginnings of architectures of which the server runs one request at a time, whatever is asked."""
