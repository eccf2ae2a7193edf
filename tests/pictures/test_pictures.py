"""The pictures: every character is in its own cell, and a film shows each screen in its turn."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style

from tests.pictures.cells import Cell, Look, Row, Screen, row_of, text_of
from tests.pictures.film import Frame, changes, film
from tests.pictures.glyphs import ARMS, BLOCKS, SHADES
from tests.pictures.scenes import FOLDER, NAMES
from tests.pictures.svg import BAR, HEIGHT, MARGIN, MIDDLE, WIDTH, picture
from tests.readme import README

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {*BLOCKS, *ARMS, *SHADES}
COLUMNS = 12
LARGEST_PICTURE, LARGEST_FILM = 60_000, 1_000_000
STYLES = [Style(), Style.parse("red"), Style.parse("bold on blue"), Style.parse("dim underline")]


def line(text: str, style: Style = STYLES[0]) -> Row:
    return row_of([Segment(text.ljust(COLUMNS), style)])


@st.composite
def screens(draw: st.DrawFn) -> Screen:
    rows = st.lists(
        st.tuples(st.text("ab <&█▌─╮漢é☁", max_size=3), st.sampled_from(STYLES)), max_size=4
    )
    drawn = [row_of([Segment(text, style) for text, style in draw(rows)]) for _ in range(3)]
    blank = Cell(" ", Look("#d0d0d0", "#101010"))
    width = 24
    return tuple((*row, *[blank] * (width - len(row))) for row in drawn)


def letters(svg: str) -> dict[tuple[int, int], str]:
    """Return the characters of a picture by row and middle, in halves of a cell."""
    found: dict[tuple[int, int], str] = {}
    cells = ElementTree.fromstring(svg).find(f"{SVG}g")
    assert cells is not None
    for element in cells.iter(f"{SVG}text"):
        text = (element.text or "").removesuffix("\ufe0e")
        places = element.attrib["x"].split()
        pieces = list(text) if len(places) > 1 else [text]
        row = int(element.attrib["y"]) // HEIGHT
        for place, piece in zip(places, pieces, strict=True):
            found[row, int(place) // MIDDLE] = piece
    return found


@given(screens())
def test_every_character_is_in_the_middle_of_its_cells(screen: Screen) -> None:
    wanted = {
        (y, 2 * x + (2 if row[x + 1 : x + 2] and not row[x + 1].text else 1)): cell.text
        for y, row in enumerate(screen)
        for x, cell in enumerate(row)
        if cell.text.strip() and cell.text not in SHAPES
    }
    assert letters(picture(screen, title="")) == wanted


def test_blocks_are_rectangles_that_meet() -> None:
    svg = picture((line("██▌"),), title="")
    assert f'd="M0 0H{2 * WIDTH + 4}V{HEIGHT}H0z"' in svg
    svg = picture((line("▁█"),), title="")
    assert f"M0 {HEIGHT - 2}H{WIDTH}V{HEIGHT}H0z" in svg


def test_a_border_is_one_stroke_along_and_meets_its_corners() -> None:
    svg = picture((line("╭──╮"), line("│  │")), title="")
    assert "M8 8.5H24" in svg  # between the corners
    assert "Q4.5 8.5 8 8.5" in svg  # ends where that begins
    assert "Q28.5 8.5 24 8.5" in svg
    assert "M4.5 24.5L4.5 16" in svg  # from the middle of the second line up to the corner


def test_a_dim_colour_is_mixed_with_what_is_behind_it() -> None:
    (cell, *_) = line("a", Style(color="#ffffff", bgcolor="#000000", dim=True))
    assert cell.look.foreground == "#808080"


def test_colours_turned_around_are_turned() -> None:
    (cell, *_) = line("a", Style(color="#ffffff", bgcolor="#000000", reverse=True))
    assert (cell.look.foreground, cell.look.background) == ("#000000", "#ffffff")


def test_a_mark_without_a_cell_stays_with_its_letter() -> None:
    assert [cell.text for cell in row_of([Segment("e\u0301漢x")])] == ["e\u0301", "漢", "", "x"]


@given(screens(), screens())
def test_what_changes_makes_one_screen_of_the_other(before: Screen, after: Screen) -> None:
    rows = [list(row) for row in before]
    for patch in changes(before, after):
        rows[patch.y][patch.x : patch.x + len(patch.cells)] = patch.cells
        assert patch.cells[0].text  # no half of a wide character
    assert tuple(map(tuple, rows)) == after


def test_a_film_shows_each_screen_when_its_time_has_come() -> None:
    frames = [
        Frame((line("one"), line("same")), 3),
        Frame((line("two"), line("same")), 1),
        Frame((line("ten"), line("same")), 4, "p", "Pull"),
    ]
    svg = film(frames, title="a & b")
    assert ".F{visibility:hidden;animation:8s step-end infinite}" in svg
    times = re.findall(r"@keyframes f(\d)\{([\d.]+%)\{visibility:visible\}\}", svg)
    assert times == [("1", "37.500%"), ("2", "50.000%")]
    first, second = re.findall(r'<g class="F" style="animation-name:f\d">(.*?)</g>', svg)
    assert ">two<" in first
    assert "same" not in first
    assert ">tn<" not in second  # the middle letter changes, and a run around it
    assert ">Pull<" in second
    assert ElementTree.fromstring(svg).tag == f"{SVG}svg"


@pytest.mark.parametrize("name", NAMES)
def test_readme_shows_every_picture_and_each_is_small(name: str) -> None:
    path = FOLDER / f"{name}.svg"
    assert f"({path.relative_to(README.parent)})" in README.read_text(encoding="utf-8")
    root = ElementTree.parse(path).getroot()
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert width > height > BAR + MARGIN
    assert path.stat().st_size < (LARGEST_FILM if name == "tour" else LARGEST_PICTURE)


def test_there_is_no_picture_that_readme_does_not_show() -> None:
    assert {path.stem for path in FOLDER.glob("*")} == set(NAMES)


def test_a_row_is_the_text_of_its_cells() -> None:
    assert text_of(line("漢 a")).rstrip() == "漢 a"
