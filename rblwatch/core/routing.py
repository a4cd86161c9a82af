"""Which news goes to which recipient, and why not.

Owns the decision for one piece of news and one recipient, with a reason from a closed set that is stored with it. Must
not know how or when messages leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network

from rblwatch.core.blocklist import Scope, Severity
from rblwatch.core.settings import Route, Topic


class Decision(StrEnum):
    """What becomes of one piece of news for one recipient: when it is committed, and again when what is held is due."""

    TELL = "tell"
    GROUPED = "grouped"  # told as well, in a message that already waited
    SILENCED = "silenced"
    BELOW_SEVERITY = "below-severity"
    NOT_ON_ROUTE = "not-on-route"
    OTHER_TAGS = "other-tags"
    NEVER_TOLD = "never-told"  # the end of something that this recipient was never told of
    REPEATED_TOO_SOON = "repeated-too-soon"  # it comes and goes
    WAITING_FOR_DIGEST = "waiting-for-digest"
    WAITING_FOR_ACKNOWLEDGEMENT = "waiting-for-acknowledgement"  # told if nobody acknowledges it in time
    ACKNOWLEDGED = "acknowledged"  # somebody did
    NO_ROUTE = "no-route"


#: The news is in a message, sent or on its way.
TOLD = frozenset({Decision.TELL, Decision.GROUPED})
#: The news may be told later: with a due time it waits, without one it was over first.
HELD = frozenset({Decision.WAITING_FOR_DIGEST, Decision.WAITING_FOR_ACKNOWLEDGEMENT, Decision.REPEATED_TOO_SOON})

#: When several routes lead to one recipient, the decision that came closest to telling is the one worth storing.
_CLOSENESS = (
    Decision.NO_ROUTE,
    Decision.OTHER_TAGS,
    Decision.NOT_ON_ROUTE,
    Decision.NEVER_TOLD,
    Decision.BELOW_SEVERITY,
    Decision.ACKNOWLEDGED,
    Decision.WAITING_FOR_DIGEST,
    Decision.WAITING_FOR_ACKNOWLEDGEMENT,
    Decision.TELL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a piece of news is about, as far as routes and silences look at it."""

    topic: Topic
    severity: Severity | None = None
    """None for news that is about no listing."""
    servers: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    target: str | None = None
    blocklist: str | None = None
    codes: tuple[str, ...] = ()
    scope: Scope | None = None
    """Of a listing: what its entry is made for; None where nobody knows, or it is about no listing."""
    ended_otherwise: bool = False
    """The end of a listing that is no delisting: told to whoever was told of the listing, whatever his routes say."""

    @property
    def is_end(self) -> bool:
        """Whether this is the end of a listing."""
        return self.ended_otherwise or self.topic is Topic.DELISTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What is muted until when. Every field that is given must match; one that is None matches anything."""

    id: int
    until_at: datetime
    reason: str = ""
    author: str = ""
    server: str | None = None
    target: str | None = None
    """A target as it is written everywhere, or a range of addresses: it mutes all in it."""
    blocklist: str | None = None
    tag: str | None = None
    code: str | None = None
    scope: Scope | None = None

    def covers(self, subject: Subject, at: datetime) -> bool:
        """Whether the subject is muted at that moment."""
        return (
            at < self.until_at
            and (self.server is None or self.server in subject.servers)
            and self.meets(subject.target)
            and (self.blocklist is None or self.blocklist == subject.blocklist)
            and (self.tag is None or self.tag in subject.tags)
            and (self.code is None or self.code in subject.codes)
            and (self.scope is None or self.scope is subject.scope)
        )

    def meets(self, target: str | None) -> bool:
        """Whether a target is what it mutes, or lies in the range that it mutes, whatever else must match."""
        return self.target is None or _within(target, self.target)


def _within(target: str | None, matched: str) -> bool:
    """Whether a target is the one that a silence names, or lies in the range that it names."""
    if target == matched or target is None or "/" not in matched:
        return target == matched
    try:
        return ip_address(target) in ip_network(matched)
    except ValueError:
        return False  # a name lies in no range


def decide(
    subject: Subject, recipient: str, routes: Sequence[Route], *, aware: bool, acknowledged: bool = False
) -> Decision:
    """Decide about one piece of news for one recipient (a channel's name), silences and the time apart.

    `aware`: the recipient was told of this very listing, or will be by a message on its way. Whoever is aware hears
    how it goes on whatever its severity becomes; to whoever is not, a change is a listing, and an end is nothing.
    `acknowledged`: somebody looks after what it is about, so that nobody else need be called.
    """
    decision, through = leading(subject, recipient, routes, aware=aware)
    manners = (manner(route, aware=aware, acknowledged=acknowledged) for route in through)
    return closest(manners, default=decision)


def leading(
    subject: Subject, recipient: str, routes: Sequence[Route], *, aware: bool
) -> tuple[Decision, Sequence[Route]]:
    """The routes by which a recipient is told of one piece of news, now or later, or the reason why there is none.

    One that takes it for its severity goes before one that takes it only because its recipient heard of it before. How
    a listing ended that was not delisted is told to whoever was told of it, if need be by no route at all.
    """
    his = [route for route in routes if recipient in route.channels]
    decisions = [_by_route(subject, route, aware=aware) for route in his]
    through = [route for route, decision in zip(his, decisions, strict=True) if decision is Decision.TELL]
    if subject.ended_otherwise and aware:
        return Decision.TELL, through or his
    if not through:
        return closest(decisions, default=Decision.NO_ROUTE), ()
    return Decision.TELL, [route for route in through if _severe_enough(subject, route)] or through


def manner(route: Route, *, aware: bool, acknowledged: bool = False) -> Decision:
    """How a route that leads to a recipient tells him, the time apart; whoever was told before waits for nobody."""
    if route.after is not None and not aware:
        return Decision.ACKNOWLEDGED if acknowledged else Decision.WAITING_FOR_ACKNOWLEDGEMENT
    return Decision.TELL if route.digest is None else Decision.WAITING_FOR_DIGEST


def closest(decisions: Iterable[Decision], *, default: Decision) -> Decision:
    """Of decisions by several routes, the one that comes closest to telling."""
    return max(decisions, key=_CLOSENESS.index, default=default)


def stand_ins(recipient: str, routes: Sequence[Route]) -> tuple[str, ...]:
    """Who is told that a recipient cannot be reached: who shares a route with it, else who hears of our blindness."""
    beside = [name for route in routes if recipient in route.channels for name in route.channels]
    hearing = [name for route in routes if Topic.BLIND in route.on for name in route.channels]
    chosen = beside if set(beside) - {recipient} else hearing
    return tuple(name for name in dict.fromkeys(chosen) if name != recipient)


def silenced(subject: Subject, silences: Iterable[Silence], at: datetime) -> Silence | None:
    """The silence that mutes a subject longest at that moment, or None."""
    covering = [silence for silence in silences if silence.covers(subject, at)]
    return max(covering, key=lambda silence: silence.until_at, default=None)


def _by_route(subject: Subject, route: Route, *, aware: bool) -> Decision:
    if subject.is_end and not aware:
        return Decision.NEVER_TOLD
    topic = Topic.LISTED if subject.topic is Topic.CHANGED and not aware else subject.topic
    is_about_servers = subject.severity is not None or subject.servers
    if is_about_servers and route.tags and not route.tags & subject.tags:
        return Decision.OTHER_TAGS
    if topic not in route.on:
        return Decision.NOT_ON_ROUTE
    if not aware and not _severe_enough(subject, route):
        return Decision.BELOW_SEVERITY
    return Decision.TELL


def _severe_enough(subject: Subject, route: Route) -> bool:
    return subject.severity is None or subject.severity.rank >= route.severity.rank
