"""The checksums of an archive: `SHA256SUMS`, as `sha256sum` writes and checks it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from ollama_tui.config.safe_file import Unusable, read_bounded
from ollama_tui.domain.storage.contents import Contents
from ollama_tui.services.store.reader import name_of_entry

FILE = "SHA256SUMS"
LARGEST = 64 * 1024 * 1024
"""Bytes of the file; a line for each of 10,000 models and their blobs has about 10 MB."""
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def checksums(
    contents: Contents, known: Mapping[str, str] | None = None, written: Collection[str] = ()
) -> str:
    """Return the checksums of all files of a store, sorted by path.

    Those of blobs are their names, those of manifests are of what was read. Those `known` before
    stay, except for the manifests `written` since: what was damaged or lost after it was written
    must not become right.
    """
    found = {f"blobs/sha256-{digest}": digest for digest in contents.blobs}
    found |= {entry.path: entry.digest for entry in contents.entries if entry.digest}
    found |= {
        path: digest
        for path, digest in (known or {}).items()
        if path not in written and name_of_entry(path) is not None
    }
    return "".join(f"{found[path]}  {path}\n" for path in sorted(found))


def read_checksums(folder: Path) -> Mapping[str, str]:
    """Return the checksums in a folder, by path; none where there is no such file.

    Raises Unusable when it is there and cannot be read, or has none.
    """
    try:
        data = read_bounded(folder / FILE, LARGEST)
    except FileNotFoundError:
        return {}
    lines = data.decode("utf-8", "replace").splitlines()
    found = {match[2]: match[1] for line in lines if (match := _LINE.fullmatch(line))}
    if not found:
        raise Unusable("has no checksums")
    return found


def damaged(contents: Contents, known: Mapping[str, str]) -> dict[str, str]:
    """Return why models must not be used, by name, where there are checksums.

    Those that the checksums name and that are not there are among them.
    """
    found = {}
    for entry in contents.entries if known else ():
        if entry.path not in known:
            found[entry.name] = f"Its manifest is not in {FILE}: export it again."
        elif known[entry.path] != entry.digest:
            found[entry.name] = f"Its manifest does not match {FILE}: export it again."
    here = {entry.path for entry in contents.entries}
    for path in known.keys() - here:
        name = name_of_entry(path)
        if name is not None and name not in contents.counted:
            found[name] = "Its manifest is missing, or cannot be read: export it again."
    return found
