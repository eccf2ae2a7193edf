"""`export` and `restore`: the models of one server for another."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ollama_tui.api.client import Ollama
from ollama_tui.cli.context import CommandContext, CommandRefused, UsageError
from ollama_tui.cli.export import script, why_not_pulled
from ollama_tui.cli.parser import first_word, parser_with
from ollama_tui.cli.restore import ExportedModel, progress_text, read
from ollama_tui.config.settings import Settings
from ollama_tui.domain.names import parse
from ollama_tui.services.jobs.job import JobProgress
from tests.cli.scripted import Shell
from tests.domain.models import a_model
from tests.services.registries import HOST, World, digest, list_of, manifest, size_of
from tests.services.stores import StoreFolder


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
        ExportedModel("gemma3:4b", exported["models"][0]["digest"], "", "", (), False),
    )


def test_a_script_quotes_names_and_goes_on_after_a_failure(tmp_path: Path) -> None:
    models = [a_model(n) for n in ("good:1b", "fails:1b", "hf.co/u/R-GGUF:Q4_K_M")]
    models += [a_model("$(touch pwned):1b"), a_model("two\nlines; touch pwned")]
    lines = script(models)
    code, pulled = run_script(lines, tmp_path)
    assert "# Left out: 2 models" in lines
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
    assert "It was made from llama3.2:3b, and it is not known" in shell.lines[1]
    assert (shell.pulled, shell.code) == ([], 1)


def test_progress_has_a_percent_only_of_a_size_that_is_known() -> None:
    moving = JobProgress(completed=234_000_000, total=272_000_000, rate=36_000_000.0)
    assert progress_text(moving) == "234/272 MB so far  36 MB/s"
    assert progress_text(replace(moving, fraction=0.86)).startswith("86%  234/272 MB  ")


async def test_a_script_leaves_out_what_no_registry_has_and_runs_cleanly(
    shell: Shell, tmp_path: Path
) -> None:
    await shell.runs("export", "--script")
    made = ["old-experiment", "pirate", "sql-writer", "studio/reviewer", "studio/support-bot"]
    cloud = ["gpt-oss:120b-cloud", "qwen3-coder:480b-cloud"]
    left_out = shell.lines[shell.lines.index("# Left out: 7 models") + 1 : -1]
    assert [line[4:].split()[0].partition(":")[0] for line in left_out if "made" in line] == made
    assert [line[4:].split()[0] for line in left_out if "in the cloud" in line] == cloud
    code, pulled = run_script(shell.lines, tmp_path)
    assert (code, len(pulled)) == (0, 29)
    assert not {f"pull {name}" for name in cloud}.intersection(pulled)
    assert shell.err.startswith("7 of 36 models are left out of the script")


async def test_a_script_of_what_can_be_pulled_says_no_more(shell: Shell) -> None:
    await shell.runs("export", "--script", "qwen3:8b")
    assert shell.lines[1:] == [
        "# Pulls 1 model: already installed models are not downloaded again.",
        "failed=0",
        "ollama pull qwen3:8b || failed=1",
        'exit "$failed"',
    ]
    assert shell.err == ""


@pytest.mark.parametrize(
    ("name", "parent", "in_registry", "why"),
    [
        ("qwen3:8b", "", False, ""),
        ("mine:1b", "qwen3:8b", False, "made here from qwen3:8b"),
        ("mine:1b", "qwen3:8b", True, ""),
        ("mine:1b", "/home/me/x.gguf", False, "made here from a file"),
        ("two words", "", False, "no registry can have a model of this name"),
    ],
)
def test_why_a_model_cannot_be_pulled(name: str, parent: str, in_registry: bool, why: str) -> None:
    model = a_model(name, digest="1" * 64, parent_model=parent)
    assert why_not_pulled(model, in_registry=in_registry) == why


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
    file.write_text(
        "qwen3:1.7b\nqwen3:4b  sha256:abc  2 GB # want it\n\nnot/there:1b\n@@@ sha256:abc\n"
    )
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
    assert "Nothing was pulled: read-only, so nothing on the server is changed." in shell.err
    assert shell.pulled == []


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "{}", "[3]", '{"models": [{"name": 5}]}', '{"models": 4}', "{broken"],
)
def test_a_file_that_is_no_export_is_refused(text: str) -> None:
    with pytest.raises(CommandRefused):
        read(text)


PROSE = "# Title\n\nqwen3:4b\nA list of models, each by its name\nHello\n"
GO_ON = ": not a model name: "


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (PROSE, f"README.md, line 4{GO_ON}A list of models, each by its name"),
        ("two words\n", f"README.md, line 1{GO_ON}two words"),
        ("@@@\n", f"README.md, line 1{GO_ON}@@@"),
        ("\x7fELF\x02 \x00\n", f"README.md, line 1{GO_ON}�ELF� �"),
        ('[{"name": "a:1"}, {"name": "not one"}]', f"README.md, model 2{GO_ON}not one"),
        ('{"kind": "shopping", "models": [{"name": "a:1"}]}', "README.md: JSON, but not an export"),
        ('{"name": "left-pad"}', "README.md: JSON, but not an export"),
        ("# nothing\n", "README.md: no models in it"),
    ],
)
async def test_nothing_is_planned_or_pulled_of_a_file_that_is_no_export(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, sentence: str
) -> None:
    (tmp_path / "README.md").write_text(text)
    monkeypatch.chdir(tmp_path)
    for words in (["--dry-run"], []):
        with pytest.raises(CommandRefused) as refused:
            await shell.runs("restore", "README.md", *words)
        assert str(refused.value) == f"{sentence}."
    assert shell.pulled == []


def test_a_line_that_is_no_model_name_is_quoted_in_part() -> None:
    with pytest.raises(CommandRefused) as refused:
        read("far too long " * 999)
    assert len(str(refused.value)) < 120


def test_names_may_stand_alone_with_comments_or_as_exported() -> None:
    text = "# mine\n\nqwen3:4b\n  me/x:1b  # why\na:1  sha256:0a  2 GB\nb:1  -  -\n@@@ 0a\n"
    assert read(text) == (
        ExportedModel("qwen3:4b"),
        ExportedModel("me/x:1b"),
        ExportedModel("a:1", "0a"),
        ExportedModel("b:1"),
        ExportedModel("@@@", "0a"),
    )


async def test_a_file_that_is_not_there_is_refused(shell: Shell) -> None:
    with pytest.raises(UsageError, match="No such file"):
        await shell.runs("restore", "/nowhere/at/all")


async def test_restore_fetches_of_a_list_what_the_server_would_choose(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = manifest("for ggml", runner="ggml"), manifest("for llama.cpp", runner="llamacpp")
    odd = manifest("for nothing there", runner="vllm")
    world = World(StoreFolder(tmp_path))
    world.publish("m:latest", list_of(old, new), new)
    world.publish("odd:latest", list_of(odd), odd)
    file = tmp_path / "models.txt"
    file.write_text(f"m:latest  # {digest(old)}\nodd:latest\n")
    words = ("restore", str(file), "--dry-run", "--json")
    options = parser_with(first_word(words)).parse_args(words)
    transport = world.transport()
    async with Ollama(f"http://{HOST}", transport=transport) as ollama:
        context = CommandContext(Settings(), options, lambda: ollama, None, transport)
        await options.run(context)
    pulled, refused = json.loads(capsys.readouterr().out)["steps"]
    assert (pulled["do"], pulled["bytes"]) == ("pull", size_of(new))
    assert refused["do"] == "refuse"
    assert refused["why"] == "ollama.com has nothing of this name that runs on this server."
