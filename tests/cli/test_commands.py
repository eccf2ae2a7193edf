"""Commands as scripts use them: what they print, in words and as JSON, and their exit codes."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import httpx
import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.api.errors import NotFound
from ollama_tui.cli.context import UsageError
from ollama_tui.cli.export import plain, script
from ollama_tui.cli.main import COMMANDS, close_command, first_word, parser_with
from ollama_tui.cli.output import table
from ollama_tui.cli.restore import ExportedModel, progress_text, read
from ollama_tui.domain.names import parse
from ollama_tui.services.cache import Cache
from ollama_tui.services.jobs.job import JobProgress
from tests.cli.scripted import ROOT, Shell, program
from tests.demo.levers import Demo
from tests.domain.models import a_model


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("list", "list"),
        ("list qwen --json", "list"),
        ("--host gpu:1 show m", "show"),
        ("--demo space", "space"),
        ("export list", "export"),
        ("qwen list", "qwen"),
        ("-- list", ""),
        ("--demo -- list", ""),
        ("--host list", ""),
        ("cap:vision", "cap:vision"),
        ("", ""),
    ],
)
def test_the_first_word_is_the_command_or_else_a_filter(words: str, first: str) -> None:
    assert first_word(words.split()) == first


@pytest.mark.parametrize(
    ("word", "command"),
    [
        ("lst", "list"),
        ("lists", "list"),
        ("lsit", "list"),
        ("LIST", "list"),
        ("sow", "show"),
        ("exprot", "export"),
        ("outdate", "outdated"),
        ("mist", None),
        ("snow", None),
        ("llama", None),
        ("", None),
    ],
)
def test_a_misspelled_command_is_told_from_a_filter(word: str, command: str | None) -> None:
    assert close_command(word) == command


def test_options_in_common_stand_before_or_after_the_command() -> None:
    for words in (["--host", "gpu:1", "show", "m"], ["show", "m", "--host", "gpu:1"]):
        options = vars(parser_with("show").parse_args(words))
        assert (options["host"], options["name"], "demo" in options) == ("gpu:1", "m", False)


async def test_list_prints_aligned_columns_newest_first(shell: Shell) -> None:
    await shell.runs("list")
    assert shell.code == 0
    assert len(shell.lines) == 37
    assert shell.lines[0].split() == ["NAME", "PARAMS", "QUANT", "SIZE", "CTX", "CAN", "MODIFIED"]
    assert shell.lines[1].startswith("studio/reviewer:latest")
    ends = {line.index("GB") for line in shell.lines if " GB" in line}
    assert len(ends) == 1


async def test_list_takes_the_filter_and_an_order(shell: Shell) -> None:
    await shell.runs("list", "cap:vision", "size:<5g", "--sort", "name")
    assert [line.split()[0] for line in shell.lines[1:]] == [
        "gemma3:4b", "gemma3:latest", "llava:7b",
    ]  # fmt: skip


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
    assert model | {"modified_at": "", "digest": ""} == {
        "name": "qwen3:1.7b",
        "digest": "",
        "size": 1359280420,
        "modified_at": "",
        "format": "gguf",
        "family": "qwen3",
        "parameter_size": "2.0B",
        "parameter_count": 2_031_739_904,
        "quantization": "Q4_K_M",
        "context_length": 40960,
        "capabilities": ["completion", "thinking", "tools"],
        "parent": "",
        "cloud": False,
        "loaded": True,
        "aliases": [],
    }
    assert len(model["digest"]) == 64
    (alias,) = (await shell.prints("list", "gemma3:latest"))["models"]
    assert alias["aliases"] == ["gemma3:4b"]


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
    assert " ·TK···· " in shell.lines[1]


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


def test_hostile_names_are_printed_inert() -> None:
    name = "\x1b[31mred\u202e\n:x"
    lines = [*table(("A",), [(name,)]), *script([a_model(name)]), *plain([a_model(name)])]
    assert all(line.isprintable() for line in lines)


async def test_a_filter_that_is_none_is_refused_with_its_wrong_word(shell: Shell) -> None:
    with pytest.raises(UsageError, match="“cap:vison”: Did you mean vision"):
        await shell.runs("list", "qwen", "cap:vison")


@pytest.mark.parametrize("words", [("list", "size:foo"), ("list", "--sort", "nonsense")])
async def test_what_makes_no_sense_is_refused_with_a_sentence(
    shell: Shell, words: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError, match=r"\.$"):
        await shell.runs(*words)


async def test_show_prints_what_a_person_asks_for_first(shell: Shell) -> None:
    await shell.runs("show", "GEMMA3:4b")
    assert shell.lines[0] == "gemma3:4b"
    assert "Same as       gemma3:latest" in shell.lines
    assert "  top_k 64" in shell.lines


async def test_show_as_json_has_parameters_and_texts(shell: Shell) -> None:
    shown = await shell.prints("show", "gemma3:4b")
    assert shown["parameters"]["top_k"] == 64
    assert shown["parameters"]["stop"] == ["<end_of_turn>"]
    assert shown["modelfile"].startswith("# Modelfile")
    assert shown["info"]["general.architecture"] == "gemma3"


async def test_show_of_a_model_that_is_not_there_is_an_error(shell: Shell) -> None:
    with pytest.raises(NotFound):
        await shell.runs("show", "nope")


async def test_space_says_that_it_estimates_and_sums_up(shell: Shell) -> None:
    await shell.runs("space")
    assert shell.lines[1].startswith("Estimated from what the server tells")
    assert any(line.startswith("mixtral:8x7b") and "26 GB" in line for line in shell.lines)
    spent = await shell.prints("space")
    assert spent["exact"] is False
    assert spent["orphans"] is spent["partials"] is spent["free"] is None
    alone = {model["name"]: model["alone"] for model in spent["models"]}
    shared = sum(group["bytes"] for group in spent["groups"])
    assert sum(alone.values()) + shared == spent["unique"]
    assert alone["gemma3:4b"] == alone["gemma3:latest"] == 0


async def test_outdated_tells_what_an_update_fetches_and_pulls_nothing(shell: Shell) -> None:
    await shell.runs("outdated")
    assert shell.lines[0].split() == ["OUTDATED", "FETCH", "CHANGES"]
    assert "3 outdated" in shell.lines[-1]
    (found,) = (await shell.prints("outdated", "llama3.1:8b"))["models"]
    assert found["standing"] == "outdated"
    assert found["fetch"] > 4_000_000_000
    assert shell.pulled == []


async def test_an_export_is_a_list_of_names_that_restore_reads(shell: Shell) -> None:
    await shell.runs("export", "qwen3:")
    assert shell.lines[0].startswith("# name")
    assert {wanted.name for wanted in read(shell.out)} == {
        "qwen3:1.7b", "qwen3:8b", "qwen3:30b-a3b",
    }  # fmt: skip
    assert all(len(wanted.digest or "") == 64 for wanted in read(shell.out))


async def test_an_export_as_json_has_the_parameters(shell: Shell) -> None:
    exported = await shell.prints("export", "gemma3:4b")
    assert exported["kind"] == "ollama-tui export"
    assert exported["models"][0]["parameters"]["top_p"] == 0.95
    assert read(json.dumps(exported)) == (
        ExportedModel("gemma3:4b", exported["models"][0]["digest"]),
    )


def test_a_script_quotes_names_and_goes_on_after_a_failure(tmp_path: Path) -> None:
    models = [a_model(n) for n in ("good:1b", "fails:1b", "hf.co/u/R-GGUF:Q4_K_M")]
    models += [a_model("$(touch pwned):1b"), a_model("two\nlines; touch pwned")]
    code, pulled = run_script(script(models), tmp_path)
    assert pulled == ["pull good:1b", "pull fails:1b", "pull hf.co/u/R-GGUF:Q4_K_M"]
    assert code == 1
    assert not (tmp_path / "pwned").exists()
    assert run_script(script(models[:1]), tmp_path)[0] == 0


def test_a_script_pulls_by_plain_http_where_the_app_does() -> None:
    models = [a_model(f"{host}/me/m:1") for host in ("Box.lan:5000", "localhost:5000", "hf.co")]
    lines = script([*models, a_model("qwen3:8b")], ("box.lan:5000",))
    assert [line.partition(" || ")[0] for line in lines[3:-1]] == [
        "ollama pull --insecure Box.lan:5000/me/m:1",
        "ollama pull --insecure localhost:5000/me/m:1",
        "ollama pull hf.co/me/m:1",
        "ollama pull qwen3:8b",
    ]


async def test_what_was_made_elsewhere_is_not_pulled_while_its_registry_cannot_be_asked(
    shell: Shell, tmp_path: Path
) -> None:
    shell.demo.registry_online = False
    made = {"name": "qwen3:4b", "digest": "a" * 64, "parent": "llama3.2:3b"}
    file = tmp_path / "export.json"
    file.write_text(json.dumps({"models": [made]}))
    await shell.runs("restore", str(file))
    assert "It was made from llama3.2:3b, and nobody knows" in shell.lines[1]
    assert (shell.pulled, shell.code) == ([], 1)


def test_progress_has_a_percent_only_of_a_size_that_is_known() -> None:
    moving = JobProgress(completed=234_000_000, total=272_000_000, rate=36_000_000.0)
    assert progress_text(moving) == "234/272 MB so far  36 MB/s"
    assert progress_text(replace(moving, fraction=0.86)).startswith("86%  234/272 MB  ")


def run_script(lines: list[str], folder: Path) -> tuple[int, list[str]]:
    """Run a script with a program called ollama that notes what it is told."""
    log = folder / "log"
    log.unlink(missing_ok=True)
    ollama = folder / "ollama"
    ollama.write_text(f'#!/bin/sh\necho "$@" >> {shlex.quote(str(log))}\n[ "$2" != fails:1b ]\n')
    ollama.chmod(ollama.stat().st_mode | stat.S_IXUSR)
    file = folder / "script.sh"
    file.write_text("\n".join(lines))
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["sh", file], cwd=folder, env={**os.environ, "PATH": path})
    return done.returncode, log.read_text().splitlines()


@pytest.fixture
def wanted(tmp_path: Path) -> Path:
    file = tmp_path / "models.txt"
    file.write_text("qwen3:1.7b\nqwen3:4b  sha256:abc  2 GB # want it\n\nnot/there:1b\n@@@\n")
    return file


async def test_a_dry_run_says_what_would_be_fetched_and_pulls_nothing(
    shell: Shell, wanted: Path
) -> None:
    await shell.runs("restore", str(wanted), "--dry-run")
    assert shell.code == 0
    assert [line.split()[:2] for line in shell.lines[1:5]] == [
        ["keep", "qwen3:1.7b"], ["pull", "qwen3:4b"], ["refuse", "not/there:1b"], ["refuse", "@@@"],
    ]  # fmt: skip
    assert shell.lines[-1].endswith("1 to pull, 1 to keep and 2 to refuse; fetches 2.5 GB.")
    assert shell.pulled == []


async def test_restore_pulls_what_is_missing_and_fails_for_what_was_refused(
    shell: Shell, wanted: Path
) -> None:
    await shell.runs("restore", str(wanted))
    assert shell.pulled == ["qwen3:4b"]
    assert shell.code == 1
    assert shell.err.splitlines()[0] == "qwen3:4b: pulling"
    assert shell.err.splitlines()[-1] == "qwen3:4b: done"
    assert (await shell.runs("list", "qwen3:4b")).lines[1].startswith("qwen3:4b")


async def test_restoring_again_finds_everything_there(shell: Shell, tmp_path: Path) -> None:
    await shell.runs("export", "--json")
    file = tmp_path / "all.json"
    file.write_text(shell.out)
    await shell.runs("restore", str(file))
    assert shell.code == 0
    assert shell.pulled == []
    assert "36 to keep" in shell.lines[-1]


async def test_what_was_made_elsewhere_is_not_replaced_by_another_model_of_its_name(
    shell: Shell, tmp_path: Path
) -> None:
    made = {"name": "qwen3:4b", "digest": "a" * 64, "parent": "llama3.2:3b"}
    file = tmp_path / "export.json"
    file.write_text(json.dumps({"models": [made]}))
    await shell.runs("restore", str(file))
    assert shell.lines[1].split()[:2] == ["refuse", "qwen3:4b"]
    assert "It was made from llama3.2:3b" in shell.lines[1]
    assert shell.pulled == []
    assert shell.code == 1


async def test_a_plan_as_json_has_the_calls(shell: Shell, wanted: Path) -> None:
    plan = await shell.prints("restore", str(wanted), "--dry-run")
    (step,) = [step for step in plan["steps"] if step["do"] == "pull"]
    assert step["calls"] == [{"method": "POST", "path": "/api/pull", "body": {"model": "qwen3:4b"}}]
    assert plan["fetched"] == step["bytes"] > 2_000_000_000


async def test_restore_pulls_by_plain_http_from_a_registry_here_that_has_no_tls(
    shell: Shell, tmp_path: Path
) -> None:
    registry, name = shell.demo.registry, parse("127.0.0.1:5000/me/qwen:4b")
    registry.plain_hosts.add(name.host)
    registry.models[name.key] = registry.models[parse("qwen3:4b").key]
    file = tmp_path / "models.txt"
    file.write_text(name.display)
    (step,) = (await shell.prints("restore", str(file)))["steps"]
    assert step["calls"][0]["body"] == {"model": name.display, "insecure": True}
    (pull,) = [seen.body for seen in shell.demo.requests if seen.path == "/api/pull"]
    assert pull["insecure"] is True
    assert shell.code == 0


async def test_what_the_registry_cannot_be_asked_about_is_pulled_all_the_same(
    shell: Shell, wanted: Path
) -> None:
    shell.demo.registry_online = False
    await shell.runs("restore", str(wanted), "--dry-run")
    assert [line.split()[0] for line in shell.lines[1:5]] == ["keep", "pull", "pull", "refuse"]
    assert "fetches about 0 B" in shell.lines[-1]


async def test_read_only_restores_nothing(shell: Shell, wanted: Path) -> None:
    shell.is_told(read_only=True)
    await shell.runs("restore", str(wanted))
    assert shell.code == 1
    assert "Read-only" in shell.err
    assert shell.pulled == []


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "{}", "[3]", '{"models": [{"name": 5}]}', '{"models": 4}', "{broken"],
)
def test_a_file_that_is_no_export_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read(text)


async def test_a_file_that_is_not_there_is_refused(shell: Shell) -> None:
    with pytest.raises(UsageError, match="No such file"):
        await shell.runs("restore", "/nowhere/at/all")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--host", "127.0.0.1:1", "list"], 3, "refuses connections"),
        (["list", "--demo", "size:foo"], 2, "Write a size with its unit"),
        (["list", "--nonsense"], 2, "unrecognized arguments"),
        (["export", "--json", "--script"], 2, "either --json or --script"),
        (["lst", "qwen"], 2, "“lst” is no command. Did you mean list?"),
        (["list", "--host", "user:secret@host"], 2, "cannot hold a user name"),
        (["show", "nope", "--demo"], 1, "nope"),
        (["list", "--demo"], 0, ""),
    ],
)
def test_exit_codes_and_sentences_are_what_scripts_expect(
    words: list[str], code: int, sentence: str, tmp_path: Path
) -> None:
    done = program(words, tmp_path)
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert bool(done.stdout) is (code == 0)


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m ollama_tui list --demo --json | head -n 1"
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(command, shell=True, env=environ, capture_output=True, text=True)
    assert done.stdout == "{\n"
    assert done.stderr == ""


COMMAND_LINES = [
    ["list"],
    ["list", "--json"],
    ["show", "qwen3:8b"],
    ["space"],
    ["outdated"],
    ["export"],
    ["export", "--script"],
    ["restore", "-", "--dry-run"],
]
HELP_LINES = [["--help"], ["list", "--help"], ["--version"]]


def in_shell(words: list[str], redirection: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program on the demo, its output redirected by a shell, its files in `folder`."""
    command = shlex.join([sys.executable, "-m", "ollama_tui", *words, "--demo"])
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder)}
    return subprocess.run(
        f"{command} {redirection}",
        shell=True,
        env=environ,
        capture_output=True,
        text=True,
        input="qwen3:4b\n",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [*COMMAND_LINES, *HELP_LINES], ids=" ".join)
