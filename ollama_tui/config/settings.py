"""Settings: command line over config file over defaults, and where files live."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from ollama_tui.api.host import Host, parse_host
from ollama_tui.config.safe_file import Unusable, read_bounded
from ollama_tui.formatting import inert

APP_NAME = "ollama-tui"
_TABLE = r"""\s*\[\s*["']?([^"'\]]+?)["']?\s*\]"""
_ENTRY = r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*="""
_FILTER_NAME = r"[A-Za-z0-9_-]+"
API_KEY = "OLLAMA_API_KEY"
CONFIG_LIMIT = 1 << 16
"""Bytes of a config file that are still read."""
MOST_DOTS = 1000
"""In one line: a key of more parts takes seconds to read, and no list of addresses is as long."""
NAME = 80
"""Characters of a name that are said."""
LINE_LOOKED_AT = 200
"""Characters in which a setting or table is named."""


class ConfigProblem(NamedTuple):
    """Something in the config file that cannot be used."""

    sentence: str
    """Names the line, if it is known, and the setting."""
    line: int = 0
    """Counted from 1; 0 when it is not known."""


Lines = Mapping[tuple[str, ...], int]
"""Where each setting, table and entry of a table stands in the config file, counted from 1."""


@dataclass(frozen=True)
class Settings:
    """Everything the program can be told."""

    host: Host = field(default_factory=lambda: parse_host(None))
    api_key: str | None = field(default=None, repr=False)
    """Of ollama.com; never shown."""
    demo: bool = False
    read_only: bool = False
    theme: str = ""
    """Name of a theme; empty for the one kept from the last run."""
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
    """What could not be used of the config file; the rest was."""
    lines: Lines = field(default_factory=dict, repr=False)
    """Where the config file sets what it set of these."""

    def problem(self, keys: tuple[str, ...], text: str) -> ConfigProblem:
        """Return a problem with a setting, or an entry of its table, where the file has it."""
        return _problem(self.lines, keys, text)


@dataclass(frozen=True)
class ConfigFile:
    """What the config file says, or why it cannot be used."""

    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Lines = field(default_factory=dict)
    problem: str = ""
    """Why the file as a whole could not be used, as a sentence."""


def _problem(lines: Lines, keys: tuple[str, ...], text: str) -> ConfigProblem:
    """Return a problem with the line of a setting, or of the table an entry is in."""
    line = next((line for n in range(len(keys), 0, -1) if (line := lines.get(keys[:n]))), 0)
    where = f"config.toml, line {line}" if line else "config.toml"
    return ConfigProblem(f"{where}: {text}", line)


def settings_from(
    *,
    host: str | None,
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    config: ConfigFile,
) -> Settings:
    """Combine command line, environment and config file, the first named winning.

    Raises ValueError with a sentence when the host cannot be used.
    """
    settings, named = _with_config(Settings(api_key=environ.get(API_KEY) or None), config)
    address = host or environ.get("OLLAMA_HOST") or named
    given = {key: value for key, value in options.items() if value not in (None, False, "")}
    lines = {keys: line for keys, line in settings.lines.items() if keys[0] not in given}
    return replace(settings, host=parse_host(address), lines=lines, **given)


def _with_config(settings: Settings, config: ConfigFile) -> tuple[Settings, str]:
    values: dict[str, Any] = {}
    problems = [ConfigProblem(config.problem)] if config.problem else []
    for key, value in config.values.items():
        if (check := _FIELDS.get(key)) is None:
            text = f"there is no setting “{inert(key[:NAME])}”."
            problems.append(_problem(config.lines, (key,), text))
        elif (wrong := check(value)) is not None:
            problems.append(_problem(config.lines, (key,), f"{key} must be {wrong}."))
        elif key == "filters":
            values[key] = tuple(_saved(value, config, problems))
        else:
            values[key] = tuple(value) if isinstance(value, list) else value
    named = values.pop("host", "")
    return replace(settings, **values, config_problems=tuple(problems), lines=config.lines), named


def _saved(
    filters: Mapping[str, str], config: ConfigFile, problems: list[ConfigProblem]
) -> Iterator[tuple[str, str]]:
    """Yield the saved filters that can be used; the others are problems."""
    from ollama_tui.domain.filter import parser as query  # only who saves filters pays for it

    for name, text in filters.items():
        wrong = [mistake.quoting(text) for mistake in query.parse(text).mistakes]
        if not re.fullmatch(_FILTER_NAME, name):
            wrong = ["its name may hold letters, digits, - and _ only."]
        if wrong:
            said = f"filters.{inert(name[:NAME])} is no filter: {wrong[0]}"
            problems.append(_problem(config.lines, ("filters", name), said))
        else:
            yield name.lower(), text


