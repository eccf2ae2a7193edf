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
"""Seconds for which `resumed_at` is told."""

_SAMPLE_EVERY = 0.25
_SHORTEST_SPAN = 0.5
_MOST_BYTES = 2**63 - 1  # the server counts in 64 bits; more would overflow a float
_MOST_LAYERS = 1000  # real models have about ten; keeps a hostile stream from growing us
_ALMOST = 0.99  # shown at most while layers may still follow
_LONGEST_PHASE = 60

_OF_UNKNOWN_LENGTH = frozenset({"pulling", "pushing"})  # layer after layer, how many nobody says
_NEW_PASS = frozenset({"pulling manifest", "retrieving manifest"})
_ALL_THERE = frozenset(
    {"verifying sha256 digest", "writing manifest", "pushing manifest", "success"}
)
_DIGEST = re.compile(r"\s+(sha256:)?[0-9a-f]{12,64}$")


@dataclass(frozen=True, slots=True)
class Layer:
    """Bytes of one layer, as last reported."""

    total: int
    completed: int

    def whole(self) -> Layer:
        """Return the same layer, complete."""
        return Layer(self.total, self.total)


@dataclass(frozen=True, slots=True)
class _Start:
    """The first count of a layer: bytes of now or of an earlier download, not known yet."""

    completed: int
    at: float
    elapsed: float


