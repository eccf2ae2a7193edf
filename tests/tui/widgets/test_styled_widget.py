"""StyledLine fit, stay literal, and are painted again only where they changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.formatting import StyledLine, inert
from ollama_tui.tui.widgets.styled_widget import STYLES, StaticLines
from ollama_tui.tui.widgets.text_layout import fit, plain, spread, width_of
from tests.tui.widgets.screens import OneWidget, screen_lines

spans = st.lists(st.tuples(st.text(max_size=12), st.sampled_from(["", *STYLES])), max_size=4).map(
    tuple
)


def text_of(line: StyledLine) -> str:
    return "".join(text for text, _ in line)


@given(spans, st.integers(0, 30), st.sampled_from(["left", "right"]))
def test_fitted_spans_are_exactly_as_wide_as_asked_and_inert(
    line: StyledLine, width: int, align: str
) -> None:
    fitted = fit(line, width, "right" if align == "right" else "left")
    assert width_of(fitted) == width
    assert inert(text_of(fitted)) == text_of(fitted)


@pytest.mark.parametrize(
    ("line", "width", "fitted"),
    [
        (plain("abc"), 5, "abc  "),
        (plain("abcdef"), 4, "abc…"),
        ((("abc", "good"), ("def", "bad")), 5, "abcd…"),
        (plain("漢字漢"), 4, "漢 …"),
        (plain("a\nb\tc\x1b"), 8, "a�b�c�  "),
        (plain("[bold]x[/nope]"), 14, "[bold]x[/nope]"),
        (plain("abc"), 0, ""),
    ],
)
def test_what_does_not_fit_ends_in_an_ellipsis(line: StyledLine, width: int, fitted: str) -> None:
    assert text_of(fit(line, width)) == fitted


def test_a_cut_keeps_the_style_of_what_it_cuts() -> None:
    assert fit((("abc", "good"), ("def", "bad")), 5) == (("abc", "good"), ("d…", "bad"))


@pytest.mark.parametrize(
    ("left", "right", "width", "line"),
    [
        ("left", "right", 12, "left   right"),
        ("left and more", "right", 12, "left a…right"),
        ("left", "right and more", 12, "left right …"),
        ("left", "", 6, "left  "),
    ],
)
def test_two_ends_share_a_line(left: str, right: str, width: int, line: str) -> None:
    assert text_of(spread(plain(left), plain(right), width)) == line


async def test_only_changed_lines_are_painted_again() -> None:
    painted: list[int] = []

    class Counting(StaticLines):
        def render_line(self, y: int):  # type: ignore[no-untyped-def]
            painted.append(y)
            return super().render_line(y)

    lines = Counting([plain("one"), plain("two"), plain("three")])
    app = OneWidget(lines)
    async with app.run_test(size=(20, 5)) as pilot:
        painted.clear()
        lines.show([plain("one"), plain("2"), plain("three")])
        await pilot.pause()
        assert painted == [1]
        assert screen_lines(app)[:3] == ["one", "2", "three"]
        lines.show([plain("[/nope] and more than there is room for")])
        await pilot.pause()
        assert screen_lines(app)[:2] == ["[/nope] and more th…", ""]


async def test_every_style_name_is_there_and_no_other() -> None:
    lines = StaticLines([tuple((name, name) for name in STYLES)])
    async with OneWidget(lines).run_test(size=(20, 5)):
        lines.to_strip([(name, name) for name in STYLES])
        with pytest.raises(KeyError):
            lines.to_strip([("x", "no-such-style")])


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "ansi-light"])
async def test_every_style_can_be_read_in_every_theme(theme: str) -> None:
    lines = StaticLines([plain("x")])
    app = OneWidget(lines)
    async with app.run_test(size=(20, 5)) as pilot:
        app.theme = theme
        await pilot.pause()
        looks = {name: next(iter(lines.to_strip([("x", name)]))).style for name in ("", *STYLES)}
        for name, style in looks.items():
            assert style is not None
            assert style.color is not None
            assert style.color.is_default or style.color != style.bgcolor, name
        assert len({looks[name] for name in ("", "muted", "strong", "good", "bad")}) == 5
