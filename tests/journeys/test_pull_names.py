"""The pull dialog: several names, their completion, and what registries say before enter."""

from __future__ import annotations

import random

import pytest

from ollama_tui.domain.storage.contents import Contents
from ollama_tui.domain.storage.usage import Usage
from tests.demo.levers import Demo
from tests.journeys.bursts import in_random_chunks, one_by_one, outcome
from tests.journeys.driver import User, a_server, journey
from tests.journeys.test_pull import starts


def pulled(demo: Demo) -> list[str]:
    return [body["model"] for body in demo.bodies("/api/pull")]


async def opens(user: User, text: str = "") -> None:
    await user.presses("p")
    await user.sees("Pull a model")
    await user.types(text)


@pytest.mark.parametrize(
    "text",
    [
        "gemma3:12b qwen3:4b",
        "gemma3:12b, qwen3:4b",
        "gemma3:12b qwen3:4b GEMMA3:12b library/qwen3:4b",
        "ollama pull gemma3:12b; ollama run qwen3:4b",
    ],
)
async def test_several_names_are_as_many_jobs_each_once(text: str) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, parallel=4) as user:
        await opens(user, text)
        await user.sees("gemma3:12b fetches 8.1 GB", "qwen3:4b fetches 2.5 GB")
        await user.sees("Fetches 10 GB")
        await user.presses("enter")
        await user.until(lambda: pulled(demo) == ["gemma3:12b", "qwen3:4b"])
        assert [job.name for job in user.app.jobs] == ["gemma3:12b", "qwen3:4b"]


async def test_pasted_lines_are_the_names_in_them() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await opens(user)
        await user.pastes("$ ollama pull gemma3:12b\npulling manifest\n$ ollama pull qwen3:4b\n")
        assert user.field == "gemma3:12b qwen3:4b"
        await user.presses("enter")
        await user.until(lambda: pulled(demo) == ["gemma3:12b", "qwen3:4b"])


async def test_one_wrong_name_of_several_is_named_and_nothing_is_sent() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await opens(user, "gemma3:12b gemma3:tag:tag")
        await user.sees("gemma3:tag:tag: A model name cannot contain", "not a name")
        await user.presses("enter")
        assert user.in_dialog
        assert pulled(demo) == []


async def test_a_name_no_registry_has_is_said_before_enter_with_what_was_meant() -> None:
    async with journey() as user:
        await opens(user, "qwen9:8b")
        await user.sees("qwen9:8b no such model", "Did you mean qwen3:8b")


async def test_on_a_small_screen_what_was_meant_takes_a_free_row() -> None:
    async with journey(size=(40, 10)) as user:
        await opens(user, "deepseek-r1:70b")
        await user.sees("deepseek-r1:70b no such model", "Did you mean deepseek-r1:8b")


@pytest.mark.parametrize("answered", [True, False])
async def test_a_name_no_registry_has_is_said_at_once_not_when_its_turn_comes(
    answered: bool,
) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, parallel=1) as user:
        await opens(user, "gemma3:12b mistarl:7b ")
        if answered:
            await user.sees("mistarl:7b no such model", "Did you mean mistral:7b")
            await user.sees("Fetches 8.1 GB")
        await user.presses("enter")
        await user.sees("No registry has mistarl:7b: c in J cancels that pull.")
        assert pulled(demo) == ["gemma3:12b"]


async def test_what_downloads_under_way_have_yet_to_write_is_not_free() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        assert user.app.services is not None
        disk = Usage((), Contents("/store", free=50_000_000_000, capacity=200_000_000_000))
        user.app.services.storage.measured.set(disk)
        await opens(user, "llama3.3:70b")
        await user.sees("Fetches 42 GB; 50 GB free on the disk")
        await user.presses("enter")
        await user.server_works(1)
        await opens(user, "gemma3:12b")
        await user.sees("more than is free after other downloads")


@pytest.mark.parametrize(
    ("size", "enough", "too_much"),
    [
        ((120, 40), "; 50 GB free on the disk", ": 669 MB more than is free on the disk"),
        ((40, 10), "; 50 GB free", ": 669 MB too much"),
    ],
)
async def test_it_is_said_whether_the_disk_has_room(
    size: tuple[int, int], enough: str, too_much: str
) -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, size=size) as user:
        assert user.app.services is not None
        disk = Usage((), Contents("/store", free=50_000_000_000, capacity=200_000_000_000))
        user.app.services.storage.measured.set(disk)
        await opens(user, "gemma3:12b")
        await user.sees(f"Fetches 8.1 GB{enough}")
        await user.types(" llama3.3:70b")
        await user.sees(f"Fetches 50 GB{too_much}")


