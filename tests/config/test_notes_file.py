"""notes.toml: what is kept comes back, what else the user wrote stays, what is wrong is said."""

from __future__ import annotations

import fcntl
import os
import stat
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_tui.api.host import Host, parse_host
from ollama_tui.config.notes_file import NotesFile, Unreadable, server_name
from ollama_tui.config.safe_file import Unusable
from ollama_tui.domain.names import comparison_key
from ollama_tui.domain.notes import Note

HOST = parse_host("gpu-box")
MINE = """\
# what I know of them
["gpu-box:11434"."qwen3:8b"]
note = 'good at SQL'   # really
tags = [
  "coding", # mostly
]
bought = 2026-11-01

["other:11434"."qwen3:8b"]
locked = true

# the one for letters
["gpu-box:11434"."gemma3:4b"]
tags = ["de"]
"""


@pytest.fixture
def file(tmp_path: Path) -> NotesFile:
    return NotesFile(tmp_path / "data" / "notes.toml")


def written(file: NotesFile, text: str | bytes) -> NotesFile:
    file.path.parent.mkdir(exist_ok=True)
    file.path.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def keep(file: NotesFile, host: Host = HOST, /, **notes: Note) -> Mapping[str, Note]:
    """Keep notes of models; `_` in their names stands for `:`."""
    return keep_named(file, {name.replace("_", ":"): note for name, note in notes.items()}, host)


def keep_named(file: NotesFile, notes: Mapping[str, Note], host: Host = HOST) -> Mapping[str, Note]:
    return file.change(host, lambda known: notes)


def found(file: NotesFile, host: Host = HOST) -> dict[str, Note]:
    return {key.rpartition("/")[2]: note for key, note in file.read(host).items()}


def test_what_is_kept_comes_back_for_its_server_only(file: NotesFile) -> None:
    assert found(file) == {}
    note = Note('good at "SQL" \\ and\nmore', ("coding", "größe"), True)
    keep(file, qwen3_8b=note)
    keep(file, parse_host("other"), qwen3_8b=Note("elsewhere"))
    assert found(file) == {"qwen3:8b": note}
    assert found(file, parse_host("other:11434")) == {"qwen3:8b": Note("elsewhere")}
    assert found(file, parse_host("https://gpu-box")) == {}
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_the_file_reads_as_a_person_would_write_it(file: NotesFile) -> None:
    keep(file, qwen3_8b=Note("good at SQL", ("coding", "de"), True))
    assert file.path.read_text().split("\n\n", 1)[1] == (
        '["gpu-box:11434"."qwen3:8b"]\n'
        'note = "good at SQL"\n'
        'tags = ["coding", "de"]\n'
        "locked = true\n"
    )


def test_all_names_of_this_machine_are_one_server(file: NotesFile) -> None:
    written(file, '["127.0.0.1:11434"."QWEN3:8B"]\nlocked = true\n')
    here = parse_host("localhost")
    assert found(file, here) == {"qwen3:8b": Note(locked=True)}
    keep(file, here, qwen3_8b=Note("x"))
    assert file.path.read_text() == '["127.0.0.1:11434"."QWEN3:8B"]\nnote = "x"\n'


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("gpu-box", "gpu-box:11434"),
        ("127.0.0.1", "localhost:11434"),
        ("[::1]:99", "localhost:99"),
        ("[fe80::2]", "[fe80::2]:11434"),
        ("https://Box.lan./ollama/", "https://box.lan:443/ollama"),
    ],
)
def test_a_server_is_called_as_one_types_it(address: str, name: str) -> None:
    assert server_name(parse_host(address)) == name
    assert server_name(parse_host(name)) == name


def test_comments_and_what_only_the_user_knows_of_stay(file: NotesFile) -> None:
    written(file, MINE)
    keep_named(
        file,
        {"qwen3:8b": Note("good at SQL", ("coding",), True), "phi4:14b": Note("new")},
    )
    assert file.path.read_text() == (
        MINE.replace("bought = 2026-11-01\n", "bought = 2026-11-01\nlocked = true\n")
        + '\n["gpu-box:11434"."phi4:14b"]\nnote = "new"\n'
    )


