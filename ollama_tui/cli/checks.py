"""What `doctor` looks at on this machine: one function a section; none changes anything."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from ollama_tui import __version__
from ollama_tui.config.safe_file import Unusable, read_bounded, shown_path
from ollama_tui.config.settings import KEY_VARIABLE, Folders, Settings
from ollama_tui.config.state_file import MB, decoded
from ollama_tui.formatting import inert, plural, size

PACKAGES = ("textual", "httpx", "msgspec", "humanize", "platformdirs", "tomlkit")
SMALLEST = (40, 10)
"""Columns and lines that the app needs."""
SET, NOT_SET = "set", "not set"


class Problem(NamedTuple):
    """Something that does not work as it could."""

    sentence: str
    advice: str = ""
    """What to do about it, as a sentence."""


class Fact(NamedTuple):
    """One thing that was found."""

    label: str
    text: str
    """For people."""
    value: Any
    """For programs."""
    key: str = ""
    """Its name for programs, if that is not the label."""


@dataclass(frozen=True)
class Section:
    """What was found of one subject."""

    title: str
    facts: tuple[Fact, ...]
    problems: tuple[Problem, ...] = ()


def said(label: str, text: str) -> Fact:
    """Return a fact that is the same for people and programs."""
    return Fact(label, text, text)


# ---- this machine


def program() -> Section:
    """Return versions, and where the program is."""
    versions = {name: _version_of(name) for name in PACKAGES}
    python = f"{platform.python_version()} ({platform.python_implementation()})"
    missing = [name for name, version in versions.items() if version is None]
    return Section(
        "program",
        (
            said("version", __version__),
            said("python", python),
            said("system", f"{platform.system()} {platform.release()} {platform.machine()}"),
            Fact(
                "packages",
                ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items()),
                versions,
            ),
            said("installed in", shown_path(Path(__file__).resolve().parents[1])),
        ),
        tuple(
            Problem(f"The package {name} is missing.", "Install ollama-tui again.")
            for name in missing
        ),
    )


def _version_of(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def files(settings: Settings, folders: Folders) -> Section:
    """Return where the files of the program are, and what cannot be used of them."""
    problems = [*_config_problems(settings), *_state_problems(folders.ui_state_file)]
    own = {folders.cache, folders.ui_state_file.parent}
    for folder in sorted(own):
        if (reason := _why_not_writable(folder)) is not None:
            advice = "Make it writable, or set XDG_CACHE_HOME and XDG_STATE_HOME."
            problems.append(Problem(f"{shown_path(folder)} cannot be written: {reason}.", advice))
    config = folders.config_file
    return Section(
        "files",
        (
            _path(
                "config", config, "there" if config.exists() else "does not exist, which is fine"
            ),
            _path("state", folders.ui_state_file, _kept(folders.ui_state_file)),
            _path("notes", folders.notes, _kept(folders.notes)),
            _path("drafts", folders.drafts, _count(folders.drafts)),
            _path("downloads", folders.unfinished, _count(folders.unfinished)),
            _path("cache", folders.cache, _count(folders.cache)),
        ),
        tuple(problems),
    )


def _path(label: str, path: Path, about: str) -> Fact:
    return Fact(label, f"{shown_path(path)}  ({about})", shown_path(path))


def _kept(file: Path) -> str:
    return "there" if file.exists() else "nothing kept yet"


def _count(folder: Path) -> str:
    """Return how many files are in a folder, and what they take."""
    sizes = []
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            info = path.lstat()
        except OSError:
            continue
        if stat.S_ISREG(info.st_mode):
            sizes.append(info.st_size)
    return f"{plural(len(sizes), 'file')}, {size(sum(sizes))}" if sizes else "empty"


def _config_problems(settings: Settings) -> Iterator[Problem]:
    """Yield what the app says of the config file when it starts."""
    from ollama_tui.tui.actions import ACTIONS
    from ollama_tui.tui.actions.keymap import keymap_from
    from ollama_tui.tui.config_problems import problem_sentences
    from ollama_tui.tui.look import theme_names

    keymap = keymap_from(settings, ACTIONS)
    for sentence in problem_sentences(settings, keymap, theme_names()):
        yield Problem(sentence, "Correct that line; the rest of the file is used.")


def _state_problems(file: Path) -> Iterator[Problem]:
    """Yield why the state of the last run cannot be read; unlike the app, leave it where it is."""
    if not os.path.lexists(file):
        return
    try:
        decoded(read_bounded(file, MB), dict[str, Any])
    except FileNotFoundError:
        pass
    except Unusable as error:
        yield Problem(
            f"{shown_path(file)} {error}.",
            "Delete it: sort order, theme, columns and servers are then reset.",
        )


def _why_not_writable(folder: Path) -> str | None:
    """Return why nothing can be written in a folder, which need not be there yet."""
    there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    if not there.is_dir():
        return f"{shown_path(there)} is not a folder"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{shown_path(there)} belongs to {owner(there)}"
    return None


def owner(path: Path) -> str:
    """Return the name of the user a file belongs to."""
    try:
        return inert(path.owner())
    except (KeyError, OSError):
        return "another user"


def environment(settings: Settings, environ: Mapping[str, str]) -> Section:
    """Return which variables are set; values only of those that hold no address and no key."""
    from ollama_tui.config.editor import EditorError, editor_command

    problems = []
    try:
        editor = inert(editor_command(environ)[0])
        if shutil.which(editor, path=environ.get("PATH")) is None:
            problem = f"The editor {editor} is not installed, so models cannot be edited as text."
            problems.append(Problem(problem, "Set EDITOR to one that is, such as nano."))
    except EditorError as error:
        editor = "unknown"
        problems.append(Problem(str(error)))
    is_set = ("OLLAMA_HOST", KEY_VARIABLE, "OLLAMA_MODELS", "NO_COLOR")
    return Section(
        "environment",
        (
            *(
                Fact(name, SET if environ.get(name) else NOT_SET, bool(environ.get(name)))
                for name in is_set
            ),
            said("editor", Path(editor).name),
            _proxy(settings, environ),
            _logout(problems),
        ),
        tuple(problems),
    )


def _logout(problems: list[Problem]) -> Fact:
    """Return whether downloads in the background survive a logout; add the problem if not."""
    from ollama_tui.services.jobs.session import logout_rules

    rules = logout_rules()
    if rules.warning:
        problems.append(Problem(rules.warning, rules.hint))
    go_on = "end" if rules.warning else "go on"
    return Fact("after a logout", f"downloads {go_on}", not rules.warning)


def _proxy(settings: Settings, environ: Mapping[str, str]) -> Fact:
    used = not settings.demo and settings.host.is_proxied(environ)
    return Fact("proxy", "used for this server" if used else "not used for this server", used)


# ---- the terminal


def terminal(environ: Mapping[str, str]) -> Section:
    """Return what the app would draw on here."""
    from ollama_tui.tui.look import UNICODE_SIGNS, signs_for

    is_terminal = bool(sys.__stdin__ and sys.__stderr__) and all(
        stream.isatty() for stream in (sys.__stdin__, sys.__stderr__) if stream
    )
    columns, lines = shutil.get_terminal_size((0, 0)) if is_terminal else (0, 0)
    term = inert(environ.get("TERM", ""))
    problems = []
    if is_terminal and term in ("", "dumb"):
        problem = "TERM does not name a terminal that can position the cursor."
        problems.append(Problem(problem, "Set it, for example: export TERM=xterm-256color"))
    if columns and (columns < SMALLEST[0] or lines < SMALLEST[1]):
        problem = f"The terminal has {columns}x{lines} cells, and the app needs 40x10."
        problems.append(Problem(problem, "Make the window larger, or the font smaller."))
    is_unicode = signs_for(environ) is UNICODE_SIGNS
    locale = next((environ[n] for n in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(n)), "")
    return Section(
        "terminal",
        (
            Fact(
                "interactive",
                "yes" if is_terminal else "no: output or input is redirected",
                is_terminal,
            ),
            said("TERM", term or NOT_SET),
            Fact("size", f"{columns}x{lines}" if columns else "not known", [columns, lines]),
            said("colors", colors(environ)),
            said("locale", inert(locale) or NOT_SET),
            said("signs", "Unicode" if is_unicode else "ASCII"),
            said("multiplexer", _multiplexer(environ)),
            Fact("over SSH", *yes_or_no(bool(environ.get("SSH_CONNECTION")))),
            said("clipboard", _clipboard(environ)),
            said("synchronized", "used if the terminal reports that it can"),
        ),
        tuple(problems),
    )


def yes_or_no(value: bool) -> tuple[str, bool]:
    """Return a value for people and for programs."""
    return "yes" if value else "no", value


def colors(environ: Mapping[str, str]) -> str:
    """Return how many colors are sent to a terminal with these variables."""
    from ollama_tui.tui.look import TRUE_COLOR, color_count

    if environ.get("NO_COLOR"):
        return "none"
    count = color_count(environ)
    return "16 million" if count == TRUE_COLOR else f"{count}"


def _multiplexer(environ: Mapping[str, str]) -> str:
    names = {"TMUX": "tmux", "STY": "screen", "ZELLIJ": "zellij"}
    return next((name for variable, name in names.items() if environ.get(variable)), "none")


def _clipboard(environ: Mapping[str, str]) -> str:
    match _multiplexer(environ):
        case "tmux":
            return "OSC 52; tmux passes it on with: set -g set-clipboard on"
        case "screen":
            return "OSC 52, which screen does not pass on"
        case _:
            return "OSC 52; whether the terminal takes it is not known"
