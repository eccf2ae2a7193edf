"""What the models of a server were seen to take of its GPUs: no endpoint tells what those have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

from ollama_tui.api.replies import RunningModel

MOST_BYTES = 1 << 50
"""Bytes beyond which a figure is nonsense."""
NEARLY = 7 / 8
"""Part of the most seen in use from which on a split model marks the limit: what is left over is
less than one of its layers."""


class SeenMemory(msgspec.Struct, frozen=True):
    """What the models of one server were seen to take of its GPUs."""

    most: Annotated[int, msgspec.Meta(ge=0, le=MOST_BYTES)]
    """The most bytes at a time: the GPUs have no less."""
    is_limit: bool = False
    """Whether there was no room for more: a model was split between GPU and CPU then."""

    def with_running(self, running: Iterable[RunningModel]) -> SeenMemory:
        """Return this with what runs now; itself if that tells nothing new.

        Entries that cannot be are left out. A user may split a small model on purpose: a limit is
        forgotten as soon as more is seen, and only what nearly takes the most seen marks one.
        """
        believable = [each for each in running if 0 < each.size_vram <= each.size <= MOST_BYTES]
        total = sum(each.size_vram for each in believable)
        if not 0 < total <= MOST_BYTES:
            return self
        return self.with_seen(SeenMemory(total, any(e.size_vram < e.size for e in believable)))

    def with_seen(self, other: SeenMemory) -> SeenMemory:
        """Return this with what was seen another time; itself if that tells nothing new."""
        if other.most > self.most:
            return other
        if other.is_limit and not self.is_limit and 0 < other.most >= self.most * NEARLY:
            return SeenMemory(self.most, True)
        return self
