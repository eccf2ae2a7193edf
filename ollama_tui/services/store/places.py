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
    if (named := named_by(environ)) is not None:
        found.append(named)
    if home := environ.get("HOME", ""):
        found.append(Path(home, ".ollama", "models"))
    return tuple(dict.fromkeys([*found, *USUAL]))


def named_by(environ: Mapping[str, str]) -> Path | None:
    """Return the folder that OLLAMA_MODELS names, read as Ollama reads it; None for none."""
    named = environ.get("OLLAMA_MODELS", "").strip().strip("\"'")
    return Path(named) if named else None


def named_in(modelfile: str) -> Iterator[Path]:
    """Yield the stores that the first lines of a Modelfile name; Windows paths are skipped."""
    for line in modelfile.split("\n"):
        if line.strip() and not line.startswith(_HEAD):
            return  # from here on a prompt may quote anything
        if (match := _FILE_LINE.fullmatch(line)) and "\0" not in match[1]:
            yield Path(match[1])
