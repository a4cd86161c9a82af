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
        ("30d", timedelta(days=30)),
        ("0s", timedelta()),
        ("3650d", timedelta(days=3650)),
        ("000015m", timedelta(minutes=15)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration
    assert parse_duration(text, fractions=True) == duration


def test_a_duration_may_have_a_fraction_where_that_means_something() -> None:
    assert parse_duration("1.5s", fractions=True) == timedelta(seconds=1.5)
    with pytest.raises(ValueError, match=r"'1.5s' is not a duration; write a number with a unit .* e\.g\. '15m'"):
        parse_duration("1.5s")


@pytest.mark.parametrize(
    "text", ["", "15", "m", ".5h", "1.h", "1.2345s", "-5m", "1h30m", "15 m", " 15m", "15w", "\u0661\u0665m"]
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"is not a duration; write a number with a unit \(s, m, h or d\), e\.g\. '0\.5s'"
    ):
        parse_duration(text, fractions=True)


@pytest.mark.parametrize("text", ["3651d", "999999d", "999999999d", "315360001s"])
def test_no_duration_leads_out_of_the_calendar(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is too long; write at most '3650d'"):
        parse_duration(text)


def test_limits_are_included() -> None:
    assert parse_duration("1m", least="60s", most="60s") == timedelta(minutes=1)
    with pytest.raises(ValueError, match="'59s' is too short; write at least '1m'"):
        parse_duration("59s", least="1m")
    with pytest.raises(ValueError, match="'61s' is too long; write at most '1m'"):
        parse_duration("61s", most="1m")


def test_a_long_text_is_not_repeated_in_full() -> None:
    with pytest.raises(ValueError, match=r"^'x{60}…' is not"):
        parse_duration("x" * 1000)


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


@given(st.integers(0, 3_650), st.sampled_from("smhd"))
def test_a_duration_of_one_unit_reads_back(number: int, unit: str) -> None:
    duration = parse_duration(f"{number}{unit}")
    assert sum((parse_duration(part) for part in roughly(duration).split()), timedelta()) <= duration
