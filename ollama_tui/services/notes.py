"""The notes, tags and locks of one server's models, as the user's file has them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from ollama_tui.api.errors import OllamaError
from ollama_tui.config.notes_file import NotesFile, Unreadable
from ollama_tui.config.safe_file import Unusable
from ollama_tui.domain import names
from ollama_tui.domain.notes import LOCKED_MEANWHILE, NOTHING, KnownNotes, Note
from ollama_tui.services.observable import Observable

if TYPE_CHECKING:
    from ollama_tui.api.host import Host

Changed = Callable[[Mapping[str, Note]], Mapping[str, Note]]
"""Makes new notes, by name, of what there is, by `names.comparison_key`."""


class Notes:
    """Publishes the notes of a server's models as `known`; without a file it keeps them itself."""

    def __init__(self, host: Host, file: NotesFile | None = None) -> None:
        self._host = host
        self._file = file
        self.known: Observable[KnownNotes] = Observable(KnownNotes())
        """The newest notes."""

    async def load(self) -> None:
        """Read the file, in a thread; why it cannot be read is in `known`."""
        if self._file is not None:
            try:
                self._publish(await asyncio.to_thread(self._file.read, self._host))
            except Unreadable as error:
                self.known.set(KnownNotes(problem=str(error)))
                self._file.problems.add(f"{error} {LOCKED_MEANWHILE}")

    async def change(self, changed: Changed) -> None:
        """Change notes and keep them on disk; raises OllamaError where that cannot be."""
        if self._file is None:
            before = self.known.value.by_key
            changes = {names.comparison_key(n): note for n, note in changed(before).items()}
            after = {**before, **changes}
            self._publish({key: note for key, note in after.items() if note != NOTHING})
            return
        try:
            self._publish(await asyncio.to_thread(self._file.change, self._host, changed))
        except Unreadable as error:
            self.known.set(KnownNotes(problem=str(error)))
            hint = f"Correct it, then R reads it again. {LOCKED_MEANWHILE}"
            raise OllamaError(f"Nothing was kept. {error}", hint) from error
        except Unusable as error:
            raise OllamaError(f"Nothing was kept. {error}") from error

    async def edit(self, models: Iterable[str], edited: Callable[[Note], Note]) -> None:
        """Change the notes of some models, each by what it has; raises OllamaError."""
        wanted = tuple(models)

        def changed(known: Mapping[str, Note]) -> Mapping[str, Note]:
            keys = {name: names.comparison_key(name) for name in wanted}
            return {name: edited(known.get(key, NOTHING)) for name, key in keys.items()}

        await self.change(changed)

    async def rename(self, old: str, new: str) -> None:
        """Let a model that was renamed take its note along; raises OllamaError."""
        if self.known.value.of(old) == NOTHING:
            return

        def moved(known: Mapping[str, Note]) -> Mapping[str, Note]:
            note = known.get(names.comparison_key(old), NOTHING)
            return {old: NOTHING, new: note} if note != NOTHING else {}

        await self.change(moved)

    def _publish(self, by_key: Mapping[str, Note]) -> None:
        self.known.set(KnownNotes(by_key))
