"""What can be imported, what is sent for it, and why something cannot."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ollama_tui.domain.names import new_name_problem
from ollama_tui.importing.inspect import weights_source
from ollama_tui.importing.local_file import BadFile
from ollama_tui.importing.source import suggestion
from tests.importing.making import (
    ADAPTER,
    CONFIG,
    MODEL,
    PROJECTOR,
    Plain,
    gguf,
    safetensors,
    write_folder,
    write_split,
)


def put(
    folder: Path,
    name: str,
    metadata: dict[str, Plain] = MODEL,
    shapes: list[tuple[int, ...]] | None = None,
) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gguf(metadata, [(64, 32)] if shapes is None else shapes))
    return path


def keys(*paths: Path) -> list[str]:
    return [file.key for file in weights_source(*paths).files]


def refusal(*paths: Path) -> str:
    with pytest.raises(BadFile) as caught:
        weights_source(*paths)
    return str(caught.value)


# ---- GGUF


def test_one_gguf_is_sent_under_its_own_name(tmp_path: Path) -> None:
    path = put(tmp_path, "Tiny-Qwen-F16.gguf")
    source = weights_source(path)
    [file] = source.files
    assert (file.path, file.key, file.adapter) == (path, "Tiny-Qwen-F16.gguf", False)
    assert file.size == source.size == path.stat().st_size
    assert (source.form, source.architecture, source.quantization) == ("GGUF", "qwen3", "F16")
    assert (source.parameters, source.context_length, source.tensors) == (2048, 40960, 1)
    assert source.suggestion == "tiny-qwen:f16"
    assert not source.needs_base
    assert source.warnings == ()


def test_any_name_will_do_for_a_gguf(tmp_path: Path) -> None:
    assert keys(put(tmp_path, "sha256-0123")) == ["sha256-0123"]
    assert weights_source(put(tmp_path, "sha256-0123")).suggestion == "tiny-qwen"


def test_a_link_that_is_named_itself_is_followed(tmp_path: Path) -> None:
    path = put(tmp_path, "store/a.gguf")
    link = tmp_path / "link.gguf"
    link.symlink_to(path)
    assert keys(link) == ["link.gguf"]
    assert weights_source(link).size == path.stat().st_size


def test_weights_and_projector_go_together(tmp_path: Path) -> None:
    model, eyes = put(tmp_path, "m.gguf"), put(tmp_path, "mmproj.gguf", PROJECTOR)
    source = weights_source(eyes, model)
    assert [file.key for file in source.files] == ["mmproj.gguf", "m.gguf"]
    assert source.architecture == "qwen3"
    assert source.parameters == 2048
    assert keys(tmp_path) == ["m.gguf", "mmproj.gguf"]


def test_files_of_two_folders_keep_their_paths_apart(tmp_path: Path) -> None:
    model, eyes = put(tmp_path, "a/m.gguf"), put(tmp_path, "b/c/m.gguf", PROJECTOR)
    assert keys(model, eyes) == ["a/m.gguf", "b/c/m.gguf"]


def test_a_projector_beside_the_model_is_pointed_out(tmp_path: Path) -> None:
    model = put(tmp_path, "m.gguf")
    put(tmp_path, "mmproj-F16.gguf", PROJECTOR)
    assert weights_source(model).warnings == ("For vision, give the path of mmproj-F16.gguf too.",)


@pytest.mark.parametrize("given", [0, 1, 2])
def test_any_part_of_a_split_model_stands_for_all(given: int, tmp_path: Path) -> None:
    parts = write_split(tmp_path, "big", 3)
    source = weights_source(parts[given])
    assert [file.key for file in source.files] == [part.name for part in parts]
    assert (source.tensors, source.parameters) == (3, 3 * 2048)
    assert (source.architecture, source.suggestion) == ("qwen3", "big")


def test_a_folder_of_a_split_model_is_that_model(tmp_path: Path) -> None:
    parts = write_split(tmp_path, "big", 2)
    assert keys(tmp_path) == [part.name for part in parts]
    assert keys(*reversed(parts)) == [part.name for part in parts]


def test_missing_parts_are_named(tmp_path: Path) -> None:
    first, second, third = write_split(tmp_path, "big", 3)
    second.unlink()
    said = "1 of 3 parts are missing: big-00002-of-00003.gguf."
    assert refusal(first) == said
    assert refusal(first, third) == said
    assert refusal(tmp_path) == said


def test_an_adapter_needs_a_base(tmp_path: Path) -> None:
    source = weights_source(put(tmp_path, "lora.gguf", ADAPTER))
    assert source.needs_base
    assert [file.adapter for file in source.files] == [True]
    assert source.architecture == "llama"
    assert source.targets == ()


def test_an_adapter_with_its_model_needs_none(tmp_path: Path) -> None:
    source = weights_source(put(tmp_path, "m.gguf"), put(tmp_path, "lora.gguf", ADAPTER))
    assert not source.needs_base
    assert [file.adapter for file in source.files] == [False, True]


QUANTIZABLE = [(0, ["F16", "Q8_0", "Q4_K_M", "Q4_K_S"]), (1, ["Q8_0", "Q4_K_M", "Q4_K_S"])]


@pytest.mark.parametrize(("file_type", "types"), [*QUANTIZABLE, (7, []), (15, []), (999, [])])
def test_only_full_precision_can_be_quantized(
    file_type: int, types: list[str], tmp_path: Path
) -> None:
    path = put(tmp_path, "m.gguf", {**MODEL, "general.file_type": file_type})
    source = weights_source(path)
    assert [target.type for target in source.targets] == types
    assert all(0 < target.bytes < source.size for target in source.targets)


def test_a_projector_keeps_its_size_when_the_model_is_quantized(tmp_path: Path) -> None:
    model, eyes = put(tmp_path, "m.gguf"), put(tmp_path, "mmproj.gguf", PROJECTOR)
    alone, together = weights_source(model).targets, weights_source(model, eyes).targets
    grown = {t.type: t.bytes - a.bytes for a, t in zip(alone, together, strict=True)}
    assert set(grown.values()) == {eyes.stat().st_size}


def renamed_part(folder: Path) -> list[Path]:
    first, second = write_split(folder, "big", 2)
    shutil.copy(first, second)
    return [first]


def lone_part(folder: Path) -> list[Path]:
    first, _ = write_split(folder, "big", 2)
    return [first.rename(folder / "model.gguf")]


def wrong_count(folder: Path) -> list[Path]:
    for part in write_split(folder, "big", 2):
        part.rename(folder / part.name.replace("00002.gguf", "00003.gguf"))
    write_split(folder / "more", "x", 0)
    shutil.copy(folder / "big-00002-of-00003.gguf", folder / "big-00003-of-00003.gguf")
    return [folder]


def too_few_tensors(folder: Path) -> list[Path]:
    split = {"split.no": 0, "split.count": 1, "split.tensors.count": 9}
    return [put(folder, "m.gguf", {**MODEL, **split})]


def folder_and_file(folder: Path) -> list[Path]:
    return [write_folder(folder / "m"), put(folder, "m.gguf")]


def pipe(folder: Path) -> list[Path]:
    os.mkfifo(folder / "pipe.gguf")
    return [folder / "pipe.gguf"]


def text_file(folder: Path) -> list[Path]:
    (folder / "notes.txt").write_text("not a model")
    return [folder / "notes.txt"]


REFUSED: list[tuple[Callable[[Path], list[Path]], str]] = [
    (lambda _: [], "Type or paste the path"),
    (lambda f: [f / "gone.gguf"], "gone.gguf does not exist."),
    (lambda f: [f / "m.gguf" / "x"], "x does not exist."),
    (lambda _: [Path("https://hf.co/a/b.gguf")], "That is an address, not a path"),
    (lambda _: [Path("hf.co/a/b")], "That is an address, not a path"),
    (pipe, "pipe.gguf is neither a file nor a folder."),
    (text_file, "notes.txt is not a GGUF file."),
    (lambda f: [put(f, "mmproj.gguf", PROJECTOR)], "mmproj.gguf is only a projector"),
    (lambda f: [put(f, "a.gguf"), put(f, "b.gguf")], "These are 2 models: a and b."),
    (lambda f: [put(f, x, ADAPTER) for x in ("a", "b")], "one adapter at a time"),
    (lambda f: [put(f, "i.gguf", {"general.type": "imatrix"})], "an importance matrix"),
    (lambda f: [put(f, "vocab.gguf", MODEL, [])], "vocab.gguf holds no weights."),
    (lone_part, "model.gguf says it is one of 2 parts, but not by its name"),
    (renamed_part, "big-00002-of-00002.gguf is not part 2: it was renamed."),
    (wrong_count, "says it is one of 2 parts, its name says 3."),
    (too_few_tensors, "Its parts hold 1 tensors in place of 9."),
    (folder_and_file, "Give one folder, or GGUF files"),
]


@pytest.mark.parametrize(("make", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_cannot_be_imported_is_said(
    make: Callable[[Path], list[Path]], words: str, tmp_path: Path
) -> None:
    (tmp_path / "more").mkdir()
    assert words in refusal(*make(tmp_path))


def test_several_models_in_a_folder_have_to_be_chosen_from(tmp_path: Path) -> None:
    put(tmp_path, "a-Q4.gguf")
    put(tmp_path, "a-Q8.gguf")
    assert "holds 2 GGUF files: choose one of them." in refusal(tmp_path)


def test_an_empty_folder_holds_no_model(tmp_path: Path) -> None:
    assert "holds no model: no GGUF file, no safetensors." in refusal(tmp_path)


def test_weights_under_another_name_are_not_taken_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "finetuned.safetensors").write_bytes(safetensors())
    for pasted in (tmp_path, tmp_path / "finetuned.safetensors"):
        assert "none is called model….safetensors" in refusal(pasted)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    folder.chmod(0)
    try:
        assert "may not be read" in refusal(folder)
    finally:
        folder.chmod(0o700)


# ---- folders


def test_a_folder_sends_weights_configuration_and_tokenizer(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "Tiny-Llama", parts=2)
    (folder / "tokenizer.model").write_bytes(b"m")
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    (folder / "2_Normalize").mkdir()
    (folder / "2_Normalize" / "config.json").write_text("{}")
    source = weights_source(folder)
    assert [file.key for file in source.files] == [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "2_Normalize/config.json",
        "chat_template.jinja",
        "tokenizer.model",
    ]
    assert (source.form, source.architecture) == ("safetensors", "LlamaForCausalLM")
    assert (source.parameters, source.tensors, source.quantization) == (64, 2, "BF16")
    assert (source.context_length, source.suggestion) == (8192, "tiny-llama")
    assert [target.type for target in source.targets] == ["F16", "Q8_0", "Q4_K_M", "Q4_K_S"]
    assert source.warnings == ()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_file_of_a_folder_stands_for_the_folder(name: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    assert keys(folder / name) == keys(folder)


WEIGHTS = [
    (["model.safetensors", "consolidated.safetensors", "x.gguf"], ["model.safetensors"]),
    (["model-a.safetensors", "text/model.safetensors"], None),
    (["consolidated.safetensors", "pytorch_model.bin"], ["consolidated.safetensors"]),
    (["pytorch_model.bin", "consolidated.00.pth"], ["pytorch_model.bin"]),
    (["consolidated.00.pth", "other.pth"], ["consolidated.00.pth"]),
]


@pytest.mark.parametrize(("there", "sent"), WEIGHTS)
def test_the_first_kind_of_weights_wins(
    there: list[str], sent: list[str] | None, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    for name in there:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(safetensors())
    assert keys(tmp_path) == [*(sent or there), "config.json"]


def test_pytorch_weights_are_known_by_their_configuration_only(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "pytorch_model.bin").write_bytes(b"PK" + bytes(2000))
    source = weights_source(tmp_path)
    assert (source.form, source.quantization, source.parameters) == ("PyTorch", "BF16", 0)
    assert source.targets


def test_a_missing_configuration_is_said(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    (folder / "config.json").unlink()
    assert refusal(folder) == "m has weights but no config.json, which says what they are."
    assert "config.json must be beside it" in refusal(folder / "model.safetensors")


def test_a_missing_tokenizer_is_a_warning(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    (folder / "tokenizer.json").unlink()
    assert weights_source(folder).warnings == (
        "m has no tokenizer: the server will probably reject it.",
    )


def test_missing_shards_of_a_folder_are_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m", parts=3)
    (folder / "model-00002-of-00003.safetensors").unlink()
    said = "1 of 3 parts are missing: model-00002-of-00003.safetensors."
    assert refusal(folder) == said


@pytest.mark.parametrize("name", ["secret.json", "model.safetensors"])
def test_links_out_of_the_folder_are_refused(name: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    outside = tmp_path / "outside"
    outside.write_bytes(safetensors())
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(outside)
    assert f"{name} is a link to outside of m" in refusal(folder)


def test_links_within_the_folder_are_followed(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    (folder / "more.json").symlink_to(folder / "config.json")
    assert "more.json" in keys(folder)
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert keys(link) == keys(folder)


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    (folder / "a.json").symlink_to(folder / "gone")
    (folder / "b.json").symlink_to(folder / "b.json")
    assert refusal(folder) == "a.json is a broken link."


BROKEN = [
    ("model.safetensors", b"", "model.safetensors is not a safetensors file."),
    ("model.safetensors", b"version https://git-lfs.github.com/spec/v1", "Git LFS pointer"),
    ("model.safetensors", safetensors()[:-1], "ends too early"),
    ("model.safetensors", safetensors()[:40], "is damaged"),
    ("model.safetensors", b"\x02" + bytes(7) + b"[]", "is damaged"),
    ("model.safetensors", b"\x10" + bytes(7) + b'{"w": {"a": 1}} ', "is damaged"),
    ("model.safetensors", b"\xff" * 64, "is not a safetensors file"),
    ("config.json", b"{", "config.json is not valid JSON."),
    ("config.json", b"\xff\xfe", "config.json is not valid JSON."),
    ("config.json", b"[1]", "config.json is not what a model's configuration looks like."),
]


@pytest.mark.parametrize(("name", "data", "words"), BROKEN)
def test_a_broken_file_of_a_folder_is_said(
    name: str, data: bytes, words: str, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "m")
    (folder / name).write_bytes(data)
    assert words in refusal(folder)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"architectures": "Llama", "max_position_embeddings": "many", "text_config": 3},
        {"architectures": [], "torch_dtype": 7, "max_position_embeddings": True},
        {"architectures": [None], "model_type": ["x"]},
    ],
)
def test_odd_configurations_are_a_warning(config: dict[str, object], tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    (folder / "config.json").write_text(json.dumps(config))
    source = weights_source(folder)
    assert (source.architecture, source.context_length) == ("", 0)
    [warning] = source.warnings
    assert "names no architecture" in warning


def test_the_context_of_models_that_see_is_with_their_text(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    seeing = {"architectures": ["G"], "text_config": {"max_position_embeddings": 131072}}
    (folder / "config.json").write_text(json.dumps(seeing))
    assert weights_source(folder).context_length == 131072


def test_a_safetensors_adapter_sends_its_configuration_and_tensors(tmp_path: Path) -> None:
    folder = tmp_path / "my-lora"
    folder.mkdir()
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "meta/llama"}')
    (folder / "adapter_model.safetensors").write_bytes(safetensors("F32"))
    (folder / "README.md").write_text("x")
    for pasted in (folder, folder / "adapter_model.safetensors"):
        source = weights_source(pasted)
        assert source.needs_base
        assert [(file.key, file.adapter) for file in source.files] == [
            ("adapter_model.safetensors", True),
            ("adapter_config.json", True),
        ]
        assert source.suggestion == "my-lora"
        assert "llama and gemma2" in source.warnings[0]


def test_an_adapter_configuration_alone_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    assert "but no safetensors file beside it" in refusal(tmp_path)


def test_names_that_are_no_text_can_be_sent(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"m\xff.gguf")
    try:
        path.write_bytes(gguf())
    except OSError:
        pytest.skip("this file system takes text only")
    [key] = keys(path)
    assert key.encode() == "m\ufffd.gguf".encode()


# ---- names

NAMED = [
    ("Qwen3-1.7B-Q4_K_M", "Q4_K_M", "qwen3-1.7b:q4_k_m"),
    ("Qwen3-1.7B.f16", "F16", "qwen3-1.7b:f16"),
    ("Qwen3-1.7B-UD-Q4_K_M", "Q8_0", "qwen3-1.7b-ud-q4_k_m"),
    ("model", "F16", "from-the-header"),
    ("ggml-model-f16", "F16", "from-the-header:f16"),
    ("F16", "F16", "f16"),
    ("My Model (final)!", "", "my-model-final"),
    ("a" * 100, "", "a" * 80),
    ("模型", "", "from-the-header"),
]


@pytest.mark.parametrize(("stem", "quantization", "name"), NAMED)
def test_a_name_is_made_of_the_files_name(stem: str, quantization: str, name: str) -> None:
    assert suggestion(stem, quantization, "From the header") == name


@example("", "", "000000000000")  # a server would read it as a digest
@given(st.text(), st.sampled_from(["", "unknown", "F16", "Q4_K_M"]), st.text())
def test_every_suggestion_is_a_name(stem: str, quantization: str, other: str) -> None:
    assert new_name_problem(suggestion(stem, quantization, other)) is None
    assert new_name_problem(suggestion(f"{stem}-{quantization}", quantization, other)) is None
