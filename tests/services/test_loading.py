"""Modules that are loaded while the list is on the screen already."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ollama_tui.services.connection import load_modules

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


FIRST_REQUEST = """
import asyncio, sys
from ollama_tui.api.errors import OllamaError
from ollama_tui.services.connection import NETWORK_MODULES, load_modules

async def first_request():
    await load_modules("ollama_tui.api.client")
    await load_modules(*NETWORK_MODULES, optional=True)
    from ollama_tui.api.client import Ollama

    before = set(sys.modules)
    async with Ollama("http://127.0.0.1:1") as ollama:
        try:
            await ollama.version()
        except OllamaError:
            pass
    return set(sys.modules) - before

print("loaded", *sorted(name for name in asyncio.run(first_request())
      if name.partition(".")[0] in {"anyio", "h11", "httpcore", "httpx"}))
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


def test_the_first_request_loads_nothing_more_of_the_http_library() -> None:
    assert said_by(FIRST_REQUEST) == ["loaded"]


async def test_a_missing_module_is_told_unless_it_may_be_missing() -> None:
    await load_modules("ollama_tui.no_such_module", optional=True)
    with pytest.raises(ModuleNotFoundError):
        await load_modules("ollama_tui.no_such_module")
