"""A group of news that people get as one message, and what the message says to each recipient.

Owns which news becomes which line for a recipient, given what that recipient has been told before. It is decided when
the message leaves, not when the news was committed: what is told is what is true then. Must not know words or sinks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from rblwatch.core.incident import Incident
from rblwatch.core.listing import Ending, Listing

#: First looks wait for every list to be asked once, but not for ever. Source: design, "Confirming news".
FIRST_LOOK_WAIT = timedelta(minutes=5)


class Group(StrEnum):
    """What is gathered into one alert."""

    NEWS = "news"  # listed, changed, delisted
    FIRST_LOOK = "first-look"  # already listed when we first looked
    ENDED = "ended"  # listings that ended, but were not delisted: one alert per cause
    INCIDENT = "incident"  # a list went bad, or recovered
    STANDING = "standing"  # what stands, for a recipient or route that was added, or was muted
    DIGEST = "digest"  # what was held for the message of the day
    ESCALATED = "escalated"  # what nobody acknowledged in time
    REMINDER = "reminder"  # what stands still, for one who was told of it
    NOTICE = "notice"  # about rblwatch itself


#: What began and ended unsaid is left out of these.
_ONLY_WHAT_STANDS = frozenset({Group.STANDING, Group.ESCALATED, Group.REMINDER})


class Kind(StrEnum):
    """What one piece of news is."""

    LISTED = "listed"
    CHANGED = "changed"
    DELISTED = "delisted"
    ENDED = "ended"
    UNROUTED = "unrouted"  # the listing stands, but this recipient will not hear of it any more
    BLIND = "blind"
    SIGHTED = "sighted"  # a list can be believed again
    ALLOW_LOST = "allow-lost"  # a target is on an allow list no longer
    MOVED = "moved"  # a registered name stands for other addresses
    UNSTABLE = "unstable"  # a listing comes and goes
    REMINDER = "reminder"  # it stands still, and nobody acknowledged it
    NOTICE = "notice"


class Line(StrEnum):
    """What a recipient reads about one listing or cause."""

    LISTED = "listed"
    CHANGED = "changed"
    DELISTED = "delisted"
    WAS_LISTED = "was-listed"  # listed and already over, and never told before
    ENDED = "ended"
    UNROUTED = "unrouted"
    BLIND = "blind"
    SIGHTED = "sighted"
    WAS_BLIND = "was-blind"  # could not be believed, already can, and was never told before
    ALLOW_LOST = "allow-lost"
    MOVED = "moved"
    UNSTABLE = "unstable"
    REMINDER = "reminder"
    NOTICE = "notice"


class Told(StrEnum):
    """What a recipient knows of one listing or incident."""

    NEVER = "never"
    OPEN = "open"  # was told that it began
    CLOSED = "closed"  # was told that it is over


class Drop(StrEnum):
    """Why a piece of news makes no line of its own."""

    MERGED = "merged"  # another line of the same message says it
    ALREADY_TOLD = "already-told"
    NEVER_TOLD = "never-told"  # the end of something that this recipient was never told of
    ACKNOWLEDGED = "acknowledged"  # a reminder of what somebody looks after meanwhile
    OVER = "over"  # it ended meanwhile: what was muted, or came before the recipient, or changed before the end


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One piece of news in an alert."""

    id: int
    kind: Kind
    at: datetime
    listing: Listing | None = None
    """As it is now, for news about a listing."""
    codes: tuple[str, ...] = ()
    """At the time of the news, for a change of codes."""
    before: tuple[str, ...] = ()
    """The codes before a change."""
    incident: Incident | None = None
    text: str = ""
    """For a notice, for the cause of an end, and for what changed about servers."""
    servers: tuple[str, ...] = ()
    """Of news about servers that is about no listing; so are the two that follow."""
    target: str | None = None
    blocklist: str | None = None

    @property
    def stands(self) -> bool:
        """Whether what it is about lasts."""
        about = self.listing or self.incident
        return about is not None and about.stands


@dataclass(frozen=True, slots=True)
class Composed:
    """What a message says to one recipient: lines in the order of the news, and what was left out and why."""

    lines: tuple[tuple[Line, News], ...]
    dropped: tuple[tuple[Drop, News], ...]
    told: Mapping[int, Told]
    """What the recipient knows of each listing (by id) once the message has arrived."""

    @property
    def learned(self) -> Mapping[int, Told]:
        """The same of those listings alone that the message has a line about."""
        about = {item.listing.id for _, item in self.lines if item.listing is not None}
        return {listing_id: state for listing_id, state in self.told.items() if listing_id in about}


