"""The disk of a store in a few figures: models, what they share, what is left over, the rest."""

from __future__ import annotations

from dataclasses import dataclass

from ollama_tui.domain.storage.contents import Leftover, size_of
from ollama_tui.domain.storage.usage import Amount, Usage


@dataclass(frozen=True, slots=True)
class DiskShares:
    """What the bytes of a disk are; together its capacity, where that is known."""

    models: int
    """Bytes that one model has for itself."""
    shared: int
    """Bytes that several models use."""
    leftovers: int
    """Bytes that no model needs: kept by an upgrade, unused, unfinished, unknown."""
    other: int | None = None
    """Bytes of files outside the store; None when the disk cannot be seen."""
    free: int | None = None
    """Bytes left; None when the disk cannot be seen."""
    marked: int = 0
    """Bytes of models that are about to be freed; they are in none of the others."""
    estimated: bool = False
    """Whether the bytes of models are estimated."""

    @property
    def capacity(self) -> int | None:
        """Bytes of the whole disk; None when it cannot be seen."""
        if self.free is None or self.other is None:
            return None
        return self.taken + self.other + self.free

    @property
    def taken(self) -> int:
        """Bytes of the store."""
        return self.models + self.shared + self.leftovers + self.marked

    def without(self, freed: Amount, shared: int = 0) -> DiskShares:
        """Return the shares with `freed` marked; `shared` of its bytes are what models share.

        The rest is taken from models, then from what they share, then from leftovers.
        """
        of_shared = min(self.shared, shared, freed.bytes)
        of_models = min(self.models, freed.bytes - of_shared)
        of_shared += min(self.shared - of_shared, freed.bytes - of_shared - of_models)
        of_leftovers = min(self.leftovers, freed.bytes - of_models - of_shared)
        return DiskShares(
            self.models - of_models,
            self.shared - of_shared,
            self.leftovers - of_leftovers,
            self.other,
            self.free,
            of_models + of_shared + of_leftovers,
            self.estimated,
        )


def disk_shares(usage: Usage) -> DiskShares:
    """Return what the bytes of the disk are."""
    kept = usage.originals_freed.bytes + sum(
        usage.freed((backup.name,)).bytes for backup in usage.lone_backups
    )
    shared = min(usage.shared_by_models, max(0, usage.unique.bytes - kept))
    models = max(0, usage.unique.bytes - kept - shared)
    files: list[Leftover] = [*(usage.orphans or ()), *(usage.partials or ()), *usage.others]
    leftovers = kept + size_of(files) + sum(entry.frees for entry in usage.hidden)
    other = None
    if usage.capacity is not None and usage.free is not None:
        other = max(0, usage.capacity - usage.free - models - shared - leftovers)
    return DiskShares(models, shared, leftovers, other, usage.free, 0, usage.unique.estimated)
