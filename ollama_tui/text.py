"""How sizes, ages, rates and counts are said, and how server text is made inert."""

from __future__ import annotations

import re
from datetime import UTC, datetime

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
ELLIPSIS = "…"

# Controls, C1, bidi and zero-width formatting, separators that break lines, tags, lone surrogates.
_UNSAFE_CLASS = (
    "\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff"
)
_UNSAFE = re.compile(f"[{_UNSAFE_CLASS}]")
_UNSAFE_LINES = re.compile("[" + _UNSAFE_CLASS.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f") + "]")


def inert(text: str) -> str:
    """Return one line of `text` in which nothing can act on a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(REPLACEMENT, text)


def inert_lines(text: str) -> str:
    """Return `text` of many lines made inert; newlines and tabs stay, CRLF becomes a newline."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE_LINES.sub(REPLACEMENT, text.replace("\r\n", "\n").replace("\r", "\n"))
