"""A file as the body of a request: in chunks for httpx, or by sendfile.

Over a direct plain connection, `post` has the kernel copy the file into the socket (`os.sendfile`),
in a thread. `loop.sock_sendfile` would do it in the event loop's thread: that reaches half the
rate, and a slow disk would block the screen.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ollama_tui.api.errors import OllamaError
from ollama_tui.formatting import inert

if TYPE_CHECKING:
    from asyncio.trsock import TransportSocket

    import h11

CHUNK = 1024 * 1024
"""Bytes read at a time; at most three such chunks are in memory."""
STEP = 1024 * 1024
"""Bytes per sendfile call; the file and the server's answer are checked between calls."""
ANSWER_LIMIT = 64 * 1024
_READ = 64 * 1024
POSSIBLE = hasattr(os, "sendfile") and hasattr(select, "poll")

KEEPALIVE_IDLE = 15
"""Seconds of silence before the first probe."""
KEEPALIVE_INTERVAL = 5
"""Seconds between probes."""
KEEPALIVE_TRIES = 4
"""Unanswered probes after which the connection is lost."""
_KEEPALIVE_OPTIONS = {
    "TCP_KEEPIDLE": KEEPALIVE_IDLE,
    "TCP_KEEPALIVE": KEEPALIVE_IDLE,
    "TCP_KEEPINTVL": KEEPALIVE_INTERVAL,
    "TCP_KEEPCNT": KEEPALIVE_TRIES,
}
"""By name: each operating system has only some of them."""


