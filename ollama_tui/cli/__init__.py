"""The command line for scripts: verbs over the same core as the app, without a terminal."""

from __future__ import annotations

from collections.abc import Sequence

VERBS = ("list", "show", "space", "outdated", "export", "restore")
_TAKES_A_VALUE = ("--host", "--theme")


def verb_of(arguments: Sequence[str]) -> tuple[str, list[str]] | None:
    """Return the verb and the other arguments; None when the first word is a filter.

    Options may come before the verb. After `--` nothing is a verb.
    """
    words = iter(enumerate(arguments))
    for place, word in words:
        if word in _TAKES_A_VALUE:
            next(words, None)
        elif word == "--" or not word.startswith("-"):
            rest = [*arguments[:place], *arguments[place + 1 :]]
            return (word, rest) if word in VERBS else None
    return None
