"""What `doctor` looks at of the server and its store; nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from ollama_tui.api.errors import OllamaError, Refused
from ollama_tui.cli.checks import Fact, Problem, Section, owner, said, yes_or_no
from ollama_tui.config.safe_file import shown_path
from ollama_tui.formatting import inert, plural, size

if TYPE_CHECKING:
    from ollama_tui.api.client import Ollama
    from ollama_tui.api.replies import RunningModel
    from ollama_tui.config.settings import Settings
    from ollama_tui.domain.storage.usage import Usage


async def server_and_store(settings: Settings, environ: Mapping[str, str]) -> list[Section]:
    """Ask the server, and look for its store; nothing is changed."""
    from ollama_tui.api.client import Ollama

    transport = None
    if settings.demo:
        from ollama_tui.demo import Demo

        transport = Demo().transport()
    address = settings.server
    client = Ollama(
        settings.host.url, api_key=settings.api_key, transport=transport, read_only=True
    )
    async with client as ollama:
        try:
            server, store = await _asked(ollama, settings, environ, transport)
        except OllamaError as error:
            facts = (
                said("address", inert(address)),
                _read_only(settings),
                Fact("answers", "no", False),
            )
            return [Section("server", facts, (Problem(error.title, error.hint),))]
    return [server, store]


def _read_only(settings: Settings) -> Fact:
    reason = settings.read_only_reason
    about = f"yes: {reason}" if reason else "no"
    return Fact("read-only", about, settings.read_only, key="read_only")


async def _asked(
    ollama: Ollama, settings: Settings, environ: Mapping[str, str], transport: object
) -> tuple[Section, Section]:
    from ollama_tui.api.features import FEATURES, TESTED
    from ollama_tui.domain.model import models_from
    from ollama_tui.services.storage import Storage

    version = await ollama.version()
    begin = monotonic()
    await ollama.version()  # once more: the first had to connect
    milliseconds = (monotonic() - begin) * 1000
    listed = await ollama.list()
    try:
        running = await ollama.running()
    except Refused:
        running = ()
    lacks = [f.subject for f in FEATURES if f.problem(version) is not None]
    lacking = "; ".join(
        f"{f.subject} (needs Ollama {f.needs})" for f in FEATURES if f.problem(version)
    )
    server = Section(
        "server",
        (
            said("address", inert(settings.server)),
            _read_only(settings),
            Fact(
                "answers",
                f"in {milliseconds:.{0 if milliseconds >= 10 else 1}f} ms",
                round(milliseconds, 1),
            ),
            said("version", f"{inert(version)}"),
            said("tested with", " and ".join(TESTED)),
            Fact("models", f"{len(listed):,}, {len(running):,} of them in memory", len(listed)),
            await _memory(settings, running, transport),
            Fact("not supported", lacking or "nothing that this program uses", lacks, key="cannot"),
        ),
    )
    is_local = settings.demo or settings.host.is_loopback
    storage = Storage(ollama.show, local=is_local, environ=environ, server=transport)
    usage = await storage.read(models_from(listed, running, {}))
    return server, store(usage, environ, is_local=is_local, is_demo=settings.demo)


async def _memory(
    settings: Settings, running: Sequence[RunningModel], transport: object | None
) -> Fact:
    """Return what memory the server has, as far as anybody tells, and who does."""
    from ollama_tui.domain.memory.seen import SeenMemory
    from ollama_tui.services.machine import memory_of

    seen = SeenMemory(0).with_running(running)
    memory = await memory_of(settings, seen, server=transport)
    if memory is None:
        return Fact("memory", 'not known: memory = "24g" in its table of config.toml sets it', None)
    devices = [device.name for device in memory.devices if device.name]
    named = f" ({', '.join(devices)})" if devices else ""
    value = {
        "gpu": memory.gpu_bytes,
        "ram": memory.ram,
        "source": memory.source.value,
        "devices": devices,
        "at_least": memory.at_least,
    }
    return Fact("memory", f"{memory.label}{named}", value)


def store(usage: Usage, environ: Mapping[str, str], *, is_local: bool, is_demo: bool) -> Section:
    """Return whether the files of the server can be measured, and what keeps them from it."""
    contents = usage.contents
    if contents is not None:
        root = "the demo's own" if is_demo else shown_path(Path(contents.root))
        free = "not known" if contents.free is None else size(contents.free)
        problems = []
        if contents.unseen:
            some = plural(contents.unseen, "file or folder", "files or folders")
            problem = f"{some} of the store cannot be read, so amounts are rough."
            problems.append(Problem(problem, _rights(Path(contents.root))))
        facts = (
            said("found in", root),
            said("free", free),
            Fact("readable", *yes_or_no(not problems)),
        )
        return Section("store", facts, tuple(problems))
    if not is_local:
        about = "on another machine: amounts are estimated"
        return Section("store", (Fact("found in", about, None),))
    closed = [root for root in _candidates(environ) if not _is_open(root)]
    problems = [
        Problem(f"{shown_path(root)} cannot be read, so amounts are estimated.", _rights(root))
        for root in closed
    ]
    about = "not found, so amounts are estimated: OLLAMA_MODELS names its folder"
    return Section("store", (Fact("found in", about, None),), tuple(problems))


def _candidates(environ: Mapping[str, str]) -> list[Path]:
    """Return where the store may be on this machine, as far as there is something."""
    from ollama_tui.services.store.places import roots

    return [root for root in roots((), environ) if not _is_missing(root)]


def _is_missing(path: Path) -> bool:
    try:
        path.lstat()
    except PermissionError:
        return False
    except OSError:
        return True
    return False


def _is_open(root: Path) -> bool:
    return os.access(root, os.R_OK | os.X_OK)


def _rights(path: Path) -> str:
    """Return how to get to read what is another user's."""
    seen = next((each for each in (path, *path.parents) if os.path.lexists(each)), path)
    user = owner(seen)
    if user == "ollama":
        return "Join its group, then log in again: sudo usermod -aG ollama $USER"
    return f"It belongs to {user}, who can give you read access."
