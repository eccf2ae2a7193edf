"""The lines above and below what a screen holds: the server and its disk; the keys that work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ollama_tui.domain import columns
from ollama_tui.domain.model import ConnectionState, Model, Snapshot
from ollama_tui.domain.rows import View
from ollama_tui.formatting import Span, StyledLine, inert, plural, rate, shorten, size, time_left
from ollama_tui.tui.look import Signs
from ollama_tui.tui.widgets.bars import bar
from ollama_tui.tui.widgets.text_layout import fit, spread, width_of

if TYPE_CHECKING:
    from ollama_tui.domain.memory.available import AvailableMemory
    from ollama_tui.services.jobs.job import Totals

VERSION_WIDTH = 24
"""Cells of the server's version: what is longer means no good, and the rest has to be seen."""
GAP = 2
"""Cells between two parts."""
AS_LAST_SEEN = "as last seen "
"""Before the age of a list that is only remembered."""
LEAST_BAR = 8
MOST_BAR = 20
"""Cells of the bars of disk and VRAM."""


@dataclass(frozen=True)
class Sums:
    """What a snapshot's models add up to."""

    models: int = 0
    bytes: int = 0
    unique: int | None = 0
    """Bytes with shared weights counted once; None until that is known."""

    @classmethod
    def plain(cls, models: Sequence[Model]) -> Sums:
        """Return the sums without knowing what is shared; one model shares nothing."""
        sizes = [model.size for model in models if not model.is_cloud]
        return cls(len(models), sum(sizes), None if len(sizes) > 1 else sum(sizes))


@dataclass(frozen=True)
class Facts:
    """What the status line says besides the server and how it is looked at."""

    sums: Sums = Sums()
    shown: int = 0
    """Rows that pass the filter."""
    shown_bytes: int | None = None
    """What they take, each by its own size; None while that is not known."""
    marked_bytes: int = 0
    disk_free: int | None = None
    disk_size: int | None = None
    """Bytes left on the server's disk and bytes of all of it; None where it cannot be seen."""
    memory: AvailableMemory | None = None
    """What memory the server has; None while nobody has told."""
    jobs: Totals | None = None
    """What the jobs under way add up to; None without any."""
    outdated: int = 0
    checking: str = ""
    """How far an update check is."""
    read_only: bool = False
    age: str = ""
    """How long ago a list that is only remembered was seen."""


@dataclass(frozen=True)
class _Part:
    """Something the line may say, with its rank: what has the highest goes first when it is too
    long. A bar takes what is left in the end."""

    rank: int
    spans: StyledLine
    share: float | None = None
    bar_at: int = 0
    """Before which of `spans` the bar goes."""
    short: StyledLine = ()
    """What it says at least, where there is no room for all of it."""


def status_line(
    snapshot: Snapshot, view: View, facts: Facts, *, host: str, signs: Signs, width: int
) -> StyledLine:
    """Return the status line, `width` cells wide."""
    left: list[Span] = [(" ", ""), *_server(snapshot, host, signs)]
    if snapshot.state is ConnectionState.DOWN and snapshot.problem is not None:
        title = snapshot.problem.title
        why = title.partition(": ")[2]
        # If both do not fit, show only the reason.
        room = width - width_of(left) - GAP
        text = why if why and width_of([(title, "")]) > room else title
        return fit([*left, (" " * GAP, ""), (text, "bad")], width)
    parts = list(_parts(snapshot, view, facts, signs))
    while parts and width_of(left) + _width(parts) > width - 1:
        least = max(parts, key=lambda part: part.rank)
        at = parts.index(least)
        parts[at : at + 1] = [_Part(least.rank, least.short)] if least.short else []
    spare = width - 1 - width_of(left) - _width(parts)
    for part in parts:
        spans = list(part.spans)
        cells = min(MOST_BAR, spare - 1)
        if part.share is not None and cells >= LEAST_BAR:
            spans[part.bar_at : part.bar_at] = [*bar(part.share, cells, signs), (" ", "")]
            spare -= cells + 1
        left += [(" " * GAP, ""), *spans]
    return fit(left, width)


def _width(parts: Iterable[_Part]) -> int:
    return sum(width_of(part.spans) + GAP for part in parts)


def _server(snapshot: Snapshot, host: str, signs: Signs) -> list[Span]:
    """Return whether the server is reached, its name, and its version or what is under way."""
    match snapshot.state:
        case ConnectionState.UP:
            sign, version = (signs.up, "loaded"), shorten(inert(snapshot.version), VERSION_WIDTH)
            about = f" {version}" if version else ""
        case ConnectionState.DOWN:
            sign, about = (signs.down, "bad"), ""
        case ConnectionState.CONNECTING:
            sign, about = (signs.down, "warning"), " connecting"
    return [sign, (f" {host}", "strong"), (about, "muted")]


