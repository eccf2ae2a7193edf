"""Making models on a real server: what goes in comes back, whatever way it went in."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import Unsupported
from ollama_tui.api.replies import ListedModel, Message, Show
from ollama_tui.api.requests import CreateRequest, ParameterValue
from ollama_tui.domain.model import Model
from ollama_tui.domain.modelfile.convert import licenses, request_from, saved
from ollama_tui.domain.modelfile.parameters import merged, parse_show
from ollama_tui.domain.modelfile.syntax import Modelfile, parse, write
from ollama_tui.domain.quantization import quantize_targets
from ollama_tui.importing.source import Source
from ollama_tui.tui.actions.edit import edit_of, from_weights, whole_modelfile
from tests.live.own import LICENSE, PREFIX, OwnModels

pytestmark = pytest.mark.live
licensed = pytest.mark.parametrize(
    "base", ["", LICENSE], indirect=True, ids=["no license", "licensed"]
)

LARGEST = 2 * 10**9
"""Bytes of a model that is quantized for a test."""
LICENSES = ['MIT "License"\n\nsecond "line"', "Apache"]
SYSTEM = 'Say "no".\nAnd """ why, with a " at the end"'
MESSAGES = [Message("user", 'Hi "there"'), Message("assistant", "Hello.\nSecond line.")]
PARAMETERS: dict[str, ParameterValue] = {
    "stop": ["</s>", "<end>\n"],
    "temperature": 0.3,
    "num_ctx": 1048576,
}


async def make(ollama: Ollama, request: CreateRequest) -> Show:
    async with aclosing(ollama.create(request)) as events:
        statuses = [event.status async for event in events]
    assert statuses[-1] == "success"
    return await ollama.show(request.model)


def settings(show: Show) -> dict[str, object]:
    return dict(merged(parse_show(show.parameters)))


@pytest.fixture
async def wanted(base: ListedModel, own: OwnModels) -> CreateRequest:
    return CreateRequest(
        model=own.name("made"),
        from_=base.name,
        system=SYSTEM,
        license=LICENSES,
        parameters=PARAMETERS,
        messages=MESSAGES,
    )


@licensed
async def test_what_was_asked_for_is_shown(
    ollama: Ollama, base: ListedModel, wanted: CreateRequest
) -> None:
    before = await ollama.show(base.name)
    made = await make(ollama, wanted)
    assert made.system == SYSTEM
    assert made.messages == MESSAGES
    assert settings(made) == {**settings(before), **PARAMETERS}
    assert licenses(made) == (*licenses(before), *LICENSES)


@licensed
async def test_one_change_in_the_editor_is_all_that_is_sent(
    ollama: Ollama, wanted: CreateRequest
) -> None:
    made = await make(ollama, wanted)
    before = whole_modelfile(made, wanted.model)
    text = write(before).replace("PARAMETER temperature 0.3", "PARAMETER temperature 0.4")
    change = edit_of(
        Model(ListedModel(wanted.model)),
        made,
        before,
        request_from(parse(text), wanted.model),
        Source("Modelfile", ()),
    )
    assert change.task.request == CreateRequest(
        model=wanted.model, from_=wanted.model, parameters={"temperature": 0.4}
    )
    after = await make(ollama, change.task.request)
    assert settings(after) == {**settings(made), "temperature": 0.4}
    assert (after.system, after.messages, after.license) == (SYSTEM, MESSAGES, made.license)


@licensed
async def test_a_license_taken_out_is_gone_once_it_starts_over_from_its_files(
    ollama: Ollama, wanted: CreateRequest
) -> None:
    made = await make(ollama, wanted)
    before = whole_modelfile(made, wanted.model)
    kept = Modelfile(tuple(c for c in before.commands if c.value != LICENSES[0]))
    fresh = from_weights(request_from(kept, wanted.model), made)
    if fresh is None:
        pytest.skip("The server does not say which files the model has.")
    after = await make(ollama, fresh)
    assert licenses(after) == tuple(text for text in licenses(made) if text != LICENSES[0])
    assert settings(after) == settings(made)
    assert (after.system, after.messages, after.template) == (SYSTEM, MESSAGES, made.template)


@licensed
async def test_a_saved_modelfile_makes_the_same_model(
    ollama: Ollama, base: ListedModel, wanted: CreateRequest, own: OwnModels
) -> None:
    made = await make(ollama, wanted)
    text = saved(wanted.model, made, await ollama.show(base.name))
    again = await make(ollama, request_from(parse(text), own.name("again")).request)
    assert settings(again) == settings(made)
    assert (again.system, again.messages) == (made.system, made.messages)
    assert (again.template, licenses(again)) == (made.template, licenses(made))


async def test_a_model_that_can_be_quantized_is(ollama: Ollama, own: OwnModels) -> None:
    others = [m for m in await ollama.list() if not m.name.startswith(PREFIX)]
    every = [Model(listed) for listed in others]
    fitting = [model for model in every if quantize_targets(model) and model.size < LARGEST]
    if not fitting:
        pytest.skip("The server has no small model in F16, BF16 or F32.")
    source = min(fitting, key=lambda model: model.size)
    for kind in ("Q8_0", "Q4_K_M"):
        request = CreateRequest(model=own.name(kind.lower()), from_=source.name, quantize=kind)
        try:
            show = await make(ollama, request)
        except Unsupported as error:
            pytest.skip(str(error))
        assert show.details.quantization_level == kind
