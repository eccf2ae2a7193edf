"""What a model takes in memory and whether that fits, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ollama_tui.domain.memory.available import AvailableMemory
from ollama_tui.domain.memory.fit import (
    Fit,
    Fits,
    fit,
    largest_context,
    server_context,
    verdict,
)
from ollama_tui.domain.memory.footprint import LARGEST_CONTEXT, Load, Totals
from ollama_tui.domain.memory.shape import Basis, MemoryShape
from ollama_tui.formatting import cells, context, size

_SIGNS = {Basis.EXACT: "", Basis.BOUND: "≤ ", Basis.ESTIMATE: "about "}
USUAL = Load(0)
"""What the server takes where nothing is asked for."""


class FitWords(NamedTuple):
    """What there is to say of a model: pieces without a full stop, each of which may be empty."""

    amount: str
    """All that it takes, and how sure that is: `10 GB`, `≤ 10 GB`, `about 10 GB`."""
    tokens: str
    """The context that this is for: `32K`."""
    is_cut: bool
    """Whether more was asked for than the model was trained with."""
    of: str
    """What there is, where that is less: `25 GB`."""
    judgement: str
    """`fits fully`, `fits partly`, `does not fit`."""
    largest: str
    """`largest context that fits: 48K`."""
    largest_in_short: str
    """`up to 48K`."""
    fits: Fits | None
    """How much of it is on GPUs; None when that is not known."""

    @property
    def forms(self) -> tuple[str, ...]:
        """All of it as one clause, from the longest form to the shortest."""
        amount = f"{self.amount} of {self.of}" if self.of else self.amount
        at = f" at {self.tokens}" if self.tokens else ""
        whole = at and f"{at} of context{', its most' if self.is_cut else ''}"
        said = f": {self.judgement}" if self.judgement else ""
        largest = f"; {self.largest}" if self.largest else ""
        short = f", {self.largest_in_short}" if self.largest_in_short else ""
        every = (
            f"{amount}{whole}{said}{largest}", f"{amount}{at}{said}{largest}",
            f"{amount}{at}{said}{short}", f"{self.amount}{at}{said}{short}",
            f"{self.amount}{at}{said}", f"{self.amount}{said}", self.amount,
        )  # fmt: skip
        return tuple(dict.fromkeys(every))

    def longest(self, width: int) -> str:
        """Return the longest form that takes at most `width` cells, or the shortest of all."""
        return next((form for form in self.forms if cells(form) <= width), self.forms[-1])


def fit_sentence(shape: MemoryShape, load: Load, available: AvailableMemory | None) -> str:
    """Return all that `fit_words` says as one clause, without a full stop."""
    return fit_words(shape, load, available).forms[0]


def fit_words(
    shape: MemoryShape, load: Load = USUAL, available: AvailableMemory | None = None
) -> FitWords:
    """Return how a model fits when it is loaded so.

    A context of 0 stands for the one that the server takes by itself; a larger one than the model
    was trained with is cut to that, as the server does. Raises KeyError for an unknown KV type.
    """
    tokens = load.context if load.context > 0 else server_context(shape, available)
    most = shape.context_length or LARGEST_CONTEXT
    is_cut = tokens > most
    load = replace(load, context=min(tokens, most, LARGEST_CONTEXT))
    found = fit(shape, load, available)
    words = FitWords(
        amount_words(found),
        context(load.context),
        is_cut,
        _of(found.fits, available),
        judgement(found.fits, available),
        "",
        "",
        found.fits,
    )
    largest = largest_context(shape, load, available)
    is_all_said = found.fits is Fits.GPU and largest == load.context
    if largest is None or is_all_said:
        return words
    fully = "" if found.fits is Fits.GPU else " fully"
    if not largest:
        return words._replace(largest=f"no context fits{fully}", largest_in_short="")
    limit = context(largest)
    return words._replace(
        largest=f"largest context that fits{fully}: {limit}",
        largest_in_short=f"{fully.strip()} up to {limit}".strip(),
    )


def amount_words(found: Fit) -> str:
    """Return what is taken and how sure that is: `10 GB`, `≤ 10 GB`, `about 10 GB`."""
    return f"{_SIGNS[found.basis]}{size(found.footprint.total)}"


def judgement(fits: Fits | None, available: AvailableMemory | None) -> str:
    """Return whether something fits in two or three words; empty when nobody knows."""
    if fits is None:
        is_more = available is not None and available.at_least
        return "more than was seen in use" if is_more else ""
    if fits is Fits.PARTLY and available is not None and not available.gpu_bytes:
        return "fits in main memory"
    return {Fits.GPU: "fits fully", Fits.PARTLY: "fits partly", Fits.NO: "does not fit"}[fits]


def weights_words(weights: int, available: AvailableMemory | None) -> FitWords:
    """Return what is known of a model of which nothing but the bytes of its weights are known.

    It takes more than that, so it is never said to fit.
    """
    fits = verdict(Totals(weights, weights), available) if available is not None else None
    says_no = fits is Fits.NO or (fits is Fits.PARTLY and available and available.gpu_bytes)
    said = "" if not says_no else "does not fit" + ("" if fits is Fits.NO else " fully")
    amount = f"at least {size(weights)}, the weights alone"
    return FitWords(amount, "", False, "", said, "", "", fits if says_no else None)


def _of(fits: Fits | None, available: AvailableMemory | None) -> str:
    """Return what memory there is, where a model needs more."""
    if available is None or fits in (None, Fits.GPU):
        return ""
    if fits is Fits.PARTLY:
        return size(available.gpu_bytes) if available.gpu_bytes else ""
    shared = any(device.integrated for device in available.devices)
    return size((available.ram or 0) + (0 if shared else available.gpu_bytes))
