"""A download that is not finished is known to the next run of the program."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.config.state_file import Problems
from ollama_tui.services.jobs.entries import Entry
from ollama_tui.services.jobs.job import State, describe
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.queue import JobQueue
from ollama_tui.services.jobs.tasks import Pull, Push
from tests.clock import VirtualClock, settle
from tests.services.jobs.stage import Stage

HOST = "0123456789abcdef"
PULLS = (
    Entry(Pull("qwen3:8b", expected=5_200_000_000), done=3_200_000_000),
    Entry(Pull("h:5000/ns/m:1", insecure=True)),
)
THIS, OTHER = {"machine": "desk", "boot": "1234"}, {"machine": "rack", "boot": "5678"}


def left_behind(folder: Path, *entries: Entry, machine: str = "", boot: str | None = None) -> Path:
    """Let a program that is gone have left these jobs behind; return the file."""
    before = set(folder.glob("*"))
    journal = Journal(folder, HOST, machine=machine or None, boot=boot)
    journal.keep(entries)
    journal.close()
    [file] = set(folder.glob("*")) - before
    return file


def found(folder: Path, server: str = HOST) -> tuple[Entry, ...]:
    """Return what the next program takes over, and let that one be gone too."""
    journal = Journal(folder, server)
    try:
        return journal.take_over()
    finally:
        journal.close()


def test_what_a_program_that_is_gone_left_is_taken_over_once(tmp_path: Path) -> None:
    left_behind(tmp_path, *PULLS)
    journal = Journal(tmp_path, HOST)
    assert journal.take_over() == PULLS
    assert found(tmp_path) == ()
    journal.keep(())
    assert list(tmp_path.iterdir()) == []
    journal.close()
    assert found(tmp_path) == ()


def test_what_was_taken_over_is_not_lost_with_who_took_it(tmp_path: Path) -> None:
    left_behind(tmp_path, *PULLS)
    for _ in range(3):  # each life has the same process id, as in a container
        assert found(tmp_path) == PULLS


def test_what_was_taken_over_is_in_one_file_with_what_is_new(tmp_path: Path) -> None:
    left_behind(tmp_path, PULLS[0])
    left_behind(tmp_path, *PULLS)
    journal = Journal(tmp_path, HOST)
    journal.keep((*journal.take_over(), Entry(Pull("new"))))
    assert len(list(tmp_path.iterdir())) == 1
    journal.close()
    assert found(tmp_path) == (*PULLS, Entry(Pull("new")))


def test_what_a_running_program_is_at_is_left_to_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path, HOST)
    for pulls in (PULLS, PULLS[:1], PULLS):  # whatever it writes, it is locked
        journal.keep(pulls)
        assert found(tmp_path) == ()
    journal.close()
    assert found(tmp_path) == PULLS


def test_each_server_has_its_own(tmp_path: Path) -> None:
    left_behind(tmp_path, *PULLS)
    assert found(tmp_path, "fedcba9876543210") == ()
    assert found(tmp_path) == PULLS


@pytest.mark.parametrize(
    ("left", "here", "taken"),
    [
        (THIS, THIS, True),
        ({**THIS, "boot": "5678"}, THIS, True),
        ({**THIS, "machine": "rack"}, THIS, True),  # a container that is named anew in each life
        (OTHER, THIS, False),
        ({**OTHER, "boot": ""}, {**THIS, "boot": ""}, False),
    ],
)
def test_what_another_machine_left_is_let_be(
    tmp_path: Path, left: dict[str, str], here: dict[str, str], taken: bool
) -> None:
    file = left_behind(tmp_path, *PULLS, **left)
    journal = Journal(tmp_path, HOST, machine=here["machine"], boot=here["boot"])
    assert journal.take_over() == (PULLS if taken else ())
    journal.close()
    assert file.exists()


def test_names_of_files_say_whose_they_are_and_nothing_of_the_server(tmp_path: Path) -> None:
    file = left_behind(tmp_path, *PULLS, machine="my.desk/../x", boot="12")
    assert file.name.startswith(f"{HOST}.my_desk____x.{os.getuid()}.12.")
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[1]", '[{"name": 1}]', '[{"name": "a", "expected": -1}]', "\xff", "[" * 10**5],
    ids=lambda text: text[:12],
)
def test_a_broken_file_is_set_aside_and_said(tmp_path: Path, text: str) -> None:
    bad = left_behind(tmp_path, *PULLS)
    bad.write_text(text, encoding="latin-1")
    left_behind(tmp_path, PULLS[1])
    problems = Problems()
    journal = Journal(tmp_path, HOST, problems)
    assert journal.take_over() == (PULLS[1],)
    [said] = problems.take()
    assert f"{bad.name}.bad" in said
    assert bad.with_name(f"{bad.name}.bad").read_text(encoding="latin-1") == text
    journal.close()


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(
    ("one", "other", "counts"),
    [
        (Entry(Pull("a"), done=5, asked=1), Entry(Pull("a"), State.DONE, asked=1), State.DONE),
        (Entry(Pull("a"), asked=1), Entry(Pull("a"), State.CANCELLED, asked=1), None),
        (Entry(Pull("a"), asked=2), Entry(Pull("a"), State.DONE, asked=1), State.RUNNING),
        (Entry(Pull("a"), State.PAUSED), Entry(Pull("a"), State.DONE), State.DONE),
    ],
    ids=["it is done", "it was cancelled", "asked for again", "asked for before that was noted"],
)
def test_what_two_files_say_of_one_job_counts_once(
    tmp_path: Path, one: Entry, other: Entry, counts: State | None, first: int
) -> None:
    for number, entry in enumerate((one, other)):
        file = left_behind(tmp_path, entry)
        parts = file.name.split(".")
        parts[-2] = str(number ^ first)
        file.rename(file.with_name(".".join(parts)))
    assert [entry.state for entry in found(tmp_path)] == ([counts] if counts else [])


def test_what_a_living_process_is_at_is_not_in_an_older_file_any_more(tmp_path: Path) -> None:
    left_behind(tmp_path, *PULLS)
    living = Journal(tmp_path, HOST)
    living.keep(PULLS[:1])
    other = Journal(tmp_path, HOST)
    assert other.take_over() == PULLS[1:]
    living.keep(())  # it is done
    living.close()
    other.close()
    assert found(tmp_path) == PULLS[1:]


def test_strange_files_are_let_be(tmp_path: Path) -> None:
    for name in ("x", ".1.json", "0123456789abcdef.new.json", f"{HOST}.json", f"{HOST}.1.bad"):
        (tmp_path / name).write_text("[]")
    assert found(tmp_path) == ()
    assert len(list(tmp_path.iterdir())) == 5


def test_what_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    problems = Problems()
    journal = Journal(tmp_path / "file", HOST, problems)
    assert journal.take_over() == ()
    journal.keep(PULLS)
    journal.keep(PULLS[:1])
    [said] = problems.take()
    assert said.startswith("Jobs that are not finished are not remembered")
    journal.keep(())


FULL = """
import resource, sys
from pathlib import Path
from ollama_tui.services.jobs.entries import Entry
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.tasks import Pull
from ollama_tui.config.state_file import Problems
problems = Problems()
journal = Journal(Path(sys.argv[1]), sys.argv[2], problems)
left = journal.take_over()
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
journal.keep([*left, Entry(Pull("new"))])
journal.keep([*left, Entry(Pull("newer"))])
print(len(left), *problems.take(), sep="\\n")
if "free" in sys.argv:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
"""


def python(code: str, *arguments: object) -> str:
    """Run Python code in a process of its own; return what it printed."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_on_a_full_disk_the_old_file_stays_and_it_is_said_once(tmp_path: Path) -> None:
    left_behind(tmp_path, *PULLS)
    number, *said = python(FULL, tmp_path, HOST).splitlines()
    assert number == "2"
    [sentence] = said
    assert sentence.endswith("cannot be written (the disk is full).")
    assert len(list(tmp_path.iterdir())) == 1
    assert found(tmp_path) == PULLS


