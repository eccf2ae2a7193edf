"""Downloads outlive the program: the terminal is closed, and they go on in the background."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.demo.levers import LARGE
from tests.terminal.conftest import ROOT, Start, keepers_below, kill_keepers_below, served
from tests.terminal.logind import logind_that_kills
from tests.terminal.pty import LOOK_EVERY, Terminal

MODELS = ("gemma3:12b", "gemma3:1b", "qwen3:4b", "llama3.2:1b")
CRASHING = Path(__file__).parent / "apps" / "crashing_app.py"
PATIENCE = 60.0
"""Seconds a wait may take: how slow the machine is is not tested."""
KEY = "canary-0123456789"


class Server:
    """The server as a test sees it: from outside, and with a hand on its downloads."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str) -> object:
        with urllib.request.urlopen(f"{self.url}/{path}") as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def holds_at(self, part: float) -> None:
        """Let each download stand still when so much of it is there."""
        self.ask(f"test/hold/{part}")

    @property
    def sent(self) -> dict[str, int]:
        """Bytes that were fetched of each blob."""
        sent = self.ask("test/sent")
        assert isinstance(sent, dict)
        return sent

    def rests(self, downloads: int = 1) -> None:
        """Wait until so many downloads have come to where they are held."""
        before: dict[str, int] = {}

        def stand_still() -> bool:
            nonlocal before
            last, before = before, self.sent
            return before == last and sum(map(bool, before.values())) >= downloads

        wait_until(stand_still, "downloads that stand still")

    @property
    def pulls(self) -> list[str]:
        """The models that were asked for, as often as they were."""
        pulls = self.ask("test/pulls")
        assert isinstance(pulls, list)
        return pulls

    @property
    def models(self) -> set[str]:
        tags = self.ask("api/tags")
        assert isinstance(tags, dict)
        return {model["name"] for model in tags["models"]}

    def has(self, *names: str) -> bool:
        return self.models >= set(names)


class Home:
    """What the program leaves on this machine: its job files, and its keepers."""

    def __init__(self, folder: Path) -> None:
        self.jobs = folder / "STATE" / "ollama-tui" / "unfinished"

    @property
    def keepers(self) -> list[int]:
        """Process ids."""
        return keepers_below(self.jobs)


def wait_until(true: object, what: str) -> None:
    """Wait until `true()`."""
    end = monotonic() + PATIENCE
    assert callable(true)
    while not true():
        assert monotonic() < end, f"{what} never came true"
        sleep(LOOK_EVERY)


@pytest.fixture
def server() -> Iterator[Server]:
    with served("--rate", "4000000000") as url:
        yield Server(url)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    yield Home(tmp_path)
    kill_keepers_below(tmp_path)


def starts(start: Start, server: Server, **env: str) -> Terminal:
    terminal = start(host=server.url, env={"OLLAMA_API_KEY": KEY, **env})
    terminal.wait_for("qwen3:1.7b")
    terminal.wait_idle()
    return terminal


def pulls(terminal: Terminal, *models: str) -> None:
    """Ask for models, and wait until their downloads are under way."""
    terminal.press("p")
    terminal.wait_for("Pull")
    terminal.type(" ".join(models))
    terminal.wait_idle()
    terminal.press("enter")
    terminal.wait_for("MB/s" if len(models) == 1 else f"{len(models)} jobs")


@pytest.fixture
def four_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "CONFIG" / "ollama-tui"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("parallel = 4\n")


@pytest.mark.usefixtures("four_at_once")
@pytest.mark.parametrize("how", ["closed", "SIGHUP", "SIGTERM"])
def test_four_downloads_outlive_the_terminal(
    start: Start, server: Server, home: Home, how: str
) -> None:
    server.holds_at(0.3)
    terminal = starts(start, server)
    pulls(terminal, *MODELS)
    wait_until(lambda: len(server.pulls) == 4, "four pulls")
    server.rests(len(MODELS))
    if how == "closed":
        terminal.hang_up()
    else:
        terminal.signal(signal.Signals[how])
    assert terminal.wait_exit() == (143 if how == "SIGTERM" else 129)
    wait_until(lambda: len(server.pulls) == 8, "four pulls of the keeper")
    server.holds_at(0.6)

    again = starts(start, server)
    again.wait_for("went on in the background")
    server.rests(len(MODELS))
    wait_until(lambda: not home.keepers, "the keeper ended")
    again.hang_up()
    assert again.wait_exit() == 129
    server.holds_at(1)
    wait_until(lambda: server.has(*MODELS), "all models")
    wait_until(lambda: not home.keepers, "the keeper ended")

    last = starts(start, server)
    for model in MODELS:
        last.wait_for(f"Pulled {model}")
    # All but some small layers, which were there before, was fetched, and none of it twice.
    assert 0 <= size_of(server, MODELS) - sum(server.sent.values()) < LARGE
    last.press("q")
    assert last.wait_exit() == 0
    assert list(home.jobs.iterdir()) == []


