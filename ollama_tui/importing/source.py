"""What can be imported: the files to send and what is known of them, as one value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from ollama_tui.api.replies import ListedModel, ModelDetails
from ollama_tui.api.requests import CreateRequest
from ollama_tui.domain.create import quantize
from ollama_tui.domain.create.quantize import Target
from ollama_tui.domain.model import Model
from ollama_tui.importing.local_file import LocalFile

Form = Literal["GGUF", "safetensors", "PyTorch", "Modelfile"]


@dataclass(frozen=True, slots=True)
class Source:
    """Files that make a model, or an adapter for one."""

    form: Form
    files: tuple[LocalFile, ...]
    architecture: str = ""
    """As the files spell it; raw, and empty when they do not say."""
    parameters: int = 0
    """0 when unknown."""
    quantization: str = ""
    """`F16`, `Q4_K_M` …; empty when unknown."""
    context_length: int = 0
    """Tokens; 0 when unknown."""
    tensors: int = 0
    suggestion: str = ""
    """A name for the new model."""
    targets: tuple[Target, ...] = ()
    """What it can be quantized to; empty when it cannot."""
    warnings: tuple[str, ...] = ()
    """Sentences on what should be known before it is sent."""
    request: CreateRequest | None = None
    """What a Modelfile asks for besides the files; None without one."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def needs_base(self) -> bool:
        """Whether it is only an adapter, for a model that is named apart."""
        return self.request is None and all(file.adapter for file in self.files)

    def request_for(self, model: str, base: str, quantize: str) -> CreateRequest:
        """Return what to ask of the server for `model`, the files apart."""
        asked = self.request or CreateRequest(model="")
        return msgspec.structs.replace(asked, model=model, from_=base, quantize=quantize)


def targets(level: str, weights: int, rest: int = 0) -> tuple[Target, ...]:
    """Return what weights of a type can be quantized to on arrival, `rest` bytes staying as is."""
    details = ModelDetails(format="gguf", quantization_level=level)
    arrived = Model(ListedModel(size=weights, details=details))
    return tuple(replace(t, bytes=t.bytes + rest) for t in quantize.targets(arrived))
