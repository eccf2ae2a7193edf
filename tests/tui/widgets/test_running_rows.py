"""The memory of the GPUs as a bar, and the columns of what is in memory."""

from __future__ import annotations

import pytest

from ollama_tui.domain.memory.available import (
    AvailableMemory,
    Device,
    MemorySource,
    configured,
    learned,
)
from ollama_tui.domain.memory.seen import SeenMemory
from ollama_tui.domain.model import ModelKey
from ollama_tui.domain.running import Running
from ollama_tui.tui.look import ASCII_SIGNS, UNICODE_SIGNS
from ollama_tui.tui.widgets.row_source import width_needed
from ollama_tui.tui.widgets.running_rows import RunningRows, memory_lines

GIGA = 10**9
ROWS = (
    Running(ModelKey("a:1b", ""), "a:1b", 4 * GIGA, 4 * GIGA),
    Running(ModelKey("b:1b", ""), "b:1b", 4 * GIGA, 2 * GIGA),
    Running(ModelKey("c:1b", ""), "c:1b", 4 * GIGA, 0),
)


def drawn(total: int | None, width: int = 42, height: int = 40) -> list[str]:
    return drawn_of(ROWS, configured(total), width, height)


def drawn_of(
    rows: tuple[Running, ...], memory: AvailableMemory | None, width: int = 92, height: int = 40
) -> list[str]:
    lines = memory_lines(rows, memory, ASCII_SIGNS, width, height)
    return ["".join(text for text, _ in line).strip() for line in lines]


def test_each_model_has_a_segment_of_the_memory_and_the_rest_is_free() -> None:
    headline, bar, legend = drawn(8 * GIGA)
    assert headline.split() == ["6", "GB", "VRAM", "in", "use", "of", "8", "GB", "2", "GB", "free"]
    assert bar == "#" * 20 + "=" * 10 + "." * 10
    assert legend == "# a:1b 4 GB   = b:1b 2 GB"


def test_a_server_that_does_not_tell_its_memory_has_a_bar_of_what_is_used() -> None:
    headline, bar, _ = drawn(None, width=92)
    used, unknown = headline.split("   ", 1)
    assert used == "6 GB VRAM in use"
    assert unknown.strip() == "the server does not say how much it has"
    assert bar.strip("#=") == ""


def test_full_is_a_word() -> None:
    assert drawn(6 * GIGA)[0].endswith("full")


@pytest.mark.parametrize(
    ("memory", "left", "right"),
    [
        (configured(8 * GIGA), "6 GB VRAM in use of 8 GB", "from config.toml   2 GB free"),
        (learned(SeenMemory(7 * GIGA, True)), "6 GB VRAM in use",
         "about 7 GB: more was split between GPU and CPU"),
        (learned(SeenMemory(7 * GIGA)), "6 GB VRAM in use", "at least 7 GB, seen in use"),
        (AvailableMemory(MemorySource.DEMO, (Device("a", 8 * GIGA),)), "6 GB VRAM in use of 8 GB",
         "2 GB free"),
        (AvailableMemory(MemorySource.MACHINE, (), 64 * GIGA, told_by="/proc/meminfo"),
         "6 GB VRAM in use", "64 GB of main memory, no GPU known, from /proc/meminfo"),
    ],
)  # fmt: skip
def test_who_tells_how_much_there_is_stands_beside_it(
    memory: AvailableMemory, left: str, right: str
) -> None:
    headline = drawn_of(ROWS, memory)[0]
    assert headline.split("    ")[0] == left
    assert headline.removeprefix(left).strip() == right


def test_without_a_gpu_it_is_about_main_memory() -> None:
    memory = AvailableMemory(MemorySource.MACHINE, (), 16 * GIGA, told_by="/proc/meminfo")
    headline, bar, legend = drawn_of(ROWS[2:], memory, width=42)
    assert headline.startswith("4 GB RAM in use of 16 GB ")
    assert headline.endswith(" 12 GB free")
    assert bar == "#" * 10 + "." * 30
    assert legend == "# c:1b 4 GB"


@pytest.mark.parametrize(("height", "count"), [(40, 3), (14, 2), (10, 1)])
def test_a_small_screen_loses_the_legend_then_the_bar(height: int, count: int) -> None:
    assert len(drawn(8 * GIGA, height=height)) == count


@pytest.mark.parametrize("width", range(4, 140))
def test_columns_leave_until_the_rest_fits_and_the_name_never_does(width: int) -> None:
    columns = RunningRows(UNICODE_SIGNS, longest=30, with_runner=True).columns(width)
    assert columns[0].id == "name"
    fits = width_needed(columns) <= width
    assert fits or [c.id for c in columns] == ["name"] or columns[0].flexible
