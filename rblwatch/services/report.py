"""The status as every face shows it: what is listed, what waits for confirmation, and where we are blind.

Owns the shape of the report, and every number that follows from it. Must not read anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rblwatch.core.acknowledgement import Acknowledgement
from rblwatch.core.blocklist import Scope, Severity
from rblwatch.core.conclusion import Alarm, Exit, alarm, conclude, conclusive_lists
from rblwatch.core.finding import WHOLE, Failure, Origin, Unwatched, within
from rblwatch.core.incident import Condition, Incident
from rblwatch.core.listing import Listing
from rblwatch.core.question import Reason
from rblwatch.core.routing import Silence
from rblwatch.core.standing import Change
from rblwatch.core.target import Target
from rblwatch.core.verdict import Clear
from rblwatch.store.rows import DaemonRow

#: A daemon shows every 10 s that it lives; between two it may wait for a long write.
_LONGEST_BEAT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingStatus:
    """News that waits for its proof."""

    change: Change
    codes: tuple[str, ...]
    seen_at: datetime
    ready_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PairStatus:
    """A pair that is listed or unknown, or clear with a good word; another clear one is not shown."""

    blocklist: str
    zone: str
    listing: Listing | None = None
    unknown: Reason | None = None
    """Why nothing new can be said of it now; a listing from before is kept all the same."""
    pending: PendingStatus | None = None
    """News that waits; what is listed already stays listed meanwhile, and anything else is unknown."""
    clear: Clear | None = None
    """Of an allow list: what it says of the target, if anything; and of any list what is accepted of it."""
    allowed_since: datetime | None = None
    """Of an allow list that has the target: since when it was seen there."""
    accepted_since: datetime | None = None
    """It is listed since then, which the admin has accepted: it counts as clear, and is no news."""
    scope: Scope | None = None
    """Of a listing: what its entry is made for, the target or more."""
    list_in_trouble: bool = False
    """It is unknown because the whole list is."""
    lookup_url: str | None = None
    delist_url: str | None = None

    @property
    def wider_scope(self) -> Scope | None:
        """The scope of a listing whose entry is made for more than the target."""
        return self.scope if self.scope is not None and self.scope.width else None

    @property
    def verdict(self) -> str:
        """The one verdict that all counts go by, as the interface spells it."""
        if self.listing is not None:
            return "listed"
        return "unknown" if self.clear is None else "clear"

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
class NameStatus:
    """What a registered name stands for, as far as it is known."""

    origin: Origin
    targets: tuple[Target, ...] = ()
    """All that are watched by it, also those that it does not stand for any more."""
    missing: Mapping[Target, datetime] = field(default_factory=dict)
    """Those that went, with the moment in which each was missed; they are watched for a day more."""
    looked_at: datetime | None = None
    """None: it was not looked up yet."""
    failing_since: datetime | None = None
    """Since then it could not be looked up, or not completely: what was known before is watched."""
    failures: tuple[Failure, ...] = ()
    """Each with the part that it is about, and since when it lasts."""
    parts: Mapping[Target, tuple[str, ...]] = field(default_factory=dict)
    """By which parts each target was found last; those that are not here, by the whole."""
    unwatched: tuple[Unwatched, ...] = ()
    faults: tuple[str, ...] = ()

    def behind(self, failure: Failure) -> list[Target]:
        """The targets that are kept for the reason that nobody knows, for that failure, whether they are there."""
        return [
            target
            for target in self.targets
            if any(within(part, (failure.part,)) for part in self.parts.get(target, (WHOLE,)))
        ]

    @property
    def gap(self) -> str | None:
        """Why nothing that it may stand for is watched; None if something is, or it stands for nothing."""
        if self.targets:
            return None
        if self.looked_at is None:
            return "it was not looked up yet"
        if self.failures:
            return f"{self.failures[0].what}: {self.failures[0].detail or self.failures[0].reason}"
        return "; ".join(self.faults) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """A server with its targets, in the configuration's order."""

    name: str
    tags: tuple[str, ...]
    targets: tuple[TargetStatus, ...]
    names: tuple[NameStatus, ...] = ()

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
    concluded_at: datetime | None
    """Of its last good sweep: all its targets were asked about by then, while it was trusted; None: there was none."""
    incident: Incident | None
    targets: int
    """How many targets it is asked about, and of how many of them nothing can be said now."""
    unknown: int
    stale: bool = False
    """It was asked about some of them, and then not again when it was due: what it said is too old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetStatus:
    """What one operator allows all of his lists to be asked in a day, and what is left of it."""

    operator: str
    per_day: int
    spent: int
    """Since midnight (UTC); what was reserved by a process that died, or is still asking, included."""
    renewed_at: datetime
    """When the next day begins."""
    interval: timedelta
    """At which rounds of these lists fit into a day; they are not asked more often."""
    unasked: Mapping[str, int]
    """By list: how many targets it could not be asked about when their turn came."""

    @property
    def left(self) -> int:
        """What may still be asked today."""
        return max(self.per_day - self.spent, 0)


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
    heartbeat: bool = False
    """Whether one is configured."""
    gaps: tuple[str, ...] = ()
    """What is registered and no list is asked about, in words: nothing is known of it."""
    budgets: tuple[BudgetStatus, ...] = ()
    warnings: tuple[str, ...] = ()
    """What somebody should see to, in words, before it does harm."""
    silences: tuple[Silence, ...] = ()
    """In force."""
    acknowledged: tuple[tuple[Acknowledgement, Listing | Incident], ...] = ()
    """What somebody looks after."""

    @property
    def alive(self) -> bool:
        """Whether the daemon has shown lately that it runs; a clock of another machine may be some seconds off.

        One that was stopped says so; one that was killed is only seen no more.
        """
        if self.daemon is None or self.daemon.ended_at is not None:
            return False
        return abs(self.generated_at - self.daemon.beat_at) <= _LONGEST_BEAT

    @property
    def stale(self) -> bool:
        """Whether the last answers are too old to say anything of now: no list was asked when it was due."""
        return all(b.stale or b.asked_at is None for b in self.blocklists if b.targets)

    @property
    def overdue(self) -> tuple[str, ...]:
        """The lists that were not asked when they were due."""
        return tuple(b.blocklist for b in self.blocklists if b.stale)

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
        """How many lists were conclusive, and how many have targets to be asked about, asked yet or not.

        What a list said too long ago concludes nothing.
        """
        lists = [b for b in self.blocklists if b.targets]
        return conclusive_lists((b.blocklist, b.targets, b.targets if b.stale else b.unknown) for b in lists)

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
