"""The line at the bottom: the keys that work here and now."""

from __future__ import annotations

from collections.abc import Iterable

from ollama_tui.formatting import Span, StyledLine
from ollama_tui.tui.widgets.lines import width_of


def footer_line(
    keys: Iterable[tuple[str, str, bool]], always: Iterable[tuple[str, str, bool]], width: int
) -> StyledLine:
    """Return as many (key, label, works) triples as fit into `width` cells.

    Those in `always` stand at the end and are there first: they lead to the rest.
    """
    end = [span for key in always for span in _spans(*key)]
    spans: list[Span] = []
    for key in keys:
        more = [*spans, *_spans(*key)]
        if width_of([*more, *end]) > width:
            break
        spans = more
    return (*spans, *end)


def _spans(key: str, label: str, works: bool) -> list[Span]:
    return [
        (f" {key}", "key" if works else "muted"),
        (f" {label} ", "" if works else "muted"),
    ]
