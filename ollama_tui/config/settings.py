"""Settings: what the command line, the environment and config.toml set, and where the files are."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from ollama_tui.api.host import Host, parse_host
from ollama_tui.config.safe_file import Unusable, read_bounded
from ollama_tui.formatting import inert

APP_NAME = "ollama-tui"
KEY_VARIABLE = "OLLAMA_API_KEY"
MOST_QUOTED = 80
"""Characters of a name that a sentence quotes."""

Lines = Mapping[tuple[str, ...], int]
"""The line of each setting, table and entry of a table in the config file, counted from 1."""


class ConfigProblem(NamedTuple):
    """Something in the config file that cannot be used."""

    sentence: str
    """Names the line, if it is known, and the setting."""
    line: int = 0
    """Counted from 1; 0 when it is not known."""

    @classmethod
    def at(cls, lines: Lines, keys: tuple[str, ...], text: str) -> ConfigProblem:
        """Return a problem with a setting, or an entry of a table, with its line or the table's."""
        line = next((line for n in range(len(keys), 0, -1) if (line := lines.get(keys[:n]))), 0)
        where = f"config.toml, line {line}" if line else "config.toml"
        return cls(f"{where}: {text}", line)


@dataclass(frozen=True)
class Config:
    """What the config file sets."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """Attributes of `Settings` that can be used, with `host` still as text."""
    lines: Lines = field(default_factory=dict)
    problems: tuple[ConfigProblem, ...] = ()
    """What cannot be used, in the order of the file."""


@dataclass(frozen=True)
class Settings:
    """Everything the user can set."""

    host: Host = field(default_factory=lambda: parse_host(None))
    api_key: str | None = field(default=None, repr=False)
    """Of ollama.com; never shown."""
    demo: bool = False
    read_only: bool = False
    theme: str = ""
    """Name of a theme; empty for the one chosen in the last run."""
    filter: str = ""
    """Filter to start with."""
    sort: str = "modified"
    """Key of the column to sort by."""
    reverse: bool = False
    grace: float = 8.0
    """Seconds in which a deletion can be undone."""
    parallel: int = 2
    """Transfers at a time."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Action id to key names, comma-separated."""
    hosts: tuple[str, ...] = ()
    """Addresses of other servers, to choose from."""
    columns: tuple[str, ...] = ()
    """Keys of the columns to show; empty for the usual ones."""
    insecure: tuple[str, ...] = ()
    """Registries that may be asked and pulled from without TLS, with their ports."""
    filters: tuple[tuple[str, str], ...] = ()
    """Saved filters by lower-case name."""
    config_problems: tuple[ConfigProblem, ...] = ()
    """Problems in the config file; the rest of it was used."""
    lines: Lines = field(default_factory=dict, repr=False)
    """Where the config file sets these."""

    def is_option(self, key: str) -> bool:
        """Whether a setting was given on the command line, not in the config file."""
        return bool(getattr(self, key)) and (key,) not in self.lines

    @property
    def server(self) -> str:
        """Which server it is, for programs: its URL, or `demo`."""
        return "demo" if self.demo else self.host.url


def settings_from(
    *,
    host: str | None,
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    config: Config,
) -> Settings:
    """Combine command line, environment and config file, in this order of precedence.

    Raises ValueError with a sentence when the host cannot be used.
    """
    given = {key: value for key, value in options.items() if value not in (None, False, "")}
    values = {**config.values, **given}
    named = values.pop("host", None)
    return Settings(
        host=parse_host(host or environ.get("OLLAMA_HOST") or named),
        api_key=environ.get(KEY_VARIABLE) or None,
        config_problems=config.problems,
        lines={keys: line for keys, line in config.lines.items() if keys[0] not in given},
        **values,
    )


@dataclass(frozen=True)
class Folders:
    """Where this user's files are."""

    cache: Path
    config_file: Path
    """The optional settings."""
    saved_filters: Path
    """Filters saved in the program."""
    ui_state_file: Path
    """Sort order, theme, servers and filters of the last run."""
    unfinished: Path
    """Folder of the journal of unfinished downloads."""
    drafts: Path
    """Folder of what was typed into forms and not sent."""


def user_folders() -> Folders:
    """Return the folders that XDG variables or the system name."""
    from platformdirs import PlatformDirs

    dirs = PlatformDirs(APP_NAME, appauthor=False)
    state = dirs.user_state_path
    return Folders(
        cache=dirs.user_cache_path,
        config_file=dirs.user_config_path / "config.toml",
        saved_filters=dirs.user_config_path / "filters.json",
        ui_state_file=state / "ui-state.json",
        unfinished=state / "unfinished",
        drafts=state / "drafts",
    )


def read_settings(options: Mapping[str, Any], folders: Folders) -> Settings:
    """Return the settings of a run with these options; raises ValueError with a sentence."""
    return settings_from(
        host=options.get("host"),
        options={key: options.get(key) for key in ("demo", "read_only", "theme", "filter")},
        environ=os.environ,
        config=read_config(folders.config_file),
    )


@dataclass
class SettingsFile:
    """The config file of this run, to be edited and read again."""

    path: Path
    read: Callable[[], Settings]
    """Returns the settings as they are now; raises ValueError with a sentence."""
    last: Settings
    """What was read last; unlike those in use, with the server that it names."""


# ---- config.toml


