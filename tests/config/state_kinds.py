"""Every kind of file the program keeps, and everything that can be wrong with one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ollama_tui.api.replies import ListedModel, Show
from ollama_tui.config.saved_filters import SavedFilters
from ollama_tui.config.settings import Settings, read_config
from ollama_tui.config.state_file import Problems
from ollama_tui.config.ui_state import UIState
from ollama_tui.domain.memory.seen import SeenMemory
from ollama_tui.domain.model import Facts, ModelKey
from ollama_tui.domain.rows import View
from ollama_tui.domain.updates import UpdateStatus, Upstream
from ollama_tui.services.cache import Cache
from ollama_tui.services.jobs.entries import Entry
from ollama_tui.services.jobs.journal import Journal
from ollama_tui.services.jobs.tasks import Pull

URL = "http://127.0.0.1:11434"
SERVER = "0123456789abcdef"
DIGEST = "0123456789abcdef" * 4
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Kind:
    """One kind of file below a folder."""

    pattern: str
    """Its name, for `glob`."""
    write: Callable[[Path, Problems], object]
    """Keep something good."""
    read: Callable[[Path, Problems], object]
    """Return what is kept; something false when there is nothing."""

    def file(self, folder: Path) -> Path:
        """Return the one there is."""
        [file] = folder.glob(self.pattern)
        return file


def _keep_order(folder: Path, problems: Problems) -> None:
    state = UIState.read(folder / "ui-state.json", problems)
    state.remember(View(sort="size"), Settings())
    state.remember_host(URL)


def _kept(folder: Path, problems: Problems) -> object:
    state = UIState.read(folder / "ui-state.json", problems)
    return (state.sort, state.theme, state.hosts) if state.sort else None


def _keep_downloads(folder: Path, problems: Problems) -> None:
    journal = Journal(folder / "unfinished", SERVER, problems)
    journal.keep((Entry(Pull("qwen3:8b")),))
    journal.close()


def _downloads(folder: Path, problems: Problems) -> object:
    journal = Journal(folder / "unfinished", SERVER, problems)
    try:
        return journal.take_over()
    finally:
        journal.close()


KINDS = {
    "ui-state": Kind("ui-state.json", _keep_order, _kept),
    "filters": Kind(
        "filters.json",
        lambda folder, problems: SavedFilters.read(folder / "filters.json", problems).save(
            "big", "size:>8g"
        ),
        lambda folder, problems: SavedFilters.read(folder / "filters.json", problems).own,
    ),
    "journal": Kind("unfinished/*.json", _keep_downloads, _downloads),
    "list": Kind(
        "list-*.json",
        lambda folder, problems: Cache(folder, problems).keep_models(URL, (ListedModel("a:1"),)),
        lambda folder, problems: Cache(folder, problems).models(URL),
    ),
    "facts": Kind(
        "facts-by-version.json",
        lambda folder, problems: Cache(folder, problems).keep_facts(
            {DIGEST: Facts(("tools",))}, "0.33.0"
        ),
        lambda folder, problems: Cache(folder, problems).facts(),
    ),
    "details": Kind(
        "details/*.json",
        lambda folder, problems: Cache(folder, problems).keep_details(
            DIGEST, "0.33.0", Show(system="x")
        ),
        lambda folder, problems: Cache(folder, problems).details(DIGEST, "0.33.0"),
    ),
    "upstream": Kind(
        "upstream-*.json",
        lambda folder, problems: Cache(folder, problems).keep_upstreams(
            URL, {ModelKey("a:1", DIGEST): Upstream(DIGEST, UpdateStatus.CURRENT, NOW)}
        ),
        lambda folder, problems: Cache(folder, problems).upstreams(URL),
    ),
    "pushed": Kind(
        "pushed-*.json",
        lambda folder, problems: Cache(folder, problems).keep_pushed(URL, frozenset(["a:1"])),
        lambda folder, problems: Cache(folder, problems).pushed(URL),
    ),
    "memory": Kind(
        "memory-*.json",
        lambda folder, problems: Cache(folder, problems).keep_seen_memory(
            URL, SeenMemory(12_000_000_000, True)
        ),
        lambda folder, problems: Cache(folder, problems).seen_memory(URL),
    ),
}


def _with_version(version: object, **form: int) -> Callable[[Path], object]:
    """Return what turns a good file into one of another version."""

    def make(file: Path) -> None:
        held = json.loads(file.read_bytes())
        file.write_text(json.dumps({**held, "version": version}, **form))  # type: ignore[arg-type]

    return make


def _holding(data: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(data)


def _instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    """Return what puts something else where a good file is."""

    def made(file: Path) -> None:
        file.unlink()
        make(file)

    return made


def _cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _huge(file: Path) -> None:
    os.truncate(file, 5 << 30)


def _sparse(file: Path) -> None:
    file.touch()
    _huge(file)


BAD: dict[str, Callable[[Path], object]] = {
    "garbage": _holding(bytes(range(256)) * 40),
    "empty": _holding(b""),
    "cut": _cut,
    "a number": _holding(b"42"),
    "null": _holding(b"null"),
    "list of numbers": _holding(b"[1, 2, 3]"),
    "other object": _holding(b'{"a": 1}'),
    "other data": _holding(b'{"version": 1, "data": 7}'),
    "no data": _holding(b'{"version": 1}'),
    "no UTF-8": _holding(b'{"version": 1, "data": "\xff"}'),
    "deep list": _holding(b"[" * 100_000),
    "deep object": _holding(b'{"a":' * 100_000),
    "deep data": _holding(b'{"version": 1, "data": ' + b"[" * 100_000),
    "deep and whole": _holding(b"[" * 100_000 + b"]" * 100_000),
    "long number": _holding(b'{"version": 1, "data": ' + b"9" * 5000 + b"}"),
    "older": _with_version(0),
    "strange version": _with_version("x"),
    "huge": _huge,
    "folder": _instead(Path.mkdir),
    "full folder": _instead(lambda file: (file / "below").mkdir(parents=True)),
    "fifo": _instead(os.mkfifo),
    "dangling link": _instead(lambda file: file.symlink_to("not-there")),
    "looping link": _instead(lambda file: file.symlink_to(file.name)),
    "link to zero": _instead(lambda file: file.symlink_to("/dev/zero")),
    "link to a file": _instead(lambda file: file.symlink_to("/etc/hostname")),
}
"""What is set aside. Each takes a good file and leaves a bad one in its place."""

NEWER: dict[str, Callable[[Path], object]] = {
    "newer": _with_version(2),
    "newer, by hand": _with_version(99, indent=2),
}
"""What is left as it is, for who wrote it."""

CONFIGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "garbage": (_holding(b"\x00\x01\x02"), "is not valid"),
    "no UTF-8": (_holding(b"theme = '\xff'"), "is not UTF-8 text"),
    "long number": (_holding(b"# mine\ngrace = " + b"9" * 5000), "too many digits (at line 2)"),
    "deep list": (_holding(b"hosts = " + b"[" * 60_000), "nested too deeply"),
    "deep table": (_holding(b"keys = " + b"{a = " * 10_000), "nested too deeply"),
    "deep key": (_holding(b"a." * 30_000 + b"a = 1"), "too many dots (at line 1)"),
    "deep header": (_holding(b"[" + b"a." * 30_000 + b"a]"), "too many dots (at line 1)"),
    "long line": (_holding(b"sort = '''\n[" + b" " * 60_000 + b"\n'''"), "no column"),
    "long name": (_holding(b'"' + b"x" * 60_000 + b'" = 1'), "there is no setting"),
    "huge": (_holding(bytes(1 << 20)), "is larger than 64 KB"),
    "sparse": (_sparse, "is larger than 64 KB"),
    "folder": (Path.mkdir, "is a folder"),
    "fifo": (os.mkfifo, "is not a regular file"),
    "dangling link": (lambda file: file.symlink_to("not-there"), "is a broken link"),
    "looping link": (lambda file: file.symlink_to(file.name), "is a link"),
    "link to zero": (lambda file: file.symlink_to("/dev/zero"), "is not a regular file"),
}
"""What a config file may be, and words of what is said of it."""


def peak_memory() -> int:
    """Return the most memory this process has had, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the system does not tell")


def main(folder: Path) -> None:
    """Read all there is, and print for each what it took: seconds of the processor, and bytes."""
    import time

    reads: dict[str, Callable[[], object]] = {
        name: lambda kind=kind: kind.read(folder, Problems())  # type: ignore[misc]
        for name, kind in KINDS.items()
    }
    reads["config"] = lambda: read_config(folder / "config.toml")
    for name, read in reads.items():
        memory, start = peak_memory(), time.process_time()
        read()
        print(name, time.process_time() - start, peak_memory() - memory, sep="\t")


if __name__ == "__main__":
    import sys

    main(Path(sys.argv[1]))
