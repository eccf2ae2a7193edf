"""Hugging Face for the screens: answers are kept, for this run and the next ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from ollama_tui.api.clock import MACHINE, Clock
from ollama_tui.api.errors import Interrupted, OllamaError, Unreachable
from ollama_tui.api.huggingface import HuggingFace, RepositoryOrder, endpoint_from
from ollama_tui.api.huggingface_replies import Repository, RepositoryListing

if TYPE_CHECKING:
    import httpx

    from ollama_tui.services.cache import Cache

T = TypeVar("T")
SEARCHES_KEPT = 40
LISTINGS_KEPT = 60
"""Answers that are kept on disk, the newest."""
MOST_ROWS = 600
"""Repositories of one search, after which no more pages are asked for."""
TOKEN_VARIABLE = "HF_TOKEN"


class KeptSearch(msgspec.Struct, frozen=True):
    """The first page of a search, and when it was answered."""

    at: datetime
    repositories: tuple[Repository, ...]


class KeptListing(msgspec.Struct, frozen=True):
    """The files of a repository, and when they were listed."""

    at: datetime
    listing: RepositoryListing


class HubAnswers(msgspec.Struct):
    """What is remembered between runs; the oldest comes first."""

    searches: dict[str, KeptSearch] = {}
    listings: dict[str, KeptListing] = {}


@dataclass(frozen=True)
class Search:
    """What is known of a search: the pages so far, and how to go on."""

    repositories: tuple[Repository, ...] = ()
    cursor: str = ""
    """What the next page is asked for with; empty when there is none."""
    left_out: int = 0
    at: datetime | None = None
    """When the first page was answered."""
    trouble: OllamaError | None = None
    """Why these are the answers of an earlier time."""


@dataclass(frozen=True)
class Listing:
    """The files of a repository."""

    listing: RepositoryListing
    at: datetime
    trouble: OllamaError | None = None
    """Why this is the answer of an earlier time."""


class Hub:
    """Asks Hugging Face once for the same thing, and answers from memory while it is out of reach.

    `cache` remembers answers between runs. Methods raise OllamaError where nothing is known.
    """

    def __init__(
        self, api: HuggingFace, cache: Cache | None = None, clock: Clock = MACHINE
    ) -> None:
        self.api = api
        self._cache = cache
        self._clock = clock
        self._kept: HubAnswers | None = None
        self._searches: dict[tuple[str, RepositoryOrder], Search] = {}
        self._listings: dict[str, Listing] = {}

    async def search(self, words: str, order: RepositoryOrder, *, fresh: bool = False) -> Search:
        """Return what is known of a search, or else its first page; `fresh` asks in any case."""
        key = (" ".join(words.lower().split()), order)
        if not fresh and (known := self._searches.get(key)) is not None:
            return known
        try:
            page = await self.api.search(key[0], order)
        except (Unreachable, Interrupted) as error:
            if (known := self._searches.get(key)) is not None:
                return replace(known, trouble=error)
            if (kept := self._answers.searches.get(_file_key(*key))) is not None:
                return Search(kept.repositories, at=kept.at, trouble=error)
            raise
        now = self._clock.now()
        found = Search(page.repositories, page.cursor, page.left_out, now)
        self._searches[key] = found
        kept_of = self._answers.searches
        _keep(kept_of, _file_key(*key), KeptSearch(now, page.repositories), SEARCHES_KEPT)
        self._write()
        return found

    async def more(self, words: str, order: RepositoryOrder) -> Search:
        """Return what is known of a search with its next page, if it has one."""
        key = (" ".join(words.lower().split()), order)
        known = self._searches.get(key, Search())
        if not known.cursor or len(known.repositories) >= MOST_ROWS:
            return known
        page = await self.api.search(key[0], order, known.cursor)
        # What was pushed meanwhile shifts the pages: a repository may be on two of them.
        all_ = {each.id: each for each in (*known.repositories, *page.repositories)}
        is_end = len(all_) == len(known.repositories) or len(all_) >= MOST_ROWS
        found = replace(
            known,
            repositories=tuple(all_.values()),
            cursor="" if is_end else page.cursor,
            left_out=known.left_out + page.left_out,
        )
        self._searches[key] = found
        return found

    async def files(self, repository: str, *, fresh: bool = False) -> Listing:
        """Return the files of a repository."""
        if not fresh and (known := self._listings.get(repository)) is not None:
            return known
        try:
            listing = await self.api.files(repository)
        except (Unreachable, Interrupted) as error:
            if (known := self._listings.get(repository)) is not None:
                return replace(known, trouble=error)
            if (kept := self._answers.listings.get(repository)) is not None:
                return Listing(kept.listing, kept.at, error)
            raise
        found = self._listings[repository] = Listing(listing, self._clock.now())
        _keep(
            self._answers.listings, repository, KeptListing(found.at, _gguf(listing)), LISTINGS_KEPT
        )
        self._write()
        return found

    @property
    def _answers(self) -> HubAnswers:
        """What is remembered of earlier runs, read once."""
        if self._kept is None:
            read = self._cache.hub_answers(self.api.endpoint, HubAnswers) if self._cache else None
            self._kept = read or HubAnswers()
        return self._kept

    def _write(self) -> None:
        if self._cache is not None:
            self._cache.keep_hub_answers(self.api.endpoint, self._answers)

    async def aclose(self) -> None:
        """Close all connections."""
        await self.api.aclose()


def open_hub(
    environ: Mapping[str, str],
    cache: Cache | None,
    transport: httpx.AsyncBaseTransport | None,
    clock: Clock,
) -> Hub:
    """Return what asks the Hub that the environment names; raises OllamaError."""
    try:
        endpoint = endpoint_from(environ)
    except ValueError as error:
        raise OllamaError(str(error), "Correct it or unset it, then start again.") from None
    token = environ.get(TOKEN_VARIABLE)
    return Hub(HuggingFace(endpoint, token=token, transport=transport, clock=clock), cache, clock)


def _file_key(words: str, order: RepositoryOrder) -> str:
    return f"{order.value} {words}"


def _keep(kept: dict[str, T], key: str, value: T, most: int) -> None:
    """Put an answer last, and drop the first ones of too many."""
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > most:
        del kept[next(iter(kept))]


def _gguf(listing: RepositoryListing) -> RepositoryListing:
    """Return a listing with the files that matter here: there may be thousands of others."""
    files = tuple(file for file in listing.files if file.path.lower().endswith(".gguf"))
    return RepositoryListing(listing.repository, files, listing.left_out)
