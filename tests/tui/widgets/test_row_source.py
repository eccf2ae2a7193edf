import pytest

from ollama_tui.domain.columns import BY_KEY, USUAL
from ollama_tui.tui.widgets.row_source import fit_columns


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (200, "name size params quant ctx can modified"),
        (72, "name size params quant ctx can modified"),
        (71, "name size params quant can modified"),
        (65, "name size params quant can modified"),
        (64, "name size params can modified"),
        (56, "name size can modified"),
        (41, "name size can"),
        (30, "name size"),
        (10, "name"),
        (0, "name"),
    ],
)
def test_columns_leave_by_priority_and_the_name_never(room: int, shown: str) -> None:
    usual = [BY_KEY[key] for key in USUAL]
    assert " ".join(column.key for column in fit_columns(usual, room)) == shown


def test_the_name_stays_even_when_it_is_not_first() -> None:
    assert fit_columns([BY_KEY["size"], BY_KEY["name"]], 5) == (BY_KEY["name"],)
