"""Bounded reads and atomic writes of files.

All files of the program go through here, and so do files saved where the user chooses. Loads only
the standard library: the config is read before anything else.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

from ollama_tui.formatting import inert

_OPEN_FLAGS = os.O_NONBLOCK | os.O_NOCTTY  # never block on a fifo or a device
_IN_THE_WAY = (errno.ELOOP, errno.EISDIR, errno.EACCES, errno.ENXIO, errno.EOPNOTSUPP)
"""Errors of opening a temporary file when a link, a folder or the like has its name."""
_TEMPORARIES = 10
_SET_ASIDE = 9


class Unusable(Exception):  # noqa: N818 - a state of a file, read as a sentence
    """A file cannot be read; the message goes on from the file's name: "is a folder"."""


class NotAFile(OSError):  # noqa: N818 - read as a sentence: except NotAFile
    """The path exists and is not a regular file, so it cannot be replaced."""


def read_bounded(path: Path, limit: int, *, follow_links: bool = False) -> bytes:
    """Return the content of a regular file of at most `limit` bytes; never blocks on a fifo.

    Raises FileNotFoundError when there is none, and Unusable with any other reason.
    """
    file = _opened(path, os.O_RDONLY | (0 if follow_links else os.O_NOFOLLOW))
    try:
        return read_open(file, limit)
    finally:
        os.close(file)


def read_start(path: Path, size: int) -> bytes:
    """Return up to `size` bytes from the start of a regular file; b"" if it cannot be read."""
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
    """Return the content of an open regular file of at most `limit` bytes; raises Unusable."""
    try:
        found = os.fstat(file)
        if stat.S_ISDIR(found.st_mode):
            raise Unusable("is a folder")
        if not stat.S_ISREG(found.st_mode):
            raise Unusable("is not a regular file")
        os.lseek(file, 0, os.SEEK_SET)
        chunks: list[bytes] = []
        room = limit + 1 if found.st_size <= limit else 0
        # Read to the end: the file may grow, and files in /proc report size 0.
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
    """Write `data` to `path`, readable by the user only; readers see the old or the new content.

    The folder is the program's own: it is created if necessary, and made private. A link is
    replaced, not followed. With `durable` the data is on the disk when this returns, which may take
    seconds: not for the event loop. Raises OSError, with the old file untouched.
    """
    os.close(write_locked(path, data, durable=durable))


def write_text_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` durably, as `write_atomically` does; raises OSError.

    Lone surrogates, which UTF-8 cannot hold, become the bytes they came from, or question marks.
    """
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = text.encode("utf-8", "replace")
    write_atomically(path, data, durable=True)


def write_locked(path: Path, data: bytes, *, durable: bool = False) -> int:
    """Write as `write_atomically` does; return the open file, locked before it got this name."""
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
        os.close(os.dup(file))  # network file systems report failed writes on close
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
    """Write a new file where the user wants it; return its real path.

    Leaves nothing behind when it fails. Raises FileExistsError when the path exists, and OSError.
    Not for the event loop.
    """
    real = _real(path)
    file = os.open(real, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    _fill(file, real, data)
    return real


def replace_file(path: Path, data: bytes) -> Path:
    """Replace a file of the user atomically with `data`; return its real path.

    A link is followed. The permissions are kept, and so is the owner where the system allows it.
    On failure the old file is left as it was. Raises OSError, and NotAFile for a folder, a device
    or a pipe. Not for the event loop.
    """
    real = _real(path)
    before = os.stat(real)
    if not stat.S_ISREG(before.st_mode):
        raise NotAFile(None, "it is not an ordinary file", str(real))
    if not os.access(real, os.W_OK):  # os.replace ignores write protection
        raise PermissionError(errno.EACCES, "it is write-protected", str(real))
    beside = real.with_name(f".{real.name[:80]}.{os.urandom(8).hex()}.new")
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    _fill(file, beside, data, like=before, move_to=real)
    return real


def _real(path: Path) -> Path:
    """Return `path` with links resolved; raises OSError for a loop of links."""
    real = Path(os.path.realpath(path))
    if real.is_symlink():
        os.stat(path)  # raises the reason
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

    It gets the owner and permissions of `like`, and is moved to `move_to`, where these are given.
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
    """Return the regular file at `path`, locked until closed; None if another process has the lock.

    Raises FileNotFoundError when there is none, Unusable with the reason when it is not a regular
    file or cannot be opened, and OSError where files cannot be locked.
    """
    try:
        # NFS locks only files open for writing; other file systems lock read-only ones too.
        file = _opened(path, os.O_RDWR | os.O_NOFOLLOW)
    except Unusable:
        file = _opened(path, os.O_RDONLY | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise Unusable("is not a regular file")
    return _locked_or_closed(file, path)


def lock_new(path: Path) -> int | None:
    """Return the file at `path`, created if necessary and locked until closed.

    None if another process has the lock, or something else is in its place. Raises OSError.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | _OPEN_FLAGS
    return _locked_or_closed(os.open(path, flags, 0o600), path)


def set_aside(path: Path) -> Path | None:
    """Rename `path`, a link itself, to `NAME.bad`; return the new path, None if that failed."""
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
    """Return a new empty file, locked, and its path.

    There are few names, and the lock says which are in use: a file left by a killed process is
    reused, so they do not pile up. Where files cannot be locked, the name is random.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | _OPEN_FLAGS
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


def _locked_or_closed(file: int, path: Path) -> int | None:
    """Return an open file once it is locked at `path`; close it and return None where it is not."""
    try:
        if _is_locked_at(file, path):
            return file
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return None


def _is_locked_at(file: int, path: Path) -> bool:
    """Lock an open regular file; return whether that worked and `path` still names the file.

    Raises OSError where files cannot be locked.
    """
    if not stat.S_ISREG(os.fstat(file).st_mode):
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # The last owner of the lock may have renamed or removed it after we opened it.
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
    """Open `path`; raises FileNotFoundError and Unusable."""
    try:
        return os.open(path, flags | _OPEN_FLAGS)
    except FileNotFoundError:
        if path.is_symlink():
            raise Unusable("is a broken link") from None
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
    """Return a path for display: inert, with `~` for the home folder."""
    home = os.path.expanduser("~")
    text = str(path)
    is_below = home not in ("", "/", "~") and (text == home or text.startswith(f"{home}/"))
    return inert(f"~{text[len(home) :]}" if is_below else text)
