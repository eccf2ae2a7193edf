"""Jobs that an earlier run of the program left unfinished: one question whether to resume."""

from __future__ import annotations

from ollama_tui.domain.model import ConnectionState
from ollama_tui.formatting import plural
from ollama_tui.tui.actions.action import ActionContext, connected

REST_SECONDS = 1.0
"""Seconds without a key before the question is asked; twice as many each time it came amiss."""


async def ask_to_resume(context: ActionContext) -> None:
    """Ask once about all paused jobs, when the user is in the list and types nothing."""
    from ollama_tui.services.jobs.job import State
    from ollama_tui.tui.dialogs.questions import ResumeQuestion

    queue, rest = connected(context).queue, REST_SECONDS
    left = {job.id for job in queue.jobs.value}
    while True:
        await context.rest(rest)
        paused = [job for job in queue.jobs.value if job.id in left and job.state is State.PAUSED]
        if not paused:
            return
        if context.snapshot.state is not ConnectionState.UP:
            continue
        answer = await context.show(ResumeQuestion(paused))
        if answer is None:  # typed before it could be read
            rest *= 2
        elif answer:
            for job in paused:
                queue.retry(job.id)
            return
        else:
            stay = "stays" if len(paused) == 1 else "stay"
            what = "download" if all(job.verb == "pull" for job in paused) else "job"
            kept = f"{plural(len(paused), what)} {stay} paused."
            context.tell(kept, "In J, space resumes what is under the cursor.")
            return
