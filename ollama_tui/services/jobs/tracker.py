"""Follows one stream: its progress at little cost, and how fast it was in the last minutes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ollama_tui.api.replies import Progress
from ollama_tui.services.jobs.job import JobProgress
from ollama_tui.services.jobs.progress import Transfer

RATE_EVERY = 3.0
"""Seconds between two of the rates that are kept, which is how fast a sparkline moves."""
MOST_RATES = 40
"""How many of them are kept: two minutes."""
STEADY = 0.03
"""By which share a rate must change to be told: a smaller change is noise, and each is drawn."""


@dataclass(frozen=True, slots=True)
class RateHistory:
    """How fast a transfer was in the last two minutes; times are those of the transfer."""

    rates: tuple[float, ...] = ()
    """Bytes per second, one every `RATE_EVERY` seconds or more, the newest last."""
    received: int = 0
    """Bytes that had arrived by the newest of them."""
    at: float | None = None

    def with_sample(self, received: int, now: float) -> RateHistory:
        """Return the history at `now`, when `received` bytes have arrived; the same if too soon."""
        if self.at is None or (not received and not self.rates):
            return RateHistory(at=now, received=received)
        if (elapsed := now - self.at) < RATE_EVERY:
            return self
        rate = max(0, received - self.received) / elapsed
        return RateHistory((*self.rates, rate)[-MOST_RATES:], received, now)


@dataclass(slots=True)
class TransferTracker:
    """Follows a stream at little cost: of a layer's events between two looks it folds the last."""

    _transfer: Transfer = field(default_factory=Transfer)
    _history: RateHistory = field(default_factory=RateHistory)
    _told_rate: float = 0.0
    _newest: Progress | None = None
    """The last event of the layer at work, if it is not folded yet."""
    _came: float = 0.0

    def take(self, event: Progress, now: float) -> bool:
        """Account for an event that came at `now` (seconds); return whether bytes have arrived."""
        newest = self._newest
        advances = (
            newest is not None
            and event.completed >= newest.completed
            and event.digest == newest.digest
            and event.status == newest.status
            and event.total == newest.total
        )
        if newest is None or not advances:
            before = self.transfer
            if not before.only_advances(event):
                self._transfer = before.fold(event, now)
                return self._transfer.received > before.received
        elif event.completed == newest.completed:
            # A repeated event without progress: keep the earlier time.
            return False
        self._newest, self._came = event, now
        return True

    @property
    def transfer(self) -> Transfer:
        """The transfer after all events so far."""
        if (newest := self._newest) is not None:
            self._newest = None
            self._transfer = self._transfer.fold(newest, self._came)
        return self._transfer

    def progress(self, now: float) -> JobProgress:
        """Return how far it is at `now`, and how fast it was; looking takes the samples."""
        transfer = self.transfer
        self._history = self._history.with_sample(transfer.received, max(now, transfer.now))
        progress = transfer.progress(now)
        if abs(progress.rate - self._told_rate) > STEADY * self._told_rate or not progress.rate:
            self._told_rate = progress.rate
        return replace(progress, rate=self._told_rate, rates=self._history.rates)

    def stalled_for(self, now: float) -> float:
        """Return for how many seconds an unfinished layer has stayed where it is."""
        if (newest := self._newest) is None:
            return self._transfer.stalled_for(now)
        return 0.0 if 0 < newest.total <= newest.completed else now - self._came

    def expect(self, size: int) -> None:
        """Take the bytes of the whole, learned on the way."""
        self._transfer = self.transfer.expecting(size)

    def break_off(self, now: float) -> None:
        """Note that the stream broke: its layers come again."""
        self._transfer = self.transfer.break_off(now)
