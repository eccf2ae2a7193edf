"""What is read is bounded, what is written is whole; whatever stands in the way."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.config.safe_file import (
    Unusable,
    lock,
    read_bounded,
    set_aside,
    shown_path,
    write_atomically,
    write_locked,
    write_text_atomically,
)

LIMIT = 1 << 16
MB = 1 << 20


def sparse(file: Path) -> None:
    with file.open("wb") as opened:
        opened.truncate(5 << 30)


def looping(file: Path) -> None:
    file.symlink_to(file.name)


def dangling(file: Path) -> None:
    file.symlink_to("not-there")


def good_link(file: Path) -> None:
    file.with_name("target").write_bytes(b"x")
    file.symlink_to("target")


IN_THE_WAY: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder": (Path.mkdir, "is a folder|is not a regular file"),
    "fifo": (os.mkfifo, "is not a regular file"),
    "dangling": (dangling, "is a link"),
    "looping": (looping, "is a link"),
    "link": (good_link, "is a link"),
    "zero": (lambda file: file.symlink_to("/dev/zero"), "is a link"),
    "huge": (sparse, "is larger than 64 KB"),
    "too long": (lambda file: file.write_bytes(bytes(LIMIT + 1)), "is larger than 64 KB"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "file.json"


@pytest.mark.parametrize("kind", IN_THE_WAY)
def test_what_is_no_small_regular_file_is_not_read(file: Path, kind: str) -> None:
    make, reason = IN_THE_WAY[kind]
    file.parent.mkdir()
    make(file)
    with pytest.raises(Unusable, match=reason):
        read_bounded(file, LIMIT)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("folder", "is a folder"),
        ("fifo", "is not a regular file"),
        ("zero", "is not a regular file"),
        ("dangling", "is a broken link"),
        ("looping", "is a link"),
    ],
)
def test_a_link_may_be_followed_but_only_to_a_regular_file(
    file: Path, kind: str, reason: str
) -> None:
    file.parent.mkdir()
    IN_THE_WAY[kind][0](file)
    with pytest.raises(Unusable, match=reason):
        read_bounded(file, LIMIT, follow_links=True)


def test_a_link_to_a_regular_file_is_followed_where_that_is_wanted(file: Path) -> None:
    file.parent.mkdir()
    good_link(file)
    assert read_bounded(file, LIMIT, follow_links=True) == b"x"


def test_nothing_there_is_not_found(file: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_bounded(file, LIMIT)


def test_a_file_that_says_it_is_empty_is_read_to_its_end() -> None:
    assert read_bounded(Path("/proc/self/status"), LIMIT).startswith(b"Name:")


@given(st.binary(max_size=2000))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.mktemp("x") / "file"
    write_atomically(file, data)
    assert read_bounded(file, 2000) == data


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_can_be_written(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("x") / "file"
    write_text_atomically(file, text)
    written = file.read_bytes().decode("utf-8", "surrogateescape")
    assert len(written) <= len(text)
    if not any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        assert written == text


@pytest.mark.parametrize("kind", ["fifo", "dangling", "looping", "link", "zero", "huge"])
def test_what_is_in_the_way_is_replaced_and_not_written_through(file: Path, kind: str) -> None:
    file.parent.mkdir()
    IN_THE_WAY[kind][0](file)
    write_atomically(file, b"new")
    assert read_bounded(file, LIMIT) == b"new"
    assert not (file.parent / "not-there").exists()
    if kind == "link":
        assert (file.parent / "target").read_bytes() == b"x"


def test_only_the_user_may_read_what_is_written(file: Path) -> None:
    file.parent.mkdir(mode=0o755)
    file.touch(mode=0o644)
    write_atomically(file, b"new")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


@pytest.mark.parametrize("blocked", ["folder in the way", "no folder"])
def test_what_cannot_be_written_leaves_nothing_behind(file: Path, blocked: str) -> None:
    if blocked == "no folder":
        file.parent.write_text("in the way")
    else:
        file.mkdir(parents=True)
    before = names(file.parent.parent)
    with pytest.raises(OSError):
        write_atomically(file, b"new")
    assert names(file.parent.parent) == before
    if blocked == "folder in the way":
        assert names(file.parent) == [file.name]


def run(code: str, *arguments: object) -> str:
    """Run Python code in a process of its own; return what it printed."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


FULL_DISK = """
import resource, sys
from pathlib import Path
from ollama_tui.config.safe_file import write_atomically
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(Path(sys.argv[1]), b"x" * 5000, durable=True)
except OSError as error:
    print(error.strerror)
"""


def test_on_a_full_disk_the_old_file_stays(file: Path) -> None:
    write_atomically(file, b"old")
    assert run(FULL_DISK, file) == "File too large\n"
    assert file.read_bytes() == b"old"
    assert names(file.parent) == [file.name]


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from ollama_tui.config.safe_file import write_atomically
n = 0
while True:
    n += 1
    write_atomically(Path(sys.argv[1]), str(n).encode().ljust(300_000, b".") + b"end")
    print(n, flush=True)