def test_output_that_cannot_be_written_is_one_sentence(words: list[str], tmp_path: Path) -> None:
    done = in_shell(words, ">/dev/full", tmp_path)
    sentence = "ollama-tui: The output cannot be written: no space left on device.\n"
    assert (done.returncode, done.stderr) == (1, sentence)


@pytest.mark.parametrize("words", COMMAND_LINES, ids=" ".join)
def test_output_that_is_closed_is_one_sentence(words: list[str], tmp_path: Path) -> None:
    done = in_shell(words, ">&-", tmp_path)
    sentence = "ollama-tui: The output cannot be written: bad file descriptor.\n"
    assert (done.returncode, done.stderr) == (1, sentence)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-"])
def test_sentences_that_cannot_be_written_change_no_exit_code(
    redirection: str, tmp_path: Path
) -> None:
    assert in_shell(["show", "nope"], redirection, tmp_path).returncode == 1
    assert in_shell(["list", "size:foo"], redirection, tmp_path).returncode == 2
    done = in_shell(["restore", "-"], redirection, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "qwen3:4b" in done.stdout
    assert "qwen3:4b: pulling" not in done.stdout


def test_a_closed_input_is_one_sentence(tmp_path: Path) -> None:
    done = in_shell(["restore", "-"], "<&-", tmp_path)
    assert (done.returncode, done.stderr) == (2, "ollama-tui: Standard input is closed.\n")


def test_no_command_loads_the_screen(tmp_path: Path) -> None:
    program_text = (
        "import sys\nsys.modules['click'] = None\n"  # with click, httpx loads rich for its own use
        "from ollama_tui.cli.main import run\n"
        "code = run(['list', '--demo'])\n"
        "heavy = {'textual', 'rich', 'ollama_tui.cli.restore'} & set(sys.modules)\n"
        "print(heavy, file=sys.stderr)\nsys.exit(code or bool(heavy))"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program_text], env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_help_names_every_command_and_says_what_it_does(tmp_path: Path) -> None:
    done = program(["--help"], tmp_path)
    assert done.returncode == 0
    for name in COMMANDS:
        about = import_module(f"ollama_tui.cli.{name}").HELP
        assert f"{name} " in done.stdout
        assert about in " ".join(program([name, "--help"], tmp_path).stdout.split())


async def test_models_are_listed_though_what_runs_is_not_told(shell: Shell) -> None:
    shell.demo.fail("/api/ps", 500, {"error": "busy"}, times=2)
    listed = await shell.prints("list")
    assert len(listed["models"]) == len(shell.demo.store.entries)
    assert not any(model["loaded"] for model in listed["models"])


async def test_details_of_a_known_digest_are_not_asked_for_again(
    shell: Shell, tmp_path: Path
) -> None:
    shell.cache = Cache(tmp_path)
    first = await shell.prints("show", "qwen3:8b")
    shell.demo.requests.clear()
    assert await shell.prints("show", "qwen3:8b") == first
    assert "/api/show" not in [seen.path for seen in shell.demo.requests]
