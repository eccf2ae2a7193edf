"""Ask what to import: files of this machine, looked at before anything is sent."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Iterable
from dataclasses import dataclass

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from ollama_tui.api.requests import CreateRequest
from ollama_tui.catalog import name as names
from ollama_tui.catalog.model import Model
from ollama_tui.dialogs.dialog import Dialog, labelled
from ollama_tui.dialogs.names import by_key
from ollama_tui.dialogs.path_field import PathField
from ollama_tui.files.bad import BadFile
from ollama_tui.files.gguf import UNKNOWN
from ollama_tui.files.paths import paths_in
from ollama_tui.files.source import Source
from ollama_tui.files.sources import inspect
from ollama_tui.jobs.upload import LocalFile
from ollama_tui.styling import styles_folder
from ollama_tui.text import context, count, inert, plural, shorten, size
from ollama_tui.widgets.picker import Picker

AS_IT_IS = ""
"""The choice not to quantize."""
_MOST_OFFERED = 12
_LONGEST_NAME = 40
_LONGEST_HOST = 24


@dataclass(frozen=True)
class ImportAnswer:
    """What to create, and the files to send for it."""

    request: CreateRequest
    files: tuple[LocalFile, ...]


class ImportDialog(Dialog[ImportAnswer]):
    """Which files become which model."""

    CSS_PATH = [styles_folder() / "importing.tcss"]
    heading = "Import a model from files"
    verb = "import"

    def __init__(self, models: tuple[Model, ...]) -> None:
        super().__init__()
        self.installed = by_key(models)
        self.found: Source | BadFile | None = None
        """What the path leads to; None while it is being looked at."""
        self.suggested = ""

    def fields(self) -> ComposeResult:
        """Yield path, facts, name, and what only some files need."""
        with VerticalScroll(id="form", can_focus=False):
            machine = shorten(inert(platform.node() or "where this runs"), _LONGEST_HOST)
            yield from labelled(
                f"On this machine ({machine}): a GGUF file or a model's folder",
                PathField(id="path"),
            )
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
        return "tab complete   ↓ next field   enter import   esc cancel"

    def on_mount(self) -> None:
        """Begin with nothing."""
        self._look("")

    # ---- looking

    @on(Input.Changed, "#path")
    def _path_changed(self, event: Input.Changed) -> None:
        self.found = None
        self._look(event.value)

    @work(exclusive=True, group="look")
    async def _look(self, text: str) -> None:
        """Look, off the event loop, at what the path leads to."""
        self.found = await asyncio.to_thread(looked_at, text)
        self._show_found()
        self.review()

    def _show_found(self) -> None:
        source = self.found if isinstance(self.found, Source) else None
        self.query_one("#found", Static).update(facts(source) if source else "")
        self.query_one("#base-part").display = bool(source and source.needs_base)
        self.query_one("#quantize-part").display = bool(source and source.targets)
        if source:
            self._suggest(source)
            self.query_one(Picker).show(choices(source))

    def _suggest(self, source: Source) -> None:
        """Fill in what can be guessed, but never over what was typed."""
        name, base = self.query_one("#name", Input), self.query_one("#base", Input)
        if name.value in ("", self.suggested):
            name.value = self.suggested = source.suggestion
        if source.needs_base and not base.value:
            base.value = likely_base(source, self.installed.values())

    @on(PathField.Ambiguous)
    def _offer(self, event: PathField.Ambiguous) -> None:
        self.query_one("#found", Static).update(offer(event.offered))

    # ---- answering

    @on(Input.Submitted, "#path")
    def _path_entered(self, event: Input.Submitted) -> None:
        """Go on to the name, so that nobody sends gigabytes before reading what they are."""
        event.stop()
        event.prevent_default()
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
        """The base typed; empty where none is asked for."""
        needed = isinstance(self.found, Source) and self.found.needs_base
        return self.query_one("#base", Input).value.strip() if needed else ""

    def problem(self) -> str | None:
        """Return what is wrong with path, name or base."""
        if self.found is None:
            return "Looking at the files …"
        if isinstance(self.found, BadFile):
            return str(self.found)
        wrong = names.new_name_problem(self.name_given)
        if wrong is None and self.found.needs_base:
            wrong = base_problem(self.base_given, self.installed.get(names.key(self.base_given)))
        return wrong

    def notice(self) -> str:
        """Return what importing does here."""
        notes = []
        if (there := self.installed.get(names.key(self.name_given))) is not None:
            notes.append(f"Replaces {there.label} ({size(there.size)}), which is there already.")
        if self.base_given and names.key(self.base_given) not in self.installed:
            notes.append(f"{inert(self.base_given)} is not there: the server pulls it first.")
        return " ".join(notes) or f"Makes {inert(names.parse(self.name_given).display)}."

    def answer(self) -> ImportAnswer:
        """Return what was asked for."""
        assert isinstance(self.found, Source)
        quantize = self.query_one(Picker).active if self.found.targets else AS_IT_IS
        request = CreateRequest(
            model=self.name_given, from_=self.base_given, quantize=quantize or AS_IT_IS
        )
        return ImportAnswer(request, self.found.files)


def looked_at(text: str) -> Source | BadFile:
    """Return what the path typed leads to, or why that cannot be imported; reads files."""
    try:
        return inspect(*paths_in(text))
    except BadFile as reason:
        return reason


def facts(source: Source) -> str:
    """Return what is known of the files, in lines."""
    known = [
        source.form + (" adapter" if source.needs_base else ""),
        shorten(inert(source.architecture), _LONGEST_NAME),
        f"{count(source.parameters)} parameters" if source.parameters else "",
        inert(source.quantization) if source.quantization != UNKNOWN else "",
        f"{context(source.context_length)} context" if source.context_length else "",
        plural(source.tensors, "tensor") if source.tensors else "",
    ]
    sent = f"{size(source.size)} in {plural(len(source.files), 'file')}"
    return "\n".join(
        [
            " · ".join(filter(None, known)),
            f"{sent} to upload; what the server has already is not sent.",
            *source.warnings,
        ]
    )


def choices(source: Source) -> list[tuple[str, str]]:
    """Return the types to choose from, each with the size to expect."""
    kept = f"keep {inert(source.quantization)} {size(source.size)}"
    offered = [(t.type, f"{t.type} ~{size(t.bytes)}") for t in source.targets]
    return [(AS_IT_IS, kept), *offered]


def offer(completions: list[str]) -> str:
    """Return the names a path may end in."""
    shown = [_last_part(text) for text in completions[:_MOST_OFFERED]]
    more = len(completions) - len(shown)
    return "  ".join([*shown, *([f"and {more:,} more"] if more else [])])


def _last_part(text: str) -> str:
    path = text.rstrip("/")
    return inert(text[path.rfind("/") + 1 :])


def base_problem(base: str, installed: Model | None) -> str | None:
    """Return why an adapter cannot be put on `base`; None when it can."""
    if not base:
        return "Type the model that the adapter was made for."
    if names.source(base) == "cloud" or (installed is not None and installed.is_cloud):
        return "A cloud model takes no adapter: choose one whose weights are on the server."
    return names.pull_problem(base)


def likely_base(source: Source, models: Iterable[Model]) -> str:
    """Return the only model of the adapter's family; empty when there are none or several."""
    family = source.architecture.lower()
    fitting = [m.name for m in models if family and m.listed.details.family.lower() == family]
    return fitting[0] if len(fitting) == 1 else ""
