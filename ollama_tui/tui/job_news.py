"""What the app does as jobs go on: it shows them, tells how they ended, and lists the models."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ollama_tui.api.errors import OllamaError
from ollama_tui.formatting import inert, listing, plural

if TYPE_CHECKING:
    from ollama_tui.services.connection import Services
    from ollama_tui.services.jobs.job import Job
    from ollama_tui.tui.app import OllamaTui

DRAW_EVERY = 0.25
"""Seconds between two drawings of progress: reads as live, and a slow link keeps up."""

MOST_NAMED = 4
"""Names in one sentence."""


async def follow_jobs(app: OllamaTui, services: Services) -> None:
    """Keep the app's jobs up to date; announce those that have ended and look what came of them."""
    from ollama_tui.config.safe_file import shown_path
    from ollama_tui.services.jobs.job import State
    from ollama_tui.tui.actions.jobs import discard_sent_drafts
    from ollama_tui.tui.widgets.job_results import has_made_a_model, result

    if elsewhere := services.elsewhere:
        goes = f"{plural(len(elsewhere), 'job')} {'goes' if len(elsewhere) == 1 else 'go'} on"
        hint = "This program is read-only here: ollama-tui jobs shows them, and stops them."
        app.tell(
            f"{goes} in the background: {listing([*map(inert, elsewhere[:MOST_NAMED])])}.", hint
        )
    is_prepared = services.handover is None
    async for jobs in services.queue.jobs.follow():
        if not is_prepared and any(job.outlives_program for job in jobs):
            is_prepared = True
            app.run_worker(_prepare_handover(app, services), group="handover")
        before = {job.id: job for job in app.jobs}
        app.jobs = jobs
        if went_on := [job for job in jobs if job.is_adopted and job.id not in before]:
            names = listing([inert(job.name) for job in went_on[:MOST_NAMED]])
            kind = "download" if all(job.verb == "pull" for job in went_on) else "transfer"
            app.tell(f"{plural(len(went_on), kind)} went on in the background: {names}.")
        news = [job for job in jobs if _has_news(before.get(job.id), job)]
        is_filtered = app.main is not None and bool(app.main.view.filter)
        made = [job for job in news if is_filtered and has_made_a_model(job)]
        for job in news:
            if not job.active and job not in made:
                app.tell(*result(job), trouble=job.state is State.FAILED)
        for draft in discard_sent_drafts(app.drafts, jobs):
            if draft.key and draft.key.is_text and draft.path is not None:
                kept = f"What you typed is kept in {shown_path(draft.path)}."
                app.tell(kept, "Open the form again to continue.")
        if news:
            app.run_worker(_refresh(app, services, made), group="refresh")
        await app.clock.sleep(DRAW_EVERY)


async def _prepare_handover(app: OllamaTui, services: Services) -> None:
    """Find out how downloads outlive a logout; say once that they do not."""
    if services.handover is not None:
        rules = await asyncio.to_thread(services.handover.prepare)
        if rules.warning:
            app.tell(rules.warning, rules.hint)


async def _refresh(app: OllamaTui, services: Services, made: Sequence[Job]) -> None:
    """List the models again, then tell of those that were made, and where they are."""
    from ollama_tui.tui.actions.browse import hint_if_hidden
    from ollama_tui.tui.widgets.job_results import result

    services.storage.expect_changes()
    with suppress(OllamaError):  # the status line says what is wrong
        await services.library.refresh()
    for job in made:
        title, note = result(job)
        hidden = hint_if_hidden(app.main.context, job.name) if app.main else ""
        app.tell(title, f"{note} {hidden}".strip())


def _has_news(before: Job | None, job: Job) -> bool:
    """Whether `job` has ended or lost its connection: then the list may not be what it was."""
    ended = job.ended is not None and (before is None or before.state is not job.state)
    return ended or (bool(job.trouble) and not (before is not None and before.trouble))