def _parts(snapshot: Snapshot, view: View, facts: Facts, signs: Signs) -> Iterator[_Part]:
    """Yield what there is to say, in the order in which it stands."""
    sums = facts.sums
    known = snapshot.state is not ConnectionState.CONNECTING or sums.models
    if known:
        count = plural(sums.models, "model")
        if view.filter.strip():
            shown = f"{facts.shown:,} of {count} {signs.dot} {_bytes(facts.shown_bytes)}"
            yield _Part(2, ((shown, "accent"),))
        else:
            yield _Part(6, ((count, ""),))
    if view.marks:
        marked = f"{signs.marked} {len(view.marks):,} marked {signs.dot} {size(facts.marked_bytes)}"
        yield _Part(1, ((marked, "mark"),))
    if known and sums.models:
        yield _disk(facts)
    if snapshot.running:
        yield _memory(snapshot, facts)
    if facts.jobs is not None and facts.jobs.running:
        yield _Part(3, _jobs(facts.jobs, signs))
    if facts.outdated:
        yield _Part(7, ((f"{signs.outdated} {facts.outdated:,} outdated", "outdated"),))
    if facts.checking:
        yield _Part(8, ((facts.checking, "muted"),))
    if snapshot.state is ConnectionState.CONNECTING and sums.models:
        seen = f"{AS_LAST_SEEN}{facts.age}" if facts.age else AS_LAST_SEEN.rstrip()
        yield _Part(3, ((seen, "warning"),))
    if facts.read_only:
        yield _Part(3, (("read-only", "warning"),))
    if snapshot.unknown_capabilities:
        yield _Part(9, ((f"reading details: {snapshot.unknown_capabilities:,}", "muted"),))


def _bytes(known: int | None) -> str:
    return "…" if known is None else size(known)


def _disk(facts: Facts) -> _Part:
    """Return what the models take, shared weights counted once, and what is left beside them."""
    used: list[Span] = [("disk ", "muted"), (_bytes(facts.sums.unique), "strong"), (" used", "")]
    if facts.disk_free is None:
        return _Part(4, tuple(used))
    share = None
    if facts.disk_size:
        share = 1 - facts.disk_free / facts.disk_size
    left: list[Span] = [(", ", ""), (size(facts.disk_free), "strong"), (" free", "")]
    return _Part(4, (*used, *left), share, 1, short=tuple(left[1:]))


def _memory(snapshot: Snapshot, facts: Facts) -> _Part:
    """Return what models take of the GPUs or, where there is none, of main memory."""
    running, memory = snapshot.running, facts.memory
    loaded: Span = (f" {len(running)} loaded", "loaded")
    name, used = "vram ", sum(runner.size_vram for runner in running)
    total = memory.known_total if memory is not None else None
    if memory is not None and (ram := memory.ram_to_run_in(used)):
        name, used, total = "ram ", sum(runner.size for runner in running), ram
    if total:
        figures = f"{size(used)} of {size(total)}"
        return _Part(5, ((name, "muted"), (figures, "strong"), loaded), used / total, 1)
    return _Part(5, ((name, "muted"), (size(used), "strong"), loaded))


def _jobs(jobs: Totals, signs: Signs) -> StyledLine:
    text = f"{signs.pull} {plural(jobs.running, 'job')}"
    if jobs.rate > 0:
        text += f" {rate(jobs.rate)}"
    if jobs.eta is not None:
        text += f" {time_left(jobs.eta)}"
    return ((text, "accent"),)


def order_text(view: View, signs: Signs) -> str:
    """Return how the list is sorted, for the border of its pane."""
    column = columns.BY_KEY[view.sort]
    falling = column.descending is not view.reverse
    arrow = signs.descending if falling else signs.ascending
    return f"by {column.title.lower()} {arrow}{', grouped' if view.grouped else ''}"


def footer_line(
    keys: Iterable[tuple[str, str, bool]], always: Iterable[tuple[str, str, bool]], width: int
) -> StyledLine:
    """Return as many (key, label, works) triples as fit into `width` cells.

    Those in `always` come last and are there first: they lead to the rest. Where a key has no
    room, shorter ones after it may have.
    """
    end = [span for key in always for span in _key_spans(*key)]
    spans: list[Span] = []
    room = width - width_of(end)
    for key in keys:
        more = _key_spans(*key)
        if (cells := width_of(more)) <= room:
            spans += more
            room -= cells
    return spread(spans, end, width)


def _key_spans(key: str, label: str, works: bool) -> list[Span]:
    return [(f" {key}", "key" if works else "muted"), (f" {label} ", "" if works else "muted")]
