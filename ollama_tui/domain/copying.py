"""Copying models from one store to another, unchanged: what to copy, and what cannot be.

A folder that models are exported to is a store too, so an import is the same the other way round. A
plain manifest is written to `manifests`, where servers of any version find it; a list of manifests
has its place in `manifests-v2`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ollama_tui.domain import names
from ollama_tui.domain.plan import Operation, Plan, PlanStep, plan_of_transfers
from ollama_tui.domain.storage.contents import Contents, StoredBlob, StoredEntry, entry_path
from ollama_tui.formatting import plural


@dataclass(frozen=True, slots=True)
class ModelCopy:
    """What one model consists of, and where its entry goes."""

    name: str
    entry: StoredEntry
    """In the store it is copied from."""
    path: str
    """Of the entry in the other store, below its folder."""
    blobs: tuple[StoredBlob, ...]
    """All that it needs there, also what is there already."""


class CannotCopy(ValueError):  # noqa: N818 - read as a sentence: except CannotCopy
    """The model cannot be copied unchanged; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """Which models are copied, as for any other bulk operation, and how."""

    plan: Plan
    copies: tuple[ModelCopy, ...]
    """Those of the steps that copy, in their order."""
    same: frozenset[str]
    """Names of the models that are there already, whole and the same."""


def copy_of(contents: Contents, name: str, *, again: str = "pull it again") -> ModelCopy:
    """Return what copying a model takes; raises CannotCopy.

    `again` is what to do where it is not whole.
    """
    entry = contents.entry(name)
    if entry is None:
        found = contents.counted.get(name)
        if found is None:
            raise CannotCopy("It is not in the store.")
        why = "it is a broken link" if found.dangling else found.problem or found.refused
        raise CannotCopy(f"Its manifest cannot be used: {why}.")
    if not entry.manifests:
        raise CannotCopy(f"None of the manifests that its list names is there: {again}.")
    if any(manifest.lacks_digest for manifest in entry.manifests):
        raise CannotCopy(f"A digest in its manifest is missing or not valid: {again}.")
    needed = frozenset[str]().union(*(manifest.blobs for manifest in entry.manifests))
    if missing := needed - contents.blobs.keys():
        are = "is" if len(missing) == 1 else "are"
        raise CannotCopy(
            f"{len(missing)} of its {plural(len(needed), 'file')} {are} missing: {again}."
        )
    # What an anchor keeps, and the children of a list that are here, are manifests in blobs.
    others = (entry.blobs - needed - {entry.digest}) & contents.blobs.keys()
    blobs = sorted((contents.blobs[d] for d in needed | others), key=lambda b: (b.size, b.digest))
    path = entry_path(names.parse(entry.name), v2=entry.list is not None)
    return ModelCopy(name, entry, path, tuple(blobs))


def plan_copies(
    source: Contents,
    target: Contents,
    wanted: Iterable[str],
    *,
    refused: Mapping[str, str] | None = None,
    list_problem: str | None = None,
    there: str = "there",
    again: str = "pull it again",
) -> CopyPlan:
    """Return what copying the models `wanted` does; nothing that is there is ever overwritten.

    `refused` has sentences on models that must not be copied, by name; `list_problem` says why the
    server of `target` could not use a list of manifests, if so. `there` is where the models are
    then, in a word, and `again` what to do where one is not whole.
    """
    copies: list[ModelCopy] = []
    same: set[str] = set()
    sizes: dict[str, int] = {}
    taken = {names.comparison_key(name): name for name in target.counted}

    def step(name: str) -> PlanStep:
        try:
            if why := (refused or {}).get(name):
                raise CannotCopy(why)
            copy = copy_of(source, name, again=again)
            if copy.entry.list is not None and list_problem:
                raise CannotCopy(list_problem)
            known = taken.get(names.comparison_key(name))
            if known is not None and _is_other(target, known, copy.entry.digest):
                why = f"Another version is {there}, and is kept: delete it first to have this one."
                return PlanStep(Operation.KEEP, name, reason=why)
        except CannotCopy as error:
            return PlanStep(Operation.REFUSE, name, reason=str(error))
        missing = {blob.digest: blob.size for blob in copy.blobs if _is_missing(blob, target)}
        if known is not None and not missing:
            same.add(name)
            return PlanStep(Operation.KEEP, name, reason=f"Already {there}.")
        sizes.update(missing)
        copies.append(copy)
        return PlanStep(Operation.COPY, name, sum(missing.values()), digests=frozenset(missing))

    plan = plan_of_transfers([step(name) for name in wanted], sizes)
    return CopyPlan(plan, tuple(copies), frozenset(same))


def _is_other(target: Contents, name: str, digest: str) -> bool:
    """Whether a name stands for another model there; raises CannotCopy where nobody can tell."""
    entry = target.entry(name)
    if entry is None:
        counted = target.counted[name]
        why = "is a broken link" if counted.dangling else "cannot be used"
        raise CannotCopy(f"{counted.path} is in its place, and {why}.")
    return entry.digest != digest


def _is_missing(blob: StoredBlob, target: Contents) -> bool:
    there = target.blobs.get(blob.digest)
    return there is None or there.size != blob.size
