from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.clock import VirtualClock
from tests.demo.levers import Demo


@pytest.fixture
def ticker() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def demo(ticker: VirtualClock) -> Demo:
    return Demo(pace=ticker.sleep, now=ticker.now)


@pytest.fixture
async def client(demo: Demo) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=demo.transport(), base_url="http://demo", timeout=None
    ) as client:
        yield client
