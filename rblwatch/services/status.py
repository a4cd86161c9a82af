"""What is listed, what waits for confirmation, and where we are blind: one report for every face.

Owns how stored rows and the configured watchlist become the report that the command line, the page and the API show.
Must not print, nor ask anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from rblwatch.core.blocklist import Blocklist, Severity, link
from rblwatch.core.incident import Condition, Incident, worst
from rblwatch.core.listing import Listing
from rblwatch.core.question import Reason
from rblwatch.core.settings import Settings
from rblwatch.core.standing import Change
from rblwatch.core.target import Target
from rblwatch.core.watchlist import Watchlist
from rblwatch.services.tally import Tallies
from rblwatch.store.queries import Queries
from rblwatch.store.rows import DaemonRow, Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingStatus:
    """News that waits for its proof."""

    change: Change
    codes: tuple[str, ...]
    seen_at: datetime
    ready_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PairStatus:
    """A pair that is listed, pending or unknown."""

    blocklist: str
    zone: str
    listing: Listing | None = None
    unknown: Reason | None = None
    """Why nothing can be said of it now; a listing from before is kept all the same."""
    pending: PendingStatus | None = None
    list_in_trouble: bool = False
    """It is unknown because the whole list is."""
    looked: bool = True
    """There was a conclusive answer once."""
    lookup_url: str | None = None
    delist_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStatus:
    """How all lists stand on one target."""

    target: Target
    listed: int
    clear: int
    unknown: int
    pairs: tuple[PairStatus, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """A server with its targets, in the configuration's order."""

    name: str
    tags: tuple[str, ...]
    targets: tuple[TargetStatus, ...]

    @property
    def worst(self) -> Severity | None:
        """The gravest severity of its listings; None: nothing listed."""
        found = [p.listing.severity for t in self.targets for p in t.pairs if p.listing is not None]
        return max(found, key=lambda severity: severity.rank, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStatus:
    """What the probes say of a list."""

    blocklist: str
    zone: str
    name: str
    condition: Condition | None
    """None: not asked yet."""
    asked_at: datetime | None
    incident: Incident | None
    targets: int
    """How many targets it is asked about, and of how many of them nothing can be said now."""
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxStatus:
    """Messages that have not left yet, and those that failed for good."""

    depth: int
    oldest_at: datetime | None
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole status at one moment."""

    generated_at: datetime
    servers: tuple[ServerStatus, ...]
    blocklists: tuple[ListStatus, ...]
    outbox: OutboxStatus
    daemon: DaemonRow | None

    @property
    def listed(self) -> int:
        """Pairs that are listed; a target under two servers counts once."""
        return len(self._distinct(lambda pair: pair.listing is not None))

    @property
    def unknown(self) -> int:
        """Pairs of which nothing can be said now."""
        return len(self._distinct(lambda pair: pair.unknown is not None or not (pair.looked or pair.listing)))

    def _distinct(self, wanted: Callable[[PairStatus], bool]) -> set[tuple[Target, str]]:
        return {
            (target.target, pair.blocklist)
            for server in self.servers
            for target in server.targets
            for pair in target.pairs
            if wanted(pair)
        }


def report(queries: Queries, settings: Settings, watchlist: Watchlist, at: datetime) -> Report:
    """Work out the status from the database, for what is configured now."""
    tallies = Tallies.read(queries, watchlist)
    listings = {(listing.blocklist, listing.target): listing for listing in queries.open_listings()}
    depth, oldest_at = queries.outbox()
    by_server: dict[str, list[TargetStatus]] = {server.name: [] for server in settings.servers}
    for target, names in watchlist.servers.items():
        status = _target(target, tallies, listings)
        for name in names:
            by_server[name].append(status)
    return Report(
        generated_at=at,
        servers=tuple(
            ServerStatus(name=server.name, tags=server.tags, targets=tuple(by_server[server.name]))
            for server in settings.servers
        ),
        blocklists=tuple(_lists(queries, watchlist, tallies)),
        outbox=OutboxStatus(depth=depth, oldest_at=oldest_at, failed=queries.failed_deliveries()),
        daemon=queries.daemon(),
    )


def _target(target: Target, tallies: Tallies, listings: dict[tuple[str, Target], Listing]) -> TargetStatus:
    tally = tallies.of(target)
    return TargetStatus(
        target=target,
        listed=tally.listed,
        clear=tally.clear,
        unknown=tally.unknown,
        pairs=tuple(_pairs(target, tallies, listings)),
    )


def _pairs(target: Target, tallies: Tallies, listings: dict[tuple[str, Target], Listing]) -> Iterator[PairStatus]:
    """The pairs of a target that are worth a line: listed, pending, or unknown, also because nobody asked yet."""
    for blocklist in tallies.watchlist.blocklists.values():
        if not tallies.watchlist.asks(blocklist.id, target):
            continue
        listing = listings.get((blocklist.id, target))
        unknown = tallies.unknown(blocklist.id, target)
        row = tallies.pairs.get((blocklist.id, target))
        pending = _pending(row)
        looked = tallies.concluded(blocklist.id, target)
        if listing is not None or unknown is not None or pending is not None or not looked:
            yield PairStatus(
                blocklist=blocklist.id,
                zone=blocklist.shown_zone,
                listing=listing,
                unknown=unknown,
                pending=pending,
                list_in_trouble=tallies.in_trouble(blocklist.id, target.family),
                looked=looked,
                lookup_url=link(blocklist.lookup_url, target),
                delist_url=link(blocklist.delist_url, target),
            )


def _pending(row: Pair | None) -> PendingStatus | None:
    pending = row.standing.pending if row is not None else None
    if pending is None:
        return None
    codes = tuple(map(str, pending.listed.codes)) if pending.listed is not None else ()
    return PendingStatus(change=pending.change, codes=codes, seen_at=pending.seen_at, ready_at=pending.ready_at)


def _lists(queries: Queries, watchlist: Watchlist, tallies: Tallies) -> Iterator[ListStatus]:
    incidents = {incident.blocklist: incident for incident in queries.incidents(open_only=True)}
    for blocklist in watchlist.blocklists.values():
        asked = [target for target in watchlist.servers if watchlist.asks(blocklist.id, target)]
        yield ListStatus(
            blocklist=blocklist.id,
            zone=blocklist.shown_zone,
            name=blocklist.name,
            condition=_condition(blocklist, watchlist, tallies),
            asked_at=_last(c.asked_at for key, c in tallies.coverages.items() if key[0] == blocklist.id),
            incident=incidents.get(blocklist.id),
            targets=len(asked),
            unknown=sum(tallies.unknown(blocklist.id, target) is not None for target in asked),
        )


def _condition(blocklist: Blocklist, watchlist: Watchlist, tallies: Tallies) -> Condition | None:
    families = watchlist.families(blocklist.id)
    return worst(
        condition
        for (name, family), condition in tallies.conditions.items()
        if name == blocklist.id and family in families
    )


def _last(moments: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
