"""Ask what to import: files of this machine, looked at before anything is sent."""

from __future__ import annotations

import asyncio
import platform
from dataclasses import dataclass

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from ollama_tui.api.requests import CreateRequest
from ollama_tui.config.drafts import FormKey
from ollama_tui.domain import names
from ollama_tui.domain.model import Model
from ollama_tui.formatting import inert, shorten, size
from ollama_tui.importing.local_file import BadFile, LocalFile
from ollama_tui.importing.modelfile import source_of
from ollama_tui.importing.paths import paths_in
from ollama_tui.importing.source import Source
from ollama_tui.tui.dialogs.dialog import Dialog, labelled
from ollama_tui.tui.dialogs.import_words import (
    AS_IT_IS,
    base_problem,
    choices,
    facts,
    likely_base,
    offer,
)
from ollama_tui.tui.dialogs.names import by_key
from ollama_tui.tui.dialogs.path_field import PathField
from ollama_tui.tui.themes import styles_folder
from ollama_tui.tui.typeahead import held_keys
from ollama_tui.tui.widgets.tab_bar import Picker

KEYS = "tab complete   ↓ next field   {}enter import   esc cancel"
_LONGEST_HOST = 22


@dataclass(frozen=True)
class ImportAnswer:
    """What to create, and the files to send for it."""

    request: CreateRequest
    files: tuple[LocalFile, ...]
    replaces: str | None = None
    """Digest of the model that may be replaced; None where none is to be there."""


