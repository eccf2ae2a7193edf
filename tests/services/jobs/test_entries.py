"""What a job file says of each job, written and read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.requests import CreateRequest
from ollama_tui.config.safe_file import Unusable
from ollama_tui.importing.local_file import LocalFile
from ollama_tui.services.jobs.entries import (
    LIMIT,
    Entry,
    JobFile,
    job_file_content,
    read_job_file,
)
from ollama_tui.services.jobs.job import Problem, State
from ollama_tui.services.jobs.tasks import Create, Pull, Push

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SIZES = st.integers(0, 2**63 - 1)
PATHS = st.binary(min_size=1, max_size=20).map(lambda name: Path("/x") / name.decode(
    "utf-8", "surrogateescape"
).replace("\0", "").replace("/", "_"))  # fmt: skip
FILES = st.builds(LocalFile, PATHS, TEXTS, SIZES, st.booleans(), st.booleans())
REQUESTS = st.builds(
    CreateRequest,
    TEXTS,
    from_=TEXTS,
    system=TEXTS,
    license=st.lists(TEXTS, max_size=2),
    parameters=st.dictionaries(TEXTS, st.one_of(st.booleans(), st.integers(0, 9), TEXTS)),
)
TASKS = st.one_of(
    st.builds(Pull, TEXTS, st.booleans(), st.none() | SIZES),
    st.builds(Push, TEXTS, st.booleans(), st.none() | SIZES),
    st.builds(
        Create,
        REQUESTS,
        st.sampled_from(["create", "edit", "import", "quantize"]),
        st.lists(FILES, max_size=2).map(tuple),
        st.none() | TEXTS,
    ),
)
PROBLEMS = st.builds(Problem, TEXTS.filter(bool), TEXTS, TEXTS)
ENTRIES = st.builds(
    Entry,
    TASKS,
    st.sampled_from([State.RUNNING, State.QUEUED, State.PAUSED, State.FAILED, State.DONE]),
    SIZES,
    SIZES,
    st.booleans(),
    st.none() | PROBLEMS,
    st.floats(0, 2**40),
    st.floats(0, 2**40),
    st.booleans(),
)


def again(folder: Path, file: JobFile) -> JobFile:
    path = folder / "jobs.json"
    path.write_bytes(job_file_content(file))
    return read_job_file(path)


@given(entries=st.lists(ENTRIES, max_size=3), url=TEXTS, parallel=st.integers(1, 16))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Entry], url: str, parallel: int
) -> None:
    file = JobFile(tuple(entries), url, parallel, is_keeper=True)
    assert again(tmp_path_factory.mktemp("jobs"), file) == file


def test_the_first_format_is_read(tmp_path: Path) -> None:
    path = tmp_path / "jobs.json"
    path.write_text('{"version":1,"data":[{"name":"qwen3:8b","expected":5,"done":3}]}')
    assert read_job_file(path) == JobFile((Entry(Pull("qwen3:8b", expected=5), done=3),))


@pytest.mark.parametrize(
    "text",
    [
        '{"version":1,"data":{"jobs":[{"name":"a","verb":"delete"}]}}',
        '{"version":1,"data":{"jobs":[{"name":"a","state":"dancing"}]}}',
        '{"version":1,"data":{"jobs":[{"verb":"pull"}]}}',
        '{"version":1,"data":{}}',
        '{"version":1,"data":7}',
    ],
)
def test_what_says_something_else_cannot_be_used(tmp_path: Path, text: str) -> None:
    path = tmp_path / "jobs.json"
    path.write_text(text)
    with pytest.raises(Unusable):
        read_job_file(path)


def test_a_name_that_cannot_be_written_leaves_the_others(tmp_path: Path) -> None:
    file = JobFile((Entry(Pull("a\ud800")), Entry(Pull("b"))))
    assert again(tmp_path, file).entries == (Entry(Pull("b")),)


def test_texts_too_long_for_a_file_leave_the_others(tmp_path: Path) -> None:
    huge = Create(CreateRequest("mine", system="x" * LIMIT))
    file = JobFile((Entry(huge), Entry(Pull("b"))))
    assert again(tmp_path, file).entries == (Entry(Pull("b")),)


def test_only_transfers_outlive_the_program() -> None:
    create = Create(CreateRequest("mine"))
    assert [Entry(task).outlives_us for task in (Pull("a"), Push("a"), create)] == [1, 1, 0]
    assert not Entry(Pull("a"), State.PAUSED).outlives_us
