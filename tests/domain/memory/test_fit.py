"""Whether models fit, and up to which context."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.domain.memory.available import GIB, AvailableMemory, Device, MemorySource
from ollama_tui.domain.memory.fit import (
    Fits,
    contexts,
    fit,
    largest_context,
    need,
    room_for,
    server_context,
    verdict,
)
from ollama_tui.domain.memory.footprint import Load, footprint
from ollama_tui.domain.memory.shape import Basis, MemoryShape, encoded
from ollama_tui.domain.model import Facts
from ollama_tui.domain.model_memory import shape_of_model
from tests.domain.memory import shapes as s
from tests.domain.memory.test_footprint import any_shape
from tests.domain.models import a_model

LLAMA = msgspec.structs.replace(
    s.LLAMA_3_8B, weights=5 * 10**9, on_cpu=3 * 10**8, vocabulary=128256, embedding=4096
)


def memory(
    gib: float, ram: float | None = None, *, integrated: bool = False, at_least: bool = False
) -> AvailableMemory:
    devices = (Device("GPU", int(gib * GIB), integrated=integrated),) if gib else ()
    total = None if ram is None else int(ram * GIB)
    return AvailableMemory(MemorySource.CONFIG, devices, total, at_least=at_least)


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        (None, None),
        (memory(24), Fits.GPU),
        (memory(6), Fits.PARTLY),
        (memory(6, ram=16), Fits.PARTLY),
        (memory(3, ram=3), Fits.NO),
        (memory(0, ram=16), Fits.PARTLY),
        (memory(0, ram=4), Fits.NO),
        (memory(24, at_least=True), Fits.GPU),
        (memory(6, at_least=True), None),  # there may be more
        (memory(6, ram=8, integrated=True), Fits.PARTLY),
        (memory(4, ram=5, integrated=True), Fits.NO),  # one memory is not counted twice
    ],
)
def test_a_model_of_6_gb_against_the_memory_there_is(
    available: AvailableMemory | None, expected: Fits | None
) -> None:
    taken = footprint(LLAMA, Load(4096))
    assert 5.5 * 10**9 < taken.gpu < taken.total < 6.2 * 10**9
    assert verdict(taken, available) is expected


def test_the_gib_that_the_server_keeps_free_does_not_count() -> None:
    taken = footprint(LLAMA, Load(4096))
    just = AvailableMemory(MemorySource.CONFIG, (Device("", taken.gpu + GIB),))
    short = AvailableMemory(MemorySource.CONFIG, (Device("", taken.gpu + GIB - 1),))
    assert verdict(taken, just) is Fits.GPU
    assert verdict(taken, short) is Fits.PARTLY


def test_a_smaller_micro_batch_is_taken_where_it_makes_a_model_fit() -> None:
    wide = msgspec.structs.replace(s.GEMMA_3_27B, weights=16 * 10**9, vocabulary=262144)
    usual = footprint(wide, Load(65536))
    assert usual.load.batch == 2048
    enough = AvailableMemory(MemorySource.CONFIG, (Device("", usual.gpu + GIB),))
    found = fit(wide, Load(65536), enough)
    assert (found.fits, found.footprint.load.batch, found.basis) == (Fits.GPU, 2048, Basis.BOUND)
    tight = AvailableMemory(MemorySource.CONFIG, (Device("", usual.gpu + GIB - 1),))
    found = fit(wide, Load(65536), tight)
    assert (found.fits, found.footprint.load.batch, found.basis) == (Fits.GPU, 1024, Basis.ESTIMATE)


def test_the_basis_tells_how_sure_the_kv_cache_is() -> None:
    assert fit(s.LLAMA_3_8B, Load(65536), None).basis is Basis.EXACT
    assert fit(s.GEMMA_3_27B, Load(4096), None).basis is Basis.EXACT
    assert fit(s.GEMMA_3_27B, Load(65536), None).basis is Basis.BOUND
    assert fit(s.GEMMA_3_27B, Load(65536, batch=512), None).basis is Basis.EXACT
    unknown = msgspec.structs.replace(s.LLAMA_3_8B, basis=Basis.ESTIMATE)
    assert fit(unknown, Load(65536), None).basis is Basis.ESTIMATE


def test_the_largest_context_is_the_last_that_fits() -> None:
    available = memory(12)
    found = largest_context(LLAMA, Load(1), available)
    assert found is not None
    assert found % 256 == 0
    assert fit(LLAMA, Load(found), available).fits is Fits.GPU
    assert fit(LLAMA, Load(found + 256), available).fits is not Fits.GPU
    assert largest_context(LLAMA, Load(1), memory(100)) == 131072
    assert largest_context(LLAMA, Load(1), memory(4)) == 0
    assert largest_context(LLAMA, Load(1), None) is None
    assert largest_context(LLAMA, Load(1), memory(0, ram=64)) is None


@given(any_shape, st.integers(1, 64), st.integers(1, 10**6))
def test_whatever_the_model_the_largest_context_fits(
    shape: MemoryShape, gib: int, trained: int
) -> None:
    shape = msgspec.structs.replace(shape, weights=10**9, on_cpu=0, context_length=trained)
    available = memory(gib)
    found = largest_context(shape, Load(1), available)
    assert found is not None
    assert 0 <= found <= trained
    if found:
        assert fit(shape, Load(found), available).fits is Fits.GPU
    if found < trained:
        assert fit(shape, Load(min(trained, found + 256)), available).fits is not Fits.GPU


@given(any_shape, st.integers(0, 64), st.one_of(st.none(), st.integers(1, 200)))
def test_lists_are_told_the_same(shape: MemoryShape, gib: int, ram: int | None) -> None:
    available = memory(gib, ram)
    whole = fit(shape, Load(server_context(shape, available)), available)
    short = need(shape, available)
    assert short.fits is whole.fits
    least = footprint(shape, replace(whole.footprint.load, batch=512))
    assert short.total in (whole.footprint.total, least.total)
    alone = need(shape, None)
    assert alone == (footprint(shape, Load(server_context(shape, None))).total, None)


def test_the_context_of_a_server_follows_the_model_and_the_memory() -> None:
    assert server_context(LLAMA, None) == 4096
    assert server_context(LLAMA, memory(24)) == 32768
    assert server_context(LLAMA, memory(48)) == 131072
    own = msgspec.structs.replace(LLAMA, num_ctx=8192)
    assert server_context(own, memory(48)) == 8192
    greedy = msgspec.structs.replace(LLAMA, num_ctx=10**6)
    assert server_context(greedy, memory(48)) == 131072


def test_contexts_go_up_to_what_a_model_was_trained_with() -> None:
    small = msgspec.structs.replace(LLAMA, context_length=40960)
    assert contexts(small, 5000, 0) == (4096, 5000, 8192, 16384, 32768, 40960)
    tiny = msgspec.structs.replace(LLAMA, context_length=512)
    assert contexts(tiny) == (512,)
    assert len(contexts(msgspec.structs.replace(LLAMA, context_length=0))) == 9


def test_what_has_to_be_unloaded() -> None:
    taken = footprint(LLAMA, Load(4096))
    available = memory(16)
    assert room_for(taken, available, []).missing == 0
    several = [("small", 10**9), ("large", 11 * 10**9), ("on the CPU", 0)]
    found = room_for(taken, available, several)
    assert found.missing > 0
    assert (found.unload, found.enough) == (("large",), True)
    assert not room_for(taken, memory(4), several).enough
    assert room_for(taken, memory(4), several).unload == ()


def test_projectors_are_what_the_model_file_leaves() -> None:
    facts = Facts(weight_bytes=4 * 10**9, memory_text=encoded(LLAMA))
    found = shape_of_model(a_model(size=5 * 10**9, facts=facts))
    assert found is not None
    assert found.projector == 10**9
    assert shape_of_model(a_model(facts=Facts(memory_text=encoded(LLAMA)))) == LLAMA
    assert shape_of_model(a_model(facts=Facts())) is None
    assert shape_of_model(a_model()) is None
    assert shape_of_model(a_model(cloud=True, facts=Facts(memory_text=encoded(LLAMA)))) is None


def test_without_tensors_all_of_a_model_counts_as_weights() -> None:
    bare = msgspec.structs.replace(LLAMA, weights=0)
    found = shape_of_model(a_model(size=5 * 10**9, facts=Facts(memory_text=encoded(bare))))
    assert found is not None
    assert found.weights == 5 * 10**9
