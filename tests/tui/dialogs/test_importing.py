"""Journeys through the dialog that imports files: paths in, request and files out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from ollama_tui.api.replies import ListedModel
from ollama_tui.api.requests import CreateRequest
from ollama_tui.domain.model import Model
from ollama_tui.formatting import inert
from ollama_tui.importing.local_file import LocalFile
from ollama_tui.importing.source import Source
from ollama_tui.tui.dialogs.importing import (
    ImportAnswer,
    ImportDialog,
    completion_line,
    source_facts,
)
from ollama_tui.tui.widgets.tab_bar import Picker
from tests.domain.models import a_model
from tests.importing.making import ADAPTER, MODEL, Plain, gguf, write_folder, write_split
from tests.tui.dialogs.driver import DialogUser, OneDialog

LLAMA = a_model("llama3.2:1b", family="llama", format="gguf")
QWEN = a_model("qwen3:1.7b", family="qwen3", size=1_400_000_000, format="gguf")
STUB = Model(ListedModel(name="stub:latest", remote_host="https://ollama.com:443"))


class Person(DialogUser[ImportDialog]):
    """What a person does and sees in the dialog."""

    async def settle(self) -> None:
        """Wait until all that was set off, threads too, has come to an end."""
        async with asyncio.timeout(10):
            await self.pilot.pause()
            while not all(w.is_finished for w in self.host.workers):
                await self.host.workers.wait_for_complete()
                await self.pilot.pause()

    def value(self, field: str) -> str:
        return self.dialog.query_one(field, Input).value

    @property
    def found(self) -> str:
        return str(self.dialog.query_one("#found", Static).content)

    @property
    def message(self) -> str:
        return str(self.dialog.query_one(".message", Static).content)

    @property
    def focus(self) -> str | None:
        return self.host.focused.id if self.host.focused else None

    @property
    def answer(self) -> ImportAnswer | None:
        answer: ImportAnswer | None
        [answer] = self.host.answers
        return answer


@asynccontextmanager
async def opened(*models: Model, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Person]:
    dialog = ImportDialog(models)
    host = OneDialog(dialog)
    async with host.run_test(size=size) as pilot:
        person = Person(pilot, host, dialog)
        await person.settle()
        yield person


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return put(tmp_path / "My Models", "Tiny-Qwen-F16.gguf")


def put(folder: Path, name: str, metadata: dict[str, Plain] = MODEL) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(gguf(metadata))
    return path


async def test_a_path_that_is_merely_missing_is_no_error_before_enter() -> None:
    async with opened() as person:
        line = person.dialog.query_one(".message")
        assert person.message.startswith("Type or paste the path")
        assert not line.has_class("-problem")
        await person.press("enter")
        assert person.message.startswith("Type or paste the path")
        assert line.has_class("-problem")


async def test_a_pasted_path_is_looked_at_named_and_imported(model: Path) -> None:
    async with opened() as person:
        await person.paste(f"'{model}'\n")
        known, sent = person.found.splitlines()
        assert known == "GGUF · qwen3 · 2K parameters · F16 · 40K context · 1 tensor"
        assert sent.startswith("4.4 KB in 1 file to upload")
        assert person.value("#name") == "tiny-qwen:f16"
        assert person.message == "Makes tiny-qwen:f16."
        await person.press("enter")
        assert person.focus == "name"
        assert person.host.answers == []
        await person.press("enter")
        file = LocalFile(model, model.name, len(gguf()))
        assert person.answer == ImportAnswer(CreateRequest(model="tiny-qwen:f16"), (file,))


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_warnings_without_room_are_read_with_page_down(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    retired = "".join(f"PARAMETER mirostat {n}\n" for n in range(30))
    path = tmp_path / "Modelfile"
    path.write_text(f"FROM llama3.2:1b\n{retired}")
    async with opened(LLAMA, size=size) as person:
        await person.paste(path)
        assert "(line 31)" in person.found
        assert "(line 31)" not in person.screen
        await person.sees("pgdn")
        seen = person.screen
        for _ in range(70):
            await person.press("pagedown")
            seen += person.screen
        assert "(line 31)" in person.screen
        assert all(f"(line {line})" in seen for line in range(2, 32))
        await person.press("pageup")
        assert person.focus == "path"


async def test_everything_is_on_a_screen_of_80_by_24(model: Path) -> None:
    async with opened() as person:
        await person.paste(model)
        for words in ("On this machine", "GGUF · qwen3", "Name of", "keep F16", "Q8_0 ~", "esc"):
            assert words in person.screen
        assert "Makes tiny-qwen:f16." in person.screen


async def test_path_message_and_keys_stay_on_a_screen_of_40_by_10(model: Path) -> None:
    async with opened(size=(40, 10)) as person:
        await person.paste(model)
        for words in ("On this machine", "Makes tiny-qwen:f16.", "tab complete"):
            assert words in person.screen


async def test_a_path_that_leads_nowhere_is_said_and_not_left(tmp_path: Path) -> None:
    async with opened() as person:
        assert person.message.startswith("Type or paste the path")
        await person.paste(tmp_path / "gone.ggu")
        await person.write("f")
        assert person.message == "gone.gguf does not exist."
        await person.press("enter", "ctrl+g")
        assert person.focus == "path"
        assert person.host.answers == []
        await person.press("escape", "y")
        assert person.answer is None


async def test_tab_completes_as_a_shell_does(model: Path) -> None:
    folder = model.parent.parent
    put(model.parent, "Tiny-Llama.gguf", ADAPTER)
    async with opened() as person:
        await person.paste(f"{folder}/M")
        await person.press("tab")
        assert person.value("#path") == f"{folder}/My Models/"
        await person.press("tab")
        assert person.value("#path") == f"{folder}/My Models/Tiny-"
        await person.press("tab")
        assert person.found == "Tiny-Llama.gguf  Tiny-Qwen-F16.gguf"
        await person.write("Q")
        await person.press("tab")
        assert person.value("#path") == str(model)
        assert person.value("#name") == "tiny-qwen:f16"
        assert person.focus == "path"
        await person.press("tab")
        assert person.focus == "name"


async def test_the_right_arrow_takes_what_is_shown(model: Path) -> None:
    async with opened() as person:
        await person.paste(f"{model.parent}/")
        await person.press("T")
        await person.press("right")
        assert person.value("#path") == str(model)


async def test_several_pasted_lines_are_several_files(model: Path, tmp_path: Path) -> None:
    eyes = put(tmp_path, "mmproj.gguf", {"general.architecture": "clip"})
    async with opened() as person:
        await person.paste(f"{model}\n{eyes}\n")
        assert "in 2 files" in person.found
        await person.press("ctrl+g")
        assert person.answer is not None
        assert [file.path for file in person.answer.files] == [model, eyes]


async def test_a_split_model_is_sent_whole(tmp_path: Path) -> None:
    parts = write_split(tmp_path, "big", 3)
    async with opened() as person:
        await person.paste(parts[1])
        await person.press("ctrl+g")
        assert person.answer is not None
        assert [file.key for file in person.answer.files] == [part.name for part in parts]


async def test_a_type_to_quantize_to_can_be_chosen(model: Path) -> None:
    async with opened() as person:
        await person.paste(model)
        await person.press("enter", "down")
        assert person.focus == "quantize"
        await person.press("right", "right", "ctrl+g")
        assert person.answer is not None
        assert person.answer.request == CreateRequest(model="tiny-qwen:f16", quantize="Q4_K_M")


async def test_what_is_quantized_already_offers_no_types(model: Path) -> None:
    done = put(model.parent, "done.gguf", {**MODEL, "general.file_type": 15})
    async with opened() as person:
        await person.paste(model)
        await person.press("enter", "down", "right")
        await person.press("up", "up")
        await person.press("ctrl+e", "ctrl+u")
        await person.paste(done)
        assert not person.dialog.query_one("#quantize-part").display
        assert person.dialog.query_one(Picker).active == ""
        await person.press("ctrl+g")
        assert person.answer is not None
        assert person.answer.request == CreateRequest(model="done")


async def test_a_name_in_use_is_warned_about_and_a_wrong_one_refused(model: Path) -> None:
    async with opened(QWEN) as person:
        await person.paste(model)
        await person.press("enter", "ctrl+e", "ctrl+u")
        await person.write("QWEN3:1.7b")
        assert person.message == "Replaces qwen3:1.7b (1.4 GB), which already exists."
        await person.write(":x")
        await person.press("enter")
        assert person.host.answers == []
        await person.press("ctrl+u")
        await person.write("x:cloud")
        assert "look for it in the cloud" in person.message


async def test_a_name_that_was_typed_is_not_replaced(model: Path) -> None:
    async with opened() as person:
        await person.press("down")
        await person.write("mine")
        await person.press("up")
        await person.paste(model)
        assert person.value("#name") == "mine"


async def test_an_adapter_asks_for_its_base(tmp_path: Path) -> None:
    lora = put(tmp_path, "lora-chat.gguf", ADAPTER)
    async with opened(QWEN, STUB) as person:
        await person.paste(lora)
        assert person.found.startswith("GGUF adapter · llama")
        assert person.message == "Type the model that the adapter was made for."
        await person.press("enter", "down")
        assert person.focus == "base"
        for remote in ("gpt-oss:120b-cloud", "stub"):
            await person.write(remote)
            assert "A cloud model takes no adapter and no draft" in person.message
            await person.press("ctrl+u")
        await person.write("llama3.2:1b")
        assert person.message == "llama3.2:1b is not installed: the server pulls it first."
        await person.press("enter")
        assert person.answer is not None
        assert person.answer.request == CreateRequest(model="lora-chat", from_="llama3.2:1b")
        assert [file.adapter for file in person.answer.files] == [True]


async def test_the_only_model_of_an_adapters_family_is_filled_in(tmp_path: Path) -> None:
    lora = put(tmp_path, "lora-chat.gguf", ADAPTER)
    async with opened(QWEN, LLAMA) as person:
        await person.paste(lora)
        assert person.value("#base") == "llama3.2:1b"
        assert person.message == "Makes lora-chat:latest."


async def test_a_folder_is_imported_with_its_configuration(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "Tiny-Llama")
    (folder / "tokenizer.json").unlink()
    async with opened() as person:
        await person.paste(f"file://{folder}")
        assert "safetensors · LlamaForCausalLM" in person.found
        assert "has no tokenizer" in person.found
        await person.press("ctrl+g")
        assert person.answer is not None
        assert {file.key for file in person.answer.files} == {
            "model.safetensors",
            "config.json",
            "tokenizer_config.json",
        }


async def test_hostile_names_and_metadata_stay_text(tmp_path: Path) -> None:
    evil = "[/nope] \x1b]52;c;x\x07\u202e"
    metadata: dict[str, Plain] = {**MODEL, "general.architecture": evil, "general.name": evil}
    path = put(tmp_path, f"{evil.replace('/', '')}.gguf", metadata)
    folder = tmp_path / f"[b]{evil.replace('/', '')}"
    write_folder(folder)
    (folder / "config.json").write_text(json.dumps({"architectures": [evil]}))
    async with opened() as person:
        for given in (path, folder, tmp_path / f"gone{evil}"):
            await person.press("ctrl+e", "ctrl+u")
            await person.paste(given)
            assert inert(person.screen.replace("\n", "")) == person.screen.replace("\n", "")
        await person.press("ctrl+e", "ctrl+u")
        await person.paste(path)
        assert "[/nope]" in person.screen
        await person.press("ctrl+e", "ctrl+u")
        await person.paste(f"{tmp_path}/")
        await person.press("tab", "tab")
        assert inert(person.found.replace("\n", "")) == person.found.replace("\n", "")


def test_facts_say_only_what_is_known() -> None:
    file = LocalFile(Path("m.bin"), "m.bin", 2_000_000)
    assert source_facts(Source("PyTorch", (file,))).splitlines()[0] == "PyTorch"


def test_many_completions_are_counted() -> None:
    offered = [f"/m/a{number}" for number in range(1500)]
    assert completion_line(offered).endswith("a11  and 1,488 more")
    assert completion_line(["/m/b/", "/m/c"]) == "b/  c"
