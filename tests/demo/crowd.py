"""Very many models, and models that mean harm: for measuring and for testing."""

from __future__ import annotations

from datetime import timedelta

from ollama_tui.demo.draft import ImageDraft, set_texts
from ollama_tui.demo.manifest import BlobFile, digest_of
from ollama_tui.demo.store import DemoServer
from ollama_tui.demo.weights import Shape, WeightsFile, parameter_size
from ollama_tui.domain.names import parse

_FAMILIES = ("llama", "qwen3", "gemma3", "phi3", "mistral")
_KINDS = ("Q4_K_M", "Q8_0", "F16", "Q4_0", "Q6_K")
_PURPOSES = ("chat", "code", "notes", "search", "draft", "tutor", "triage")
_BILLION = 1_000_000_000


def add(server: DemoServer, count: int) -> None:
    """Install `count` made-up models; every eighth shares its weights with the one before."""
    now = server.now()
    known = {family: Shape(family, 8 * _BILLION, vocab=32).weights() for family in _FAMILIES}
    for number in range(count):
        family = _FAMILIES[number % len(_FAMILIES)]
        name = parse(f"{_PURPOSES[number % 7]}-{family}:{number:05d}")
        draft = _member(server, number, family, known[family])
        modified = now - timedelta(minutes=97 * (number % 10_000) + 1)
        server.store.write(name, draft.manifest(), modified)


def _member(server: DemoServer, number: int, family: str, weights: WeightsFile) -> ImageDraft:
    owner = number - 1 if number % 8 == 7 else number
    billions = 1 + owner * 7 % 69
    draft = ImageDraft(server.store)
    digest = digest_of(f"crowd {owner}".encode())
    draft.add("model", BlobFile(digest, billions * 600_000_000 + owner, weights=weights))
    draft.describe(weights)
    draft.config |= {"model_type": parameter_size(billions * _BILLION)}
    draft.config |= {"file_type": _KINDS[owner % len(_KINDS)]}
    if number % 8 == 7:
        set_texts(draft, {"system": f"You are variant {number}."})
    return draft


EVIL = {
    "markup": "[/nope] [bold red]x[/] [link=file:///etc/passwd]y[/link]",
    "action": "[@click=app.quit]press[/]",
    "clipboard": "\x1b]52;c;ZWNobyBwd25lZA==\x07",
    "screen": "\x1b[2J\x1b[H\x1b]0;title\x07",
    "c1": "\x9b2J\x90q\x9c\x85",
    "bidi": "\u202egpj.exe\u202c\u2066x\u2069\u200f",
    "lines": "one\ntwo\r\nthree\ttabs\x00\x08\x7f",
    "long": "w" * 300,
    "wide": "漢字" * 40 + "e\u0301" * 30 + "\U0001f468\u200d\U0001f469\u200d\U0001f467",
}
"""Texts a terminal must never get as they are."""


def add_hostile(server: DemoServer) -> dict[str, str]:
    """Install one model for each evil text: in its template, system, license and metadata.

    Returns the names that a malicious server would list them by, and those it has them under.
    """
    now = server.now()
    names: dict[str, str] = {}
    for number, evil in enumerate(EVIL.values()):
        name = parse(f"hostile-{number}")
        server.store.write(
            name, _evil(server, evil).manifest(), now - timedelta(seconds=number + 1)
        )
        names[f"{evil}:latest"] = name.display
    return names


def _evil(server: DemoServer, evil: str) -> ImageDraft:
    weights = Shape("llama", 8 * _BILLION, vocab=32, basename=evil).weights()
    draft = ImageDraft(server.store)
    digest = digest_of(f"weights of {evil}".encode())
    draft.add("model", BlobFile(digest, 4_000_000_000, weights=weights))
    draft.describe(weights)
    draft.config |= {"model_family": evil, "model_families": [evil], "requires": evil}
    draft.config |= {"model_type": evil[:40], "file_type": evil[:40], "capabilities": [evil[:40]]}
    message = {"role": "user", "content": evil}
    body = {"template": evil, "system": evil, "license": [evil], "messages": [message]}
    set_texts(draft, {**body, "parameters": {"stop": [evil], evil[:20]: evil}})
    return draft
