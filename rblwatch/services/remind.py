"""Remind recipients of what they were told of and still stands.

Theory of operation. When a reminder is due follows from what is stored: what a recipient was told last about a listing
or an incident, and the reminders that he had. So a restart neither repeats nor loses one. A reminder is news of its
own, for one recipient; all that is due for him is one message, or goes into his digest where the route that reminds
has one.

Owns who is reminded of what now. Must not decide how often, which is `core/reminder.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from rblwatch.core.alert import Group, Kind
from rblwatch.core.reminder import EARLY_SHARE, gather, latest, remind_after, reminding
from rblwatch.core.routing import Subject
from rblwatch.core.settings import Topic
from rblwatch.core.watchlist import Watchlist
from rblwatch.services.announce import Announcement, Announcer, incident_subject, subject_of
from rblwatch.services.policy import Policy
from rblwatch.store.database import Store
from rblwatch.store.queries import Queries
from rblwatch.store.repository import Repository
from rblwatch.store.rows import NewNews


async def remind_due(store: Store, watchlist: Watchlist, policy: Policy, at: datetime) -> None:
    """Remind whoever is due for it.

    Raises: StoreError.
    """
    intervals = _intervals(policy)
    if bool(intervals) and await store.read(lambda queries: _any_told(queries, intervals, at)):
        await store.write(lambda repo: remind(repo, watchlist, policy, at))


def remind(repo: Repository, watchlist: Watchlist, policy: Policy, at: datetime) -> None:
    """Put reminders on their way, one message for every recipient."""
    for recipient, every in _intervals(policy).items():
        _Reminders(Announcer(repo, policy, at), watchlist, recipient, every).run()


def _intervals(policy: Policy) -> Mapping[str, timedelta]:
    """Recipients that any route reminds, and how soon the most frequent does."""
    found = {name: remind_after([r for r in policy.routes if name in r.channels]) for name in policy.recipients}
    return {name: every for name, every in found.items() if every is not None}


def _any_told(queries: Queries, intervals: Mapping[str, timedelta], at: datetime) -> bool:
    """Whether there is anything that somebody may be due to be reminded of."""
    return any(
        queries.told_until(name, at - every, ahead_of=at + every) or queries.blind_told(name)
        for name, every in intervals.items()
    )


class _Reminders:
    """One look at what one recipient was told."""

    def __init__(self, announcer: Announcer, watchlist: Watchlist, recipient: str, every: timedelta) -> None:
        self._announcer = announcer
        self._repo = announcer.repo
        self._watchlist = watchlist
        self._recipient = recipient
        self._every = every

    def run(self) -> None:
        last = dict((*self._listings(), *self._incidents()))
        if about := gather(last, self._announcer.at):
            self._announcer.remind(about, self._recipient)

    def _listings(self) -> Iterator[tuple[Announcement, tuple[datetime, timedelta]]]:
        """What he may be reminded of: when he was told of it last, and how often he is reminded."""
        at, acknowledged = self._announcer.at, self._announcer.rulings.acknowledged.listings
        told = self._repo.told_until(self._recipient, at - self._every * (1 - EARLY_SHARE), ahead_of=at + self._every)
        reminded = self._repo.reminded_of_listings(self._recipient, told)
        listings = self._repo.listings(told.keys() - acknowledged)
        for listing in listings.values():
            news = NewNews(kind=Kind.REMINDER, at=at, listing_id=listing.id, codes=listing.codes)
            subject = subject_of(listing, Topic.LISTED, self._watchlist)
            yield from self._due(news, subject, told[listing.id], reminded.get(listing.id, told[listing.id]))

    def _incidents(self) -> Iterator[tuple[Announcement, tuple[datetime, timedelta]]]:
        """The same of incidents that blind us."""
        at, acknowledged = self._announcer.at, self._announcer.rulings.acknowledged.incidents
        told = self._repo.blind_told(self._recipient)
        reminded = self._repo.reminded_of_incidents(self._recipient, told)
        for incident in self._repo.incidents_by_id(told.keys() - acknowledged).values():
            news = NewNews(kind=Kind.REMINDER, at=at, incident_id=incident.id)
            subject = incident_subject(incident)
            yield from self._due(news, subject, told[incident.id], reminded.get(incident.id, told[incident.id]))

    def _due(
        self, news: NewNews, subject: Subject, told_at: datetime, reminded_at: datetime | None
    ) -> Iterator[tuple[Announcement, tuple[datetime, timedelta]]]:
        """What one reminder is counted from, unless it is not wanted now or another one is on its way."""
        every = remind_after(reminding(subject, self._recipient, self._announcer.policy.routes))
        if every is None or reminded_at is None or self._announcer.rulings.muting(subject) is not None:
            return
        one = Announcement(news, subject, Group.REMINDER, self._recipient)
        yield one, (latest([told_at, reminded_at], every, self._announcer.at), every)
