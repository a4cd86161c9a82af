"""Take up what was held back from recipients: for the digest, for an acknowledgement, or because it came and went.

Theory of operation. What is held has a due time in the database, and nothing in memory. When it is due it is decided
anew, under the routes, the silences and the acknowledgements of now and by what is still true: it is told, or it waits
for something else, or the reason why it is not told is stored. Under a changed configuration all of it is decided
anew, due or not. A digest takes all that waits for one, even what is due later that day: there is one for every date.

Owns the step from what is held to a message on its way. Must not decide how long anything is held.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rblwatch.core.alert import Drop, Group, Kind
from rblwatch.core.holding import Ruling, Situation
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing
from rblwatch.core.routing import Decision, Subject
from rblwatch.core.settings import Topic
from rblwatch.core.watchlist import Watchlist
from rblwatch.services.announce import Announcer, incident_subject, muted, subject_about, subject_of
from rblwatch.services.policy import Policy
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import NewNews, Telling

#: In what kind of message news leaves, by what it was held for.
_GROUPS = {
    Decision.WAITING_FOR_DIGEST: Group.DIGEST,
    Decision.WAITING_FOR_ACKNOWLEDGEMENT: Group.ESCALATED,
    Decision.TELL: Group.NEWS,
}
#: What the kinds of news are for routes that are called otherwise there.
_TOPICS = {Kind.ENDED: Topic.DELISTED, Kind.REMINDER: Topic.LISTED}
#: Longer than anything is held.
_LONG_AGO = timedelta(days=4000)


async def release_due(store: Store, watchlist: Watchlist, policy: Policy, at: datetime, *, anew: bool = False) -> None:
    """Tell what is held and due, or store why not; with `anew`, decide about all of it, since the clock was stepped.

    Raises: StoreError.
    """
    if anew or await store.read(lambda queries: queries.any_due(at)):
        await store.write(lambda repo: release(repo, watchlist, policy, at, anew=anew))


def release(repo: Repository, watchlist: Watchlist, policy: Policy, at: datetime, *, anew: bool = False) -> None:
    """Decide anew about what is held and due, or with `anew` about all that waits for a digest or for somebody."""
    held = repo.held()
    taken = [telling for telling in held if _taken(telling, at, anew=anew)]
    if taken:
        _Release(Announcer(repo, policy, at), watchlist, held).run(taken)


def _taken(telling: Telling, at: datetime, *, anew: bool) -> bool:
    is_due = telling.due_at is not None and telling.due_at <= at
    return is_due or (anew and telling.decision is not Decision.REPEATED_TOO_SOON)


@dataclass(frozen=True, slots=True)
class _Decided:
    """A telling as it becomes, and what it was held for if it is told now."""

    telling: Telling
    waited_for: Decision | None = None


class _Release:
    """One look at what is held."""

    def __init__(self, announcer: Announcer, watchlist: Watchlist, held: Sequence[Telling]) -> None:
        self._announcer = announcer
        self._repo = announcer.repo
        self._watchlist = watchlist
        self._held = held
        self._news: Mapping[int, NewNews] = self._repo.news_as_committed({telling.news_id for telling in held})
        about = {news.listing_id for news in self._news.values() if news.listing_id is not None}
        self._listings: Mapping[int, Listing] = self._repo.listings(about)
        self._aware = self._repo.aware(about)
        incident_ids = {news.incident_id for news in self._news.values() if news.incident_id is not None}
        self._incidents: Mapping[int, Incident] = self._repo.incidents_by_id(incident_ids)
        self._hearing = {incident_id: self._repo.aware_of_incident(incident_id) for incident_id in incident_ids}

    def run(self, taken: Sequence[Telling]) -> None:
        decided = [self._decide(telling) for telling in taken]
        decided = self._fill_digests(decided)
        by_group: defaultdict[Group, list[Telling]] = defaultdict(list)
        for one in decided:
            if one.waited_for is not None:
                by_group[_GROUPS[one.waited_for]].append(one.telling)
        kept = [one.telling for one in decided if one.waited_for is None]
        self._repo.take_up(kept)
        for group, tellings in by_group.items():
            self._send(group, tellings)

    def _send(self, group: Group, tellings: Sequence[Telling]) -> None:
        key = f"{self._announcer.at.astimezone(self._announcer.policy.zone):%Y-%m-%d}" if group is Group.DIGEST else ""
        alert_id = self._announcer.open_alert(group, key)
        dispatched = self._announcer.dispatch(alert_id, group, tellings)
        self._repo.take_up(dispatched)
        self._announcer.take_along(dispatched, {news_id: news.listing_id for news_id, news in self._news.items()})

    def _fill_digests(self, decided: Sequence[_Decided]) -> list[_Decided]:
        """Let digests leave with all that waits for them; none of a recipient who just had one otherwise."""
        leaving = {one.telling.recipient for one in decided if one.waited_for is Decision.WAITING_FOR_DIGEST}
        last = self._announcer.rulings.digests
        at = self._announcer.at
        gone = {name for name in leaving if not self._repo.count_digest(name, at, last_at=last.get(name))}
        seen = {(one.telling.news_id, one.telling.recipient) for one in decided}
        rest = [
            self._decide(telling)
            for telling in self._held
            if telling.recipient in leaving
            and telling.decision is Decision.WAITING_FOR_DIGEST
            and (telling.news_id, telling.recipient) not in seen
        ]
        return [
            _with_digest(one) if one.telling.recipient in leaving else one
            for one in (*decided, *rest)
            if one.telling.recipient not in gone
        ]

    def _decide(self, telling: Telling) -> _Decided:
        news, recipient = self._news[telling.news_id], telling.recipient
        subject, aware = self._subject(news), self._is_aware(news, recipient)
        if recipient not in self._announcer.policy.recipients:
            return _Decided(replace(telling, decision=Decision.NO_ROUTE, due_at=None))
        if aware and news.kind is Kind.LISTED:
            return _Decided(replace(telling, dropped=Drop.ALREADY_TOLD, due_at=None))
        if news.kind is Kind.REMINDER:
            return self._reminder(telling, news, subject, aware=aware)
        situation = self._announcer.rulings.situation(recipient, news, aware=aware)
        since_at = self._since_at(telling, news)
        situation = replace(situation, since_at=since_at, ended_at=self._ended_at(news))
        ruling = self._ruling(subject, recipient, situation)
        muting = self._announcer.rulings.muting(subject) if ruling.tells else None
        if muting is not None:
            return _Decided(muted(telling, muting))
        after = replace(telling, decision=ruling.decision, due_at=ruling.due_at)
        if ruling.decision is Decision.WAITING_FOR_ACKNOWLEDGEMENT and not ruling.waits:
            after = replace(after, dropped=Drop.OVER)
        return _Decided(after, ruling.waited_for if ruling.tells else None)

    def _reminder(self, telling: Telling, news: NewNews, subject: Subject, *, aware: bool) -> _Decided:
        """What becomes of a reminder that waits for the digest; one that is not told is due again while it is so."""
        rulings, recipient, over = self._announcer.rulings, telling.recipient, replace(telling, due_at=None)
        if self._ended_at(news) is not None or not aware:
            return _Decided(replace(over, dropped=Drop.OVER))
        if rulings.acknowledged.covers(news):
            return _Decided(replace(over, decision=Decision.ACKNOWLEDGED))
        if (muting := rulings.muting(subject)) is not None:
            return _Decided(muted(telling, muting))
        situation = rulings.situation(recipient, news, aware=True)
        ruling = rulings.reminding(subject, recipient, replace(situation, since_at=self._since_at(telling, news)))
        after = replace(telling, decision=ruling.decision, due_at=ruling.due_at)
        return _Decided(after, ruling.waited_for if ruling.tells else None)

    def _ruling(self, subject: Subject, recipient: str, situation: Situation) -> Ruling:
        ruling = self._announcer.rulings.on(subject, recipient, situation)
        is_promised = subject.is_end and situation.aware and not ruling.waits
        # He was to be told how it ended: that its routes are gone meanwhile leaves him believing that it stands.
        return Ruling(Decision.TELL) if is_promised and not ruling.tells else ruling

    def _since_at(self, telling: Telling, news: NewNews) -> datetime:
        """Since when news waits; if a clock wrote it down that was ahead, its due time is all there is to go by."""
        at = self._announcer.at
        is_due = telling.due_at is not None and telling.due_at <= at
        return news.at if news.at <= at or not is_due else at - _LONG_AGO

    def _subject(self, news: NewNews) -> Subject:
        if news.listing_id is not None:
            topic = _TOPICS.get(news.kind) or Topic(news.kind.value)
            is_otherwise = news.kind is Kind.ENDED
            return subject_of(self._listings[news.listing_id], topic, self._watchlist, ended_otherwise=is_otherwise)
        if news.incident_id is not None:
            return incident_subject(self._incidents[news.incident_id], ended=news.kind is Kind.SIGHTED)
        if news.kind is Kind.NOTICE:
            return Subject(topic=Topic.BLIND)
        return subject_about(news, self._watchlist)

    def _is_aware(self, news: NewNews, recipient: str) -> bool:
        if news.listing_id is not None:
            return recipient in self._aware.get(news.listing_id, ())
        return news.kind in (Kind.SIGHTED, Kind.REMINDER) and recipient in self._hearing.get(news.incident_id or 0, ())

    def _ended_at(self, news: NewNews) -> datetime | None:
        if news.listing_id is not None:
            return self._listings[news.listing_id].ended_at
        return self._incidents[news.incident_id].ended_at if news.incident_id is not None else None


def _with_digest(one: _Decided) -> _Decided:
    """What waits for the digest that leaves now is in it."""
    if one.telling.decision is not Decision.WAITING_FOR_DIGEST:
        return one
    return _Decided(replace(one.telling, decision=Decision.TELL), Decision.WAITING_FOR_DIGEST)
