"""Moments and durations as text, one way everywhere.

Owns how times are written for people and for programs. Must not know what they are times of.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


_DURATION = re.compile(r"(\d{1,6})([smhd])")


def parse_duration(text: str) -> timedelta:
    """Read a whole number and a unit: `90s`, `15m`, `24h`, `30d`.

    Raises: ValueError, in words for people.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"'{text}' is not a duration; write a number and s, m, h or d, e.g. '30d'")
    return timedelta(seconds=int(found[1]) * dict(_UNITS)[found[2]])


def rfc3339(at: datetime) -> str:
    """A moment for programs, to the second, in UTC, e.g. `2026-11-24T10:15:00Z`. Source: RFC 3339 section 5.6."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_or_none(at: datetime | None) -> str | None:
    """The same for a moment that may be missing."""
    return None if at is None else rfc3339(at)


def minute(at: datetime) -> str:
    """A moment for people, to the minute, in UTC, e.g. `2026-11-24 10:15 UTC`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


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
