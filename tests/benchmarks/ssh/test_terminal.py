"""The terminal at the user's end knows where a list's cursor is, however that is shown."""

from __future__ import annotations

import shlex
from functools import partial

from tests.benchmarks.server import name_of
from tests.benchmarks.ssh.terminal import RemoteTerminal
from tests.terminal.emulators import Screen, Stream

SIZE = (40, 8)


def painted(data: bytes) -> list[str]:
    """Return the lines of a screen of 10x4."""
    screen = Screen(10, 4)
    Stream(screen).feed(data)
    return [line.rstrip() for line in screen.display]


def showing(*lines: str) -> RemoteTerminal:
    """Return a terminal, not started yet, whose program shows lines and waits."""
    text = "\\r\\n".join(lines).replace("%", "%%")
    return RemoteTerminal(["sh", "-c", f"printf {shlex.quote(text)}; exec cat -v"], SIZE)


def listed(cursor: int, before: str, after: str) -> list[str]:
    """Return five models, one of them in another look."""
    return [
        f"{before}{name_of(n)}{after}" if n == cursor else f"  {name_of(n)}  4 GB" for n in range(5)
    ]


def test_a_repeated_character() -> None:
    assert painted(b"a\x1b[3bb")[0] == "aaaab"


def test_lines_scrolled_up_and_down_within_their_region() -> None:
    lines = b"1\r\n2\r\n3\r\n4\x1b[2;3r"
    assert painted(lines + b"\x1b[S") == ["1", "3", "", "4"]
    assert painted(lines + b"\x1b[T") == ["1", "", "2", "4"]
    assert painted(b"1\r\n2\r\n3\r\n4\x1b[2S") == ["3", "4", "", ""]


def test_the_cursor_is_the_row_that_looks_unlike_the_others() -> None:
    for before, after in (("> ", ""), ("\\033[7m  ", "\\033[m"), ("  \\033[1;48;5;24m", "\\033[m")):
        with showing(*listed(3, before, after)) as terminal:
            terminal.when(partial(terminal.has, name_of(4)))
            assert terminal.names() == [name_of(n) for n in range(5)]
            assert terminal.cursor_name() == name_of(3)


def test_no_row_is_the_cursor_where_none_or_two_look_different() -> None:
    two = listed(3, "> ", "")
    two[1] = f"> {name_of(1)}"
    for lines in (listed(9, "", ""), two):
        with showing(*lines) as terminal:
            terminal.when(partial(terminal.has, name_of(4)))
            assert terminal.cursor_name() is None


def test_cursor_keys_are_sent_as_the_program_asked_for() -> None:
    with showing("ready") as terminal:
        terminal.when(lambda: terminal.has("ready"))
        terminal.press("down", "x", "enter")
        terminal.when(lambda: terminal.has("^[[Bx"))
    with showing("ready\\033[?1h") as terminal:
        terminal.when(lambda: terminal.has("ready"))
        terminal.press("down", "x", "enter")
        terminal.when(lambda: terminal.has("^[OBx"))


def test_a_step_ends_when_what_was_waited_for_stays() -> None:
    with showing("ready") as terminal:
        terminal.when(lambda: terminal.has("ready"))
        step = terminal.step(
            lambda: terminal.press("a", "b", "enter"),
            lambda: (terminal.lines_text().count("ab"), terminal.screen.cursor.y),
            lambda seen: seen == (2, 2),  # as typed, and the whole line again as `cat` says it
            quiet=0.05,
        )
    assert 0 < step.seconds <= step.ended - step.began
    assert step.written == len("ab\r\nab\r\n")