LARGEST_CONFIG = 1 << 16
"""Bytes of a config file that are read."""
MOST_DOTS = 1000
"""In one line: a key of more parts takes seconds to read, and no list of addresses is as long."""
_LINE_START = 200
"""Characters of a line in which a setting or table is named."""
_TABLE = r"""\s*\[\s*["']?([^"'\]]+?)["']?\s*\]"""
_ENTRY = r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*="""

_Texts = Annotated[tuple[str, ...], Meta(description="a list of texts")]
_Switch = Annotated[bool, Meta(description="true or false")]
SETTING_TYPES: dict[str, Any] = {
    "host": Annotated[str, Meta(description="an address in quotes")],
    "hosts": Annotated[
        tuple[str, ...],
        Meta(description='a list of addresses, such as ["gpu-box", "10.0.0.7:11434"]'),
    ],
    "theme": Annotated[str, Meta(description="the name of a theme in quotes")],
    "sort": Annotated[str, Meta(description="the name of a column in quotes")],
    "reverse": _Switch,
    "read_only": _Switch,
    "grace": Annotated[float, Meta(ge=0, le=600, description="a number from 0 to 600")],
    "parallel": Annotated[int, Meta(ge=1, le=16, description="a whole number from 1 to 16")],
    "columns": _Texts,
    "insecure": _Texts,
    "keys": Annotated[
        dict[str, str], Meta(description='a table of texts, such as "model.pull" = "p"')
    ],
    "filters": Annotated[
        dict[str, str], Meta(description='a table of texts, such as "big" = "size:>8g"')
    ],
}
"""What each setting must be; the description ends the sentence that says so."""


def read_config(file: Path) -> Config:
    """Return what the config file sets; nothing when there is none."""
    try:
        text = read_bounded(file, LARGEST_CONFIG, follow_links=True).decode("utf-8")
    except FileNotFoundError:
        return Config()
    except Unusable as error:
        return _unused(str(error))
    except UnicodeDecodeError:
        return _unused("is not UTF-8 text")
    import tomllib  # most users have no such file

    if deep := _first_line(text, lambda line: line.count(".") > MOST_DOTS):
        return _unused("is not valid", f"too many dots (at line {deep})")
    try:
        return config_from(tomllib.loads(text), setting_lines(text))
    except tomllib.TOMLDecodeError as error:
        return _unused("is not valid", inert(str(error))[:200])
    except RecursionError:
        return _unused("is not valid", "it is nested too deeply")
    except ValueError:  # what Python refuses to read as a number
        line = _first_line(text, lambda line: re.search(r"[0-9_]{1000}", line) is not None)
        return _unused("is not valid", f"a number has too many digits (at line {line or 1})")


def _unused(wrong: str, reason: str = "") -> Config:
    """Return the config of a file that cannot be used at all."""
    ending = f": {reason}." if reason else "."
    return Config(problems=(ConfigProblem(f"config.toml {wrong}, so none of it was used{ending}"),))


def _first_line(text: str, matches: Callable[[str], bool]) -> int:
    """Return the number of the first line that matches, counted from 1; 0 when none does."""
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if matches(line)), 0)


def setting_lines(text: str) -> Lines:
    """Return the line of each setting, table and entry of a table, the first time it is named."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, whole in enumerate(text.splitlines(), 1):
        line = whole[:_LINE_START]
        if match := re.match(_TABLE, line):
            table = (match[1],)
            lines.setdefault(table, number)
        elif match := re.match(_ENTRY, line):
            lines.setdefault((*table, match[1] or match[2] or match[3] or ""), number)
    return lines


def config_from(values: Mapping[str, Any], lines: Lines) -> Config:
    """Return what can be used of `values`, and a problem for each that cannot."""
    used: dict[str, Any] = {}
    problems: list[ConfigProblem] = []
    for key, value in values.items():
        if (kind := SETTING_TYPES.get(key)) is None:
            text = f"there is no setting “{inert(key[:MOST_QUOTED])}”."
            problems.append(ConfigProblem.at(lines, (key,), text))
            continue
        wanted = kind.__metadata__[0].description
        try:
            used[key] = msgspec.convert(value, kind)
            if key == "hosts":
                wanted += ", without user names"
                for address in used[key]:
                    parse_host(address)
        except ValueError:
            used.pop(key, None)
            problems.append(ConfigProblem.at(lines, (key,), f"{key} must be {wanted}."))
        if key == "filters" and key in used:
            used[key], wrong = _usable_filters(used[key], lines)
            problems += wrong
    return Config(used, lines, tuple(problems))


def _usable_filters(
    filters: Mapping[str, str], lines: Lines
) -> tuple[tuple[tuple[str, str], ...], list[ConfigProblem]]:
    """Return the saved filters that can be used, and what is wrong with the others."""
    from ollama_tui.config.saved_filters import FILTER_NAME
    from ollama_tui.domain.filter import parser  # only who saves filters pays for it

    used: list[tuple[str, str]] = []
    problems: list[ConfigProblem] = []
    for name, text in filters.items():
        wrong = [mistake.quoting(text) for mistake in parser.parse(text).problems]
        if not FILTER_NAME.fullmatch(name):
            wrong = ["its name may hold letters, digits, - and _ only."]
        if wrong:
            sentence = f"filters.{inert(name[:MOST_QUOTED])} is not a filter: {wrong[0]}"
            problems.append(ConfigProblem.at(lines, ("filters", name), sentence))
        else:
            used.append((name.lower(), text))
    return tuple(used), problems
