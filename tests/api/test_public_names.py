"""What `from ollama_tui import …` gives, and what it costs. Type checkers read this file too."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import ollama_tui
from ollama_tui import CreateRequest, Library, ListedModel, NotFound, Ollama, OllamaError
from ollama_tui.api import client, errors, replies, requests
from ollama_tui.services import library

DOCUMENTED = "https://docs.ollama.com/api"


async def size_of(ollama: Ollama, name: str) -> int:
    """Use the names as annotations: under the type checker this file needs all of them."""
    models: tuple[ListedModel, ...] = await ollama.list()
    return next(model.size for model in models if model.name == name)


def test_the_public_names_are_those_of_their_modules() -> None:
    assert ollama_tui.Ollama is Ollama is client.Ollama
    assert ollama_tui.Library is Library is library.Library
    assert (OllamaError, NotFound) == (errors.OllamaError, errors.NotFound)
    assert (ListedModel, CreateRequest) == (replies.ListedModel, requests.CreateRequest)


@pytest.mark.parametrize("name", ollama_tui.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert inspect.getdoc(getattr(ollama_tui, name))


def test_every_error_is_public() -> None:
    kinds = {name for name, kind in vars(errors).items() if inspect.isclass(kind)}
    assert kinds <= set(ollama_tui.__all__)


def test_other_names_are_no_attributes() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'ollama'"):
        _ = ollama_tui.ollama  # type: ignore[attr-defined]


def test_the_package_alone_loads_nothing() -> None:
    script = "import sys, ollama_tui; print(*sys.modules)"
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not {"httpx", "msgspec", "textual", "asyncio"} & loaded
    assert [name for name in loaded if name.startswith("ollama_tui.")] == []


def test_every_method_of_the_client_names_the_page_it_follows() -> None:
    methods = [
        each
        for name, each in vars(Ollama).items()
        if not name.startswith("_") and inspect.isfunction(each)
    ]
    undocumented = [
        method.__name__
        for method in methods
        if DOCUMENTED not in (doc := str(method.__doc__)) and "not documented" not in doc.lower()
    ]
    assert undocumented == ["aclose"]
