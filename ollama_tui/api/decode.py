"""Decode JSON of a server into typed replies: as a whole where it fits, else field by field."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, partial
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec.structs import replace

from ollama_tui.api.errors import CHECK_ADDRESS, NotOllama
from ollama_tui.api.replies import (
    CUT_MARK,
    Count,
    ListedModel,
    ManifestShow,
    ModelDetails,
    Recommendation,
    Reply,
    RunningModel,
    ShortText,
    ShortTexts,
    Show,
    ShowManifests,
)
from ollama_tui.formatting import as_one_line, shorten

T = TypeVar("T", bound=msgspec.Struct)
M = TypeVar("M", ListedModel, RunningModel)
S = TypeVar("S", Show, ManifestShow)
V = TypeVar("V", bound=Show)

Body = bytes | bytearray
"""The bytes of an answer, read in one piece or as they came."""

FAILURES = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_ESCAPE = (
    rb"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"  # a whole pair
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"  # half of one
    rb"|(\\.)"
)
_TITLE = r"(?i)<title[^>]{0,200}>([^<]{1,200})"

_SMALL = 4 * 1024 * 1024
"""Bytes of an answer that needs no check: whatever it holds fits in memory."""
MAX_VALUES = 3_000_000
"""Values in an answer: 100,000 models have two million, a vocabulary of 250,000 words one."""
MAX_MODELS = 100_000
_MAX_TEXT = 4 * 1024 * 1024
_MAX_KEY = 1024
_MAX_ERROR = 8192
_NOTHING = frozenset(("", "null", "false", "0", '""', "{}", "[]"))
MAX_NESTING = 16
"""Levels of a value in the metadata: GGUF has lists of lists at most."""


class _Models(msgspec.Struct):
    models: tuple[ListedModel, ...] | msgspec.UnsetType | None = msgspec.UNSET


class RawModel(Reply, frozen=True):
    """A `ListedModel` with the JSON of what many have in common; its fields are in that order."""

    name: ShortText = ""
    model: ShortText = ""
    modified_text: ShortText = msgspec.field(default="", name="modified_at")
    size: Count = 0
    digest: ShortText = ""
    details: msgspec.Raw = msgspec.Raw(b"{}")
    capabilities: msgspec.Raw = msgspec.Raw(b"null")
    remote_model: ShortText = ""
    remote_host: ShortText = ""


class _RawModels(msgspec.Struct):
    models: tuple[RawModel, ...] = ()


_CAPABILITIES: Any = ShortTexts | None


class _Running(msgspec.Struct):
    models: tuple[RunningModel, ...] | msgspec.UnsetType | None = msgspec.UNSET


class _Recommendations(msgspec.Struct):
    recommendations: tuple[Recommendation, ...] | None = None


class _Version(msgspec.Struct):
    version: ShortText = ""


class _Message(msgspec.Struct):
    message: str = ""


def decode(body: Body, kind: type[T]) -> T:
    """Return `body` as a `kind`; a bad field has its default, a bad entry is left out.

    Raises NotOllama when `body` is not a JSON object, or one of too many values.
    """
    _check_values(body)
    try:
        return cast(T, _decoder(kind).decode(body))
    except FAILURES:
        return _decode_by_field(body, kind)


def _check_values(body: Body) -> None:
    if len(body) > _SMALL and sum(map(body.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise NotOllama(
            f"The server does not answer like Ollama: it sent more than {MAX_VALUES:,} values.",
            CHECK_ADDRESS,
        )


def listed_models(body: Body) -> tuple[ListedModel, ...]:
    """Decode `GET /api/tags`; entries without a name are left out."""
    # Two objects per model, so this bounds the count before decoding.
    if len(body) > MAX_MODELS and body.count(b"{") > 2 * MAX_MODELS + 1:
        raise NotOllama(
            f"The server lists more than {MAX_MODELS:,} models, too many to show.", CHECK_ADDRESS
        )
    _check_values(body)
    try:
        raw = _decoder(_RawModels).decode(body).models
        if models := with_shared_details(raw):
            return _named(models)
    except FAILURES:
        pass
    return _listed_by_field(body)


def with_shared_details(models: Iterable[RawModel]) -> tuple[ListedModel, ...]:
    """Return models with equal details as one object; raise one of msgspec's errors for bad ones.

    Of 10,000 models most have the details of another one. Looking them up by their bytes is
    quicker than decoding them again (8 ms for 11), and what is left takes 4 MB for 9.
    """
    details: dict[bytes, ModelDetails] = {}
    capabilities: dict[bytes, list[str] | None] = {}
    listed = []
    for raw in models:
        if (text := bytes(raw.details)) not in details:
            details[text] = _decoder(ModelDetails).decode(text)
        if (able := bytes(raw.capabilities)) not in capabilities:
            capabilities[able] = _decoder(_CAPABILITIES).decode(able)
        name = raw.name
        listed.append(
            ListedModel(
                name,
                name if raw.model == name else raw.model,
                raw.modified_text,
                raw.size,
                raw.digest,
                details[text],
                capabilities[able],
                raw.remote_model,
                raw.remote_host,
            )
        )
    return tuple(listed)


def _listed_by_field(body: Body) -> tuple[ListedModel, ...]:
    models = decode(body, _Models).models
    if isinstance(models, msgspec.UnsetType):
        raise not_ollama(body)
    return _named(models or ())


def running_models(body: Body) -> tuple[RunningModel, ...]:
    """Decode `GET /api/ps`; entries without a name are left out."""
    models = decode(body, _Running).models
    if isinstance(models, msgspec.UnsetType):
        raise not_ollama(body)
    return _named(models or ())


def recommendations(body: Body) -> tuple[Recommendation, ...]:
    """Decode the recommendations; entries without a model are left out."""
    entries = decode(body, _Recommendations).recommendations or ()
    return tuple(entry for entry in entries if entry.model)


def shown(body: Body, kind: type[S]) -> S:
    """Decode `POST /api/show`; a value of the metadata that is nested deeply is None, as a list."""
    return _bounded(decode(body, kind), len(body) > _SMALL)


def shown_manifests(body: Body) -> ShowManifests:
    """Decode `POST /api/show` with `all_manifests`.

    A server that does not know of it answers as to any show: with the only manifest there is.
    """
    reply = decode(body, ShowManifests)
    if not reply.manifests and (only := shown(body, ManifestShow)).modelfile:
        only = replace(only, runner=only.details.runner)
        return ShowManifests([only], only.license)
    large = len(body) > _SMALL
    return replace(reply, manifests=[_bounded(one, large) for one in reply.manifests])


def version(body: Body) -> str:
    """Decode `GET /api/version`."""
    text = decode(body, _Version).version
    if not text:
        raise not_ollama(body)
    return text


def error_text(error: msgspec.Raw) -> str:
    """Return the text of an `error` that is still JSON; empty where it says that there is none.

    Other programs put it in an object's `message`. Whatever else it is, it is its own JSON, cut:
    made into objects it could take all memory, or be nested more deeply than they can be printed.
    """
    body = repaired(bytes(error))
    try:
        return msgspec.json.decode(body, type=str)
    except FAILURES:
        pass
    try:
        message = msgspec.json.decode(body, type=_Message).message
    except FAILURES:
        message = ""
    text = message or body[:_MAX_ERROR].decode("utf-8", "replace").strip()
    return "" if text in _NOTHING else text


def not_ollama(body: Body, status: int = 0) -> NotOllama:
    """Return the error that describes what was found instead of Ollama's answer."""
    return NotOllama(
        f"The server does not answer like Ollama: it sent {_found(body)}.",
        CHECK_ADDRESS,
        status=status,
    )