def test_what_could_not_be_written_is_written_when_it_can_be(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("in the way")
    journal = Journal(tmp_path / "folder", HOST)
    journal.keep(PULLS)
    (tmp_path / "folder").unlink()
    journal.keep(PULLS)
    journal.close()
    assert found(tmp_path / "folder") == PULLS


RACER = """
import sys
from pathlib import Path
from ollama_tui.services.jobs.entries import Entry
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.tasks import Pull
folder, server, own = Path(sys.argv[1]), sys.argv[2], Entry(Pull(sys.argv[3]))
for line in sys.stdin:
    journal = Journal(folder, server)
    taken = journal.take_over()
    journal.keep((*taken, own))
    print(*(entry.task.name for entry in taken), flush=True)
    sys.stdin.readline()
    journal.keep(())
    journal.close()
    print("done", flush=True)
"""


@pytest.fixture
def racers(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Two programs that start when they are told to, as often as they are."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", RACER, str(tmp_path), HOST, name],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for name in ("one", "two")
        ]


def tell(racers: list[subprocess.Popen[str]], word: str) -> None:
    """Tell both to go on."""
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write(f"{word}\n")
        racer.stdin.flush()


def answers(racers: list[subprocess.Popen[str]]) -> list[list[str]]:
    """Return what each says."""
    return [racer.stdout.readline().split() for racer in racers if racer.stdout is not None]


