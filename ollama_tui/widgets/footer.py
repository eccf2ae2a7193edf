"""The line at the bottom: the keys that work here and now."""

from __future__ import annotations

from collections.abc import Iterable

from ollama_tui.widgets.lines import Span, Spans, width_of


def footer_line(keys: Iterable[tuple[str, str, bool]], width: int) -> Spans:
    """Return as many (key, label, works) triples as fit into `width` cells; the rest is in `?`."""
    spans: list[Span] = []
    for key, label, works in keys:
        more: list[Span] = [
            (f" {key}", "key" if works else "muted"),
            (f" {label} ", "" if works else "muted"),
        ]
        if width_of([*spans, *more]) > width:
            break
        spans += more
    return tuple(spans)
