"""What memory this machine has: its files and the tools of GPU drivers are read, where they exist.

A tool that is missing, fails, hangs or prints nonsense tells nothing, and that is no error. Which
GPUs a server may use (CUDA_VISIBLE_DEVICES, OLLAMA_IGPU_ENABLE and the like) stands in its
environment, which nobody else sees: all are counted that it uses by default.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from ollama_tui.domain.memory.available import (
    GIB,
    KIB,
    MIB,
    MOST,
    AvailableMemory,
    Device,
    MemorySource,
    best_of,
    configured,
)
from ollama_tui.domain.memory.seen import SeenMemory
from ollama_tui.formatting import as_one_line, shorten
from ollama_tui.services.observable import Observable

if TYPE_CHECKING:
    from ollama_tui.config.settings import Settings
    from ollama_tui.services.cache import Cache

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
ALLOWED_INTEGRATED = "110501"
"""KFD's number for gfx1151: the one integrated AMD GPU that Ollama uses without being told to."""
INTEGRATED_VRAM, INTEGRATED_GTT = 4 * GIB, 8 * GIB
"""Most VRAM and least GTT, which is main memory, of what Ollama takes for an integrated AMD GPU."""
LARGE_MAC = 36 * GIB
"""Bytes of main memory above which macOS gives the GPU three quarters of it, not two thirds."""

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