class FileBody:
    """An open file and the size it had when it was opened; see `open_body`."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        self._ahead: asyncio.Task[bytes] | None = None
        self.fileno = file.fileno()
        self.size = os.fstat(self.fileno).st_size
        """Bytes."""

    async def chunks(self, sent: Callable[[int], None]) -> AsyncGenerator[bytes, None]:
        """Yield the file's bytes, reading ahead in a thread; `sent` gets the bytes taken so far.

        Raises OllamaError when the file shrank, grew or cannot be read.
        """
        chunk, done = await self._read(self._start_reading()), 0
        while chunk:
            following = self._start_reading()
            done += len(chunk)
            # Check before the last chunk, so that the server never accepts a changed file.
            if done >= self.size and (done > self.size or await self._read(following)):
                raise changed(self.path, "longer")
            yield chunk
            sent(done)
            chunk = await self._read(following)
        if done < self.size:
            raise changed(self.path, "shorter")

    def check(self, expected: int | None = None) -> None:
        """Raise OllamaError unless the file has `expected` bytes, by default those it had."""
        expected = self.size if expected is None else expected
        if (found := os.fstat(self.fileno).st_size) != expected:
            raise changed(self.path, "longer" if found > expected else "shorter")

    def close(self) -> None:
        """Close the file, but only after a read that is under way: threads do not stop."""

        def close(reading: asyncio.Task[bytes]) -> None:
            if not reading.cancelled():
                reading.exception()  # seen, so that asyncio does not complain
            self._file.close()

        if self._ahead is None:
            self._file.close()
        else:
            self._ahead.add_done_callback(close)

    def _start_reading(self) -> asyncio.Task[bytes]:
        self._ahead = asyncio.create_task(asyncio.to_thread(self._file.read, CHUNK))
        return self._ahead

    async def _read(self, reading: asyncio.Task[bytes]) -> bytes:
        try:
            return await asyncio.shield(reading)
        except OSError as error:
            raise _unreadable(self.path, error) from error


@asynccontextmanager
async def open_body(path: Path, expected: int | None = None) -> AsyncIterator[FileBody]:
    """Open a file for upload; raise OllamaError when it cannot be read or has another size.

    A server keeps what it receives under its true digest, so a wrong file is best not sent at all.
    """
    try:
        body = await asyncio.to_thread(lambda: FileBody(path, path.open("rb")))
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        body.check(expected)
        yield body
    finally:
        body.close()


def changed(path: Path, how: str) -> OllamaError:
    """Return the error for a file that became `longer` or `shorter` during the upload."""
    return OllamaError(
        f"{_label(path)} was not uploaded: it became {how} while it was being read.",
        "Wait until nothing is writing to it, then try again.",
    )


def _unreadable(path: Path, error: OSError) -> OllamaError:
    if isinstance(error, FileNotFoundError):
        reason, hint = "it is no longer there", "Choose the file again."
    elif isinstance(error, PermissionError):
        reason, hint = "it may not be read", "Check the permissions of the file."
    else:
        reason, hint = "it cannot be read", f"The system says: {inert(error.strerror or 'error')}."
    return OllamaError(f"{_label(path)} was not uploaded: {reason}.", hint)


def _label(path: Path) -> str:
    name = inert(path.name)
    return name if len(name) <= 44 else f"{name[:21]}…{name[-22:]}"


class UploadResponse(NamedTuple):
    """What the server answered to an upload."""

    status: int
    location: str
    """Where a redirect leads; empty for none."""
    body: bytes
    """At most ANSWER_LIMIT bytes; empty for that of a refusal when it is compressed."""


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """Where to send a file, and under which headers."""

    host: str
    port: int
    path: str
    headers: Mapping[str, str]
    connect_timeout: float
    """Seconds to wait for a connection."""


async def post(
    request: UploadRequest, file: FileBody, sent: Callable[[int], None]
) -> UploadResponse:
    """Send the file and return the answer; `sent` gets the bytes sent so far.

    Raises what httpx raises, and OllamaError when the file changes. Cancelling closes the
    connection at once.
    """
    loop = asyncio.get_running_loop()
    connection = await _connect(request)
    work = loop.run_in_executor(
        None,
        _exchange,
        connection,
        request,
        file,
        lambda done: loop.call_soon_threadsafe(sent, done),
    )
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)  # wakes the thread, which is using the file
        await asyncio.wait([work])
        work.exception()  # seen, so that asyncio does not complain
        raise
    finally:
        connection.close()


async def _connect(request: UploadRequest) -> socket.socket:
    import httpx  # loaded already wherever something is sent

    def close(work: asyncio.Future[socket.socket]) -> None:
        if not work.cancelled() and work.exception() is None:
            work.result().close()

    work = asyncio.get_running_loop().run_in_executor(
        None, socket.create_connection, (request.host, request.port), request.connect_timeout
    )
    try:
        connection = await asyncio.shield(work)
    except asyncio.CancelledError:
        work.add_done_callback(close)
        raise
    except TimeoutError as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except OSError as error:
        raise httpx.ConnectError(str(error)) from error
    connection.settimeout(None)
    enable_keepalive(connection)
    return connection


def _exchange(
    connection: socket.socket,
    request: UploadRequest,
    file: FileBody,
    report: Callable[[int], object],
) -> UploadResponse:
    import h11  # loaded already wherever something is sent, as httpx is
    import httpx

    http = h11.Connection(h11.CLIENT)
    try:
        head = http.send(
            h11.Request(method="POST", target=request.path, headers=list(request.headers.items()))
        )
        connection.sendall(head or b"")
        # A server that has the blob answers early and hangs up: the answer may be there to read.
        with suppress(ConnectionError):
            _send(connection, file, report)
        return _answer(connection, http)
    except OSError as error:
        raise httpx.ReadError(str(error)) from error
    except h11.RemoteProtocolError as error:
        raise httpx.RemoteProtocolError(str(error)) from error
    except h11.LocalProtocolError as error:
        raise httpx.LocalProtocolError(str(error)) from error


def _answer(connection: socket.socket, http: h11.Connection) -> UploadResponse:
    """Read the answer, passing over informational ones; raises what h11 and the system raise."""
    import h11
    import httpx

    status, location, body = 0, "", bytearray()
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            data = connection.recv(_READ)
            # h11 would wait for the end of what some other program says first.
            begins = http.their_state is h11.SEND_RESPONSE and not http.trailing_data[0]
            if begins and not data.startswith(b"HTTP/"[: len(data)]):
                raise h11.RemoteProtocolError("illegal status line")
            http.receive_data(data)
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = {bytes(name): bytes(value).strip() for name, value in event.headers}
            location = headers.get(b"location", b"").decode("latin-1")
            if headers.get(b"content-encoding", b"").lower() not in (b"", b"identity"):
                if status < 300:
                    raise httpx.DecodingError("a compressed body")
                break  # the status is enough
        elif isinstance(event, h11.Data) and len(body) < ANSWER_LIMIT:
            body += event.data
        elif not isinstance(event, h11.InformationalResponse):
            break
    if not status:
        raise h11.RemoteProtocolError("illegal answer of another protocol")
    return UploadResponse(status, location, bytes(body[:ANSWER_LIMIT]))


def _send(connection: socket.socket, file: FileBody, report: Callable[[int], object]) -> None:
    """Send the file until its end, or until the server answers."""
    answers = select.poll()
    answers.register(connection, select.POLLIN)
    done = 0
    while done < file.size and not answers.poll(0):
        step = min(STEP, file.size - done)
        # Check before the last chunk, so that the server never accepts a changed file.
        if done + step == file.size:
            file.check()
        count = os.sendfile(connection.fileno(), file.fileno, done, step)
        if count == 0:
            raise changed(file.path, "shorter")
        done += count
        report(done)


def enable_keepalive(connection: socket.socket | TransportSocket) -> None:
    """Have the kernel notice within half a minute when the other side is gone.

    A NAT box that restarts or a VPN that changes drops connections silently. While a server
    verifies a download it sends nothing for minutes, so only this tells the two apart.
    """
    with suppress(OSError):  # not a TCP connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE_OPTIONS.items():
            if (option := getattr(socket, name, None)) is not None:
                connection.setsockopt(socket.IPPROTO_TCP, option, value)
