"""Several servers: those that have answered are remembered, any other is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.config.hosts import NamedHost
from ollama_tui.config.ui_state import UIState
from tests.journeys.driver import a_server, journey

HERE, BOX = "http://127.0.0.1:11434", "http://gpu-box:11434"


async def test_another_server_is_typed_and_its_models_are_listed() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("space", "H")
        await user.sees("Servers", HERE, "another…")
        await user.presses("2")
        await user.sees("Go to another server", "Address, e.g. gpu-box:11434")
        await user.types("gpu-box")
        demo.add(1)
        await user.presses("enter")
        await user.until(lambda: "gpu-box:11434" in user.status and len(user.names) == 37)
        assert not user.marked


async def test_the_field_shows_whole_addresses_as_examples() -> None:
    async with journey(size=(80, 24)) as user:
        await user.presses("H", "2")
        assert " 10.0.0.7:11434 or https://ollama.example.org " in user.screen


async def test_servers_that_answered_are_remembered_the_last_one_first(tmp_path: Path) -> None:
    file = tmp_path / "ui-state.json"
    async with journey(ui_state=UIState.read(file), hosts=(NamedHost("gpu-box"),)) as user:
        await user.presses("H", "2")
        await user.until(lambda: "gpu-box:11434" in user.status)
        await user.until(lambda: UIState.read(file).hosts == (BOX, HERE))


async def test_a_server_that_is_not_there_is_said_and_one_can_go_back() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, hosts=(NamedHost("gpu-box"),)) as user:
        demo.online = False
        await user.presses("H", "2")
        await user.sees("Cannot connect to gpu-box:11434")
        demo.online = True
        await user.presses("H")
        await user.sees(HERE)
        await user.presses("1")
        await user.until(lambda: "127.0.0.1:11434" in user.status and len(user.names) == 36)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("me:secret@gpu-box", "cannot hold a user name"),
        ("ftp://gpu-box", "Only http:// and https://"),
        ("gpu box", "cannot contain spaces"),
    ],
)
async def test_what_is_no_address_says_so_while_it_is_typed(typed: str, said: str) -> None:
    async with journey() as user:
        await user.presses("H", "2")
        await user.types(typed)
        await user.sees(said)
        await user.presses("enter")
        assert user.in_dialog


async def test_jobs_are_not_left_behind_without_a_question() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, hosts=(NamedHost("gpu-box"),)) as user:
        await user.presses("p")
        await user.types("qwen3:4b")
        await user.presses("enter")
        await user.until(lambda: "pull qwen3:4b" in user.jobs)
        await user.presses("H", "2")
        await user.sees("Leave this server while 1 job runs?")
        await user.presses("n")
        assert "127.0.0.1:11434" in user.status
        await user.presses("H", "2", "y")
        await user.until(lambda: "gpu-box:11434" in user.status and not user.jobs)