@dataclass(frozen=True)
class Machine:
    """This machine: its tools, its files below `root`, and what kind it is."""

    run: Run = output_of
    root: Path = Path("/")
    system: str = sys.platform
    processor: str = field(default_factory=platform.machine)

    async def memory(self) -> AvailableMemory | None:
        """Return what was found; None if that is nothing."""
        if self.system == "darwin":
            return await self._memory_of_mac()
        ram, amd, nvidia = await asyncio.gather(
            asyncio.to_thread(self._main_memory), asyncio.to_thread(self._amd), self._run(NVIDIA)
        )
        devices, told_by = nvidia_devices(nvidia, ram), ["nvidia-smi"]
        if not devices:
            told_by = []
        by_driver = amd is not None
        if amd is None:
            amd = rocm_devices(await self._run(ROCM)) if not devices else ()
        if amd:
            told_by.append("amdgpu" if by_driver else "rocm-smi")
        devices = (*devices, *amd)[:MOST_DEVICES]
        if not devices and ram is None:
            return None
        return AvailableMemory(
            MemorySource.MACHINE,
            devices,
            ram.total if ram else None,
            ram.free if ram else None,
            estimated=any(device.integrated for device in amd),
            told_by=" and ".join(told_by) or "/proc/meminfo",
        )

    async def _run(self, command: Sequence[str]) -> str:
        """Return what a tool prints; nothing without it."""
        with suppress(OSError):
            return (await self.run(command))[:LONGEST_ANSWER].decode("utf-8", "replace")
        return ""

    def _read(self, path: str) -> str:
        """Return the content of a file; nothing without it."""
        with suppress(OSError), open(self.root / path, "rb") as file:
            return file.read(LONGEST_ANSWER).decode("utf-8", "replace")
        return ""

    # ---- main memory

    def _main_memory(self) -> Ram | None:
        """Return what Linux says, or what a container may use if that is less."""
        pairs = (line.partition(":") for line in self._read("proc/meminfo").splitlines())
        fields = {name: text.removesuffix("kB") for name, _, text in pairs}
        total = _bytes(fields.get("MemTotal", ""), KIB)
        if total is None:
            return None
        free = _bytes(fields.get("MemAvailable", ""), KIB)
        limit = _bytes(self._read("sys/fs/cgroup/memory.max"))
        if limit is not None and limit < total:
            used = _bytes(self._read("sys/fs/cgroup/memory.current"))
            left = free if used is None else max(0, limit - used)
            total, free = limit, left if free is None else min(free, left or 0)
        return Ram(total, _free(free, total))

    async def _memory_of_mac(self) -> AvailableMemory | None:
        """Return the memory of a Mac, which its GPU shares if it has Apple's own.

        What the GPU may take is known to Metal only: a part of all, or the limit that was set. By
        published logs it is 66 to 84 %, the more the newer macOS is and the more memory there is.
        """
        total = _bytes(await self._run(("sysctl", "-n", "hw.memsize")))
        if total is None:
            return None
        if self.processor != "arm64":  # Ollama uses no GPU of an older Mac
            return AvailableMemory(MemorySource.MACHINE, (), total, told_by="sysctl")
        limit = _bytes(await self._run(("sysctl", "-n", "iogpu.wired_limit_mb")), MIB)
        usual = total * 3 // 4 if total > LARGE_MAC else total * 2 // 3
        device = Device("Apple", min(limit or usual, total), integrated=True)
        return AvailableMemory(
            MemorySource.MACHINE, (device,), total, estimated=limit is None, told_by="sysctl"
        )

    # ---- AMD

    def _amd(self) -> tuple[Device, ...] | None:
        """Return what the driver amdgpu says in its files, of what Ollama uses; None without it."""
        cards = self.root / "sys/class/drm"
        with suppress(OSError):
            names = [name for name in os.listdir(cards) if re.fullmatch(r"card\d{1,4}", name)]
            found = [self._amd_device(f"sys/class/drm/{name}/device") for name in sorted(names)]
            devices = [device for device in found if device is not None]
            used = [each for each in devices if not each.integrated or self._is_allowed]
            return tuple(used) if devices else None
        return None

    def _amd_device(self, folder: str) -> Device | None:
        vram = _bytes(self._read(f"{folder}/mem_info_vram_total"))
        if vram is None:
            return None
        name = _name(self._read(f"{folder}/product_name")) or "AMD GPU"
        gtt = _bytes(self._read(f"{folder}/mem_info_gtt_total")) or 0
        is_card = any(
            (self.root / folder / own).exists() for own in ("mem_info_vram_vendor", "board_info")
        )
        if not is_card and vram <= INTEGRATED_VRAM and gtt >= max(INTEGRATED_GTT, 4 * vram):
            # What HIP gives it is about its GTT: the kernel decides.
            used = _bytes(self._read(f"{folder}/mem_info_gtt_used"), least=0)
            free = None if used is None else gtt - used
            return Device(name, gtt, _free(free, gtt), integrated=True)
        used = _bytes(self._read(f"{folder}/mem_info_vram_used"), least=0)
        return Device(name, vram, _free(None if used is None else vram - used, vram))

    @property
    def _is_allowed(self) -> bool:
        """Whether Ollama uses the integrated AMD GPU of this machine."""
        nodes = "sys/class/kfd/kfd/topology/nodes"
        with suppress(OSError):
            return any(
                f"gfx_target_version {ALLOWED_INTEGRATED}\n"
                in self._read(f"{nodes}/{name}/properties")
                for name in os.listdir(self.root / nodes)[:MOST_DEVICES]
            )
        return False


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
            yield Device(_name(name), *ram, integrated=True)
        elif (total := _bytes(amounts[0], MIB)) is not None:
            yield Device(_name(name), total, _free(_bytes(amounts[1], MIB, least=0), total))


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
        total = _bytes(str(told.get("VRAM Total Memory (B)", "")))
        if total is not None:
            used = _bytes(str(told.get("VRAM Total Used Memory (B)", "")), least=0)
            free = None if used is None else total - used
            found.append(Device(_name(f"AMD {card}"), total, _free(free, total)))
    return tuple(found[:MOST_DEVICES])


