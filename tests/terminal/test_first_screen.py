"""The first screen: painted before Textual is loaded, taken over by the app, given back whatever
happens. Textual's import is held at a gate, so what is seen before is certain, and not quick."""

from __future__ import annotations

import os
import signal
import socket
import termios
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ollama_tui.start import picture
from ollama_tui.start.picture import FORMAT, Picture
from tests.terminal.conftest import ROOT, Start, served
from tests.terminal.frozen import differences
from tests.terminal.pty import Terminal

FIRST = "studio/reviewer:latest"
AGE = "as last seen just now"
GATED = """
import importlib, os, sys
with open(os.environ["GATE"]) as gate:
    gate.read()
sys.path.remove(os.path.dirname(os.path.dirname(__file__)))
del sys.modules["textual"]
importlib.import_module("textual")
"""


@dataclass
class Gate:
    """Holds whoever imports Textual until it is opened."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        return {"PYTHONPATH": f"{self.folder}:{ROOT}", "GATE": str(self.folder / "gate")}

    def open(self) -> None:
        with (self.folder / "gate").open("w"):
            pass


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    folder = tmp_path / "gated"
    (folder / "textual").mkdir(parents=True)
    (folder / "textual" / "__init__.py").write_text(GATED)
    os.mkfifo(folder / "gate")
    return Gate(folder)


def run_once(start: Start, server: str, *keys: str, size: tuple[int, int] = (120, 40)) -> Terminal:
    """Let the program run, press keys, and leave."""
    terminal = start(host=server, size=size)
    terminal.wait_for("146 GB used")
    terminal.press(*keys)
    terminal.wait_idle()
    terminal.press("ctrl+c")
    assert terminal.wait_exit() == 0
    return terminal


def pictures(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "CACHE" / "ollama-tui").glob("screens/*.screen"))


def is_given_back(terminal: Terminal) -> bool:
    """Whether it is as a shell wants it: on its own screen, with a cursor, and not raw."""
    sent = terminal.bytes_since()
    is_back = sent.rfind(b"\x1b[?1049l") > sent.rfind(b"\x1b[?1049h")
    flags = termios.tcgetattr(terminal.fd)
    keys = {flags[6][termios.VSUSP], flags[6][termios.VQUIT]}
    is_shown = sent.rfind(b"\x1b[?25h") > sent.rfind(b"\x1b[?25l")
    return is_back and is_shown and not terminal.is_raw and b"\0" not in keys


def test_the_last_list_is_there_before_textual_and_the_app_goes_on_from_it(
    start: Start, server: str, gate: Gate, tmp_path: Path
) -> None:
    run_once(start, server)
    terminal = start(host=server, env=gate.env)
    terminal.wait_for(FIRST)
    terminal.wait_for(AGE)
    terminal.wait_idle()  # nothing more comes before the gate is opened
    assert terminal.is_raw
    mark = terminal.mark()
    gate.open()
    terminal.wait_for("146 GB used")
    terminal.wait_idle()
    sent = terminal.bytes_since()
    assert sent.count(b"\x1b[?1049h") == 1
    assert b"\x1b[2J" not in sent
    assert b"\x1b[J" not in sent
    assert len(sent) - mark < mark // 2
    assert AGE not in terminal.text()
    for file in pictures(tmp_path):
        file.unlink()
    plain = start(host=server)
    plain.wait_for("146 GB used")
    plain.wait_idle()
    assert differences(plain.cells(), terminal.cells()) == []


def test_what_is_painted_is_what_the_app_draws_while_the_server_is_silent(
    start: Start, gate: Gate
) -> None:
    with served() as url:
        run_once(start, url)
    with socket.create_server(("127.0.0.1", int(url.rpartition(":")[2]))):
        terminal = start(host=url, env=gate.env)
        terminal.wait_for("? keys")
        painted = terminal.cells()
        gate.open()
        # Once keys are taken, the app has drawn; that the server does not answer is said later.
        terminal.press("j")
        terminal.wait_for("▸   gpt-oss:20b")
        terminal.press("k")
        terminal.wait_for("▸   studio/reviewer:latest")
        terminal.wait_for("╭─ studio/reviewer:latest")
        assert "\n".join(differences(painted[1:], terminal.cells()[1:])) == ""


def test_a_first_start_shows_a_frame_and_where_it_connects_to(
    start: Start, server: str, gate: Gate
) -> None:
    host = server.removeprefix("http://")
    terminal = start(host=host, env=gate.env)
    terminal.wait_for(f"Connecting to {host}")
    terminal.wait_for("╰─")
    assert terminal.is_raw
    gate.open()
    terminal.wait_for(FIRST)
    terminal.press("q")
    assert terminal.wait_exit() == 0
    assert is_given_back(terminal)


@pytest.mark.parametrize(
    ("keys", "seen"),
    [
        ("jj", "▸ ● qwen3:1.7b"),
        ("jjjk", "▸ ● qwen3:1.7b"),
        ("/mistral:7b\r", "▸   mistral:7b"),
        ("/qwen", "/ qwen"),
        ("jjd", "Delete qwen3:1.7b?"),
        ("px2", "x2  no"),
    ],
)
def test_keys_typed_while_it_loads_arrive_once_and_in_order(
    start: Start, server: str, gate: Gate, keys: str, seen: str
) -> None:
    run_once(start, server)
    terminal = start(host=server, env=gate.env)
    terminal.type(keys[0])  # before it is raw, at least the first time
    terminal.wait_for(FIRST)
    terminal.type(keys[1:])
    gate.open()
    terminal.wait_for(seen)


@pytest.mark.parametrize("known", [True, False])
def test_a_burst_at_exec_arrives_too(start: Start, server: str, known: bool) -> None:
    if known:
        run_once(start, server)
    terminal = start(host=server)
    terminal.type("/mistral:7b\rd")
    terminal.wait_for("Delete mistral:7b?")
    terminal.press("escape")
    terminal.wait_gone("Delete")
    quitting = start(host=server)
    quitting.type("q")
    assert quitting.wait_exit() == 0
    assert is_given_back(quitting)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda terminal: terminal.press("ctrl+c"), 130),
        (lambda terminal: terminal.signal(signal.SIGINT), 130),
        (lambda terminal: terminal.signal(signal.SIGTERM), -signal.SIGTERM),
        (lambda terminal: terminal.signal(signal.SIGHUP), -signal.SIGHUP),
        (lambda terminal: terminal.signal(signal.SIGQUIT), -signal.SIGQUIT),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_ended_while_it_loads_it_gives_the_terminal_back(
    start: Start,
    server: str,
    gate: Gate,
    end: Callable[[Terminal], None],
    code: int,
    known: bool,
) -> None:
    if known:
        run_once(start, server)
    terminal = start(host=server, env=gate.env)
    terminal.wait_for(FIRST if known else "Connecting")
    end(terminal)
    assert terminal.wait_exit() == code
    assert is_given_back(terminal)
    assert "Traceback" not in terminal.text()


def test_an_installation_that_does_not_load_says_so_on_the_shells_screen(
    start: Start, server: str, gate: Gate
) -> None:
    run_once(start, server)
    (gate.folder / "textual" / "__init__.py").write_text("raise ImportError('half installed')")
    terminal = start(host=server, env=gate.env)
    terminal.wait_for("half installed")
    assert terminal.wait_exit() == 1
    assert is_given_back(terminal)


@pytest.mark.parametrize("stop", [signal.SIGTSTP, signal.SIGSTOP])
def test_stopped_while_it_loads_it_draws_all_when_it_goes_on(
    start: Start, server: str, gate: Gate, stop: int
) -> None:
    run_once(start, server)
    terminal = start(host=server, env=gate.env)
    terminal.wait_for(FIRST)
    terminal.signal(stop)
    terminal.wait_stopped()
    terminal.wait_until(lambda _: stop == signal.SIGSTOP or is_given_back(terminal))
    terminal.signal(signal.SIGCONT)
    gate.open()
    terminal.wait_for("146 GB used")
    terminal.press("q")
    assert terminal.wait_exit() == 0
    assert is_given_back(terminal)


def test_resized_while_it_loads_it_is_drawn_for_the_new_size(
    start: Start, server: str, gate: Gate
) -> None:
    run_once(start, server)
    terminal = start(host=server, env=gate.env)
    terminal.wait_for(FIRST)
    terminal.resize(100, 30)
    gate.open()
    terminal.wait_for("146 GB used")
    terminal.wait_idle()
    plain = start(host=server, size=(100, 30))
    plain.wait_for("146 GB used")
    plain.wait_idle()
    assert differences(plain.cells(), terminal.cells()) == []


def hostile(file: Path, text: str) -> None:
    """Put a text into a picture, with a checksum that is right."""
    _, _, rest = file.read_bytes().partition(b"\n")
    key, seen_at, _, _, cells = rest.split(b"\0", 4)
    file.write_bytes(picture.content(key.decode(), Picture(text, "", int(seen_at), cells)))


def replace_by(file: Path, make: Callable[[Path], object]) -> None:
    kept = file.rename(file.with_suffix(".kept"))
    make(kept)


UNUSABLE: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "cut": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "a bit": lambda file: file.write_bytes(file.read_bytes().replace(b"reviewer", b"reviewes")),
    "older": lambda file: file.write_bytes(
        file.read_bytes().replace(FORMAT, b"ollama-tui screen 0")
    ),
    "large": lambda file: os.truncate(file, picture.LARGEST + 1),
    "link": lambda file: replace_by(file, lambda kept: file.symlink_to(kept)),
    "folder": lambda file: replace_by(file, lambda kept: file.mkdir()),
    "fifo": lambda file: replace_by(file, lambda kept: os.mkfifo(file)),
    "writable": lambda file: file.chmod(0o666),
    "unreadable": lambda file: file.chmod(0),
    "clipboard": lambda file: hostile(file, "studio/reviewer:latest\x1b]52;c;cm0=\x07"),
    "mode": lambda file: hostile(file, "studio/reviewer:latest\x1b[?1049l"),
    "question": lambda file: hostile(file, "studio/reviewer:latest\x1b[6n"),
    "C1": lambda file: hostile(file, "studio/reviewer:latest\x9b6n"),
    "newline": lambda file: hostile(file, "studio/reviewer:latest\n" * 50),
    "bidi": lambda file: hostile(file, "studio/reviewer:latest\u202e"),
    "foreign": lambda file: hostile_key(file),
    "no time": lambda file: seen_never(file),
}


def hostile_key(file: Path) -> None:
    """Give a picture the key of another start, as if both had the same checksum."""
    _, _, rest = file.read_bytes().partition(b"\n")
    other = rest.replace(b"127.0.0.1", b"127.0.0.2", 1)
    file.write_bytes(FORMAT + b" %08x\n" % zlib.crc32(other) + other)


def seen_never(file: Path) -> None:
    _, _, rest = file.read_bytes().partition(b"\n")
    key, _, others = rest.split(b"\0", 2)
    other = b"\0".join((key, b"yesterday", others))
    file.write_bytes(FORMAT + b" %08x\n" % zlib.crc32(other) + other)


@pytest.mark.parametrize("wrong", UNUSABLE)
def test_a_picture_that_cannot_be_used_is_left_out(
    start: Start, server: str, gate: Gate, tmp_path: Path, wrong: str
) -> None:
    if wrong == "unreadable" and not os.geteuid():
        pytest.skip("root reads everything")
    run_once(start, server)
    [file] = pictures(tmp_path)
    UNUSABLE[wrong](file)
    terminal = start(host=server, env=gate.env)
    terminal.wait_for("Connecting")
    assert FIRST not in terminal.text()
    gate.open()
    terminal.wait_for("146 GB used")
    for harm in (b"\x1b]52", b"\x1b[6n", b"\x9b"):
        assert harm not in terminal.bytes_since().replace(b"\xe2\x96\x9b", b"")
    terminal.press("q")
    assert terminal.wait_exit() == 0
    assert "screens" not in terminal.text()


@pytest.mark.parametrize("other", ["size", "theme", "config", "no color", "server", "terminal"])
def test_another_start_shows_nothing_of_this_one(
    start: Start, server: str, gate: Gate, tmp_path: Path, other: str
) -> None:
    run_once(start, server)
    size, host, env = (120, 40), server, gate.env
    match other:
        case "size":
            size = (110, 40)
        case "server":
            host = "127.0.0.1:9"
        case "no color":
            env |= {"NO_COLOR": "1"}
        case "terminal":
            env |= {"TERM": "screen", "COLORTERM": ""}
        case "config":
            config = tmp_path / "CONFIG" / "ollama-tui" / "config.toml"
            config.parent.mkdir(parents=True)
            config.write_text('sort = "size"\n')
        case "theme":
            state = tmp_path / "STATE" / "ollama-tui" / "ui-state.json"
            state.write_bytes(state.read_bytes().replace(b'"theme":""', b'"theme":"nord"'))
    terminal = start(host=host, size=size, env=env)
    terminal.wait_for("Connecting")
    assert FIRST not in terminal.text()
    gate.open()


def test_another_server_in_between_does_not_change_it(
    start: Start, server: str, gate: Gate
) -> None:
    run_once(start, server)
    with served() as url:
        run_once(start, url)
    terminal = start(host=server, env=gate.env)
    terminal.wait_for(AGE)


@pytest.mark.parametrize(
    "keys",
    [
        ("G",),
        ("/", "q", "w", "e", "n"),
        ("/", "q", "w", "e", "n", "enter"),
        ("j", "enter"),
        ("j", "enter", "tab", "/", "x"),
        ("space", "j", "space"),
        ("b",),
        ("?",),
        ("j", "d"),
        ("p",),
    ],
)
def test_wherever_it_is_left_the_next_start_begins_as_ever(
    start: Start, server: str, tmp_path: Path, keys: tuple[str, ...]
) -> None:
    run_once(start, server)
    [file] = pictures(tmp_path)
    expected = painted_in(file)
    file.unlink()
    run_once(start, server, *keys)
    [file] = pictures(tmp_path)
    assert painted_in(file) == expected


def painted_in(file: Path) -> tuple[bytes, ...]:
    """Return what a picture paints, and its cells."""
    _, _, rest = file.read_bytes().partition(b"\n")
    _, _, *painted = rest.split(b"\0", 4)
    return tuple(painted)


def test_a_killed_program_leaves_one(start: Start, server: str, gate: Gate, tmp_path: Path) -> None:
    terminal = start(host=server)
    terminal.wait_until(lambda _: bool(pictures(tmp_path)))
    terminal.signal(signal.SIGKILL)
    terminal.wait_exit()
    second = start(host=server, env=gate.env)
    second.wait_for(AGE)
    second.wait_for(FIRST)


def test_names_that_mean_harm_are_painted_as_the_app_draws_them(
    start: Start, hostile_server: str, gate: Gate
) -> None:
    first = start(host=hostile_server)
    first.wait_for("models")
    first.wait_for("p pull")
    first.wait_idle()
    first.press("ctrl+c")
    first.wait_exit()
    terminal = start(host=hostile_server, env=gate.env)
    terminal.wait_for(AGE)
    painted = terminal.bytes_since()
    for harm in (b"\x1b]", b"\x1b[2J", b"\x07", b"\xc2\x9b"):
        assert harm not in painted


def test_commands_and_refusals_take_no_terminal(start: Start, server: str) -> None:
    run_once(start, server)
    for arguments in (["--help"], ["--version"], ["list"], ["lst"], ["--theme"]):
        terminal = start(*arguments, host=server)
        terminal.wait_exit()
        assert b"\x1b[?1049h" not in terminal.bytes_since()


def test_a_refusal_is_read_on_the_shells_screen(start: Start) -> None:
    terminal = start(host="http://me:secret@example.org")
    assert terminal.wait_exit() == 2
    assert is_given_back(terminal)
    assert "ollama-tui: " in terminal.text()
    assert "secret" not in terminal.text()
