"""When each slice and each pair is to be asked again, or only the probes of a list that is set aside.

Rounds of such a list that became due meanwhile, or that were begun in vain, are made when it can be believed again.

Owns due times in memory, worked out from the stored rows at start and kept up as batches are recorded; the rows are the
truth, and a restart works them out again. Must not ask anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rblwatch.core.blocklist import Kind
from rblwatch.core.budget import Budget, budgets_of, next_day
from rblwatch.core.plan import due_at, effective_interval, slice_of
from rblwatch.core.probation import shortest_wait
from rblwatch.core.question import Reason
from rblwatch.core.rhythm import rhythm
from rblwatch.core.settings import Schedule
from rblwatch.core.standing import Change
from rblwatch.core.target import Target
from rblwatch.core.vitality import Round
from rblwatch.core.watchlist import Roster, Slice
from rblwatch.services.aside import LONG_AGO, Lane, Probations
from rblwatch.services.asked import Asked
from rblwatch.services.record import Recorded
from rblwatch.store.rows import Coverage, Pair, Sounding

#: A slice of a lane, by its number.
_Key = tuple[Lane, int]


@dataclass(frozen=True, slots=True)
class Job:
    """One batch to ask: a whole slice, some pairs of it ahead of their round, or nothing but the list's probes."""

    lane: Lane
    part: Slice
    targets: tuple[Target, ...]
    full: bool

    @property
    def probes_only(self) -> bool:
        """Whether it is to be seen only whether the list can be believed."""
        return not self.targets


