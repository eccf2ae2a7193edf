"""Measure the program beside others through a real sshd and a slow link.

python -m tests.benchmarks.ssh [--programs ours,mtop,oterm,parllama] [--peers FOLDER] [--json FILE]
python -m tests.benchmarks.ssh --install FOLDER
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.ssh.link import RATE, ROUND_TRIP
from tests.benchmarks.ssh.measure import Bench, Results
from tests.benchmarks.ssh.programs import OURS, PROGRAMS, Program, find, install
from tests.benchmarks.ssh.remote import MISSING, find_sshd, remote
from tests.benchmarks.ssh.report import FLOOR, notes, table
from tests.benchmarks.stage import stage

BEGIN, END = "<!-- ssh -->", "<!-- /ssh -->"


def main() -> int:
    """Measure what is wanted and there; return how it went."""
    options = _parser().parse_args()
    wanted = [PROGRAMS[key] for key in options.programs.split(",")]
    if options.install:
        install(options.install, wanted)
        options.peers = options.install
    if find_sshd() is None:
        print(MISSING, file=sys.stderr)
        return 2
    paths = {program.key: find(program, options.peers) for program in wanted}
    if absent := [program for program in wanted if paths[program.key] is None]:
        print(how_to_get(absent), file=sys.stderr)
    present = [(program, path) for program in wanted if (path := paths[program.key])]
    link = f"{options.round_trip * 1000:g} ms there and back, {options.rate / 1000:g} kB/s"
    measured, version, failed = _measure(options, present)
    text = f"{table(measured)}\n\n{notes(measured, link, version)}"
    print(f"{BEGIN}\n{text}\n{END}" if options.readme else text)
    if options.json:
        found = {
            key: {row: result.as_json() for row, result in results.items()}
            for key, results in measured.items()
        }
        options.json.write_text(
            json.dumps({"link": link, "ssh": version, "results": found}, indent=1)
        )
    return int(failed or bool(absent))


def _measure(
    options: argparse.Namespace, present: list[tuple[Program, str]]
) -> tuple[dict[str, Results], str, bool]:
    """Return the results by program, ssh's version, and whether a program could not be driven."""
    complaints: list[str] = []
    if options.dump:
        options.dump.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="ollama-tui-ssh-") as folder,
        stage() as set_up,
        remote(Path(folder), options.rate, options.round_trip) as far,
    ):
        bench = Bench(far, set_up, options.dump)
        measured = {FLOOR: bench.floor()}
        for program, path in present:
            print(f"{program.package} …", file=sys.stderr, flush=True)
            measured[program.key] = bench.measure(program, path, options.rounds, complaints.append)
    print(*complaints, sep="\n", file=sys.stderr)
    return measured, far.version, bool(complaints)


def how_to_get(absent: list[Program]) -> str:
    """Return what to say of programs that are not there."""
    names = ", ".join(f"{program.package} {program.version}" for program in absent)
    return (
        f"Not found, so left out: {names}. --install FOLDER installs them there with venv and pip."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", default=",".join(PROGRAMS), help="separated by commas")
    parser.add_argument("--peers", type=Path, help=f"folder of environments, other than {OURS.key}")
    parser.add_argument("--install", type=Path, help="make these environments there first")
    parser.add_argument("--rounds", type=int, default=3, help="starts of each kind")
    parser.add_argument("--rate", type=float, default=RATE, help="bytes a second")
    parser.add_argument("--round-trip", type=float, default=ROUND_TRIP, help="seconds")
    parser.add_argument("--json", type=Path, help="write every sample to this file")
    parser.add_argument("--dump", type=Path, help="write what was sent to this folder")
    parser.add_argument("--readme", action="store_true", help="print the block of the README")
    return parser


if __name__ == "__main__":
    sys.exit(main())
