"""What is loaded when: checked in fresh processes. Who may import whom is in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def loaded_by(module: str) -> set[str]:
    """Return the modules a fresh Python has loaded after importing `module`."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "ollama_tui.api.client",
        "ollama_tui.domain.rows",
        "ollama_tui.domain.filter.parser",
        "ollama_tui.services.jobs.queue",
        "ollama_tui.services.jobs.tasks",
        "ollama_tui.services.library",
        "ollama_tui.cli.main",
    ],
)
def test_what_knows_the_server_works_without_textual(module: str) -> None:
    loaded = loaded_by(module)
    assert module in loaded
    assert "textual" not in loaded


@pytest.mark.parametrize("command", ["ollama_tui.cli.list", "ollama_tui.cli.show"])
def test_a_command_loads_http_only_when_the_first_answers_are_not_enough(command: str) -> None:
    loaded = loaded_by(f"ollama_tui.cli.main, {command}")
    assert loaded & {"httpx", "httpcore", "anyio"} == set()


def test_the_app_loads_nothing_that_the_first_frame_can_do_without() -> None:
    loaded = loaded_by("ollama_tui.tui.app")
    assert "textual.app" in loaded
    late = {"httpx", "httpcore", "markdown_it", "pygments", "textual.widgets._text_area"}
    assert loaded & late == set()
    assert not any(name.startswith("ollama_tui.demo") for name in loaded)
