"""What fits, as rows and as a table of contexts and types of KV cache."""

from __future__ import annotations

import msgspec
import pytest

from ollama_tui.api.replies import RunningModel
from ollama_tui.domain.memory.available import GIB, AvailableMemory, configured
from ollama_tui.domain.memory.shape import Basis, encoded
from ollama_tui.domain.model import Facts, Model
from ollama_tui.formatting import cells
from ollama_tui.tui.look import ASCII_SIGNS, UNICODE_SIGNS
from ollama_tui.tui.widgets.fit_rows import FitRows, fit_lines
from ollama_tui.tui.widgets.row_source import width_needed
from tests.domain.memory.test_fit import LLAMA
from tests.domain.models import NOW, a_model


def a_llama(available: AvailableMemory | None, **changes: object) -> Model:
    shape = msgspec.structs.replace(LLAMA, **changes)
    model = a_model("llama:8b", facts=Facts(memory_text=encoded(shape)))
    return msgspec.structs.replace(model, server_memory=available)


def drawn(model: Model, width: int = 100, height: int = 14, *running: RunningModel) -> list[str]:
    lines = fit_lines(model, running, ASCII_SIGNS, width, height)
    assert all(sum(cells(text) for text, _ in line) <= width for line in lines)
    assert len(lines) <= height
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def test_contexts_and_types_of_kv_cache_are_compared() -> None:
    lines = drawn(a_llama(configured(12 * GIB)))
    assert lines[0] == "llama:8b  5.9 GB at 4K, fits fully"
    assert lines[1].split("   ")[0] == "weights 5 GB"
    assert "KV cache 536 MB" in lines[1]
    assert lines[2].startswith("largest context on the GPU  f16 ")
    assert lines[3].split() == ["CONTEXT", "f16", "q8_0", "q4_0"]
    rows = {line[1:].split()[0].strip("> "): line for line in lines[4:]}
    assert list(rows) == ["4K", "8K", "16K", "32K", "64K", "128K"]
    assert rows["4K"].count("fits") == 3
    assert rows["128K"].count("partly") == 2
    assert rows["128K"].endswith("fits")


def test_where_lines_are_few_the_smallest_contexts_go_but_not_the_usual_one() -> None:
    lines = drawn(a_llama(configured(12 * GIB)), height=7)
    assert [line[1:].split()[0] for line in lines[4:]] == ["4K", "64K", "128K"]
    assert len(drawn(a_llama(configured(12 * GIB)), height=2)) == 2


@pytest.mark.parametrize(("width", "types"), [(38, 2), (30, 1), (78, 3), (200, 3)])
def test_narrow_screens_compare_fewer_types(width: int, types: int) -> None:
    titles = next(
        line for line in drawn(a_llama(configured(12 * GIB)), width) if line.startswith("CONTEXT")
    )
    assert len(titles.split()) == 1 + types


def test_without_memory_figures_are_shown_and_no_verdict() -> None:
    lines = drawn(a_llama(None))
    assert lines[0].endswith("the memory of the server is not known")
    assert not any(word in line for line in lines[1:] for word in ("fits", "partly"))


def test_it_is_said_how_sure_a_figure_is() -> None:
    assert "KV cache about 536 MB" in drawn(a_llama(None, basis=Basis.ESTIMATE))[1]
    assert "compute ≤ " in drawn(a_llama(None))[1]


def test_what_to_unload_and_what_the_server_reports_come_last() -> None:
    other = RunningModel(name="other:1", size=8 * 10**9, size_vram=8 * 10**9)
    assert drawn(a_llama(configured(12 * GIB)), 100, 14, other)[-1].endswith(
        "unload other:1 first."
    )
    mine = RunningModel(name="llama:8b", size=10**9, size_vram=10**9, context_length=4096)
    model = msgspec.structs.replace(a_llama(configured(12 * GIB)), running=mine)
    assert drawn(model)[-1] == (
        "The server reports 1 GB at 4K: less than the weights alone, so that figure is wrong."
    )


def test_models_without_figures_say_why() -> None:
    assert drawn(a_model("m:1"))[1] == "Its details are not known."
    assert drawn(a_model("m:1", cloud=True))[1] == "It runs in the cloud: it takes no memory here."
    said = "Its metadata does not say what it takes in memory."
    assert drawn(a_model("m:1", facts=Facts()))[1] == said


def test_a_row_says_how_a_model_fits() -> None:
    source = FitRows(lambda: NOW, UNICODE_SIGNS, longest=10)
    columns = source.columns(120)
    texts = {
        column.id: "".join(text for text, _ in cell)
        for column, cell in zip(
            columns, source.cells(a_llama(configured(12 * GIB)), columns), strict=True
        )
    }
    assert texts["name"] == "llama:8b"
    assert texts["fits"] == "fully"
    assert texts["memory"] == "5.9 GB"
    assert texts["at"] == "4K"
    assert texts["largest"].endswith("K")
    unknown = source.cells(a_model("m:1"), columns)
    assert ["".join(text for text, _ in cell) for cell in unknown][1:4] == ["–", "–", ""]


@pytest.mark.parametrize("width", range(4, 200, 7))
def test_columns_leave_until_the_rest_fits(width: int) -> None:
    columns = FitRows(lambda: NOW, UNICODE_SIGNS, longest=30).columns(width)
    assert columns[0].id == "name"
    assert width_needed(columns) <= width or columns[0].flexible
