"""The first answers of a server, asked for while the rest of the program is still being loaded.

Loading httpx takes a third of a start. A plain GET needs only the standard library, so a thread
asks for what the first frame can show. Whatever is not an ordinary good answer counts as none: the
client asks again then, and knows how to say what is wrong.
"""

from __future__ import annotations

import asyncio
import re
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from io import BufferedReader, RawIOBase
from time import monotonic
from typing import Any, BinaryIO, NamedTuple, Protocol

from ollama_tui import __version__
from ollama_tui.api import decode
from ollama_tui.api import endpoints as calls
from ollama_tui.api.errors import OllamaError
from ollama_tui.api.replies import Answers

PATIENCE = 3.0
"""Seconds for each step of the thread; nobody has to wait for it that long."""
LONGEST = 10.0
"""Seconds for one answer, of however many steps."""
LARGEST = 64 * 1024 * 1024
"""Bytes of an answer; the client may ask for more."""
EAGER = 0.0005
"""Seconds the loading thread may keep the interpreter while this one has something to read."""
LONGEST_LINE = 64 * 1024
_PROXIES = ("http_proxy", "all_proxy")
_REQUEST = (
    b"GET %b HTTP/1.0\r\nHost: %b:%d\r\n"
    b"User-Agent: ollama-tui/" + __version__.encode() + b"\r\n"
    b"Accept: */*\r\nAccept-Encoding: identity\r\n\r\n"
)
_GOOD = re.compile(rb"http/1\.[01] 200\b.*")
_ODD = frozenset({b"transfer-encoding", b"content-encoding"})
_ASKED = (calls.LIST, calls.RUNNING, calls.VERSION)

Bodies = tuple[bytes, ...]


class Address(Protocol):
    """What is asked of an address here; `settings.Host` is one."""

    @property
    def scheme(self) -> str:
        """`http` or another."""

    @property
    def name(self) -> str:
        """Host name or IP address."""

    @property
    def port(self) -> int:
        """The port."""

    @property
    def prefix(self) -> str:
        """Path in front of `/api`."""

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""


class First:
    """Asks one server over plain HTTP for list, running models and version, as soon as it is made.

    `prefix` is the path in front of `/api`. No redirect is followed, no proxy and no key used.
    """

    @classmethod
    def of(cls, host: Address, environ: Mapping[str, str]) -> First | None:
        """Ask `host`, unless that takes TLS or a proxy: then None."""
        proxies = {name for base in _PROXIES for name in (base, base.upper()) if environ.get(name)}
        if host.scheme != "http" or (proxies and not host.is_loopback):
            return None
        return cls(host.name, host.port, host.prefix)

    def __init__(
        self, host: str, port: int, prefix: str = "", clock: Callable[[], float] = monotonic
    ) -> None:
        self._bodies: Future[Bodies | None] = Future()
        arguments = (self._bodies, _Asking(host, port, prefix, clock))
        threading.Thread(target=_ask, args=arguments, daemon=True).start()

    def answers(self) -> Answers | None:
        """Return the answers if they are there, and good."""
        bodies = self._bodies.result() if self._bodies.done() else None
        return _decoded(*bodies) if bodies else None

    async def wait(self, seconds: float) -> Answers | None:
        """Return the answers once they are there; None for bad ones, or none in time."""
        await asyncio.wait([asyncio.wrap_future(self._bodies)], timeout=seconds)
        return self.answers()


class _Asking(NamedTuple):
    """Whom to ask, and the seconds that pass meanwhile."""

    host: str
    port: int
    prefix: str
    clock: Callable[[], float]


class _Arriving(RawIOBase):
    """What comes on a connection until `end`; then TimeoutError, however little still comes."""

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


def _ask(bodies: Future[Bodies | None], asking: _Asking) -> None:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(EAGER)
    try:
        bodies.set_result(_answers(asking))
    finally:
        sys.setswitchinterval(usual)


def _answers(asking: _Asking) -> Bodies | None:
    try:
        return tuple(_get(asking, asking.prefix + endpoint.path) for endpoint in _ASKED)
    except (OSError, ValueError):
        return None


def _get(asking: _Asking, path: str) -> bytes:
    """Return the body of a good answer; raises OSError, or ValueError for any other answer.

    HTTP/1.0, where an answer is one piece and ends with the connection, is a few lines; loading
    http.client, and the mail parser it needs, is as much as a tenth of importing Textual.
    """
    end = asking.clock() + LONGEST
    bare = asking.host.encode("ascii")
    name = b"[%b]" % bare if ":" in asking.host else bare
    # As bytes, so that no codec for names is loaded: the stubs know of text only.
    place: Any = (bare, asking.port)
    with socket.create_connection(place, timeout=PATIENCE) as connection:
        connection.sendall(_REQUEST % (path.encode("ascii"), name, asking.port))
        with BufferedReader(_Arriving(connection, asking.clock, end)) as file:
            return _body_in(file)


def _body_in(file: BinaryIO) -> bytes:
    status, *lines = _head_in(file)
    headers = dict(line.split(b": ", 1) for line in lines)
    if not _GOOD.fullmatch(status) or _ODD & headers.keys():
        raise ValueError("not a plain good answer")
    said = headers.get(b"content-length")
    if said is None:
        return file.read(LARGEST)
    if not said.isdigit() or len(said) > 15 or int(said) > LARGEST:
        raise ValueError("a length that is none")
    body = file.read(int(said))
    if len(body) != int(said):
        raise ValueError("not all of an answer")
    return body


def _head_in(file: BinaryIO) -> list[bytes]:
    """Return the lines before the empty one, in lower case."""
    lines: list[bytes] = []
    while (line := file.readline(LONGEST_LINE).lower().rstrip(b"\r\n")) and len(lines) < 100:
        lines.append(line)
    return lines or [b""]


def _decoded(listed: bytes, running: bytes, version: bytes) -> Answers | None:
    try:
        return Answers(
            decode.listed_models(listed), decode.running_models(running), decode.version(version)
        )
    except OllamaError:
        return None
