"""Values as Go prints and reads them: JSON texts and their errors, numbers, strings, times."""

from __future__ import annotations

import json
import zlib
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ollama_tui.demo.faults import Fault

_HTML_SAFE = str.maketrans(
    {
        c: f"\\u{ord(c):04x}"
        for c in ("<", ">", "&", "\N{LINE SEPARATOR}", "\N{PARAGRAPH SEPARATOR}")
    }
)
_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_ESCAPES |= {"\v": r"\v", '"': r"\"", "\\": r"\\"}
_LITERALS = {"n": "null", "t": "true", "f": "false"}


def encode(value: Any) -> bytes:
    """Return `value` as Go's encoder writes it: compact, with the characters of HTML escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_HTML_SAFE).encode("utf-8", "replace")


def decode(data: bytes) -> Any:
    """Return the first JSON value of `data`; what follows it is not looked at. Raises Fault 400."""
    text = data.decode("utf-8", "replace").lstrip()
    if not text:
        raise Fault("missing request body", 400)
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except json.JSONDecodeError as error:
        raise Fault(_syntax_error(text, error.pos), 400) from None


def _syntax_error(text: str, at: int) -> str:
    literal = _LITERALS.get(text[at : at + 1])
    if literal is not None:
        return _literal_error(text[at:], literal)
    rest = text[at:].lstrip()
    if not rest or rest.startswith('"'):
        return "unexpected EOF"
    return f"invalid character {rest[0]!r} looking for beginning of value"


def _literal_error(text: str, literal: str) -> str:
    for got, expected in zip(text, literal, strict=False):
        if got != expected:
            return f"invalid character {got!r} in literal {literal} (expecting {expected!r})"
    return "unexpected EOF"


def kind(value: Any) -> str:
    """Return Go's word for the JSON type of `value`."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    words = ((str, "string"), (list, "array"), (dict, "object"))
    return next((word for kinds, word in words if isinstance(value, kinds)), "null")


def number(value: float) -> str:
    """Return a number as `%v` prints a float64: `2048`, `0.2`, `1.048576e+06`."""
    sign, digits, shift = Decimal(repr(float(value))).normalize().as_tuple()
    power = len(digits) + int(shift) - 1
    if not value or -4 <= power < 6:
        return repr(float(value)).removesuffix(".0")
    rest = "".join(map(str, digits[1:]))
    mantissa = f"{digits[0]}.{rest}" if rest else f"{digits[0]}"
    return f"{'-' * sign}{mantissa}e{power:+03d}"


def quoted(text: str) -> str:
    """Return `text` as a Go string literal in double quotes."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def plain(value: Any) -> str:
    """Return a parameter's value as `%v` prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return number(value)
    return str(value)


def literal(value: Any) -> str:
    """Return a parameter's value as `parameters` of show prints it: strings are quoted."""
    return quoted(value) if isinstance(value, str) else plain(value)


def timestamp(moment: datetime) -> str:
    """Return RFC 3339 with nine decimals, trailing zeros cut, as the server writes times."""
    nanos = zlib.crc32(moment.isoformat().encode()) % 1000
    fraction = f"{moment.microsecond:06d}{nanos:03d}".rstrip("0")
    zone = moment.strftime("%z")
    zone = "Z" if moment.utcoffset() in (None, timedelta(0)) else f"{zone[:3]}:{zone[3:5]}"
    return f"{moment:%Y-%m-%dT%H:%M:%S}{'.' if fraction else ''}{fraction}{zone}"
