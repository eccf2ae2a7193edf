"""Other servers: those used before or named in the config, or one that is typed."""

from __future__ import annotations

from ollama_tui.formatting import inert, plural
from ollama_tui.tui.actions.action import Action, ActionContext, ActionGroup

ANOTHER = "another"
"""Key of the choice that is no server."""


async def choose(context: ActionContext) -> None:
    """Ask which server to go to, and go there."""
    address = await _address(context)
    if address is not None and await _may_leave(context):
        context.go_to(address)


async def _address(context: ActionContext) -> str | None:
    """Ask for one of the servers known, or for an address."""
    from ollama_tui.tui.dialogs.choice import Alternative, Choice
    from ollama_tui.tui.dialogs.hosts import AddressDialog

    known = [Alternative(host, inert(host)) for host in context.hosts]
    if not known:
        return await context.ask(AddressDialog(problem))
    options = (*known, Alternative(ANOTHER, "another…"))
    chosen = await context.ask(Choice("Servers", options, current=context.host_url))
    if chosen != ANOTHER:
        return chosen
    return await context.ask(AddressDialog(problem))


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


async def _may_leave(context: ActionContext) -> bool:
    """Ask before leaving jobs behind."""
    from ollama_tui.tui.dialogs.dialog import Confirm

    busy = context.work_in_progress
    if not busy:
        return True
    lines = (
        "Downloads stop; what was fetched is kept, and pulling again goes on.",
        "Deletions that still wait are not sent.",
    )
    runs = f"{plural(busy, 'job')} run{'s' if busy == 1 else ''}"
    sure = await context.ask(Confirm(f"Leave this server while {runs}?", lines, "leave"))
    return bool(sure)


ACTIONS = (
    Action("hosts.show", "H", "hosts", "Go to another host: a server used before, or by address.",
           choose, group=ActionGroup.APP),
)  # fmt: skip