@dataclass(frozen=True, slots=True)
class Transfer:
    """All that is remembered of a stream; `fold` takes the next event, `progress` tells."""

    expected: int | None = None
    """Bytes of all layers and the config when a registry's manifest was read before."""
    layers: Mapping[str, Layer] = field(default_factory=dict)
    current: str = ""
    """The layer at work; empty between layers and in phases without numbers."""
    phase: str = ""
    shown: int = 0
    """The most bytes told so far; `known` and `reached` likewise for total and fraction."""
    known: int = 0
    reached: float | None = None
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
        return max(min(self.expected or 0, _MOST_BYTES), seen, self.known)

    @property
    def held(self) -> int:
        """Bytes the receiver has now; goes down when the server takes some back."""
        return sum(layer.completed for layer in self.layers.values())

    @property
    def is_whole_known(self) -> bool:
        """Whether `total` is that of the whole, and not only of the layers there were so far."""
        return (self.expected or 0) > 0 or self.phase not in _OF_UNKNOWN_LENGTH

    def is_moving(self, event: Progress) -> bool:
        """Whether `event` only takes the layer at work further, so that the next may stand for it.

        Not where every single count matters: for the first ones of a layer, and on the way back.
        """
        if not self.current or self.start is not None or not event.digest:
            return False
        layer = self.layers[self.current]
        further = 0 < layer.completed < event.completed and event.total == layer.total
        return further and self.current == f"{_phase_name(event.status)} {event.digest}"

    def fold(self, event: Progress, now: float) -> Transfer:
        """Return the transfer after `event`, which came at `now` (seconds, any origin)."""
        now = max(now, self.now)
        if self.expected and _is_dummy(event.digest):
            # Work on what was sent, counted by itself: it is not more to be sent.
            event = Progress(f"{event.status}{_share(event)}")
        if event.digest:
            return self._layer(event, now)._tell(now)
        return self._phase(event.status, now)._tell(now)

    def expecting(self, size: int) -> Transfer:
        """Return the transfer when the size of the whole is learned on the way."""
        return replace(self, expected=size, known=self.total)._tell(self.now)

    def break_off(self, now: float) -> Transfer:
        """Return the transfer after its stream broke: what is shown stays, the layers come anew."""
        return replace(
            self,
            layers={},
            current="",
            phase="reconnecting",
            samples=(),
            start=None,
            now=max(now, self.now),
        )

    def progress(self, now: float) -> JobProgress:
        """Return how far it is at `now`, which may be later than the last event."""
        now = max(now, self.now)
        rate = self._rate(now)
        stalled = self._stalled_for(now)
        resuming = now - self.resumed_when < RESUMING_SHOWN
        return JobProgress(
            completed=self.shown,
            total=self.total,
            fraction=self.reached,
            rate=rate,
            eta=self._eta(rate) if not stalled else None,
            phase=self.phase,
            stalled_for=stalled,
            resumed_at=self.resumed_at if resuming else None,
        )

    def _phase(self, status: str, now: float) -> Transfer:
        # Samples go: silent minutes of verifying are not a slow download.
        after = replace(
            self, current="", phase=_phase_name(status), samples=(), now=now, moved_at=now
        )
        if status in _NEW_PASS:
            return replace(after, layers={}, start=None)
        if status in _ALL_THERE:
            # Not `self.layers` alone: small layers may have come and gone without an event.
            return replace(after, layers=self._complete(), reached=1.0, shown=self.total)
        return replace(after, layers=self._complete())

    def _layer(self, event: Progress, now: float) -> Transfer:
        phase = _phase_name(event.status)
        key = f"{phase} {event.digest}"  # the dummy digest of a create serves several phases
        layer = _measured(event)
        if key == self.current:
            return self._same_layer(key, layer, now)
        if key not in self.layers and len(self.layers) >= _MOST_LAYERS:
            return replace(self, now=now)
        elapsed = now - self.now if math.isfinite(self.now) else 0.0
        return replace(
            self,
            layers={**self._complete(), key: layer},
            current=key,
            phase=phase,
            received=self.received + self._tail(),
            start=_Start(layer.completed, now, elapsed),
            now=now,
            moved_at=now,
        )

    def _same_layer(self, key: str, layer: Layer, now: float) -> Transfer:
        before = self.layers[key]
        layer = Layer(layer.total or before.total, layer.completed)
        after = replace(self, layers={**self.layers, key: layer}, now=now)
        if layer.completed == before.completed:
            return after._notice_resume(layer, 0, now)
        if before.completed == 0:
            # The first count may hold what an earlier download left: it says nothing of the rate.
            start = _Start(layer.completed, now, now - self.moved_at)
            return replace(after, moved_at=now, start=start)
        gained = max(0, layer.completed - before.completed)
        after = replace(after, received=self.received + gained, moved_at=now)
        return after._notice_resume(layer, gained, now)

    def _notice_resume(self, layer: Layer, gained: int, now: float) -> Transfer:
        """Compare a layer's first count with its second: far more means an earlier download."""
        start = self.start
        if start is None or now <= start.at or self.phase != "pulling":
            return self
        usual = gained / (now - start.at) * start.elapsed
        after = replace(self, start=None)
        partly = layer.total <= 100 * start.completed < 100 * layer.total
        if start.completed <= 3 * usual or not partly:
            return after
        there = min(1.0, (self.held - gained) / self.total)
        return replace(after, resumed_at=there, resumed_when=now)

    def _tell(self, now: float) -> Transfer:
        """Raise what is shown, never lower it, and take a sample.

        A part of nobody knows how much is no fraction: bytes alone tell it until all are there.
        """
        shown = max(self.shown, self.held)
        reached, total = self.reached, self.total
        if total and self.layers and self.is_whole_known:
            reached = max(reached or 0.0, min(_ALMOST, self.held / total))
        return replace(self, shown=shown, known=total, reached=reached, samples=self._sampled(now))

    def _sampled(self, now: float) -> tuple[tuple[float, int], ...]:
        if not self.current:
            return ()
        if self.samples and now - self.samples[-1][0] < _SAMPLE_EVERY:
            return self.samples
        return (*self._window(now), (now, self.received))

    def _window(self, now: float) -> tuple[tuple[float, int], ...]:
        """Return the samples that count; one older than the window stays, to measure a gap from."""
        older = sum(at <= now - WINDOW for at, _ in self.samples)
        return self.samples[max(0, older - 1) :]

    def _complete(self) -> dict[str, Layer]:
        return {key: layer.whole() for key, layer in self.layers.items()}

    def _tail(self) -> int:
        """Return the unreported last bytes of the layer that ends now."""
        layer = self.layers.get(self.current)
        return layer.total - layer.completed if layer and layer.completed else 0

    def _rate(self, now: float) -> float:
        window = self._window(now)
        silent = now - self.moved_at >= WINDOW
        if silent or not window or now - window[0][0] < _SHORTEST_SPAN:
            return 0.0
        since, had = window[0]
        return (self.received - had) / (now - since)

    def _eta(self, rate: float) -> float | None:
        if rate <= 0 or not self.current:
            return None
        return max(0, self.total - self.held) / rate

    def _stalled_for(self, now: float) -> int:
        # Quantizing is slow without being stuck; only what goes over a network stalls.
        layer = self.layers.get(self.current)
        if layer is None or self.phase not in {"pulling", "pushing"}:
            return 0
        still = int(now - self.moved_at)
        return still if still >= STALLED_AFTER and layer.completed < layer.total else 0


def _measured(event: Progress) -> Layer:
    total = min(max(event.total, 0), _MOST_BYTES)
    return Layer(total, min(max(event.completed, 0), total))


def _is_dummy(digest: str) -> bool:
    return bool(digest) and not digest.strip("0")


def _share(event: Progress) -> str:
    return f" {100 * min(event.completed, event.total) // event.total}%" if event.total else ""


def _phase_name(status: str) -> str:
    """Return the server's words without digests, inert and short."""
    if status == "verifying sha256 digest":
        return "verifying"
    words = _DIGEST.sub("", inert(status[: 2 * _LONGEST_PHASE]))
    if words in {"pulling model", "pushing model"}:
        return words.removesuffix(" model")
    return words[:_LONGEST_PHASE]
