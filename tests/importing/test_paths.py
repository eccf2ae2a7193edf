from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ollama_tui.formatting import inert
from ollama_tui.importing.paths import common, completions, one_line, paths_in, spelled

HOME = os.path.expanduser("~")

MEANT = [
    ("/m/a.gguf", ["/m/a.gguf"]),
    ("  /m/a.gguf \n", ["/m/a.gguf"]),
    ("a.gguf", ["a.gguf"]),
    ("/m/My Models/a b.gguf", ["/m/My Models/a b.gguf"]),
    (r"/m/My\ Models/a\ b.gguf", ["/m/My Models/a b.gguf"]),
    (r"/m/trailing\ ", ["/m/trailing "]),
    ("'/m/a b.gguf'", ["/m/a b.gguf"]),
    ('"/m/a b.gguf" ', ["/m/a b.gguf"]),
    ("“/m/a b.gguf”", ["/m/a b.gguf"]),
    ('"/m/a b.gguf', ["/m/a b.gguf"]),
    (r'"/m/a \"b\".gguf"', ['/m/a "b".gguf']),
    (r"'/m/it'\''s.gguf'", ["/m/it's.gguf"]),
    (r"'/m/a\b.gguf'", [r"/m/a\b.gguf"]),
    ("/m/Bob's models/a.gguf", ["/m/Bob's models/a.gguf"]),
    ("file:///m/a%20b.gguf", ["/m/a b.gguf"]),
    ("FILE:///m/a.gguf\n", ["/m/a.gguf"]),
    ("file://localhost/m/a.gguf", ["/m/a.gguf"]),
    ("file:/m/a.gguf", ["/m/a.gguf"]),
    ("'file:///m/a%20b.gguf'", ["/m/a b.gguf"]),
    ("file:///m/%C3%A9.gguf", ["/m/é.gguf"]),
    ("/m/a%20b.gguf", ["/m/a%20b.gguf"]),
    ("~/a.gguf", [HOME + "/a.gguf"]),
    ("'~/a b.gguf'", [HOME + "/a b.gguf"]),
    ("~", [HOME]),
    (r"\~/a.gguf", ["~/a.gguf"]),
    ("/m/a~/b.gguf", ["/m/a~/b.gguf"]),
    ("/m/a.gguf\n/m/mmproj.gguf\n", ["/m/a.gguf", "/m/mmproj.gguf"]),
    ("/m/a.gguf\r\n\r\nb.gguf", ["/m/a.gguf", "b.gguf"]),
    ("/m/a.gguf /m/b.gguf", ["/m/a.gguf", "/m/b.gguf"]),
    ("'/m/a b.gguf' '/m/c.gguf'", ["/m/a b.gguf", "/m/c.gguf"]),
    ("file:///m/a.gguf file:///m/b.gguf", ["/m/a.gguf", "/m/b.gguf"]),
    (r"/m/a\ b.gguf ~/c.gguf", ["/m/a b.gguf", HOME + "/c.gguf"]),
    ("", []),
    (" \n ", []),
    ("''", []),
    ("/m/a\0.gguf", ["/m/a.gguf"]),
]


@pytest.mark.parametrize(("text", "paths"), MEANT)
def test_what_is_pasted_means_files(text: str, paths: list[str]) -> None:
    assert paths_in(text) == tuple(map(Path, paths))


NAMES = st.text(
    st.one_of(
        st.characters(exclude_characters="/\0", exclude_categories=["Cs"]),
        st.sampled_from(" \\'\"~%\n\x1b“”‘’"),
    ),
    min_size=1,
    max_size=8,
).filter(lambda name: name not in (".", ".."))


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_every_path_can_be_spelled_in_one_inert_line(names: list[str]) -> None:
    path = Path("/", *names)
    text = spelled(path)
    assert paths_in(text) == (path,)
    assert inert(text) == text


@given(st.lists(st.lists(NAMES, min_size=1, max_size=3), min_size=1, max_size=3))
def test_many_lines_become_one_that_means_the_same(paths: list[list[str]]) -> None:
    meant = tuple(Path("/", *names) for names in paths)
    text = one_line("\n".join(map(spelled, meant)))
    assert paths_in(text) == meant
    assert inert(text) == text


def test_one_line_is_pasted_as_it_is_but_for_blanks_around_it() -> None:
    assert one_line(" /m/My Models/ \r\n") == "/m/My Models/"
    assert one_line("/m/a\\ \n") == "/m/a\\ "
    assert one_line(" \n") == ""


@given(st.text())
def test_any_text_is_some_paths(text: str) -> None:
    assert all(isinstance(path, Path) for path in paths_in(text))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("Models", "Music", ".cache"):
        (tmp_path / name).mkdir()
    for name in ("Makefile", "a b.gguf", "a'c.gguf", ".hidden", "z.gguf"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("/", ["/Models/", "/Music/", "/a b.gguf", "/a'c.gguf", "/Makefile", "/z.gguf"]),
        ("/M", ["/Models/", "/Music/", "/Makefile"]),
        ("/Mo", ["/Models/"]),
        ("/a ", ["/a b.gguf"]),
        (r"/a\ ", ["/a b.gguf"]),
        ("/.", ["/.cache/", "/.hidden"]),
        ("/m", []),
        ("/nothing/", []),
        ("/z.gguf", ["/z.gguf"]),
    ],
)
def test_folders_come_first_and_hidden_files_when_asked(
    typed: str, offered: list[str], folder: Path
) -> None:
    assert completions(f"{folder}{typed}", fold=False) == [f"{folder}{text}" for text in offered]


def test_case_does_not_matter_where_it_does_not_matter(folder: Path) -> None:
    assert completions(f"{folder}/mo", fold=True) == [f"{folder}/Models/"]
    assert completions(f"{folder}/mo", fold=False) == []


def test_an_open_quote_stays_open(folder: Path) -> None:
    assert completions(f'"{folder}/a b') == [f'"{folder}/a b.gguf']
    assert completions(f"'{folder}/a b") == [f"'{folder}/a b.gguf"]


def test_an_address_is_completed_as_one(folder: Path) -> None:
    assert completions(f"file://{folder}/a%20") == [f"file://{folder}/a%20b.gguf"]


def test_only_the_last_of_several_is_completed(folder: Path) -> None:
    assert completions(f"/m/x.gguf {folder}/z") == [f"/m/x.gguf {folder}/z.gguf"]


def test_home_is_completed_by_its_sign(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert completions("~") == ["~/"]
    assert completions("~/Mo") == ["~/Models/"]


def test_names_without_a_folder_are_of_the_working_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert completions("Mo") == ["Models/"]
    assert completions("") == completions("./") or completions("")[0] == "Models/"


def test_a_file_in_the_place_of_a_folder_has_no_completions(folder: Path) -> None:
    assert completions(f"{folder}/z.gguf/") == []


@pytest.mark.skipif(sys.platform == "darwin", reason="its file system changes names")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(name=NAMES, quoted=st.sampled_from(["", "'", '"', "file://"]))
def test_a_completion_means_the_file_it_stands_for(
    name: str, quoted: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("names")
    (folder / name).touch()
    start = "." if name.startswith(".") else ""
    [text] = completions(f"{quoted}{folder}/{start}", fold=False)
    assert paths_in(text) == (folder / name,)
    assert inert(text) == text


def test_what_completions_share_is_never_half_an_escape() -> None:
    assert common([r"/m/a\ b", r"/m/a\'c"]) == "/m/a"
    assert common([r"/m/a\\b", r"/m/a\\c"]) == r"/m/a\\"
    assert common([]) == ""
