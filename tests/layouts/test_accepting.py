"""Accepting layouts: what is accepted no longer differs, and what differs is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.layouts.__main__ import look
from tests.layouts.kept import path_of

NAME = "sort"


async def test_what_is_accepted_no_longer_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, drawn = tmp_path / "kept", tmp_path / "drawn"
    assert await look([NAME], folder=kept) == 4
    assert "80x24/sort.txt is new" in capsys.readouterr().out
    assert not kept.exists()
    assert await look([NAME], accept=True, svg=drawn, folder=kept) == 4
    assert (drawn / "80x24" / "sort.svg").read_text().startswith("<svg")
    capsys.readouterr()
    assert await look([NAME], folder=kept) == 0
    assert capsys.readouterr().out == ""
    path = path_of(NAME, (40, 10), kept)
    path.write_text(path.read_text().replace("Sort by", "Order by"))
    assert await look([NAME], folder=kept) == 1
    said = capsys.readouterr().out
    assert "40x10/sort.txt differs" in said
    assert "Order by" in said
