"""The disk as a bar, on screens of all sizes."""

from __future__ import annotations

import pytest

from ollama_tui.domain.storage.disk import DiskShares
from ollama_tui.formatting import StyledLine
from ollama_tui.tui.look import ASCII_SIGNS, UNICODE_SIGNS
from ollama_tui.tui.widgets.disk_bar import DiskBar, big_digits
from ollama_tui.tui.widgets.text_layout import width_of

GB = 10**9
SHARES = DiskShares(models=40 * GB, shared=20 * GB, leftovers=10 * GB, other=10 * GB, free=20 * GB)
MARKED = DiskShares(30 * GB, 10 * GB, 10 * GB, 10 * GB, 20 * GB, marked=20 * GB)


def text(line: StyledLine) -> str:
    return "".join(part for part, _ in line).strip()


def styles(lines: list[StyledLine], of: str) -> set[str]:
    return {style for line in lines for part, style in line if of in part}


def test_free_space_is_first_and_the_bar_shows_what_takes_the_rest() -> None:
    headline, bar, legend = DiskBar(SHARES, ASCII_SIGNS).lines(102, 20)
    assert text(headline) == "20 GB free of 100 GB"
    assert text(bar) == "#" * 40 + "=" * 20 + "%" * 10 + ":" * 10 + "." * 20
    assert (
        text(legend) == "# models 40 GB   = shared 20 GB   % leftovers 10 GB   : other files 10 GB"
    )


def test_marks_are_a_part_of_the_bar_beside_the_free_space() -> None:
    headline, bar, legend = DiskBar(MARKED, ASCII_SIGNS, "2 marked free 20 GB").lines(102, 20)
    assert text(headline).endswith("+ 2 marked free 20 GB > 40 GB free")
    assert text(bar).endswith("+" * 20 + "." * 20)
    assert text(legend).endswith("+ marked 20 GB")


def test_what_is_being_deleted_looks_like_danger_and_has_its_own_sign() -> None:
    lines = DiskBar(MARKED, ASCII_SIGNS, "deleting 2 models frees 20 GB", True).lines(102, 20)
    assert "x" * 20 in text(lines[1])
    assert styles(lines, "deleting 2 models") == {"danger"}


@pytest.mark.parametrize(("free", "style"), [(4, "danger"), (10, "old"), (50, "strong")])
def test_the_less_is_free_the_more_it_stands_out(free: int, style: str) -> None:
    shares = DiskShares(0, 0, 0, (100 - free) * GB, free * GB)
    assert styles(DiskBar(shares, ASCII_SIGNS).lines(80, 20), f"{free} GB free") == {style}


def test_a_large_screen_has_large_digits() -> None:
    lines = DiskBar(SHARES, UNICODE_SIGNS).lines(120, 40)
    assert [text(line)[:6] for line in lines] == ["╺━┓┏━┓", "┏━┛┃ ┃", "┗━╸┗━┛"]
    assert "GB free" in text(lines[0])
    assert "of 100 GB" in text(lines[1])


def test_a_terminal_without_such_lines_has_no_large_digits() -> None:
    lines = DiskBar(SHARES, ASCII_SIGNS).lines(120, 40)
    assert text(lines[0]) == "20 GB free of 100 GB"
    assert all(text(line).isascii() for line in lines)


def test_a_point_is_one_cell_of_a_large_number() -> None:
    assert {len(row) for row in big_digits("1.7")} == {7}
    assert big_digits("1.7")[2][3] == "."


@pytest.mark.parametrize(("height", "count"), [(20, 3), (14, 2), (10, 1)])
def test_a_small_screen_loses_the_legend_then_the_bar(height: int, count: int) -> None:
    assert len(DiskBar(SHARES, ASCII_SIGNS).lines(80, height)) == count


@pytest.mark.parametrize("width", range(30, 140))
def test_every_line_fits_whatever_the_width(width: int) -> None:
    for height in (10, 40):
        lines = DiskBar(MARKED, UNICODE_SIGNS, "2 marked free 20 GB").lines(width, height)
        assert max(map(width_of, lines)) <= width


def test_forty_columns_have_room_for_what_marks_free() -> None:
    (headline,) = DiskBar(MARKED, UNICODE_SIGNS, "3 marked free 20 GB").lines(40, 10)
    assert text(headline).split() == ["20", "GB", "free", "✓", "3", "marked", "free", "20", "GB"]


def test_without_the_disk_only_models_are_drawn() -> None:
    shares = DiskShares(60 * GB, 40 * GB, 0, estimated=True)
    headline, bar, _ = DiskBar(shares, ASCII_SIGNS).lines(102, 40)
    assert text(headline) == "about 100 GB used by models"
    assert text(bar) == "#" * 60 + "=" * 40
