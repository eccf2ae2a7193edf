"""Lines are drawn in their styles, and again only where they changed."""

from __future__ import annotations

import pytest

from ollama_tui.tui.text_styles import STYLES
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.text_layout import plain
from tests.tui.widgets.screens import OneWidget, screen_lines


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
