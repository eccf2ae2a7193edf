"""What is said of files that may be imported: what they are, what of them can be made."""

from __future__ import annotations

from collections.abc import Iterable

from ollama_tui.api.requests import CreateRequest
from ollama_tui.domain import names
from ollama_tui.domain.model import Model
from ollama_tui.formatting import context, count, inert, plural, shorten, size
from ollama_tui.importing.gguf import UNKNOWN
from ollama_tui.importing.source import Source

AS_IT_IS = ""
"""The choice not to quantize."""
_MOST_OFFERED = 12
_LONGEST_NAME = 40


def facts(source: Source) -> str:
    """Return what is known of the files, in lines."""
    lines = [asked_for(source.request)] if source.request is not None else []
    if source.form != "Modelfile":
        lines.append(known_of(source))
    return "\n".join([*lines, to_send(source), *source.warnings])


def asked_for(request: CreateRequest) -> str:
    """Return what a Modelfile asks for besides its files, in a line."""
    parts = [
        f"Modelfile on {inert(request.from_)}" if request.from_ else "Modelfile",
        "template" if request.template else "",
        "system prompt" if request.system else "",
        plural(len(request.parameters), "parameter") if request.parameters else "",
        plural(len(request.messages), "message") if request.messages else "",
        plural(len(request.license), "license") if request.license else "",
    ]
    return " · ".join(filter(None, parts))


def known_of(source: Source) -> str:
    """Return what the headers say, in a line."""
    known = [
        source.form + (" adapter" if source.needs_base else ""),
        shorten(inert(source.architecture), _LONGEST_NAME),
        f"{count(source.parameters)} parameters" if source.parameters else "",
        inert(source.quantization) if source.quantization != UNKNOWN else "",
        f"{context(source.context_length)} context" if source.context_length else "",
        plural(source.tensors, "tensor") if source.tensors else "",
    ]
    return " · ".join(filter(None, known))


def to_send(source: Source) -> str:
    """Return how much there is to send."""
    if not source.files:
        return "Nothing to upload."
    sent = f"{size(source.size)} in {plural(len(source.files), 'file')}"
    return f"{sent} to upload; what the server has already is not sent."


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
        return "A cloud model takes no adapter and no draft: choose one whose weights are here."
    return names.pull_problem(base)


def likely_base(source: Source, models: Iterable[Model]) -> str:
    """Return the only model of the adapter's family; empty when there are none or several."""
    family = source.architecture.lower()
    fitting = [m.name for m in models if family and m.listed.details.family.lower() == family]
    return fitting[0] if len(fitting) == 1 else ""
