"""Four downloads while nobody reads the terminal: do they end, and does the event loop go on?

python -m tests.faults.frozen [--seconds 60]

Says how long the loop was busy or blocked at most, how many downloads have ended, and whether the
screen is right afterwards, and how soon. `tests/terminal/test_frozen.py` holds the short form.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.terminal.conftest import served
from tests.terminal.frozen import PULLS, differences, installed, pull_all, redrawn, settle
from tests.terminal.pty import Terminal

APP = Path(__file__).parents[1] / "terminal" / "apps" / "beating_app.py"
LARGEST = 2_497_280_480
"""Bytes of the largest of `PULLS`."""
EVERY = 0.01
"""Seconds between two beats."""
DRAWN = 1.0
"""Seconds that the screen is read after the downloads have begun."""
LONGEST_GAP = 0.1
"""Seconds that the loop may take for one thing."""


def beat(until: float) -> float:
    """Return the longest time this process had to wait for the machine, in seconds."""
    longest, before = 0.0, time.monotonic()
    while before < until:
        time.sleep(EVERY)
        now = time.monotonic()
        longest, before = max(longest, now - before), now
    return longest


def main() -> int:
    """Run it and print what came of it; return 1 if anything is not as it should be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=60, help="how long nothing is read")
    seconds = parser.parse_args().seconds
    rate = int(LARGEST / (0.8 * seconds))  # the last ends shortly before the terminal is read again
    with tempfile.TemporaryDirectory() as folder, served("--rate", str(rate)) as url:
        beats = Path(folder) / "beats"
        argv = [sys.executable, str(APP), str(beats)]
        with Terminal(argv, size=(120, 40), env={"OLLAMA_HOST": url, "HOME": folder}) as terminal:
            terminal.wait_for("36 models")
            terminal.wait_idle()
            pull_all(terminal)
            begun = time.monotonic()  # the list is drawn once more, now that the dialog is gone
            terminal.wait_until(lambda _: time.monotonic() > begun + DRAWN)
            start = time.monotonic()
            machine = beat(start + seconds)
            end = time.monotonic()
            done = installed(url) & set(PULLS)
            terminal.wait_for("40 models")
            back = time.monotonic() - end
            settle(terminal)
            wrong = differences(terminal.cells(), redrawn(terminal))
        late = [tuple(map(float, line.split())) for line in beats.read_text().splitlines()]
    gaps = sorted((gap, busy) for at, gap, busy in late if start < at < end)
    print(f"nothing read for {end - start:.0f} s")
    print(f"downloads that ended meanwhile: {len(done)} of {len(PULLS)}")
    longest = [f"{gap * 1000:.0f} ({busy * 1000:.0f} at work)" for gap, busy in gaps[:-4:-1]]
    print("longest gaps between two beats of the loop, in ms:", *longest or ["all below 20"])
    print(f"the same of this process, which did nothing: {machine * 1000:.0f}")
    print(f"models listed {back * 1000:.0f} ms after the terminal was read again")
    print(f"lines of the screen that differ from one drawn anew: {len(wrong)}", *wrong, sep="\n")
    return int(len(done) < len(PULLS) or bool(wrong) or bool(gaps and gaps[-1][0] > LONGEST_GAP))


if __name__ == "__main__":
    sys.exit(main())
