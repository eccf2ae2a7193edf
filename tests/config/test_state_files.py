"""Each kind of file the program keeps, against everything that can be wrong with one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ollama_tui.config.safe_file import shown_path
from ollama_tui.config.settings import read_config, settings_from
from ollama_tui.config.state_file import Problems, StateFile, decoded, encoded
from ollama_tui.tui.actions import ACTIONS
from ollama_tui.tui.actions.keymap import keymap_from
from ollama_tui.tui.config_problems import problem_sentences, problems_message
from tests.config.state_kinds import BAD, CONFIGS, KINDS, NEWER

ROOT = Path(__file__).resolve().parents[2]
MB = 1 << 20
NOBODY = 65534
NOT_KEPT = ["Settings and lists are", "Jobs that are not finished are"]


def all_good(folder: Path) -> dict[str, object]:
    """Write one file of each kind; return what each holds."""
    for kind in KINDS.values():
        kind.write(folder, Problems())
    problems = Problems()
    held = {name: kind.read(folder, problems) for name, kind in KINDS.items()}
    assert all(held.values())
    assert problems.take() == []
    return held


def is_one_sentence(text: str) -> bool:
    return text.endswith(".") and text.count(". ") == 0 and text.isprintable()


@pytest.mark.parametrize("wrong", BAD)
@pytest.mark.parametrize("name", KINDS)
def test_a_bad_file_is_set_aside_with_one_sentence_and_nothing_is_lost(
    tmp_path: Path, name: str, wrong: str
) -> None:
    kind, good = KINDS[name], all_good(tmp_path)
    file = kind.file(tmp_path)
    BAD[wrong](file)
    was = os.lstat(file)

    problems = Problems()
    for each in KINDS.values():
        held = each.read(tmp_path, problems)
        assert bool(held) is (each is not kind)
    [said] = problems.take()
    assert said.startswith(f"{file.name} ")
    assert is_one_sentence(said)
    aside = file.with_name(f"{file.name}.bad")
    assert said.endswith(f"; it is now {shown_path(aside)}.")
    now = os.lstat(aside)
    assert (now.st_ino, now.st_size, now.st_mtime_ns) == (was.st_ino, was.st_size, was.st_mtime_ns)

    kind.write(tmp_path, problems)
    assert {name: each.read(tmp_path, problems) for name, each in KINDS.items()} == good
    assert problems.take() == []


@pytest.mark.parametrize("wrong", NEWER)
@pytest.mark.parametrize("name", KINDS)
def test_a_file_of_a_newer_version_stays_as_it_is(tmp_path: Path, name: str, wrong: str) -> None:
    kind, good = KINDS[name], all_good(tmp_path)
    file = kind.file(tmp_path)
    NEWER[wrong](file)
    was = file.read_bytes()

    problems = Problems()
    assert not kind.read(tmp_path, problems)
    [said] = problems.take()
    assert "was written by a newer version of ollama-tui" in said
    assert is_one_sentence(said)
    kind.write(tmp_path, problems)
    assert not kind.read(tmp_path, problems) or name == "journal"  # which has a file of its own
    assert problems.take() == []
    assert file.read_bytes() == was
    others = {other: each.read(tmp_path, problems) for other, each in KINDS.items()}
    assert {**others, name: good[name]} == good


@pytest.mark.parametrize("name", KINDS)
def test_a_file_from_before_there_were_versions_is_read(tmp_path: Path, name: str) -> None:
    import json

    kind, good = KINDS[name], all_good(tmp_path)
    file = kind.file(tmp_path)
    file.write_text(json.dumps(json.loads(file.read_bytes())["data"]))
    problems = Problems()
    assert kind.read(tmp_path, problems) == good[name]
    assert problems.take() == []


@pytest.fixture
def nobodys() -> Iterator[Path]:
    """A folder of somebody without privileges, who we are until the end of the test."""
    folder = Path(tempfile.mkdtemp())
    privileged = os.geteuid() == 0
    if privileged:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if privileged:
            os.seteuid(0)
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o700)
        shutil.rmtree(folder)


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_may_not_be_read_is_set_aside(nobodys: Path, name: str) -> None:
    kind, good = KINDS[name], all_good(nobodys)
    file = kind.file(nobodys)
    file.chmod(0)
    problems = Problems()
    assert not kind.read(nobodys, problems)
    [said] = problems.take()
    assert "cannot be read (permission denied), so " in said
    assert is_one_sentence(said)
    assert file.with_name(f"{file.name}.bad").exists()
    kind.write(nobodys, problems)
    assert kind.read(nobodys, problems) == good[name]
    assert problems.take() == []


def test_what_may_not_be_written_is_said_once_and_what_is_there_is_read(nobodys: Path) -> None:
    good = all_good(nobodys)
    KINDS["ui-state"].write(nobodys, Problems())
    for folder in (nobodys, *filter(Path.is_dir, nobodys.rglob("*"))):
        folder.chmod(0o500)
    problems = Problems()
    for name, kind in KINDS.items():
        assert kind.read(nobodys, problems) == good[name]
    assert problems.take() == []
    for file in filter(Path.is_file, nobodys.rglob("*.json")):
        os.chmod(file, 0o600)
    for name in ("list", "facts", "details", "journal", "upstream"):
        KINDS[name].write(nobodys, problems)
    listed, downloads = problems.take()
    assert listed == (
        "Settings and lists are not remembered for the next start: "
        f"{shown_path(nobodys)} cannot be written (permission denied)."
    )
    assert downloads.startswith("Jobs that are not finished are not remembered")
    assert {name: kind.read(nobodys, problems) for name, kind in KINDS.items()} == good


def test_a_bad_file_that_cannot_be_moved_stays_and_is_said_once(nobodys: Path) -> None:
    all_good(nobodys)
    file = KINDS["facts"].file(nobodys)
    file.write_bytes(b"garbage")
    nobodys.chmod(0o500)
    problems = Problems()
    for _ in range(3):
        assert not KINDS["facts"].read(nobodys, problems)
    [said] = problems.take()
    assert said.endswith(f"; {shown_path(file)} is left unchanged.")
    assert is_one_sentence(said)
    nobodys.chmod(0o700)


@pytest.mark.parametrize("what", ["a file", "a dangling link", "a looping link", "not ours"])
def test_a_folder_that_is_none_is_said_once(nobodys: Path, what: str) -> None:
    folder = nobodys / "state"
    match what:
        case "a file":
            folder.touch()
        case "a dangling link":
            folder.symlink_to("not-there")
        case "a looping link":
            folder.symlink_to("state")
        case _:
            folder.mkdir(mode=0)
    problems = Problems()
    for kind in KINDS.values():
        assert not kind.read(folder, problems)
        kind.write(folder, problems)
        assert not kind.read(folder, problems)
    assert [said.split(" not remembered ")[0] for said in problems.take()] == NOT_KEPT


ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from ollama_tui.config.state_file import Problems
from tests.config.state_kinds import KINDS
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
problems = Problems()
for kind in KINDS.values():
    kind.write(Path(sys.argv[1]), problems)
print(*problems.take(), sep="\\n")
"""