class Agenda:
    """Due times of all slices and of the pairs with a row."""

    def __init__(self, roster: Roster, schedule: Schedule, delist_after: int, blind_after: timedelta) -> None:
        self._roster = roster
        self._schedule = schedule
        self._delist_after = delist_after
        self._probations = Probations(roster.slices, schedule, blind_after)
        self._rounds: dict[_Key, datetime | None] = {}
        self._successors: dict[_Key, list[datetime]] = {}
        """Of each round whose answers caches may still hold, when it could be followed by one that reads no copy."""
        self._pairs: dict[_Key, dict[Target, datetime]] = {}
        self._ttls: dict[Lane, tuple[timedelta | None, timedelta | None]] = {}
        self._asked_at: dict[_Key, datetime] = {}
        self._left_out: dict[_Key, int] = {}
        """Bitmaps: targets that could not be asked about when their turn came, so it is theirs first now."""
        self.budgets = budgets_of(roster)
        """What the operators of all these lists allow, by operator."""
        self._intervals = {lane: self._interval(lane) for lane in roster.slices}
        for lane, parts in roster.slices.items():
            for part in parts:
                self._rounds[lane, part.number] = None

    def _interval(self, lane: Lane) -> timedelta:
        """The interval of a list's rounds, but for what TTLs make of it."""
        budget = self.budget(lane)
        blocklist = self._roster.watchlist.blocklists[lane[0]]
        return rhythm(self._schedule.interval, blocklist, budget=budget.interval if budget else None).interval

    def budget(self, lane: Lane) -> Budget | None:
        """What the operator of a list allows."""
        return self.budgets.get(self._roster.watchlist.blocklists[lane[0]].counted_by)

    def interval(self, lane: Lane) -> timedelta:
        """At which interval rounds of a list are made, or longer where caches hold what it says."""
        return self._intervals[lane]

    def asked_at(self, job: Job) -> datetime | None:
        """When the slice of a job was last asked about; None where some of it never was."""
        if job.probes_only:
            return self._probations.probed_at(job.lane)
        key = (job.lane, job.part.number)
        return None if self._rounds[key] is None else self._asked_at.get(key)

    def withholds(self, job: Job) -> bool:
        """Whether the list of a job was set aside since it was planned, so that it would be asked in vain."""
        return not job.probes_only and self._probations.aside(job.lane) is not None

    def load(
        self, coverages: Iterable[Coverage], pairs: Iterable[Pair], soundings: Iterable[Sounding], *, now: datetime
    ) -> None:
        """Work out all due times from what is stored.

        A slice with a target that was never asked is due at once; so is one that was asked by a clock that was ahead.
        """
        for sounding in sorted(soundings, key=lambda one: one.checked_at):
            self._follow(sounding)
            if sounding.checked_at > now:
                self._probations.forget_times(of=((sounding.blocklist, sounding.family),))
        bits = {(lane, part.number): part.bits for lane, parts in self._roster.slices.items() for part in parts}
        for coverage in coverages:
            key = ((coverage.blocklist, coverage.family), coverage.slice)
            self._left_out[key] = coverage.failed.get(Reason.NOT_ASKED, 0)
            if key in bits and coverage.asked_at is not None:
                self._load_round(key, coverage, whole=not bits[key] & ~coverage.asked)
                if coverage.asked_at > now:
                    self._forget(key, now)
        for pair in pairs:
            self._schedule_pair(pair)

    def _load_round(self, key: _Key, coverage: Coverage, *, whole: bool) -> None:
        """Work out when a slice is due. A round that could not be believed is still to be made."""
        if whole:
            self._rounds[key] = LONG_AGO
        concluded_at = coverage.concluded_at
        if concluded_at is None:
            return
        self._asked_at[key] = concluded_at
        self._successors[key] = [self._successor(key[0], concluded_at, concluded_at)]
        if whole and concluded_at == coverage.asked_at:
            self._rounds[key] = self._next_after(key, concluded_at)

    def keep_to(self, before: Agenda) -> None:
        """Follow up all rounds made under the configuration before; the stored rows tell of the last ones only."""
        for key, successors in before._successors.items():
            if key in self._successors:
                self._successors[key] = sorted({*self._successors[key], *successors})
                if self._rounds[key] not in (None, LONG_AGO):
                    self._rounds[key] = self._next(key)

    def note(self, asked: Asked, recorded: Recorded) -> None:
        """Keep up with one recorded batch."""
        lane = (asked.blocklist.id, asked.family)
        self._follow(recorded.sounding)
        if asked.full:
            self._note_round(asked, recorded)
        waiting = self._pairs.get((lane, asked.slice), {})
        for target in asked.targets if waiting else ():
            if target in waiting:
                # Whatever came of it, it is not asked again at once; a recorded pair is given its own time below.
                waiting[target] = asked.at + self._recheck(lane)
        settled = set(recorded.settled)
        for target in [target for target in waiting if self._roster.ids.get(target) in settled]:
            del waiting[target]
        for pair in recorded.pairs:
            self._schedule_pair(pair)

    def _note_round(self, asked: Asked, recorded: Recorded) -> None:
        lane = (asked.blocklist.id, asked.family)
        key = (lane, asked.slice)
        self._left_out[key] = recorded.coverage.failed.get(Reason.NOT_ASKED, 0)
        if not recorded.sounding.condition.soundness.trusted:
            self._rounds[key] = LONG_AGO  # still to be made, once the list can be believed
            return
        outstanding = [moment for moment in self._successors.get(key, []) if moment > asked.started_at]
        self._successors[key] = sorted([*outstanding, self._successor(lane, asked.started_at, asked.at)])
        self._asked_at[key] = asked.started_at
        self._rounds[key] = self._next_after(key, asked.at)

    def _follow(self, sounding: Sounding) -> None:
        self._learn(sounding)
        if (sounding.blocklist, sounding.family) in self._roster.slices:
            self._probations.follow(sounding, self._roster.watchlist.blocklists[sounding.blocklist])

    def postpone(self, job: Job, until: datetime) -> None:
        """Leave a batch alone for a while, since it could not be asked or recorded."""
        if job.probes_only:
            self._probations.postpone(job.lane, until)
        if job.full:
            self._rounds[job.lane, job.part.number] = until
        for target in job.targets:
            if target in self._pairs.get((job.lane, job.part.number), {}):
                self._pairs[job.lane, job.part.number][target] = until

    def leave_out(self, job: Job, until: datetime) -> None:
        """Leave a batch for later, since its operator's daily number leaves no room for it."""
        if job.full:
            self._left_out[job.lane, job.part.number] = job.part.bits
        self.postpone(job, until)
        if job.probes_only:
            self._probations.postpone(job.lane, until, as_planned=True)

    def due(self, now: datetime) -> Mapping[Lane, list[Job]]:
        """What is to be asked now, by lane. A round that is due takes the pairs of its slice along."""
        jobs: dict[Lane, list[Job]] = {}
        for lane, parts in self._roster.slices.items():
            if self._probations.aside(lane) is None:
                some = [job for part in parts if (job := self._job(lane, part, now)) is not None]
                if some:
                    jobs[lane] = some
            if lane not in jobs and self._probations.due(lane, now):
                jobs[lane] = [Job(lane, parts[0], (), full=False)]
        return jobs

    def _job(self, lane: Lane, part: Slice, now: datetime) -> Job | None:
        due = self._rounds[lane, part.number]
        if due is None or due <= now:
            return Job(lane, part, self._in_turn(lane, part), full=True)
        pairs = self._pairs.get((lane, part.number))
        early = tuple(target for target, moment in pairs.items() if moment <= now) if pairs else ()
        return Job(lane, part, early, full=False) if early else None

    def forget_times(self, now: datetime, *, of: Collection[Lane] | None = None) -> None:
        """Make everything that was asked before, or all of it on some lanes, due at once."""
        for key in self._rounds:
            if of is None or key[0] in of:
                self._forget(key, now)
        self._probations.forget_times(of=of)

    def _forget(self, key: _Key, now: datetime) -> None:
        if self._rounds[key] is not None:
            self._rounds[key] = LONG_AGO
        self._successors.pop(key, None)
        if key in self._asked_at:
            self._asked_at[key] = min(self._asked_at[key], now)

    def rounds(self, began_at: datetime) -> Iterator[Round]:
        """The slice of each list that waits longest; what an operator's daily number leaves out waits for no fault.

        Of a list that is set aside, its probes. `began_at`: since when what was never asked about could have been.
        """
        for lane, parts in self._roster.slices.items():
            aside = self._probations.aside(lane)
            if aside is not None:
                wait = aside.planned_at - aside.probed_at
                yield Round(lane[0], aside.probed_at, max(wait, self._intervals[lane]))
                continue
            keys = [(lane, part.number) for part in parts if self._left_out.get((lane, part.number), 0) != part.bits]
            if keys:
                asked_at = min(self._asked_at.get(key, began_at) for key in keys)
                interval = effective_interval(self._intervals[lane], self._ttls.get(lane, (None, None))[1])
                yield Round(lane[0], max(asked_at, self._probations.taken_back_at(lane)), interval)

    @property
    def everything_asked(self) -> bool:
        """Whether every slice has been asked about at least once, whatever came back, or its list is set aside."""
        return all(due is not None or self._probations.aside(lane) for (lane, _), due in self._rounds.items())

    def all(self) -> Mapping[Lane, list[Job]]:
        """One full round of everything, due or not; what was asked last comes last, in case it can't be all."""
        lanes = sorted(self._roster.slices.items(), key=lambda lane: self._waits_since(*lane))
        return {
            lane: [Job(lane, part, self._in_turn(lane, part), full=True) for part in parts] for lane, parts in lanes
        }

    def _waits_since(self, lane: Lane, parts: Iterable[Slice]) -> datetime:
        return min(self._asked_at.get((lane, part.number), LONG_AGO) for part in parts)

    def _in_turn(self, lane: Lane, part: Slice) -> tuple[Target, ...]:
        """The targets of a slice, those first that were left out when they were due."""
        bits = self._left_out.get((lane, part.number), 0) & part.bits
        if bits in (0, part.bits):
            return part.targets
        return tuple(sorted(part.targets, key=lambda target: not bits & slice_of(self._roster.ids[target])[1]))

    def _successor(self, lane: Lane, asked_at: datetime, answered_at: datetime) -> datetime:
        """The interval counts from the question; what caches hold of the answers, from the last of these."""
        copies_gone_at = due_at(answered_at, timedelta(), self._ttls.get(lane, (None, None))[1])
        return max(asked_at + self._intervals[lane], copies_gone_at or answered_at)

    def _next(self, key: _Key) -> datetime:
        """When a slice is due.

        A round that came early, since a target was added, may have read copies of what an earlier one was told: that
        one is to be followed up in its own time, or at most an interval later together with others.
        """
        first, *_ = successors = self._successors[key]
        return max(moment for moment in successors if moment - first <= self._intervals[key[0]])

    def _next_after(self, key: _Key, asked_at: datetime) -> datetime:
        """When a slice that was asked about is due: where some of it was left out, on the next day at the latest."""
        return min(self._next(key), next_day(asked_at)) if self._left_out.get(key) else self._next(key)

    def _recheck(self, lane: Lane) -> timedelta:
        """How long a single pair is left alone."""
        return shortest_wait(self._schedule, self._roster.watchlist.blocklists[lane[0]])

    def _learn(self, sounding: Sounding) -> None:
        self._ttls[sounding.blocklist, sounding.family] = (
            timedelta(seconds=sounding.positive_ttl_s) if sounding.positive_ttl_s is not None else None,
            timedelta(seconds=sounding.negative_ttl_s) if sounding.negative_ttl_s is not None else None,
        )

    def _schedule_pair(self, pair: Pair) -> None:
        lane = (pair.blocklist, pair.target.family)
        number = slice_of(pair.target_id)[0]
        if (lane, number) not in self._rounds:
            return
        waiting = self._pairs.setdefault((lane, number), {})
        moment = self._pair_due(lane, pair)
        if moment is None:
            waiting.pop(pair.target, None)
        else:
            waiting[pair.target] = moment

    def _is_allow(self, lane: Lane) -> bool:
        """Whether a pair of this lane that is "listed" has a good word only: its rounds will do."""
        return self._roster.watchlist.blocklists[lane[0]].kind is Kind.ALLOW

    def _pair_due(self, lane: Lane, pair: Pair) -> datetime | None:
        """A listed pair is asked again when its record has run out; a delisting, when its proof can be had."""
        pending = pair.standing.pending
        if pending is None:
            if pair.standing.listed is None or self._is_allow(lane):
                return None
            return due_at(pair.asked_at, self._recheck(lane), self._ttls.get(lane, (None, None))[0])
        ready_at = max(pending.ready_at, pending.repeat_at or pending.ready_at)
        proof_only = pending.change is Change.DELISTED and pair.standing.clears >= self._delist_after
        if proof_only and ready_at > pair.asked_at:
            return ready_at
        return max(ready_at, pair.asked_at + self._recheck(lane))
