"""An httpx transport between a client and another, which does to answers what a test says.

In memory, and in virtual time: nothing here waits for a clock but by the `sleep` it is given.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable

import httpx

from tests.faults.faults import Fault, Kind, Shaper

STREAMS = frozenset({"/api/pull", "/api/push", "/api/create"})


class FaultyTransport(httpx.AsyncBaseTransport):
    """Gives the answers to requests for `paths` the faults of a script, one each, in order.

    When the script is at its end, `usual` is what happens. A slow answer waits `pause` seconds
    after each piece.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        script: Iterable[Fault] = (),
        *,
        paths: Collection[str] = STREAMS,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        pause: float = 1.0,
    ) -> None:
        self._inner = inner
        self._sleep = sleep
        self._pause = pause
        self._paths = paths
        self.script = deque(script)
        self.usual = Fault()
        self.answers: list[FaultyBody] = []
        """The bodies of those answers so far."""
        self.asked = 0
        """Requests for those paths."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path not in self._paths:
            return await self._inner.handle_async_request(request)
        self.asked += 1
        fault = self.script.popleft() if self.script else self.usual
        if fault.kind is Kind.REFUSE:
            raise httpx.ConnectError("All connection attempts failed", request=request)
        if fault.kind is Kind.MUTE:
            await asyncio.Event().wait()
        response = await self._inner.handle_async_request(request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        self.answers.append(FaultyBody(response.stream, fault, self._wait))
        headers = [(k, v) for k, v in response.headers.items() if k != "content-length"]
        return httpx.Response(response.status_code, headers=headers, stream=self.answers[-1])

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _wait(self) -> None:
        await self._sleep(self._pause)


class FaultyBody(httpx.AsyncByteStream):
    """The body of one answer."""

    def __init__(
        self, body: httpx.AsyncByteStream, fault: Fault, pause: Callable[[], Awaitable[None]]
    ) -> None:
        self._body = body
        self._shaper = Shaper(fault)
        self._pause = pause
        self.go_on = asyncio.Event()
        """What a stalled answer waits for."""
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._body:
            for piece in self._shaper.feed(data):
                if isinstance(piece, bytes):
                    yield piece
                elif piece is Kind.CUT:
                    raise httpx.RemoteProtocolError(
                        "peer closed connection without sending complete message body "
                        "(incomplete chunked read)"
                    )
                elif piece is Kind.RESET:
                    raise httpx.ReadError("connection reset by peer")
                elif piece is Kind.STALL:
                    await self.go_on.wait()
                elif piece is Kind.SLOW:
                    await self._pause()
                else:
                    return
        for piece in self._shaper.finish():
            yield piece

    async def aclose(self) -> None:
        self.closed = True
        await self._body.aclose()
