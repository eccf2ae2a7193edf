"""A file that is saved over stays as it was until all of the new one is written."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ollama_tui.config.safe_file import NotAFile, replace_file, write_new

OLD = b"FROM old\n"
NEW = b"FROM new\n" * 1000

Write = Callable[[Path, bytes], Path]


@contextmanager
def full_disk() -> Iterator[None]:
    """Let nothing but the beginning of a file be written, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Modelfile"
    path.write_bytes(OLD)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_takes_the_place_of_what_was_there(file: Path) -> None:
    assert replace_file(file, NEW) == file.resolve()
    assert file.read_bytes() == NEW
    assert names(file.parent) == ["Modelfile"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o755])
def test_the_permissions_stay(mode: int, file: Path) -> None:
    file.chmod(mode)
    replace_file(file, NEW)
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_a_new_file_is_as_open_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_new(tmp_path / "new", NEW)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_on_a_full_disk_the_old_file_stays(file: Path) -> None:
    with full_disk(), pytest.raises(OSError, match="File too large"):
        replace_file(file, NEW)
    assert file.read_bytes() == OLD
    assert names(file.parent) == ["Modelfile"]


def test_on_a_full_disk_no_half_of_a_new_file_stays(tmp_path: Path) -> None:
    with full_disk(), pytest.raises(OSError, match="File too large"):
        write_new(tmp_path / "new", NEW)
    assert names(tmp_path) == []


def test_at_no_moment_is_there_less_than_one_whole_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    fsync = os.fsync

    def looking(descriptor: int) -> None:
        seen.append(file.read_bytes())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", looking)
    replace_file(file, NEW)
    assert seen == [OLD]


def test_of_a_link_the_file_is_replaced_and_the_link_stays(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "links"
    folder.mkdir()
    (folder / "one").symlink_to(file)
    (folder / "two").symlink_to("one")
    assert replace_file(folder / "two", NEW) == file.resolve()
    assert file.read_bytes() == NEW
    assert (folder / "two").is_symlink()
    assert names(folder) == ["one", "two"]


def test_a_link_that_leads_nowhere_makes_the_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("there")
    assert write_new(tmp_path / "link", NEW).name == "there"
    assert (tmp_path / "there").read_bytes() == NEW


@pytest.mark.parametrize("write", [write_new, replace_file])
def test_links_in_a_circle_are_an_error_of_their_own(write: Write, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        write(tmp_path / "a", NEW)
    assert names(tmp_path) == ["a", "b"]


def test_what_has_come_meanwhile_is_not_written_over(file: Path) -> None:
    with pytest.raises(FileExistsError):
        write_new(file, NEW)
    assert file.read_bytes() == OLD


def test_devices_pipes_and_folders_are_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/null")):
        with pytest.raises(NotAFile, match="not an ordinary file"):
            replace_file(path, NEW)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to everything")
def test_a_write_protected_file_is_left_alone(file: Path) -> None:
    file.chmod(0o444)
    with pytest.raises(PermissionError, match="write-protected"):
        replace_file(file, NEW)
    assert file.read_bytes() == OLD
