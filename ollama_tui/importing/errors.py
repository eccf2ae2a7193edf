"""What is wrong with a file, and the two ways in which every file can be wrong."""

from __future__ import annotations

from pathlib import Path

from ollama_tui.formatting import inert, shorten, size

_LFS = b"version https://git-lfs"
_PAGES = (b"<!doctype", b"<html")


class BadFile(ValueError):  # noqa: N818 - read as a sentence: except BadFile
    """Not a file that can be imported; the message is one sentence or two for a person."""


def label(path: Path) -> str:
    """Return the name of a file for a sentence."""
    return shorten(inert(path.name or str(path)), 48)


def unreadable(path: Path, error: OSError) -> BadFile:
    """Return why the system does not let us read `path`."""
    if isinstance(error, FileNotFoundError):
        return BadFile(f"{label(path)} is not there.")
    if isinstance(error, PermissionError):
        return BadFile(f"{label(path)} may not be read: check its permissions.")
    return BadFile(f"{label(path)} cannot be read: {inert(error.strerror or 'an I/O error')}.")


def too_short(whole: int, there: int) -> str:
    """Return how much of a file of `whole` bytes is missing: half a download has a good header."""
    missing = f"{size(whole - there)} of {size(whole)}"
    return f"ends too early, {missing} are missing: download or copy it again."


def impostor(head: bytes) -> str | None:
    """Return what begins with `head` and is often taken for a model; None when it is neither."""
    start = head.lstrip().lower()
    if start.startswith(_LFS):
        return "is a Git LFS pointer, not the file itself: fetch it with “git lfs pull”."
    if start.startswith(_PAGES):
        return "is a web page, not a model: download the file itself."
    return None
