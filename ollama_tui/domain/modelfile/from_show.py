"""The Modelfile that a server makes up for a model, read by what show tells apart.

It quotes without any escape, so by itself it cannot be read reliably; but the texts in it are known
from the other fields, and what is between them then too.
"""

from __future__ import annotations

import re

from ollama_tui.api.replies import Show
from ollama_tui.domain.modelfile.syntax import InvalidModelfile, parse

NO_TEMPLATE = "{{ .Prompt }}"
"""What a server shows for a model without a template."""
_TEMPLATE = "\nTEMPLATE "
_VALUE = re.compile(
    r'(?:"(?P<quoted>.*?)"|(?P<plain>[^"\n][^\n]*))\n'
    r"(?=(?:SYSTEM|RENDERER|PARSER|PARAMETER|LICENSE|MESSAGE) |\Z)",
    re.DOTALL,
)
"""A template, up to what may follow it."""
_LICENSE = "LICENSE "
_QUOTES = ("", '"', '"""')
_BUILT_IN = re.compile(r"(?:RENDERER (?P<renderer>\S+)\n)?(?:PARSER (?P<parser>\S+)\n)?")
_MOST_LICENSES = 8
"""Licenses told apart; of more, or of texts that quote such lines, all are taken for one."""


def own_template(show: Show) -> str:
    """Return the template that was given to the model; empty when it has none.

    A server may show the chat template of the weights in its place, which is Jinja and which create
    refuses: the shown Modelfile then tells which was given, if any.
    """
    _, said, value = show.modelfile.partition(_TEMPLATE)
    if not said or any(value.startswith(quotes + show.template) for quotes in _QUOTES):
        given = show.template
    else:
        match = _VALUE.match(value)
        given = (match["quoted"] or match["plain"] or "") if match else ""
    return "" if given == NO_TEMPLATE else given


def built_in(show: Show) -> dict[str, str]:
    """Return renderer and parser, which details show nowhere else."""
    word, value = ("SYSTEM", show.system) if show.system else ("TEMPLATE", own_template(show))
    for quotes in _QUOTES:
        before = f"\n{word} {quotes}{value or NO_TEMPLATE}{quotes}\n"
        at = show.modelfile.find(before)
        if at >= 0 and (match := _BUILT_IN.match(show.modelfile, at + len(before))):
            return {name: found or "" for name, found in match.groupdict().items()}
    return _as_written(show.modelfile)


def licenses(show: Show) -> tuple[str, ...]:
    """Return the licenses one by one; all as one where they cannot be told apart."""
    text = show.modelfile
    if show.license and text.count(f"\n{_LICENSE}") <= _MOST_LICENSES:
        at = -1
        while (at := text.find(f"\n{_LICENSE}", at + 1)) >= 0:
            if (found := _split(show.license, text[at + 1 :])) is not None:
                return found
    return (show.license,) if show.license else ()


def _split(joined: str, text: str) -> tuple[str, ...] | None:
    """Return the licenses that `text` begins with, if they are those joined; else None."""
    end = -1
    while (end := text.find("\n", end + 1)) >= 0:
        if text.startswith(_LICENSE, end + 1):
            value = _unquoted(text[len(_LICENSE) : end])
            if joined.startswith(f"{value}\n"):
                rest = _split(joined[len(value) + 1 :], text[end + 1 :])
                if rest is not None:
                    return (value, *rest)
    last = _LICENSE + _quoted(joined) + "\n"
    return (joined,) if text.startswith(last) else None


def _quoted(value: str) -> str:
    return f'"{value}"' if "\n" in value or value != value.strip(" ") else value


def _unquoted(text: str) -> str:
    """Return the value that is quoted as `text`."""
    inner = text[1:-1]
    return inner if len(text) > 1 and _quoted(inner) == text else text


def _as_written(text: str) -> dict[str, str]:
    try:
        shown = parse(text)
    except InvalidModelfile:
        return {}
    return {"renderer": shown.last("renderer"), "parser": shown.last("parser")}
