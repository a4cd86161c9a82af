"""How the lists stand on one target, from the stored rows.

Owns the reading of coverages, pairs and soundings as "listed, clear or unknown and why" for pairs that have no row of
their own. Must not ask anything, nor word anything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from rblwatch.core.blocklist import Kind
from rblwatch.core.incident import Condition
from rblwatch.core.message import Tally
from rblwatch.core.plan import SLICE_TARGETS, bitmap, positions, slice_of
from rblwatch.core.question import Reason
from rblwatch.core.target import Family, Target
from rblwatch.core.watchlist import Watchlist
from rblwatch.services.condition import latest_conditions
from rblwatch.store.queries import Queries
from rblwatch.store.rows import Coverage, Pair

#: A list, a family and a slice.
Part = tuple[str, Family, int]


@dataclass(frozen=True, slots=True)
class Tallies:
    """The stored rows, indexed for questions about targets."""

    watchlist: Watchlist
    ids: Mapping[Target, int]
    coverages: Mapping[Part, Coverage]
    conditions: Mapping[tuple[str, Family], Condition]
    """By list and family, as seen through the nameserver that was asked last."""
    held: Mapping[Part, int]
    """Bitmaps: targets that are held to be listed."""
    waiting: Mapping[Part, int]
    """Bitmaps: targets with news that waits for its proof."""

    @classmethod
    def read(cls, queries: Queries, watchlist: Watchlist, pairs: Iterable[Pair]) -> Self:
        """Read all rows but the pairs, which the caller has read."""
        marks = (
            (p.blocklist, p.target_id, p.standing.listed is not None, p.standing.pending is not None) for p in pairs
        )
        return cls._of_rows(queries, watchlist, queries.targets(), queries.coverages(), marks)

    @classmethod
    def about(cls, queries: Queries, watchlist: Watchlist, targets: Collection[Target]) -> Self:
        """Read what concerns these targets: it costs as much as they are, however many others are watched."""
        ids = queries.ids_of(targets)
        slices = {slice_of(target_id)[0] for target_id in ids.values()}
        return cls._of_rows(queries, watchlist, ids, queries.coverages_of(slices), queries.marks_of(ids.values()))

    @classmethod
    def _of_rows(
        cls,
        queries: Queries,
        watchlist: Watchlist,
        ids: Mapping[Target, int],
        coverages: Iterable[Coverage],
        marks: Iterable[tuple[str, int, bool, bool]],
    ) -> Self:
        families = {target_id: target.family for target, target_id in ids.items()}
        held: defaultdict[Part, list[int]] = defaultdict(list)
        waiting: defaultdict[Part, list[int]] = defaultdict(list)
        allowing = {name for name, blocklist in watchlist.blocklists.items() if blocklist.kind is Kind.ALLOW}
        for blocklist, target_id, is_listed, waits in marks:
            if blocklist in allowing:
                continue  # whether it has a good word or not, the target is clear
            part = (blocklist, families[target_id], target_id // SLICE_TARGETS)
            if is_listed:
                held[part].append(target_id)
            if waits:
                waiting[part].append(target_id)
        return cls(
            watchlist,
            ids,
            {(row.blocklist, row.family, row.slice): row for row in coverages},
            latest_conditions(queries.soundings()),
            {part: bitmap(target_ids) for part, target_ids in held.items()},
            {part: bitmap(target_ids) for part, target_ids in waiting.items()},
        )

    def unknown(self, blocklist: str, target: Target) -> Reason | None:
        """Why nothing can be said of a pair now, or None if something can."""
        condition = self.conditions.get((blocklist, target.family))
        if condition is not None and not condition.soundness.trusted:
            return condition.soundness.reason
        number, bit = slice_of(self.ids.get(target, 0))
        coverage = self.coverages.get((blocklist, target.family, number))
        failed = coverage.failed if coverage is not None else {}
        return next((reason for reason, failing in failed.items() if failing & bit), None)

    def in_trouble(self, blocklist: str, family: Family) -> bool:
        """Whether nothing that a list answers about a family can be believed now."""
        condition = self.conditions.get((blocklist, family))
        return condition is not None and not condition.soundness.trusted

    def doubtful(self, blocklist: str, family: Family, number: int) -> int:
        """The targets of a slice (a bitmap) about which a list says nothing now, or never did; -1: all of them.

        Pairs with a row of their own are apart from this. The other targets are clear, and cost nothing.
        """
        coverage = self.coverages.get((blocklist, family, number))
        if coverage is None or self.in_trouble(blocklist, family):
            return -1
        failing = 0
        for targets in coverage.failed.values():
            failing |= targets
        return ~coverage.covered | failing

    def unknowns(self, blocklist: str, family: Family, number: int) -> int:
        """The targets of a slice (a bitmap) that are neither listed nor clear; negative: and all others."""
        part = (blocklist, family, number)
        return (self.doubtful(*part) | self.waiting.get(part, 0)) & ~self.held.get(part, 0)

    def asked(self, target: Target) -> list[str]:
        """The lists that are asked about a target."""
        return [blocklist for blocklist in self.watchlist.blocklists if self.watchlist.asks(blocklist, target)]

    def of(self, targets: Iterable[Target]) -> dict[Target, Tally]:
        """How all lists stand on each of these targets; `also_on` names every list that lists it."""
        groups: defaultdict[tuple[Hashable, Family, int], list[Target]] = defaultdict(list)
        for target in targets:
            number = slice_of(self.ids[target])[0] if target in self.ids else -1
            groups[self.watchlist.alike(target), target.family, number].append(target)
        tallies: dict[Target, Tally] = {}
        for (_, family, number), alike in groups.items():
            asked = self.asked(alike[0])
            if number < 0:  # not registered yet: nobody asked
                tallies |= dict.fromkeys(alike, Tally(0, 0, len(asked)))
            else:
                tallies |= self._of_slice(alike, asked, family, number)
        return tallies

    def _of_slice(
        self, targets: Iterable[Target], asked: Sequence[str], family: Family, number: int
    ) -> Iterator[tuple[Target, Tally]]:
        """The tallies of targets of one slice that the same lists are asked about: a clear pair costs nothing."""
        by_position = {self.ids[target] % SLICE_TARGETS: target for target in targets}
        bits = bitmap(by_position)
        blind: Counter[int] = Counter()
        listed: defaultdict[int, tuple[str, ...]] = defaultdict(tuple)
        for blocklist in asked:
            blind.update(positions(self.unknowns(blocklist, family, number) & bits))
            for position in positions(self.held.get((blocklist, family, number), 0) & bits):
                listed[position] += (blocklist,)
        for position, target in by_position.items():
            names, unknown = listed.get(position, ()), blind[position]
            yield target, Tally(len(names), len(asked) - len(names) - unknown, unknown, names)
