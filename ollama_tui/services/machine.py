"""What memory this machine has: its files and the tools of GPU drivers are read, where they exist.

A tool that is missing, fails, hangs or prints nonsense tells nothing, and that is no error. Which
GPUs a server may use (CUDA_VISIBLE_DEVICES, OLLAMA_IGPU_ENABLE and the like) stands in its
environment, which nobody else sees: all are counted that it uses by default.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ollama_tui.domain.memory.available import (
    GIB,
    KIB,
    MIB,
    AvailableMemory,
    Device,
    MemorySource,
    best_of,
    configured,
)
from ollama_tui.domain.memory.seen import SeenMemory
from ollama_tui.services.gpu_tools import (
    LONGEST_ANSWER,
    MOST_DEVICES,
    NVIDIA,
    ROCM,
    Ram,
    Run,
    bytes_of,
    free_of,
    name_of,
    nvidia_devices,
    output_of,
    rocm_devices,
)
from ollama_tui.services.observable import Observable

if TYPE_CHECKING:
    from ollama_tui.config.settings import Settings
    from ollama_tui.services.cache import Cache

ALLOWED_INTEGRATED = "110501"
"""KFD's number for gfx1151: the one integrated AMD GPU that Ollama uses without being told to."""
INTEGRATED_VRAM, INTEGRATED_GTT = 4 * GIB, 8 * GIB
"""Most VRAM and least GTT, which is main memory, of what Ollama takes for an integrated AMD GPU."""
LARGE_MAC = 36 * GIB
"""Bytes of main memory above which macOS gives the GPU three quarters of it, not two thirds."""


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
        total = bytes_of(fields.get("MemTotal", ""), KIB)
        if total is None:
            return None
        free = bytes_of(fields.get("MemAvailable", ""), KIB)
        limit = bytes_of(self._read("sys/fs/cgroup/memory.max"))
        if limit is not None and limit < total:
            used = bytes_of(self._read("sys/fs/cgroup/memory.current"))
            left = free if used is None else max(0, limit - used)
            total, free = limit, left if free is None else min(free, left or 0)
        return Ram(total, free_of(free, total))

    async def _memory_of_mac(self) -> AvailableMemory | None:
        """Return the memory of a Mac, which its GPU shares if it has Apple's own.

        What the GPU may take is known to Metal only: a part of all, or the limit that was set. By
        published logs it is 66 to 84 %, the more the newer macOS is and the more memory there is.
        """
        total = bytes_of(await self._run(("sysctl", "-n", "hw.memsize")))
        if total is None:
            return None
        if self.processor != "arm64":  # Ollama uses no GPU of an older Mac
            return AvailableMemory(MemorySource.MACHINE, (), total, told_by="sysctl")
        limit = bytes_of(await self._run(("sysctl", "-n", "iogpu.wired_limit_mb")), MIB)
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
        vram = bytes_of(self._read(f"{folder}/mem_info_vram_total"))
        if vram is None:
            return None
        name = name_of(self._read(f"{folder}/product_name")) or "AMD GPU"
        gtt = bytes_of(self._read(f"{folder}/mem_info_gtt_total")) or 0
        is_card = any(
            (self.root / folder / own).exists() for own in ("mem_info_vram_vendor", "board_info")
        )
        if not is_card and vram <= INTEGRATED_VRAM and gtt >= max(INTEGRATED_GTT, 4 * vram):
            # What HIP gives it is about its GTT: the kernel decides.
            used = bytes_of(self._read(f"{folder}/mem_info_gtt_used"), least=0)
            free = None if used is None else gtt - used
            return Device(name, gtt, free_of(free, gtt), integrated=True)
        used = bytes_of(self._read(f"{folder}/mem_info_vram_used"), least=0)
        return Device(name, vram, free_of(None if used is None else vram - used, vram))

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
