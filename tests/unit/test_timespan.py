"""Moments and durations as text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.timespan import minute, parse_duration, rfc3339, rfc3339_or_none, roughly

NOON = datetime(2026, 11, 24, 12, 5, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("24h", timedelta(hours=24)),
        (" 30d ", timedelta(days=30)),
        ("0s", timedelta()),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "15", "m", "1.5h", "-5m", "1h30m", "15 m", "15w", "1000000d"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write a number and s, m, h or d"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.9, "0s"),
        (59, "59s"),
        (60, "1m"),
        (90, "1m 30s"),
        (3_600, "1h"),
        # Two units at most, and none after a gap.
        (3_605, "1h"),
        (3_665, "1h 1m"),
        (273_600, "3d 4h"),
        (259_260, "3d"),
        # A clock that was set back.
        (-5, "0s"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert roughly(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    "moment",
    [
        NOON,
        # The same moment elsewhere.
        NOON.astimezone(timezone(timedelta(hours=5, minutes=30))),
    ],
)
def test_a_moment_is_written_in_utc_and_cut_to_its_unit(moment: datetime) -> None:
    assert rfc3339(moment) == rfc3339_or_none(moment) == "2026-11-24T12:05:59Z"
    assert minute(moment) == "2026-11-24 12:05 UTC"


def test_a_moment_that_is_missing_stays_missing() -> None:
    assert rfc3339_or_none(None) is None


@given(st.timedeltas(timedelta(), timedelta(days=80_000)).map(lambda since: datetime(1970, 1, 1, tzinfo=UTC) + since))
def test_a_written_moment_reads_back_to_the_second(moment: datetime) -> None:
    assert datetime.fromisoformat(rfc3339(moment)) == moment.replace(microsecond=0)


@given(st.integers(0, 999_999), st.sampled_from("smhd"))
def test_a_duration_of_one_unit_reads_back(number: int, unit: str) -> None:
    duration = parse_duration(f"{number}{unit}")
    assert sum((parse_duration(part) for part in roughly(duration).split()), timedelta()) <= duration
