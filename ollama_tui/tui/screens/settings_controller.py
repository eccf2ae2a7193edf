"""Changing the settings from the main screen: columns, config.toml, and back to what it says."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ollama_tui.api.errors import OllamaError
from ollama_tui.config.safe_file import reason_of, shown_path, write_atomically
from ollama_tui.config.template import template
from ollama_tui.config.ui_state import UIState
from ollama_tui.domain.columns import BY_KEY
from ollama_tui.formatting import listing
from ollama_tui.tui.config_problems import problem_sentences, problems_message
from ollama_tui.tui.widgets.row_source import MARGIN

if TYPE_CHECKING:
    from ollama_tui.config.settings import Settings
    from ollama_tui.tui.screens.main import MainScreen

AT_START = ("host", "grace", "insecure")
"""Settings that a connection is made with: others take effect at once."""


class SettingsController:
    """Acts on the app and its main screen."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self._tui = screen.tui
        self._state: UIState = screen.tui.ui_state

    async def run(self, what: str) -> None:
        """Choose `columns`, edit the `file`, or `reset` what was chosen; raises OllamaError."""
        match what:
            case "columns":
                await self._choose_columns()
            case "file":
                await self._edit_file()
            case _:
                self._reset()

    # ---- columns

    async def _choose_columns(self) -> None:
        from ollama_tui.tui.dialogs.columns import ColumnsDialog

        screen = self._screen
        model = screen.current
        samples = {
            key: column.text(model, screen.now()) if model else "" for key, column in BY_KEY.items()
        }
        usual = UIState().columns_over(self._tui.settings)
        before = self._state.columns_over(self._tui.settings)
        sign = self._tui.signs.marked
        dialog = ColumnsDialog(before, usual, samples, self._show_columns, sign)
        chosen = await screen.context.ask(dialog)
        if chosen is not None:
            self._state.remember_columns(() if chosen == usual else chosen)

    def _show_columns(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Show these columns in the list; return those that have no room."""
        screen = self._screen
        screen.rows_source.keys = keys
        screen.redraw()
        room = max(0, screen.table.size.width - 1 - MARGIN)
        shown = {column.id for column in screen.rows_source.columns(room)}
        return tuple(key for key in keys if key not in shown)

    # ---- the file

    async def _edit_file(self) -> None:
        """Open config.toml in the user's editor, a new one with all settings; then read it."""
        if (file := self._tui.settings_file) is None:
            self._tui.tell("This run has no settings file.")
            return
        before = await asyncio.to_thread(_created_or_read, file.path)
        ended = await self._screen.context.edit(file.path)
        after = await asyncio.to_thread(_read, file.path)
        if before is None and after == template().encode():
            await asyncio.to_thread(file.path.unlink)  # nothing was saved: leave nothing behind
        if ended.trouble:
            self._tui.tell(ended.trouble, trouble=True)
        if not ended.opened:
            return
        if after in (before, template().encode()):
            self._tui.tell("The settings are unchanged: nothing was saved.")
            return
        try:
            settings = await asyncio.to_thread(file.read)
        except ValueError as error:
            raise OllamaError("The settings were not reloaded.", str(error)) from error
        old, file.last = file.last, settings
        self._use(settings, old)

    def _use(self, new: Settings, old: Settings) -> None:
        """Use what can be used now, and say what cannot; what was changed there counts."""
        tui = self._tui
        self._state.forget(
            order=(new.sort, new.reverse) != (old.sort, old.reverse),
            shown=new.columns != old.columns,
            theme=new.theme != old.theme,
        )
        # A server chosen with H stays, and so does what only a new connection would take.
        kept = {name: getattr(tui.settings, name) for name in (*AT_START, "demo", "filter")}
        tui.settings = replace(new, **kept)
        if tui.services is not None:
            tui.services.queue.set_parallel(new.parallel)
        tui.watch_services()  # the clients obey a change of read_only
        if new.keys != old.keys:
            tui.keymap = tui.keymap_of(new)
            tui.set_keymap(tui.keymap.for_textual())
        self._show_all()
        if said := problem_sentences(new, tui.keymap, tui.available_themes):
            tui.tell(*problems_message(said), trouble=True)
        waiting = [name for name in AT_START if getattr(new, name) != getattr(old, name)]
        if waiting:
            verb = "takes" if len(waiting) == 1 else "take"
            start = f"{listing(waiting)} {verb} effect at the next start."
            tui.tell("The settings were reloaded.", start)
        elif not said:
            tui.tell("The settings were reloaded.")

    def _reset(self) -> None:
        """Forget order, columns and theme chosen here."""
        if not self._state.has_choices:
            self._tui.tell("Order, columns and theme are already those of config.toml.")
            return
        self._state.forget()
        self._show_all()
        self._tui.tell("Order, columns and theme are those of config.toml again.")

    def _show_all(self) -> None:
        """Show order, columns, theme and saved filters as they are now."""
        tui, screen = self._tui, self._screen
        saved = tui.saved_filters.with_config(tui.settings.filters)
        wanted = self._state.view(tui.settings, saved)
        screen.rows_source.keys = self._state.columns_over(tui.settings)
        screen.set_view(replace(wanted, filter=screen.view.filter, marks=screen.view.marks))
        tui.use_theme()
        screen.redraw()


def _created_or_read(path: Path) -> bytes | None:
    """Return what is in the settings file; None if there was none and it was made."""
    if os.path.lexists(path):
        return _read(path)
    try:
        write_atomically(path, template().encode())
    except OSError as error:
        reason = f"{shown_path(path)} was not created: {reason_of(error)}."
        raise OllamaError(reason, "Check that you may write there.") from error
    return None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