"""


def test_a_program_killed_while_it_writes_leaves_a_whole_file(file: Path) -> None:
    write_atomically(file, b"0".ljust(300_000, b".") + b"end")
    chance = random.Random(7)
    for _ in range(20):
        command = [sys.executable, "-c", WRITE_FOR_EVER, str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"1\n"
            for _ in range(chance.randrange(5000)):
                pass  # as long as any part of a write
            process.send_signal(signal.SIGKILL)
        data = file.read_bytes()
        assert (len(data), data[-3:]) == (300_003, b"end")
    # What the killed left is used again, so that it never becomes more than one.
    assert len(names(file.parent)) <= 2


def test_two_that_write_at_once_do_not_write_into_each_other(file: Path) -> None:
    file.parent.mkdir()
    theirs = os.open(file.with_name(".0.new"), os.O_CREAT | os.O_RDWR)
    fcntl.flock(theirs, fcntl.LOCK_EX)
    os.write(theirs, b"half of")
    write_atomically(file, b"ours")
    assert file.read_bytes() == b"ours"
    assert file.with_name(".0.new").read_bytes() == b"half of"
    os.close(theirs)
    write_atomically(file, b"again")  # nobody is at it any more, so it is used again
    assert names(file.parent) == [file.name]


LOCKED_FOR_EVER = """
import os, sys
from pathlib import Path
from ollama_tui.config.safe_file import write_locked
old = write_locked(Path(sys.argv[1]), b"x")
print("ready", flush=True)
while True:
    new = write_locked(Path(sys.argv[1]), b"x")
    os.close(old)
    old = new
"""


class TestLock:
    """A lock is of whoever has it, until they close the file or end."""

    def test_what_is_written_locked_is_locked_from_the_start(self, file: Path) -> None:
        ours = write_locked(file, b"x")
        assert lock(file) is None
        os.close(ours)
        theirs = lock(file)
        assert theirs is not None
        os.close(theirs)

    def test_the_old_one_is_of_no_use_to_who_waits_for_it(self, file: Path) -> None:
        old = write_locked(file, b"old")
        new = write_locked(file, b"new")
        os.close(old)
        assert lock(file) is None
        os.close(new)

    def test_who_always_has_it_never_loses_it_to_who_opened_the_one_before(
        self, file: Path
    ) -> None:
        command = [sys.executable, "-c", LOCKED_FOR_EVER, str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                taken = [lock(file) for _ in range(20_000)]
                assert process.poll() is None
            finally:
                process.kill()
        assert set(taken) == {None}

    def test_a_lock_ends_with_its_program(self, file: Path) -> None:
        code = (
            "import sys; from pathlib import Path; from ollama_tui.config.safe_file import *;"
            "write_locked(Path(sys.argv[1]), b'x'); print(lock(Path(sys.argv[1])))"
        )
        assert run(code, file) == "None\n"
        ours = lock(file)
        assert ours is not None
        os.close(ours)

    @pytest.mark.parametrize("kind", ["fifo", "folder", "looping", "zero"])
    def test_only_a_regular_file_can_be_locked(self, file: Path, kind: str) -> None:
        file.parent.mkdir()
        IN_THE_WAY[kind][0](file)
        with pytest.raises(Unusable, match=IN_THE_WAY[kind][1]):
            lock(file)


@pytest.mark.parametrize("kind", IN_THE_WAY)
def test_anything_can_be_set_aside_and_nothing_is_lost_by_it(file: Path, kind: str) -> None:
    file.parent.mkdir()
    for number in range(3):
        IN_THE_WAY[kind][0](file)
        aside = set_aside(file)
        assert aside is not None
        assert aside.name == f"file.json.bad{number + 1 if number else ''}"
        assert not os.path.lexists(file)
        if kind == "link":
            (file.parent / "target").unlink()
    assert len(names(file.parent)) == 3


def test_what_was_set_aside_often_stays(file: Path) -> None:
    file.parent.mkdir()
    for _ in range(9):
        file.touch()
        assert set_aside(file) is not None
    file.touch()
    assert set_aside(file) is None
    assert file.exists()


COST = """
import re, sys, time
from pathlib import Path
from ollama_tui.config.safe_file import Unusable, read_bounded
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
before, start = peak(), time.process_time()
try:
    read_bounded(Path(sys.argv[1]), 8 << 20)
except Unusable:
    print(peak() - before, time.process_time() - start)
"""


@pytest.mark.parametrize("kind", ["huge", "zero", "fifo"])
def test_what_is_not_read_costs_no_memory_and_no_time(file: Path, kind: str) -> None:
    file.parent.mkdir()
    IN_THE_WAY[kind][0](file)
    kilobytes, seconds = map(float, run(COST, file).split())
    assert kilobytes < 1024
    assert seconds < 0.1  # of the processor, not of the clock: however busy the machine is


def test_files_are_not_kept_open(file: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for make, _ in IN_THE_WAY.values():
        file.parent.mkdir(exist_ok=True)
        make(file)
        with pytest.raises(Unusable):
            read_bounded(file, LIMIT)
        set_aside(file)
    write_atomically(file, b"x")
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_path_is_shown_from_home(tmp_path: Path) -> None:
    assert shown_path(Path.home() / "x") == "~/x"
    assert shown_path(tmp_path / "a\x1bb") == f"{tmp_path}/a\N{REPLACEMENT CHARACTER}b"


def test_where_files_cannot_be_locked_no_temporary_file_stays(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    write_atomically(file, b"x")
    assert names(file.parent) == [file.name]
    file.unlink()
    file.mkdir()
    with pytest.raises(OSError):
        write_atomically(file, b"y")
    assert names(file.parent) == [file.name]
