"""What the next start paints first: the main screen as it is before a server has answered.

It is kept when the first list was drawn, so that a program that is killed leaves one, and when the
program ends. Losing it costs a fifth of a second at the next start, so a problem is not told.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.color import ColorSystem

from ollama_tui import __version__
from ollama_tui.config.safe_file import write_atomically
from ollama_tui.domain.model import Model, Snapshot
from ollama_tui.start import picture
from ollama_tui.start.picture import AGE_WIDTH, Picture
from ollama_tui.tui.rendering.front_buffer import PLAIN
from ollama_tui.tui.rendering.painted import Painted
from ollama_tui.tui.widgets.filter_bar import FilterBar
from ollama_tui.tui.widgets.status import AS_LAST_SEEN, Facts, Sums, status_line
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.text_layout import fit

if TYPE_CHECKING:
    from textual.strip import Strip

    from ollama_tui.domain.rows import View
    from ollama_tui.start.terminal import EarlyTerminal
    from ollama_tui.tui.app import OllamaTui
    from ollama_tui.tui.screens.main import MainScreen

PICTURES_KEPT = 12
"""Files: of other servers, sizes of the terminal and arguments."""


class FirstScreen:
    """Keeps what the next start of the app paints first.

    `early` is the terminal as this start took it; None keeps nothing.
    """

    def __init__(self, app: OllamaTui, early: EarlyTerminal | None) -> None:
        self._app = app
        self._early = early
        self._server = app.settings.server
        self._is_left = False

    async def keep(self) -> None:
        """Keep the main screen if it is as a start begins; written in a thread."""
        main = self._main
        if main is self._app.screen and main is not None and _is_untouched(main, self._view):
            await asyncio.to_thread(self._kept(main))

    def keep_at_end(self) -> None:
        """Make the main screen what the next start begins with, unseen, and keep it.

        Nothing is drawn any more: the app is leaving.
        """
        main = self._main
        if self._is_left or main is None:
            return
        self._is_left = True
        app = self._app
        services = app.services
        app.stop_drawing()
        try:
            app.set_reactive(type(app).services, None)
            _begin_again(main, self._view)
            self._kept(main)()
        finally:
            app.set_reactive(type(app).services, services)

    @property
    def _main(self) -> MainScreen | None:
        """The main screen, where it shows a list that the server of this start has told."""
        app, main = self._app, self._app.main
        if self._early is None or main is None or not main.is_composed:
            return None
        if app.settings.demo or app.settings.server != self._server:
            return None
        is_told = main.snapshot.fetched_at is not None and bool(main.snapshot.models)
        is_whole = app.terminal_size == main.size and not main.has_class("-tiny")
        return main if is_told and is_whole else None

    @property
    def _view(self) -> View:
        """What a start with these arguments begins with."""
        app = self._app
        saved = app.saved_filters.with_config(app.settings.filters)
        return app.ui_state.view(app.settings, saved)

    def _kept(self, main: MainScreen) -> Callable[[], None]:
        """Return what writes the picture of the screen as it is now."""
        app, early = self._app, self._early
        snapshot = main.snapshot
        seen_at = snapshot.fetched_at or snapshot.seen_at
        assert early is not None
        assert seen_at is not None
        strips = main._compositor.render_strips()
        strips[0], age_at = _status(main)
        colors = app.console._color_system or ColorSystem.TRUECOLOR
        plain = PLAIN if app.plain_signs else None
        size = (main.size.width, main.size.height)

        def write() -> None:
            painted = Painted.of(strips, colors, plain, age_at)
            found = painted.picture(int(seen_at.timestamp()))
            usage = picture.usage_key(early.arguments, early.environ, size, __version__)
            if found is not None:
                _write(found, usage, early.environ)

        return write


def _write(found: Picture, usage: str, environ: Mapping[str, str]) -> None:
    """Write the file of a picture, unless that fails, and remove the oldest ones."""
    data = picture.content(f"{usage} {picture.files_key(environ)}", found)
    file = Path(picture.file_of(environ, usage))
    if len(data) > picture.LARGEST:
        return
    with suppress(OSError):
        write_atomically(file, data)
        entries = [each for each in os.scandir(file.parent) if each.is_file(follow_symlinks=False)]
        ages = sorted((each.stat(follow_symlinks=False).st_mtime, each.path) for each in entries)
        for _, path in ages[:-PICTURES_KEPT]:
            os.unlink(path)


def _is_untouched(main: MainScreen, view: View) -> bool:
    """Whether the user has not done anything yet that shows."""
    table = main.table
    return (
        table.has_focus
        and table.position <= 1
        and main.view == view
        and not main.jobs
        and not main.has_class("-details")
        and main.query_one(FilterBar).display is bool(view.filter)
        and not main.query_one("#messages").display
    )


def _begin_again(main: MainScreen, view: View) -> None:
    """Make the main screen what it is when the app begins with the list it knows now."""
    app = main.tui
    app.set_reactive(type(app).details, {})
    app.set_reactive(type(app).updates, {})
    app.set_reactive(type(app).checking, None)
    app.set_reactive(type(app).measured, None)
    app.set_reactive(type(app).memory, None)
    if main.has_class("-details"):
        main.details.close()
    main.jobs = ()
    main.rows_source.leaving = frozenset()
    for region in ("messages", "jobs"):
        main.show_lines(region, ())
    main.snapshot = remembered(main.snapshot)
    main.frame.totals.forget()
    main.details.pane.show(None)
    _focus_table(main)
    main.begin_again(view)
    main._refresh_layout()
    main.table.on_resize()


def _focus_table(main: MainScreen) -> None:
    """Give the keys to the table at once: that a widget has them, it learns by a message."""
    table, before = main.table, main.focused
    if table.has_focus and before is table:
        return
    main.set_focus(table, scroll_visible=False)
    if before is not None:
        before.has_focus = False
    table.has_focus = True
    main.app.stylesheet.update(main, animate=False)


def remembered(snapshot: Snapshot) -> Snapshot:
    """Return what is known of a server again before it answers the next time."""
    models = tuple(
        [
            Model(m.listed, m.facts, None, m.siblings, m.backup) if m.running or m.last_run else m
            for m in snapshot.models
        ]
    )
    return Snapshot(
        models=models,
        seen_at=snapshot.fetched_at or snapshot.seen_at,
        unknown_capabilities=snapshot.unknown_capabilities,
    )


def _status(main: MainScreen) -> tuple[Strip, int | None]:
    """Return the first line of the next start, and the column of the age of the list in it."""
    tui, rows, models = main.tui, main.list_rows.rows, main.snapshot.models
    facts = Facts(
        sums=Sums.plain(models),
        shown=len(rows),
        shown_bytes=sum(m.size for m in rows if not m.is_cloud) if main.view.filter else None,
        read_only=tui.settings.read_only,
        age=" " * AGE_WIDTH,
    )
    host = "demo" if tui.settings.demo else tui.settings.host.label
    width = main.size.width
    known = remembered(main.snapshot)
    line = status_line(known, main.view, facts, host=host, signs=tui.signs, width=width)
    strip = main.query_one("#status", StaticLines).to_strip(fit(line, width))
    before, found, _ = strip.text.partition(AS_LAST_SEEN)
    return strip, cell_len(before + found) if found else None
