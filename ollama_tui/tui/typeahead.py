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

PAUSE_SECONDS = 0.5
"""Seconds that keys wait at most for an action that has not shown anything yet."""
CONNECTING = 1.5
"""Seconds that keys wait at most for the first list, or to know that the server is down."""
UNREAD_SECONDS = 1.0
"""Seconds in which nobody can have read a screen that has opened by itself."""
REPEAT_SECONDS = 0.4
"""Seconds in which a key pressed again is the same keystroke: impatience, or a key held down."""
MOVING_KEYS = frozenset({
    "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "tab", "shift+tab",
    "escape", "backspace", "delete",
})  # fmt: skip
"""Keys that may be pressed as often as one likes, whatever they open or close."""
PAUSE_STEPS = 10
"""Steps into which the wait is split, so that a busy loop lengthens it."""
BUSY_TURNS = 200
"""Iterations of the event loop after which unrelated work, such as a flood of replies, is not
waited for."""
MOST_LAYOUTS = 8
"""Layouts after one key; a layout that asks for another one each time must not block the keys."""

KeyEvent = events.Key | events.Paste


class Unasked:
    """A screen that opens by itself: a key that comes before it can be read is not meant for it.

    Such a key closes it with None, and goes to what is below.
    """

    shown_at = 0.0
    """When it was opened, in seconds on the app's clock."""


