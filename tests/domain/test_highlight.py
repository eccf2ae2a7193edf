"""Lexers: each part has its style, any text comes back whole, and long ones are cheap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.domain.highlight import LEXERS, MOST_LINES, PIECE, Highlighter
from ollama_tui.formatting import StyledLine
from tests.effort import calls

K, S, C, T, N = (f"syntax-{w}" for w in ("keyword", "string", "comment", "tag", "number"))
TEXTS = st.lists(
    st.text("{}\"'`\\/*-#. \tabFROMtemplate01<|>é字", max_size=40), min_size=1, max_size=8
)


def lexed(language: str, text: str) -> list[StyledLine]:
    lines = text.split("\n")
    highlighter = Highlighter(lines, language)
    return [highlighter.spans(n, 0, len(line)) for n, line in enumerate(lines)]


def parts(language: str, text: str) -> list[tuple[str, str]]:
    """Return what has a style."""
    return [(t.strip(), s) for line in lexed(language, text) for t, s in line if s and t.strip()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# a comment", [("# a comment", C)]),
        ("FROM qwen3:1.7b", [("FROM", K)]),
        ("from /blobs/sha256-0", [("from", K)]),
        ("PARAMETER temperature 0.7", [("PARAMETER", K), ("temperature", T), ("0.7", N)]),
        ("PARAMETER stop <|end|>", [("PARAMETER", K), ("stop", T), ("<|end|>", S)]),
        ('PARAMETER stop "User:"', [("PARAMETER", K), ("stop", T), ('"User:"', S)]),
        ("MESSAGE user Hello 7", [("MESSAGE", K), ("user", T)]),
        ('SYSTEM """Be\nFROM 3\nbrief."""', [("SYSTEM", K), ('"""Be', S), ("FROM 3", S),
                                             ('brief."""', S)]),
        ('SYSTEM """\nno end', [("SYSTEM", K), ('"""', S), ("no end", S)]),
        ('SYSTEM "say \\"x" y\nz"\nFROM a', [("SYSTEM", K), ('"say \\"x" y', S), ('z"', S),
                                             ("FROM", K)]),
        ('TEMPLATE """{{ .System }}"""', [("TEMPLATE", K), ('"""', S), ("{{", T), (".System", T),
                                          ("}}", T), ('"""', S)]),
        ("FROMAGE is no command", []),
        ("LICENSE 5 # not a comment", [("LICENSE", K)]),
    ],
)  # fmt: skip
def test_modelfiles(text: str, expected: list[tuple[str, str]]) -> None:
    assert parts("modelfile", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("only text", []),
        ("{{ .System }}", [("{{", T), (".System", T), ("}}", T)]),
        ("{{- if .Tools -}}x{{ end }}", [("{{-", T), ("if", K), (".Tools", T), ("-}}", T),
                                         ("{{", T), ("end", K), ("}}", T)]),
        ("{{ range $i, $_ := .Messages }}", [("{{", T), ("range", K), ("$i", T), ("$_", T),
                                             (".Messages", T), ("}}", T)]),
        ('{{ if eq .Role "user" }}', [("{{", T), ("if", K), ("eq", K), (".Role", T),
                                      ('"user"', S), ("}}", T)]),
        ("{{/* a {{ word\nmore */}}b", [("{{", T), ("/* a {{ word", C), ("more */", C),
                                        ("}}", T)]),
        ("{{ `raw }}\nstill` }}c", [("{{", T), ("`raw }}", S), ("still`", S), ("}}", T)]),
        ("{{ . }} {{ slice .A 1 2 }}", [("{{", T), (".", T), ("}}", T), ("{{", T), ("slice", K),
                                        (".A", T), ("1", N), ("2", N), ("}}", T)]),
        ("<|im_start|>user</s>[INST]", [("<|im_start|>", S), ("</s>[INST]", S)]),
        ("{{ .A\n}} b", [("{{", T), (".A", T), ("}}", T)]),
    ],
)  # fmt: skip
def test_templates(text: str, expected: list[tuple[str, str]]) -> None:
    assert parts("template", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["a", -1.5e3, true]', [('"a"', S), ("-1.5e3", N), ("true", K)]),
        ('{"key": null, "b" : "c"}', [('"key"', T), ("null", K), ('"b"', T), ('"c"', S)]),
        (r'["\"", "\\", "x"]', [(r'"\""', S), (r'"\\"', S), ('"x"', S)]),
        ('"open\nx', [('"open', S)]),
        ("Q4_K_M llama3", []),
    ],
)
def test_json(text: str, expected: list[tuple[str, str]]) -> None:
    assert parts("json", text) == expected


