"""What of the settings could not be used: a sentence for each, said once at the start."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from ollama_tui.config.settings import NAME, Settings
from ollama_tui.domain import columns as order
from ollama_tui.formatting import inert
from ollama_tui.tui.actions import ACTIONS, keymap

SAID = 6
"""Mistakes that are told in full; more would cover the list."""
NAMED = 6
"""Names of what there is instead."""


def mistakes(settings: Settings, themes: Collection[str]) -> Iterator[str]:
    """Yield what reading the settings found, then what names something there is not."""
    yield from settings.mistakes
    yield from keymap.mistakes(settings.keys, ACTIONS, settings.where)
    chosen = [("sort", settings.sort)]
    chosen += [("columns", name) for name in settings.columns]
    for key, name in chosen:
        if name not in order.BY_KEY:
            yield _none(settings, key, "column", name, order.BY_KEY)
    if settings.theme and settings.theme not in themes:
        yield _none(settings, "theme", "theme", settings.theme, _own_first(themes))


def said_together(mistakes: Sequence[str], problems: Sequence[str] = ()) -> tuple[str, str]:
    """Return title and text of one message for all mistakes; the text names the first few.

    `problems` are those with saved files.
    """
    found = [*mistakes, *problems]
    if len(found) == 1:
        return found[0], ""
    title = f"{len(found)} settings could not be used"
    if problems:
        also = "settings and " if mistakes else ""
        title = f"{len(found)} problems with {also}saved files"
    more = [f"… and {len(found) - SAID} more."] if len(found) > SAID else []
    return title, "\n".join([*found[:SAID], *more])


def _none(settings: Settings, key: str, what: str, name: str, known: Iterable[str]) -> str:
    """Return that a setting names something there is not, and where if the file says so."""
    names = list(known)
    others = ", …" if len(names) > NAMED else ""
    said = (
        f"there is no {what} “{inert(name[:NAME])}”; there is {', '.join(names[:NAMED])}{others}."
    )
    if (key,) not in settings.lines:
        return said[:1].upper() + said[1:]
    return f"{settings.where(key)}: {key}: {said}"


def _own_first(themes: Collection[str]) -> list[str]:
    """Return names of themes, those made for this program first."""
    return sorted(themes, key=lambda name: (not name.startswith(("ollama", "ansi")), name))