def page_title(text: str) -> str:
    """Return the inert title of an HTML page, at most 60 characters; empty when there is none."""
    import html  # large table, only needed for HTML error pages

    match = re.search(_TITLE, text)
    return shorten(as_one_line(html.unescape(match[1])), 60) if match else ""


def is_page(text: str) -> bool:
    """Whether a body is HTML."""
    start = text[:1024].lstrip("\ufeff \t\r\n").lower()
    return start.startswith(("<!doctype html", "<html", "<head", "<body", "<!--"))


def _found(body: Body) -> str:
    text = body[:65536].decode("utf-8", "replace")
    if not text.strip():
        return "an empty answer"
    if is_page(text):
        title = page_title(text)
        return f'an HTML page titled "{title}"' if title else "an HTML page"
    if text.lstrip().startswith("{"):
        return "JSON of another kind"
    return f'"{shorten(as_one_line(text), 40)}"'


def _named(models: tuple[M, ...]) -> tuple[M, ...]:
    """Leave out models without any name; take `model` for a missing `name`."""
    if all(model.name for model in models):
        return models
    named = (model if model.name else replace(model, name=model.model) for model in models)
    return tuple(model for model in named if model.name)


_decoder = cache(msgspec.json.Decoder)
_lax_decoder = cache(partial(msgspec.json.Decoder, strict=False))
"""Return a decoder that also takes "12" and 12.0 for 12."""
_fields = cache(msgspec.structs.fields)


