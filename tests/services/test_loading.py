"""Modules that are loaded while the list is on the screen already."""

from __future__ import annotations

import subprocess
import sys

LOADED = """
import asyncio, sys
from ollama_tui.services.connection import SERVICE_MODULES, load_modules

before = set(sys.modules), sys.getswitchinterval()
asyncio.run(load_modules("ollama_tui.api.client", *SERVICE_MODULES))
assert sys.getswitchinterval() == before[1]
import httpx
assert callable(httpx.main)
print(*sorted(set(sys.modules) - before[0]))
"""
IN_USE = """
import asyncio, sys
import httpx
from ollama_tui.services.connection import load_modules

with_command_line = "httpx._main" in sys.modules
asyncio.run(load_modules("ollama_tui.api.client"))
assert ("httpx._main" in sys.modules) is with_command_line
asyncio.run(load_modules("ollama_tui.api.client"))  # there is nothing left to load
print("same")
"""


def said_by(program: str) -> list[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_the_http_library_is_loaded_without_its_command_line() -> None:
    loaded = set(said_by(LOADED))
    assert {"httpx", "ollama_tui.api.client", "ollama_tui.services.jobs.queue"} <= loaded
    assert not {"httpx._main", "click", "rich.progress", "pygments"} & loaded


def test_what_another_has_loaded_of_it_is_left_alone() -> None:
    assert said_by(IN_USE) == ["same"]
