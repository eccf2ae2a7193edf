"""Answers as they leave the server: JSON, nothing, plain text, and streams of events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpx

from ollama_tui.demo.faults import Fault
from ollama_tui.demo.gojson import encode
from ollama_tui.demo.requests import Fields, is_streaming

JSON = "application/json; charset=utf-8"
STREAMED_JSON = "application/json"
NDJSON = "application/x-ndjson"
PLAIN = "text/plain"

Events = AsyncGenerator[dict[str, Any], None]


def answer(value: Any, status: int = 200, content_type: str = JSON) -> httpx.Response:
    """Return a JSON answer."""
    return json_answer(encode(value), status, content_type)


def json_answer(body: bytes, status: int = 200, content_type: str = JSON) -> httpx.Response:
    """Return an answer whose JSON is encoded already."""
    return httpx.Response(status, headers={"content-type": content_type}, content=body)


def nothing(status: int = 200) -> httpx.Response:
    """Return an answer without a body."""
    return httpx.Response(status, headers={"content-length": "0"})


def text(words: str, status: int = 200, content_type: str = PLAIN) -> httpx.Response:
    """Return plain text."""
    return httpx.Response(status, headers={"content-type": content_type}, content=words.encode())


def refusal(fault: Fault, content_type: str = JSON) -> httpx.Response:
    """Return an error answer."""
    return answer(fault.body, fault.status, content_type)


async def events_or_last(events: Events, body: Fields) -> httpx.Response:
    """Return the stream of `events`, or only the last one when the client wants no stream.

    The status is known with the first event: an error before it is an ordinary error answer, one
    after it a last line.
    """
    if not is_streaming(body):
        return await _last(events)
    try:
        first = await anext(events)
    except Fault as fault:
        return refusal(fault, STREAMED_JSON)
    return httpx.Response(200, headers={"content-type": NDJSON}, stream=_Lines(first, events))


async def _last(events: Events) -> httpx.Response:
    last: dict[str, Any] = {}
    try:
        async for event in events:
            last = event
    except Fault as fault:
        return refusal(fault, STREAMED_JSON)
    return answer(last, content_type=STREAMED_JSON)


class _Lines(httpx.AsyncByteStream):
    """Events as lines of JSON; closing it closes the generator, and so stops the work."""

    def __init__(self, first: dict[str, Any], rest: Events) -> None:
        self._first = first
        self._rest = rest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield encode(self._first) + b"\n"
        try:
            async for event in self._rest:
                yield encode(event) + b"\n"
        except Fault as fault:
            yield encode(fault.body) + b"\n"

    async def aclose(self) -> None:
        """Stop the work behind the events."""
        await self._rest.aclose()
