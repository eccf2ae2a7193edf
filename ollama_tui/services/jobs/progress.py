"""The events of a stream, layer by layer, folded into one progress over the whole model.

A server reports one layer after another. It leaves out a `completed` of zero, often says nothing
of a layer's end or of a small layer at all, takes bytes back when a part fails, goes on repeating
the same numbers while nothing moves, and learns of the next layer only when it gets there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ollama_tui.api.replies import Progress
from ollama_tui.formatting import inert
from ollama_tui.services.jobs.job import JobProgress

WINDOW = 10.0
"""Seconds the rate looks back."""
STALLED_AFTER = 5
"""Seconds without a moving byte before we say so."""
RESUMING_SHOWN = 3.0
"""Seconds for which `resumed_at` is shown."""

_SAMPLE_EVERY = 0.25
_SHORTEST_SPAN = 0.5
_FAST_LINE = 500_000_000  # assumed maximum bytes/s: what is faster was already present
_TICK = 0.05  # s; a server reports an active layer every 60 ms, a present one at once
_MOST_BYTES = 2**63 - 1  # the server counts in 64 bits; more would overflow a float
_MOST_LAYERS = 1000  # real models have about ten; keeps a hostile stream from growing us
_ALMOST = 0.99  # shown at most while layers may still follow
_LONGEST_PHASE = 60

_OF_UNKNOWN_LENGTH = frozenset({"pulling", "pushing"})  # layer after layer, their number unknown
_NEW_PASS = frozenset({"pulling manifest", "retrieving manifest"})
_ALL_THERE = frozenset(
    {"verifying sha256 digest", "writing manifest", "pushing manifest", "success"}
)
_DIGEST = re.compile(r"\s+(sha256:)?[0-9a-f]{12,64}$")


@dataclass(frozen=True, slots=True)
class LayerProgress:
    """Bytes of one layer, as last reported."""

    total: int
    completed: int

    @property
    def is_whole(self) -> bool:
        """Whether all of it is there; not while its size is unknown."""
        return 0 < self.total <= self.completed


@dataclass(frozen=True, slots=True)
class _Start:
    """The first count of a layer: bytes of now or of an earlier download, not known yet."""

    completed: int
    at: float
    elapsed: float
    """Seconds since the event before."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """All that is remembered of a stream: `fold` takes the next event, `progress` sums up.

    All times are in seconds, of any one origin.
    """

    expected: int | None = None
    """Bytes of all layers and the config when a registry's manifest was read before."""
    partial: bool = False
    """Whether an earlier attempt is known to have left a part of it where it goes."""
    earlier: int = 0
    """Bytes that an earlier attempt had: shown until this one has more, or proves it wrong."""
    layers: Mapping[str, LayerProgress] = field(default_factory=dict)
    current: str = ""
    """The layer at work; empty between layers and in phases without numbers."""
    phase: str = ""
    max_completed: int = 0
    """The most bytes reported so far; `max_total` and `max_fraction` likewise. None goes down."""
    max_total: int = 0
    max_fraction: float | None = None
    already_present: int = 0
    """Bytes that were there before we began: of layers whole at first sight, or resumed."""
    maybe_present: int = 0
    """Bytes of layers whole at first sight: there before, or downloaded since the last event."""
    seen_before_break: frozenset[str] = frozenset()
    """Keys of layers seen in earlier, broken streams: their bytes were counted then."""
    received: int = 0
    """Bytes that arrived while we watched, those fetched again included."""
    samples: tuple[tuple[float, int], ...] = ()
    """Times and `received`, a few a second, of the last ten seconds."""
    now: float = -math.inf
    moved_at: float = -math.inf
    start: _Start | None = None
    resumed_at: float | None = None
    resumed_when: float = -math.inf

    @property
    def total(self) -> int:
        """Bytes of the whole, as far as is known; 0 when nothing is."""
        seen = sum(layer.total for layer in self.layers.values())
        return max(min(self.expected or 0, _MOST_BYTES), seen, self.max_total)

    @property
    def bytes_present(self) -> int:
        """Bytes the receiver has now; goes down when the server takes some back."""
        return sum(layer.completed for layer in self.layers.values())

    def only_advances(self, event: Progress) -> bool:
        """Whether `event` only takes the layer at work further, so that a later one may replace it.

        Not where every single count matters: for the first ones of a layer, and on the way back.
        """
        if not self.current or self.start is not None or not event.digest:
            return False
        layer = self.layers[self.current]
        further = 0 < layer.completed < event.completed and event.total == layer.total
        return further and self.current == f"{_phase_name(event.status)} {event.digest}"

    def fold(self, event: Progress, now: float) -> Transfer:
        """Return the transfer after `event`, which came at `now`."""
        now = max(now, self.now)
        status, total = event.status, min(max(event.total, 0), _MOST_BYTES)
        layer = LayerProgress(total, min(max(event.completed, 0), total))
        if self.expected and event.digest and not event.digest.strip("0"):
            # A dummy digest: hashing progress of uploaded data, its own count, not extra bytes.
            share = f" {100 * layer.completed // total}%" if total else ""
            return self._enter_phase(f"{status}{share}", now)._show(now)
        if not event.digest:
            return self._enter_phase(status, now)._show(now)
        # With the phase, as the dummy digest of a create serves several of them.
        phase = _phase_name(status)
        key = f"{phase} {event.digest}"
        if key == self.current:
            return self._continue_layer(key, layer, now)._show(now)
        if key not in self.layers and len(self.layers) >= _MOST_LAYERS:
            return replace(self, now=now)._show(now)
        before = self.layers.get(self.current)
        unreported = before.total - before.completed if before and before.completed else 0
        elapsed = now - self.now if math.isfinite(self.now) else 0.0
        present, maybe = self.already_present, self.maybe_present
        if (
            layer.completed == total
            and key not in self.layers
            and key not in self.seen_before_break
        ):
            if elapsed < _TICK or total > _FAST_LINE * elapsed:
                present += total
            elif phase != "pulling" or not self.layers:
                # But not in a pull: a layer that took time to appear complete was downloaded.
                maybe += total
        return replace(
            self,
            already_present=present,
            maybe_present=maybe,
            layers={**self._completed(), key: layer},
            current=key,
            phase=phase,
            received=self.received + unreported,
            start=_Start(layer.completed, now, elapsed),
            now=now,
            moved_at=now,
        )._show(now)

    def expecting(self, size: int) -> Transfer:
        """Return the transfer when the size of the whole, in bytes, is learned on the way."""
        return replace(self, expected=size, max_total=self.total)._show(self.now)

    def break_off(self, now: float) -> Transfer:
        """Return the transfer after its stream broke: what is shown stays, layers come again."""
        return replace(
            self,
            layers={},
            seen_before_break=self.seen_before_break | self.layers.keys(),
            current="",
            phase="reconnecting",
            samples=(),
            start=None,
            partial=self.partial or self.max_completed > 0,
            now=max(now, self.now),
        )

    def progress(self, now: float) -> JobProgress:
        """Return how far it is at `now`, which may be later than the last event."""
        now = max(now, self.now)
        layer, window = self.layers.get(self.current), self._window(now)
        still = now - self.moved_at
        stalled = int(self.stalled_for(now))
        moved: int | None = max(0, self.max_completed - self.already_present - self.maybe_present)
        if (moved or 0) <= 100 * self.maybe_present and (self.maybe_present or not self.expected):
            moved = None
        rate, eta = 0.0, None
        if still < WINDOW and window and now - window[0][0] >= _SHORTEST_SPAN:
            since, had = window[0]
            rate = (self.received - had) / (now - since)
        if rate > 0 and layer is not None and stalled < STALLED_AFTER:
            eta = max(0, self.total - self.bytes_present) / rate
        completed, fraction = self.max_completed, self.max_fraction
        if self.earlier > completed:
            completed = min(self.earlier, self.total or self.earlier)
            if self.expected:
                fraction = max(fraction or 0.0, min(_ALMOST, completed / self.total))
        return JobProgress(
            completed=completed,
            total=self.total,
            fraction=fraction,
            transferred=moved,
            rate=rate,
            eta=eta,
            phase=self.phase,
            stalled_for=stalled if stalled >= STALLED_AFTER else 0,
            resumed_at=self.resumed_at if now - self.resumed_when < RESUMING_SHOWN else None,
        )

    def stalled_for(self, now: float) -> float:
        """Return for how many seconds an unfinished layer has stayed where it is.

        Quantizing is slow without being stuck; only what goes over a network stalls.
        """
        layer = self.layers.get(self.current)
        if layer is None or self.phase not in _OF_UNKNOWN_LENGTH or layer.is_whole:
            return 0.0
        return max(0.0, now - self.moved_at)

    def _enter_phase(self, status: str, now: float) -> Transfer:
        # Samples go: silent minutes of verifying are not a slow download.
        after = replace(
            self, current="", phase=_phase_name(status), samples=(), now=now, moved_at=now
        )
        if status in _NEW_PASS:
            return replace(after, layers={}, start=None)
        if status in _ALL_THERE:
            # Not `self.layers` alone: small layers may have come and gone without an event.
            return replace(
                after, layers=self._completed(), max_fraction=1.0, max_completed=self.total
            )
        return replace(after, layers=self._completed())

    def _continue_layer(self, key: str, layer: LayerProgress, now: float) -> Transfer:
        before = self.layers[key]
        layer = LayerProgress(layer.total or before.total, layer.completed)
        earlier = self.earlier
        if layer.total - layer.completed > max(0, self.total - earlier):
            earlier = 0  # more is missing than there would be: the server has lost some of it
        after = replace(self, layers={**self.layers, key: layer}, now=now, earlier=earlier)
        if layer.completed == before.completed:
            return after._notice_resume(layer, 0, now)
        if before.completed == 0:
            # The first count may hold what an earlier download left: it says nothing of the rate.
            start = _Start(layer.completed, now, now - self.moved_at)
            return replace(after, moved_at=now, start=start)
        gained = max(0, layer.completed - before.completed)
        after = replace(after, received=self.received + gained, moved_at=now)
        return after._notice_resume(layer, gained, now)

    def _notice_resume(self, layer: LayerProgress, gained: int, now: float) -> Transfer:
        """Compare a layer's first count with its second: far more means an earlier download.

        Unless an earlier attempt is known, what a fast line delivers in a burst is a start.
        """
        start = self.start
        if start is None or now <= start.at or self.phase != "pulling":
            return self
        most = 3 * gained / (now - start.at) * start.elapsed
        if not self.partial:
            most = max(most, _FAST_LINE * start.elapsed)
        after = replace(self, start=None)
        partly = layer.total <= 100 * start.completed < 100 * layer.total
        if start.completed <= most or not partly:
            return after
        there = min(1.0, (self.bytes_present - gained) / self.total)
        present = self.already_present + (
            start.completed if self.current not in self.seen_before_break else 0
        )
        return replace(after, already_present=present, resumed_at=there, resumed_when=now)

    def _show(self, now: float) -> Transfer:
        """Raise what is shown, never lower it, and take a sample.

        A part of an unknown whole is no fraction: only the bytes show until all are there.
        """
        fraction, total, bytes_present = self.max_fraction, self.total, self.bytes_present
        is_whole_known = (self.expected or 0) > 0 or self.phase not in _OF_UNKNOWN_LENGTH
        if total and self.layers and is_whole_known:
            fraction = max(fraction or 0.0, min(_ALMOST, bytes_present / total))
        samples = self.samples
        if not self.current:
            samples = ()
        elif not samples or now - samples[-1][0] >= _SAMPLE_EVERY:
            samples = (*self._window(now), (now, self.received))
        completed = max(self.max_completed, bytes_present)
        return replace(
            self, max_completed=completed, max_total=total, max_fraction=fraction, samples=samples
        )

    def _window(self, now: float) -> tuple[tuple[float, int], ...]:
        """Return the samples that count; one older than the window stays, to measure a gap from."""
        older = sum(at <= now - WINDOW for at, _ in self.samples)
        return self.samples[max(0, older - 1) :]

    def _completed(self) -> dict[str, LayerProgress]:
        """Return all layers, each whole."""
        return {k: LayerProgress(layer.total, layer.total) for k, layer in self.layers.items()}


def _phase_name(status: str) -> str:
    """Return the server's words without digests, inert and short."""
    if status == "verifying sha256 digest":
        return "verifying"
    words = _DIGEST.sub("", inert(status[: 2 * _LONGEST_PHASE]))
    if words in {"pulling model", "pushing model"}:
        return words.removesuffix(" model")
    return words[:_LONGEST_PHASE]
