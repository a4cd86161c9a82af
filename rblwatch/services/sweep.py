"""Ask lists about targets, prove what is news, and hand it to be recorded.

Owns the order of one batch (ask, observe, prove, fetch texts, record) and how batches run side by side: the batches of
one list and family follow each other, and wait for no other list. Must not decide what an answer means, nor write rows.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rblwatch.core.blocklist import Blocklist, Kind
from rblwatch.core.budget import batch_cost, extra_at, next_day, probe_cost, round_at
from rblwatch.core.listing import Listing
from rblwatch.core.plan import Batch, BatchResult, slice_of
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Expectation, Probe, assess, fresh_point, probes
from rblwatch.core.standing import Proof, Transition, Wanted, observe, wanted
from rblwatch.core.target import Family, Target
from rblwatch.ports import Clock, Lookup
from rblwatch.services.agenda import Agenda, Job, Lane
from rblwatch.services.answers import circumstances, remarkable, standing_before, verdict_of
from rblwatch.services.asked import Asked, Terms
from rblwatch.services.budgets import Till, left_unasked
from rblwatch.services.portion import Transitions
from rblwatch.services.record import Recorded, Recording, leave_unasked
from rblwatch.store.database import Store
from rblwatch.store.errors import StoreError, Unregistered
from rblwatch.store.queries import Queries
from rblwatch.store.rows import Coverage, Pair, Sounding

_log = logging.getLogger(__name__)

#: A fresh point is not asked again while a cache may hold it; 768 documentation addresses leave this much room.
_POINTS_REMEMBERED = 600
#: A restart forgets which points were asked; that all of so many are in a cache is too much of a chance.
_POINTS_AT_ONCE = 3
#: A random float has 53 random bits; a larger factor would only add zeros to them.
_CHANCES = 2**53
#: After a batch could not be recorded, e.g. because the database is away. What was asked is lost with it, so a database
#: that stays away must not make us ask without end: after so many failures in a row the wait doubles.
_AFTER_TROUBLE = timedelta(seconds=5)
_PATIENT_FAILURES = 6
_LONGEST_TROUBLE = timedelta(minutes=5)


@dataclass(slots=True)
class Totals:
    """What batches came to, added up."""

    started_at: datetime
    questions: int = 0
    listed: int = 0
    unknown: int = 0
    batches: int = 0
    unasked: Counter[str] = field(default_factory=Counter)
    """By list, how many targets it could not be asked about: they are among the unknown."""
    transitions: list[tuple[Transition, Listing]] = field(default_factory=list)

    def add(self, blocklist: str, result: BatchResult, recorded: Recorded) -> None:
        """Add one batch of a list."""
        self.batches += 1
        self.questions += result.questions
        self.listed += recorded.listed
        self.unknown += recorded.unknown
        self.transitions.extend(recorded.transitions)
        self.leave(blocklist, sum(failed.reason is Reason.NOT_ASKED for failed in result.failed.values()))

    def leave(self, blocklist: str, targets: int) -> None:
        """Add targets that a list was not asked about."""
        if targets:
            self.unasked[blocklist] += targets


class Sweeper:
    """Asks what is due, one batch of a list and family at a time, all lists side by side."""

    def __init__(self, store: Store, lookup: Lookup, clock: Clock, terms: Terms, agenda: Agenda) -> None:
        self._store = store
        self._lookup = Till(store, lookup, clock, agenda.budgets)
        self._clock = clock
        self._terms = terms
        self._agenda = agenda
        self._running: dict[Lane, asyncio.Task[None]] = {}
        self._failures: Counter[Lane] = Counter()
        """Batches in a row that could not be recorded."""
        self.outdated = False
        """Whether another configuration was put to work on the database, so that this one has to be again."""
        self._points: dict[str, deque[Target]] = {}
        registered = frozenset(terms.roster.ids)
        #: One more point that must be clear in every batch; always the same, so that caches spare the operators.
        self._extra = {family: fresh_point(family, 0, registered) for family in Family}
        self._reserved = registered.union(self._extra.values())
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
                if not await self._asked(job, totals):
                    self._failures[lane] += 1
                    self._agenda.postpone(job, self._clock.now() + _pause(self._failures[lane]))
        finally:
            self._running.pop(lane, None)

    async def _asked(self, job: Job, totals: Totals) -> bool:
        """Ask and record one batch; False, and a word in the log, where that failed."""
        place = {"blocklist": job.lane[0], "family": job.lane[1].value}
        try:
            until = await self._opens_at(job)
            if until > self._clock.now():
                self._agenda.postpone(job, until)
            else:
                await self._ask(job, totals)
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
        spent = await self._lookup.spent(budget)
        if not job.full:
            cost = batch_cost(blocklist, family, len(job.targets))
            return extra_at(budget, spent, cost=cost, interval=self._agenda.interval(job.lane), now=now)
        asked_at = self._agenda.asked_at(job)
        if asked_at is None or budget.per_day - spent <= probe_cost(blocklist, family):
            return now
        return round_at(budget, spent, asked_at=asked_at, now=now)

    async def _ask(self, job: Job, totals: Totals) -> None:
        blocklist = self._terms.roster.watchlist.blocklists[job.lane[0]]
        family = job.lane[1]
        started_at = self._clock.now()
        batch = Batch(
            blocklist=blocklist,
            family=family,
            probes=probes(blocklist, family, self._extra[family]),
            targets=job.targets,
        )
        result = await self._lookup.ask(batch)
        if left_unasked(result):
            await self._leave_out(job, totals)
            return
        asked = Asked(
            blocklist=blocklist,
            family=family,
            slice=job.part.number,
            targets=job.targets,
            full=job.full,
            started_at=started_at,
            at=self._clock.now(),
            result=result,
        )
        if self.on_asked is not None:
            self.on_asked(asked)
        if asked.soundness.trusted:
            asked = await self._prove(asked)
        recorded = await self._record(asked)
        totals.add(blocklist.id, result, recorded)
        self._agenda.note(asked, recorded)

    async def _leave_out(self, job: Job, totals: Totals) -> None:
        """Say of targets whose turn it was that nothing is known of them, and leave them for tomorrow."""
        tomorrow = next_day(self._clock.now())
        if not job.full:
            self._agenda.postpone(job, tomorrow)
            return
        await self._store.write(lambda repo: leave_unasked(repo, *job.lane, job.part))
        totals.unknown += len(job.targets)
        totals.leave(job.lane[0], len(job.targets))
        self._agenda.leave_out(job, tomorrow)

    async def _record(self, asked: Asked) -> Recorded:
        """Take a batch in, letting others write in between; what is committed is reported, whatever comes next."""
        recording = Recording(asked, self._terms)
        while recording.recorded is None:
            self._report(await self._store.write(lambda repo: recording.take_portion(repo, self._clock.now())))
        return recording.recorded

    async def _prove(self, asked: Asked) -> Asked:
        """Gather the proof that the news in these answers wants, and the list's words on what is new."""
        wants = await self._wants(asked)
        if not wants:
            return asked
        has_positive = any(a.probe.expected is Expectation.LISTED for a in asked.result.probes)
        # The positive points of this very batch were asked when it began, and were right, or it would not be trusted.
        proof = Proof(positive_at=asked.started_at if has_positive else None, has_positive=has_positive)
        told = [target for target, want in wants.items() if want is Wanted.NEGATIVE]
        if not told and has_positive:
            return replace(asked, proof=proof)
        answer = await self._fresh_negative(asked.blocklist, asked.family, asked.result.nameserver)
        proof = replace(proof, negative=assess(asked.blocklist, answer.probes).trusted)
        # A list that was just caught lying is not asked for its words on thousands of targets.
        worded = told if proof.negative and asked.blocklist.kind is not Kind.ALLOW else []
        texts = await self._lookup.texts(asked.blocklist, worded) if worded else {}
        result = replace(asked.result, questions=asked.result.questions + answer.questions)
        return replace(asked, proof=proof, proof_answers=answer.probes, texts=texts, result=result)

    async def _wants(self, asked: Asked) -> dict[Target, Wanted]:
        """Which of the remarkable pairs have news that a proof could settle now."""
        blocklist, ids = asked.blocklist.id, self._terms.roster.ids

        # In the reader's thread to its end: with thousands of targets it would hold up everything else here.
        def wanting(queries: Queries) -> dict[Target, Wanted]:
            rows = queries.pairs(blocklist, [ids[target] for target in asked.targets])
            return dict(self._wanting(asked, rows, queries.coverages(blocklist), queries.soundings(blocklist)))

        return await self._store.read(wanting)

    def _wanting(
        self, asked: Asked, rows: dict[int, Pair], coverages: list[Coverage], soundings: list[Sounding]
    ) -> Iterable[tuple[Target, Wanted]]:
        by_target = {row.target: row for row in rows.values()}
        fresh = Coverage(blocklist=asked.blocklist.id, family=asked.family, slice=asked.slice)
        key = (asked.family, asked.slice)
        coverage = next((row for row in coverages if (row.family, row.slice) == key), fresh)
        seen = (asked.family, asked.result.nameserver)
        sounding = next((row for row in soundings if (row.family, row.nameserver) == seen), None)
        for target in remarkable(asked, by_target):
            bit = slice_of(self._terms.roster.ids[target])[1]
            before = standing_before(asked, by_target.get(target), coverage=coverage, bit=bit)
            observation = observe(before, verdict_of(asked, target), circumstances(asked, target, sounding))
            want = wanted(observation, self._terms.delist_after, asked.at)
            if want is not None:
                yield target, want

    async def _fresh_negative(self, blocklist: Blocklist, family: Family, nameserver: str) -> BatchResult:
        """Ask about points that no cache can hold, through the nameserver whose answers they are to vouch for."""
        used = self._points.setdefault(blocklist.id, deque(maxlen=_POINTS_REMEMBERED))
        for _ in range(_POINTS_AT_ONCE):
            number = int(self._clock.random() * _CHANCES)
            used.append(fresh_point(family, number, self._reserved.union(used)))
        points = tuple(Probe(point, Expectation.CLEAR) for point in list(used)[-_POINTS_AT_ONCE:])
        return await self._lookup.ask(Batch(blocklist=blocklist, family=family, probes=points, nameserver=nameserver))

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
