"""Which lists are set aside, and when the probes of each are due.

A list that cannot be believed is set aside, for one family, as it was seen last through whichever nameserver: nothing
but its probes is asked, on a schedule of their own (`core.probation`), until they say that it can be believed. One that
has lied is probed once more when no cache can hold its lies: its good word is no copy then, and people can be told.

Owns these due times in memory, worked out from soundings. Must not know rounds or pairs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.probation import probe_wait
from rblwatch.core.rhythm import minimum
from rblwatch.core.settings import Schedule
from rblwatch.core.target import Family
from rblwatch.store.rows import Sounding

#: A list and a family: batches of one such line wait for each other, and for nobody else.
Lane = tuple[str, Family]
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probation:
    """A list is probed between rounds, or instead of them."""

    probed_at: datetime
    planned_at: datetime
    """When it may be probed again: as the schedule has it, or later, where an operator's daily number does."""
    due_at: datetime
    """The same, but for trouble of ours."""
    aside: bool
    """Nothing else is asked of it. Otherwise it is believed, but caches may hold lies that it told before."""


class Probations:
    """The lists that are probed apart from rounds."""

    def __init__(self, lanes: Collection[Lane], schedule: Schedule, blind_after: timedelta) -> None:
        self._lanes = lanes
        self._schedule = schedule
        self._blind_after = blind_after
        self._probations: dict[Lane, Probation] = {}
        self._taken_back_at: dict[Lane, datetime] = {}

    def follow(self, sounding: Sounding, blocklist: Blocklist) -> None:
        """Set a list aside that cannot be believed, and take it back when it can; soundings come in their order."""
        lane, probed_at = (sounding.blocklist, sounding.family), sounding.checked_at
        before = self._probations.pop(lane, None)
        if not sounding.condition.soundness.trusted:
            wait = probe_wait(
                sounding.condition,
                probed_at,
                schedule=self._schedule,
                blocklist=blocklist,
                blind_after=self._blind_after,
            )
            self._plan(lane, probed_at, probed_at + wait, aside=True)
            return
        if before is not None and before.aside:
            self._taken_back_at[lane] = probed_at
        if sounding.distrust_until is not None and sounding.distrust_until > probed_at:
            at = max(sounding.distrust_until, probed_at + minimum(blocklist))
            self._plan(lane, probed_at, at, aside=False)

    def _plan(self, lane: Lane, probed_at: datetime, at: datetime, *, aside: bool) -> None:
        self._probations[lane] = Probation(probed_at=probed_at, planned_at=at, due_at=at, aside=aside)

    def aside(self, lane: Lane) -> Probation | None:
        """What is planned for a list that is set aside; None: it is not."""
        probation = self._probations.get(lane)
        return probation if probation is not None and probation.aside else None

    def probed_at(self, lane: Lane) -> datetime | None:
        """When a list was last probed whose probes are due apart from rounds."""
        probation = self._probations.get(lane)
        return probation.probed_at if probation is not None else None

    def taken_back_at(self, lane: Lane) -> datetime:
        """When a list that was set aside was last found to be believed again; long ago, if it never was."""
        return self._taken_back_at.get(lane, LONG_AGO)

    def due(self, lane: Lane, now: datetime) -> bool:
        """Whether a list is to be probed now."""
        probation = self._probations.get(lane)
        return probation is not None and probation.due_at <= now

    def postpone(self, lane: Lane, until: datetime, *, as_planned: bool = False) -> None:
        """Leave a list alone for a while; `as_planned`: for no trouble of ours."""
        probation = self._probations.get(lane)
        if probation is not None:
            planned_at = until if as_planned else probation.planned_at
            self._probations[lane] = replace(probation, planned_at=planned_at, due_at=until)

    def forget_times(self, *, of: Collection[Lane] | None = None) -> None:
        """Make all probes, or those of some lanes, due at once."""
        for lane, one in self._probations.items():
            if of is None or lane in of:
                self._probations[lane] = replace(one, due_at=LONG_AGO)
