"""Whether a registry has something newer for a name, what differs and what it costs to fetch.

What was found is current, outdated, or cannot be told: nothing is called outdated unless what is
here is proved to be older.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from ollama_tui.api.replies import MAX_INT64, Count, Layer, Manifest, Time
from ollama_tui.domain import names
from ollama_tui.domain.comparison import (
    Installed,
    InstalledLayers,
    RegistryContent,
    changes,
    is_same_by_digest,
    is_same_by_layers,
    lost_by_conversion,
    missing,
    shares_a_layer,
    targets,
)
from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.rows import KnownUpdates
from ollama_tui.formatting import inert, listing, size

NOT_THERE = "{} has no model of this name: it was made or renamed here."
ANOTHER = "{} has another model of this name: nothing of it is in this one."
CLOUD = "It runs in the cloud: there is nothing here that could be outdated."
MADE_HERE = "Made here from {}."
CONVERTED = "The server converted it, and what it was made of is gone: there is nothing to compare."
BACKUP = "The backup of a converted model: no registry has it."
NOT_FOR_IT = "{} has nothing of this name that runs on this server."
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
    unreachable: bool = False
    """Whether it is unknown because its registry was not reached; `reason` says so."""

    @property
    def to_fetch(self) -> int:
        """Bytes a pull fetches, if none of it was fetched in part before."""
        return sum(layer.size for layer in self.missing)


def incomparable(model: Model, *, is_no_secret: bool = False) -> str | None:
    """Return why no registry need be asked about `model`, as a sentence; None when one must.

    What was made here is nobody's business unless its name is that of a registry; `is_no_secret` is
    whether that knows the name: what is here was pulled from it, or pushed to it.
    """
    parent = model.listed.details.parent_model
    if model.is_cloud:
        return CLOUD
    if names.is_shadow(model.name, model.digest):
        return BACKUP
    if not model.digest or names.problem(model.name) is not None:
        return made_from(parent) if parent else NAMELESS
    if parent and not is_no_secret and _is_private(model, parent):
        return made_from(parent)
    return None


def _is_private(model: Model, parent: str) -> bool:
    """Whether the name tells what somebody made here, and not where it is from.

    Every model that a person has pushed has a parent. Only Ollama pushes to `library`; to a
    namespace of ollama.com what was made of a file is pushed.
    """
    name = names.parse(model.name)
    if name.host.lower() not in names.PUBLIC_HOSTS:
        return False
    return name.namespace.lower() == names.DEFAULT_NAMESPACE or not _is_file(parent)


def _is_file(parent: str) -> bool:
    named = "/blobs/" in parent or "\\" in parent or parent.startswith(("/", "sha256"))
    return named or parent.lower().endswith((".gguf", ".bin", ".safetensors"))


def made_from(parent: str) -> str:
    """Return the sentence for a model derived from `parent`; a path of weights is a file."""
    if _is_file(parent):
        return MADE_HERE.format("a file")
    return MADE_HERE.format(inert(parent)[:80])


def unknown(model: Model, reason: str, now: datetime, *, unreachable: bool = False) -> Upstream:
    """Return that nobody can say, and why."""
    return Upstream(model.digest, UpdateStatus.UNKNOWN, now, reason, unreachable=unreachable)


def current(model: Model, now: datetime) -> Upstream:
    """Return that `model` is what its registry has."""
    return Upstream(model.digest, UpdateStatus.CURRENT, now, newest=model.digest)


def compared(
    model: Model,
    installed: Installed,
    content: RegistryContent,
    present: frozenset[str],
    *,
    now: datetime,
) -> Upstream:
    """Return how `model` compares with what its registry has, by the first step that decides.

    `present` are the digests the server has, of whatever model. `content` must hold the manifests
    of `targets`, unless digests are enough. A name does not prove where a model is from, so without
    anything in common it is another.
    """
    if is_same_by_digest(installed, (content.digest, *content.children)):
        return current(model, now)
    if is_same_by_layers(model, installed, content, present):
        return current(model, now)
    if content.chosen not in content.manifests:
        return unknown(model, NOT_FOR_IT.format(registry_of(model)), now)
    mine = installed.layers
    if lost_by_conversion(model, installed, content):
        if installed.original is None:
            return unknown(model, CONVERTED, now)
        mine = installed.original
    if mine is not None and mine.parent and _may_be_made_here(model, installed, content):
        return unknown(model, made_from(mine.parent), now)
    theirs = [content.manifests[digest] for digest in targets(installed, content)]
    if not any(shares_a_layer(mine, each, present) for each in theirs):
        return unknown(model, ANOTHER.format(registry_of(model)), now)
    newest = content.manifests[content.chosen]
    return Upstream(
        model.digest,
        UpdateStatus.OUTDATED,
        now,
        newest=content.chosen,
        pushed_at=content.pushed_at,
        total=min(newest.size, MAX_INT64),
        missing=missing(newest, present),
        changes=changes(installed.layers, newest, present),
        insecure=content.insecure,
    )


def _may_be_made_here(model: Model, installed: Installed, content: RegistryContent) -> bool:
    """Whether a model with a parent may have been changed here, and so be newer than theirs."""
    if installed.is_pulled is not None:
        return not installed.is_pulled
    modified_at = model.listed.modified_at
    if modified_at is not None and content.pushed_at is not None:
        changed_since = modified_at >= content.pushed_at
    else:
        changed_since = names.parse(model.name).host.lower() in names.PUBLIC_HOSTS
    return changed_since or _is_private(model, installed.layers.parent if installed.layers else "")


def update_status(model: Model, found: Upstream | None) -> UpdateStatus | None:
    """Return the status of `model`; None when it changed since, or was not checked."""
    if found is None:
        return None
    if found.newest and model.digest == found.newest:
        return UpdateStatus.CURRENT
    return found.status if model.digest == found.digest else None


def counted(statuses: Iterable[UpdateStatus | None]) -> str:
    """Return `3 outdated, 26 up to date and 5 not known`; empty when nothing was checked."""
    words = {
        UpdateStatus.OUTDATED: "outdated",
        UpdateStatus.CURRENT: "up to date",
        UpdateStatus.UNKNOWN: "not known",
    }
    counts = Counter(statuses)
    return listing([f"{counts[key]:,} {word}" for key, word in words.items() if counts[key]])


def known(models: Mapping[ModelKey, Model], found: Mapping[ModelKey, Upstream]) -> KnownUpdates:
    """Return which of `models` are outdated, which are not, and of which nobody can tell.

    Stubs of the cloud are none of these: nothing of them is here.
    What was updated since has the digest that was found, under the same name.
    """
    by_status: dict[UpdateStatus, set[ModelKey]] = {status: set() for status in UpdateStatus}
    for key, each in found.items():
        if each.newest and (newest := ModelKey(key.name, each.newest)) in models:
            by_status[UpdateStatus.CURRENT].add(newest)
        if (model := models.get(key)) is not None:
            status = update_status(model, each)
            if status is not None and not model.is_cloud:
                by_status[status].add(key)
    return KnownUpdates(
        outdated=frozenset(by_status[UpdateStatus.OUTDATED]),
        current=frozenset(by_status[UpdateStatus.CURRENT]),
        uncertain=frozenset(by_status[UpdateStatus.UNKNOWN]),
    )


def with_updated(found: Mapping[ModelKey, Upstream]) -> dict[ModelKey, Upstream]:
    """Return what was found, also by the keys that the models have once they are updated."""
    newest = {ModelKey(key.name, each.newest): each for key, each in found.items() if each.newest}
    return {**newest, **found}


def to_update(
    models: Iterable[Model], found: Mapping[ModelKey, Upstream]
) -> list[tuple[Model, Upstream]]:
    """Return those of `models` that are outdated, each name once: one pull renews all its rows."""
    by_name: dict[str, tuple[Model, Upstream]] = {}
    for model in models:
        each = found.get(model.key)
        if each is not None and update_status(model, each) is UpdateStatus.OUTDATED:
            by_name.setdefault(model.name, (model, each))
    return list(by_name.values())


def together(found: Iterable[Upstream | Offer]) -> int:
    """Return the bytes that pulling all of them fetches, what they share once."""
    layers = {layer.digest: layer.size for each in found for layer in each.missing}
    return sum(layers.values())


def cost(found: Upstream) -> str:
    """Return `2.0 GB to fetch: weights and template`."""
    fetch = f"{size(found.to_fetch)} to fetch" if found.missing else "nothing to fetch"
    return f"{fetch}: {listing(found.changes)}" if found.changes else fetch


def registry_of(model: Model) -> str:
    """Return how to call the registry of a model."""
    return host_label(names.parse(model.name))


def host_label(name: names.Name) -> str:
    """Return how to call the registry of a name."""
    is_public = name.host.lower() in names.PUBLIC_HOSTS
    return "ollama.com" if is_public else inert(name.host)[:60]


class OfferKind(StrEnum):
    """What came of asking a registry about a name."""

    FETCH = "fetch"
    CURRENT = "up to date"
    ABSENT = "no such model"
    UNKNOWN = "not checked"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a registry offers under a name, for somebody about to pull it."""

    kind: OfferKind
    reason: str = ""
    """Why nobody can say, as a sentence; of an update, what changes."""
    total: int | None = None
    """Bytes of the whole model, which its progress bar counts; None when unknown."""
    missing: tuple[Layer, ...] = ()
    """What the server does not have of it, each once: what a pull fetches."""
    layers: tuple[Layer, ...] = ()
    """All of it but its config."""
    unreachable: bool = False
    """Whether the registry could not be reached."""

    @property
    def fetch(self) -> int:
        """Bytes a pull fetches, if none of it was fetched in part before."""
        return sum(layer.size for layer in self.missing)

    @property
    def words(self) -> str:
        """All of it in a few words: `fetches 646 B of 1.7 GB, changes the license`."""
        if self.kind is not OfferKind.FETCH or self.total is None:
            return str(self.kind)
        return f"{fetching(self.fetch, self.total)}{f', {self.reason}' if self.reason else ''}"


def fetching(fetch: int, total: int) -> str:
    """Return `fetches 646 B of 1.7 GB`: the bytes to fetch, and what the progress bar counts."""
    if not fetch:
        return f"fetches nothing: all of its {size(total)} is on the server"
    whole = size(total)
    return f"fetches {size(fetch)}" + (f" of {whole}" if size(fetch) != whole else "")


def offered(
    manifest: Manifest,
    present: frozenset[str],
    there: Model | None,
    mine: InstalledLayers | None,
    digest: str,
) -> Offer:
    """Return what pulling a manifest of `digest` means where `there` is installed, if anything."""
    if there is not None and there.digest == digest:
        return Offer(OfferKind.CURRENT, total=manifest.size, layers=manifest.layers)
    absent, changed = missing(manifest, present), ""
    if there is not None:
        changed = f"changes {listing(changes(mine, manifest, present))}"
    return Offer(OfferKind.FETCH, changed, manifest.size, absent, manifest.layers)
