"""HTTP as Ollama speaks it: JSON requests checked and refused in Go's words, answers, streams."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from ollama_tui.domain.names import InvalidName, Name, parse

JSON = "application/json; charset=utf-8"
STREAMED_JSON = "application/json"
NDJSON = "application/x-ndjson"
PLAIN = "text/plain"

Fields = Mapping[str, Any]
Events = AsyncGenerator[dict[str, Any], None]

_HTML_SAFE = str.maketrans(
    {
        c: f"\\u{ord(c):04x}"
        for c in ("<", ">", "&", "\N{LINE SEPARATOR}", "\N{PARAGRAPH SEPARATOR}")
    }
)
_LITERALS = {"n": "null", "t": "true", "f": "false"}
_GO_TYPES = {
    "string": "string",
    "bool": "bool",
    "map[string]interface {}": "object",
    "map[string]string": "object",
    "[]api.Message": "array",
    "[]string": "array",
}
"""Go types of fields and the JSON type each takes."""


class Fault(Exception):  # noqa: N818 - the server's answer, rather than an error of ours
    """An error answer: `text` as the server words it, `status`, and further keys of the body."""

    def __init__(self, text: str, status: int = 500, **extra: Any) -> None:
        super().__init__(text)
        self.text = text
        self.status = status
        self.body: dict[str, Any] = {"error": text, **extra}


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """One request, as endpoints see it."""

    method: str
    path: str
    data: bytes
    """The body; empty for uploads."""
    stream: httpx.AsyncByteStream
    """The body again, for uploads."""


def encode(value: Any) -> bytes:
    """Return `value` as Go's encoder writes it: compact, with the characters of HTML escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_HTML_SAFE).encode("utf-8", "replace")


def decode(data: bytes) -> Any:
    """Return the first JSON value of `data`, ignoring what follows. Raises Fault 400."""
    text = data.decode("utf-8", "replace").lstrip()
    if not text:
        raise Fault("missing request body", 400)
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except json.JSONDecodeError as error:
        raise Fault(_syntax_error(text[error.pos :]), 400) from None


def _syntax_error(text: str) -> str:
    """Return Go's words for JSON that is wrong where `text` begins."""
    if (literal := _LITERALS.get(text[:1])) is not None:
        for got, expected in zip(text, literal, strict=False):
            if got != expected:
                return f"invalid character {got!r} in literal {literal} (expecting {expected!r})"
        return "unexpected EOF"
    rest = text.lstrip()
    if not rest or rest.startswith('"'):
        return "unexpected EOF"
    return f"invalid character {rest[0]!r} looking for beginning of value"


def json_kind(value: Any) -> str:
    """Return Go's word for the JSON type of `value`."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    words = ((str, "string"), (list, "array"), (dict, "object"))
    return next((word for kinds, word in words if isinstance(value, kinds)), "null")


def fields(data: bytes, struct: str, **types: str) -> Fields:
    """Return the known fields of a JSON body that are given and not null, whatever their case.

    `types` names the Go type of each field (a trailing underscore of a key is dropped); `any` takes
    everything. Raises Fault 400 in the words of Go's decoder.
    """
    body = decode(data)
    if not isinstance(body, dict):
        kind = json_kind(body)
        raise Fault(f"json: cannot unmarshal {kind} into Go value of type api.{struct}", 400)
    given = {key.lower(): value for key, value in body.items() if value is not None}
    known = {key.rstrip("_"): wanted for key, wanted in types.items()}
    for key in known.keys() & given.keys():
        kind, wanted = json_kind(given[key]), known[key]
        if wanted != "any" and kind != _GO_TYPES[wanted]:
            where = f"Go struct field {struct}.{key} of type {wanted}"
            raise Fault(f"json: cannot unmarshal {kind} into {where}", 400)
    return {key: given[key] for key in known if key in given}


def model_of(body: Fields) -> str:
    """Return `model`, or the older `name`, as given; may be empty."""
    return str(body.get("model") or body.get("name") or "")


def required_model(body: Fields) -> str:
    """Return the model's name as given; raises Fault 400 when it is missing."""
    if text := model_of(body):
        return text
    raise Fault("model is required", 400)


def valid_name(text: str, problem: str = "invalid model name") -> Name:
    """Return the name that `text` spells; raises Fault 400 with `problem`."""
    try:
        return parse(text)
    except InvalidName:
        raise Fault(problem, 400) from None


def answer(value: Any, status: int = 200, content_type: str = JSON) -> httpx.Response:
    """Return a JSON answer; bytes are taken for JSON that is encoded already."""
    body = value if isinstance(value, bytes) else encode(value)
    return httpx.Response(status, headers={"content-type": content_type}, content=body)


def no_content(status: int = 200) -> httpx.Response:
    """Return an answer without a body."""
    return httpx.Response(status, headers={"content-length": "0"})


def text_answer(words: str, status: int = 200, content_type: str = PLAIN) -> httpx.Response:
    """Return plain text."""
    return httpx.Response(status, headers={"content-type": content_type}, content=words.encode())


def error_answer(fault: Fault, content_type: str = JSON) -> httpx.Response:
    """Return an error answer."""
    return answer(fault.body, fault.status, content_type)


async def events_or_last(events: Events, body: Fields) -> httpx.Response:
    """Return the stream of `events`, or only the last one when the client wants no stream.

    The status is known with the first event: an error before it is an ordinary error answer, one
    after it a last line.
    """
    try:
        if body.get("stream", True):
            first = await anext(events)
            return httpx.Response(
                200, headers={"content-type": NDJSON}, stream=_EventLines(first, events)
            )
        last: dict[str, Any] = {}
        async for event in events:
            last = event
        return answer(last, content_type=STREAMED_JSON)
    except Fault as fault:
        return error_answer(fault, STREAMED_JSON)


class _EventLines(httpx.AsyncByteStream):
    """Events as lines of JSON; closing it closes the generator, and so stops the work."""

    def __init__(self, first: dict[str, Any], rest: Events) -> None:
        self._first = first
        self._rest = rest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield encode(self._first) + b"\n"
        try:
            async for event in self._rest:
                yield encode(event) + b"\n"
        except Fault as fault:
            yield encode(fault.body) + b"\n"

    async def aclose(self) -> None:
        """Stop the work behind the events."""
        await self._rest.aclose()
