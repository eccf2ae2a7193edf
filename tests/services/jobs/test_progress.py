from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_tui.api.replies import Progress
from ollama_tui.services.jobs.job import JobProgress
from ollama_tui.services.jobs.progress import Transfer
from tests.recordings import NAMES, recorded

MB = 1_000_000
A, B = "sha256:" + "1a" * 32, "sha256:" + "2b" * 32
TICK = 0.06
WHOLE = 272_158_199
"""Bytes of the model of most recorded streams, config included."""

Timed = tuple[float, Progress]


def layer(completed: int, total: int, digest: str = A, verb: str = "pulling") -> Progress:
    return Progress(f"{verb} {digest[7:19]}", digest, total, completed)


def says(status: str) -> Progress:
    return Progress(status)


def every(seconds: float, events: Iterable[Progress], start: float = 0.0) -> list[Timed]:
    return [(start + number * seconds, event) for number, event in enumerate(events)]


def fold(events: Iterable[Timed], expected: int | None = None) -> Transfer:
    transfer = Transfer(expected)
    for now, event in events:
        transfer = transfer.fold(event, now)
    return transfer


def told(events: Iterable[Timed], expected: int | None = None) -> Iterator[JobProgress]:
    transfer = Transfer(expected)
    for now, event in events:
        transfer = transfer.fold(event, now)
        yield transfer.progress(now)


def last(events: Iterable[Timed], expected: int | None = None) -> JobProgress:
    *_, progress = told(events, expected)
    return progress


def trace(name: str) -> list[Timed]:
    """Return the events of a recorded stream, its error line left out."""
    return [(at, Progress(**event)) for at, event in recorded(name).events if "error" not in event]


def streams() -> list[str]:
    def has_events(name: str) -> bool:
        if "chunks" not in recorded(name).response:
            return False
        _, first = recorded(name).events[0]
        return "error" not in first

    transfers = [name for name in NAMES if name.startswith(("pull-", "push-", "create-"))]
    return [name for name in transfers if has_events(name)]


