"""Keys are taken in the turn that reads them, but never before what the app has to do first."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from ollama_tui.tui.rendering.diff import DiffApp
from ollama_tui.tui.rendering.driver import Typed


class Taking(DiffApp[None]):
    """Remembers which keys it took, and whether they were taken at once."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[str] = []
        self.at_once: list[bool] = []

    def on_mount(self) -> None:
        self.type("a")

    def type(self, *keys: str) -> None:
        typed = [events.Key(key, key) for key in keys]
        self.at_once.append(self.take_at_once(typed))

    def take_typed(self, keys: Sequence[events.Key | events.Paste]) -> None:
        self.taken += [key.key for key in keys if isinstance(key, events.Key)]


async def test_keys_wait_until_the_app_is_mounted() -> None:
    app = Taking()
    assert not app.take_at_once([events.Key("a", "a")])
    async with app.run_test():
        assert app.at_once == [False]
        app.type("b", "c")
        assert app.at_once == [False, True]
    assert app.taken == ["b", "c"]


async def test_keys_wait_behind_messages_to_the_app() -> None:
    app = Taking()
    async with app.run_test():
        app.post_message(Typed([]))
        app.type("b")
    assert app.at_once == [False, False]
