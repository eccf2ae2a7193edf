"""All mutated replies: their number, their outcomes, the failures, time and memory.

python -m tests.faults [replies, by default 120000] [beginning of the names of recordings]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from tests.faults.bench import NAMES, Findings, most_memory, run, summary

COUNT = 120_000
MB = 1024 * 1024


async def everything(count: int, start: str) -> Findings:
    """Return what came of about `count` replies."""
    chosen = [name for name in NAMES if name.startswith(start)]
    findings = Findings()
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            findings.add(await run(name, -(-count // len(chosen)), Path(folder)))
    return findings


def main(arguments: Sequence[str]) -> int:
    """Run; return the exit code: 1 when something failed."""
    count = int(arguments[0]) if arguments else COUNT
    start = arguments[1] if len(arguments) > 1 else ""
    traced = "--trace" in arguments
    if traced:
        tracemalloc.start()
    before, began = most_memory(), perf_counter()
    findings = asyncio.run(everything(count, start if start != "--trace" else ""))
    for failure in findings.failures[:60]:
        print(failure)
    print(summary(findings))
    print(f"{findings.count} replies in {perf_counter() - began:.0f} s")
    print(f"slowest: {findings.slowest[0]:.2f} s, {findings.slowest[1]}")
    print(f"largest: +{findings.largest[0]:.0f} MB, {findings.largest[1]}")
    print(f"memory: {before:.0f} MB before, at most {most_memory():.0f} MB")
    if traced:
        print(f"of Python's objects at most {tracemalloc.get_traced_memory()[1] / MB:.0f} MB")
    print(f"{len(findings.failures)} failures")
    return 1 if findings.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
