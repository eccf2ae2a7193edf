"""Type-ahead: each key is handled to its end before the next one is given out.

Over a slow link many keys arrive in one read, and so does what a user pastes without bracketed
paste. Textual hands all of them at once to whatever has the focus then, although the first may open
a dialog for the others. Here keys wait in order, and each goes to what has the focus once
everything before it is done: the dialog mounted, the focus moved, the action run up to where it
waits for the user or the network.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sized
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from textual import events

if TYPE_CHECKING:
    from textual.app import App
    from textual.message_pump import MessagePump
    from textual.screen import Screen

    from ollama_tui.api.clock import Clock

HOLD = 0.5
"""Seconds that keys wait at most for an action that has shown nothing yet."""
CONNECTING = 1.5
"""Seconds that keys wait at most for the first list, or for the server to be known as down."""
STEPS = 10
"""Times that the program must have been woken before keys stop waiting."""
BUSY_TURNS = 200
"""Turns of the event loop after which other work, such as a flood of replies, is not waited for."""
MOST_LAYOUTS = 8
"""Layouts after one key; a layout that asks for another one each time must not stop the keys."""

Typed = events.Key | events.Paste


class TypeAhead:
    """The keys typed and not yet handled, in order.

    `give` hands a key to whatever has the focus; it may return before the key has been handled.
    `rested` is called when the last of them has been: what was left out in between can be drawn.
    """

    def __init__(
        self,
        app: App[Any],
        give: Callable[[Typed], None],
        clock: Clock,
        rested: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self._give = give
        self._rested = rested
        self._clock = clock
        self._waiting: deque[Typed] = deque()
        self._owners: set[object] = set()
        self._holds: dict[object, asyncio.Task[None]] = {}
        self._free = asyncio.Event()
        self._free.set()
        self._held = asyncio.Event()
        self._giving: asyncio.Task[None] | None = None
        self._key = ""
        """The key given out last."""
        self._closing_key = ""
        """The key before that one, if it closed a screen; else empty."""

    @property
    def is_waiting(self) -> bool:
        """Whether there are keys behind the one being handled."""
        return bool(self._waiting)

    @property
    def repeats_closing_key(self) -> bool:
        """Whether the key being handled closed a screen the time before."""
        return bool(self._key) and self._key == self._closing_key

    async def rest(self) -> None:
        """Return when no key is left to be handled, or those that are left are on hold."""
        while self._giving is not None and self._free.is_set():
            held = asyncio.ensure_future(self._held.wait())
            await asyncio.wait([self._giving, held], return_when=asyncio.FIRST_COMPLETED)
            held.cancel()

    def put(self, event: Typed) -> None:
        """Give `event` out as soon as all that was typed before it has been handled."""
        self._waiting.append(event)
        if self._giving is None:
            self._giving = asyncio.create_task(self._give_out(), name="type-ahead")

    def discard(self) -> int:
        """Forget the keys that wait, and return how many there were."""
        count = len(self._waiting)
        self._waiting.clear()
        return count

    def close(self) -> None:
        """Give out no more keys: the app is on its way out."""
        self.discard()
        for task in (self._giving, *self._holds.values()):
            if task is not None:
                task.cancel()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep later keys waiting while the current task works, at most for `HOLD` seconds.

        `let_go` ends it early, for when the task has shown what the keys wait for.
        """
        owner = asyncio.current_task()
        self._owners.add(owner)
        self.hold(owner)
        try:
            yield
        finally:
            self._owners.discard(owner)
            self.release(owner)

    def let_go(self) -> None:
        """Let keys go on: the current task has shown something, or waits for the user."""
        self.release(asyncio.current_task())

    def hold_again(self) -> None:
        """Keep keys waiting again: the user has answered, and the current task works on."""
        if (owner := asyncio.current_task()) in self._owners:
            self.hold(owner)

    def hold(self, owner: object, seconds: float = HOLD) -> None:
        """Keep later keys waiting until `owner` releases them, at most for `seconds`."""
        self.release(owner)
        self._holds[owner] = asyncio.create_task(self._expire(owner, seconds), name="key hold")
        self._free.clear()
        self._held.set()

    def release(self, owner: object) -> None:
        """Let keys go on as far as `owner` is concerned."""
        if (task := self._holds.pop(owner, None)) is not None:
            task.cancel()
        if not self._holds:
            self._free.set()
            self._held.clear()

    async def _expire(self, owner: object, seconds: float) -> None:
        # In steps: on a busy machine, what is waited for gets no more time than we do.
        for _ in range(STEPS):
            await self._clock.sleep(seconds / STEPS)
        self.release(owner)

    async def _give_out(self) -> None:
        try:
            await self.settled()
            while self._waiting and self._app.is_running:
                event = self._waiting.popleft()
                self._key = event.key if isinstance(event, events.Key) else ""
                depth = len(self._app.screen_stack)
                self._give(event)
                await self.settled()
                self._closing_key = self._key if len(self._app.screen_stack) < depth else ""
                if not self._waiting and self._app.is_running:
                    self._rested()
                    await self.settled()
        finally:
            self._giving = None

    async def settled(self) -> None:
        """Return when nothing is left to do but to wait for the user, the network or time."""
        layouts = 0
        while self._app.is_running:
            await self._quiet()
            if not self._app.screen_stack:
                return  # the app is on its way out
            if not self._free.is_set():
                await self._free.wait()
            elif layouts < MOST_LAYOUTS and _needs_layout(screen := self._app.screen):
                layouts += 1
                with screen._context():
                    screen._on_timer_update()
            else:
                return

    async def _quiet(self) -> None:
        """Return when no task and no callback of the event loop is ready to run.

        All that follows from a key runs on the loop, so then the key has been handled. Where other
        work never lets the loop rest, no widget having a message left to handle is enough.
        """
        ready: Sized = getattr(asyncio.get_running_loop(), "_ready", ())
        turns = 0
        while len(ready) or not turns:
            if turns >= BUSY_TURNS and not self._has_messages():
                return
            turns += 1
            await asyncio.sleep(0)

    def _has_messages(self) -> bool:
        app = self._app
        screens = app.screen_stack
        widgets = screens[-1].walk_children() if screens else ()
        pumps: list[MessagePump] = [app, *screens, *widgets]
        return any(pump._message_queue.qsize() + len(pump._next_callbacks) for pump in pumps)


def held_keys(node: MessagePump) -> AbstractContextManager[None]:
    """Keep later keys waiting while the current task works, in an app that has a type-ahead."""
    type_ahead: TypeAhead | None = getattr(node.app, "type_ahead", None)
    return type_ahead.held() if type_ahead is not None else nullcontext()


def _needs_layout(screen: Screen[Any]) -> bool:
    """Whether what the next key does may depend on sizes, places or callbacks that are due."""
    return bool(
        screen._layout_required
        or screen._scroll_required
        or screen._recompose_required
        or screen._callbacks
    )
