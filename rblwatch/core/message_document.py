"""The structured JSON of a message: what programs read that are told by rblwatch.

Owns its keys: within a schema version they are added, never renamed or removed, and every key is always there. Must not
know words for people beyond a title that it is given, nor how the JSON is written, signed or sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from rblwatch.core.alert import News
from rblwatch.core.blocklist import Blocklist, Scope, Severity, link
from rblwatch.core.cause import likely_causes
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing, scope_of
from rblwatch.core.message import Entry, Message, Tally
from rblwatch.core.target import Family
from rblwatch.core.timespan import rfc3339, rfc3339_or_none

Causes = Mapping[tuple[str, tuple[str, ...]], Sequence[str]]

#: Rises only when a key changes its meaning or goes.
SCHEMA = 1


class ListingDocument(TypedDict):
    """A listing as it is when the message leaves."""

    id: int
    target: str
    blocklist: str
    blocklist_name: str
    zone: str
    """Never with a key in it."""
    codes: list[str]
    labels: list[str]
    severity: str
    scope: str
    """What the entry is made for: `address`, `domain`, `range`, `as` or `country`."""
    likely_causes: list[str]
    text: str | None
    """The list's own words, cleaned."""
    listed_at: str
    clear_at: str | None
    seen_at: str
    ended_at: str | None
    ended_by: str | None
    first_look: bool
    nameserver: str
    evidence: str
    lookup_url: str | None
    delist_url: str | None


class IncidentDocument(TypedDict):
    """A list, or a resolver, that cannot be believed."""

    id: int
    blocklist: str | None
    """None: it is about the resolver."""
    blocklist_name: str | None
    zone: str
    """Of a resolver, its address."""
    state: str
    reason: str | None
    flaw: str | None
    detail: str
    families: list[str]
    """For which it is so, where it is not so for all; else empty."""
    since_at: str
    ended_at: str | None


class TallyDocument(TypedDict):
    """How all lists stand on the target."""

    listed: int
    clear: int
    unknown: int
    also_on: list[str]


class EventDocument(TypedDict):
    """One piece of news."""

    event: str
    at: str
    servers: list[str]
    tags: list[str]
    target: str | None
    blocklist: str | None
    before: list[str]
    """The codes before a change."""
    text: str | None
    """A notice, what moved, what an allow list said, or why something ended."""
    listing: ListingDocument | None
    incident: IncidentDocument | None
    lists: TallyDocument | None


class MessageDocument(TypedDict):
    """One message."""

    schema: int
    delivery_id: str
    """The same whenever the same message is sent again."""
    alert_id: int
    channel: str
    test: bool
    """Nothing of it is true: it was sent by `rblwatch notify test`."""
    group: str
    at: str
    title: str
    severity: str | None
    """The worst of the listings that stand; null where none does."""
    counts: dict[str, int]
    """How many events of each kind the whole message has, whether `events` holds them all or not."""
    events: list[EventDocument]
    left_out: int
    """How many events are not in `events`, where it was shortened for its receiver."""


def message_document(message: Message, title: str, *, at_most: int | None = None) -> MessageDocument:
    """Write a message; `title` says it in one line for people, `at_most` limits the events that are written out."""
    kept = message.entries if at_most is None else message.entries[:at_most]
    counts: dict[str, int] = {}
    for entry in message.entries:
        counts[entry.line.value] = counts.get(entry.line.value, 0) + 1
    worst, causes = _worst(message), _causes(kept)
    return MessageDocument(
        schema=SCHEMA,
        delivery_id=message.delivery_id,
        alert_id=message.alert_id,
        channel=message.recipient,
        test=message.test,
        group=message.group.value,
        at=rfc3339(message.at),
        title=title,
        severity=worst.value if worst is not None else None,
        counts=counts,
        events=[_event(entry, causes) for entry in kept],
        left_out=len(message.entries) - len(kept),
    )


