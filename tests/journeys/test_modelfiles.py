"""Modelfiles of this machine: one becomes a model, a model becomes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.domain import names
from ollama_tui.domain.modelfile.convert import request_from
from ollama_tui.domain.modelfile.syntax import parse
from tests.importing.making import gguf
from tests.journeys.driver import User, a_server, journey

TEXT = """\
FROM studio/reviewer
SYSTEM \"""Say "no".
And why.\"""
PARAMETER temperature 0.25
PARAMETER stop </s>
PARAMETER stop <end>
LICENSE \"""MIT "License"

of many lines\"""
LICENSE Apache
MESSAGE user hi
MESSAGE assistant ho
"""
LIMIT = 500
"""Rounds of work after which a job counts as stuck: files are read by real threads."""


async def says(user: User, words: str) -> None:
    """Find an action in the palette by its words and run it."""
    await user.presses(":")
    await user.types(words)
    await user.presses("enter")


async def opens(user: User, path: Path) -> None:
    """Create what a Modelfile describes, under the name offered."""
    await says(user, "open modelfile")
    await user.sees("Create a model from a Modelfile")
    await user.pastes(str(path))
    await user.sees("Modelfile on studio/reviewer")
    await user.presses("enter", "enter")
    await ends(user)


async def ends(user: User) -> None:
    """Let the server work until the job has come to its end."""
    for _ in range(LIMIT):
        if user.app.jobs and not user.app.jobs[-1].active:
            return
        await user.server_works(1)
    raise AssertionError(f"still at work\n{user.screen}")


async def test_a_modelfile_becomes_a_model_and_the_model_the_same_modelfile(
    tmp_path: Path,
) -> None:
    (tmp_path / "strict.Modelfile").write_text(TEXT)
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await opens(user, tmp_path / "strict.Modelfile")
        [body] = demo.bodies("/api/create")
        assert (body["model"], body["from"]) == ("strict", "studio/reviewer")
        await user.until(lambda: "strict:latest" in user.names)
        await user.goes_to("strict:latest")
        await says(user, "save modelfile")
        await user.sees("Save strict:latest as a Modelfile")
        await user.empties_the_field()
        await user.pastes(str(tmp_path))
        await user.presses("enter")
        saved = tmp_path / "strict.Modelfile"
        await user.sees("Replace strict.Modelfile, which already exists?")
        await user.presses("y")
        await user.until(lambda: saved.read_text() != TEXT)
        wanted, made = (
            request_from(parse(text), "m").request for text in (TEXT, saved.read_text())
        )
        assert made.license == wanted.license
        assert (made.system, made.messages) == (wanted.system, wanted.messages)
        assert made.parameters.items() >= wanted.parameters.items()


async def test_the_files_it_names_are_uploaded(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(gguf())
    (tmp_path / "small.gguf").write_bytes(gguf(shapes=[(32, 32)]))
    (tmp_path / "Modelfile").write_text("FROM tiny.gguf\nSYSTEM hi\nDRAFT small.gguf\n")
    demo, ticker = a_server()
    async with journey(demo, server_time=ticker) as user:
        await user.presses("I")
        await user.pastes(str(tmp_path / "Modelfile"))
        await user.sees("2 files to upload")
        await user.presses("enter", "ctrl+g")
        await ends(user)
        [body] = demo.bodies("/api/create")
        assert list(body["files"]) == ["tiny.gguf"]
        assert list(body["draft_files"]) == ["small.gguf"]
        assert body["system"] == "hi"
        made = demo.store.get(names.parse(body["model"]))
        assert made is not None
        assert len(made.manifest.of("draft")) == 1


async def test_a_mistake_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "Modelfile").write_text("FROM m\nPARAMETER num_ctx 8k\n")
    async with journey() as user:
        await user.presses("I")
        await user.pastes(str(tmp_path / "Modelfile"))
        await user.sees("(line 2): invalid int value [8k]")


@pytest.mark.parametrize("place", ["gone/x.Modelfile", "x" * 400])
async def test_where_nothing_can_be_written_it_says_so(tmp_path: Path, place: str) -> None:
    async with journey() as user:
        await says(user, "save modelfile")
        await user.sees("as a Modelfile")
        await user.empties_the_field()
        await user.presses("enter")
        await user.sees("Nothing is filled in yet.")
        await user.pastes(f"{tmp_path}/{place}")
        await user.presses("enter")
        await user.until(lambda: any("was not written" in toast for toast in user.toasts))
