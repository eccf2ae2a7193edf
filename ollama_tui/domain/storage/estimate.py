"""What models take by what the API tells, where the server's store cannot be read.

The list tells the size of each model, and its details the digests of the big blobs, but not their
sizes. Names with the same manifest digest are one model. Of models that share a blob, the smallest
bounds the blob's size; what the others are larger by is theirs alone. Weights beside a projector or
an adapter get the size that types and shapes of their tensors give. Licenses and templates that
models share cannot be told apart, so only a single model's size is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from ollama_tui.domain.model import Model


class StoragePart(msgspec.Struct, frozen=True, gc=False):
    """Bytes that are freed together: a blob, or what a model has besides its shared blobs."""

    digest: str
    """Of the blob or the manifest."""
    size: int
    users: frozenset[str]
    """Names of the models that need it."""
    is_significant: bool = True
    """Whether sharing it is worth reporting."""
    estimated: bool = False
    manifests: tuple[str, ...] = ()
    """`details_key` of the models that need it, where it is estimated from the list."""


@dataclass(slots=True)
class _Content:
    """What one manifest digest stands for, under one name or several."""

    models: list[Model]
    blobs: tuple[str, ...]
    size: int


def estimated_parts(models: Iterable[Model]) -> Iterator[StoragePart]:
    """Yield what each manifest has for itself, and the blobs that several share."""
    sizes: dict[str, int] = {}
    users: dict[str, list[_Content]] = {}
    by_digest: dict[str, list[Model]] = {}
    for model in models:
        if not model.is_cloud:
            by_digest.setdefault(model.details_key, []).append(model)
    contents = [
        _Content(same, same[0].facts.blobs if same[0].facts else (), max(0, same[0].size))
        for same in by_digest.values()
    ]
    # The smallest first, as it bounds the sizes of its blobs.
    contents.sort(key=lambda content: (content.size, content.models[0].name))
    rests = [_assign_blob_sizes(content, sizes) for content in contents]
    for content in contents:
        for digest in content.blobs:
            users.setdefault(digest, []).append(content)
    for content, rest in zip(contents, rests, strict=True):
        own = [digest for digest in content.blobs if len(users[digest]) == 1]
        size = rest + sum(sizes[digest] for digest in own)
        names = frozenset(model.name for model in content.models)
        shares = len(own) < len(content.blobs)
        yield StoragePart(
            content.models[0].digest,
            size,
            names,
            estimated=bool(size and shares),
            manifests=(content.models[0].details_key,),
        )
    for digest, using in users.items():
        if len(using) > 1:
            names = frozenset(model.name for content in using for model in content.models)
            keys = tuple([content.models[0].details_key for content in using])
            yield StoragePart(
                digest, sizes[digest], names, estimated=sizes[digest] > 0, manifests=keys
            )


def _assign_blob_sizes(content: _Content, sizes: dict[str, int]) -> int:
    """Add the sizes of blobs seen for the first time; return the bytes that belong to no blob.

    Of models that share a blob the smallest bounds its size, so they come in that order.
    """
    rest = max(0, content.size - sum(sizes.get(digest, 0) for digest in content.blobs))
    fresh = [digest for digest in content.blobs if digest not in sizes]
    facts = content.models[0].facts
    for number, digest in enumerate(fresh, 1):
        takes = rest  # where no size is known, the first blob takes it all
        if number < len(fresh) and facts and facts.weight_bytes and digest == facts.weights:
            takes = min(rest, facts.weight_bytes)
        sizes[digest] = takes
        rest -= takes
    return rest