def test_two_programs_that_start_at_once_share_what_is_left(
    tmp_path: Path, racers: list[subprocess.Popen[str]]
) -> None:
    left = [f"model-{number}" for number in range(6)]
    for _ in range(100):
        for name in left:
            left_behind(tmp_path, Entry(Pull(name)))
        tell(racers, "start")
        one, two = answers(racers)
        assert sorted(one + two) == left  # each of them by one, none by both, none by nobody
        tell(racers, "end")
        assert answers(racers) == [["done"], ["done"]]
        assert list(tmp_path.glob("*.json")) == []


BUSY = """
import sys
from pathlib import Path
from ollama_tui.services.jobs.entries import Entry
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.tasks import Pull
journal = Journal(Path(sys.argv[1]), sys.argv[2])
left = journal.take_over()
print("ready", flush=True)
while True:
    for number in range(50):
        journal.keep((*left, Entry(Pull(f"passing-{number}"))))
"""


def test_a_program_killed_at_any_time_loses_nothing(tmp_path: Path) -> None:
    left_behind(tmp_path, *PULLS)
    chance = random.Random(5)
    for _ in range(20):
        command = [sys.executable, "-c", BUSY, str(tmp_path), HOST]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            for _ in range(chance.randrange(chance.choice((2_000, 200_000)))):
                pass  # as long as any part of a write
            process.send_signal(signal.SIGKILL)
        problems = Problems()
        journal = Journal(tmp_path, HOST, problems)
        assert set(PULLS) <= set(journal.take_over())
        assert problems.take() == []
        journal.close()
    # The next one that lives needs what they have left no more.
    journal = Journal(tmp_path, HOST)
    journal.keep((*journal.take_over(), Entry(Pull("new"))))
    journal.close()
    assert len(list(tmp_path.glob("*.json"))) == 1
    assert len(list(tmp_path.iterdir())) <= 2


def resumed(ollama: Ollama, journal: Journal, time: VirtualClock) -> JobQueue:
    """Return the queue of a program that is started with what an earlier one left."""
    left, clock, sleep = journal.take_over(), time.monotonic, time.sleep
    return JobQueue(ollama, journal=journal, left=left, clock=clock, sleep=sleep)


