"""When somebody is reminded of what still stands.

Owns from when a reminder is due, and what one reminder gathers. Must not know who is told, nor what was acknowledged or
silenced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from rblwatch.core.routing import Subject, leading
from rblwatch.core.settings import Route

K = TypeVar("K")

#: What is due within this share of its interval comes along with what is due now, so that reminders of many listings
#: become one message in the course of time.
EARLY_SHARE = 0.25


def reminding(subject: Subject, recipient: str, routes: Sequence[Route]) -> tuple[Route, ...]:
    """The routes by which a recipient who knows of something is reminded of it; none where nothing asks for that."""
    _, through = leading(subject, recipient, routes, aware=True)
    return tuple(route for route in through if route.remind_every is not None and recipient in route.channels)


def remind_after(routes: Sequence[Route]) -> timedelta | None:
    """How long after what was told last the next reminder comes; of several routes the most frequent counts."""
    return min((route.remind_every for route in routes if route.remind_every is not None), default=None)


def latest(moments: Sequence[datetime], every: timedelta, at: datetime) -> datetime:
    """When somebody was told last, of several moments; what a clock that was ahead wrote down puts nothing off.

    One that lies ahead by no more than an interval counts: clocks are set right by a little all the time.
    """
    return max((moment for moment in moments if moment <= at + every), default=at - every)


def gather(last: Mapping[K, tuple[datetime, timedelta]], at: datetime) -> list[K]:
    """What one recipient is reminded of now, in one message, of what he was told last when, with its interval each.

    Nothing, unless something is due; then also what is nearly so.
    """
    due = {about: last_at + every for about, (last_at, every) in last.items()}
    if not any(moment <= at for moment in due.values()):
        return []
    return [about for about, moment in due.items() if moment <= at + last[about][1] * EARLY_SHARE]
