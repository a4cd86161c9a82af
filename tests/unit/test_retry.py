"""When a failed delivery is tried again: the policy's numbers."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.retry import LONGEST_DELAY, PATIENCE, Transient, delay, next_attempt_at, tried_since
from tests.unit.samples import START, at

MIDDLE = 0.5
FAILED = Transient("connection refused")
attempts = st.integers(1, 10_000)
chances = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("attempt", "seconds"),
    [
        (1, 4),
        (2, 8),
        (3, 16),
        (8, 512),
        # From here on the longest: with its jitter, never over 15 min.
        (9, 750),
        (10, 750),
        (10_000, 750),
    ],
)
def test_the_delay_doubles_to_its_longest(attempt: int, seconds: int) -> None:
    assert delay(attempt, MIDDLE) == timedelta(seconds=seconds)


@given(chances)
def test_the_first_retry_comes_within_five_seconds(chance: float) -> None:
    assert timedelta(seconds=3) < delay(1, chance) < timedelta(seconds=5)


@given(attempts, chances)
def test_no_delay_is_longer_than_fifteen_minutes(attempt: int, chance: float) -> None:
    assert timedelta() < delay(attempt, chance) <= timedelta(minutes=15) == LONGEST_DELAY


@given(attempts, chances)
def test_jitter_adds_or_takes_away_a_fifth_at_most(attempt: int, chance: float) -> None:
    assert abs(delay(attempt, chance) / delay(attempt, MIDDLE) - 1) <= 0.2 + 1e-9


@given(attempts)
def test_deliveries_that_failed_together_do_not_return_together(attempt: int) -> None:
    assert len({delay(attempt, tenth / 10) for tenth in range(10)}) == 10


@given(attempts, chances)
def test_the_delay_never_shrinks_from_one_attempt_to_the_next(attempt: int, chance: float) -> None:
    assert delay(attempt, chance) <= delay(attempt + 1, chance)


@given(attempts, chances)
def test_what_stands_is_tried_for_ever(attempt: int, chance: float) -> None:
    late = START + timedelta(days=365)
    assert next_attempt_at(FAILED, attempt, now=late, patience_until=None, chance=chance) == late + delay(
        attempt, chance
    )


@pytest.mark.parametrize(
    ("minutes", "again"),
    [
        # What no longer stands is tried until its patience ends, and not from that moment on.
        (0, True),
        (72 * 60 - 1, True),
        (72 * 60, False),
        (72 * 60 + 1, False),
    ],
)
def test_what_no_longer_stands_is_tried_for_three_days(minutes: int, again: bool) -> None:
    now = at(minutes)
    next_at = next_attempt_at(FAILED, 9, now=now, patience_until=START + PATIENCE, chance=MIDDLE)
    assert next_at == (now + delay(9, MIDDLE) if again else None)


@given(st.lists(chances, min_size=1))
def test_trying_goes_on_for_at_least_72_hours(drawn: list[float]) -> None:
    tried = [START]
    while len(tried) < 5_000:
        chance = drawn[len(tried) % len(drawn)]
        following = next_attempt_at(FAILED, len(tried), now=tried[-1], patience_until=START + PATIENCE, chance=chance)
        if following is None:
            break
        tried.append(following)
    assert tried[-1] - START >= timedelta(hours=72)
    assert 72 * 4 < len(tried) < 5_000


@pytest.mark.parametrize(
    ("first_tried", "due", "now", "since"),
    [
        # Minutes. The first try begins it.
        (None, 0, 30, 30),
        # A try that comes late, since others were under way, is a try.
        (0, 10, 25, 0),
        # Nobody tried for a week.
        (0, 10, 10 + 7 * 24 * 60, 7 * 24 * 60),
        # The clock was stepped back.
        (0, 10, -50, 0),
    ],
)
def test_a_time_in_which_nobody_tried_is_no_time_of_trying(
    first_tried: int | None, due: int, now: int, since: int
) -> None:
    first_tried_at = None if first_tried is None else at(first_tried)
    assert tried_since(first_tried_at, due_at=at(due), now=at(now)) == at(since)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        # The sink's wish counts where it is longer than ours, and up to the longest delay.
        (None, 4),
        (timedelta(seconds=1), 4),
        (timedelta(seconds=90), 90),
        (timedelta(hours=6), 900),
    ],
)
def test_the_sink_may_ask_for_a_longer_wait(retry_after: timedelta | None, seconds: int) -> None:
    outcome = Transient("429", retry_after)
    next_at = next_attempt_at(outcome, 1, now=START, patience_until=None, chance=MIDDLE)
    assert next_at == START + timedelta(seconds=seconds)
