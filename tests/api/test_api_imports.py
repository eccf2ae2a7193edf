"""What importing a part of the client costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

_LIGHT = ("errors", "replies", "requests", "decode", "lines", "place", "refusal", "upload")


def loaded_after(statement: str) -> set[str]:
    """Return the top-level packages a fresh interpreter has after a statement."""
    script = f"{statement}; import sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("module", _LIGHT)
def test_what_knows_no_network_does_not_load_httpx(module: str) -> None:
    assert not {"httpx", "httpcore", "textual"} & loaded_after(f"import ollama_tui.api.{module}")


def test_the_client_loads_words_for_refusals_only_when_there_is_one() -> None:
    script = "import ollama_tui.api.client; import sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "ollama_tui.api.http" in loaded
    assert not {"ollama_tui.api.messages.refused", "ollama_tui.api.messages.rule", "html"} & loaded


def test_the_client_needs_no_screen() -> None:
    loaded = loaded_after("import ollama_tui.api.client")
    assert "httpx" in loaded
    assert not {"textual", "rich"} & loaded