def compose(
    news: Sequence[News], told: Mapping[int, Told], group: Group, *, incidents: Mapping[int, Told] | None = None
) -> Composed:
    """Say what one recipient is to read now, of news in the order it happened, given what he was told before.

    Nobody is told of the end of what he was not told of; what began and ended unsaid is told as one past interval;
    several changes are told as one, and none at all where they lead back; nothing is told twice. One incident is one
    cause, however often it grew. An empty result means that the message is not sent.
    """
    lines: list[tuple[Line, News]] = []
    dropped: list[tuple[Drop, News]] = []
    after: dict[int, Told] = {}
    by_listing: dict[int, list[News]] = {}
    by_incident: dict[int, list[News]] = {}
    for item in news:
        if item.listing is not None:
            by_listing.setdefault(item.listing.id, []).append(item)
        elif item.incident is not None:
            by_incident.setdefault(item.incident.id, []).append(item)
        else:
            lines.append((Line(item.kind.value), item))
    for listing_id, items in by_listing.items():
        line, reason, state = _line(items, told.get(listing_id, Told.NEVER), group)
        after[listing_id] = state
        if line is not None:
            lines.append((line, _merged(items)))
        dropped.extend((reason, item) for item in (items if line is None else items[:-1]))
    for incident_id, items in by_incident.items():
        line, reason = _incident_line(items, (incidents or {}).get(incident_id, Told.NEVER), group)
        if line is not None:
            lines.append((line, items[-1]))
        dropped.extend((reason, item) for item in (items if line is None else items[:-1]))
    lines.sort(key=lambda pair: pair[1].id)
    return Composed(tuple(lines), tuple(dropped), after)


def _merged(items: Sequence[News]) -> News:
    """The last of some news about one listing, with the codes that its recipient knows from before the first."""
    before = next((item.before for item in items if item.kind is Kind.CHANGED), ())
    return items[-1] if items[-1].before == before else replace(items[-1], before=before)


def _line(items: Sequence[News], told: Told, group: Group) -> tuple[Line | None, Drop, Told]:
    """The one line about a listing, the reason for whatever makes none, and what the recipient knows afterwards."""
    kinds = {item.kind for item in items}
    listing = items[-1].listing
    assert listing is not None
    match told:
        case Told.CLOSED:
            return None, Drop.ALREADY_TOLD, told
        case Told.OPEN:
            return _line_to_the_aware(kinds, _merged(items), listing)
        case Told.NEVER:
            return _line_to_the_unaware(kinds, listing, group)


def _line_to_the_aware(kinds: set[Kind], merged: News, listing: Listing) -> tuple[Line | None, Drop, Told]:
    if Kind.DELISTED in kinds:
        return Line.DELISTED, Drop.MERGED, Told.CLOSED
    if Kind.ENDED in kinds:
        return Line.ENDED, Drop.MERGED, Told.CLOSED
    if Kind.UNROUTED in kinds and listing.ended_by is Ending.DELISTED:
        return Line.DELISTED, Drop.MERGED, Told.CLOSED  # no route leads the news of that to him
    if Kind.UNROUTED in kinds and listing.stands:
        return Line.UNROUTED, Drop.MERGED, Told.NEVER
    is_changed = bool(kinds & {Kind.CHANGED, Kind.UNROUTED}) and not (merged.before and merged.before == merged.codes)
    if not is_changed and Kind.REMINDER not in kinds:
        return None, Drop.ALREADY_TOLD, Told.OPEN
    if not listing.stands:
        return None, Drop.OVER, Told.OPEN  # the end has news of its own
    return (Line.CHANGED if is_changed else Line.REMINDER), Drop.MERGED, Told.OPEN


def _line_to_the_unaware(kinds: set[Kind], listing: Listing, group: Group) -> tuple[Line | None, Drop, Told]:
    if not kinds & {Kind.LISTED, Kind.CHANGED}:
        return None, Drop.NEVER_TOLD, Told.NEVER
    if listing.stands:
        return Line.LISTED, Drop.MERGED, Told.OPEN
    if group in _ONLY_WHAT_STANDS:
        return None, Drop.OVER, Told.NEVER
    return Line.WAS_LISTED, Drop.MERGED, Told.CLOSED


def _incident_line(items: Sequence[News], told: Told, group: Group) -> tuple[Line | None, Drop]:
    """The one line about an incident, and the reason for whatever makes none."""
    kinds = {item.kind for item in items}
    incident = items[-1].incident
    assert incident is not None
    if told is Told.CLOSED:
        return None, Drop.ALREADY_TOLD
    if incident.stands:
        # What is told once more has grown; the end of a part is an incident of its own.
        is_due = Kind.BLIND in kinds or (Kind.REMINDER in kinds and told is Told.OPEN)
        return (Line.BLIND, Drop.MERGED) if is_due else (None, Drop.ALREADY_TOLD)
    if told is Told.OPEN:
        return (Line.SIGHTED, Drop.MERGED) if Kind.SIGHTED in kinds else (None, Drop.OVER)
    if Kind.BLIND not in kinds:
        return None, Drop.NEVER_TOLD
    return (None, Drop.OVER) if group in _ONLY_WHAT_STANDS else (Line.WAS_BLIND, Drop.MERGED)


def ending_line(ending: Ending) -> Kind:
    """As what the end of a listing is told."""
    return Kind.DELISTED if ending is Ending.DELISTED else Kind.ENDED
