"""When a list is due, and how targets are cut into slices."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.plan import (
    LONGEST_TTL,
    SLICE_TARGETS,
    bitmap,
    due_at,
    effective_interval,
    longest_ttl_s,
    outdated,
    positions,
    slice_of,
)
from tests.unit.samples import START, at

QUARTER = timedelta(minutes=15)


def seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


@pytest.mark.parametrize(
    ("interval", "ttl", "wait"),
    [
        # Nothing is known of the list's TTLs, or they are shorter than the interval.
        (QUARTER, None, QUARTER),
        (QUARTER, seconds(0), QUARTER),
        (QUARTER, seconds(300), QUARTER),
        (QUARTER, seconds(899), QUARTER),
        # Longer: a second later than the cached answer, which would be read once more at that very moment.
        (QUARTER, seconds(900), seconds(901)),
        (QUARTER, seconds(1800), seconds(1801)),
        # An hour at most.
        (QUARTER, seconds(3600), seconds(3601)),
        (QUARTER, seconds(86_400), seconds(3601)),
        # The admin's interval is never shortened.
        (timedelta(hours=6), seconds(86_400), timedelta(hours=6)),
    ],
)
def test_the_ttl_lengthens_the_interval_up_to_an_hour(
    interval: timedelta, ttl: timedelta | None, wait: timedelta
) -> None:
    assert due_at(START, interval, ttl) == START + wait
    assert effective_interval(interval, ttl) == wait


def test_what_was_never_asked_is_due_now() -> None:
    assert due_at(None, QUARTER, seconds(1800)) is None


@given(st.timedeltas(seconds(1), timedelta(days=2)), st.none() | st.timedeltas(seconds(0), timedelta(days=2)))
def test_the_interval_that_is_shown_is_the_one_that_is_kept(interval: timedelta, ttl: timedelta | None) -> None:
    shown = effective_interval(interval, ttl)
    assert due_at(START, interval, ttl) == START + shown
    assert interval <= shown <= max(interval, LONGEST_TTL + seconds(1))
    assert ttl is None or shown > min(ttl, LONGEST_TTL) or ttl == seconds(0)


@pytest.mark.parametrize(
    ("seen_s", "before_s", "minutes", "longest_s"),
    [
        # Nobody ever said.
        ([], None, 5, None),
        ([60, 30], None, 5, 60),
        ([], 60, 5, 60),
        # The rest that is told now says nothing of an answer that was fetched when more was left.
        ([3], 60, 5, 60),
        ([60], 3, 5, 60),
        # An operator's shorter TTL is learned in some hours, however often the list is asked meanwhile.
        ([60], 1000, 60, 900),
        ([60], 1000, 120, 810),
        ([60], 900, 60, 810),
        ([60], 1000, 48 * 60, 60),
        # An hour is the most that is held; what is said now counts whole.
        ([60], 86_400, 5, 3600),
        ([86_400], 86_400, 5, 86_400),
    ],
)
def test_the_longest_ttl_counts_and_is_slowly_forgotten(
    seen_s: list[int], before_s: int | None, minutes: int, longest_s: int | None
) -> None:
    assert longest_ttl_s(seen_s, before_s, before_at=at(0), at=at(minutes)) == longest_s


def test_asking_often_forgets_no_faster() -> None:
    held: int | None = 1000
    for minute in range(1, 121):
        held = longest_ttl_s([60], held, before_at=at(minute - 1), at=at(minute))
    assert held == 810


@pytest.mark.parametrize(
    ("interval", "minutes", "old"),
    [
        # The next answer is due after an interval, and overdue by another one; a round may take five minutes.
        (QUARTER, 35, False),
        (QUARTER, 35.1, True),
        (timedelta(hours=6), 725, False),
        (timedelta(hours=6), 726, True),
        # However short the interval is.
        (timedelta(seconds=1), 5, False),
        (timedelta(seconds=1), 6, True),
        # The clock was stepped back.
        (QUARTER, -600, False),
    ],
)
def test_what_was_not_asked_for_two_intervals_is_outdated(interval: timedelta, minutes: float, old: bool) -> None:
    assert outdated(at(0), interval, at(minutes)) == old


@given(st.sets(st.integers(0, SLICE_TARGETS - 1), max_size=50))
def test_the_positions_of_a_bitmap_are_those_it_was_made_of(members: set[int]) -> None:
    assert list(positions(bitmap(members))) == sorted(members)


@pytest.mark.parametrize(
    ("target_id", "number", "position"),
    [
        # The first and the last of a slice, and the first of the next one.
        (0, 0, 0),
        (1, 0, 1),
        (4095, 0, 4095),
        (4096, 1, 0),
        (65_535, 15, 4095),
    ],
)
def test_an_id_has_its_slice_and_its_bit(target_id: int, number: int, position: int) -> None:
    assert slice_of(target_id) == (number, 1 << position)


ids = st.integers(0, 300_000)


@given(ids)
def test_an_id_comes_back_from_its_slice_and_bit(target_id: int) -> None:
    number, bit = slice_of(target_id)
    assert number * SLICE_TARGETS + bit.bit_length() - 1 == target_id
    assert bitmap([target_id]) == bit


@given(st.integers(0, 20), st.sets(st.integers(0, SLICE_TARGETS - 1), max_size=50))
def test_a_bitmap_has_the_bits_of_its_targets_and_no_other(number: int, positions: set[int]) -> None:
    bits = bitmap(number * SLICE_TARGETS + position for position in positions)
    assert {position for position in range(SLICE_TARGETS) if bits >> position & 1} == positions
    assert bits < 1 << SLICE_TARGETS
