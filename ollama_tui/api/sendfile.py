"""A file sent by the operating system itself, for plain HTTP with nothing between.

The bytes go from the file's cache into the socket without coming by here, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from typing import NamedTuple

import httpx

from ollama_tui.api.keep_alive import keep_alive
from ollama_tui.api.upload import FileBody

STEP = 1024 * 1024
"""Bytes between two looks at the file and at what the server says."""
ANSWER_LIMIT = 64 * 1024
POSSIBLE = hasattr(os, "sendfile") and hasattr(select, "poll")


class Answer(NamedTuple):
    """What the server said."""

    status: int
    location: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """Where to send a file, and under which headers."""

    host: str
    port: int
    path: str
    headers: Mapping[str, str]
    patience: float
    """Seconds to wait for a connection."""


async def post(request: Request, file: FileBody, sent: Callable[[int], None] | None) -> Answer:
    """Send the file and return the answer; raises as httpx does, and OllamaError as `FileBody`."""
    loop = asyncio.get_running_loop()

    def told(done: int) -> None:
        if sent is not None:
            loop.call_soon_threadsafe(sent, done)

    connected = await _connected(request)
    work = loop.run_in_executor(None, _exchange, connected, request, file, told)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)  # wakes the thread, which has the file
        await asyncio.wait([work])
        work.exception()  # seen, so that asyncio does not complain
        raise
    finally:
        connected.close()


async def _connected(request: Request) -> socket.socket:
    place = (request.host, request.port)
    work = asyncio.get_running_loop().run_in_executor(
        None, socket.create_connection, place, request.patience
    )
    try:
        connected = await asyncio.shield(work)
    except asyncio.CancelledError:
        work.add_done_callback(_close)
        raise
    except TimeoutError as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except OSError as error:
        raise httpx.ConnectError(str(error)) from error
    connected.settimeout(None)
    keep_alive(connected)
    return connected


def _close(work: asyncio.Future[socket.socket]) -> None:
    if not work.cancelled() and work.exception() is None:
        work.result().close()


def _exchange(
    connected: socket.socket, request: Request, file: FileBody, told: Callable[[int], None]
) -> Answer:
    connection = HTTPConnection(request.host, request.port)
    connection.sock = connected
    try:
        connection.putrequest("POST", request.path, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        # Who has the blob answers early and hangs up: what it said may still be there to read.
        with suppress(ConnectionError):
            _send(connected, file, told)
        with connection.getresponse() as response:
            body = response.read(ANSWER_LIMIT)
            return Answer(response.status, response.getheader("Location", ""), body)
    except (OSError, RemoteDisconnected) as error:
        raise httpx.ReadError(str(error)) from error
    except HTTPException as error:
        raise httpx.RemoteProtocolError("illegal answer") from error


def _send(connected: socket.socket, file: FileBody, told: Callable[[int], None]) -> None:
    answers = select.poll()
    answers.register(connected, select.POLLIN)
    done = 0
    while done < file.size and not answers.poll(0):
        step = min(STEP, file.size - done)
        # Before the last bytes go out: the server must never take a wrong file for whole.
        if done + step == file.size:
            file.check()
        count = os.sendfile(connected.fileno(), file.fileno, done, step)
        if count == 0:
            raise file.changed("shorter")
        done += count
        told(done)