class TestInTheQueue:
    """What the queue writes down, and how it shows what it finds."""

    @pytest.fixture
    def journal(self, tmp_path: Path) -> Journal:
        return Journal(tmp_path, HOST)

    @pytest.fixture
    async def queue(
        self, ollama: Ollama, time: VirtualClock, journal: Journal
    ) -> AsyncIterator[JobQueue]:
        queue = JobQueue(ollama, journal=journal, clock=time.monotonic, sleep=time.sleep)
        yield queue
        await queue.close()

    def written(self, folder: Path) -> list[str]:
        """Return what the next run would find, without taking it over."""
        return [
            each["name"]
            for file in folder.iterdir()
            for each in json.loads(file.read_text(encoding="utf-8"))["data"]["jobs"]
        ]

    async def test_transfers_are_written_down_until_they_end(
        self, queue: JobQueue, stage: Stage, tmp_path: Path
    ) -> None:
        queue.submit(Pull("a"))
        pull = queue.submit(Pull("b"))
        push = queue.submit(Push("c"))
        await settle()
        assert self.written(tmp_path) == ["a", "b", "c"]
        await stage.streams[0].succeed()
        assert self.written(tmp_path) == ["b", "c"]
        queue.cancel(pull)
        await settle()
        assert self.written(tmp_path) == ["c"]
        queue.cancel(push)
        await settle()
        assert self.written(tmp_path) == []

    async def test_a_download_that_failed_stays_written_until_it_is_cleared(
        self, queue: JobQueue, stage: Stage, tmp_path: Path
    ) -> None:
        queue.submit(Pull("a"))
        await settle()
        await stage.stream.layer(100, 1000)
        await stage.stream.say(error="write x-partial: no space left on device")
        assert queue.jobs.value[0].state is State.FAILED
        assert self.written(tmp_path) == ["a"]
        queue.clear()
        assert self.written(tmp_path) == []

    async def test_a_download_that_failed_before_anything_came_is_not_written(
        self, queue: JobQueue, stage: Stage, tmp_path: Path
    ) -> None:
        queue.submit(Pull("a"))
        await settle()
        await stage.stream.say(error="pull model manifest: file does not exist")
        assert queue.jobs.value[0].state is State.FAILED
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

    async def test_how_far_it_is_is_written_every_few_seconds_and_at_the_end(
        self, queue: JobQueue, stage: Stage, time: VirtualClock, tmp_path: Path
    ) -> None:
        def done() -> int:
            [file] = tmp_path.iterdir()
            [each] = json.loads(file.read_text(encoding="utf-8"))["data"]["jobs"]
            return int(each.get("done", 0))

        queue.submit(Pull("a", expected=1000))
        await settle()
        await stage.stream.layer(100, 1000)
        await stage.stream.layer(200, 1000)
        assert done() == 0
        await time.advance(6)
        assert done() == 200
        await stage.stream.layer(300, 1000)
        await queue.close()
        assert done() == 300

    async def test_a_resumed_bar_begins_where_it_was(
        self, ollama: Ollama, time: VirtualClock, stage: Stage, tmp_path: Path
    ) -> None:
        left_behind(tmp_path, PULLS[0])
        journal = Journal(tmp_path, HOST)
        queue = resumed(ollama, journal, time)
        [job] = queue.jobs.value
        queue.retry(job.id)
        await settle()
        seen = []
        for say in (
            stage.stream.say("pulling manifest"),
            stage.stream.layer(3_200_000_000, 5_190_000_000),
            stage.stream.layer(3_300_000_000, 5_190_000_000),
        ):
            seen.append(queue.jobs.value[0].progress.fraction or 0)
            await say
            await time.advance(0.2)
        seen.append(queue.jobs.value[0].progress.fraction or 0)
        assert seen == sorted(seen)
        assert (seen[0], seen[-1]) == (3.2 / 5.2, 3.3 / 5.2)
        await queue.close()

    async def test_what_an_earlier_run_left_can_be_gone_on_with_or_cleared(
        self, ollama: Ollama, time: VirtualClock, stage: Stage, tmp_path: Path
    ) -> None:
        left_behind(tmp_path, *PULLS)
        journal = Journal(tmp_path, HOST)
        queue = resumed(ollama, journal, time)
        first, second = queue.jobs.value
        assert (first.state, first.name) == (State.PAUSED, "qwen3:8b")
        assert (describe(first), describe(second)) == ("paused at 61%", "paused")
        assert first.error is None
        assert stage.asked == []  # nothing is downloaded unasked
        assert queue.retry(first.id)
        await settle()
        assert stage.asked == ["POST /api/pull qwen3:8b"]
        assert self.written(tmp_path) == ["qwen3:8b", "h:5000/ns/m:1"]
        queue.clear()
        assert self.written(tmp_path) == ["qwen3:8b", "h:5000/ns/m:1"]
        assert second.can_retry
        assert queue.cancel(second.id)
        queue.clear()
        assert self.written(tmp_path) == ["qwen3:8b"]
        await queue.close()
