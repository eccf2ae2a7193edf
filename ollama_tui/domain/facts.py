"""The few facts kept of every model's details."""

from __future__ import annotations

from ollama_tui.api.replies import MOST, Show
from ollama_tui.domain.model import Facts
from ollama_tui.domain.modelfile.syntax import blobs


def facts_of(show: Show) -> Facts:
    """Return what to remember of `show` for the list, filters and sums."""
    digests = blobs(show.modelfile)
    return Facts(
        capabilities=tuple(sorted(show.capabilities or ())),
        context_length=context_length(show),
        blobs=digests,
        weights=digests[0] if digests else "",
        weight_bytes=min(_weight_bytes(show), MOST) if len(digests) > 1 else 0,
    )


def _weight_bytes(show: Show) -> int:
    from ollama_tui.domain.storage.tensors import file_size  # for the few models of several files

    return file_size(show.tensors)


def context_length(show: Show) -> int:
    """Return the trained context in tokens from the metadata; 0 when it does not say."""
    architecture = show.model_info.get("general.architecture")
    value = show.model_info.get(f"{architecture}.context_length")
    return value if isinstance(value, int) and 0 < value <= MOST else 0
