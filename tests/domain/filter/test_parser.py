from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.domain.filter.fields import FIELDS, Scope
from ollama_tui.domain.filter.parser import FilterProblem, Query, SavedFilters, parse
from ollama_tui.domain.memory.available import GIB, configured
from ollama_tui.domain.memory.shape import MemoryShape, encoded
from ollama_tui.domain.model import Facts, Model, ModelKey
from tests.domain.models import NOW, a_model, many_models
from tests.effort import calls


def as_text(query: Query) -> str:
    return " ".join(map(str, query.terms))


A, B, C = ("a" * 64, "b" * 64, "c" * 64)

MODELS = (
    a_model(
        "qwen3:8b",
        size=5_200_000_000,
        days=10,
        capabilities=["completion", "tools", "thinking"],
        digest=A,
        family="qwen3",
        quantization_level="Q4_K_M",
        parameter_size="8.2B",
        context_length=40_960,
        vram=6_000_000_000,
        facts=Facts(("completion", "tools", "thinking"), 40_960, (C,), C),
    ),
    a_model(
        "mine:latest",
        size=5_200_000_100,
        days=2,
        capabilities=["completion", "tools", "thinking"],
        digest=B,
        family="qwen3",
        quantization_level="Q4_K_M",
        parameter_size="8.2B",
        context_length=40_960,
        facts=Facts(("completion", "tools", "thinking"), 40_960, (C,), C),
    ),
    a_model(
        "copy-of-mine:1",
        size=5_200_000_100,
        days=1,
        digest=B,
        facts=Facts(("completion",), 0, (C,), C),
    ),
    a_model(
        "Gemma3:4b",
        size=3_300_000_000,
        days=100,
        capabilities=["completion", "vision"],
        digest="4" * 64,
        family="gemma3",
        quantization_level="Q8_0",
        parameter_size="4.3B",
        context_length=131_072,
        facts=Facts(("completion", "vision"), 131_072, ("4" * 64,), "4" * 64),
    ),
    a_model("old:1b", size=900_000_000, days=400, digest="5" * 64, parameter_size="999.89M"),
    a_model(
        "gpt-oss:120b-cloud",
        size=384,
        days=None,
        capabilities=["completion", "tools"],
        digest="6" * 64,
        cloud=True,
        parameter_size="116.8B",
        context_length=128_000,
    ),
)
SCOPE = Scope(
    MODELS,
    NOW,
    marked=frozenset({ModelKey("old:1b", "5" * 64)}),
    outdated=frozenset(m.key for m in MODELS if m.name == "qwen3:8b"),
    current=frozenset(m.key for m in MODELS if m.name == "Gemma3:4b"),
    uncertain=frozenset(m.key for m in MODELS if m.name.startswith("mine")),
)
SHORT = {m.name: m.name.partition(":")[0].lower() for m in MODELS}
ALL = "qwen3 mine copy-of-mine gemma3 old gpt-oss"