class TestRecordedStreams:
    @pytest.mark.parametrize(
        ("name", "completed", "total", "fraction", "phase"),
        [
            ("pull-stream", 272_157_984, 272_157_984, 1.0, "success"),
            ("pull-stream-present", 272_158_199, 272_158_199, 1.0, "success"),
            ("pull-shared-layers", 272_158_147, 272_158_147, 1.0, "success"),
            ("pull-update", 73_643_232, 73_643_232, 1.0, "success"),
            ("pull-resumed", 272_157_984, 272_157_984, 1.0, "success"),
            ("pull-connection-reset", 272_157_984, 272_157_984, 1.0, "success"),
            ("pull-cancelled", 82_837_504, 194_928_864, None, "pulling"),
            ("pull-server-killed", 50_331_648, 194_928_864, None, "pulling"),
            ("pull-disk-full", 39_452_672, 194_928_864, None, "pulling"),
            ("pull-digest-mismatch", 73_643_232, 73_643_232, 1.0, "verifying"),
            ("pull-registry-blob-unavailable", 0, 5, None, "pulling"),
            ("pull-missing-model", 0, 0, None, "pulling manifest"),
            ("push-stream", 272_158_199, 272_158_199, 1.0, "success"),
            ("push-stream-again", 272_158_199, 272_158_199, 1.0, "success"),
            ("push-cancelled", 59_047_936, 194_928_864, None, "pushing"),
            ("push-missing-model", 0, 0, None, "couldn't retrieve manifest"),
            ("create-from", 0, 0, 1.0, "success"),
            ("create-quantize-progress-events", 273_106_144, 273_106_144, 1.0, "success"),
            (
                "create-cancelled",
                63_724_768,
                273_106_144,
                0.23333,
                "quantizing F16 model to Q4_K_M",
            ),
            ("create-safetensors-no-config", 0, 0, None, "converting model"),
        ],
    )
    def test_end_where_they_should(
        self, name: str, completed: int, total: int, fraction: float | None, phase: str
    ) -> None:
        end = last(trace(name))
        assert (end.completed, end.total, end.phase) == (completed, total, phase)
        assert end.fraction == (None if fraction is None else pytest.approx(fraction, abs=1e-5))

    @pytest.mark.parametrize("name", streams())
    @pytest.mark.parametrize("expected", [None, WHOLE])
    def test_never_go_backwards(self, name: str, expected: int | None) -> None:
        assert_sane(list(told(trace(name), expected)))

    @pytest.mark.parametrize(
        ("name", "fraction"),
        [("pull-cancelled", 0.30437), ("pull-server-killed", 0.18494), ("push-cancelled", 0.21696)],
    )
    def test_are_a_part_of_the_whole_where_its_size_is_known(
        self, name: str, fraction: float
    ) -> None:
        end = last(trace(name), WHOLE)
        assert end.total == WHOLE
        assert end.fraction == pytest.approx(fraction, abs=1e-5)

    @pytest.mark.parametrize("name", ["pull-stream", "pull-stream-present", "push-stream"])
    @pytest.mark.parametrize("expected", [None, WHOLE])
    def test_of_several_layers_are_as_full_as_their_bytes(
        self, name: str, expected: int | None
    ) -> None:
        for tick in told(trace(name), expected):
            if tick.fraction is not None:
                assert tick.fraction == pytest.approx(tick.completed / tick.total, abs=0.011)

    @pytest.mark.parametrize(
        ("name", "rate"), [("pull-cancelled", 60.0), ("pull-server-killed", 60.0)]
    )
    def test_tell_the_rate_of_the_line(self, name: str, rate: float) -> None:
        end = last(trace(name))
        assert end.rate / MB == pytest.approx(rate, abs=0.2)
        assert end.eta == pytest.approx((end.total - end.completed) / end.rate)

    @pytest.mark.parametrize(
        ("name", "percent"),
        [("pull-resumed", 44), ("pull-after-blob-host-back", 27), ("pull-two-clients-second", 32)],
    )
    def test_tell_where_an_earlier_download_left_off(self, name: str, percent: int) -> None:
        seen = {p.resumed_at for p in told(trace(name))} - {None}
        assert [int(100 * (at or 0)) for at in seen] == [percent]

    @pytest.mark.parametrize(
        "name",
        [
            "pull-stream",
            "pull-stream-present",
            "pull-cancelled",
            "push-stream",
            "create-cancelled",
        ],
    )
    def test_from_the_start_do_not_resume(self, name: str) -> None:
        assert {p.resumed_at for p in told(trace(name))} == {None}

    @pytest.mark.parametrize(
        ("name", "expected", "transferred"),
        [
            ("pull-stream", WHOLE, WHOLE),
            ("pull-stream-present", WHOLE, 0),
            ("pull-stream-present", None, None),
            ("pull-update", None, 73_643_232),
            ("pull-resumed", WHOLE, WHOLE - 86_376_448),
            ("pull-connection-reset", WHOLE, WHOLE),
            ("push-stream", WHOLE, 194_928_864 + 77_229_120),
            ("push-stream-again", WHOLE, 0),
        ],
    )
    def test_tell_what_was_transferred_from_what_was_there(
        self, name: str, expected: int | None, transferred: int | None
    ) -> None:
        assert last(trace(name), expected).transferred == transferred

    def test_stall_when_only_the_same_numbers_come(self) -> None:
        ticks = list(told(trace("pull-blob-host-dies")))
        assert ticks[-1].stalled_for == 63
        assert (ticks[-1].rate, ticks[-1].eta) == (0.0, None)


def assert_sane(ticks: list[JobProgress]) -> None:
    for before, after in pairwise(ticks):
        assert after.completed >= before.completed
        assert after.total >= before.total
        assert (after.fraction or 0.0) >= (before.fraction or 0.0)
        assert not (before.fraction is not None and after.fraction is None)
    for tick in ticks:
        assert tick.fraction is None or 0.0 <= tick.fraction <= 1.0
        assert 0 <= tick.completed <= tick.total
        assert tick.rate >= 0.0
        assert math.isfinite(tick.rate)
        assert tick.eta is None or (tick.eta >= 0.0 and math.isfinite(tick.eta))
        assert tick.stalled_for == 0 or tick.stalled_for >= 5
        assert tick.resumed_at is None or 0.0 <= tick.resumed_at <= 1.0


