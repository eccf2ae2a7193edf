import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui import formatting as text

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3600, 86400


def back(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("qwen3:8b", "qwen3:8b"),
        ("é 日本", "é 日本"),
        ("a\x1b[31mb", "a\ufffd[31mb"),
        ("a\nb\tc", "a\ufffdb\ufffdc"),
        ("\x9b2J", "\ufffd2J"),
        ("\u202eevil", "\ufffdevil"),
        ("z\u200bw", "z\ufffdw"),
        ("\ud800", "\ufffd"),
        ("\U000e0041", "\ufffd"),
        ("[bold]", "[bold]"),
        ("", ""),
    ],
)
def test_one_line_of_server_text_is_made_inert(raw: str, shown: str) -> None:
    assert text.inert(raw) == shown


def test_many_lines_keep_their_newlines_and_tabs_only() -> None:
    assert text.inert_lines("a\r\nb\rc\td\x1b[0m") == "a\nb\nc\td\ufffd[0m"


@given(st.text(max_size=400))
def test_what_a_server_says_is_one_short_inert_line(raw: str) -> None:
    said = text.brief(f"{raw}\n\x1b[2J{raw}")
    assert said == text.inert(said)
    assert text.cells(said) <= 240


@given(st.text())
def test_inert_text_holds_no_control_no_format_and_no_separator(raw: str) -> None:
    for made, allowed in ((text.inert(raw), ""), (text.inert_lines(raw), "\n\t")):
        bad = [c for c in made if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs")]
        assert set(bad) <= set(allowed)
        assert not set(made) & set("\u202a\u202e\u2066\u2069\u200e\u200f\ufeff")


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (384, "384 B"),
        (999, "999 B"),
        (1000, "1 KB"),
        (1049, "1.0 KB"),
        (1500, "1.5 KB"),
        (9_960, "10.0 KB"),
        (10_900, "10 KB"),
        (999_999, "999 KB"),
        (1_000_000, "1 MB"),
        (4_700_000_000, "4.7 GB"),
        (2_000_000_000, "2 GB"),
        (42_999_999_999, "42 GB"),
        (1_000_000_000_000, "1 TB"),
        (1_234_000_000_000_000, "1234 TB"),
        (10_000 * (2**63 - 1), "92233720368 TB"),
        ((2**63 - 1) ** 20, "–"),
    ],
)
def test_sizes_are_said_as_ollama_says_them(count: int, said: str) -> None:
    assert text.size(count) == said


@pytest.mark.parametrize(
    ("done", "total", "said"),
    [
        (3_040_000_000, 4_900_000_000, "3.0/4.9 GB"),
        (0, 4_900_000_000, "0.0/4.9 GB"),
        (4_899_999_999, 4_900_000_000, "4.8/4.9 GB"),
        (5_000_000_000, 42_000_000_000, "5.0/42 GB"),
        (880_000_000, 10_900_000_000, "0.8/10 GB"),
        (1_690_000_000, 54_000_000_000, "1.6/54 GB"),
        (12_900_000_000, 54_000_000_000, "12/54 GB"),
        (96, 384, "96/384 B"),
        (300_000_000, 2_497_000_000, "0.3/2.5 GB"),
        (2_496_000_000, 2_497_000_000, "2.4/2.5 GB"),
        (2_497_000_000, 2_497_000_000, "2.5/2.5 GB"),
        (1500, 0, "1.5 KB"),
    ],
)
def test_progress_is_said_in_the_unit_of_the_whole(done: int, total: int, said: str) -> None:
    assert text.size_of(done, total) == said


def test_exact_sizes_count_every_byte() -> None:
    assert text.exact(1) == "1 byte"
    assert text.exact(1_387_000_123) == "1,387,000,123 bytes"


@pytest.mark.parametrize(
    ("speed", "said"),
    [(0, "0 B/s"), (87_400_000.5, "87 MB/s"), (float("nan"), "–"), (float("inf"), "–"), (-1, "–")],
)
def test_rates(speed: float, said: str) -> None:
    assert text.rate(speed) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0:00"),
        (22.9, "0:22"),
        (60, "1:00"),
        (3599, "59:59"),
        (3723, "1:02:03"),
        (359_999, "99:59:59"),
        (360_000, "–"),
        (-1, "–"),
        (float("inf"), "–"),
        (float("nan"), "–"),
    ],
)
def test_clocks(seconds: float, said: str) -> None:
    assert text.clock(seconds) == said


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1K"),
        (64_400, "64K"),
        (1_000_000, "1M"),
        (2_520_000, "2.52M"),
        (137_000_000, "137M"),
        (596_049_920, "596.05M"),
        (1_700_000_000, "1.7B"),
        (8_000_000_000, "8B"),
        (116_830_000_000, "116.8B"),
        ((2**63 - 1) ** 20, "–"),
        (float("inf"), "–"),
    ],
)
def test_parameter_counts_are_said_as_ollama_says_them(parameters: float, said: str) -> None:
    assert text.count(parameters) == said


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (0, "–"),
        (-1, "–"),
        (512, "512"),
        (1536, "1.5K"),
        (2048, "2K"),
        (2050, "2.0K"),
        (4096, "4K"),
        (8192, "8K"),
        (32_000, "32K"),
        (32_768, "32K"),
        (40_960, "40K"),
        (128_000, "128K"),
        (131_072, "128K"),
        (200_000, "200K"),
        (262_144, "256K"),
        (1_000_000, "1M"),
        (1_048_576, "1M"),
        (1_310_720, "1.2M"),
        (10_485_760, "10M"),
        (163_840, "160K"),
        (33_333, "33K"),
    ],
)
def test_context_lengths(tokens: int, said: str) -> None:
    assert text.context(tokens) == said


