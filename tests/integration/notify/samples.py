"""Messages of every kind, as the services compose them."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, ip_address

from rblwatch.core.alert import Group, Kind, Line, News
from rblwatch.core.blocklist import Blocklist, Code, Meaning, Severity
from rblwatch.core.blocklist import Kind as ListKind
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.matching import CodeRange
from rblwatch.core.message import Entry, Message, Tally
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, State
from rblwatch.core.target import Target, address_target
from rblwatch.notify import Medium, Sink

MAIL = Sink(medium=Medium.MAIL)
PROGRAM = Sink(medium=Medium.JSON)
CHAT = Sink(medium=Medium.CHAT)
#: Discord and Mattermost, say: they read Markdown in plain text.
MARKDOWN = Sink(medium=Medium.CHAT, markdown=True, title_limit=0, body_limit=4000)

ZEN_KEY = "abcdefghij0123456789abcdef"


def at(hour: int, minute: int = 0, *, day: int = 1) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def address(text: str) -> Target:
    return address_target(ip_address(text))


def exactly(code: str, label: str, severity: Severity, text: str = "") -> Code:
    return Code(CodeRange(IPv4Address(code), IPv4Address(code)), Meaning(label, severity, text=text))


ZEN = Blocklist(
    id="spamhaus-zen",
    zone="zen.spamhaus.org",
    name="Spamhaus ZEN (SBL+CSS+XBL+PBL)",
    codes=(
        exactly("127.0.0.2", "SBL", Severity.CRITICAL, "verified spam source, operation or support"),
        exactly("127.0.0.3", "CSS", Severity.MAJOR, "automated low-reputation detection"),
    ),
    lookup_url="https://check.spamhaus.org/results/?query={ip}",
    delist_url="https://check.spamhaus.org/",
)
KEYED = replace(ZEN, zone=f"{ZEN_KEY}.zen.dq.spamhaus.net", keyed=True, public_zone="zen.dq.spamhaus.net")
PSBL = Blocklist(id="psbl", zone="psbl.surriel.com", name="PSBL")

LISTING = Listing(
    id=7,
    target=address("192.0.2.1"),
    blocklist="spamhaus-zen",
    zone="zen.spamhaus.org",
    server="mx1",
    servers=("mx1",),
    tags=frozenset({"production"}),
    codes=("127.0.0.2",),
    labels=("SBL",),
    severity=Severity.CRITICAL,
    text="https://www.spamhaus.org/sbl/query/SBL123",
    listed_at=at(10, 15),
    clear_at=at(10, 0),
    seen_at=at(10, 16),
    nameserver="127.0.0.1:53",
    evidence="self-test passed: 127.0.0.2 listed, 127.0.0.1 clear, 198.51.100.77 clear",
)
TALLY = Tally(listed=1, clear=18, unknown=1)

INCIDENT = Incident(
    id=3,
    blocklist="spamhaus-zen",
    zone="zen.spamhaus.org",
    state=State.UNSOUND,
    reason=Reason.UNSOUND,
    flaw=Flaw.WILDCARD,
    detail="lists 127.0.0.1, which it must not: it lists everything",
    since_at=at(9, 50),
    opened_at=at(9, 50),
)


def many(count: int, *, server: str | None = "mx1") -> list[Listing]:
    """Listings of 192.0.2.1, .2 and so on, of one server or of one each."""
    return [
        replace(LISTING, id=n, target=address(f"192.0.2.{n}"), servers=(server or f"mx{n}",), server=server or f"mx{n}")
        for n in range(1, count + 1)
    ]


def over(ending: Ending = Ending.DELISTED, listing: Listing = LISTING) -> Listing:
    """A listing that ended at ten."""
    begun = replace(listing, listed_at=at(8, 15), clear_at=at(8, 0), seen_at=at(9, 45))
    return replace(begun, ended_at=at(10), ended_by=ending)


def about(
    line: Line, listing: Listing, blocklist: Blocklist | None = ZEN, *, tally: Tally | None = TALLY, text: str = ""
) -> Entry:
    """A line about a listing."""
    kind = Kind.LISTED if line is Line.WAS_LISTED else Kind(line.value)
    news = News(id=1, kind=kind, at=at(10, 17), listing=listing, text=text)
    if line is Line.CHANGED:
        news = replace(news, before=("127.0.0.3",), codes=listing.codes)
    return Entry(line, news, blocklist, tally)


def trouble(line: Line, incident: Incident = INCIDENT, blocklist: Blocklist | None = ZEN, *, text: str = "") -> Entry:
    """A line about a list."""
    kind = Kind.SIGHTED if line is Line.WAS_BLIND else Kind(line.value)
    return Entry(line, News(id=1, kind=kind, at=at(10, 17), incident=incident, text=text), blocklist)


def notice(text: str) -> Entry:
    return Entry(Line.NOTICE, News(id=1, kind=Kind.NOTICE, at=at(10, 17), text=text))


GOOD = Blocklist(
    id="wl", zone="wl.example", name="Good senders", kind=ListKind.ALLOW, lookup_url="https://wl.example/{ip}"
)


def off_allow_list(target: str) -> Entry:
    """A line about an address that an allow list has no longer."""
    news = News(id=1, kind=Kind.ALLOW_LOST, at=at(10, 17), text="MED", servers=("mx1",), target=target, blocklist="wl")
    return Entry(Line.ALLOW_LOST, news, GOOD)


def moved(text: str) -> Entry:
    """A line about a name that stands for other addresses."""
    return Entry(Line.MOVED, News(id=1, kind=Kind.MOVED, at=at(10, 17), text=text, servers=("mx1",)))


def message(*entries: Entry, group: Group = Group.NEWS, recipient: str = "ops", delivery_id: str = "12-9") -> Message:
    return Message(
        delivery_id=delivery_id, alert_id=12, recipient=recipient, group=group, at=at(10, 17), entries=entries
    )
