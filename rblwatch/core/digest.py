"""When the message of the day leaves: a time of day on the admin's clock, once for every date of his calendar.

Owns the step from a local time of day to a moment. Must not know what the message holds, nor where time zones come
from: the zone is given.

A clock that is put forward skips a time of day: what was to leave then leaves at the first moment after the gap. One
that is put back shows it twice: the first of the two counts. Source: PEP 495, "Mind the gap" and `fold`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

_RESOLUTION = timedelta(seconds=1)


def next_digest(since_at: datetime, time_of_day: str, zone: tzinfo, *, last_at: datetime | None = None) -> datetime:
    """The first moment after `since_at` at which a digest leaves, in UTC.

    `time_of_day` is `HH:MM` in `zone`. `last_at` is when the last digest left, if any: no other one leaves on its date.
    """
    wanted = time.fromisoformat(time_of_day)
    on = since_at.astimezone(zone).date()
    if last_at is not None:
        on = max(on, last_at.astimezone(zone).date() + timedelta(days=1))
    while (leaves_at := _moment(on, wanted, zone)) <= since_at:
        on += timedelta(days=1)
    return leaves_at


def _moment(on: date, wanted: time, zone: tzinfo) -> datetime:
    """The first moment at which the local clock shows that time of that date, or a later one where it never does."""
    earlier, later = (datetime.combine(on, wanted.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    # In a gap, the offset from before it gives the later moment of the two; where a time comes twice, the earlier.
    return earlier if earlier <= later else _end_of_gap(later, earlier, zone)


def _end_of_gap(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The moment between these two, to the second, at which the clock is put forward."""
    offset_after = after.astimezone(zone).utcoffset()
    while after - before > _RESOLUTION:
        middle = before + (after - before) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        middle = max(middle, before + _RESOLUTION)
        if middle.astimezone(zone).utcoffset() == offset_after:
            after = middle
        else:
            before = middle
    return after
