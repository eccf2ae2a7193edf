"""Reasons are pure and cheap: asked of any snapshot, they answer a sentence or nothing."""

from __future__ import annotations

import pytest

from ollama_tui.tui.actions import ACTIONS
from ollama_tui.tui.actions.action import Action, why_not
from tests.journeys.driver import a_server, journey


async def test_every_reason_is_a_sentence_in_every_state_of_the_program() -> None:
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, listed=False) as user:
        reasons = {why_not(action, user.main.context) for action in ACTIONS}
        await user.until(lambda: user.names)
        for keys in (("j",), ("space", "space"), ("G",), ("enter",)):
            await user.presses(*keys)
            reasons |= {why_not(action, user.main.context) for action in ACTIONS}
        demo.online = False
        await user.waits(12)
        reasons |= {why_not(action, user.main.context) for action in ACTIONS}
    said = {reason for reason in reasons if reason is not None}
    assert said
    assert [reason for reason in said if not reason.endswith(".")] == []


@pytest.mark.parametrize("action", ACTIONS, ids=[action.id for action in ACTIONS])
async def test_an_empty_list_has_a_reason_or_an_answer_for_every_action(action: Action) -> None:
    from ollama_tui.demo.store import Store

    demo, ticker = a_server(store=Store())
    async with journey(demo, server_time=ticker, listed=False) as user:
        await user.sees("This server has no models yet.")
        if action.id in ("app.quit", "model.edit"):
            return
        user.main.action_run(action.id)
        await user.waits(0.5)
        await user.presses("escape")
        assert user.app.is_running