@pytest.mark.parametrize("language", LEXERS)
@given(lines=TEXTS)
def test_any_text_comes_back_whole(language: str, lines: list[str]) -> None:
    highlighter = Highlighter(lines, language)
    for number, line in enumerate(lines):
        spans = highlighter.spans(number, 0, len(line))
        assert "".join(text for text, _ in spans) == line
        for start in range(0, len(line), 7):
            piece = highlighter.spans(number, start, start + 7)
            assert "".join(text for text, _ in piece) == line[start : start + 7]


@pytest.mark.parametrize("language", LEXERS)
@given(lines=TEXTS)
def test_skipping_a_text_leads_to_the_state_that_lexing_it_does(
    language: str, lines: list[str]
) -> None:
    lexer = LEXERS[language]
    for ends in (True, False):
        state: tuple[str, ...] = ()
        for line in lines:
            after = lexer.lex(line, state, ends=ends)[1]
            assert lexer.skip(line, state, ends=ends) == after
            state = after


ARRAY = "[" + ", ".join(f'"to{n} \\"k\\\\ {n}"' for n in range(1200)) + "]"
LONG_TEMPLATE = " ".join(
    f'text {n} {{{{- if eq .Role "u{n}" }}}}<|x|>{{{{ end }}}}' for n in range(400)
)
LONG_PROMPT = 'SYSTEM """' + "word FROM " * 2000 + '"""'


@pytest.mark.parametrize(
    ("language", "line"),
    [("json", ARRAY), ("template", LONG_TEMPLATE), ("modelfile", LONG_PROMPT)],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_a_long_line_reads_the_same_in_pieces(language: str, line: str, backwards: bool) -> None:
    whole = "".join(
        len(t) * (s[7:8] or " ") for t, s in LEXERS[language].lex(line, (), ends=True)[0]
    )
    highlighter = Highlighter([line], language)
    for at in sorted(range(0, len(line), 100), reverse=backwards):
        row = highlighter.spans(0, at, min(at + 100, len(line)))
        # What a row cuts in two may look like something else: its ends are not compared.
        seen = "".join(len(text) * (style[7:8] or " ") for text, style in row)
        assert seen[:60] == whole[at : at + 60] or at + 100 >= len(line)
    assert len(line) > 8 * PIECE


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("json", "[" + '"word", ' * 250_000 + "]"),
        ("modelfile", 'LICENSE """\n' + "some words of a license\n" * 18_000 + '"""\nFROM x'),
        ("modelfile", "PARAMETER stop x\n" * 19_000),
        ("template", "text without any action, " * 80_000),
    ],
    ids=["2 MB in one line", "a long license", "many commands", "a long text"],
)
def test_the_end_of_megabytes_is_lexed_soon(language: str, text: str) -> None:
    lines = text.split("\n")
    highlighter = Highlighter(lines, language)
    last = len(lines) - 1

    def look() -> None:
        highlighter.spans(last, max(0, len(lines[last]) - 100), len(lines[last]))

    assert calls(look) < 200_000


def test_what_is_too_far_ahead_is_plain_until_it_was_reached() -> None:
    lines = ["FROM x"] * (MOST_LINES + 5)
    highlighter = Highlighter(lines, "modelfile")
    assert highlighter.spans(len(lines) - 1, 0, 6) == (("FROM x", ""),)
    assert highlighter.spans(len(lines) - 1, 0, 6) == (("FROM", K), (" x", ""))
