from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_tui.domain.modelfile.parameters import BY_NAME
from ollama_tui.domain.modelfile.syntax import (
    ROLES,
    WORDS,
    Command,
    InvalidModelfile,
    Modelfile,
    Unwritable,
    parse,
    printable,
    write,
)

Triple = tuple[str, str, str]


def read(text: str | bytes) -> list[Triple]:
    return [(c.name, c.key, c.value) for c in parse(text).commands]


def system(text: str) -> str:
    return parse(f"FROM m\n{text}").last("system")


def test_every_command_is_read_with_its_line() -> None:
    text = (
        "# a comment\n"
        "FROM qwen3:8b\n"
        "\n"
        "  from ./model.gguf\n"
        "ADAPTER ./lora.gguf\n"
        "DRAFT ./draft.gguf\n"
        "Template {{ .Prompt }} # no comment\n"
        "SYSTEM You are terse.\n"
        "RENDERER qwen3\n"
        "PARSER qwen3\n"
        "REQUIRES 0.14.0\n"
        "CAPABILITY decision\n"
        "PARAMETER stop </s>\n"
        "PARAMETER\tnum_ctx\t8192\n"
        "LICENSE MIT\n"
        "MESSAGE user Hi: there\n"
        "MESSAGE assistant Hello."
    )
    commands = parse(text).commands
    assert [(c.name, c.key, c.value, c.line) for c in commands] == [
        ("from", "", "qwen3:8b", 2),
        ("from", "", "./model.gguf", 4),
        ("adapter", "", "./lora.gguf", 5),
        ("draft", "", "./draft.gguf", 6),
        ("template", "", "{{ .Prompt }} # no comment", 7),
        ("system", "", "You are terse.", 8),
        ("renderer", "", "qwen3", 9),
        ("parser", "", "qwen3", 10),
        ("requires", "", "0.14.0", 11),
        ("capability", "", "decision", 12),
        ("parameter", "stop", "</s>", 13),
        ("parameter", "num_ctx", "8192", 14),
        ("license", "", "MIT", 15),
        ("message", "user", "Hi: there", 16),
        ("message", "assistant", "Hello.", 17),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("SYSTEM   spaced out \t ", "spaced out"),
        ("SYSTEM ", ""),
        ('SYSTEM ""', ""),
        ('SYSTEM """"""', ""),
        ('SYSTEM "one line"', "one line"),
        ('SYSTEM "a "b" c"', 'a "b" c'),
        ('SYSTEM "two\nlines"', "two\nlines"),
        ('SYSTEM "two \nlines"  \nLICENSE x', "two \nlines"),
        ('SYSTEM """one"""', "one"),
        ('SYSTEM """\n a\n\tb \n"""', "\n a\n\tb \n"),
        ('SYSTEM """a\r\nb"""\r\nLICENSE x', "a\r\nb"),
        ('SYSTEM """a"b""c"""', 'a"b""c'),
        ('SYSTEM """a""""', 'a"'),
        ('SYSTEM """""""', '"'),
        ('SYSTEM """a""" b\nc"""', 'a""" b\nc'),
        ('SYSTEM """# no comment\n# nor this"""', "# no comment\n# nor this"),
        ("SYSTEM 'single'", "'single'"),
        ('SYSTEM it is "quoted"', 'it is "quoted"'),
        ("SYSTEM a\u00a0b\u200dc\x07d\u2028e", "abcde"),
        ("SYSTEM a\tb", "a\tb"),
        ('SYSTEM "\u200b"\u200b"a"""', "a"),
        ("PARAMETER system foo", "foo"),
        ("\u00a0SYSTEM foo", "foo"),
        ("SYSTEM 日本 é 😀", "日本 é 😀"),
    ],
)
def test_values(text: str, value: str) -> None:
    assert system(text) == value


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (b"\xef\xbb\xbfFROM m", "m"),
        ("FROM é".encode(), "é"),
        ("\ufeffFROM m", "m"),
        ("FROM é".encode("utf-16"), "é"),
        (b"\xfe\xff" + "FROM é".encode("utf-16-be"), "é"),
        (b"FROM m\r\nSYSTEM x\r\n", "m"),
        (b"FROM m\rSYSTEM x", "m"),
        (b"FROM \xff", "\ufffd"),
        (b"PARAMETER model m", "m"),
    ],
)
def test_encodings_and_line_ends(source: str | bytes, value: str) -> None:
    assert parse(source).last("from") == value


