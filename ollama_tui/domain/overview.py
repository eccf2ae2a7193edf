"""The overview of a model: what a person asks first, at the same place for every model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import wrap
from typing import TYPE_CHECKING

from ollama_tui.api.replies import Show, Thinking
from ollama_tui.domain.columns import CAPABILITY_WORDS
from ollama_tui.domain.model import Model
from ollama_tui.formatting import (
    UNKNOWN,
    Span,
    StyledLine,
    ago,
    cells,
    clause,
    context,
    exact,
    inert,
    inert_lines,
    listing,
    plural,
    shorten,
    size,
    span,
    until,
)

if TYPE_CHECKING:
    from ollama_tui.domain.storage.usage import Amount, Usage
    from ollama_tui.domain.updates import Upstream

EXACT_FROM = 46
"""Cells from which there are rows for what the top says in round figures: in the pane beside the
list, each row that changes with the cursor costs the link as much as one of the list."""
LABEL_CELLS = 14
"""Cells of the label column."""
BACKUP_LETTERS = len("llamacpp:") + 6
"""Letters of the name of a backup that are shown."""
PROMPT_LINES = 6
"""Lines of the system prompt that are shown."""
HEADING_LINES = 6
"""Lines at the top of a server's Modelfile that may hold its name."""
FIGURE_CELLS = len("128K"), len("4.7 GB")
"""Cells of a context and of a size."""
DOT = " · "
"""Between two facts of a line."""
PENDING = "…"
"""Stands for a figure that is not known yet."""
ENOUGH_WATCHED = timedelta(days=1)
"""From then on it says something that a model was never seen running."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """What deleting a model frees, and what of it stays because others use it."""

    frees: Amount
    shared: int
    """Bytes that stay, licenses and templates aside."""
    names: tuple[str, ...]
    """The models that use them."""

    @classmethod
    def of(cls, model: Model, usage: Usage) -> Sharing:
        """Return what `usage` says of one model."""
        names = (model.name,)
        shared = usage.significantly_shared(model.name)
        return cls(usage.freed(names), shared, usage.kept_for(names))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known about a model beside what list and show say of it."""

    sharing: Sharing | None = None
    """None while it is not known."""
    update: Upstream | None = None
    """What its registry said, if it was asked."""
    watched_since: datetime | None = None
    """Since when runs of its server's models are noted."""


def overview(
    model: Model,
    show: Show | None,
    *,
    now: datetime,
    width: int = 80,
    also: Sequence[str] = (),
    around: Surroundings | None = None,
) -> list[StyledLine]:
    """Return the facts a person asks for first; without `around` only what the server says.

    `also` are the other names of the same digest. What every model has comes first, in one row
    each, so that from model to model only values change on the screen; what wraps or may be missing
    comes after.
    """
    lines = [*_head(model, show, now, width)]
    lines += [(), _heading("In memory"), *_in_memory(model, around, now, width)]
    lines += [(), _heading("On disk"), *_on_disk(model, around, width), (), _heading("Model")]
    for label, value in (*_facts(model, width), *_more(model, show, also)):
        lines += _row(label, value, width) if value else []
    lines += _kept(model, width)
    if show is not None and show.system:
        prompt = show.system.strip().splitlines()
        lines += [(), _heading("System prompt")]
        lines += [((line, ""),) for line in prompt[:PROMPT_LINES]]
        if (more := len(prompt) - PROMPT_LINES) > 0:
            lines.append(((f"… {plural(more, 'more line')}", "muted"),))
    return lines


def _heading(title: str) -> StyledLine:
    return ((title, "accent strong"),)


def _row(label: str, value: str, width: int, style: str = "") -> Iterable[StyledLine]:
    """Yield a label and its value, wrapped beside it."""
    for part in wrap(value, max(width - LABEL_CELLS, 10), break_on_hyphens=False):
        yield ((f"{label:<{LABEL_CELLS}}", "muted"), (part, style))
        label = ""


