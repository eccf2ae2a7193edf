"""TCP keep-alive: a connection of which only we know is found out within half a minute.

A NAT box that restarts or a VPN that changes drops connections without a word. While a server
verifies a download nothing is sent for minutes, so nothing else would tell the two apart.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any, Protocol

IDLE = 15
"""Seconds of silence before the other side's system is asked whether it is there."""
INTERVAL = 5
"""Seconds between two such questions."""
TRIES = 4
"""Unanswered questions after which the connection is lost."""

_SECONDS = {"TCP_KEEPIDLE": IDLE, "TCP_KEEPALIVE": IDLE, "TCP_KEEPINTVL": INTERVAL}
_OPTIONS = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in {**_SECONDS, "TCP_KEEPCNT": TRIES}.items()
        if hasattr(socket, name)  # each system has its own selection
    ),
)


class Options(Protocol):
    """What is needed of a socket."""

    def setsockopt(self, level: int, option: int, value: int, /) -> None:
        """Set one option."""


def keep_alive(connection: Options) -> None:
    """Have the system find out when the other side of a connection is gone."""
    for option in _OPTIONS:
        with suppress(OSError):  # not on what is no TCP connection
            connection.setsockopt(*option)


async def trace(event: str, info: dict[str, Any]) -> None:
    """Turn it on for each connection that httpx makes: the `trace` extension of a request.

    The socket options of a transport would do the same, but a client with a transport of its own
    does not go through the proxies of the environment.
    """
    if event == "connection.connect_tcp.complete":
        connection = info["return_value"].get_extra_info("socket")
        if connection is not None:
            keep_alive(connection)
