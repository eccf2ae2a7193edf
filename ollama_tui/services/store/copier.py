"""Copies models from one store to another: blobs first, each verified, the entry last.

A model is there whole or not at all: its entry is written once all its blobs are. What was copied
before an interruption is not copied again.
"""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import Event

from ollama_tui.config.safe_file import reason_of
from ollama_tui.domain.copying import ModelCopy
from ollama_tui.domain.storage.contents import StoredBlob
from ollama_tui.formatting import inert

CHUNK = 4 * 1024 * 1024
"""Bytes read at a time."""
SYNC_EVERY = 256 * 1024 * 1024
"""Bytes after which data is flushed, so that progress tells what the disk has, not the cache."""
FILE_MODE, FOLDER_MODE = 0o644, 0o755
"""As the server makes them."""
_PREFIX, _SUFFIX = "ollama-tui-", ".tmp"
_ENTRY_PREFIX = ".manifest-"
"""As the server calls entries that it is writing."""


class Damaged(Exception):  # noqa: N818 - read as a sentence: except Damaged
    """The files of a model are not what they should be; the message is a sentence."""


class InUse(Exception):  # noqa: N818 - read as a sentence: except InUse
    """Another process is copying into the same store."""


class Stopped(Exception):  # noqa: N818 - read as a sentence: except Stopped
    """The copying was to stop."""


class StoreCopier:
    """Copies into the store `target`, for one process at a time.

    With `links` entries in `manifests-v2` are links, as the server makes them; without, they are
    files, which any disk can hold. `moved` is called with the bytes copied since the last call. All
    methods may take long: not for the event loop.
    """

    def __init__(
        self,
        source: Path,
        target: Path,
        *,
        links: bool,
        moved: Callable[[int], None],
        stop: Event,
    ) -> None:
        self._source = source
        self._target = target
        self._links = links
        self._moved = moved
        self._stop = stop
        self._owner: tuple[int, int] | None = None
        """Who gets what is written, where that is not this user."""

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep other processes from copying into the store; raises InUse and OSError."""
        self._make_folder(self._target)
        if os.geteuid() == 0:
            info = os.stat(self._target)
            self._owner = (info.st_uid, info.st_gid) if info.st_uid else None
        blobs = self._target / "blobs"
        self._make_folder(blobs)
        folder = os.open(blobs, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if _locked(folder):
                for left in blobs.glob(f"{_PREFIX}*{_SUFFIX}"):
                    left.unlink()  # by a process that was killed: its lock is gone
            yield
        finally:
            os.close(folder)

    def copy(self, model: ModelCopy) -> None:
        """Copy a model; raises Damaged, Stopped and OSError, with what was copied kept."""
        content = self._manifest(model)
        for blob in model.blobs:
            path = self._target / blob.paths[0]
            if not path.exists() or path.stat().st_size != blob.size:
                self._blob(blob, path)
        entry = self._target / model.path
        self._make_folder(entry.parent)
        if model.entry.list is not None:
            manifest = self._target / "blobs" / f"sha256-{model.entry.digest}"
            self._write(manifest, content)
            if self._links and self._link(entry, manifest):
                return
        self._write(entry, content, time=model.entry.modified)

    def describe(self, files: Mapping[str, bytes]) -> None:
        """Write small files beside the trees, by name; raises OSError."""
        for name, content in files.items():
            self._write(self._target / name, content)

    def _manifest(self, model: ModelCopy) -> bytes:
        content = b"".join(map(bytes, _chunks(self._source / model.entry.path)))
        if sha256(content).hexdigest() != model.entry.digest:
            raise Damaged("Its manifest has changed meanwhile: try again.")
        return content

    def _blob(self, blob: StoredBlob, path: Path) -> None:
        """Copy a blob; raises Damaged when its content is not that of its digest."""
        digest, unsynced = sha256(), 0
        original = self._source / blob.paths[0]
        with self._new_file(path) as target:
            for chunk in _chunks(original):
                if self._stop.is_set():
                    raise Stopped
                digest.update(chunk)
                _write_all(target, chunk)
                self._moved(len(chunk))
                unsynced += len(chunk)
                if unsynced >= SYNC_EVERY:
                    os.fsync(target)
                    unsynced = 0
            if digest.hexdigest() != blob.digest:
                raise Damaged(
                    f"{inert(str(original))} is damaged: its content does not have the digest that "
                    "is its name. Delete that file, then export or pull the model again."
                )

    def _write(self, path: Path, content: bytes, *, time: float | None = None) -> None:
        """Write a small file, with `time` as that of its last change, in Unix seconds."""
        with self._new_file(path, time=time) as file:
            _write_all(file, memoryview(content))

    def _link(self, entry: Path, blob: Path) -> bool:
        """Make an entry a link to its manifest blob; return whether the file system has links."""
        name = entry.with_name(f"{_ENTRY_PREFIX}{os.getpid()}")
        try:
            name.symlink_to(os.path.relpath(blob, entry.parent))
        except OSError as error:
            if error.errno in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                return False
            raise
        try:
            self._give_to_owner(name)
            os.replace(name, entry)
        except BaseException:
            name.unlink(missing_ok=True)
            raise
        return True

    @contextmanager
    def _new_file(self, path: Path, *, time: float | None = None) -> Iterator[int]:
        """Yield a file that gets the name `path` at the end of the block, whole and on the disk.

        Nothing is left of it when the block fails.
        """
        prefix = _PREFIX if path.parent.name == "blobs" else _ENTRY_PREFIX
        number, name = tempfile.mkstemp(_SUFFIX, prefix, path.parent)
        try:
            try:
                yield number
                os.fsync(number)
            finally:
                os.close(number)
            with suppress(PermissionError):  # on a file system without owners and modes
                os.chmod(name, FILE_MODE)
            self._give_to_owner(Path(name))
            if time is not None:
                os.utime(name, (time, time))
            os.replace(name, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(name)
            raise

    def _make_folder(self, path: Path) -> None:
        """Make a folder and those above it below the store."""
        missing = []
        while not path.is_dir():
            missing.append(path)
            path = path.parent
        for folder in reversed(missing):
            folder.mkdir(FOLDER_MODE)
            self._give_to_owner(folder)

    def _give_to_owner(self, path: Path) -> None:
        """Give what root has written to the owner of the store, whose server has to change it."""
        if self._owner is not None:
            with suppress(PermissionError):  # on a file system without owners
                os.chown(path, *self._owner, follow_symlinks=False)


def _chunks(path: Path) -> Iterator[memoryview]:
    """Yield the content of a file, each part until the next; raises Damaged.

    What cannot be read concerns one model, what cannot be written all that follow.
    """
    buffer = memoryview(bytearray(CHUNK))
    try:
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                yield buffer[:count]
    except OSError as error:
        raise Damaged(f"{inert(str(path))} cannot be read: {reason_of(error)}.") from error


def _locked(folder: int) -> bool:
    """Lock a folder until it is closed; return False where locks are not known. Raises InUse."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InUse from error
    except OSError:
        return False
    return True


def _write_all(file: int, data: memoryview) -> None:
    while data:
        data = data[os.write(file, data) :]
