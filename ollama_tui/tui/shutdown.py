"""How the process ends: in order where that can be, and in time whatever hangs.

A thread of its own hears of signals, so that they count while the event loop is blocked too. Once
the program is leaving, that thread ends the process if the orderly way out takes too long: for a
terminal that takes nothing, a thread that reads a disk that does not answer, a handler that waits
for ever. What must be saved is saved when it changes, or when its screen is taken down; never after
the app has ended.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import termios
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, NoReturn

from ollama_tui.tui.rendering.driver import TerminalDriver

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from textual.app import App

LIMIT = 1.2
"""Seconds the orderly way out may take."""
THREADS = 0.8
"""Seconds of it for what threads are at: enough to end writing a file, not to read a slow disk."""
SAVING = 0.3
"""Seconds that saving what was typed may take."""
LAST_WRITE = 0.2
"""Seconds after that for giving the terminal back."""
LOOK_EVERY = 1.0
"""Seconds between two looks whether the terminal is still there."""
TERMINAL = 0
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
FROM_KEYBOARD = (signal.SIGINT, signal.SIGQUIT)
"""Meant for the program in front, which is not us while the user's editor runs."""


class Shutdown:
    """Watches over the end of one process.

    `limit` is how many seconds the orderly way out may take once `begin` was called.
    """

    def __init__(self, limit: float = LIMIT) -> None:
        self.save: Callable[[], None] | None = None
        """Writes what is not written yet; called from a thread of its own, as soon as a signal came
        and at the end."""
        self._limit = limit
        self._code: int | None = None
        self._once = Lock()
        self._app: App[int] | None = None
        self._heard, self._wake = os.pipe()
        os.set_blocking(self._wake, False)

    def begin(self, code: int) -> bool:
        """Give the program `limit` seconds from now to end by itself; from any thread.

        `code` is what the process ends with if it does not. Returns False, and changes nothing,
        when it is leaving already.
        """
        with self._once:
            if self._code is not None:
                return False
            self._code = code
        os.write(self._wake, b"\0")
        return True

    def run(self, app: App[int]) -> NoReturn:
        """Run `app` to its end and end the process with the code that it returns.

        Must be called from the main thread. SIGTERM, SIGHUP and SIGINT make the app leave, with
        128 and the signal's number, and so does the loss of the terminal. SIGQUIT gives the
        terminal back and is then left to the system.
        """
        self._app = app
        runner = asyncio.Runner()
        loop = runner.get_loop()
        threads = ThreadPoolExecutor(thread_name_prefix="asyncio")
        loop.set_default_executor(threads)
        watch = Thread(target=self._watch, args=(loop,), daemon=True)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, self._quit if number == signal.SIGQUIT else _heard_by_the_watch)
        watch.start()
        try:
            # Never closed: that would wait for all threads, and so for the slowest disk they read.
            runner.run(_to_the_end(app))
        finally:
            self.begin(1)  # for an exception, whose way out Python makes as long
            self._save()
        ending = Thread(target=threads.shutdown, kwargs={"cancel_futures": True}, daemon=True)
        ending.start()
        ending.join(THREADS)
        _end(app.return_code or app.return_value or 0)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hear of signals and of a lost terminal; once the program is leaving, see that it does."""
        while self._code is None:
            ready, _, _ = select.select([self._heard], [], [], LOOK_EVERY)
            if ready:
                for number in os.read(self._heard, 4096):
                    self._hear(number, loop)
            elif not _is_there():
                self._hear(signal.SIGHUP, loop)
        time.sleep(self._limit)
        self._give_back()
        os._exit(self._code)

    def _hear(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        if number not in SIGNALS or (number in FROM_KEYBOARD and self._is_behind):
            return
        code = 128 + number
        self._save()
        if self.begin(code) and number != signal.SIGQUIT and self._app is not None:
            loop.call_soon_threadsafe(self._app.exit, code, code)

    def _save(self) -> None:
        """Save; no longer than `SAVING` seconds, for a disk that does not answer."""
        if self.save is not None:
            saving = Thread(target=self.save, daemon=True)
            saving.start()
            saving.join(SAVING)

    def _quit(self, number: int, _: FrameType | None) -> None:
        if self._is_behind:
            return
        self._give_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _give_back(self) -> None:
        if (driver := self._driver) is not None:
            driver.give_back(LAST_WRITE)

    @property
    def _driver(self) -> TerminalDriver | None:
        driver = self._app._driver if self._app is not None else None
        return driver if isinstance(driver, TerminalDriver) else None

    @property
    def _is_behind(self) -> bool:
        """Whether another program has the terminal."""
        return self._driver is not None and self._driver.is_lent


async def _to_the_end(app: App[int]) -> None:
    """Run the app, then end what it has begun and not ended, such as open streams."""
    await app.run_async(mouse=False)
    loop = asyncio.get_running_loop()
    begun = asyncio.all_tasks() - {asyncio.current_task()}
    for task in begun:
        task.cancel()
    await asyncio.gather(*begun, return_exceptions=True)
    for task in begun:
        if not task.cancelled() and (error := task.exception()) is not None:
            loop.call_exception_handler({"message": "while leaving", "exception": error})


def _end(code: int) -> NoReturn:
    # The terminal may be gone; Python would notice on its way out and turn the code into 120.
    for stream in (sys.__stdout__, sys.__stderr__):
        with suppress(OSError):
            if stream is not None:
                stream.flush()
    os._exit(code)


def _heard_by_the_watch(number: int, _: FrameType | None) -> None:
    """Do nothing: without a handler, Python would not tell the watch either."""


def _is_there() -> bool:
    """Whether the terminal is still there, for when its hang-up is ignored by who started us."""
    try:
        termios.tcgetattr(TERMINAL)
    except (termios.error, OSError):
        return False
    return True
