"""Values that several unit tests are made of, as short to write as a table needs them."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from rblwatch.core.blocklist import Blocklist, Claim, Code, Meaning, Severity
from rblwatch.core.codes import parse_code_key
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.question import Found
from rblwatch.core.target import Target, parse_address

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
HOST = parse_address("198.51.100.7")

#: A plain list: one named code, RFC 5782's self-test, the common refusals.
PLAIN = Blocklist(id="plain", zone="bl.example")


def at(minutes: float) -> datetime:
    """A moment, in minutes after a common start."""
    return START + timedelta(minutes=minutes)


def found(*codes: str, ttl_s: int = 0) -> Found:
    return Found(tuple(IPv4Address(code) for code in codes), ttl_s)


def row(key: str, label: str = "spam", severity: Severity = Severity.MAJOR, claim: Claim = Claim.LISTED) -> Code:
    """A row of a list's table of codes."""
    return Code(parse_code_key(key), Meaning(label, severity, claim))


def listing(
    listing_id: int = 1,
    *,
    target: Target = HOST,
    codes: tuple[str, ...] = ("127.0.0.2",),
    ended_by: Ending | None = None,
) -> Listing:
    return Listing(
        id=listing_id,
        target=target,
        blocklist="plain",
        zone="bl.example",
        server="mx1",
        servers=("mx1",),
        tags=frozenset({"production"}),
        codes=codes,
        labels=("spam",),
        severity=Severity.MAJOR,
        text=None,
        listed_at=at(15),
        clear_at=at(0),
        seen_at=at(30),
        nameserver="127.0.0.1:53",
        evidence="self-test passed",
        ended_at=at(45) if ended_by is not None else None,
        ended_by=ended_by,
    )
