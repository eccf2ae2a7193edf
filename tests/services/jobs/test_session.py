"""What survives a logout, as logind tells it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import pytest

from ollama_tui.services.jobs.session import OWN_SCOPE, LogoutRules, logout_rules


def logind(manager: str, linger: str = "no") -> LogoutRules:
    """Return the rules of a logind that says so; a linger of "fails" is an error."""

    def run(command: Sequence[str]) -> str:
        assert command[:2] == ["loginctl", "show-user"]
        if command[-1] != "ada":
            return manager
        if linger == "fails":
            raise subprocess.CalledProcessError(1, command)
        return f"Linger={linger}\n"

    return logout_rules(run, "ada")


@pytest.mark.parametrize(
    ("manager", "linger", "kills", "lingers"),
    [
        ("KillUserProcesses=no\nKillOnlyUsers=\nKillExcludeUsers=root\n", "no", False, False),
        ("KillUserProcesses=yes\nKillOnlyUsers=\nKillExcludeUsers=root\n", "yes", True, True),
        ("KillUserProcesses=yes\nKillOnlyUsers=\nKillExcludeUsers=root\n", "no", True, False),
        ("KillUserProcesses=yes\nKillOnlyUsers=\nKillExcludeUsers=root\n", "fails", True, False),
        ("KillUserProcesses=yes\nKillExcludeUsers=root ada\n", "no", False, False),
        ("KillUserProcesses=yes\nKillOnlyUsers=bob\n", "no", False, False),
        ("KillUserProcesses=yes\nKillOnlyUsers=bob ada\n", "no", True, False),
        ("", "yes", False, False),
    ],
)
def test_what_logind_says(manager: str, linger: str, kills: bool, lingers: bool) -> None:
    rules = logind(manager, linger)
    assert rules == LogoutRules(kills, lingers)
    assert rules.prefix == (OWN_SCOPE if kills and lingers else ())
    assert bool(rules.warning) is (kills and not lingers)


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("loginctl"),
        subprocess.CalledProcessError(1, "loginctl"),
        subprocess.TimeoutExpired("loginctl", 2),
    ],
)
def test_where_it_cannot_be_asked_nothing_is_killed(error: Exception) -> None:
    def run(command: Sequence[str]) -> str:
        raise error

    assert logout_rules(run, "ada") == LogoutRules()


def test_a_machine_without_logind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert logout_rules() == LogoutRules()
