"""Hugging Face as a service that costs nothing before it is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ollama_tui.services.hub import Hub


class LazyHub:
    """Hugging Face, from the first use on."""

    def __init__(self, make: Callable[[], Hub]) -> None:
        self._make = make
        self._hub: Hub | None = None

    def get(self) -> Hub:
        """Return it; raises OllamaError where the environment names none that can be asked."""
        if self._hub is None:
            self._hub = self._make()
        return self._hub

    async def __aenter__(self) -> LazyHub:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._hub is not None:
            await self._hub.aclose()
