"""The programs that are measured, and how each is driven."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.server import name_of, size_of
from tests.benchmarks.ssh.terminal import QUIET, RemoteTerminal
from tests.benchmarks.stage import ROOT, Home

PULLED = "llama9:70b"
Act = Callable[[RemoteTerminal], object]


@dataclass(frozen=True)
class Dialog:
    """A dialog: what it is, the keys that open and close it, and a text at its lower end."""

    what: str
    opened_by: str
    closed_by: str
    shows: str


@dataclass(frozen=True)
class Program:
    """A program with a list of models. What it cannot do is told by `lacks`."""

    key: str
    package: str
    version: str
    argv: Callable[[str, str, Home], list[str]]
    """From its path, the server's address, and its home."""
    order: Callable[[int], list[str]]
    """The models of a list of so many, as it sorts them."""
    open_list: Act
    """What leads from the start to the list."""
    focus_list: Act
    """What puts the cursor on the first row."""
    dialog: Dialog
    focus_filter: Act | None = None
    pull: Act | None = None
    """What leads up to the last key before a pull; `enter` begins it."""
    pull_key: str = "enter"
    pulling: str = ""
    """What the screen shows of a pull as soon as something was fetched."""
    lacks: dict[str, str] = field(default_factory=dict)
    settings: Callable[[Home], dict[str, str]] = lambda _: {}
    """Writes its settings; returns the variables it wants."""
    columns: int = 1
    """Columns of the list; the cursor stays in the leftmost."""
    quiet: float = QUIET
    """Seconds of silence after which a start counts as over: a clock must not be waited out."""
    dialog_is_elsewhere: bool = False
    """The dialog opens where there is no list: it is measured before the list is opened."""

    def column(self, count: int, having: str = "") -> list[str]:
        """Return the models of the leftmost column that have a text in their names."""
        return [name for name in self.order(count) if having in name][:: self.columns]

    def environ(self, url: str, home: Home) -> dict[str, str]:
        """Return what it is started with."""
        return {
            **home.environ,
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            # Newer OpenSSH packages forward it; without it all programs use 256 colours.
            "COLORTERM": "truecolor",
            "PYTHONPATH": str(ROOT) if self.key == "ours" else "",
            "OLLAMA_HOST": url,
            "OLLAMA_URL": url,
            **self.settings(home),
        }


def _nothing(_: RemoteTerminal) -> None:
    """Be there already."""


def _newest_first(count: int) -> list[str]:
    return [name_of(number) for number in range(count)]


def _open_pull(terminal: RemoteTerminal) -> None:
    terminal.press("p")
    terminal.when(lambda: terminal.has("Names, or pasted"))
    terminal.type(PULLED)


OURS = Program(
    key="ours",
    package="ollama-tui",
    version="this one",
    argv=lambda path, url, home: [path, "-m", "ollama_tui"],
    order=_newest_first,
    open_list=_nothing,
    focus_list=_nothing,
    dialog=Dialog("the question before a deletion", "d", "escape", "y delete"),
    focus_filter=lambda terminal: terminal.press("/"),
    pull=_open_pull,
    pulling=" so far",
    quiet=1.5,  # a list that was remembered is compared with the server's later on
)


def _mtop_list(terminal: RemoteTerminal) -> None:
    terminal.when(lambda: terminal.has("L load"))
    terminal.press("L")


def _mtop_pull(terminal: RemoteTerminal) -> None:
    terminal.press("escape")
    terminal.when(lambda: terminal.has("P pull"))
    terminal.press("P")
    terminal.when(lambda: terminal.has("Pull model"))
    terminal.type(PULLED)


MTOP = Program(
    key="mtop",
    package="ollama-mtop",
    version="0.16.2",
    argv=lambda path, url, home: [
        *(path, "-m", "api", "--control", "--no-gpu", "--no-docker", "-u", url)
    ],
    order=lambda count: sorted(_newest_first(count)),
    open_list=_mtop_list,
    focus_list=_nothing,
    dialog=Dialog("its help", "?", "?", "github.com"),
    pull=_mtop_pull,
    pulling=" ETA ",
    lacks={"filter": "has none"},
    dialog_is_elsewhere=True,
)


def _oterm_settings(home: Home) -> dict[str, str]:
    folder = home.folder / "oterm"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text('{"splash-screen": false}')
    return {"OTERM_DATA_DIR": str(folder)}


def _oterm_list(terminal: RemoteTerminal) -> None:
    terminal.when(lambda: terminal.has("^n new chat"))
    terminal.press("ctrl+n")


def _oterm_cursor(terminal: RemoteTerminal) -> None:
    terminal.press("tab", "tab")
    terminal.settle()
    while not terminal.cursor_name():
        terminal.press("down")
        terminal.settle()


OTERM = Program(
    key="oterm",
    package="oterm",
    version="0.26.1",
    argv=lambda path, url, home: [path],
    order=_newest_first,
    open_list=_oterm_list,
    focus_list=_oterm_cursor,
    dialog=Dialog("a new chat", "ctrl+n", "escape", "Save"),
    focus_filter=lambda terminal: terminal.press("tab"),
    lacks={"pull": "has none"},
    settings=_oterm_settings,
    dialog_is_elsewhere=True,
)


def _parllama_settings(home: Home) -> dict[str, str]:
    folder = home.folder / "parllama"
    folder.mkdir(exist_ok=True)
    (folder / "settings.json").write_text(json.dumps({"show_first_run": False}))
    return {}


def _largest_first(count: int) -> list[str]:
    return [name_of(number) for number in sorted(range(count), key=size_of, reverse=True)]


def _parllama_cursor(terminal: RemoteTerminal) -> None:
    while not terminal.cursor_name():
        terminal.press("tab")
        terminal.watch(3.0)  # its clock never lets it fall silent for long


PARLLAMA = Program(
    key="parllama",
    package="parllama",
    version="0.10.1",
    argv=lambda path, url, home: [
        *(path, "-d", str(home.folder / "parllama"), "-u", url),
        *("-s", "local", "--use-last-tab-on-startup", "0"),
    ],
    order=_largest_first,
    columns=2,
    open_list=_nothing,
    focus_list=_parllama_cursor,
    dialog=Dialog("a model's details", "enter", "escape", "Parameters"),
    focus_filter=lambda terminal: terminal.press("ctrl+f"),
    pull=_nothing,
    pull_key="p",
    pulling=" pulling ",
    settings=_parllama_settings,
    lacks={"many": "not tried: 1,000 models take 22 s without any link"},
)

PROGRAMS = {program.key: program for program in (OURS, MTOP, OTERM, PARLLAMA)}


def find(program: Program, folder: Path | None) -> str | None:
    """Return where a program is: in an environment of that folder, else on PATH."""
    if program is OURS:
        return sys.executable
    # The commands are called as our keys.
    if folder is not None and (own := folder / program.package / "bin" / program.key).exists():
        return str(own)
    return shutil.which(program.key)


def install(folder: Path, wanted: Iterable[Program]) -> None:
    """Make an environment for each program in a folder, from the package registry."""
    for program in wanted:
        if program is OURS:
            continue
        place = folder / program.package
        venv.create(place, with_pip=True)
        package = f"{program.package}=={program.version}"
        subprocess.run([place / "bin" / "pip", "install", "-q", package], check=True)
