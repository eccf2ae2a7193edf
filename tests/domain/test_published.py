"""A model as its registry has it: layers, what a pull fetches, and whether it is here."""

from __future__ import annotations

from ollama_tui.api.replies import Layer, Manifest
from ollama_tui.domain.published import (
    PublishedModel,
    layer_rows,
    published_here,
    published_lines,
)
from tests.domain.models import NOW, a_model

IMAGE = "application/vnd.ollama.image."
CONFIG = Layer("application/vnd.docker.container.image.v1+json", f"sha256:{'c' * 64}", 5)
WEIGHTS = Layer(f"{IMAGE}model", f"sha256:{'a' * 64}", 1000)
TEMPLATE = Layer(f"{IMAGE}template", f"sha256:{'b' * 64}", 10)
DIGEST = "d" * 64


def published(*present: Layer) -> PublishedModel:
    manifest = Manifest(CONFIG, (WEIGHTS, TEMPLATE, TEMPLATE))
    here = frozenset(layer.digest for layer in present)
    return PublishedModel("qwen3:8b", frozenset((DIGEST,)), manifest, here)


def test_layers_are_rows_and_say_what_is_here() -> None:
    rows = layer_rows(published(TEMPLATE))
    assert [(row.kind, row.is_here) for row in rows] == [
        ("model", False), ("template", True), ("template", True), ("config", False)
    ]  # fmt: skip
    assert len({row.key for row in rows}) == 4


def test_a_pull_fetches_each_missing_layer_once() -> None:
    assert published().missing == 1015
    assert published(WEIGHTS, TEMPLATE, CONFIG).missing == 0


def test_its_digest_decides_whether_it_is_here() -> None:
    same = a_model("mine:latest", digest=DIGEST)
    other = a_model("Qwen3:8B", digest="e" * 64)
    assert published_here(published(), [same, other]) == "It is here, as mine:latest."
    assert published_here(published(), [other]) == "Another version of it is here."
    assert published_here(published(), []) == "It is not here."
    text = "".join(part for line in published_lines(published(), [], NOW) for part, _ in line)
    assert DIGEST in text


def test_a_hostile_media_type_is_inert() -> None:
    odd = Layer(f"{IMAGE}\x1b[2J", f"sha256:{'a' * 64}", 1)
    model = PublishedModel("m:latest", frozenset((DIGEST,)), Manifest(CONFIG, (odd,)), frozenset())
    assert "\x1b" not in layer_rows(model)[0].kind
