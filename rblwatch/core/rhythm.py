"""How often a list is really asked, and what makes it so.

Owns the choice between the interval that the admin wants and what a list's data, caches and its operator's policy make
of it. Must not know when anything was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.plan import effective_interval


class Cause(StrEnum):
    """What decides an interval."""

    SCHEDULE = "schedule"  # the admin's word
    DATA = "data"  # the list's data does not change before
    TTL = "ttl"  # caches repeat what was answered until then
    BUDGET = "budget"  # more often would use up what the operator allows in a day


@dataclass(frozen=True, slots=True)
class Rhythm:
    """An interval, and its cause."""

    interval: timedelta
    cause: Cause


def minimum(blocklist: Blocklist) -> timedelta:
    """In which time asking again tells nothing new, whoever asks; zero where nothing is known of it."""
    return timedelta(seconds=blocklist.pace.interval_s or 0)


def rhythm(
    wanted: timedelta, blocklist: Blocklist, *, ttl: timedelta | None = None, budget: timedelta | None = None
) -> Rhythm:
    """The longest interval that anything asks for; of equal ones, the admin's own is named first.

    `ttl` is for how long caches hold what the list says, `budget` how far its operator's daily number stretches rounds.
    """
    asked_for = (
        Rhythm(wanted, Cause.SCHEDULE),
        Rhythm(minimum(blocklist), Cause.DATA),
        Rhythm(effective_interval(timedelta(), ttl), Cause.TTL),
        Rhythm(budget or timedelta(), Cause.BUDGET),
    )
    return max(asked_for, key=lambda each: each.interval)
