"""When the work is on time: a table."""

from datetime import UTC, datetime, timedelta

import pytest

from rblwatch.core.vitality import Round, Vitals, lateness

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
NONE = timedelta()


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("rounds", "looked_for", "unclaimed", "expected"),
    [
        # Nothing is watched, nothing is due.
        ([], NONE, None, ()),
        # The last round was as long ago as its interval, or twice that: another may be under way.
        ([("a", 15, QUARTER)], NONE, None, ()),
        ([("a", 34, QUARTER)], NONE, None, ()),
        # A whole round was missed, and then some.
        ([("a", 36, QUARTER)], NONE, None, ("sweeps are overdue (a)",)),
        # A list that is asked once a day has its own measure, however old its answers are.
        ([("a", 60 * 40, timedelta(days=1))], NONE, None, ()),
        # One of two: the lists do not wait for each other, so one that is stuck is a fault of ours.
        ([("a", 1, QUARTER), ("b", 60, QUARTER)], NONE, None, ("sweeps are overdue (b)",)),
        # Many are counted.
        ([(name, 60, QUARTER) for name in "edcba"], NONE, None, ("sweeps are overdue (a, b, c and 2 more)",)),
        # The database restarts, or does not come back.
        ([], timedelta(seconds=90), None, ()),
        ([], timedelta(minutes=3), None, ("the outbox is not looked through",)),
        # A burst to one channel, or nobody takes it.
        ([], NONE, ago(14), ()),
        ([], NONE, ago(16), ("a message that is due does not leave",)),
        # All that is wrong is said; a clock that was stepped back makes nothing late.
        ([("a", 60, QUARTER)], NONE, ago(16), ("sweeps are overdue (a)", "a message that is due does not leave")),
        ([("a", -60, QUARTER)], NONE, ago(-60), ()),
    ],
)
def test_what_is_late(
    rounds: list[tuple[str, float, timedelta]],
    looked_for: timedelta,
    unclaimed: datetime | None,
    expected: tuple[str, ...],
) -> None:
    made = tuple(Round(name, ago(minutes), interval) for name, minutes, interval in rounds)
    vitals = Vitals(rounds=made, looked_for=looked_for, unclaimed_since_at=unclaimed)
    assert lateness(vitals, NOW) == expected
