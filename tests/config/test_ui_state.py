"""What is kept between runs: order, theme, servers; never worth an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.config.ui_state import MOST_FILTERS, MOST_HOSTS, UIState
from ollama_tui.domain.rows import View


def test_order_theme_and_servers_come_back(tmp_path: Path) -> None:
    state = UIState.read(tmp_path / "state" / "ui-state.json")
    state.remember(View(sort="size", reverse=True), "ollama-light")
    state.remember_host("http://a:1")
    again = UIState.read(tmp_path / "state" / "ui-state.json")
    assert (again.sort, again.reverse, again.theme) == ("size", True, "ollama-light")
    assert again.hosts == ("http://a:1",)
    assert again.applied_to(View()) == View(sort="size", reverse=True)


def test_the_last_server_that_answered_comes_first_and_only_once(tmp_path: Path) -> None:
    state = UIState.read(tmp_path / "ui-state.json")
    for host in ("a", "b", "a"):
        state.remember_host(host)
    assert state.hosts == ("a", "b")
    for number in range(20):
        state.remember_host(str(number))
    assert len(UIState.read(tmp_path / "ui-state.json").hosts) == MOST_HOSTS


def test_filters_come_back_the_last_first_none_twice_and_there_is_an_end(tmp_path: Path) -> None:
    state = UIState.read(tmp_path / "ui-state.json")
    for text in ("a", "b", "a", " ", "bad\x1b", "x" * 5000):
        state.remember_filter(text)
    assert UIState.read(tmp_path / "ui-state.json").filters == ("a", "b")
    for number in range(80):
        state.remember_filter(f"f{number}")
    again = UIState.read(tmp_path / "ui-state.json").filters
    assert len(again) == MOST_FILTERS
    assert again[0] == "f79"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"sort": 1}', '{"hosts": "a"}', '{"hosts": [1]}', "\xff"]
)
def test_a_broken_file_counts_as_nothing_kept(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ui-state.json"
    file.write_text(text, encoding="latin-1")
    state = UIState.read(file)
    assert (state.sort, state.hosts) == ("", ())
    assert state.applied_to(View(sort="name")) == View(sort="name")


def test_what_cannot_be_written_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    UIState.read(tmp_path / "file" / "ui-state.json").remember_host("a")
    UIState().remember_host("a")
