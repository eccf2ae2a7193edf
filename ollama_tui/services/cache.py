"""What is remembered on disk between runs: the last list of each host, and what show said.

Facts and details belong to a manifest digest as one version of the server understands it, so they
can never be out of date. Losing any of this costs time, never correctness: unreadable files count
as absent, and a failed write is not an error.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from ollama_tui.api.decode import RawModel, with_shared_details
from ollama_tui.api.replies import ListedModel, Show
from ollama_tui.config.state_file import MB, Problems, StateFile
from ollama_tui.domain.last_runs import LastRuns
from ollama_tui.domain.model import Facts, ModelKey

if TYPE_CHECKING:
    from ollama_tui.domain.memory.seen import SeenMemory
    from ollama_tui.domain.updates import Upstream

T = TypeVar("T")
SHOW_FORMAT = 5
"""Format of what is cached of show. Raise it whenever a field of `Show` or `Facts` is added or read
differently: details on disk lack it."""
_DETAILS_KEPT = 400
_FACTS_KEPT = 16_000
_DIGEST = 64
_HEX_DIGITS = frozenset("0123456789abcdef")
_LIST_LIMIT = 8 * MB
"""Enough for 16,000 models."""
_DETAILS_LIMIT = 4 * MB


class Cache:
    """Files below one folder; `problems` learns which could not be read or written."""

    def __init__(self, folder: Path, problems: Problems | None = None) -> None:
        self._folder = folder
        self._problems = problems or Problems()
        loss = "capabilities are fetched again"
        self._facts_file = StateFile(
            folder / "facts-by-version.json",
            dict[str, dict[str, Facts]],
            loss,
            self._problems,
            _LIST_LIMIT,
        )
        self._facts: dict[str, dict[str, Facts]] | None = None
        """Facts by what `_format` returns, then by digest; None before the file was read."""

    def models(self, host_url: str) -> tuple[ListedModel, ...]:
        """Return the last list seen on `host_url`; empty when there is none."""
        kept = self._list(host_url)
        raw = StateFile(kept.path, tuple[RawModel, ...], kept.loss, self._problems, kept.limit)
        try:
            models = with_shared_details(raw.read() or ())
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            models = kept.read() or ()  # which says what is wrong with the file
        return tuple([model for model in models if model.name])

    def keep_models(self, host_url: str, models: tuple[ListedModel, ...]) -> None:
        """Remember the list of `host_url`."""
        self._list(host_url).write(models)

    def seen_at(self, host_url: str) -> datetime | None:
        """Return when the list remembered of `host_url` was seen last; None when there is none."""
        with suppress(OSError):
            found = os.stat(self._list(host_url).path, follow_symlinks=False)
            return datetime.fromtimestamp(int(found.st_mtime), UTC)
        return None

    def keep_seen(self, host_url: str, at: datetime) -> None:
        """Remember that the list of `host_url` is still the one remembered, as seen at `at`."""
        seconds = int(at.timestamp())
        with suppress(OSError):
            os.utime(self._list(host_url).path, (seconds, seconds), follow_symlinks=False)

    def facts(self, version: str | None = None) -> dict[str, Facts]:
        """Return the facts that servers of `version`, by default of any, have told, by digest."""
        known = self._all_facts()
        if version is not None:
            return dict(known.get(_format(version), {}))
        return {digest: facts for told in known.values() for digest, facts in told.items()}

    def keep_facts(self, facts: Mapping[str, Facts], version: str) -> None:
        """Remember facts by digest, as a server of `version` tells them; the newest if too many."""
        known = self._all_facts()
        known.pop(_format(version), None)
        told = {digest: fact for digest, fact in facts.items() if _is_digest(digest)}
        known[_format(version)] = dict(islice(told.items(), max(0, len(told) - _FACTS_KEPT), None))
        while sum(map(len, known.values())) > _FACTS_KEPT:
            del known[next(iter(known))]
        self._facts_file.write(known)

    def _all_facts(self) -> dict[str, dict[str, Facts]]:
        """Return all that is known by version and digest, read from disk once."""
        if self._facts is None:
            self._facts = self._facts_file.read() or {}
        return self._facts

    def details(self, digest: str, version: str) -> Show | None:
        """Return what a server of `version` has said of a digest, if it is remembered."""
        return self._details(digest, version).read() if _is_digest(digest) else None

    def keep_details(self, digest: str, version: str, show: Show) -> None:
        """Remember the details of a digest; only the newest few hundred are kept."""
        if not (_is_digest(digest) and self._details(digest, version).write(show)):
            return
        with suppress(OSError):
            # Links and folders are not ours, whoever made them.
            entries = os.scandir(self._folder / "details")
            files = [entry for entry in entries if entry.is_file(follow_symlinks=False)]
            ages = sorted((f.stat(follow_symlinks=False).st_mtime, f.path) for f in files)
            for _, path in ages[:-_DETAILS_KEPT]:
                os.unlink(path)

    def upstreams(self, host_url: str) -> dict[ModelKey, Upstream]:
        """Return what registries said of the models of `host_url`."""
        kept = self._upstreams(host_url).read() or {}
        return {
            ModelKey(text.removesuffix(f"@{found.digest}"), found.digest): found
            for text, found in kept.items()
        }

    def keep_upstreams(self, host_url: str, found: Mapping[ModelKey, Upstream]) -> None:
        """Remember what registries said of the models of `host_url`."""
        kept = {f"{name}@{digest}": each for (name, digest), each in found.items()}
        self._upstreams(host_url).write(kept)

    def pushed(self, host_url: str) -> frozenset[str]:
        """Return the names that `host_url` was told to push, as `names.comparison_key` has them."""
        return self._pushed(host_url).read() or frozenset()

    def keep_pushed(self, host_url: str, keys: frozenset[str]) -> None:
        """Remember the names that `host_url` was told to push."""
        self._pushed(host_url).write(keys)

    def last_runs(self, host_url: str) -> LastRuns | None:
        """Return when the models of `host_url` were last seen running; None if nothing is known."""
        return self._last_runs(host_url).read()

    def keep_last_runs(self, host_url: str, runs: LastRuns) -> None:
        """Remember when the models of `host_url` were last seen running."""
        self._last_runs(host_url).write(runs)

    def seen_memory(self, host_url: str) -> SeenMemory | None:
        """Return what the models of `host_url` were seen to take; None if nothing is known."""
        return self._seen_memory(host_url).read()

    def keep_seen_memory(self, host_url: str, seen: SeenMemory) -> None:
        """Remember what the models of `host_url` were seen to take."""
        self._seen_memory(host_url).write(seen)

    def hub_answers(self, endpoint: str, kind: type[T]) -> T | None:
        """Return what the Hugging Face Hub at `endpoint` has answered; None if nothing is known."""
        return self._hub(endpoint, kind).read()

    def keep_hub_answers(self, endpoint: str, answers: object) -> None:
        """Remember what the Hugging Face Hub at `endpoint` has answered."""
        self._hub(endpoint, type(answers)).write(answers)

    def _list(self, host_url: str) -> StateFile[tuple[ListedModel, ...]]:
        path = self._folder / f"list-{file_key(host_url)}.json"
        loss = "the list appears once the server has answered"
        return StateFile(path, tuple[ListedModel, ...], loss, self._problems, _LIST_LIMIT)

    def _details(self, digest: str, version: str) -> StateFile[Show]:
        path = self._folder / "details" / f"{digest}-{file_key(_format(version))}.json"
        loss = "details of models are fetched again"
        return StateFile(path, Show, loss, self._problems, _DETAILS_LIMIT)

    def _upstreams(self, host_url: str) -> StateFile[dict[str, Upstream]]:
        from ollama_tui.domain.updates import Upstream

        path = self._folder / f"upstream-{file_key(host_url)}.json"
        loss = "updates have to be checked again"
        return StateFile(path, dict[str, Upstream], loss, self._problems, _LIST_LIMIT)

    def _pushed(self, host_url: str) -> StateFile[frozenset[str]]:
        path = self._folder / f"pushed-{file_key(host_url)}.json"
        loss = "registries are not asked about models that were pushed"
        return StateFile(path, frozenset[str], loss, self._problems, _LIST_LIMIT)

    def _last_runs(self, host_url: str) -> StateFile[LastRuns]:
        path = self._folder / f"ran-{file_key(host_url)}.json"
        loss = "the last runs of models are forgotten"
        return StateFile(path, LastRuns, loss, self._problems)

    def _seen_memory(self, host_url: str) -> StateFile[SeenMemory]:
        from ollama_tui.domain.memory.seen import SeenMemory

        path = self._folder / f"memory-{file_key(host_url)}.json"
        loss = "what models were seen to take of its memory is forgotten"
        return StateFile(path, SeenMemory, loss, self._problems)

    def _hub(self, endpoint: str, kind: type[T]) -> StateFile[T]:
        path = self._folder / f"hub-{file_key(endpoint)}.json"
        loss = "searches on Hugging Face are not remembered"
        return StateFile(path, kind, loss, self._problems, _DETAILS_LIMIT)


def _format(version: str) -> str:
    """Return what tells apart what servers of different versions say, and how we keep it."""
    return f"{SHOW_FORMAT} {version}"


def file_key(host_url: str) -> str:
    """Return what stands for a host in names of files: its address is nobody's business."""
    import hashlib

    return hashlib.sha256(host_url.encode()).hexdigest()[:16]


def _is_digest(digest: str) -> bool:
    return len(digest) == _DIGEST and _HEX_DIGITS.issuperset(digest)
