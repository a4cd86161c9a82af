"""Names in a sentence.

Owns how many of them are named where there may be very many. Must not clean or escape: see `text.py`, and the sinks.
"""

from __future__ import annotations

from collections.abc import Sequence


def several(values: Sequence[object], most: int = 5) -> str:
    """Some names in a sentence, cut with a count; none: empty."""
    named = ", ".join(map(str, values[:most]))
    return named if len(values) <= most else f"{named} and {len(values) - most} more"
