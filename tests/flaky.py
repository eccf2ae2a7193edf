"""Run the tests, and those that failed once more, alone: for `.ci/run`.

python -m tests.flaky [arguments of pytest]

A test that failed among the others and passes alone depends on the machine: it is named as flaky
and fails nothing. What fails twice does. The last line says how many passed, as pytest's own does.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import pytest

ALONE = ("-n", "0", "-q")
"""One after the other. Still quieter, so without a closing line: each test is counted once."""


class Outcome:
    """The tests of one run by their ids; a plugin of pytest."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.failed: list[str] = []
        """Also what could not be set up, taken down or collected."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Take over what pytest has counted."""
        by_kind = {
            kind: [report.nodeid for report in terminalreporter.stats.get(kind, ())]
            for kind in ("passed", "failed", "error")
        }
        self.failed = list(dict.fromkeys(by_kind["failed"] + by_kind["error"]))
        self.passed = [test for test in by_kind["passed"] if test not in self.failed]


def run(arguments: Sequence[str]) -> tuple[Outcome, int]:
    """Run pytest; return what came of it and its exit code."""
    outcome = Outcome()
    return outcome, pytest.main([*arguments], plugins=[outcome])


def main(arguments: Sequence[str]) -> int:
    """Run pytest, then what failed once more; return the exit code."""
    start = time.monotonic()
    first, code = run(arguments)
    if code != pytest.ExitCode.TESTS_FAILED:
        return code
    print(f"\n== {len(first.failed)} failed: once more, alone", flush=True)
    again, _ = run([*ALONE, *first.failed])
    flaky = [test for test in first.failed if test in again.passed]
    broken = [test for test in first.failed if test not in again.passed]
    print()
    for test in flaky:
        print(f"FLAKY: passed alone: {test}")
    for test in broken:
        print(f"FAILED twice: {test}")
    counts = f"{len(first.passed) + len(flaky)} passed, {len(flaky)} of them flaky"
    if broken:
        counts = f"{len(broken)} failed, {counts}"
    print(f"{counts} in {time.monotonic() - start:.2f}s")
    return pytest.ExitCode.TESTS_FAILED if broken else pytest.ExitCode.OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
