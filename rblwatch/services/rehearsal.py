"""Go through what happened once more, under a policy, and see what is told.

Theory of operation. The services that decide, hold, gather, compose and write down are the very ones of the daemon;
they work on a database in memory, on a clock that leaps from one moment at which anything happens or is due to the
next, and every message arrives at once. Only where a message really was late, or was given up, so is the one here that
tells the same to the same channel: that the chat was down is no matter of policy.

Owns that clock. Must not read or write any other database, nor know what stands when it begins (`stage.py`).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rblwatch.core.acknowledgement import Acknowledgement
from rblwatch.core.alert import Group, Kind, Line, News
from rblwatch.core.routing import Silence, Subject, stand_ins
from rblwatch.core.settings import Topic
from rblwatch.core.watchlist import Watchlist
from rblwatch.services.announce import Announcement, Announcer, ending, incident_subject, subject_about, subject_of
from rblwatch.services.catch_up import catch_up, catch_up_after_silences
from rblwatch.services.deliver import set_aside, write_receipt
from rblwatch.services.distress import failing_channel
from rblwatch.services.draft import draft
from rblwatch.services.past import Event, FirstLooksDone, Found, events
from rblwatch.services.policy import Policy
from rblwatch.services.release import release
from rblwatch.services.remind import remind
from rblwatch.services.stage import Stage
from rblwatch.store.past import History
from rblwatch.store.rows import Delivery, DeliveryState, Telling
from rblwatch.store.scratch import Scratch

_LEASE = timedelta(minutes=1)
_HOLDER = "replay:1"
_ROOM = 1000
#: A message that left so long after it could have was late.
_LATE = timedelta(minutes=1)
#: When a message is tried again that never arrived.
_NEVER = timedelta(days=4000)


@dataclass(frozen=True, slots=True)
class Read:
    """One line that a recipient read."""

    at: datetime
    channel: str
    line: Line
    news: News


class Rehearsal:
    """One run through a history."""

    def __init__(self, scratch: Scratch, history: History, watchlist: Watchlist, policy: Policy) -> None:
        self._scratch = scratch
        self._history = history
        self._watchlist = watchlist
        self._policy = policy
        self._stage = Stage(scratch, history)
        self._sources: dict[int, int] = {}
        """News here, and which it is in the history."""
        self._became = {(one.news_id, one.recipient): one for one in history.tellings}
        self._intervals = {route.remind_every for route in policy.routes if route.remind_every is not None}
        self._reminders: list[datetime] = []
        """When somebody may be due to be reminded, as a heap."""
        self.read: list[Read] = []

    def run(self, begin_at: datetime, until: datetime) -> None:
        """Go through what happened from a moment on, as if the policy had been put to work then."""
        happened = events(self._history)
        self._stage.set([event for at, event in happened if at < begin_at], self._policy.recipients, begin_at)
        for one in self._history.deliveries.values():
            if one.sent_at is not None and one.sent_at < begin_at:
                self._remind_after(one.sent_at)
        catch_up(self._scratch, self._watchlist, self._policy, begin_at)
        self._pass_on(begin_at)
        left = [(at, event) for at, event in happened if begin_at <= at <= until]
        left.reverse()
        now = begin_at
        while (following := self._next_at(now, left)) is not None and following <= until:
            now = max(now, following)
            while left and left[-1][0] <= now:
                self._take(left.pop()[1], now)
            self._pass_on(now)

    def became(self) -> dict[tuple[int, str], Telling]:
        """What became here of news of the history, by its id there and the recipient."""
        tellings = self._scratch.tellings_of(self._sources)
        return {(self._sources[one.news_id], one.recipient): one for one in tellings}

    def _next_at(self, now: datetime, left: list[tuple[datetime, Event]]) -> datetime | None:
        while self._reminders and self._reminders[0] <= now:
            heapq.heappop(self._reminders)
        reminder_at = self._reminders[0] if self._reminders else None
        moments = (left[-1][0] if left else None, self._scratch.next_at(now), reminder_at)
        return min((moment for moment in moments if moment is not None), default=None)

    # --- what happens ---

    def _take(self, event: Event, at: datetime) -> None:
        match event:
            case Found():
                self._stage.note(event)
                self._announce(event, at)
            case FirstLooksDone():
                self._scratch.set_not_before(self._scratch.waiting_alerts(Group.FIRST_LOOK), at)
            case Silence():
                self._scratch.put_silence(event, at)
            case Acknowledgement():
                self._scratch.put_acknowledgement(event)

    def _announce(self, found: Found, at: datetime) -> None:
        """Commit news anew, as it was committed."""
        past, before = found.past, self._scratch.last_news_id()
        announcer = Announcer(self._scratch, self._policy, at)
        about = failing_channel(past.key) if past.group is Group.NOTICE else None
        if about is None:
            announcer.announce([Announcement(past.news, self._subject(found), past.group, past.key)])
        elif others := stand_ins(about, self._policy.routes):
            told = [name for name in others if name in self._policy.recipients]
            announcer.tell(past.news, told, Group.NOTICE, key=past.key)
        if (own := self._scratch.last_news_id()) != before:
            self._sources[own] = past.id

    def _subject(self, found: Found) -> Subject:
        news, listing = found.past.news, found.listing
        if listing is not None and news.kind is Kind.ENDED:
            return ending(listing, news.text, self._watchlist, news.at).subject
        if listing is not None:
            return subject_of(listing, Topic(news.kind.value), self._watchlist)
        if news.incident_id is not None:
            return incident_subject(self._history.incidents[news.incident_id], ended=news.kind is Kind.SIGHTED)
        return Subject(topic=Topic.BLIND) if news.kind is Kind.NOTICE else subject_about(news, self._watchlist)

    # --- what a daemon does every second ---

    def _pass_on(self, at: datetime) -> None:
        """Look at silences and at what is held, and let leave what is due."""
        if self._scratch.has_silences():
            catch_up_after_silences(self._scratch, self._watchlist, self._policy, at)
        if self._scratch.any_due(at):
            release(self._scratch, self._watchlist, self._policy, at)
        before = len(self.read), self._scratch.last_news_id()
        if self._intervals:
            remind(self._scratch, self._watchlist, self._policy, at)
        self._deliver(at)
        if before != (len(self.read), self._scratch.last_news_id()):
            self._remind_after(at)

    def _remind_after(self, at: datetime) -> None:
        """Look for reminders an interval after anything may have been told."""
        for interval in self._intervals:
            heapq.heappush(self._reminders, at + interval)

    def _deliver(self, at: datetime) -> None:
        for waiting in self._scratch.untried(at):
            until = self._late_until(waiting, at)
            if until > at:
                self._scratch.put_off(waiting.id, until)
        while claimed := self._scratch.claim(
            at, holder=_HOLDER, lease=_LEASE, room=lambda names: dict.fromkeys(names, _ROOM)
        ):
            for delivery in claimed:
                self._send(delivery, at)

    def _send(self, delivery: Delivery, at: datetime) -> None:
        original = self._original(delivery)
        if original is not None and (again_at := _retried_at(original, at)) is not None:
            self._scratch.finish(delivery, state=DeliveryState.WAITING, at=at, next_at=again_at)
            return
        composed = draft(self._scratch.queries, self._watchlist, delivery, at)
        if composed.empty or composed.muted:
            set_aside(self._scratch, composed, at)
        if composed.empty:
            return
        failed = original is not None and original.state is DeliveryState.FAILED
        self._scratch.finish(delivery, state=DeliveryState.FAILED if failed else DeliveryState.SENT, at=at)
        if not failed:
            write_receipt(self._scratch, composed, at)
            self.read.extend(Read(at, delivery.recipient, line, item) for line, item in composed.composed.lines)

    def _original(self, delivery: Delivery) -> Delivery | None:
        """The message by which some of its news really went to the same recipient."""
        for telling in self._scratch.queries.tellings(delivery.id):
            source = self._became.get((self._sources.get(telling.news_id, 0), delivery.recipient))
            if source is not None and source.delivery_id is not None:
                return self._history.deliveries[source.delivery_id]
        return None

    def _late_until(self, delivery: Delivery, at: datetime) -> datetime:
        """Until when a message waits that could leave now, since the one that really was sent had to."""
        original = self._original(delivery)
        if original is None or original.first_tried_at is None or at < original.not_before - _LATE:
            return at
        return max(at, original.first_tried_at)


def read_by(history: History) -> Iterator[Read]:
    """What everybody really read."""
    items = {item.id: item for item in history.news}
    for telling in history.tellings:
        delivery = history.deliveries.get(telling.delivery_id or 0)
        if telling.line is None or delivery is None or delivery.sent_at is None:
            continue
        item = items[telling.news_id]
        news, names = item.news, ("kind", "at", "codes", "before", "text", "servers", "target", "blocklist")
        about = {name: getattr(news, name) for name in names}
        listing = history.listings.get(news.listing_id or 0)
        incident = history.incidents.get(news.incident_id or 0)
        said = News(id=item.id, listing=listing, incident=incident, **about)
        yield Read(delivery.sent_at, telling.recipient, telling.line, said)


def _retried_at(original: Delivery, at: datetime) -> datetime | None:
    """When a message is tried again whose original was not sent at once; None: it arrives, or is given up, now."""
    if at < original.not_before - _LATE or original.first_tried_at is None:
        return None
    if original.state in (DeliveryState.WAITING, DeliveryState.CLAIMED):
        return at + _NEVER
    is_later = original.attempts > 1 and original.sent_at is not None and original.sent_at > at
    return original.sent_at if is_later else None
