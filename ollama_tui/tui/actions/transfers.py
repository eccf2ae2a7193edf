"""Transfers from and to registries: pull and push; the keys of Discover."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ollama_tui.api.errors import OllamaError
from ollama_tui.formatting import brief, inert, listing, plural
from ollama_tui.tui.actions.action import (
    Action,
    ActionContext,
    ActionGroup,
    Place,
    connected,
    no_model,
    not_connected,
)
from ollama_tui.tui.actions.jobs import confirm_target, discard_draft_when_sent, find, offer_again
from ollama_tui.tui.actions.notes import may_overwrite
from ollama_tui.tui.actions.updates import outdated_models

if TYPE_CHECKING:
    from ollama_tui.domain.memory.words import FitWords
    from ollama_tui.domain.model import Model
    from ollama_tui.domain.updates import Offer
    from ollama_tui.services.connection import Services
    from ollama_tui.tui.dialogs.names import NewName
    from ollama_tui.tui.dialogs.pull import PullFacts


P = ParamSpec("P")
T = TypeVar("T")
TYPING_PAUSE = 0.3
"""Seconds without a new letter after which a name being typed is looked up."""


def _after_typing(
    services: Services, ask: Callable[P, Awaitable[T]]
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Return `ask` for a dialog, which cancels it with the next letter: it asks at rest."""

    async def ask_at_rest(*args: P.args, **kwargs: P.kwargs) -> T:
        await services.clock.sleep(TYPING_PAUSE)
        return await ask(*args, **kwargs)

    return ask_at_rest


async def pull(context: ActionContext, prefill: str = "") -> None:
    """Ask what to pull, with what registries say of it, and queue each of the models."""
    from ollama_tui.domain.updates import OfferKind
    from ollama_tui.services.jobs.job import State
    from ollama_tui.services.jobs.tasks import Pull
    from ollama_tui.tui.dialogs.pull import PullDialog

    services = connected(context)
    offers = _after_typing(services, services.updates.offer)
    # Asked once there is an offer: typing has rested then.
    memory_of = partial(memory_taken, context)
    dialog = PullDialog(pull_facts(context), prefill, offers=offers, memory_of=memory_of)
    if (answer := await context.ask(dialog)) is None:
        return
    if not await may_overwrite(context, [wanted.name for wanted in answer.wanted], "pull"):
        offer_again(dialog)
        return
    unsized, absent = dict[int, str](), dict[int, str]()
    for number, wanted in enumerate(answer.wanted):
        expected = wanted.offer.total if wanted.offer else None
        job_id = services.queue.submit(Pull(wanted.name, answer.insecure, expected))
        if not number:
            context.drafts.follow(dialog.draft_file, job_id)
        if wanted.offer is None:  # it was sent before the registry had answered
            unsized[job_id] = wanted.name
        elif wanted.offer.kind is OfferKind.ABSENT:
            absent[job_id] = wanted.name
    async with asyncio.TaskGroup() as group:
        asked = {
            job_id: group.create_task(_learn_size(services, job_id, name, answer.insecure))
            for job_id, name in unsized.items()
        }
    absent |= {job_id: unsized[job_id] for job_id, task in asked.items() if not task.result()}
    # What has begun says so itself; the others may wait for long behind larger ones.
    waiting = {job.id for job in services.queue.jobs.value if job.state is State.QUEUED}
    if later := [inert(name) for job_id, name in absent.items() if job_id in waiting]:
        context.tell(f"No registry has {listing(later)}: c in J cancels that pull.", trouble=True)


async def memory_taken(
    context: ActionContext, name: str, insecure: bool, there: Model | None, offer: Offer
) -> FitWords | None:
    """Return what a model to pull takes on the server: by what is here, else by its registry."""
    from ollama_tui.domain.memory.words import fit_words
    from ollama_tui.domain.model_memory import shape_of_model
    from ollama_tui.domain.updates import OfferKind
    from ollama_tui.tui.actions.memory import server_memory

    available = server_memory(context)
    if there is not None and offer.kind is OfferKind.CURRENT and (shape := shape_of_model(there)):
        return fit_words(shape, available=available)
    published = await connected(context).updates.memory(name, insecure, offer)
    return published.words(available) if published is not None else None


