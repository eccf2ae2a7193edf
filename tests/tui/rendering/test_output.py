"""What the loop writes reaches the terminal whole and in order, however slow the terminal is."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from ollama_tui.tui.rendering.output import TerminalOutput

MUCH = 1_000_000
"""Characters that no terminal takes while nobody reads."""


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """Yield the two ends of a terminal: what reads it, and what programs write to."""
    reader, writer = pty.openpty()
    tty.setraw(writer)
    try:
        yield reader, writer
    finally:
        os.close(reader)
        os.close(writer)


def output_to(fd: int) -> TerminalOutput:
    output = TerminalOutput.to(fd, asyncio.get_running_loop())
    assert output is not None
    return output


def read(reader: int, size: int) -> bytes:
    """Return the next `size` bytes."""
    data = b""
    while len(data) < size:
        data += os.read(reader, 65536)
    return data


def state(output: TerminalOutput) -> tuple[bool, bool]:
    """Return whether all is written, and whether the terminal is stuck."""
    return output.has_written_all, output.is_stuck


async def test_what_is_written_is_sent_at_the_end_of_the_turn_in_one_piece() -> None:
    with terminal() as (reader, writer):
        output = output_to(writer)
        for part in ("one ", "two ", "thr\u00e9\ud800e"):
            output.write(part)
        assert state(output) == (False, False)
        await asyncio.sleep(0)
        assert state(output) == (True, False)
        assert os.read(reader, 100) == "one two thr\u00e9?e".encode()
        output.close()


async def test_a_terminal_that_takes_nothing_holds_nobody_up_and_gets_all_of_it_later() -> None:
    with terminal() as (reader, writer):
        output = output_to(writer)
        text = "".join(map(str, range(MUCH // 5)))
        output.write(text)
        output.flush()
        assert state(output) == (False, True)
        output.write("the end")
        size = len(text) + len("the end")
        assert await asyncio.to_thread(read, reader, size) == f"{text}the end".encode()
        assert state(output) == (True, False)
        output.close()


async def test_closing_waits_until_all_is_written() -> None:
    with terminal() as (reader, writer), ThreadPoolExecutor() as threads:
        output = output_to(writer)
        output.write("x" * MUCH)
        reading = threads.submit(read, reader, MUCH)
        output.close()
        assert reading.result() == b"x" * MUCH


async def test_a_descriptor_that_others_have_too_goes_on_blocking() -> None:
    with terminal() as (_, writer):
        output = output_to(writer)
        assert os.get_blocking(writer)
        output.close()


async def test_what_is_no_terminal_is_left_to_textual() -> None:
    reader, writer = os.pipe()
    assert TerminalOutput.to(writer, asyncio.get_running_loop()) is None
    os.close(reader)
    os.close(writer)


async def test_a_terminal_that_is_gone_is_no_error() -> None:
    reader, writer = pty.openpty()
    tty.setraw(writer)
    output = output_to(writer)
    os.close(reader)
    output.write("x")
    output.flush()
    assert output.has_written_all
    output.close()
    os.close(writer)
