"""Commands on a server that lists a row for each manifest of a name."""

from __future__ import annotations

import pytest

from ollama_tui.api.errors import InvalidRequest, NotFound
from tests.cli.scripted import Shell
from tests.demo.rows_server import Row, RowsDemo

GGML, LLAMACPP = "a" * 64, "b" * 64


@pytest.fixture
def shell(shell: Shell) -> Shell:
    shell.demo = RowsDemo(
        Row("m:1b", LLAMACPP), Row("m:1b", GGML, "ggml", 2_000_000_000), Row("n:1b", "c" * 64),
        Row(f"llamacpp:{LLAMACPP}", LLAMACPP),
    )  # fmt: skip
    return shell


async def test_list_has_a_row_each_and_backups_with_their_models(shell: Shell) -> None:
    rows = (await shell.prints("list", "--sort", "size"))["models"]
    assert [(row["name"], row["runner"], row["backup"]) for row in rows] == [
        ("m:1b", "ggml", None),
        ("m:1b", "llamacpp", f"llamacpp:{LLAMACPP}"),
        ("n:1b", "llamacpp", None),
    ]
    assert [row["digest"] for row in (await shell.prints("list", "runner:ggml"))["models"]] == [
        GGML
    ]


async def test_show_is_of_the_runner_asked_for_else_of_the_first_row(shell: Shell) -> None:
    assert (await shell.prints("show", "m:1b"))["system"] == "I am bbbb."
    shown = await shell.prints("show", "M:1b", "--runner", "ggml")
    assert (shown["system"], shown["digest"]) == ("I am aaaa.", GGML)
    await shell.runs("show", "m:1b", "--runner", "ggml")
    assert shell.lines[0] == "m:1b (ggml)"
    with pytest.raises((NotFound, InvalidRequest)):
        await shell.runs("show", "m:1b", "--runner", "mlx")


async def test_export_names_a_model_once(shell: Shell) -> None:
    await shell.runs("export")
    assert [line.split()[0] for line in shell.lines[1:]] == ["m:1b", "n:1b"]
    await shell.runs("export", "--script")
    assert shell.out.count("ollama pull m:1b") == 1


async def test_space_tells_what_each_row_frees(shell: Shell) -> None:
    models = (await shell.prints("space"))["models"]
    freed = {model["digest"]: model["alone"] for model in models}
    assert freed[GGML] == 2_000_000_000
