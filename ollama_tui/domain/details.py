"""The details of a model as documents: which tabs there are and what each says.

A line is a tuple of (text, style name) spans; texts may be raw: who draws them makes them inert.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import prod
from textwrap import wrap
from typing import Any

from ollama_tui.api.replies import Show, Tensor, Thinking, VerboseShow
from ollama_tui.domain.model import Model
from ollama_tui.formatting import (
    LEXED,
    UNKNOWN,
    Span,
    StyledLine,
    ago,
    count,
    plural,
    size,
    until,
)

Document = str | Sequence[StyledLine]
"""A text as the server sent it, or styled lines."""

LANGUAGES = {"template": "template", "modelfile": "modelfile"}
"""Languages of the tabs whose text is highlighted, as `domain.highlight` has them."""
JSON = f"{LEXED}json"
"""Style of a value that is written as in JSON."""
LABEL_CELLS = 14
"""Cells of the label column in the overview."""
NO_ARRAY = "… (f fetches it)"
MAX_LINES = 20_000
"""Lines of parameters, or of messages, that are shown: each costs some hundred bytes."""
BACKUP_LETTERS = len("llamacpp:") + 6
"""Letters of the name of a backup that are shown."""
PROMPT_LINES = 6
"""Lines of the system prompt in the overview."""
HEADING_LINES = 6
"""Lines at the top of a server's Modelfile that may hold its name."""


@dataclass(frozen=True)
class DetailsTab:
    """One page of the details."""

    id: str
    title: str


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
    has = {
        "overview": True,
        "metadata": bool(show.model_info or show.projector_info),
        "template": bool(show.template),
        "system": bool(show.system),
        "parameters": bool(show.parameters),
        "license": bool(show.license),
        "modelfile": bool(show.modelfile),
        "tensors": bool(show.tensors),
        "messages": bool(show.messages),
    }
    return tuple(tab for tab in TABS if has[tab.id])


def document(
    tab: str,
    model: Model,
    show: Show | None,
    *,
    now: datetime,
    width: int = 80,
    also: Sequence[str] = (),
    update: str = "",
    arrays: Mapping[str, str] | None = None,
) -> Document:
    """Return what `tab` shows of `model` in `width` cells.

    `also` are the other names of the same digest; `update` says whether its registry has something
    newer, if that was asked; `arrays` are the long metadata values, when fetched.
    """
    if show is None or tab == "overview":
        return overview(model, show, now=now, width=width, also=also, update=update)
    if tab == "metadata":
        return metadata(show, arrays or {})
    if tab == "tensors":
        return tensors(show.tensors)
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


def overview(
    model: Model,
    show: Show | None,
    *,
    now: datetime,
    width: int = 80,
    also: Sequence[str] = (),
    update: str = "",
) -> list[StyledLine]:
    """Return the facts a person asks for first.

    What every model has comes first, in one row each, so that from model to model only values
    change on the screen; what wraps or may be missing comes after.
    """
    lines: list[StyledLine] = [((model.label, "strong"),), ()]
    for label, value in (*_facts(model, show, now, also), ("Update", update)):
        lines += _row(label, value, width) if value else []
    if show is not None and show.system:
        prompt = show.system.strip().splitlines()
        lines += [(), (("System prompt", "muted"),)]
        lines += [((line, ""),) for line in prompt[:PROMPT_LINES]]
        if (more := len(prompt) - PROMPT_LINES) > 0:
            lines.append(((f"… {plural(more, 'more line')}", "muted"),))
    return lines


def _row(label: str, value: str, width: int) -> Iterable[StyledLine]:
    """Yield a label and its value, wrapped beside it."""
    for part in wrap(value, max(width - LABEL_CELLS, 10), break_on_hyphens=False):
        yield ((f"{label:<{LABEL_CELLS}}", "muted"), (part, ""))
        label = ""


def _facts(
    model: Model, show: Show | None, now: datetime, also: Sequence[str]
) -> Iterable[tuple[str, str]]:
    """Yield labels and values: those that every model has, then those that may be empty."""
    listed, details, runner = model.listed, model.listed.details, model.running
    has_size = bool(model.size) and not model.is_cloud
    families = dict.fromkeys(f for f in (details.family, *(details.families or ())) if f)
    usual = {
        "Family": " · ".join(families)[:24],
        "Parameters": details.parameter_size,
        "Quantization": details.quantization_level,
        "Context": f"{model.context_length:,} tokens" if model.context_length else "",
        "Size": size(model.size) if has_size else "",
        "Bytes": f"{model.size:,}" if has_size else "",
        "Format": details.format,
        "Digest": model.digest[:12],
        "Modified": ago(listed.modified_at, now),
    }
    for label, value in usual.items():
        yield label, value or UNKNOWN
    capabilities = model.capabilities
    if show is not None and show.capabilities:
        capabilities = frozenset(show.capabilities)
    can = "not known yet" if capabilities is None else " ".join(sorted(capabilities)) or "–"
    yield "Can", can
    yield from _manifests(model, show)
    yield "Runs at", listed.remote_host
    yield "Cloud model", listed.remote_model
    yield "Embedding", f"{details.embedding_length:,}" if details.embedding_length else ""
    yield "Thinks", thinking(show.thinking) if show and show.thinking else ""
    yield "Template from", show.template_source.replace("_", " ") if show else ""
    yield "Requires", f"Ollama {show.requires} or later" if show and show.requires else ""
    if runner is not None:
        yield "Loaded", f"{size(runner.size)}, {processor(runner.size, runner.size_vram)}"
        yield "Context now", f"{runner.context_length:,} tokens" if runner.context_length else ""
        yield "Until", until(runner.expires_at, now)
    yield "Made from", details.parent_model
    yield "Same as", ", ".join(also)


