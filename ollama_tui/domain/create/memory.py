"""What the model being made in the form takes in memory."""

from __future__ import annotations

import msgspec

from ollama_tui.domain.create.form import CreateForm
from ollama_tui.domain.memory.footprint import Load
from ollama_tui.domain.memory.shape import quantized
from ollama_tui.domain.memory.words import FitWords, fit_words
from ollama_tui.domain.model_memory import shape_of_model
from ollama_tui.domain.quantization import quantize_targets

CONTEXT = "num_ctx"
"""The parameter that memory depends on."""


def memory_words(form: CreateForm, num_ctx: int = 0) -> FitWords | None:
    """Return what the model takes with a context, or with that of the form.

    None where the shape of its base is not known.
    """
    model = form.base_model
    if model is None:
        return None
    facts = model.facts or form.inherited.facts
    shape = shape_of_model(msgspec.structs.replace(model, facts=facts))
    if shape is None:
        return None
    target = next((t for t in quantize_targets(model) if t.type == form.quantize), None)
    if target is not None and model.size:
        shape = quantized(shape, target.bytes / model.size)
    return fit_words(shape, Load(num_ctx or own_context(form)), form.available)


def own_context(form: CreateForm) -> int:
    """Return the tokens that the new model asks for by itself; 0 where the server decides."""
    for parameters in (form.sent_parameters, form.inherited.parameters):
        value = parameters.get(CONTEXT)
        if isinstance(value, int) and not isinstance(value, bool):
            return max(0, value)
    return 0
