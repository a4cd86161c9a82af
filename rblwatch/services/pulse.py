"""The heartbeat: a URL is asked while the work is on time, so that somebody else notices when it is not.

Owns when it is asked, and that a streak of failures is logged once. Must not decide what is on time
(`core/vitality.py`), nor delay anything: its own failure concerns nobody but whoever reads the log or `status`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from rblwatch.core.retry import Outcome, Permanent, Transient
from rblwatch.core.vitality import lateness
from rblwatch.ports import Clock, Heart
from rblwatch.services.deliver import Deliverer
from rblwatch.services.monitor import Monitor
from rblwatch.store.database import Store
from rblwatch.store.errors import StoreError

_log = logging.getLogger(__name__)


class Pulse:
    """The heartbeat under one configuration."""

    def __init__(self, heart: Heart, every: timedelta, clock: Clock, store: Store, *, instance: str) -> None:
        self._heart = heart
        self._every_s = every.total_seconds()
        self._clock = clock
        self._store = store
        self._instance = instance
        self._due_s = clock.monotonic_s()
        self._said: str | None = None
        """What kept the last one from arriving; None: nothing did."""

    async def step(self, lateness: Callable[[], Awaitable[tuple[str, ...]]]) -> None:
        """Ask the URL if that is due and the work on time; while it is not, every step looks again."""
        if self._clock.monotonic_s() < self._due_s:
            return
        late = await lateness()
        if late:
            await self._note("heartbeat.withheld", "; ".join(late))
            return
        self._due_s = self._clock.monotonic_s() + self._every_s
        problem = _problem(await self._heart.beat())
        await self._note("heartbeat.failed", problem)

    async def _note(self, event: str, problem: str | None) -> None:
        before, self._said = self._said, problem
        if problem is not None and before is None:
            _log.warning(event, extra={"why": problem})
        elif problem is None and before is not None:
            _log.info("heartbeat.back")
        if problem is None or problem != before:
            await self._write(problem)

    async def _write(self, problem: str | None) -> None:
        now = self._clock.now()
        try:
            await self._store.write(lambda repo: repo.note_heartbeat(self._instance, now, problem))
        except StoreError:
            # That the database is away is logged by every job. What is there now is written with the next change.
            self._said = self._said if problem is None else "the database is away"


async def late(monitor: Monitor, deliverer: Deliverer, clock: Clock) -> tuple[str, ...]:
    """Why the work is not on time, in words; empty: it is."""
    try:
        vitals = await deliverer.vitals(monitor.rounds)
    except StoreError:
        return ("the database is away",)
    return lateness(vitals, clock.now())


def _problem(outcome: Outcome) -> str | None:
    match outcome:
        case Transient(detail) | Permanent(detail):
            return f"the heartbeat's URL: {detail}"
        case _:
            return None
