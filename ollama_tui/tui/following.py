"""Copies what acts on a server into the app: its live values into reactives, its news into toasts.

Loaded with the session, so a moment after the first list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ollama_tui.config.safe_file import shown_path
from ollama_tui.services.jobs.job import Job, State

if TYPE_CHECKING:
    from ollama_tui.services.session import Session
    from ollama_tui.tui.app import OllamaTui

DRAW_EVERY = 0.25
"""Seconds between two drawings of progress: reads as live, and a slow link keeps up."""


async def follow(session: Session, tui: OllamaTui) -> None:
    """Keep the app up to date until cancelled; raises a bug of the queue."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_follow_jobs(session, tui))
        group.create_task(_follow_storage(session, tui))
        group.create_task(_follow_updates(session, tui))
        group.create_task(_follow_checking(session, tui))
        group.create_task(session.jobs.crash())


async def _follow_jobs(session: Session, tui: OllamaTui) -> None:
    async for jobs in session.jobs.live.changes():
        before = {job.id: job for job in tui.jobs}
        tui.jobs = jobs
        changed = [job for job in jobs if _has_news(before.get(job.id), job)]
        _tell_of((job for job in changed if not job.active), tui)
        _settle_drafts(jobs, tui)
        if changed:
            tui.run_worker(tui.refresh_library(), group="refresh")
        await tui.clock.sleep(DRAW_EVERY)


async def _follow_storage(session: Session, tui: OllamaTui) -> None:
    async for measured in session.storage.measured.changes():
        tui.measured = measured


async def _follow_updates(session: Session, tui: OllamaTui) -> None:
    async for found in session.updates.found.changes():
        tui.updates = found
        await tui.clock.sleep(DRAW_EVERY)


async def _follow_checking(session: Session, tui: OllamaTui) -> None:
    async for checking in session.updates.progress.changes():
        tui.checking = f"checking {checking.done:,} of {checking.total:,}" if checking else ""
        await tui.clock.sleep(DRAW_EVERY)


def _settle_drafts(jobs: Iterable[Job], tui: OllamaTui) -> None:
    """Remove the drafts of what was sent; give back, and name, those of what was refused."""
    drafts = tui.drafts
    for job in jobs:
        if (draft := drafts.sent.get(job.id)) is None:
            continue
        if job.state is State.DONE or (job.verb == "pull" and job.progress.total):
            del drafts.sent[job.id]
            draft.discard()
        elif job.active:
            draft.held = True  # it may be tried again
        elif draft.held:
            draft.release()
            if draft.key and draft.key.is_text and draft.path is not None:
                kept = f"What you typed is kept in {shown_path(draft.path)}."
                tui.tell(kept, "Open the form again to go on with it.")


def _has_news(before: Job | None, job: Job) -> bool:
    """Whether `job` has ended or lost its connection: then the list may not be what it was."""
    ended = not job.active and (before is None or before.state is not job.state)
    return ended or (bool(job.trouble) and not (before is not None and before.trouble))


def _tell_of(ended: Iterable[Job], tui: OllamaTui) -> None:
    from ollama_tui.tui.widgets.job_rows import result

    for job in ended:
        title, hint = result(job)
        tui.tell(title, hint, trouble=job.state is State.FAILED)