COMMANDS = (
    'command must be one of "from", "license", "template", "system", "adapter", "draft", '
    '"renderer", "parser", "parameter", "message", "requires", or "capability"'
)
ROLE = 'message role must be one of "system", "user", or "assistant"'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no FROM line"),
        ("# FROM m", "no FROM line"),
        ("SYSTEM x", "no FROM line"),
        ("FROM m\nFOO bar", f"(line 2): {COMMANDS}"),
        ("FROM m\r\nFOO bar", f"(line 3): {COMMANDS}"),
        ("FROM m\n\n# x\n  FOO bar", f"(line 4): {COMMANDS}"),
        ("FROM m\nSYSTEM\n", f"(line 3): {COMMANDS}"),
        ("FROM m\n1 x", f"(line 2): {COMMANDS}"),
        ("FROM m\nSYS-TEM x", f"(line 2): {COMMANDS}"),
        ("FROM m\nSYS\u200bTEM x", f"(line 2): {COMMANDS}"),
        ('FROM m\nSYSTEM """a\nb"""\nFOO bar', f"(line 4): {COMMANDS}"),
        ("FROM m\nMESSAGE robot hi", f"(line 2): {ROLE}"),
        ("FROM m\nMESSAGE User hi", f"(line 2): {ROLE}"),
        ("FROM m\nMESSAGE  user hi", f"(line 2): {ROLE}"),
        ("FROM m\nMESSAGE user\n", "unexpected EOF: user"),
        ("FROM m\nPARAMETER a-b 1", "unexpected EOF: a"),
        ("FROM m\nPARAMETER temperature\n", "unexpected EOF: temperature"),
        ("FROM m\nPARAMETER temperature", "unexpected EOF"),
        ("FROM m\nPARAMETER ", "unexpected EOF"),
        ("FROM m\nMESSAGE user", "unexpected EOF"),
        ("FROM", "unexpected EOF"),
        ('FROM m\nSYSTEM "open', "unexpected EOF"),
        ('FROM m\nSYSTEM "', "unexpected EOF"),
        ('FROM m\nSYSTEM """open"', "unexpected EOF"),
        ('FROM m\nSYSTEM """""', "unexpected EOF"),
        ('FROM m\nSYSTEM """a""" b', "unexpected EOF"),
        ('FROM m\nSYSTEM "a" b', "unexpected EOF"),
    ],
)
def test_errors_are_worded_as_ollama_words_them(text: str, words: str) -> None:
    with pytest.raises(InvalidModelfile) as caught:
        parse(text)
    assert str(caught.value) == words
    assert caught.value.line == (int(words[6]) if words.startswith("(line") else 0)


def test_two_blanks_after_parameter_give_an_empty_key_as_they_do_there() -> None:
    assert ("parameter", "", "x 1") in read("FROM m\nPARAMETER  x 1")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        ('has "quotes"', 'has "quotes"'),
        ("", '""'),
        ("\u200b", '""'),
        (" lead", '""" lead"""'),
        ("trail ", '"""trail """'),
        ("two\nlines", '"""two\nlines"""'),
        ("cr\rlf", '"""cr\rlf"""'),
        ('"quoted"', '""""quoted""""'),
        ('ends\nin """', '"""ends\nin """"""'),
        ('"', '"""""""'),
        ("'x'", "'x'"),
        ("#x", "#x"),
    ],
)
def test_values_are_written_so_that_they_read_back(value: str, written: str) -> None:
    modelfile = Modelfile((Command("from", "m"), Command("system", value)))
    text = write(modelfile)
    assert text == f"FROM m\nSYSTEM {written}\n"
    assert parse(text).last("system") == printable(value)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (
            Command("system", 'a"""\nb'),
            'SYSTEM has a line that ends in """, which ends the text too early.',
        ),
        (
            Command("message", 'x """ \nb', "user"),
            'MESSAGE user has a line that ends in """, which ends the text too early.',
        ),
        (
            Command("license", 'a"\u200b""\nb'),
            'LICENSE has a line that ends in """, which ends the text too early.',
        ),
        (Command("parameter", "1", "a b"), "“a b” cannot be the name of a parameter."),
        (Command("parameter", "1", ""), "“” cannot be the name of a parameter."),
        (Command("parameter", "1", "system"), "“system” cannot be the name of a parameter."),
        (Command("message", "x", "robot"), "The role of a message is system, user or assistant."),
    ],
)
def test_what_no_modelfile_can_hold_is_refused_in_a_sentence(
    command: Command, sentence: str
) -> None:
    with pytest.raises(Unwritable) as caught:
        write(Modelfile((command,)))
    assert str(caught.value) == sentence


