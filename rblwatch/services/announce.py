"""Commit news and its deliveries, in the transaction of whoever found the news.

Owns how news becomes an alert with a decision for every recipient. Must not send anything, nor word anything: what a
recipient reads is composed when the message leaves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rblwatch.core.alert import FIRST_LOOK_WAIT, Group, Kind, News
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing, scope_of
from rblwatch.core.routing import TOLD, Decision, Silence, Subject
from rblwatch.core.settings import Topic
from rblwatch.core.watchlist import Watchlist
from rblwatch.services.policy import Policy, Rulings
from rblwatch.store.repository import Repository
from rblwatch.store.rows import NewNews, Telling


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
        self.policy = policy
        self.at = at
        self.rulings = Rulings(repo, policy, at)

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
            self._store(alert_id, group, tellings, dict(zip(news_ids, (one.news for one in members), strict=True)))

    def tell(self, news: NewNews, recipients: Sequence[str], group: Group, *, key: str) -> None:
        """Add news that was already decided to be told to these recipients, at once."""
        alert_id, (news_id,) = self._add([news], group, key)
        tellings = [Telling(news_id=news_id, recipient=name, decision=Decision.TELL) for name in recipients]
        self._store(alert_id, group, tellings, {news_id: news})

    def pass_on(self, one: Announcement, recipient: str, *, aware: bool) -> None:
        """Add news that a recipient is to be told: when his routes say so, and at once where none of them says."""
        ruling = self.rulings.on(one.subject, recipient, self.rulings.situation(recipient, one.news, aware=aware))
        decision = ruling.decision if ruling.waits else Decision.TELL
        self._add_for(one, Telling(news_id=0, recipient=recipient, decision=decision, due_at=ruling.due_at))

    def mute(self, one: Announcement, recipient: str, silence: Silence) -> None:
        """Add news that a recipient would be told if it were not for a silence: it is taken up when that ends."""
        self._add_for(one, muted(Telling(news_id=0, recipient=recipient, decision=Decision.TELL), silence))

    def remind(self, about: Sequence[Announcement], recipient: str) -> None:
        """Add reminders for one recipient, who knows of all of this: with his digest, where his routes remind so."""
        alert_id, news_ids = self._add([one.news for one in about], Group.REMINDER, recipient)
        tellings = []
        for news_id, one in zip(news_ids, about, strict=True):
            ruling = self.rulings.reminding(
                one.subject, recipient, self.rulings.situation(recipient, one.news, aware=True)
            )
            telling = Telling(news_id=news_id, recipient=recipient, decision=ruling.decision, due_at=ruling.due_at)
            tellings.append(telling)
        self._store(alert_id, Group.REMINDER, tellings, dict(zip(news_ids, (one.news for one in about), strict=True)))

    def dispatch(self, alert_id: int, group: Group, tellings: Iterable[Telling]) -> list[Telling]:
        """Put an alert on its way to those who are to be told, and give the tellings the deliveries that they are in.

        Who already has one that waits, which the caller has seen to, hears of more in it.
        """
        waiting = self.repo.deliveries_of(alert_id)
        deliveries = dict(waiting)
        dispatched = []
        for telling in tellings:
            recipient = telling.recipient
            if telling.decision not in TOLD:
                dispatched.append(telling)
                continue
            if recipient not in deliveries:
                not_before = self.at + self._wait(group)
                deliveries[recipient] = self.repo.add_delivery(alert_id, recipient, not_before, self.at)
            decision = Decision.GROUPED if recipient in waiting else telling.decision
            dispatched.append(replace(telling, decision=decision, delivery_id=deliveries[recipient], due_at=None))
        return dispatched

    def open_alert(self, group: Group, key: str) -> int:
        """The alert of a group and key that gathers news, or a new one."""
        alert_id = self.repo.joinable_alert(group, key)
        return self.repo.add_alert(group, key, self.at) if alert_id is None else alert_id

    def take_along(self, tellings: Iterable[Telling], listing_ids: Mapping[int, int | None]) -> None:
        """Let what digests hold of the same pairs leave with these tellings, by the listings of their news."""
        together: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
        for telling in tellings:
            listing_id = listing_ids[telling.news_id]
            if telling.delivery_id is not None and listing_id is not None:
                together[telling.delivery_id, telling.recipient].append(listing_id)
        for (delivery_id, recipient), about in together.items():
            self.repo.join_held(delivery_id, recipient, about)

    def _hearing(self, one: Announcement) -> Collection[str]:
        """Who knows of the incident that has ended, or will by a message that is on its way; nobody for other news."""
        if one.news.incident_id is None or one.news.kind is not Kind.SIGHTED:
            return frozenset()
        return self.repo.aware_of_incident(one.news.incident_id)

    def _add(self, news: Sequence[NewNews], group: Group, key: str) -> tuple[int, list[int]]:
        alert_id = self.open_alert(group, key)
        return alert_id, self.repo.add_news(alert_id, *news)

    def _add_for(self, one: Announcement, telling: Telling) -> None:
        alert_id, (news_id,) = self._add([one.news], one.group, one.key)
        self._store(alert_id, one.group, [replace(telling, news_id=news_id)], {news_id: one.news})

    def _store(self, alert_id: int, group: Group, tellings: Sequence[Telling], news: Mapping[int, NewNews]) -> None:
        """Store decisions about news of one alert, and put it on its way to those who are to be told."""
        dispatched = self.dispatch(alert_id, group, tellings)
        self.repo.add_tellings(*dispatched)
        self.take_along(dispatched, {news_id: item.listing_id for news_id, item in news.items()})

    def _decisions(self, news_id: int, one: Announcement, aware: Collection[str]) -> Iterator[Telling]:
        """What becomes of one piece of news for each recipient."""
        for recipient in self.policy.recipients:
            situation = self.rulings.situation(recipient, one.news, aware=recipient in aware)
            ruling = self.rulings.on(one.subject, recipient, situation)
            telling = Telling(news_id=news_id, recipient=recipient, decision=ruling.decision, due_at=ruling.due_at)
            muting = self.rulings.muting(one.subject) if ruling.tells or ruling.waits else None
            yield telling if muting is None else muted(telling, muting)

    def _wait(self, group: Group) -> timedelta:
        match group:
            case Group.FIRST_LOOK:
                return max(FIRST_LOOK_WAIT, self.policy.group_wait)
            case Group.NEWS | Group.ENDED | Group.ESCALATED:
                return self.policy.group_wait
            case Group.INCIDENT | Group.STANDING | Group.REMINDER | Group.NOTICE | Group.DIGEST:
                return timedelta()


def muted(telling: Telling, silence: Silence) -> Telling:
    """A telling that a silence keeps back."""
    return replace(telling, decision=Decision.SILENCED, silence_id=silence.id, due_at=None)


def subject_of(listing: Listing, topic: Topic, watchlist: Watchlist, *, ended_otherwise: bool = False) -> Subject:
    """What routes and silences see of news about a listing.

    The servers are those of now and those that it was found under; the tags are those of now, as long as there are any.
    """
    servers = watchlist.servers.get(listing.target, ())
    blocklist = watchlist.blocklists.get(listing.blocklist)
    return Subject(
        topic=topic,
        severity=listing.severity,
        servers=tuple(dict.fromkeys((*servers, *listing.servers))),
        tags=watchlist.tags_of(listing.target) if servers else listing.tags,
        target=listing.target.text,
        blocklist=listing.blocklist,
        codes=listing.codes,
        scope=None if blocklist is None else scope_of(listing.codes, blocklist),
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