class TestWholeModel:
    def test_adds_the_layers_up(self) -> None:
        events = [layer(40, 40), layer(20, 60, B)]
        assert (last(every(TICK, events)).completed, last(every(TICK, events)).total) == (60, 100)

    def test_a_layer_is_complete_when_the_next_one_begins(self) -> None:
        assert last(every(TICK, [layer(37, 40), layer(0, 60, B)])).completed == 40

    def test_a_layer_is_complete_when_something_without_numbers_follows(self) -> None:
        assert last(every(TICK, [layer(37, 40), says("something new")])).completed == 40

    def test_a_missing_completed_is_zero_and_never_0_of_0(self) -> None:
        start = last(every(TICK, [says("pulling manifest"), layer(0, 0)]))
        assert (start.total, start.fraction) == (0, None)
        assert last(every(TICK, [layer(0, 100)]), expected=100).fraction == 0.0

    def test_a_known_size_keeps_the_first_layer_from_looking_like_all(self) -> None:
        events = [layer(50, 50)]
        assert last(every(TICK, events), expected=200).fraction == 0.25
        assert last(every(TICK, events), expected=200).total == 200

    def test_layers_that_came_and_went_unseen_are_counted_at_the_end(self) -> None:
        events = [layer(190, 194), says("verifying sha256 digest")]
        end = last(every(TICK, events), expected=200)
        assert (end.completed, end.total, end.fraction) == (200, 200, 1.0)

    def test_more_than_was_expected_is_believed(self) -> None:
        assert last(every(TICK, [layer(30, 300)]), expected=200).total == 300

    def test_is_not_complete_while_layers_may_follow(self) -> None:
        assert last(every(TICK, [layer(40, 40)]), expected=40).fraction == 0.99

    def test_is_no_fraction_while_nobody_knows_how_many_layers_follow(self) -> None:
        events = [layer(200, 234), layer(234, 234), layer(0, 36, B), layer(30, 36, B)]
        ticks = list(told(every(TICK, [*events, says("verifying sha256 digest")])))
        assert [(t.completed, t.total) for t in ticks[:4]] == [
            (200, 234), (234, 234), (234, 270), (264, 270)
        ]  # fmt: skip
        assert [tick.fraction for tick in ticks] == [None, None, None, None, 1.0]

    def test_is_a_fraction_from_where_the_size_is_learned_on(self) -> None:
        before = fold(every(TICK, [layer(60, 100)]))
        after = before.expecting(240)
        assert before.progress(1.0).fraction is None
        assert (after.progress(1.0).fraction, after.progress(1.0).total) == (0.25, 240)

    def test_does_not_go_back_when_bytes_are_taken_back(self) -> None:
        events = [layer(39, 100), layer(22, 100), layer(30, 100)]
        ticks = list(told(every(TICK, events)))
        assert [tick.completed for tick in ticks] == [39, 39, 39]

    def test_does_not_go_back_when_another_layer_turns_up(self) -> None:
        ticks = list(told(every(TICK, [layer(90, 100), layer(0, 900, B)]), expected=100))
        assert [tick.fraction for tick in ticks] == [0.9, 0.9]
        assert ticks[-1].total == 1000

    def test_a_tensor_model_is_one_layer(self) -> None:
        events = [Progress("pulling model", "sha256:model", 400, n) for n in (100, 200)]
        assert last(every(TICK, events), expected=400).fraction == 0.5
        assert last(every(TICK, events)).phase == "pulling"

    def test_the_dummy_digest_of_two_phases_is_two_measures(self) -> None:
        dummy = "0" * 19
        events = [
            Progress("validating GGUF model", dummy, 100, 100),
            says("verifying conversion"),
            Progress("quantizing F16 model to Q8_0", dummy, 100, 10),
        ]
        end = last(every(TICK, events))
        assert (end.completed, end.total) == (110, 200)

    def test_a_base_pulled_by_a_create_is_not_its_end(self) -> None:
        nested = [says("pulling manifest"), layer(90, 100), says("success")]
        events = [*nested, says("creating new layer " + A), says("writing manifest")]
        ticks = list(told(every(TICK, events)))
        assert_sane(ticks)
        assert [tick.phase for tick in ticks[-2:]] == ["creating new layer", "writing manifest"]

    def test_starts_over_quietly_after_a_break(self) -> None:
        before = fold(every(TICK, [layer(10, 100), layer(60, 100)]), expected=100)
        broken = before.break_off(1.0)
        assert (broken.progress(1.0).completed, broken.progress(1.0).total) == (60, 100)
        after = broken.fold(says("pulling manifest"), 2.0).fold(layer(5, 100), 2.06)
        told_after = after.progress(2.06)
        assert (told_after.completed, told_after.total, told_after.fraction) == (60, 100, 0.6)
        assert after.bytes_present == 5


