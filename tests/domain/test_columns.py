from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.replies import Show
from ollama_tui.domain import columns
from ollama_tui.domain.columns import (
    BY_KEY,
    COLUMNS,
    USUAL,
    WIDE,
    Listing,
    group_by_weights,
    natural,
    sort,
)
from ollama_tui.domain.memory.available import GIB, AvailableMemory, Device, MemorySource
from ollama_tui.domain.memory.shape import LayerGroup, MemoryShape, encoded
from ollama_tui.domain.model import Facts, Model, facts_of, parameter_count
from tests.domain.models import NOW, a_model, many_models
from tests.effort import calls

KEYS = [column.key for column in COLUMNS]


def names(models: tuple[Model, ...]) -> list[str]:
    return [model.name for model in models]


def test_the_columns_of_the_list_are_those_of_the_design() -> None:
    usual = [BY_KEY[key].title for key in USUAL]
    assert usual == ["NAME", "SIZE", "PARAMS", "QUANT", "CTX", "CAN", "MODIFIED"]
    wide = [BY_KEY[key].title for key in WIDE]
    assert wide == [*usual, "LOADED", "FAMILY", "LAST RUN", "MEMORY", "FITS"]
    assert len(BY_KEY) == len(COLUMNS)
    assert len({column.priority for column in COLUMNS}) == len(COLUMNS)


@given(st.integers(0, 10**9))
def test_the_age_of_a_model_is_never_cut(seconds: int) -> None:
    modified = BY_KEY["modified"]
    model = a_model("a", days=seconds / 86_400)
    assert len(modified.text(model, NOW)) <= modified.width


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("name", "qwen3:1.7b"),
        ("params", "1.7B"),
        ("quant", "Q4_K_M"),
        ("size", "1.4 GB"),
        ("ctx", "40K"),
        ("can", "tools think"),
        ("modified", "7 weeks"),
        ("loaded", "2.1 GB"),
        ("family", "qwen3"),
        ("digest", "abababababab"),
        ("format", "gguf"),
        ("parent", "qwen3:base"),
    ],
)
def test_what_a_cell_says(key: str, text: str) -> None:
    model = a_model(
        "qwen3:1.7b",
        size=1_400_000_000,
        days=50,
        capabilities=["completion", "tools", "thinking"],
        digest="ab" * 32,
        vram=2_100_000_000,
        family="qwen3",
        format="gguf",
        parent_model="qwen3:base",
        parameter_size="1.7B",
        quantization_level="Q4_K_M",
        context_length=40_960,
    )
    assert BY_KEY[key].text(model, NOW) == text
    column = BY_KEY[key]
    assert len(text) <= max(column.width, column.most, len(model.name))


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.key)
def test_a_cell_without_a_value_is_short_and_comes_last_both_ways(column: object) -> None:
    key = column.key  # type: ignore[attr-defined]
    if key == "name":
        return
    empty = a_model("aaa", cloud=True, days=None, size=300)
    full = many_models(200)
    last = [sort((empty, *full), key, reverse)[-1] for reverse in (False, True)]
    missing = [m for m in (empty, *full) if BY_KEY[key].sort_key(m) is None]
    assert empty in missing
    assert last == [sort(missing, "name")[-1]] * 2
    assert BY_KEY[key].text(empty, NOW).strip() in ("", "–", "?")


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.key)
def test_hostile_text_is_inert_in_every_cell(column: object) -> None:
    bad = "\x1b[2J\u202e"
    model = a_model(
        bad,
        digest=bad,
        family=bad,
        format=bad,
        parent_model=bad,
        parameter_size=bad,
        quantization_level=bad,
        capabilities=[bad],
    )
    said = column.text(model, NOW)  # type: ignore[attr-defined]
    assert not set(said) & set(bad[0] + bad[-1])


