"""What to tell about a form: why it cannot be sent yet, and what sending it does and does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ollama_tui.domain import names
from ollama_tui.domain.create.form import MAX_EDITED_CHARS, CreateForm, TextField
from ollama_tui.domain.create.memory import memory_words, own_context
from ollama_tui.domain.modelfile.parameters import doubt
from ollama_tui.domain.modelfile.syntax import ROLES
from ollama_tui.domain.quantization import free_space_clause, quantize_problem, quantize_targets
from ollama_tui.formatting import inert, inert_lines, size

FormTab = Literal["base", "prompt", "parameters", "messages", "license", "quantize"]

_CALLED = {"system": "system prompt", "template": "template"}
_INSTEAD = {
    "system": "Write another one, or start from a model without.",
    "template": "Write {{ .Prompt }} for one that adds nothing.",
}


@dataclass(frozen=True, slots=True)
class FormNote:
    """A sentence and the tab it belongs to."""

    tab: FormTab
    words: str


def first_problem(form: CreateForm) -> FormNote | None:
    """Return the first reason why the form cannot be sent; None when it can."""
    if form.edit and names.source(form.target) == "cloud":
        words = "A cloud model cannot be changed in place: create one from it, with another name."
        return FormNote("base", words)
    if (wrong := names.new_name_problem(form.target)) is not None:
        return FormNote("base", wrong)
    if not form.source:
        return FormNote("base", "Type the name of the model to start from.")
    if (wrong := names.pull_problem(form.source)) is not None:
        return FormNote("base", f"The base: {wrong}")
    for number, message in enumerate(form.own_messages or (), 1):
        if message.role.lower() not in ROLES:
            role = inert(message.role)
            words = f"Message {number} has the role “{role}”: it must be system, user or assistant."
            return FormNote("messages", words)
    if names.same(form.target, form.source) and not form.changes:
        return FormNote("base", "Nothing is changed yet.")
    return None


def notices(form: CreateForm) -> tuple[FormNote, ...]:
    """Return what to know about a form although it can be sent."""
    return tuple(note for find in _NOTICES for note in find(form))


def _about_the_names(form: CreateForm) -> Iterator[FormNote]:
    there, source, base = form.target_model, form.source, form.base_model
    if there is not None and names.same(form.target, source):
        yield FormNote("base", f"Changes {there.label} in place.")
    elif there is not None:
        yield FormNote(
            "base", f"Replaces {there.label} ({size(there.size)}), which already exists."
        )
    elif not form.changes and base is not None:
        yield FormNote("base", f"Nothing is changed: this makes a copy of {base.label}.")
    if names.pull_problem(source) is not None:
        return
    if names.source(source) == "cloud" or (base is not None and base.is_cloud):
        yield FormNote(
            "base",
            f"{inert(source)} runs in the cloud: prompt, parameters and messages are kept here, "
            "the weights stay there.",
        )
    elif base is None:
        yield FormNote("base", f"{inert(source)} is not on the server, which pulls it first.")
    elif form.is_base_unknown:
        yield FormNote(
            "base",
            f"What {base.label} brings is not known: it stays unless replaced.",
        )


def _about_the_texts(form: CreateForm) -> Iterator[FormNote]:
    fields: tuple[TextField, ...] = ("system", "template")
    for which in fields:
        before: str = getattr(form.inherited, which)
        own = form.own_text(which)
        called = _CALLED[which]
        if not before:
            continue
        words = ""
        if own == "":
            words = f"Create cannot clear an inherited {called}: it stays. {_INSTEAD[which]}"
        elif own is None and len(before) > MAX_EDITED_CHARS:
            words = f"The inherited {called} is too long to show here; typing replaces all of it."
        elif own is not None and inert_lines(before) != before.replace("\r\n", "\n"):
            words = f"Characters of the {called} that cannot be shown are sent as �."
        if words:
            yield FormNote("prompt", words)
    if "{%" in (form.template or ""):
        yield FormNote("prompt", "Ollama takes a Go template here; this looks like Jinja.")


def _about_the_lists(form: CreateForm) -> Iterator[FormNote]:
    for name, value in form.sent_parameters.items():
        if (words := doubt(name, value)) is not None:
            yield FormNote("parameters", words)
    before = len(form.inherited.messages)
    own = form.own_messages
    if own and before:
        yield FormNote("messages", f"These replace all {before} inherited messages.")
    elif own == () and before:
        words = "Create cannot clear inherited messages: they stay unless there is another."
        yield FormNote("messages", words)
    if form.licenses and form.inherited.license:
        yield FormNote("license", "Added to the inherited license, which stays.")


def _about_quantizing(form: CreateForm) -> Iterator[FormNote]:
    if not form.quantize:
        return
    target = next((t for t in quantize_targets(form.base_model) if t.type == form.quantize), None)
    if target is None:
        reason = quantize_problem(form.base_model) or "It is stored that way already."
        yield FormNote("quantize", f"Not quantized. {reason}")
    else:
        clause = free_space_clause(target.bytes, form.free)
        yield FormNote("quantize", f"Writes new weights of about {size(target.bytes)}{clause}.")


def _about_memory(form: CreateForm) -> Iterator[FormNote]:
    tabs: list[FormTab] = ["parameters"] if own_context(form) else []
    if form.quantize:
        tabs.append("quantize")
    if tabs and (words := memory_words(form)) is not None:
        for tab in tabs:
            yield FormNote(tab, f"In memory it takes {words.forms[0]}.")


_NOTICES = (
    _about_the_names,
    _about_the_texts,
    _about_the_lists,
    _about_quantizing,
    _about_memory,
)
