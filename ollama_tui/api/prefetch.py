"""The first answers of a server, requested while the rest of the program is still loading.

Loading httpx takes a third of a start. A plain GET needs only the standard library, so a thread
asks for what the first frame can show. Anything but a plain 200 response counts as no answer: the
client asks again then, and reports what is wrong.
"""

from __future__ import annotations

import asyncio
import re
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from io import BufferedReader, RawIOBase
from time import monotonic
from typing import Any, BinaryIO

from ollama_tui import __version__
from ollama_tui.api import decode
from ollama_tui.api.errors import OllamaError
from ollama_tui.api.host import Host
from ollama_tui.api.replies import Answers
from ollama_tui.api.requests import LIST, RUNNING, VERSION

STEP_TIMEOUT = 3.0
"""Seconds for connecting and for each read; `wait` may wait less."""
ANSWER_TIMEOUT = 10.0
"""Seconds for one answer, however many reads it takes."""
MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""Bytes of an answer, of which three are kept: a list of 50,000 models. The client reads more."""
SWITCH_INTERVAL = 0.0005
"""GIL switch interval in seconds while the prefetch thread runs; Python's default is 0.005."""
MAX_LINE_BYTES = 64 * 1024
MAX_HEADERS = 100
_REQUEST = (
    b"GET %b HTTP/1.0\r\nHost: %b:%d\r\n"
    b"User-Agent: ollama-tui/" + __version__.encode() + b"\r\n"
    b"Accept: */*\r\nAccept-Encoding: identity\r\n\r\n"
)
_OK = re.compile(rb"http/1\.[01] 200\b.*")
_UNSUPPORTED = frozenset({b"transfer-encoding", b"content-encoding"})
_ASKED = (LIST, RUNNING, VERSION)

Bodies = tuple[bytes, ...]


class Prefetch:
    """Asks one server over plain HTTP for list, running models and version, as soon as it is made.

    No redirect is followed, no proxy and no key used.
    """

    @classmethod
    def of(cls, host: Host, environ: Mapping[str, str]) -> Prefetch | None:
        """Ask `host`, unless that takes TLS or a proxy: then None."""
        return cls(host) if host.scheme == "http" and not host.is_proxied(environ) else None

    def __init__(self, host: Host, clock: Callable[[], float] = monotonic) -> None:
        self._bodies: Future[Bodies | None] = Future()
        self._answers: Answers | None = None
        threading.Thread(target=_ask, args=(self._bodies, host, clock), daemon=True).start()

    def answers(self) -> Answers | None:
        """Return the answers if all have arrived and are good; None otherwise."""
        bodies = self._bodies.result() if self._bodies.done() else None
        if bodies:
            # Decoded once, and then the bytes go: a list of 10,000 has 3 MB of them.
            self._bodies = Future()
            self._bodies.set_result(None)
            listed, running, version = bodies
            with suppress(OllamaError):
                self._answers = Answers(
                    decode.listed_models(listed),
                    decode.running_models(running),
                    decode.version(version),
                )
        return self._answers

    async def wait(self, seconds: float) -> Answers | None:
        """Return the answers once they have arrived; None for bad ones, or after `seconds`."""
        await asyncio.wait([asyncio.wrap_future(self._bodies)], timeout=seconds)
        return self.answers()


class _TimedReader(RawIOBase):
    """Reads from a connection until the time `end`; then TimeoutError, even if data trickles in."""

    def __init__(self, connection: socket.socket, clock: Callable[[], float], end: float) -> None:
        self._connection = connection
        self._clock = clock
        self._end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._clock() >= self._end:
            raise TimeoutError
        return self._connection.recv_into(buffer)


def _ask(bodies: Future[Bodies | None], host: Host, clock: Callable[[], float]) -> None:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        bodies.set_result(tuple(_get(host, endpoint.path, clock) for endpoint in _ASKED))
    except (OSError, ValueError):
        bodies.set_result(None)
    finally:
        sys.setswitchinterval(usual)


def _get(host: Host, path: str, clock: Callable[[], float]) -> bytes:
    """Return the body of a 200 response; raises OSError, or ValueError for any other.

    HTTP/1.0, where the body is not chunked and ends with the connection, takes a few lines; loading
    http.client, and the mail parser it needs, takes a tenth of the time of importing Textual.
    """
    end = clock() + ANSWER_TIMEOUT
    name = host.name.encode("ascii")
    header = b"[%b]" % name if ":" in host.name else name
    # As bytes, so that the IDNA codec is not loaded; the stubs only know str.
    address: Any = (name, host.port)
    with socket.create_connection(address, timeout=STEP_TIMEOUT) as connection:
        target = (host.prefix + path).encode("ascii")
        connection.sendall(_REQUEST % (target, header, host.port))
        with BufferedReader(_TimedReader(connection, clock, end)) as file:
            return _body_in(file)


def _body_in(file: BinaryIO) -> bytes:
    head: list[bytes] = []
    while line := file.readline(MAX_LINE_BYTES).lower().rstrip(b"\r\n"):
        head.append(line)
        if len(head) > 1 + MAX_HEADERS:
            raise ValueError("too many headers")
    status, *lines = head or [b""]
    headers = dict(line.split(b": ", 1) for line in lines)
    if not _OK.fullmatch(status) or _UNSUPPORTED & headers.keys():
        raise ValueError("not a plain 200 response")
    length = headers.get(b"content-length")
    if length is None:
        return file.read(MAX_ANSWER_BYTES)
    if not length.isdigit() or len(length) > 15 or int(length) > MAX_ANSWER_BYTES:
        raise ValueError("a bad Content-Length")
    body = file.read(int(length))
    if len(body) != int(length):
        raise ValueError("an incomplete body")
    return body
