"""The program itself and what it goes to: hosts, storage, jobs, clipboard, theme, quit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_tui.formatting import inert, plural
from ollama_tui.tui.actions.action import (
    FOOTER_ALWAYS,
    Action,
    ActionContext,
    ActionGroup,
    Place,
    connected,
    no_model,
    not_connected,
)
from ollama_tui.tui.actions.submit import ask_about

if TYPE_CHECKING:
    from ollama_tui.api.replies import Show
    from ollama_tui.domain.model import Model
    from ollama_tui.tui.dialogs.choice import Alternative


async def refresh(context: ActionContext) -> None:
    """Ask the server for its models and what runs."""
    await connected(context).library.refresh()
    context.tell(f"{plural(len(context.snapshot.models), 'model')} listed.")


async def copy_text(context: ActionContext) -> None:
    """Ask what of the current model to send to the clipboard."""
    from ollama_tui.tui.dialogs.choice import Choice

    if (model := context.current) is None:
        return
    texts = clipboard_texts(model.name, model.digest, context.settings.host.url)
    chosen = await context.ask(Choice(f"Copy of {model.label}", tuple(texts)))
    if chosen == "modelfile":
        show = await connected(context).facts.ask(model)
        context.clipboard(modelfile_text(context, model, show), "The Modelfile")
    elif chosen is not None:
        label = next(a.label for a in texts if a.key == chosen)
        context.clipboard(texts[next(a for a in texts if a.key == chosen)], label)


def modelfile_text(context: ActionContext, model: Model, show: Show) -> str:
    """Return a Modelfile that makes the same model again, on its parent if we know all of that.

    The server's own text names files by paths that are on its machine, and loses quotes.
    """
    from ollama_tui.domain.modelfile.convert import saved
    from ollama_tui.tui.actions.submit import find

    above = find(context, show.details.parent_model) if show.details.parent_model else None
    facts = connected(context).facts
    return saved(model.name, show, facts.details_of(above) if above is not None else None)


def clipboard_texts(name: str, digest: str, host_url: str) -> dict[Alternative, str]:
    """Return what can be copied of a model, by how it is called; each is one line.

    A server may give a model any name, and what is pasted into a shell runs: so commands are
    quoted for a POSIX shell, and no line holds a control character.
    """
    import json
    from shlex import quote

    from ollama_tui.tui.dialogs.choice import Alternative

    asked = quote(inert(f"{host_url}/api/show"))
    body = quote(json.dumps({"model": name}))
    options = "-- " if name.startswith("-") else ""
    return {
        Alternative("name", "Name"): inert(name),
        Alternative("digest", "Digest"): inert(digest),
        Alternative("run", "ollama run …"): f"ollama run {options}{quote(inert(name))}",
        Alternative("curl", "curl … /api/show"): f"curl {asked} -d {body}",
        Alternative("modelfile", "Modelfile"): "",
    }


async def cancel_job(context: ActionContext) -> None:
    """Stop the chosen job: its connection is closed, so the server stops too."""
    from ollama_tui.services.jobs.job import Job

    if isinstance(job := context.chosen, Job) and not connected(context).queue.cancel(job.id):
        context.tell("It has ended already.")


async def retry_job(context: ActionContext) -> None:
    """Queue the chosen job again; where that would replace a model unasked, ask."""
    from ollama_tui.services.jobs.job import Job
    from ollama_tui.tui.dialogs.names import NewName

    if not isinstance(job := context.chosen, Job):
        return
    jobs = connected(context).queue
    if job.can_retry and job.error and job.error.conflict:
        there = job.error.conflict
        if target := await ask_about(context, NewName(job.name), there):
            jobs.retry_as(job.id, target.name, target.replaces)
    elif not jobs.retry(job.id):
        context.tell("Only what failed or was cancelled can be tried again.")


async def undo_job(context: ActionContext) -> None:
    """Take the chosen deletion back."""
    from ollama_tui.services.jobs.job import Job

    if isinstance(job := context.chosen, Job) and not connected(context).queue.undo(job.id):
        context.tell("Only a deletion that still waits can be undone.")


async def clear_jobs(context: ActionContext) -> None:
    """Forget the jobs that have ended."""
    connected(context).queue.clear()


def no_job(context: ActionContext) -> str | None:
    """Say that there is no job to act on."""
    from ollama_tui.services.jobs.job import Job

    return None if isinstance(context.chosen, Job) else "There are no jobs."


def demo_not_needed(context: ActionContext) -> str | None:
    """Say why the demo is not offered."""
    from ollama_tui.domain.snapshot import ConnectionState

    if context.snapshot.state is ConnectionState.DOWN:
        return None
    return "The server answers: start with --demo to see the embedded one."


OTHER_SERVER = "another"
"""Key of the choice that is no server."""


async def choose(context: ActionContext) -> None:
    """Ask which server to go to, and, where jobs would be left behind, once more; go there."""
    from ollama_tui.tui.dialogs.choice import Alternative, Choice
    from ollama_tui.tui.dialogs.confirm import Confirm
    from ollama_tui.tui.dialogs.text_questions import AddressDialog

    address: str | None = OTHER_SERVER
    if known := [Alternative(host, inert(host)) for host in context.hosts]:
        options = (*known, Alternative(OTHER_SERVER, "another…"))
        address = await context.ask(Choice("Servers", options, current=context.settings.host.url))
    if address == OTHER_SERVER:
        address = await context.ask(AddressDialog(problem))
    if address is None:
        return
    if busy := sum(job.active for job in context.jobs):
        lines = (
            "Downloads stop; what was fetched is kept, and pulling again goes on.",
            "Deletions that still wait are not sent.",
        )
        runs = f"{plural(busy, 'job')} run{'s' if busy == 1 else ''}"
        if not await context.ask(Confirm(f"Leave this server while {runs}?", lines, "leave")):
            return
    context.go_to(address)


def problem(address: str) -> str | None:
    """Return why `address` cannot be that of a server."""
    from ollama_tui.api.host import parse_host

    try:
        host = parse_host(address)
    except ValueError:
        return "An address cannot hold a user name or password."
    if host.scheme not in ("http", "https"):
        return "Only http:// and https:// lead to a server."
    if any(not letter.isprintable() or letter.isspace() for letter in host.name):
        return "A host has no blanks in its name."
    return None


ACTIONS = (
    Action("jobs.show", "J", "jobs", "Show all jobs, to cancel, retry or clear them.",
           "show_jobs", not_connected, group=ActionGroup.APP),
    Action("jobs.cancel", "c,d", "cancel", "Stop the job; the server stops too.",
           cancel_job, no_job, group=ActionGroup.APP, place=Place.JOBS, footer=1),
    Action("jobs.retry", "r", "try again", "Try again what failed or was cancelled.",
           retry_job, no_job, group=ActionGroup.APP, place=Place.JOBS, footer=2),
    Action("jobs.undo", "z", "undo", "Take back a deletion that still waits.",
           undo_job, no_job, group=ActionGroup.APP, place=Place.JOBS, footer=3),
    Action("jobs.clear", "x", "clear ended", "Forget the jobs that have ended.",
           clear_jobs, no_job, group=ActionGroup.APP, place=Place.JOBS, footer=4),
    Action("jobs.back", "escape,q,J", "back", "Go back to the list.",
           "back", group=ActionGroup.APP, place=Place.JOBS, footer=FOOTER_ALWAYS,
           cancels_pending=True),
    Action("clipboard.copy", "y", "copy text", "Send name, command or Modelfile to the clipboard.",
           copy_text, no_model, group=ActionGroup.APP),
    Action("app.refresh", "R", "refresh", "Ask the server for its models again.",
           refresh, not_connected, group=ActionGroup.APP),
    Action("app.demo", "D", "demo", "Leave the server that does not answer and open the demo.",
           "app.open_demo", demo_not_needed, group=ActionGroup.APP),
    Action("app.theme", "", "theme", "Choose the theme; its colours are kept for the next run.",
           "choose_theme", group=ActionGroup.APP),
    Action("app.keys", "question_mark", "keys", "Show the keys that work here and now.",
           "show_keys", group=ActionGroup.APP, place=Place.EVERYWHERE, footer=98),
    Action("app.palette", "colon,ctrl+p", "palette", "Find any action by its name.",
           "show_palette", group=ActionGroup.APP, place=Place.EVERYWHERE, footer=99),
    Action("app.quit", "q", "quit", "Leave the program; asks when jobs run or a form holds text.",
           "quit", group=ActionGroup.APP, synonyms=("exit", "leave")),
    Action("hosts.show", "H", "hosts", "Go to another host: a server used before, or by address.",
           choose, group=ActionGroup.APP),
)  # fmt: skip
