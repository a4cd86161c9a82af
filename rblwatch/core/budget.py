"""What operators allow to be asked in a day, and how our questions are kept within it.

Owns what rounds cost, which interval fits, and what may leave at a moment so that the rest of the day is not spent
blind. Days are UTC's. Must not know what was spent, nor by whom: that is stored.

Rounds are planned to use three quarters of a budget: the rest is for what nobody can plan, which is confirmations of
news, looks at listed pairs between two rounds, and questions that have to be sent again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from fractions import Fraction
from math import ceil

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.plan import SLICE_TARGETS
from rblwatch.core.rhythm import minimum
from rblwatch.core.soundness import probes
from rblwatch.core.target import Family, Target
from rblwatch.core.watchlist import Roster, Watchlist

DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
#: The share of a budget that rounds may use, as a fraction.
_SHARE, _OF = 3, 4
#: What news takes to be believed: fresh points, asked once. Kept back where a batch cannot be asked whole.
CONFIRMATION = 3
#: Questions that are lost and sent again: one in so many, and some in any case.
_LOSS, _LEAST_LOSS = 4, 2

#: A list, a family, and how many targets are asked about together.
Part = tuple[Blocklist, Family, int]


@dataclass(frozen=True, slots=True)
class Budget:
    """What one operator allows, and what our rounds of his lists cost."""

    operator: str
    per_day: int
    """Questions to all of his lists together."""
    costs: Mapping[str, int]
    """By list: the questions of a full round of it, probes included."""
    minima: Mapping[str, timedelta]
    """By list: in which time it is not asked again, whatever is configured."""

    @property
    def round_cost(self) -> int:
        """The questions of a full round of all lists."""
        return sum(self.costs.values())

    @property
    def interval(self) -> timedelta:
        """The shortest interval of rounds that fits, in whole seconds."""
        return timedelta(seconds=ceil(Fraction(86_400 * self.round_cost * _OF, self.per_day * _SHARE)))

    def planned(self, interval: timedelta) -> int:
        """The questions that rounds ask in a day at an interval, rounded up."""
        return ceil(self._per_day(interval))

    def fits(self, interval: timedelta) -> bool:
        """Whether rounds at an interval keep within the policy, and leave room for what nobody can plan."""
        return self._per_day(interval) * _OF <= self.per_day * _SHARE

    def _per_day(self, interval: timedelta) -> Fraction:
        spans = {name: max(interval, self.minima[name]) for name in self.costs}
        return sum(
            (cost * Fraction(DAY // _TICK, spans[name] // _TICK) for name, cost in self.costs.items()), Fraction()
        )


def batch_cost(blocklist: Blocklist, family: Family, targets: int) -> int:
    """The questions of one batch: its probes, one more point that must be clear, and its targets."""
    return probe_cost(blocklist, family) + targets


def probe_cost(blocklist: Blocklist, family: Family) -> int:
    """The questions that come before any batch of a list."""
    return len({probe.target for probe in probes(blocklist, family, None)}) + 1


def with_losses(questions: int) -> int:
    """What to have at hand for so many questions, some of which may have to be sent again."""
    return questions + questions // _LOSS + _LEAST_LOSS


def budgets(blocklists: Iterable[Blocklist], parts: Iterable[Part]) -> dict[str, Budget]:
    """The budgets of these lists, by operator; where his lists name several daily numbers, the smallest holds."""
    limits: dict[str, int] = {}
    minima: dict[str, dict[str, timedelta]] = {}
    for blocklist in blocklists:
        minima.setdefault(blocklist.counted_by, {})[blocklist.id] = minimum(blocklist)
        if blocklist.pace.per_day:
            limits[blocklist.counted_by] = min(
                blocklist.pace.per_day, limits.get(blocklist.counted_by, blocklist.pace.per_day)
            )
    costs: dict[str, Counter[str]] = {operator: Counter() for operator in limits}
    for blocklist, family, targets in parts:
        if blocklist.counted_by in costs:
            costs[blocklist.counted_by][blocklist.id] += batch_cost(blocklist, family, targets)
    return {
        operator: Budget(operator, limit, dict(costs[operator]), minima[operator]) for operator, limit in limits.items()
    }


def budgets_of(roster: Roster) -> dict[str, Budget]:
    """The budgets under which what is registered is asked."""
    parts = ((blocklist, family, len(part.targets)) for blocklist, family, part in roster.batches())
    return budgets(roster.watchlist.blocklists.values(), parts)


def planned_budgets(watchlist: Watchlist) -> dict[str, Budget]:
    """The same before anything is registered, as though every slice were filled."""
    groups: dict[Hashable, list[Target]] = {}
    for target in watchlist.servers:
        groups.setdefault(watchlist.alike(target), []).append(target)
    parts: list[Part] = []
    for blocklist in watchlist.blocklists.values():
        counts: Counter[Family] = Counter()
        for first, *others in groups.values():
            counts[first.family] += (1 + len(others)) * watchlist.asks(blocklist.id, first)
        for family, targets in counts.items():
            full, rest = divmod(targets, SLICE_TARGETS)
            parts += [(blocklist, family, SLICE_TARGETS)] * full + [(blocklist, family, rest)] * bool(rest)
    return budgets(watchlist.blocklists.values(), parts)


def next_day(now: datetime) -> datetime:
    """When the next day begins, and with it the next budget."""
    return datetime.combine(now.date() + DAY, time(), now.tzinfo)


def round_at(budget: Budget, spent: int, *, asked_at: datetime, now: datetime) -> datetime:
    """When a list that was asked at a moment may be asked again, so that what is left lasts for the rest of the day.

    On a day on which nothing but rounds is asked, that is after `Budget.interval` at the latest.
    """
    tomorrow = next_day(now)
    left = (budget.per_day - spent) * _SHARE
    if left <= 0:
        return tomorrow
    wait_s = (tomorrow - now).total_seconds() * budget.round_cost * _OF / left
    return min(tomorrow, asked_at + timedelta(seconds=min(wait_s, DAY.total_seconds())))


def extra_at(budget: Budget, spent: int, *, cost: int, interval: timedelta, now: datetime) -> datetime:
    """When so many questions may be asked ahead of their round, so that enough is left for the day's rounds.

    `interval` is the one at which rounds are made.
    """
    tomorrow = next_day(now)
    rest_s = (tomorrow - now).total_seconds()
    per_s = min(budget.planned(interval), budget.per_day) / DAY.total_seconds()
    lacking = cost + per_s * rest_s - (budget.per_day - spent)
    if lacking <= 0:
        return now
    return min(tomorrow, now + timedelta(seconds=lacking / per_s)) if per_s else tomorrow
