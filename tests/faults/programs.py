"""Programs that a soak kills and starts again, and their output line by line."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Program:
    """A Python module that runs as a process; it is killed with SIGKILL and nothing else.

    A third kind of process, such as a helper in the background, is one more of these.
    """

    def __init__(
        self, module: str, *arguments: object, env: Mapping[str, str] | None = None
    ) -> None:
        self._command = [sys.executable, "-m", module, *map(str, arguments)]
        self._env = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
        self._process: asyncio.subprocess.Process | None = None
        self.kills = 0

    @property
    def is_running(self) -> bool:
        """Whether there is a process that has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it; the last one must have ended."""
        assert not self.is_running
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, env=self._env, cwd=ROOT
        )

    async def lines(self) -> AsyncIterator[str]:
        """Yield what it says, until it ends."""
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            if line.endswith(b"\n"):  # half a line says nothing
                yield line.decode().rstrip("\n")
        await self._process.wait()

    def say(self, line: str) -> None:
        """Write a line to it, which it may be too dead to read."""
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(ConnectionError):
            self._process.stdin.write(f"{line}\n".encode())

    def hang_up(self) -> None:
        """Let its input end."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    async def kill(self) -> None:
        """End it as it is, in the middle of whatever it does; count that if it was running."""
        if self._process is not None and self.is_running:
            self._process.kill()
            self.kills += 1
            await self._process.wait()