def _manifests(model: Model, show: Show | None) -> Iterable[tuple[str, str]]:
    """Yield what runs a model, the manifests of its name, and what the server keeps it as."""
    yield "Runner", model.runner
    every = show.manifests if show is not None else []
    # Details are kept by digest: those of an alias are about the list of another name.
    is_own = show is not None and _name_in_heading(show) in (None, model.name)
    if is_own and any(each.selected and each.digest.endswith(model.digest) for each in every):
        for number, each in enumerate(every):
            digest = each.digest.removeprefix("sha256:")[:12]
            here = "shown here" if each.selected else ""
            said = " ".join(filter(None, (each.runner, each.format, digest, here)))
            yield "" if number else "Manifests", said
    if model.backup:
        short = model.backup[:BACKUP_LETTERS]
        yield "Backup", f"{short}… kept by the server for an older Ollama"
    if model.is_backup:
        yield "Backup of", "a model that was deleted"
        yield "Name", model.name


def thinking(how: Thinking) -> str:
    """Return what a chat may ask for, and what it gets unasked: `on or off; on unless asked`."""
    words = {True: "on", False: "off"}
    values = [words[value] if isinstance(value, bool) else value for value in how.values]
    usual = words[how.default] if isinstance(how.default, bool) else how.default
    choice = " or ".join(filter(None, (", ".join(values[:-1]), *values[-1:])))
    unasked = f"{usual} unless asked" if usual and usual != choice else ""
    return "; ".join(filter(None, (choice, unasked)))


def processor(total: int, vram: int) -> str:
    """Return how a runner is split between CPU and GPU, in the words of `ollama ps`."""
    if vram == 0:
        return "100% CPU"
    if vram == total:
        return "100% GPU"
    if total == 0 or vram > total:
        return "CPU/GPU split unknown"
    cpu = round((total - vram) / total * 100)
    return f"{cpu}%/{100 - cpu}% CPU/GPU"


def metadata(show: Show, arrays: Mapping[str, str]) -> list[StyledLine]:
    """Return the GGUF metadata, one key a line."""
    lines = list(_pairs(show.model_info, arrays))
    if show.projector_info:
        lines += [(), (("Projector", "title"),), *_pairs(show.projector_info, arrays)]
    return lines


def _pairs(info: Mapping[str, Any], arrays: Mapping[str, str]) -> Iterable[StyledLine]:
    width = min(max((len(key) for key in info), default=0), 44)
    for key in sorted(info):
        yield ((f"{key:<{width}}  ", "muted"), _value(info[key], arrays.get(key)))


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


def tensors(every: Sequence[Tensor]) -> list[StyledLine]:
    """Return one line per tensor: name, type, shape."""
    width = min(max((len(t.name) for t in every), default=0), 48)
    total = sum(prod(t.shape) for t in every if t.shape)
    head: StyledLine = ((f"{plural(len(every), 'tensor')}, {count(total)} parameters", "title"),)
    lines: list[StyledLine] = [head, ()]
    for tensor in every:
        shape = " × ".join(map(str, tensor.shape))
        name = (f"{tensor.name:<{width}}  ", "")
        kind = (f"{tensor.type:<8}", "syntax-keyword")
        lines.append((name, kind, (shape, "syntax-number")))
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


def _name_in_heading(show: Show) -> str | None:
    """Return the name that the server's Modelfile has in its heading; None when it has none."""
    lines = show.modelfile.split("\n", HEADING_LINES)[:HEADING_LINES]
    found = (line.removeprefix("# FROM ") for line in lines if line.startswith("# FROM "))
    return next(found, None)


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
    """Return each metadata value as its JSON text; long lists stay text and so stay cheap.

    Go escapes `<`, `>` and `&` for the sake of web pages: they are shown as they are, `<|im_end|>`.
    """
    values = {**verbose.projector_info, **verbose.model_info}
    texts = {}
    for key, value in values.items():
        parts = bytes(value).split(rb"\\")  # an escaped backslash begins no other escape
        for escape, character in ((rb"\u003c", b"<"), (rb"\u003e", b">"), (rb"\u0026", b"&")):
            parts = [part.replace(escape, character) for part in parts]
        texts[key] = rb"\\".join(parts).decode("utf-8", "replace")
    return texts
