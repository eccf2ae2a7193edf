"""Files read within bounds, and written whole or not at all.

Everything the program has on disk goes through here, and so does what it saves where the user says.
Only the standard library is loaded: the config is read before anything else.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

from ollama_tui.formatting import inert

_AT_ONCE = os.O_NONBLOCK | os.O_NOCTTY  # a fifo, a terminal or a tape must not make us wait
_IN_THE_WAY = (errno.ELOOP, errno.EISDIR, errno.EACCES, errno.ENXIO, errno.EOPNOTSUPP)
"""Errors of opening a temporary file where there is a link, a folder or the like."""
_TEMPORARIES = 10
_SET_ASIDE = 9


class Unusable(Exception):  # noqa: N818 - a state of a file, read as a sentence
    """A file cannot be read; the message goes on from the file's name: "is a folder"."""


class NotAFile(OSError):  # noqa: N818 - read as a sentence: except NotAFile
    """There is something under that path that no text can take the place of."""


def read_bounded(path: Path, limit: int, *, follow_links: bool = False) -> bytes:
    """Return what a regular file of at most `limit` bytes holds, without ever waiting for it.

    Raises FileNotFoundError where there is nothing, and Unusable with the reason for all else.
    """
    file = _opened(path, os.O_RDONLY | (0 if follow_links else os.O_NOFOLLOW))
    try:
        return read_open(file, limit)
    finally:
        os.close(file)


def read_start(path: Path, size: int) -> bytes:
    """Return up to `size` bytes from the start of a regular file; none where it cannot be read."""
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
        os.lseek(file, 0, os.SEEK_SET)
        chunks: list[bytes] = []
        room = limit + 1 if found.st_size <= limit else 0
        # It may grow meanwhile, and files of /proc say they are empty: the end is where it ends.
        while room and (chunk := os.read(file, min(max(found.st_size, 4096), room))):
            chunks.append(chunk)
            room -= len(chunk)
    except OSError as error:
        raise Unusable(f"cannot be read ({reason_of(error)})") from None
    if not room:
        most = f"{limit >> 20} MB" if limit >> 20 else f"{limit >> 10} KB"
        raise Unusable(f"is larger than {most}")
    return b"".join(chunks)


def write_atomically(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Put `data` where `path` is, readable by the user only; a reader sees the old or the new.

    The folder is the program's own: it is made if need be, and private. A link is replaced, not
    followed. With `durable` the data is on the disk when this returns, which may take seconds: not
    for the event loop. Raises OSError, with the old file untouched.
    """
    os.close(write_locked(path, data, durable=durable))


def write_text_atomically(path: Path, text: str) -> None:
    """Put `text` where `path` is, durably and as `write_atomically` does; raises OSError.

    Lone surrogates, which UTF-8 cannot hold, become the bytes they came from, or question marks.
    """
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = text.encode("utf-8", "replace")
    write_atomically(path, data, durable=True)


def write_locked(path: Path, data: bytes, *, durable: bool = False) -> int:
    """Write as `write_atomically` does; return the file, locked from before it had this name."""
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        with suppress(OSError):
            folder.chmod(0o700)
    file, temporary = _temporary(folder)
    try:
        os.fchmod(file, 0o600)
        with open(file, "wb", closefd=False) as opened:
            opened.write(data)
        if durable:
            os.fsync(file)
        os.close(os.dup(file))  # a network file system says here what it could not write
        os.rename(temporary, path)
        if durable:
            _sync_folder(folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        os.close(file)
        raise
    return file


def write_new(path: Path, data: bytes) -> Path:
    """Write a file that is not there yet, where the user wants it; return its real path.

    Leaves nothing behind when it fails. Raises FileExistsError when there is something by now, and
    OSError. Not for the event loop.
    """
    real = _real(path)
    file = os.open(real, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    _fill(file, real, data)
    return real


def replace_file(path: Path, data: bytes) -> Path:
    """Write `data` beside a file of the user and put it in its place; return its real path.

    Of a link the file that it leads to is replaced. The permissions stay, and so does the owner
    where that may be set. Whatever fails, the old file is left as it was. Raises OSError, and
    NotAFile for a folder, a device or a pipe. Not for the event loop.
    """
    real = _real(path)
    before = os.stat(real)
    if not stat.S_ISREG(before.st_mode):
        raise NotAFile(None, "it is not an ordinary file", str(real))
    if not os.access(real, os.W_OK):  # which renaming over it would not ask
        raise PermissionError(errno.EACCES, "it is write-protected", str(real))
    beside = real.with_name(f".{real.name[:80]}.{os.urandom(8).hex()}.new")
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    _fill(file, beside, data, like=before, move_to=real)
    return real


def _real(path: Path) -> Path:
    """Return where `path` leads; raises OSError for links in a circle."""
    real = Path(os.path.realpath(path))
    if real.is_symlink():
        os.stat(path)  # which says what is wrong with it
    return real


def _fill(
    file: int,
    path: Path,
    data: bytes,
    *,
    like: os.stat_result | None = None,
    move_to: Path | None = None,
) -> None:
    """Write all of `data` to an open new file and close it; remove it when that fails.

    It gets the owner and the permissions of another file, and its place, where these are given.
    """
    try:
        with open(file, "wb") as opened:
            if like is not None:
                with suppress(OSError):  # only root may give files away
                    os.fchown(file, like.st_uid, like.st_gid)
                os.fchmod(file, stat.S_IMODE(like.st_mode))
            opened.write(data)
            opened.flush()
            os.fsync(file)
        if move_to is not None:
            os.replace(path, move_to)
    except OSError:
        with suppress(OSError):
            os.unlink(path)
        raise


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
    again, so none pile up. Where files cannot be locked, it has a name of its own.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | _AT_ONCE
    for number in range(_TEMPORARIES):
        path = folder / f".{number}.new"
        is_new = not os.path.lexists(path)
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
            if is_new:
                with suppress(OSError):
                    os.unlink(path)
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


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # some file systems cannot
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


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
        raise Unusable(f"cannot be read ({reason_of(error)})") from None


def reason_of(error: OSError) -> str:
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


def shown_path(path: Path) -> str:
    """Return a path as people write it, inert, with `~` for the home folder."""
    home = os.path.expanduser("~")
    text = str(path)
    is_below = home not in ("", "/", "~") and (text == home or text.startswith(f"{home}/"))
    return inert(f"~{text[len(home) :]}" if is_below else text)
