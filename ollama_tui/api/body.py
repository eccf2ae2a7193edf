"""The body of an answer: as it was sent, no larger and no slower than an answer can be."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

from ollama_tui.api.clock import Watchdog

PLAIN = {"Accept-Encoding": "identity"}
"""What every request says: what is unpacked here may be thousands of times what was sent."""
SLOWEST = 1000
"""Bytes a second that an answer must come with, after its first half minute."""


class TooLarge(Exception):  # noqa: N818 - says what is wrong
    """A body has more bytes than it may have."""


def pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """Return the body as it comes; raise httpx.DecodingError when it is packed in any way."""
    packing = response.headers.get("content-encoding", "").strip().lower()
    if packing not in ("", "identity"):
        raise httpx.DecodingError("a packed body", request=response.request)
    # One that is in memory already can be read once only in this way.
    return response.aiter_bytes() if response.is_stream_consumed else response.aiter_raw()


async def whole(response: httpx.Response, limit: int, watch: Watchdog) -> bytes:
    """Return the body; raise TooLarge with more than `limit` bytes, TimeoutError when it trickles.

    `watch` must surround the call. Every byte puts its end off a little.
    """
    body = bytearray()
    async for piece in pieces(response):
        body += piece
        watch.extend(len(piece) / SLOWEST)
        if len(body) > limit:
            raise TooLarge
    return bytes(body)


async def start(response: httpx.Response, limit: int, watch: Watchdog) -> bytes:
    """Return the first `limit` bytes of a body; what a refusal says needs no more."""
    body = bytearray()
    async for piece in pieces(response):
        body += piece
        watch.extend(len(piece) / SLOWEST)
        if len(body) >= limit:
            break
    return bytes(body[:limit])
