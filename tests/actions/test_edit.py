"""Starting over from the weights: what is sent, and when it is not offered."""

from __future__ import annotations

from ollama_tui.actions.edit import from_weights
from ollama_tui.api.replies import Show
from ollama_tui.api.requests import CreateRequest
from ollama_tui.catalog.recipe import Recipe

WEIGHTS, OTHER = "a" * 64, "b" * 64
WANTED = Recipe(CreateRequest(model="m:1", from_="m:1", system="New."))


def shown(*head: str) -> Show:
    return Show(modelfile="\n".join([*head, "TEMPLATE x", ""]), license="MIT")


def test_the_weights_stand_in_for_the_model_and_the_license_is_sent_again() -> None:
    request = from_weights(WANTED, shown(f"FROM /models/blobs/sha256-{WEIGHTS}"))
    assert request is not None
    assert request.from_ == ""
    assert request.files == {"model.gguf": f"sha256:{WEIGHTS}"}
    assert request.license == ["MIT"]
    assert request.system == "New."


def test_a_projector_goes_along() -> None:
    head = [f"FROM /models/blobs/sha256-{digest}" for digest in (WEIGHTS, OTHER)]
    request = from_weights(WANTED, shown(*head))
    assert request is not None
    assert set(request.files.values()) == {f"sha256:{WEIGHTS}", f"sha256:{OTHER}"}


def test_it_is_not_offered_where_an_adapter_would_be_taken_for_weights() -> None:
    for word in ("ADAPTER", "DRAFT"):
        head = (f"FROM /m/blobs/sha256-{WEIGHTS}", f"{word} /m/blobs/sha256-{OTHER}")
        assert from_weights(WANTED, shown(*head)) is None


def test_it_is_not_offered_without_weights_of_ones_own() -> None:
    assert from_weights(WANTED, shown("FROM base:latest")) is None
