"""A server whose list does not tell capabilities: they are learned, shown, filtered, kept."""

from __future__ import annotations

from pathlib import Path

from ollama_tui.services.cache import Cache
from tests.journeys.driver import a_server, journey

OLD = "0.12.3"


async def test_what_is_not_known_yet_is_a_question_mark_and_counted() -> None:
    demo, ticker = a_server(version=OLD)
    demo.fail("/api/show", 503, {"error": "busy"}, times=10_000)
    async with journey(demo, server_time=ticker) as user:
        assert "?" in user.row("llava:7b")
        assert "reading details" in user.status


async def test_they_are_learned_by_and_by_and_the_count_goes_away() -> None:
    demo, ticker = a_server(version=OLD)
    async with journey(demo, server_time=ticker) as user:
        await user.waits(10)
        assert "vision" in user.row("llava:7b")
        await user.filters("cap:vision")
        assert "llava:7b" in user.names


async def test_the_models_on_the_screen_are_learned_first() -> None:
    demo, ticker = a_server(version=OLD)
    demo.add(500)
    async with journey(demo, server_time=ticker, size=(80, 24), sort="name") as user:
        visible = [model.name for model in user.main.table.rows_in_view()]
        assert len(visible) < 30
        await user.waits(10)
        await user.presses("G")
        await user.waits(0.4)
        last = [model for model in user.main.table.rows_in_view() if not model.is_cloud]
        await user.until(lambda: all("?" not in user.row(model.name) for model in last[-3:]))


async def test_the_next_run_knows_them_from_the_start(tmp_path: Path) -> None:
    demo, ticker = a_server(version=OLD)
    async with journey(demo, server_time=ticker, cache=Cache(tmp_path)) as user:
        await user.waits(10)
    asked = len(demo.seen("/api/show"))
    async with journey(demo, server_time=ticker, cache=Cache(tmp_path)) as user:
        assert "vision" in user.row("llava:7b")
        await user.waits(10)
        assert len(demo.seen("/api/show")) <= asked + 2


async def test_a_filter_on_what_is_unknown_says_for_how_many() -> None:
    demo, ticker = a_server(version=OLD)
    demo.fail("/api/show", 503, {"error": "busy"}, times=10_000)
    async with journey(demo, server_time=ticker) as user:
        await user.filters("cap:vision")
        await user.sees("36 not known")
