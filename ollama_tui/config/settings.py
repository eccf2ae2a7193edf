"""Settings: what the command line, the environment and the config file set, and the folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ollama_tui.api.host import Host, parse_host

APP_NAME = "ollama-tui"
API_KEY = "OLLAMA_API_KEY"
NAME = 80
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
        api_key=environ.get(API_KEY) or None,
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
    ui_state_file: Path
    """Sort order, theme and servers of the last run."""
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
        ui_state_file=state / "ui-state.json",
        unfinished=state / "unfinished",
        drafts=state / "drafts",
    )