ORDERS: list[tuple[str, list[Model], list[str]]] = [
    (
        "name",
        [a_model(n) for n in ("qwen3:10b", "Qwen3:9b", "a:1", "qwen3:8b", "qwen3:08b")],
        ["a:1", "qwen3:08b", "qwen3:8b", "Qwen3:9b", "qwen3:10b"],
    ),
    (
        "params",
        [a_model(n, parameter_size=n) for n in ("137M", "8.0B", "1.7B", "999K", "1T")],
        ["1T", "8.0B", "1.7B", "137M", "999K"],
    ),
    (
        "quant",
        [a_model(q, quantization_level=q) for q in ("F16", "Q8_0", "Q4_K_M", "IQ2_XXS", "Q4_0")],
        ["IQ2_XXS", "Q4_0", "Q4_K_M", "Q8_0", "F16"],
    ),
    (
        "size",
        [a_model(str(n), size=n) for n in (900, 10_000_000_000, 9_000_000_000)],
        ["10000000000", "9000000000", "900"],
    ),
    (
        "ctx",
        [a_model(str(n), context_length=n) for n in (40_960, 131_072, 8192)],
        ["131072", "40960", "8192"],
    ),
    (
        "modified",
        [a_model(str(d), days=d) for d in (206, 0.8, 30)],
        ["0.8", "30", "206"],
    ),
    (
        "can",
        [
            a_model("none", capabilities=["completion"]),
            a_model("tools", capabilities=["tools"]),
            a_model("vision", capabilities=["vision"]),
        ],
        ["vision", "tools", "none"],
    ),
    (
        "family",
        [a_model(f, family=f) for f in ("qwen3", "Gemma3", "llama")],
        ["Gemma3", "llama", "qwen3"],
    ),
    ("loaded", [a_model(str(n), vram=n) for n in (5, 70, 9)], ["70", "9", "5"]),
    ("digest", [a_model(d, digest=d) for d in ("f0", "0a", "a0")], ["0a", "a0", "f0"]),
]


@pytest.mark.parametrize(("key", "models", "expected"), ORDERS, ids=[row[0] for row in ORDERS])
def test_each_column_sorts_raw_values_and_turns_around(
    key: str, models: list[Model], expected: list[str]
) -> None:
    assert names(sort(models, key)) == expected
    assert names(sort(models, key, reverse=True)) == expected[::-1]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("key", [key for key in KEYS if key != "name"])
def test_equal_values_come_by_name_in_both_directions(key: str, reverse: bool) -> None:
    models = [a_model(n) for n in ("b:10", "a", "b:9", "C")]
    assert names(sort(models, key, reverse)) == ["a", "b:9", "b:10", "C"]


@given(st.permutations(many_models(60)), st.sampled_from(KEYS), st.booleans())
def test_the_order_never_depends_on_the_order_before(
    shuffled: list[Model], key: str, reverse: bool
) -> None:
    assert sort(shuffled, key, reverse) == sort(many_models(60), key, reverse)


@given(st.lists(st.text("ab:019", max_size=6)))
def test_natural_order_has_numbers_by_value(texts: list[str]) -> None:
    ordered = sorted(texts, key=natural)
    assert sorted(ordered) == sorted(texts)
    assert natural("a9") < natural("a10") < natural("a011") < natural("B1")


def test_kin_are_aliases_and_what_shares_weights_and_stand_where_the_first_stood() -> None:
    shares = Facts(blobs=("w", "adapter"), weights="w")
    models = [
        a_model("base", digest="1", facts=Facts(blobs=("w",), weights="w")),
        a_model("other", digest="2"),
        a_model("tuned", digest="3", facts=shares),
        a_model("alias", digest="2"),
        a_model("nameless"),
        a_model("nobody"),
    ]
    groups = [[model.name for model in group] for group in group_by_weights(models)]
    assert groups == [["base", "tuned"], ["other", "alias"], ["nameless"], ["nobody"]]


def test_an_unknown_column_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        sort((), "nonsense")


def can(model: Model) -> str:
    return BY_KEY["can"].text(model, NOW)


@pytest.mark.parametrize(
    ("capabilities", "words"),
    [
        (None, "?"),
        ([], ""),
        (["completion"], ""),
        (["vision", "completion"], "vision"),
        (["thinking", "tools"], "tools think"),
        (["image"], "image"),
        (
            ["audio", "x", "insert", "embedding", "thinking", "tools", "vision"],
            "vision tools think embed insert audio x",
        ),
    ],
)
def test_capabilities_are_words_in_a_fixed_order(
    capabilities: list[str] | None, words: str
) -> None:
    assert can(a_model(capabilities=capabilities)) == words


def test_details_of_a_cloud_stub_that_name_no_capabilities_leave_them_unknown() -> None:
    assert can(a_model(cloud=True, facts=Facts(context_length=4096))) == "?"
    assert can(a_model(facts=Facts())) == ""
    assert can(a_model(cloud=True, capabilities=["tools"], facts=Facts())) == "tools"


def test_what_show_says_of_capabilities_counts_more_than_the_list() -> None:
    model = a_model(capabilities=["completion"], facts=Facts(capabilities=("tools",)))
    assert can(model) == "tools"


@pytest.mark.parametrize(
    ("text", "short"),
    [("134.52M", "134M"), ("7.6B", "7.6B"), ("20.9B", "20.9B"), ("1.5 billion", "1.5 billion")],
)
def test_a_parameter_count_has_no_decimals_that_say_little(text: str, short: str) -> None:
    model = a_model(parameter_size=text)
    assert BY_KEY["params"].text(model, NOW) == short


@pytest.mark.parametrize("key", KEYS)
def test_ten_thousand_models_are_sorted_in_a_few_calls_each(key: str) -> None:
    models = many_models()
    assert calls(lambda: sort(models, key)) < 25 * len(models)


