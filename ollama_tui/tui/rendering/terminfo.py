"""Which sequences beyond the common ones the terminal is known to have.

Known means that terminfo's entry of $TERM has them: programs that use ncurses send them by the same
entry, so where it is wrong, they are broken too. The entries of tmux and screen have neither REP
nor ECH.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

_STDERR = 2


class Extras(NamedTuple):
    """Sequences that not every terminal has."""

    repeats: bool = False
    """Whether `ESC [ n b` (REP) writes the last character n times more."""
    erases: bool = False
    """Whether `ESC [ n X` (ECH) erases n cells from the cursor on and leaves it there."""
    keeps_background: bool = False
    """Whether what is erased gets the background in use (bce), not the terminal's own."""
    scrolls: bool = False
    """Whether lines between margins can be scrolled (DECSTBM; SU and SD)."""


NO_EXTRAS = Extras()

_SEQUENCES = {
    "rep": b"%p1%c\x1b[%p2%{1}%-%db",
    "ech": b"\x1b[%p1%dX",
    "csr": b"\x1b[%i%p1%d;%p2%dr",
    "indn": b"\x1b[%p1%dS",
    "rin": b"\x1b[%p1%dT",
}
"""Capabilities, and the sequence of ECMA-48 or DEC that they have to be."""


@lru_cache(maxsize=1)
def known_extras(term: str) -> Extras:
    """Return what the entry of `term` has; nothing where there is no entry, or no curses."""
    try:
        import curses

        # Nothing is written: stderr, on which we draw, is only asked whether it is a terminal.
        curses.setupterm(term, _STDERR)
    except (ImportError, curses.error):
        return NO_EXTRAS
    has = {name: curses.tigetstr(name) == sequence for name, sequence in _SEQUENCES.items()}
    return Extras(
        repeats=has["rep"],
        erases=has["ech"],
        keeps_background=curses.tigetflag("bce") == 1,
        scrolls=has["csr"] and has["indn"] and has["rin"],
    )
