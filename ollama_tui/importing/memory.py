"""What models take in memory by the headers of their GGUF files, whole or only the beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ollama_tui.api.replies import Tensor
from ollama_tui.domain.memory.metadata import shape_from
from ollama_tui.domain.memory.shape import Basis, MemoryShape
from ollama_tui.importing.gguf import Array, Beginning, Header, Value

LARGEST_VOCABULARY = 262_144
"""Tokens of the largest vocabularies in use: what counts for one whose size is not known."""
_TOKENS = "tokenizer.ggml.tokens"
_TOKENIZER = "tokenizer."
_LAYERS = "block_count"


def shape_of_files(
    headers: Sequence[Header], weights: int, projector: int = 0
) -> MemoryShape | None:
    """Return what a model in these files takes, the first of which has the metadata.

    `weights` are the bytes of the files, which count where the type of a tensor is not known;
    `projector` those of projectors. None where the metadata name no layers.
    """
    tensors = [
        Tensor(tensor.name, tensor.type, list(tensor.shape))
        for header in headers
        for tensor in header.tensors
    ]
    shape = shape_from(_plain(headers[0].metadata), tensors)
    if shape is None:
        return None
    return msgspec.structs.replace(shape, weights=shape.weights or weights, projector=projector)


def says_enough(beginning: Beginning) -> bool:
    """Whether more of a file would tell nothing that counts: its tokenizer comes last."""
    found = beginning.metadata
    return beginning.is_whole or (
        f"{found.get('general.architecture')}.{_LAYERS}" in found
        and any(key.startswith(_TOKENIZER) for key in found)
    )


def shape_of_beginning(beginning: Beginning, weights: int, projector: int) -> MemoryShape | None:
    """Return what a model takes by the beginning of its file; None where that names no layers.

    `weights` are the bytes of the whole file: no tensor is known, so it is never said to be exact.
    """
    found = beginning.metadata
    shape = shape_from(_plain(found), ())
    if shape is None:
        return None
    tokens = found.get(_TOKENS)
    listed = tokens.count if isinstance(tokens, Array) else 0
    vocabulary = shape.vocabulary or min(listed, LARGEST_VOCABULARY) or LARGEST_VOCABULARY
    return msgspec.structs.replace(
        shape,
        weights=weights,
        projector=projector,
        vocabulary=vocabulary,
        basis=Basis.BOUND if shape.basis is Basis.EXACT else shape.basis,
    )


def _plain(metadata: Mapping[str, Value]) -> dict[str, object]:
    """Return the metadata with lists for arrays of numbers; None for those that were skipped."""
    return {
        key: (list(value.items) or None) if isinstance(value, Array) else value
        for key, value in metadata.items()
    }
