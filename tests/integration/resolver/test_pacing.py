"""The pace is exact, on a clock that the test moves."""

import pytest

from rblwatch.core.blocklist import Pace
from rblwatch.resolver.pacing import Bucket, Buckets, Paces
from tests.integration.resolver.asking import new_list

TICK_S = 0.01
MINUTE_S = 60.0


def granted(pace: Buckets, duration_s: float, tick_s: float = TICK_S, start_s: float = 1000.0) -> int:
    """How many tokens one gets who takes all there are at every tick."""
    taken = 0
    for tick in range(round(duration_s / tick_s)):
        while pace.take(start_s + tick * tick_s):
            taken += 1
    return taken


@pytest.mark.parametrize("per_second", [0.1, 0.5, 1, 3, 10, 29.5, 60, 1000, 20_000])
def test_a_minute_has_what_its_rate_says_and_no_more(per_second: float) -> None:
    taken = granted(Buckets(Bucket(per_second)), MINUTE_S)
    assert MINUTE_S * per_second - 1 <= taken <= 1 + (MINUTE_S + 0.05) * per_second


@pytest.mark.parametrize("per_second", [0.5, 7, 1000])
def test_a_late_clock_costs_nothing_and_saves_nothing_up(per_second: float) -> None:
    # Looked at every 50 ms only: what was due in between is made up for, at once.
    assert granted(Buckets(Bucket(per_second)), MINUTE_S, 0.05) >= MINUTE_S * per_second - 1
    # After an hour without a question there is no burst.
    bucket = Buckets(Bucket(per_second))
    granted(bucket, 1.0)
    assert granted(bucket, 1.0, start_s=5000.0) <= 1 + 1.05 * per_second


def test_a_pace_says_when_the_next_token_is_there() -> None:
    pace = Buckets(Bucket(0.5))
    assert pace.ready_s() <= 0
    assert pace.take(100.0)
    assert not pace.take(101.9)
    assert pace.ready_s() == pytest.approx(102.0, abs=0.06)
    assert pace.take(pace.ready_s())


def test_nothing_is_taken_from_a_bucket_when_another_is_empty() -> None:
    slow, fast = Bucket(1), Bucket(100)
    both = Buckets(slow, fast)
    assert both.take(0.0)
    for _ in range(50):
        assert not both.take(0.5)
    assert granted(Buckets(fast), 1.0, start_s=0.5) >= 100


def test_batches_of_one_list_share_its_pace_and_all_lists_share_the_cap() -> None:
    paces = Paces(queries_per_second=10)
    first, again, other = (
        paces.of(new_list(per_second=2)),
        paces.of(new_list(per_second=2)),
        paces.of(new_list("b.example")),
    )
    assert granted(first, 5.0) + granted(again, 5.0, start_s=1005.0) in (20, 21)
    assert granted(other, 10.0, start_s=2000.0) in (100, 101)


def test_without_numbers_nothing_limits() -> None:
    pace = Paces(queries_per_second=0).of(new_list())
    assert all(pace.take(0.0) for _ in range(100_000))


def test_a_changed_rate_holds_from_the_next_batch_on() -> None:
    paces = Paces(queries_per_second=0)
    assert granted(paces.of(new_list(per_second=1)), 10.0) in (10, 11)
    assert new_list(per_second=5).pace == Pace(5)
    assert granted(paces.of(new_list(per_second=5)), 10.0, start_s=2000.0) in (50, 51)
