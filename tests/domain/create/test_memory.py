"""What the form tells of memory: by the context that is set, inherited or left to the server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ollama_tui.api.replies import Show
from ollama_tui.domain.create.form import CreateForm, begin, inherited
from ollama_tui.domain.create.memory import memory_words, own_context
from ollama_tui.domain.create.validation import notices
from ollama_tui.domain.memory.available import AvailableMemory, Device, MemorySource
from ollama_tui.domain.memory.shape import encoded
from ollama_tui.domain.model import Facts, Model
from tests.domain.memory.test_words import SHAPE
from tests.domain.models import a_model

GPU = AvailableMemory(MemorySource.CONFIG, (Device("GPU", 12 << 30),))


def form(parameters: str = "", level: str = "Q4_K_M") -> CreateForm:
    base = a_model(
        "m:1",
        size=SHAPE.weights,
        facts=Facts(memory_text=encoded(SHAPE), weight_bytes=SHAPE.weights),
        quantization_level=level,
        format="gguf",
    )
    begun = begin((base,), base, Show(parameters=parameters), available=GPU)
    return replace(begun, name="new:1")


def told(form: CreateForm) -> list[tuple[str, str]]:
    return [(note.tab, note.words) for note in notices(form) if "In memory" in note.words]


def test_without_a_context_of_its_own_nothing_is_told() -> None:
    assert told(form()) == []
    assert own_context(form()) == 0


def test_the_context_that_is_set_counts_before_the_inherited_one() -> None:
    inheriting = form("num_ctx 16384")
    assert own_context(inheriting) == 16384
    [(tab, words)] = told(inheriting.put("num_ctx", "8192"))
    assert tab == "parameters"
    assert words == (
        "In memory it takes 7.0 GB at 8K of context: fits fully; largest context that fits: 45K."
    )


def test_a_type_to_quantize_to_makes_it_an_estimate_of_less() -> None:
    half = replace(form(level="F16"), quantize="Q8_0")
    [(tab, words)] = told(half)
    assert tab == "quantize"
    assert words.startswith("In memory it takes about 3.6 GB at 4K of context: fits fully")


def test_what_show_tells_counts_where_the_list_does_not_know_the_base_yet() -> None:
    info = {
        "general.architecture": "qwen3",
        "qwen3.block_count": 36,
        "qwen3.context_length": 40960,
        "qwen3.embedding_length": 4096,
        "qwen3.attention.head_count": 32,
        "qwen3.attention.head_count_kv": 8,
    }
    base = a_model("m:1", size=5_000_000_000)
    unknown = begin((base,), base, None, available=GPU)
    assert memory_words(unknown, 8192) is None
    known = unknown.with_known(inherited(base.name, Show(model_info=info)))
    words = memory_words(known, 8192)
    assert words is not None
    assert words.tokens == "8K"


@pytest.mark.parametrize("base", [None, a_model("m:1", cloud=True)])
def test_of_what_is_not_here_nothing_is_told(base: Model | None) -> None:
    begun = begin((base,) if base else (), base, None, available=GPU)
    assert memory_words(replace(begun, base="m:1"), 8192) is None
