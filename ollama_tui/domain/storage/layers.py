"""The layers of a registry's manifest against those of an installed model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from ollama_tui.api.replies import Layer, Manifest, Show
from ollama_tui.domain.facts import facts_of

_IMAGE = "application/vnd.ollama.image."
_WEIGHTS = ("model", "tensor", "projector", "adapter", "draft")
KINDS = {
    "model": "weights",
    "tensor": "weights",
    "projector": "projector",
    "adapter": "adapter",
    "draft": "draft model",
    "template": "template",
    "system": "system prompt",
    "params": "parameters",
    "messages": "messages",
    "license": "license",
    "json": "settings of the weights",
}
"""Ends of media types in the words of a person, in the order they are said."""
OTHER_DATA = "other data"
ONLY_CONFIG = "metadata"


@dataclass(frozen=True, slots=True)
class Mine:
    """What an installed model is made of, as far as its details tell."""

    blobs: frozenset[str]
    """Hex digests of weights, projectors and adapters; empty when the server names none."""
    texts: Mapping[str, bytes]
    """Template, system prompt and licenses by the kind of their layer; empty ones left out."""
    parent: str = ""
    """The model it was made from."""


def mine_of(show: Show) -> Mine:
    """Return what the details of an installed model tell of its layers."""
    texts = {"template": show.template, "system": show.system, "license": show.license}
    return Mine(
        blobs=frozenset(facts_of(show).blobs),
        texts={kind: text.encode("utf-8", "replace") for kind, text in texts.items() if text},
        parent=show.details.parent_model,
    )


def missing(manifest: Manifest, present: frozenset[str]) -> tuple[Layer, ...]:
    """Return the layers a server with `present` would fetch, each digest once."""
    once = {layer.digest: layer for layer in manifest.everything}
    return tuple(layer for digest, layer in once.items() if digest not in present)


def changes(mine: Mine | None, manifest: Manifest, present: frozenset[str]) -> tuple[str, ...]:
    """Return what differs between an installed model and a manifest, in words."""
    told = _told(mine, manifest)
    different = [
        layer
        for layer in manifest.layers
        if layer.digest not in present or not told.get(layer.digest, True)
    ]
    words = [word for word in dict.fromkeys(KINDS.values()) if word in set(map(_word, different))]
    if any(_word(layer) == OTHER_DATA for layer in different):
        words.append(OTHER_DATA)
    return (*words, *_removed(mine, manifest)) or (ONLY_CONFIG,)


def akin(mine: Mine | None, manifest: Manifest, present: frozenset[str]) -> bool:
    """Whether an installed model has any layer of a manifest."""
    if mine is None:
        return any(layer.digest in present for layer in manifest.layers)
    return any(_told(mine, manifest).values()) or _same_licenses(mine, manifest, present)


def other_weights(mine: Mine | None, manifest: Manifest) -> bool:
    """Whether the details name other weights than a manifest."""
    weights = {_hex(layer) for layer in manifest.layers if _kind(layer) in _WEIGHTS}
    return bool(mine and mine.blobs and weights and mine.blobs != weights)


def _kind(layer: Layer) -> str:
    return layer.media_type.removeprefix(_IMAGE)


def _word(layer: Layer) -> str:
    return KINDS.get(_kind(layer), OTHER_DATA)


def _hex(layer: Layer) -> str:
    return layer.digest.removeprefix("sha256:")


def _told(mine: Mine | None, manifest: Manifest) -> dict[str, bool]:
    """Return for each layer that the details can tell of, whether the model has it."""
    if mine is None:
        return {}
    single = _only_ones(manifest)
    told = {}
    for layer in manifest.layers:
        kind = _kind(layer)
        if kind in _WEIGHTS and kind != "tensor" and mine.blobs:
            told[layer.digest] = _hex(layer) in mine.blobs
        elif kind in single and kind in mine.texts:
            told[layer.digest] = sha256(mine.texts[kind]).hexdigest() == _hex(layer)
    return told


def _only_ones(manifest: Manifest) -> set[str]:
    kinds = [_kind(layer) for layer in manifest.layers]
    return {kind for kind in kinds if kinds.count(kind) == 1}


def _same_licenses(mine: Mine, manifest: Manifest, present: frozenset[str]) -> bool:
    """Whether several licenses are those of the model: all there, and together as long.

    The details show them joined by newlines, so none of them can be hashed alone.
    """
    layers = [layer for layer in manifest.layers if _kind(layer) == "license"]
    length = sum(layer.size for layer in layers) + len(layers) - 1
    all_there = bool(layers) and all(layer.digest in present for layer in layers)
    return all_there and length == len(mine.texts.get("license", b""))


def _removed(mine: Mine | None, manifest: Manifest) -> list[str]:
    """Return the texts of a model that a manifest no longer has.

    A model without a template is shown with a default one, so nothing follows from a template.
    """
    kinds = {_kind(layer) for layer in manifest.layers}
    gone = [kind for kind in ("system", "license") if mine and kind in mine.texts]
    return [f"{KINDS[kind]} removed" for kind in gone if kind not in kinds]
