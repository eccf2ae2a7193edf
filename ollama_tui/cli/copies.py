"""Copying models between a server's store and a folder, as `export --files` and `import` do it."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event
from time import monotonic

from ollama_tui.cli.context import CommandContext, CommandRefused
from ollama_tui.cli.output import complain, print_json, print_lines, report, table
from ollama_tui.cli.restore import REPORT_EVERY, progress_text
from ollama_tui.cli.restored_notes import RestoredNotes
from ollama_tui.domain import plan as plans
from ollama_tui.domain.copying import CopyPlan, ModelCopy
from ollama_tui.domain.model import Model
from ollama_tui.domain.storage.contents import Contents
from ollama_tui.formatting import inert, size
from ollama_tui.services.jobs.job import JobProgress
from ollama_tui.services.store.copier import Damaged, InUse, Stopped, StoreCopier


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
        "The folder of the server's models was not found, or may not be read. Set OLLAMA_MODELS to "
        "it, and run this as a user who may read it."
    )


def print_plan(
    context: CommandContext, copying: CopyPlan, notes: RestoredNotes | None = None
) -> None:
    """Print what is going to be done, and what becomes of the notes."""
    plan = copying.plan
    if context.options.json:
        print_json(plans.as_json(plan) | ({"notes": notes.as_json()} if notes else {}))
        return
    rows = plans.lines(plan)
    print_lines([*table(("DO", "NAME", "COPY", "WHY"), rows, "COPY"), "", plan.summary])
    print_lines(notes.lines() if notes else [])


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
) -> list[ModelCopy]:
    """Copy what the plan says, in a thread, and report how far it is; return what was copied.

    `links` is as in `StoreCopier`; `describe` returns the files to write beside the trees in the
    end. Raises CommandRefused when nothing more can be copied. What is cancelled ends after the
    bytes under way; what was copied is kept.
    """
    stop, progress = Event(), _Progress(copying.plan.fetched.bytes)
    copier = StoreCopier(source, target, links=links, moved=progress.add, stop=stop)

    def copy() -> list[ModelCopy]:
        with copier.opened():
            done = _copy_all(copier, copying.copies, progress)
            if describe is not None and not stop.is_set():
                copier.describe(describe(done))
            return done

    work = asyncio.create_task(asyncio.to_thread(copy))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([work])
        work.exception()  # of no interest now
        complain("Not finished. What was copied is kept: the same command copies the rest.")
        raise
    except InUse as error:
        raise CommandRefused(f"Another ollama-tui is copying to {inert(str(target))}.") from error
    except OSError as error:
        raise CommandRefused(_reason(error, target)) from error


def _copy_all(
    copier: StoreCopier, copies: Sequence[ModelCopy], progress: _Progress
) -> list[ModelCopy]:
    done = []
    for model in copies:
        progress.name = inert(model.name)
        try:
            copier.copy(model)
        except Damaged as error:
            complain(f"{progress.name} was not copied. {error}")
        except Stopped:
            break
        else:
            done.append(model)
            report(f"{progress.name}: done")
    return done


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
    where = inert(str(target))
    kept = "What was copied is kept."
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"The disk of {where} is full. {kept}"
        case errno.EFBIG:
            return (
                f"The file system of {where} takes no files that large; exFAT and ext4 do. {kept}"
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            path = inert(str(error.filename or where))
            return (
                f"{path}: {(error.strerror or 'it fails').lower()}. Run this as its owner. {kept}"
            )
    path = inert(str(error.filename or where))
    return f"{path}: {(error.strerror or 'it fails').lower()}. {kept}"
