"""From a list and a view to the rows: what is kept from key to key changes nothing but the time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.domain import columns as order
from ollama_tui.domain.columns import Listing
from ollama_tui.domain.filter.fields import Scope
from ollama_tui.domain.filter.parser import parse
from ollama_tui.domain.rows import View, list_rows
from tests.domain.models import NOW, many_models
from tests.effort import calls

MODELS = many_models(300)
LISTING = Listing(MODELS)
WORDS = ["", "m", "!7b", "MODEL-1", "user1,user2", "cap:vision", "!size:>9g", "is:alias"]
FILTERS = st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join)


@given(FILTERS, st.sampled_from(list(order.BY_KEY)), st.booleans())
def test_it_is_what_passes_the_filter_and_then_the_order(
    text: str, column: str, reverse: bool
) -> None:
    view = View(filter=text, sort=column, reverse=reverse)
    passed = parse(text).select(MODELS, Scope(MODELS, NOW))
    assert list_rows(LISTING, view, now=NOW).rows == order.sort(passed, column, reverse)


@given(FILTERS)
def test_grouped_rows_are_the_same_rows(text: str) -> None:
    flat = list_rows(LISTING, View(filter=text), now=NOW)
    grouped = list_rows(LISTING, View(filter=text, grouped=True), now=NOW)
    assert order.sort(grouped.rows, "name") == order.sort(flat.rows, "name")
    first = {model.weights_key for model in grouped.rows}
    assert len(grouped.rows) - len(grouped.following) == len(first)


def test_another_letter_of_a_filter_looks_only_at_names_among_ten_thousand() -> None:
    listing = Listing(many_models())
    list_rows(listing, View(filter="m"), now=NOW)

    assert calls(lambda: list_rows(listing, View(filter="mo"), now=NOW)) < 500
