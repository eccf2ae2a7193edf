"""What is known of the memory of a model that is not on the server yet."""

from __future__ import annotations

from dataclasses import dataclass

from ollama_tui.domain.memory.available import AvailableMemory
from ollama_tui.domain.memory.shape import MemoryShape
from ollama_tui.domain.memory.words import FitWords, fit_words, weights_words


@dataclass(frozen=True, slots=True)
class Published:
    """A model in a registry."""

    weights: int
    """Bytes of the weights, and of projectors, adapters and drafts."""
    shape: MemoryShape | None = None
    """None where the header of the weights could not be read."""

    def words(self, available: AvailableMemory | None) -> FitWords:
        """Return how it fits as the server would load it, as far as that is known."""
        if self.shape is None:
            return weights_words(self.weights, available)
        return fit_words(self.shape, available=available)
