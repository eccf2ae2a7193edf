"""Output to the terminal that the event loop writes itself, without ever waiting.

Textual has a thread write. It gets its turn when Python has nothing else to do, or after five
milliseconds of that: each frame came so much later. A descriptor of our own that does not block can
be written by the loop; what the terminal does not take at once is kept until it does.
"""

from __future__ import annotations

import asyncio
import os


class TerminalOutput:
    """Writes to one terminal; `write` collects, and `flush` or the end of the turn sends it."""

    @classmethod
    def to(cls, fd: int, loop: asyncio.AbstractEventLoop) -> TerminalOutput | None:
        """Return an output to the terminal that `fd` writes to.

        None where it cannot be opened once more: after `su`, it belongs to another user.
        """
        # Not that `fd` itself is made non-blocking: the shell shares it, and would be as well.
        try:
            own = os.open(os.ttyname(fd), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            return None
        return cls(own, loop)

    def __init__(self, own: int, loop: asyncio.AbstractEventLoop) -> None:
        self._fd = own
        self._loop = loop
        self._left = bytearray()
        self._is_waiting = False
        self._flushing: asyncio.Handle | None = None

    @property
    def is_stuck(self) -> bool:
        """Whether the terminal has not taken all that it was sent, or is gone."""
        return self._is_waiting

    @property
    def has_written_all(self) -> bool:
        """Whether nothing is left to be written."""
        return not self._left

    def write(self, text: str) -> None:
        """Write `text`, at the end of this turn of the event loop at the latest."""
        self._left += text.encode("utf-8", "replace")
        if self._flushing is None and not self._is_waiting:
            self._flushing = self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what the terminal takes now; the rest follows when it takes more."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        try:
            sent = os.write(self._fd, self._left) if self._left else 0
        except BlockingIOError:
            sent = 0
        except OSError:  # it is gone, which the hang-up tells everyone
            self._left.clear()
            return
        del self._left[:sent]
        if bool(self._left) is not self._is_waiting:
            self._is_waiting = not self._is_waiting
            if self._is_waiting:
                self._loop.add_writer(self._fd, self.flush)
            else:
                self._loop.remove_writer(self._fd)

    def close(self) -> None:
        """Write what is left, however long the terminal takes for it."""
        self.flush()
        if self._is_waiting:
            self._loop.remove_writer(self._fd)
            os.set_blocking(self._fd, True)
        try:
            while self._left:
                del self._left[: os.write(self._fd, self._left)]
        except OSError:
            self._left.clear()
        os.close(self._fd)
