"""What a model takes and whether it fits, in words: short enough for the width, never too sure."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from ollama_tui.domain.memory.available import AvailableMemory, Device, MemorySource
from ollama_tui.domain.memory.fit import Fits
from ollama_tui.domain.memory.footprint import Load
from ollama_tui.domain.memory.shape import Basis, LayerGroup, MemoryShape
from ollama_tui.domain.memory.words import fit_sentence, fit_words, weights_words

GIB = 1 << 30
LARGEST = "largest context that fits"
SHAPE = MemoryShape(
    architecture="qwen3",
    weights=5_000_000_000,
    on_cpu=300_000_000,
    layers=(LayerGroup(36, 1024, 1024),),
    vocabulary=151_936,
    embedding=4096,
    context_length=131_072,
    basis=Basis.EXACT,
)


def gpus(gib: float, ram: float | None = None) -> AvailableMemory:
    devices = (Device("GPU", int(gib * GIB)),) if gib else ()
    memory = int(ram * GIB) if ram is not None else None
    return AvailableMemory(MemorySource.CONFIG, devices, memory)


@pytest.mark.parametrize(
    ("load", "available", "sentence"),
    [
        (Load(32768), gpus(80), f"10 GB at 32K of context: fits fully; {LARGEST}: 128K"),
        (Load(131072), gpus(80), "26 GB at 128K of context: fits fully"),
        (Load(32768), gpus(24), f"10 GB at 32K of context: fits fully; {LARGEST}: 128K"),
        (
            Load(131072), gpus(16, 64),
            "26 GB of 17 GB at 128K of context: fits partly; largest context that fits fully: 72K",
        ),
        (
            Load(131072), gpus(8, 8),
            "26 GB of 17 GB at 128K of context: does not fit; largest context that fits fully: 16K",
        ),
        (
            Load(4096), gpus(4, 64),
            "6.0 GB of 4.3 GB at 4K of context: fits partly; no context fits fully",
        ),
        (Load(4096), gpus(0, 64), "6.0 GB at 4K of context: fits in main memory"),
        (Load(4096), gpus(0, 4), "6.0 GB of 4.3 GB at 4K of context: does not fit"),
        (Load(32768), None, "10 GB at 32K of context"),
        (Load(0), gpus(12), "6.0 GB at 4K of context: fits fully; largest context that fits: 45K"),
        (Load(0), None, "6.0 GB at 4K of context"),
        (Load(1_000_000), gpus(80), "26 GB at 128K of context, its most: fits fully"),
    ],
)  # fmt: skip
def test_a_sentence_says_all_of_it(
    load: Load, available: AvailableMemory | None, sentence: str
) -> None:
    assert fit_sentence(SHAPE, load, available) == sentence


def test_a_context_of_its_own_counts_before_the_server_s() -> None:
    own = msgspec.structs.replace(SHAPE, num_ctx=16384)
    assert fit_words(own, available=gpus(80)).tokens == "16K"
    assert fit_words(own, Load(8192), gpus(80)).tokens == "8K"


@pytest.mark.parametrize(
    ("basis", "amount"),
    [(Basis.EXACT, "10 GB"), (Basis.BOUND, "≤ 10 GB"), (Basis.ESTIMATE, "about 10 GB")],
)
def test_it_says_how_sure_it_is(basis: Basis, amount: str) -> None:
    shape = msgspec.structs.replace(SHAPE, basis=basis)
    assert fit_words(shape, Load(32768)).amount == amount


def test_a_lower_bound_of_the_memory_does_not_make_it_too_much() -> None:
    seen = replace(gpus(4, 64), at_least=True)
    words = fit_words(SHAPE, Load(4096), seen)
    assert words.fits is None
    assert words.judgement == "more than was seen in use"


def test_forms_get_shorter_and_what_matters_stays() -> None:
    words = fit_words(SHAPE, Load(131072), gpus(16, 64))
    forms = words.forms
    assert list(forms) == sorted(forms, key=len, reverse=True)
    assert words.fits is Fits.PARTLY
    assert words.longest(200) == forms[0]
    assert words.longest(36) == "26 GB at 128K: fits partly"
    assert words.longest(18) == "26 GB: fits partly"
    assert words.longest(3) == "26 GB"


@pytest.mark.parametrize(
    ("available", "sentence"),
    [
        (None, "at least 5.0 GB, the weights alone"),
        (gpus(24), "at least 5.0 GB, the weights alone"),  # it takes more: nobody knows
        (gpus(4, 64), "at least 5.0 GB, the weights alone: does not fit fully"),
        (gpus(4, 0.1), "at least 5.0 GB, the weights alone: does not fit"),
        (gpus(0, 64), "at least 5.0 GB, the weights alone"),
        (gpus(0, 2), "at least 5.0 GB, the weights alone: does not fit"),
        (replace(gpus(4, 64), at_least=True), "at least 5.0 GB, the weights alone"),
    ],
)
def test_by_the_weights_alone_it_never_fits(
    available: AvailableMemory | None, sentence: str
) -> None:
    assert weights_words(5_000_000_001, available).forms[0] == sentence
    assert weights_words(5_000_000_001, available).fits is not Fits.GPU
