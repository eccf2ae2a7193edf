"""Whether a registry has something newer for a name, what differs and what it costs to fetch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

import msgspec

from ollama_tui.api.replies import MAX_INT64, Count, Layer, Manifest, Show, Time
from ollama_tui.domain import names
from ollama_tui.domain.model import Model, facts_of
from ollama_tui.domain.rows import KnownUpdates
from ollama_tui.domain.storage.manifest import IMAGE_TYPE, WEIGHT_TYPES
from ollama_tui.formatting import inert, listing, size

NOT_THERE = "{} has no model of this name: it was made or renamed here."
ANOTHER = "{} has another model of this name: nothing of it is in this one."
CLOUD = "It runs in the cloud: there is nothing here that could be outdated."
MADE_HERE = "It was made here from {}."
ONLY_PLAIN = "{} speaks plain HTTP: tick that to pull from it."
NAMELESS = "No registry can have a model of this name."


class UpdateStatus(StrEnum):
    """How an installed model compares with what its registry has now."""

    CURRENT = "current"
    OUTDATED = "outdated"
    UNKNOWN = "unknown"


class Upstream(msgspec.Struct, frozen=True):
    """What was found out about one installed model, small enough to keep for all."""

    digest: str
    """Manifest digest of the installed model that this is about."""
    status: UpdateStatus = msgspec.field(name="standing")
    checked_at: Time
    reason: str = ""
    """Why it is unknown, as a sentence."""
    newest: str = ""
    """Digest of the registry's manifest; empty when unknown."""
    pushed_at: Time | None = None
    total: Count = 0
    """Bytes of the registry's model."""
    missing: tuple[Layer, ...] = ()
    """What the server does not have of it, each once: what a pull fetches."""
    changes: tuple[str, ...] = ()
    """What differs, in words."""
    insecure: bool = False
    """Whether the registry speaks plain HTTP, which a pull must ask for."""

    @property
    def to_fetch(self) -> int:
        """Bytes a pull fetches, if none of it was fetched in part before."""
        return sum(layer.size for layer in self.missing)


def incomparable(model: Model) -> str | None:
    """Return why no registry need be asked about `model`, as a sentence; None when one must."""
    if model.is_cloud:
        return CLOUD
    if model.listed.details.parent_model:
        return made_from(model.listed.details.parent_model)
    if not model.digest or names.problem(model.name) is not None:
        return NAMELESS
    return None


def made_from(parent: str) -> str:
    """Return the sentence for a model derived from `parent`; a path of weights is a file."""
    if "/blobs/" in parent or "\\" in parent or parent.startswith(("/", "sha256")):
        return MADE_HERE.format("a file")
    return MADE_HERE.format(inert(parent)[:80])


def unknown(model: Model, reason: str, now: datetime) -> Upstream:
    """Return that nobody can say, and why."""
    return Upstream(model.digest, UpdateStatus.UNKNOWN, now, reason)


def current(model: Model, now: datetime) -> Upstream:
    """Return that `model` is what its registry has."""
    return Upstream(model.digest, UpdateStatus.CURRENT, now, newest=model.digest)


def compared(
    model: Model,
    mine: InstalledLayers | None,
    manifest: Manifest,
    present: frozenset[str],
    *,
    newest: str,
    pushed_at: datetime | None,
    now: datetime,
    insecure: bool = False,
) -> Upstream:
    """Return how `model` compares with a manifest of another digest.

    `present` are the digests the server has, of whatever model. Servers before v0.19 wrote
    their own manifests, so another digest alone means nothing: the same layers are the same model.
    A local name does not prove where a model is from, so without anything in common it is another.
    """
    if mine is not None and mine.parent:
        return unknown(model, made_from(mine.parent), now)
    if not shares_a_layer(mine, manifest, present):
        return unknown(model, ANOTHER.format(registry_of(model)), now)
    found = Upstream(
        model.digest,
        UpdateStatus.OUTDATED,
        now,
        newest=newest,
        pushed_at=pushed_at,
        total=min(manifest.size, MAX_INT64),
        missing=missing(manifest, present),
        insecure=insecure,
    )
    weights = {
        layer.digest.removeprefix("sha256:")
        for layer in manifest.layers
        if layer.media_type in WEIGHT_TYPES
    }
    others = bool(mine and mine.blobs and weights and mine.blobs != weights)
    if not found.missing and manifest.size == model.size and not others:
        return msgspec.structs.replace(found, status=UpdateStatus.CURRENT)
    return msgspec.structs.replace(found, changes=changes(mine, manifest, present))


def update_status(model: Model, found: Upstream | None) -> UpdateStatus | None:
    """Return the status of `model`; None when it changed since, or was not checked."""
    if found is None:
        return None
    if found.newest and model.digest == found.newest:
        return UpdateStatus.CURRENT
    return found.status if model.digest == found.digest else None


def known(models: Mapping[str, Model], found: Mapping[str, Upstream]) -> KnownUpdates:
    """Return which of `models`, by name, are outdated and which are not."""
    statuses = {name: update_status(models[name], found[name]) for name in found if name in models}
    return KnownUpdates(
        outdated=frozenset(n for n, s in statuses.items() if s is UpdateStatus.OUTDATED),
        current=frozenset(n for n, s in statuses.items() if s is UpdateStatus.CURRENT),
    )


