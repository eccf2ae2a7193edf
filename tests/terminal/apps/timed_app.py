"""The program on its demo, by a clock that stands in a file: only who writes it lets time pass."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ollama_tui.api.clock import Clock
from ollama_tui.config.settings import Settings
from ollama_tui.tui.app import OllamaTui

TIME = Path(sys.argv[1])
LOOK_EVERY = 0.01
FOR_DRAWING = 0.4
"""Seconds; pauses up to this one only space out drawings, and are the machine's."""


def seconds() -> float:
    return float(TIME.read_text())


def now() -> datetime:
    return datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(seconds=seconds())


async def sleep(duration: float) -> None:
    if duration <= FOR_DRAWING:
        await asyncio.sleep(duration)
        return
    due = seconds() + duration
    while seconds() < due:  # noqa: ASYNC110 - only the file tells
        await asyncio.sleep(LOOK_EVERY)


if __name__ == "__main__":
    OllamaTui(Settings(demo=True), clock=Clock(now, seconds, sleep)).run(mouse=False)
