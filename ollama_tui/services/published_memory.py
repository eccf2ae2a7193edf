"""What models of registries take in memory, by the first bytes of their weights.

    published = await PublishedMemory(registry).of(parse("qwen3:8b"), False, offer)

A few kilobytes say which layers a model has, as a GGUF file begins with its metadata.
"""

from __future__ import annotations

import asyncio

import msgspec

from ollama_tui.api.errors import OllamaError
from ollama_tui.api.registry import Registry
from ollama_tui.api.replies import Layer
from ollama_tui.domain.memory.footprint import LARGEST_CONTEXT
from ollama_tui.domain.memory.published import Published
from ollama_tui.domain.memory.shape import MemoryShape
from ollama_tui.domain.names import Name
from ollama_tui.domain.updates import Offer
from ollama_tui.importing.gguf import Beginning, parse_beginning
from ollama_tui.importing.local_file import BadFile
from ollama_tui.importing.memory import says_enough, shape_of_beginning

STEPS = (64 * 1024, 256 * 1024, 1024 * 1024)
"""How many of the first bytes are read, until the metadata are among them."""
LARGEST_PARAMETERS = 64 * 1024
"""Bytes of a layer of parameters that are read."""
_IMAGE = "application/vnd.ollama.image."
_MODEL, _PARAMETERS = f"{_IMAGE}model", f"{_IMAGE}params"
_BESIDE = (f"{_IMAGE}projector", f"{_IMAGE}adapter", f"{_IMAGE}draft")
_DIGEST = "sha256:"


class _Parameters(msgspec.Struct):
    """The parameter of a model that its memory depends on."""

    num_ctx: int = 0


class PublishedMemory:
    """Reads headers of weights, each once: what a digest stands for never changes."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._beginnings: dict[str, Beginning | None] = {}
        """By digest; None for what is no GGUF file."""
        self._contexts: dict[str, int] = {}
        """Tokens of `num_ctx`, by the digest of the parameters."""

    async def of(self, name: Name, insecure: bool, offer: Offer) -> Published | None:
        """Return what is known of the model that `offer` is of; None without weights of its own.

        Never raises OllamaError: without a header, its size is known.
        """
        models = [layer for layer in offer.layers if layer.media_type == _MODEL]
        if not models:
            return None
        weights = sum(layer.size for layer in models)
        beside = sum(layer.size for layer in offer.layers if layer.media_type in _BESIDE)
        beginning = await self._beginning(name, insecure, models[0])
        shape = None
        if beginning is not None and says_enough(beginning):
            shape = shape_of_beginning(beginning, weights, beside)
        if shape is not None:
            shape = await self._with_context(name, insecure, offer, shape)
        return Published(weights + beside, shape)

    async def _beginning(self, name: Name, insecure: bool, layer: Layer) -> Beginning | None:
        if layer.digest in self._beginnings:
            return self._beginnings[layer.digest]
        data, found = b"", None
        try:
            for end in STEPS:
                part = range(len(data), end)
                data += await self._part(name, insecure, layer, part)
                found = await asyncio.to_thread(
                    parse_beginning, data, layer.size, "The header of the weights"
                )
                if says_enough(found) or len(data) < end:
                    break
        except BadFile:
            found = None
        except OllamaError:
            return found  # it may be there another time
        self._beginnings[layer.digest] = found
        return found

    async def _with_context(
        self, name: Name, insecure: bool, offer: Offer, shape: MemoryShape
    ) -> MemoryShape:
        """Return a shape with the context that the model's parameters ask for."""
        layer = next((each for each in offer.layers if each.media_type == _PARAMETERS), None)
        if layer is None or not 0 < layer.size <= LARGEST_PARAMETERS:
            return shape
        if layer.digest not in self._contexts:
            try:
                data = await self._part(name, insecure, layer, range(layer.size))
                given = msgspec.json.decode(data, type=_Parameters)
            except OllamaError:
                return shape
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                given = _Parameters()
            is_context = 0 < given.num_ctx <= LARGEST_CONTEXT
            self._contexts[layer.digest] = given.num_ctx if is_context else 0
        return msgspec.structs.replace(shape, num_ctx=self._contexts[layer.digest])

    async def _part(self, name: Name, insecure: bool, layer: Layer, part: range) -> bytes:
        digest = layer.digest.removeprefix(_DIGEST)
        return await self._registry.blob_part(name, digest, part, insecure=insecure)