def test_plurals() -> None:
    assert text.plural(0, "model") == "0 models"
    assert text.plural(1, "model") == "1 model"
    assert text.plural(10_000, "model") == "10,000 models"
    assert text.plural(2, "copy", "copies") == "2 copies"


def test_listings() -> None:
    assert text.listing([]) == ""
    assert text.listing(["a"]) == "a"
    assert text.listing(["a", "b", "c"]) == "a, b and c"


AGES = [
    (0, "less than a second", "just now"),
    (0.9, "less than a second", "just now"),
    (1, "1 second", "just now"),
    (59.9, "59 seconds", "just now"),
    (MINUTE, "about a minute", "1 minute"),
    (2 * MINUTE - 1, "about a minute", "1 minute"),
    (2 * MINUTE, "2 minutes", "2 minutes"),
    (HOUR - 1, "59 minutes", "59 minutes"),
    (HOUR, "about an hour", "1 hour"),
    (1.49 * HOUR, "about an hour", "1 hour"),
    (1.5 * HOUR, "2 hours", "2 hours"),
    (2.5 * HOUR, "3 hours", "3 hours"),
    (47 * HOUR, "47 hours", "47 hours"),
    (48 * HOUR, "2 days", "2 days"),
    (14 * DAY - HOUR, "13 days", "13 days"),
    (14 * DAY, "2 weeks", "2 weeks"),
    (50 * DAY, "7 weeks", "7 weeks"),
    (60 * DAY, "2 months", "2 months"),
    (2 * 365 * DAY - HOUR, "24 months", "24 months"),
    (2 * 365 * DAY, "2 years", "2 years"),
    (10 * 365 * DAY, "10 years", "10 years"),
]


@pytest.mark.parametrize(("seconds", "said", "short"), AGES)
def test_ages_go_in_ollamas_steps(seconds: float, said: str, short: str) -> None:
    assert text.ago(back(seconds), NOW) == f"{said} ago"
    assert text.age(back(seconds), NOW) == short


@pytest.mark.parametrize(("seconds", "said", "short"), AGES[2:])
def test_what_is_ahead_goes_in_the_same_steps(seconds: float, said: str, short: str) -> None:
    assert text.until(back(-seconds), NOW) == f"{said} from now"
    assert text.ago(back(-seconds), NOW) == f"{said} from now"
    assert text.age(back(-seconds), NOW) == "just now"


def test_no_time_is_never_and_the_far_future_forever() -> None:
    assert text.ago(None, NOW) == "never"
    assert text.until(None, NOW) == "never"
    assert text.age(None, NOW) == "–"
    assert text.until(datetime(2319, 3, 4, tzinfo=UTC), NOW) == "forever"
    assert text.until(back(-20 * 365 * DAY), NOW) == "20 years from now"
    assert text.until(back(1), NOW) == "stopping"


def test_ages_know_time_zones_and_the_ends_of_the_calendar() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    assert text.ago(datetime(2026, 11, 22, 15, 30, tzinfo=india), NOW) == "2 hours ago"
    assert text.ago(datetime(1, 1, 1, tzinfo=india), NOW).endswith("years ago")
    assert text.until(datetime(9999, 12, 31, tzinfo=UTC), NOW) == "forever"


@pytest.mark.parametrize(
    ("raw", "width", "shown"),
    [
        ("qwen3:8b", 8, "qwen3:8b"),
        ("qwen3:8b", 7, "qwen3:…"),
        ("qwen3:8b", 1, "…"),
        ("qwen3:8b", 0, ""),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("e\u0301te\u0301", 3, "e\u0301te\u0301"),
        ("", 0, ""),
    ],
)
def test_long_text_is_cut_to_the_cells_there_are(raw: str, width: int, shown: str) -> None:
    assert text.shorten(raw, width) == shown


@given(st.text(), st.integers(0, 30))
def test_shortened_text_never_takes_more_cells(raw: str, width: int) -> None:
    assert text.cells(text.shorten(raw, width)) <= width


def test_text_that_was_made_inert_is_not_looked_through_again() -> None:
    known = text.InertText("é" * 10)
    assert text.inert(known) is known
    assert text.inert(known[:5] + "\x1b") == "é" * 5 + "\ufffd"
