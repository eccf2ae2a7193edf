"""Requests as the server reads them: a JSON body with typed fields, whatever the case of keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from ollama_tui.demo.faults import Fault
from ollama_tui.demo.gojson import decode, kind
from ollama_tui.domain.names import InvalidName, Name, parse

Fields = Mapping[str, Any]

_TYPES = {
    "string": "string",
    "bool": "bool",
    "map[string]interface {}": "object",
    "map[string]string": "object",
    "[]api.Message": "array",
}
"""Go types of fields and the JSON type each takes."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request: what the routes and handlers look at."""

    method: str
    path: str
    data: bytes
    stream: httpx.AsyncByteStream
    """The body again, for uploads, whose `data` stays empty."""


def fields(data: bytes, struct: str, **types: str) -> Fields:
    """Return the known fields of a JSON body that are given and not null.

    `types` names the Go type of each field (a trailing underscore of a key is dropped); `any` takes
    everything. Raises Fault 400 in the words of Go's decoder.
    """
    body = decode(data)
    if not isinstance(body, dict):
        raise Fault(f"json: cannot unmarshal {kind(body)} into Go value of type api.{struct}", 400)
    given = {key.lower(): value for key, value in body.items() if value is not None}
    known = {key.rstrip("_"): wanted for key, wanted in types.items()}
    for key in known.keys() & given.keys():
        _check(given[key], known[key], f"{struct}.{key}")
    return {key: given[key] for key in known if key in given}


def _check(value: Any, wanted: str, where: str) -> None:
    if wanted == "any" or kind(value) == _TYPES[wanted]:
        return
    raise Fault(
        f"json: cannot unmarshal {kind(value)} into Go struct field {where} of type {wanted}", 400
    )


def model_of(body: Fields) -> str:
    """Return `model`, or the older `name`, as given; may be empty."""
    return str(body.get("model") or body.get("name") or "")


def required_model(body: Fields) -> str:
    """Return the model's name as given; raises Fault 400 when it is missing."""
    if text := model_of(body):
        return text
    raise Fault("model is required", 400)


def valid_name(text: str, problem: str = "invalid model name") -> Name:
    """Return the name `text` spells; raises Fault 400 with `problem`."""
    try:
        return parse(text)
    except InvalidName:
        raise Fault(problem, 400) from None


def is_streaming(body: Fields) -> bool:
    """Whether the client wants events as they come, which is the default."""
    return bool(body.get("stream", True))
