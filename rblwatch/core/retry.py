"""When a delivery that failed is tried again, and when it is given up.

Owns the policy alone: no sleeping, no clock, no randomness; the mechanism is in `services/deliver.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

#: Source: design, "Alerts": first retry within 5 s, doubling to 15 min, for at least 72 h.
FIRST_DELAY = timedelta(seconds=4)
LONGEST_DELAY = timedelta(minutes=15)
PATIENCE = timedelta(hours=72)
#: A share of the delay that chance may add or take away, so that many deliveries do not return in step.
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Sent:
    """The sink took the message."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Transient:
    """It may work later: time-out, connection refused, 429, 5xx, SMTP 4xx."""

    detail: str
    retry_after: timedelta | None = None
    """The least wait that the sink asked for."""


@dataclass(frozen=True, slots=True)
class Permanent:
    """It will not work without somebody's help: the channel's address is wrong or gone."""

    detail: str


Outcome = Sent | Transient | Permanent


def delay(attempt: int, chance: float) -> timedelta:
    """How long to wait after the n-th failed attempt, counted from 1; `chance` is a random number in [0, 1)."""
    doubled = min(FIRST_DELAY * (1 << min(attempt - 1, 16)), LONGEST_DELAY / (1 + _JITTER))
    return doubled * (1 + _JITTER * (2 * chance - 1))


def tried_since(first_tried_at: datetime | None, *, due_at: datetime, now: datetime) -> datetime:
    """From when the patience with a delivery counts that was due at `due_at` and is tried now.

    A time in which nobody tried, because the machine was off or its clock was stepped, is taken out of it.
    """
    if first_tried_at is None:
        return now
    late = now - due_at
    return first_tried_at + late if late > LONGEST_DELAY else first_tried_at


def next_attempt_at(
    outcome: Transient, attempt: int, *, now: datetime, patience_until: datetime | None, chance: float
) -> datetime | None:
    """When a delivery that met a transient failure is tried again; None: nothing it would tell stands any more.

    It is tried for at least 72 h after the first attempt (`patience_until`), and for as long as anything that it tells
    of stands (then there is no such moment: None).
    """
    if patience_until is not None and now >= patience_until:
        return None
    wait = delay(attempt, chance)
    if outcome.retry_after is not None:
        wait = max(wait, min(outcome.retry_after, LONGEST_DELAY))
    return now + wait
