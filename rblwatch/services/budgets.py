"""Keeps every question to a list within what its operator allows in a day, across processes and restarts.

Theory of operation. Before anything leaves, its packets are reserved in the database, with some for those that get
lost; a purse with so many goes along, and the resolver pays from it for every one. What is left in it afterwards is
given back. A process that dies meanwhile leaves its reservation spent. So the number that is stored is never less than
what an operator could have counted, whoever asks: a daemon, its successors, or a sweep beside them.

Days are UTC's. A purse is good until its day ends; a question that leaves in the last minute of a day is reserved on
the next one as well, as it may arrive there.

Owns reservations and purses. Must not decide how often a list is asked: the rules are in `core.budget`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.budget import CONFIRMATION, Budget, next_day, with_losses
from rblwatch.core.plan import Batch, BatchResult
from rblwatch.core.question import Failed, Reason
from rblwatch.core.soundness import ProbeAnswer
from rblwatch.core.target import Target
from rblwatch.ports import Clock, Lookup
from rblwatch.store.database import Store
from rblwatch.store.errors import StoreError
from rblwatch.store.repository import Repository

_log = logging.getLogger(__name__)

#: What leaves so shortly before midnight may be counted on either day.
_AROUND_MIDNIGHT = timedelta(minutes=1)
#: And may arrive this much later, through a resolver that is slow.
_ON_THE_WAY = timedelta(seconds=5)
_NOT_ASKED = Failed(Reason.NOT_ASKED, "the questions that the list's operator allows in a day are used up")


@dataclass(frozen=True, slots=True)
class Need:
    """How many packets something takes: to be worth doing at all, and to be done whole."""

    least: int
    all: int


class Reserved:
    """A purse with packets that are spent already in the database."""

    def __init__(self, left: int, until_at: datetime, now: Callable[[], datetime]) -> None:
        self._left = left
        self._until_at = until_at
        self._now = now

    @property
    def left(self) -> int:
        """How many packets it is still good for."""
        return self._left

    def pay(self) -> bool:
        """Pay for one packet, on the day for which it was reserved."""
        if self._left <= 0 or self._now() >= self._until_at:
            return False
        self._left -= 1
        return True


class Till:
    """Asks lists as a `Lookup` does, and pays for it where an operator counts."""

    def __init__(self, store: Store, lookup: Lookup, clock: Clock, budgets: Mapping[str, Budget]) -> None:
        """`budgets` are by operator, see `core.budget`."""
        self._store = store
        self._lookup = lookup
        self._clock = clock
        self._budgets = budgets
        self._open: Counter[str] = Counter()
        """By operator, how many reservations of ours may still be given back."""
        self._reserving = {operator: asyncio.Lock() for operator in budgets}
        self._returned = asyncio.Condition()
        self._told: dict[str, date] = {}

    async def spent(self, budget: Budget) -> int:
        """What was spent of a budget today, by anybody who uses this database."""
        today = self._clock.now().date()
        return (await self._store.read(lambda queries: queries.spent(today))).get(budget.operator, 0)

    async def ask(self, batch: Batch) -> BatchResult:
        """Ask as much of a batch as the operator allows today: its probes and what fits, or nothing at all.

        Raises: StoreError.
        """
        budget = self._budgets.get(batch.blocklist.counted_by)
        if budget is None:
            return await self._lookup.ask(batch)
        probes = len({probe.target for probe in batch.probes})
        need = Need(probes + min(len(batch.targets), 1), probes + len(batch.targets))
        async with self._purse(budget, need) as purse:
            if purse is None:
                return _unasked(batch)
            some = len(batch.targets) if purse.left >= need.all else max(1, purse.left - probes - CONFIRMATION)
            answered = await self._lookup.ask(replace(batch, targets=batch.targets[:some]), purse)
        unasked = dict.fromkeys(batch.targets[some:], _NOT_ASKED) if answered.asked else {}
        return replace(answered, asked=answered.asked + len(unasked), failed={**answered.failed, **unasked})

    async def texts(self, blocklist: Blocklist, targets: Sequence[Target]) -> dict[Target, str]:
        """The list's own words, as far as the operator allows.

        Raises: StoreError.
        """
        budget = self._budgets.get(blocklist.counted_by)
        if budget is None:
            return await self._lookup.texts(blocklist, targets)
        async with self._purse(budget, Need(1, len(targets))) as purse:
            return {} if purse is None else await self._lookup.texts(blocklist, targets, purse)

    @asynccontextmanager
    async def _purse(self, budget: Budget, need: Need) -> AsyncIterator[Reserved | None]:
        """A purse for what is needed, as far as anything is left; None where that is too little."""
        days, until_at = _good_for(self._clock.now())
        granted = await self._reserve(budget, days, need)
        if not granted:
            self._tell(budget, days[0])
            yield None
            return
        purse = Reserved(granted, until_at, self._clock.now)
        try:
            yield purse
        finally:
            await self._give_back(budget, days, purse.left)

    async def _reserve(self, budget: Budget, days: Sequence[date], need: Need) -> int:
        """Reserve; where not all that is needed is left, wait first for what others of ours will not have used."""
        operator, most, wanted = budget.operator, budget.per_day, with_losses(need.all)
        # One at a time: whoever waits comes before those that begin later.
        async with self._reserving[operator]:
            while True:
                others = self._open[operator]
                least = need.all if others else need.least
                granted = await self._store.write(_reservation(operator, days, wanted=wanted, least=least, most=most))
                if granted:
                    self._open[operator] += 1
                if granted or not others:
                    return granted
                async with self._returned:
                    while self._open[operator] == others:
                        await self._returned.wait()

    async def _give_back(self, budget: Budget, days: Sequence[date], questions: int) -> None:
        operator = budget.operator
        try:
            if questions:
                await self._store.write(lambda repo: repo.unspend(operator, days, questions))
        except StoreError as error:
            _log.warning("budget.not_given_back", extra={"operator": operator, "why": str(error)})
        finally:
            self._open[operator] -= 1
            async with self._returned:
                self._returned.notify_all()

    def _tell(self, budget: Budget, day: date) -> None:
        """Say once a day that nothing is left."""
        if self._told.get(budget.operator) != day:
            self._told[budget.operator] = day
            _log.warning("budget.used_up", extra={"operator": budget.operator, "per_day": budget.per_day})


def _reservation(
    operator: str, days: Sequence[date], *, wanted: int, least: int, most: int
) -> Callable[[Repository], int]:
    return lambda repo: repo.reserve(operator, days, wanted=wanted, least=least, most=most)


def left_unasked(result: BatchResult) -> bool:
    """Whether a batch came back without having been asked: not even its probes were."""
    answers = (probed.answer for probed in result.probes)
    return any(isinstance(answer, Failed) and answer.reason is Reason.NOT_ASKED for answer in answers)


def _unasked(batch: Batch) -> BatchResult:
    probes = tuple(ProbeAnswer(probe, _NOT_ASKED) for probe in batch.probes)
    return BatchResult(nameserver=batch.nameserver or "", probes=probes)


def _good_for(now: datetime) -> tuple[tuple[date, ...], datetime]:
    """The days on which a question of now, and of soon, may be counted; and until when."""
    tomorrow = next_day(now)
    if tomorrow - now > _AROUND_MIDNIGHT:
        return (now.date(),), tomorrow - _ON_THE_WAY
    return (now.date(), tomorrow.date()), next_day(tomorrow) - _ON_THE_WAY