def chosen(text: str, scope: Scope = SCOPE) -> str:
    query = parse(text)
    assert not query.problems
    return " ".join(SHORT[model.name] for model in query.select(scope.models, scope))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ALL),
        ("   ", ALL),
        ("qwen", "qwen3"),
        ("GEMMA", "gemma3"),
        ("mine", "mine copy-of-mine"),
        ("mine copy", "copy-of-mine"),
        ("copy mine", "copy-of-mine"),
        ("qwen,gemma", "qwen3 gemma3"),
        ("!mine", "qwen3 gemma3 old gpt-oss"),
        ("!qwen,gemma", "mine copy-of-mine old gpt-oss"),
        ("!!qwen", "qwen3"),
        ("-mine", "qwen3 gemma3 old gpt-oss"),
        ("-!qwen", "qwen3"),
        ("of-mine", "copy-of-mine"),
        ("-cap:tools", "copy-of-mine gemma3"),
        ("size>5.2g", "mine copy-of-mine"),
        ("size<=900m", "old"),
        ("size=3g", "gemma3"),
        ("-size>1g", "old"),
        ("size>1g,<1g -qwen -mine", "gemma3 old"),
        ("params>7b", "qwen3 mine gpt-oss"),
        ("ctx>=128k", "gemma3 gpt-oss"),
        ("qwen3:8b", "qwen3"),
        ("oss:120b", "gpt-oss"),
        ('"old:1"', "old"),
        ("nothing", ""),
        ("cap:vision", "gemma3"),
        ("cap:VIS", "gemma3"),
        ("cap:vision,thinking", "qwen3 mine gemma3"),
        ("cap:tools cap:thinking", "qwen3 mine"),
        ("!cap:tools", "copy-of-mine gemma3"),
        ("family:qwen", "qwen3 mine"),
        ("!family:qwen", "copy-of-mine gemma3 old gpt-oss"),
        ("quant:q4", "qwen3 mine"),
        ("quant:q4,q8", "qwen3 mine gemma3"),
        ("size:>5.2g", "mine copy-of-mine"),
        ("size:>=5.2g", "qwen3 mine copy-of-mine"),
        ("size:<1g", "old"),
        ("size:<=900m", "old"),
        ("size:<=900000kb", "old"),
        ("size:<1gib", "old"),
        ("size:3.3gb", "gemma3"),
        ("size:=3g", "gemma3"),
        ("size:2g..4g", "gemma3"),
        ("size:..4g", "gemma3 old"),
        ("size:4g..", "qwen3 mine copy-of-mine"),
        ("size:<1g,>5.2g", "mine copy-of-mine old"),
        ("!size:>1g", "old"),
        ("params:<=7b", "gemma3 old"),
        ("params:8b", "qwen3 mine"),
        ("params:>100b", "gpt-oss"),
        ("!params:>1b", "old"),
        ("ctx:>=128k", "gemma3 gpt-oss"),
        ("ctx:128k", "gemma3 gpt-oss"),
        ("ctx:<128k", "qwen3 mine"),
        ("ctx:>128k", ""),
        ("ctx:40k", "qwen3 mine"),
        ("ctx:40960", "qwen3 mine"),
        ("ctx:32k..64k", "qwen3 mine"),
        ("older:90d", "gemma3 old"),
        ("older:1y", "old"),
        ("!older:90d", "qwen3 mine copy-of-mine"),
        ("newer:7d", "mine copy-of-mine"),
        ("newer:25h", "copy-of-mine"),
        ("newer:2w older:3d", "qwen3"),
        ("older:3m", "gemma3 old"),
        ("is:loaded", "qwen3"),
        ("is:cloud", "gpt-oss"),
        ("!is:cloud", "qwen3 mine copy-of-mine gemma3 old"),
        ("is:alias", "mine copy-of-mine"),
        ("is:outdated", "qwen3"),
        ("!is:outdated", "gemma3 gpt-oss"),
        ("is:uncertain", "mine"),
        ("!is:uncertain", "qwen3 gemma3 gpt-oss"),
        ("is:marked", "old"),
        ("is:marked,cloud", "old gpt-oss"),
        ("shares:mine", "qwen3 mine copy-of-mine"),
        ("shares:QWEN3:8B", "qwen3 mine copy-of-mine"),
        ("shares:gem", "gemma3"),
        ("!shares:mine", "gemma3 gpt-oss"),
        ("shares:nobody", ""),
        ("!shares:nobody", ALL),
        ("CAP:Vision", "gemma3"),
        ("cap:vision,", "gemma3"),
        (",", ALL),
        ('""', ALL),
    ],
)
def test_what_a_filter_selects(text: str, names: str) -> None:
    assert chosen(text) == names


SIZE = "Write a size with its unit: >8g, <=500m or 2g..8g."
PARAMETERS = "Write a number of parameters with its unit: <=7b, >500m or 1b..4b."
AGE = "Write an age with h, d, w, m or y: 90d, 2w, 1y."
STATE = "is: knows loaded, cloud, alias, outdated, marked, fits, locked, uncertain."