def _worst(message: Message) -> Severity | None:
    standing = [e.news.listing.severity for e in message.entries if e.news.listing is not None and e.news.stands]
    return max(standing, key=lambda severity: severity.rank, default=None)


def _causes(entries: Sequence[Entry]) -> Causes:
    """What codes point at, by list and codes: of a whole network, thousands have the same."""
    different = {(e.news.listing.blocklist, e.news.listing.codes): e for e in entries if e.news.listing is not None}
    return {pair: [cause.value for cause in likely_causes(pair[1], e.blocklist)] for pair, e in different.items()}


def _event(entry: Entry, causes: Causes) -> EventDocument:
    news, listing, incident = entry.news, entry.news.listing, entry.news.incident
    return EventDocument(
        event=entry.line.value,
        at=rfc3339(news.at),
        servers=list(listing.servers if listing is not None else news.servers),
        tags=sorted(listing.tags) if listing is not None else [],
        target=listing.target.text if listing is not None else news.target,
        blocklist=_blocklist_id(news),
        before=list(news.before),
        text=news.text or None,
        listing=_listing(listing, entry.blocklist, causes) if listing is not None else None,
        incident=_incident(incident, entry.blocklist) if incident is not None else None,
        lists=_tally(entry.tally) if entry.tally is not None else None,
    )


def _blocklist_id(news: News) -> str | None:
    if news.listing is not None:
        return news.listing.blocklist
    return (news.incident.blocklist if news.incident is not None else news.blocklist) or None


def _listing(listing: Listing, blocklist: Blocklist | None, causes: Causes) -> ListingDocument:
    own = Scope.DOMAIN if listing.target.family is Family.NAME else Scope.ADDRESS
    scope = scope_of(listing.codes, blocklist) if blocklist is not None else own
    return ListingDocument(
        id=listing.id,
        target=listing.target.text,
        blocklist=listing.blocklist,
        blocklist_name=_name(blocklist, listing.blocklist),
        zone=_zone(blocklist, listing.zone),
        codes=list(listing.codes),
        labels=list(listing.labels),
        severity=listing.severity.value,
        scope=scope.value,
        likely_causes=list(causes[listing.blocklist, listing.codes]),
        text=listing.text,
        listed_at=rfc3339(listing.listed_at),
        clear_at=rfc3339_or_none(listing.clear_at),
        seen_at=rfc3339(listing.seen_at),
        ended_at=rfc3339_or_none(listing.ended_at),
        ended_by=listing.ended_by.value if listing.ended_by is not None else None,
        first_look=listing.first_look,
        nameserver=listing.nameserver,
        evidence=listing.evidence,
        lookup_url=link(blocklist.lookup_url, listing.target) if blocklist is not None else None,
        delist_url=link(blocklist.delist_url, listing.target) if blocklist is not None else None,
    )


def _incident(incident: Incident, blocklist: Blocklist | None) -> IncidentDocument:
    about = incident.blocklist or None
    return IncidentDocument(
        id=incident.id,
        blocklist=about,
        blocklist_name=_name(blocklist, about) if about is not None else None,
        zone=_zone(blocklist, incident.zone),
        state=incident.state.value,
        reason=incident.reason.value if incident.reason is not None else None,
        flaw=incident.flaw.value if incident.flaw is not None else None,
        detail=incident.detail,
        families=sorted(family.value for family in incident.families) if incident.partial else [],
        since_at=rfc3339(incident.since_at),
        ended_at=rfc3339_or_none(incident.ended_at),
    )


def _name(blocklist: Blocklist | None, fallback: str) -> str:
    return (blocklist.name if blocklist is not None else "") or fallback


def _zone(blocklist: Blocklist | None, zone: str) -> str:
    """A zone without a key in it; empty where the key can't be told from it."""
    if blocklist is None:
        return zone
    return "" if blocklist.keyed and not blocklist.public_zone else blocklist.shown_zone


def _tally(tally: Tally) -> TallyDocument:
    return TallyDocument(listed=tally.listed, clear=tally.clear, unknown=tally.unknown, also_on=list(tally.also_on))
