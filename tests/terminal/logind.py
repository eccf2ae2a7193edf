"""A stand-in for systemd on a machine where a logout kills what the session has started."""

from __future__ import annotations

import os
from pathlib import Path

LOGINCTL = """#!/bin/sh
case "$*" in
  *Linger*) echo Linger={linger} ;;
  *) echo KillUserProcesses=yes; echo KillExcludeUsers= ;;
esac
"""
SYSTEMD_RUN = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
IN_A_SCOPE_OF_ITS_OWN=1 exec "$@"
"""


def logind_that_kills(folder: Path, *, linger: bool) -> str:
    """Stand in for systemd with `KillUserProcesses=yes`; return the PATH that has it."""
    folder.mkdir()
    for name, text in (
        ("loginctl", LOGINCTL.format(linger="yes" if linger else "no")),
        ("systemd-run", SYSTEMD_RUN),
    ):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"
