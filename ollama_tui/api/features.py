"""What servers can do since, or up to, which version of Ollama: one row a feature.

What a server sends says more than its version, and is what counts wherever it says anything. These
rows are for what it does not say: for messages, and for work that would be in vain. To support
another version is to add its rows; the README shows all of them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ollama_tui.formatting import inert, shorten

TESTED = ("0.33", "0.40")
"""The versions whose recorded replies the tests hold this program to."""
_NUMBERS = re.compile(r"v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?")


class Feature(NamedTuple):
    """Something that not every server can do; versions as Ollama writes them, without a `v`."""

    subject: str
    """What it is, as the beginning of a sentence."""
    since: str = ""
    """The first version that can; empty for all before `gone`."""
    gone: str = ""
    """The first version that no longer can; empty for none."""

    @property
    def needs(self) -> str:
        """The versions that can, in words: `0.40 or newer`, `before 0.40`."""
        return f"{self.since} or newer" if self.since else f"before {self.gone}"

    def problem(self, version: str) -> str | None:
        """Return why a server of `version`, as it sends it, cannot do this; None when it may.

        A build without a version of its own, 0.0.0, may do anything.
        """
        numbers = _parsed(version)
        if not any(numbers):
            return None
        new_enough = not self.since or numbers >= _parsed(self.since)
        if new_enough and not (self.gone and numbers >= _parsed(self.gone)):
            return None
        server = shorten(inert(version), 20)
        return f"{self.subject} needs Ollama {self.needs}; this server is {server}."


def _parsed(version: str) -> tuple[int, ...]:
    """Return the numbers of a version; a candidate counts as what it is a candidate for."""
    match = _NUMBERS.match(version.strip())
    return tuple(int(number or 0) for number in match.groups()) if match else ()


CLOUD_STATUS = Feature("Cloud status", "0.16.2")
RECOMMENDATIONS = Feature("A list of recommended models", "0.22.1")
LISTED_CAPABILITIES = Feature("A list that names capabilities and context", "0.30")
RUNNERS = Feature("Choosing among several manifests of a name by runner", "0.40")
LISTS = Feature("A model that consists of a list of manifests", "0.40")
DIGESTS = Feature("Showing, copying or deleting a manifest by its digest", "0.40")
THINKING = Feature("Saying how a model can be told to think", "0.40")
DECLARED_CAPABILITIES = Feature("Giving a model capabilities when it is created", "0.40")
ADAPTERS = Feature("Creating a model with an adapter", gone="0.34.1")
QUANTIZING = Feature("Quantizing a GGUF model", gone="0.40")

FEATURES = (
    CLOUD_STATUS,
    RECOMMENDATIONS,
    LISTED_CAPABILITIES,
    RUNNERS,
    LISTS,
    DIGESTS,
    THINKING,
    DECLARED_CAPABILITIES,
    ADAPTERS,
    QUANTIZING,
)
