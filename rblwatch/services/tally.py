"""How the lists stand on one target, from the stored rows.

Owns the reading of coverages, pairs and soundings as "listed, clear or unknown and why" for pairs that have no row of
their own. Must not ask anything, nor word anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from rblwatch.core.incident import Condition
from rblwatch.core.message import Tally
from rblwatch.core.plan import slice_of
from rblwatch.core.question import Reason
from rblwatch.core.target import Family, Target
from rblwatch.core.watchlist import Watchlist
from rblwatch.services.condition import latest_conditions
from rblwatch.store.rows import Coverage, Pair, Sounding


class _Rows(Protocol):
    """What both the repository and the read queries can give."""

    def coverages(self, blocklist: str | None = None) -> list[Coverage]: ...

    def all_pairs(self) -> list[Pair]: ...

    def soundings(self, blocklist: str | None = None) -> list[Sounding]: ...

    def targets(self) -> dict[Target, int]: ...


@dataclass(frozen=True, slots=True)
class Tallies:
    """The stored rows, indexed for questions about single targets."""

    watchlist: Watchlist
    ids: Mapping[Target, int]
    coverages: Mapping[tuple[str, Family, int], Coverage]
    pairs: Mapping[tuple[str, Target], Pair]
    conditions: Mapping[tuple[str, Family], Condition]
    """By list and family, as seen through the nameserver that was asked last."""

    @classmethod
    def read(cls, rows: _Rows, watchlist: Watchlist) -> Tallies:
        """Read all rows once."""
        return cls(
            watchlist,
            rows.targets(),
            {(row.blocklist, row.family, row.slice): row for row in rows.coverages()},
            {(row.blocklist, row.target): row for row in rows.all_pairs()},
            latest_conditions(rows.soundings()),
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

    def concluded(self, blocklist: str, target: Target) -> bool:
        """Whether a pair ever had a conclusive answer."""
        number, bit = slice_of(self.ids.get(target, 0))
        coverage = self.coverages.get((blocklist, target.family, number))
        return coverage is not None and bool(coverage.covered & bit)

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

    def listed(self, blocklist: str, target: Target) -> bool:
        """Whether a pair is held to be listed, whatever can be said of it now."""
        pair = self.pairs.get((blocklist, target))
        return pair is not None and pair.standing.listed is not None

    def of(self, target: Target, *, apart_from: str = "") -> Tally:
        """How all lists stand on a target; `also_on` leaves out one list, the one that is being told of."""
        asked = [blocklist for blocklist in self.watchlist.blocklists if self.watchlist.asks(blocklist, target)]
        listed = [blocklist for blocklist in asked if self.listed(blocklist, target)]
        unknown = [b for b in asked if b not in listed and self._undecided(b, target)]
        return Tally(
            listed=len(listed),
            clear=len(asked) - len(listed) - len(unknown),
            unknown=len(unknown),
            also_on=tuple(blocklist for blocklist in listed if blocklist != apart_from),
        )

    def _undecided(self, blocklist: str, target: Target) -> bool:
        pair = self.pairs.get((blocklist, target))
        pending = pair is not None and pair.standing.pending is not None
        settled = self.unknown(blocklist, target) is None and self.concluded(blocklist, target)
        return pending or not settled
