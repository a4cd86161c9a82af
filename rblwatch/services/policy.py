"""What a configuration says about who is told what and when, and the rulings that follow from it in one transaction.

Owns what a decision is made from: routes, silences, acknowledgements, the last digest. Must not store a decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from zoneinfo import ZoneInfo

from rblwatch.core.holding import Ruling, Situation, rule
from rblwatch.core.reminder import reminding
from rblwatch.core.routing import Silence, Subject, silenced
from rblwatch.core.settings import Route, Settings
from rblwatch.services.acknowledged import Acknowledged
from rblwatch.store.repository import Repository
from rblwatch.store.rows import NewNews


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who is told what, and how long news is gathered."""

    recipients: tuple[str, ...]
    routes: tuple[Route, ...]
    group_wait: timedelta
    zone: tzinfo = UTC
    """Of the times of day in routes."""


def policy_of(settings: Settings) -> Policy:
    """The policy that a configuration asks for."""
    return Policy(
        recipients=tuple(channel.name for channel in settings.channels),
        routes=settings.routes,
        group_wait=settings.alerts.group_wait,
        zone=ZoneInfo(settings.schedule.timezone),
    )


class Rulings:
    """Decides under one policy, from what is stored within one transaction; reads only what the routes ask for."""

    def __init__(self, repo: Repository, policy: Policy, at: datetime) -> None:
        self._repo = repo
        self._policy = policy
        self._at = at

    def on(self, subject: Subject, recipient: str, situation: Situation) -> Ruling:
        """What becomes of news for one recipient now, silences apart."""
        return rule(subject, recipient, self._policy.routes, situation)

    def reminding(self, subject: Subject, recipient: str, situation: Situation) -> Ruling:
        """What becomes of a reminder for one recipient who knows of the subject now, silences apart."""
        return rule(subject, recipient, reminding(subject, recipient, self._policy.routes), situation)

    def situation(self, recipient: str, news: NewNews, *, aware: bool) -> Situation:
        """The situation in which news for one recipient is committed now."""
        return Situation(
            at=self._at,
            since_at=self._at,
            zone=self._policy.zone,
            digest_at=self.digests.get(recipient),
            aware=aware,
            acknowledged=self.acknowledged.covers(news),
        )

    def muting(self, subject: Subject) -> Silence | None:
        """The silence that mutes a subject longest, if any does."""
        return silenced(subject, self._silences, self._at)

    @cached_property
    def digests(self) -> Mapping[str, datetime]:
        """When the last digest left, by recipient."""
        return self._repo.digests() if any(route.digest for route in self._policy.routes) else {}

    @cached_property
    def acknowledged(self) -> Acknowledged:
        """What somebody looks after: it is asked only where news waits for that, or somebody is reminded."""
        wanted = any(route.after or route.remind_every for route in self._policy.routes)
        return Acknowledged.now(self._repo) if wanted else Acknowledged()

    @cached_property
    def _silences(self) -> Sequence[Silence]:
        return self._repo.silences(self._at)
