"""The text view: any length, any width, found words, and the place kept."""

from __future__ import annotations

from functools import partial

import pytest

from ollama_tui.tui.widgets.text_layout import plain
from ollama_tui.tui.widgets.text_view import TextView
from tests.effort import calls
from tests.tui.widgets.screens import OneWidget, screen_lines


def numbered(count: int) -> str:
    return "\n".join(f"line {number}" for number in range(count))


def first_line(app: OneWidget) -> str:
    return screen_lines(app)[0].removesuffix("▐").rstrip()


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("j", "line 1"),
        ("j j k", "line 1"),
        ("k", "line 0"),
        ("pagedown", "line 10"),
        ("ctrl+d", "line 5"),
        ("pagedown ctrl+u", "line 5"),
        ("G", "line 90"),
        ("G j", "line 90"),
        ("end k", "line 89"),
        ("G home", "line 0"),
    ],
)
async def test_keys_move_the_text(keys: str, line: str) -> None:
    view = TextView()
    app = OneWidget(view)
    async with app.run_test(size=(20, 10)) as pilot:
        view.show(numbered(100))
        await pilot.press(*keys.split())
        assert first_line(app) == line


async def test_long_lines_wrap_and_tabs_and_controls_are_made_harmless() -> None:
    view = TextView()
    app = OneWidget(view)
    async with app.run_test(size=(12, 6)) as pilot:
        view.show("one two three\r\na\tb\n\x1b[2J [/x]")
        await pilot.pause()
        assert screen_lines(app) == ["one two", "three", "a   b", "�[2J [/x]", "", ""]


async def test_the_place_is_kept_for_the_same_document_only() -> None:
    view = TextView()
    app = OneWidget(view)
    async with app.run_test(size=(20, 10)) as pilot:
        view.show(numbered(100), "a")
        await pilot.press("pagedown")
        view.show(numbered(101), "a")
        await pilot.pause()
        assert first_line(app) == "line 10"
        view.show(numbered(100), "b")
        await pilot.pause()
        assert first_line(app) == "line 0"
        view.show(numbered(3), "b")
        await pilot.press("G")
        assert first_line(app) == "line 0"


async def test_a_resize_keeps_the_text_at_the_top() -> None:
    view = TextView()
    app = OneWidget(view)
    async with app.run_test(size=(30, 10)) as pilot:
        view.show("\n".join(f"{number} " * 20 for number in range(50)))
        await pilot.press("pagedown", "pagedown", "pagedown")
        number = first_line(app).split()[0]
        for size in ((12, 10), (80, 5), (9, 3), (30, 10)):
            await pilot.resize_terminal(*size)
            assert first_line(app).split()[0] == number != "0"


async def test_search_goes_round_both_ways_and_shows_what_it_finds() -> None:
    view = TextView()
    app = OneWidget(view)
    async with app.run_test(size=(20, 10)) as pilot:
        view.show("\n".join("Needle (x" if n in (3, 50, 97) else "hay" for n in range(100)))

        async def place() -> int:
            await pilot.pause()
            assert "Needle (x" in "\n".join(screen_lines(app))
            assert view._match is not None
            return view._match[0]

        assert view.find("needle (X")
        found = [await place()]
        for backwards in (False, False, False, True):
            assert view.find_again(backwards=backwards)
            found.append(await place())
        assert found == [3, 50, 97, 3, 97]
        assert not view.find("pin")
        assert not view.find_again()
        assert not view.find("")


async def test_what_is_found_is_lit() -> None:
    view = TextView()
    app = OneWidget(view)
    async with app.run_test(size=(20, 3)) as pilot:
        view.show("an ant and a bee")
        view.find("an")
        await pilot.pause()
        segments = [
            (segment.text, segment.style.bgcolor)
            for segment in view.render_line(0)
            if segment.text in ("an", "bee") and segment.style is not None
        ]
        assert [text for text, _ in segments] == ["an"] * 3
        now, *others = [paper for _, paper in segments]
        assert others[0] == others[1] != now


async def test_styled_lines_keep_their_styles_across_a_wrap() -> None:
    view = TextView()
    app = OneWidget(view)
    async with app.run_test(size=(11, 3)) as pilot:
        view.show([(("key       ", "muted"), ("value", "strong"))])
        await pilot.pause()
        assert screen_lines(app)[:2] == ["key", "value"]
        value = next(part for part in view.render_line(1) if part.text == "value")
        assert value.style is not None
        assert value.style.bold


async def test_a_short_text_has_no_scroll_bar_and_a_long_one_shows_the_end() -> None:
    view = TextView()
    app = OneWidget(view)
    async with app.run_test(size=(20, 10)) as pilot:
        view.show(numbered(10))
        await pilot.pause()
        assert "▐" not in "".join(screen_lines(app))
        view.show(numbered(100))
        await pilot.pause()
        assert screen_lines(app)[0].endswith("▐")
        await pilot.press("G")
        assert screen_lines(app)[-1].endswith("▐")
        assert not screen_lines(app)[0].endswith("▐")


@pytest.mark.parametrize(
    "content",
    ["word " * 400_000, "word word word\n" * 140_000, "漢字 " * 600_000],
    ids=["2 MB in one line", "2 MB in lines", "2 MB wide"],
)
async def test_megabytes_do_not_stall_the_loop(content: str) -> None:
    view = TextView()
    async with OneWidget(view).run_test(size=(120, 40)) as pilot:
        view.show(content)
        first = partial(view.action_move_to_end, False)
        last = partial(view.action_move_to_end, True)
        for act in (view.on_resize, last, view.on_resize, first):
            assert calls(act) < 200_000
        await pilot.press("G")


@pytest.mark.parametrize("content", ["", "x", [], [()], [plain("")], ["a\nb", "c"]])
@pytest.mark.parametrize("size", [(80, 24), (2, 2), (1, 1)])
async def test_any_content_in_any_size(content: str, size: tuple[int, int]) -> None:
    view = TextView()
    app = OneWidget(view)
    async with app.run_test(size=size) as pilot:
        view.show(content)
        await pilot.press("j", "G", "k", "pageup", "pagedown", "g")
        assert len(screen_lines(app)) == size[1]
