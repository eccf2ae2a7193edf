"""An Ollama server whose every word is given by the test, behind httpx's transport."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx

from ollama_tui.domain.plan import Deletion
from ollama_tui.services.jobs.tasks import Delete
from tests.clock import settle

DIGEST = "sha256:" + "1a" * 32
OTHER_DIGEST = "sha256:" + "2b" * 32


def deleting(*names: str, loaded: tuple[str, ...] = ()) -> Delete:
    """Return the deletion of `names`, whatever is under them; those `loaded` are unloaded first."""
    unload = {name: ((name, ""),) for name in loaded}
    return Delete(tuple(Deletion(name, unload=unload.get(name, ())) for name in names))


class Stream(httpx.AsyncByteStream):
    """The body of one transfer; each line comes when the test says it."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.closed = False
        self.breaks_on_closing = False
        """Whether the connection turns out to be broken when it is closed."""
        self._lines: asyncio.Queue[bytes | httpx.HTTPError | None] = asyncio.Queue()

    async def say(self, status: str = "", **fields: object) -> None:
        """Send one event and let it arrive."""
        event = {"status": status, **fields} if status else fields
        self._lines.put_nowait(json.dumps(event).encode() + b"\n")
        await settle()

    async def layer(self, completed: int, total: int, digest: str = DIGEST) -> None:
        """Send one event of a layer being pulled."""
        sent = {"completed": completed} if completed else {}
        await self.say(f"pulling {digest[7:19]}", digest=digest, total=total, **sent)

    async def succeed(self) -> None:
        """Send the last line and end."""
        await self.say("success")
        await self.end()

    async def end(self) -> None:
        """End the stream, as a server does that goes down gracefully."""
        self._lines.put_nowait(None)
        await settle()

    async def tear(self) -> None:
        """Break the connection."""
        self._lines.put_nowait(httpx.ReadError("connection reset"))
        await settle()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (line := await self._lines.get()) is not None:
            if isinstance(line, httpx.HTTPError):
                raise line
            yield line

    async def aclose(self) -> None:
        self.closed = True
        if self.breaks_on_closing:
            raise httpx.ReadError("connection reset")


class Stage:
    """The server: keeps what was asked, streams transfers, refuses what the test wants refused."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """`POST /api/pull qwen3:8b`, in order."""
        self.streams: list[Stream] = []
        self.refused: dict[str, tuple[int, str]] = {}
        """What to answer instead, by what is asked."""
        self.statuses: dict[str, str] = {}
        """What the server says of what it has done, by what is asked."""
        self.garbage: tuple[int, bytes] | None = None
        """What somebody else answers to everything: a status and a body."""
        self.held: dict[str, asyncio.Event] = {}
        """What is answered only when its event is set."""
        self.listed: tuple[str | tuple[str, str], ...] = ()
        """The models there are, or their names and digests; asking for them is not kept."""
        self.down = False

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    @property
    def stream(self) -> Stream:
        """The newest stream."""
        return self.streams[-1]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/tags" and not self.down:
            rows = [(row, "") if isinstance(row, str) else row for row in self.listed]
            models = [{"name": name, "digest": digest} for name, digest in rows]
            return httpx.Response(200, json={"models": models})
        body = json.loads(request.content or b"{}")
        model = body.get("model") or body.get("destination")
        runner = f" {body['runner']}" if "runner" in body else ""
        asked = f"{request.method} {request.url.path} {model}{runner}"
        self.asked.append(asked)
        if self.down:
            raise httpx.ConnectError("connection refused", request=request)
        if self.garbage is not None:
            return httpx.Response(self.garbage[0], content=self.garbage[1])
        if asked in self.held:
            await self.held[asked].wait()
        if asked in self.refused:
            status, words = self.refused[asked]
            return httpx.Response(status, json={"error": words})
        if request.url.path in {"/api/pull", "/api/push", "/api/create"}:
            return self._streamed(model)
        if request.url.path == "/api/generate":
            return httpx.Response(200, json={"model": model, "done_reason": "unload"})
        if asked in self.statuses:
            return httpx.Response(200, json={"status": self.statuses[asked]})
        return httpx.Response(200)

    def _streamed(self, model: str) -> httpx.Response:
        self.streams.append(Stream(model))
        headers = {"Content-Type": "application/x-ndjson"}
        return httpx.Response(200, headers=headers, stream=self.stream)
