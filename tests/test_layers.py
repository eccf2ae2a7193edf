"""Who may import whom: read from the imports, and checked in fresh processes."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ollama_tui"
LIBRARIES = ("textual", "rich", "httpx", "asyncio", "humanize", "platformdirs", "msgspec")
LEAVES = frozenset({"text", "live", "clock", "styling", "safe_file", "__version__"})
"""Every room may use these; they use no room."""


@dataclass(frozen=True)
class Rule:
    """What a room may import: modules of ours (with all below them) and libraries.

    `typed` may be named in annotations only, below `if TYPE_CHECKING`.
    """

    room: str
    because: str
    ours: str = ""
    libraries: str = ""
    typed: str = ""

    def allows(self, target: str, *, typed: bool) -> bool:
        """Whether this room may import `target`, a module of ours or a library."""
        names = [self.room, *LEAVES, *self.ours.split(), *self.libraries.split()]
        names += self.typed.split() if typed else []
        return any(target == name or target.startswith(f"{name}.") for name in names)


RULES = (
    Rule("text", "a leaf: how amounts are said and text is made inert", libraries="humanize"),
    Rule("live", "a leaf: one value that can be watched", libraries="asyncio"),
    Rule("clock", "a leaf: the time everything in the app goes by", libraries="asyncio"),
    Rule("styling", "a leaf: where the sheets are"),
    Rule("safe_file", "a leaf: how files of the program's own are read and written"),
    Rule("settings", "reading OLLAMA_HOST is pure"),
    Rule("editor", "runs a program of the user's", libraries="asyncio"),
    Rule("drafts", "what was typed and not sent, in files", libraries="asyncio"),
    Rule("theme", "colours are Textual's themes", libraries="textual"),
    Rule(
        "api",
        "speaks HTTP to Ollama, and is of use without the rest",
        libraries="httpx asyncio msgspec",
    ),
    Rule(
        "catalog",
        "what replies mean: pure functions, so neither HTTP nor a loop nor a screen",
        "api.replies api.requests api.errors",
        "msgspec",
    ),
    Rule(
        "jobs",
        "long work through the client; who shows it and what is listed is not its business",
        "api catalog.name state_file",
        "asyncio msgspec",
    ),
    Rule(
        "files",
        "reads model files; of a job it knows only what is uploaded",
        "api.replies api.requests catalog jobs.upload",
        "asyncio msgspec",
    ),
    Rule("store", "reads the server's own files, where they are on this machine", "catalog"),
    Rule(
        "cache",
        "keeps replies, facts and findings on disk",
        "api.replies catalog.model catalog.upstream state_file",
    ),
    Rule("rounds", "a leaf: who waits for which round of one piece of work", libraries="asyncio"),
    Rule("factbook", "what show has told, by digest", "api.replies cache catalog"),
    Rule(
        "learning",
        "asks for what the book lacks, through a function that it is given",
        "api.errors api.replies factbook",
        "asyncio",
    ),
    Rule(
        "library",
        "knows the server; jobs are the queue's",
        "api cache catalog factbook learning rounds",
        "asyncio",
    ),
    Rule(
        "upstream",
        "knows what registries say of the models of one server",
        "api cache catalog",
        "asyncio",
    ),
    Rule(
        "disk",
        "what a server's disk is spent on: of the list it follows snapshots only",
        "api.errors api.replies catalog store",
        "asyncio",
    ),
    Rule(
        "config",
        "settings from arguments, environment and file: a saved filter must be one",
        "settings catalog.query",
        "platformdirs",
    ),
    Rule("state_file", "what is kept between runs, as versioned JSON", libraries="msgspec"),
    Rule(
        "kept",
        "order, theme and servers of earlier runs",
        "catalog settings state_file",
        "msgspec",
    ),
    Rule(
        "opening",
        "the client and the list of one server: all that the first rows need",
        "api library",
        "asyncio",
        typed="httpx cache config",
    ),
    Rule(
        "session",
        "what acts on that list, opened and closed together",
        "api cache config disk jobs library state_file upstream",
        "asyncio",
        typed="httpx",
    ),
    Rule(
        "demo",
        "is an Ollama, so it shares the wire's values with us and nothing of our own view",
        "api.replies catalog.name",
        "httpx asyncio",
    ),
    Rule("cells", "characters and pens", libraries="rich textual"),
    Rule("front", "what the terminal shows", "cells", "rich textual"),
    Rule("driver", "reads the terminal and gives it back", libraries="textual"),
    Rule("frame", "writes what changed", "driver front", "rich textual"),
    Rule("shutdown", "how the process ends", "driver", "asyncio", typed="textual"),
    Rule("terminal", "the terminal we run in", "widgets.glyphs"),
    Rule(
        "widgets",
        "draw values and post intents: whoever asks the server is elsewhere",
        "api.replies catalog jobs.job",
        "textual rich",
    ),
    Rule(
        "dialogs",
        "ask one question and return a value: the caller acts on it",
        "api.replies api.requests catalog drafts files jobs.job jobs.upload typeahead widgets",
        "textual rich asyncio",
        typed="jobs.replacing",
    ),
    Rule(
        "actions",
        "what the user can do, through a context: no screen, no app",
        "api catalog dialogs disk drafts files jobs library settings store upstream",
        "asyncio msgspec",
        typed="textual session",
    ),
    Rule(
        "screens",
        "arrange, bind and dispatch: actions talk to the server",
        "actions api.errors api.replies catalog dialogs editor files jobs palette settings store "
        "theme typeahead widgets",
        "textual asyncio",
        typed="app drafts session library",
    ),
    Rule(
        "mistakes",
        "what of the settings could not be used, as sentences",
        "actions catalog.order config",
    ),
    Rule(
        "first_list",
        "the list before there is a connection: of the server it has only the first answers",
        "catalog.snapshot",
        typed="api.first api.replies cache config",
    ),
    Rule(
        "following",
        "what a session publishes becomes what the app holds",
        "drafts jobs.job widgets.job_rows",
        "asyncio",
        typed="app session",
    ),
    Rule(
        "connecting",
        "from the first frame to a session: the list is seen before what acts on it is loaded",
        "catalog.snapshot following first_list opening session",
        "asyncio",
        typed="httpx api.client api.replies app cache library state_file",
    ),
    Rule("palette", "the actions as a list to search", "actions widgets", "textual"),
    Rule("typeahead", "the keys typed and not yet handled", "", "textual asyncio"),
    Rule(
        "app",
        "the composition root",
        "actions api.errors catalog config connecting demo dialogs drafts first_list frame kept "
        "mistakes screens settings state_file theme typeahead widgets",
        "asyncio textual rich",
        typed="httpx api.first cache jobs.job session",
    ),
    Rule(
        "verbs",
        "the program without a screen: one answer on standard output, so nothing of Textual",
        "api cache catalog config demo disk factbook jobs learning library state_file upstream",
        "asyncio httpx msgspec",
    ),
    Rule(
        "cli",
        "arguments become settings, the server is asked, then the app or a verb runs",
        "api.first app cache config kept shutdown state_file terminal verbs",
    ),
    Rule("__main__", "the door", "cli"),
)


@dataclass(frozen=True)
class Import:
    """One imported module: without our package's name, or a library's top name."""

    target: str
    line: int
    typed: bool
    """Only for annotations."""


def imports(source: str) -> Iterator[Import]:
    """Yield what a module imports of ours and of the libraries, wherever in it."""
    tree = ast.parse(source)
    typed = {id(node) for block in ast.walk(tree) if _is_typing(block) for node in ast.walk(block)}
    for node in ast.walk(tree):
        for name in _names(node):
            top, _, rest = name.partition(".")
            if top == "ollama_tui" and rest:
                yield Import(rest, node.lineno, id(node) in typed)  # type: ignore[attr-defined]
            elif top in LIBRARIES:
                yield Import(top, node.lineno, id(node) in typed)  # type: ignore[attr-defined]


def _is_typing(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module is not None:
        # Of a package, the names may be modules: `from ollama_tui.api import client`.
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def room_of(file: Path) -> str:
    """Return the top folder or module of a file of the package."""
    top = file.relative_to(PACKAGE).parts[0]
    return top.removesuffix(".py")


def breaches(rule: Rule, source: str) -> list[str]:
    """Return what a module of a room imports though its rule does not allow it."""
    return [
        f"line {found.line}: {rule.room} may not import {found.target} ({rule.because})"
        for found in imports(source)
        if not rule.allows(found.target, typed=found.typed)
    ]


BY_ROOM = {rule.room: rule for rule in RULES}
FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_module_imports_upward(file: Path) -> None:
    room = room_of(file)
    if room == "__init__":
        assert list(imports(file.read_text())) == []
    else:
        assert breaches(BY_ROOM[room], file.read_text()) == []


def test_every_room_has_a_rule() -> None:
    assert {room_of(file) for file in FILES} - {"__init__"} <= set(BY_ROOM)


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("widgets", "from ollama_tui.api.client import Ollama"),
        ("widgets", "from ollama_tui.api import client"),
        ("widgets", "from ollama_tui import library"),
        ("catalog", "import httpx"),
        ("catalog", "def late():\n    import asyncio"),
        ("jobs", "from textual.app import App"),
        ("library", "from ollama_tui.jobs.queue import JobQueue"),
        ("actions", "from ollama_tui.screens.main import MainScreen"),
        ("screens", "from ollama_tui.app import OllamaTui"),
        ("demo", "from ollama_tui.library import Library"),
        ("text", "from ollama_tui.catalog import model"),
    ],
)
def test_an_upward_import_is_noticed(room: str, source: str) -> None:
    assert len(breaches(BY_ROOM[room], source)) == 1


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("screens", "if TYPE_CHECKING:\n    from ollama_tui.app import OllamaTui"),
        ("widgets", "from ollama_tui.jobs.job import Job"),
        ("catalog", "from ollama_tui.text import size"),
        ("api", "from ollama_tui import __version__"),
        ("catalog", "import re, json"),
    ],
)
def test_a_downward_import_is_fine(room: str, source: str) -> None:
    assert breaches(BY_ROOM[room], source) == []


def loaded_by(module: str) -> set[str]:
    """Return the modules a fresh Python has loaded after importing `module`."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "api.client",
        "catalog.arrange",
        "catalog.query",
        "jobs.queue",
        "jobs.tasks",
        "library",
        "verbs.run",
    ],
)
def test_what_knows_the_server_works_without_textual(module: str) -> None:
    loaded = loaded_by(f"ollama_tui.{module}")
    assert f"ollama_tui.{module}" in loaded
    assert "textual" not in loaded


@pytest.mark.parametrize("verb", ["listing", "showing"])
def test_a_verb_loads_http_only_when_the_first_answers_are_not_enough(verb: str) -> None:
    loaded = loaded_by(f"ollama_tui.verbs.run, ollama_tui.verbs.{verb}")
    assert loaded & {"httpx", "httpcore", "anyio"} == set()


def test_the_app_loads_nothing_that_the_first_frame_can_do_without() -> None:
    loaded = loaded_by("ollama_tui.app")
    assert "textual.app" in loaded
    late = {"httpx", "httpcore", "markdown_it", "pygments", "textual.widgets._text_area"}
    assert loaded & late == set()
    assert not any(name.startswith("ollama_tui.demo") for name in loaded)
