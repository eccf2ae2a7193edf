"""The dialog that imports files of this machine, which it reads before anything is sent."""

from __future__ import annotations

import asyncio
import platform
import re
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
from ollama_tui.domain.memory.available import AvailableMemory
from ollama_tui.domain.memory.words import fit_words
from ollama_tui.domain.model import Model, by_comparison_key
from ollama_tui.formatting import context, count, inert, plural, shorten, size
from ollama_tui.importing.gguf import UNKNOWN
from ollama_tui.importing.inspect import source_of
from ollama_tui.importing.local_file import BadFile, LocalFile
from ollama_tui.importing.paths import paths_in
from ollama_tui.importing.source import Source
from ollama_tui.tui.dialogs.controls import PathField
from ollama_tui.tui.dialogs.dialog import Dialog, Review, labelled
from ollama_tui.tui.dialogs.names import EXISTS
from ollama_tui.tui.look import styles_folder
from ollama_tui.tui.typeahead import pause_keys
from ollama_tui.tui.widgets.keys_line import KeysLine
from ollama_tui.tui.widgets.tab_bar import Picker, TabBar

AS_IT_IS = ""
"""The choice not to quantize."""
_MOST_OFFERED = 12
_LONGEST_NAME = 40


def source_facts(
    source: Source, available: AvailableMemory | None = None, quantize: str = AS_IT_IS
) -> str:
    """Return lines about the files: the Modelfile's commands, the model, the upload, warnings.

    What the model takes in memory is told as it is quantized.
    """
    lines: list[list[str]] = []
    if (asked := source.request) is not None:
        lines.append(
            [
                f"Modelfile on {inert(asked.from_)}" if asked.from_ else "Modelfile",
                "template" if asked.template else "",
                "system prompt" if asked.system else "",
                plural(len(asked.parameters), "parameter") if asked.parameters else "",
                plural(len(asked.messages), "message") if asked.messages else "",
                plural(len(asked.license), "license") if asked.license else "",
            ]
        )
    if source.form != "Modelfile":
        lines.append(
            [
                source.form + (" adapter" if source.needs_base else ""),
                shorten(inert(source.architecture), _LONGEST_NAME),
                f"{count(source.parameters)} parameters" if source.parameters else "",
                inert(source.quantization) if source.quantization != UNKNOWN else "",
                f"{context(source.context_length)} context" if source.context_length else "",
                plural(source.tensors, "tensor") if source.tensors else "",
            ]
        )
    upload = "Nothing to upload."
    if source.files:
        files = f"{size(source.size)} in {plural(len(source.files), 'file')}"
        upload = f"{files} to upload; what the server has already is not sent."
    memory = []
    if (shape := source.memory_as(quantize)) is not None:
        memory = [f"Memory {fit_words(shape, available=available).forms[0]}."]
    described = (" · ".join(filter(None, line)) for line in lines)
    return "\n".join([*described, upload, *memory, *source.warnings])


def quantize_choices(source: Source) -> list[tuple[str, str]]:
    """Return the quantization types to choose from, each with the size to expect."""
    kept = f"keep {inert(source.quantization)} {size(source.size)}"
    offered = [(t.type, f"{t.type} ~{size(t.bytes)}") for t in source.targets]
    return [(AS_IT_IS, kept), *offered]


def completion_line(completions: list[str]) -> str:
    """Return the last parts of the completions of a path, as one line."""
    shown = [inert(re.sub(r"^.*/(?=.)", "", text)) for text in completions[:_MOST_OFFERED]]
    more = len(completions) - len(shown)
    return "  ".join([*shown, *([f"and {more:,} more"] if more else [])])


def base_problem(base: str, installed: Model | None) -> str | None:
    """Return why `base` cannot take an adapter; None when it can."""
    if not base:
        return "Type the model that the adapter was made for."
    if names.source(base) == "cloud" or (installed is not None and installed.is_cloud):
        return "A cloud model takes no adapter and no draft: choose one whose weights are here."
    return names.pull_problem(base)


KEYS = "tab complete   ↓ next field   {more}enter import   esc cancel"
_LONGEST_HOST = 22


@dataclass(frozen=True)
class ImportAnswer:
    """What to create, and the files to upload for it."""

    request: CreateRequest
    files: tuple[LocalFile, ...]
    replaces: str | None = None
    """Digest of the model that may be replaced; None where no model of that name may exist."""