def _head(model: Model, show: Show | None, now: datetime, width: int) -> Iterator[StyledLine]:
    """Yield what it is, what it can, and how big and old it is: a line each where they fit."""
    details = model.listed.details
    cloud = [("cloud", "cloud")] if model.is_cloud else []
    rest = [(details.quantization_level, "strong"), (details.family, "strong"), *cloud]
    parameters, tokens = details.parameter_size, model.context_length
    many = f"{parameters} parameters" if parameters else ""
    usual, short = [(many, "strong"), *rest], [(parameters, "strong"), *rest]
    if not any(text for text, _ in usual[:3]):
        usual = short = [(UNKNOWN, "strong"), *cloud]
    yield from _facts_in_a_line(usual, short, width)
    yield capability_words(model, show)
    modified = model.listed.modified_at
    # Figures of one width in the pane beside the list: what follows is not sent again on each move.
    of_context, of_size = (0, 0) if width >= EXACT_FROM else FIGURE_CELLS
    figure = context(tokens).rjust(of_context)
    rest = [
        (size(model.size).rjust(of_size) if _has_size(model) else "", "muted"),
        (ago(modified, now) if modified else "", "muted"),
    ]
    usual, short = (
        [(f"{word} {figure}" if tokens else "", "muted"), *rest] for word in ("context", "ctx")
    )
    yield from _facts_in_a_line(usual, short, width)


def _facts_in_a_line(usual: Sequence[Span], short: Sequence[Span], width: int) -> list[StyledLine]:
    """Return facts with dots between them, the short ones if only those fit into a line.

    Where neither do, a line ends with a fact, not with a dot.
    """
    lines = _joined(usual, width)
    in_short = _joined(short, width) if len(lines) > 1 else lines
    return in_short if len(in_short) == 1 else lines


def _joined(facts: Sequence[Span], width: int) -> list[StyledLine]:
    lines: list[list[Span]] = [[]]
    room = width
    for text, style in facts:
        taken = cells(inert(text)) + (len(DOT) if lines[-1] else 0)
        if not text:
            continue
        if lines[-1] and taken > room:
            lines.append([])
            room, taken = width, taken - len(DOT)
        lines[-1] += [(DOT, lines[-1][-1][1]), (text, style)] if lines[-1] else [(text, style)]
        room -= taken
    return [tuple(line) or (("", ""),) for line in lines]


def capability_words(model: Model, show: Show | None) -> StyledLine:
    """Return what a model can, each in its colour and in a fixed order.

    Completion, which nearly all can, is left out where there is more to say.
    """
    able = model.capabilities
    if show is not None and show.capabilities:
        able = frozenset(show.capabilities)
    if able is None:
        return (("capabilities not known yet", "muted"),)
    words = [(word, f"can-{word}") for word in CAPABILITY_WORDS if word in able]
    unusual = able.difference(CAPABILITY_WORDS, ("completion",))
    words += [(word, "muted") for word in sorted(unusual)]
    if not words and able:
        words = [("completion", "muted")]
    spans = [span for word in words for span in (word, ("  ", ""))]
    return tuple(spans[:-1]) or ((UNKNOWN, "muted"),)


def _has_size(model: Model) -> bool:
    return bool(model.size) and not model.is_cloud


# ---- what is known around it


def _in_memory(
    model: Model, around: Surroundings | None, now: datetime, width: int
) -> Iterator[StyledLine]:
    runner = model.running
    if runner is None:
        yield from _row("Loaded", "no", width)
    else:
        said = f"{size(runner.size)}, {processor(runner.size, runner.size_vram)}"
        yield from _row("Loaded", said, width, "loaded")
    if around is not None:
        yield from _row("Last run", last_run(model, around.watched_since, now), width)


def last_run(model: Model, watched_since: datetime | None, now: datetime) -> str:
    """Return when `model` was last seen running; until when it stays if it runs now."""
    if model.running is not None:
        expires = until(model.running.expires_at, now)
        ends = {"forever": "now, and stays loaded", "stopping": "now, and is unloading"}
        ends["never"] = "now"  # the server does not say
        return ends.get(expires, f"now, {expires.removesuffix(' from now')} left")
    if model.last_run is not None:
        return ago(model.last_run, now)
    # What came after the first look was watched for as long as it is there.
    times = [t for t in (watched_since, model.listed.modified_at) if t is not None]
    watched = now - max(times) if watched_since is not None else timedelta()
    if watched < ENOUGH_WATCHED:
        return "not seen yet"
    return f"not seen in {span(watched)}"


