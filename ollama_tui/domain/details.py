"""The details of a model as documents: which tabs there are and what each says.

A line is a tuple of (text, style name) spans; texts may be raw: who draws them makes them inert.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import prod
from typing import Any

from ollama_tui.api.replies import Show, Tensor, VerboseShow
from ollama_tui.domain.model import Model
from ollama_tui.domain.overview import HEADING_LINES, Surroundings, overview
from ollama_tui.formatting import (
    LEXED,
    Span,
    StyledLine,
    count,
    plural,
)

Document = str | Sequence[StyledLine]
"""A text as the server sent it, or styled lines."""

LANGUAGES = {"template": "template", "modelfile": "modelfile"}
"""Languages of the tabs whose text is highlighted, as `domain.highlight` has them."""
JSON = f"{LEXED}json"
"""Style of a value that is written as in JSON."""
VALUE_CELLS = 12
"""Cells that values of the metadata have at least, beside keys of usual length."""
TENSOR_CELLS = 19
"""Cells that type and shape of a tensor take."""
TENSOR_ROOM = 50
"""Cells that a whole tensor needs on one line."""
NO_ARRAY = "… f fetches"
MAX_LINES = 20_000
"""Lines of parameters, or of messages, that are shown: each costs some hundred bytes."""


@dataclass(frozen=True)
class DetailsTab:
    """One page of the details."""

    id: str
    title: str
    count: int = 0
    """How many there are of what it lists; 0 where that says nothing."""


OVERVIEW = DetailsTab("overview", "Overview")
TABS = (
    OVERVIEW,
    DetailsTab("metadata", "Metadata"),
    DetailsTab("template", "Template"),
    DetailsTab("system", "System"),
    DetailsTab("parameters", "Parameters"),
    DetailsTab("license", "License"),
    DetailsTab("modelfile", "Modelfile"),
    DetailsTab("tensors", "Tensors"),
    DetailsTab("messages", "Messages"),
)


def tabs(show: Show | None) -> tuple[DetailsTab, ...]:
    """Return the tabs that have something to show, overview first."""
    if show is None:
        return (OVERVIEW,)
    counts = {
        "parameters": len(list(filter(None, show.parameters.split("\n")))),
        "tensors": len(show.tensors),
        "messages": len(show.messages),
    }
    has = counts | {
        "overview": True,
        "metadata": bool(show.model_info or show.projector_info),
        "template": bool(show.template),
        "system": bool(show.system),
        "license": bool(show.license),
        "modelfile": bool(show.modelfile),
    }
    return tuple(
        replace(tab, count=listed) if (listed := counts.get(tab.id)) else tab
        for tab in TABS
        if has[tab.id]
    )


def document(
    tab: str,
    model: Model,
    show: Show | None,
    *,
    now: datetime,
    width: int = 80,
    also: Sequence[str] = (),
    around: Surroundings | None = None,
    arrays: Mapping[str, str] | None = None,
) -> Document:
    """Return what `tab` shows of `model` in `width` cells.

    `also` and `around` are those of `overview`; `arrays` are the long values of the metadata, when
    they were fetched.
    """
    if show is None or tab == "overview":
        return overview(model, show, now=now, width=width, also=also, around=around)
    if tab == "metadata":
        return metadata(model, show, arrays or {}, width)
    if tab == "tensors":
        return tensors(show.tensors, width)
    if tab == "messages":
        return messages(show)
    if tab == "parameters":
        return parameters(show.parameters)
    texts = {
        "template": show.template,
        "system": show.system,
        "license": show.license,
        "modelfile": own_modelfile(model, show),
    }
    return texts[tab]


def metadata(
    model: Model, show: Show, arrays: Mapping[str, str], width: int = 80
) -> list[StyledLine]:
    """Return the digest of the manifest, and the GGUF metadata, one key a line."""
    lines = [*_digest(model, width), *_pairs(show.model_info, arrays, width)]
    if show.projector_info:
        heading: StyledLine = (("Projector", "accent strong"),)
        lines += [(), heading, *_pairs(show.projector_info, arrays, width)]
    return lines


def _digest(model: Model, width: int) -> Iterable[StyledLine]:
    return _pairs({"digest": model.digest}, {}, width) if model.digest else ()


def _pairs(info: Mapping[str, Any], arrays: Mapping[str, str], width: int) -> Iterable[StyledLine]:
    column = min(max((len(key) for key in info), default=0), 44, max(width - VALUE_CELLS, 0))
    for key in sorted(info):
        yield ((f"{key:<{column}}  ", "muted"), _value(info[key], arrays.get(key)))


def _value(value: Any, array: str | None) -> Span:
    """Return a value of the metadata in the style of its type; None is an array, maybe fetched."""
    if value is None:
        return (NO_ARRAY, "muted") if array is None else (array, JSON)
    if isinstance(value, bool):
        return ("true" if value else "false", "syntax-keyword")
    if isinstance(value, int | float):
        return (f"{value:g}" if isinstance(value, float) else str(value), "syntax-number")
    return (str(value), "")


def parameters(text: str) -> list[StyledLine]:
    """Return the parameters in a stable order: the server's is random."""
    every = sorted(filter(None, text.split("\n")))
    lines: list[StyledLine] = []
    for line in every[:MAX_LINES]:
        name, _, value = line.partition(" ")
        lines.append(((f"{name:<20}", "muted"), (value.strip(), JSON)))
    if len(every) > MAX_LINES:
        lines.append(((f"… and {len(every) - MAX_LINES:,} more.", "muted"),))
    return lines


def tensors(every: Sequence[Tensor], width: int = 80) -> list[StyledLine]:
    """Return one line per tensor: name, type, shape; without `.weight` where there is no room."""
    narrow = width < TENSOR_ROOM
    names = [t.name.removesuffix(".weight") if narrow else t.name for t in every]
    column = min(max(map(len, names), default=0), 48, max(width - TENSOR_CELLS, 0))
    total = sum(prod(t.shape) for t in every if t.shape)
    said = f"{plural(len(every), 'tensor')}, {count(total)} parameters"
    lines: list[StyledLine] = [((said, "accent strong"),), ()]
    for name, tensor in zip(names, every, strict=True):
        shape = ("×" if narrow else " × ").join(map(str, tensor.shape))
        kind = (f"{tensor.type:<5} ", "syntax-keyword")
        lines.append(((f"{name:<{column}}  ", ""), kind, (shape, "syntax-number")))
    return lines


def messages(show: Show) -> list[StyledLine]:
    """Return the conversation stored in the model."""
    lines: list[StyledLine] = []
    for message in show.messages:
        room = MAX_LINES - len(lines)
        text = message.content.removesuffix("\n").split("\n", max(room, 0))
        lines.append(((message.role, "title"),))
        lines += [((line, ""),) for line in text[:room]]
        if len(text) > room:
            lines.append((("… and more, which the Modelfile has.", "muted"),))
            break
        lines.append(())
    return lines


def own_modelfile(model: Model, show: Show) -> str:
    """Return the Modelfile with this name in its heading.

    Details are cached by digest, so those of an alias may carry another name there.
    """
    lines = show.modelfile.split("\n", HEADING_LINES)
    for number, line in enumerate(lines[:HEADING_LINES]):
        if line.startswith("# FROM "):
            lines[number] = f"# FROM {model.name}"
    return "\n".join(lines)


def whole_values(verbose: VerboseShow) -> dict[str, str]:
    """Return each metadata value as its JSON text."""
    return {**verbose.projector_info, **verbose.model_info}
