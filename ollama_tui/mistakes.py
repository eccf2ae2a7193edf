"""What of the settings could not be used: a sentence for each, said once at the start."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ollama_tui.actions import ACTIONS, keymap
from ollama_tui.catalog import order
from ollama_tui.config import Settings
from ollama_tui.text import inert


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
        yield _none(settings, "theme", "theme", settings.theme, sorted(themes))


def _none(settings: Settings, key: str, what: str, name: str, known: Iterable[str]) -> str:
    """Return that a setting names something there is not, and where if the file says so."""
    said = f"there is no {what} “{inert(name)}”, but {', '.join(known)}."
    if (key,) not in settings.lines:
        return said[:1].upper() + said[1:]
    return f"{settings.where(key)}: {key}: {said}"
