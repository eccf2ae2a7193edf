"""What is kept between runs: order, theme, servers; never worth an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_tui.config.ui_state import MOST_HOSTS, Kept
from ollama_tui.domain.view import View


def test_order_theme_and_servers_come_back(tmp_path: Path) -> None:
    kept = Kept.read(tmp_path / "state" / "kept.json")
    kept.keep(View(sort="size", reverse=True), "ollama-light")
    kept.answered("http://a:1")
    again = Kept.read(tmp_path / "state" / "kept.json")
    assert (again.sort, again.reverse, again.theme) == ("size", True, "ollama-light")
    assert again.hosts == ("http://a:1",)
    assert again.applied_to(View()) == View(sort="size", reverse=True)


def test_the_last_server_that_answered_comes_first_and_only_once(tmp_path: Path) -> None:
    kept = Kept.read(tmp_path / "kept.json")
    for host in ("a", "b", "a"):
        kept.answered(host)
    assert kept.hosts == ("a", "b")
    for number in range(20):
        kept.answered(str(number))
    assert len(Kept.read(tmp_path / "kept.json").hosts) == MOST_HOSTS


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"sort": 1}', '{"hosts": "a"}', '{"hosts": [1]}', "\xff"]
)
def test_a_broken_file_counts_as_nothing_kept(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kept.json"
    file.write_text(text, encoding="latin-1")
    kept = Kept.read(file)
    assert (kept.sort, kept.hosts) == ("", ())
    assert kept.applied_to(View(sort="name")) == View(sort="name")


def test_what_cannot_be_written_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    Kept.read(tmp_path / "file" / "kept.json").answered("a")
    Kept().answered("a")
