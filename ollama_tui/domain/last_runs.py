"""When models were last seen running: no server tells, so it is noted while watching."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from ollama_tui.api.replies import RunningModel, Time

MOST_KEPT = 2_000
"""Digests whose last run is remembered; those that ran longest ago are forgotten first."""


class LastRuns(msgspec.Struct, frozen=True):
    """Last runs by manifest digest, of one server."""

    since: Time
    """When it was looked at first: of what ran before that nothing is known."""
    by_digest: Mapping[str, Time] = {}

    def with_running(self, running: Iterable[RunningModel], at: datetime) -> LastRuns:
        """Return this with what runs at `at`."""
        fresh = dict.fromkeys((each.digest for each in running if _is_digest(each.digest)), at)
        if not fresh:
            return self
        kept = {**self.by_digest, **fresh}
        if len(kept) > MOST_KEPT:
            newest = sorted(kept.items(), key=lambda item: item[1])[-MOST_KEPT:]
            kept = dict(newest)
        return msgspec.structs.replace(self, by_digest=kept)


def _is_digest(text: str) -> bool:
    return len(text) == 64 and text.isalnum() and text.isascii()
