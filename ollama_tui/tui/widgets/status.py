"""The lines above and below the list: the server and what it holds; the keys that work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ollama_tui.domain import columns
from ollama_tui.domain.model import ConnectionState, Model, Snapshot
from ollama_tui.domain.rows import View
from ollama_tui.formatting import Span, StyledLine, inert, plural, shorten, size
from ollama_tui.tui.look import Signs
from ollama_tui.tui.widgets.text_layout import fit, spread, width_of

VERSION_WIDTH = 24
"""Cells of the server's version: what is longer means no good, and the rest has to be seen."""


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


def status_line(
    snapshot: Snapshot,
    view: View,
    *,
    host: str,
    sums: Sums,
    shown: int,
    signs: Signs,
    width: int,
    outdated: int = 0,
    checking: str = "",
    read_only: bool = False,
) -> StyledLine:
    """Return the status line, `width` cells wide; `checking` says how far an update check is."""
    separator = (f" {signs.separator} ", "muted")
    left: list[Span] = [(" ", ""), *_server(snapshot, host, signs)]
    if snapshot.state is ConnectionState.DOWN and snapshot.problem is not None:
        title = snapshot.problem.title
        why = title.partition(": ")[2]
        # If both do not fit, show only the reason.
        room = width - width_of([*left, separator])
        left += [separator, (why if why and width_of([(title, "")]) > room else title, "bad")]
    else:
        parts = [(text, "") for text in _facts(snapshot, view, sums, shown, signs)]
        parts += [(f"{signs.outdated} {outdated:,} outdated", "warning")] if outdated else []
        parts += [(checking, "muted")] if checking else []
        parts += [("read-only", "warning")] if read_only else []
        for part in parts:
            left += [separator, part]
    column = columns.BY_KEY[view.sort]
    falling = column.descending is not view.reverse
    arrow = signs.descending if falling else signs.ascending
    grouped = ", grouped" if view.grouped else ""
    order = [(f"sort {column.title.lower()} {arrow}{grouped} ", "muted")]
    if width_of(left) + width_of(order) >= width:
        return fit(left, width)
    return spread(left, order, width)


def _server(snapshot: Snapshot, host: str, signs: Signs) -> list[Span]:
    """Return whether the server is reached, its name, and its version or what is under way."""
    match snapshot.state:
        case ConnectionState.UP:
            sign, version = (signs.up, "good"), shorten(inert(snapshot.version), VERSION_WIDTH)
            about = f"  v{version}" if version else ""
        case ConnectionState.DOWN:
            sign, about = (signs.down, "bad"), ""
        case ConnectionState.CONNECTING:
            sign, about = (signs.down, "warning"), "  connecting"
    return [sign, (f" {host}", "strong"), (about, "muted")]


def _facts(snapshot: Snapshot, view: View, sums: Sums, shown: int, signs: Signs) -> list[str]:
    if snapshot.state is ConnectionState.CONNECTING and not sums.models:
        return []
    count = plural(sums.models, "model")
    facts = [f"{shown:,} of {count}" if shown != sums.models else count]
    facts[0] += f" {signs.dot} {size(sums.bytes)}"
    if sums.unique is None or sums.unique < sums.bytes:
        unique = "…" if sums.unique is None else size(sums.unique)
        facts[0] += f" ({unique} unique)"
    if view.marks:
        facts.append(f"{len(view.marks):,} marked")
    if snapshot.running:
        facts.append(f"{len(snapshot.running)} loaded")
    if snapshot.state is ConnectionState.CONNECTING:
        facts.append("as last seen")
    if snapshot.unknown_capabilities:
        facts.append(f"learning {snapshot.unknown_capabilities:,}")
    return facts


def footer_line(
    keys: Iterable[tuple[str, str, bool]], always: Iterable[tuple[str, str, bool]], width: int
) -> StyledLine:
    """Return as many (key, label, works) triples as fit into `width` cells.

    Those in `always` come last and are there first: they lead to the rest.
    """
    end = [span for key in always for span in _key_spans(*key)]
    spans: list[Span] = []
    for key in keys:
        more = _key_spans(*key)
        if width_of([*spans, *more, *end]) > width:
            break
        spans += more
    return (*spans, *end)


def _key_spans(key: str, label: str, works: bool) -> list[Span]:
    return [(f" {key}", "key" if works else "muted"), (f" {label} ", "" if works else "muted")]
