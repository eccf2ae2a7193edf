"""What the README shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.benchmarks import memory_errors
from tests.domain.memory.measured import MEASURED
from tests.readme import README
from tests.terminal.conftest import ROOT, served

EXAMPLE = re.compile(r"## From Python\n.*?```python\n(.*?)```", re.DOTALL)


def test_the_example_prints_what_has_the_abilities_asked_for() -> None:
    match = EXAMPLE.search(README.read_text(encoding="utf-8"))
    assert match is not None
    with served() as url:
        code = match[1].replace("http://127.0.0.1:11434", url)
        code = code.replace('"vision", "tools"', '"thinking", "tools"')  # the demo has such
        command = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "qwen3:1.7b 1" in done.stdout
    assert "gemma3:4b" not in done.stdout
    assert len([line for line in match[1].splitlines() if line]) == 9


def test_each_fault_names_a_test_that_there_is() -> None:
    section = README.read_text(encoding="utf-8").partition("## When something fails")[2]
    rows = [line for line in section.partition("</details>")[0].splitlines() if "::" in line]
    named = [re.findall(r"`([\w/]+\.py)::(test_\w+)`", row) for row in rows]
    assert len(rows) > 20
    for [(file, name)] in named:
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), (file, name)


def test_the_errors_of_memory_estimates_are_those_computed() -> None:
    section = README.read_text(encoding="utf-8").partition("### What a model takes in memory")[2]
    text, _, rest = section.partition(memory_errors.BEGIN)
    assert rest.partition(memory_errors.END)[0].strip() == memory_errors.table()
    cases = sum(len(model.values) for model in MEASURED)
    architectures = {model.architecture for model in MEASURED}
    assert (
        f"{cases} cases, for {len(MEASURED)} models of {len(architectures)} architectures" in text
    )
