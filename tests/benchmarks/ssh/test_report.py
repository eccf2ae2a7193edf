"""What was measured is told as it is."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.server import name_of, size_of
from tests.benchmarks.ssh.__main__ import BEGIN, END, how_to_get
from tests.benchmarks.ssh.measure import MOVES, Result
from tests.benchmarks.ssh.programs import MTOP, OTERM, OURS, PARLLAMA, PROGRAMS, find
from tests.benchmarks.ssh.report import FLOOR, P95, ROWS, notes, table
from tests.readme import README


def test_each_cell_has_the_median_of_its_samples() -> None:
    moves = Result([0.2, 0.3, 0.21], [MOVES * 300], [MOVES * 400.4], p95=0.3)
    start = Result([0.7, 0.9, 0.8], [9_000, 9_100, 8_000], [10_500, 10_500, 10_500])
    ours = {"start-30": start, "moves": moves, "idle": Result([], [0.0], [0.0])}
    theirs = {"filter": Result(missing="has none"), "open": Result([5.0], [120_400], [131_600])}
    lines = table({"ours": ours, "mtop": theirs}).splitlines()
    rows = {line.split(" | ")[0].strip("| "): line.split(" | ")[1:] for line in lines[2:]}
    assert lines[0] == "|  | ollama-tui | ollama-mtop 0.16.2 |"
    assert list(rows) == list(ROWS.values())
    assert rows[ROWS["start-30"]] == ["0.80 s, 9.0 kB (10.5 kB)", " |"]
    assert rows[ROWS["moves"]][0] == "0.21 s, 300 B (400 B)"
    assert rows[ROWS[P95]][0] == "0.30 s"
    assert rows[ROWS["idle"]][0] == "0 B (0 B)"
    assert rows[ROWS["filter"]] == ["", "– (has none) |"]
    assert rows[ROWS["open"]] == ["", "5.00 s, 120 kB (132 kB) |"]


def test_the_notes_name_each_dialog_that_was_opened() -> None:
    said = notes({FLOOR: {}, "ours": {}, "oterm": {}}, "200 ms, 20 kB/s", "OpenSSH_9.2p1")
    assert "200 ms, 20 kB/s" in said.replace("\n", " ")
    assert "a new chat (oterm)" in said.replace("\n", " ")
    assert "mtop" not in said


def test_the_readme_has_every_row() -> None:
    block = README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = [line.split(" | ")[0].strip("| ") for line in block.splitlines() if line[:1] == "|"]
    assert rows[2:] == list(ROWS.values())


def test_the_cursor_meets_the_models_in_the_order_of_each_program() -> None:
    names = {name_of(number): number for number in range(120)}
    assert all(set(program.order(120)) == set(names) for program in PROGRAMS.values())
    assert OURS.column(3) == OTERM.column(3) == [name_of(0), name_of(1), name_of(2)]
    assert MTOP.column(120) == sorted(names)
    sizes = [size_of(names[name]) for name in PARLLAMA.column(120)]
    assert (len(sizes), sizes) == (60, sorted(sizes, reverse=True))
    assert all("qwen" in name for name in PARLLAMA.column(120, "qwen"))
    assert all(len(program.column(120)) > MOVES for program in PROGRAMS.values())


def test_a_program_is_found_in_its_environment(tmp_path: Path) -> None:
    command = tmp_path / "ollama-mtop" / "bin" / "mtop"
    command.parent.mkdir(parents=True)
    command.touch()
    assert find(MTOP, tmp_path) == str(command)


def test_what_is_missing_is_said_with_how_to_get_it() -> None:
    said = how_to_get([OTERM, PARLLAMA])
    assert "oterm 0.26.1, parllama 0.10.1" in said
    assert "--install" in said