@pytest.mark.parametrize(
    ("text", "start", "end", "sentence", "meant"),
    [
        ("q sise:>8g", 2, 10, "There is no field “sise”. Did you mean size:>8g?", "size:>8g"),
        ("sise>8g", 0, 7, "There is no field “sise”. Did you mean size>8g?", "size>8g"),
        ("sizee:", 0, 6, "There is no field “sizee”. Did you mean size:?", "size:"),
        ("famly:x", 0, 7, "There is no field “famly”. Did you mean family:x?", "family:x"),
        ("has:vision", 0, 10, "There is no field “has”. Did you mean cap:vision?", "cap:vision"),
        ("-has:visoin", 0, 11, "There is no field “has”. Did you mean cap:vision?", "-cap:vision"),
        ("has=tools", 0, 9, "There is no field “has”. Did you mean cap:tools?", "cap:tools"),
        ("context:>=8k", 0, 12, "There is no field “context”. Did you mean ctx:>=8k?", "ctx:>=8k"),
        ("before:90d", 0, 10, "There is no field “before”. Did you mean older:90d?", "older:90d"),
        ("<8gb", 0, 4, "Did you mean size:<8gb?", "size:<8gb"),
        ("!>=7b", 0, 5, "Did you mean params:>=7b?", "!params:>=7b"),
        (">32k", 0, 4, "Did you mean ctx:>32k?", "ctx:>32k"),
        ("qwen <x", 5, 7, "A comparison begins with its field, as in size:<8g.", ""),
        ("name:qwen", 0, 9, "Did you mean qwen?", "qwen"),
        ("age:<3d", 0, 7, "Did you mean newer:3d?", "newer:3d"),
        ("age:>3d", 0, 7, "Did you mean older:3d?", "older:3d"),
        ("age<3d", 0, 6, "Did you mean newer:3d?", "newer:3d"),
        ("!age:3d", 0, 7, "Did you mean newer:3d?", "!newer:3d"),
        ("age:", 0, 4, "Did you mean newer:?", "newer:"),
        (
            "age:x", 0, 5,
            "Write newer:7d for less than a week, older:90d for more than 90 days.", "",
        ),
        ("cap=vision", 0, 10, "Did you mean cap:vision?", "cap:vision"),
        ("older>90d", 0, 9, "Did you mean older:90d?", "older:90d"),
        ("!", 0, 1, "! needs something to negate, as in !cap:tools.", ""),
        ("-", 0, 1, "- needs something to negate, as in -cap:tools.", ""),
        ("a !! b", 2, 4, "! needs something to negate, as in !cap:tools.", ""),
        ("cap:", 0, 4, "cap: needs a value, as in cap:vision,tools.", ""),
        ('cap:""', 0, 6, "cap: needs a value, as in cap:vision,tools.", ""),
        ("shares:", 0, 7, "shares: needs a value, as in shares:qwen3:8b.", ""),
        ("cap:vison", 0, 9, "Did you mean cap:vision?", "cap:vision"),
        ("cap:visoin", 0, 10, "Did you mean cap:vision?", "cap:vision"),
        ("cap:tools,visoin", 0, 16, "Did you mean cap:vision?", "cap:tools,vision"),
        ("-cap:decison", 0, 12, "Did you mean cap:decision?", "-cap:decision"),
        ("size:8", 0, 6, SIZE, "size:8g"),
        ("size:>=8", 0, 8, SIZE, "size:>=8g"),
        ("size>8", 0, 6, SIZE, "size:>8g"),
        ("size:big", 0, 8, SIZE, ""),
        ("size:>", 0, 6, SIZE, ""),
        ("size:..", 0, 7, SIZE, ""),
        ("size:8g..2g", 0, 11, SIZE, ""),
        ("size:1g,x", 0, 9, SIZE, ""),
        ("params:7", 0, 8, PARAMETERS, "params:7b"),
        ("ctx:big", 0, 7, "Write a number of tokens: >=128k, <8192 or 32k..128k.", ""),
        ("older:90", 0, 8, AGE, "older:90d"),
        ("newer:>7d", 0, 9, AGE, "newer:7d"),
        ("older:soon", 0, 10, AGE, ""),
        ("is:loa", 0, 6, STATE, "is:loaded"),
        ("is:lodaed", 0, 9, STATE, "is:loaded"),
        ("is:running", 0, 10, "Did you mean is:loaded?", "is:loaded"),
        ("is:vision", 0, 9, "Did you mean cap:vision?", "cap:vision"),
        ("is:xyz", 0, 6, STATE, ""),
        ("tags:work", 0, 9, "There is no field “tags”. Did you mean tag:work?", "tag:work"),
        ("label:work", 0, 10, "There is no field “label”. Did you mean tag:work?", "tag:work"),
        ("is:lock", 0, 7, "Did you mean is:locked?", "is:locked"),
        ("is:protected", 0, 12, "Did you mean is:locked?", "is:locked"),
        (
            "unused:90", 0, 9,
            "Write for how long it has not run with h, d, w, m or y: 90d, 2w, 1y.", "unused:90d",
        ),
        ("idle:2w", 0, 7, "There is no field “idle”. Did you mean unused:2w?", "unused:2w"),
    ],
)  # fmt: skip
def test_a_mistake_stands_under_the_word_that_is_wrong_with_what_was_meant(
    text: str, start: int, end: int, sentence: str, meant: str
) -> None:
    assert parse(text).problems == (FilterProblem(start, end, sentence, meant),)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("family:qwne", "family:qwen3"),
        ("-family:qwne", "-family:qwen3"),
        ("family:gemma4", "family:gemma3"),
        ("quant:q4km", "quant:q4_k_m"),
        ("quant:q8_0,q4km", "quant:q8_0,q4_k_m"),
        ("quant:k_m", "quant:q4_k_m"),
        ("cap:cloud", "is:cloud"),
        ("cap:thikning", "cap:thinking"),
        ("family:q", ""),
        ("family:xyz", ""),
        ("quant:q4", ""),
        ("cap:vis", ""),
        ("shares:qwne", ""),
    ],
)
def test_a_value_that_no_model_has_is_a_mistake_where_one_has_something_near(
    text: str, meant: str
) -> None:
    problems = parse(text).problems_among(SCOPE)
    assert [problem.meant for problem in problems] == ([meant] if meant else [])
    for problem in problems:
        assert (problem.start, problem.end) == (0, len(text))
        assert not parse(meant).problems


