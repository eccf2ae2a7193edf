"""`fit`: what models take in memory, and which of them fit."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ollama_tui.cli.context import CommandContext, UsageError, add_filter
from ollama_tui.cli.output import complain, print_json, print_lines, table
from ollama_tui.domain.columns import sort
from ollama_tui.domain.memory.available import (
    AvailableMemory,
    Device,
    MemorySource,
    parse_memory,
)
from ollama_tui.domain.memory.fit import (
    Fit,
    Fits,
    fit,
    largest_context,
    server_context,
)
from ollama_tui.domain.memory.footprint import KV_TYPES, LARGEST_CONTEXT, USUAL_KV_TYPE, Load
from ollama_tui.domain.memory.shape import Basis
from ollama_tui.domain.model import Model
from ollama_tui.domain.model_memory import shape_of_model
from ollama_tui.formatting import UNKNOWN, context, listing, size

HELP = "Show what models take in memory, and which of them fit."
EPILOG = """\
Sizes are of all that is loaded: weights, projector, KV cache, recurrent state and compute buffer.
BASIS says how sure the KV cache is: exact, a bound that is not exceeded, or an estimate for an
architecture that nobody has checked. FITS: gpu is all on GPUs, partly is split with main memory.
LARGEST is the largest context with which all of it is on GPUs. 1 GiB of each GPU is left free, as
the server does."""
_TITLES = ("NAME", "CONTEXT", "WEIGHTS", "KV", "COMPUTE", "TOTAL", "BASIS", "FITS", "LARGEST")
_NAMED = 3
_RIGHT = "CONTEXT WEIGHTS KV COMPUTE TOTAL LARGEST"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes."""
    add_filter(parser)
    parser.add_argument(
        "--memory", metavar="SIZE", default="", help="memory of the GPUs, such as 24g (24 GiB)"
    )
    parser.add_argument(
        "--ctx",
        metavar="TOKENS",
        default="",
        help="context of each request, such as 32k (default: what the server takes)",
    )
    parser.add_argument(
        "--kv",
        metavar="TYPE",
        default=USUAL_KV_TYPE,
        help=f"type of the KV cache: {', '.join(KV_TYPES)}",
    )
    parser.add_argument(
        "--parallel", metavar="N", type=int, default=1, help="requests at a time (default: 1)"
    )
    parser.add_argument(
        "--batch",
        metavar="TOKENS",
        type=int,
        default=0,
        help="micro-batch (default: 512 to 2048, by context, as Ollama takes it)",
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """A model and how it fits."""

    model: Model
    fit: Fit | None
    """None where nothing is known of it, as of cloud models."""
    architecture: str = ""
    largest: int | None = None
    trained: int = 0
    """Tokens; 0 when not known."""

    @property
    def is_beyond(self) -> bool:
        """Whether it was trained with fewer tokens than were asked for."""
        return self.fit is not None and 0 < self.trained < self.fit.footprint.load.context


async def run(command: CommandContext) -> int:
    """Print what each model that the filter selects takes."""
    options = command.options
    if options.kv not in KV_TYPES:
        raise UsageError(f"--kv takes one of {', '.join(KV_TYPES)}.")
    for option in ("parallel", "batch"):
        least = 0 if option == "batch" else 1
        if not least <= getattr(options, option) <= LARGEST_CONTEXT:
            raise UsageError(f"--{option} takes a whole number from 1 on.")
    tokens = tokens_from(options.ctx) if options.ctx else 0
    asked = memory_from(options.memory) if options.memory else None
    selected, models = await command.selected(learn=True)
    await command.facts.learn_memory(selected)
    known = command.facts.by_digest
    selected = tuple(
        msgspec.structs.replace(model, facts=known.get(model.digest)) for model in selected
    )
    available = await _available(command, models, asked)
    load = Load(tokens, options.parallel, options.kv, options.batch)
    lines = [_line(model, load, available) for model in sort(selected, "name")]
    command.facts.save()
    if options.json:
        print_json(as_json(command.settings.server, lines, load, available))
    elif not lines:
        complain("No models match." if models else "The server has no models.")
    else:
        print_lines([f"Memory: {available.label if available else 'not known: --memory 24g'}.", ""])
        print_lines(table(_TITLES, map(_cells, lines), _RIGHT))
        print_lines(_notes(lines))
    return 0


def _notes(lines: Sequence[_Line]) -> list[str]:
    """Return what there is to say below the table."""
    beyond = [line.model.label for line in lines if line.is_beyond]
    if not beyond:
        return []
    more = len(beyond) - _NAMED
    names = listing(beyond[:_NAMED] + ([f"{more} more"] if more > 0 else []))
    return [
        "",
        f"Trained with less context than that: {names}.",
        "The server loads a model with no more than it was trained with.",
    ]


def tokens_from(text: str) -> int:
    """Return the tokens of `32768` or `32k`, which is 32,768; raise UsageError."""
    from ollama_tui.domain.filter.quantities import BadValue, tokens

    try:
        number = int(tokens(text.strip().lower()).high)
    except (BadValue, OverflowError):
        number = 0
    if not 0 < number <= LARGEST_CONTEXT:
        raise UsageError("--ctx takes a number of tokens, such as 8192 or 32k.")
    return number


def memory_from(text: str) -> int:
    """Return bytes; raise UsageError."""
    try:
        return parse_memory(text)
    except ValueError as error:
        raise UsageError(f"--memory: {error}") from None


async def _available(
    command: CommandContext, models: Sequence[Model], asked: int | None
) -> AvailableMemory | None:
    """Return the memory asked about, else that of the server; main memory is the server's."""
    found = await command.server_memory(model.running for model in models if model.running)
    if asked is None:
        return found
    ram = found.ram if found else None
    return AvailableMemory(MemorySource.CONFIG, (Device("", asked),), ram=ram, told_by="--memory")


def _line(model: Model, load: Load, available: AvailableMemory | None) -> _Line:
    from dataclasses import replace

    shape = shape_of_model(model)
    if shape is None:
        return _Line(model, None)
    load = replace(load, context=load.context or server_context(shape, available))
    largest = largest_context(shape, load, available)
    found = fit(shape, load, available)
    return _Line(model, found, shape.architecture, largest, shape.context_length)


def _cells(line: _Line) -> tuple[str, ...]:
    found = line.fit
    if found is None:
        return (line.model.label, *[UNKNOWN] * (len(_TITLES) - 1))
    taken = found.footprint
    about = "" if found.basis is Basis.EXACT else "~" if found.basis is Basis.ESTIMATE else "≤"
    return (
        line.model.label,
        context(taken.load.context),
        size(taken.weights + taken.projector),
        about + size(taken.kv_cache + taken.recurrent),
        size(taken.compute),
        size(taken.total),
        found.basis,
        found.fits or UNKNOWN,
        UNKNOWN if line.largest is None else context(line.largest) if line.largest else "0",
    )


def as_json(
    host: str, lines: Sequence[_Line], load: Load, available: AvailableMemory | None
) -> dict[str, Any]:
    """Return everything for programs: bytes and tokens, null for what is not known."""
    return {
        "host": host,
        "memory": {
            "bytes": available.gpu_bytes if available else None,
            "ram": available.ram if available else None,
            "source": (available.told_by or available.source) if available else None,
        },
        "models": [_model_as_json(line, load) for line in lines],
    }


def _model_as_json(line: _Line, load: Load) -> dict[str, Any]:
    found = line.fit
    taken = found.footprint if found else None
    fits: Fits | None = found.fits if found else None
    return {
        "name": line.model.name,
        "architecture": line.architecture or None,
        "context": taken.load.context if taken else load.context or None,
        "parallel": taken.load.parallel if taken else load.parallel,
        "batch": taken.load.batch if taken else load.batch or None,
        "kv_type": load.kv_type,
        "weights": taken.weights if taken else None,
        "projector": taken.projector if taken else None,
        "kv_cache": taken.kv_cache if taken else None,
        "recurrent": taken.recurrent if taken else None,
        "compute": taken.compute if taken else None,
        "total": taken.total if taken else None,
        "basis": found.basis if found else None,
        "fits": fits,
        "largest_context": line.largest,
    }
