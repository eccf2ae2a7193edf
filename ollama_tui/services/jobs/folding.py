"""A transfer while its events come: many of one layer, between two looks, are folded as one."""

from __future__ import annotations

from dataclasses import dataclass, field

from ollama_tui.api.replies import Progress
from ollama_tui.services.jobs.progress import Transfer


@dataclass(slots=True)
class Folding:
    """Takes hundreds of events a second for little, and gives the transfer when it is asked for."""

    _transfer: Transfer = field(default_factory=Transfer)
    _newest: Progress | None = None
    """The last event of the layer at work, if it is not folded yet."""
    _came: float = 0.0

    def take(self, event: Progress, now: float) -> bool:
        """Account for an event that came at `now` (seconds); say whether bytes have arrived."""
        newest = self._newest
        if newest is None or not _goes_on(newest, event):
            self._settle()
            if not self._transfer.is_moving(event):
                return self._fold(event, now)
        elif event.completed == newest.completed:
            return (
                False  # said again, as a server does while nothing moves: the older moment counts
            )
        self._newest, self._came = event, now
        return True

    @property
    def transfer(self) -> Transfer:
        """The transfer after all events so far."""
        self._settle()
        return self._transfer

    def expect(self, size: int) -> None:
        """Take the bytes of the whole, learned on the way."""
        self._transfer = self.transfer.expecting(size)

    def break_off(self, now: float) -> None:
        """Note that the stream broke: its layers come anew."""
        self._transfer = self.transfer.break_off(now)

    def _settle(self) -> None:
        if (newest := self._newest) is not None:
            self._newest = None
            self._fold(newest, self._came)

    def _fold(self, event: Progress, now: float) -> bool:
        had = self._transfer.received
        self._transfer = self._transfer.fold(event, now)
        return self._transfer.received > had


def _goes_on(before: Progress, event: Progress) -> bool:
    """Whether `event` says all that `before` said: the same layer, as far or further."""
    return (
        event.completed >= before.completed
        and event.digest == before.digest
        and event.status == before.status
        and event.total == before.total
    )
