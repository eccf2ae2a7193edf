"""A download that is not finished is known to the next run of the program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.jobs.job import State, in_words
from ollama_tui.jobs.journal import Journal
from ollama_tui.jobs.queue import JobQueue
from ollama_tui.jobs.tasks import Pull, Push
from tests.jobs.stage import Stage
from tests.jobs.virtual import VirtualTime, settle

HOST = "0123456789abcdef"
PULLS = (Pull("qwen3:8b", expected=5_200_000_000), Pull("h:5000/ns/m:1", insecure=True))


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    return process.pid


def left_by(pid: int, folder: Path, *pulls: Pull) -> None:
    """Let a program of that number have left `pulls` behind."""
    Journal(folder, HOST).keep(pulls)
    [own] = folder.glob(f"*.{os.getpid()}.json")
    own.rename(own.with_name(own.name.replace(f".{os.getpid()}.", f".{pid}.")))


def test_what_a_program_that_is_gone_left_is_taken_over_once(tmp_path: Path, gone: int) -> None:
    left_by(gone, tmp_path, *PULLS)
    journal = Journal(tmp_path, HOST)
    assert journal.take_over() == PULLS
    assert [file.name.split(".")[-2] for file in tmp_path.iterdir()] == [str(os.getpid())]
    journal.keep(())
    assert list(tmp_path.iterdir()) == []
    assert Journal(tmp_path, HOST).take_over() == ()


def test_what_a_running_program_is_at_is_left_to_it(tmp_path: Path) -> None:
    left_by(os.getppid(), tmp_path, *PULLS)
    assert Journal(tmp_path, HOST).take_over() == ()
    assert len(list(tmp_path.iterdir())) == 1


def test_each_server_has_its_own(tmp_path: Path, gone: int) -> None:
    left_by(gone, tmp_path, *PULLS)
    assert Journal(tmp_path, "fedcba9876543210").take_over() == ()
    assert Journal(tmp_path, HOST).take_over() == PULLS


def test_one_download_left_by_two_programs_is_one(tmp_path: Path, gone: int) -> None:
    left_by(gone, tmp_path, PULLS[0])
    left_by(gone + 10_000_000, tmp_path, *PULLS)
    assert Journal(tmp_path, HOST).take_over() == PULLS


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"name": 1}]', "\xff"])
def test_a_broken_file_holds_nothing_and_goes(tmp_path: Path, gone: int, text: str) -> None:
    left_by(gone, tmp_path, *PULLS)
    [file] = tmp_path.iterdir()
    file.write_text(text, encoding="latin-1")
    assert Journal(tmp_path, HOST).take_over() == ()
    assert list(tmp_path.iterdir()) == []


def test_strange_files_are_let_be(tmp_path: Path) -> None:
    for name in ("x", ".1.json", "0123456789abcdef.new.json", "a.99999999999.json"):
        (tmp_path / name).write_text("[]")
    assert Journal(tmp_path, HOST).take_over() == ()
    assert len(list(tmp_path.iterdir())) == 4


def test_what_cannot_be_written_is_let_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    journal = Journal(tmp_path / "file", HOST)
    assert journal.take_over() == ()
    journal.keep(PULLS)


class TestInTheQueue:
    """What the queue writes down, and how it shows what it finds."""

    @pytest.fixture
    def journal(self, tmp_path: Path) -> Journal:
        return Journal(tmp_path, HOST)

    @pytest.fixture
    async def queue(
        self, ollama: Ollama, time: VirtualTime, journal: Journal
    ) -> AsyncIterator[JobQueue]:
        queue = JobQueue(ollama, journal=journal, clock=time.clock, sleep=time.sleep)
        yield queue
        await queue.close()

    def written(self, folder: Path) -> list[str]:
        """Return what the next run would find, without taking it over."""
        return [
            each["name"]
            for file in folder.iterdir()
            for each in json.loads(file.read_text(encoding="utf-8"))
        ]

    async def test_downloads_are_written_down_until_they_end(
        self, queue: JobQueue, stage: Stage, tmp_path: Path
    ) -> None:
        queue.submit(Pull("a"))
        pull = queue.submit(Pull("b"))
        queue.submit(Push("c"))
        await settle()
        assert self.written(tmp_path) == ["a", "b"]
        await stage.streams[0].succeed()
        assert self.written(tmp_path) == ["b"]
        queue.cancel(pull)
        await settle()
        assert self.written(tmp_path) == []

    async def test_a_download_that_failed_stays_written_until_it_is_cleared(
        self, queue: JobQueue, stage: Stage, tmp_path: Path
    ) -> None:
        queue.submit(Pull("a"))
        await settle()
        await stage.stream.say(error="write x-partial: no space left on device")
        assert queue.live.value[0].state is State.FAILED
        assert self.written(tmp_path) == ["a"]
        queue.clear()
        assert self.written(tmp_path) == []

    @pytest.mark.parametrize("again", ["a", "A:latest"])
    async def test_a_download_that_failed_goes_when_the_same_is_there_later(
        self, queue: JobQueue, stage: Stage, tmp_path: Path, again: str
    ) -> None:
        queue.submit(Pull("a"))
        await settle()
        await stage.stream.say(error="write x-partial: no space left on device")
        queue.submit(Pull(again))
        await settle()
        assert self.written(tmp_path) == [again]
        await stage.stream.succeed()
        assert self.written(tmp_path) == []

    async def test_what_was_under_way_when_the_program_ends_stays_written(
        self, queue: JobQueue, tmp_path: Path
    ) -> None:
        queue.submit(Pull("a"))
        await settle()
        await queue.close()
        assert self.written(tmp_path) == ["a"]

    async def test_what_an_earlier_run_left_can_be_gone_on_with_or_cleared(
        self, ollama: Ollama, time: VirtualTime, stage: Stage, tmp_path: Path, gone: int
    ) -> None:
        left_by(gone, tmp_path, *PULLS)
        queue = JobQueue(
            ollama, journal=Journal(tmp_path, HOST), clock=time.clock, sleep=time.sleep
        )
        first, second = queue.live.value
        assert (first.state, first.name) == (State.FAILED, "qwen3:8b")
        assert in_words(first) == "failed: interrupted, r in J goes on"
        assert first.error is not None
        assert first.error.title == "pull qwen3:8b was not finished when the program ended."
        assert stage.asked == []  # nothing is downloaded unasked
        assert queue.retry(first.id)
        await settle()
        assert stage.asked == ["POST /api/pull qwen3:8b"]
        assert self.written(tmp_path) == ["qwen3:8b", "h:5000/ns/m:1"]
        queue.clear()
        assert [job.id for job in queue.live.value] == [first.id]
        assert self.written(tmp_path) == ["qwen3:8b"]
        assert second.can_retry
        await queue.close()
