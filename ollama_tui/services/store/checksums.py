"""The checksums of an archive: `SHA256SUMS`, as `sha256sum` writes and checks it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ollama_tui.config.safe_file import read_bounded
from ollama_tui.domain.storage.contents import Contents

FILE = "SHA256SUMS"
LARGEST = 64 * 1024 * 1024
"""Bytes of the file; a line for each of 10,000 models and their blobs has about 10 MB."""
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def checksums(contents: Contents) -> str:
    """Return the checksums of all files of a store, sorted by path.

    Those of blobs are their names; those of manifests are of what was read.
    """
    found = {f"blobs/sha256-{digest}": digest for digest in contents.blobs}
    found |= {entry.path: entry.digest for entry in contents.entries if entry.digest}
    return "".join(f"{found[path]}  {path}\n" for path in sorted(found))


def read_checksums(folder: Path) -> Mapping[str, str]:
    """Return the checksums in a folder, by path; none where there is no such file.

    Raises Unusable when it is there and cannot be read.
    """
    try:
        data = read_bounded(folder / FILE, LARGEST)
    except FileNotFoundError:
        return {}
    lines = data.decode("utf-8", "replace").splitlines()
    return {match[2]: match[1] for line in lines if (match := _LINE.fullmatch(line))}


def damaged_entries(contents: Contents, known: Mapping[str, str]) -> dict[str, str]:
    """Return why entries must not be used, by path: their checksum is another."""
    return {
        entry.path: f"Its manifest is damaged: it does not have the checksum that {FILE} gives."
        for entry in contents.entries
        if known.get(entry.path, entry.digest) != entry.digest
    }
