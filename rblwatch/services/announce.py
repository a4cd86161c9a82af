"""Commit news and its deliveries, in the transaction of whoever found the news.

Owns how news becomes an alert with a decision for every recipient. Must not send anything, nor word anything: what a
recipient reads is composed when the message leaves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rblwatch.core.alert import FIRST_LOOK_WAIT, Group, Kind, News
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing
from rblwatch.core.routing import Decision, Silence, Subject, decide, silenced
from rblwatch.core.settings import Route, Settings, Topic
from rblwatch.core.watchlist import Watchlist
from rblwatch.store.repository import Repository
from rblwatch.store.rows import NewNews, Telling


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who is told what, and how long news is gathered."""

    recipients: tuple[str, ...]
    routes: tuple[Route, ...]
    group_wait: timedelta


def policy_of(settings: Settings) -> Policy:
    """The policy that a configuration asks for."""
    return Policy(
        recipients=tuple(channel.name for channel in settings.channels),
        routes=settings.routes,
        group_wait=settings.alerts.group_wait,
    )


@dataclass(frozen=True, slots=True)
class Announcement:
    """A piece of news for whom it may concern, and the alert that it belongs to."""

    news: NewNews
    subject: Subject
    group: Group
    key: str = ""


class Announcer:
    """Commits news under one policy, within one transaction."""

    def __init__(self, repo: Repository, policy: Policy, at: datetime) -> None:
        """`at`: when this is written, from which the news waits for more."""
        self.repo = repo
        self._policy = policy
        self.at = at
        self._silences: Sequence[Silence] | None = None

    def announce(self, announcements: Iterable[Announcement]) -> None:
        """Add news, each to the open alert of its group and key, with a decision for every recipient.

        No two of them are about the same listing: who knows of it is read before any of them is added.
        """
        alerts: dict[tuple[Group, str], list[Announcement]] = {}
        for one in announcements:
            alerts.setdefault((one.group, one.key), []).append(one)
        about = [one.news.listing_id for members in alerts.values() for one in members]
        aware = self.repo.aware(listing_id for listing_id in about if listing_id is not None)
        for (group, key), members in alerts.items():
            alert_id, news_ids = self._add([one.news for one in members], group, key)
            tellings = [
                telling
                for news_id, one in zip(news_ids, members, strict=True)
                for telling in self._decisions(news_id, one, aware.get(one.news.listing_id or 0) or self._hearing(one))
            ]
            self._deliver(alert_id, group, tellings)

    def tell(self, news: NewNews, recipients: Sequence[str], group: Group, *, key: str) -> None:
        """Add news that was already decided to be told, to these recipients."""
        alert_id, (news_id,) = self._add([news], group, key)
        tellings = [Telling(news_id=news_id, recipient=name, decision=Decision.TELL) for name in recipients]
        self._deliver(alert_id, group, tellings)

    def mute(self, news: NewNews, recipient: str, silence: Silence, group: Group, *, key: str) -> None:
        """Add news that a recipient would be told if it were not for a silence: it is taken up when that ends."""
        _, (news_id,) = self._add([news], group, key)
        self.repo.add_tellings(
            Telling(news_id=news_id, recipient=recipient, decision=Decision.SILENCED, silence_id=silence.id)
        )

    def _hearing(self, one: Announcement) -> Collection[str]:
        """Who knows of the incident that has ended, or will by a message that is on its way; nobody for other news."""
        if one.news.incident_id is None or one.news.kind is not Kind.SIGHTED:
            return frozenset()
        return self.repo.aware_of_incident(one.news.incident_id)

    def _add(self, news: Sequence[NewNews], group: Group, key: str) -> tuple[int, list[int]]:
        alert_id = self.repo.joinable_alert(group, key)
        if alert_id is None:
            alert_id = self.repo.add_alert(group, key, self.at)
        return alert_id, self.repo.add_news(alert_id, *news)

    def _decisions(self, news_id: int, one: Announcement, aware: Collection[str]) -> Iterator[Telling]:
        """What becomes of one piece of news for each recipient that a route leads to."""
        for recipient in self._policy.recipients:
            decision = decide(one.subject, recipient, self._policy.routes, aware=recipient in aware)
            if decision is Decision.NO_ROUTE:
                continue
            muting = self._muting(one.subject) if decision is Decision.TELL else None
            silence_id, why = (muting.id, Decision.SILENCED) if muting else (None, decision)
            yield Telling(news_id=news_id, recipient=recipient, decision=why, silence_id=silence_id)

    def _muting(self, subject: Subject) -> Silence | None:
        if self._silences is None:
            self._silences = self.repo.silences(self.at)
        return silenced(subject, self._silences, self.at)

    def _deliver(self, alert_id: int, group: Group, tellings: Sequence[Telling]) -> None:
        """Store decisions about news of one alert, and put it on its way to those who are to be told."""
        deliveries = self.repo.deliveries_of(alert_id)
        told = dict.fromkeys(telling.recipient for telling in tellings if telling.decision is Decision.TELL)
        for recipient in told:
            if recipient not in deliveries:
                not_before = self.at + self._wait(group)
                deliveries[recipient] = self.repo.add_delivery(alert_id, recipient, not_before, self.at)
        self.repo.add_tellings(
            *(
                replace(telling, delivery_id=deliveries[telling.recipient])
                if telling.decision is Decision.TELL
                else telling
                for telling in tellings
            )
        )

    def _wait(self, group: Group) -> timedelta:
        match group:
            case Group.FIRST_LOOK:
                return max(FIRST_LOOK_WAIT, self._policy.group_wait)
            case Group.NEWS | Group.ENDED:
                return self._policy.group_wait
            case Group.INCIDENT | Group.STANDING | Group.NOTICE:
                return timedelta()


def subject_of(listing: Listing, topic: Topic, watchlist: Watchlist, *, ended_otherwise: bool = False) -> Subject:
    """What routes and silences see of news about a listing.

    The servers are those of now and those that it was found under; the tags are those of now, as long as there are any.
    """
    servers = watchlist.servers.get(listing.target, ())
    return Subject(
        topic=topic,
        severity=listing.severity,
        servers=tuple(dict.fromkeys((*servers, *listing.servers))),
        tags=watchlist.tags_of(listing.target) if servers else listing.tags,
        target=listing.target.text,
        blocklist=listing.blocklist,
        codes=listing.codes,
        ended_otherwise=ended_otherwise,
    )


def subject_about(news: News | NewNews, watchlist: Watchlist) -> Subject:
    """What routes and silences see of news about servers that is about no listing; its tags are those of now."""
    return Subject(
        topic=Topic(news.kind.value),
        servers=news.servers,
        tags=frozenset().union(*(watchlist.tags.get(name, frozenset()) for name in news.servers)),
        target=news.target,
        blocklist=news.blocklist,
        codes=news.codes,
    )


def incident_subject(incident: Incident, *, ended: bool = False) -> Subject:
    """What routes and silences see of news about an incident; its end is told to whoever was told of it."""
    return Subject(topic=Topic.BLIND, blocklist=incident.blocklist, ended_otherwise=ended)


def ending(listing: Listing, cause: str, watchlist: Watchlist, at: datetime) -> Announcement:
    """The news, for whoever was told of a listing, that it ended but was not delisted; one message per cause."""
    news = NewNews(kind=Kind.ENDED, at=at, listing_id=listing.id, codes=listing.codes, text=cause)
    subject = subject_of(listing, Topic.DELISTED, watchlist, ended_otherwise=True)
    return Announcement(news, subject, Group.ENDED, cause)
