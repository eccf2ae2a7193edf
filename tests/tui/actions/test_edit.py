"""Starting over from the weights: what is sent, and when it is not offered."""

from __future__ import annotations

from pathlib import Path

from ollama_tui.api.replies import Show
from ollama_tui.api.requests import CreateRequest
from ollama_tui.domain.modelfile.convert import ModelfileRequest, request_from
from ollama_tui.domain.modelfile.syntax import parse, write
from ollama_tui.importing.local_file import LocalFile
from ollama_tui.importing.source import Source
from ollama_tui.tui.actions.edit import Edit, edit_of, from_weights, whole_modelfile
from tests.domain.models import a_model

WEIGHTS, OTHER = "a" * 64, "b" * 64
WANTED = ModelfileRequest(CreateRequest(model="m:1", from_="m:1", system="New."))


def shown(*head: str) -> Show:
    return Show(modelfile="\n".join([*head, "TEMPLATE x", ""]), license="MIT")


def test_the_weights_stand_in_for_the_model_and_what_no_text_could_say_is_sent_again() -> None:
    request = from_weights(WANTED, shown(f"FROM /models/blobs/sha256-{WEIGHTS}"), ("MIT",))
    assert request is not None
    assert request.from_ == ""
    assert request.files == {"model.gguf": f"sha256:{WEIGHTS}"}
    assert request.license == ["MIT"]
    assert request.system == "New."


def test_several_licenses_stay_several_and_to_the_letter() -> None:
    modelfile = f"FROM /m/blobs/sha256-{WEIGHTS}\nTEMPLATE x\nLICENSE MIT\u00a0\nLICENSE Apache\n"
    show = Show(modelfile=modelfile, license="MIT\u00a0\nApache")
    text = write(whole_modelfile(show, "m:1"))
    request = from_weights(request_from(parse(text), "m:1"), show)
    assert request is not None
    assert request.license == ["MIT\u00a0", "Apache"]


def test_licenses_no_modelfile_can_hold_are_left_out_of_the_text() -> None:
    show = Show(license='one"""\ntwo')
    assert write(whole_modelfile(show, "m:1")) == "FROM m:1\n"


def test_a_projector_goes_along() -> None:
    head = [f"FROM /models/blobs/sha256-{digest}" for digest in (WEIGHTS, OTHER)]
    request = from_weights(WANTED, shown(*head))
    assert request is not None
    assert set(request.files.values()) == {f"sha256:{WEIGHTS}", f"sha256:{OTHER}"}


def test_an_adapter_and_a_draft_go_along_as_what_they_are() -> None:
    weights = f"FROM /m/blobs/sha256-{WEIGHTS}"
    for word, key in (("ADAPTER", "adapters"), ("DRAFT", "draft_files")):
        request = from_weights(WANTED, shown(weights, f"{word} /m/blobs/sha256-{OTHER}"))
        assert request is not None
        assert request.files == {"model.gguf": f"sha256:{WEIGHTS}"}
        assert list(getattr(request, key).values()) == [f"sha256:{OTHER}"]


def test_it_is_not_offered_where_a_part_is_unknown_or_the_server_would_refuse_it() -> None:
    weights, adapter = f"FROM /m/blobs/sha256-{WEIGHTS}", f"ADAPTER /m/blobs/sha256-{OTHER}"
    assert from_weights(WANTED, shown(weights, "ADAPTER /somewhere/lora.gguf")) is None
    assert from_weights(WANTED, shown(weights, adapter, adapter)) is None


def edited(text: str, *, license: str = "", files: tuple[LocalFile, ...] = ()) -> Edit:
    """Return what the text comes to for a model with a system prompt and one parameter."""
    show = Show(
        system="Old.",
        parameters="top_k 40",
        license=license,
        modelfile=f"FROM /m/blobs/sha256-{WEIGHTS}\nTEMPLATE x\nSYSTEM Old.\n",
    )
    before = whole_modelfile(show, "m:1")
    source = Source("Modelfile", files)
    return edit_of(a_model("m:1"), show, before, request_from(parse(text), "m:1"), source)


SAME = "FROM m:1\nSYSTEM Old.\nPARAMETER top_k 40\n"


def test_one_changed_parameter_is_all_that_is_sent() -> None:
    change = edited(SAME.replace("40", "20"))
    assert change.task.request == CreateRequest("m:1", "m:1", parameters={"top_k": 20})
    assert (change.fresh, change.notes) == (None, ())
    assert edited(SAME).is_nothing
    assert edited(SAME.replace("m:1", "M:1")).is_nothing


def test_what_create_cannot_undo_is_offered_by_starting_over() -> None:
    change = edited("FROM m:1\nPARAMETER top_k 40\n")
    assert "cannot clear the system prompt" in change.notes[0]
    assert change.fresh is not None
    assert change.fresh.request.files == {"model.gguf": f"sha256:{WEIGHTS}"}


def test_starting_over_is_no_answer_to_a_retired_parameter() -> None:
    change = edited(SAME + "PARAMETER mirostat 1\n")
    assert change.fresh is None
    assert not change.is_nothing


def test_files_that_it_names_are_sent() -> None:
    lora = LocalFile(Path("lora.gguf"), "lora.gguf", 2_000_000, adapter=True)
    change = edited(SAME + "ADAPTER lora.gguf\n", files=(lora,))
    assert change.task.files == (lora,)
    assert change.notes == ("2 MB in 1 file to upload first.",)
    assert not change.is_nothing


def test_licenses_add_up_and_that_is_said() -> None:
    change = edited(SAME + "LICENSE MIT\nLICENSE Apache\n", license="MIT")
    assert change.task.request.license == ["Apache"]
    assert change.notes == ("Licenses add up: the model keeps its own beside the new one.",)


def test_a_license_left_as_it_is_is_not_sent_and_one_taken_out_can_be_cleared() -> None:
    assert edited(SAME + "LICENSE MIT\n", license="MIT").is_nothing
    change = edited(SAME, license="MIT")
    assert change.task.request.license == []
    assert "cannot clear the license" in change.notes[0]
    assert change.fresh is not None
    assert change.fresh.request.license == []
    changed = edited(SAME + "LICENSE BSD\n", license="MIT")
    assert changed.fresh is not None
    assert changed.fresh.request.license == ["BSD"]


def test_on_top_of_another_model_the_licenses_are_sent_that_the_text_has() -> None:
    assert edited("FROM other\nLICENSE MIT\n", license="MIT").task.request.license == ["MIT"]


def test_it_is_not_offered_without_weights_of_ones_own() -> None:
    assert from_weights(WANTED, shown("FROM base:latest")) is None