class ImportDialog(Dialog[ImportAnswer]):
    """Which files become which model."""

    BINDINGS = [
        Binding("pagedown", "read_on(1)", show=False, priority=True),
        Binding("pageup", "read_on(-1)", show=False, priority=True),
    ]
    CSS_PATH = [styles_folder() / "importing.tcss"]
    form_key = FormKey("import")
    heading = "Import a model from files"
    verb = "import"

    def __init__(self, models: tuple[Model, ...], heading: str = "") -> None:
        super().__init__()
        self.heading = heading or self.heading
        self.installed = by_key(models)
        self.found: Source | BadFile | None = None
        """What the path leads to; None while it is being looked at."""
        self._looked = asyncio.Event()
        self.suggested = ""

    def fields(self) -> ComposeResult:
        """Yield path, facts, name, and what only some files need."""
        with VerticalScroll(id="form", can_focus=False):
            machine = shorten(inert(platform.node() or "where this runs"), _LONGEST_HOST)
            yield from labelled(
                f"On this machine ({machine}): GGUF file, model folder, Modelfile",
                PathField(id="path"),
            )
            with VerticalScroll(id="facts", can_focus=False):
                yield Static(id="found", markup=False)
            yield from labelled("Name of the new model", Input(id="name"))
            with Vertical(id="base-part"):
                known = [model.name for model in self.installed.values()]
                base = Input(id="base", suggester=SuggestFromList(known, case_sensitive=False))
                yield from labelled("Model the adapter was made for", base)
            with Vertical(id="quantize-part"):
                yield from labelled("Quantize (← →)", Picker(id="quantize"))

    def keys_line(self) -> str:
        """Return the line that names the keys."""
        return KEYS.format("")

    def on_mount(self) -> None:
        """Begin with nothing."""
        self._look("")

    # ---- looking

    @on(Input.Changed, "#path")
    def _path_changed(self, event: Input.Changed) -> None:
        self.found = None
        self._looked.clear()
        self._look(event.value)

    @work(exclusive=True, group="look")
    async def _look(self, text: str) -> None:
        """Look, off the event loop, at what the path leads to."""
        self.found = await asyncio.to_thread(looked_at, text)
        self._looked.set()
        self._show_found()
        self.review()

    @on(events.DescendantBlur, "#path")
    @work(group="wait for the files")
    async def _keep_keys_until_looked(self) -> None:
        """Keep what is typed next for when the files have been looked at, and a name is offered."""
        with held_keys(self):
            await self._looked.wait()

    def _show_found(self) -> None:
        if not self.query("#found"):
            return  # the dialog was left meanwhile
        source = self.found if isinstance(self.found, Source) else None
        self._say(facts(source) if source else "")
        self.query_one("#base-part").display = bool(source and source.needs_base)
        self.query_one("#quantize-part").display = bool(source and source.targets)
        if source:
            self._suggest(source)
            self.query_one(Picker).show(choices(source))

    def _suggest(self, source: Source) -> None:
        """Fill in what can be guessed, but never over what was typed."""
        name, base = self.query_one("#name", Input), self.query_one("#base", Input)
        if name.value in ("", self.suggested):
            self.suggested = source.suggestion
            self.fill_in("name", self.suggested)
        if source.needs_base and not base.value:
            self.fill_in("base", likely_base(source, self.installed.values()))

    @on(PathField.Ambiguous)
    def _offer(self, event: PathField.Ambiguous) -> None:
        self._say(offer(event.offered))

    def _say(self, words: str) -> None:
        """Say something of the files, and with which keys the rest is read if it is long."""
        self.query_one("#found", Static).update(words)
        self.query_one("#facts").scroll_home(animate=False)
        self.call_after_refresh(self._name_keys)

    def _name_keys(self) -> None:
        more = self.query_one("#facts").max_scroll_y
        self.query_one(".keys", Static).update(KEYS.format("pgdn more   " if more else ""))

    def action_read_on(self, direction: int) -> None:
        """Scroll what is said of the files, and at its end the form, in which it may be cut off."""
        for id_ in ("#facts", "#form")[::direction]:
            part = self.query_one(id_)
            if 0 <= part.scroll_y + direction <= part.max_scroll_y:
                shown = self.find_widget(part).visible_region.height
                part.scroll_relative(y=direction * max(1, shown - 1), animate=False)
                return

    # ---- answering

    @on(Input.Submitted, "#path")
    def _path_entered(self, event: Input.Submitted) -> None:
        """Go on to the name, so that nobody sends gigabytes before reading what they are."""
        event.stop()
        event.prevent_default()
        self._go_on_to_name()

    @work(exclusive=True, group="go on")
    async def _go_on_to_name(self) -> None:
        with held_keys(self):
            await self._looked.wait()
        if isinstance(self.found, BadFile):
            self.review()
            self.app.bell()
        else:
            self.query_one("#name").focus()

    @property
    def name_given(self) -> str:
        """The name typed."""
        return self.query_one("#name", Input).value.strip()

    @property
    def base_given(self) -> str:
        """The base that a Modelfile names, or that was typed; empty where none is asked for."""
        if not isinstance(self.found, Source):
            return ""
        if self.found.request is not None:
            return self.found.request.from_
        return self.query_one("#base", Input).value.strip() if self.found.needs_base else ""

    def problem(self) -> str | None:
        """Return what is wrong with path, name or base."""
        if self.found is None:
            return "Looking at the files …"
        if isinstance(self.found, BadFile):
            return str(self.found)
        wrong = names.new_name_problem(self.name_given)
        adapted = self.found.needs_base or (self.base_given and self.found.files)
        if wrong is None and adapted:
            wrong = base_problem(self.base_given, self.installed.get(names.key(self.base_given)))
        return wrong

    def notice(self) -> str:
        """Return what importing does here."""
        notes = []
        if (there := self.installed.get(names.key(self.name_given))) is not None:
            notes.append(f"Replaces {there.label} ({size(there.size)}), which already exists.")
        if self.base_given and names.key(self.base_given) not in self.installed:
            notes.append(f"{inert(self.base_given)} is not there: the server pulls it first.")
        return " ".join(notes) or f"Makes {inert(names.parse(self.name_given).display)}."

    def replaced(self) -> Model | None:
        """Return the model of that name."""
        return self.installed.get(names.key(self.name_given))

    def answer(self) -> ImportAnswer:
        """Return what was asked for."""
        assert isinstance(self.found, Source)
        quantize = self.query_one(Picker).active if self.found.targets else AS_IT_IS
        request = self.found.request_for(self.name_given, self.base_given, quantize or AS_IT_IS)
        there = self.replaced()
        return ImportAnswer(request, self.found.files, there.digest if there else None)


def looked_at(text: str) -> Source | BadFile:
    """Return what the path typed leads to, or why that cannot be imported; reads files."""
    try:
        return source_of(*paths_in(text))
    except BadFile as reason:
        return reason
