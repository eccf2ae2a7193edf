"""Where a server on this machine may keep its models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_BLOB = re.compile(r"(?:FROM|ADAPTER|DRAFT) (/.*)/blobs/sha256[-:][0-9a-f]{64}\s*")
_HEAD = ("#", "FROM ", "ADAPTER ", "DRAFT ")
USUAL = (Path("/usr/share/ollama/.ollama/models"), Path("/root/.ollama/models"))
"""The store of the Linux service, and that of the container image."""


def roots(modelfiles: Iterable[str], environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders to look into, the likeliest first, whether they exist or not.

    `modelfiles` are texts of show: their head names files of the store by absolute paths.
    """
    found = [path for text in modelfiles for path in named_in(text)]
    if named := environ.get("OLLAMA_MODELS", "").strip().strip("\"'"):
        found.append(Path(named))
    if home := environ.get("HOME", ""):
        found.append(Path(home, ".ollama", "models"))
    return tuple(dict.fromkeys([*found, *USUAL]))


def named_in(modelfile: str) -> Iterator[Path]:
    """Yield the stores that the head of a Modelfile names; paths of Windows are no paths here."""
    for line in modelfile.split("\n"):
        if line.strip() and not line.startswith(_HEAD):
            return  # from here on a prompt may quote anything
        if (match := _BLOB.fullmatch(line)) and "\0" not in match[1]:
            yield Path(match[1])
