"""What is done with each program at the other end of the link, and what it costs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.report import percentile
from tests.benchmarks.ssh.programs import Program
from tests.benchmarks.ssh.remote import Remote
from tests.benchmarks.ssh.terminal import DEADLINE, QUIET, RemoteTerminal, Step
from tests.benchmarks.stage import Home, Stage

MOVES = 50
LISTED = 120
"""Models of the list that the cursor moves in: 60 rows where two stand side by side."""
FEW, MANY = 30, 10_000
NEVER = f"not within {DEADLINE:.0f} s"
STARTS = [f"{which}-{count}" for count in (FEW, MANY) for which in ("first", "start")]
"""The rows of the starts."""
TYPED = "qwen"
WINDOW = 6.0
"""Seconds in which the bytes of a pull, or of an idle program, are counted."""
LEARNED = 2.0
"""Seconds before a list counts as known; details of its models are asked for in between."""


@dataclass
class Result:
    """What one thing cost with one program."""

    seconds: list[float] = field(default_factory=list)
    written: list[float] = field(default_factory=list)
    """Bytes the program wrote; bytes a second where it goes on by itself."""
    wire: list[float] = field(default_factory=list)
    """The same as SSH sent it, in both directions."""
    p95: float | None = None
    missing: str = ""
    """Why there is nothing."""

    def as_json(self) -> dict[str, Any]:
        """Return everything, samples included."""
        return asdict(self)


Results = dict[str, Result]
"""By row."""


@dataclass
class Bench:
    """Runs one program after the other through the same link."""

    far: Remote
    stage: Stage
    dumps: Path | None = None
    """Where to keep what the programs wrote."""
    _dumped: int = 0

    def floor(self) -> Results:
        """Measure the link itself: a command that says something, and one that sends keys back."""
        start, burst = Result(), Result()
        command = ["sh", "-c", "stty raw -echo; echo ready; exec cat"]
        for _ in range(3):
            with self._terminal("floor", command, {"PATH": os.defpath}) as terminal:
                step = terminal.step(None, terminal.lines_text, lambda text: "ready" in text)
                self._add(start, step)
        with self._terminal("floor", command, {"PATH": os.defpath}) as terminal:
            terminal.when(lambda: terminal.has("ready"))
            terminal.settle()

            def echoed() -> int:
                return terminal.lines_text().count("x")

            def come(number: int) -> Callable[[], bool]:
                return lambda: echoed() == number

            moves = self._one_by_one(
                terminal, "x", [come(number) for number in range(1, MOVES + 1)]
            )
            act = partial(terminal.press, *["x"] * MOVES)
            self._add(burst, terminal.step(act, echoed, lambda count: count == 2 * MOVES))
        return {**dict.fromkeys(STARTS, start), "moves": moves, "burst": burst}

    def measure(
        self, program: Program, path: str, rounds: int, complain: Callable[[str], object]
    ) -> Results:
        """Measure everything that a program has, each thing in a start of its own."""
        results: Results = {}
        home = self.stage.home()
        things: tuple[tuple[Sequence[str], Callable[[], Results]], ...] = (
            (STARTS, lambda: self._starts(program, path, rounds)),
            (("filter",), lambda: self._filter(program, path, home)),
            (("moves",), lambda: self._moves(program, path, home)),
            (("burst",), lambda: self._burst(program, path, home)),
            (("open", "close"), lambda: self._dialog(program, path, home)),
            (("idle",), lambda: self._idle(program, path, home)),
            (("pull", "pulling"), lambda: self._pull(program, path, home)),
        )
        for rows, thing in things:
            try:
                results |= thing()
            except AssertionError as error:
                complain(f"{program.package}, {', '.join(rows)}: {error}")
                results |= dict.fromkeys(rows, Result(missing=NEVER))
        return results

    # The things

    def _starts(self, program: Program, path: str, rounds: int) -> Results:
        results: Results = {}
        for count in (FEW, MANY):
            for row in (f"first-{count}", f"start-{count}"):
                results[row] = Result()
            if count == MANY and "many" in program.lacks:
                missing = Result(missing=program.lacks["many"])
                results |= dict.fromkeys((f"first-{count}", f"start-{count}"), missing)
                continue
            for _ in range(rounds):
                home = self.stage.home()
                for row in (f"first-{count}", f"start-{count}"):
                    with self._program(program, path, home, count) as terminal:
                        self._add(results[row], self._list(program, terminal))
                        if program.key == "ours":  # leaves as a user does: it keeps what it knows
                            terminal.press("q")
                            terminal.wait_exit()
        return results

    def _filter(self, program: Program, path: str, home: Home) -> Results:
        if program.focus_filter is None:
            return {"filter": Result(missing=program.lacks["filter"])}
        with self._at_list(program, path, home) as terminal:
            program.focus_filter(terminal)
            terminal.settle(program.quiet)
            wanted = program.column(LISTED, TYPED)
            typed = terminal.step(
                lambda: terminal.type(TYPED),
                terminal.names,
                lambda names: bool(names) and names == wanted[: len(names)],
            )
            return {"filter": self._add(Result(), typed)}

    def _moves(self, program: Program, path: str, home: Home) -> Results:
        with self._at_first_row(program, path, home) as terminal:

            def on(name: str) -> Callable[[], bool]:
                return lambda: terminal.cursor_name() == name

            names = program.column(LISTED)[1 : MOVES + 1]
            return {"moves": self._one_by_one(terminal, "down", [on(name) for name in names])}

    def _burst(self, program: Program, path: str, home: Home) -> Results:
        with self._at_first_row(program, path, home) as terminal:
            last = program.column(LISTED)[MOVES]
            act = partial(terminal.press, *["down"] * MOVES)
            step = terminal.step(act, terminal.cursor_name, lambda name: name == last)
            return {"burst": self._add(Result(), step)}

    def _dialog(self, program: Program, path: str, home: Home) -> Results:
        dialog = program.dialog
        where = self._at_start if program.dialog_is_elsewhere else self._at_first_row
        with where(program, path, home) as terminal:
            before = terminal.names()
            opened = terminal.step(
                lambda: terminal.press(dialog.opened_by),
                lambda: terminal.has(dialog.shows),
                bool,
                quiet=program.quiet,
            )
            closed = terminal.step(
                lambda: terminal.press(dialog.closed_by),
                lambda: (terminal.has(dialog.shows), terminal.names()),
                lambda seen: seen == (False, before),
            )
        return {"open": self._add(Result(), opened), "close": self._add(Result(), closed)}

    def _idle(self, program: Program, path: str, home: Home) -> Results:
        with self._at_list(program, path, home) as terminal:
            terminal.settle(LEARNED)
            return {"idle": self._going_on(terminal)}

    def _pull(self, program: Program, path: str, home: Home) -> Results:
        if program.pull is None:
            return dict.fromkeys(("pull", "pulling"), Result(missing=program.lacks["pull"]))
        with self._at_list(program, path, home) as terminal:
            program.focus_list(terminal)
            program.pull(terminal)
            terminal.settle()
            pressed = time.monotonic()
            terminal.press(program.pull_key)
            first = terminal.when(lambda: terminal.has(program.pulling)) - pressed
            terminal.settle()
            return {"pull": Result([first]), "pulling": self._going_on(terminal)}

    # The means

    def _list(self, program: Program, terminal: RemoteTerminal) -> Step:
        program.open_list(terminal)
        return terminal.step(None, terminal.names, bool, quiet=program.quiet)

    @contextmanager
    def _at_list(self, program: Program, path: str, home: Home) -> Iterator[RemoteTerminal]:
        with self._program(program, path, home, LISTED) as terminal:
            self._list(program, terminal)
            yield terminal

    @contextmanager
    def _at_first_row(self, program: Program, path: str, home: Home) -> Iterator[RemoteTerminal]:
        with self._at_list(program, path, home) as terminal:
            program.focus_list(terminal)
            terminal.settle(LEARNED)
            yield terminal

    @contextmanager
    def _at_start(self, program: Program, path: str, home: Home) -> Iterator[RemoteTerminal]:
        with self._program(program, path, home, LISTED) as terminal:
            terminal.when(lambda: terminal.has("q quit"))
            terminal.settle(program.quiet)
            yield terminal

    def _going_on(self, terminal: RemoteTerminal) -> Result:
        """Count what comes without a key."""
        mark, began = terminal.mark(), time.monotonic()
        terminal.watch(WINDOW)
        written, wire = len(terminal.bytes_since(mark)), self.far.wire(began, time.monotonic())
        return Result([], [written / WINDOW], [wire / WINDOW])

    def _one_by_one(
        self, terminal: RemoteTerminal, key: str, seen: list[Callable[[], bool]]
    ) -> Result:
        """Press a key as often as there is something to see, each time when that is seen."""
        mark, began = terminal.mark(), time.monotonic()
        seconds = []
        for condition in seen:
            pressed = time.monotonic()
            terminal.press(key)
            seconds.append(terminal.when(condition) - pressed)
        ended = terminal.settle()
        written = len(terminal.bytes_since(mark))
        return Result(seconds, [written], [self.far.wire(began, ended)], percentile(seconds, 0.95))

    def _add(self, result: Result, step: Step) -> Result:
        result.seconds.append(step.seconds)
        result.written.append(step.written)
        result.wire.append(self.far.wire(step.began, step.ended))
        return result

    @contextmanager
    def _program(
        self, program: Program, path: str, home: Home, models: int
    ) -> Iterator[RemoteTerminal]:
        url = self.stage.url(models)
        with self._terminal(
            program.key, program.argv(path, url, home), program.environ(url, home)
        ) as terminal:
            yield terminal

    @contextmanager
    def _terminal(
        self, key: str, command: list[str], environ: dict[str, str]
    ) -> Iterator[RemoteTerminal]:
        argv = self.far.argv(command, environ)
        try:
            with RemoteTerminal(argv, self.stage.size, stirs=self.far.stirs) as terminal:
                yield terminal
        finally:
            self.far.kill_programs()
            self.far.drain(QUIET)  # what was on its way is not the next one's
            if self.dumps is not None:
                self._dumped += 1
                terminal.dump(self.dumps / f"{key}-{self._dumped:02d}")
