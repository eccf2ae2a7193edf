"""The command palette: every action by its name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from ollama_tui.actions import ACTIONS
from ollama_tui.actions.action import Action, Place, shown_keys, why_not

if TYPE_CHECKING:
    from ollama_tui.screens.main import MainScreen


class ActionProvider(Provider):
    """Offers the actions, those that cannot act now with the reason."""

    @property
    def _screen(self) -> MainScreen:
        from ollama_tui.screens.main import MainScreen

        assert isinstance(self.screen, MainScreen)
        return self.screen

    def _entries(self) -> Iterator[tuple[str, Action, Any]]:
        """Yield name, action, sentence; the sentence may name a model, so it must not be markup."""
        here = Place.DETAILS if self._screen.inspector.focused else Place.LIST
        for action in ACTIONS:
            if action.place not in (here, Place.EVERYWHERE):
                continue
            keys = " ".join(shown_keys(action)[:1])
            reason = why_not(action, self._screen.desk)
            yield f"{action.title}  {keys}", action, Content(reason or action.help)

    async def discover(self) -> Hits:
        """Yield every action."""
        for name, action, help_ in self._entries():
            yield DiscoveryHit(name, partial(self._screen.action_run, action.id), help=help_)

    async def search(self, query: str) -> Hits:
        """Yield the actions whose name or sentence matches."""
        matcher = self.matcher(query)
        for name, action, help_ in self._entries():
            score = max(matcher.match(name), matcher.match(action.help) * 0.6)
            if score > 0:
                run = partial(self._screen.action_run, action.id)
                yield Hit(score, matcher.highlight(name), run, help=help_)
