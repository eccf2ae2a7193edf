"""The tools of GPU drivers: how they are run, and what they print, whatever that is."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from ollama_tui.domain.memory.available import KIB, MIB, MOST, Device
from ollama_tui.formatting import as_one_line, shorten

ANSWER_WITHIN = 3.0
"""Seconds to wait for a tool: the first one to wake a driver takes a second or two."""
END_WITHIN = 0.5
"""Seconds to wait for the end of one that was killed: in the driver it may hang for ever."""
LONGEST_ANSWER = 1 << 16
"""Bytes of a file, or of what a tool prints, that are read."""
MOST_DEVICES = 64
LONGEST_NAME = 60
"""Cells of the name of a device."""
TOOL_FOLDERS = ("/usr/lib/wsl/lib", "/opt/rocm/bin", "/usr/sbin")
"""Where the tools are that PATH need not lead to."""
NVIDIA = (
    "nvidia-smi", "--query-gpu=index,name,memory.total,memory.free", "--format=csv,noheader,nounits"
)  # fmt: skip
ROCM = ("rocm-smi", "--showmeminfo", "vram", "--json")
HAS_MAIN_MEMORY = re.compile(r"\b(?:GB10|N1X?|Orin|Xavier|Thor|Tegra\w*)\b", re.IGNORECASE)
"""NVIDIA's boards whose GPU uses main memory: for them the tool says [N/A], or a part of it."""

Run = Callable[[Sequence[str]], Awaitable[bytes]]
"""Runs a tool and returns what it prints; raises OSError if there is none or it fails."""


class Ram(NamedTuple):
    """Bytes of main memory."""

    total: int
    free: int | None = None


async def output_of(command: Sequence[str], within: float = ANSWER_WITHIN) -> bytes:
    """Run a tool without a shell or a terminal, for so many seconds at most.

    Raises OSError, and TimeoutError, which is one.
    """
    folders = os.pathsep.join((os.environ.get("PATH", os.defpath), *TOOL_FOLDERS))
    found = await asyncio.to_thread(shutil.which, command[0], path=folders)
    if found is None:
        raise FileNotFoundError(command[0])
    process = await asyncio.create_subprocess_exec(
        found, *command[1:],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    answer = b""
    try:
        async with asyncio.timeout(within):
            while len(answer) <= LONGEST_ANSWER and (more := await process.stdout.read(KIB)):
                answer += more
            if len(answer) <= LONGEST_ANSWER and await process.wait() == 0:
                return answer
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        # What was not read keeps the pipe open, and nothing public closes it.
        process._transport.close()  # type: ignore[attr-defined]
        if process.returncode is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(END_WITHIN):
                    await process.wait()
    raise OSError(f"{command[0]} failed")


def nvidia_devices(text: str, ram: Ram | None) -> tuple[Device, ...]:
    """Return the devices that nvidia-smi lists, in MiB; `ram` is what some of them use."""
    return tuple(_nvidia(text, ram))[:MOST_DEVICES]


def _nvidia(text: str, ram: Ram | None) -> Iterator[Device]:
    for line in text.splitlines():
        _, _, rest = line.partition(",")
        name, *amounts = rest.rsplit(",", 2)
        if len(amounts) != 2:
            continue
        if HAS_MAIN_MEMORY.search(name) and ram is not None:
            yield Device(name_of(name), *ram, integrated=True)
        elif (total := bytes_of(amounts[0], MIB)) is not None:
            yield Device(name_of(name), total, free_of(bytes_of(amounts[1], MIB, least=0), total))


def rocm_devices(text: str) -> tuple[Device, ...]:
    """Return the devices that rocm-smi lists."""
    try:
        cards = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    found = []
    for card, told in cards.items() if isinstance(cards, dict) else ():
        if not isinstance(told, dict):
            continue
        total = bytes_of(str(told.get("VRAM Total Memory (B)", "")))
        if total is not None:
            used = bytes_of(str(told.get("VRAM Total Used Memory (B)", "")), least=0)
            free = None if used is None else total - used
            found.append(Device(name_of(f"AMD {card}"), total, free_of(free, total)))
    return tuple(found[:MOST_DEVICES])


def bytes_of(text: str, unit: int = 1, *, least: int = MIB) -> int | None:
    """Return a number of `unit` bytes; None for what is no number, or that of no machine."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    number = int(text) * unit
    return number if least <= number <= MOST else None


def free_of(free: int | None, total: int) -> int | None:
    """Return the bytes that are free; None for more than there is, and for less than none."""
    return free if free is not None and 0 <= free <= total else None


def name_of(text: str) -> str:
    """Return the name of a device, inert and on one line."""
    return shorten(as_one_line(text), LONGEST_NAME)