class ImportDialog(Dialog[ImportAnswer]):
    """Which files to import, and the name of the new model.

    See https://docs.ollama.com/import.
    """

    BINDINGS = [
        Binding("pagedown", "read_on(1)", show=False, priority=True),
        Binding("pageup", "read_on(-1)", show=False, priority=True),
    ]
    CSS_PATH = [styles_folder() / "importing.tcss"]
    form_key = FormKey("import")
    heading = "Import a model from files"
    verb = "import"
    keys = KEYS.format(more="")

    def __init__(
        self,
        models: tuple[Model, ...],
        heading: str = "",
        *,
        available: AvailableMemory | None = None,
    ) -> None:
        super().__init__()
        self.available = available
        self.heading = heading or self.heading
        self.installed = by_comparison_key(models)
        self.found: Source | BadFile | None = None
        """The files at the path, or why they cannot be imported; None while they are read."""
        self._is_read = asyncio.Event()
        self.suggested = ""

    def fields(self) -> ComposeResult:
        """Yield path, facts, name, and the fields that only some files need."""
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

    # ---- reading the files

    @on(events.Mount)
    @on(Input.Changed, "#path")
    def _path_changed(self) -> None:
        self.found = None
        self._is_read.clear()
        self._read(self.query_one("#path", Input).value)

    @work(exclusive=True, group="read")
    async def _read(self, text: str) -> None:
        """Read, in a thread, the files that the path names."""
        try:
            self.found = await asyncio.to_thread(lambda: source_of(*paths_in(text)))
        except BadFile as reason:
            self.found = reason
        self._is_read.set()
        self._show_found()
        self.review()

    @on(events.DescendantBlur, "#path")
    @work(group="wait for the files")
    async def _hold_keys_until_read(self) -> None:
        """Hold the keys pressed next until the files have been read, and a name is suggested."""
        with pause_keys(self):
            await self._is_read.wait()

    def _show_found(self) -> None:
        if not self.query("#found"):
            return  # the dialog was left meanwhile
        source = self.found if isinstance(self.found, Source) else None
        self._show_lines(source_facts(source, self.available) if source else "")
        self.query_one("#base-part").display = bool(source and source.needs_base)
        self.query_one("#quantize-part").display = bool(source and source.targets)
        if source is None:
            return
        self.query_one(Picker).show(quantize_choices(source))
        # Guesses are filled in, but never over typed text.
        if self.query_one("#name", Input).value in ("", self.suggested):
            self.suggested = source.suggestion
            self.fill_in("name", self.suggested)
        if source.needs_base and not self.query_one("#base", Input).value:
            family = source.architecture.lower()
            families = [(m.listed.details.family.lower(), m.name) for m in self.installed.values()]
            fitting = [name for of, name in families if family and of == family]
            self.fill_in("base", fitting[0] if len(fitting) == 1 else "")

    @on(PathField.Ambiguous)
    def _offer(self, event: PathField.Ambiguous) -> None:
        self._show_lines(completion_line(event.offered))

    @on(TabBar.Activated)
    def _type_chosen(self) -> None:
        """Show what the model takes in memory when it is quantized to this type."""
        if isinstance(self.found, Source):
            chosen = self.query_one(Picker).active or AS_IT_IS
            self._show_lines(source_facts(self.found, self.available, chosen))

    def _show_lines(self, lines: str) -> None:
        """Show lines about the files, and the keys that scroll them if they do not fit."""
        self.query_one("#found", Static).update(lines)
        self.query_one("#facts").scroll_home(animate=False)
        self.call_after_refresh(self._name_keys)

    def _name_keys(self) -> None:
        more = self.query_one("#facts").max_scroll_y
        self.query_one(KeysLine).show(KEYS.format(more="pgdn more   " if more else ""))

    def action_read_on(self, direction: int) -> None:
        """Scroll the facts, and at their end the form, where they may be cut off."""
        for id_ in ("#facts", "#form")[::direction]:
            part = self.query_one(id_)
            if 0 <= part.scroll_y + direction <= part.max_scroll_y:
                shown = self.find_widget(part).visible_region.height
                part.scroll_relative(y=direction * max(1, shown - 1), animate=False)
                return

    # ---- answering

    @on(Input.Submitted, "#path")
    def _path_entered(self, event: Input.Submitted) -> None:
        """Go on to the name: nobody should upload gigabytes before reading the facts."""
        event.stop()
        event.prevent_default()
        self._go_on_to_name()

    @work(exclusive=True, group="go on")
    async def _go_on_to_name(self) -> None:
        with pause_keys(self):
            await self._is_read.wait()
        if isinstance(self.found, BadFile):
            self.refuse(self.check())
        else:
            self.query_one("#name").focus()

    @property
    def base_given(self) -> str:
        """The base named in the Modelfile or typed; empty where none is needed."""
        if not isinstance(self.found, Source):
            return ""
        if self.found.request is not None:
            return self.found.request.from_
        return self.text_of("base") if self.found.needs_base else ""

    def check(self) -> Review:
        """Return what is wrong with path, name or base, or what importing does."""
        if self.found is None:
            return Review("", "Checking the files …")
        if isinstance(self.found, BadFile):
            said = str(self.found)
            return Review(said) if self.text_of("path") else Review("", said)
        given, base = self.text_of("name"), self.base_given
        wrong = names.new_name_problem(given)
        if wrong is None and (self.found.needs_base or (base and self.found.files)):
            wrong = base_problem(base, self.installed.get(names.comparison_key(base)))
        if wrong is not None:
            return Review(wrong) if given else Review("", wrong)
        there = self.installed.get(names.comparison_key(given))
        replaces = f"Replaces {there.name_label} ({size(there.size)}), {EXISTS}." if there else ""
        pulled = base and names.comparison_key(base) not in self.installed
        pulls = f"{inert(base)} is not installed: the server pulls it first." if pulled else ""
        notes = " ".join(filter(None, (replaces, pulls)))
        return Review(None, notes or f"Makes {inert(names.parse(given).display)}.", there)

    def answer(self) -> ImportAnswer:
        """Return the request to create the model, with the files to upload."""
        assert isinstance(self.found, Source)
        given = self.text_of("name")
        quantize = self.query_one(Picker).active if self.found.targets else AS_IT_IS
        request = self.found.request_for(given, self.base_given, quantize or AS_IT_IS)
        there = self.installed.get(names.comparison_key(given))
        return ImportAnswer(request, self.found.files, there.digest if there else None)
