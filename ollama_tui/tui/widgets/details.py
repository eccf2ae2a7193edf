"""The details pane: tabs over a long text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from ollama_tui.api.replies import Show
from ollama_tui.domain.details import LANGUAGES, OVERVIEW, document, tabs
from ollama_tui.domain.model import Model
from ollama_tui.tui.widgets.tab_bar import TabBar
from ollama_tui.tui.widgets.text_view import TextView

CLOUD_HINT = "enter asks the server for more, which may ask ollama.com."


class DetailsPane(Vertical):
    """Shows one model; keeps its tab from model to model, and its place in the same text."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.tabs = TabBar(id="tabs")
        self.text = TextView(id="text")
        self._model: Model | None = None
        self._details: Show | None = None
        self._also: Sequence[str] = ()
        self._update = ""
        self._now: datetime | None = None
        self._tab = OVERVIEW.id
        """The tab that the user chose; a model that lacks it shows the overview meanwhile."""
        self._arrays: tuple[str, Mapping[str, str]] = ("", {})
        """Long metadata values, and the key of the details they belong to."""
        self._problem: tuple[str, str, str] = ("", "", "")
        """Key of the details that could not be fetched, title and hint."""

    def compose(self) -> ComposeResult:
        """Lay out tabs and text."""
        yield self.tabs
        yield self.text

    def on_resize(self) -> None:
        """Wrap what is shown to the width that the text will have."""
        self.call_after_refresh(self._draw)

    def show(
        self,
        model: Model | None,
        show: Show | None,
        *,
        also: Sequence[str],
        now: datetime,
        update: str = "",
    ) -> None:
        """Show `model` with what is known of it: its other names, how it stands with updates."""
        self._model, self._details, self._also, self._now = model, show, also, now
        self._update = update
        if model is None:
            self.tabs.show(())
            self.text.show((), document=None)
            return
        with self.prevent(TabBar.Activated):
            self.tabs.show([(tab.id, tab.title) for tab in tabs(show)])
            if not self.tabs.activate(self._tab):
                self.tabs.activate(OVERVIEW.id)
        self._draw()

    def show_problem(self, model: Model, title: str, hint: str) -> None:
        """Say why there are no details of `model`."""
        self._problem = (model.details_key, title, hint)
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
        key, tab = model.details_key, self.tabs.active or OVERVIEW.id
        content = document(
            tab,
            model,
            self._details,
            now=self._now,
            width=self.text.size.width - 1,
            also=self._also,
            update=self._update,
            arrays=self._arrays[1] if self._arrays[0] == key else {},
        )
        if not isinstance(content, str) and tab == OVERVIEW.id and self._details is None:
            problem_key, title, hint = self._problem
            if problem_key == key:
                content = [*content, (), ((title, "bad"),), ((hint, "muted"),)]
            elif model.is_answered_in_cloud:
                content = [*content, (), ((CLOUD_HINT, "muted"),)]
        language = LANGUAGES.get(tab, "")
        self.text.show(content, document=(key, model.name, tab), language=language)
