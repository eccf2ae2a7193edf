"""The cloud catalogue: ask those who know of models, pull one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_tui.api.errors import OllamaError, Unauthorized, Unsupported
from ollama_tui.formatting import inert
from ollama_tui.tui.actions.action import Action, ActionContext, ActionGroup, ConnectedServer, Wish
from ollama_tui.tui.actions.browse import wish
from ollama_tui.tui.actions.change import ask_and_pull, connected
from ollama_tui.tui.actions.program import not_connected

if TYPE_CHECKING:
    from ollama_tui.api.replies import ListedModel, Recommendation, Show
    from ollama_tui.domain.cloud import Entry


async def offered(server: ConnectedServer) -> tuple[ListedModel, ...]:
    """Return what ollama.com lists; raises OllamaError in words about ollama.com."""
    from ollama_tui.domain.cloud import explained

    try:
        return await server.cloud.list()
    except OllamaError as error:
        raise explained(error) from None


async def recommended(server: ConnectedServer) -> tuple[Recommendation, ...]:
    """Return what the server recommends, nothing if it is too old for that."""
    try:
        return await server.ollama.recommendations()
    except Unsupported:
        return ()


async def switched_off(server: ConnectedServer) -> str:
    """Return a sentence if the server may not use the cloud; empty if it may or is too old."""
    from ollama_tui.domain.cloud import disabled

    try:
        return disabled((await server.ollama.status()).cloud)
    except Unsupported:
        return ""


async def details(context: ActionContext, entry: Entry) -> Show:
    """Return what show says of an entry; raises OllamaError.

    Where ollama.com wants a key we do not have, the server is asked: it may be signed in.
    """
    from ollama_tui.domain.cloud import explained

    server = connected(context)
    if not entry.runs_in_cloud:
        return await _local_details(context, entry)
    try:
        return await server.cloud.show(entry.offered)
    except Unauthorized as refused:
        try:
            return await server.ollama.show(entry.name)
        except OllamaError:
            raise explained(refused) from None
    except OllamaError as error:
        raise explained(error) from None


async def _local_details(context: ActionContext, entry: Entry) -> Show:
    model = context.snapshot.model(entry.installed)
    if model is None:
        raise OllamaError(
            f"Nothing more is known of {inert(entry.name)}.", "Its details come with it: p pulls."
        )
    return await connected(context).library.details(model)


async def pull(context: ActionContext, entry: Entry) -> None:
    """Queue a stub at once; for weights, which take room and time, ask first."""
    from ollama_tui.services.jobs.tasks import Pull

    if entry.runs_in_cloud:
        connected(context).jobs.submit(Pull(entry.name))
        context.tell(f"Pulling {inert(entry.name)}: a few hundred bytes, it runs at ollama.com.")
        return
    await ask_and_pull(context, entry.name)


PULL = Action("cloud.pull", "p", "pull", "Pull the model at the cursor.",
              wish(Wish.CLOUD), group=ActionGroup.CHANGE, changes_server=True)  # fmt: skip
"""What the catalogue's own key asks before `pull`; not in the list of actions."""

ACTIONS = (
    Action("cloud.show", "L", "cloud", "Show what ollama.com offers and what is recommended.",
           wish(Wish.CLOUD), not_connected, group=ActionGroup.CHANGE),
)  # fmt: skip
