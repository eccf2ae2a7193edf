"""The bench itself: each fault does what it says, to a socket as in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.sockets import Reader, Writer, serving
from tests.clock import VirtualClock, settle, until
from tests.faults.faults import STOPS, Fault, Kind, Shaper
from tests.faults.proxy import Proxy, proxied
from tests.faults.transport import FaultyTransport

TEXT = bytes(range(40))


def shaped(fault: Fault, *chunks: bytes) -> bytes:
    shaper = Shaper(fault)
    seen = [piece for chunk in chunks for piece in shaper.feed(chunk)]
    return b"".join(p for p in (*seen, *shaper.finish()) if isinstance(p, bytes))


def chunks_of(text: bytes, size: int) -> list[bytes]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.parametrize("size", [1, 7, 40])
@pytest.mark.parametrize(
    ("fault", "becomes"),
    [
        (Fault(), TEXT),
        (Fault(Kind.SLOW, size=3), TEXT),
        (Fault(Kind.STALL, 9), TEXT),
        (Fault(Kind.CORRUPT, 9, 2), TEXT[:9] + b"\x5c\x5f" + TEXT[11:]),
        (Fault(Kind.DUPLICATE, 9, 5), TEXT[:14] + TEXT[9:]),
        (Fault(Kind.REORDER, 9, 5), TEXT[:9] + TEXT[14:19] + TEXT[9:14] + TEXT[19:]),
        (Fault(Kind.REORDER, 36, 3), TEXT[:36] + TEXT[39:] + TEXT[36:39]),
        (Fault(Kind.DUPLICATE, 100), TEXT),
    ],
)
def test_bytes_are_changed_where_they_should_be(fault: Fault, becomes: bytes, size: int) -> None:
    assert shaped(fault, *chunks_of(TEXT, size)) == becomes


@given(st.sampled_from(sorted(STOPS, key=str)), st.integers(0, 40), st.integers(1, 40))
def test_a_fault_happens_after_exactly_so_many_bytes(kind: Kind, after: int, size: int) -> None:
    shaper, seen = Shaper(Fault(kind, after)), b""
    for piece in (piece for chunk in chunks_of(TEXT, size) for piece in shaper.feed(chunk)):
        if piece is kind:
            break
        assert isinstance(piece, bytes)
        seen += piece
    assert seen == TEXT[:after]


async def hello(reader: Reader, writer: Writer) -> None:
    """Answer one line with forty bytes, then wait until the client leaves."""
    await reader.readline()
    writer.write(TEXT)
    await reader.read()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    async with serving(hello) as address, proxied(int(address.rpartition(":")[2])) as proxy:
        yield proxy


async def ask(proxy: Proxy) -> tuple[Reader, Writer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"hi\n")
    return reader, writer


async def test_the_proxy_passes_both_ways_and_keeps_what_was_said(proxy: Proxy) -> None:
    reader, writer = await ask(proxy)
    assert await reader.readexactly(40) == TEXT
    assert (proxy.sent, len(proxy.open)) == (b"hi\n", 1)
    writer.close()
    await until(lambda: not proxy.open)


async def test_the_proxy_cuts(proxy: Proxy) -> None:
    proxy.script.append(Fault(Kind.CUT, 9))
    reader, writer = await ask(proxy)
    assert await reader.read() == TEXT[:9]
    writer.close()


async def test_the_proxy_resets(proxy: Proxy) -> None:
    proxy.script.append(Fault(Kind.RESET, 9))
    reader, writer = await ask(proxy)
    with pytest.raises(ConnectionResetError):
        await reader.readexactly(10)
    writer.close()


async def test_the_proxy_stalls_until_it_is_told(proxy: Proxy) -> None:
    proxy.script.append(Fault(Kind.STALL, 9))
    reader, writer = await ask(proxy)
    assert await reader.readexactly(9) == TEXT[:9]
    await settle()
    proxy.passages[0].go_on.set()
    assert await reader.readexactly(31) == TEXT[9:]
    writer.close()


async def test_the_proxy_says_nothing(proxy: Proxy) -> None:
    proxy.script.append(Fault(Kind.MUTE))
    reader, writer = await ask(proxy)
    await until(lambda: proxy.sent == b"hi\n")
    assert proxy.passages[0].came == 0
    proxy.drop(Kind.CUT)
    assert await reader.read() == b""
    writer.close()


async def test_the_proxy_refuses_and_accepts_again(proxy: Proxy) -> None:
    reader, writer = await ask(proxy)
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await ask(proxy)
    assert await reader.readexactly(40) == TEXT  # what was open goes on
    writer.close()
    await proxy.accept()
    reader, writer = await ask(proxy)
    assert await reader.readexactly(40) == TEXT
    writer.close()


async def body_of(fault: Fault) -> bytes:
    """Return what a client reads of an answer with a fault."""
    inner = httpx.MockTransport(lambda _: httpx.Response(200, content=TEXT))
    clock = VirtualClock()
    transport = FaultyTransport(inner, [fault], sleep=clock.sleep)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        asking = asyncio.create_task(client.post("/api/pull"))
        await settle()
        await clock.advance(100)
        if fault.kind is Kind.STALL:
            assert not asking.done()
            transport.answers[0].go_on.set()
        response = await asking
        assert transport.answers[0].closed
        return response.content


@pytest.mark.parametrize("kind", [Kind.PASS, Kind.STALL, Kind.SLOW])
async def test_the_transport_delays(kind: Kind) -> None:
    assert await body_of(Fault(kind, 9)) == TEXT


async def test_the_transport_ends_in_good_form() -> None:
    assert await body_of(Fault(Kind.END, 9)) == TEXT[:9]


@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        (Kind.CUT, httpx.RemoteProtocolError),
        (Kind.RESET, httpx.ReadError),
        (Kind.REFUSE, httpx.ConnectError),
    ],
)
async def test_the_transport_breaks_as_a_socket_does(
    kind: Kind, raised: type[httpx.HTTPError]
) -> None:
    with pytest.raises(raised):
        await body_of(Fault(kind, 9))
