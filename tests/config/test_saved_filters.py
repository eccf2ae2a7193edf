"""Filters saved in the program: kept, replaced, forgotten; those of config.toml win."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.config.saved_filters import MOST_FILTERS, SavedFilters
from ollama_tui.config.state_file import Problems


def test_a_saved_filter_comes_back_and_is_replaced_and_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "config" / "filters.json"
    saved = SavedFilters.read(file)
    assert saved.save("big", "size:>8g")
    assert saved.save("sees", "cap:vision")
    assert saved.save("big", "size:>80g")
    assert SavedFilters.read(file).own == {"sees": "cap:vision", "big": "size:>80g"}
    assert saved.delete("sees")
    assert SavedFilters.read(file).own == {"big": "size:>80g"}


def test_the_user_s_own_file_wins() -> None:
    saved = SavedFilters(own={"big": "size:>80g", "sees": "cap:vision"})
    config = (("big", "size:>8g"),)
    assert saved.with_config(config) == (("big", "size:>8g"), ("sees", "cap:vision"))


def test_there_is_an_end_to_how_many_are_kept(tmp_path: Path) -> None:
    saved = SavedFilters.read(tmp_path / "filters.json")
    for number in range(MOST_FILTERS + 5):
        saved.save(f"f{number}", "qwen")
    own = SavedFilters.read(tmp_path / "filters.json").own
    assert len(own) == MOST_FILTERS
    assert f"f{MOST_FILTERS + 4}" in own


@pytest.mark.parametrize(
    "filters", ['{"a b": "x"}', '{"x": "a\\u001b[2J"}', '{"x": "' + "y" * 2000 + '"}', "[]", "7"]
)
def test_what_is_no_filter_is_left_out(tmp_path: Path, filters: str) -> None:
    file = tmp_path / "filters.json"
    file.write_text(f'{{"version": 1, "data": {{"filters": {filters}}}}}')
    assert SavedFilters.read(file).own == {}


def test_what_cannot_be_written_is_there_until_the_end_and_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    problems = Problems()
    saved = SavedFilters.read(tmp_path / "file" / "filters.json", problems)
    assert not saved.save("big", "size:>8g")
    assert saved.own == {"big": "size:>8g"}
    assert "cannot be written" in problems.take()[0]
