"""The loopback server carries the demo over real sockets."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import httpx

from tests.clock import VirtualClock, at_once, until
from tests.demo.levers import Demo
from tests.serving import serve


async def test_requests_share_a_connection_and_answers_have_their_length() -> None:
    demo = Demo(pace=at_once)
    async with serve(demo.transport()) as url, httpx.AsyncClient(base_url=url) as client:
        first = await client.get("/api/version")
        second = await client.get("/api/tags")
        head = await client.head("/api/tags")
    assert first.json() == {"version": demo.server.version}
    assert len(second.json()["models"]) == len(demo.names)
    assert (head.status_code, head.text) == (200, "")
    assert "connection" not in second.headers


async def test_a_stream_comes_in_chunks_and_ends_with_success() -> None:
    demo = Demo(pace=at_once)
    async with serve(demo.transport()) as url, httpx.AsyncClient(base_url=url) as client:
        response = await client.post("/api/pull", json={"model": "all-minilm"})
    assert response.headers["transfer-encoding"] == "chunked"
    assert response.text.splitlines()[-1] == '{"status":"success"}'


async def test_an_upload_in_chunks_is_kept_under_its_digest() -> None:
    demo = Demo(pace=at_once)
    digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

    async def pieces() -> AsyncIterator[bytes]:
        yield b"hel"
        yield b"lo"

    async with serve(demo.transport()) as url, httpx.AsyncClient(base_url=url) as client:
        made = await client.post(f"/api/blobs/{digest}", content=pieces())
        again = await client.head(f"/api/blobs/{digest}")
    assert (made.status_code, again.status_code) == (201, 200)


async def test_a_client_that_leaves_stops_the_download() -> None:
    ticker = VirtualClock()
    demo = Demo(pace=ticker.sleep, now=ticker.now)
    async with serve(demo.transport()) as url, httpx.AsyncClient(base_url=url) as client:
        async with client.stream("POST", "/api/pull", json={"model": "llama3.2:1b"}) as response:
            lines = response.aiter_lines()
            await anext(lines)
            await until(lambda: ticker.waiting)
            await ticker.advance()
            assert '"completed"' in await anext(lines)
            assert demo.downloads
        await until(lambda: not demo.open_streams)
    assert not demo.downloads
    assert sum(demo.partials.values()) > 0


async def test_a_server_that_dies_cuts_the_stream() -> None:
    demo = Demo(pace=at_once)
    async with serve(demo.transport()) as url, httpx.AsyncClient(base_url=url) as client:
        failure = None
        try:
            async with client.stream("POST", "/api/pull", json={"model": "gemma3:12b"}) as stream:
                async for _ in stream.aiter_lines():
                    demo.cut_streams()
        except httpx.RemoteProtocolError as error:
            failure = error
    assert failure is not None


async def test_it_runs_as_a_process_of_its_own_and_prints_its_address() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.serving", "--models", "50", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with httpx.AsyncClient(base_url=url) as client:
            models = (await client.get("/api/tags")).json()["models"]
    finally:
        process.terminate()
        await process.wait()
    assert len(models) > 50
