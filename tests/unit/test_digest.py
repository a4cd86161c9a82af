"""When a digest leaves: by the admin's clock, also in the two nights in which it is set."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.digest import next_digest

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LORD_HOWE, APIA = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "time_of_day", "zone", "leaves"),
    [
        # Today, if the time is still to come; a moment that is the time itself waits for the next one.
        ("2026-06-01 05:59", "08:00", BERLIN, "2026-06-01 06:00"),
        ("2026-06-01 06:00", "08:00", BERLIN, "2026-06-02 06:00"),
        ("2026-06-01 07:00", "08:00", UTC, "2026-06-01 08:00"),
        ("2026-12-01 07:00", "08:00", BERLIN, "2026-12-02 07:00"),
        # The local date counts: in Berlin it is tomorrow already.
        ("2026-06-01 22:30", "08:00", BERLIN, "2026-06-02 06:00"),
        ("2026-06-02 03:30", "08:00", NEW_YORK, "2026-06-02 12:00"),
        ("2026-06-01 21:59", "00:00", BERLIN, "2026-06-01 22:00"),
        # Spring in Berlin: 02:00 to 03:00 is skipped, so 02:30 is at 03:00, 01:00 UTC.
        ("2026-03-28 12:00", "02:30", BERLIN, "2026-03-29 01:00"),
        ("2026-03-28 12:00", "02:00", BERLIN, "2026-03-29 01:00"),
        ("2026-03-28 12:00", "03:00", BERLIN, "2026-03-29 01:00"),
        ("2026-03-28 12:00", "01:59", BERLIN, "2026-03-29 00:59"),
        ("2026-03-29 01:00", "02:30", BERLIN, "2026-03-30 00:30"),
        # Autumn in Berlin: 02:30 comes twice, and the first one counts, also for what happens between the two.
        ("2026-10-24 12:00", "02:30", BERLIN, "2026-10-25 00:30"),
        ("2026-10-25 00:45", "02:30", BERLIN, "2026-10-26 01:30"),
        ("2026-10-24 12:00", "03:00", BERLIN, "2026-10-25 02:00"),
        # The same in New York, at its own hours.
        ("2026-03-07 12:00", "02:30", NEW_YORK, "2026-03-08 07:00"),
        ("2026-10-31 12:00", "01:30", NEW_YORK, "2026-11-01 05:30"),
        ("2026-11-01 06:00", "01:30", NEW_YORK, "2026-11-02 06:30"),
        # Half an hour is skipped on Lord Howe Island: 02:15 is at 02:30, 15:30 UTC the day before.
        ("2026-10-03 12:00", "02:15", LORD_HOWE, "2026-10-03 15:30"),
        # Samoa had no 30 December 2011: its digest leaves when the 31st begins.
        ("2011-12-30 09:00", "08:00", APIA, "2011-12-30 10:00"),
    ],
)
def test_a_digest_leaves_at_its_time_on_the_local_clock(
    since: str, time_of_day: str, zone: tzinfo, leaves: str
) -> None:
    assert next_digest(utc(since), time_of_day, zone) == utc(leaves)


@pytest.mark.parametrize(
    ("last", "since", "zone", "leaves"),
    [
        # One on a date: another one leaves on the next, whatever the time.
        ("2026-06-01 04:00", "2026-06-01 05:00", BERLIN, "2026-06-02 06:00"),
        ("2026-05-31 06:00", "2026-06-01 05:00", BERLIN, "2026-06-01 06:00"),
        # Which date it was is said by the zone of now: 00:30 in Berlin was the evening before in New York.
        ("2026-05-31 22:30", "2026-05-31 23:00", BERLIN, "2026-06-02 06:00"),
        ("2026-05-31 22:30", "2026-05-31 23:00", NEW_YORK, "2026-06-01 12:00"),
    ],
)
def test_no_second_digest_leaves_on_a_date(last: str, since: str, zone: tzinfo, leaves: str) -> None:
    assert next_digest(utc(since), "08:00", zone, last_at=utc(last)) == utc(leaves)


zones = st.sampled_from([UTC, BERLIN, NEW_YORK, LORD_HOWE])
moments = st.integers(0, 15 * 365 * 86400).map(lambda seconds: utc("2020-01-01") + timedelta(seconds=seconds))
times = st.times().map(lambda time: f"{time:%H:%M}")


@given(moments, times, zones)
def test_a_digest_leaves_within_a_day_and_an_hour_and_at_no_other_time(
    since: datetime, time_of_day: str, zone: tzinfo
) -> None:
    leaves = next_digest(since, time_of_day, zone)
    assert since < leaves <= since + timedelta(hours=25)
    local = leaves.astimezone(zone)
    before = (leaves - timedelta(seconds=1)).astimezone(zone)
    # Where the clock does not show the time, it has just jumped over it.
    assert f"{local:%H:%M}" == time_of_day or f"{before:%H:%M}" < time_of_day < f"{local:%H:%M}"


@given(moments, times, zones)
def test_digests_that_follow_each_other_leave_on_every_date_once(
    since: datetime, time_of_day: str, zone: tzinfo
) -> None:
    dates = []
    for _ in range(5):
        since = next_digest(since, time_of_day, zone)
        dates.append(since.astimezone(zone).date())
        assert next_digest(since, time_of_day, zone, last_at=since) == next_digest(since, time_of_day, zone)
    assert dates == [dates[0] + timedelta(days=number) for number in range(5)]


@given(moments, times, zones)
def test_what_happens_later_is_never_in_an_earlier_digest(since: datetime, time_of_day: str, zone: tzinfo) -> None:
    later = since + timedelta(minutes=37)
    assert next_digest(since, time_of_day, zone) <= next_digest(later, time_of_day, zone)
