"""Lists that must not be asked any more: what became of them, and what takes their place.

Owns which zones a retired list stands for, and the sentence that tells an admin about it. Must not know where the
descriptions come from, nor who named the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rblwatch.core.blocklist import Blocklist, Kind, bare


class Fate(StrEnum):
    """What became of a list."""

    WILDCARDED = "wildcarded"
    SHUT_DOWN = "shut-down"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    DEAD = "dead"
    OFFLINE = "offline"
    UNRELIABLE = "unreliable"
    UNTRUSTWORTHY = "untrustworthy"
    WRONG_NAME = "wrong-name"
    SUSPECT = "suspect"


_SENTENCES = {
    Fate.WILDCARDED: "lists every address ({since})",
    Fate.SHUT_DOWN: "was shut down by its operator ({since})",
    Fate.WITHDRAWN: "was withdrawn by its operator ({since})",
    Fate.SUPERSEDED: "was replaced by another list ({since})",
    Fate.DEAD: "does not work any more (reported {since})",
    Fate.OFFLINE: "cannot be reached (reported {since})",
    Fate.UNRELIABLE: "has listed every address more than once (first {since})",
    Fate.UNTRUSTWORTHY: "is documented as fraudulent (first {since})",
    Fate.WRONG_NAME: "is not the name of the list that is meant (seen in copied configurations, {since})",
    Fate.SUSPECT: "stands in copied lists only, and nobody vouches for it (since {since})",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """A list that is history."""

    id: str
    zone: str
    below: bool
    """Whether every zone below this one is meant too."""
    fate: Fate
    since: str
    """A date, or as much of one as is known: `2024-06-05`, `2013`."""
    kind: Kind = Kind.IP
    asks: str = ""
    """The zone that is asked where an admin forces the list by its id; empty: `zone`."""
    replacement: str = ""
    """What to use instead, in words; empty where there is nothing."""
    note: str = ""
    confidence: str = ""
    evidence: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether it is not asked unless it is forced; of a suspect one people are only warned."""
        return self.fate is not Fate.SUSPECT

    def covers(self, zone: str) -> bool:
        """Whether a zone is one of this list's."""
        return zone == self.zone or (self.below and zone.endswith(f".{self.zone}"))


def by_name(known: Iterable[Retired]) -> dict[str, Retired]:
    """Retired lists by their zones and by their ids."""
    known = tuple(known)
    return {retired.zone: retired for retired in known} | {retired.id: retired for retired in known}


def looked_up(name: str, index: Mapping[str, Retired]) -> Retired | None:
    """The retired list that an id or a zone stands for, in an index `by_name`: its own, or the nearest above it."""
    found, above = index.get(name), name
    while found is None and "." in above:
        above = above.partition(".")[2]
        candidate = index.get(above)
        found = candidate if candidate is not None and candidate.covers(name) else None
    return found


def meant_by(name: str, known: Iterable[Retired]) -> Retired | None:
    """The retired list that an id or a zone stands for."""
    return looked_up(name, by_name(known))


def obituary(retired: Retired, name: str) -> str:
    """Say what happened to a list, when, and what replaces it; `name` is what the admin called it."""
    said = _SENTENCES[retired.fate].format(since=retired.since)
    subject = name if name == retired.zone or retired.covers(name) else f"{name} ({retired.zone})"
    instead = f"use {retired.replacement} instead" if retired.replacement else "nothing takes its place"
    return f"{subject} {said}; {instead}"


def exhumed(retired: Retired, name: str) -> Blocklist:
    """The list that is asked where an admin forces it: nothing is known of it but its zone."""
    zone = name if retired.covers(name) else retired.asks or retired.zone
    return bare(zone, kind=retired.kind)
