"""Going on with what was typed at another time, and what becomes of it once it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ollama_tui.tui.actions.action import ActionContext

if TYPE_CHECKING:
    from ollama_tui.config.drafts import DraftFile, FormKey
    from ollama_tui.tui.dialogs.dialog import Form


async def opened(
    context: ActionContext, key: FormKey, left: DraftFile | None, about: str
) -> DraftFile | None:
    """Return the draft of a form to open, after asking whether to go on with the one `left`.

    None when the user goes back and nothing is to be opened.
    """
    from ollama_tui.tui.dialogs.continuing import ContinueQuestion

    drafts = context.drafts
    if left is None:
        return drafts.begin(key)
    answer = await context.ask(ContinueQuestion(left, about))
    if answer is None:
        return None
    if answer == "y":
        return drafts.go_on(left, key)
    if answer == "d":
        left.discard()
    return drafts.begin(key)


@contextmanager
def sending(form: Form[Any]) -> Iterator[None]:
    """Remove the draft of an answered form at the end of the block; where that fails, keep it."""
    try:
        yield
    except BaseException:
        offer_again(form)
        raise
    if form.draft_file is not None:
        form.draft_file.discard()


def offer_again(form: Form[Any]) -> None:
    """Keep what was typed into an answered form, of which nothing was sent, for the next one."""
    if form.draft_file is not None:
        form.draft_file.release()


def follow(context: ActionContext, draft: DraftFile | None, job: int) -> None:
    """Remove the draft once the job that sends it is done; when it fails, it is offered again."""
    if draft is not None:
        context.drafts.follow(draft, job)
