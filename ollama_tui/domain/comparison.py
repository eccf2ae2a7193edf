"""What an installed model is made of, against what a registry has under its name.

A digest that differs proves nothing: servers before v0.19 wrote their own manifests, a push leaves
out a newline, a conversion notes a runner. So what is compared are, in this order, digests of what
is here, of a list's manifests, of what was pulled before a server repacked it, and layers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from ollama_tui.api.replies import Layer, ListedManifest, Manifest, Show
from ollama_tui.domain.model import Model, facts_of
from ollama_tui.domain.names import SHADOW
from ollama_tui.domain.storage.contents import Contents
from ollama_tui.domain.storage.manifest import (
    GGML,
    IMAGE_TYPE,
    LLAMACPP,
    MLX,
    PREFERRED,
    PREFERRED_ON_APPLE,
    WEIGHT_TYPES,
    StoredManifest,
)
from ollama_tui.domain.storage.packaging import embedded_digest

if TYPE_CHECKING:
    from ollama_tui.api.registry import Published

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
    exact: frozenset[str] | None = None
    """Hex digests of all layers and the config, where the store could be read; else None."""


def installed_layers(show: Show) -> InstalledLayers:
    """Return what the details of an installed model tell of its layers."""
    texts = {"template": show.template, "system": show.system, "license": show.license}
    return InstalledLayers(
        blobs=frozenset(facts_of(show).blobs),
        texts={kind: text.encode("utf-8", "replace") for kind, text in texts.items() if text},
        parent=show.details.parent_model,
    )


@dataclass(frozen=True, slots=True)
class Installed:
    """What is known of an installed model: from the store, from its details, or from both."""

    digests: frozenset[str]
    """Those a registry may have it under: of its manifest, its list, and what was pulled."""
    layers: InstalledLayers | None = None
    """None when neither tells."""
    runner: str = ""
    """As its manifest names it; empty where it names none."""
    is_converted: bool | None = None
    """Whether the server made it of a model pulled for `ggml`; None when nobody knows."""
    original_digests: frozenset[str] = frozenset()
    """The same as `digests` of the model it was, or may have been, converted from."""
    original: InstalledLayers | None = None
    """What that is made of; None when it is not here or not known."""
    is_pulled: bool | None = None
    """Whether it is byte for byte what a registry sent; None when nobody knows."""


@dataclass(frozen=True, slots=True)
class RegistryContent:
    """What a registry has under a name: a manifest, or a list of them."""

    digest: str
    """Of the manifest or list, 64 hex digits."""
    children: Mapping[str, ListedManifest] = field(default_factory=dict)
    """The manifests of a list by their digests, in its order; empty for a plain manifest."""
    chosen: str = ""
    """Digest of the manifest that a pull by this server fetches; empty when none runs there."""
    manifests: Mapping[str, Manifest] = field(default_factory=dict)
    """Those that were read, by digest."""
    pushed_at: datetime | None = None
    insecure: bool = False
    """Whether the registry speaks plain HTTP."""

    def for_runner(self, runner: str) -> str:
        """Return the digest of the manifest for a runner; empty when there is none.

        A plain manifest that names no runner is for whichever there was before there were several.
        """
        if self.children:
            named = ((digest, child.runner) for digest, child in self.children.items())
            return next((digest for digest, its in named if its == (runner or GGML)), "")
        its = self.manifests[self.digest].runner if self.digest in self.manifests else ""
        fits = its == runner or (not its and runner != LLAMACPP)
        return self.digest if fits else ""


def content_of(published: Published, runners: Sequence[str]) -> RegistryContent:
    """Return what was published, for a server that prefers `runners` in their order."""
    content = RegistryContent(
        published.digest, pushed_at=published.pushed_at, insecure=published.insecure
    )
    if published.manifest is not None:
        manifests = {published.digest: published.manifest}
        return replace(content, manifests=manifests, chosen=published.digest)
    children = {_digest_of(child): child for child in published.children}
    content = replace(content, children=children)
    found = (content.for_runner(runner) for runner in runners)
    return replace(content, chosen=next(filter(None, found), ""))


def _digest_of(child: ListedManifest) -> str:
    return child.digest or embedded_digest(msgspec.json.decode(child.embedded))


def runner_order(models: Iterable[Model], *, on_apple_silicon: bool | None) -> tuple[str, ...]:
    """Return the runners in the order in which a server chooses from a list.

    Of a server on another machine, for which `on_apple_silicon` is None, its models tell: only
    where MLX comes first does it pull for that.
    """
    if on_apple_silicon is None:
        on_apple_silicon = any(model.runner == MLX for model in models)
    return PREFERRED_ON_APPLE if on_apple_silicon else PREFERRED


def installed_from_store(model: Model, contents: Contents) -> Installed | None:
    """Return what the store tells of `model`; None when it is not in there as it is listed."""
    entry = contents.entry(model.name)
    mine = next((m for m in entry.manifests if m.digest == model.digest), None) if entry else None
    if entry is None or mine is None:
        return None
    installed = Installed(
        digests=mine.origins | {entry.digest, mine.digest},
        layers=InstalledLayers(mine.weights, {}, model.listed.details.parent_model, mine.blobs),
        runner=mine.runner,
        is_converted=False,
        is_pulled=mine.digest in mine.origins,
    )
    is_alone = entry.list is not None and len(entry.children) == 1
    if mine.runner != LLAMACPP or not (is_alone or contents.entry(SHADOW + mine.digest)):
        return installed
    installed = replace(installed, is_converted=True, is_pulled=None)
    # The original is beside it, or only in what the server keeps for an older one.
    kept = [e for e in contents.entries_of(model.name) if e.is_anchor or e.digests & entry.children]
    original = next((m for e in (entry, *kept) for m in e.manifests if m.runner == GGML), None)
    return installed if original is None else _with_original(installed, original)


def _with_original(installed: Installed, original: StoredManifest) -> Installed:
    return replace(
        installed,
        original_digests=original.origins | {original.digest},
        original=InstalledLayers(original.weights, {}, exact=original.blobs),
    )


def installed_from_show(
    model: Model, show: Show | None, original: Show | None, *, has_shadow: bool = False
) -> Installed:
    """Return what the server tells of `model`; `original` are the details of its `ggml` manifest.

    `has_shadow` is whether the list has the backup that proves a conversion.
    """
    if show is None:
        return Installed(frozenset((model.digest,)))
    runner = show.details.runner
    maybe = runner == LLAMACPP and not show.details.parent_model  # the new weights have none
    beside = {each.digest.removeprefix("sha256:") for each in show.manifests if each.runner == GGML}
    return Installed(
        digests=frozenset((model.digest,)),
        layers=installed_layers(show),
        runner=runner,
        is_converted=(True if has_shadow else None) if maybe else False,
        original_digests=frozenset(beside) if maybe else frozenset(),
        original=installed_layers(original) if original is not None and maybe else None,
    )


def with_texts(installed: Installed, show: Show) -> Installed:
    """Return what the store told with the texts of the details, which name what is removed."""
    if installed.layers is None:
        return replace(installed, layers=installed_layers(show))
    shown = installed_layers(show)
    parent = installed.layers.parent or shown.parent
    return replace(installed, layers=replace(installed.layers, texts=shown.texts, parent=parent))


def is_same_by_digest(installed: Installed, digests: Iterable[str]) -> bool:
    """Whether a registry has just this: the first three steps, for which digests are enough.

    `digests` are those of its manifest or list and of the manifests of that list. Another manifest
    of the list may be newer: this one is not older.
    """
    return not (installed.digests | installed.original_digests).isdisjoint(digests)


def target(installed: Installed, content: RegistryContent) -> str:
    """Return the digest of the manifest to compare with: that for its runner, else the chosen."""
    return content.for_runner(installed.runner) or content.chosen


def targets(installed: Installed, content: RegistryContent) -> tuple[str, ...]:
    """Return the digests of the manifests that a comparison by layers needs."""
    original = content.for_runner(GGML) if installed.original is not None else ""
    found = (target(installed, content), original, content.chosen)
    return tuple(dict.fromkeys(filter(None, found)))


def is_same_by_layers(
    model: Model, installed: Installed, content: RegistryContent, present: frozenset[str]
) -> bool:
    """Whether the layers are those the registry has: the fourth step. `present` is on the server.

    What it was converted from is compared with what there is for that.
    """
    theirs = content.manifests.get(target(installed, content))
    if theirs is not None and _equal(installed.layers, theirs, present, model.size):
        return True
    theirs = content.manifests.get(content.for_runner(GGML))
    mine = installed.original
    return theirs is not None and mine is not None and _equal(mine, theirs, present, None)


def _equal(
    mine: InstalledLayers | None, manifest: Manifest, present: frozenset[str], size: int | None
) -> bool:
    """Whether a model of `size` bytes, None when unknown, is made of the layers of a manifest."""
    if mine is None:
        return not missing(manifest, present) and manifest.size == size
    if mine.exact is not None:
        return mine.exact == {each.digest.removeprefix("sha256:") for each in manifest.everything}
    weights = {
        layer.digest.removeprefix("sha256:")
        for layer in manifest.layers
        if layer.media_type in WEIGHT_TYPES
    }
    others = bool(mine.blobs and weights and mine.blobs != weights)
    if size is None and not all(_layers_known(mine, manifest).values()):
        return False
    return not missing(manifest, present) and size in (None, manifest.size) and not others


def lost_by_conversion(model: Model, installed: Installed, content: RegistryContent) -> bool:
    """Whether a conversion may be all that differs, since what it was made of is not known.

    What a server made by itself has no counterpart in a registry, except by chance under the name
    of the runner it made it for; that one it was if it is older than what the registry got last.
    """
    if installed.is_converted is not None or installed.runner != LLAMACPP:
        return bool(installed.is_converted)
    if not content.for_runner(LLAMACPP):
        return True
    modified_at = model.listed.modified_at
    return bool(modified_at and content.pushed_at and modified_at >= content.pushed_at)


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
    if mine.exact is not None:
        return False
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
        if mine.exact is not None:
            known[layer.digest] = digest in mine.exact
        elif layer.media_type in WEIGHT_TYPES and kind != "tensor" and mine.blobs:
            known[layer.digest] = digest in mine.blobs
        elif kinds.count(kind) == 1 and kind in mine.texts:
            known[layer.digest] = sha256(mine.texts[kind]).hexdigest() == digest
    return known
