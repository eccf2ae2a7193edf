"""What memory this machine has, read from recordings of the tools and files that tell.

The recordings have the shapes that the tools print with the options that are used here; [N/A] is
what nvidia-smi says of boards whose GPU uses main memory.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.host import parse_host
from ollama_tui.config.hosts import NamedHost
from ollama_tui.config.settings import Settings
from ollama_tui.domain.memory.available import (
    GIB,
    MIB,
    MOST,
    AvailableMemory,
    Device,
    MemorySource,
)
from ollama_tui.domain.memory.seen import SeenMemory
from ollama_tui.services.cache import Cache
from ollama_tui.services.gpu_tools import (
    LONGEST_NAME,
    MOST_DEVICES,
    nvidia_devices,
    output_of,
    rocm_devices,
)
from ollama_tui.services.machine import Machine, ServerMemory, memory_of
from ollama_tui.services.observable import Observable
from tests.clock import settle

MEMINFO = """\
MemTotal:       65776408 kB
MemFree:         1204712 kB
MemAvailable:   48120364 kB
Buffers:         1004020 kB
Cached:         43910820 kB
SwapCached:            0 kB
HugePages_Total:       0
"""
RAM, RAM_FREE = 65_776_408 << 10, 48_120_364 << 10

TWO_CARDS = """\
0, NVIDIA GeForce RTX 4090, 24564, 23592
1, NVIDIA GeForce RTX 3060, 12288, 11500
"""
SPARK = "0, NVIDIA GB10, [N/A], [N/A]\n"
NO_DRIVER = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that "
    "the latest NVIDIA driver is installed and running.\n\n"
)
NO_DEVICES = "No devices were found\n"
ROCM = {
    "card0": {"VRAM Total Memory (B)": "25753026560", "VRAM Total Used Memory (B)": "26972160"},
    "card1": {"VRAM Total Memory (B)": "17163091968", "VRAM Total Used Memory (B)": "17163091968"},
}
"""What rocm-smi --showmeminfo vram --json prints."""
STRIX_HALO = {
    "mem_info_vram_total": 512 * MIB,
    "mem_info_vram_used": 200 * MIB,
    "mem_info_gtt_total": 96 * GIB,
    "mem_info_gtt_used": 6 * GIB,
}
GFX1151 = "simd_count 80\nvendor_id 4098\ndrm_render_minor 128\ngfx_target_version 110501\n"
GFX1103 = GFX1151.replace("110501", "110003")
NVIDIA_SMI, ROCM_SMI, SYSCTL = "nvidia-smi", "rocm-smi", "sysctl"


@dataclass
class Recorded:
    """A machine that answers from recordings."""

    root: Path
    answers: Mapping[str, str | bytes | OSError] = field(default_factory=dict)
    """By the name of the tool, or its last argument."""
    system: str = "linux"
    processor: str = "x86_64"
    ran: list[str] = field(default_factory=list)

    async def run(self, command: Sequence[str]) -> bytes:
        self.ran.append(command[0])
        missing = FileNotFoundError(command[0])
        answer = self.answers.get(command[-1], self.answers.get(command[0], missing))
        if isinstance(answer, OSError):
            raise answer
        return answer.encode() if isinstance(answer, str) else answer

    def file(self, path: str, content: object) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{content}\n" if not isinstance(content, str) else content)

    def card(self, number: int, files: Mapping[str, object], **more: object) -> None:
        for name, content in {**files, **more}.items():
            self.file(f"sys/class/drm/card{number}/device/{name}", content)

    @property
    def machine(self) -> Machine:
        return Machine(self.run, self.root, self.system, self.processor)

    async def memory(self) -> AvailableMemory:
        memory = await self.machine.memory()
        assert memory is not None
        return memory


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    here = Recorded(tmp_path)
    here.file("proc/meminfo", MEMINFO)
    return here


# ---- NVIDIA


async def test_nvidias_tool_tells_each_card(recorded: Recorded) -> None:
    recorded.answers = {NVIDIA_SMI: TWO_CARDS}
    memory = await recorded.memory()
    assert memory == AvailableMemory(
        MemorySource.MACHINE,
        (
            Device("NVIDIA GeForce RTX 4090", 24_564 * MIB, 23_592 * MIB),
            Device("NVIDIA GeForce RTX 3060", 12_288 * MIB, 11_500 * MIB),
        ),
        RAM,
        RAM_FREE,
        told_by="nvidia-smi",
    )
    assert memory.label == "38 GB (36 GiB) on 2 GPUs, from nvidia-smi"
    assert ROCM_SMI not in recorded.ran


async def test_a_board_whose_gpu_uses_main_memory_has_all_of_that(recorded: Recorded) -> None:
    recorded.answers = {NVIDIA_SMI: SPARK}
    memory = await recorded.memory()
    assert memory.devices == (Device("NVIDIA GB10", RAM, RAM_FREE, integrated=True),)
    recorded.answers = {NVIDIA_SMI: "0, NVIDIA N1X, 8128, 7929\n"}  # a part of it
    assert (await recorded.memory()).gpu_bytes == RAM


@pytest.mark.parametrize(
    "answer",
    [
        FileNotFoundError(NVIDIA_SMI),
        PermissionError(NVIDIA_SMI),
        TimeoutError(),
        OSError("nvidia-smi failed"),
        "",
        NO_DRIVER,
        NO_DEVICES,
        "0, NVIDIA GeForce RTX 4090, [N/A], [N/A]\n",  # lost, or in parts
        "0, NVIDIA GeForce RTX 4090, [Unknown Error], 3\n",
        "0, a, -24564, 1\n1, b, 0, 0\n2, c, 1e5, 1\n3, d, 0x6000, 1\n4, e, ٢٤٥٦٤, 1\n",
        f"0, a, {MOST // MIB + 1}, 1\n1, b, {'9' * 10_000}, 1\n",
        b"\xff\xfe0\x00,\x00 \x00a\x00,\x00 \x001\x00,\x00 \x001\x00",
        ",,,,\n,\n\n0, a\n24564, 23592\n",
    ],
)
async def test_what_tells_nothing_is_as_if_it_were_not_there(
    recorded: Recorded, answer: str | bytes | OSError
) -> None:
    recorded.answers = {NVIDIA_SMI: answer, ROCM_SMI: answer}
    memory = await recorded.memory()
    assert (memory.devices, memory.ram, memory.told_by) == ((), RAM, "/proc/meminfo")
    assert memory.label == "67 GB of main memory, no GPU known, from /proc/meminfo"


async def test_names_are_inert_and_short(recorded: Recorded) -> None:
    recorded.answers = {NVIDIA_SMI: f"0, RTX\x1b[2J, 5\u202e090\t  Ti{'!' * 5000}, 32607, 40000\n"}
    [device] = (await recorded.memory()).devices
    assert device.name.startswith("RTX�[2J, 5�090 Ti!!!")
    assert len(device.name) == LONGEST_NAME
    assert (device.total, device.free) == (32_607 * MIB, None)  # more free than there is


@given(st.text(max_size=300))
def test_nothing_that_a_tool_prints_is_an_error(text: str) -> None:
    for devices in (nvidia_devices(text, None), rocm_devices(text)):
        assert all(MIB <= device.total <= MOST for device in devices)


def test_a_tool_cannot_list_devices_without_end() -> None:
    cards = {f"card{n}": ROCM["card0"] for n in range(1000)}
    assert len(rocm_devices(json.dumps(cards))) == MOST_DEVICES
    assert len(nvidia_devices(TWO_CARDS * 1000, None)) == MOST_DEVICES


# ---- AMD


async def test_the_driver_of_amd_tells_in_files(recorded: Recorded) -> None:
    recorded.card(
        1,
        {"mem_info_vram_total": 17_163_091_968, "mem_info_vram_used": 1_073_741_824},
        mem_info_gtt_total=32 * GIB,
        mem_info_vram_vendor="samsung\n",
        product_name="Radeon RX 7800 XT\n",
    )
    recorded.file("sys/class/drm/card1-DP-1/device/mem_info_vram_total", 17_163_091_968)
    recorded.card(0, {"vendor": "0x8086\n"})
    memory = await recorded.memory()
    assert memory.devices == (Device("Radeon RX 7800 XT", 17_163_091_968, 16_089_350_144),)
    assert (memory.told_by, memory.estimated) == ("amdgpu", False)
    assert ROCM_SMI not in recorded.ran


async def test_cards_of_both_makers_count(recorded: Recorded) -> None:
    recorded.answers = {NVIDIA_SMI: TWO_CARDS}
    recorded.card(0, {"mem_info_vram_total": 16 * GIB, "mem_info_vram_vendor": "hynix\n"})
    memory = await recorded.memory()
    assert memory.gpu_bytes == 36_852 * MIB + 16 * GIB
    assert memory.label == "55 GB (52 GiB) on 3 GPUs, from nvidia-smi and amdgpu"


@pytest.mark.parametrize(
    ("properties", "memory", "devices"),
    [
        (GFX1151, STRIX_HALO, (Device("AMD GPU", 96 * GIB, 90 * GIB, True),)),
        (GFX1103, STRIX_HALO, ()),  # Ollama leaves it alone
        ("", STRIX_HALO, ()),
        # By its size it is a card, whatever has a number of that kind.
        (GFX1151, {"mem_info_vram_total": 8 * GIB, "mem_info_gtt_total": 96 * GIB},
         (Device("AMD GPU", 8 * GIB),)),
        ("", {"mem_info_vram_total": 2 * GIB, "mem_info_gtt_total": 7 * GIB},
         (Device("AMD GPU", 2 * GIB),)),
        ("", {"mem_info_vram_total": 2 * GIB, "mem_info_gtt_total": 16 * GIB, "board_info": "x"},
         (Device("AMD GPU", 2 * GIB),)),
        ("", {"mem_info_vram_total": -1}, ()),
        ("", {"mem_info_vram_total": "lots", "mem_info_gtt_total": 96 * GIB}, ()),
        ("", {"mem_info_vram_total": 10**30}, ()),
    ],
)  # fmt: skip
async def test_an_integrated_gpu_of_amd_uses_main_memory_if_ollama_uses_it(
    recorded: Recorded, properties: str, memory: Mapping[str, object], devices: tuple[Device, ...]
) -> None:
    recorded.card(0, memory)
    # Ollama leaves alone what this lists too: the part of main memory that is set aside.
    carved = {"card0": {"VRAM Total Memory (B)": str(512 * MIB)}}
    recorded.answers = {ROCM_SMI: json.dumps(carved)} if memory is STRIX_HALO else {}
    recorded.file("sys/class/kfd/kfd/topology/nodes/0/properties", "cpu_cores_count 16\n")
    recorded.file("sys/class/kfd/kfd/topology/nodes/1/properties", properties)
    found = await recorded.memory()
    assert found.devices == devices
    assert found.estimated is any(device.integrated for device in devices)
    if found.estimated:
        assert found.label == "about 103 GB (96 GiB) on 1 GPU, from amdgpu"


async def test_rocms_tool_is_asked_where_nothing_else_tells(recorded: Recorded) -> None:
    recorded.answers = {ROCM_SMI: json.dumps(ROCM)}
    memory = await recorded.memory()
    assert memory.devices == (
        Device("AMD card0", 25_753_026_560, 25_726_054_400),
        Device("AMD card1", 17_163_091_968, 0),
    )
    assert memory.told_by == "rocm-smi"


@pytest.mark.parametrize(
    "answer",
    [
        "[]", "3", "null", "WARNING: No AMD GPUs", "[" * 100_000, '{"a":' * 100_000,
        '{"card0": 3}', '{"card0": {}}', '{"card0": {"VRAM Total Memory (B)": []}}',
        '{"card0": {"VRAM Total Memory (B)": "-5"}}', '{"card0": {"VRAM Total Memory (B)": 1e99}}',
        '{"card0": {"VRAM Total Memory (B)": NaN}}',
    ],
)  # fmt: skip
def test_what_rocms_tool_cannot_mean_is_no_device(answer: str) -> None:
    assert rocm_devices(answer) == ()


# ---- main memory


@pytest.mark.parametrize(
    ("limit", "used", "ram", "free"),
    [
        ("max\n", "1\n", RAM, RAM_FREE),
        (f"{1 << 62}\n", "1\n", RAM, RAM_FREE),
        (f"{16 * GIB}\n", f"{6 * GIB}\n", 16 * GIB, 10 * GIB),
        (f"{16 * GIB}\n", f"{17 * GIB}\n", 16 * GIB, 0),
        (f"{62 * GIB}\n", f"{GIB}\n", 62 * GIB, RAM_FREE),  # others take more than is left
        ("-4\n", "4\n", RAM, RAM_FREE),
    ],
)
async def test_a_container_may_have_less_than_the_machine(
    recorded: Recorded, limit: str, used: str, ram: int, free: int
) -> None:
    recorded.file("sys/fs/cgroup/memory.max", limit)
    recorded.file("sys/fs/cgroup/memory.current", used)
    memory = await recorded.memory()
    assert (memory.ram, memory.ram_free) == (ram, free)


@pytest.mark.parametrize(
    "meminfo", ["", "MemTotal:\n", "MemTotal: -4 kB\n", "\x00" * 500, "MemTotal"]
)
async def test_a_machine_that_tells_nothing_is_not_known(tmp_path: Path, meminfo: str) -> None:
    here = Recorded(tmp_path)
    assert await here.machine.memory() is None
    here.file("proc/meminfo", meminfo)
    assert await here.machine.memory() is None


# ---- Macs


@pytest.mark.parametrize(
    ("answers", "total", "estimated", "label"),
    [
        ({"hw.memsize": f"{64 * GIB}\n"}, 48 * GIB, True,
         "about 51 GB (48 GiB) on 1 GPU, from sysctl"),
        ({"hw.memsize": f"{24 * GIB}\n"}, 16 * GIB, True,
         "about 17 GB (16 GiB) on 1 GPU, from sysctl"),
        ({"hw.memsize": f"{64 * GIB}\n", "iogpu.wired_limit_mb": "0\n"}, 48 * GIB, True,
         "about 51 GB (48 GiB) on 1 GPU, from sysctl"),
        ({"hw.memsize": f"{64 * GIB}\n", "iogpu.wired_limit_mb": "57344\n"}, 56 * GIB, False,
         "60 GB (56 GiB) on 1 GPU, from sysctl"),
        ({"hw.memsize": f"{64 * GIB}\n", "iogpu.wired_limit_mb": "999999\n"}, 64 * GIB, False,
         "68 GB (64 GiB) on 1 GPU, from sysctl"),
    ],
)  # fmt: skip
async def test_a_mac_gives_its_gpu_a_part_of_main_memory(
    tmp_path: Path,
    answers: dict[str, str | bytes | OSError],
    total: int,
    estimated: bool,
    label: str,
) -> None:
    mac = Recorded(tmp_path, answers, "darwin", "arm64")
    memory = await mac.memory()
    assert memory.devices == (Device("Apple", total, integrated=True),)
    assert (memory.estimated, memory.label) == (estimated, label)


async def test_an_older_mac_has_no_gpu_for_models(tmp_path: Path) -> None:
    mac = Recorded(tmp_path, {"hw.memsize": f"{16 * GIB}\n"}, "darwin", "x86_64")
    assert (await mac.memory()).label == "17 GB of main memory, no GPU known, from sysctl"
    assert await Recorded(tmp_path, {}, "darwin", "arm64").machine.memory() is None


# ---- tools that are really run


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


LONG = "head -c 300000 /dev/zero"
"""Prints too much, but ends."""


def tool(folder: Path, script: str) -> None:
    file = folder / NVIDIA_SMI
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


async def test_a_tool_is_run_without_a_shell_or_a_terminal(tools: Path) -> None:
    tool(tools, 'for each; do printf "%s\\n" "$each"; done; cat; test -t 0 || echo "no terminal"')
    answer = await output_of([NVIDIA_SMI, "$HOME; ls", "*"])
    assert answer == b"$HOME; ls\n*\nno terminal\n"


@pytest.mark.parametrize(
    "script", ["exit 9", "echo 1; exit 1", "kill -9 $$", "exec yes 0, a, 24564, 1", LONG]
)
async def test_a_tool_that_fails_or_never_stops_printing_tells_nothing(
    tools: Path, script: str
) -> None:
    tool(tools, script)
    with pytest.raises(OSError, match=r"nvidia-smi failed"):
        await output_of([NVIDIA_SMI])
    gc.collect()  # a pipe that is left open would be an error here


async def test_a_tool_that_hangs_is_ended_with_what_it_has_started(
    tools: Path, tmp_path: Path
) -> None:
    tool(tools, f"sleep 1000 & echo $$ $! > {tmp_path}/pids; wait")
    with pytest.raises(TimeoutError):
        await output_of([NVIDIA_SMI], within=0.2)
    async with asyncio.timeout(30):
        while any(map(is_running, pids_in(tmp_path / "pids"))):
            await settle()


def pids_in(file: Path) -> list[str]:
    """Return what the tool has written; nothing if it was ended before it had begun."""
    return file.read_text().split() if file.exists() else []


def is_running(pid: str) -> bool:
    """Whether there is such a process, other than one that nobody has asked about yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_one_that_is_not_there_is_not_found(tools: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await output_of(["no-such-tool-of-a-driver"])


# ---- the memory of a server


LOCAL = Settings()
REMOTE = replace(LOCAL, host=parse_host("gpu-box:11434"))
NAMED = replace(REMOTE, hosts=(NamedHost("GPU-box.", memory=24 * GIB, ram=64 * GIB),))


class TellingServer:
    """A server in this process."""

    def available_memory(self) -> AvailableMemory:
        return AvailableMemory(MemorySource.DEMO, (Device("x", 12 * GIB),), 64 * GIB)


@pytest.mark.parametrize(
    ("settings", "seen", "server", "expected"),
    [
        (LOCAL, None, None, (MemorySource.MACHINE, 36_852 * MIB, RAM)),
        (REMOTE, None, None, None),
        (REMOTE, SeenMemory(9 * GIB), None, (MemorySource.LEARNED, 9 * GIB, None)),
        (NAMED, SeenMemory(9 * GIB), None, (MemorySource.CONFIG, 24 * GIB, 64 * GIB)),
        (replace(NAMED, host=LOCAL.host), None, None, (MemorySource.MACHINE, 36_852 * MIB, RAM)),
        (LOCAL, None, object(), None),  # in this process, and tells nothing
        (LOCAL, None, TellingServer(), (MemorySource.DEMO, 12 * GIB, 64 * GIB)),
        (replace(NAMED, demo=True), None, None, None),
    ],
)
async def test_who_tells_of_a_server_depends_on_where_it_is(
    recorded: Recorded,
    settings: Settings,
    seen: SeenMemory | None,
    server: object,
    expected: tuple[MemorySource, int, int | None] | None,
) -> None:
    recorded.answers = {NVIDIA_SMI: TWO_CARDS}
    memory = await memory_of(settings, seen, server=server, machine=recorded.machine)
    assert (memory and (memory.source, memory.gpu_bytes, memory.ram)) == expected
    is_machine = expected is not None and expected[0] is MemorySource.MACHINE
    assert bool(recorded.ran) is is_machine  # nothing is run for another machine


async def test_the_names_of_one_server_tell_together(recorded: Recorded) -> None:
    hosts = (NamedHost("a", "gpu-box"), NamedHost("b", "gpu-box", ram=32 * GIB), *NAMED.hosts)
    memory = await memory_of(replace(REMOTE, hosts=hosts), machine=recorded.machine)
    assert memory is not None
    assert (memory.gpu_bytes, memory.ram) == (24 * GIB, 32 * GIB)


async def test_it_is_read_once_and_again_when_asked(recorded: Recorded) -> None:
    seen = Observable(SeenMemory(0))
    memory = ServerMemory(LOCAL, seen, machine=recorded.machine)
    assert memory.value is None
    async with memory.following():
        await until_known(memory, 0)
        recorded.answers = {NVIDIA_SMI: TWO_CARDS}
        seen.set(SeenMemory(2 * GIB))
        await until_known(memory, 2 * GIB)
        assert recorded.ran.count(NVIDIA_SMI) == 1
        memory.read_again()
        await until_known(memory, 36_852 * MIB)
        assert recorded.ran.count(NVIDIA_SMI) == 2


async def test_what_was_seen_is_remembered_of_servers_elsewhere(
    recorded: Recorded, tmp_path: Path
) -> None:
    cache = Cache(tmp_path / "cache")
    seen = Observable(SeenMemory(6 * GIB))
    memory = ServerMemory(REMOTE, seen, cache=cache)
    async with memory.following():
        await until_known(memory, 6 * GIB)
        seen.set(SeenMemory(9 * GIB, True))
        await until_known(memory, 9 * GIB)
        await settle()
    assert cache.seen_memory(REMOTE.host.url) == SeenMemory(9 * GIB, True)
    again = ServerMemory(REMOTE, Observable(SeenMemory(2 * GIB)), cache=cache)
    assert (again.value and again.value.gpu_bytes) == 9 * GIB
    told = await memory_of(REMOTE, SeenMemory(10 * GIB), cache=cache)
    assert (told and told.gpu_bytes) == 10 * GIB


async def test_yesterdays_tunnel_to_a_larger_machine_is_not_this_one(
    recorded: Recorded, tmp_path: Path
) -> None:
    cache = Cache(tmp_path / "cache")
    cache.keep_seen_memory(LOCAL.host.url, SeenMemory(60 * GIB))
    recorded.answers = {NVIDIA_SMI: TWO_CARDS}
    told = await memory_of(LOCAL, SeenMemory(2 * GIB), machine=recorded.machine, cache=cache)
    assert (told and told.source) is MemorySource.MACHINE


async def test_nothing_new_is_not_written_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.keep_seen_memory(REMOTE.host.url, SeenMemory(9 * GIB))
    [name] = os.listdir(tmp_path)
    before = os.stat(tmp_path / name).st_ino
    seen = Observable(SeenMemory(4 * GIB))
    async with ServerMemory(REMOTE, seen, cache=cache).following():
        await settle()
        seen.set(SeenMemory(8 * GIB))
        await settle()
    assert os.stat(tmp_path / name).st_ino == before


async def until_known(memory: ServerMemory, gpu_bytes: int) -> None:
    async with asyncio.timeout(30):
        async for value in memory.follow():
            if value is not None and value.gpu_bytes == gpu_bytes:
                return


async def test_other_settings_are_obeyed_at_once() -> None:
    memory = ServerMemory(REMOTE, Observable(SeenMemory(0)))
    memory.use(NAMED)
    assert (memory.value and memory.value.gpu_bytes) == 24 * GIB
    memory.use(REMOTE)
    assert memory.value is None


async def test_leaving_while_a_tool_hangs_waits_for_nothing(tmp_path: Path) -> None:
    started = asyncio.Event()

    async def hang(command: Sequence[str]) -> bytes:
        started.set()
        await asyncio.Event().wait()
        raise OSError

    memory = ServerMemory(
        LOCAL, Observable(SeenMemory(0)), machine=Machine(hang, tmp_path, "linux")
    )
    async with memory.following():
        await started.wait()
        await settle()
    assert memory.value is None
