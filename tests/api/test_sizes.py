"""Megabytes where a word should be: cut where they come in, and never sent back as if whole."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import httpx
import pytest

from ollama_tui.api import decode
from ollama_tui.api.client import Ollama
from ollama_tui.api.decode import MAX_MODELS, MAX_VALUES
from ollama_tui.api.errors import InvalidRequest, NotOllama
from ollama_tui.api.replies import CUT_MARK, ListedModel, Message, Show
from ollama_tui.api.requests import CreateRequest
from ollama_tui.formatting import inert

MB = 1024 * 1024
WORD = 1024
TEXT = 4 * MB
LONG = "x" * MB


def listed(**fields: Any) -> ListedModel:
    [model] = decode.listed_models(json.dumps({"models": [{"name": "m", **fields}]}).encode())
    return model


def shown(**fields: Any) -> Show:
    return decode.shown(json.dumps(fields).encode(), Show)


@pytest.mark.parametrize("char", ["x", "é", "👍", " ", "\n", "\u202e"])
def test_a_name_is_cut_after_a_thousand_characters(char: str) -> None:
    assert listed(name=char * WORD).name == char * WORD
    assert listed(name=char * (WORD + 1)).name == char * (WORD - len(CUT_MARK)) + CUT_MARK
    assert len(listed(name=char * MB).name) == WORD


def test_every_word_of_a_list_is_cut_and_the_rest_stays() -> None:
    details = {"family": LONG, "families": ["a", LONG], "parameter_size": LONG, "format": "gguf"}
    model = listed(
        digest=LONG, remote_host=LONG, capabilities=["tools"] * MB, size=5, details=details
    )
    assert {len(model.digest), len(model.remote_host), len(model.details.family)} == {WORD}
    assert [len(family) for family in model.details.families or ()] == [1, WORD]
    assert model.capabilities == ["tools"] * 100
    assert (model.size, model.details.format) == (5, "gguf")


def test_every_text_of_the_details_is_cut_after_four_megabytes() -> None:
    texts = ("license", "modelfile", "parameters", "template", "system")
    show = shown(
        **dict.fromkeys(texts, "x" * (TEXT + 1)),
        messages=[{"role": LONG, "content": "x" * (TEXT + 1)}],
        model_info={"k" * MB: "v", "general.text": "x" * (TEXT + 1), "n": 7},
    )
    for name in texts:
        assert getattr(show, name) == "x" * (TEXT - len(CUT_MARK)) + CUT_MARK
    [message] = show.messages
    assert (len(message.role), len(message.content)) == (WORD, TEXT)
    assert [
        (len(key), value if key == "n" else len(value)) for key, value in show.model_info.items()
    ] == [
        (WORD, 1),
        (12, TEXT),
        (1, 7),
    ]
    assert shown(license="x" * TEXT).license == "x" * TEXT


def test_a_shape_has_no_more_sides_than_any_tensor() -> None:
    tensors = [{"name": "a", "shape": [2**63 - 1] * 20}, {"name": "b", "shape": [2**64, 4]}]
    first, second = shown(tensors=tensors).tensors
    assert first.shape == [2**63 - 1] * 16
    assert second.shape == [4]


def test_what_was_cut_shows_as_such() -> None:
    assert inert(listed(name=LONG).name).endswith("x…\N{REPLACEMENT CHARACTER}")


Asking = Callable[[Ollama, str], Coroutine[Any, Any, object]]


async def drained(events: AsyncGenerator[object, None]) -> None:
    async for _ in events:
        pass


REQUESTS: dict[str, Asking] = {
    "show": lambda ollama, cut: ollama.show(cut),
    "delete": lambda ollama, cut: ollama.delete(cut),
    "copy from": lambda ollama, cut: ollama.copy(cut, "b"),
    "copy to": lambda ollama, cut: ollama.copy("a", cut),
    "load": lambda ollama, cut: ollama.load(cut),
    "unload": lambda ollama, cut: ollama.unload(cut),
    "pull": lambda ollama, cut: drained(ollama.pull(cut)),
    "push": lambda ollama, cut: drained(ollama.push(cut)),
    "create from": lambda ollama, cut: drained(ollama.create(CreateRequest("a", from_=cut))),
    "create system": lambda ollama, cut: drained(ollama.create(CreateRequest("a", system=cut))),
    "create license": lambda ollama, cut: drained(ollama.create(CreateRequest("a", license=[cut]))),
    "create messages": lambda ollama, cut: drained(
        ollama.create(CreateRequest("a", messages=[Message("user", cut)]))
    ),
}


@pytest.mark.parametrize("asking", REQUESTS.values(), ids=REQUESTS.keys())
async def test_what_was_cut_is_never_sent(asking: Asking) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"status": "success"})

    async with Ollama("http://h", transport=httpx.MockTransport(answer)) as ollama:
        with pytest.raises(InvalidRequest, match="only its start was read") as caught:
            await asking(ollama, listed(name=LONG).name)
        assert (asked, len(caught.value.title) < 160, bool(caught.value.hint)) == ([], True, True)
        await asking(ollama, "x" * WORD)
        assert len(asked) == 1


def test_more_models_than_anybody_has_are_refused() -> None:
    entry = b'{"name":"a","details":{}}'
    models = b'{"models":[' + b",".join([entry] * MAX_MODELS) + b"]}"
    assert len(decode.listed_models(models)) == MAX_MODELS
    with pytest.raises(NotOllama, match="more than 100,000 models") as caught:
        decode.listed_models(models[:-2] + b"," + entry + b"]}")
    assert caught.value.hint


@pytest.mark.parametrize("values", [b"{},", b"[],", b"1,", b'{"a":[],"b":{}},'])
def test_more_values_than_any_answer_has_are_refused(values: bytes) -> None:
    body = b'{"model_info":{"a":[' + values * (MAX_VALUES + 1) + b"0]}}"
    with pytest.raises(NotOllama, match="more than 3,000,000 values") as caught:
        decode.decode(body, Show)
    assert caught.value.hint


MEASURED = """
import resource, sys
from ollama_tui.api import decode
from ollama_tui.api.errors import NotOllama
from ollama_tui.api.metadata import MetadataReader
from ollama_tui.api.replies import Show

