"""When news is told to a recipient whom a route leads it to: at once, with the digest, or if nobody acknowledged it.

Owns the decision for one piece of news, one recipient and one moment, with the time at which it is to be decided anew.
It is asked when news is committed, when what is held is due, and when routes change: each time from the news's own
moment, so that nothing depends on what was decided before. Must not know where anything is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from rblwatch.core.digest import next_digest
from rblwatch.core.routing import Decision, Subject, closest, leading
from rblwatch.core.settings import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a decision depends on besides the news and the routes."""

    at: datetime
    """Now."""
    since_at: datetime
    """When the news was committed."""
    zone: tzinfo = UTC
    """Of the times of day in routes."""
    digest_at: datetime | None = None
    """When the recipient's last digest left."""
    aware: bool = False
    """The recipient was told of what the news is about, or will be by a message on its way."""
    acknowledged: bool = False
    ended_at: datetime | None = None
    """When what the news is about was over, if it is."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of news now, and when it is to be decided anew."""

    decision: Decision
    due_at: datetime | None = None
    """For what waits; one that waits for an acknowledgement, and has none, was over before it was due."""
    waited_for: Decision = Decision.TELL
    """Of what is told: what it was held for until now, if it was."""

    @property
    def waits(self) -> bool:
        """Whether it is to be decided anew later."""
        return self.due_at is not None

    @property
    def tells(self) -> bool:
        """Whether it is told now."""
        return self.decision is Decision.TELL


def rule(subject: Subject, recipient: str, routes: Sequence[Route], situation: Situation) -> Ruling:
    """Decide about one piece of news for one recipient now; of several routes to him the quickest counts."""
    decision, through = leading(subject, recipient, routes, aware=situation.aware)
    rulings = [_by_route(route, situation) for route in through]
    waiting = [ruling for ruling in rulings if ruling.due_at is not None]
    if not rulings:
        return Ruling(decision)
    if now := [ruling for ruling in rulings if ruling.tells]:
        quickest = closest((ruling.waited_for for ruling in now), default=Decision.TELL)
        return next(ruling for ruling in now if ruling.waited_for is quickest)
    if waiting:
        return min(waiting, key=lambda ruling: ruling.due_at or situation.at)
    wanted = closest((ruling.decision for ruling in rulings), default=decision)
    return next(ruling for ruling in rulings if ruling.decision is wanted)


def _by_route(route: Route, situation: Situation) -> Ruling:
    # What was written down by a clock that was ahead must not wait for it.
    since_at, ended_at = min(situation.since_at, situation.at), situation.ended_at
    waited_for = Decision.TELL
    if route.after is not None and not situation.aware:
        if situation.acknowledged:
            return Ruling(Decision.ACKNOWLEDGED)
        since_at, waited_for = since_at + route.after, Decision.WAITING_FOR_ACKNOWLEDGEMENT
        if ended_at is not None and (route.digest is None or ended_at <= since_at):
            return Ruling(Decision.WAITING_FOR_ACKNOWLEDGEMENT)
        if since_at > situation.at:
            return Ruling(Decision.WAITING_FOR_ACKNOWLEDGEMENT, since_at)
    if route.digest is None:
        return Ruling(Decision.TELL, waited_for=waited_for)
    last_at = situation.digest_at
    if last_at is not None and last_at > situation.at:
        last_at = None
    due_at = next_digest(since_at, route.digest, situation.zone, last_at=last_at)
    if due_at > situation.at:
        return Ruling(Decision.WAITING_FOR_DIGEST, due_at)
    return Ruling(Decision.TELL, waited_for=Decision.WAITING_FOR_DIGEST)
