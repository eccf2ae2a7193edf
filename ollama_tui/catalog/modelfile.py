"""Modelfiles: what they say, read and written."""

from __future__ import annotations

import re

_BLOB = re.compile(r"(?:FROM|ADAPTER|DRAFT) .*\bsha256-([0-9a-f]{64})\s*")
_HEAD = ("#", "FROM ", "ADAPTER ", "DRAFT ")


def blobs(modelfile: str) -> tuple[str, ...]:
    """Return the digests (64 hex) that the head of show's `modelfile` names, weights first.

    The head ends with the first line that is something else, for a prompt may quote such lines.
    """
    digests: dict[str, None] = {}
    for line in modelfile.split("\n"):
        if line.strip() and not line.startswith(_HEAD):
            break
        if match := _BLOB.fullmatch(line):
            digests[match[1]] = None
    return tuple(digests)
