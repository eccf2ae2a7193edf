"""Files that cannot hurt: read within bounds, written whole or not at all.

Everything the program keeps on disk goes through here. Only the standard library is loaded: the
config is read before anything else.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

_AT_ONCE = os.O_NONBLOCK | os.O_NOCTTY  # a fifo, a terminal or a tape must not make us wait
_IN_THE_WAY = (errno.ELOOP, errno.EISDIR, errno.EACCES, errno.ENXIO, errno.EOPNOTSUPP)
"""What opening says where a temporary file should be, but a link, folder or such is."""
_TEMPORARIES = 10
_SET_ASIDE = 9


class Unusable(Exception):  # noqa: N818 - a state of a file, read as a sentence
    """What is there cannot be read; the message goes on from the file's name: "is a folder"."""


def read_bounded(path: Path, limit: int, *, follow_links: bool = False) -> bytes:
    """Return what a regular file of at most `limit` bytes holds; at once, whatever is there.

    Raises FileNotFoundError where there is nothing, and Unusable with the reason for all else.
    """
    file = _opened(path, os.O_RDONLY | (0 if follow_links else os.O_NOFOLLOW))
    try:
        return read_open(file, limit)
    finally:
        os.close(file)


def read_start(path: Path, size: int) -> bytes:
    """Return up to `size` bytes from the start of a regular file; none where there is none."""
    try:
        file = _opened(path, os.O_RDONLY | os.O_NOFOLLOW)
    except (OSError, Unusable):
        return b""
    try:
        return os.read(file, size) if stat.S_ISREG(os.fstat(file).st_mode) else b""
    except OSError:
        return b""
    finally:
        os.close(file)


def read_open(file: int, limit: int) -> bytes:
    """Return what an open regular file of at most `limit` bytes holds; raises Unusable."""
    try:
        found = os.fstat(file)
        if stat.S_ISDIR(found.st_mode):
            raise Unusable("is a folder")
        if not stat.S_ISREG(found.st_mode):
            raise Unusable("is not a regular file")
        if found.st_size > limit:
            raise Unusable(_too_large(limit))
        os.lseek(file, 0, os.SEEK_SET)
        chunks: list[bytes] = []
        room = limit + 1
        # It may grow meanwhile, and files of /proc say they are empty: the end is where it ends.
        while room and (chunk := os.read(file, min(max(found.st_size, 4096), room))):
            chunks.append(chunk)
            room -= len(chunk)
    except OSError as error:
        raise Unusable(_why(error)) from None
    if not room:
        raise Unusable(_too_large(limit))
    return b"".join(chunks)


def write_atomically(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Put `data` where `path` is, readable by the user only; a reader sees the old or the new.

    The folder is the program's own: it is made if need be, and private. A link is replaced, not
    followed. With `durable` the data is on
    the disk when this returns, which may take seconds: not for the event loop. Raises OSError, with
    the old file untouched.
    """
    os.close(write_locked(path, data, durable=durable))


def write_text_atomically(path: Path, text: str) -> None:
    """Put `text` where `path` is, durably and as `write_atomically` does; raises OSError.

    What is no UTF-8 (lone surrogates) becomes the bytes it came from, or question marks.
    """
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = text.encode("utf-8", "replace")
    write_atomically(path, data, durable=True)


def write_locked(path: Path, data: bytes, *, durable: bool = False) -> int:
    """Write as `write_atomically` does; return the file, locked from before it had this name."""
    _make_folder(path.parent)
    file, temporary = _temporary(path.parent)
    try:
        os.fchmod(file, 0o600)
        _write_all(file, data)
        if durable:
            os.fsync(file)
        os.close(os.dup(file))  # a network file system says here what it could not write
        os.rename(temporary, path)
        if durable:
            _sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        os.close(file)
        raise
    return file


def lock(path: Path) -> int | None:
    """Return the regular file at `path`, locked until it is closed; None if somebody else has it.

    Raises FileNotFoundError where there is nothing, Unusable with the reason where there is no
    regular file to open, and OSError where files cannot be locked.
    """
    try:
        # Over NFS only what may be written can be locked; what may not be can be elsewhere.
        file = _opened(path, os.O_RDWR | os.O_NOFOLLOW)
    except Unusable:
        file = _opened(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Unusable("is not a regular file")
        if _is_locked_at(file, path):
            return file
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return None


def set_aside(path: Path) -> Path | None:
    """Rename what is at `path`, a link itself, to `NAME.bad`; return that, or None if it stays."""
    for number in range(1, _SET_ASIDE + 1):
        aside = path.with_name(f"{path.name}.bad{number if number > 1 else ''}")
        if os.path.lexists(aside):
            continue
        try:
            os.rename(path, aside)
        except OSError:
            return None
        return aside
    return None


def _temporary(folder: Path) -> tuple[int, Path]:
    """Return a new empty file, locked, and where it is.

    The names are few, and the lock says which are in use: one that a killed program left is used
    again, so none pile up. Where files cannot be locked, a name of its own has to do.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | _AT_ONCE
    for number in range(_TEMPORARIES):
        path = folder / f".{number}.new"
        try:
            file = os.open(path, flags, 0o600)
        except OSError as error:
            if error.errno in _IN_THE_WAY:
                continue
            raise
        try:
            if _is_locked_at(file, path):
                os.ftruncate(file, 0)
                return file, path
        except OSError:
            os.close(file)
            break
        os.close(file)
    path = folder / f".{os.urandom(8).hex()}.new"
    return os.open(path, flags | os.O_EXCL, 0o600), path


def _is_locked_at(file: int, path: Path) -> bool:
    """Lock an open regular file; return whether it is ours, and still what `path` names.

    Raises OSError where files cannot be locked.
    """
    if not stat.S_ISREG(os.fstat(file).st_mode):
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # Whoever had it may have renamed or removed it between our opening and our locking.
    try:
        there = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    ours = os.fstat(file)
    return (ours.st_dev, ours.st_ino, ours.st_nlink) == (there.st_dev, there.st_ino, 1)


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        with suppress(OSError):
            folder.chmod(0o700)


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # some file systems cannot
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def in_words(error: OSError) -> str:
    """Return why a file or folder cannot be read or written, to end a sentence with."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return "the disk is full"
        case errno.EROFS:
            return "the disk is read-only"
        case errno.EEXIST | errno.ENOTDIR | errno.EISDIR | errno.ELOOP:
            return "something else is in its place"
        case _:
            return (error.strerror or "the system does not say why").lower()


def _opened(path: Path, flags: int) -> int:
    """Open what is at `path`; raises FileNotFoundError and Unusable."""
    try:
        return os.open(path, flags | _AT_ONCE)
    except FileNotFoundError:
        if path.is_symlink():
            raise Unusable("is a link that leads nowhere") from None
        raise
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK) and path.is_symlink():
            raise Unusable("is a link") from None
        raise Unusable(_why(error)) from None


def _too_large(limit: int) -> str:
    return f"is larger than {limit >> 20} MB" if limit >> 20 else f"is larger than {limit >> 10} KB"


def _why(error: OSError) -> str:
    return f"cannot be read ({in_words(error)})"