def _of(kind: type | tuple[type, ...], words: str) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        wrong = not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)
        return words if wrong else None

    return check


def _number(low: float, high: float) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        return None if fits and low <= value <= high else f"a number from {low:g} to {high:g}"

    return check


def _whole_number(low: int, high: int) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        fits = isinstance(value, int) and not isinstance(value, bool)
        return None if fits and low <= value <= high else f"a whole number from {low} to {high}"

    return check


def _texts(value: Any) -> str | None:
    fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return None if fits else "a list of texts"


def _addresses(value: Any) -> str | None:
    words = 'a list of addresses, such as ["gpu-box", "10.0.0.7:11434"]'
    if _texts(value) is not None:
        return words
    try:
        return None if all(map(parse_host, value)) else words
    except ValueError:
        return f"{words}, without user names"


def _texts_by_name(name: str, text: str) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        fits = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
        return None if fits else f'a table of texts, such as "{name}" = "{text}"'

    return check


_FIELDS: dict[str, Callable[[Any], str | None]] = {
    "host": _of(str, "an address in quotes"),
    "hosts": _addresses,
    "theme": _of(str, "the name of a theme in quotes"),
    "sort": _of(str, "the name of a column in quotes"),
    "reverse": _of(bool, "true or false"),
    "read_only": _of(bool, "true or false"),
    "grace": _number(0, 600),
    "parallel": _whole_number(1, 16),
    "columns": _texts,
    "insecure": _texts,
    "keys": _texts_by_name("model.pull", "p"),
    "filters": _texts_by_name("big", "size:>8g"),
}
assert set(_FIELDS) <= {"host"} | {f.name for f in fields(Settings)}


def read_config(file: Path) -> ConfigFile:
    """Return what the config file says; nothing when there is none."""
    try:
        return _parsed(read_bounded(file, CONFIG_LIMIT, follow_links=True).decode("utf-8"))
    except FileNotFoundError:
        return ConfigFile()
    except Unusable as error:
        return _unused(str(error))
    except UnicodeDecodeError:
        return _unused("is not UTF-8 text")


def _parsed(text: str) -> ConfigFile:
    import tomllib  # most users have no such file

    if (deep := _first_line(text, lambda line: line.count(".") > MOST_DOTS)) is not None:
        return _unused("is not valid", f"too many dots (at line {deep})")
    try:
        return ConfigFile(tomllib.loads(text), _lines(text))
    except tomllib.TOMLDecodeError as error:
        return _unused("is not valid", inert(str(error))[:200])
    except RecursionError:
        return _unused("is not valid", "it is nested too deeply")
    except ValueError:  # what Python refuses to read as a number
        line = _first_line(text, lambda line: re.search(r"[0-9_]{1000}", line) is not None)
        return _unused("is not valid", f"a number has too many digits (at line {line or 1})")


def _unused(wrong: str, reason: str = "") -> ConfigFile:
    return ConfigFile(
        problem=f"config.toml {wrong}, so none of it was used{': ' if reason else ''}{reason}."
    )


def _first_line(text: str, matches: Callable[[str], bool]) -> int | None:
    """Return the number of the first line that matches, counted from 1."""
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if matches(line)), None)


def _lines(text: str) -> Lines:
    """Return the line of each setting, table and entry, the first time it is named."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, whole in enumerate(text.splitlines(), 1):
        line = whole[:LINE_LOOKED_AT]
        if match := re.match(_TABLE, line):
            table = (match[1],)
            lines.setdefault(table, number)
        elif match := re.match(_ENTRY, line):
            lines.setdefault((*table, match[1] or match[2] or match[3] or ""), number)
    return lines


@dataclass(frozen=True)
class Folders:
    """The folders of this user."""

    config: Path
    cache: Path
    state: Path

    @property
    def config_file(self) -> Path:
        """The optional settings of the user."""
        return self.config / "config.toml"

    @property
    def ui_state_file(self) -> Path:
        """What the program remembers of its use."""
        return self.state / "kept.json"

    @property
    def unfinished(self) -> Path:
        """The folder that remembers downloads which are not finished."""
        return self.state / "unfinished"

    @property
    def drafts(self) -> Path:
        """The folder of what was typed and not sent."""
        return self.state / "drafts"


def user_folders() -> Folders:
    """Return the folders that XDG variables or the system name."""
    from platformdirs import PlatformDirs

    dirs = PlatformDirs(APP_NAME, appauthor=False)
    return Folders(dirs.user_config_path, dirs.user_cache_path, dirs.user_state_path)
