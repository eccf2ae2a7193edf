"""Which figures stand out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ollama_tui.domain.emphasis import fading, heat
from tests.domain.models import NOW


@pytest.mark.parametrize(
    ("share", "style"),
    [(0, "heat-1"), (0.009, "heat-1"), (0.01, "heat-2"), (0.05, "heat-3"), (0.1, "heat-4"),
     (1, "heat-4")],
)  # fmt: skip
def test_the_larger_the_share_the_warmer(share: float, style: str) -> None:
    assert heat(share) == style


@pytest.mark.parametrize(
    ("days", "style"), [(-1, "muted"), (90, "muted"), (91, "aging"), (365, "aging"), (366, "old")]
)
def test_the_older_the_more_it_stands_out(days: int, style: str) -> None:
    assert fading(NOW - timedelta(days=days), NOW) == style


def test_no_time_is_no_age() -> None:
    assert fading(None, NOW) == "muted"
