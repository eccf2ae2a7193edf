"""Type-ahead: each key is handled completely before the next one is delivered.

Over a slow link many keys arrive in one read, and so does text pasted without bracketed paste.
Textual delivers all of them at once to the widget that has the focus, although the first may open a
dialog for the others. Here keys are queued, and each goes to the widget that has the focus once
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
"""Seconds that keys wait at most for an action that has not shown anything yet."""
CONNECTING = 1.5
"""Seconds that keys wait at most for the first list, or to know that the server is down."""
STEPS = 10
"""Parts in which that time passes: a busy event loop makes each of them longer."""
BUSY_TURNS = 200
"""Iterations of the event loop after which unrelated work, such as a flood of replies, is not
waited for."""
MOST_LAYOUTS = 8
"""Layouts after one key; a layout that asks for another one each time must not block the keys."""

Typed = events.Key | events.Paste


class TypeAhead:
    """The queue of keys typed and not yet handled.

    `deliver` hands a key to the widget that has the focus; it may return before the key has been
    handled. `idle` is called when the last of them has been: what was left out can be drawn.
    """

    def __init__(
        self,
        app: App[Any],
        deliver: Callable[[Typed], None],
        clock: Clock,
        idle: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self._deliver = deliver
        self._idle = idle
        self._clock = clock
        self._waiting: deque[Typed] = deque()
        self._owners: set[object] = set()
        self._holds: dict[object, asyncio.Task[None]] = {}
        self._free = asyncio.Event()
        self._free.set()
        self._held = asyncio.Event()
        self._delivering: asyncio.Task[None] | None = None
        self._key = ""
        """The key delivered last."""
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
        while self._delivering is not None and self._free.is_set():
            held = asyncio.ensure_future(self._held.wait())
            await asyncio.wait([self._delivering, held], return_when=asyncio.FIRST_COMPLETED)
            held.cancel()

    def put(self, event: Typed) -> None:
        """Deliver `event` as soon as everything typed before it has been handled."""
        self._waiting.append(event)
        if self._delivering is None:
            self._delivering = asyncio.create_task(self._deliver_all(), name="type-ahead")

    def discard(self) -> int:
        """Drop the keys that wait, and return how many there were."""
        count = len(self._waiting)
        self._waiting.clear()
        return count

    def close(self) -> None:
        """Deliver no more keys: the app is leaving."""
        self.discard()
        for task in (self._delivering, *self._holds.values()):
            if task is not None:
                task.cancel()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep later keys waiting while the current task works, at most for `HOLD` seconds.

        `release` ends it early, when the task has shown what the keys wait for.
        """
        owner = asyncio.current_task()
        self._owners.add(owner)
        self.hold(owner)
        try:
            yield
        finally:
            self._owners.discard(owner)
            self.release(owner)

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

    def release(self, owner: object = None) -> None:
        """Let keys go on as far as `owner` is concerned, by default the current task.

        It has shown something, or waits for the user.
        """
        owner = asyncio.current_task() if owner is None else owner
        if (task := self._holds.pop(owner, None)) is not None:
            task.cancel()
        if not self._holds:
            self._free.set()
            self._held.clear()

    async def _expire(self, owner: object, seconds: float) -> None:
        # In steps: on a busy machine the action that is waited for runs no faster than this does.
        for _ in range(STEPS):
            await self._clock.sleep(seconds / STEPS)
        self.release(owner)

    async def _deliver_all(self) -> None:
        try:
            await self.settled()
            while self._waiting and self._app.is_running:
                event = self._waiting.popleft()
                self._key = event.key if isinstance(event, events.Key) else ""
                depth = len(self._app.screen_stack)
                self._deliver(event)
                await self.settled()
                self._closing_key = self._key if len(self._app.screen_stack) < depth else ""
                if not self._waiting and self._app.is_running:
                    self._idle()
                    await self.settled()
        finally:
            self._delivering = None

    async def settled(self) -> None:
        """Return when there is nothing left to do but wait for the user, the network or a timer."""
        layouts = 0
        while self._app.is_running:
            await self._quiet()
            if not self._app.screen_stack:
                return  # the app is leaving
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

        Everything a key causes runs on the loop, so then the key has been handled. Where other
        work keeps the loop busy, it is enough that no widget has a message left to handle.
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
    """Whether what the next key does may depend on sizes, positions or callbacks that are due."""
    return bool(
        screen._layout_required
        or screen._scroll_required
        or screen._recompose_required
        or screen._callbacks
    )
