"""What stands in a database in memory while history is gone through once more.

Owns how listings and incidents get there as they were at the time, and what everybody knew of them when it begins. Must
not decide who is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from rblwatch.core.acknowledgement import Acknowledgement
from rblwatch.core.alert import Kind, Line, Told
from rblwatch.core.routing import Silence
from rblwatch.services.past import Event, Found
from rblwatch.store.past import History
from rblwatch.store.rows import Delivery, DeliveryState, Telling
from rblwatch.store.scratch import Scratch

#: What a recipient knows of a listing after each line; any other one tells that it is open.
_KNOWS = {Line.UNROUTED: Told.NEVER, Line.DELISTED: Told.CLOSED, Line.ENDED: Told.CLOSED, Line.WAS_LISTED: Told.CLOSED}
_ENDS = (Kind.DELISTED, Kind.ENDED, Kind.SIGHTED)


class Stage:
    """What is listed, and what blinds us, at one moment after the other."""

    def __init__(self, scratch: Scratch, history: History) -> None:
        self._scratch = scratch
        self._history = history
        self._listings: set[int] = set()
        self._incidents: set[int] = set()

    def set(self, past: Iterable[Event], recipients: Iterable[str], at: datetime) -> None:
        """Put there what stood at a moment, after all that happened before, and what everybody knew of it."""
        for name in recipients:
            self._scratch.add_recipient(name, min(self._history.recipients.get(name, at), at))
        latest: dict[tuple[int | None, int | None], Found] = {}
        for event in past:
            match event:
                case Found(item):
                    latest[item.news.listing_id, item.news.incident_id] = event
                case Silence() if event.until_at > at:
                    self._scratch.put_silence(event, at)
                case Acknowledgement():
                    self._scratch.put_acknowledgement(event)
        self._stand(latest.values(), at)
        self._remember(at)

    def note(self, found: Found) -> None:
        """Write down what news is about, as it was once it was news."""
        self._put(found)
        if found.listing is not None and found.transition is not None:
            self._scratch.add_transitions([(found.listing.id, found.transition)], found.past.news.at)

    def _stand(self, latest: Iterable[Found], at: datetime) -> None:
        """Put there what the last news of each listing and incident left standing, with how it came to that."""
        for found in latest:
            if found.past.news.kind not in _ENDS:
                self._put(found)
        for listing_id in self._listings:
            for recorded_at, transition in self._history.transitions.get(listing_id, ()):
                if recorded_at < at:
                    self._scratch.add_transitions([(listing_id, transition)], recorded_at)

    def _put(self, found: Found) -> None:
        news, listing = found.past.news, found.listing
        if listing is not None:
            if listing.id not in self._listings:
                self._listings.add(listing.id)
                self._scratch.put_listing(listing)
            self._scratch.update_listings([listing])
            if listing.ended_at is not None and listing.ended_by is not None:
                self._scratch.end_listings([(listing.id, listing.ended_at, listing.ended_by)])
        elif news.incident_id is not None:
            incident = self._history.incidents[news.incident_id]
            if incident.id not in self._incidents:
                self._incidents.add(incident.id)
                self._scratch.put_incident(incident)
            if news.kind is Kind.SIGHTED and incident.ended_at is not None:
                self._scratch.end_incident(incident.id, incident.ended_at)

    def _remember(self, at: datetime) -> None:
        """What everybody had been told by then of what stands."""
        history = self._history
        about = {
            item.id: item.news
            for item in history.news
            if item.news.listing_id in self._listings or item.news.incident_id in self._incidents
        }
        messages: defaultdict[int, list[Telling]] = defaultdict(list)
        for telling in history.tellings:
            if telling.delivery_id is not None and telling.news_id in about:
                messages[telling.delivery_id].append(telling)
        # Who was added again was told afresh.
        done = [
            one
            for one in map(history.deliveries.__getitem__, messages)
            if _was_done(one, at) and one.created_at >= history.recipients.get(one.recipient, at)
        ]
        kept = {telling.news_id for one in done for telling in messages[one.id]}
        self._scratch.put_news(item for item in history.news if item.id in kept)
        for one in sorted(done, key=lambda one: (one.sent_at or one.next_at, one.id)):
            self._scratch.put_message(one, messages[one.id])
            for telling in messages[one.id]:
                listing_id = about[telling.news_id].listing_id
                if telling.line is not None and listing_id is not None and one.sent_at is not None:
                    knows = {listing_id: _KNOWS.get(telling.line, Told.OPEN)}
                    self._scratch.set_told(one.recipient, knows, one.sent_at)


def _was_done(delivery: Delivery, at: datetime) -> bool:
    """Whether a message was sent, or given up, before a moment."""
    if delivery.state is DeliveryState.FAILED:
        return delivery.next_at < at
    return delivery.sent_at is not None and delivery.sent_at < at
