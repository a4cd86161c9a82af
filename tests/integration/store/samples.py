"""Values to store, and times to store them at."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from rblwatch.core.alert import Group, Kind
from rblwatch.core.blocklist import Severity
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing
from rblwatch.core.question import Reason
from rblwatch.core.routing import Decision
from rblwatch.core.soundness import Flaw, State
from rblwatch.core.target import Family, Target
from rblwatch.core.verdict import Listed
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import DaemonRow, Delivery, NewNews, Telling

LISTED = Listed((IPv4Address("127.0.0.2"),), Severity.CRITICAL, ("SBL",))
PBL = Listed((IPv4Address("127.0.0.10"), IPv4Address("127.0.0.11")), Severity.MAJOR, ("PBL",), refused=True)


def at(minute: float) -> datetime:
    """A moment, so many minutes after ten o'clock."""
    return datetime(2025, 6, 1, 10, 0, tzinfo=UTC) + timedelta(minutes=minute)


def address(number: int) -> Target:
    return Target(f"198.51.{number // 256}.{number % 256}", Family.IPV4)


def listing(number: int = 1, blocklist: str = "zen", *, servers: tuple[str, ...] = ("mx1",)) -> Listing:
    return Listing(
        id=0,
        target=address(number),
        blocklist=blocklist,
        zone=f"{blocklist}.example",
        server=servers[0],
        servers=servers,
        tags=frozenset({"production", "mail"}),
        codes=("127.0.0.2",),
        labels=("SBL",),
        severity=Severity.CRITICAL,
        text="spam \N{EM DASH} see https://example.org",
        listed_at=at(15),
        clear_at=at(0),
        seen_at=at(16),
        nameserver="127.0.0.1:53",
        evidence="self-test passed",
    )


def incident(blocklist: str = "psbl") -> Incident:
    return Incident(
        id=0,
        blocklist=blocklist,
        zone=f"{blocklist}.example",
        state=State.UNSOUND,
        reason=Reason.UNSOUND,
        flaw=Flaw.WILDCARD,
        detail="lists everything",
        since_at=at(1),
        opened_at=at(2),
        families=frozenset({Family.IPV4}),
    )


def daemon(instance: str = "daemon:one", *, pid: int = 4711) -> DaemonRow:
    return DaemonRow(instance=instance, host="mail.example", pid=pid, version="1.0", started_at=at(0), beat_at=at(0))


def announce(
    repo: Repository,
    listing_ids: tuple[int, ...],
    recipient: str = "ops",
    *,
    kind: Kind = Kind.LISTED,
    minute: float = 0,
    decision: Decision = Decision.TELL,
) -> int:
    """Commit an alert with one piece of news per listing, on its way to one recipient; give the delivery's id."""
    alert_id = repo.add_alert(Group.NEWS, "", at(minute))
    delivery_id = repo.add_delivery(alert_id, recipient, at(minute), at(minute))
    for listing_id in listing_ids:
        news_id = repo.add_news(alert_id, NewNews(kind=kind, at=at(minute), listing_id=listing_id))[0]
        repo.add_tellings(Telling(news_id=news_id, recipient=recipient, decision=decision, delivery_id=delivery_id))
    return delivery_id


def announced(
    store: Store, about: tuple[int, ...], recipient: str = "ops", *, kind: Kind = Kind.LISTED, minute: float = 0
) -> int:
    """`announce`, in a transaction of its own."""
    return store.write_now(lambda repo: announce(repo, about, recipient, kind=kind, minute=minute))


def claim(
    store: Store, minute: float, *, holder: str = "daemon:one", lease: float = 2, limit: int = 10, busy: int = 0
) -> list[Delivery]:
    """Claim what is due at a minute, under a lease of so many minutes."""
    return store.write_now(
        lambda repo: repo.claim(
            at(minute),
            holder=holder,
            lease=timedelta(minutes=lease),
            room=lambda recipients: {name: limit - (busy if name == "ops" else 0) for name in recipients},
        )
    )
