"""What can be imported: the files to send, what is known of them, and a name to suggest."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from ollama_tui.api.replies import ListedModel, ModelDetails
from ollama_tui.api.requests import CreateRequest
from ollama_tui.domain import quantization
from ollama_tui.domain.memory.shape import MemoryShape, quantized
from ollama_tui.domain.model import Model
from ollama_tui.domain.names import new_name_problem
from ollama_tui.domain.quantization import QuantizeTarget
from ollama_tui.importing.gguf import UNKNOWN
from ollama_tui.importing.local_file import LocalFile

Form = Literal["GGUF", "safetensors", "PyTorch", "Modelfile"]

_VAGUE = re.compile(
    r"(?:ggml[-_.]?)?(?:model|weights|adapter(?:[-_]model)?|lora|sha256-\w+|[0-9a-f]{40})"
)
"""File names that do not describe the model."""
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9_.-]+")
_LONGEST_NAME = 80
FALLBACK_NAME = "imported"


@dataclass(frozen=True, slots=True)
class Source:
    """Files that make a model, or an adapter for one."""

    form: Form
    files: tuple[LocalFile, ...]
    architecture: str = ""
    """As in the files, not escaped; empty when unknown."""
    parameters: int = 0
    """0 when unknown."""
    quantization: str = ""
    """`F16`, `Q4_K_M` …; empty when unknown."""
    context_length: int = 0
    """Tokens; 0 when unknown."""
    tensors: int = 0
    suggestion: str = ""
    """A name for the new model."""
    targets: tuple[QuantizeTarget, ...] = ()
    """What it can be quantized to; empty when it cannot."""
    warnings: tuple[str, ...] = ()
    """Sentences to read before anything is sent."""
    memory: MemoryShape | None = None
    """What the model takes in memory; None where that is not known."""
    request: CreateRequest | None = None
    """What a Modelfile asks for besides its files; None without a Modelfile."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def needs_base(self) -> bool:
        """Whether it is only an adapter, for which a base model must be named."""
        return self.request is None and all(file.adapter for file in self.files)

    def memory_as(self, quantize: str) -> MemoryShape | None:
        """Return what the model takes as it arrives, or quantized to one of the targets."""
        shape = self.memory
        if shape is not None and self.request is not None:
            num_ctx = self.request.parameters.get("num_ctx")
            if isinstance(num_ctx, int) and num_ctx > 0:
                shape = msgspec.structs.replace(shape, num_ctx=num_ctx)
        target = next((each for each in self.targets if each.type == quantize), None)
        if shape is None or target is None or not self.size:
            return shape
        return quantized(shape, target.bytes / self.size)

    def request_for(self, model: str, base: str, quantize: str) -> CreateRequest:
        """Return the create request for `model`, without the files."""
        asked = self.request or CreateRequest(model="")
        return msgspec.structs.replace(asked, model=model, from_=base, quantize=quantize)


def file_targets(level: str, weights: int, rest: int = 0) -> tuple[QuantizeTarget, ...]:
    """Return what the server can quantize `weights` bytes of type `level` to.

    `rest` bytes, such as a projector, stay as they are.
    """
    details = ModelDetails(format="gguf", quantization_level=level)
    arrived = Model(ListedModel(size=weights, details=details))
    return tuple(replace(t, bytes=t.bytes + rest) for t in quantization.quantize_targets(arrived))


def suggestion(stem: str, quantization: str, *more: str) -> str:
    """Return a new model's name, its quantization as the tag, from a file name without suffix.

    For a file name that does not describe the model, or can be no name because a server would read
    it as a digest, the first of `more` that does is taken.
    """
    tag, word = "", quantization.lower()
    if word and word != UNKNOWN and stem.lower().endswith(word):
        rest = stem[: -len(word)]
        if rest.rstrip("-_. ") != rest:
            stem, tag = rest.rstrip("-_. "), word
    for candidate in (stem, *more):
        words = _NOT_IN_A_NAME.sub("-", candidate.lower())
        name = words.strip("-._")[:_LONGEST_NAME].rstrip("-._")
        if name and not _VAGUE.fullmatch(name) and new_name_problem(name) is None:
            break
    else:
        name = FALLBACK_NAME
    full = f"{name}:{tag}" if tag else name
    return full if new_name_problem(full) is None else name
