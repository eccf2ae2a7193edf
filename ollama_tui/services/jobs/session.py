"""What happens to a user's processes at the last logout, as systemd-logind is configured.

https://www.freedesktop.org/software/systemd/man/logind.conf.html
"""

from __future__ import annotations

import getpass
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

ANSWER_WITHIN = 2.0
"""Seconds to wait for logind."""
OWN_SCOPE = ("systemd-run", "--user", "--scope", "--quiet", "--collect", "--")
"""Starts a command outside of the session, below the user's service manager."""

Run = Callable[[Sequence[str]], str]
"""Runs a command and returns what it prints; raises OSError or SubprocessError."""


@dataclass(frozen=True, slots=True)
class LogoutRules:
    """Whether processes of this user survive the end of the session."""

    kills: bool = False
    """Whether those that the session has started are killed."""
    lingers: bool = False
    """Whether the user's service manager, and what it runs, goes on."""

    @property
    def prefix(self) -> tuple[str, ...]:
        """The command to start a surviving process with; empty where none is needed.

        Without `kills` the service manager would be the wrong place: it stops soon after logout.
        """
        return OWN_SCOPE if self.kills and self.lingers else ()

    @property
    def warning(self) -> str:
        """What to say where nothing survives a logout; empty elsewhere."""
        return "" if self.lingers or not self.kills else "Downloads end when you log out here."

    hint = "To let them go on: loginctl enable-linger"


def logout_rules(run: Run | None = None, user: str = "") -> LogoutRules:
    """Ask logind, which takes a moment; where it cannot be asked, nothing is killed."""
    run = run or _output_of
    try:
        user = user or getpass.getuser()
        manager = _properties(run(_show("KillUserProcesses", "KillOnlyUsers", "KillExcludeUsers")))
        only, excluded = manager.get("KillOnlyUsers", ""), manager.get("KillExcludeUsers", "root")
        kills = manager.get("KillUserProcesses") == "yes" and user not in excluded.split()
        if not kills or (only and user not in only.split()):
            return LogoutRules()
        lingers = False
        with suppress(OSError, subprocess.SubprocessError):
            lingers = _properties(run([*_show("Linger"), user])).get("Linger") == "yes"
        return LogoutRules(kills=True, lingers=lingers)
    except (OSError, KeyError, subprocess.SubprocessError):
        return LogoutRules()


def _show(*properties: str) -> list[str]:
    """Return the command for properties of a user or, where none is added, of logind itself."""
    return ["loginctl", "show-user", *(f"--property={name}" for name in properties)]


def _properties(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value for name, _, value in pairs}


def _output_of(command: Sequence[str]) -> str:
    if shutil.which(command[0]) is None:
        raise FileNotFoundError(command[0])
    return subprocess.run(
        command,
        check=True,
        timeout=ANSWER_WITHIN,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    ).stdout
