"""Settings: what the command line, the environment and config.toml set, and where the files are."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from ollama_tui.api.host import Host, parse_host
from ollama_tui.config.hosts import (
    AMOUNTS,
    LISTED,
    MOST_QUOTED,
    NamedHost,
    address_of,
    hosts_from,
    place_of,
)
from ollama_tui.config.safe_file import Unusable, read_bounded
from ollama_tui.formatting import inert

APP_NAME = "ollama-tui"
KEY_VARIABLE = "OLLAMA_API_KEY"

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
    always_read_only: bool = False
    """Whether no server may be changed: `--read-only`, or `read_only` of the file."""
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
    hosts: tuple[NamedHost, ...] = ()
    """Other servers, to choose from."""
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

    @cached_property
    def named_host(self) -> NamedHost | None:
        """The server as the config file names it; None for any other, and for the demo.

        Of several names for it, one that is read-only.
        """
        place = place_of(self.host)
        found = [] if self.demo else [each for each in self.hosts if each.place == place]
        return next((each for each in found if each.read_only), found[0] if found else None)

    @property
    def read_only(self) -> bool:
        """Whether this server may not be changed."""
        return bool(self.read_only_reason)

    @property
    def read_only_reason(self) -> str:
        """Why this server may not be changed, as half a sentence, inert; empty where it may."""
        if self.always_read_only:
            in_file = ("read_only",) in self.lines
            return "config.toml sets read_only" if in_file else "started with --read-only"
        if (named := self.named_host) is not None and named.read_only:
            return f"config.toml sets read_only for {inert(named.name[:MOST_QUOTED])}"
        return ""

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

    `host` and that of the file may be the name of a server of the file; the environment is read as
    Ollama reads it. Raises ValueError with a sentence when the host cannot be used.
    """
    given = {key: value for key, value in options.items() if value not in (None, False, "")}
    values = {**config.values, **given}
    hosts = values.get("hosts", ())
    asked = address_of(host or "", hosts)
    usual = address_of(values.pop("host", ""), hosts)
    return Settings(
        host=parse_host(asked or environ.get("OLLAMA_HOST") or usual),
        always_read_only=values.pop("read_only", False),
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
    notes: Path
    """The user's notes, tags and locks."""


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
        notes=dirs.user_data_path / "notes.toml",
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
_KEY = r"""(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_KEYS = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_TABLE = rf"\s*\[\s*({_KEYS})\s*\]"
_ENTRY = rf"\s*({_KEYS})\s*="
_PROTECTS = r"^[^#\n]*\bread_only\s*=\s*true\b"

_Texts = Annotated[tuple[str, ...], Meta(description="a list of texts")]
_Switch = Annotated[bool, Meta(description="true or false")]
SETTING_TYPES: dict[str, Any] = {
    "host": Annotated[str, Meta(description="an address in quotes")],
    "hosts": Annotated[Any, Meta(description=LISTED)],  # `hosts_from` reads it
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
        return _unused("is not valid", f"too many dots (at line {deep})", text)
    try:
        return config_from(tomllib.loads(text), setting_lines(text))
    except tomllib.TOMLDecodeError as error:
        return _unused("is not valid", inert(str(error))[:200], text)
    except RecursionError:
        return _unused("is not valid", "it is nested too deeply", text)
    except ValueError:  # what Python refuses to read as a number
        line = _first_line(text, lambda line: re.search(r"[0-9_]{1000}", line) is not None)
        return _unused("is not valid", f"a number has too many digits (at line {line or 1})", text)


def _unused(wrong: str, reason: str = "", text: str = "") -> Config:
    """Return the config of a file that cannot be used: where it protects a server, all are."""
    ending = f": {reason}." if reason else "."
    protects = re.search(_PROTECTS, text, re.MULTILINE)
    used = "only its read_only, for every server," if protects else "none of it"
    problem = ConfigProblem(f"config.toml {wrong}, so {used} was used{ending}")
    if protects is None:
        return Config(problems=(problem,))
    line = 1 + text.count("\n", 0, protects.start())
    return Config({"read_only": True}, {("read_only",): line}, (problem,))


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
            table = keys = _keys_of(match[1])
        elif match := re.match(_ENTRY, line):
            keys = (*table, *_keys_of(match[1]))
        else:
            continue
        for count in range(1, len(keys) + 1):
            lines.setdefault(keys[:count], number)
    return lines


def _keys_of(dotted: str) -> tuple[str, ...]:
    """Return the keys of a dotted one, without their quotes."""
    return tuple(
        key[1:-1] if key.startswith(("'", '"')) else key for key in re.findall(_KEY, dotted)
    )


def config_from(values: Mapping[str, Any], lines: Lines) -> Config:
    """Return what can be used of `values`, and a problem for each that cannot."""
    used: dict[str, Any] = {}
    problems: list[ConfigProblem] = []
    for key, value in values.items():
        if (kind := SETTING_TYPES.get(key)) is None:
            text = f"there is no setting “{inert(key[:MOST_QUOTED])}”."
            if key in AMOUNTS:
                text = f'{key} belongs in the table of a server, such as [hosts."gpu-box:11434"].'
            problems.append(ConfigProblem.at(lines, (key,), text))
            continue
        if key == "hosts":
            used[key], found = hosts_from(value)
            problems += [
                ConfigProblem.at(lines, (key, *each.keys), each.sentence) for each in found
            ]
            continue
        try:
            used[key] = msgspec.convert(value, kind)
        except ValueError:
            text = f"{key} must be {kind.__metadata__[0].description}."
            if key == "read_only":  # whoever wrote it wants the server protected
                used[key] = True
                text = f"{text[:-1]}; until it is, it counts as true."
            problems.append(ConfigProblem.at(lines, (key,), text))
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
