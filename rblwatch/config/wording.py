"""Words that several messages share.

Owns how a value's type is called, how near misses are suggested, how options are enumerated.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 60


def kind_of(value: object) -> str:
    """What TOML calls a value's type, with its article; never the value itself, which may be a secret."""
    match value:
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a float"
        case str():
            return "a string"
        case list():
            return "an array"
        case dict():
            return "a table"
        case _:
            return "a date or time"


def quoted(text: str) -> str:
    """A text as it was found, shortened to what a line holds."""
    return f"'{text}'" if len(text) <= _LONGEST else f"'{text[:_LONGEST]}…'"


def nearest(text: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or nothing where nothing is near."""
    lowered = {option.lower(): option for option in known}
    close = get_close_matches(text.lower()[:_LONGEST], list(lowered), n=1, cutoff=0.6)
    return f"; did you mean '{lowered[close[0]]}'?" if close else ""


def options(known: Iterable[str]) -> str:
    """`one of a, b or c`; the one there is, without `one of`."""
    *most, last = known
    return f"one of {', '.join(most)} or {last}" if most else last
