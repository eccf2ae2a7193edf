"""How a job is said in one line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ollama_tui.formatting import StyledLine, cells
from ollama_tui.services.jobs.job import Job, JobProgress, Problem, State
from ollama_tui.tui.look import ASCII_SIGNS, UNICODE_SIGNS, Signs
from ollama_tui.tui.widgets.job_results import result
from ollama_tui.tui.widgets.job_rows import (
    NARROW,
    STRIP_ROWS,
    JobLayout,
    job_line,
    layout_for,
    strip_jobs,
    strip_lines,
    total_line,
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
    return job_line(one, signs, layout_for([one], width))


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
        assert not {"█", "%"} & set(drawn)
        assert width_of(spans(job(progress=some), width=width)) <= width


@pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
def test_the_bar_is_as_full_as_it_is_and_takes_the_width(fraction: float) -> None:
    for width in (40, 80, 120, 200):
        drawn = said(spans(job(progress=replace(MOVING, fraction=fraction)), ASCII_SIGNS, width))
        whole = layout_for([job()], width).bar
        assert drawn.count("#") + drawn.count(".") >= whole
        assert drawn.count("#") == pytest.approx(whole * fraction, abs=0.5)
        assert cells(drawn) == width - 1
    assert layout_for([job()], 200).bar > 2 * layout_for([job()], 80).bar


def test_the_figures_of_all_jobs_stand_in_columns_under_their_titles() -> None:
    slow = replace(MOVING, completed=3_000_000, total=49_000_000, fraction=0.06, rate=9e5, eta=51.0)
    jobs = (job(progress=MOVING), job(id=2, name="gemma3-with-a-longer-name:4b", progress=slow))
    for width in (60, 80, 120, 200):
        layout = layout_for(jobs, width)
        first, second = (said(job_line(each, UNICODE_SIGNS, layout)) for each in jobs)
        for figure, other in (("61%", "6%"), ("0:22", "0:51")):
            end = first.index(figure) + len(figure)
            assert second[:end].endswith(other)
        assert layout.titles.index("JOB") == first.index("pull")
        assert layout.titles.index("LEFT") + 4 == first.index("0:22") + 4
        if layout.rate:
            assert layout.titles.index("RATE") + 4 == first.index("MB/s") + 4


def test_a_sparkline_is_drawn_where_there_is_room() -> None:
    rates = tuple(float(n) for n in range(1, 30))
    one = job(progress=replace(MOVING, rates=rates))
    assert "▇█" in line(one, width=120)
    assert not set("▁▂▃▅▆▇") & set(line(one, width=100).replace(line(job(progress=MOVING)), ""))
    assert "█" not in line(job(progress=replace(MOVING, fraction=0.01, rates=rates)), width=100)


def test_on_forty_cells_the_name_the_share_and_the_time_are_left() -> None:
    drawn = line(job(name="qwen3:30b-a3b", progress=MOVING), width=40)
    assert [word for word in drawn.split() if word[0].isalnum()] == ["qwen3:30b-a3b", "61%", "0:22"]
    assert cells(drawn) < 40 < NARROW


def test_the_total_sums_bytes_rates_and_what_waits() -> None:
    queued = JobProgress(total=4_900_000_000)
    jobs = [job(progress=MOVING), job(id=2, progress=MOVING), job(State.QUEUED, progress=queued)]
    drawn = said(total_line(jobs, UNICODE_SIGNS, layout_for(jobs, 120))).split()
    assert drawn[:4] == ["2", "running,", "1", "queued"]
    assert drawn[-6:] == ["40%", "6.0/14", "GB", "174", "MB/s", "0:50"]


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
            "failed: the disk is full  J jobs",
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
    line = job_line(job(name=name), UNICODE_SIGNS, JobLayout(80, label=25, bar=20))
    assert said(line).removeprefix(" ↓ ").split("  ")[0] == shown
    assert width_of(line[:2]) <= 3 + 25


def test_the_key_for_more_is_not_named_where_more_is_shown() -> None:
    failed = job(State.FAILED, error=Problem("It failed.", "", "full"))
    assert said(job_line(failed, UNICODE_SIGNS, layout_for([failed], 98), hint=False)).endswith(
        "failed: full"
    )


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


def test_the_strip_shows_what_can_be_undone_then_what_moves_what_failed_and_what_waits() -> None:
    jobs = (
        job(State.QUEUED, id=1),
        job(State.DONE, id=2),
        job(State.FAILED, id=3),
        job(State.RUNNING, id=4),
        job(State.CANCELLED, id=5),
        job(State.WAITING, id=6, verb="delete"),
        job(State.WAITING, id=7, verb="delete"),
        job(State.PAUSED, id=8),
        job(State.FAILED, id=9, seen=True),
    )
    assert [one.id for one in strip_jobs(jobs)] == [7, 6, 4, 3, 1]


def test_the_strip_counts_what_it_has_no_room_for() -> None:
    jobs = tuple(job(id=n, progress=MOVING) for n in range(STRIP_ROWS + 3))
    lines = strip_lines(jobs, UNICODE_SIGNS, 120)
    assert len(lines) == STRIP_ROWS
    assert said(lines[-1]).endswith("3 more, J ")
    assert strip_lines((), UNICODE_SIGNS, 120) == []


def test_the_end_of_a_job_is_told_with_its_title_and_hint() -> None:
    failed = job(State.FAILED, error=Problem("It failed.", "Try again."))
    assert result(failed) == ("It failed.", "Try again.")
    assert result(job(State.CANCELLED, note="Kept.")) == ("Pull qwen3:8b: kept.", "")
    paused = job(State.PAUSED, progress=MOVING)
    assert result(paused) == ("Paused pull qwen3:8b at 61%.", "In J, space resumes it.")


@pytest.mark.parametrize(
    ("verb", "transferred", "sentence"),
    [
        ("pull", 4_900_000_000, "Pulled qwen3:8b, 4.9 GB in 1:02."),
        ("pull", 34, "Pulled qwen3:8b, 34 B of 4.9 GB in 1:02."),
        ("push", 34, "Pushed qwen3:8b, 34 B of 4.9 GB in 1:02."),
        ("pull", 0, "Pulled qwen3:8b: all of it was here already."),
        ("push", 0, "Pushed qwen3:8b: all of it was there already."),
        ("pull", None, "Pulled qwen3:8b in 1:02."),
        ("create", 34, "Created qwen3:8b in 1:02."),
        ("import", None, "Imported qwen3:8b in 1:02."),
        ("quantize", None, "Quantized qwen3:8b in 1:02."),
        ("edit", None, "Saved qwen3:8b in 1:02."),
        ("copy", None, "Copied to qwen3:8b in 1:02."),
    ],
)
def test_the_end_of_a_job_says_what_was_moved_and_how_long_it_took(
    verb: str, transferred: int | None, sentence: str
) -> None:
    progress = JobProgress(total=GB, fraction=1.0, transferred=transferred)
    done = job(State.DONE, verb=verb, progress=progress, started=5.0, ended=67.4)
    assert result(done)[0] == sentence
    quick = result(replace(done, ended=5.4))[0]
    assert quick == sentence.replace(" in 1:02", "")


def test_the_end_of_a_deletion_says_what_it_freed() -> None:
    done = job(State.DONE, verb="delete", name="pirate:latest", frees="2.0 GB", ended=9.0)
    assert result(done)[0] == "Deleted pirate:latest, freed 2.0 GB."
    assert result(replace(done, frees=""))[0] == "Deleted pirate:latest."


def test_names_of_a_hostile_server_are_inert_in_what_is_said() -> None:
    assert "\x1b" not in result(job(State.DONE, name="\x1b[2J"))[0]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.2, "0:01"), (59.0, "0:59"), (61.0, "1:05"), (299.0, "5:00"), (601.0, "11:00"),
     (36_000.0, "10:00:00"), (1e9, "–")],
)  # fmt: skip
def test_the_time_left_is_told_in_steps_as_coarse_as_it_is_uncertain(
    seconds: float, shown: str
) -> None:
    assert line(job(progress=replace(MOVING, eta=seconds))).split()[-1] == shown
