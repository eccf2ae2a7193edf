"""The program itself: its server, clipboard, theme, help and palette."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ollama_tui.api.host import parse_host
from ollama_tui.config.hosts import MOST_QUOTED, address_of, address_problem
from ollama_tui.formatting import inert, plural
from ollama_tui.tui.actions.action import (
    Action,
    ActionContext,
    ActionGroup,
    Place,
    connected,
    no_model,
    not_connected,
)
from ollama_tui.tui.actions.jobs import can_go_on, find, leave_running

if TYPE_CHECKING:
    from ollama_tui.config.settings import Settings
    from ollama_tui.tui.dialogs.choice import Alternative


async def refresh(context: ActionContext) -> None:
    """Ask the server for its models and what runs; read the notes and the memory again."""
    services = connected(context)
    services.available_memory.read_again()
    await services.notes.load()
    await services.library.refresh()
    context.tell(f"{plural(len(context.snapshot.models), 'model')} listed.")


async def copy_text(context: ActionContext) -> None:
    """Ask what of the current model to send to the clipboard."""
    from ollama_tui.tui.dialogs.choice import Choice

    if (model := context.current) is None:
        return
    host_url = context.settings.host.url
    texts = clipboard_texts(model.name, model.digest, host_url, model.asked_runner)
    if context.settings.demo:  # which listens nowhere
        texts = {option: text for option, text in texts.items() if option.key != "curl"}
    options = tuple(replace(option, help=text) for option, text in texts.items())
    chosen = await context.ask(Choice(f"Copy {model.label} to the clipboard", options))
    if chosen == "modelfile":
        from ollama_tui.domain.modelfile.convert import saved

        # Made here: the server's own text names files of its machine, and loses quotes.
        facts = connected(context).facts
        show = await facts.show(model)
        above = find(context, show.details.parent_model) if show.details.parent_model else None
        text = saved(model.name, show, facts.details_of(above) if above is not None else None)
        context.clipboard(text, "The Modelfile")
    elif chosen is not None:
        label = next(a.label for a in texts if a.key == chosen)
        context.clipboard(texts[next(a for a in texts if a.key == chosen)], label)


def clipboard_texts(
    name: str, digest: str, host_url: str, runner: str = ""
) -> dict[Alternative, str]:
    """Return what can be copied of a model, by how it is called; each is one line.

    A server may give a model any name, and what is pasted into a shell runs: so commands are
    quoted for a POSIX shell, and no line holds a control character.
    """
    import json
    from shlex import quote

    from ollama_tui.tui.dialogs.choice import Alternative

    asked = quote(inert(f"{host_url}/api/show"))
    body = quote(json.dumps({"model": name} | ({"runner": runner} if runner else {})))
    options = "-- " if name.startswith("-") else ""
    return {
        Alternative("name", "Name"): inert(name),
        Alternative("digest", "Digest"): inert(digest),
        Alternative("run", "ollama run …"): f"ollama run {options}{quote(inert(name))}",
        Alternative("curl", "curl … /api/show"): f"curl {asked} -d {body}",
        Alternative("modelfile", "Modelfile"): "",
    }


def demo_not_needed(context: ActionContext) -> str | None:
    """Say why the demo is not offered."""
    from ollama_tui.domain.model import ConnectionState

    if context.snapshot.state is ConnectionState.DOWN:
        return None
    if context.settings.demo:
        return "This is the demo already."
    return "The server answers: start with --demo to see the demo."


OTHER_SERVER = "another"
"""Key of the choice that is no server."""


async def choose_server(context: ActionContext) -> None:
    """Ask which server to go to, and, where jobs would be left behind, once more; go there."""
    from ollama_tui.tui.dialogs.choice import Alternative, Choice, Confirm
    from ollama_tui.tui.dialogs.facts import Facts
    from ollama_tui.tui.dialogs.text_questions import AddressDialog

    address: str | None = OTHER_SERVER
    if known := [_alternative(context.settings, url) for url in context.hosts]:
        options = (*known, Alternative(OTHER_SERVER, "another…", "type its address"))
        address = await context.ask(Choice("Servers", options, current=context.settings.host.url))
    if address == OTHER_SERVER:
        named = context.settings.hosts
        dialog = AddressDialog(lambda text: address_problem(address_of(text, named)))
        typed = await context.ask(dialog)
        address = address_of(typed, named) if typed is not None else None
    if address is None:
        return
    jobs = context.services.queue.jobs.value if context.services else ()
    if busy := sum(job.active for job in jobs):
        dropped = "Pending deletions are dropped."
        stop = "Downloads stop; what was fetched is kept, and pulling again resumes."
        go_on = "They go on meanwhile; come back to see how far they are."
        runs = f"{plural(busy, 'job')} run{'s' if busy == 1 else ''}"
        question = Confirm(
            f"Leave this server while {runs}?",
            (stop, dropped),
            "leave",
            option="leave the downloads running in the background" if can_go_on(context) else "",
            option_facts=Facts(lines=(go_on, dropped)),
        )
        if not await context.ask(question):
            return
        if question.with_option and not await leave_running(context):
            return
    context.go_to(address)


def _alternative(settings: Settings, url: str) -> Alternative:
    """Return a server to choose: its name in config.toml, where it has one, and its address."""
    from ollama_tui.tui.dialogs.choice import Alternative

    there = replace(settings, host=parse_host(url), demo=False)
    named = there.named_host
    label = inert(url)
    if named is not None and named.address:
        label = f"{inert(named.name[:MOST_QUOTED])}  {label}"
    return Alternative(url, label, "read-only" if there.read_only else "")


ACTIONS = (
    Action("clipboard.copy", "y", "copy text", "Copy name, command or Modelfile to the clipboard.",
           copy_text, no_model, group=ActionGroup.APP,
           synonyms=("clipboard", "yank", "curl")),
    Action("app.refresh", "R", "refresh", "Load the list of models again.",
           refresh, not_connected, group=ActionGroup.APP,
           synonyms=("reload",)),
    Action("app.demo", "D", "demo", "Open the demo when the server does not answer.",
           "app.open_demo", demo_not_needed, group=ActionGroup.APP),
    Action("app.theme", "", "theme", "Choose the color theme; it is kept for the next run.",
           "choose_theme", group=ActionGroup.APP,
           synonyms=("colour", "color", "colours", "colors", "dark", "light", "appearance")),
    Action("app.keys", "question_mark", "keys", "Show the keys that work here and now.",
           "show_keys", group=ActionGroup.APP, place=Place.EVERYWHERE, footer=98,
           synonyms=("help", "shortcuts", "hotkeys", "bindings", "legend", "manual")),
    Action("app.palette", "colon,ctrl+p", "palette", "Find any action by its name.",
           "show_palette", group=ActionGroup.APP, place=Place.EVERYWHERE, footer=99,
           synonyms=("commands",)),
    Action("app.quit", "q", "quit", "Quit; asks when jobs run or a form holds text.",
           "quit", group=ActionGroup.APP, synonyms=("exit", "leave")),
    Action("hosts.show", "H", "hosts", "Switch to another server, a recent one or by address.",
           choose_server, group=ActionGroup.APP,
           synonyms=("server", "host", "connect", "remote", "address", "switch server")),
)  # fmt: skip
