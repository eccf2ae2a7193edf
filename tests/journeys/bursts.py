"""The same keys at three speeds, and what comes of them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets._toast import ToastRack

from ollama_tui.tui.widgets.table import Table
from tests.journeys.driver import User, a_server, journey

Chunks = Sequence[Sequence[str]]
"""Keys by the read in which they arrive."""


@dataclass(frozen=True)
class Outcome:
    """What a user sees in the end, and what the server was asked to do."""

    screens: tuple[str, ...]
    focus: str
    cursor: str | None
    top: str | None
    """The first row of the list in view."""
    marks: frozenset[str]
    view: str
    texts: tuple[str, ...]
    requests: tuple[tuple[str, str, str], ...]
    returned: object


async def outcome(chunks: Chunks, *, size: tuple[int, int] = (120, 40)) -> Outcome:
    """Return what comes of keys that arrive in `chunks`, each handled before the next arrives."""
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker, size=size) as user:
        for chunk in chunks:
            for key in chunk:
                user.strikes(key)
            await user.rests()
        await user.presses()
        requests = tuple(
            (seen.method, seen.path, str(seen.body))
            for seen in demo.requests
            if seen.method != "GET" and seen.path != "/api/show"  # asked where the cursor rests
        )
        return Outcome(
            screens=tuple(type(screen).__name__ for screen in user.app.screen_stack),
            focus=_focus(user),
            cursor=user.cursor,
            top=next((model.name for model in user.main.table.rows_in_view()), None),
            marks=frozenset(user.marked),
            view=f"{user.main.view.filter}|{user.main.view.sort}|{user.main.view.reverse}",
            texts=tuple(_texts(user)),
            requests=requests,
            returned=user.app.return_value,
        )


def _focus(user: User) -> str:
    widget = user.app.focused
    match widget:
        case Input():
            return f"Input#{widget.id} {widget.value!r} at {widget.cursor_position}"
        case OptionList():
            return f"OptionList {widget.highlighted}"
        case Table():
            return f"Table {widget.cursor}"
    return type(widget).__name__


def _texts(user: User) -> Iterator[str]:
    """Yield what each region of the top screen says; messages go by the machine's time."""
    for widget in user.app.screen.walk_children(Widget):
        if widget.is_on_screen and not widget.children and not _is_message(widget):
            yield user.text_of(widget)


def _is_message(widget: Widget) -> bool:
    return widget.id == "messages" or any(
        isinstance(node, ToastRack) for node in widget.ancestors_with_self
    )


def one_by_one(keys: Iterable[str]) -> Chunks:
    """Return a chunk for each key: what a slow typist sends."""
    return [[key] for key in keys]


def in_random_chunks(keys: Sequence[str], dice: random.Random) -> Chunks:
    """Return `keys` cut at random places."""
    chunks: list[list[str]] = [[]]
    for key in keys:
        if chunks[-1] and dice.random() < 0.3:
            chunks.append([])
        chunks[-1].append(key)
    return chunks
