"""`fit`: what models take in memory, for people and for programs."""

from __future__ import annotations

from typing import Any

import pytest

from ollama_tui.cli.context import UsageError
from tests.cli.scripted import Shell

GIB = 2**30


async def test_fit_prints_what_each_model_takes(shell: Shell) -> None:
    await shell.runs("fit", "--memory", "24g")
    assert shell.code == 0
    assert shell.lines[0] == "Memory: 25 GB (24 GiB), from --memory."
    titles = ["NAME", "CONTEXT", "WEIGHTS", "KV", "COMPUTE", "TOTAL", "BASIS", "FITS", "LARGEST"]
    assert shell.lines[2].split() == titles
    (mixtral,) = [line.split() for line in shell.lines if line.startswith("mixtral")]
    assert mixtral[-3:] == ["exact", "partly", "0"]
    (gemma,) = [line.split() for line in shell.lines if line.startswith("gemma3:4b")]
    assert gemma[-3:] == ["bound", "gpu", "128K"]
    (cloud,) = [line.split() for line in shell.lines if line.startswith("gpt-oss:120b")]
    assert set(cloud[1:]) == {"–"}


async def test_fit_as_json_tells_bytes(shell: Shell) -> None:
    printed = await shell.prints("fit", "llama3.1:8b", "--memory", "8g", "--ctx", "32k")
    assert printed["host"] == shell.settings.server
    assert printed["memory"] == {"bytes": 8 * GIB, "ram": None, "source": "--memory"}
    (model,) = printed["models"]
    kv = 32 * 32768 * 8 * (128 + 128) * 2
    assert model == {
        "name": "llama3.1:8b",
        "architecture": "llama",
        "context": 32768,
        "parallel": 1,
        "batch": 1024,
        "kv_type": "f16",
        "weights": model["weights"],
        "projector": 0,
        "kv_cache": kv,
        "recurrent": 0,
        "compute": model["compute"],
        "total": model["weights"] + kv + model["compute"],
        "basis": "exact",
        "fits": "partly",
        "largest_context": model["largest_context"],
    }
    assert 0.95 < model["weights"] / 4_920_734_272 < 1.05
    assert 0 < model["largest_context"] < 32768


async def one(shell: Shell, *words: str) -> dict[str, Any]:
    (model,) = (await shell.prints("fit", *words))["models"]
    return dict(model)


async def test_the_context_that_it_says_is_the_largest_is_the_last_that_fits(shell: Shell) -> None:
    largest = (await one(shell, "llama3.1:8b", "--memory", "8g"))["largest_context"]
    for context, fits in ((largest, "gpu"), (largest + 256, "partly")):
        found = await one(shell, "llama3.1:8b", "--memory", "8g", "--ctx", str(context))
        assert found["fits"] == fits


async def test_kv_type_requests_and_batch_can_be_chosen(shell: Shell) -> None:
    usual = await one(shell, "llama3.1:8b", "--ctx", "8192")
    smaller = await one(shell, "llama3.1:8b", "--ctx", "8192", "--kv", "q8_0")
    assert smaller["kv_cache"] * 64 == usual["kv_cache"] * 34
    more = await one(shell, "llama3.1:8b", "--ctx", "8192", "--parallel", "4")
    assert more["kv_cache"] == 4 * usual["kv_cache"]
    fixed = await one(shell, "gemma3:4b", "--ctx", "32k", "--batch", "512")
    assert (fixed["batch"], fixed["basis"]) == (512, "exact")


async def test_the_context_is_that_of_the_model_else_that_of_the_server(shell: Shell) -> None:
    assert (await one(shell, "llama3.1:8b", "--memory", "24g"))["context"] == 32768
    assert (await one(shell, "llama3.1:8b", "--memory", "48g"))["context"] == 131072
    assert (await one(shell, "mxbai", "--memory", "48g"))["context"] == 512  # its num_ctx


async def test_models_whose_memory_is_not_known_are_listed_without_figures(shell: Shell) -> None:
    found = await one(shell, "gpt-oss:120b-cloud", "--memory", "24g")
    assert {key for key, value in found.items() if value is not None} == {
        "name", "parallel", "kv_type",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--kv", "q9"), "--kv takes one of f16"),
        (("--ctx", "lots"), "--ctx takes a number of tokens"),
        (("--ctx", "0"), "--ctx takes a number of tokens"),
        (("--ctx", "99999999999999999999m"), "--ctx takes a number of tokens"),
        (("--memory", "24"), "--memory: Write memory as a number with its unit"),
        (("--parallel", "0"), "--parallel takes a whole number from 1 on."),
        (("--batch", "-1"), "--batch takes a whole number from 1 on."),
    ],
)
async def test_what_cannot_be_meant_is_said(
    shell: Shell, words: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        await shell.runs("fit", *words)


async def test_a_filter_that_nothing_matches_is_said(shell: Shell) -> None:
    await shell.runs("fit", "zzz")
    assert (shell.code, shell.out) == (0, "")
    assert shell.err == "ollama-tui: No models match.\n"


async def test_all_metadata_is_asked_for_only_where_an_array_of_it_matters(shell: Shell) -> None:
    await shell.runs("fit")
    assert not [seen for seen in shell.demo.requests if seen.body and seen.body.get("verbose")]


async def test_a_context_that_a_model_was_not_trained_with_is_said(shell: Shell) -> None:
    await shell.runs("fit", "mxbai", "--ctx", "32k")
    assert shell.lines[-2] == "Trained with less context than that: mxbai-embed-large:latest."
    await shell.runs("fit", "--ctx", "32k")
    assert shell.lines[-2].endswith("more.")
    await shell.runs("fit", "llama3.1:8b", "--ctx", "32k")
    assert "Trained" not in shell.out
