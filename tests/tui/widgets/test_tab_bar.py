"""The tab bar: which titles fit, which is active, and what it tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.tui.widgets.tab_bar import ARROW, GAP, TabBar, visible_tabs
from tests.tui.widgets.screens import OneWidget, screen_lines

TABS = [("o", "Overview"), ("m", "Metadata"), ("t", "Template"), ("l", "License")]


class Heard(OneWidget):
    """Keeps what the bar told."""

    def on_tab_bar_activated(self, event: TabBar.Activated) -> None:
        self.heard.append(event)

    @property
    def tabs(self) -> list[str]:
        return [event.tab for event in self.heard if isinstance(event, TabBar.Activated)]


async def test_next_and_previous_go_round() -> None:
    bar = TabBar(TABS)
    app = Heard(bar)
    async with app.run_test(size=(60, 3)) as pilot:
        bar.action_move(-1)
        bar.action_move(1)
        bar.action_move(1)
        await pilot.pause()
        assert app.tabs == ["l", "o", "m"]
        assert bar.active == "m"
        assert screen_lines(app)[0] == "Overview  Metadata  Template  License"


async def test_the_active_tab_stays_when_others_come_or_go() -> None:
    bar = TabBar(TABS)
    app = Heard(bar)
    async with app.run_test(size=(60, 3)) as pilot:
        assert bar.activate("t")
        assert not bar.activate("nowhere")
        bar.show(TABS[1:])
        actives = [bar.active]
        bar.show(TABS[:1])
        actives.append(bar.active)
        bar.show([])
        bar.action_move(1)
        await pilot.pause()
        assert [*actives, bar.active] == ["t", "o", None]
        assert app.tabs == ["t", "o"]


@pytest.mark.parametrize(
    ("active", "line"),
    [
        ("o", "Overview  Metadata ›"),
        ("t", "‹ Template  License"),
        ("l", "‹ Template  License"),
    ],
)
async def test_a_narrow_bar_shows_the_active_tab_and_arrows(active: str, line: str) -> None:
    bar = TabBar(TABS)
    app = OneWidget(bar)
    async with app.run_test(size=(20, 3)) as pilot:
        bar.activate(active)
        await pilot.pause()
        assert screen_lines(app)[0] == line


@given(st.lists(st.integers(1, 12), min_size=1, max_size=8), st.data(), st.integers(1, 60))
def test_the_active_tab_is_always_shown(widths: list[int], data: st.DataObject, room: int) -> None:
    active = data.draw(st.integers(0, len(widths) - 1))
    first, last = visible_tabs(widths, active, room)
    assert first <= active < last
    used = sum(widths[first:last]) + GAP * (last - first - 1)
    used += ARROW * ((first > 0) + (last < len(widths)))
    assert used <= room or last - first == 1
