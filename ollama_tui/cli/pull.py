"""`pull`: download models, here or in the background."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from ollama_tui.api.clock import MACHINE
from ollama_tui.api.errors import ReadOnly
from ollama_tui.cli.context import CommandContext, CommandRefused, UsageError
from ollama_tui.cli.output import complain, print_json, report
from ollama_tui.config.settings import user_folders
from ollama_tui.domain import names
from ollama_tui.formatting import inert, listing, rate, size_of
from ollama_tui.services.cache import file_key
from ollama_tui.services.jobs.entries import Entry, JobFile
from ollama_tui.services.jobs.handover import LOOK_EVERY, Handover, start_keeper, until_wanted
from ollama_tui.services.jobs.job import Job, State
from ollama_tui.services.jobs.journal import Journal, job_files
from ollama_tui.services.jobs.session import logout_rules
from ollama_tui.services.jobs.tasks import Pull

if TYPE_CHECKING:
    from ollama_tui.api.replies import ListedModel
    from ollama_tui.services.jobs.queue import JobQueue

HELP = "Download models, here or in the background; a lost terminal ends neither."
REPORT_EVERY = 5.0
"""Seconds between two lines on how far a download is."""
HAND_OVER_AT = (signal.SIGHUP, signal.SIGTERM)
"""Signals that end the command and no download."""
START_WITHIN = 15.0
"""Seconds to wait for the background process."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes."""
    parser.add_argument("names", nargs="+", metavar="NAME", help="a model, such as qwen3:8b")
    parser.add_argument(
        "--detach",
        action="store_true",
        help="return at once; `ollama-tui jobs` shows how far it is",
    )
    parser.add_argument(
        "--force", action="store_true", help="overwrite installed models that are locked, too"
    )
    parser.add_argument(
        "--insecure", action="store_true", help="let the server use plain HTTP for its registry"
    )


async def run(context: CommandContext) -> int:
    """Pull what is named; 1 if any was refused."""
    settings, options = context.settings, context.options
    for name in options.names:
        if problem := names.pull_problem(name):
            raise UsageError(f"{inert(name)}: {problem}" if name else problem)
    if settings.read_only:
        raise CommandRefused(str(ReadOnly("Nothing was pulled")))
    listed = await context.ollama.list()  # an address where nobody answers is said at once
    if not options.force:
        _refuse_locked(context, options.names, listed)
    pulls = [Pull(name, options.insecure) for name in dict.fromkeys(options.names)]
    if settings.demo:
        if options.detach:
            raise UsageError("The demo ends with the command: leave out --demo or --detach.")
        return await _followed(context, pulls, None)
    url, folder = settings.host.url, user_folders().unfinished
    under_way = {
        entry.key: entry
        for file in job_files(folder)
        if file.is_alive and file.content.host_url == url
        for entry in file.content.entries
        if entry.is_active
    }
    # Here, what can be joined is: who waits for the model gets it, and no byte comes twice.
    twice = [
        pull
        for pull in pulls
        if (entry := under_way.get(Entry(pull).key)) and (options.detach or not entry.joins)
    ]
    if twice:
        names_of = listing([inert(pull.name) for pull in twice])
        complain(f"Under way already: {names_of}. See: ollama-tui jobs")
    pulls = [pull for pull in pulls if pull not in twice]
    if not pulls:
        if options.json:
            print_json({"host": settings.server, "under_way": [pull.name for pull in twice]})
        return 0 if options.detach else 1
    header = JobFile(host_url=url, parallel=settings.parallel)
    journal = Journal(folder, file_key(url), header=header)
    if options.detach:
        return await _detached(context, pulls, journal)
    return await _followed(context, pulls, journal)


def _refuse_locked(
    context: CommandContext, wanted: Sequence[str], listed: Sequence[ListedModel]
) -> None:
    """Raise CommandRefused where a pull could overwrite an installed model that is locked."""
    keys = {names.comparison_key(name) for name in wanted}
    notes = context.notes.by_name(listed)
    locked = [
        model.name
        for model in listed
        if model.name in notes
        and notes[model.name].locked
        and names.comparison_key(model.name) in keys
    ]
    if locked:
        are = "is" if len(locked) == 1 else "are"
        raise CommandRefused(
            f"{listing([inert(name) for name in locked])} {are} locked, so nothing was pulled. "
            "--force pulls all the same."
        )