def test_the_first_order_of_ten_thousand_asks_no_names_where_no_values_are_equal() -> None:
    models = [a_model(f"fresh-{n * 7919 % 10_007}:{n}b", size=n) for n in range(10_000)]
    asked = columns._name_key.cache_info().misses
    sort(models, "size")
    assert columns._name_key.cache_info().misses == asked


@pytest.mark.parametrize(
    ("text", "number"),
    [("8.2B", 8_200_000_000), ("134.52M", 134_520_000), ("1.1T", 1_100_000_000_000),
     ("494", 494), ("64k", 64_000), ("", 0), ("many", 0)],
)  # fmt: skip
def test_the_number_of_parameters_is_what_the_server_rounded(text: str, number: int) -> None:
    assert parameter_count(text) == number
    assert a_model(parameter_size=text).parameter_count == number


def test_the_exact_number_of_parameters_counts_more_than_the_rounded_one() -> None:
    facts = facts_of(Show(model_info={"general.parameter_count": 8_190_735_360}))
    assert a_model(parameter_size="8.2B", facts=facts).parameter_count == 8_190_735_360
    assert facts_of(Show(model_info={"general.parameter_count": "8B"})).parameter_count == 0


def test_what_is_learned_leaves_the_order_as_it_is_and_sorts_nothing_again() -> None:
    models = many_models(1_000)
    tools = Facts(("tools",))
    learned = tuple(
        Model(m.listed, None if n % 50 else tools, m.running) for n, m in enumerate(models)
    )
    listing = Listing(models)
    listing.sorted_by("modified", False)
    assert calls(lambda: listing.updated(learned).sorted_by("modified", False)) < 3 * len(models)
    assert calls(lambda: Listing(learned).sorted_by("modified", False)) > 6 * len(models)
    assert listing.updated(learned).sorted_by("modified", False) == sort(learned, "modified")


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("key", KEYS)
def test_an_updated_list_is_in_the_order_of_what_is_known_now(key: str, reverse: bool) -> None:
    models = many_models(200)
    learned = tuple(
        Model(m.listed, Facts(("tools", "vision")[: n % 3], n * 1024), m.running)
        for n, m in enumerate(models)
    )
    listing = Listing(models)
    listing.sorted_by(key, reverse)
    for newer in (learned, models[:100], learned[::-1]):
        assert listing.updated(newer).sorted_by(key, reverse) == sort(newer, key, reverse)


# ---- memory


GPU = AvailableMemory(MemorySource.CONFIG, (Device("", 8 * GIB),), 8 * GIB)


def sized(name: str, gigabytes: float, **more: Any) -> Model:
    """Return a model with so many weights and nothing else in memory."""
    memory = MemoryShape("llama", int(gigabytes * 10**9), context_length=4096)
    model = a_model(name, facts=Facts(memory_text=encoded(memory)))
    return msgspec.structs.replace(model, server_memory=GPU, **more)


def test_models_are_sorted_by_what_they_take_in_memory() -> None:
    models = (sized("small", 1), a_model("unknown"), sized("huge", 40), sized("large", 9))
    assert names(sort(models, "memory")) == ["huge", "large", "small", "unknown"]
    assert names(sort(models, "fits")) == ["small", "large", "huge", "unknown"]
    texts = [
        [BY_KEY[key].text(model, NOW) for key in ("memory", "fits")]
        for model in sort(models, "memory")
    ]
    assert texts == [["40 GB", "no"], ["9.0 GB", "partly"], ["1.0 GB", "fully"], ["–", "–"]]


def test_on_a_server_with_unknown_memory_nothing_is_said_to_fit() -> None:
    model = msgspec.structs.replace(sized("m", 1), server_memory=None)
    assert BY_KEY["memory"].text(model, NOW) == "1.0 GB"
    assert BY_KEY["fits"].text(model, NOW) == "–"


def test_a_list_is_sorted_again_when_its_server_tells_its_memory() -> None:
    shape = MemoryShape("llama", 10**9, layers=(LayerGroup(32, 1024, 1024),), num_ctx=1024)
    short = a_model("short", facts=Facts(memory_text=encoded(shape)))
    long = a_model(
        "long", facts=Facts(memory_text=encoded(msgspec.structs.replace(shape, num_ctx=0)))
    )
    before = Listing((short, long))
    assert names(before.sorted_by("fits", False)) == ["long", "short"]
    told = [msgspec.structs.replace(m, server_memory=GPU) for m in (short, long)]
    assert names(before.updated(told).sorted_by("memory", False)) == ["long", "short"]
    assert [BY_KEY["fits"].text(m, NOW) for m in told] == ["fully", "fully"]
