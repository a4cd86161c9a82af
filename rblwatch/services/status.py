"""Work out the report from the stored rows and the configured watchlist: one report for every face.

Owns which pairs are worth a line, and how old is too old. Must not print, nor ask anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address

from rblwatch.core.allowing import good_word
from rblwatch.core.blocklist import Blocklist, Kind, link
from rblwatch.core.budget import budgets_of, next_day
from rblwatch.core.incident import Condition, worst
from rblwatch.core.listing import scope_of
from rblwatch.core.plan import outdated, slice_of
from rblwatch.core.probation import shortest_wait
from rblwatch.core.question import Reason
from rblwatch.core.rhythm import rhythm
from rblwatch.core.settings import Schedule, Settings
from rblwatch.core.target import Family, Target
from rblwatch.core.verdict import Clear
from rblwatch.core.watchlist import Slice, Watchlist, enrol, joined, uncovered
from rblwatch.services.condition import latest_soundings
from rblwatch.services.named import name_gaps, name_statuses
from rblwatch.services.report import (
    BudgetStatus,
    ListStatus,
    OutboxStatus,
    PairStatus,
    PendingStatus,
    Report,
    ServerStatus,
    TargetStatus,
)
from rblwatch.services.tally import Tallies
from rblwatch.store.queries import Queries
from rblwatch.store.rows import Accepted, Pair


def report(queries: Queries, settings: Settings, watchlist: Watchlist, at: datetime) -> Report:
    """Work out the status from the database, for what is configured now; `watchlist` is what is registered."""
    known = name_statuses(queries.known(), settings)
    found = {server: [target for one in some for target in one.targets] for server, some in known.items()}
    watchlist = joined(watchlist, found)
    view = _View(queries, watchlist, settings.schedule, at)
    depth, oldest_at = queries.outbox()
    by_server: dict[str, list[TargetStatus]] = {server.name: [] for server in settings.servers}
    for target, names in watchlist.servers.items():
        status = view.target(target)
        for name in names:
            by_server[name].append(status)
    lists = tuple(view.lists())
    return Report(
        generated_at=at,
        servers=tuple(
            ServerStatus(
                name=server.name,
                tags=server.tags,
                targets=tuple(by_server[server.name]),
                names=known[server.name],
            )
            for server in settings.servers
        ),
        blocklists=lists,
        outbox=OutboxStatus(depth=depth, oldest_at=oldest_at, failed=queries.failed_deliveries()),
        daemon=queries.daemon(),
        heartbeat=settings.heartbeat.url is not None,
        gaps=(*uncovered(watchlist), *name_gaps(known)),
        budgets=tuple(view.budgets(queries.spent(at.date()))),
        silences=tuple(queries.silences(at)),
        acknowledged=tuple(queries.acknowledged()),
    )


class _View:
    """The stored rows, with the few pairs picked out that are worth a line: all the others are clear."""

    def __init__(self, queries: Queries, watchlist: Watchlist, schedule: Schedule, at: datetime) -> None:
        self._watchlist = watchlist
        self._schedule, self._at = schedule, at
        self._pairs = {(pair.blocklist, pair.target): pair for pair in queries.all_pairs()}
        self._tallies = Tallies.read(queries, watchlist, self._pairs.values())
        self._listings = {(listing.blocklist, listing.target): listing for listing in queries.open_listings()}
        self._incidents = {incident.blocklist: incident for incident in queries.incidents(open_only=True)}
        ids = self._tallies.ids
        known = {target: names for target, names in watchlist.servers.items() if target in ids}
        self._roster = enrol(replace(watchlist, servers=known), ids)
        rows = [(key, pair.standing) for key, pair in self._pairs.items()]
        telling = [key for key, standing in rows if standing.listed is not None or standing.pending is not None]
        self._accepted = {
            (row.blocklist, row.target): row
            for row in queries.accepted()
            if row.blocklist in watchlist.blocklists and row.target in watchlist.blocklists[row.blocklist].accepted
        }
        self._noted = self._note((*telling, *self._listings, *self._accepted))
        self._ttls_s: dict[tuple[str, Family], int] = {}
        soundings = queries.soundings()
        for sounding in soundings:
            lane = (sounding.blocklist, sounding.family)
            self._ttls_s[lane] = max(self._ttls_s.get(lane, 0), sounding.negative_ttl_s or 0)
        self._aside = {
            lane: sounding
            for lane, sounding in latest_soundings(soundings).items()
            if not sounding.condition.soundness.trusted
        }
        """Lists that can't be believed: nothing but their probes is asked of them."""
        self._asked: dict[Hashable, list[str]] = {}
        self._budgets = budgets_of(self._roster)

    def target(self, target: Target) -> TargetStatus:
        """How all lists stand on one target."""
        asked = self._lists_of(target)
        noted = self._noted.get(target, set()) if target in self._tallies.ids else set(asked)
        pairs = tuple(self._pair(blocklist, target) for blocklist in asked if blocklist in noted)
        verdicts = Counter(pair.verdict for pair in pairs)
        return TargetStatus(
            target=target,
            listed=verdicts["listed"],
            clear=len(asked) - verdicts["listed"] - verdicts["unknown"],
            unknown=verdicts["unknown"],
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
                asked_at=self._asked_last_at(blocklist.id),
                concluded_at=self._concluded_at(blocklist.id, parts),
                incident=self._incidents.get(blocklist.id),
                targets=missing + sum(len(part.targets) for _, part in parts),
                unknown=missing + sum(self._unknowns(blocklist.id, family, part) for family, part in parts),
                stale=any(self._stale(blocklist.id, family, part) for family, part in parts),
            )

    def _asked_last_at(self, blocklist: str) -> datetime | None:
        rounds = (row.asked_at for key, row in self._tallies.coverages.items() if key[0] == blocklist)
        return _last((*rounds, *(one.checked_at for lane, one in self._aside.items() if lane[0] == blocklist)))

    def _unknowns(self, blocklist: str, family: Family, part: Slice) -> int:
        """How many targets of a slice are neither listed nor clear; the same rule as for a single pair."""
        return (self._tallies.unknowns(blocklist, family, part.number) & part.bits).bit_count()

    def _concluded_at(self, blocklist: str, parts: Iterable[tuple[Family, Slice]]) -> datetime | None:
        """When the last good sweep of a list began: of the slice for which that is longest ago."""
        rows = [self._tallies.coverages.get((blocklist, family, part.number)) for family, part in parts]
        moments = [row.concluded_at if row is not None else None for row in rows]
        return None if None in moments else min(filter(None, moments), default=None)

    def _stale(self, blocklist: str, family: Family, part: Slice) -> bool:
        """Whether a slice was asked about, and then not again when it was due, as the list's own TTLs have it."""
        coverage = self._tallies.coverages.get((blocklist, family, part.number))
        if coverage is None or coverage.asked_at is None:
            return False
        ttl = timedelta(seconds=self._ttls_s.get((blocklist, family), 0))
        description = self._watchlist.blocklists[blocklist]
        budget = self._budgets.get(description.counted_by)
        effective = rhythm(self._schedule.interval, description, ttl=ttl, budget=budget.interval if budget else None)
        aside = self._aside.get((blocklist, family))
        if aside is not None:
            longest = max(effective.interval, shortest_wait(self._schedule, description))
            return outdated(aside.checked_at, longest, self._at)
        return outdated(coverage.asked_at, effective.interval, self._at)

    def budgets(self, spent: Mapping[str, int]) -> Iterator[BudgetStatus]:
        """What operators allow, and what was asked of them today."""
        for budget in self._budgets.values():
            left_out = {name: self._left_out(name) for name in budget.costs}
            yield BudgetStatus(
                operator=budget.operator,
                per_day=budget.per_day,
                spent=spent.get(budget.operator, 0),
                renewed_at=next_day(self._at),
                interval=budget.interval,
                unasked={name: targets for name, targets in left_out.items() if targets},
            )

    def _left_out(self, blocklist: str) -> int:
        """About how many targets a list could not be asked."""
        parts = ((lane, part) for lane, some in self._roster.slices.items() if lane[0] == blocklist for part in some)
        rows = ((self._tallies.coverages.get((*lane, part.number)), part.bits) for lane, part in parts)
        return sum((row.failed.get(Reason.NOT_ASKED, 0) & bits).bit_count() for row, bits in rows if row is not None)

    def _unregistered(self) -> Counter[str]:
        """By list, the targets that are configured and not in the database yet."""
        ids, found = self._tallies.ids, Counter[str]()
        for target in self._watchlist.servers:
            if target not in ids:
                found.update(self._lists_of(target))
        return found

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

    def _lists_of(self, target: Target) -> list[str]:
        key = self._watchlist.alike(target)
        if key not in self._asked:
            self._asked[key] = self._tallies.asked(target)
        return self._asked[key]

    def _pair(self, blocklist_id: str, target: Target) -> PairStatus:
        blocklist = self._watchlist.blocklists[blocklist_id]
        accepted, listing = self._accepted.get((blocklist_id, target)), self._listings.get((blocklist_id, target))
        row = self._pairs.get((blocklist_id, target))
        return PairStatus(
            blocklist=blocklist_id,
            zone=blocklist.shown_zone,
            listing=listing,
            scope=scope_of(listing.codes, blocklist) if listing is not None else None,
            unknown=self._tallies.unknown(blocklist_id, target),
            pending=_pending(row),
            clear=(clear := self._said_clear(blocklist, target)),
            allowed_since=row.allowed_at if row is not None and clear is not None else None,
            accepted_since=accepted.since_at if accepted is not None else None,
            list_in_trouble=self._tallies.in_trouble(blocklist_id, target.family),
            lookup_url=link(blocklist.lookup_url, target),
            delist_url=link(blocklist.delist_url, target),
        )

    def _said_clear(self, blocklist: Blocklist, target: Target) -> Clear | None:
        """What a list says of a target that is clear all the same; None where nothing is worth a word, or known now."""
        accepted = self._accepted.get((blocklist.id, target))
        if accepted is None or self._tallies.unknown(blocklist.id, target) is not None:
            return self._good_word(blocklist, target)
        return _as_clear(blocklist, accepted)

    def _good_word(self, blocklist: Blocklist, target: Target) -> Clear | None:
        """What an allow list says of a target that it has, or may have lost; None where nothing can be said now."""
        pair = self._pairs.get((blocklist.id, target))
        if pair is None or blocklist.kind is not Kind.ALLOW or self._tallies.unknown(blocklist.id, target) is not None:
            return None
        return Clear() if pair.standing.listed is None else good_word(pair.standing.listed)

    def _condition(self, blocklist: Blocklist) -> Condition | None:
        families = self._watchlist.families(blocklist.id)
        found = (self._tallies.conditions.get((blocklist.id, family)) for family in families)
        return worst(condition for condition in found if condition is not None)


def _as_clear(blocklist: Blocklist, accepted: Accepted) -> Clear:
    """What a list says of a target, as the verdict that it is where the listing is accepted."""
    codes = tuple(map(IPv4Address, accepted.codes))
    labels = dict.fromkeys(meaning.label for code in codes for meaning in blocklist.meanings(code))
    return Clear(codes, tuple(labels))


def _pending(row: Pair | None) -> PendingStatus | None:
    pending = row.standing.pending if row is not None else None
    if pending is None:
        return None
    codes = tuple(map(str, pending.listed.codes)) if pending.listed is not None else ()
    return PendingStatus(change=pending.change, codes=codes, seen_at=pending.seen_at, ready_at=pending.ready_at)


def _last(moments: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
