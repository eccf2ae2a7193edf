"""A model as its registry has it: its layers, and which of them are here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ollama_tui.api.replies import Layer, Manifest
from ollama_tui.domain import names
from ollama_tui.domain.model import Model
from ollama_tui.formatting import StyledLine, ago, inert, size

_LABEL_CELLS = 12
"""Cells of the column of labels."""


@dataclass(frozen=True)
class PublishedModel:
    """A model as its registry has it."""

    name: str
    """The name to pull, as a server lists it."""
    digests: frozenset[str]
    """Of its manifest, 64 hex digits each: of a list, also that of the one for this server."""
    manifest: Manifest
    present: frozenset[str]
    """Digests of its layers that the server has, with `sha256:`."""
    pushed_at: datetime | None = None

    @property
    def missing(self) -> int:
        """Bytes that a pull fetches: those of the layers that are not there, each once."""
        absent = {layer.digest: layer.size for layer in self.manifest.everything}
        return sum(size for digest, size in absent.items() if digest not in self.present)


@dataclass(frozen=True)
class LayerRow:
    """A layer of a model in a registry, as a row."""

    number: int
    layer: Layer
    is_here: bool

    @property
    def key(self) -> int:
        """What identifies it."""
        return self.number

    @property
    def kind(self) -> str:
        """What it holds: `model`, `template`, `license` …, or its whole media type."""
        kind = self.layer.media_type.rpartition(".image.")[2]
        return inert("config" if "docker.container.image" in self.layer.media_type else kind)


def layer_rows(published: PublishedModel) -> tuple[LayerRow, ...]:
    """Return the layers of a model, the config last."""
    return tuple(
        LayerRow(number, layer, layer.digest in published.present)
        for number, layer in enumerate(published.manifest.everything)
    )


def published_here(published: PublishedModel, models: Sequence[Model]) -> str:
    """Return what of a published model is here, as a sentence.

    Its digest decides whether it is the same one; a name alone only says that there is one.
    """
    same = [model for model in models if model.digest in published.digests]
    if same:
        return f"It is here, as {same[0].name_label}."
    if any(names.same(model.name, published.name) for model in models):
        return "Another version of it is here."
    return "It is not here."


def published_lines(
    published: PublishedModel, models: Sequence[Model], now: datetime
) -> list[StyledLine]:
    """Return what is known of a published model, for the lines below the table."""
    digest = min(published.digests, key=lambda each: each not in {m.digest for m in models})
    rows = [
        ("Size", f"{published.manifest.size:,} bytes, of which a pull fetches "
         f"{size(published.missing)}"),
        ("Digest", f"sha256:{digest}"),
    ]  # fmt: skip
    if published.pushed_at is not None:
        rows.append(("Pushed", ago(published.pushed_at, now)))
    rows.append(("Here", published_here(published, models)))
    lines: list[StyledLine] = [((published.name, "strong"),)]
    return lines + [((f"{label:<{_LABEL_CELLS}}", "muted"), (text, "")) for label, text in rows]
