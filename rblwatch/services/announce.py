"""Commit news and its deliveries, in the transaction of whoever found the news.

Owns how news becomes an alert with a decision for every recipient. Must not send anything, nor word anything: what a
recipient reads is composed when the message leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rblwatch.core.alert import FIRST_LOOK_WAIT, Group, Kind
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


class Announcer:
    """Commits news under one policy, within one transaction."""

    def __init__(self, repo: Repository, policy: Policy, at: datetime) -> None:
        self._repo = repo
        self._policy = policy
        self.at = at
        self._silences: Sequence[Silence] | None = None

    def announce(self, news: NewNews, subject: Subject, group: Group, *, key: str = "") -> None:
        """Add one piece of news to the open alert of its group and key, with a decision for every recipient."""
        alert_id, news_id = self._add(news, group, key)
        aware = self._repo.aware(news.listing_id) if news.listing_id is not None else set()
        for recipient in self._policy.recipients:
            decision = decide(subject, recipient, self._policy.routes, aware=recipient in aware)
            muting = self._muting(subject) if decision is Decision.TELL else None
            if decision is Decision.NO_ROUTE:
                continue
            if decision is not Decision.TELL or muting is not None:
                silence_id, why = (muting.id, Decision.SILENCED) if muting else (None, decision)
                telling = Telling(news_id=news_id, recipient=recipient, decision=why, silence_id=silence_id)
                self._repo.add_telling(telling)
            else:
                self._deliver(news_id, alert_id, recipient, group)

    def tell(self, news: NewNews, recipients: Sequence[str], group: Group, *, key: str) -> None:
        """Add news that was already decided to be told, to these recipients."""
        alert_id, news_id = self._add(news, group, key)
        for recipient in recipients:
            self._deliver(news_id, alert_id, recipient, group)

    def mute(self, news: NewNews, recipient: str, silence: Silence, group: Group, *, key: str) -> None:
        """Add news that a recipient would be told if it were not for a silence: it is taken up when that ends."""
        _, news_id = self._add(news, group, key)
        self._repo.add_telling(
            Telling(news_id=news_id, recipient=recipient, decision=Decision.SILENCED, silence_id=silence.id)
        )

    def _add(self, news: NewNews, group: Group, key: str) -> tuple[int, int]:
        alert_id = self._repo.joinable_alert(group, key)
        if alert_id is None:
            alert_id = self._repo.add_alert(group, key, self.at)
        return alert_id, self._repo.add_news(alert_id, news)

    def _muting(self, subject: Subject) -> Silence | None:
        if self._silences is None:
            self._silences = self._repo.silences(self.at)
        return silenced(subject, self._silences, self.at)

    def _deliver(self, news_id: int, alert_id: int, recipient: str, group: Group) -> None:
        delivery_id = self._delivery(alert_id, recipient, group)
        self._repo.add_telling(
            Telling(news_id=news_id, recipient=recipient, decision=Decision.TELL, delivery_id=delivery_id)
        )

    def _delivery(self, alert_id: int, recipient: str, group: Group) -> int:
        there = self._repo.delivery_to(alert_id, recipient)
        if there is not None:
            return there.id
        return self._repo.add_delivery(alert_id, recipient, self.at + self._wait(group), self.at)

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


def announce_end(announcer: Announcer, listing: Listing, cause: str, watchlist: Watchlist) -> None:
    """Tell whoever was told of a listing that it ended, but was not delisted; one message per cause."""
    news = NewNews(kind=Kind.ENDED, at=announcer.at, listing_id=listing.id, codes=listing.codes, text=cause)
    subject = subject_of(listing, Topic.DELISTED, watchlist, ended_otherwise=True)
    announcer.announce(news, subject, Group.ENDED, key=cause)
