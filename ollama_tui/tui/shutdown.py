"""How the process ends: cleanly where it can, and in time whatever hangs.

A watchdog thread receives the signals, so that they count while the event loop is blocked too. Once
the program is leaving, it ends the process if leaving takes too long: for a terminal that accepts
no output, a thread that reads a disk that does not answer, a handler that waits for ever. What must
be saved is saved when it changes, or when its screen is closed; never after the app has ended.
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

from ollama_tui.start import terminal
from ollama_tui.tui.rendering.driver import TerminalDriver

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from textual.app import App

LIMIT = 1.2
"""Seconds that leaving may take."""
THREADS = 0.8
"""Seconds of it for running threads: enough to finish writing a file, not to read a slow disk."""
SAVING = 0.3
"""Seconds that saving what was typed may take."""
HANDING_OVER = 0.6
"""Seconds after such a signal in which transfers are handed over to a background process."""
LAST_WRITE = 0.2
"""Seconds after that for giving the terminal back."""
CHECK_EVERY = 1.0
"""Seconds between two checks that the terminal is still there."""
TERMINAL = 0
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
FROM_KEYBOARD = (signal.SIGINT, signal.SIGQUIT)
"""Meant for the foreground program, which is the user's editor while it runs."""


class Shutdown:
    """Sees that one process ends, at most `limit` seconds after `begin` was called."""

    def __init__(self, limit: float = LIMIT) -> None:
        self.save: Callable[[], None] | None = None
        """Writes what is not written yet; called in a thread of its own, when a signal arrives and
        at the end."""
        self.hand_over: Callable[[], None] | None = None
        """Lets transfers go on in the background; called in a thread when the terminal is lost or
        SIGTERM arrives."""
        self._limit = limit
        self._code: int | None = None
        self._once = Lock()
        self._app: App[int] | None = None
        self._signals, self._wake = os.pipe()
        """Python writes the number of each signal to `_wake`; the watchdog reads `_signals`."""
        os.set_blocking(self._wake, False)

    def begin(self, code: int) -> bool:
        """Give the program `limit` seconds from now to end by itself; callable from any thread.

        `code` is the exit code if it does not. Returns False, and changes nothing, when it is
        leaving already.
        """
        with self._once:
            if self._code is not None:
                return False
            self._code = code
        os.write(self._wake, b"\0")
        return True

    def run(self, app: App[int]) -> NoReturn:
        """Run `app`, then end the process with the code that it returns.

        Must be called from the main thread. SIGTERM, SIGHUP and SIGINT make the app leave, with
        128 and the signal's number, and so does the loss of the terminal. SIGQUIT restores the
        terminal and then has its default effect.
        """
        self._app = app
        runner = asyncio.Runner()
        loop = runner.get_loop()
        threads = ThreadPoolExecutor(thread_name_prefix="asyncio")
        loop.set_default_executor(threads)
        watchdog = Thread(target=self._watchdog, args=(loop,), daemon=True)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        watchdog.start()
        try:
            # Not closed: that would wait for all threads, and so for the slowest disk they read.
            runner.run(_run_and_cancel(app))
        finally:
            self.begin(1)  # after an exception, Python may wait as long
            _do_within(SAVING, self.save)
        ending = Thread(target=threads.shutdown, kwargs={"cancel_futures": True}, daemon=True)
        ending.start()
        ending.join(THREADS)
        _end(app.return_code or app.return_value or 0)

    def _watchdog(self, loop: asyncio.AbstractEventLoop) -> None:
        """Handle signals and a lost terminal; once the program is leaving, see that it does."""
        while self._code is None:
            ready, _, _ = select.select([self._signals], [], [], CHECK_EVERY)
            if ready:
                for number in os.read(self._signals, 4096):
                    self._handle(number, loop)
            elif not _has_terminal():
                self._handle(signal.SIGHUP, loop)
        time.sleep(self._limit)
        self._give_back()
        os._exit(self._code)

    def _handle(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        if number not in SIGNALS or (number in FROM_KEYBOARD and self._in_background):
            return
        code = 128 + number
        if number in (signal.SIGHUP, signal.SIGTERM) and self.hand_over is not None:
            _do_within(HANDING_OVER, self.save, self.hand_over)
        else:
            _do_within(SAVING, self.save)
        if self.begin(code) and number != signal.SIGQUIT and self._app is not None:
            loop.call_soon_threadsafe(self._app.exit, code, code)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        """Act on SIGQUIT at once; the watchdog reads the others.

        Without a handler, Python would not write those to the wake-up descriptor.
        """
        if number != signal.SIGQUIT or self._in_background:
            return
        _do_within(SAVING, self.save)
        self._give_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _give_back(self) -> None:
        terminal.give_back()  # if the driver has not taken it over yet
        if (driver := self._driver) is not None:
            driver.give_back(LAST_WRITE)

    @property
    def _driver(self) -> TerminalDriver | None:
        driver = self._app._driver if self._app is not None else None
        return driver if isinstance(driver, TerminalDriver) else None

    @property
    def _in_background(self) -> bool:
        """Whether another program has the terminal."""
        return self._driver is not None and self._driver.is_lent


async def _run_and_cancel(app: App[int]) -> None:
    """Run the app, then cancel the tasks it left, such as open streams."""
    await app.run_async(mouse=False)
    loop = asyncio.get_running_loop()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            loop.call_exception_handler({"message": "while leaving", "exception": error})


def _end(code: int) -> NoReturn:
    terminal.give_back()  # if the app left before it had a driver
    # The terminal may be gone; Python would notice at exit and turn the code into 120.
    for stream in (sys.__stdout__, sys.__stderr__):
        with suppress(OSError):
            if stream is not None:
                stream.flush()
    os._exit(code)


def _do_within(seconds: float, *work: Callable[[], None] | None) -> None:
    """Do all of it at once, and wait so long for it: the disk may not answer."""
    threads = [Thread(target=each, daemon=True) for each in work if each is not None]
    end = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))


def _has_terminal() -> bool:
    """Whether the terminal is still there: SIGHUP may be ignored, as under nohup."""
    try:
        termios.tcgetattr(TERMINAL)
    except (termios.error, OSError):
        return False
    return True
