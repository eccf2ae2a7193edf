"""A model may have any name: in a script it is one word, and in a path one file of its folder."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from ollama_tui.cli.export import plain, script
from ollama_tui.cli.restore import read
from ollama_tui.config.drafts import MODELFILE, FormKey
from ollama_tui.domain.modelfile.convert import file_name
from tests.domain.models import a_model
from tests.faults.shown import acts

SPICE = st.sampled_from(
    ["$(reboot)", "`x`", "';x;'", '"', "\\", "\n", "\r", "\x1b[2J", "\x7f\x7f", "\x9b", "\u202e",
     "../", "/", "..", "~", "-", "--insecure", "#", " ", "\t", "\0", "a", "qwen3", ":8b", ":latest",
     "&&x", "|x", ">x", "*", "?", "[a]", "{a,b}", "!!", "%s", "\ufeff", "é", "👍", "\u2028"]
)  # fmt: skip
NAMES = st.lists(SPICE | st.text(max_size=3), max_size=8).map("".join)
BROKEN = st.text(st.characters(), max_size=5)
"""Also half surrogate pairs, as arguments of the command line may have."""
PULL = ["ollama", "pull"]
LONGEST = 255
"""Bytes of a file's name."""


@given(st.lists(NAMES, max_size=4))
@example(["-rf"])
@example(["a\nreboot", "a\x7f\x7f"])
@example(["h/a/b:c", "$(x)/a/b:c", "localhost:1/a/b"])
def test_a_script_runs_pulls_of_single_words_and_nothing_else(names: list[str]) -> None:
    lines = script([a_model(name) for name in names])
    assert [line for line in lines if acts(line)] == []
    for line in lines:
        if line.startswith("#") or line in ("failed=0", 'exit "$failed"'):
            continue
        words = shlex.split(line)
        assert (words[:2], words[-2:]) == (PULL, ["||", "failed=1"])
        name = words[-3]
        assert words[2:-3] in ([], ["--insecure"])
        assert name in names
        assert not name.startswith("-")
        # Of what a shell would read in any way, nothing stands unquoted.
        assert line.endswith(f"{shlex.quote(name)} || failed=1")


def test_a_shell_takes_the_script_of_hostile_names(tmp_path: Path) -> None:
    names = ["a;touch x:1", "$(touch x)", "a\ntouch x", "ok:1b", "`touch x`", "h;touch x/a/b:1"]
    (tmp_path / "ollama").write_text("#!/bin/sh\n")
    (tmp_path / "ollama").chmod(0o700)
    text = "\n".join(script([a_model(name) for name in names])) + "\n"
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    subprocess.run(["/bin/sh"], input=text, text=True, cwd=tmp_path, env=environment, check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["ollama"]


@given(st.lists(NAMES, max_size=4))
def test_a_list_has_a_line_for_each_name_and_reads_no_others(names: list[str]) -> None:
    lines = plain([a_model(name) for name in names])
    assert [line for line in lines if acts(line)] == []
    assert len(lines) == max(1, len(names) + 1 if names else 1)


@given(NAMES | BROKEN)
@example("../../etc/passwd")
@example("..")
@example("")
@example(".bashrc")
@example("\ud800")
@example("x" * 3000)
def test_a_file_stays_in_its_folder(name: str) -> None:
    keys = (FormKey("create", name, MODELFILE), FormKey("names", name))
    for file in (file_name(name), *(key.file_name(n) for key in keys for n in (1, 12))):
        assert Path(file).name == file
        assert file not in ("", ".", "..")
        assert not file.startswith((".", "-"))
        assert len(file.encode()) <= LONGEST
        assert not acts(file)
        assert "\0" not in file
    assert keys[0].is_name(keys[0].file_name(3))


def test_what_a_list_of_hostile_names_says_is_read_back_as_nothing_worse() -> None:
    names = ["ok:1b", "a b", "$(x)"]
    text = "\n".join(plain([a_model(name) for name in names]))
    assert {wanted.name for wanted in read(text)} <= {"ok:1b", "a", "$(x)"}
