"""Lines are drawn in their styles, and again only where they changed."""

from __future__ import annotations

import pytest
from textual.geometry import Region
from textual.widget import Widget

from ollama_tui.tui.look import own_themes
from ollama_tui.tui.text_styles import STYLES
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.text_layout import plain
from tests.tui.widgets.screens import OneWidget, screen_lines


async def test_a_line_that_stays_is_the_same_strip() -> None:
    lines = StaticLines([plain("one"), plain("two"), plain("three")])
    app = OneWidget(lines)
    async with app.run_test(size=(20, 5)) as pilot:
        before = lines.render_lines(Region(0, 0, 20, 3))
        lines.show([plain("one"), plain("2"), plain("three")])
        await pilot.pause()
        after = lines.render_lines(Region(0, 0, 20, 3))
        assert [old is new for old, new in zip(before, after, strict=True)] == [True, False, True]
        assert screen_lines(app)[:3] == ["one", "2", "three"]
        lines.show([plain("[/nope] and more than there is room for")])
        await pilot.pause()
        assert screen_lines(app)[:2] == ["[/nope] and more th…", ""]


@pytest.mark.parametrize("theme", ["textual-dark", "ollama-light", "terminal-16"])
@pytest.mark.parametrize("crop", [Region(0, 0, 20, 3), Region(4, 1, 7, 1)])
async def test_lines_are_drawn_as_textual_draws_them(theme: str, crop: Region) -> None:
    lines = StaticLines([(("a", "muted"), ("b", "bad strong")), (("─┼ é", "key"),), ()])
    app = OneWidget(lines)
    for own in own_themes(in_greys=False):
        app.register_theme(own)
    async with app.run_test(size=(20, 5)) as pilot:
        app.theme = theme
        await pilot.pause()
        assert lines.render_lines(crop) == Widget.render_lines(lines, crop)


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