def test_the_good_words_of_a_bad_filter_still_count() -> None:
    query = parse("qwen is:nonsense !cap:vision")
    assert as_text(query) == "qwen !cap:vision"
    assert len(query.problems) == 1


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_the_example_of_each_field_is_right(field: object) -> None:
    query = parse(field.example)  # type: ignore[attr-defined]
    assert not query.problems
    assert as_text(query) == field.example  # type: ignore[attr-defined]
    assert query.terms[0].field == field.name  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("  Qwen   CAP:Vision ", "qwen cap:vision"),
        ("!!!x", "!x"),
        ("a a", "a"),
        ("a,,b,a", "a,b"),
        ('"two words"', '"two words"'),
        ('shares:"a b",c', 'shares:"a b",c'),
        ('"say ""hi"""', '"say ""hi"""'),
        ('"open', "open"),
        ('"size:8g"', '"size:8g"'),
        ('"sise:8g"', '"sise:8g"'),
        ('"!x"', '"!x"'),
        ('"-x"', '"-x"'),
        ("-x", "!x"),
        ("size>8g", "size:>8g"),
        ('"size>8g"', '"size>8g"'),
        ('"has:x"', '"has:x"'),
        ("a>b", "a>b"),
        ("qwen3:8b", "qwen3:8b"),
        ("llama:8b", "llama:8b"),
        ('"a,b"', '"a,b"'),
        ("shares:!x", "shares:!x"),
    ],
)
def test_printing_gives_the_canonical_text(text: str, printed: str) -> None:
    assert as_text(parse(text)) == printed
    assert parse(printed) == parse(text)


