"""What memory a server has for its models, who tells, and what follows from it.

Three tell, and they are believed in this order: the machine itself, where the server is on this
one; config.toml; and what models have been seen to take.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from ollama_tui.formatting import plural, size

if TYPE_CHECKING:
    from ollama_tui.domain.memory.seen import SeenMemory

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
KEPT_FREE = 1024 * MIB
"""Bytes that the server leaves free on each device."""
LEAST, MOST = MIB, 1 << 50
"""Bytes beyond which an amount of memory is nonsense."""
DEFAULT_CONTEXTS = ((47 * GIB, 262_144), (23 * GIB, 32_768))
"""Bytes of all devices from which on a default context is used, the largest first."""
SMALLEST_DEFAULT = 4096
"""Tokens of the default context with less memory than that, and without any GPU."""
_AMOUNT = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s*([mgt])(?:i?b)?", re.ASCII)
_UNITS = {"m": MIB, "g": GIB, "t": 1 << 40}


class MemorySource(StrEnum):
    """Who tells how much memory there is; the values are for programs."""

    MACHINE = "machine"
    CONFIG = "config"
    LEARNED = "learned"
    """What running models were seen to take."""
    DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU."""

    name: str
    """As its driver says, inert; empty where it is not known."""
    total: int
    """Bytes that a server can use of it, including what it leaves free."""
    free: int | None = None
    """Bytes not in use by anyone when it was read; None when not known."""
    integrated: bool = False
    """Whether its memory is main memory."""


@dataclass(frozen=True, slots=True)
class AvailableMemory:
    """The memory of a server's machine."""

    source: MemorySource
    devices: tuple[Device, ...] = ()
    """Its GPUs; one that stands for all where only their sum is known."""
    ram: int | None = None
    """Bytes of main memory; None when not known."""
    ram_free: int | None = None
    """Bytes of it that can be had; None when not known."""
    at_least: bool = False
    """Whether the GPUs may have more."""
    estimated: bool = False
    """Whether what the GPUs have follows from a rule of thumb."""
    told_by: str = ""
    """The program or file that told, such as `nvidia-smi`."""

    @property
    def gpu_bytes(self) -> int:
        """Bytes of all GPUs together; 0 without any, where models run on the CPU."""
        return sum(device.total for device in self.devices)

    @property
    def usable(self) -> int:
        """Bytes of the GPUs that models can take: the server leaves 1 GiB free on each.

        What they were seen to take is that already.
        """
        if self.source is MemorySource.LEARNED:
            return self.gpu_bytes
        return sum(max(0, device.total - KEPT_FREE) for device in self.devices)

    @property
    def known_total(self) -> int | None:
        """Bytes of all GPUs to show what is in use against; None where there is no certain figure.

        What was learned is none: by itself it would always say that the GPUs are full.
        """
        is_certain = self.devices and self.source is not MemorySource.LEARNED
        return self.gpu_bytes if is_certain else None

    def ram_to_run_in(self, on_gpu: int) -> int | None:
        """Return the bytes of main memory if that is what models run in, and known; else None.

        It is where no GPU is known, and none has bytes of a model `on_gpu`.
        """
        return None if self.devices or on_gpu else self.ram

    @property
    def label(self) -> str:
        """What there is and who tells, as half a sentence: `25 GB (24 GiB) on 1 GPU, from …`."""
        if not self.devices:
            ram = f"{size(self.ram)} of main memory" if self.ram else "main memory"
            return f"{ram}, no GPU known{self._told}"
        if self.source is MemorySource.LEARNED:
            if self.at_least:
                return f"at least {size(self.gpu_bytes)}, seen in use"
            return f"about {size(self.gpu_bytes)}: more was split between GPU and CPU"
        amount = f"{size(self.gpu_bytes)} ({self.gpu_bytes / GIB:.1f}".removesuffix(".0") + " GiB)"
        about = "about " if self.estimated else ""
        if self.source is MemorySource.CONFIG:
            return f"{amount}{self._told}"
        return f"{about}{amount} on {plural(len(self.devices), 'GPU')}{self._told}"

    @property
    def origin(self) -> str:
        """Who tells, for where the total stands already; empty for the demo."""
        match self.source:
            case MemorySource.DEMO | MemorySource.LEARNED:
                return ""
            case _:
                return f"from {self.told_by}"

    @property
    def _told(self) -> str:
        return f", from {self.told_by}" if self.told_by else ""


def parse_memory(text: str) -> int:
    """Return the bytes of an amount of memory as makers of GPUs state it: `24g` is 24 GiB.

    `24gb`, `24 GiB`, `24576m` and `16.5g` are read too. Raises ValueError with a sentence that says
    what to write.
    """
    match = _AMOUNT.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError("Write memory as a number with its unit, such as 24g or 16.5g.")
    amount = float(match[1]) * _UNITS[match[2]]
    if not LEAST <= amount <= MOST:
        much = "little" if amount < LEAST else "much"
        raise ValueError(f"That is too {much} memory: write an amount such as 24g or 16.5g.")
    return int(amount)


def default_context(
    available: AvailableMemory | None,
    model_context: int | None = None,
    *,
    override: int | None = None,
) -> int:
    """Return the tokens that the server gives a model whose options name no context.

    It goes by the memory of all devices, or by `override` where its OLLAMA_CONTEXT_LENGTH is known,
    and never beyond the model's own, `model_context`. Where nothing is known of a GPU it is the
    smallest, and with a lower bound it may be more.
    """
    total = available.gpu_bytes if available is not None else 0
    if available is not None and available.source is MemorySource.LEARNED and total:
        total += KEPT_FREE
    by_memory = (tokens for least, tokens in DEFAULT_CONTEXTS if total >= least)
    tokens = override or next(by_memory, SMALLEST_DEFAULT)
    return min(tokens, model_context) if model_context else tokens


def learned(seen: SeenMemory | None) -> AvailableMemory | None:
    """Return what is known from what models were seen to take; None if nothing was."""
    if seen is None or not seen.most:
        return None
    device = Device("", seen.most)
    return AvailableMemory(
        MemorySource.LEARNED, (device,), at_least=not seen.is_limit, told_by="running models"
    )


def configured(memory: int | None, ram: int | None = None) -> AvailableMemory | None:
    """Return what config.toml says; None if that is nothing.

    With `ram` alone it is a machine without a GPU, until models are seen on one.
    """
    if memory is None and ram is None:
        return None
    devices = () if memory is None else (Device("", memory),)
    return AvailableMemory(MemorySource.CONFIG, devices, ram, told_by="config.toml")


def best_of(
    machine: AvailableMemory | None,
    config: AvailableMemory | None,
    seen: SeenMemory | None,
) -> AvailableMemory | None:
    """Return what to believe: the machine, else the config, else what models were seen to take.

    The machine is believed where it has a GPU, even if the config says something else of this
    server: the driver knows better. It is not believed where models take more than it has: an
    address of this machine may lead through a tunnel to another one. What it says of its main
    memory completes what others say, unless it is another machine.
    """
    by_use = learned(seen)
    if machine is not None and machine.devices:
        if by_use is None or by_use.gpu_bytes <= machine.gpu_bytes:
            return machine
        machine = None
    gpu = config if config is not None and config.devices else by_use
    if gpu is None:
        return config if machine is None or config is not None else machine
    if gpu.ram is not None:
        return gpu
    told = config if config is not None and config.ram is not None else machine
    return gpu if told is None else replace(gpu, ram=told.ram, ram_free=told.ram_free)
