"""`list`: what it prints, in words and as JSON, and which models it selects."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.replies import ListedModel, ModelDetails
from ollama_tui.cli.context import CommandRefused, UsageError
from ollama_tui.cli.list import as_json
from ollama_tui.domain.model import Facts, Model
from ollama_tui.services.cache import Cache
from tests.cli.scripted import Shell
from tests.demo.levers import Demo


async def test_list_prints_aligned_columns_newest_first(shell: Shell) -> None:
    await shell.runs("list")
    assert shell.code == 0
    assert len(shell.lines) == 37
    assert shell.lines[0].split() == ["NAME", "SIZE", "PARAMS", "QUANT", "CTX", "CAN", "MODIFIED"]
    assert shell.lines[1].startswith("studio/reviewer:latest")
    ends = {line.index("GB") for line in shell.lines if " GB" in line}
    assert len(ends) == 1


async def test_list_takes_the_filter_and_an_order(shell: Shell) -> None:
    await shell.runs("list", "cap:vision", "size:<5g", "--sort", "name")
    assert [line.split()[0] for line in shell.lines[1:]] == [
        "gemma3:4b", "gemma3:latest", "llava:7b",
    ]  # fmt: skip


async def test_a_filter_that_nothing_matches_is_said_on_standard_error(shell: Shell) -> None:
    await shell.runs("list", "zzz")
    assert (shell.code, shell.out) == (0, "")
    assert shell.err == "ollama-tui: No models match.\n"
    assert (await shell.prints("list", "zzz"))["models"] == []
    assert shell.err == ""


async def test_a_server_without_models_is_said_to_have_none(shell: Shell) -> None:
    shell.demo.fail("/api/tags", 200, {"models": []}, times=3)
    for words in ((), ("qwen",)):
        await shell.runs("list", *words)
        assert (shell.code, shell.out) == (0, "")
        assert shell.err == "ollama-tui: The server has no models.\n"
    assert (await shell.prints("list"))["models"] == []


async def test_list_takes_a_saved_filter(shell: Shell) -> None:
    shell.is_told(filters=(("small-eyes", "cap:vision size:<5g"),))
    await shell.runs("list", "@small-eyes", "gemma3", "--sort", "name")
    assert [line.split()[0] for line in shell.lines[1:]] == ["gemma3:4b", "gemma3:latest"]


async def test_list_as_json_gives_times_to_the_nanosecond_as_the_server_does(shell: Shell) -> None:
    async with httpx.AsyncClient(transport=shell.demo.transport()) as http:
        answer = (await http.get(f"{shell.settings.host.url}/api/tags")).json()
    listed = {model["name"]: model["modified_at"] for model in answer["models"]}
    assert any(len(time) == len("2026-08-20T09:15:02.123456789Z") for time in listed.values())
    printed = (await shell.prints("list"))["models"]
    assert {model["name"]: model["modified_at"] for model in printed} == listed


async def test_list_as_json_tells_raw_values(shell: Shell) -> None:
    (model,) = (await shell.prints("list", "qwen3:1.7b"))["models"]
    assert model | {"modified_at": "", "digest": "", "runner": None} == {
        "name": "qwen3:1.7b",
        "digest": "",
        "size": 1359280420,
        "modified_at": "",
        "format": "gguf",
        "family": "qwen3",
        "parameter_size": "2.0B",
        "parameter_count": 2_031_739_904,
        "quantization": "Q4_K_M",
        "runner": None,
        "context_length": 40960,
        "capabilities": ["completion", "thinking", "tools"],
        "parent": "",
        "cloud": False,
        "loaded": True,
        "backup": None,
        "aliases": [],
        "last_run": None,
        "note": "",
        "tags": [],
        "locked": False,
    }
    assert len(model["digest"]) == 64
    (alias,) = (await shell.prints("list", "gemma3:latest"))["models"]
    assert alias["aliases"] == ["gemma3:4b"]


@pytest.mark.parametrize(
    ("modified", "printed"),
    [
        ("2025-08-11T20:23:01.123456789+02:00", "2025-08-11T20:23:01.123456789+02:00"),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_are_printed_as_the_server_gives_them(modified: str, printed: str | None) -> None:
    assert as_json(Model(ListedModel("a:1", modified_text=modified)), {})["modified_at"] == printed


@pytest.mark.parametrize(
    ("facts", "count"),
    [(None, 8_200_000_000), (Facts(parameter_count=8_190_735_360), 8_190_735_360)],
)
def test_parameters_are_counted_exactly_where_the_details_do(
    facts: Facts | None, count: int
) -> None:
    listed = ListedModel("a:1", details=ModelDetails(parameter_size="8.2B"))
    assert as_json(Model(listed, facts), {})["parameter_count"] == count


COMPASS = "hf.co/acme-labs/Compass-3B-GGUF:Q4_K_M"
"""It gets its tools from its chat template, which the server's list does not look at."""


async def test_a_list_says_the_same_without_a_cache_as_with_one(
    shell: Shell, tmp_path: Path
) -> None:
    shell.cache = Cache(tmp_path)
    (first,) = (await shell.prints("list", COMPASS))["models"]
    assert first["capabilities"] == ["completion", "thinking", "tools"]
    assert (await shell.prints("list", COMPASS))["models"] == [first]
    shell.cache = None
    await shell.runs("list", COMPASS)
    assert " tools think " in shell.lines[1]