def test_a_note_that_is_taken_back_leaves_what_else_is_there(file: NotesFile) -> None:
    written(file, MINE)
    keep_named(file, {"qwen3:8b": Note(), "gemma3:4b": Note()})
    left = tomllib.loads(file.path.read_text())
    assert left["gpu-box:11434"]["qwen3:8b"] == {
        "bought": left["gpu-box:11434"]["qwen3:8b"]["bought"]
    }
    assert "gemma3:4b" not in left["gpu-box:11434"]
    assert left["other:11434"] == {"qwen3:8b": {"locked": True}}
    assert "# what I know of them" in file.path.read_text()
    assert found(file) == {}


def test_what_another_program_wrote_meanwhile_is_merged(file: NotesFile) -> None:
    keep(file, a_1=Note("ours"))
    other = NotesFile(file.path)
    keep(other, b_1=Note("theirs"))
    assert set(keep(file, c_1=Note("later"))) == {comparison_key(n) for n in ("a:1", "b:1", "c:1")}


def test_programs_that_write_at_once_lose_nothing(file: NotesFile) -> None:
    def writes(number: int) -> None:
        for step in range(5):
            keep_named(file, {f"m{number}:{step}": Note(f"{number} {step}")})

    threads = [Thread(target=writes, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found(file)) == 20


def test_a_program_that_holds_the_file_for_long_is_not_waited_for(
    file: NotesFile, tmp_path: Path
) -> None:
    keep(file, a_1=Note("ours"))
    held = os.open(file.path.with_name(".notes.toml.lock"), os.O_RDWR)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Unusable, match=r"notes.toml is being written by another program\."):
            keep(file, b_1=Note("later"))
    finally:
        os.close(held)
    assert found(file) == {"a:1": Note("ours")}


def test_a_link_to_the_file_stays_one(file: NotesFile, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text(MINE)
    real.chmod(0o640)
    file.path.parent.mkdir()
    file.path.symlink_to(real)
    keep(file, gemma3_4b=Note("x", ("de",)))
    assert file.path.is_symlink()
    assert 'note = "x"' in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


UNREADABLE = {
    "broken": (b'["a:1"."m:1"]\nlocked = true\nnote = "half\n', "notes.toml is not valid: "),
    "not UTF-8": (b'["a:1"."m\xff:1"]\n', "notes.toml is not UTF-8 text."),
    "too big": (b"#" * (2 << 20) + b"\n", "notes.toml is larger than 2 MB."),
    "nested": (b"a = " + b"[" * 5000 + b"]" * 5000, "notes.toml is not valid: "),
    "dots": (b"a" + b".a" * 2000 + b" = 1\n", "notes.toml is not valid: too many dots in a line."),
    "digits": (b"a = " + b"1" * 5000, "notes.toml is not valid: a number has too many digits."),
    "duplicate": (b'["a:1"."m:1"]\n["a:1"."m:1"]\n', "notes.toml is not valid: "),
}


@pytest.mark.parametrize(("content", "sentence"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_said_and_never_overwritten(
    file: NotesFile, content: bytes, sentence: str
) -> None:
    written(file, content)
    for use in (found, partial(keep, a_1=Note("x"))):
        with pytest.raises(Unreadable) as refused:
            use(file)
        assert str(refused.value).startswith(sentence)
        assert str(refused.value).isprintable()
    assert file.path.read_bytes() == content


def test_a_folder_in_its_place_is_said(file: NotesFile) -> None:
    file.path.mkdir(parents=True)
    with pytest.raises(Unreadable, match=r"notes.toml is a folder\."):
        found(file)


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unusable, match="cannot be written: something else is in its place"):
        keep(NotesFile(tmp_path / "file" / "notes.toml"), a_1=Note("x"))


@pytest.mark.parametrize(
    ("entry", "note", "said"),
    [
        ('locked = "yes"', Note(locked=True), "locked must be true or false; until it is"),
        ("note = 3\nlocked = true", Note(locked=True), "note must be a text in quotes."),
        ('tags = "coding"', Note(), 'tags must be a list of texts, such as ["coding", "de"].'),
        ("tags = [1]", Note(), "tags must be a list of texts"),
        ('tags = ["ok", "\\u001b[2J"]', Note(tags=("ok",)), "cannot be a tag"),
        (f'note = "{"x" * 3000}"', Note("x" * 2000), "A note can have 2,000 characters at most"),
    ],
)
def test_what_is_wrong_in_an_entry_is_said_with_its_line(
    file: NotesFile, entry: str, note: Note, said: str
) -> None:
    written(
        file, f'# mine\n["gpu-box:11434"."m:1"]\n{entry}\n["gpu-box:11434"."n:1"]\nnote = "y"\n'
    )
    assert found(file).get("m:1", Note()) == note
    assert found(file)["n:1"] == Note("y")
    [sentence] = file.problems.take()
    assert sentence.startswith("notes.toml, line 3: “m:1”: ")
    assert said in sentence
    assert sentence.isprintable()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"gpu-box:11434" = 3\n', "line 1: “gpu-box:11434” must be a table of models."),
        ('["gpu-box:11434"]\n"m:1" = "locked"\n', "line 2: “m:1”: its notes must be a table"),
        ('["me:secret@box"."m:1"]\n', "line 1: “me:secret@box” is not the address of a server."),
        ('["\\u001b[2J@x"."m:1"]\n', "is not the address of a server."),
    ],
)
def test_what_is_no_entry_is_said(file: NotesFile, text: str, said: str) -> None:
    assert found(written(file, text)) == {}
    [sentence] = file.problems.take()
    assert said in sentence
    assert sentence.isprintable()