VALUES = st.text(st.sampled_from('ab" \n\t\r#\u200b') | st.characters(), max_size=24)
PLAIN = st.sampled_from(
    [
        "from",
        "license",
        "template",
        "system",
        "adapter",
        "draft",
        "renderer",
        "parser",
        "requires",
        "capability",
    ]
)
COMMAND = st.one_of(
    st.builds(Command, PLAIN, VALUES),
    st.builds(Command, st.just("parameter"), VALUES, st.sampled_from(sorted(BY_NAME))),
    st.builds(Command, st.just("message"), VALUES, st.sampled_from(ROLES)),
)
MODELFILES = st.builds(
    lambda rest: Modelfile((Command("from", "m"), *rest)), st.lists(COMMAND, max_size=6)
)


def as_read(modelfile: Modelfile) -> Modelfile:
    return Modelfile(tuple(Command(c.name, printable(c.value), c.key) for c in modelfile.commands))


@settings(max_examples=400)
@given(MODELFILES)
def test_a_written_modelfile_reads_back_or_is_refused(modelfile: Modelfile) -> None:
    try:
        text = write(modelfile)
    except Unwritable:
        return
    assert parse(text) == as_read(modelfile)
    assert parse(text.encode("utf-8", "replace")).commands[0].value == "m"


def is_held(value: str) -> bool:
    try:
        write(Modelfile((Command("system", value),)))
    except Unwritable:
        return False
    return True


@given(VALUES)
def test_only_a_line_that_closes_the_quotes_is_refused(value: str) -> None:
    lines = printable(value).replace("\r", "\n").split("\n")[:-1]
    closes = any(line.rstrip(" \t").endswith('"""') for line in lines)
    assert is_held(value) is not closes


PIECES = ("a", '"', '""', " ", "\n", "\t", "é", '"""', "x y", "#", "\r\n", "FROM m", "\u200b", "")


def generated(random: Random) -> Modelfile:
    """Return any commands in any order, with values made to be misread."""
    commands = [Command("from", "m")]
    for word in random.choices(WORDS, k=random.randrange(8)):
        keys = {"parameter": tuple(BY_NAME), "message": ROLES}.get(word, ("",))
        key = random.choice(keys)
        value = "".join(random.choices(PIECES, k=random.randrange(7)))
        if is_held(value):
            commands.insert(random.randrange(len(commands) + 1), Command(word, value, key))
    return Modelfile(tuple(commands))


def test_ten_thousand_modelfiles_read_back() -> None:
    random = Random(10_000)
    seen: set[str] = set()
    while len(seen) < 10_000:
        modelfile = generated(random)
        text = write(modelfile)
        assert parse(text) == as_read(modelfile)
        seen.add(text)


def naive_value(text: str) -> tuple[str, str] | None:
    """The rule for the end of a value, word by word: None when it never ends."""
    for end in [n for n, c in enumerate(text) if c in "\r\n"] + [len(text)]:
        seen = printable(text[:end]).strip(" \t\r\n")
        for quote in ('"""', '"'):
            if seen.startswith(quote):
                if len(seen) >= 2 * len(quote) and seen.endswith(quote):
                    return seen[len(quote) : -len(quote)], text[end + 1 :]
                break
        else:
            return seen, text[end + 1 :]
    return None


@settings(max_examples=1000)
@given(st.text(st.sampled_from('"""""\n a\u200b\r'), max_size=20))
def test_a_value_ends_at_the_first_line_end_where_no_quote_is_open(text: str) -> None:
    expected = naive_value(text)
    if expected is None:
        with pytest.raises(InvalidModelfile, match=r"^unexpected EOF$"):
            parse("FROM m\nSYSTEM " + text)
        return
    value, rest = expected
    source = "FROM m\nSYSTEM " + text[: len(text) - len(rest)]
    assert parse(source).last("system") == value


@given(st.text() | st.text(st.sampled_from('FROM PARAETSY\n"x 1'), max_size=40))
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    def outcome() -> str:
        try:
            return parse(text).all("from")[0].name
        except InvalidModelfile as reason:
            return str(reason)

    assert outcome()


def test_megabytes_are_read_at_once() -> None:
    license = 'line of text with a " in it\n' * 40_000
    text = f'FROM m\nLICENSE """{license}"""\n' + "PARAMETER stop x\n" * 5_000
    commands = parse(text).commands
    assert commands[1].value == license
    assert len(commands) == 5_002
