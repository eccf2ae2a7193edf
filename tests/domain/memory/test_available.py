"""What memory there is: amounts as people write them, whom to believe, what the server makes of it.

The server's rules are those of Ollama 0.33's source: default context by the memory of all devices,
and 1024 MiB left free on each.
"""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from ollama_tui.api.replies import RunningModel
from ollama_tui.domain.memory.available import (
    GIB,
    KEPT_FREE,
    MIB,
    MOST,
    AvailableMemory,
    Device,
    MemorySource,
    best_of,
    configured,
    default_context,
    learned,
    parse_memory,
)
from ollama_tui.domain.memory.seen import SeenMemory

RTX_4090 = Device("NVIDIA GeForce RTX 4090", 24_564 * MIB, 24_100 * MIB)
RTX_3060 = Device("NVIDIA GeForce RTX 3060", 12_288 * MIB, 11_000 * MIB)


def machine(*devices: Device, ram: int = 64 * GIB) -> AvailableMemory:
    return AvailableMemory(MemorySource.MACHINE, devices, ram, told_by="nvidia-smi")


def runs(vram: int, size: int | None = None) -> RunningModel:
    return RunningModel(name="a", size=vram if size is None else size, size_vram=vram)


# ---- amounts


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("24g", 24 * GIB),
        ("24G", 24 * GIB),
        ("24gb", 24 * GIB),
        ("24 GiB", 24 * GIB),
        (" 24576m ", 24 * GIB),
        ("16.5g", 33 * GIB // 2),
        ("1.5t", 1536 * GIB),
        ("1m", MIB),
        ("1024t", MOST),
    ],
)
def test_an_amount_of_memory_is_as_makers_of_gpus_state_it(text: str, amount: int) -> None:
    assert parse_memory(text) == amount


@pytest.mark.parametrize(
    "text",
    [
        "", "g", "24", "24x", "24k", "-24g", "+24g", "0g", "0.0001m", "nan", "nang", "inf", "infg",
        "1e3g", "1_000g", "24g 24g", "24,5g", "1025t", "9" * 15 + "t", "9" * 5000 + "g", "٢٤g",
        "24gbb", "\x1b[31m24g", "24\ng b",
    ],
)  # fmt: skip
def test_what_is_no_amount_says_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 24g or 16\.5g\.$"):
        parse_memory(text)


