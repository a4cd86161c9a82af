"""Ask lists about targets, prove what is news, and hand it to be recorded.

Owns the order of one batch (ask, prove, record) and how batches run side by side: the batches of
one list and family follow each other, and wait for no other list. Must not decide what an answer means, nor write rows.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from rblwatch.core.budget import batch_cost, extra_at, next_day, probe_cost, round_at
from rblwatch.core.plan import Batch
from rblwatch.core.soundness import Expectation, Probe, probes
from rblwatch.ports import Clock, Lookup
from rblwatch.services.agenda import Agenda, Job
from rblwatch.services.aside import Lane
from rblwatch.services.asked import Asked, Terms
from rblwatch.services.budgets import Till, left_unasked
from rblwatch.services.portion import Transitions
from rblwatch.services.proving import Prover
from rblwatch.services.record import Recorded, Recording, leave_unasked
from rblwatch.services.totals import Totals
from rblwatch.store.database import Store
from rblwatch.store.errors import StoreError, Unregistered

_log = logging.getLogger(__name__)

#: After a batch could not be recorded, e.g. because the database is away. What was asked is lost with it, so a database
#: that stays away must not make us ask without end: after so many failures in a row the wait doubles.
_AFTER_TROUBLE = timedelta(seconds=5)
_PATIENT_FAILURES = 6
_LONGEST_TROUBLE = timedelta(minutes=5)


class Sweeper:
    """Asks what is due, one batch of a list and family at a time, all lists side by side."""

    def __init__(self, store: Store, lookup: Lookup, clock: Clock, terms: Terms, agenda: Agenda) -> None:
        self._store = store
        self._lookup = Till(store, lookup, clock, agenda.budgets)
        self._clock = clock
        self._terms = terms
        self._agenda = agenda
        self._running: dict[Lane, asyncio.Task[None]] = {}
        self._overtaken: set[Lane] = set()
        """Lanes that were being asked when the clock was stepped: when they are due next is reckoned by two clocks."""
        self._failures: Counter[Lane] = Counter()
        """Batches in a row that could not be recorded."""
        self.outdated = False
        """Whether another configuration was put to work on the database, so that this one has to be again."""
        self._prover = Prover(store, self._lookup, clock, terms)
        self.on_transitions: Callable[[Transitions], None] | None = None
        self.on_asked: Callable[[Asked], None] | None = None

    @property
    def busy(self) -> bool:
        """Whether any batch is on its way."""
        return bool(self._running)

    def start_due(self, totals: Totals) -> int:
        """Start what is due on every lane that is idle; returns how many lanes were started."""
        started = 0
        for lane, jobs in self._agenda.due(self._clock.now()).items():
            if lane not in self._running:
                task = asyncio.create_task(self._work(lane, jobs, totals), name=f"sweep {lane[0]} {lane[1]}")
                self._running[lane] = task
                started += 1
        return started

    def rearm(self) -> None:
        """Make everything due at once, since the clock was stepped; what is being asked, as soon as it is recorded."""
        self._agenda.forget_times(self._clock.now())
        self._overtaken.update(self._running)

    async def round(self, totals: Totals, on_lane: Callable[[str], None] | None = None) -> None:
        """Ask everything once, due or not, and return when all of it is recorded.

        Raises: StoreError, where something could not be recorded.
        """
        await asyncio.gather(
            *(self._round_of(lane, jobs, totals, on_lane) for lane, jobs in self._agenda.all().items())
        )

    async def drain(self, timeout_s: float) -> None:
        """Let batches that are on their way finish for so many seconds, then drop them: they are asked again."""
        if self._running:
            await asyncio.wait(self._running.values(), timeout=timeout_s)
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _round_of(
        self, lane: Lane, jobs: list[Job], totals: Totals, on_lane: Callable[[str], None] | None
    ) -> None:
        for job in jobs:
            await self._ask(job, totals)
        if on_lane is not None:
            on_lane(lane[0])

    async def _work(self, lane: Lane, jobs: list[Job], totals: Totals) -> None:
        """All due batches of one lane, in order. A batch that fails here is tried again soon; none stops the others."""
        try:
            for job in jobs:
                if self._agenda.withholds(job):
                    break
                if not await self._asked(job, totals):
                    self._failures[lane] += 1
                    self._agenda.postpone(job, self._clock.now() + _pause(self._failures[lane]))
        finally:
            self._running.pop(lane, None)
            if lane in self._overtaken:
                self._overtaken.discard(lane)
                self._agenda.forget_times(self._clock.now(), of=(lane,))

    async def _asked(self, job: Job, totals: Totals) -> bool:
        """Ask and record one batch; False, and a word in the log, where that failed."""
        place = {"blocklist": job.lane[0], "family": job.lane[1].value}
        try:
            until = await self._opens_at(job)
            if until <= self._clock.now():
                await self._ask(job, totals)
            elif job.probes_only:
                self._agenda.leave_out(job, until)
            else:
                self._agenda.postpone(job, until)
        except Unregistered as error:
            self.outdated = True
            _log.warning("sweep.outdated", extra={**place, "why": str(error)})
        except StoreError as error:
            if not self._failures[job.lane]:
                _log.error("sweep.unrecorded", extra={**place, "why": str(error)})
        except Exception:  # noqa: BLE001 - a job's boundary: one list's trouble must not end the others
            _log.exception("sweep.batch_failed", extra=place)
        else:
            del self._failures[job.lane]
            return True
        return False

    async def _opens_at(self, job: Job) -> datetime:
        """When a batch that is due may be asked, for the day's questions to last until its end.

        Of a list that nothing is left for, that is now: then it is found out, and said, that it cannot be asked.
        """
        budget, now = self._agenda.budget(job.lane), self._clock.now()
        if budget is None:
            return now
        blocklist, family = self._terms.roster.watchlist.blocklists[job.lane[0]], job.lane[1]
        spent, asked_at = await self._lookup.spent(budget), self._agenda.asked_at(job)
        if not job.full:
            cost = batch_cost(blocklist, family, max(len(job.targets), 1))
            extra = extra_at(budget, spent, cost=cost, interval=self._agenda.interval(job.lane), now=now)
            if job.probes_only and asked_at is not None:
                # They come instead of a round, which would cost no less.
                return min(extra, round_at(budget, spent, asked_at=asked_at, now=now))
            return extra
        if asked_at is None or budget.per_day - spent <= probe_cost(blocklist, family):
            return now
        return round_at(budget, spent, asked_at=asked_at, now=now)

    async def _ask(self, job: Job, totals: Totals) -> None:
        blocklist = self._terms.roster.watchlist.blocklists[job.lane[0]]
        family = job.lane[1]
        started_s = self._clock.monotonic_s()
        # Of a list that died a minute ago, all that batches ask may be in a cache. To find out that it is back, and
        # then again that it is not, would be to ask about all targets in vain each time.
        fresh = [Probe(self._prover.unheard(blocklist, family), Expectation.CLEAR)] if job.probes_only else []
        batch = Batch(
            blocklist=blocklist,
            family=family,
            probes=(*probes(blocklist, family, self._prover.extra[family]), *fresh),
            targets=job.targets,
        )
        result = await self._lookup.ask(batch)
        if left_unasked(result):
            await self._leave_out(job, totals)
            return
        # By one clock, though it was stepped meanwhile.
        at = self._clock.now()
        asked = Asked(
            blocklist=blocklist,
            family=family,
            slice=job.part.number,
            targets=job.targets,
            full=job.full,
            started_at=at - timedelta(seconds=self._clock.monotonic_s() - started_s),
            at=at,
            result=result,
        )
        if self.on_asked is not None:
            self.on_asked(asked)
        if asked.soundness.trusted and job.targets:
            asked = await self._prover.prove(asked)
        recorded = await self._record(asked)
        totals.add(blocklist.id, result, recorded)
        self._agenda.note(asked, recorded)

    async def _leave_out(self, job: Job, totals: Totals) -> None:
        """Say of targets whose turn it was that nothing is known of them, and leave them for tomorrow."""
        if job.full:
            await self._store.write(lambda repo: leave_unasked(repo, *job.lane, job.part))
            totals.unknown += len(job.targets)
            totals.leave(job.lane[0], len(job.targets))
        self._agenda.leave_out(job, next_day(self._clock.now()))

    async def _record(self, asked: Asked) -> Recorded:
        """Take a batch in, letting others write in between; what is committed is reported, whatever comes next."""
        recording = Recording(asked, self._terms)
        while recording.recorded is None:
            self._report(await self._store.write(lambda repo: recording.take_portion(repo, self._clock.now())))
        return recording.recorded

    def _report(self, transitions: Transitions) -> None:
        for transition, listing in transitions:
            _log.warning(
                "transition",
                extra={
                    "change": transition.change.value,
                    "server": listing.server,
                    "target": listing.target.text,
                    "blocklist": listing.blocklist,
                    "codes": list(listing.codes),
                },
            )
        if self.on_transitions is not None:
            self.on_transitions(transitions)


def _pause(failures: int) -> timedelta:
    """How long a lane is left alone after its n-th failure in a row, counted from 1."""
    doublings = min(max(failures - _PATIENT_FAILURES, 0), 16)
    return min(_AFTER_TROUBLE * (1 << doublings), _LONGEST_TROUBLE)
