"""What a server's words mean and what to do about them: the shape of a rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ollama_tui.api.endpoints import HOME, Call
from ollama_tui.api.errors import Refused
from ollama_tui.formatting import inert

ALWAYS = frozenset[str]()


def _anywhere(_call: Call) -> bool:
    return True


@dataclass(frozen=True)
class Rule:
    """Words of the server that mean one thing.

    `reason` follows "… was not pulled: " and has no full stop; `hint` is a whole sentence. Both
    may name the pattern's groups and `model`, `host`, `page` in braces.
    """

    pattern: str
    kind: type[Refused]
    reason: str
    hint: str
    verbs: frozenset[str] = ALWAYS
    """Calls it applies to; empty for all."""
    when: Callable[[Call], bool] = _anywhere
    passing: bool = False
    """Whether the cause may pass by itself."""

    def match(self, words: str, call: Call) -> re.Match[str] | None:
        """Return how the rule fits; None when it does not."""
        if (self.verbs and call.endpoint.verb not in self.verbs) or not self.when(call):
            return None
        return re.search(self.pattern, words, re.IGNORECASE)


def is_abroad(call: Call) -> bool:
    """Whether the model belongs to another registry than Ollama's."""
    return not call.is_home


def on(*verbs: str) -> frozenset[str]:
    """Name the calls a rule applies to."""
    return frozenset(verbs)


def matching(rules: Iterable[Rule], words: str, call: Call) -> tuple[Rule, re.Match[str]] | None:
    """Return the first rule that fits, and how."""
    for rule in rules:
        if match := rule.match(words, call):
            return rule, match
    return None


def fill(sentence: str, match: re.Match[str], call: Call) -> str:
    """Put what is known into a sentence; the values come from inert words."""
    known = {"model": call.subject, "host": inert(call.registry)[:60], "page": page(call)}
    return sentence.format_map(known | {k: v or "" for k, v in match.groupdict().items()})


def page(call: Call) -> str:
    """Where a person can look a model up."""
    if call.registry != HOME:
        return inert(call.registry)[:60]
    return "ollama.com" if "/" in call.model else "ollama.com/library"