def size_of(server: Server, models: tuple[str, ...]) -> int:
    """Return the bytes of models."""
    tags = server.ask("api/tags")
    assert isinstance(tags, dict)
    return sum(model["size"] for model in tags["models"] if model["name"] in models)


def test_a_killed_keeper_leaves_its_downloads_to_the_next_program(
    start: Start, server: Server, home: Home
) -> None:
    server.holds_at(0.3)
    terminal = starts(start, server)
    pulls(terminal, "gemma3:12b")
    server.rests()
    terminal.hang_up()
    assert terminal.wait_exit() == 129
    wait_until(lambda: len(server.pulls) == 2, "the keeper's pull")
    wait_until(lambda: home.keepers, "the keeper")
    os.kill(home.keepers[0], signal.SIGKILL)
    wait_until(lambda: not home.keepers, "the keeper is gone")
    again = starts(start, server)
    again.wait_for("1 download was interrupted. Resume?")
    again.wait_idle(1)
    server.holds_at(1)
    again.press("y")
    again.wait_for("Pulled gemma3:12b")


def test_a_bug_that_ends_the_program_ends_no_download(
    server: Server, home: Home, tmp_path: Path
) -> None:
    server.holds_at(0.3)
    places = {
        f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CONFIG", "CACHE", "DATA", "STATE")
    }
    env = {**places, "OLLAMA_HOST": server.url, "OLLAMA_API_KEY": KEY}
    with Terminal([sys.executable, str(CRASHING)], env=env) as terminal:
        terminal.wait_for("qwen3:1.7b")
        terminal.wait_idle()
        pulls(terminal, "gemma3:12b")
        server.rests()
        terminal.send(b"\x1bOQ")  # f2
        assert terminal.wait_exit() == 1
        recorded = terminal.bytes_since()
    assert b"ZeroDivisionError" in recorded
    assert KEY.encode() not in recorded
    wait_until(lambda: len(server.pulls) == 2, "the keeper's pull")
    server.holds_at(1)
    wait_until(lambda: server.has("gemma3:12b"), "the model")


def test_quitting_leaves_them_running(start: Start, server: Server, home: Home) -> None:
    server.holds_at(0.3)
    terminal = starts(start, server)
    pulls(terminal, "gemma3:12b")
    server.rests()
    terminal.press("q")
    terminal.wait_for("leave the downloads running in the background")
    terminal.wait_idle()
    terminal.press("y")
    assert terminal.wait_exit() == 0
    assert len(server.pulls) == 2
    assert len(home.keepers) == 1
    server.holds_at(1)
    wait_until(lambda: server.has("gemma3:12b"), "the model")
    wait_until(lambda: not home.keepers, "the keeper ended")


@pytest.mark.parametrize(("how", "code"), [("closed", 129), ("SIGTERM", 143)])
def test_a_pull_of_the_shell_outlives_it(
    server: Server, home: Home, tmp_path: Path, how: str, code: int
) -> None:
    server.holds_at(0.3)
    places = {
        f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CONFIG", "CACHE", "DATA", "STATE")
    }
    command = [sys.executable, "-m", "ollama_tui", "pull", "gemma3:12b"]
    with Terminal(command, env={**places, "OLLAMA_HOST": server.url}) as terminal:
        terminal.wait_for("/8.1 GB")
        server.rests()
        if how == "closed":
            terminal.hang_up()
        else:
            terminal.signal(signal.SIGTERM)
        assert terminal.wait_exit() == code
        assert b"Traceback" not in terminal.bytes_since()
    wait_until(lambda: len(server.pulls) == 2, "the keeper's pull")
    server.holds_at(1)
    wait_until(lambda: server.has("gemma3:12b"), "the model")
    wait_until(lambda: not home.keepers, "the keeper ended")


