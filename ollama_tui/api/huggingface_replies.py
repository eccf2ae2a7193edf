"""What the Hugging Face Hub answers: repositories with GGUF files, and the files of one of them.

Every field is read for itself: one that is missing, or of another type, is unknown and costs
neither its entry nor the others. An entry that cannot be named is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from ollama_tui.api.decode import FAILURES, Body, is_page
from ollama_tui.api.errors import NotOllama
from ollama_tui.api.replies import Count, ShortText
from ollama_tui.formatting import inert

MAX_ENTRIES = 20_000
"""Entries of one answer; the largest repositories have a few thousand files."""
_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,95})"
_REPOSITORY = re.compile(rf"{_PART}/{_PART}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST_PATH = 512
_MODEL_WORDS = 64
"""Letters of the name of an architecture or a task."""

Hash = Annotated[str, msgspec.Meta(max_length=200)]
Fields = Mapping[str, msgspec.Raw]


class GgufMetadata(msgspec.Struct, frozen=True):
    """What the Hub has read from the GGUF files of a repository; all of them have it in common."""

    parameters: Count = 0
    """Number of parameters; 0 where it is unknown."""
    architecture: str = ""
    context_length: Count = 0
    """Tokens; 0 where it is unknown."""


class Repository(msgspec.Struct, frozen=True):
    """A repository of models; its texts are inert."""

    id: str
    """`user/name`, of letters, digits, `.`, `_` and `-` only."""
    downloads: Count | None = None
    """In the last 30 days; None where it is unknown, as with all that follows."""
    likes: Count | None = None
    updated: datetime | None = None
    gated: str = ""
    """`auto` where terms have to be accepted, `manual` where somebody has to approve that."""
    private: bool = False
    disabled: bool = False
    task: str = ""
    """What it does, in the words of the Hub: `text-generation`, `image-text-to-text` …"""
    gguf: GgufMetadata | None = None

    @property
    def key(self) -> str:
        """What identifies it."""
        return self.id


class RepositoryFile(msgspec.Struct, frozen=True):
    """A file of a repository."""

    path: str
    """Relative, with `/`, and inert as it is."""
    size: Count | None = None
    """Bytes; None where they are unknown."""
    sha256: str = ""
    """Of its content, 64 hex digits; empty where the Hub does not keep the file in LFS."""


class RepositoryPage(msgspec.Struct, frozen=True):
    """One page of a search."""

    repositories: tuple[Repository, ...] = ()
    cursor: str = ""
    """What the next page is asked for with; empty on the last one."""
    left_out: int = 0
    """Entries that could not be read."""


class RepositoryListing(msgspec.Struct, frozen=True):
    """A repository and its files."""

    repository: Repository
    files: tuple[RepositoryFile, ...] = ()
    left_out: int = 0
    """Files that could not be read."""


def repository_page(body: Body, cursor: str, where: str) -> RepositoryPage:
    """Return the repositories of an answer; raises NotOllama for one of another shape."""
    entries = list(_entries(body, where))
    found = tuple(each for each in map(_repository, entries) if each is not None)
    if entries and not found:
        raise unexpected(where)
    return RepositoryPage(found, cursor, len(entries) - len(found))


def repository_listing(body: Body, where: str) -> RepositoryListing:
    """Return a repository with its files; raises NotOllama for an answer of another shape."""
    fields = _fields(body)
    repository = _repository(fields)
    siblings = _value(fields, "siblings", list[msgspec.Raw])
    if repository is None or siblings is None or len(siblings) > MAX_ENTRIES:
        raise _not_json(body, where)
    files = tuple(f for f in (_file(_fields(raw)) for raw in siblings) if f is not None)
    if siblings and not files:
        raise unexpected(where)
    return RepositoryListing(repository, files, len(siblings) - len(files))


def unexpected(where: str) -> NotOllama:
    """Return the error for an answer that is not what is documented."""
    return NotOllama(
        f"The API of {where} answered something unexpected.",
        "It may have changed: a newer ollama-tui may read it.",
    )


def is_repository(text: str) -> bool:
    """Whether a text names a repository: `user/name`."""
    return _REPOSITORY.fullmatch(text) is not None and ".." not in text


def _entries(body: Body, where: str) -> Iterator[Fields]:
    try:
        entries = msgspec.json.decode(body, type=list[msgspec.Raw])
    except FAILURES:
        raise _not_json(body, where) from None
    if len(entries) > MAX_ENTRIES:
        raise unexpected(where)
    yield from map(_fields, entries)


def _not_json(body: Body, where: str) -> NotOllama:
    if is_page(bytes(body[:1024]).decode("utf-8", "replace")):
        return NotOllama(
            f"Something else answers in place of {where}.",
            "Check this machine's proxy settings, then R asks again.",
        )
    return unexpected(where)


def _fields(raw: msgspec.Raw | Body) -> Fields:
    """Return the fields of an object; none for anything else."""
    try:
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except FAILURES:
        return {}


def _value(fields: Fields, name: str, kind: Any) -> Any:
    """Return one field; None where it is missing or of another type."""
    if name not in fields:
        return None
    try:
        return msgspec.json.decode(fields[name], type=kind)
    except FAILURES:
        return None


def _word(fields: Fields, name: str) -> str:
    return inert(_value(fields, name, ShortText) or "")[:_MODEL_WORDS]


def _repository(fields: Fields) -> Repository | None:
    """Return a repository; None where it has no name that can be asked for."""
    name = _value(fields, "id", ShortText)
    if name is None or not is_repository(name):
        return None
    gated = _value(fields, "gated", bool | str)
    return Repository(
        id=name,
        downloads=_value(fields, "downloads", Count),
        likes=_value(fields, "likes", Count),
        updated=_time(fields),
        # What is neither open nor one of the two kinds known is closed in a way not known.
        gated="" if gated in (None, False) else "auto" if gated == "auto" else "manual",
        private=bool(_value(fields, "private", bool)),
        disabled=bool(_value(fields, "disabled", bool)),
        task=_word(fields, "pipeline_tag"),
        gguf=_gguf(_fields(fields["gguf"])) if "gguf" in fields else None,
    )


def _time(fields: Fields) -> datetime | None:
    at: datetime | None = _value(fields, "lastModified", datetime)
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _gguf(fields: Fields) -> GgufMetadata | None:
    if not fields:
        return None
    return GgufMetadata(
        parameters=_value(fields, "total", Count) or 0,
        architecture=_word(fields, "architecture"),
        context_length=_value(fields, "context_length", Count) or 0,
    )


def _file(fields: Fields) -> RepositoryFile | None:
    """Return a file; None where its path is missing, or not one of a file in the repository."""
    path = _value(fields, "rfilename", ShortText)
    if path is None or not _is_path(path):
        return None
    lfs = _fields(fields["lfs"]) if "lfs" in fields else {}
    # The tree of a repository calls the same digest `oid`; that of the file itself is another one.
    digest = _value(lfs, "sha256", Hash) or _value(lfs, "oid", Hash) or ""
    digest = digest.lower().removeprefix("sha256:")
    size = _value(fields, "size", Count)
    if size is None:
        size = _value(lfs, "size", Count)
    return RepositoryFile(path, size, digest if _SHA256.fullmatch(digest) else "")


def _is_path(path: str) -> bool:
    parts = path.split("/")
    is_plain = inert(path) == path and "\\" not in path and len(path) <= _LONGEST_PATH
    return is_plain and not any(part in ("", ".", "..") for part in parts)
