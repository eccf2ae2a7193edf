"""Where the programs run: a home of their own, and a server in another process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ollama_tui.api.decode import decode
from ollama_tui.api.replies import Show
from ollama_tui.domain.model import facts_of
from ollama_tui.services.cache import Cache
from tests.benchmarks.meter import Meter
from tests.benchmarks.server import VERSION, digest_of, name_of, shown

ROOT = Path(__file__).parents[2]
FLOOR = Path(__file__).parent / "floors" / "lines.py"
TEXTUAL = "import textual.app"
FIRST = name_of(0)
"""The first name of every list: who sees it on the screen sees real rows."""
NO_DELAY = 0.15
"""Seconds of silence after which the answer to a key is taken for complete."""


@dataclass(frozen=True)
class Home:
    """One user's folders."""

    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        """Variables that keep a program inside this home."""
        names = {"XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache", "XDG_STATE_HOME": "state"}
        return {"HOME": str(self.folder)} | {k: str(self.folder / v) for k, v in names.items()}

    def configure(self, text: str) -> None:
        """Write the config file."""
        file = self.folder / "config" / "ollama-tui" / "config.toml"
        file.parent.mkdir(parents=True)
        file.write_text(text)

    def know_facts(self, count: int) -> None:
        """Be the home of someone whose program has long asked about every model."""
        shows = ((number, decode(shown(name_of(number)), Show)) for number in range(count))
        facts = {digest_of(number): facts_of(show) for number, show in shows}
        Cache(self.folder / "cache" / "ollama-tui").keep_facts(facts, VERSION)


@dataclass
class Stage:
    """Starts the program and the floors; remembers one server for each size of list."""

    folder: Path
    size: tuple[int, int] = (120, 40)
    _servers: dict[int, tuple[subprocess.Popen[str], int]] = field(default_factory=dict)
    _homes: int = 0

    def home(self) -> Home:
        """Return a home nobody lived in."""
        self._homes += 1
        made = self.folder / f"home-{self._homes}"
        made.mkdir()
        return Home(made)

    def url(self, models: int) -> str:
        """Return the address of a server with so many models."""
        if models not in self._servers:
            argv = [sys.executable, "-m", "tests.benchmarks.server", "--models", str(models)]
            process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            assert process.stdout is not None
            self._servers[models] = process, int(process.stdout.readline())
        return f"http://127.0.0.1:{self._servers[models][1]}"

    def program(self, models: int, home: Home | None = None) -> Meter:
        """Return the program, not started yet, on a server with so many models."""
        environ = (home or self.home()).environ | {"OLLAMA_HOST": self.url(models)}
        return Meter([sys.executable, "-m", "ollama_tui"], self.size, environ)

    def floor(self, *, rows: int = 30, fetch: int = 0, pulls: int = 0) -> Meter:
        """Return the bare list: of made-up rows, or of those of a server with `fetch` models."""
        argv = [sys.executable, str(FLOOR), "--rows", str(rows), "--pulls", str(pulls)]
        if fetch:
            argv += ["--url", self.url(fetch)]
        return Meter(argv, self.size, self.home().environ)

    def bare_import(self) -> Meter:
        """Return a Python that imports Textual and ends."""
        return Meter([sys.executable, "-c", TEXTUAL], self.size, self.home().environ)

    def close(self) -> None:
        """Stop the servers."""
        for process, _ in self._servers.values():
            process.kill()
            process.wait()


@contextmanager
def stage() -> Iterator[Stage]:
    """Set the stage; afterwards nothing is left of it."""
    with tempfile.TemporaryDirectory(prefix="ollama-tui-bench-") as folder:
        made = Stage(Path(folder))
        try:
            yield made
        finally:
            made.close()
