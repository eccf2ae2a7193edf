"""Rules for a server's error texts: what each means and what to do. `explain` applies them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ollama_tui.api.errors import Refused
from ollama_tui.api.replies import is_cloud_name
from ollama_tui.api.requests import DEFAULT_REGISTRY, Call
from ollama_tui.formatting import inert


@dataclass(frozen=True)
class Rule:
    """A pattern of server texts that mean one thing.

    `reason` follows "… was not pulled: " and has no full stop; `hint` is a whole sentence. Both
    may name the pattern's groups and `model`, `host`, `page` in braces.
    """

    pattern: str
    kind: type[Refused]
    reason: str
    hint: str
    verbs: tuple[str, ...] = ()
    """Verbs of the endpoints it applies to; empty for all."""
    when: Callable[[Call], bool] = lambda _: True
    transient: bool = False
    """Whether the cause may go away by itself."""

    def fill(self, match: re.Match[str], call: Call) -> tuple[str, str]:
        """Return reason and hint with the braces filled in; `match` is of inert text."""
        host = inert(call.registry)[:60]
        home = "ollama.com" if "/" in call.model else "ollama.com/library"
        page = home if call.registry == DEFAULT_REGISTRY else host
        known = {"model": call.subject, "host": host, "page": page}
        values = known | {name: value or "" for name, value in match.groupdict().items()}
        return self.reason.format_map(values), self.hint.format_map(values)


def first_match(rules: Iterable[Rule], words: str, call: Call) -> tuple[Rule, re.Match[str]] | None:
    """Return the first rule that matches, with its match; None if none does. `words` are inert."""
    for rule in rules:
        applies = (not rule.verbs or call.endpoint.verb in rule.verbs) and rule.when(call)
        if applies and (match := re.search(rule.pattern, words, re.IGNORECASE)):
            return rule, match
    return None


def is_other_registry(call: Call) -> bool:
    """Whether the model belongs to another registry than Ollama's."""
    return not call.registry.endswith((".ollama.ai", "ollama.com"))


def is_in_cloud(call: Call) -> bool:
    """Whether the server passes the model's name on to ollama.com."""
    return is_cloud_name(call.model)
