"""Downloads that an earlier run left unfinished: one question, which steals no key."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.config.hosts import NamedHost
from ollama_tui.config.settings import Settings
from ollama_tui.config.ui_state import UIState
from ollama_tui.services.cache import file_key
from ollama_tui.services.jobs.entries import Entry
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.tasks import Pull
from ollama_tui.tui.actions.resume import REST_SECONDS
from tests.demo.levers import Demo
from tests.journeys.driver import a_server, journey
from tests.journeys.test_pull import percent, starts

GEMMA = Entry(Pull("gemma3:12b", expected=8_149_190_253), done=4_980_000_000)
QWEN = Entry(Pull("qwen3:4b"))


def left(folder: Path, *entries: Entry) -> Path:
    """Leave downloads unfinished, as a program that was killed does; return their folder."""
    journal = Journal(folder / "unfinished", file_key(Settings().host.url))
    journal.keep(entries)
    journal.close()
    return folder / "unfinished"


def pulled(demo: Demo) -> list[str]:
    return [body["model"] for body in demo.bodies("/api/pull")]


async def test_all_are_one_question_and_no_row_until_it_is_answered(tmp_path: Path) -> None:
    demo, ticker = a_server()
    folder = left(tmp_path, GEMMA, QWEN)
    async with journey(demo, server_time=ticker, unfinished=folder) as user:
        assert (user.jobs, user.toasts) == ("", [])
        await user.waits(REST_SECONDS)
        await user.sees("2 downloads were interrupted. Resume?")
        await user.sees("gemma3:12b at 61% of 8.1 GB", "qwen3:4b just started")
        assert pulled(demo) == []
        await user.waits(1)
        await user.presses("y")
        await user.until(lambda: pulled(demo) == ["gemma3:12b", "qwen3:4b"])


async def test_a_resumed_bar_begins_where_it_was(tmp_path: Path) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, unfinished=(tmp_path / "unfinished")) as user:
        await starts(user)
        await user.server_works(20)
        before = percent(user)
        await user.presses("q", "y")
        await user.until(lambda: not user.app.is_running)
    async with journey(demo, server_time=ticker, unfinished=(tmp_path / "unfinished")) as user:
        await user.waits(REST_SECONDS)
        await user.sees("1 download was interrupted. Resume?", f"gemma3:12b at {before}%")
        await user.waits(1)
        await user.presses("y")
        seen = [percent(user)]
        for _ in range(4):
            await user.server_works(1)
            seen.append(percent(user))
        assert before > 5
        assert seen[0] in (before, before + 1)
        assert seen == sorted(seen)


async def test_no_keeps_them_paused_where_r_resumes_them(tmp_path: Path) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, unfinished=left(tmp_path, GEMMA)) as user:
        await user.waits(REST_SECONDS + 1)
        await user.presses("n")
        assert any("1 download stays paused" in said for said in user.toasts)
        await user.waits(60)
        assert not user.in_dialog
        assert pulled(demo) == []
        await user.presses("J")
        await user.sees("gemma3:12b", "paused at 61%")
        await user.presses("r")
        await user.until(lambda: pulled(demo) == ["gemma3:12b"])
    async with journey(unfinished=tmp_path / "unfinished") as user:
        await user.waits(REST_SECONDS)
        await user.sees("1 download was interrupted")


@pytest.mark.parametrize("key", ["y", "n", "escape", "j"])
async def test_what_was_typed_before_it_could_be_read_goes_to_the_list(
    tmp_path: Path, key: str
) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, unfinished=left(tmp_path, GEMMA)) as user:
        first = user.cursor
        await user.waits(REST_SECONDS)
        await user.sees("1 download was interrupted")
        for typed in ("j", key, "k"):
            user.strikes(typed)
        await user.rests()
        await user.sees_no("1 download was interrupted")
        assert user.cursor == (user.names[1] if key in "jy" else first)
        assert pulled(demo) == []
        await user.presses("escape")  # y has opened what it opens in the list
        await user.waits(2 * REST_SECONDS)
        await user.sees("1 download was interrupted")


async def test_it_waits_until_the_user_has_come_to_rest_in_the_list(tmp_path: Path) -> None:
    async with journey(unfinished=left(tmp_path, GEMMA)) as user:
        for _ in range(8):
            user.strikes("j")
            await user.waits(REST_SECONDS / 2)
            assert not user.in_dialog
        await user.presses("/")
        await user.types("y")
        await user.waits(REST_SECONDS * 9)
        assert not user.in_dialog
        await user.presses("enter", "J")
        await user.waits(REST_SECONDS * 9)
        assert "Resume?" not in user.screen
        await user.presses("escape")
        await user.waits(REST_SECONDS * 2)
        await user.sees("1 download was interrupted. Resume?")


async def test_what_is_pulled_again_meanwhile_is_not_asked_about(tmp_path: Path) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, unfinished=left(tmp_path, GEMMA)) as user:
        await starts(user)
        await user.waits(REST_SECONDS * 9)
        assert not user.in_dialog
        assert pulled(demo) == ["gemma3:12b"]


async def test_read_only_leaves_them_to_others(tmp_path: Path) -> None:
    folder = left(tmp_path, GEMMA)
    async with journey(unfinished=folder, read_only=True) as user:
        await user.waits(REST_SECONDS * 9)
        assert not user.in_dialog
        await user.presses("J")
        await user.sees_no("gemma3:12b")
    async with journey(unfinished=folder) as user:
        await user.waits(REST_SECONDS)
        await user.sees("1 download was interrupted")


async def test_it_is_asked_of_the_server_it_is_about(tmp_path: Path) -> None:
    state = UIState.read(tmp_path / "ui-state.json")
    folder = left(tmp_path, GEMMA)
    async with journey(ui_state=state, unfinished=folder, hosts=(NamedHost("gpu-box"),)) as user:
        await user.presses("H", "2")
        await user.until(lambda: "gpu-box:11434" in user.status and user.app.services)
        await user.waits(REST_SECONDS * 9)
        assert not user.in_dialog
        await user.presses("H", "2")
        await user.until(lambda: "127.0.0.1:11434" in user.status and user.app.services)
        await user.waits(REST_SECONDS)
        await user.sees("1 download was interrupted")
