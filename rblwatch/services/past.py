"""What happened, in the order in which it did, out of what is stored of it now.

Theory of operation. News is stored as it was, a listing or an incident as it is now: what it was before follows from
its transitions. News that was made for somebody in particular (what stands, for a channel that was added; reminders)
is no event: it follows from the policy. So is what was gathered into digests and escalations.

Owns the step from stored rows to events. Must not decide who is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from rblwatch.core.acknowledgement import Acknowledgement
from rblwatch.core.alert import Group, Kind
from rblwatch.core.listing import Listing
from rblwatch.core.routing import Silence
from rblwatch.core.standing import Change, Transition
from rblwatch.store.past import History, PastNews

_BEGINNINGS = frozenset({Kind.LISTED, Kind.CHANGED, Kind.DELISTED, Kind.ENDED})
_FOUND = _BEGINNINGS | {Kind.BLIND, Kind.SIGHTED, Kind.ALLOW_LOST, Kind.MOVED, Kind.NOTICE}
#: What news is gathered into for whomever it concerns; the other groups are for one recipient each.
_FOR_ALL = frozenset({Group.NEWS, Group.FIRST_LOOK, Group.ENDED, Group.INCIDENT, Group.NOTICE})
_CHANGES = {Kind.LISTED: Change.LISTED, Kind.CHANGED: Change.CHANGED, Kind.DELISTED: Change.DELISTED}


@dataclass(frozen=True, slots=True)
class Found:
    """News was committed; with what its listing became by it, if it is about one."""

    past: PastNews
    listing: Listing | None = None
    transition: Transition | None = None


@dataclass(frozen=True, slots=True)
class FirstLooksDone:
    """Every list was asked once: what was listed before anybody looked may leave."""


Event = Found | FirstLooksDone | Silence | Acknowledgement


def events(history: History) -> list[tuple[datetime, Event]]:
    """All that happened, in order, with its time: when it was written down.

    A clock that was set back did not undo anything: what was written down later happened later.
    """
    found = list(_found(history))
    first_looks = {one.past.alert_id for _, one in found if one.past.group is Group.FIRST_LOOK}
    said: list[tuple[datetime, int, Event]] = [
        *((at, 0, silence) for at, silence in history.silences),
        *((one.at, 0, one) for one in history.acknowledgements),
        *((at, 1, one) for at, one in found),
        *((one.not_before, 2, FirstLooksDone()) for one in history.deliveries.values() if one.alert_id in first_looks),
    ]
    said.sort(key=lambda event: event[:2])
    return [(at, event) for at, _, event in said]


def _found(history: History) -> Iterator[tuple[datetime, Found]]:
    at: datetime | None = None
    seen: Counter[tuple[int, Kind]] = Counter()
    standing: dict[int, Listing] = {}
    for item in history.news:
        if item.group not in _FOR_ALL or item.news.kind not in _FOUND:
            continue
        written_at = max(item.news.at, item.opened_at)
        at = written_at if at is None else max(at, written_at)
        listing_id = item.news.listing_id
        if listing_id is None:
            yield at, Found(item)
        elif listing_id in history.listings:
            nth = seen[listing_id, item.news.kind]
            seen[listing_id, item.news.kind] += 1
            transition = _transition(history, listing_id, item.news.kind, nth)
            before = standing.get(listing_id) or history.listings[listing_id]
            standing[listing_id] = _after(before, history.listings[listing_id], item, transition)
            yield at, Found(item, standing[listing_id], transition)


def _transition(history: History, listing_id: int, kind: Kind, nth: int) -> Transition | None:
    """The transition that a piece of news is about: the n-th of its kind is the n-th; None where there is none."""
    alike = [one for _, one in history.transitions.get(listing_id, ()) if one.change is _CHANGES.get(kind)]
    return alike[nth] if nth < len(alike) else None


def _after(before: Listing, last: Listing, item: PastNews, transition: Transition | None) -> Listing:
    """A listing as it was once this was news."""
    if item.news.kind in (Kind.DELISTED, Kind.ENDED):
        return replace(before, ended_at=last.ended_at or item.news.at, ended_by=last.ended_by)
    stands = replace(before, seen_at=item.news.at, ended_at=None, ended_by=None)
    return stands if transition is None else stands.read_as(transition.listed)