async def _learn_size(services: Services, job_id: int, name: str, insecure: bool) -> bool:
    """Ask how big a model is that is being pulled; return whether its registry has it."""
    from ollama_tui.domain.updates import OfferKind

    offer = await services.updates.offer(name, insecure, None)
    if offer.total is not None:
        services.queue.set_expected_size(job_id, offer.total)
    return offer.kind is not OfferKind.ABSENT


def pull_facts(context: ActionContext) -> PullFacts:
    """Return what is known to whoever is about to type names to pull."""
    from ollama_tui.domain import names, suggestions
    from ollama_tui.services.jobs.job import how_far, totals
    from ollama_tui.tui.dialogs.pull import PullFacts

    services, models = connected(context), context.snapshot.models
    measured = services.storage.measured
    library: Iterable[str] = suggestions.FAMILIES
    if context.settings.demo:  # its registry has few of them
        from ollama_tui.demo.catalog import CATALOG

        library = [model.name for model in CATALOG]
    outdated = {model.key for model in outdated_models(context)}
    pulls = [job for job in services.queue.jobs.value if job.verb == "pull"]
    return PullFacts(
        models,
        suggestions.pullable(models, outdated, services.seen_names, library),
        {names.comparison_key(job.name): how_far(job.progress) for job in pulls if job.can_retry},
        {names.comparison_key(job.name) for job in pulls if job.active},
        lambda: measured.value.free if measured.value else None,
        lambda: totals(job for job in services.queue.jobs.value if job.verb == "pull").left,
    )


async def push(context: ActionContext) -> None:
    """Ask for the name as whoever the server is, copy to it if need be, and queue the push."""
    from ollama_tui.domain import names
    from ollama_tui.services.jobs.tasks import Push
    from ollama_tui.tui.actions import account
    from ollama_tui.tui.dialogs.push import PushDialog

    if (model := context.current) is None:
        return
    services = connected(context)
    dialog = PushDialog(
        model,
        context.snapshot.models,
        partial(account.account_statuses, services),
        partial(account.address_to_clipboard, context),
        _after_typing(services, services.updates.speaks_plain_http),
    )
    answer = await context.ask(dialog)
    if answer is None:
        return
    # A push that failed has left its copy behind: that one is as good as another.
    there = find(context, answer.name)
    mine, theirs = (
        {row.digest for row in context.snapshot.named(each.name)} if each else set()
        for each in (model, there)
    )
    is_copy = mine == theirs and "" not in mine
    copies = not is_copy and not names.same(answer.name, model.name)
    if copies:
        try:
            target = await _copy_target(context, answer.name, there)
        except OllamaError:
            offer_again(dialog)
            raise
        if target is None:
            offer_again(dialog)
            return
        answer = replace(answer, name=target.name)
    with discard_draft_when_sent(dialog):
        if copies:
            await _copy_to_push(context, model, answer.name)
        services.updates.note_push(answer.name)
        services.queue.submit(
            Push(answer.name, answer.insecure, None if model.siblings else model.size or None)
        )


async def _copy_to_push(context: ActionContext, model: Model, name: str) -> None:
    """Copy a model to the name it is pushed as; tell what the copy lacks. Raises OllamaError."""
    services = connected(context)
    if warning := await services.ollama.copy(model.name, name):
        lacks = f"Not all of {model.name_label} is pushed: the copy has only what is on the server."
        context.tell(lacks, brief(warning), trouble=True)
    await services.library.refresh()


async def _copy_target(context: ActionContext, name: str, there: Model | None) -> NewName | None:
    """Return what the copy to push may be called and replace; None when it is not to be made."""
    from ollama_tui.tui.dialogs.choice import confirm_replace
    from ollama_tui.tui.dialogs.names import NewName

    if there is not None and await context.ask(confirm_replace(there)) is not True:
        return None
    return await confirm_target(context, NewName(name, there.digest if there else None))


