"""The details pane: tabs over a long text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.cache import FIFOCache
from textual.containers import Vertical

from ollama_tui.api.replies import Show
from ollama_tui.domain.details import LANGUAGES, OVERVIEW, Document, document, tabs
from ollama_tui.domain.model import Model, ModelKey
from ollama_tui.domain.overview import Surroundings
from ollama_tui.formatting import StyledLine
from ollama_tui.tui.widgets.find_bar import FindBar
from ollama_tui.tui.widgets.styled_widget import StaticLines
from ollama_tui.tui.widgets.tab_bar import TabBar, width_of_tabs
from ollama_tui.tui.widgets.text_layout import Anchor, spread
from ollama_tui.tui.widgets.text_view import TextView

CLOUD_HINT = "enter asks the server for more, which may ask ollama.com."
OVERVIEWS_KEPT = 64
AGES_LAST = timedelta(seconds=30)
"""How old an overview may be that a move of the cursor shows: it has ages such as `5 min ago`."""
TIME_LEFT_LASTS = timedelta(seconds=1)
"""The same for a model in memory, of which it says how long it stays there."""


class Subject(NamedTuple):
    """A model with what is known of it: its other names, and what is around it."""

    model: Model
    show: Show | None
    now: datetime
    also: Sequence[str] = ()
    around: Surroundings | None = None

    def looks_like(self, before: Subject) -> bool:
        """Whether an overview that was made of `before` is right for this one too."""
        lasts = AGES_LAST if self.model.running is None else TIME_LEFT_LASTS
        return (
            self.model is before.model
            and self.show is before.show
            and self.now - before.now < lasts
            and (self.also, self.around) == (before.also, before.around)
        )


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
        self._subject: Subject | None = None
        self._overviews: FIFOCache[tuple[ModelKey, int], tuple[Subject, Document]] = FIFOCache(
            OVERVIEWS_KEPT
        )
        """Those made last, by model and width, with what they are about."""
        self._tab_titles: FIFOCache[int, tuple[Show | None, int, tuple[tuple[str, str], ...]]] = (
            FIFOCache(OVERVIEWS_KEPT)
        )
        """Titles of tabs by the identity of details, which are kept with them, and by width."""
        self._place_in_list = ""
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
        if self._subject is not None:
            with self.prevent(TabBar.Activated):
                self.tabs.show(self._titles(self._subject.show))
        self._draw()

    def show(self, subject: Subject | None, place: str = "") -> None:
        """Show what is known of a model; `place` says which of the models it is."""
        before, self._subject, self._place_in_list = self._subject, subject, place
        if subject is None:
            self.title_line.show([()])
            self.tabs.show(())
            self.text.show((), document=None)
            self._show_found()
            return
        show, key = subject.show, subject.model.details_key
        is_loading = show is None and self._tab == OVERVIEW.id and self._problem[0] != key
        with self.prevent(TabBar.Activated):
            # Most models have the same tabs: taking them away until they are known costs bytes.
            if not is_loading or self.tabs.active is None:
                self.tabs.show(self._titles(show))
            if not self.tabs.activate(self._tab):
                self.tabs.activate(OVERVIEW.id)
        self._draw(anew=before is not None and before.model.key == subject.model.key)

    def prepare(self, subject: Subject) -> None:
        """Make the overview of a model that may be shown next, so that to show it takes little."""
        if self._tab == OVERVIEW.id:
            self.text.prepare(self._overview(subject))

    def _titles(self, show: Show | None) -> tuple[tuple[str, str], ...]:
        """Return the tabs by id, with how much they list if all of that has room."""
        width = self.tabs.size.width
        before = self._tab_titles.get(id(show))
        if before is not None and before[0] is show and before[1] == width:
            return before[2]
        titles = _titles(show, width)
        self._tab_titles[id(show)] = show, width, titles
        return titles

    def show_problem(self, model: Model, title: str, hint: str) -> None:
        """Say why there are no details of `model`."""
        self._problem = (model.details_key, title, hint)
        with self.prevent(TabBar.Activated):
            self.tabs.show(self._titles(None))
        self._draw()

    def show_arrays(self, model: Model, arrays: Mapping[str, str]) -> None:
        """Show the long metadata values of `model`, now or when it is shown again."""
        self._arrays = (model.details_key, arrays)
        subject = self._subject
        if subject is not None and subject.model.details_key == model.details_key:
            self._tab = "metadata"
            self.tabs.activate(self._tab)
        self._draw()

    @on(TabBar.Activated)
    def _remember_tab(self) -> None:
        self._tab = self.tabs.active or OVERVIEW.id
        self._draw()

    def _draw(self, *, anew: bool = False) -> None:
        """Draw what is known; `anew` even what was made before, as time has passed."""
        if (subject := self._subject) is None:
            return
        model = subject.model
        if self.title_line.display:
            ends = ((model.label, "strong"),), ((f"{self._place_in_list} ", "muted"),)
            self.title_line.show([spread(*ends, self.size.width)])
        tab = self.tabs.active or OVERVIEW.id
        if tab == OVERVIEW.id:
            content = self._overview(subject, anew=anew)
        else:
            content = self._content(tab, subject)
        language = LANGUAGES.get(tab, "")
        self.text.show(content, document=(model.details_key, model.name, tab), language=language)
        self._show_found()

    def _overview(self, subject: Subject, *, anew: bool = False) -> Document:
        """Return the overview of a model, made before if it may be, and why there is no more."""
        model = subject.model
        is_problem = self._problem[0] == model.details_key
        key = model.key, self.text.size.width
        before = None if anew or is_problem else self._overviews.get(key)
        if before is not None and subject.looks_like(before[0]):
            return before[1]
        content = self._content(OVERVIEW.id, subject)
        said: list[StyledLine] = []
        if subject.show is None and is_problem:
            _, title, hint = self._problem
            said = [(), ((title, "bad"),), ((hint, "muted"),)]
        elif subject.show is None and model.is_answered_in_cloud:
            said = [(), ((CLOUD_HINT, "muted"),)]
        if said and not isinstance(content, str):
            at = content.index(())  # below the lines at the top
            content = [*content[:at], *said, *content[at:]]
        if not is_problem:
            self._overviews[key] = subject, content
        return content

    def _content(self, tab: str, subject: Subject) -> Document:
        """Return what `tab` shows of a model."""
        model = subject.model
        return document(
            tab,
            model,
            subject.show,
            now=subject.now,
            width=self.text.size.width - 1,
            also=subject.also,
            around=subject.around,
            arrays=self._arrays[1] if self._arrays[0] == model.details_key else {},
        )

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


def _titles(show: Show | None, width: int) -> tuple[tuple[str, str], ...]:
    every = tabs(show)
    counted = tuple([(t.id, f"{t.title} {t.count:,}" if t.count else t.title) for t in every])
    if width_of_tabs([title for _, title in counted]) <= width:
        return counted
    return tuple([(tab.id, tab.title) for tab in every])
