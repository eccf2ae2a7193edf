"""Measure the program in a real terminal against floors of the same run.

python -m tests.benchmarks [--quick] [--only starts,moving,…] [--json FILE]

Prints a Markdown table; ends with 1 when a limit is not kept. Compare ratios, not milliseconds:
every floor was measured in turns with what it is the floor of.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.benchmarks import memory, moving, pulling, reading, sorting, starts, traffic
from tests.benchmarks.report import Row, table
from tests.benchmarks.stage import stage

PARTS = {
    "starts": starts.measure,
    "moving": moving.measure,
    "pulling": pulling.measure,
    "reading": reading.measure,
    "sorting": sorting.measure,
    "memory": memory.measure,
    "traffic": traffic.measure,
}


def main() -> int:
    """Run the parts wanted; return how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, shorter windows")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--json", type=Path, help="write every sample to this file")
    options = parser.parse_args()
    rows: list[Row] = []
    with stage() as set_up:
        for part in options.only.split(","):
            rows += PARTS[part](set_up, 3 if options.quick else 9)
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps([row.as_json() for row in rows], indent=1))
    return int(any(row.is_over for row in rows))


if __name__ == "__main__":
    sys.exit(main())
