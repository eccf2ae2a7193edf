"""Facts by manifest digest: which are known, which to learn next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ollama_tui.api.replies import ListedModel, Show
from ollama_tui.domain.model import Facts, facts_of
from ollama_tui.services.cache import Cache

SAVE_EVERY = 500
"""Facts learned between two writings of all of them."""


class FactBook:
    """What show has told so far, kept on disk, and the queue of what nobody has asked yet."""

    def __init__(self, cache: Cache | None) -> None:
        self._cache = cache
        self._facts: dict[str, Facts] = cache.facts() if cache else {}
        self._wanted: dict[str, ListedModel] = {}
        self._preferred: tuple[str, ...] = ()
        self._refused: set[str] = set()
        self._unsaved = 0

    @property
    def facts(self) -> Mapping[str, Facts]:
        """All facts known, by digest."""
        return self._facts

    def want(self, listed: Iterable[ListedModel]) -> bool:
        """Queue each local model whose facts are unknown; return whether there are any.

        Cloud names and stubs are left out: ollama.com answers for them, slowly or not at all.
        """
        self._wanted = {
            m.digest: m
            for m in listed
            if m.digest
            and m.digest not in self._facts
            and m.digest not in self._refused
            and not (m.remote_host or m.remote_model or m.has_cloud_tag)
        }
        return bool(self._wanted)

    def prefer(self, digests: Iterable[str]) -> None:
        """Put these first: they are on the screen."""
        self._preferred = tuple(digests)

    def is_preferred(self, listed: ListedModel) -> bool:
        """Whether `listed` is on the screen."""
        return listed.digest in self._preferred

    def take(self) -> ListedModel | None:
        """Remove and return the next model to ask about; None when all is known."""
        for digest in self._preferred:
            if digest in self._wanted:
                return self._wanted.pop(digest)
        return self._wanted.pop(next(iter(self._wanted))) if self._wanted else None

    def learn(self, digest: str, show: Show) -> None:
        """Take over what `show` says of `digest`."""
        self._wanted.pop(digest, None)
        if digest and (facts := facts_of(show)) != self._facts.get(digest):
            self._facts[digest] = facts
            self._unsaved += 1

    def give_up(self, digest: str) -> None:
        """Do not ask about `digest` again in this run: the server cannot answer."""
        self._refused.add(digest)

    def save_now_and_then(self) -> None:
        """Write when there is much to lose or nothing more to learn."""
        if self._unsaved >= SAVE_EVERY or not self._wanted:
            self.save()

    def save(self) -> None:
        """Write what was learned since the last time."""
        if self._cache and self._unsaved:
            self._cache.keep_facts(self._facts)
            self._unsaved = 0