async def _detached(context: CommandContext, pulls: Sequence[Pull], journal: Journal) -> int:
    """Leave the downloads to a keeper; return once it has them."""
    journal.keep([Entry(pull, State.QUEUED) for pull in pulls])
    try:
        rules = await asyncio.to_thread(logout_rules)
        await asyncio.to_thread(start_keeper, journal.path, rules.prefix)
        started = await until_wanted(journal, START_WITHIN, MACHINE)
    except OSError:
        started = False
    if not started:
        journal.keep(())
    journal.close()
    if not started:
        raise CommandRefused("The background process did not start, so nothing was pulled.")
    if rules.warning:
        complain(rules.warning, rules.hint)
    pulled = [inert(pull.name) for pull in pulls]
    if context.options.json:
        print_json({"host": context.settings.server, "pulling": [pull.name for pull in pulls]})
    else:
        report(f"Pulling {listing(pulled)} in the background. See: ollama-tui jobs")
    return 0


async def _followed(context: CommandContext, pulls: Sequence[Pull], journal: Journal | None) -> int:
    """Pull here and say how far it is; SIGHUP and SIGTERM leave the rest to a keeper."""
    from ollama_tui.services.jobs.queue import JobQueue

    queue = JobQueue(context.ollama, parallel=context.settings.parallel, journal=journal)
    told_to_end: list[signal.Signals] = []
    if journal is not None:
        handover = Handover(queue, journal, start_keeper, MACHINE)
        await asyncio.to_thread(handover.prepare)
        _hand_over_when_told_to_end(handover, told_to_end)
    for pull in pulls:
        queue.submit(pull)
    try:
        jobs = await _until_ended(queue)
    except asyncio.CancelledError:
        left = [inert(job.name) for job in queue.jobs.value if job.active]
        complain(f"Not finished: {listing(left)}. What was downloaded is kept.")
        if not told_to_end:
            raise
        return 128 + told_to_end[0]
    finally:
        await queue.close()
    if context.options.json:
        done = [job.name for job in jobs if job.state is State.DONE]
        errors = {job.name: str(job.error.title) for job in jobs if job.error}
        print_json({"host": context.settings.server, "pulled": done, "failed": errors})
    return 1 if any(job.state is not State.DONE for job in jobs) else 0


def _hand_over_when_told_to_end(handover: Handover, told: list[signal.Signals]) -> None:
    """Have a keeper go on when a signal tells this command to end; note that one in `told`."""
    loop, command = asyncio.get_running_loop(), asyncio.current_task()
    assert command is not None

    def end(number: signal.Signals) -> None:
        told.append(number)
        handover.begin_and_block()
        command.cancel()

    for number in HAND_OVER_AT:
        loop.add_signal_handler(number, end, number)


async def _until_ended(queue: JobQueue) -> tuple[Job, ...]:
    """Say on standard error how the downloads go until all have ended; return them."""
    said: dict[int, float] = {}
    async for jobs in queue.jobs.follow():
        now = monotonic()
        for job in jobs:
            if not job.active and said.get(job.id) != float("inf"):
                said[job.id] = float("inf")
                report(_ending(job))
            elif job.progress.total and job.active and now >= said.get(job.id, 0.0):
                said[job.id] = now + REPORT_EVERY
                report(_progress_line(job))
        if jobs and not any(job.active for job in jobs):
            return jobs
        await asyncio.sleep(LOOK_EVERY)
    return queue.jobs.value


def _ending(job: Job) -> str:
    if job.error is not None:
        return f"{job.error.title} {job.error.hint}".strip()
    return f"Pulled {inert(job.name)}." if job.state is State.DONE else job.note


def _progress_line(job: Job) -> str:
    progress = job.progress
    parts = [size_of(progress.completed, progress.total)]
    if progress.rate:
        parts.append(rate(progress.rate))
    if progress.fraction is not None:
        parts.append(f"{int(progress.fraction * 100)}%")
    return f"{job.label}: {', '.join(parts)}"