def _on_disk(model: Model, around: Surroundings | None, width: int) -> Iterator[StyledLine]:
    if width >= EXACT_FROM:
        yield from _row("Size", exact(model.size) if _has_size(model) else UNKNOWN, width)
    if around is None:
        return
    found, sharing = around.update, around.sharing
    if model.is_cloud:
        yield from _row("Frees", UNKNOWN, width)
    elif sharing is None:
        yield from _row("Frees", PENDING, width)
    else:
        shares = f", shares {size(sharing.shared)}" if sharing.shared else ""
        # What the top says too is as quiet as there, which costs the link less.
        style = "" if shares else "muted"
        yield from _row("Frees", f"{sharing.frees}{shares}", width, style)
    more: list[StyledLine] = []
    if sharing is not None and sharing.names:
        more += _row("Shared with", ", ".join(map(inert, sharing.names)), width)
    yield from _update(model, found, width)
    yield from more


def _update(model: Model, found: Upstream | None, width: int) -> Iterator[StyledLine]:
    """Yield whether there is something newer, what it costs and what it changes."""
    if found is None:
        yield from _row("Update", "not checked", width)
        return
    from ollama_tui.domain.updates import UpdateStatus, update_status

    match update_status(model, found):
        case None:
            yield from _row("Update", "not checked", width)
        case UpdateStatus.CURRENT:
            yield from _row("Update", "up to date", width, "good")
        case UpdateStatus.UNKNOWN:
            yield from _row("Update", f"not known: {clause(found.reason)}", width)
        case UpdateStatus.OUTDATED:
            fetch = f"{size(found.to_fetch)} of {size(found.total)}" if found.missing else "nothing"
            yield from _row("Update", f"available, {fetch} to fetch", width, "outdated")
            if found.changes:
                yield from _row("Changes", listing(found.changes), width)


# ---- what the user keeps


def _kept(model: Model, width: int) -> Iterator[StyledLine]:
    """Yield the note, the tags and the lock, where there are any."""
    if (note := model.note) is None:
        return
    yield ()
    yield _heading("Kept by you")
    if note.locked:
        yield from _row("Locked", "deleting and overwriting ask twice", width, "accent")
    if note.tags:
        yield from _row("Tags", ", ".join(map(inert, note.tags)), width)
    for number, line in enumerate(inert_lines(note.text).splitlines()):
        yield from _row("" if number else "Note", line, width)


# ---- what it is


def _facts(model: Model, width: int) -> Iterator[tuple[str, str]]:
    """Yield labels and values that every model has."""
    details, modified = model.listed.details, model.listed.modified_at
    usual = {"Format": details.format}
    if width >= EXACT_FROM:
        tokens = f"{model.context_length:,} tokens" if model.context_length else ""
        usual = {"Context": tokens, **usual}
        usual["Modified"] = f"{modified.day} {modified:%b %Y, %H:%M}" if modified else ""
    for label, value in usual.items():
        yield label, value or UNKNOWN


def _more(model: Model, show: Show | None, also: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield labels and values that may be empty."""
    listed, details = model.listed, model.listed.details
    families = dict.fromkeys(f for f in (details.family, *(details.families or ())) if f)
    yield "Same as", ", ".join(map(inert, also))
    if len(families) > 1:
        yield "Families", shorten(inert(", ".join(families)), 48)
    if model.running is not None and model.running.context_length:
        yield "Loaded with", f"context of {model.running.context_length:,} tokens"
    yield from _manifests(model, show)
    yield "Runs at", listed.remote_host
    yield "Cloud model", listed.remote_model
    yield "Embedding", f"{details.embedding_length:,}" if details.embedding_length else ""
    yield "Thinks", thinking(show.thinking) if show and show.thinking else ""
    yield "Template from", show.template_source.replace("_", " ") if show else ""
    yield "Requires", f"Ollama {show.requires} or later" if show and show.requires else ""
    yield "Made from", details.parent_model


def _manifests(model: Model, show: Show | None) -> Iterator[tuple[str, str]]:
    """Yield what runs a model, the manifests of its name, and what the server keeps it as."""
    yield "Runner", model.runner
    every = show.manifests if show is not None else []
    # Details are kept by digest: those of an alias are about the list of another name.
    is_own = show is not None and name_in_heading(show) in (None, model.name)
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


def name_in_heading(show: Show) -> str | None:
    """Return the name that the server's Modelfile has in its heading; None when it has none."""
    lines = show.modelfile.split("\n", HEADING_LINES)[:HEADING_LINES]
    found = (line.removeprefix("# FROM ") for line in lines if line.startswith("# FROM "))
    return next(found, None)


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
