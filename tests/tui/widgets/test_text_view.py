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


async def test_what_was_prepared_looks_as_it_would_otherwise() -> None:
    view = TextView()
    app = OneWidget(view)
    lines = [plain("漢字 one", "strong"), plain(""), plain("\x1b[2J three", "muted")]
    async with app.run_test(size=(14, 6)) as pilot:
        view.show(lines)
        await pilot.pause()
        expected = screen_lines(app)
        view.show(numbered(3))
        again = list(lines)
        view.prepare(again)
        for size in ((14, 6), (9, 6), (14, 2), (14, 6)):
            await pilot.resize_terminal(*size)
            view.show(again)
            await pilot.pause()
        assert screen_lines(app) == expected
        view.find("three")
        assert view.found == (1, 1)


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
        assert view.found == (3, 3)
        assert not view.find("pin")
        assert not view.find_again()
        assert view.found == (0, 0)
        assert not view.find("")
        assert not view.find_again()


async def test_a_search_begins_where_it_was_asked_for_and_leads_back_there() -> None:
    view = TextView()
    app = OneWidget(view)
    async with app.run_test(size=(20, 10)) as pilot:
        view.show("\n".join({60: "an ant", 80: "anvil"}.get(n, f"row {n}") for n in range(100)))
        await pilot.press("pagedown")
        place = view.place
        for typed, found in [("a", (1, 3)), ("an", (1, 3)), ("anv", (1, 1)), ("anx", (0, 0))]:
            assert view.find(typed, place) is bool(found[0])
            assert view.found == found
        await pilot.pause()
        assert first_line(app) == "row 10"
        assert view.find("an", place)
        await pilot.pause()
        assert "an ant" in "\n".join(screen_lines(app))


async def test_a_search_goes_on_in_the_next_text() -> None:
    view = TextView()
    async with OneWidget(view).run_test(size=(20, 10)):
        view.show("one\ntwo one", "a")
        view.find("ONE")
        view.show("two\none one", "b")
        assert view.found == (0, 2)
        assert view.find_again()
        assert view.found == (1, 2)
        view.show("two", "b")
        assert view.found == (0, 0)


async def test_a_language_is_seen_and_found_words_over_it() -> None:
    view = TextView()
    app = OneWidget(view)
    async with app.run_test(size=(40, 4)) as pilot:
        view.show("FROM qwen3\nPARAMETER stop x", language="modelfile")
        await pilot.pause()
        assert screen_lines(app)[:2] == ["FROM qwen3", "PARAMETER stop x"]
        lines = [[view._line(y, view.size)[0] for y in (0, 1)]]
        assert lines == [[("FROM", "syntax-keyword"), ("PARAMETER", "syntax-keyword")]]
        view.find("rom q")
        assert list(view._line(0, view.size))[:3] == [
            ("F", "syntax-keyword"),
            ("ROM q", "match-now"),
            ("wen3", ""),
        ]


async def test_one_span_of_a_line_may_be_in_a_language() -> None:
    view = TextView()
    app = OneWidget(view)
    async with app.run_test(size=(12, 4)) as pilot:
        view.show([(("key  ", "muted"), ('[1, "b c d e f"]', "lex:json"))])
        await pilot.pause()
        assert screen_lines(app)[:2] == ['key  [1, "b', 'c d e f"]']
        assert view._line(1, view.size)[0] == ('c d e f"', "syntax-string")


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
        for words in "o", "w", "字 漢":
            assert calls(partial(view.find, words)) < 200_000
            assert calls(lambda: view.found) < 100
            assert calls(partial(view.find_again, backwards=True)) < 200_000


@pytest.mark.parametrize("content", ["", "x", [], [()], [plain("")], ["a\nb", "c"]])
@pytest.mark.parametrize("size", [(80, 24), (2, 2), (1, 1)])
async def test_any_content_in_any_size(content: str, size: tuple[int, int]) -> None:
    view = TextView()
    app = OneWidget(view)
    async with app.run_test(size=size) as pilot:
        view.show(content)
        await pilot.press("j", "G", "k", "pageup", "pagedown", "g")
        assert len(screen_lines(app)) == size[1]
