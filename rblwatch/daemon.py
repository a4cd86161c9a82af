"""The daemon: schedules, and the way from start to drain.

Owns when the steps of `work.py` are taken, and what stop does. Must not hold rules, nor any state that a restart would
lose: when something is due stands in the database.

- About five jobs, whatever the number of servers. A late job runs once; none is skipped.
- The first SIGTERM or SIGINT stops starting things, lets what is on its way finish for a few seconds, gives back what
  isn't, and ends with 0. How the process ends where even that is held up stands in `signals.py`.
- What SIGHUP does stands in `reload.py`.
- APScheduler waits on the wall clock, so a step of that clock could silence it for as long as the step: a watch on the
  monotonic clock notices, and arms every job anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from rblwatch import app
from rblwatch.app import SystemClock
from rblwatch.configured import Configured
from rblwatch.reload import Reload
from rblwatch.services.clockstep import StepWatch
from rblwatch.signals import Signals
from rblwatch.store.database import Store
from rblwatch.store.errors import Held, Replaced, StoreError
from rblwatch.store.rows import DaemonRow
from rblwatch.work import Work

_log = logging.getLogger(__name__)
# What it says of late runs is said by `_tell_late`, as events.
logging.getLogger("apscheduler").setLevel(logging.ERROR)

#: Of the 2 s that news may take besides what caches and the configuration impose, these two take their share.
_SWEEP_EVERY_S = 0.5
_DELIVER_EVERY_S = 0.5
_NAMES_EVERY_S = 1.0
_CLOCK_EVERY_S = 5.0
_BEAT_EVERY_S = 10.0
_RELEASE_EVERY_S = 1.0
_SILENCES_EVERY_S = 30.0
_REMIND_EVERY_S = 10.0
_RESOLVER_EVERY_S = 1.0
_HEARTBEAT_EVERY_S = 1.0
_PRUNE_LOOK_S = 60.0
_ROOM_EVERY_S = 10.0


class Daemon:
    """One process that watches, from start to drain."""

    def __init__(
        self, store: Store, row: DaemonRow, *, configured: Configured, read_again: Callable[[], Configured]
    ) -> None:
        """`store` is held by this process, under the name in `row`."""
        self._store = store
        self._row = row
        self._read_again = read_again
        self._clock = SystemClock()
        self._work = Work(store, configured, self._clock, holder=f"daemon:{row.instance}")
        self._reload = Reload(lambda: self._work.read(read_again), self._change, self._work.tell)
        self._stop = asyncio.Event()
        self._away: set[str] = set()
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._lost: Held | Replaced | None = None

    async def run(self, signals: Signals) -> None:
        """Watch until a signal says stop.

        Raises: Held, where another daemon has taken our place; Replaced, where the database was taken away from under
        us; StoreError, where it cannot be used at the start.
        """
        try:
            if signals.stopping.is_set():
                return
            await self._work.start()
            self._schedule()
            _log.info("daemon.started", extra=self._work.summary)
            signals.obey(asyncio.get_running_loop(), on_stop=self.stop, on_reload=self._reload.ask)
            await self._stop.wait()
        finally:
            await self._drain()
        if self._lost is not None:
            raise self._lost

    def stop(self) -> None:
        """Begin the end, as the first SIGTERM does."""
        self._stop.set()

    # --- schedules ---

    def _schedule(self) -> None:
        jobs: dict[str, tuple[Callable[[], Awaitable[None]], float]] = {
            "sweep": (lambda: self._work.sweep(self._read_again), _SWEEP_EVERY_S),
            "names": (self._work.look_up_names, _NAMES_EVERY_S),
            "deliver": (self._work.deliver, _DELIVER_EVERY_S),
            "beat": (self._beat, _BEAT_EVERY_S),
            "release": (self._work.release_held, _RELEASE_EVERY_S),
            "silences": (self._work.end_silences, _SILENCES_EVERY_S),
            "reminders": (self._work.remind, _REMIND_EVERY_S),
            "prune": (self._work.prune, _PRUNE_LOOK_S),
            "room": (self._work.watch_room, _ROOM_EVERY_S),
            "heartbeat": (self._work.show_life, _HEARTBEAT_EVERY_S),
            "resolver": (self._work.watch_resolver, _RESOLVER_EVERY_S),
        }
        for name, (step, every_s) in jobs.items():
            self._scheduler.add_job(
                self._guarded,
                "interval",
                args=(name, step),
                seconds=every_s,
                id=name,
                next_run_time=self._clock.now(),
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )
        self._scheduler.add_listener(_tell_late, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        self._scheduler.start()
        self._watch_clock(StepWatch(self._clock))

    async def _guarded(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        """Run one step; whatever goes wrong in it is logged, and the next run tries again."""
        if self._stop.is_set():
            return
        try:
            await step()
        except StoreError as error:
            if name not in self._away:
                _log.error("daemon.database_away", extra={"job": name, "why": str(error)})
            self._away.add(name)
        except asyncio.CancelledError:
            # The scheduler does that when it is shut down.
            if not self._stop.is_set():
                raise
        except Exception:  # noqa: BLE001 - a job's boundary
            _log.exception("daemon.job_failed", extra={"job": name})
        else:
            if name in self._away:
                _log.info("daemon.database_back", extra={"job": name})
            self._away.discard(name)

    async def _beat(self) -> None:
        now = self._clock.now()
        await self._store.write(lambda repo: repo.beat(self._row.instance, now))
        try:
            if not await asyncio.to_thread(self._store.still_held):
                await asyncio.to_thread(self._store.hold, self._row)
        except (Held, Replaced) as lost:
            self._lost = lost
            self._stop.set()

    def _watch_clock(self, watch: StepWatch) -> None:
        """Look, on the monotonic clock, whether the wall clock was stepped; if so, arm every job anew."""
        if stepped := watch.step():
            _log.warning("daemon.clock_stepped", extra={"by_s": round(stepped.total_seconds(), 1)})
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=self._clock.now())
            self._work.rearm()
        if not self._stop.is_set():
            asyncio.get_running_loop().call_later(_CLOCK_EVERY_S, self._watch_clock, watch)

    # --- change and end ---

    async def _change(self, configured: Configured) -> dict[str, object]:
        await self._work.change(configured)
        return self._work.summary

    async def _drain(self) -> None:
        self._stop.set()
        await self._reload.end()
        if self._scheduler.running:
            self._scheduler.pause()
            # Steps that were to begin in this moment begin, and see that nothing is to begin any more: cancelled before
            # that, each would leave a trace in the log.
            await asyncio.sleep(0)
            self._scheduler.shutdown(wait=False)
        await self._work.drain()
        _log.info("daemon.stopped")


def _tell_late(event: JobEvent) -> None:
    _log.debug("daemon.job_late", extra={"job": event.job_id})


async def run(configured: Configured, read_again: Callable[[], Configured], signals: Signals) -> None:
    """Be the daemon of the configured database until a signal ends it.

    Raises: Held, where another one is; StoreError, where the database cannot be used at the start.
    """
    row = app.daemon_row(SystemClock().now())
    with app.holding(configured.settings, row) as store:
        await Daemon(store, row, configured=configured, read_again=read_again).run(signals)
