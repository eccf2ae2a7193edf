"""Drafts: what was typed into a form, in readable files until it is sent or thrown away.

One file for each open form, below one folder. It is written a moment after a change, in a thread,
and at once by `flush`, from any thread. Whoever opens one finds plain text.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from urllib.parse import quote

from ollama_tui.api.clock import MACHINE, Clock
from ollama_tui.config.safe_file import write_text_atomically

WRITE_DELAY = 0.25
"""Seconds after a change in which more changes may come before it is written."""
LONGEST_WAIT = 1.0
"""Seconds to wait for a thread that is writing the same draft."""
READ_LIMIT = 8_000_000
"""Bytes of drafts of earlier runs that are read; nobody types more."""
LONGEST_NAME = 150
"""Characters of a file's name that say which form it is of."""
MODELFILE = ".Modelfile"

Text = Callable[[], str]
"""Makes the text of a draft when it is written: a keystroke need not wait for it."""


@dataclass(frozen=True)
class FormKey:
    """Which form a draft is of: a kind of form and, where it is about one, a model."""

    kind: str
    about: str = ""
    suffix: str = ".txt"

    @property
    def is_text(self) -> bool:
        """Whether there is more to it than a name or a path."""
        return self.suffix == MODELFILE

    @property
    def stem(self) -> str:
        """The name of its first file without suffix; other files add `+` and a number."""
        # An argument of the command line may hold what is no Unicode.
        about = quote(self.about, safe="", errors="surrogatepass")
        stem = f"{self.kind}-{about}" if about else self.kind
        if len(stem) <= LONGEST_NAME:
            return stem
        import hashlib

        return f"{stem[:100]}-{hashlib.sha256(stem.encode()).hexdigest()[:16]}"

    def file_name(self, number: int) -> str:
        """Return the name of the file number `number`, from 1."""
        return f"{self.stem}{f'+{number}' if number > 1 else ''}{self.suffix}"

    def is_name(self, name: str) -> bool:
        """Whether a file of this name is of this form: copies that editors make are not."""
        return bool(re.fullmatch(rf"{re.escape(self.stem)}(\+\d+)?{re.escape(self.suffix)}", name))


class DraftFile:
    """What was typed into one form.

    All but `write`, and `update` by `read_form`, belongs to the thread of the event loop.
    """

    def __init__(self, owner: Drafts, key: FormKey | None, path: Path | None = None) -> None:
        self.key = key
        """None for one that an earlier run left, until a form asks for it."""
        self.path = path
        """The file, once there is one."""
        self.at = datetime.min
        """When it was typed, in local time."""
        self.is_resumed = False
        """Whether the form was opened with it."""
        self.held = False
        """Whether other forms may not have it: it is being typed, or on its way to the server."""
        self.read_form: Callable[[], None] | None = None
        """Calls `update` with what the fields of the open form hold, if that is something else
        than before; for any thread. None while no form is open."""
        self._owner = owner
        self._lock = threading.Lock()
        # Told apart by identity: a change is one assignment, which no thread sees half done.
        self._text: Text | None = None
        self._written: Text | None = None
        """What was written last, or could not be."""

    @property
    def text(self) -> str:
        """What was typed; empty when nothing was."""
        return self._text() if self._text else ""

    @property
    def location(self) -> Path | None:
        """The file, or its folder while it is not yet written; None where it cannot be."""
        return None if self._owner.trouble else self.path or self._owner.folder

    @property
    def is_behind(self) -> bool:
        """Whether a change is not yet in the file."""
        return self._text is not self._written

    def load(self, text: str, at: datetime) -> None:
        """Take what the file holds: an editor or an earlier run wrote it."""
        self._text = self._written = lambda: text
        self.at = at

    def update(self, text: Text | None) -> None:
        """Have the text written soon; None when the form holds nothing that was typed."""
        if text is None and self._text is None:
            return
        self._text = text
        self.at = self._owner.now()
        self._owner.write_soon(self)

    def discard(self) -> None:
        """Remove the file: it was sent, or is not wanted."""
        self.update(None)
        self.release()

    def release(self) -> None:
        """Leave what was typed to the next form of its kind."""
        self.held = False
        if self._text is None and self in self._owner.files:
            self._owner.files.remove(self)

    async def file_with(self, text: str) -> Path:
        """Return the file, which holds `text` when it is new; raises OSError.

        It is for the user's editor, so there is one even where no drafts can be written.
        """
        if self.path is None:
            self._text, self.at = (lambda: text), self._owner.now()
            await asyncio.to_thread(self.write)
        if self.path is None:
            assert self.key is not None
            self.path = await asyncio.to_thread(_temporary, self.key, text)
        return self.path

    def write(self) -> None:
        """Bring the file up to date; for any thread."""
        if not self._lock.acquire(timeout=LONGEST_WAIT):
            return
        text = self._text
        try:
            if text is self._written:
                return
            if text is None:
                if self.path is not None:
                    path, self.path = self.path, None
                    path.unlink(missing_ok=True)
                    if path.parent != self._owner.folder:  # it was a temporary one
                        path.parent.rmdir()
            elif self.path is not None:
                write_text_atomically(self.path, text())
            elif self._owner.folder is not None and self.key is not None:
                self.path = _new_file(self._owner.folder, self.key, text())
            self._owner.trouble = ""
        except OSError as error:
            self._owner.trouble = error.strerror or "an I/O error"
        finally:
            self._written = text  # what failed is not tried again before something is typed
            self._lock.release()


