"""What goes wrong on the way of an answer: said once, done to sockets and to httpx's transports."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass


class Kind(enum.Enum):
    """What happens to an answer."""

    PASS = "pass"
    """Nothing."""
    CUT = "cut"
    """The connection is closed (FIN), in the middle of what HTTP has announced."""
    END = "end"
    """The answer ends in good form, as a proxy ends it that frames it anew; transport only."""
    RESET = "reset"
    """The connection is reset (RST)."""
    STALL = "stall"
    """Nothing more comes until the test lets it go on."""
    SLOW = "slow"
    """A few bytes come at a time."""
    CORRUPT = "corrupt"
    """Some bytes are other ones."""
    DUPLICATE = "duplicate"
    """Some bytes come twice."""
    REORDER = "reorder"
    """Two pieces change places."""
    MUTE = "mute"
    """The connection is accepted, and nothing is ever said; the request reaches nobody."""
    REFUSE = "refuse"
    """There is no connection; transport only: see `Proxy.refuse` for sockets."""


STOPS = frozenset({Kind.CUT, Kind.END, Kind.RESET, Kind.STALL})


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one answer, and where."""

    kind: Kind = Kind.PASS
    after: int = 0
    """Bytes that go through before: of the whole answer at a socket, of its body in a transport."""
    size: int = 1
    """Bytes that are damaged, repeated, in one of two pieces, or let through at a time."""


class Shaper:
    """Does to the bytes of one answer what its fault says."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._at = 0
        self._held = b""
        self._done = False

    def feed(self, data: bytes) -> Iterator[bytes | Kind]:
        """Yield what comes of `data`: bytes, and kinds for what happens between them."""
        if self._fault.kind is Kind.SLOW:
            for at in range(0, len(data), self._fault.size):
                yield data[at : at + self._fault.size]
                yield Kind.SLOW
            return
        before = max(0, self._fault.after - self._at)
        if self._done or len(data) < before or self._fault.kind is Kind.PASS:
            self._at += len(data)
            yield data
            return
        self._at = self._fault.after
        if before:
            yield data[:before]
        if self._fault.kind in STOPS:
            self._done = True
            yield self._fault.kind
            yield data[before:]
            return
        self._held += data[before:]
        if len(self._held) >= self._needed:
            yield from self.finish()

    def finish(self) -> Iterator[bytes]:
        """Yield what was held back, when the answer ends."""
        size, held = self._fault.size, self._held
        self._held, self._done = b"", True
        piece, second = held[:size], held[size : 2 * size]
        match self._fault.kind:
            case Kind.CORRUPT:
                yield bytes(byte ^ 0x55 for byte in piece) + held[size:]
            case Kind.DUPLICATE:
                yield piece + held
            case Kind.REORDER:
                yield second + piece + held[2 * size :]

    @property
    def _needed(self) -> int:
        """Bytes that must be there before the fault can be done."""
        return self._fault.size * (2 if self._fault.kind is Kind.REORDER else 1)
