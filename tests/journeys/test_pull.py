"""Pulling: takes what people paste, shows how it goes, really stops, goes on where it was."""

from __future__ import annotations

import re

from tests.demo.levers import Demo
from tests.journeys.driver import User, a_server, journey


async def starts(user: User, name: str = "gemma3:12b") -> None:
    await user.presses("p")
    await user.sees("Pull a model")
    await user.types(name)
    await user.presses("enter")


def percent(user: User) -> int:
    found = re.search(r"(\d+)%", user.jobs)
    return int(found[1]) if found else 0


async def test_a_pasted_command_pulls_what_it_names() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("p")
        await user.pastes("ollama run gemma3:12b\n")
        await user.sees("gemma3:12b fetches 8.1 GB")
        await user.presses("enter")
        await user.until(lambda: demo.bodies("/api/pull") == [{"model": "gemma3:12b"}])


async def test_a_wrong_name_is_said_while_typing_and_not_sent() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("p")
        await user.types("gemma3:tag:tag")
        await user.sees("cannot contain")
        await user.presses("enter")
        assert user.in_dialog
        await user.presses("escape")
        assert demo.seen("/api/pull") == []


async def test_a_digest_is_not_pulled_as_if_it_were_a_name() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("p")
        await user.types("sha256-0123456789ab")
        await user.sees("a server would read it as a digest")
        await user.presses("enter")
        assert user.in_dialog
        await user.presses("escape")
        assert demo.seen("/api/pull") == []


async def test_the_insecure_option_is_sent() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("p")
        await user.types("gemma3:12b")
        await user.presses("tab", "space")
        await user.sees("[x] Insecure: allow plain HTTP")
        await user.presses("shift+tab", "enter")
        sent = {"model": "gemma3:12b", "insecure": True}
        await user.until(lambda: demo.bodies("/api/pull") == [sent])


async def test_enter_on_the_insecure_option_pulls_as_the_dialog_says() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("p")
        await user.types("gemma3:12b")
        await user.presses("tab", "space", "enter")
        sent = {"model": "gemma3:12b", "insecure": True}
        await user.until(lambda: demo.bodies("/api/pull") == [sent])


async def test_progress_moves_and_the_model_appears_when_it_is_done() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await starts(user)
        seen = []
        for _ in range(40):
            await user.server_works(10)
            seen.append(percent(user))
            if "gemma3:12b" in user.names:
                break
        assert "gemma3:12b" in user.names
        running = [value for value in seen if value]
        assert running == sorted(running)
        assert len(set(running)) > 3
        assert any("Pulled gemma3:12b, 8.1 GB in " in toast for toast in user.toasts)
        assert user.jobs == ""


async def test_the_size_is_learned_also_of_a_name_that_was_typed_and_sent_at_once() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("p", *"gemma3:12b", "enter")
        await user.server_works(20)
        assert percent(user) > 0
        assert "so far" not in user.jobs


async def test_nothing_moves_while_the_server_stands_still() -> None:
    async with journey() as user:
        await starts(user)
        await user.server_works(20)
        before = percent(user)
        await user.waits(3)
        assert 0 < percent(user) == before


async def test_a_pull_that_gets_no_bytes_is_called_stalled() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await starts(user)
        await user.server_works(20)
        demo.blob_host = "stalled"
        await user.server_works(20)
        await user.sees("stalled")


async def test_cancel_closes_the_stream_stops_the_download_and_keeps_the_partial() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await starts(user)
        await user.server_works(20)
        assert demo.open_streams == 1
        await user.presses("J")
        await user.sees("Jobs", "gemma3:12b")
        await user.presses("c")
        await user.sees(
            "Cancel the download of gemma3:12b?", "fetched", "y cancel it   n keep downloading"
        )
        await user.presses("n")
        assert demo.open_streams == 1
        await user.presses("c", "y")
        await user.until(lambda: demo.open_streams == 0, "a closed stream")
        assert demo.downloads == {}
        assert sum(demo.partials.values()) > 0
        await user.sees("What was downloaded is kept")
        assert "gemma3:12b" not in demo.names


