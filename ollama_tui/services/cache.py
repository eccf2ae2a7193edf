"""What is remembered on disk between runs: the last list of each host, and facts by digest.

Facts and details belong to a manifest digest, so they can never be stale. Losing any of this costs
time, never correctness: unreadable files count as absent and a failed write is not an error.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ollama_tui.api.replies import ListedModel, Show
from ollama_tui.config.state_file import MB, Problems, StateFile
from ollama_tui.domain.model import Facts

if TYPE_CHECKING:
    from ollama_tui.domain.updates import Upstream

T = TypeVar("T")
_DETAILS_KEPT = 400
_HEX_DIGITS = frozenset("0123456789abcdef")
_LIST_LIMIT = 8 * MB
"""Enough for 16,000 models."""
_DETAILS_LIMIT = 4 * MB


class Cache:
    """Files below one folder; `problems` learns which could not be read or written."""

    def __init__(self, folder: Path, problems: Problems | None = None) -> None:
        self._folder = folder
        self._problems = problems or Problems()

    def models(self, host_url: str) -> tuple[ListedModel, ...]:
        """Return the last list seen on `host_url`; empty when there is none."""
        return tuple(model for model in self._list(host_url).read() or () if model.name)

    def keep_models(self, host_url: str, models: tuple[ListedModel, ...]) -> None:
        """Remember the list of `host_url`."""
        self._list(host_url).write(models)

    def facts(self) -> dict[str, Facts]:
        """Return all facts learned so far, by manifest digest."""
        return self._facts().read() or {}

    def keep_facts(self, facts: dict[str, Facts]) -> None:
        """Remember facts by manifest digest."""
        self._facts().write(facts)

    def details(self, digest: str) -> Show | None:
        """Return the details of a manifest digest, if remembered."""
        return self._details(digest).read() if _is_digest(digest) else None

    def keep_details(self, digest: str, show: Show) -> None:
        """Remember the details of a manifest digest; only the newest few hundred are kept."""
        if _is_digest(digest) and self._details(digest).write(show):
            self._drop_oldest_details()

    def upstreams(self, host_url: str) -> dict[str, Upstream]:
        """Return what registries said of the models of `host_url`, by name."""
        return self._upstreams(host_url).read() or {}

    def keep_upstreams(self, host_url: str, found: dict[str, Upstream]) -> None:
        """Remember what registries said of the models of `host_url`."""
        self._upstreams(host_url).write(found)

    def _list(self, host_url: str) -> StateFile[tuple[ListedModel, ...]]:
        name = f"list-{file_key(host_url)}.json"
        loss = "the list is first shown when the server has answered"
        return self._file(name, tuple[ListedModel, ...], loss, _LIST_LIMIT)

    def _facts(self) -> StateFile[dict[str, Facts]]:
        loss = "what models can do is asked anew"
        return self._file("facts.json", dict[str, Facts], loss, _LIST_LIMIT)

    def _details(self, digest: str) -> StateFile[Show]:
        loss = "the details of a model are asked anew"
        return self._file(f"details/{digest}.json", Show, loss, _DETAILS_LIMIT)

    def _upstreams(self, host_url: str) -> StateFile[dict[str, Upstream]]:
        from ollama_tui.domain.updates import Upstream

        name = f"upstream-{file_key(host_url)}.json"
        loss = "what is outdated is asked anew"
        return self._file(name, dict[str, Upstream], loss, _LIST_LIMIT)

    def _file(self, name: str, kind: type[T], loss: str, limit: int) -> StateFile[T]:
        return StateFile(self._folder / name, kind, loss, self._problems, limit)

    def _drop_oldest_details(self) -> None:
        with suppress(OSError):
            found = [entry for entry in os.scandir(self._folder / "details") if _is_file(entry)]
            ages = sorted(
                (entry.stat(follow_symlinks=False).st_mtime, entry.path) for entry in found
            )
            for _, path in ages[:-_DETAILS_KEPT]:
                os.unlink(path)


def file_key(host_url: str) -> str:
    """Return what stands for a host in names of files: its address is nobody's business."""
    import hashlib

    return hashlib.sha256(host_url.encode()).hexdigest()[:16]


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is one of ours, or was: links and folders are whoever made them's."""
    return entry.is_file(follow_symlinks=False)


def _is_digest(digest: str) -> bool:
    return len(digest) == 64 and _HEX_DIGITS.issuperset(digest)
