"""The details pane: tabs over a long text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical

from ollama_tui.api.replies import Show
from ollama_tui.domain.details import LANGUAGES, OVERVIEW, Document, document, tabs
from ollama_tui.domain.model import Model
from ollama_tui.domain.overview import Surroundings
from ollama_tui.formatting import StyledLine
from ollama_tui.tui.widgets.find_bar import FindBar
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.tab_bar import TabBar, width_of_tabs
from ollama_tui.tui.widgets.text_layout import Anchor, spread
from ollama_tui.tui.widgets.text_view import TextView

CLOUD_HINT = "enter asks the server for more, which may ask ollama.com."


class DetailsPane(Vertical):
    """Shows one model; keeps its tab from model to model, and its place in the same text."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.title_line = StaticLines(id="model")
        """The name of the model, where no border has it."""
        self.tabs = TabBar(id="tabs")
        self.text = TextView(id="text")
        self.find_bar = FindBar(id="find")
        self._place: Anchor = (0, 0)
        """Where the text was before something was searched for."""
        self._model: Model | None = None
        self._details: Show | None = None
        self._also: Sequence[str] = ()
        self._around: Surroundings | None = None
        self._place_in_list = ""
        self._now: datetime | None = None
        self._tab = OVERVIEW.id
        """The tab that the user chose; a model that lacks it shows the overview meanwhile."""
        self._arrays: tuple[str, Mapping[str, str]] = ("", {})
        """Long metadata values, and the key of the details they belong to."""
        self._problem: tuple[str, str, str] = ("", "", "")
        """Key of the details that could not be fetched, title and hint."""

    def compose(self) -> ComposeResult:
        """Lay out tabs, text and what is searched for."""
        yield self.title_line
        yield self.tabs
        yield self.text
        yield self.find_bar

    def on_resize(self) -> None:
        """Wrap what is shown to the width that the text will have."""
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        if self._model is not None:
            with self.prevent(TabBar.Activated):
                self.tabs.show(self._titles(self._details))
        self._draw()

    def show(
        self,
        model: Model | None,
        show: Show | None,
        *,
        also: Sequence[str],
        now: datetime,
        around: Surroundings | None = None,
        place: str = "",
    ) -> None:
        """Show `model` with what is known of it: its other names, and what is around it.

        `place` says which of the models it is.
        """
        self._model, self._details, self._also, self._now = model, show, also, now
        self._around, self._place_in_list = around, place
        if model is None:
            self.title_line.show([()])
            self.tabs.show(())
            self.text.show((), document=None)
            self._show_found()
            return
        is_loading = (
            show is None and self._tab == OVERVIEW.id and self._problem[0] != (model.details_key)
        )
        with self.prevent(TabBar.Activated):
            # Most models have the same tabs: taking them away until they are known costs bytes.
            if not is_loading or self.tabs.active is None:
                self.tabs.show(self._titles(show))
            if not self.tabs.activate(self._tab):
                self.tabs.activate(OVERVIEW.id)
        self._draw()

    def _titles(self, show: Show | None) -> list[tuple[str, str]]:
        """Return the tabs by id, with how much they list if all of that has room."""
        every = tabs(show)
        counted = [(t.id, f"{t.title} {t.count:,}" if t.count else t.title) for t in every]
        if width_of_tabs([title for _, title in counted]) <= self.tabs.size.width:
            return counted
        return [(tab.id, tab.title) for tab in every]

    def show_problem(self, model: Model, title: str, hint: str) -> None:
        """Say why there are no details of `model`."""
        self._problem = (model.details_key, title, hint)
        with self.prevent(TabBar.Activated):
            self.tabs.show(self._titles(None))
        self._draw()

    def show_arrays(self, model: Model, arrays: Mapping[str, str]) -> None:
        """Show the long metadata values of `model`, now or when it is shown again."""
        self._arrays = (model.details_key, arrays)
        if self._model is not None and self._model.details_key == model.details_key:
            self._tab = "metadata"
            self.tabs.activate(self._tab)
        self._draw()

    @on(TabBar.Activated)
    def _remember_tab(self) -> None:
        self._tab = self.tabs.active or OVERVIEW.id
        self._draw()

    def _draw(self) -> None:
        model = self._model
        if model is None or self._now is None:
            return
        if self.title_line.display:
            ends = ((model.label, "strong"),), ((f"{self._place_in_list} ", "muted"),)
            self.title_line.show([spread(*ends, self.size.width)])
        tab = self.tabs.active or OVERVIEW.id
        content = self._content(tab, model, self._now)
        language = LANGUAGES.get(tab, "")
        self.text.show(content, document=(model.details_key, model.name, tab), language=language)
        self._show_found()

    def _content(self, tab: str, model: Model, now: datetime) -> Document:
        """Return what `tab` shows of `model`, and why there is no more."""
        key = model.details_key
        arrays = self._arrays[1] if self._arrays[0] == key else {}
        problem = self._problem if self._problem[0] == key else None
        content = document(
            tab,
            model,
            self._details,
            now=now,
            width=self.text.size.width - 1,
            also=self._also,
            around=self._around,
            arrays=arrays,
        )
        if isinstance(content, str) or tab != OVERVIEW.id or self._details is not None:
            return content
        said: list[StyledLine] = []
        if problem is not None:
            _, title, hint = problem
            said = [(), ((title, "bad"),), ((hint, "muted"),)]
        elif model.is_answered_in_cloud:
            said = [(), ((CLOUD_HINT, "muted"),)]
        at = content.index(())  # below the lines at the top
        return [*content[:at], *said, *content[at:]]

    # ---- finding a text

    def open_find(self) -> None:
        """Type a text to find, from where the view is."""
        self._place = self.text.place
        self.find_bar.open(self.text.searched)
        self._show_found()

    def find_again(self, step: int) -> None:
        """Go to the next match, or with -1 to the previous one."""
        self.text.find_again(backwards=step < 0)
        self._show_found()

    def end_find(self) -> None:
        """Search for nothing any more; the view stays where it is."""
        if self.find_bar.is_open:
            self.text.find("")
            self.find_bar.close()

    @on(FindBar.Changed)
    def _find(self, event: FindBar.Changed) -> None:
        self.text.find(event.text, self._place)
        self._show_found()

    @on(FindBar.Stepped)
    def _step(self, event: FindBar.Stepped) -> None:
        self.find_again(event.step)

    @on(FindBar.Left)
    def _leave_find(self, event: FindBar.Left) -> None:
        self.text.focus()
        if event.kept:
            self._show_found()
        else:
            self.text.find("", self._place)
            self.find_bar.close()

    def on_key(self, event: events.Key) -> None:
        """End the search with the first escape; the next one goes back to the list."""
        if event.key == "escape" and self.find_bar.is_open and not self.find_bar.is_typing:
            event.stop()
            self.end_find()

    def _show_found(self) -> None:
        if self.find_bar.is_open:
            self.find_bar.show_found(*self.text.found)