WORDS = st.sampled_from(
    [
        "qwen",
        "mine",
        "4b",
        "o",
        "cap:vision",
        "cap:tools,thinking",
        "family:q",
        "quant:q4",
        "size:>1g",
        "size:1g..4g",
        "params:<=7b",
        "ctx:>=128k",
        "older:90d",
        "newer:7d",
        "is:loaded",
        "is:cloud",
        "is:alias",
        "is:outdated",
        "is:marked",
        "is:locked",
        "tag:coding",
        "unused:30d",
        "shares:mine",
        "shares:old",
    ]
)
TERMS = st.builds(str.__add__, st.sampled_from(["", "!"]), WORDS)
MANY = many_models(300) + MODELS
WIDE = Scope(
    MANY,
    NOW,
    frozenset(m.key for m in MANY[::7]),
    frozenset(m.key for m in MANY[::5]),
    frozenset(m.key for m in MANY[1::5]),
)


def selected(text: str) -> list[Model]:
    return list(parse(text).select(MANY, WIDE))


@given(st.text(st.sampled_from('ab:,"!@-<>= \t') | st.characters(), max_size=30) | TERMS)
def test_printing_and_reading_again_changes_nothing(text: str) -> None:
    query = parse(text)
    again = parse(as_text(query))
    assert again == query
    assert not again.problems
    assert as_text(again) == as_text(query)


@given(st.lists(TERMS, max_size=5))
def test_terms_print_back_to_themselves(terms: list[str]) -> None:
    assert as_text(parse(" ".join(terms))) == " ".join(dict.fromkeys(terms))


@given(st.text(max_size=30))
def test_every_text_is_understood_or_has_mistakes_inside_it(text: str) -> None:
    for mistake in parse(text).problems:
        assert 0 <= mistake.start < mistake.end <= len(text)
        assert mistake.sentence.endswith((".", "?"))
        assert mistake.sentence.isprintable()


@given(TERMS)
def test_double_negation_is_none(term: str) -> None:
    assert selected("!!" + term) == selected(term)


@given(TERMS)
def test_a_term_and_its_negation_share_nothing_and_leave_only_the_unknown(term: str) -> None:
    yes, no = selected(term), selected("!" + term)
    assert not {m.name for m in yes} & {m.name for m in no}
    test = parse(term.lstrip("!")).terms[0].test(WIDE)
    unknown = [m for m in MANY if test(m) is None]
    assert len(yes) + len(no) + len(unknown) == len(MANY)


@given(st.lists(TERMS, max_size=4))
def test_all_terms_must_match_in_any_order(terms: list[str]) -> None:
    each = [{m.name for m in selected(term)} for term in terms]
    both = [m.name for m in MANY if all(m.name in names for names in each)]
    assert [m.name for m in selected(" ".join(terms))] == both
    assert [m.name for m in selected(" ".join(reversed(terms)))] == both


@given(
    st.sampled_from(["cap", "size", "is", "family"]),
    st.lists(st.integers(0, 3), min_size=1, max_size=3),
)
def test_a_comma_means_or(field: str, picks: list[int]) -> None:
    values = {
        "cap": ["vision", "tools", "thinking", "x"],
        "size": ["<1g", "2g..4g", ">9g", "5g"],
        "is": ["loaded", "cloud", "alias", "marked"],
        "family": ["q", "gemma3", "family1", "z"],
    }[field]
    each = [{m.name for m in selected(f"{field}:{values[n]}")} for n in picks]
    joined = ",".join(values[n] for n in picks)
    assert {m.name for m in selected(f"{field}:{joined}")} == set().union(*each)


@given(st.lists(TERMS, max_size=3))
def test_matching_one_model_is_selecting_it(terms: list[str]) -> None:
    query = parse(" ".join(terms))
    kept = set(map(id, query.select(MODELS, SCOPE)))
    assert [bool(query.select((m,), SCOPE)) for m in MODELS] == [id(m) in kept for m in MODELS]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", None),
        ("qwen", None),
        ("nothing", "No matches for “nothing”."),
        ("mine nothing", "No matches for “nothing”."),
        ("mine is:cloud copy", "No matches for “is:cloud”."),
        ("old cap:vision", "No matches for “cap:vision” (1 not known)."),
        ("old !cap:vision", "No matches for “!cap:vision” (1 not known)."),
        ("shares:nobody", "No matches for “shares:nobody”."),
        ("\x1b[31m", "No matches for “\ufffd[31m”."),
    ],
)
def test_the_term_that_excluded_everything_is_named(text: str, sentence: str | None) -> None:
    assert parse(text).no_matches(MODELS, SCOPE) == sentence


