import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.domain.model import Facts, Model
from ollama_tui.domain.storage.usage import Amount, Usage
from tests.domain.models import a_model
from tests.effort import calls

W, X, V = ("a" * 64, "b" * 64, "c" * 64)


def stored(name: str, size: int, digest: str, *blobs: str, known: bool = True) -> Model:
    facts = Facts(blobs=blobs, weights=blobs[0] if blobs else "") if known else None
    return a_model(name, size=size, digest=digest, facts=facts, capabilities=["completion"])


BASE = stored("base", 5_000, "d1", W)
CHILD = stored("child", 5_010, "d2", W)
TUNED = stored("tuned", 5_200, "d3", W, X)
TUNED_TOO = stored("tuned-too", 5_205, "d4", W, X)
ALIAS = stored("alias", 5_000, "d1", W)
OTHER = stored("other", 900, "d5", V)
CLOUD = a_model("cloud", size=384, digest="d6", cloud=True)
UNSEEN = stored("unseen", 700, "d7", known=False)
SAFETENSORS = stored("st", 800, "d8")


@pytest.mark.parametrize(
    ("models", "total", "unique"),
    [
        ([], 0, Amount(0)),
        ([OTHER], 900, Amount(900)),
        ([OTHER, CLOUD], 900, Amount(900)),
        ([BASE, ALIAS], 10_000, Amount(5_000)),
        ([BASE, CHILD], 10_010, Amount(5_010, estimated=True)),
        ([TUNED, CHILD, BASE], 15_210, Amount(5_210, estimated=True)),
        ([TUNED, TUNED_TOO, BASE], 15_405, Amount(5_205, estimated=True)),
        ([OTHER, UNSEEN], 1_600, Amount(1_600, estimated=True)),
        ([OTHER, SAFETENSORS], 1_700, Amount(1_700, estimated=True)),
    ],
)
def test_shared_weights_count_once(models: list[Model], total: int, unique: Amount) -> None:
    assert Usage(tuple(models)).total == total
    assert Usage(tuple(models)).unique == unique


@pytest.mark.parametrize(
    ("models", "chosen", "freed", "kept_for"),
    [
        ([BASE, OTHER], "other", Amount(900, estimated=True), ""),
        ([BASE, OTHER], "", Amount(0), ""),
        ([BASE, OTHER], "nobody", Amount(0), ""),
        ([BASE, ALIAS], "base", Amount(0), "alias"),
        ([BASE, ALIAS], "base alias", Amount(5_000), ""),
        ([BASE, CHILD], "base", Amount(0, estimated=True), "child"),
        ([BASE, CHILD], "child", Amount(10, estimated=True), "base"),
        ([BASE, CHILD], "base child", Amount(5_010, estimated=True), ""),
        ([BASE, TUNED, TUNED_TOO], "tuned", Amount(0, estimated=True), "base tuned-too"),
        ([BASE, TUNED, TUNED_TOO], "tuned tuned-too", Amount(205, estimated=True), "base"),
        ([BASE, CLOUD], "cloud", Amount(0), ""),
        ([OTHER, UNSEEN], "other", Amount(900, estimated=True), ""),
        ([OTHER, UNSEEN], "unseen", Amount(700, estimated=True), ""),
        ([OTHER, SAFETENSORS], "st", Amount(800, estimated=True), ""),
        ([CLOUD, UNSEEN], "cloud", Amount(0), ""),
    ],
)
def test_what_a_deletion_frees_and_for_whom_the_rest_stays(
    models: list[Model], chosen: str, freed: Amount, kept_for: str
) -> None:
    names = frozenset(chosen.split())
    assert Usage(tuple(models)).freed(names) == freed
    assert " ".join(sorted(Usage(tuple(models)).kept_for(names))) == kept_for


def sighted(name: str, size: int, weights: str, projector: str) -> Model:
    """Return a model of two files, whose tensors tell what the first one takes."""
    facts = Facts(blobs=(weights, projector), weights=weights, weight_bytes=size - 600)
    return a_model(name, size=size, digest=name, facts=facts, capabilities=["completion"])


def test_a_projector_under_two_weights_is_told_from_them_by_their_tensors() -> None:
    models = [sighted("q4", 4_700, W, V), sighted("q8", 7_900, X, V)]
    assert Usage(tuple(models)).freed({"q4"}) == Amount(4_100, estimated=True)
    assert Usage(tuple(models)).freed({"q8"}) == Amount(7_300, estimated=True)
    assert Usage(tuple(models)).unique.bytes == 12_000
    (group,) = Usage(tuple(models)).shared
    assert (group.digest, group.amount.bytes) == (V, 600)


