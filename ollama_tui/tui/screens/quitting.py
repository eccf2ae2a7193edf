"""Leaving the program: what would be lost is asked about, transfers are left to the background."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ollama_tui.tui.actions.jobs import leave_running

if TYPE_CHECKING:
    from ollama_tui.tui.dialogs.questions import QuitQuestion
    from ollama_tui.tui.screens.main import MainScreen


async def quit_app(screen: MainScreen) -> None:
    """Leave; ask first when work or typed text would be lost.

    The key that has just closed a screen must be pressed once more: it may repeat.
    """
    from ollama_tui.tui.dialogs.questions import confirm_quit

    app = screen.tui
    if app.type_ahead.repeats_closing_key:
        app.tell("Press q again to quit.")
        return
    services = app.services
    jobs = services.queue.jobs.value if services else ()  # shown only a moment later
    question = confirm_quit(
        jobs,
        _typed(screen),
        is_demo=app.settings.demo,
        can_go_on=services is not None and services.handover is not None,
    )
    if question is not None:
        if not await _asked(screen, question):
            return
        if question.with_option and not await leave_running(screen.context):
            return
    app.exit(0)


async def _asked(screen: MainScreen, question: QuitQuestion) -> bool:
    """Ask; no deletion is sent meanwhile, as the question says which are not."""
    services = screen.tui.services
    if services is not None:
        services.queue.suspend_grace()
    try:
        answer: bool | None = await screen.context.ask(question)
        return answer is True
    finally:
        if services is not None:
            services.queue.restart_grace()


def _typed(screen: MainScreen) -> dict[str, Path | None]:
    """Return where drafts of the open forms with typed text are, by the forms' headings."""
    from ollama_tui.tui.dialogs.dialog import Form

    typed: dict[str, Path | None] = {}
    draft = None  # of the form itself, or of the one it is a part of
    for each in screen.app.screen_stack:
        if isinstance(each, Form):
            draft = each.draft_file or draft
            if each.would_lose():
                typed[each.heading] = draft.location if draft else None
    return typed
