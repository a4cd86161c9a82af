"""Whether rblwatch does its work on time, or why not.

Owns the bounds. That the world does not answer is no lateness: a round whose answers are all unknown was made, and a
channel that fails has its own message. Must not know who wants to know.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from rblwatch.core.plan import outdated

#: The outbox is looked through about twice in a second; a database that restarts takes less than this.
LONGEST_PAUSE = timedelta(minutes=2)
#: For how long a message that is due may stay where it is, other messages to its channel included.
LONGEST_WAIT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Round:
    """The questions to one list that wait longest for their turn."""

    blocklist: str
    since_at: datetime
    """Start of the last round; of one that was never made, since when it could have been."""
    interval: timedelta
    """The effective one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What shows whether the work goes on."""

    rounds: tuple[Round, ...]
    looked_for: timedelta
    """Since the outbox was last looked through for what is due, on the monotonic clock."""
    unclaimed_since_at: datetime | None
    """Since when the oldest message is due that could leave, to a channel that works; None: there is none."""


def lateness(vitals: Vitals, now: datetime) -> tuple[str, ...]:
    """Why the work is not on time, in words; empty: it is."""
    return tuple(_reasons(vitals, now))


def _reasons(vitals: Vitals, now: datetime) -> Iterable[str]:
    overdue = sorted({one.blocklist for one in vitals.rounds if outdated(one.since_at, one.interval, now)})
    if overdue:
        named = ", ".join(overdue[:3]) + (f" and {len(overdue) - 3} more" if len(overdue) > 3 else "")
        yield f"sweeps are overdue ({named})"
    if vitals.looked_for > LONGEST_PAUSE:
        yield "the outbox is not looked through"
    if vitals.unclaimed_since_at is not None and now - vitals.unclaimed_since_at > LONGEST_WAIT:
        yield "a message that is due does not leave"