async def test_details_that_list_has_learned_are_not_asked_for_again(
    shell: Shell, tmp_path: Path
) -> None:
    shell.cache = Cache(tmp_path)
    await shell.runs("list")
    asked = len(shell.shown)
    assert len(set(shell.shown)) == asked > 30
    await shell.runs("list", "qwen3")
    assert len(shell.shown) <= asked + 1  # of the one that the server refuses to describe


async def test_what_nobody_tells_is_unknown(shell: Shell) -> None:
    shell.demo = Demo(version="0.12.3")  # whose list has no capabilities
    shell.demo.fail("/api/show", 500, {"error": "broken"}, times=100)
    (model,) = (await shell.prints("list", "llava:7b"))["models"]
    assert model["capabilities"] is None
    await shell.runs("list", "llava:7b")
    assert " ? " in shell.lines[1]


@pytest.mark.parametrize("name", ["coder:fim", "Coder:FIM", "older:3b", "noder"])
async def test_an_installed_name_is_a_name_though_it_looks_like_a_field(
    shell: Shell, name: str
) -> None:
    async with Ollama("http://127.0.0.1:11434", transport=shell.demo.transport()) as ollama:
        await ollama.copy("gemma3:4b", name if ":" in name else f"{name}:latest")
    await shell.runs("list", name)
    assert [line.split()[0].lower() for line in shell.lines[1:]] == [
        name.lower() if ":" in name else f"{name}:latest"
    ]
    await shell.runs("list", name, "size:>900g")
    assert shell.lines[1:] == []
    with pytest.raises(UsageError, match="“coder:fun”: There is no field “coder”"):
        await shell.runs("list", name, "coder:fun")


async def test_a_filter_that_is_none_is_refused_with_its_wrong_word(shell: Shell) -> None:
    with pytest.raises(UsageError, match="“cap:vison”: Did you mean cap:vision"):
        await shell.runs("list", "qwen", "cap:vison")


@pytest.mark.parametrize("words", ["family:gema3", "!family:gema3"])
async def test_a_value_no_model_has_is_a_question_about_the_one_that_is_near(
    shell: Shell, words: str
) -> None:
    with pytest.raises(UsageError, match=f"“{words}”: Did you mean family:gemma3"):
        await shell.runs("list", words)


@pytest.mark.parametrize("words", [("list", "size:foo"), ("list", "--sort", "nonsense")])
async def test_what_makes_no_sense_is_refused_with_a_sentence(
    shell: Shell, words: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError, match=r"\.$"):
        await shell.runs(*words)


async def test_models_are_listed_though_what_runs_is_not_told(shell: Shell) -> None:
    everything = await shell.prints("list")
    assert any(model["loaded"] for model in everything["models"])
    shell.demo.fail("/api/ps", 500, {"error": "busy"}, times=2)
    listed = await shell.prints("list")
    assert len(listed["models"]) == len(everything["models"])
    assert not any(model["loaded"] for model in listed["models"])


UNCHECKED = "It is not known whether these models are outdated: run ollama-tui outdated{} first."


@pytest.mark.parametrize("command", ["list", "export", "outdated"])
@pytest.mark.parametrize("words", ["is:outdated", "!is:outdated", "qwen is:loaded,outdated"])
async def test_what_was_not_checked_is_refused_and_not_said_to_be_up_to_date(
    shell: Shell, tmp_path: Path, command: str, words: str
) -> None:
    shell.cache = Cache(tmp_path)
    with pytest.raises(CommandRefused) as refused:
        await shell.runs(command, words)
    assert str(refused.value) == UNCHECKED.format("")
    with pytest.raises(CommandRefused) as refused:
        await shell.runs(command, words, "--host", "gpu-box:11434")
    assert str(refused.value) == UNCHECKED.format(" --host gpu-box:11434")


async def test_what_was_checked_before_is_listed(shell: Shell, tmp_path: Path) -> None:
    shell.cache = Cache(tmp_path)
    await shell.runs("outdated", "llama3.1")
    await shell.runs("list", "llama3.1", "is:outdated")
    assert [line.split()[0] for line in shell.lines[1:]] == ["llama3.1:8b"]
    with pytest.raises(CommandRefused):
        await shell.runs("list", "qwen", "is:outdated")
    await shell.runs("outdated")
    await shell.runs("list", "is:outdated")
    assert len(shell.lines) == 1 + 3
    await shell.runs("list", "qwen3:8b", "is:outdated")
    assert (shell.code, shell.lines[1:]) == (0, [])


async def test_what_nobody_can_tell_is_not_kept_between_runs(shell: Shell, tmp_path: Path) -> None:
    shell.cache = Cache(tmp_path)
    await shell.runs("outdated")
    with pytest.raises(CommandRefused, match="ollama-tui outdated lists it as not known"):
        await shell.runs("list", "is:uncertain")


async def test_models_no_registry_is_asked_about_need_no_check(
    shell: Shell, tmp_path: Path
) -> None:
    shell.cache = Cache(tmp_path)
    await shell.runs("list", "is:cloud", "is:outdated")
    assert (shell.code, shell.lines[1:]) == (0, [])
