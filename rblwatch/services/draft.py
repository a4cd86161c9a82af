"""What one delivery says when it leaves: read, composed, and nothing written.

Owns the step from a claimed delivery to its message: from what is true now, and from what its recipient has been told
before. It reads through a connection that cannot write, so that a message about a whole network holds up nobody.
Whoever sends it writes down what changes, under the delivery's token (`deliver.py`).

Between reading and sending things go on, and all that happens is news of its own: it waits for this delivery, since it
is about the same pair. A silence that begins meanwhile comes too late for this message; one that ends meanwhile leaves
its news muted, and is seen to have ended when silences are looked at next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rblwatch.core.alert import Composed, Drop, Kind, Line, News, compose
from rblwatch.core.message import Entry, Message, Tally
from rblwatch.core.routing import Subject, silenced
from rblwatch.core.settings import Topic
from rblwatch.core.target import Target
from rblwatch.core.watchlist import Watchlist
from rblwatch.services.acknowledged import Acknowledged
from rblwatch.services.announce import subject_about, subject_of
from rblwatch.services.tally import Tallies
from rblwatch.store.queries import Queries
from rblwatch.store.rows import Delivery


@dataclass(frozen=True, slots=True)
class Draft:
    """A claimed delivery, composed."""

    delivery: Delivery
    composed: Composed
    muted: Mapping[int, Sequence[int]]
    """News that a silence mutes now, as ids, by the silence's id."""
    message: Message

    @property
    def empty(self) -> bool:
        """Whether there is nothing to send."""
        return not self.composed.lines

    @property
    def stands(self) -> bool:
        """Whether anything that it tells of stands still, so that it is worth telling for as long as it takes."""
        return any(item.stands for _, item in self.composed.lines)


def draft(queries: Queries, watchlist: Watchlist, delivery: Delivery, at: datetime) -> Draft:
    """Compose a claimed delivery from how everything stands, without what is silenced."""
    heard, muted = _unsilenced(queries, watchlist, queries.news(delivery.id), at)
    listing_ids = {item.listing.id for item in heard if item.listing is not None}
    incident_ids = {item.incident.id for item in heard if item.incident is not None}
    told = queries.told(delivery.recipient, listing_ids)
    told_incidents = queries.told_incidents(delivery.recipient, incident_ids)
    reminders, heard = _looked_after(queries, heard)
    composed = compose(heard, told, delivery.group, incidents=told_incidents)
    composed = replace(composed, dropped=(*composed.dropped, *((Drop.ACKNOWLEDGED, item) for item in reminders)))
    message = Message(
        delivery_id=f"{delivery.alert_id}-{delivery.id}",
        alert_id=delivery.alert_id,
        recipient=delivery.recipient,
        group=delivery.group,
        at=at,
        entries=tuple(_entries(queries, watchlist, composed.lines)),
    )
    return Draft(delivery, composed, muted, message)


def _unsilenced(
    queries: Queries, watchlist: Watchlist, news: Sequence[News], at: datetime
) -> tuple[Sequence[News], Mapping[int, Sequence[int]]]:
    """The news that no silence mutes now, and the ids of the rest by the silence that mutes them."""
    silences = queries.silences(at)
    if not silences:
        return news, {}
    heard: list[News] = []
    muted: defaultdict[int, list[int]] = defaultdict(list)
    for item in news:
        muting = silenced(_subject(item, watchlist), silences, at)
        if muting is None:
            heard.append(item)
        else:
            muted[muting.id].append(item.id)
    return heard, muted


def _looked_after(queries: Queries, news: Sequence[News]) -> tuple[Sequence[News], Sequence[News]]:
    """The reminders of what somebody has acknowledged meanwhile, and all other news."""
    if all(item.kind is not Kind.REMINDER for item in news):
        return (), news
    now = Acknowledged.now(queries)
    done = {item.id for item in news if item.kind is Kind.REMINDER and now.includes(item.listing or item.incident)}
    return [item for item in news if item.id in done], [item for item in news if item.id not in done]


def _subject(item: News, watchlist: Watchlist) -> Subject:
    if item.listing is not None:
        return subject_of(item.listing, Topic.LISTED, watchlist)
    if item.servers:
        return subject_about(item, watchlist)
    return Subject(topic=Topic.BLIND, blocklist=item.incident.blocklist if item.incident else None)


def _entries(queries: Queries, watchlist: Watchlist, lines: Sequence[tuple[Line, News]]) -> Iterable[Entry]:
    targets = {item.listing.target for _, item in lines if item.listing is not None}
    standing = Tallies.about(queries, watchlist, targets).of(targets) if targets else {}
    alike: dict[Tally, Tally] = {}
    for line, item in lines:
        listing, incident = item.listing, item.incident
        about = listing.blocklist if listing else incident.blocklist if incident else item.blocklist or ""
        tally = _apart_from(about, standing, listing.target) if listing else None
        # Of a whole network most targets stand alike: they share one value.
        yield Entry(line, item, watchlist.blocklists.get(about), alike.setdefault(tally, tally) if tally else None)


def _apart_from(blocklist: str, standing: Mapping[Target, Tally], target: Target) -> Tally:
    tally = standing[target]
    return replace(tally, also_on=tuple(name for name in tally.also_on if name != blocklist))
