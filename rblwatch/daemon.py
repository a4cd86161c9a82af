"""The daemon: schedules, reload and drain.

Owns when the steps of `services` are called, and what stop and reload do. Must not hold rules, nor any state that a
restart would lose: when something is due stands in the database.

- About five jobs, whatever the number of servers. A late job runs once, and is counted; none is skipped.
- The first SIGTERM or SIGINT stops starting things, lets what is on its way finish for a few seconds, gives back what
  isn't, and ends with 0. How the process ends where even that is held up stands in `signals.py`.
- SIGHUP reads the configuration again, as it is when the last signal came. A bad one changes nothing, is logged and
  told.
- APScheduler waits on the wall clock, so a step of that clock could silence it for as long as the step: a watch on the
  monotonic clock notices, and arms every job anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from rblwatch import app
from rblwatch.app import Assembly, Configured, SystemClock
from rblwatch.core.errors import RblwatchError
from rblwatch.services.deliver import Deliverer
from rblwatch.services.monitor import Monitor, end_silences, tell_notice
from rblwatch.signals import Signals
from rblwatch.store.database import Store
from rblwatch.store.errors import Held, StoreError, StoreUnavailable
from rblwatch.store.rows import DaemonRow

_log = logging.getLogger(__name__)

#: Of the 2 s that news may take besides what caches and the configuration impose, these two take their share.
_SWEEP_EVERY_S = 0.5
_DELIVER_EVERY_S = 0.5
_CLOCK_EVERY_S = 5.0
_BEAT_EVERY_S = 10.0
_SILENCES_EVERY_S = 30.0
#: Between two tries to reload while the database is away.
_RELOAD_RETRY_S = 2.0
#: A wall clock that moved this much more or less than the monotonic one was stepped.
_CLOCK_STEP_S = 2.0
#: They pass side by side.
_DRAIN_SWEEPS_S = 3.0
_DRAIN_DELIVERIES_S = 4.0
#: What the drain leaves to write is given up after this: the next start does without.
_GIVE_BACK_S = 1.0


class Daemon:
    """One process that watches, from start to drain."""

    def __init__(self, store: Store, configured: Configured, read_again: Callable[[], Configured]) -> None:
        self._store = store
        self._configured = configured
        self._read_again = read_again
        self._clock = SystemClock()
        self._row: DaemonRow = app.daemon_row(self._clock.now())
        self._stop = asyncio.Event()
        self._stopping = False
        self._ready = asyncio.Event()
        self._reloading: asyncio.Task[None] | None = None
        self._reload_again = False
        self._changing = asyncio.Lock()
        self._away: set[str] = set()
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._engine = app.build_lookup(configured.settings.resolver)
        self._lost: Held | None = None
        self._missed = 0
        self._work: Assembly
        self._monitor: Monitor
        self._deliverer: Deliverer

    async def run(self) -> None:
        """Watch until a signal says stop.

        Raises: Held, where another daemon works on the database; StoreError, where it cannot be used at the start.
        """
        Signals(on_stop=self.stop, on_reload=self._on_reload)
        self._store.hold(self._row)
        await self._store.write(lambda repo: repo.void_leases(self._holder, self._clock.now()))
        try:
            await self._start(self._configured)
            self._schedule()
            self._ready.set()
            _log.info("daemon.started", extra=self._summary())
            await self._stop.wait()
        finally:
            await self._drain()
        if self._lost is not None:
            raise self._lost

    @property
    def _holder(self) -> str:
        return f"daemon:{self._row.instance}"

    async def _start(self, configured: Configured) -> None:
        work = await app.assemble(self._store, self._engine, configured, self._clock.now())
        monitor = Monitor(self._store, self._engine, self._clock, work.terms, configured.settings.schedule)
        await monitor.load()
        notifier = app.build_notifier(configured.settings)
        if hasattr(self, "_deliverer"):
            self._deliverer.adopt(notifier, work.desk)
        else:
            self._deliverer = Deliverer(self._store, notifier, self._clock, work.desk, holder=self._holder)
        self._work, self._monitor, self._configured = work, monitor, configured

    def _summary(self) -> dict[str, object]:
        watchlist = self._configured.watchlist
        return {
            "servers": len(watchlist.tags),
            "targets": len(watchlist.servers),
            "blocklists": len(watchlist.blocklists),
            "channels": len(self._configured.settings.channels),
            "database": self._store.where,
        }

    # --- schedules ---

    def _schedule(self) -> None:
        jobs: dict[str, tuple[Callable[[], Awaitable[None]], float]] = {
            "sweep": (self._sweep, _SWEEP_EVERY_S),
            "deliver": (self._deliver, _DELIVER_EVERY_S),
            "beat": (self._beat, _BEAT_EVERY_S),
            "silences": (self._end_silences, _SILENCES_EVERY_S),
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
        self._scheduler.add_listener(self._count_missed, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        self._scheduler.start()
        self._watch_clock(self._wall_ahead_s())

    async def _guarded(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        """Run one step; whatever goes wrong in it is logged, and the next run tries again."""
        if self._stopping:
            return
        try:
            await step()
        except StoreUnavailable as error:
            if name not in self._away:
                _log.error("daemon.database_away", extra={"job": name, "why": str(error)})
            self._away.add(name)
        except asyncio.CancelledError:
            # The scheduler does that when it is shut down.
            if not self._stopping:
                raise
        except Exception:  # noqa: BLE001 - a job's boundary
            _log.exception("daemon.job_failed", extra={"job": name})
        else:
            if name in self._away:
                _log.info("daemon.database_back", extra={"job": name})
            self._away.discard(name)

    async def _sweep(self) -> None:
        if self._monitor.sweeper.outdated:
            await self._see_on()
        self._monitor.start_due()
        await self._monitor.release_first_looks()

    async def _see_on(self) -> None:
        """A sweep worked on the database under another configuration: most likely the file was changed, so read it."""
        try:
            configured = await asyncio.to_thread(self._read)
        except RblwatchError as error:
            _log.warning("daemon.configured_otherwise", extra={"why": str(error)})
            configured = None
        async with self._changing:
            if self._monitor.sweeper.outdated:
                await self._put_to_work(configured or self._configured)
                _log.info("daemon.configured_again", extra=self._summary())

    async def _deliver(self) -> None:
        await self._deliverer.start_due()

    async def _beat(self) -> None:
        now = self._clock.now()
        await self._store.write(lambda repo: repo.beat(self._row.instance, now))
        if await asyncio.to_thread(self._store.still_held):
            return
        try:
            await asyncio.to_thread(self._store.hold, self._row)
        except Held as held:
            self._lost = held
            self._stop.set()

    async def _end_silences(self) -> None:
        work = self._work
        await end_silences(self._store, work.configured.watchlist, work.policy, self._clock.now())

    def _count_missed(self, event: JobEvent) -> None:
        self._missed += 1
        _log.debug("daemon.job_late", extra={"job": event.job_id, "missed": self._missed})

    def _wall_ahead_s(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic_s()

    def _watch_clock(self, before_s: float) -> None:
        """Look, on the monotonic clock, whether the wall clock was stepped; if so, arm every job anew."""
        ahead_s = self._wall_ahead_s()
        if abs(ahead_s - before_s) > _CLOCK_STEP_S:
            _log.warning("daemon.clock_stepped", extra={"by_s": round(ahead_s - before_s, 1)})
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=self._clock.now())
            self._monitor.rearm()
        if not self._stopping:
            asyncio.get_running_loop().call_later(_CLOCK_EVERY_S, self._watch_clock, ahead_s)

    # --- stop and reload ---

    def stop(self) -> None:
        """Begin the end, as the first SIGTERM does."""
        self._stopping = True
        self._stop.set()

    def _on_reload(self) -> None:
        self._reload_again = True
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.create_task(self._reload_as_asked(), name="reload")

    async def _reload_as_asked(self) -> None:
        """Reload until it is done and no signal came meanwhile: the file may have been written again since."""
        await self._ready.wait()
        while self._reload_again and not self._stopping:
            self._reload_again = False
            await self._reload()

    async def _reload(self) -> None:
        """Read the configuration again; a bad one, or one that cannot be put to work, leaves everything as it is.

        One that only has to wait for the database is tried again.
        """
        try:
            configured = await asyncio.to_thread(self._read)
            async with self._changing:
                await self._put_to_work(configured)
        except StoreUnavailable as error:
            _log.error("reload.waits", extra={"why": str(error)})
            await asyncio.sleep(_RELOAD_RETRY_S)
            self._reload_again = True
        except RblwatchError as error:
            _log.error("reload.refused", extra={"why": str(error)})
            await self._tell_refused(error)
        except Exception as error:  # noqa: BLE001 - a job's boundary
            _log.exception("reload.failed")
            await self._tell_refused(error)
        else:
            _log.info("reload.done", extra=self._summary())

    def _read(self) -> Configured:
        """Read the configuration again; another database than the one that we hold takes a restart."""
        configured, url = self._read_again(), self._configured.settings.database_url
        if configured.settings.database_url == url:
            return configured
        _log.warning("reload.database_needs_restart")
        return replace(configured, settings=replace(configured.settings, database_url=url))

    async def _put_to_work(self, configured: Configured) -> None:
        """Let batches that are on their way finish under the old configuration, then work under the new one."""
        engine, before = self._engine, self._configured
        renewed = configured.settings.resolver != before.settings.resolver
        fresh = app.build_lookup(configured.settings.resolver) if renewed else engine
        self._scheduler.pause_job("sweep")
        try:
            await self._monitor.sweeper.drain(_DRAIN_SWEEPS_S)
            self._engine = fresh
            await self._start(configured)
        except BaseException:
            self._engine = engine
            raise
        finally:
            self._scheduler.resume_job("sweep")
        if renewed:
            await engine.close()

    async def _tell_refused(self, error: Exception) -> None:
        first, *more = str(error).splitlines() if isinstance(error, RblwatchError) else [type(error).__name__]
        rest = f" (and {len(more)} more)" if more else ""
        text = f"the configuration could not be read again, and the one from before stays in force: {first}{rest}"
        try:
            await asyncio.to_thread(tell_notice, self._store, self._work.policy, text, self._clock.now())
        except StoreError as untold:
            _log.error("reload.untold", extra={"why": str(untold)})

    # --- the end ---

    async def _drain(self) -> None:
        self._stopping = True
        if self._reloading is not None:
            self._reloading.cancel()
            await asyncio.gather(self._reloading, return_exceptions=True)
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        if self._ready.is_set():
            await asyncio.gather(
                self._monitor.sweeper.drain(_DRAIN_SWEEPS_S), self._deliverer.drain(_DRAIN_DELIVERIES_S)
            )
        with contextlib.suppress(StoreError, TimeoutError):
            async with asyncio.timeout(_GIVE_BACK_S):
                await self._store.write(lambda repo: repo.release(self._holder, self._clock.now()))
        await self._engine.close()
        _log.info("daemon.stopped")


async def run(store: Store, configured: Configured, read_again: Callable[[], Configured]) -> None:
    """Run the daemon over an open store until a signal ends it. See `Daemon.run` for what is raised."""
    await Daemon(store, configured, read_again).run()
