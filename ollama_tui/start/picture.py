"""The picture of the last start: a file with what the terminal is sent before anything is loaded.

It holds the bytes that paint the screen, and after them its cells, which only the app reads. The
whole key of what the screen depends on stands in it. Next to nothing is loaded here: a module of
the standard library may cost as much as all the painting.
"""

from __future__ import annotations

import os
import sys
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FOLDER = "screens"
"""Of pictures, below the folder of cached lists."""
FORMAT = b"ollama-tui screen 1"
LARGEST = 1 << 18
"""Bytes of a picture that is read or written."""
AGE_WIDTH = 12
"""Cells of the age of the list in the status line: `59 min ago`, `just now`."""
ENVIRONMENT = (
    "OLLAMA_HOST", "TERM", "COLORTERM", "NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG", "TERM_PROGRAM",
)  # fmt: skip
"""Variables that choose the server, the colors and the signs; those of Textual do too."""
_LARGEST_CHOICES = 1 << 16
_FINAL_BYTES = frozenset("HGCXKm")
"""Of the control sequences that paint: cursor moves, erasing, and SGR."""
_PARAMETERS = frozenset("0123456789;")


class Picture:
    """What was painted, and what is needed to go on from there."""

    __slots__ = ("after", "before", "cells", "seen_at")

    def __init__(self, before: str, after: str, seen_at: int, cells: bytes = b"") -> None:
        self.before = before
        """What paints the screen up to the age of the list."""
        self.after = after
        self.seen_at = seen_at
        """When the list was seen last, in seconds since 1970; 0 where its age is not shown."""
        self.cells = cells
        """The cells of the screen, as `tui.rendering.painted` reads them."""

    def age(self, now: float) -> str:
        """Return the age of the list as the screen shows it; empty where it does not."""
        return age_text(now - self.seen_at) if self.seen_at else ""

    def painted(self, age: str) -> str:
        """Return what paints the screen, with the age of the list in it."""
        return f"{self.before}{age}{self.after}"


def short_ago(seconds: float) -> str:
    """Return `just now`, `12 min ago`, `3 h ago` or `2 days ago`."""
    minutes = int(max(0.0, seconds) // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    hours = minutes // 60
    return f"{hours} h ago" if hours < 48 else f"{hours // 24} days ago"


def age_text(seconds: float) -> str:
    """Return the age of a list in exactly `AGE_WIDTH` cells, so that nothing after it moves."""
    return short_ago(seconds)[:AGE_WIDTH].ljust(AGE_WIDTH)


def folder_of(environ: Mapping[str, str], kind: str) -> str:
    """Return the program's own folder of a kind: `CACHE`, `CONFIG` or `STATE`.

    The same as `config.settings.user_folders` says, which takes 5 ms to load.
    """
    if not (base := environ.get(f"XDG_{kind}_HOME", "").strip()):
        if sys.platform == "darwin":
            base = "~/Library/Caches" if kind == "CACHE" else "~/Library/Application Support"
        else:
            base = {"CACHE": "~/.cache", "CONFIG": "~/.config", "STATE": "~/.local/state"}[kind]
    return os.path.join(os.path.expanduser(base), "ollama-tui")


def usage_key(
    arguments: Sequence[str], environ: Mapping[str, str], size: tuple[int, int], version: str
) -> str:
    """Return what the look of a start depends on, but for files: `files_key`."""
    chosen = [(name, environ.get(name)) for name in ENVIRONMENT]
    chosen += sorted(item for item in environ.items() if item[0].startswith("TEXTUAL"))
    return ascii((version, sys.hexversion, tuple(arguments), size, chosen))


def files_key(environ: Mapping[str, str]) -> str:
    """Return what the look depends on in files: the config, saved filters, and what was chosen."""
    config = folder_of(environ, "CONFIG")
    stamps = []
    for name in ("config.toml", "filters.json"):
        path = os.path.join(config, name)
        try:
            found = os.stat(path)
            stamps.append((path, found.st_mtime_ns, found.st_size, found.st_ino))
        except (OSError, ValueError):
            stamps.append((path, 0, 0, 0))
    state = os.path.join(folder_of(environ, "STATE"), "ui-state.json")
    return ascii((stamps, _choices(state)))


def _choices(path: str) -> bytes:
    """Return of the UI state what was chosen for the look; not the servers and filters in it.

    Each start on another server reorders those. Inside a text of the file no quote stands bare.
    """
    data = read_own(path, _LARGEST_CHOICES) or b""
    start, end = data.find(b'"hosts":'), data.rfind(b'"columns":')
    return data[:start] + data[end:] if 0 <= start <= end else data


def file_of(environ: Mapping[str, str], usage: str) -> str:
    """Return the path of the picture of such starts."""
    name = f"{zlib.crc32(usage.encode()):08x}.screen"
    return os.path.join(folder_of(environ, "CACHE"), FOLDER, name)


def read(environ: Mapping[str, str], usage: str) -> Picture | None:
    """Return the picture of the last such start; None where there is none that can be used."""
    data = read_own(file_of(environ, usage), LARGEST)
    if data is None:
        return None
    first, _, rest = data.partition(b"\n")
    if first != FORMAT + b" %08x" % zlib.crc32(rest):
        return None
    try:
        key, seen_at, before, after, cells = rest.split(b"\0", 4)
        if key.decode() != f"{usage} {files_key(environ)}":
            return None
        picture = Picture(before.decode(), after.decode(), int(seen_at), cells)
    except ValueError:
        return None
    return picture if paints_only(picture.before) and paints_only(picture.after) else None


def content(key: str, picture: Picture) -> bytes:
    """Return the content of the file of a picture."""
    texts = (key, str(picture.seen_at), picture.before, picture.after)
    rest = b"\0".join([*(text.encode() for text in texts), picture.cells])
    return FORMAT + b" %08x\n" % zlib.crc32(rest) + rest


def paints_only(text: str) -> bool:
    """Whether `text` does nothing to a terminal but paint: whatever the file holds, ask nothing,
    set nothing, and show no character that acts."""
    plain, *sequences = text.replace("\r\n", "").split("\x1b[")
    parts = [plain]
    for sequence in sequences:
        end = 0
        while end < len(sequence) and sequence[end] in _PARAMETERS:
            end += 1
        if sequence[end : end + 1] not in _FINAL_BYTES or end > 60:
            return False
        parts.append(sequence[end + 1 :])
    return "".join(parts).isprintable()


def read_own(path: str, limit: int) -> bytes | None:
    """Return the content of a regular file that only its user, this one, can have written.

    None for any other, for one of more than `limit` bytes, and for no file. What
    `config.safe_file` does too; that takes 10 ms to load.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError):
        return None
    try:
        found = os.fstat(file)
        is_regular = found.st_mode & 0o170000 == 0o100000
        if not is_regular or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            return None
        if found.st_size > limit:
            return None
        data = os.read(file, limit + 1)
    except OSError:
        return None
    finally:
        os.close(file)
    return data if len(data) == found.st_size else None
