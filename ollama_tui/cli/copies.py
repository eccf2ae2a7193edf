"""Copying models between a server's store and a folder, as `export --files` and `import` do it."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

from ollama_tui.cli.context import CommandContext, CommandRefused
from ollama_tui.cli.output import complain, print_json, print_lines, report, table
from ollama_tui.cli.restore import REPORT_EVERY, progress_text
from ollama_tui.config.safe_file import reason_of
from ollama_tui.domain import plan as plans
from ollama_tui.domain.copying import CopyPlan, ModelCopy
from ollama_tui.domain.model import Model
from ollama_tui.domain.plan import Operation
from ollama_tui.domain.storage.contents import Contents
from ollama_tui.formatting import inert, size
from ollama_tui.services.jobs.job import JobProgress
from ollama_tui.services.store.copier import Damaged, InUse, Stopped, StoreCopier

NOT_FINISHED = (
    "Not finished. Files that were copied whole are kept: the same command copies the rest."
)
_END_AT = (signal.SIGHUP, signal.SIGTERM)


@dataclass
class Copied:
    """What became of the models that were to be copied."""

    done: list[ModelCopy] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    """Why not, by name; sentences."""


async def store_of_server(context: CommandContext, models: Sequence[Model]) -> Contents:
    """Return the store of the server; raises CommandRefused where it cannot be read."""
    if context.settings.demo:
        raise CommandRefused("The demo has no files of models: leave out --demo.")
    contents = await context.storage().contents(models)
    if contents is not None:
        return contents
    if not context.settings.host.is_loopback:
        raise CommandRefused(
            f"The models of {context.settings.host.label} are on another machine: run this there."
        )
    raise CommandRefused(
        "The folder of the server's models was not found, or cannot be read. Set OLLAMA_MODELS to "
        "the folder that this server uses, and run this as a user who may read it."
    )


def print_plan(
    context: CommandContext, copying: CopyPlan, more: Mapping[str, Any] | None = None
) -> None:
    """Print what is going to be done: for programs only if nothing else is, `more` beside it."""
    plan = copying.plan
    if not context.options.json:
        rows = plans.lines(plan)
        print_lines([*table(("DO", "NAME", "COPY", "WHY"), rows, "COPY"), "", plan.summary])
    elif context.options.dry_run:
        print_json(_as_json(copying) | dict(more or {}))


def print_result(
    context: CommandContext,
    copying: CopyPlan,
    result: Copied,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Print what was done for programs, `more` beside it; people have read it."""
    if context.options.json:
        names = [model.name for model in result.done]
        done = {"copied": names, "failed": result.failed}
        print_json(_as_json(copying) | done | dict(more or {}))


def _as_json(copying: CopyPlan) -> dict[str, Any]:
    steps = [
        {"do": str(step.operation), "name": step.name, "bytes": step.bytes, "why": step.reason}
        for step in copying.plan.steps
    ]
    return {"steps": steps, "bytes": copying.plan.fetched.bytes}


def is_complete(copying: CopyPlan, result: Copied) -> bool:
    """Whether everything that was asked for is there now, or was."""
    return not result.failed and not copying.plan.of(Operation.REFUSE)


def refuse_without_space(copying: CopyPlan, target: Contents) -> None:
    """Raise CommandRefused when the disk has too little left for what is to be copied."""
    needed = copying.plan.fetched.bytes
    if target.free is not None and needed > target.free:
        raise CommandRefused(
            f"Nothing was copied: that takes {size(needed)}, and the disk of {inert(target.root)} "
            f"has {size(target.free)} left."
        )


async def copied(
    copying: CopyPlan,
    source: Path,
    target: Path,
    *,
    links: bool,
    describe: Callable[[Sequence[ModelCopy]], Mapping[str, bytes]] | None = None,
) -> Copied:
    """Copy what the plan says, in a thread, and report how far it is.

    `links` is as in `StoreCopier`; `describe` returns the files to write beside the trees in the
    end, also where that comes early. Raises CommandRefused when nothing more can be copied. What is
    cancelled ends after the bytes under way.
    """
    stop, progress = Event(), _Progress(copying.plan.fetched.bytes)
    copier = StoreCopier(source, target, links=links, moved=progress.add, stop=stop)
    result = Copied()

    def copy() -> None:
        with copier.opened():
            try:
                _copy_all(copier, copying.copies, progress, result)
            except OSError:
                if describe is not None:
                    with suppress(OSError):  # there is something better to tell
                        copier.describe(describe(result.done))
                raise
            if describe is not None:
                copier.describe(describe(result.done))

    work = asyncio.create_task(asyncio.to_thread(copy))
    try:
        with _cancelled_by_signals() as told:
            await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([work])
        work.exception()  # of no interest now
        if told:
            raise CommandRefused(NOT_FINISHED) from None
        complain(NOT_FINISHED)
        raise
    except InUse as error:
        raise CommandRefused(f"Another ollama-tui is copying to {inert(str(target))}.") from error
    except OSError as error:
        raise CommandRefused(_reason(error, target)) from error
    return result


@contextmanager
def _cancelled_by_signals() -> Iterator[list[int]]:
    """Let signals that would end the process cancel the command; yield those that came."""
    loop, command = asyncio.get_running_loop(), asyncio.current_task()
    assert command is not None
    told: list[int] = []

    def end(number: int) -> None:
        told.append(number)
        command.cancel()

    # One that is ignored stays so: under nohup, for example.
    watched = [number for number in _END_AT if signal.getsignal(number) == signal.SIG_DFL]
    for number in watched:
        loop.add_signal_handler(number, end, number)
    try:
        yield told
    finally:
        for number in watched:
            loop.remove_signal_handler(number)


def _copy_all(
    copier: StoreCopier, copies: Sequence[ModelCopy], progress: _Progress, result: Copied
) -> None:
    for model in copies:
        progress.name = inert(model.name)
        try:
            copier.copy(model)
        except Damaged as error:
            result.failed[model.name] = str(error)
            complain(f"{progress.name} was not copied. {error}")
        except Stopped:
            break
        else:
            result.done.append(model)
            report(f"{progress.name}: done")


class _Progress:
    """Reports how far the copying is, now and then."""

    def __init__(self, total: int) -> None:
        self.name = ""
        self._total = total
        self._moved = 0
        self._begun = self._reported = monotonic()

    def add(self, count: int) -> None:
        """Count bytes; all come from one thread."""
        self._moved += count
        now = monotonic()
        if now - self._reported < REPORT_EVERY:
            return
        self._reported = now
        far = JobProgress(
            completed=self._moved,
            total=self._total,
            fraction=min(self._moved / self._total, 1.0) if self._total else None,
            rate=self._moved / (now - self._begun),
        )
        report(f"{self.name}: {progress_text(far)}")


def _reason(error: OSError, target: Path) -> str:
    """Return why copying ended, as sentences."""
    kept = "Files that were copied whole are kept."
    where = inert(str(target))
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"The disk of {where} is full. {kept}"
        case errno.EFBIG:
            return f"The files are too large for the file system of {where}. {kept}"
    path = inert(os.fsdecode(error.filename2 or error.filename or target))
    text = f"{path} cannot be written: {reason_of(error)}."
    if error.errno in (errno.EACCES, errno.EPERM):
        text += " Run this as a user who may write there."
    return f"{text} {kept}"
