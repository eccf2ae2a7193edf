"""Where the store of a server on this machine may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

USUAL = (Path("/usr/share/ollama/.ollama/models"), Path("/root/.ollama/models"))
"""The store of the Linux service, and that of the container image."""

_FILE_LINE = re.compile(r"(?:FROM|ADAPTER|DRAFT) (/.*)/blobs/sha256[-:][0-9a-f]{64}\s*")
_HEAD = ("#", "FROM ", "ADAPTER ", "DRAFT ")


def roots(modelfiles: Iterable[str], environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders that may be a server's store, likeliest first, whether they exist or not.

    `modelfiles` are Modelfiles from show: their first lines name files of the store by absolute
    path.
    """
    found = [path for text in modelfiles for path in named_in(text)]
    if named := environ.get("OLLAMA_MODELS", "").strip().strip("\"'"):
        found.append(Path(named))
    if home := environ.get("HOME", ""):
        found.append(Path(home, ".ollama", "models"))
    return tuple(dict.fromkeys([*found, *USUAL]))


def named_in(modelfile: str) -> Iterator[Path]:
    """Yield the stores that the first lines of a Modelfile name; Windows paths are skipped."""
    for line in modelfile.split("\n"):
        if line.strip() and not line.startswith(_HEAD):
            return  # from here on a prompt may quote anything
        if (match := _FILE_LINE.fullmatch(line)) and "\0" not in match[1]:
            yield Path(match[1])
