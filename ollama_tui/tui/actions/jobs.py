"""Jobs: submitting what makes a model, its draft, names that are taken; the jobs of the table."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ollama_tui.tui.actions.action import (
    Action,
    ActionContext,
    ActionGroup,
    Place,
    connected,
    not_connected,
)

if TYPE_CHECKING:
    from ollama_tui.config.drafts import DraftFile, Drafts, FormKey
    from ollama_tui.domain.model import Model
    from ollama_tui.services.connection import Services
    from ollama_tui.services.jobs.job import Conflict, Job
    from ollama_tui.services.jobs.tasks import Create
    from ollama_tui.tui.dialogs.dialog import Form
    from ollama_tui.tui.dialogs.names import NewName

ORDERS = {
    "asked": ("as requested", "Sort in the order requested."),
    "state": ("running first", "Sort by state: running first."),
    "left": ("soonest first", "Sort by time left: finishing soonest first."),
    "name": ("by name", "Sort by name."),
}
"""Orders of the job table by key: what each is called, and a sentence about it."""
ASK_WITHIN_SECONDS = 3.0
"""Seconds after which a question would come too late: then the job itself tells, and J asks."""


def find(context: ActionContext, name: str) -> Model | None:
    """Return the listed model that a server takes `name` for."""
    from ollama_tui.domain import names

    key = names.comparison_key(name)
    return next((m for m in context.snapshot.models if names.comparison_key(m.name) == key), None)


async def confirm_target(context: ActionContext, target: NewName) -> NewName | None:
    """Look what is under a name that was chosen, and ask about what nobody could know of.

    Returns what may be replaced under which name, None to make nothing. Raises NameTaken where
    the user went on to something else meanwhile, and what listing the models raises.
    """
    from ollama_tui.services.jobs.job import NameTaken
    from ollama_tui.services.jobs.tasks import check_name

    ollama, location = connected(context).ollama, context.location
    while True:
        try:
            await check_name(ollama, target.name, target.replaces)
        except NameTaken as refusal:
            if context.location != location:
                raise
            if (answer := await ask_about_conflict(context, target, refusal.conflict)) is None:
                return None
            target = answer
        else:
            return target


async def submit_create(
    context: ActionContext, task: Create, draft: DraftFile | None = None
) -> None:
    """Queue what makes a model; ask when its name turns out to be taken.

    The cursor goes to the model once it is listed, unless it was moved meanwhile.

    `draft` is of the form it was typed into, and is gone once the model is made. The job stays with
    the others until that is settled, so that nothing typed is lost; one that has to wait for others
    asks there.
    """
    from ollama_tui.domain import names
    from ollama_tui.tui.dialogs.names import NewName

    services, location = connected(context), context.location
    jobs = services.queue
    target = NewName(task.name, task.replaces)
    job_id = jobs.submit(task)
    context.drafts.follow(draft, job_id)
    context.move_to(names.listed_as(target.name))
    while (conflict := await _conflict_at_start(services, job_id)) is not None:
        if context.location != location:
            return
        if (answer := await ask_about_conflict(context, target, conflict)) is None:
            return
        target = answer
        jobs.retry_as(job_id, target.name, target.replaces)
        context.drafts.follow(draft, job_id)
        context.move_to(names.listed_as(target.name))


async def ask_about_conflict(
    context: ActionContext, target: NewName, there: Conflict
) -> NewName | None:
    """Ask whether to replace what is `there`, else for another name; None for neither."""
    from ollama_tui.tui.dialogs.choice import confirm_replace_found
    from ollama_tui.tui.dialogs.names import OtherNameDialog

    locked = connected(context).notes.known.value.of(there.name).locked
    if await context.ask(confirm_replace_found(there, locked=locked)):
        return replace(target, replaces=there.digest)
    return await context.ask(OtherNameDialog(target.name, context.snapshot.models))


async def _conflict_at_start(services: Services, job_id: int) -> Conflict | None:
    """Return what is in the way of a job that was refused at once; None for any other."""
    look = asyncio.ensure_future(_refused(services, job_id))
    patience = asyncio.ensure_future(services.clock.sleep(ASK_WITHIN_SECONDS))
    try:
        await asyncio.wait((look, patience), return_when=asyncio.FIRST_COMPLETED)
        return look.result() if look.done() else None
    finally:
        for waiting in (look, patience):
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting


async def _refused(services: Services, job_id: int) -> Conflict | None:
    """Follow a job until it has begun, waits for others, or has ended; say what was in its way."""
    from ollama_tui.services.jobs.job import State

    async for jobs in services.queue.jobs.follow():
        job = next((job for job in jobs if job.id == job_id), None)
        if job is None:
            return None
        if job.state is not State.RUNNING or job.progress.phase:
            return job.error.conflict if job.error is not None else None
    return None


async def choose_draft(
    context: ActionContext, key: FormKey, left: DraftFile | None, about: str
) -> DraftFile | None:
    """Return the draft of a form to open, after asking whether to go on with the one `left`.

    None when the user goes back and nothing is to be opened.
    """
    from ollama_tui.tui.dialogs.questions import ContinueQuestion

    drafts = context.drafts
    if left is None:
        return drafts.begin(key)
    answer = await context.ask(ContinueQuestion(left, about))
    if answer is None:
        return None
    if answer == "y":
        return drafts.resume(left, key)
    if answer == "d":
        left.discard()
    return drafts.begin(key)


@contextmanager
def discard_draft_when_sent(form: Form[Any]) -> Iterator[None]:
    """Remove the draft of an answered form at the end of the block; where that fails, keep it."""
    try:
        yield
    except BaseException:
        offer_again(form)
        raise
    if form.draft_file is not None:
        form.draft_file.discard()


def offer_again(form: Form[Any]) -> None:
    """Keep the text of an answered form that was not sent, and offer it in the next one."""
    if form.draft_file is not None:
        form.draft_file.release()


def discard_sent_drafts(drafts: Drafts, jobs: Iterable[Job]) -> Iterator[DraftFile]:
    """Remove the drafts of what was sent; release those of what was refused, and yield them."""
    from ollama_tui.services.jobs.job import State

    for job in jobs:
        if (draft := drafts.sent.get(job.id)) is None:
            continue
        begun = job.verb == "pull" and job.progress.total and job.state is not State.QUEUED
        if job.state is State.DONE or begun:
            del drafts.sent[job.id]
            draft.discard()
        elif job.active:
            draft.held = True  # it may be tried again
        elif draft.held:
            draft.release()
            yield draft


def can_go_on(context: ActionContext) -> bool:
    """Whether something is under way that can go on without this program."""
    handover = context.services.handover if context.services else None
    return handover is not None and handover.is_possible


async def leave_running(context: ActionContext) -> bool:
    """Let the transfers go on in the background; where they cannot, say so and return False."""
    from ollama_tui.services.jobs.handover import START_WITHIN

    handover = context.services.handover if context.services else None
    if handover is None or not handover.is_possible:
        return True
    if not await asyncio.to_thread(handover.begin):
        why = "The process that goes on with the downloads did not start."
        context.tell(why, "Quit again and press b: then they stop, and what was fetched is kept.")
        return False
    await handover.wait(START_WITHIN)
    return True


def chosen_job(context: ActionContext) -> Job | None:
    """Return the job at the cursor of the job table; None if there are none."""
    from ollama_tui.services.jobs.job import Job

    return context.chosen if isinstance(context.chosen, Job) else None


async def cancel_job(context: ActionContext) -> None:
    """Stop the chosen job: its connection is closed, so the server stops too."""
    from ollama_tui.tui.dialogs.questions import confirm_cancel

    if (job := chosen_job(context)) is None:
        return
    question = confirm_cancel(job)
    if question is not None and not await context.ask(question):
        return
    if not connected(context).queue.cancel(job.id):
        context.tell("It has ended already.")


async def retry_job(context: ActionContext) -> None:
    """Queue the chosen job again; where that would replace a model unasked, ask."""
    from ollama_tui.tui.dialogs.names import NewName

    if (job := chosen_job(context)) is None:
        return
    queue = connected(context).queue
    if job.can_retry and job.error and job.error.conflict:
        there = job.error.conflict
        if target := await ask_about_conflict(context, NewName(job.name), there):
            queue.retry_as(job.id, target.name, target.replaces)
    elif not queue.retry(job.id):
        context.tell("Only what failed or was cancelled can be tried again.")


async def pause_job(context: ActionContext) -> None:
    """Pause the chosen download, or let it go on."""
    from ollama_tui.services.jobs.job import State

    if (job := chosen_job(context)) is None:
        return
    if job.state is State.PAUSED:
        connected(context).queue.retry(job.id)
    else:
        connected(context).queue.pause(job.id)


def cannot_pause(context: ActionContext) -> str | None:
    """Say why the chosen job can be neither paused nor resumed."""
    from ollama_tui.services.jobs.job import State

    if (job := chosen_job(context)) is None:
        return no_job(context)
    if job.can_pause or job.state is State.PAUSED:
        return None
    if not job.active:
        return "It has ended: r tries it again." if job.can_retry else "It has ended."
    return "Only downloads can be paused: the rest would start over."


async def move_job(context: ActionContext, step: int) -> None:
    """Let the chosen job start before the one that it waits for, or after the next."""
    if (job := chosen_job(context)) and not connected(context).queue.move(job.id, step):
        context.tell(f"It is already {'first' if step < 0 else 'last'} in the queue.")


def cannot_move(context: ActionContext) -> str | None:
    """Say why the chosen job has no place among those that wait."""
    from ollama_tui.services.jobs.job import State

    if (job := chosen_job(context)) is None:
        return no_job(context)
    return None if job.state is State.QUEUED else "Only what is queued can start sooner or later."


async def undo_job(context: ActionContext) -> None:
    """Take the chosen deletion back, else the last one: the bar below offers that on any row."""
    queue, chosen = connected(context).queue, chosen_job(context)
    waits = any(job.can_undo for job in queue.jobs.value if chosen and job.id == chosen.id)
    queue.undo(chosen.id if chosen and waits else None)


def cannot_undo(context: ActionContext) -> str | None:
    """Say that no deletion is pending; the queue knows, what is shown of it may be older."""
    if context.services is None:
        return no_job(context)
    waits = any(job.can_undo for job in context.services.queue.jobs.value)
    return None if waits else "Only a pending deletion can be undone."


async def clear_jobs(context: ActionContext) -> None:
    """Clear finished jobs."""
    connected(context).queue.clear()


def is_working(context: ActionContext) -> bool:
    """Whether a job is under way."""
    return context.services is not None and any(
        job.active for job in context.services.queue.jobs.value
    )


def no_job(context: ActionContext) -> str | None:
    """Say that there is no job to act on."""
    if chosen_job(context) is not None:
        return None
    return no_jobs(context) or "There is no job under the cursor."


def no_jobs(context: ActionContext) -> str | None:
    """Say that there are no jobs at all."""
    if context.services is None or not context.services.queue.jobs.value:
        return "There are no jobs."
    return None


ACTIONS = (
    Action("jobs.show", "J", "jobs", "Show all jobs, to cancel, retry or clear them.",
           "show_table('jobs')", not_connected, group=ActionGroup.APP,
           synonyms=("downloads", "progress", "queue", "transfers", "tasks", "pause",
                     "resume", "cancel"),
           place=Place.NOT_JOBS, footer=7, footer_while=is_working),
    Action("jobs.pause", "space", "pause/resume", "Pause or resume a download.",
           pause_job, cannot_pause, group=ActionGroup.JOBS, place=Place.JOBS, footer=1,
           synonyms=("hold", "continue")),
    Action("jobs.cancel", "c,d", "cancel", "Cancel the job; asks first for a big download.",
           cancel_job, no_job, group=ActionGroup.JOBS, place=Place.JOBS, footer=2,
           synonyms=("stop", "kill", "abort", "delete")),
    Action("jobs.retry", "r", "try again", "Try a failed or cancelled job again.",
           retry_job, no_job, group=ActionGroup.JOBS, place=Place.JOBS, footer=3,
           synonyms=("retry", "resume")),
    Action("jobs.sooner", "plus", "sooner", "Move a queued job up.",
           partial(move_job, step=-1), cannot_move, group=ActionGroup.JOBS, place=Place.JOBS,
           footer=8, synonyms=("up", "earlier", "priority", "reorder")),
    Action("jobs.later", "minus", "later", "Move a queued job down.",
           partial(move_job, step=1), cannot_move, group=ActionGroup.JOBS, place=Place.JOBS,
           footer=9, synonyms=("down", "reorder")),
    Action("jobs.undo", "z", "undo", "Undo a pending deletion.",
           undo_job, cannot_undo, group=ActionGroup.JOBS, place=Place.JOBS, footer=4,
           synonyms=("restore",)),
    Action("jobs.clear", "x", "clear ended", "Clear the jobs that have ended.",
           clear_jobs, no_jobs, group=ActionGroup.JOBS, place=Place.JOBS, footer=6,
           synonyms=("clean", "remove")),
    Action("jobs.filter", "slash", "filter", "Filter as you type: words of name, verb and state.",
           "open_filter", no_jobs, place=Place.JOBS, footer=10,
           synonyms=("search", "find", "grep")),
    Action("jobs.sort", "s", "sort", "Choose the order of the jobs.",
           "choose_order", no_jobs, group=ActionGroup.MARK, place=Place.JOBS, footer=11,
           synonyms=("order",)),
    *(Action(f"jobs.sort_{key}", str(number), label, help_,
             f"sort_by('{key}')", no_jobs, group=ActionGroup.MARK, place=Place.JOBS)
      for number, (key, (label, help_)) in enumerate(ORDERS.items(), 1)),
    Action("jobs.back", "q,J", "close", "Go back to where you were.",
           "back", group=ActionGroup.APP, place=Place.JOBS, cancels_pending=True),
)  # fmt: skip
