"""What a model's memory depends on is asked for in full only where show leaves it out."""

from __future__ import annotations

import json
from typing import Any

from ollama_tui.api.errors import NotFound
from ollama_tui.api.replies import Show, Tensor, VerboseShow
from ollama_tui.domain.memory.shape import Basis
from ollama_tui.services.model_facts import ModelFacts
from tests.domain.memory.shapes import attention, metadata
from tests.domain.models import a_model

OWN = {"block_count": 3, "embedding_length": 256}
LEFT_OUT = metadata("llama", **OWN, **attention(8, None, 64))
WHOLE = metadata("llama", **OWN, **attention(8, [2, 1, 2], 64))
TENSORS = [Tensor("token_embd.weight", "F16", [256, 1000])]
MODEL = a_model("m:latest", digest="a" * 64)


class Server:
    """Answers show and counts the verbose ones."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.verbose: list[str] = []
        self.refuses = refuses

    async def show(self, model: str, *, runner: str = "") -> Show:
        parameters = "num_ctx                        8192"
        return Show(model_info=LEFT_OUT, tensors=TENSORS, parameters=parameters)

    async def show_verbose(self, model: str, *, runner: str = "") -> VerboseShow:
        self.verbose.append(model)
        if self.refuses:
            raise NotFound("The model is gone.")
        info = {key: json.dumps(value) for key, value in WHOLE.items()}
        junk: dict[str, Any] = {"llama.rope.freqs": "[" + "1," * 100_000, "llama.broken": "{"}
        return VerboseShow(model_info={**info, **junk}, tensors=TENSORS)


async def test_what_show_leaves_out_is_asked_for_once() -> None:
    server = Server()
    facts = ModelFacts(server.show, show_verbose=server.show_verbose)
    await facts.show(MODEL)
    before = facts.by_digest[MODEL.digest].memory
    assert before is not None
    assert (before.needs_verbose, before.basis) == (True, Basis.ESTIMATE)
    for _ in range(2):
        await facts.learn_memory([MODEL])
    after = facts.by_digest[MODEL.digest].memory
    assert after is not None
    assert [tuple(each) for each in after.layers] == [(1, 64, 64, False), (2, 128, 128, False)]
    assert (after.needs_verbose, after.basis, after.num_ctx) == (False, Basis.EXACT, 8192)
    assert server.verbose == ["m:latest"]


async def test_details_that_come_later_take_nothing_away() -> None:
    server = Server()
    facts = ModelFacts(server.show, show_verbose=server.show_verbose)
    await facts.show(MODEL)
    await facts.learn_memory([MODEL])
    known = facts.by_digest[MODEL.digest]
    facts.details.set({})
    await facts.show(MODEL)
    assert facts.by_digest[MODEL.digest] == known


async def test_a_refusal_leaves_an_estimate() -> None:
    server = Server(refuses=True)
    facts = ModelFacts(server.show, show_verbose=server.show_verbose)
    await facts.show(MODEL)
    await facts.learn_memory([MODEL])
    memory = facts.by_digest[MODEL.digest].memory
    assert memory is not None
    assert memory.basis is Basis.ESTIMATE


async def test_models_nobody_knows_are_left_alone() -> None:
    server = Server()
    facts = ModelFacts(server.show, show_verbose=server.show_verbose)
    await facts.learn_memory([MODEL])
    assert server.verbose == []
