"""A Modelfile of this machine: told from model files, read with the files it names."""

from __future__ import annotations

from codecs import BOM_UTF16_LE
from pathlib import Path

import pytest

from ollama_tui.api.requests import CreateRequest
from ollama_tui.importing.inspect import LARGEST_MODELFILE, is_modelfile, source_of
from ollama_tui.importing.local_file import BadFile
from ollama_tui.importing.source import Source
from tests.importing.making import ADAPTER, MODEL, PROJECTOR, Plain, gguf, write_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "Mario"
    inside.mkdir()
    return inside


def put(folder: Path, name: str, metadata: dict[str, Plain] = MODEL) -> Path:
    path = folder / name
    path.write_bytes(gguf(metadata))
    return path


def source(folder: Path, text: str | bytes, name: str = "Modelfile") -> Source:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return source_of(path)


def refusal(folder: Path, text: str, name: str = "Modelfile") -> str:
    with pytest.raises(BadFile) as caught:
        source(folder, text, name)
    return str(caught.value)


def request(source: Source) -> CreateRequest:
    assert source.request is not None
    return source.request


def test_a_model_to_start_from_needs_no_file(folder: Path) -> None:
    made = source(folder, "FROM qwen3:8b\nSYSTEM hi\nPARAMETER mirostat 1\n")
    assert request(made) == CreateRequest(model="", from_="qwen3:8b", system="hi")
    assert (made.form, made.files, made.needs_base) == ("Modelfile", (), False)
    assert made.suggestion == "mario"
    assert made.warnings == ("mirostat is retired and left out (line 3).",)


def test_files_are_found_beside_it_and_at_home(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, projector = put(folder, "a.gguf"), put(folder.parent, "mmproj.gguf", PROJECTOR)
    monkeypatch.setenv("HOME", str(folder.parent))
    made = source(folder, "FROM ./a.gguf\nFROM ~/mmproj.gguf\nSYSTEM hi\n")
    assert [file.path for file in made.files] == [path, projector]
    assert (made.form, made.quantization, request(made).from_) == ("GGUF", "F16", "")
    assert made.targets


def test_a_folder_is_a_source_too(folder: Path) -> None:
    write_folder(folder)
    assert source(folder, "FROM .").form == "safetensors"
    assert source(folder, f"FROM {folder}").form == "safetensors"


def test_adapters_and_drafts_are_sent_as_such(folder: Path) -> None:
    for name, metadata in (("a.gguf", MODEL), ("lora.gguf", ADAPTER), ("draft.gguf", MODEL)):
        put(folder, name, metadata)
    made = source(folder, "FROM a.gguf\nADAPTER lora.gguf\nDRAFT draft.gguf")
    assert [(f.key, f.adapter, f.draft) for f in made.files] == [
        ("a.gguf", False, False),
        ("lora.gguf", True, False),
        ("draft.gguf", False, True),
    ]
    named = source(folder, "FROM llama3.2\nADAPTER lora.gguf")
    assert (request(named).from_, named.needs_base) == ("llama3.2", False)


def test_a_named_model_wins_over_files_and_that_is_said(folder: Path) -> None:
    put(folder, "a.gguf")
    made = source(folder, "FROM qwen3:8b\nFROM a.gguf")
    assert made.files == ()
    assert made.warnings == ("FROM qwen3:8b counts, not the files of the other FROM.",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FROM m\nFOO bar", '(line 2): command must be one of "from"'),
        ("FROM m\nPARAMETER num_ctx 8k", "(line 2): invalid int value [8k]."),
        ("FROM m\nPARAMETER heat 1", "(line 2): unknown parameter 'heat'."),
        ("SYSTEM x", "no FROM line."),
        ("FROM ./gone.gguf", "FROM ./gone.gguf is neither a file nor a model"),
        ("FROM m\nADAPTER gone.gguf", "gone.gguf does not exist."),
        ("FROM m\nADAPTER model.gguf", "ADAPTER model.gguf is not an adapter."),
        ("FROM m\nDRAFT gone.gguf", "gone.gguf does not exist."),
    ],
)
def test_what_is_wrong_with_it_is_said(folder: Path, text: str, words: str) -> None:
    put(folder, "model.gguf")
    assert words in refusal(folder, text)


def test_one_that_is_too_large_is_refused(folder: Path) -> None:
    assert "larger than" in refusal(folder, "FROM m\n" + "#" * LARGEST_MODELFILE)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("Modelfile", b"", True),
        ("mario.modelfile", b"SYSTEM x", True),
        ("Modelfile", BOM_UTF16_LE + "FROM m".encode("utf-16-le"), True),
        ("mario.txt", b"# hers\n  FROM qwen3:8b\n", True),
        ("Modelfile", gguf(), False),
        ("Modelfile", b"version https://git-lfs.github.com/spec/v1\n", False),
        ("notes.txt", b"nothing from anyone", False),
        ("weights.bin", b"\0\nFROM m\n", False),
    ],
)
def test_it_is_told_from_other_files(folder: Path, name: str, data: bytes, told: bool) -> None:
    path = folder / name
    path.write_bytes(data)
    assert is_modelfile(path) is told
    assert not is_modelfile(folder)
    assert not is_modelfile(folder / "gone")


@pytest.mark.parametrize("name", ["x" * 5000, "a/" * 3000, "\udc80", "Modelfile/"])
def test_no_path_breaks_it(folder: Path, name: str) -> None:
    (folder / "Modelfile").write_text("FROM m")
    path = Path(f"{folder}/{name}")
    if is_modelfile(path):
        assert source_of(path).form == "Modelfile"
    else:
        with pytest.raises(BadFile):
            source_of(path)


def test_utf_16_is_read(folder: Path) -> None:
    made = source(folder, BOM_UTF16_LE + "FROM m\r\nSYSTEM hé".encode("utf-16-le"))
    assert request(made).system == "hé"


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("Modelfile", "mario"),
        ("Luigi.Modelfile", "luigi"),
        ("Modelfile.peach", "peach"),
        ("toad.txt", "toad"),
        ("Modelfile.txt", "mario"),
    ],
)
def test_a_name_is_taken_from_the_file_or_its_folder(
    folder: Path, name: str, suggestion: str
) -> None:
    assert source(folder, "FROM m", name).suggestion == suggestion
