"""Sizes, ages, rates and counts as text, server text made inert, and styled lines."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from ollama_tui.start.picture import short_ago as short_ago

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
ELLIPSIS = "…"
UNKNOWN = "–"

Span = tuple[str, str]
"""Literal text, and the names of its styles separated by spaces; empty for plain text."""
StyledLine = tuple[Span, ...]
"""One line of styled text, or a part of one; its texts may be raw: who draws them escapes them."""
LEXED = "lex:"
"""Begins a style that is the name of a language: whoever draws the text has it lexed."""

_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "KB"))
_DAY = 24
_FOREVER_YEARS = 20
_LONGEST_CLOCK = 100 * 3600
_ABSURD = 10**24

# Controls, C1, bidi and zero-width formatting, separators that break lines, tags, lone surrogates,
# noncharacters.
_UNSAFE_CLASS = (
    "\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff"
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_UNSAFE = re.compile(f"[{_UNSAFE_CLASS}]")
_UNSAFE_LINES = re.compile("[" + _UNSAFE_CLASS.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f") + "]")


class InertText(str):
    """A text of megabytes that was made inert in parts: `inert` does not look through it again."""

    __slots__ = ()


def inert(text: str) -> str:
    """Return one line of `text` in which nothing can act on a terminal."""
    if (text.isascii() and text.isprintable()) or type(text) is InertText:
        return text
    return _UNSAFE.sub(REPLACEMENT, text)


def inert_lines(text: str) -> str:
    """Return `text` of many lines made inert; newlines and tabs stay, CRLF becomes a newline."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE_LINES.sub(REPLACEMENT, text.replace("\r\n", "\n").replace("\r", "\n"))


def as_one_line(text: str) -> str:
    """Return `inert` text on one line, with single spaces for all white space."""
    return inert(" ".join(text.split()))


def brief(text: str) -> str:
    """Return what a server says as one `inert` line that fits a message: at most 240 cells."""
    return shorten(as_one_line(text), 240)


def pasteable(text: str) -> str:
    """Return `text` of many lines without what could act when it is pasted into a terminal.

    Newlines and tabs stay, CRLF becomes a newline; marks that join letters stay too.
    """
    return _CONTROLS.sub("", text.replace("\r\n", "\n"))


def size(number: int) -> str:
    """Return bytes as Ollama prints them: decimal units, truncated from 10 up (`4.7 GB`, `42 GB`).

    A dash stands for what no machine has: a sum or product of a server's nonsense.
    """
    if number >= _ABSURD:
        return UNKNOWN
    scale, unit = _unit(number)
    value = number / scale
    if value >= 10 or value == int(value):
        return f"{int(value)} {unit}"
    return f"{value:.1f} {unit}"


def size_of(done: int, total: int) -> str:
    """Return `3.0/4.9 GB`: both in the unit of `total`; without a total only what is done.

    What is below 10 has a decimal, or the first gigabyte would be none: `0.8/42 GB`. The total is
    rounded as `size` rounds it; what is done is cut, or it would be all of it too soon.
    """
    if total <= 0:
        return size(done)
    scale, unit = _unit(total)
    part, whole = (number / scale for number in (done, total))
    decimals = [1 if scale > 1 and value < 10 else 0 for value in (part, whole)]
    of = f"{whole:.1f}" if decimals[1] else f"{int(whole)}"
    return f"{of if done >= total else _cut(part, decimals[0])}/{of} {unit}"


def exact(number: int) -> str:
    """Return bytes to the last one: `1,387,000,123 bytes`."""
    return plural(number, "byte")


def rate(bytes_per_second: float) -> str:
    """Return `87 MB/s`; a dash when there is none."""
    if not math.isfinite(bytes_per_second) or bytes_per_second < 0:
        return UNKNOWN
    return f"{size(int(bytes_per_second))}/s"


def clock(seconds: float) -> str:
    """Return a duration as `0:22` or `1:02:03`; a dash when it is unknown or absurd."""
    if not 0 <= seconds < _LONGEST_CLOCK:
        return UNKNOWN
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


_STEPS = ((1, 60), (5, 600), (60, math.inf))
"""Seconds in which the time left is told, and below how many seconds."""


def time_left(seconds: float | None) -> str:
    """Return a time left in steps as coarse as it is uncertain; empty while it is unknown.

    Each step told is drawn, so fewer steps are fewer bytes.
    """
    if seconds is None:
        return ""
    step = next(step for step, below in _STEPS if seconds < below or below == math.inf)
    return clock(math.ceil(seconds / step) * step) if math.isfinite(seconds) else UNKNOWN