class Drafts:
    """The drafts below one folder; without one they are held in memory only."""

    def __init__(
        self,
        folder: Path | None,
        clock: Clock = MACHINE,
        tell: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self.folder = folder
        self.files: list[DraftFile] = []
        """Those of open forms, and those that the next form of their kind may resume."""
        self.trouble = ""
        """Why the last draft could not be written, in a few words; empty when it could."""
        self.sent: dict[int, DraftFile] = {}
        """Those whose text is on its way to the server, by job."""
        self._clock = clock
        self._tell = tell
        self._was_told = False
        self._behind: set[DraftFile] = set()
        self._writing: dict[DraftFile, asyncio.Task[None]] = {}
        self._search: asyncio.Task[None] | None = None

    def now(self) -> datetime:
        """Return the time of day in local time."""
        return self._clock.now().astimezone()

    def find(self) -> None:
        """Begin to look, in a thread, for what earlier runs have left."""
        if self.folder is not None and self._search is None:
            self._search = asyncio.create_task(self._find(self.folder))

    async def _find(self, folder: Path) -> None:
        for path, data, at in await asyncio.to_thread(_left_in, folder):
            draft = DraftFile(self, None, path)
            draft.load(data.decode("utf-8", "replace"), at)
            self.files.append(draft)

    def begin(self, key: FormKey) -> DraftFile:
        """Return the draft of a form that is opened with nothing typed."""
        draft = DraftFile(self, key)
        draft.held = True
        self.files.append(draft)
        return draft

    async def newest(self, key: FormKey) -> DraftFile | None:
        """Return what was typed last into a form and neither sent nor thrown away."""
        if self._search is not None and not self._search.done():
            await asyncio.wait({self._search}, timeout=LONGEST_WAIT)
        left = [
            draft
            for draft in self.files
            if not draft.held
            and (draft.key == key or (draft.path and key.is_name(draft.path.name)))
            and draft.text
        ]
        return max(left, key=lambda draft: draft.at, default=None)

    def resume(self, draft: DraftFile, key: FormKey) -> DraftFile:
        """Return `draft` for a form to go on with; the job that it was sent by lets go of it."""
        self.sent = {job: sent for job, sent in self.sent.items() if sent is not draft}
        draft.key, draft.held, draft.is_resumed = key, True, True
        return draft

    def follow(self, draft: DraftFile | None, job: int) -> None:
        """Hold the draft, if there is one, until the job that sends it has ended."""
        if draft is None:
            return
        if job in self.sent:
            self.sent[job].discard()  # the same was sent twice, as one job
        self.sent[job] = draft

    def release_sent(self) -> None:
        """Leave what was on its way to the next form: its server is left."""
        for draft in self.sent.values():
            draft.release()
        self.sent = {}

    def read_forms(self) -> None:
        """Take what the fields of open forms hold, of which no message may have told yet."""
        for draft in tuple(self.files):
            if draft.read_form is not None:
                draft.read_form()

    def flush(self) -> None:
        """Write, before returning, all that is typed and not written yet; for any thread."""
        self.read_forms()
        for draft in tuple(self._behind):  # which stay there: more may be typed meanwhile
            draft.write()

    def close(self) -> None:
        """Write all and end what waits to write it."""
        for task in filter(None, (self._search, *self._writing.values())):
            task.cancel()
        self.flush()

    def write_soon(self, draft: DraftFile) -> None:
        """Have a draft written a moment later, with what is typed until then.

        In a thread without an event loop, which is about to flush, it is not written later too.
        """
        self._behind.add(draft)
        if draft in self._writing:
            return
        with suppress(RuntimeError):
            loop = asyncio.get_running_loop()
            self._writing[draft] = loop.create_task(self._write(draft))

    async def _write(self, draft: DraftFile) -> None:
        try:
            while draft.is_behind:
                await self._clock.sleep(WRITE_DELAY)
                await asyncio.to_thread(draft.write)
            if self.trouble and not self._was_told:
                self._was_told = True
                self._tell(f"Drafts are not saved: {self.trouble}.")
            self._behind.discard(draft)
        finally:
            del self._writing[draft]


def _new_file(folder: Path, key: FormKey, text: str) -> Path:
    """Return a file of this form that was not there and now holds `text`; raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in (folder / key.file_name(number) for number in count(1)):
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            break
    try:
        write_text_atomically(path, text)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _temporary(key: FormKey, text: str) -> Path:
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="ollama-tui-"))
    try:
        return _new_file(folder, key, text)
    except BaseException:
        folder.rmdir()
        raise


def _left_in(folder: Path) -> list[tuple[Path, bytes, datetime]]:
    """Return the files in `folder`, their texts and times, the newest that fit in `READ_LIMIT`.

    What is no regular file, or cannot be read, is left alone.
    """
    files: list[tuple[float, Path]] = []
    with suppress(OSError):
        files += [
            (entry.stat(follow_symlinks=False).st_mtime, folder / entry.name)
            for entry in os.scandir(folder)
            if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False)
        ]
    left: list[tuple[Path, bytes, datetime]] = []
    room = READ_LIMIT
    for written, path in sorted(files, reverse=True):
        with suppress(OSError), path.open("rb") as file:
            data = file.read(room + 1)
            if data and len(data) <= room:
                room -= len(data)
                left.append((path, data, datetime.fromtimestamp(written).astimezone()))
    return left
