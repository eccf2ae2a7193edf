"""What importing a part of the client costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIGHT = (
    "errors",
    "host",
    "prefetch",
    "replies",
    "requests",
    "decode",
    "ndjson",
    "error_rules.explain",
    "sendfile",
)


def loaded_by(module: str) -> set[str]:
    """Return the modules that a fresh interpreter has after importing one of the api's."""
    # httpx imports its own command line, and rich with it, wherever click is installed.
    script = f"import sys; sys.modules['click'] = None; import ollama_tui.api.{module}"
    command = [sys.executable, "-c", f"{script}; print(*sys.modules)"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("module", LIGHT)
def test_what_knows_no_network_does_not_load_httpx(module: str) -> None:
    assert not {"httpx", "httpcore", "textual"} & loaded_by(module)


def test_the_client_loads_error_rules_only_when_there_is_one() -> None:
    loaded = loaded_by("client")
    assert "ollama_tui.api.http" in loaded
    assert not {"ollama_tui.api.error_rules.explain", "ollama_tui.api.error_rules", "html"} & loaded


def test_the_client_needs_no_screen() -> None:
    loaded = loaded_by("client")
    assert "httpx" in loaded
    assert not {"textual", "rich"} & loaded