async def pull_entries(context: ActionContext) -> None:
    """Pull the marked entries, else the one at the cursor.

    Stubs are pulled at once; weights take room and time, so each is asked about first.
    """
    from ollama_tui.services.jobs.tasks import Pull

    entries = context.targets
    stubs = [model for model in entries if model.is_cloud]
    if not await may_overwrite(context, [stub.name for stub in stubs], "pull"):
        return
    for stub in stubs:
        connected(context).queue.submit(Pull(stub.name))
    if len(stubs) == 1:
        context.tell(f"Pulling {stubs[0].label}: a few hundred bytes, it runs at ollama.com.")
    elif stubs:
        many = plural(len(stubs), "cloud model")
        context.tell(f"Pulling {many}: a few hundred bytes each, they run at ollama.com.")
    if context.view.marks:
        context.set_view(replace(context.view, marks=frozenset()))
    for model in entries:
        if not model.is_cloud:
            await pull(context, model.name)


ACTIONS = (
    Action("model.pull", "p", "pull", "Pull a model from a registry.",
           pull, group=ActionGroup.CHANGE, footer=5, changes_server=True,
           synonyms=("download", "install", "get", "add", "fetch")),
    Action("model.push", "P", "push", "Push the model at the cursor to a registry.",
           push, no_model, group=ActionGroup.CHANGE, footer=0, changes_server=True,
           synonyms=("upload", "publish", "share")),
    Action("cloud.show", "L", "discover",
           "Discover models: recommended ones, ollama.com, Hugging Face.",
           "show_table('cloud')", not_connected, group=ActionGroup.CHANGE,
           synonyms=("cloud", "library", "catalogue", "catalog", "browse", "recommended",
                     "hugging face", "huggingface", "hub", "search models"),
           footer=13),
    Action("cloud.details", "enter", "details", "Fetch the details of the model.",
           "ask_details", place=Place.CLOUD, footer=4),
    Action("cloud.pull", "p", "pull", "Pull the marked models, or the one at the cursor.",
           pull_entries, group=ActionGroup.CHANGE, place=Place.CLOUD, footer=5,
           changes_server=True, synonyms=("download", "install", "get")),
    Action("hub.search", "slash", "search", "Search repositories by the words of their names.",
           "open_filter", place=Place.HUB, footer=1, synonyms=("find", "query")),
    Action("hub.order", "s", "order", "Search by trend, by downloads, by likes, by last change.",
           "turn_order", group=ActionGroup.MARK, place=Place.HUB, footer=2,
           synonyms=("sort", "downloads", "likes", "trending")),
    Action("hub.open", "enter", "open",
           "List the files of the repository, or pull the quantization.",
           "open_row", place=Place.HUB, footer=4),
    Action("hub.pull", "p", "pull", "Pull the quantization at the cursor.",
           "pull_row", group=ActionGroup.CHANGE, place=Place.HUB, footer=5,
           changes_server=True, synonyms=("download", "install", "get")),
    Action("library.look_up", "slash", "look up", "Type the name of a model to look up.",
           "open_filter", place=Place.LIBRARY, footer=1, synonyms=("search", "find")),
    Action("library.pull", "p", "pull", "Pull the model that was looked up.",
           "pull_name", group=ActionGroup.CHANGE, place=Place.LIBRARY, footer=5,
           changes_server=True, synonyms=("download", "install", "get")),
    Action("discover.next_tab", "tab", "next source", "Go to the next source of models.",
           "turn(1)", place=Place.DISCOVER, footer=7),
    Action("discover.previous_tab", "shift+tab", "previous source",
           "Go to the source of models before.", "turn(-1)", place=Place.DISCOVER),
    Action("cloud.refresh", "R", "refresh", "Ask the source again.",
           "ask", group=ActionGroup.APP, place=Place.DISCOVER, footer=6),
    Action("cloud.back", "q,L", "to the list", "Go back to the list.",
           "back", group=ActionGroup.APP, place=Place.DISCOVER, cancels_pending=True),
)  # fmt: skip