class TestRate:
    def steady(self, first: int = 0, step: int = MB, ticks: int = 50) -> list[Timed]:
        return every(0.1, [layer(first + step * n, 1000 * MB) for n in range(1, ticks + 1)])

    def test_is_bytes_a_second_and_gives_the_time_left(self) -> None:
        end = last(self.steady())
        assert end.rate == pytest.approx(10 * MB)
        assert end.eta == pytest.approx((1000 - 50) / 10)

    def test_leaves_out_what_was_there_before(self) -> None:
        assert last(self.steady(first=800 * MB)).rate == pytest.approx(10 * MB)

    def test_leaves_out_what_was_there_before_when_the_first_count_is_missing(self) -> None:
        events = [(0.0, layer(0, 1000 * MB)), *self.steady(first=800 * MB)[1:]]
        assert last(events).rate < 11 * MB

    def test_leaves_out_layers_that_were_there(self) -> None:
        present = [layer(500 * MB, 500 * MB, B)]
        events = every(TICK, present) + [(at + TICK, event) for at, event in self.steady()]
        assert last(events).rate == pytest.approx(10 * MB, rel=0.02)

    def test_counts_the_end_of_a_layer_that_was_not_reported(self) -> None:
        events = []
        for number in range(30):
            digest = f"sha256:{number:064x}"
            events += [layer(MB, 10 * MB, digest), layer(2 * MB, 10 * MB, digest)]
        assert last(every(0.5, events)).rate == pytest.approx(9 * MB, rel=0.05)

    def test_survives_bytes_taken_back(self) -> None:
        steady = self.steady(first=100 * MB)
        back = [(5.1, layer(50 * MB, 1000 * MB))]
        again = [(5.1 + n / 10, layer((50 + n) * MB, 1000 * MB)) for n in range(1, 20)]
        assert last(steady + back + again).rate == pytest.approx(10 * MB, rel=0.05)

    def test_a_burst_counts_over_the_window_not_over_its_instant(self) -> None:
        burst = [(5.01, layer(150 * MB, 1000 * MB))]
        assert last(self.steady() + burst).rate < 35 * MB

    def test_after_a_gap_counts_over_the_whole_gap(self) -> None:
        after = [(65.0, layer(650 * MB, 1000 * MB))]
        assert last(self.steady() + after).rate == pytest.approx(10 * MB, rel=0.05)

    def test_forgets_what_is_older_than_ten_seconds(self) -> None:
        fast = self.steady(step=10 * MB, ticks=50)
        slow = [(5 + n / 10, layer(500 * MB + n * MB // 10, 1000 * MB)) for n in range(1, 111)]
        assert last(fast + slow).rate == pytest.approx(MB, rel=0.05)

    def test_is_not_told_before_half_a_second(self) -> None:
        assert last(self.steady(ticks=5)).rate == 0.0

    def test_falls_to_nothing_in_silence(self) -> None:
        assert fold(self.steady()).progress(30.0).rate == 0.0

    def test_is_gone_while_verifying(self) -> None:
        end = last([*self.steady(), (5.1, says("verifying sha256 digest"))])
        assert (end.rate, end.eta) == (0.0, None)


class TestStall:
    @pytest.mark.parametrize(("after", "told"), [(4.9, 0), (5.0, 5), (40.7, 40)])
    def test_is_an_unchanged_count_of_five_seconds(self, after: float, told: int) -> None:
        transfer = fold([(0.0, layer(10, 100)), (1.0, layer(20, 100))])
        assert transfer.progress(1.0 + after).stalled_for == told
        repeated = transfer.fold(layer(20, 100), 1.0 + after)
        assert repeated.progress(1.0 + after).stalled_for == told

    def test_ends_with_the_next_byte(self) -> None:
        transfer = fold([(0.0, layer(10, 100)), (60.0, layer(11, 100))])
        assert transfer.progress(60.0).stalled_for == 0

    @pytest.mark.parametrize(
        "event",
        [
            says("verifying sha256 digest"),
            layer(100, 100),
            Progress("quantizing F16 model to Q8_0", "0" * 19, 100, 10),
        ],
    )
    def test_is_not_what_takes_its_time(self, event: Progress) -> None:
        assert fold([(0.0, event)]).progress(900.0).stalled_for == 0

    def test_has_no_time_left(self) -> None:
        events = every(0.1, [layer(n, 100) for n in range(1, 30)])
        assert fold(events).progress(9.0).eta is None


class TestResume:
    def test_is_told_for_three_seconds(self) -> None:
        events = [
            (0.0, says("pulling manifest")),
            (0.06, layer(610 * MB, 1000 * MB)),
            (0.12, layer(611 * MB, 1000 * MB)),
        ]
        transfer = fold(events)
        assert transfer.progress(0.2).resumed_at == pytest.approx(0.61)
        assert transfer.progress(3.2).resumed_at is None

    def test_is_seen_when_nothing_flows_yet(self) -> None:
        twice = [layer(610 * MB, 1000 * MB)] * 2
        events = [(0.0, says("pulling manifest")), *every(TICK, twice, 0.06)]
        assert fold(events).progress(0.2).resumed_at == pytest.approx(0.61)

    def test_below_one_percent_is_a_start(self) -> None:
        transfer = Transfer(partial=True)
        for now, event in every(TICK, [says("pulling manifest"), *[layer(9, 1000)] * 2]):
            transfer = transfer.fold(event, now)
        assert transfer.progress(0.2).resumed_at is None

    @pytest.mark.parametrize(
        ("events", "percent"),
        [
            ([], 61),
            ([says("pulling manifest")], 61),
            ([says("pulling manifest"), layer(2, 2, digest="0" * 8)], 61),
            ([layer(610, 998), layer(620, 998)], 62),
            ([layer(20, 998)], 61),  # not said of a server's first count, which may leave all out
            ([layer(20, 998), layer(30, 998)], 3),  # it has lost what there was
        ],
    )
    def test_begins_where_an_earlier_run_of_the_program_was(
        self, events: list[Progress], percent: int
    ) -> None:
        transfer = Transfer(expected=1000, partial=True, earlier=610)
        for now, event in every(TICK, events):
            transfer = transfer.fold(event, now)
        progress = transfer.progress(0.2)
        assert progress.fraction == pytest.approx(percent / 100, abs=0.005)
        assert progress.completed == pytest.approx(percent * 10, abs=5)

    def test_of_an_unknown_whole_begins_with_the_bytes(self) -> None:
        progress = Transfer(partial=True, earlier=610).progress(0.0)
        assert (progress.completed, progress.fraction) == (610, None)


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ("pulling manifest", "pulling manifest"),
        ("verifying sha256 digest", "verifying"),
        (f"using existing layer {A}", "using existing layer"),
        ("pulling 1a1a1a1a1a1a", "pulling"),
        ("using autodetected template chatml", "using autodetected template chatml"),
        ("\x1b[2J\u202eevil", "\ufffd[2J\ufffdevil"),
        ("long " * 1_000_000, "long " * 12),
    ],
)
def test_phases_are_the_servers_words_without_digests(status: str, phase: str) -> None:
    assert fold([(0.0, says(status))]).phase == phase


numbers = st.one_of(
    st.integers(-10, 1000), st.integers(), st.sampled_from([10**30, 2**63, -(2**63)])
)
digests = st.one_of(st.sampled_from(["", A, B, "0" * 19, "sha256:model"]), st.text(max_size=5))
statuses = st.one_of(
    st.sampled_from(
        [
            "pulling manifest",
            "pulling 1a1a1a1a1a1a",
            "pushing 2b2b2b2b2b2b",
            "verifying sha256 digest",
            "writing manifest",
            "quantizing F16 model to Q8_0",
            "success",
        ]
    ),
    st.text(max_size=20),
)
events = st.builds(Progress, statuses, digests, numbers, numbers)
gaps = st.floats(0, 1e6, allow_nan=False)
timed = st.lists(st.tuples(st.one_of(st.just(TICK), gaps), events), max_size=60)


@given(timed, st.one_of(st.none(), numbers), gaps, st.one_of(st.none(), numbers))
def test_no_sequence_of_events_goes_backwards_or_raises(
    steps: list[tuple[float, Progress]], expected: int | None, later: float, learned: int | None
) -> None:
    now = 0.0
    transfer = Transfer(expected)
    ticks = [transfer.progress(now)]
    for gap, event in steps:
        now += gap
        transfer = transfer.fold(event, now)
        ticks += [transfer.progress(now), transfer.progress(now + later)]
    if learned is not None:
        transfer = transfer.expecting(learned)
        ticks += [transfer.progress(now)]
    ticks += [transfer.break_off(now).progress(now)]
    assert_sane(ticks)


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=8))
def test_a_pull_of_known_size_ends_complete_whatever_was_left_out(sizes: list[int]) -> None:
    seen = [layer(n // 2, n, f"sha256:{i:064x}") for i, n in enumerate(sizes) if i % 2 == 0]
    end = last(every(TICK, [*seen, says("writing manifest")]), expected=sum(sizes))
    assert (end.completed, end.total, end.fraction) == (sum(sizes), sum(sizes), 1.0)


parts = st.lists(st.integers(0, 100), min_size=1, max_size=4)


@given(
    st.lists(st.tuples(st.integers(1, 10**12), parts), min_size=1, max_size=8),
    st.sampled_from(["pulling", "pushing"]),
    st.booleans(),
)
def test_fraction_and_bytes_of_a_transfer_agree_and_all_is_only_at_the_end(
    layers: list[tuple[int, list[int]]], verb: str, known: bool
) -> None:
    seen = [
        layer(size * part // 100, size, f"sha256:{number:064x}", verb)
        for number, (size, reached) in enumerate(layers)
        for part in sorted(reached)
    ]
    whole = sum(size for size, _ in layers)
    for tick in told(every(TICK, seen), whole if known else None):
        if not known:
            assert tick.fraction is None
        elif tick.fraction is not None:
            part = tick.completed / tick.total
            assert tick.fraction == pytest.approx(min(part, 0.99), abs=1e-9)
    end = last(every(TICK, [*seen, says("writing manifest")]), whole if known else None)
    assert (end.completed, end.total, end.fraction) == (whole, whole, 1.0)


def test_a_hostile_number_of_layers_is_not_kept() -> None:
    transfer = fold(every(TICK, (layer(1, 2, f"sha256:{i:064x}") for i in range(1500))))
    assert len(transfer.layers) == 1000


def test_work_on_what_was_sent_is_told_in_words_and_not_as_more_to_send() -> None:
    sent = Progress("uploading m.gguf", "sha256:" + "a" * 64, 1000, 1000)
    transfer = Transfer(expected=1000).fold(sent, 0.0)
    for number in range(1, 4):
        event = Progress("validating GGUF model", "0" * 19, 1000, 250 * number)
        transfer = transfer.fold(event, float(number))
        told = transfer.progress(float(number))
        assert (told.completed, told.total) == (1000, 1000)
        assert told.phase == f"validating GGUF model {25 * number}%"
    assert transfer.fold(Progress("success"), 5.0).progress(5.0).fraction == 1.0
