"""Moments and durations as text, one way everywhere.

Owns how times are written for people and for programs, and how durations are read. Must not know what they are times
of.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

#: No duration that is written down is longer: ten years. It keeps every time that we compute inside the calendar.
LONGEST = "3650d"

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhd])", re.ASCII)
_DATE = re.compile(r"[0-9W-]+", re.ASCII)
_LONGEST_SHOWN = 60
#: More than so many of a unit are told in the next one.
_LARGEST_COUNT = 300


def parse_duration(text: str, *, least: str = "0s", most: str = LONGEST, fractions: bool = False) -> timedelta:
    """Read a number and a unit: `90s`, `15m`, `24h`, `30d`; with `fractions` also `0.5s`. Both limits are included.

    Raises: ValueError, in words for people.
    """
    shown = f"'{text}'" if len(text) <= _LONGEST_SHOWN else f"'{text[:_LONGEST_SHOWN]}…'"
    duration, shortest, longest = map(_duration, (text, least, most))
    if duration is None or ("." in text and not fractions):
        example = "0.5s" if fractions else "15m"
        raise ValueError(f"{shown} is not a duration; write a number with a unit (s, m, h or d), e.g. '{example}'")
    if shortest is not None and duration < shortest:
        raise ValueError(f"{shown} is too short; write at least '{least}'")
    if longest is not None and duration > longest:
        raise ValueError(f"{shown} is too long; write at most '{most}'")
    return duration


def _duration(text: str) -> timedelta | None:
    found = _DURATION.fullmatch(text)
    return timedelta(seconds=float(found[1]) * dict(_UNITS)[found[2]]) if found else None


def parse_moment(text: str, zone: tzinfo) -> datetime:
    """Read a moment, in UTC: RFC 3339, or a local date with a time in `zone`, e.g. `2026-11-24 18:00`.

    A local time that comes twice when a clock is put back is the first of the two.

    Raises: ValueError, in words for people.
    """
    has_time = _DATE.fullmatch(text.strip()) is None
    try:
        found = datetime.fromisoformat(text.strip() if has_time else "")
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        shown = f"'{text}'" if len(text) <= _LONGEST_SHOWN else f"'{text[:_LONGEST_SHOWN]}…'"
        example = "'2026-11-24 18:00' or '2026-11-24T17:00:00Z'"
        raise ValueError(f"{shown} is not a date with a time; write e.g. {example}") from None


def local(at: datetime, zone: tzinfo) -> str:
    """A moment for people on their own clock, to the minute, e.g. `2026-11-24 18:00 +01:00`."""
    shown = at.astimezone(zone)
    return minute(at) if not shown.utcoffset() else f"{shown:%Y-%m-%d %H:%M} {shown.isoformat()[-6:]}"


def rfc3339(at: datetime) -> str:
    """A moment for programs, to the second, in UTC, e.g. `2026-11-24T10:15:00Z`. Source: RFC 3339 section 5.6."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_or_none(at: datetime | None) -> str | None:
    """The same for a moment that may be missing."""
    return None if at is None else rfc3339(at)


def minute(at: datetime) -> str:
    """A moment for people, to the minute, in UTC, e.g. `2026-11-24 10:15 UTC`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def written(duration: timedelta) -> str:
    """A duration as one that can be written down, in one unit, and never shorter: 3600 s as `60m`, 3601 s as `61m`."""
    seconds = -(-duration // timedelta(seconds=1))
    for unit, size in reversed(_UNITS):
        if seconds <= _LARGEST_COUNT * size or unit == "d":
            return f"{-(-seconds // size)}{unit}"
    raise AssertionError("every duration has a unit")


def roughly(duration: timedelta) -> str:
    """A duration for people, in its two largest units, e.g. `3d 4h`, `90s` as `1m 30s`; a negative one is `0s`."""
    left = max(int(duration.total_seconds()), 0)
    parts: list[str] = []
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count}{unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0s"