@pytest.mark.parametrize("empty", [True, False])
def test_on_a_full_disk_what_is_there_stays_and_it_is_said_once(
    tmp_path: Path, empty: bool
) -> None:
    good = {} if empty else all_good(tmp_path)
    for file in tmp_path.rglob("ui-state.json"):
        file.write_text(file.read_text().replace("size", "name"))  # so that there is news
    command = [sys.executable, "-c", ON_A_FULL_DISK, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    said = done.stdout.splitlines()
    assert [sentence.split(" not remembered ")[0] for sentence in said] == NOT_KEPT
    assert all(sentence.endswith("cannot be written (the disk is full).") for sentence in said)
    assert [file for file in tmp_path.rglob("*") if file.name.endswith(".new")] == []
    for name in good.keys() - {"ui-state"}:
        assert KINDS[name].read(tmp_path, Problems()) == good[name]


@pytest.mark.parametrize("wrong", [*BAD, *NEWER])
def test_no_file_costs_more_than_a_moment_and_a_few_megabytes(tmp_path: Path, wrong: str) -> None:
    all_good(tmp_path)
    for kind in KINDS.values():
        (BAD | NEWER)[wrong](kind.file(tmp_path))
    if wrong in CONFIGS:
        CONFIGS[wrong][0](tmp_path / "config.toml")
    measured(tmp_path)


@pytest.mark.parametrize("wrong", CONFIGS)
def test_no_config_costs_more_than_a_moment_and_a_few_megabytes(tmp_path: Path, wrong: str) -> None:
    CONFIGS[wrong][0](tmp_path / "config.toml")
    measured(tmp_path)


def measured(folder: Path) -> None:
    """Read all there is in a process of its own, within bounds."""
    command = [sys.executable, "-m", "tests.config.state_kinds", str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        _, seconds, memory = line.split("\t")
        assert float(seconds) < 0.1, line  # of the processor, however busy the machine is
        assert int(memory) < 10 * MB, line


@pytest.mark.parametrize("wrong", CONFIGS)
def test_a_bad_config_is_one_sentence_and_the_program_starts(tmp_path: Path, wrong: str) -> None:
    make, words = CONFIGS[wrong]
    file = tmp_path / "config.toml"
    make(file)
    settings = settings_from(host=None, options={}, environ={}, config=read_config(file))
    [said] = problem_sentences(settings, keymap_from(settings, ACTIONS), ["ollama-dark"])
    assert words in said
    assert said.startswith("config.toml")
    assert is_one_sentence(said)
    assert len(said) < 400


def test_problems_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'columns = ["nme"]\nsort = "sz"\ngrace = -1\ntheme = "plaid"\ncolour = "red"\n'
        '[keys]\n"model.pul" = "p"\n[filters]\nbig = "sise:3"\n'
    )
    settings = settings_from(host=None, options={}, environ={}, config=read_config(file))
    sentences = problem_sentences(settings, keymap_from(settings, ACTIONS), ["ollama-dark"])
    assert [sentence.split(":")[0] for sentence in sentences] == [
        f"config.toml, line {number}" for number in (1, 2, 3, 4, 5, 7, 9)
    ]


def test_a_config_that_may_not_be_read_is_one_sentence(nobodys: Path) -> None:
    file = nobodys / "config.toml"
    file.write_text("sort = 'size'")
    file.chmod(0)
    [problem] = read_config(file).problems
    assert problem.sentence == (
        "config.toml cannot be read (permission denied), so none of it was used."
    )
    file.chmod(0o600)


def test_a_config_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").write_text("sort = 'size'")
    (tmp_path / "config.toml").symlink_to("dotfiles")
    assert read_config(tmp_path / "config.toml").values == {"sort": "size"}


def test_what_is_larger_than_can_be_read_is_not_written(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "x.json", str, "x", limit=1000)
    assert file.write("short")
    assert not file.write("x" * 1000)
    assert file.read() == "short"


@pytest.mark.parametrize("value", ["\udcff", object()])
def test_what_is_no_json_is_not_written(tmp_path: Path, value: object) -> None:
    file = StateFile(tmp_path / "x.json", object, "x")
    assert not file.write(value)
    assert list(tmp_path.iterdir()) == []


def test_the_version_comes_first() -> None:
    assert encoded([1]) == b'{"version":1,"data":[1]}'
    assert decoded(b' {"data": [1], "more": 0, "version": 1}', list[int]) == [1]


def test_problems_are_said_together_and_none_twice() -> None:
    woken: list[int] = []
    problems = Problems()
    problems.add("First.")
    problems.notify = lambda: woken.append(1)
    problems.add("Second.", once="x")
    problems.add("First.")
    problems.add("Third.", once="x")
    assert len(woken) == 1
    found = problems.take()
    assert problems_message([], found) == ("2 problems with saved files", "First.\nSecond.")
    title, _ = problems_message(["Zero."], found)
    assert title == "3 problems with settings and saved files"
    problems.add("First.")
    assert problems.take() == []


def test_no_file_stays_open(tmp_path: Path) -> None:
    all_good(tmp_path)
    before = len(os.listdir("/proc/self/fd"))
    for make in (*BAD.values(), *NEWER.values()):
        for kind in KINDS.values():
            file = kind.file(tmp_path)
            make(file)
            kind.read(tmp_path, Problems())
            for path in file.parent.glob(f"{file.name}*"):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            kind.write(tmp_path, Problems())
    assert len(os.listdir("/proc/self/fd")) == before
