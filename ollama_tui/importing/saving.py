"""Writing a text where the user wants it, so that what was there stays until all of it is written.

Not for an event loop: disks may be slow, and elsewhere.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path


class NotAFile(OSError):  # noqa: N818 - read as a sentence: except NotAFile
    """There is something under that path that no text can take the place of."""


def write_new(path: Path, data: bytes) -> Path:
    """Write a file that is not there yet and return its real path; leaves nothing of a failure.

    Raises FileExistsError when something has come there meanwhile, and OSError.
    """
    real = _real(path)
    descriptor = os.open(real, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        _fill(descriptor, data)
    except OSError:
        with suppress(OSError):
            os.unlink(real)
        raise
    return real


def replace_file(path: Path, data: bytes) -> Path:
    """Write `data` beside a file and put that in its place; returns its real path.

    Of a link the file that it leads to is replaced. The permissions stay, and so does the owner
    where that may be said. Whatever fails, the old file is left as it was. Raises OSError, and
    NotAFile for a folder, a device or a pipe.
    """
    real = _real(path)
    before = os.stat(real)
    if not stat.S_ISREG(before.st_mode):
        raise NotAFile(None, "it is not an ordinary file", str(real))
    if not os.access(real, os.W_OK):  # which renaming over it would not ask
        raise PermissionError(errno.EACCES, "it is write-protected", str(real))
    beside = real.with_name(f".{real.name[:80]}.{secrets.token_hex(8)}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        _fill(descriptor, data, before)
        os.replace(beside, real)
    except OSError:
        with suppress(OSError):
            os.unlink(beside)
        raise
    return real


def _real(path: Path) -> Path:
    """Return where `path` leads; raises OSError for links in a circle."""
    real = Path(os.path.realpath(path))
    if real.is_symlink():
        os.stat(path)  # which says what is wrong with it
    return real


def _fill(descriptor: int, data: bytes, like: os.stat_result | None = None) -> None:
    """Write all of `data` and close; with the owner and permissions of another file."""
    with open(descriptor, "wb") as file:
        if like is not None:
            with suppress(OSError):  # only root may give files away
                os.fchown(descriptor, like.st_uid, like.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
        file.write(data)
        file.flush()
        os.fsync(descriptor)
