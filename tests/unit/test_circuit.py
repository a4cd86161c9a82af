"""When a channel is left alone, and how many messages it takes now."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.circuit import LONGEST_ASKED, OPENS_AFTER, Bucket, Circuit, Pace
from rblwatch.core.retry import LONGEST_DELAY, Outcome, Permanent, Sent, Transient

FAILED = Transient("503")
PACE = Pace(burst=4, every=timedelta(seconds=2))
outcomes = st.lists(st.tuples(st.sampled_from([FAILED, Sent(), Permanent("404")]), st.floats(0, 1000)))


def after(*history: tuple[Outcome, float]) -> Circuit:
    circuit = Circuit()
    for outcome, at_s in history:
        circuit = circuit.after(outcome, at_s)
    return circuit


def failing(times: int, at_s: float = 0.0) -> Circuit:
    return after(*[(FAILED, at_s)] * times)


@pytest.mark.parametrize(
    ("circuit", "now_s", "under_way", "room"),
    [
        # All is well, or a few messages met something that passes.
        (Circuit(), 0, 0, None),
        (failing(OPENS_AFTER - 1), 0, 3, None),
        # One more: nothing leaves, for seconds first.
        (failing(OPENS_AFTER), 0, 0, 0),
        (failing(OPENS_AFTER), 3.9, 0, 0),
        # Then one goes ahead, and no other while it is under way.
        (failing(OPENS_AFTER), 4, 0, 1),
        (failing(OPENS_AFTER), 4, 1, 0),
        # What was under way when it opened lengthens nothing.
        (failing(OPENS_AFTER + 3), 4, 0, 1),
        # The one that went ahead failed as well: twice as long.
        (failing(OPENS_AFTER).after(FAILED, 4), 11.9, 0, 0),
        (failing(OPENS_AFTER).after(FAILED, 4), 12, 0, 1),
        # It arrived, or was refused for good, which is an answer: all may follow.
        (failing(OPENS_AFTER).after(Sent(), 4), 4, 0, None),
        (failing(OPENS_AFTER).after(Permanent("410"), 4), 4, 0, None),
        # The sink asked to be left alone, at the first failure; then as many as ever.
        (Circuit().after(Transient("429", timedelta(seconds=70)), 0), 69, 0, 0),
        (Circuit().after(Transient("429", timedelta(seconds=70)), 0), 70, 0, None),
        # It cannot ask for days.
        (Circuit().after(Transient("429", timedelta(days=9)), 0), LONGEST_ASKED.total_seconds(), 0, None),
    ],
)
def test_a_channel_that_fails_is_left_alone(circuit: Circuit, now_s: float, under_way: int, room: int | None) -> None:
    assert circuit.room(now_s, under_way) == room


@given(outcomes)
def test_no_channel_is_left_alone_for_longer_than_a_message_waits_for_its_next_try(
    history: list[tuple[Outcome, float]],
) -> None:
    circuit, now_s = Circuit(), 0.0
    for outcome, passed_s in history:
        now_s += passed_s
        circuit = circuit.after(outcome, now_s)
        assert circuit.until_s <= now_s + LONGEST_DELAY.total_seconds() / 2
        assert circuit.is_open == (circuit.failures >= OPENS_AFTER)


@given(st.lists(st.tuples(st.integers(0, 6), st.floats(0, 10))))
def test_no_more_leave_than_the_pace_allows(wishes: list[tuple[int, float]]) -> None:
    bucket, now_s, sent = Bucket.full(PACE, 0), 0.0, 0
    for wished, passed_s in wishes:
        now_s += passed_s
        bucket = bucket.refilled(now_s)
        leaving = min(wished, bucket.room)
        bucket, sent = bucket.without(leaving), sent + leaving
        assert sent <= PACE.burst + now_s / PACE.every.total_seconds() + 1e-6


def test_a_bucket_fills_up_again_and_no_further() -> None:
    empty = Bucket.full(PACE, 0).without(4)
    assert [empty.refilled(seconds).room for seconds in (0, 1.9, 2, 8, 1000)] == [0, 0, 1, 4, 4]