async def test_tab_completes_goes_through_the_rest_and_enter_takes_what_stands_there() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await opens(user, "mis")
        await user.sees("mistral:7b installed", "mistral in the library")
        await user.presses("tab")
        assert user.field == "mistral"
        await user.presses("tab")
        first = user.field
        await user.presses("tab")
        second = user.field
        assert first != second
        assert {first, second} <= {"mistral:7b", "mistral-nemo", "mistral-small3.2"}
        while user.field != "mistral:7b":
            await user.presses("tab")
        await user.types(" gemma3:12b")
        await user.presses("enter")
        await user.until(lambda: pulled(demo) == ["mistral:7b", "gemma3:12b"])


async def test_what_the_catalogue_has_shown_is_suggested() -> None:
    async with journey() as user:
        await opens(user, "gemma3:12")
        assert "recommended" not in user.screen
        await user.presses("escape", "y", "L")
        await user.sees("gemma3:12b")
        await user.presses("q")
        await opens(user, "gemma3:1")
        await user.presses("tab")
        assert user.field == "gemma3:12b"


async def test_tab_leaves_a_name_that_goes_on_no_further() -> None:
    async with journey() as user:
        await opens(user, "qwen3:8b")
        await user.presses("tab", "space")
        await user.sees("[x] Insecure: allow plain HTTP")


async def test_a_registry_that_cannot_be_reached_is_asked_once() -> None:
    demo, ticker = a_server()
    demo.registry_online = False
    async with journey(demo, server_time=ticker) as user:
        await opens(user, "qwen3:4b ")
        await user.sees("Cannot connect to ollama.com")
        asked = len(demo.registry_requests)
        await user.types("gemma3:12b")
        await user.sees("gemma3:12b not checked")
        assert len(demo.registry_requests) == asked


async def test_while_typing_goes_on_nobody_is_asked() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("p")
        for letter in "gemma3:12b":
            user.strikes(letter)
            await user.waits(0.29)
        assert demo.registry_requests == []
        await user.waits(0.3)
        asked = [url.path for _, url in demo.registry_requests]
        assert [path for path in asked if "/manifests/" in path] == asked[:1]


async def test_what_is_begun_or_under_way_is_said() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await starts(user)
        await user.server_works(40)
        await opens(user, "gemma3:12b")
        await user.sees("gemma3:12b is being pulled already")
        await user.presses("escape", "y", "J", "c", "y")
        await user.until(lambda: demo.open_streams == 0)
        await user.presses("escape")
        await opens(user, "gemma3:12b")
        await user.sees("fetches 8.1 GB, resumes at ")


@pytest.mark.parametrize(
    "keys",
    [
        [*"pmis", "tab", "tab", "tab", "enter"],
        [*"pgem", "tab", *"3:12b qwen3:4b", "enter"],
        [*"pqwen9:8b", "enter", *"jj"],
        [*"pgemma3:12b qw", "tab", "tab", "escape", "y"],
    ],
)
async def test_a_burst_pulls_what_the_same_keys_pull_one_by_one(keys: list[str]) -> None:
    slowly = await outcome(one_by_one(keys))
    assert await outcome([keys]) == slowly
    assert await outcome(in_random_chunks(keys, random.Random(7))) == slowly


@pytest.mark.parametrize("size", [(200, 60), (120, 40), (80, 24), (40, 10)])
async def test_names_and_keys_are_in_view_at_every_size(size: tuple[int, int]) -> None:
    async with journey(size=size) as user:
        await opens(user, "gemma3:12b qwen3:4b ")
        await user.sees("gemma3:12b", "fetches 8.1 GB", "qwen3:4b", "fetches 2.5 GB")
        await user.sees("Fetches 10 GB", "allow plain HTTP", "enter pull")
        before = [line.index("enter pull") for line in user.lines if "enter pull" in line]
        await user.types("mis")
        await user.sees("tab mistral")
        assert [x.index("enter pull") for x in user.lines if "enter pull" in x] == before


async def test_what_is_being_pulled_already_is_not_counted_again() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await starts(user)
        await user.server_works(4)
        await opens(user, "gemma3:12b qwen3:4b ")
        await user.sees("gemma3:12b is being pulled already", "Fetches 2.5 GB")
