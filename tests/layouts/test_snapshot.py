"""Screens as texts: what is seen is in them, and a difference is said so that it can be found."""

from __future__ import annotations

from hypothesis import given
from rich.segment import Segment
from rich.style import Style

from tests.layouts.snapshot import Snapshot, differences, written
from tests.pictures.cells import Look, Screen, row_of
from tests.pictures.test_pictures import screens

PLAIN, MUTED = Style.parse("#ffffff on #000000"), Style.parse("#999999 on #000000")
CURSOR = Style.parse("bold #ffffff on #0000ff")


def screen(*lines: list[tuple[str, Style]]) -> Screen:
    return tuple(row_of([Segment(text, style) for text, style in line]) for line in lines)


LIST = screen(
    [("name  ", MUTED), ("size", MUTED), (" ", PLAIN)],
    [("qwen3 ", CURSOR), ("5 GB", CURSOR), (" ", CURSOR)],
    [("llama ", PLAIN), ("2 GB", MUTED), (" ", PLAIN)],
    [(" " * 11, PLAIN)],
)


def test_a_screen_is_written_with_its_looks() -> None:
    kept = Snapshot.parsed(written(LIST))
    assert kept.text == ["name  size", "qwen3 5 GB", "llama 2 GB", ""]
    assert kept.look(0, 0) == kept.look(2, 7) == "#999999 on #000000"
    assert kept.look(1, 3) == "#ffffff on #0000ff bold"
    assert kept.look(2, 0) == "#ffffff on #000000"
    assert kept.look(3, 10) == "- on #000000"


@given(screens())
def test_what_is_seen_can_be_read_from_the_text(shown: Screen) -> None:
    kept = Snapshot.parsed(written(shown))
    for y, row in enumerate(shown):
        assert kept.text[y] == "".join(cell.text for cell in row).rstrip()
        for x, cell in enumerate(row):
            if cell.text.strip() or cell.look.underline:
                assert kept.look(y, x).startswith(f"{cell.look.foreground} on ")
            assert f" on {cell.look.background}" in kept.look(y, x)


def test_a_blank_looks_the_same_in_any_ink() -> None:
    other = screen(*[[(cell.text, Style.parse("red on #000000")) for cell in LIST[3]]])
    assert written((*LIST[:3], *other)) == written(LIST)


def test_equal_screens_do_not_differ() -> None:
    assert differences(written(LIST), written(LIST)) == []


def test_another_text_is_shown_under_what_it_was_with_marks() -> None:
    now = written((*LIST[:2], *screen([("llama ", PLAIN), ("3 GB", MUTED), (" ", PLAIN)]), LIST[3]))
    (line,) = differences(written(LIST), now)
    assert line.splitlines() == [
        "line  3 was │llama 2 GB",
        "         is │llama 3 GB",
        "            │      ^",
    ]


def test_another_look_is_named_with_the_words_that_have_it() -> None:
    now = screen([("llama ", PLAIN), ("2 GB", Style.parse("bold #d7af5f on #000000"))])
    now = ((*now[0], *LIST[2][-1:]),)
    (line,) = differences(written(LIST), written((*LIST[:2], *now, LIST[3])))
    assert line == (
        "line  3 '2 GB' at column 7: was #999999 on #000000, is #d7af5f on #000000 bold"
    )


def test_many_differences_are_counted() -> None:
    many = screen(*[[(f"line {number}", PLAIN)] for number in range(20)])
    other = screen(*[[(f"Line {number}", PLAIN)] for number in range(20)])
    lines = differences(written(many), written(other))
    assert (len(lines), lines[-1]) == (13, "… and 8 more")


def test_all_looks_have_letters_up_to_sixty_three() -> None:
    greys = [Style.parse(f"#0000{number:02x} on #ffffff") for number in range(63)]
    kept = Snapshot.parsed(written(screen([("x", grey) for grey in greys])))
    assert kept.look(0, 62) == "#00003e on #ffffff"
    assert Look("#00003e", "#ffffff").foreground in kept.look(0, 62)