class TypeAhead:
    """The queue of keys typed and not yet handled.

    `deliver` hands a key to the widget that has the focus; it may return before the key has been
    handled. `idle` is called when the last of them has been: what was left out can be drawn.

    `movement` returns what a key does if that only moves a cursor or a text; such a key is spared
    the way through the queues of app, screen and widget. It is called inside of `frame`, which
    draws what it changed.

    Of two equal keys the first wins: one that has opened or closed a screen is not a command for
    what is there now, until the user can have seen that. `repeated` is asked about it, and returns
    whether it is dropped.
    """

    def __init__(
        self,
        app: App[Any],
        deliver: Callable[[KeyEvent], None],
        clock: Clock,
        idle: Callable[[], None] = lambda: None,
        repeated: Callable[[events.Key], bool] = lambda _: True,
        movement: Callable[[events.Key], Callable[[], None] | None] = lambda _: None,
        frame: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._app = app
        self._deliver = deliver
        self._movement = movement
        self._frame = frame
        self._idle = idle
        self._repeated = repeated
        self._clock = clock
        self._waiting: deque[tuple[KeyEvent, float]] = deque()
        """Keys, and when each was typed."""
        self._turned: tuple[str, float] = ("", 0.0)
        """The key that opened or closed a screen last, and when that was done, or it was pressed
        again; the key is empty once another one was pressed."""
        self._owners: set[object] = set()
        self._pauses: dict[object, asyncio.Task[None]] = {}
        self._free = asyncio.Event()
        self._free.set()
        self._paused = asyncio.Event()
        self._watching = asyncio.Lock()
        self._delivering: asyncio.Task[None] | None = None
        self.pressed_at = 0.0
        """When the last key was typed, in seconds on the app's clock."""
        self._closing_key = ""
        """The key before the one being handled, if it closed a screen; else empty."""
        self._key = ""
        self.is_same_key = False
        """Whether the key being handled is the one before it once more."""
        self.repeats_closing_key = False
        """Whether the key being handled closed a screen the time before."""

    @property
    def is_waiting(self) -> bool:
        """Whether there are keys behind the one being handled."""
        return bool(self._waiting)

    @property
    def is_handling(self) -> bool:
        """Whether there are such keys, and they are handled as soon as it is."""
        return bool(self._waiting) and self._free.is_set()

    async def rest(self) -> None:
        """Return when no key is left to be handled, or those that are left are paused."""
        while self._delivering is not None and self._free.is_set():
            paused = asyncio.ensure_future(self._paused.wait())
            await asyncio.wait([self._delivering, paused], return_when=asyncio.FIRST_COMPLETED)
            paused.cancel()

    def put(self, *typed: KeyEvent) -> None:
        """Deliver each event as soon as everything typed before it has been handled."""
        self.pressed_at = self._clock.seconds()
        self._waiting += ((event, self.pressed_at) for event in typed)
        if self._delivering is not None:
            return
        if self._free.is_set():
            self._move_at_once()
        if self._waiting:
            self._delivering = asyncio.create_task(self._deliver_all(), name="type-ahead")

    def _move_at_once(self) -> None:
        """Run the keys that only move something, up to the first that does more."""
        if (move := self._next_movement()) is None:
            return
        with self._frame():
            while move is not None:
                event, _ = self._waiting.popleft()
                self._note(event.key if isinstance(event, events.Key) else "")
                self.repeats_closing_key, self._closing_key = False, ""
                self._turned = ("", self.pressed_at)
                move()
                move = self._next_movement()

    def _next_movement(self) -> Callable[[], None] | None:
        event = self._waiting[0][0] if self._waiting else None
        if not isinstance(event, events.Key) or event.key == self._turned[0]:
            return None
        return self._movement(event)

    def _note(self, key: str) -> None:
        """Note which key is being handled; empty for a paste."""
        self.is_same_key, self._key = bool(key) and key == self._key, key

    def discard(self) -> int:
        """Drop the keys that wait, and return how many there were."""
        count = len(self._waiting)
        self._waiting.clear()
        return count

    def close(self) -> None:
        """Deliver no more keys: the app is leaving."""
        self.discard()
        for task in (self._delivering, *self._pauses.values()):
            if task is not None:
                task.cancel()

    @contextmanager
    def pause_keys(self) -> Iterator[None]:
        """Keep later keys waiting while the current task works, at most `PAUSE_SECONDS`.

        `resume` ends it early, when the task has shown what the keys wait for.
        """
        owner = asyncio.current_task()
        self._owners.add(owner)
        self.pause(owner)
        try:
            yield
        finally:
            self._owners.discard(owner)
            self.resume(owner)

    def pause_again(self) -> None:
        """Keep keys waiting again: the user has answered, and the current task works on."""
        if (owner := asyncio.current_task()) in self._owners:
            self.pause(owner)

    def pause(self, owner: object, seconds: float = PAUSE_SECONDS) -> None:
        """Keep later keys waiting until `owner` resumes them, at most for `seconds`."""
        self.resume(owner)
        self._pauses[owner] = asyncio.create_task(self._expire(owner, seconds), name="key pause")
        self._free.clear()
        self._paused.set()

    def resume(self, owner: object = None) -> None:
        """Let keys go on as far as `owner` is concerned, by default the current task.

        It has shown something, or waits for the user.
        """
        owner = asyncio.current_task() if owner is None else owner
        if (task := self._pauses.pop(owner, None)) is not None:
            task.cancel()
        if not self._pauses:
            self._free.set()
            self._paused.clear()

    async def _expire(self, owner: object, seconds: float) -> None:
        # In steps: on a busy machine the action that is waited for runs no faster than this does.
        for _ in range(PAUSE_STEPS):
            await self._clock.sleep(seconds / PAUSE_STEPS)
        self.resume(owner)

    async def _deliver_all(self) -> None:
        try:
            await self.until_idle()
            while self._waiting and self._app.is_running:
                event, typed_at = self._waiting.popleft()
                key = event.key if isinstance(event, events.Key) else ""
                self._note(key)
                if not (isinstance(event, events.Key) and self._is_repeat(event, typed_at)):
                    await self._handle(event, key)
                if not self._waiting and self._app.is_running:
                    self._idle()
                    await self.until_idle()
        finally:
            self._delivering = None

    async def _handle(self, event: KeyEvent, key: str) -> None:
        """Deliver one key, and return once it has been handled."""
        self.repeats_closing_key = bool(key) and key == self._closing_key
        self._close_unread()
        screens = tuple(self._app.screen_stack)
        self._deliver(event)
        await self.until_idle()
        now = tuple(self._app.screen_stack)
        self._closing_key = key if len(now) < len(screens) else ""
        self._turned = (key if now != screens else "", self._clock.seconds())

    def _is_repeat(self, event: events.Key, typed_at: float) -> bool:
        """Whether a key is pressed again before the user can have seen what it did, and dropped.

        In a field it is a letter all the same.
        """
        key, done_at = self._turned
        if event.key != key or key in MOVING_KEYS or typed_at - done_at >= REPEAT_SECONDS:
            return False
        focused = self._app.focused
        if focused is not None and focused.check_consume_key(key, event.character):
            return False
        self._turned = (key, max(typed_at, done_at))  # held down, it goes on repeating
        return self._repeated(event)

    def _close_unread(self) -> None:
        screen = self._app.screen
        if isinstance(screen, Unasked) and self._clock.seconds() < screen.shown_at + UNREAD_SECONDS:
            screen.dismiss(None)

    async def until_idle(self, *, paused: bool = False) -> None:
        """Return when there is nothing left to do but wait for the user, the network or a timer.

        With `paused` keys may be kept waiting meanwhile.
        """
        layouts = 0
        while self._app.is_running:
            await self._quiet()
            if not self._app.screen_stack:
                return  # the app is leaving
            if not paused and not self._free.is_set():
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
        async with self._watching:  # two who watch would keep the loop busy for each other
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


def pause_keys(node: MessagePump) -> AbstractContextManager[None]:
    """Keep later keys waiting while the current task works, in an app that has a type-ahead."""
    type_ahead: TypeAhead | None = getattr(node.app, "type_ahead", None)
    return type_ahead.pause_keys() if type_ahead is not None else nullcontext()


def _needs_layout(screen: Screen[Any]) -> bool:
    """Whether what the next key does may depend on sizes, positions or callbacks that are due."""
    return bool(
        screen._layout_required
        or screen._scroll_required
        or screen._recompose_required
        or screen._callbacks
    )