def _decode_by_field(body: Body, kind: type[T]) -> T:
    try:
        return cast(T, _lenient(repaired(body), kind))
    except FAILURES as error:
        raise not_ollama(body) from error


def repaired(body: Body) -> Body:
    """Return `body` with U+FFFD for what is no UTF-8 and for half a surrogate pair.

    A large one is returned as it is: there could be millions of them.
    """
    if len(body) > _SMALL:
        return body
    valid = body.decode("utf-8", "replace").encode()
    return re.sub(_ESCAPE, lambda m: m[0] if m[1] or m[2] else rb"\ufffd", valid)


def _lenient(raw: Body | msgspec.Raw, wanted: Any) -> Any:
    """Decode one value, leaving out what does not fit; raise one of FAILURES if nothing does."""
    try:
        return _lax_decoder(wanted).decode(raw)
    except FAILURES:
        return _lenient_parts(raw, wanted)


def _lenient_parts(raw: Body | msgspec.Raw, wanted: Any) -> Any:
    """Decode the parts of a value that does not fit as a whole."""
    origin, arguments = get_origin(wanted), get_args(wanted)
    if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        return _lenient_struct(raw, wanted)
    if origin is Annotated:
        return _lenient_bounded(raw, *arguments)
    if origin in (UnionType, Union):
        # An `X | None`: replies have no other unions.
        is_null = bytes(raw).strip() == b"null" and type(None) in arguments
        return None if is_null else _lenient(raw, arguments[0])
    if origin in (list, tuple):
        items = _fitting(_lax_decoder(list[msgspec.Raw]).decode(raw), arguments[0])
        return origin(items)
    if origin is dict:
        pairs = _lax_decoder(dict[str, msgspec.Raw]).decode(raw)
        return {key: v for key, value in pairs.items() for v in _fitting([value], arguments[1])}
    raise msgspec.ValidationError("no part of the value fits")


def _lenient_bounded(raw: Body | msgspec.Raw, wanted: Any, bounds: msgspec.Meta) -> Any:
    """Decode a text or list that is too long, and cut it."""
    longest = bounds.max_length
    if longest is None:
        raise msgspec.ValidationError("no part of a number fits")
    value = _lenient(raw, wanted)
    return _cut(value, longest) if isinstance(value, str) else value[:longest]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - len(CUT_MARK)] + CUT_MARK


def _bounded(show: V, large: bool) -> V:
    """Return `show` without deeply nested metadata; the texts of a `large` one as its fields'."""
    infos = (show.model_info, show.projector_info)
    if not large and not any(isinstance(v, list | dict) for info in infos for v in info.values()):
        return show
    model_info, projector_info = map(_bounded_values, infos)
    return replace(show, model_info=model_info, projector_info=projector_info)


def _bounded_values(info: dict[str, Any]) -> dict[str, Any]:
    return {
        _cut(key, _MAX_KEY): _cut(value, _MAX_TEXT)
        if isinstance(value, str)
        else None
        if _is_deep(value)
        else value
        for key, value in info.items()
    }


def _is_deep(value: Any) -> bool:
    """Whether a value of JSON has more levels than MAX_NESTING: printing it could fail."""
    level = [value]
    for _ in range(MAX_NESTING):
        level = [
            part
            for each in level
            if isinstance(each, list | dict)
            for part in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return any(isinstance(each, list | dict) for each in level)


def _lenient_struct(raw: Body | msgspec.Raw, kind: type[T]) -> T:
    given = _lax_decoder(dict[str, msgspec.Raw]).decode(raw)
    values = {
        field.name: value
        for field in _fields(kind)
        if field.encode_name in given
        for value in _fitting([given[field.encode_name]], field.type)
    }
    return kind(**values)


def _fitting(values: list[msgspec.Raw], wanted: Any) -> list[Any]:
    """Return those values that can be decoded as `wanted`."""
    fitting = []
    for value in values:
        try:
            fitting.append(_lenient(value, wanted))
        except FAILURES:
            continue
    return fitting