def together(found: Iterable[Upstream]) -> int:
    """Return the bytes that pulling all of them fetches, what they share once."""
    layers = {layer.digest: layer.size for each in found for layer in each.missing}
    return sum(layers.values())


def cost(found: Upstream) -> str:
    """Return `2.0 GB to fetch: weights and template`."""
    fetch = f"{size(found.to_fetch)} to fetch" if found.missing else "nothing to fetch"
    return f"{fetch}: {listing(found.changes)}" if found.changes else fetch


def registry_of(model: Model) -> str:
    """Return how to call the registry of a model."""
    host = names.parse(model.name).host
    return "ollama.com" if host.lower() == names.DEFAULT_HOST else inert(host)[:60]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a registry offers under a name, for somebody about to pull it."""

    sentence: str
    """Size, bytes still missing and what changes; or why nobody can say."""
    total: int | None = None
    """Bytes of the whole model; None when unknown."""


def offered(
    manifest: Manifest,
    present: frozenset[str],
    there: Model | None,
    mine: InstalledLayers | None,
    digest: str,
) -> Offer:
    """Return what pulling a manifest of `digest` means where `there` is installed, if anything."""
    absent = missing(manifest, present)
    total, fetch = size(manifest.size), sum(layer.size for layer in absent)
    if there is not None and there.digest == digest:
        return Offer(f"{there.label} is up to date: there is nothing to fetch.", manifest.size)
    if not absent:
        say = f"{total}, all of it on the server already."
    elif size(fetch) != total:
        say = f"{total}, of which {size(fetch)} are still to fetch."
    else:
        say = f"{total} to fetch."
    if there is not None:
        say += f" Changes {listing(changes(mine, manifest, present))} of {there.label}."
    return Offer(say, manifest.size)


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
"""What layers of a kind hold, by the end of their media type, in the order of a sentence."""
OTHER_DATA = "other data"
ONLY_CONFIG = "metadata"


@dataclass(frozen=True, slots=True)
class InstalledLayers:
    """What an installed model is made of, as far as its details tell."""

    blobs: frozenset[str]
    """Hex digests of weights, projectors and adapters; empty when the server names none."""
    texts: Mapping[str, bytes]
    """Template, system prompt and licenses by the kind of their layer; empty ones left out."""
    parent: str = ""
    """The model it was made from."""


def installed_layers(show: Show) -> InstalledLayers:
    """Return what the details of an installed model tell of its layers."""
    texts = {"template": show.template, "system": show.system, "license": show.license}
    return InstalledLayers(
        blobs=frozenset(facts_of(show).blobs),
        texts={kind: text.encode("utf-8", "replace") for kind, text in texts.items() if text},
        parent=show.details.parent_model,
    )


def missing(manifest: Manifest, present: frozenset[str]) -> tuple[Layer, ...]:
    """Return the layers a server with `present` would fetch, each digest once."""
    once = {layer.digest: layer for layer in manifest.everything}
    return tuple(layer for digest, layer in once.items() if digest not in present)


def changes(
    mine: InstalledLayers | None, manifest: Manifest, present: frozenset[str]
) -> tuple[str, ...]:
    """Return what differs between an installed model and a manifest, in words."""
    has = _layers_known(mine, manifest)
    different = {
        KINDS.get(_kind(layer), OTHER_DATA)
        for layer in manifest.layers
        if layer.digest not in present or not has.get(layer.digest, True)
    }
    words = [word for word in (*dict.fromkeys(KINDS.values()), OTHER_DATA) if word in different]
    # A model without a template is shown with a default one: nothing follows from a template.
    kinds = {_kind(layer) for layer in manifest.layers}
    gone = [kind for kind in ("system", "license") if mine and kind in mine.texts]
    words += [f"{KINDS[kind]} removed" for kind in gone if kind not in kinds]
    return tuple(words) or (ONLY_CONFIG,)


def shares_a_layer(
    mine: InstalledLayers | None, manifest: Manifest, present: frozenset[str]
) -> bool:
    """Whether an installed model has any layer of a manifest."""
    if mine is None:
        return any(layer.digest in present for layer in manifest.layers)
    if any(_layers_known(mine, manifest).values()):
        return True
    # The details show several licenses joined by newlines, so none of them can be hashed alone.
    licenses = [layer for layer in manifest.layers if _kind(layer) == "license"]
    length = sum(layer.size for layer in licenses) + len(licenses) - 1
    all_there = bool(licenses) and all(layer.digest in present for layer in licenses)
    return all_there and length == len(mine.texts.get("license", b""))


def _kind(layer: Layer) -> str:
    return layer.media_type.removeprefix(IMAGE_TYPE)


def _layers_known(mine: InstalledLayers | None, manifest: Manifest) -> dict[str, bool]:
    """Return for each layer that the details tell something of, whether the model has it."""
    if mine is None:
        return {}
    kinds = [_kind(layer) for layer in manifest.layers]
    known = {}
    for layer, kind in zip(manifest.layers, kinds, strict=True):
        digest = layer.digest.removeprefix("sha256:")
        if layer.media_type in WEIGHT_TYPES and kind != "tensor" and mine.blobs:
            known[layer.digest] = digest in mine.blobs
        elif kinds.count(kind) == 1 and kind in mine.texts:
            known[layer.digest] = sha256(mine.texts[kind]).hexdigest() == digest
    return known
