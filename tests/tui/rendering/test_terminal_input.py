"""Bytes of a terminal become messages: of all bytes, in any order, cut anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key, MouseEvent, Paste, Resize
from textual.message import Message

from ollama_tui.tui.rendering.terminal_input import LARGEST, LARGEST_PASTE, TerminalInput

SEQUENCES = st.sampled_from(
    b"\x1b \x1b[ \x1bO \x1b[< \x1b[48; \x1b[200~ \x1b[201~ ?2048;1$y "
    b"; : u ~ t M m R 0 7 55296 999999999999".split()
)
BYTES = st.lists(SEQUENCES | st.binary(max_size=4), max_size=60)


def heard(*pieces: bytes) -> list[Message]:
    """Return what a terminal that sends these pieces is heard to say."""
    listening = TerminalInput()
    return [message for piece in pieces for message in listening.feed(piece)]


def typed(*pieces: bytes) -> list[str | None]:
    """Return the characters of the keys among it."""
    return [message.character for message in heard(*pieces) if isinstance(message, Key)]


@given(BYTES)
def test_no_bytes_raise_and_nothing_comes_of_them_that_cannot_be_acted_on(
    pieces: list[bytes],
) -> None:
    for message in heard(*pieces):
        assert not isinstance(message, MouseEvent)
        if isinstance(message, Key):
            (message.character or "").encode()
        if isinstance(message, Resize):
            assert 0 < min(message.size) <= max(message.size) <= LARGEST


@given(BYTES, st.text(st.characters(categories=["L", "N"]), min_size=1))
def test_a_paste_is_whole_whatever_came_before(pieces: list[bytes], text: str) -> None:
    end = b"\x1b[201~"  # of a paste that may have been begun
    messages = heard(*pieces, b"\0" * 40, end, b"\x1b[200~", text.encode(), end, b" ")
    assert [message.text for message in messages if isinstance(message, Paste)][-1] == text


@given(st.text(st.characters(exclude_categories=["C"])), st.data())
def test_text_is_the_same_however_it_is_cut(text: str, data: st.DataObject) -> None:
    sent = text.encode()
    cut = data.draw(st.integers(0, len(sent)))
    assert typed(sent[:cut], sent[cut:]) == list(text)


@given(
    st.sampled_from([b"j", b"\x1b[A", b"\x1bOA", b"\x1b[1;2A", b"\x1b[200~", b"\x1b", b"\x1bq"])
    | st.binary(min_size=1, max_size=3),
    st.integers(2, 5),
)
def test_a_key_held_down_is_read_as_its_bytes_would_be_one_by_one(key: bytes, times: int) -> None:
    sent = key * times

    def keys(messages: list[Message]) -> list[str]:
        return [message.key for message in messages if isinstance(message, Key)]

    assert keys(heard(sent)) == keys(heard(*(sent[n : n + 1] for n in range(len(sent)))))
    assert keys(heard(key, sent)) == keys(heard(key, *(sent[n : n + 1] for n in range(len(sent)))))


@given(
    st.lists(st.sampled_from([b"j", b"\x1b[A", b"\x1b[6~", b"\x1b", b"\xc3", b"\xa9", b"\x1bq"]))
)
def test_a_key_that_was_read_before_is_read_alike(pieces: list[bytes]) -> None:
    listening = TerminalInput()

    def read() -> list[str]:
        return [
            message.key
            for piece in [*pieces, b"\0" * 40]
            for message in listening.feed(piece)
            if isinstance(message, Key)
        ]

    assert read() == read()


@pytest.mark.parametrize("byte", range(256))
def test_every_byte_alone_is_followed_by_what_comes_next(byte: int) -> None:
    none = b"\0" * 40  # longer than any sequence that escape may begin
    assert typed(bytes([byte]), none, b"xyz")[-3:] == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("sent", "characters"),
    [
        (b"a\xffb", ["a", "\ufffd", "b"]),
        (b"\xc3(", ["\ufffd", "("]),
        (b"\xed\xa0\x80x", ["\ufffd"] * 3 + ["x"]),
        ("漢é".encode(), ["漢", "é"]),
        (b"\x1b[97;;55296ux", ["x"]),
        (b"\x1b[99999999999;5ux", ["x"]),
        (b"\x1b[1:2;3ux", ["x"]),
        (b"\x1b[97;;233ux", ["é", "x"]),
    ],
)
def test_what_is_no_character_is_marked_or_dropped(sent: bytes, characters: list[str]) -> None:
    assert typed(sent) == characters


def test_one_bad_byte_in_a_paste_costs_one_character() -> None:
    (paste,) = (m for m in heard(b"\x1b[200~mod\xe8le\x1b[201~ ") if isinstance(m, Paste))
    assert paste.text == "mod\ufffdle"


@pytest.mark.parametrize("size", ["0;80", "24;0", "0;0", f"{LARGEST + 1};80", "24;99999999999"])
def test_a_size_that_is_none_is_dropped_and_a_real_one_is_not(size: str) -> None:
    assert not heard(f"\x1b[48;{size};1;1t".encode())
    (resize,) = heard(b"\x1b[48;24;80;1;1t")
    assert isinstance(resize, Resize)
    assert resize.size == (80, 24)


def test_a_mouse_in_a_window_without_pixels_is_nothing() -> None:
    assert typed(b"\x1b[48;24;80;0;0t", b"\x1b[<0;5;5M", b"x") == ["x"]


def test_escape_alone_is_a_key_once_nothing_follows() -> None:
    listening = TerminalInput()
    assert list(listening.feed(b"\x1b")) == []
    listening._parser._timeout_time = 0.0  # the time it may take has passed
    assert listening.timeout == 0.0
    assert [m.key for m in listening.tick() if isinstance(m, Key)] == ["escape"]
    assert listening.timeout is None


def keys(*pieces: bytes) -> list[str]:
    """Return the names of the keys that a terminal is heard to say, once nothing follows."""
    listening = TerminalInput()
    messages = [message for piece in pieces for message in listening.feed(piece)]
    if listening._parser._timeout_time is not None:
        listening._parser._timeout_time = 0.0
        messages += listening.tick()
    return [message.key for message in messages if isinstance(message, Key)]


@pytest.mark.parametrize(
    ("sent", "pressed"),
    [
        (b"\x1bq", ["escape", "q"]),
        (b"\x1b/", ["escape", "slash"]),
        (b"\x1b ", ["escape", "space"]),
        (b"\x1bQ", ["escape", "Q"]),
        (b"\x1bO", ["escape", "O"]),
        (b"\x1b[", ["escape", "left_square_bracket"]),
        (b"\x1bb\x1bf", ["escape", "b", "escape", "f"]),
        (b"\x1b1", ["escape", "1"]),
        (b"\x1b\r", ["escape", "enter"]),
        (b"\x1b\t", ["escape", "tab"]),
        (b"\x1b\x1b", ["escape", "escape"]),
        (b"\x1b\x1b[A", ["escape", "up"]),
        (b"\x1b\x1bOA", ["escape", "up"]),
        (b"\x1b\x7f", ["ctrl+w"]),
        ("\x1bé".encode(), ["escape", "é"]),
        (b"\x1b[A\x1b[Bj", ["up", "down", "j"]),
        (b"\x1b[5~\x1b[6~", ["pageup", "pagedown"]),
        (b"\x1b[[A", ["f1"]),
        (b"\x1b[1;5D", ["ctrl+left"]),
    ],
)
def test_escape_and_what_is_typed_next_are_two_keys(sent: bytes, pressed: list[str]) -> None:
    assert keys(sent) == pressed
    assert keys(*(bytes([byte]) for byte in sent)) == pressed


@pytest.mark.parametrize(
    "sent",
    [
        b"\x1b[99;99;99z",
        b"\x1b[5;6",
        b"\x1b[?1;2;3;4;5;6;7;8;9;10;11;12;13;14;15c",
        b"\x1b[0;0$y",
        b"\x1b[99;99\x1b[99z",
        b"\x1b[99;9\xc3\xa9",
    ],
)
def test_a_sequence_that_no_key_sends_is_no_key_at_all(sent: bytes) -> None:
    assert [key for key in keys(sent) if key != "é"] == []


def pastes(*pieces: bytes) -> list[str]:
    """Return the pastes among what is heard."""
    return [message.text for message in heard(*pieces) if isinstance(message, Paste)]


def test_ctrl_c_ends_a_paste_whose_end_never_comes() -> None:
    messages = heard(b"\x1b[200~abc", b"\x03", b"xyz")
    assert [message.text for message in messages if isinstance(message, Paste)] == ["abc"]
    keys_after = [message.key for message in messages if isinstance(message, Key)]
    assert keys_after == ["ctrl+c", "x", "y", "z"]


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"x\x1b[A dy", "x[A dy"),
        (b"a\x1b[31mb\x07\x01cc\rdd\r", "a[31mbcc\rdd\r"),
        (b"x\x1b3zz", "x3zz"),
        (b"\x1b[200~dy\x1b[20", "[200~dy[20"),
        (b"one\ttwo\nthree", "one\ttwo\nthree"),
    ],
)
def test_nothing_of_a_paste_is_a_key(sent: bytes, text: str) -> None:
    messages = heard(b"\x1b[200~" + sent + b"\x1b[201~", b"j")
    assert [message.text for message in messages if isinstance(message, Paste)] == [text]
    assert [message.key for message in messages if isinstance(message, Key)] == ["j"]


def test_a_paste_without_end_is_bounded_and_what_follows_it_is_taken_as_ever() -> None:
    much = b"a" * (LARGEST_PASTE + 7)
    assert pastes(b"\x1b[200~", much, b"\x1b[201~", b" ") == ["a" * LARGEST_PASTE]
    assert typed(b"\x1b[200~", much, b"\x1b[201~", b"xyz") == ["x", "y", "z"]
