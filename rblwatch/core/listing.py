"""An interval on a blocklist, with its evidence and the way it ended.

Owns the shape of a listing and the closed set of its endings. Must not know how listings are found, stored or told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address

from rblwatch.core.blocklist import Blocklist, Scope, Severity
from rblwatch.core.target import Target
from rblwatch.core.verdict import Listed


class Ending(StrEnum):
    """How a listing ended. Only the first is told as a delisting; the others are one message per cause."""

    DELISTED = "delisted"
    UNWATCHED = "unwatched"  # target, server or list no longer configured
    LIST_RETIRED = "list-retired"  # retired, or unsound for 30 days
    REINTERPRETED = "reinterpreted"  # its code no longer means listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One target on one list, from when to when, under which codes, and how we know."""

    id: int
    target: Target
    blocklist: str
    zone: str
    """As shown: never with a key in it."""
    server: str
    """The first of `servers`, as it was named when the listing was found."""
    servers: tuple[str, ...]
    tags: frozenset[str]
    codes: tuple[str, ...]
    labels: tuple[str, ...]
    severity: Severity
    text: str | None
    """The list's own words, cleaned."""
    listed_at: datetime
    """First seen listed."""
    clear_at: datetime | None
    """Last seen clear before that; None: never."""
    seen_at: datetime
    """Last seen listed."""
    nameserver: str
    """Through which resolver the evidence came."""
    evidence: str
    """What the probes said when the listing was confirmed, for people."""
    first_look: bool = False
    ended_at: datetime | None = None
    """For a delisting: the first clear answer."""
    ended_by: Ending | None = None

    @property
    def stands(self) -> bool:
        """Whether the target is still listed, as far as we hold."""
        return self.ended_by is None

    def read_as(self, listed: Listed) -> Listing:
        """The listing, with what its answer is read as."""
        return replace(self, codes=tuple(map(str, listed.codes)), labels=listed.labels, severity=listed.severity)


def scope_of(codes: Iterable[str], blocklist: Blocklist) -> Scope:
    """What a listing under these codes is made for: its target, or much more.

    Where one of several codes is about the target itself, there is something to be done about that one.
    """
    return blocklist.scope_of(map(IPv4Address, codes))


def wider_scope(codes: Iterable[str], blocklist: Blocklist) -> Scope | None:
    """The same, where that is more than the target; None: it is the target's own."""
    scope = scope_of(codes, blocklist)
    return scope if scope.width else None
