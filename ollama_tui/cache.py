"""What is remembered on disk between runs: the last list of each host, and facts by digest.

Facts and details belong to a manifest digest, so they can never be stale. Losing any of this costs
time, never correctness: unreadable files count as absent and a failed write is not an error.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from ollama_tui.api.replies import ListedModel, Show
from ollama_tui.catalog.model import Facts

if TYPE_CHECKING:
    from ollama_tui.catalog.upstream import Upstream

T = TypeVar("T")
_DETAILS_KEPT = 400
_HEX_DIGITS = frozenset("0123456789abcdef")


class Cache:
    """Files below one folder, written whole and renamed into place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def models(self, host_url: str) -> tuple[ListedModel, ...]:
        """Return the last list seen on `host_url`; empty when there is none."""
        return self._read(self._list_file(host_url), tuple[ListedModel, ...]) or ()

    def keep_models(self, host_url: str, models: tuple[ListedModel, ...]) -> None:
        """Remember the list of `host_url`."""
        self._write(self._list_file(host_url), models)

    def facts(self) -> dict[str, Facts]:
        """Return all facts learned so far, by manifest digest."""
        return self._read(self._folder / "facts.json", dict[str, Facts]) or {}

    def keep_facts(self, facts: dict[str, Facts]) -> None:
        """Remember facts by manifest digest."""
        self._write(self._folder / "facts.json", facts)

    def details(self, digest: str) -> Show | None:
        """Return the details of a manifest digest, if remembered."""
        return self._read(self._details_file(digest), Show) if _is_digest(digest) else None

    def keep_details(self, digest: str, show: Show) -> None:
        """Remember the details of a manifest digest; only the newest few hundred are kept."""
        if not _is_digest(digest):
            return
        self._write(self._details_file(digest), show)
        self._drop_oldest_details()

    def upstreams(self, host_url: str) -> dict[str, Upstream]:
        """Return what registries said of the models of `host_url`, by name."""
        from ollama_tui.catalog.upstream import Upstream

        return self._read(self._upstream_file(host_url), dict[str, Upstream]) or {}

    def keep_upstreams(self, host_url: str, found: dict[str, Upstream]) -> None:
        """Remember what registries said of the models of `host_url`."""
        self._write(self._upstream_file(host_url), found)

    def _upstream_file(self, host_url: str) -> Path:
        return self._folder / f"upstream-{file_key(host_url)}.json"

    def _list_file(self, host_url: str) -> Path:
        return self._folder / f"list-{file_key(host_url)}.json"

    def _details_file(self, digest: str) -> Path:
        return self._folder / "details" / f"{digest}.json"

    def _drop_oldest_details(self) -> None:
        try:
            files = [(e.stat().st_mtime, e.path) for e in os.scandir(self._folder / "details")]
            for _, path in sorted(files)[:-_DETAILS_KEPT]:
                os.unlink(path)
        except OSError:
            return

    def _read(self, file: Path, kind: type[T]) -> T | None:
        try:
            return msgspec.json.decode(file.read_bytes(), type=kind)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _write(self, file: Path, value: object) -> None:
        import tempfile

        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".", delete=False) as new:
                new.write(msgspec.json.encode(value))
            os.replace(new.name, file)
        except OSError:
            return


def file_key(host_url: str) -> str:
    """Return what stands for a host in names of files: its address is nobody's business."""
    import hashlib

    return hashlib.sha256(host_url.encode()).hexdigest()[:16]


def _is_digest(digest: str) -> bool:
    return len(digest) == 64 and _HEX_DIGITS.issuperset(digest)
