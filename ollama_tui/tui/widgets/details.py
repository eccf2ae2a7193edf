"""The details pane: tabs over a long text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from ollama_tui.api.replies import Show
from ollama_tui.domain.details import OVERVIEW, document, tabs
from ollama_tui.domain.model import Model
from ollama_tui.domain.snapshot import details_key
from ollama_tui.formatting import StyledLine
from ollama_tui.tui.widgets.tab_bar import TabBar
from ollama_tui.tui.widgets.text_view import TextView


class DetailsPane(Vertical):
    """Shows one model; keeps its tab from model to model, and its place in the same text."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._model: Model | None = None
        self._details: Show | None = None
        self._also: Sequence[str] = ()
        self._now: datetime | None = None
        self._tab = OVERVIEW.id
        self._arrays: tuple[str, Mapping[str, str]] = ("", {})
        self._trouble: tuple[str, str, str] = ("", "", "")
        self.searched = ""
        """What was searched for last."""

    def compose(self) -> ComposeResult:
        """Lay out tabs and text."""
        yield TabBar(id="tabs")
        yield TextView(id="text")

    @property
    def _bar(self) -> TabBar:
        return self.query_one(TabBar)

    @property
    def _text(self) -> TextView:
        return self.query_one(TextView)

    def on_resize(self) -> None:
        """Wrap what is shown to the width that the text will have."""
        self.call_after_refresh(self._draw)

    def show(
        self, model: Model | None, show: Show | None, *, also: Sequence[str], now: datetime
    ) -> None:
        """Show `model` with what is known of it; `also` are its other names."""
        self._model, self._details, self._also, self._now = model, show, also, now
        if model is None:
            self._bar.show(())
            self._text.show((), document=None)
            return
        available = tabs(show)
        with self.prevent(TabBar.Activated):
            self._bar.show([(tab.id, tab.title) for tab in available])
            # The chosen tab waits for a model that has it.
            self._bar.activate(self._tab if self._has(self._tab) else OVERVIEW.id)
        self._draw()

    def _has(self, tab: str) -> bool:
        return any(tab == available.id for available in tabs(self._details))

    def _draw(self) -> None:
        if self._model is None or self._now is None:
            return
        tab = self._bar.active or OVERVIEW.id
        content = document(
            tab,
            self._model,
            self._details,
            now=self._now,
            width=self._text.size.width - 1,
            also=self._also,
            arrays=self._known_arrays(),
        )
        if not isinstance(content, str) and tab == OVERVIEW.id:
            content = [*content, *self._said_of(self._model)]
        self._text.show(content, document=(details_key(self._model), self._model.name, tab))

    def _known_arrays(self) -> Mapping[str, str]:
        key, arrays = self._arrays
        return arrays if self._model is not None and key == details_key(self._model) else {}

    def _said_of(self, model: Model) -> list[StyledLine]:
        key, title, hint = self._trouble
        if self._details is not None:
            return []
        if key == details_key(model):
            return [(), ((title, "bad"),), ((hint, "muted"),)]
        if model.is_answered_in_cloud:
            return [(), (("enter asks the server for more, which may ask ollama.com.", "muted"),)]
        return []

    def say(self, model: Model, title: str, hint: str) -> None:
        """Say why there are no details of `model`."""
        self._trouble = (details_key(model), title, hint)
        self._draw()

    def show_arrays(self, model: Model, arrays: Mapping[str, str]) -> None:
        """Show the long metadata values of `model`."""
        self._arrays = (details_key(model), arrays)
        self._tab = "metadata"
        if self._has("metadata"):
            self._bar.activate("metadata")
        self._draw()

    def turn(self, step: int) -> None:
        """Go to the next or the previous tab."""
        if step > 0:
            self._bar.next()
        else:
            self._bar.previous()

    def focus_text(self) -> None:
        """Take the keys."""
        self._text.focus()

    def find(self, text: str) -> bool:
        """Go to the first place where `text` stands; say whether there is one."""
        self.searched = text
        return self._text.find(text)

    def find_again(self, *, backwards: bool) -> bool:
        """Go to the next or the previous place; say whether there is one."""
        return self._text.find_previous() if backwards else self._text.find_next()

    @on(TabBar.Activated)
    def _tab_chosen(self) -> None:
        self._tab = self._bar.active or OVERVIEW.id
        self._draw()
