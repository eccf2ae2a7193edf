"""A stream of progress: NDJSON bytes, cut anywhere, → Progress values or an error."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ollama_tui.api.decode import Body, decode, error_text, not_ollama
from ollama_tui.api.errors import CHECK_ADDRESS, Interrupted, NotOllama
from ollama_tui.api.replies import Progress
from ollama_tui.api.requests import CREATE, Call

MAX_LINE_BYTES = 8 * 1024 * 1024
"""Bytes; Ollama's own client reads no longer lines either."""

MAX_BLANK_BYTES = 64 * 1024
"""Bytes of empty lines between two events; Ollama sends none."""


_NO_ERROR = msgspec.Raw()


class _Event(Progress, frozen=True):
    error: msgspec.Raw = _NO_ERROR
    signin_url: str = ""


def parse_event(line: Body, call: Call) -> Progress:
    """Return the event of one line; raise a Refused for an error, NotOllama for anything else."""
    event = decode(line, _Event)
    if event.error is not _NO_ERROR and (words := error_text(event.error)):
        from ollama_tui.api.error_rules.explain import from_line  # only when needed

        raise from_line(words, call, signin_url=event.signin_url)
    return Progress(event.status, event.digest, event.total, event.completed)


class EventReader:
    """Turns the chunks of one stream into events; knows no network."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._pending = bytearray()
        self._searched = 0
        self._last = ""
        self._nested = False
        """Whether a create is at the pull of its base, which ends in a success of its own."""
        self._blank = 0

    def feed(self, chunk: bytes) -> Iterator[Progress]:
        """Yield the events that `chunk` completes; raise the error of an error line."""
        self._pending += chunk
        while (end := self._pending.find(b"\n", self._searched)) >= 0:
            line = bytes(self._pending[:end])
            del self._pending[: end + 1]
            self._searched = 0
            yield from self._event(line)
        self._searched = len(self._pending)
        if self._searched > MAX_LINE_BYTES:
            raise NotOllama(
                "The server does not answer like Ollama: a line has more than 8 MB.",
                CHECK_ADDRESS,
            )

    def finish(self) -> Iterator[Progress]:
        """Yield the event of a last line without newline; raise unless success came last."""
        rest = bytes(self._pending)
        try:
            yield from self._event(rest)
        except NotOllama as error:
            if rest.lstrip().startswith(b"{"):
                raise self._stopped_early() from error
            raise
        if self._last != "success":
            raise self._stopped_early()

    def _event(self, line: bytes) -> Iterator[Progress]:
        if line.strip():
            event = parse_event(line, self._call)
            self._last, self._blank = event.status, 0
            if event.status == "pulling manifest":
                self._nested = self._call.endpoint is CREATE
            elif event.status == "success" and self._nested:
                self._last, self._nested = "", False
            yield event
            return
        self._blank += len(line) + 1
        if self._blank > MAX_BLANK_BYTES:
            raise NotOllama(
                "The server does not answer like Ollama: it sends empty lines without end.",
                CHECK_ADDRESS,
            )

    def _stopped_early(self) -> Interrupted:
        return Interrupted(
            f"{self._call.failed}: the server's answer stopped before its end.",
            "The server may have been stopped; try again.",
        )


def single_event(body: Body, call: Call) -> Progress:
    """Return the only event of an answer that was not streamed."""
    event = parse_event(body, call)
    if event.status != "success":
        raise not_ollama(body)
    return event
