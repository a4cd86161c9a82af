"""What is listed, what waits for confirmation, and where we are blind: one report for every face.

Owns how stored rows and the configured watchlist become the report that the command line, the page and the API show.
Must not print, nor ask anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from rblwatch.core.blocklist import Blocklist, Severity, link
from rblwatch.core.conclusion import Alarm, Exit, alarm, conclude, conclusive_lists
from rblwatch.core.incident import Condition, Incident, worst
from rblwatch.core.listing import Listing
from rblwatch.core.plan import outdated, slice_of
from rblwatch.core.question import Reason
from rblwatch.core.settings import Settings
from rblwatch.core.standing import Change
from rblwatch.core.target import Family, Target
from rblwatch.core.watchlist import Slice, Watchlist, enrol, uncovered
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
    """A pair that is listed or unknown; a clear one is not shown."""

    blocklist: str
    zone: str
    listing: Listing | None = None
    unknown: Reason | None = None
    """Why nothing new can be said of it now; a listing from before is kept all the same."""
    pending: PendingStatus | None = None
    """News that waits; what is listed already stays listed meanwhile, and anything else is unknown."""
    list_in_trouble: bool = False
    """It is unknown because the whole list is."""
    lookup_url: str | None = None
    delist_url: str | None = None

    @property
    def verdict(self) -> str:
        """The one verdict that all counts go by, as the interface spells it."""
        return "unknown" if self.listing is None else "listed"

    @property
    def reason(self) -> Reason | None:
        """Why it is unknown; None where it is listed, where news waits for its proof, or where nobody asked yet."""
        return self.unknown if self.listing is None else None


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
    gaps: tuple[str, ...] = ()
    """What is registered and no list is asked about, in words: nothing is known of it."""
    stale: bool = False
    """The last answers are too old to say anything of now."""

    @property
    def listed(self) -> int:
        """Pairs that are listed; a target under two servers counts once."""
        return self._count("listed")

    @property
    def unknown(self) -> int:
        """Pairs of which nothing can be said now."""
        return self._count("unknown")

    @property
    def conclusive(self) -> tuple[int, int]:
        """How many lists were conclusive, and how many have targets to be asked about, asked yet or not."""
        return conclusive_lists((b.blocklist, b.targets, b.unknown) for b in self.blocklists if b.targets)

    @property
    def conclusion(self) -> Exit:
        """With which code the program ends."""
        return conclude(listed=self.listed, unknown=self.unknown + len(self.gaps))

    @property
    def alarm(self) -> Alarm:
        """How loud a monitoring system is to be."""
        pairs = (pair for server in self.servers for target in server.targets for pair in target.pairs)
        severities = [pair.listing.severity for pair in pairs if pair.listing is not None]
        conclusive, lists = self.conclusive
        return alarm(severities, conclusive=conclusive, lists=lists, stale=self.stale)

    def _count(self, verdict: str) -> int:
        return len(
            {
                (target.target, pair.blocklist)
                for server in self.servers
                for target in server.targets
                for pair in target.pairs
                if pair.verdict == verdict
            }
        )


def report(queries: Queries, settings: Settings, watchlist: Watchlist, at: datetime) -> Report:
    """Work out the status from the database, for what is configured now."""
    view = _View(queries, watchlist)
    depth, oldest_at = queries.outbox()
    by_server: dict[str, list[TargetStatus]] = {server.name: [] for server in settings.servers}
    for target, names in watchlist.servers.items():
        status = view.target(target, names)
        for name in names:
            by_server[name].append(status)
    lists = tuple(view.lists())
    return Report(
        generated_at=at,
        servers=tuple(
            ServerStatus(name=server.name, tags=server.tags, targets=tuple(by_server[server.name]))
            for server in settings.servers
        ),
        blocklists=lists,
        outbox=OutboxStatus(depth=depth, oldest_at=oldest_at, failed=queries.failed_deliveries()),
        daemon=queries.daemon(),
        gaps=uncovered(watchlist),
        stale=outdated([status.asked_at for status in lists if status.targets], settings.schedule.interval, at),
    )


class _View:
    """The stored rows, with the few pairs picked out that are worth a line: all the others are clear."""

    def __init__(self, queries: Queries, watchlist: Watchlist) -> None:
        self._watchlist = watchlist
        self._tallies = Tallies.read(queries, watchlist)
        self._listings = {(listing.blocklist, listing.target): listing for listing in queries.open_listings()}
        self._incidents = {incident.blocklist: incident for incident in queries.incidents(open_only=True)}
        ids = self._tallies.ids
        known = {target: names for target, names in watchlist.servers.items() if target in ids}
        self._roster = enrol(replace(watchlist, servers=known), ids)
        news = [key for key, pair in self._tallies.pairs.items() if pair.standing.pending is not None]
        self._noted = self._note((*news, *self._listings))
        self._waiting, self._held = self._bitmaps(news), self._bitmaps(self._listings)
        self._asked: dict[tuple[tuple[str, ...], Family], list[str]] = {}

    def target(self, target: Target, names: tuple[str, ...]) -> TargetStatus:
        """How all lists stand on one target."""
        asked = self._lists_of(target, names)
        noted = self._noted.get(target, set()) if target in self._tallies.ids else set(asked)
        pairs = tuple(self._pair(blocklist, target) for blocklist in asked if blocklist in noted)
        listed = sum(pair.listing is not None for pair in pairs)
        return TargetStatus(
            target=target,
            listed=listed,
            clear=len(asked) - len(pairs),
            unknown=len(pairs) - listed,
            pairs=pairs,
        )

    def lists(self) -> Iterator[ListStatus]:
        """What the probes say of every list, and of how many targets it says nothing."""
        unregistered = self._unregistered()
        for blocklist in self._watchlist.blocklists.values():
            missing = unregistered[blocklist.id]
            parts = [
                (family, part) for family in Family for part in self._roster.slices.get((blocklist.id, family), ())
            ]
            yield ListStatus(
                blocklist=blocklist.id,
                zone=blocklist.shown_zone,
                name=blocklist.name,
                condition=self._condition(blocklist),
                asked_at=_last(c.asked_at for key, c in self._tallies.coverages.items() if key[0] == blocklist.id),
                incident=self._incidents.get(blocklist.id),
                targets=missing + sum(len(part.targets) for _, part in parts),
                unknown=missing + sum(self._unknowns(blocklist.id, family, part) for family, part in parts),
            )

    def _unknowns(self, blocklist: str, family: Family, part: Slice) -> int:
        """How many targets of a slice are neither listed nor clear; the same rule as for a single pair."""
        key = (blocklist, family, part.number)
        unknown = (self._tallies.doubtful(*key) | self._waiting.get(key, 0)) & ~self._held.get(key, 0)
        return (unknown & part.bits).bit_count()

    def _unregistered(self) -> Counter[str]:
        """By list, the targets that are configured and not in the database yet."""
        ids, found = self._tallies.ids, Counter[str]()
        for target, names in self._watchlist.servers.items():
            if target not in ids:
                found.update(self._lists_of(target, names))
        return found

    def _bitmaps(self, pairs: Iterable[tuple[str, Target]]) -> dict[tuple[str, Family, int], int]:
        bits: dict[tuple[str, Family, int], int] = {}
        for blocklist, target in pairs:
            if target in self._tallies.ids:
                number, bit = slice_of(self._tallies.ids[target])
                key = (blocklist, target.family, number)
                bits[key] = bits.get(key, 0) | bit
        return bits

    def _note(self, rows: Iterable[tuple[str, Target]]) -> dict[Target, set[str]]:
        """The lists worth a line, by target: they have a row of their own, or say nothing about it."""
        noted: dict[Target, set[str]] = {}
        for (blocklist, family), parts in self._roster.slices.items():
            for part in parts:
                bits = self._tallies.doubtful(blocklist, family, part.number) & part.bits
                for target in part.targets if bits else ():
                    if bits & slice_of(self._tallies.ids[target])[1]:
                        noted.setdefault(target, set()).add(blocklist)
        for blocklist, target in rows:
            noted.setdefault(target, set()).add(blocklist)
        return noted

    def _lists_of(self, target: Target, names: tuple[str, ...]) -> list[str]:
        key = (names, target.family)
        if key not in self._asked:
            self._asked[key] = [b for b in self._watchlist.blocklists if self._watchlist.asks(b, target)]
        return self._asked[key]

    def _pair(self, blocklist_id: str, target: Target) -> PairStatus:
        blocklist = self._watchlist.blocklists[blocklist_id]
        return PairStatus(
            blocklist=blocklist_id,
            zone=blocklist.shown_zone,
            listing=self._listings.get((blocklist_id, target)),
            unknown=self._tallies.unknown(blocklist_id, target),
            pending=_pending(self._tallies.pairs.get((blocklist_id, target))),
            list_in_trouble=self._tallies.in_trouble(blocklist_id, target.family),
            lookup_url=link(blocklist.lookup_url, target),
            delist_url=link(blocklist.delist_url, target),
        )

    def _condition(self, blocklist: Blocklist) -> Condition | None:
        families = self._watchlist.families(blocklist.id)
        found = (self._tallies.conditions.get((blocklist.id, family)) for family in families)
        return worst(condition for condition in found if condition is not None)


def _pending(row: Pair | None) -> PendingStatus | None:
    pending = row.standing.pending if row is not None else None
    if pending is None:
        return None
    codes = tuple(map(str, pending.listed.codes)) if pending.listed is not None else ()
    return PendingStatus(change=pending.change, codes=codes, seen_at=pending.seen_at, ready_at=pending.ready_at)


def _last(moments: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
