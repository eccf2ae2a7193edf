"""What is kept between runs: order, theme, servers; never worth an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.config.settings import Settings
from ollama_tui.config.ui_state import MOST_FILTERS, MOST_HOSTS, UIState
from ollama_tui.domain import columns
from ollama_tui.domain.rows import View


def test_order_theme_and_servers_come_back(tmp_path: Path) -> None:
    state = UIState.read(tmp_path / "state" / "ui-state.json")
    state.remember(View(sort="size", reverse=True), Settings())
    state.remember_theme("ollama-light")
    state.remember_columns(("name", "digest"))
    state.remember_host("http://a:1")
    again = UIState.read(tmp_path / "state" / "ui-state.json")
    assert (again.sort, again.reverse, again.theme) == ("size", True, "ollama-light")
    assert again.hosts == ("http://a:1",)
    assert again.view(Settings()) == View(sort="size", reverse=True)
    assert again.theme_over(Settings(theme="nord", lines={("theme",): 1})) == "ollama-light"
    assert again.columns_over(Settings(columns=("name", "size"))) == ("name", "digest")


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
    assert state.view(Settings(sort="name")) == View(sort="name")


def test_what_cannot_be_written_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    UIState.read(tmp_path / "file" / "ui-state.json").remember_host("a")
    UIState().remember_host("a")


def test_an_order_that_nobody_chose_leaves_the_settings_their_say(tmp_path: Path) -> None:
    state = UIState.read(tmp_path / "ui-state.json")
    by_name = Settings(sort="name")
    state.remember(View(sort="name"), by_name)  # as it is set: something else was changed
    assert not state.has_choices
    assert state.view(Settings(sort="size")).sort == "size"
    state.remember(View(sort="name", reverse=True), by_name)
    assert state.view(Settings(sort="size")) == View(sort="name", reverse=True)


def test_a_theme_of_the_command_line_wins_over_the_one_chosen_last() -> None:
    state = UIState(theme="nord")
    assert state.theme_over(Settings()) == "nord"
    assert state.theme_over(Settings(theme="dracula")) == "dracula"
    assert state.theme_over(Settings(theme="dracula", lines={("theme",): 3})) == "nord"


def test_columns_that_there_are_not_count_for_nothing(tmp_path: Path) -> None:
    file = tmp_path / "ui-state.json"
    UIState.read(file).remember_columns(("name", "nonsense", "name", "size"))
    assert UIState.read(file).columns == ("name", "size")
    assert UIState().columns_over(Settings(columns=("nonsense",))) == columns.WIDE


def test_what_was_chosen_can_be_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "ui-state.json"
    state = UIState.read(file)
    state.remember(View(sort="size"), Settings())
    state.remember_theme("nord")
    state.remember_columns(("name",))
    state.remember_host("http://a:1")
    state.forget()
    again = UIState.read(file)
    assert (again.has_choices, again.hosts) == (False, ("http://a:1",))