def test_no_term_is_to_blame_for_an_empty_server() -> None:
    assert parse("nothing is:cloud").no_matches((), Scope((), NOW)) is None


def test_weights_without_known_blobs_are_neither_shared_nor_not() -> None:
    safetensors = a_model("st", facts=Facts(("completion",)))
    scope = Scope((*MODELS, safetensors), NOW)
    for text in ("shares:mine", "!shares:mine"):
        assert safetensors not in parse(text).select(scope.models, scope)


def test_queries_are_compared_by_what_they_ask() -> None:
    assert parse("a  b") == parse("A b")
    assert parse("") == Query()


SAVED = (("big", "size:>4g !is:cloud"), ("sees", "cap:vision"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("@big", "size:>4g !is:cloud"),
        ("@BIG qwen", "size:>4g !is:cloud qwen"),
        ("@sees @big", "cap:vision size:>4g !is:cloud"),
        ("!@sees", "!cap:vision"),
        ("!!@big", "size:>4g !is:cloud"),
        ('"@big"', '"@big"'),
        ('!"@big"', '!"@big"'),
    ],
)
def test_a_saved_filter_stands_for_what_it_asks(text: str, meant: str) -> None:
    query = parse(text, SAVED)
    assert query == parse(meant)
    assert not query.problems
    assert as_text(query) == meant


@pytest.mark.parametrize(
    ("text", "saved", "sentence"),
    [
        ("@bg", SAVED, "No saved filter “bg”. Saved: big, sees."),
        ("@", SAVED, "@ needs the name of a saved filter: big, sees."),
        ("!@big", SAVED, "@big has several terms, which ! cannot negate together."),
        ("@big", (), "No filter is saved yet: “save filter” in the palette saves this one."),
    ],
)
def test_a_filter_nobody_saved_is_a_mistake_under_its_name(
    text: str, saved: SavedFilters, sentence: str
) -> None:
    query = parse(f"q {text}", saved)
    assert [replace(problem, meant="") for problem in query.problems] == [
        FilterProblem(2, 2 + len(text), sentence)
    ]
    assert query == parse("q")


@pytest.mark.parametrize(
    "text",
    ["model", "model 7 user", "cap:vision", "size:>8g", "older:90d", "is:alias", "!shares:user1"],
)
def test_ten_thousand_models_are_filtered_as_one_types(text: str) -> None:
    models = many_models()
    scope = Scope(models, NOW)

    assert calls(lambda: parse(text).select(models, scope)) < 20 * len(models)


# ---- what fits


def fitting(text: str) -> str:
    gpu = configured(12 * GIB, 32 * GIB)
    models = []
    for name, gigabytes in (("small", 1), ("large", 20), ("huge", 99)):
        shape = MemoryShape("llama", gigabytes * 10**9, context_length=4096)
        model = a_model(f"{name}:1", facts=Facts(memory_text=encoded(shape)))
        models.append(msgspec.structs.replace(model, server_memory=gpu))
    models.append(a_model("unknown:1"))
    models.append(a_model("cloud:1", cloud=True))
    found = parse(text).select(tuple(models), Scope(tuple(models), NOW))
    return " ".join(model.name.partition(":")[0] for model in found)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("is:fits", "small"),
        ("fits:24g", "small large"),
        ("fits:24GiB", "small large"),
        ("fits:24576m", "small large"),
        ("fits:1g", ""),  # one GiB is left free
        ("!fits:24g", "huge cloud"),
        ("fits:8g,24g", "small large"),
    ],
)
def test_what_fits_a_gpu(text: str, names: str) -> None:
    assert fitting(text) == names


@pytest.mark.parametrize(
    ("text", "meant"), [("fits:24", "fits:24g"), ("fits:all", ""), ("fit:24g", "fits:24g")]
)
def test_a_memory_without_a_unit_is_asked_back(text: str, meant: str) -> None:
    (problem,) = parse(text).problems
    assert problem.meant == meant