async def test_the_jobs_open_on_what_is_under_way_and_say_all_of_what_came_of_it() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, size=(80, 24)) as user:
        await starts(user, "gemma3:nosuch")
        await user.until(lambda: any("was not pulled" in said for said in user.toasts))
        await starts(user)
        await user.server_works(20)
        await user.presses("J", "c", "y")
        await user.until(lambda: demo.open_streams == 0)
        await user.sees("What was downloaded is kept; pull gemma3:12b again to resume.")


async def test_pulling_again_goes_on_where_it_was() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await starts(user)
        await user.server_works(40)
        reached = percent(user)
        await user.presses("J", "c", "y")
        await user.until(lambda: demo.open_streams == 0)
        await user.presses("escape")
        await starts(user)
        await user.server_works(1)
        assert percent(user) >= reached > 5


async def test_retry_from_the_jobs_goes_on_too() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await starts(user)
        await user.server_works(20)
        await user.presses("J", "c", "y")
        await user.until(lambda: demo.open_streams == 0)
        await user.presses("r")
        await user.until(lambda: demo.open_streams == 1)
        assert len(demo.seen("/api/pull")) == 2


async def test_the_same_pull_twice_is_one() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await starts(user)
        await starts(user, "gemma3:12B")
        await user.server_works(2)
        assert len(demo.seen("/api/pull")) == 1


async def test_two_run_at_a_time_and_the_third_waits() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        for name in ("gemma3:12b", "qwen3:4b", "llama3.3:70b"):
            await starts(user, name)
        await user.server_works(2)
        assert demo.open_streams == 2
        assert "queued" in user.jobs


async def test_a_model_the_registry_does_not_have_fails_with_a_sentence() -> None:
    async with journey() as user:
        await starts(user, "no-such-model:1b")
        await user.server_works(2)
        await user.sees("failed", "no-such-model:1b")
        assert any("no-such-model:1b was not pulled" in toast for toast in user.toasts)


async def test_no_space_left_is_said_in_those_words() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        demo.disk_free = 1_000_000_000
        await starts(user)
        await user.server_works(30)
        await user.sees("no space left on the server's disk")


async def test_a_failed_pull_is_gone_once_the_same_has_succeeded() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        free, demo.disk_free = demo.disk_free, 1_000_000_000
        await starts(user)
        await user.server_works(30)
        await user.sees("no space left on the server's disk")
        demo.disk_free = free
        await starts(user)
        for _ in range(40):
            await user.server_works(10)
            if "gemma3:12b" in user.names:
                break
        assert "gemma3:12b" in user.names
        assert user.jobs == ""


async def test_a_server_that_dies_mid_pull_is_waited_for_and_gone_on_with() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await starts(user)
        await user.server_works(20)
        reached = percent(user)
        demo.online = False
        demo.cut_streams()
        await user.server_works(2)
        await user.sees("retry")
        assert percent(user) >= reached
        demo.online = True
        await user.server_works(40)
        assert percent(user) > reached
        assert "retry" not in user.jobs


async def test_pulling_what_is_here_says_whether_it_is_up_to_date() -> None:
    async with journey() as user:
        await user.presses("p")
        await user.types("qwen3:8b")
        await user.sees("qwen3:8b up to date")


async def test_quitting_asks_while_a_pull_runs_and_no_stays() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await starts(user)
        await user.server_works(5)
        await user.presses("q")
        await user.sees("Quit? 1 download is running.", "pulling again resumes")
        await user.presses("n")
        assert demo.open_streams == 1
        await user.presses("q", "y")
        await user.until(lambda: not user.app.is_running)
    assert demo.open_streams == 0
    assert sum(demo.partials.values()) > 0


async def test_ended_jobs_can_be_cleared() -> None:
    async with journey() as user:
        await starts(user, "no-such-model:1b")
        await user.server_works(2)
        await user.presses("J", "x")
        await user.sees("No jobs.")
        await user.presses("escape")
        assert user.jobs == ""


def test_the_driver_counts_only_what_the_server_saw() -> None:
    assert Demo().seen("/api/pull") == []
