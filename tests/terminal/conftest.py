"""What terminal tests share: folders of their own, and a server in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from glob import glob
from pathlib import Path

import pytest

from tests.terminal.pty import Terminal

ROOT = Path(__file__).resolve().parents[2]
NOBODY = "127.0.0.1:9"
"""Where no server is: the discard port."""

Start = Callable[..., Terminal]


@contextmanager
def served(*options: str) -> Iterator[str]:
    """Serve a demo in a process of its own; gives its URL."""
    command = [sys.executable, "-m", "tests.serving", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def hostile_server() -> Iterator[str]:
    """A server with models that mean harm."""
    with served("--hostile") as url:
        yield url


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server with the demo's models."""
    with served() as url:
        yield url


def keepers_below(folder: Path) -> list[int]:
    """Return the process ids of keepers whose job files are below `folder`."""
    found = []
    for file in glob("/proc/[0-9]*/cmdline"):
        with suppress(OSError):
            words = Path(file).read_bytes().split(b"\0")
            if b"ollama_tui.services.jobs.keeper" in words and os.fsencode(folder) in words[-2]:
                found.append(int(file.split("/")[2]))
    return found


def kill_keepers_below(folder: Path) -> None:
    """End what has been left in the background."""
    for keeper in keepers_below(folder):
        with suppress(ProcessLookupError):
            os.kill(keeper, signal.SIGKILL)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the program with arguments in a terminal, its folders below `tmp_path`."""
    with ExitStack() as stack:
        stack.callback(kill_keepers_below, tmp_path)

        def run(
            *arguments: str,
            host: str = NOBODY,
            size: tuple[int, int] = (120, 40),
            env: dict[str, str] | None = None,
        ) -> Terminal:
            places = {
                f"XDG_{name}_HOME": str(tmp_path / name)
                for name in ("CONFIG", "CACHE", "DATA", "STATE")
            }
            command = [sys.executable, "-m", "ollama_tui", *arguments]
            environment = {**places, "OLLAMA_HOST": host, **(env or {})}
            return stack.enter_context(Terminal(command, size, environment))

        yield run