def test_whatever_was_read_can_be_written_and_read_again() -> None:
    chance = random.Random(13)
    for _ in range(500):
        amount = chance.randrange(1, MOST // MIB) * MIB
        assert parse_memory(f"{amount // MIB}m") == amount


# ---- what there is


@pytest.mark.parametrize(
    ("memory", "total", "usable", "label"),
    [
        (machine(RTX_4090), 24_564 * MIB, 23_540 * MIB, "25 GB (24 GiB) on 1 GPU, from nvidia-smi"),
        (machine(RTX_4090, RTX_3060), 36_852 * MIB, 34_804 * MIB,
         "38 GB (36 GiB) on 2 GPUs, from nvidia-smi"),
        (machine(Device("tiny", 512 * MIB)), 512 * MIB, 0,
         "536 MB (0.5 GiB) on 1 GPU, from nvidia-smi"),
        (machine(), 0, 0, "68 GB of main memory, no GPU known, from nvidia-smi"),
        (configured(24 * GIB), 24 * GIB, 23 * GIB, "25 GB (24 GiB), from config.toml"),
        (configured(None, 64 * GIB), 0, 0, "68 GB of main memory, no GPU known, from config.toml"),
        (learned(SeenMemory(14 * GIB)), 14 * GIB, 14 * GIB, "at least 15 GB, seen in use"),
        (learned(SeenMemory(14 * GIB, True)), 14 * GIB, 14 * GIB,
         "about 15 GB: more was split between GPU and CPU"),
    ],
)  # fmt: skip
def test_the_server_leaves_a_gibibyte_free_on_each_device(
    memory: AvailableMemory, total: int, usable: int, label: str
) -> None:
    assert (memory.gpu_bytes, memory.usable, memory.label) == (total, usable, label)


def test_only_what_is_known_to_be_all_is_shown_as_the_total() -> None:
    assert machine(RTX_4090).known_total == 24_564 * MIB
    assert machine().known_total is None
    for seen in (SeenMemory(14 * GIB), SeenMemory(14 * GIB, True)):
        assert (memory := learned(seen))
        assert memory.known_total is None


# ---- the default context


@pytest.mark.parametrize(
    ("memory", "tokens"),
    [
        (None, 4096),
        (machine(), 4096),
        (machine(RTX_3060), 4096),
        (configured(23 * GIB - 1), 4096),
        (configured(23 * GIB), 32_768),
        (machine(RTX_4090), 32_768),
        (machine(RTX_4090, RTX_3060), 32_768),
        (configured(47 * GIB - 1), 32_768),
        (machine(RTX_4090, RTX_4090), 262_144),
        (learned(SeenMemory(22 * GIB)), 32_768),  # and what the server has left free beside it
        (learned(None), 4096),
    ],
)
def test_the_default_context_goes_by_the_memory_of_all_devices(
    memory: AvailableMemory | None, tokens: int
) -> None:
    assert default_context(memory) == tokens
    assert default_context(memory, 8192) == min(tokens, 8192)
    assert default_context(memory, 8192, override=6000) == 6000
    assert default_context(memory, 4096, override=6000) == 4096


def test_more_memory_never_means_less_context() -> None:
    amounts = [configured(n * GIB) for n in range(1, 100)]
    contexts = [default_context(memory) for memory in amounts]
    assert all(less <= more for less, more in pairwise(contexts))


# ---- what is learned


@pytest.mark.parametrize(
    ("seen", "then", "what"),
    [
        ([], SeenMemory(0), "nothing runs"),
        ([runs(4 * GIB)], SeenMemory(4 * GIB), "there is no less"),
        ([runs(4 * GIB), runs(6 * GIB)], SeenMemory(10 * GIB), "all together"),
        ([runs(0, 4 * GIB)], SeenMemory(0), "on the CPU"),
        ([runs(4 * GIB), runs(0, 4 * GIB)], SeenMemory(4 * GIB), "one beside it on the CPU"),
        ([runs(4 * GIB), runs(6 * GIB, 9 * GIB)], SeenMemory(10 * GIB, True), "no room for more"),
        ([runs(5 * GIB, 4 * GIB)], SeenMemory(0), "more of it on GPUs than there is"),
        ([runs(5 * GIB, 4 * GIB), runs(GIB)], SeenMemory(GIB), "nonsense beside a model"),
        ([runs(2**62)], SeenMemory(0), "more than a machine has"),
        ([runs(MOST), runs(MOST)], SeenMemory(0), "together more than a machine has"),
    ],
)
def test_what_runs_tells_how_much_there_is_at_least(
    seen: list[RunningModel], then: SeenMemory, what: str
) -> None:
    assert SeenMemory(0).with_running(seen) == then, what


def test_nothing_new_is_the_same_object() -> None:
    seen = SeenMemory(10 * GIB)
    for running in ([], [runs(4 * GIB)], [runs(10 * GIB)], [runs(2 * GIB, 3 * GIB)]):
        assert seen.with_running(running) is seen


@pytest.mark.parametrize(
    ("before", "running", "after"),
    [
        (SeenMemory(4 * GIB, True), runs(8 * GIB), SeenMemory(8 * GIB)),  # split on purpose
        (SeenMemory(22 * GIB), runs(21 * GIB, 40 * GIB), SeenMemory(22 * GIB, True)),
        (SeenMemory(22 * GIB), runs(15 * GIB, 40 * GIB), SeenMemory(22 * GIB)),
        (SeenMemory(22 * GIB, True), runs(21 * GIB, 40 * GIB), SeenMemory(22 * GIB, True)),
    ],
)
def test_a_split_model_marks_the_limit_unless_more_is_seen(
    before: SeenMemory, running: RunningModel, after: SeenMemory
) -> None:
    assert before.with_running([running]) == after


def test_what_was_seen_at_two_times_is_put_together() -> None:
    less, more = SeenMemory(9 * GIB, True), SeenMemory(10 * GIB)
    assert (
        more.with_seen(less) == less.with_seen(more).with_seen(less) == SeenMemory(10 * GIB, True)
    )
    assert more.with_seen(SeenMemory(2 * GIB, True)) is more
    assert SeenMemory(0).with_seen(SeenMemory(0, True)) == SeenMemory(0)
    assert SeenMemory(0).with_seen(more) is more


def test_what_was_seen_never_gets_less() -> None:
    chance = random.Random(7)
    seen = SeenMemory(0)
    for _ in range(500):
        vram = chance.randrange(-1, 30) * GIB
        running = [runs(max(0, vram), vram + chance.randrange(-2, 9) * GIB) for _ in range(3)]
        later = seen.with_running(running)
        assert later.most >= seen.most
        seen = later


# ---- whom to believe


CONFIG = configured(16 * GIB)
CONFIG_RAM = configured(None, 32 * GIB)


@pytest.mark.parametrize(
    ("told", "config", "seen", "expected"),
    [
        (None, None, None, None),
        (None, None, SeenMemory(0), None),
        (machine(RTX_4090), None, None, (MemorySource.MACHINE, 24_564 * MIB, 64 * GIB)),
        (machine(RTX_4090), CONFIG, None, (MemorySource.MACHINE, 24_564 * MIB, 64 * GIB)),
        (machine(RTX_4090), CONFIG, SeenMemory(8 * GIB),
         (MemorySource.MACHINE, 24_564 * MIB, 64 * GIB)),
        (machine(), None, None, (MemorySource.MACHINE, 0, 64 * GIB)),
        (machine(), CONFIG, SeenMemory(8 * GIB), (MemorySource.CONFIG, 16 * GIB, 64 * GIB)),
        (machine(), None, SeenMemory(8 * GIB), (MemorySource.LEARNED, 8 * GIB, 64 * GIB)),
        (None, CONFIG, SeenMemory(8 * GIB), (MemorySource.CONFIG, 16 * GIB, None)),
        (None, None, SeenMemory(8 * GIB), (MemorySource.LEARNED, 8 * GIB, None)),
        (None, CONFIG_RAM, None, (MemorySource.CONFIG, 0, 32 * GIB)),
        (None, CONFIG_RAM, SeenMemory(8 * GIB), (MemorySource.LEARNED, 8 * GIB, 32 * GIB)),
        # Through a tunnel: the machine that was read is another one.
        (machine(RTX_3060), None, SeenMemory(20 * GIB), (MemorySource.LEARNED, 20 * GIB, None)),
        (machine(RTX_3060), CONFIG, SeenMemory(14 * GIB), (MemorySource.CONFIG, 16 * GIB, None)),
    ],
)  # fmt: skip
def test_the_machine_is_believed_then_the_config_then_what_was_seen(
    told: AvailableMemory | None,
    config: AvailableMemory | None,
    seen: SeenMemory | None,
    expected: tuple[MemorySource, int, int | None] | None,
) -> None:
    best = best_of(told, config, seen)
    assert (best and (best.source, best.gpu_bytes, best.ram)) == expected


def test_devices_that_were_seen_leave_nothing_free_again() -> None:
    memory = learned(SeenMemory(8 * GIB))
    assert memory is not None
    assert memory.usable == memory.gpu_bytes
    assert memory.usable + KEPT_FREE < 10 * GIB
