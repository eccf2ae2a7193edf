"""Read-only: what is forced past the menus is not sent; config.toml says which servers are."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path

import pytest

from ollama_tui import CreateRequest, OllamaError, ReadOnly
from ollama_tui.config.settings import Settings, read_config, settings_from
from ollama_tui.domain.plan import Deletion
from ollama_tui.importing.local_file import LocalFile
from ollama_tui.services.connection import Services
from ollama_tui.services.jobs import tasks as task_module
from ollama_tui.services.jobs.tasks import Copy, Create, Delete, Pull, Push, Task
from tests.demo.levers import Demo
from tests.journeys.driver import User, a_server, journey

SENTENCE = "read-only, so nothing on the server is changed."
CONFIG = """\
[hosts.prod]
address = "gpu-box:11434"
read_only = true
[hosts.dev]
address = "10.0.0.7:11434"
[hosts."spare.lan"]
"""


def changing_requests(demo: Demo) -> list[tuple[str, str]]:
    """Return all requests but those that only look."""
    asked = [(request.method, request.path) for request in demo.requests]
    return [
        (method, path)
        for method, path in asked
        if method not in ("GET", "HEAD") and path not in ("/api/show", "/api/me")
    ]


def tasks(folder: Path) -> dict[str, tuple[Task, str]]:
    """Return every kind of task, and what is said not to have happened."""
    file = folder / "m.gguf"
    file.write_bytes(b"x")
    loaded = Deletion("qwen3:1.7b", unload=(("qwen3:1.7b", ""),))
    from_file = Create(CreateRequest("mine"), files=(LocalFile(file, "m.gguf", 1),))
    return {
        "pull": (Pull("qwen3:4b"), "qwen3:4b was not pulled"),
        "push": (Push("studio/reviewer"), "studio/reviewer was not pushed"),
        "copy": (Copy("qwen3:1.7b", "mine"), "qwen3:1.7b was not copied"),
        "create": (Create(CreateRequest("mine", from_="qwen3:1.7b")), "mine was not created"),
        "import": (from_file, "The file was not uploaded"),
        "delete": (Delete((Deletion("llava:7b"),)), "llava:7b was not deleted"),
        "delete what is loaded": (Delete((loaded,)), "qwen3:1.7b was not unloaded"),
    }


def services(user: User) -> Services:
    assert user.app.services is not None
    return user.app.services


@pytest.mark.parametrize(
    "kind", ["pull", "push", "copy", "create", "import", "delete", "delete what is loaded"]
)
async def test_what_is_forced_past_the_menus_is_not_sent(kind: str, tmp_path: Path) -> None:
    demo, ticker = a_server()
    task, failed = tasks(tmp_path)[kind]
    async with journey(demo, server_time=ticker, read_only=True) as user:
        services(user).queue.submit(task)
        await user.waits(20)
        await user.presses("J")
        await user.sees(f"{failed}: {SENTENCE}")
        await user.waits(60)
        assert changing_requests(demo) == []


def test_every_kind_of_task_is_forced(tmp_path: Path) -> None:
    kinds = {
        kind
        for kind in vars(task_module).values()
        if isinstance(kind, type) and issubclass(kind, Task) and not inspect.isabstract(kind)
    }
    assert {type(task) for task, _ in tasks(tmp_path).values()} == kinds


async def test_both_clients_obey_and_so_do_those_of_a_run_that_becomes_read_only() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        user.app.settings = replace(user.app.settings, always_read_only=True)
        user.app.watch_services()
        for client in (services(user).ollama, services(user).cloud):
            with pytest.raises(ReadOnly):
                await client.delete("llava:7b")
        user.app.settings = replace(user.app.settings, always_read_only=False)
        user.app.watch_services()
        await services(user).ollama.delete("llava:7b")
        with pytest.raises(OllamaError) as caught:
            await services(user).cloud.delete("llava:7b")
        assert not isinstance(caught.value, ReadOnly)
    assert ("DELETE", "/api/delete") in changing_requests(demo)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    return settings_from(host=None, options={}, environ={}, config=read_config(file))


async def test_the_servers_of_the_config_are_named_and_said_to_be_read_only(
    settings: Settings,
) -> None:
    async with journey(settings=settings) as user:
        await user.presses("H")
        await user.sees("prod  http://gpu-box:11434", "dev  http://10.0.0.7:11434", "another…")
        marked = [line for line in user.lines if "read-only" in line]
        assert len(marked) == 1
        assert "prod  http://gpu-box:11434" in marked[0]
        assert " http://spare.lan:11434" in user.screen
        assert "spare.lan  http" not in user.screen


async def test_a_server_is_read_only_while_one_is_there(settings: Settings) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, settings=settings) as user:
        assert "read-only" not in user.status
        await user.presses("H", "2")
        await user.until(lambda: "gpu-box:11434" in user.status and user.app.services)
        assert "read-only" in user.status
        await user.presses("d")
        await user.sees("Read-only: config.toml sets read_only for prod, so nothing on the server")
        services(user).queue.submit(Delete((Deletion("llava:7b"),)))
        await user.waits(20)
        assert changing_requests(demo) == []
        await user.presses("H")
        await user.sees("dev  http")
        await user.presses(str(1 + _place(user, "dev  http")))
        await user.until(lambda: "10.0.0.7:11434" in user.status and user.app.services)
        assert "read-only" not in user.status
        services(user).queue.submit(Delete((Deletion("llava:7b"),)))
        await user.waits(20)
        assert changing_requests(demo) == [("DELETE", "/api/delete")]


def _place(user: User, text: str) -> int:
    """Return which of the servers offered it is, from 0."""
    offered = [line for line in user.lines if "http://" in line and line.lstrip("│ ▸•")[:1]]
    return next(place for place, line in enumerate(offered) if text in line)


async def test_a_name_may_be_typed_in_place_of_an_address(settings: Settings) -> None:
    async with journey(settings=settings) as user:
        await user.presses("H", "5")
        await user.sees("Go to another server")
        await user.types("Prod")
        await user.presses("enter")
        await user.until(lambda: "gpu-box:11434" in user.status)
        assert "read-only" in user.status


async def test_with_read_only_every_server_is(settings: Settings) -> None:
    async with journey(settings=settings, read_only=True) as user:
        await user.presses("H")
        await user.sees("prod  http")
        assert len([line for line in user.lines if "read-only" in line]) >= 4
        await user.presses("escape", "d")
        await user.sees("Read-only: started with --read-only, so nothing")


async def test_the_demo_is_nobodys_server(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[hosts.here]\naddress = '127.0.0.1:11434'\nread_only = true\n")
    config = read_config(file)
    there = settings_from(host=None, options={}, environ={}, config=config)
    assert there.read_only
    demo = settings_from(host=None, options={"demo": True}, environ={}, config=config)
    async with journey(settings=demo) as user:
        assert "read-only" not in user.status
