"""How a job is said in one line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ollama_tui.formatting import StyledLine
from ollama_tui.services.jobs.job import Job, JobProgress, Problem, State
from ollama_tui.tui.look import ASCII_SIGNS, UNICODE_SIGNS, Signs
from ollama_tui.tui.widgets.job_rows import (
    STRIP_ROWS,
    job_line,
    label_cells,
    result,
    strip_jobs,
    strip_lines,
)
from ollama_tui.tui.widgets.text_layout import width_of

GB = 4_900_000_000
MOVING = JobProgress(
    completed=3_000_000_000,
    total=4_900_000_000,
    fraction=0.61,
    rate=87_000_000.0,
    eta=22.0,
    phase="pulling",
)


def job(state: State = State.RUNNING, *, id: int = 1, **changes: object) -> Job:
    values: dict[str, object] = {"id": id, "verb": "pull", "name": "qwen3:8b", "state": state}
    return Job(**{**values, **changes})  # type: ignore[arg-type]


def said(line: StyledLine) -> str:
    return "".join(text for text, _ in line)


def spans(one: Job, signs: Signs = UNICODE_SIGNS, width: int = 120) -> StyledLine:
    return job_line(one, signs, width, label=label_cells([one], width))


def line(one: Job, signs: Signs = UNICODE_SIGNS, width: int = 120) -> str:
    return said(spans(one, signs, width))


def test_a_running_pull_says_how_far_how_fast_and_how_long() -> None:
    words = line(job(progress=MOVING)).split()
    assert words[:3] == ["↓", "pull", "qwen3:8b"]
    assert words[-5:] == ["61%", "3.0/4.9", "GB", "87", "MB/s", "0:22"][-5:]


def test_a_pull_of_unknown_size_has_bytes_rate_and_no_bar() -> None:
    some = JobProgress(234_000_000, 272_000_000, None, rate=36_000_000.0, eta=1.0, phase="pulling")
    for width in (80, 120):
        drawn = line(job(progress=some), width=width)
        assert " 234/272 MB so far " in drawn
        assert "36 MB/s" in drawn
        assert not {"█", "░", "%"} & set(drawn)
        assert width_of(spans(job(progress=some), width=width)) <= width


@pytest.mark.parametrize(("fraction", "full"), [(0.0, 0), (0.5, 10), (1.0, 20)])
def test_the_bar_is_as_full_as_it_is(fraction: float, full: int) -> None:
    drawn = line(job(progress=JobProgress(fraction=fraction)))
    assert (drawn.count("█"), drawn.count("░")) == (full, 20 - full)


def test_a_narrow_line_has_a_shorter_bar() -> None:
    drawn = line(job(progress=MOVING), width=80)
    assert drawn.count("█") + drawn.count("░") == 8
    assert width_of(spans(job(progress=MOVING), width=80)) <= 80


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": State.QUEUED}, "queued"),
        ({"state": State.WAITING, "verb": "delete", "seconds_left": 5}, "in 5 s  z undo"),
        ({"progress": JobProgress(phase="verifying")}, "verifying"),
        ({"progress": JobProgress(fraction=0.5, stalled_for=40)}, "stalled 40 s — retrying"),
        ({"progress": JobProgress(fraction=0.61, resumed_at=0.61)}, "resuming at 61%"),
        ({"trouble": "connection lost", "attempt": 2, "seconds_left": 4}, "retry 2 in 4 s"),
        ({"cancelling": True}, "cancelling"),
        (
            {
                "state": State.FAILED,
                "error": Problem("qwen3:8b was not pulled: full.", "", "the disk is full"),
            },
            "failed: the disk is full  J more",
        ),
    ],
)
def test_what_is_odd_is_said_in_words(changes: dict[str, object], words: str) -> None:
    assert words in line(job(**changes))  # type: ignore[arg-type]


def test_a_wide_line_has_room_for_a_long_name() -> None:
    name = "registry.example.com:5000/library/a-long-name:q4_K_M"
    assert name in line(job(name=name, progress=MOVING), width=200)
    for width in (80, 98, 120, 160):
        odd = replace(MOVING, resumed_at=0.61)
        assert line(job(name=name, progress=odd), width=width).endswith("resuming at 61%")
        assert width_of(spans(job(name=name, progress=odd), width=width)) <= width


def test_names_of_all_jobs_shown_get_the_same_room() -> None:
    jobs = (job(id=1), job(id=2, name="registry.example.com:5000/library/long:q4", progress=MOVING))
    first, second = strip_lines(jobs, UNICODE_SIGNS, 120)
    assert said(first).index("starting") == said(second).index("█")
    assert said(strip_lines(jobs[:1], UNICODE_SIGNS, 120)[0]).index("starting") < 40


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("qwen3:8b", "pull qwen3:8b"),
        ("127.0.0.1:5001/library/big:7b", "pull …/library/big:7b"),
        ("127.0.0.1:5001/library/big-model:7b-q4", "pull …/big-model:7b-q4"),
        ("hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M", "pull Llama-3.2…GUF:Q4_K_M"),
        ("a-name-without-slashes-that-is-long:7b", "pull a-name-wi…is-long:7b"),
        ("模型模型模型模型模型模型模型", "pull 模型模型…型模型模型"),
    ],
)
def test_a_long_name_loses_its_registry_first_and_keeps_its_end(name: str, shown: str) -> None:
    line = job_line(job(name=name), UNICODE_SIGNS, 80, label=25)
    assert said(line).removeprefix(" ↓ ").split("  ")[0] == shown
    assert width_of(line[:2]) <= 3 + 25


def test_the_key_for_more_is_not_named_where_more_is_shown() -> None:
    failed = job(State.FAILED, error=Problem("It failed.", "", "full"))
    assert said(job_line(failed, UNICODE_SIGNS, 98, label=22, hint=False)).endswith("failed: full")


def test_nothing_is_divided_by_zero_or_said_of_nothing() -> None:
    drawn = line(job(progress=JobProgress(fraction=0.0, total=0)))
    assert "0/0" not in drawn
    assert "nan" not in drawn.lower()


def test_plain_signs_are_ascii() -> None:
    assert line(job(progress=MOVING), ASCII_SIGNS).isascii()


def test_hostile_names_are_inert() -> None:
    drawn = line(job(name="\x1b]52;c;x\x07\n[/nope]"))
    assert not {"\x1b", "\x07", "\n"} & set(drawn)
    assert "[/nope]" in drawn


def test_the_strip_shows_what_moves_then_what_failed_then_what_waits() -> None:
    jobs = (
        job(State.QUEUED, id=1),
        job(State.DONE, id=2),
        job(State.FAILED, id=3),
        job(State.RUNNING, id=4),
        job(State.CANCELLED, id=5),
    )
    assert [one.id for one in strip_jobs(jobs)] == [4, 3, 1]


def test_the_strip_counts_what_it_has_no_room_for() -> None:
    jobs = tuple(job(id=n, progress=MOVING) for n in range(STRIP_ROWS + 3))
    lines = strip_lines(jobs, UNICODE_SIGNS, 120)
    assert len(lines) == STRIP_ROWS
    assert said(lines[-1]).endswith("3 more, J ")
    assert strip_lines((), UNICODE_SIGNS, 120) == []


def test_the_end_of_a_job_is_told_with_its_title_and_hint() -> None:
    done = job(State.DONE, progress=JobProgress(total=GB, transferred=GB))
    assert result(done)[0] == "pull qwen3:8b: done. 4.9 GB"
    failed = job(State.FAILED, error=Problem("It failed.", "Try again."))
    assert result(failed) == ("It failed.", "Try again.")
    assert result(job(State.CANCELLED, note="Kept.")) == ("Pull qwen3:8b", "Kept.")


@pytest.mark.parametrize(
    ("verb", "transferred", "said"),
    [
        ("pull", 34, "done. 34 B of 4.9 GB"),
        ("push", 34, "done. 34 B of 4.9 GB"),
        ("pull", 0, "done. It was already here."),
        ("push", 0, "done. It was already there."),
        ("pull", None, "done."),
    ],
)
def test_the_end_of_a_transfer_says_what_was_transferred(
    verb: str, transferred: int | None, said: str
) -> None:
    progress = JobProgress(total=GB, fraction=1.0, transferred=transferred)
    done = job(State.DONE, verb=verb, progress=progress)
    assert result(done)[0] == f"{verb} qwen3:8b: {said}"


@pytest.mark.parametrize("verb", ["create", "import", "quantize", "edit"])
def test_the_size_of_what_something_is_made_from_is_not_said_of_what_is_made(verb: str) -> None:
    done = replace(job(State.DONE), verb=verb, progress=replace(MOVING, fraction=1.0))
    assert "GB" not in result(done)[0]
