"""What of the settings cannot be used: a sentence for each, shown once at the start."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import attrgetter

from ollama_tui.config.hosts import MOST_QUOTED
from ollama_tui.config.settings import ConfigProblem, Settings
from ollama_tui.domain import columns
from ollama_tui.formatting import inert
from ollama_tui.tui.actions.keymap import Keymap

MAX_SHOWN = 6
"""Problems that are shown in full; more would cover the list."""
MAX_NAMED = 6
"""Names of what there is instead."""


def problem_sentences(settings: Settings, keymap: Keymap, themes: Collection[str]) -> list[str]:
    """Return a sentence for each setting that cannot be used, in the order of the file."""
    problems = [*settings.config_problems, *keymap.problems]
    problems += _unknown_names(settings, themes)
    return [problem.sentence for problem in sorted(problems, key=attrgetter("line"))]


def _unknown_names(settings: Settings, themes: Collection[str]) -> Iterator[ConfigProblem]:
    """Yield each column and theme that there is not."""
    chosen = [("sort", settings.sort)]
    chosen += [("columns", name) for name in settings.columns]
    for key, name in chosen:
        if name not in columns.BY_KEY:
            yield _no_such(settings, key, "column", name, columns.BY_KEY)
    if settings.theme and settings.theme not in themes:
        own_first = sorted(themes, key=lambda name: (not name.startswith(("ollama", "ansi")), name))
        yield _no_such(settings, "theme", "theme", settings.theme, own_first)


def problems_message(config: Sequence[str], files: Sequence[str] = ()) -> tuple[str, str]:
    """Return title and text of one message for all problems; the text names the first few.

    `config` are those with settings, `files` those with saved files.
    """
    found = [*config, *files]
    if len(found) == 1:
        return found[0], ""
    title = f"{len(found)} settings could not be used"
    if files:
        also = "settings and " if config else ""
        title = f"{len(found)} problems with {also}saved files"
    more = [f"… and {len(found) - MAX_SHOWN} more."] if len(found) > MAX_SHOWN else []
    return title, "\n".join([*found[:MAX_SHOWN], *more])


def _no_such(
    settings: Settings, key: str, what: str, name: str, known: Iterable[str]
) -> ConfigProblem:
    """Return that a setting names something there is not, and where if the file says so."""
    names = list(known)
    there = ", ".join([*names[:MAX_NAMED], *(["…"] if len(names) > MAX_NAMED else [])])
    sentence = f"there is no {what} “{inert(name[:MOST_QUOTED])}”; there is {there}."
    if (key,) not in settings.lines:
        return ConfigProblem(sentence[:1].upper() + sentence[1:])
    return ConfigProblem.at(settings.lines, (key,), f"{key}: {sentence}")