def count(parameters: float) -> str:
    """Return a number of parameters as Ollama prints it: `1.7B`, `137M`, `2.52M`, `64K`.

    A dash stands for what no model has.
    """
    if parameters >= _ABSURD:
        return UNKNOWN
    if parameters >= 1e9:
        return f"{parameters / 1e9:.{0 if parameters % 1e9 == 0 else 1}f}B"
    if parameters >= 1e6:
        return f"{parameters / 1e6:.{0 if parameters % 1e6 == 0 else 2}f}M"
    if parameters >= 1e3:
        return f"{parameters / 1e3:.0f}K"
    return f"{int(parameters)}"


def context(tokens: int) -> str:
    """Return a context length as people write it: `40K` is 40960, `128K` 131072 or 128000."""
    if tokens <= 0:
        return UNKNOWN
    if tokens < 1000:
        return str(tokens)
    base = 1024 if tokens % 1000 and tokens % 512 == 0 else 1000
    value, unit = tokens / base, "K"
    if value >= base:
        value, unit = value / base, "M"
    return f"{int(value)}{unit}" if value >= 10 or value == int(value) else f"{value:.1f}{unit}"


def plural(number: int, one: str, many: str = "") -> str:
    """Return `1 model`, `10,000 models`; `many` for words that do not just take an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listing(words: Sequence[str]) -> str:
    """Return `a, b and c`."""
    from humanize import natural_list  # 4 ms that the first frame need not wait for

    return natural_list(list(words)) if words else ""


def clause(sentence: str) -> str:
    """Return a sentence as the end of another: with a small letter first and no full stop.

    Capitals stay: of `HTTP`, and of any word that is more than its first letter in capitals.
    """
    first, second = sentence[:1], sentence[1:2]
    small = first.lower() if second.islower() or second == " " else first
    return small + sentence[1:].removesuffix(".")


def ago(then: datetime | None, now: datetime) -> str:
    """Return `7 weeks ago`, in Ollama's steps; `never` for no time."""
    if then is None:
        return "never"
    if then > now:
        return f"{_duration(then - now)} from now"
    return f"{_duration(now - then)} ago"


def until(then: datetime | None, now: datetime) -> str:
    """Return when a runner goes: `4 minutes from now`, `forever`; `stopping` once it is past."""
    if then is None:
        return "never"
    if then < now:
        return "stopping"
    if (then - now).days // 365 > _FOREVER_YEARS:
        return "forever"
    return f"{_duration(then - now)} from now"


def age(then: datetime | None, now: datetime) -> str:
    """Return a short age for a column: `7 weeks`, `just now`; a dash for no time."""
    if then is None:
        return UNKNOWN
    since = now - then
    return span(since) if since >= timedelta(minutes=1) else "just now"


def span(time: timedelta) -> str:
    """Return a short length of time: `7 weeks`, `1 hour`, `25 seconds`."""
    words = _duration(time)
    return _SHORT_SPANS.get(words, words)


_SHORT_SPANS = {"about a minute": "1 minute", "about an hour": "1 hour"}


def cells(text: str) -> int:
    """Return how many terminal cells one line of inert `text` takes."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def shorten(text: str, width: int) -> str:
    """Return `text` in at most `width` cells, with an ellipsis when something is cut off."""
    if cells(text) <= width:
        return text
    kept, used = 0, 1
    while kept < len(text) and (used := used + _cells_of(text[kept])) <= width:
        kept += 1
    return text[:kept] + ELLIPSIS if width > 0 else ""


def _unit(number: int) -> tuple[int, str]:
    return next(((scale, unit) for scale, unit in _UNITS if number >= scale), (1, "B"))


def _cut(value: float, decimals: int) -> str:
    return f"{math.floor(value * 10**decimals) / 10**decimals:.{decimals}f}"


def _duration(delta: timedelta) -> str:
    seconds = int(delta.total_seconds())
    if seconds < 1:
        return "less than a second"
    if seconds < 60:
        return plural(seconds, "second")
    if seconds < 3600:
        return "about a minute" if seconds < 120 else f"{seconds // 60} minutes"
    hours = int(delta.total_seconds() / 3600 + 0.5)
    if hours == 1:
        return "about an hour"
    if hours < 2 * _DAY:
        return f"{hours} hours"
    if hours < 14 * _DAY:
        return f"{hours // _DAY} days"
    if hours < 60 * _DAY:
        return f"{hours // (7 * _DAY)} weeks"
    if hours < 2 * 365 * _DAY:
        return f"{hours // (30 * _DAY)} months"
    return f"{hours // (365 * _DAY)} years"


def _cells_of(character: str) -> int:
    from unicodedata import category, east_asian_width

    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