def test_what_a_keeper_is_shows_no_key(start: Start, server: Server, home: Home) -> None:
    server.holds_at(0.3)
    terminal = starts(start, server)
    pulls(terminal, "gemma3:12b")
    server.rests()
    terminal.hang_up()
    assert terminal.wait_exit() == 129
    wait_until(lambda: home.keepers, "the keeper")
    process = Path("/proc", str(home.keepers[0]))
    wait_until(lambda: os.readlink(process / "cwd") == "/", "the keeper's folder")
    assert KEY.encode() not in (process / "environ").read_bytes()
    assert KEY.encode() not in (process / "cmdline").read_bytes()
    assert {os.readlink(process / "fd" / str(fd)) for fd in range(3)} == {os.devnull}
    session, terminal_number = _session(process), int(_stat(process)[4])
    assert session not in (os.getsid(0), terminal.pid)
    assert terminal_number == 0
    assert "0077" in (process / "status").read_text().partition("Umask:")[2][:8]
    for file in home.jobs.parent.rglob("*"):
        assert not file.is_file() or KEY not in file.read_text(errors="replace")
        assert file.stat().st_mode & 0o077 == 0


def _stat(process: Path) -> list[str]:
    """Return the fields of a process from its state on."""
    return (process / "stat").read_text().rpartition(")")[2].split()


def _session(process: Path) -> int:
    return int(_stat(process)[3])


def logs_out(home: Home) -> None:
    """Kill what the session has started, as logind does."""
    for keeper in home.keepers:
        if b"IN_A_SCOPE_OF_ITS_OWN=1" not in Path(f"/proc/{keeper}/environ").read_bytes():
            os.kill(keeper, signal.SIGKILL)


def test_where_a_logout_kills_what_it_began_they_go_on_outside(
    start: Start, server: Server, home: Home, tmp_path: Path
) -> None:
    server.holds_at(0.3)
    terminal = starts(start, server, PATH=logind_that_kills(tmp_path / "bin", linger=True))
    pulls(terminal, "gemma3:12b")
    server.rests()
    terminal.hang_up()
    assert terminal.wait_exit() == 129
    wait_until(lambda: len(server.pulls) == 2, "the keeper's pull")
    logs_out(home)
    server.holds_at(1)
    wait_until(lambda: server.has("gemma3:12b"), "the model")


def test_where_nothing_outlives_a_logout_it_says_so(
    start: Start, server: Server, tmp_path: Path
) -> None:
    server.holds_at(0.3)
    terminal = starts(start, server, PATH=logind_that_kills(tmp_path / "bin", linger=False))
    pulls(terminal, "gemma3:12b")
    terminal.wait_for("Downloads end when you log out here.")
    terminal.wait_for("loginctl enable-linger")


def test_from_the_shell_without_a_terminal(server: Server, home: Home, tmp_path: Path) -> None:
    def runs(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "OLLAMA_HOST": server.url, "OLLAMA_API_KEY": KEY}
        for name in ("CONFIG", "CACHE", "DATA", "STATE"):
            environment[f"XDG_{name}_HOME"] = str(tmp_path / name)
        command = [sys.executable, "-m", "ollama_tui", *words]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    server.holds_at(0.3)
    assert runs("jobs").stderr == "ollama-tui: There are no jobs.\n"
    done = runs("pull", "gemma3:12b", "--detach")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "Pulling gemma3:12b in the background. See: ollama-tui jobs\n"
    [job] = json.loads(runs("jobs", "--json").stdout)["jobs"]
    assert (job["name"], job["where"], job["server"]) == ("gemma3:12b", "background", server.url)
    assert "Under way already" in runs("pull", "gemma3:12b", "--detach").stderr
    assert runs("pull", "qwen3:4b", "--detach").returncode == 0
    wait_until(lambda: len(home.keepers) == 1, "one keeper for both")
    names = {job["name"] for job in json.loads(runs("jobs", "--json").stdout)["jobs"]}
    assert names == {"gemma3:12b", "qwen3:4b"}
    assert runs("jobs", "--stop").stderr == "ollama-tui: Stopped in the background: 2 jobs.\n"
    wait_until(lambda: not home.keepers, "the keeper ended")
    assert runs("pull", "qwen3:4b", "gemma3:12b", "--detach").returncode == 0
    server.holds_at(1)
    wait_until(lambda: server.has("gemma3:12b", "qwen3:4b"), "the models")
    wait_until(lambda: not home.keepers, "the keeper ended")
    states = {job["state"] for job in json.loads(runs("jobs", "--json").stdout)["jobs"]}
    assert states == {"done"}
    assert runs("pull", "nonexistent:1b").returncode == 1
