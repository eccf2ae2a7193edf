"""What waits for the user waits on while the program is stopped."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.terminal.pty import Terminal

APP = Path(__file__).parent / "apps" / "timed_app.py"


class Time:
    """The clock of the program, in a file that is never half written."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.now = 0.0
        self.passes(1.0)

    def passes(self, seconds: float) -> None:
        self.now += seconds
        beside = self.file.with_suffix(".new")
        beside.write_text(str(self.now))
        os.replace(beside, self.file)


@pytest.mark.parametrize("how", ["ctrl+z", "SIGSTOP", "SIGTSTP"])
def test_a_grace_period_that_ran_out_while_stopped_starts_again(how: str, tmp_path: Path) -> None:
    time = Time(tmp_path / "time")
    with Terminal([sys.executable, str(APP), str(time.file)]) as terminal:
        terminal.wait_for("studio/reviewer:latest")
        terminal.wait_for("Made from")  # the details: by now there is a session
        terminal.press("d")
        terminal.wait_for("y delete")
        terminal.press("y")
        terminal.wait_for("in 8 s  z undo")
        time.passes(1)
        terminal.wait_for("in 7 s  z undo")
        if how == "ctrl+z":
            terminal.press("ctrl+z")
        else:
            terminal.signal(getattr(signal, how))
        terminal.wait_stopped()
        time.passes(3600)
        terminal.signal(signal.SIGCONT)
        for left in range(8, 1, -1):
            terminal.wait_for(f"in {left} s  z undo")
            time.passes(1)
        terminal.wait_for("in 1 s  z undo")
        terminal.press("z")
        terminal.wait_for("ndone; nothing was deleted.")
        assert "studio/reviewer:latest" in terminal.text()