limit = 800 * 1024 * 1024
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
body = eval(sys.argv[1])
try:
    if sys.argv[2] == "list":
        decode.listed_models(body)
    elif sys.argv[2] == "verbose":
        reader = MetadataReader()
        reader.feed(body)
        reader.finish()
    else:
        decode.shown(body, Show)
except NotOllama:
    pass
print("bounded")
"""
BODIES = {
    "many models": ("list", """b'{"models":[' + b'{"name":"a"},' * 4_000_000 + b'{}]}'"""),
    "empty models": ("list", """b'{"models":[' + b'{},' * 20_000_000 + b'{}]}'"""),
    "a name of emoji": (
        "list",
        """b'{"models":[{"name":"' + "👍".encode() * 15_000_000 + b'"}]}'""",
    ),
    "a name of noise": ("list", """b'{"models":[{"name":"' + b'\\xff' * 60_000_000 + b'"}]}'"""),
    "half characters": ("list", r"""b'{"models":[{"name":"' + b'\ud800' * 9_000_000 + b'"}]}'"""),
    "a license of lines": ("show", r"""b'{"license":"' + b'\\n' * 30_000_000 + b'"}'"""),
    "too many lists": (
        "show",
        """b'{"model_info":{"a":[' + b'[],' * 20_000_000 + b'0]}}'""",
    ),
    "empty lists": ("show", """b'{"model_info":{"a":[' + b'[],' * 1_400_000 + b'0]}}'"""),
    "short texts": ("show", """b'{"model_info":{"a":[' + b'"ab",' * 2_900_000 + b'0]}}'"""),
    "many keys": (
        "verbose",
        """b'{"model_info":{' + b','.join(b'"%d":1' % n for n in range(1_000_000)) + b'}}'""",
    ),
    "an array of texts": (
        "verbose",
        """b'{"model_info":{"a":[' + '"é👍",'.encode() * 7_000_000 + b'0]}}'""",
    ),
    "an array of one text": (
        "verbose",
        r"""b'{"model_info":{"a":["' + b'\\"\\\\' * 15_000_000 + b'"]}}'""",
    ),
    "an array of brackets": ("verbose", """b'{"model_info":{"a":' + b'[' * 60_000_000"""),
    "arrays in an array": ("verbose", """b'{"model_info":{"a":[' + b'[],' * 9_000_000 + b'0]}}'"""),
}


@pytest.mark.parametrize(("kind", "body"), BODIES.values(), ids=BODIES.keys())
def test_the_worst_answer_of_64_megabytes_fits_into_memory(kind: str, body: str) -> None:
    command = [sys.executable, "-c", MEASURED, body, kind]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.returncode) == ("bounded\n", 0), done.stderr[-2000:]
