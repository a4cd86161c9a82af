"""Messages that show how every kind of news is told, and say that they are tests.

Owns what the samples are about: documentation addresses, and lists that do not exist. Must not know how they are worded
or sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from rblwatch.core.alert import Group, Kind, Line, News
from rblwatch.core.blocklist import Blocklist, Code, Meaning, Severity
from rblwatch.core.blocklist import Kind as ListKind
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.matching import CodeRange
from rblwatch.core.message import Entry, Message, Tally
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, State
from rblwatch.core.target import Family, Target

#: How many targets the sample of a first look has: enough to see how they are counted.
_MANY = 24

_TWO, _THREE = IPv4Address("127.0.0.2"), IPv4Address("127.0.0.3")
_SPAM = Meaning("SPAM", Severity.MAJOR, text="sent mail to a spam trap")
_BOT = Meaning("BOT", Severity.CRITICAL, text="a machine that was broken into, or a bot")
_BLOCKLIST = Blocklist(
    id="test",
    zone="bl.invalid",
    name="Test List",
    codes=(Code(CodeRange(_TWO, _TWO), _SPAM), Code(CodeRange(_THREE, _THREE), _BOT)),
    lookup_url="https://bl.invalid/lookup?ip={ip}",
    delist_url="https://bl.invalid/delist",
)
_ALLOW = Blocklist(
    id="test-allow",
    zone="wl.invalid",
    name="Test Allow List",
    kind=ListKind.ALLOW,
    lookup_url="https://wl.invalid/{ip}",
)
_TALLY = Tally(listed=2, clear=17, unknown=1, also_on=("another-list",))


def samples(channel: str, delivery_id: str, at: datetime) -> tuple[tuple[str, Message], ...]:
    """One message of every kind, each with its kind's name, for one channel; `at` is when they are sent.

    The delivery's id is continued with the kind's name.
    """
    return tuple(
        (
            name,
            Message(
                delivery_id=f"{delivery_id}-{name}",
                alert_id=0,
                recipient=channel,
                group=group,
                at=at,
                entries=tuple(entries),
                test=True,
            ),
        )
        for name, group, entries in (*_about_listings(at), *_about_the_rest(at))
    )


def sample_names() -> tuple[str, ...]:
    """The names of all kinds that there are samples of."""
    return tuple(name for name, _ in samples("", "", datetime(2000, 1, 1, tzinfo=UTC)))


def _about_listings(at: datetime) -> Iterable[tuple[str, Group, Iterable[Entry]]]:
    listing, over = _listing(at), _over(at, Ending.DELISTED)
    old = replace(listing, listed_at=at - timedelta(days=3), clear_at=at - timedelta(days=3, minutes=15))
    before, bot = (str(_TWO),), replace(listing, codes=(str(_THREE),), labels=("BOT",), severity=Severity.CRITICAL)
    unwatched = _over(at, Ending.UNWATCHED)
    yield "listed", Group.NEWS, [_told(Line.LISTED, listing, at)]
    yield "first-look", Group.FIRST_LOOK, [_told(Line.LISTED, one, at) for one in _many(at)]
    yield "changed", Group.NEWS, [_told(Line.CHANGED, bot, at, before=before)]
    yield "unstable", Group.NEWS, [_told(Line.UNSTABLE, listing, at, text="It changed 5 times within 24 hours")]
    yield "reminder", Group.REMINDER, [_told(Line.REMINDER, old, at)]
    yield "delisted", Group.NEWS, [_told(Line.DELISTED, over, at)]
    yield "was-listed", Group.NEWS, [_told(Line.WAS_LISTED, over, at)]
    yield "ended", Group.ENDED, [_told(Line.ENDED, unwatched, at, text="the address 192.0.2.25 was taken out")]
    yield "unrouted", Group.ENDED, [_told(Line.UNROUTED, listing, at)]
    yield "standing", Group.STANDING, [_told(Line.LISTED, old, at)]
    yield "escalated", Group.ESCALATED, [_told(Line.LISTED, old, at)]
    yield "digest", Group.DIGEST, [_told(Line.LISTED, listing, at), _told(Line.DELISTED, _other(over), at)]


def _about_the_rest(at: datetime) -> Iterable[tuple[str, Group, Iterable[Entry]]]:
    lying = _incident(at, "test", State.UNSOUND, Reason.UNSOUND, Flaw.WILDCARD)
    silent = _incident(at, "test", State.UNREACHABLE, Reason.TIMEOUT, None)
    resolver = _incident(at, "", State.UNREACHABLE, Reason.TIMEOUT, None)
    ended = replace(silent, ended_at=at)
    lost = News(
        id=0, kind=Kind.ALLOW_LOST, at=at, text="MED", servers=("mx1",), target="192.0.2.25", blocklist=_ALLOW.id
    )
    moved = "mx1: mx1.example.org stands for 192.0.2.26.\nBefore: 192.0.2.25; it is watched for a day more."
    yield "blind", Group.INCIDENT, [_trouble(Line.BLIND, lying, at), _trouble(Line.BLIND, replace(silent, id=1), at)]
    yield "sighted", Group.INCIDENT, [_trouble(Line.SIGHTED, ended, at)]
    yield "was-blind", Group.INCIDENT, [_trouble(Line.WAS_BLIND, ended, at)]
    yield "resolver", Group.INCIDENT, [_trouble(Line.BLIND, resolver, at)]
    yield "resolver-works", Group.INCIDENT, [_trouble(Line.SIGHTED, replace(resolver, ended_at=at), at)]
    yield "allow-lost", Group.NEWS, [Entry(Line.ALLOW_LOST, lost, _ALLOW)]
    yield "moved", Group.NEWS, [_words(Line.MOVED, moved, at)]
    yield "notice", Group.NOTICE, [_words(Line.NOTICE, "The configuration could not be read again.", at)]


def _listing(at: datetime) -> Listing:
    return Listing(
        id=0,
        target=Target("192.0.2.25", Family.IPV4),
        blocklist=_BLOCKLIST.id,
        zone=_BLOCKLIST.zone,
        server="mx1",
        servers=("mx1",),
        tags=frozenset({"production"}),
        codes=(str(_TWO),),
        labels=("SPAM",),
        severity=Severity.MAJOR,
        text="See https://bl.invalid/why?ip=192.0.2.25",
        listed_at=at - timedelta(minutes=2),
        clear_at=at - timedelta(minutes=17),
        seen_at=at,
        nameserver="127.0.0.1:53",
        evidence="self-test passed: 127.0.0.2 listed, 127.0.0.1 clear, 198.51.100.77 clear",
    )


def _many(at: datetime) -> Iterable[Listing]:
    for number in range(_MANY):
        target = Target(f"198.51.100.{number}", Family.IPV4)
        yield replace(_listing(at), id=number, target=target, clear_at=None, first_look=True, text=None)


def _over(at: datetime, ending: Ending) -> Listing:
    begun = replace(_listing(at), listed_at=at - timedelta(hours=5), clear_at=at - timedelta(hours=5, minutes=15))
    return replace(begun, seen_at=at - timedelta(minutes=30), ended_at=at - timedelta(minutes=15), ended_by=ending)


def _other(listing: Listing) -> Listing:
    return replace(listing, id=1, target=Target("2001:db8::25", Family.IPV6), server="mx2", servers=("mx2",))


def _incident(at: datetime, blocklist: str, state: State, reason: Reason, flaw: Flaw | None) -> Incident:
    since = at - timedelta(minutes=45)
    said = "lists 127.0.0.1, which it must not" if flaw is not None else "no answer within 2 s"
    return Incident(
        id=0,
        blocklist=blocklist,
        zone=_BLOCKLIST.zone if blocklist else "127.0.0.1:53",
        state=state,
        reason=reason,
        flaw=flaw,
        detail=said,
        since_at=since,
        opened_at=since,
    )


def _told(line: Line, listing: Listing, at: datetime, *, text: str = "", before: tuple[str, ...] = ()) -> Entry:
    kind = Kind.LISTED if line is Line.WAS_LISTED else Kind(line.value)
    news = News(id=0, kind=kind, at=at, listing=listing, text=text, before=before, codes=listing.codes)
    tally = replace(_TALLY, listed=1, clear=18) if not listing.stands else _TALLY
    return Entry(line, news, _BLOCKLIST, tally)


def _trouble(line: Line, incident: Incident, at: datetime) -> Entry:
    kind = Kind.SIGHTED if line is Line.WAS_BLIND else Kind(line.value)
    blocklist = None if incident.about_resolver else _BLOCKLIST
    return Entry(line, News(id=0, kind=kind, at=at, incident=incident), blocklist)


def _words(line: Line, text: str, at: datetime) -> Entry:
    servers = ("mx1",) if line is Line.MOVED else ()
    return Entry(line, News(id=0, kind=Kind(line.value), at=at, text=text, servers=servers))