def test_adapters_on_weights_nobody_has_alone_are_told_from_them_by_the_tensors() -> None:
    models = [sighted("one", 5_600, W, X), sighted("two", 5_700, W, V)]
    assert Usage(tuple(models)).freed({"one"}) == Amount(600, estimated=True)
    assert Usage(tuple(models)).freed({"two"}) == Amount(700, estimated=True)


def test_groups_say_who_shares_how_much() -> None:
    twins = [stored(name, 2_000, "d9", "e" * 64) for name in ("one", "two")]
    groups = Usage((BASE, ALIAS, CHILD, TUNED, TUNED_TOO, OTHER, *twins)).shared
    assert [(g.digest, list(g.names), g.amount) for g in groups] == [
        (W, ["alias", "base", "child", "tuned", "tuned-too"], Amount(5_000, estimated=True)),
        ("d9", ["one", "two"], Amount(2_000)),
        (X, ["tuned", "tuned-too"], Amount(200, estimated=True)),
    ]
    assert Usage((OTHER, UNSEEN)).shared == ()


def test_models_without_a_digest_are_not_taken_for_one() -> None:
    models = [stored("a", 10, ""), stored("b", 20, "")]
    assert Usage(tuple(models)).unique.bytes == 30


CONTENTS = st.lists(
    st.tuples(
        st.integers(0, 10_000),
        st.lists(st.sampled_from("wxyz"), max_size=3, unique=True),
        st.integers(1, 3),
        st.sampled_from(["known", "unknown", "cloud"]),
    ),
    max_size=6,
)


@st.composite
def stores(draw: st.DrawFn) -> list[Model]:
    models = []
    for number, (size, blobs, names, kind) in enumerate(draw(CONTENTS)):
        first = blobs[0] if blobs else ""
        told = Facts(blobs=tuple(blobs), weights=first, weight_bytes=size * number // 5)
        facts = told if kind == "known" else None
        for copy in range(names):
            name, cloud = f"m{number}-{copy}", kind == "cloud"
            models.append(a_model(name, size=size, digest=f"d{number}", facts=facts, cloud=cloud))
    return models


@given(stores(), st.data())
def test_deleting_together_frees_at_least_what_deleting_apart_does(
    models: list[Model], data: st.DataObject
) -> None:
    where = [data.draw(st.sampled_from("abc")) for _ in models]
    chosen = [frozenset(m.name for m, w in zip(models, where, strict=True) if w == s) for s in "ab"]
    apart = [Usage(tuple(models)).freed(names).bytes for names in chosen]
    together = Usage(tuple(models)).freed(chosen[0] | chosen[1]).bytes
    assert min(apart) >= 0
    assert together >= sum(apart)


@given(stores())
def test_deleting_everything_frees_everything_and_no_more_than_the_sum(models: list[Model]) -> None:
    names = frozenset(model.name for model in models)
    everything = Usage(tuple(models)).freed(names).bytes
    assert everything == Usage(tuple(models)).unique.bytes <= Usage(tuple(models)).total
    assert Usage(tuple(models)).kept_for(names) == ()


@given(stores(), st.randoms())
def test_the_order_of_the_list_changes_nothing(models: list[Model], random: object) -> None:
    shuffled = list(models)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    chosen = frozenset(model.name for model in models[::2])
    assert Usage(tuple(shuffled)).freed(chosen) == Usage(tuple(models)).freed(chosen)
    assert Usage(tuple(shuffled)).unique == Usage(tuple(models)).unique


@given(stores())
def test_groups_hold_several_models_each(models: list[Model]) -> None:
    for group in Usage(tuple(models)).shared:
        assert len(group.names) > 1
        assert 0 < group.amount.bytes <= Usage(tuple(models)).unique.bytes


def test_ten_thousand_models_are_summed_in_a_few_passes() -> None:
    models = tuple(
        stored(f"m{n}", 5_000 + n, f"d{n % 9_000}", f"w{n % 3_000}") for n in range(10_000)
    )
    assert calls(lambda: Usage(tuple(models)).unique) < 50 * len(models)
    assert calls(lambda: Usage(tuple(models)).freed(frozenset({"m1"}))) < 50 * len(models)
    assert calls(lambda: Usage(tuple(models)).shared) < 50 * len(models)


def test_a_model_of_no_size_frees_nothing_and_that_is_no_estimate() -> None:
    models = (stored("a", 0, "d1", "w"), stored("b", 0, "d2", "w"))
    assert Usage(tuple(models)).freed({"a"}) == Amount(0)


@given(stores())
def test_what_each_alone_frees_and_what_is_shared_make_up_the_whole(models: list[Model]) -> None:
    usage = Usage(tuple(models))
    apart = sum(usage.freed({model.name}).bytes for model in models)
    assert apart + sum(group.amount.bytes for group in usage.shared) == usage.unique.bytes