def test_what_cannot_be_changed_without_loss_is_left_to_the_user(file: NotesFile) -> None:
    text = '"gpu-box:11434" = {"m:1" = {locked = true}}\n'
    written(file, text)
    with pytest.raises(Unusable, match=r"cannot be changed here: edit it by hand\.$"):
        keep_named(file, {"n:1": Note("y")})
    assert file.path.read_text() == text
    keep_named(file, {"m:1": Note("x", locked=True)})
    assert found(file) == {"m:1": Note("x", locked=True)}


def test_to_take_back_what_is_not_there_writes_nothing(file: NotesFile) -> None:
    for _ in range(2):
        assert keep_named(file, {"a:1": Note()}) == {}
    assert not file.path.exists()


def test_a_server_without_models_is_no_obstacle(file: NotesFile) -> None:
    keep_named(written(file, "[gpu-box] # mine\n"), {"m:1": Note("x")})
    assert found(file) == {"m:1": Note("x")}
    assert "[gpu-box] # mine\n" in file.path.read_text()


NAMES = st.sampled_from(["a:1", "b:1", "me/c:1", 'q"uote:1', "dot.ted:1", "ü:1", "x\x1b[2J:1"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(str.strip)
NOTES = st.builds(
    Note, TEXTS, st.lists(st.sampled_from(["coding", "de", "größe"]), unique=True).map(tuple),
    st.booleans(),
)  # fmt: skip
STEPS = st.lists(
    st.tuples(st.sampled_from(["gpu-box", "other"]), st.dictionaries(NAMES, NOTES, max_size=3)),
    max_size=6,
)


@settings(max_examples=40)
@given(STEPS, st.sampled_from(["", MINE, "# only this\n", MINE.replace("\n", "\r\n")]))
def test_whatever_is_kept_comes_back_and_what_else_was_there_stays(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, dict[str, Note]]],
    start: str,
) -> None:
    file = written(NotesFile(tmp_path_factory.mktemp("notes") / "notes.toml"), start)
    hosts = {name: parse_host(name) for name in ("gpu-box", "other")}
    wanted = {name: file.read(host) for name, host in hosts.items()}
    for name, notes in steps:
        keep_named(file, notes, hosts[name])
        wanted[name] |= {comparison_key(model): note for model, note in notes.items()}
    for name, host in hosts.items():
        kept = {key: note for key, note in wanted[name].items() if note != Note()}
        assert file.read(host) == kept
    comments = {line for line in start.splitlines() if line.startswith("# what I know")}
    assert comments <= set(file.path.read_text().splitlines())