def _bytes(text: str, unit: int = 1, *, least: int = MIB) -> int | None:
    """Return a number of `unit` bytes; None for what is no number, or that of no machine."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    number = int(text) * unit
    return number if least <= number <= MOST else None


def _free(free: int | None, total: int) -> int | None:
    return free if free is not None and 0 <= free <= total else None


def _name(text: str) -> str:
    return shorten(as_one_line(text), LONGEST_NAME)


# ---- a server's memory


@runtime_checkable
class TellsMemory(Protocol):
    """A server in this process that tells what memory it has."""

    def available_memory(self) -> AvailableMemory:
        """Return it."""


def told_by_config(settings: Settings) -> AvailableMemory | None:
    """Return what config.toml says of the memory of this server, under whichever of its names."""
    from ollama_tui.config.hosts import place_of

    place = place_of(settings.host)
    here = [each for each in settings.hosts if not settings.demo and each.place == place]
    memory, ram = (
        next((value for each in here if (value := getattr(each, name)) is not None), None)
        for name in ("memory", "ram")
    )
    return configured(memory, ram)


class ServerMemory(Observable["AvailableMemory | None"]):
    """What memory the server of these settings has; None while nobody has told.

    `seen` is what its models were seen to take since it was connected to, and `server` one in this
    process, which tells itself. `machine` is read where the server is on it; see `best_of` for who
    is believed. What was seen is remembered in `cache`, but not of an address of this machine: now
    and then a tunnel begins there, to a machine that has more.
    """

    def __init__(
        self,
        settings: Settings,
        seen: Observable[SeenMemory],
        *,
        server: object | None = None,
        machine: Machine | None = None,
        cache: Cache | None = None,
    ) -> None:
        self._settings = settings
        self._seen = seen
        self._server = server
        is_local = server is None and not settings.demo and settings.host.is_local
        self._machine = (machine or Machine()) if is_local else None
        self._told: AvailableMemory | None = None
        self._is_read = self._machine is None
        self._cache = None if settings.host.is_local else cache
        remembered = self._cache.seen_memory(settings.host.url) if self._cache else None
        self._remembered = remembered or SeenMemory(0)
        self._asked = asyncio.Event()
        super().__init__(self._known())

    def _known(self) -> AvailableMemory | None:
        """Return what to believe; nothing before the machine was read, as it goes first."""
        if isinstance(self._server, TellsMemory):
            return self._server.available_memory()
        if not self._is_read:
            return None
        seen = self._remembered.with_seen(self._seen.value)
        return best_of(self._told, told_by_config(self._settings), seen)

    def use(self, settings: Settings) -> None:
        """Obey other settings for the same server."""
        self._settings = settings
        self.set(self._known())

    async def read(self) -> AvailableMemory | None:
        """Read the machine, if that is where the server is; return what is known then."""
        if self._machine is not None:
            self._told = await self._machine.memory()
            self._is_read = True
        self.set(self._known())
        return self.value

    def read_again(self) -> None:
        """Have the machine read again, in the background of `following`."""
        self._asked.set()

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Read the machine once, and follow what models take, while the block runs."""
        self._asked.set()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(loop) for loop in (self._read_when_asked(), self._follow())]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    async def _read_when_asked(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self.read()

    async def _follow(self) -> None:
        async for now in self._seen.follow():
            seen = self._remembered.with_seen(now)
            if self._cache is not None and seen is not self._remembered:
                self._cache.keep_seen_memory(self._settings.host.url, seen)
            self._remembered = seen
            self.set(self._known())


async def memory_of(
    settings: Settings,
    seen: SeenMemory | None = None,
    *,
    server: object | None = None,
    machine: Machine | None = None,
    cache: Cache | None = None,
) -> AvailableMemory | None:
    """Return what memory the server of these settings has; None when nobody tells.

    The arguments are those of `ServerMemory`. It takes up to some seconds, where a tool hangs.
    """
    told = Observable(seen if seen is not None else SeenMemory(0))
    memory = ServerMemory(settings, told, server=server, machine=machine, cache=cache)
    return await memory.read()
