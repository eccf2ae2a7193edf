"""Reads verbose answers to show from bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ollama_tui.api.metadata import MetadataReader
from ollama_tui.api.replies import VerboseShow


def verbose_show(chunks: Iterable[bytes], convert: Callable[[str], str] = str) -> VerboseShow:
    """Return what is read of an answer that comes in these chunks."""
    reader = MetadataReader(convert)
    for chunk in chunks:
        reader.feed(chunk)
    return reader.finish()
