"""What the daemon does under the configuration of the moment, and how another one is put to work.

Owns the parts that are at work and their exchange, so that batches end under the configuration under which they began.
Must not hold rules, know schedules or signals, nor keep any state that a restart would lose.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from rblwatch import app
from rblwatch.app import Assembly
from rblwatch.configured import Configured
from rblwatch.core.errors import NothingRegistered, RblwatchError
from rblwatch.core.retention import kept_since
from rblwatch.core.settings import Heartbeat
from rblwatch.ports import Clock
from rblwatch.services.deliver import Deliverer
from rblwatch.services.diagnose import Examiner
from rblwatch.services.monitor import Monitor, end_silences, tell_notice
from rblwatch.services.prune import prune
from rblwatch.services.pulse import Pulse, late
from rblwatch.services.release import release_due
from rblwatch.services.remind import remind_due
from rblwatch.services.room import RoomWatch
from rblwatch.services.survey import keep
from rblwatch.services.vigil import Vigil
from rblwatch.store.database import Store
from rblwatch.store.errors import StoreError
from rblwatch.store.repository import Repository

_log = logging.getLogger(__name__)

#: When names are looked up once more after the database was away.
_AFTER_TROUBLE = timedelta(seconds=30)
#: At a start: what names stand for is asked about with all the rest, unless it takes long to find out.
_LONGEST_WAIT_FOR_NAMES_S = 10.0
#: History is looked through so often; not in the first minutes, when there is enough to do.
_PRUNE_EVERY_S, _PRUNE_FIRST_S = 3600.0, 120.0
#: They pass side by side.
_DRAIN_SWEEPS_S = 3.0
_DRAIN_DELIVERIES_S = 4.0
#: What the drain leaves to write is given up after this: the next start does without.
_GIVE_BACK_S = 1.0


class Work:
    """Sweeps and deliveries over one store."""

    def __init__(self, store: Store, configured: Configured, clock: Clock, *, holder: str) -> None:
        """`holder` is who the deliveries on their way belong to."""
        self._store = store
        self._configured = configured
        self._clock = clock
        self._holder = holder
        self._engine = app.build_lookup(configured.settings.resolver)
        self._changing = asyncio.Lock()
        self._started = False
        self._assembly: Assembly
        self._monitor: Monitor
        self._deliverer: Deliverer
        self._names_due_at: datetime | None = None
        self._clock_stepped = False
        """What is held has due times by another clock."""
        self._sweeps_from_s = 0.0
        """On the monotonic clock: until then, sweeps wait for the names of servers to be looked up first."""
        self._vigil: Vigil
        self._room = RoomWatch(store)
        self._pulse: Pulse | None = None
        self._prune_from_s = clock.monotonic_s() + _PRUNE_FIRST_S

    async def start(self) -> None:
        """Take up what a dead predecessor was sending, and get to work.

        Raises: StoreError.
        """
        await self._store.write(lambda repo: repo.void_leases(self._holder, self._clock.now()))
        await self._begin(self._configured)
        if self._names_due_at is not None and self._names_due_at <= self._clock.now():
            self._sweeps_from_s = self._clock.monotonic_s() + _LONGEST_WAIT_FOR_NAMES_S
        self._started = True

    async def _begin(self, configured: Configured) -> None:
        assembly = await app.assemble(self._store, configured, self._clock.now())
        monitor = Monitor(self._store, self._engine, self._clock, assembly.terms, configured.settings.schedule)
        await monitor.load()
        notifier = app.build_notifier(configured.settings)
        if self._started:
            monitor.keep_to(self._monitor)
            self._deliverer.adopt(notifier, assembly.desk)
        else:
            self._deliverer = Deliverer(self._store, notifier, self._clock, assembly.desk, holder=self._holder)
        nameservers = app.build_nameservers(configured.settings.resolver)
        self._vigil = Vigil(Examiner(self._engine, nameservers, self._clock), self._clock)
        monitor.sweeper.on_asked = self._vigil.note
        if not self._started or configured.settings.heartbeat != self._configured.settings.heartbeat:
            self._pulse = self._new_pulse(configured.settings.heartbeat)
        self._assembly, self._monitor, self._configured = assembly, monitor, configured
        self._names_due_at = assembly.survey.due_at

    def _new_pulse(self, heartbeat: Heartbeat) -> Pulse | None:
        if heartbeat.url is None:
            return None
        heart = app.build_heart(heartbeat.url)
        return Pulse(heart, heartbeat.every, self._clock, self._store, instance=self._instance)

    @property
    def _instance(self) -> str:
        """This daemon's name in the database."""
        return self._holder.partition(":")[2]

    @property
    def summary(self) -> dict[str, object]:
        """What is at work, for the log."""
        watchlist = self._assembly.watchlist
        return {
            "servers": len(watchlist.tags),
            "targets": len(watchlist.servers),
            "blocklists": len(watchlist.blocklists),
            "channels": len(self._configured.settings.channels),
            "database": self._store.where,
        }

    async def look_up_names(self) -> None:
        """Look up the names of servers if that is due, and watch what they stand for from now on."""
        configured, assembly = self._configured, self._assembly
        due_at = self._names_due_at
        if due_at is None or self._clock.now() < due_at or self._changing.locked():
            return
        self._names_due_at = self._clock.now() + _AFTER_TROUBLE  # should what they come to not be stored
        discoverer = app.build_discoverer(configured.settings.resolver)
        findings = await discoverer.discover(configured.settings.servers)
        async with self._changing:
            if self._assembly is not assembly:
                return  # Under another configuration they are due in their own time, and others hear of them.
            surveyed = await keep(self._store, findings, self._clock, configured.settings, assembly.terms)
            self._names_due_at, self._sweeps_from_s = surveyed.due_at, 0.0
            if surveyed.found != assembly.survey.found:
                await self._put_to_work(configured)
                _log.info("daemon.targets_changed", extra=self.summary)

    async def sweep(self, read_again: Callable[[], Configured]) -> None:
        """Start the batches that are due."""
        if self._monitor.sweeper.outdated:
            await self._see_on(read_again)
        if not self._changing.locked() and self._clock.monotonic_s() >= self._sweeps_from_s:
            self._monitor.start_due()
            await self._monitor.release_first_looks()

    async def _see_on(self, read_again: Callable[[], Configured]) -> None:
        """A sweep worked on the database under another configuration: most likely the file was changed, so read it."""
        try:
            configured = await asyncio.to_thread(self.read, read_again)
        except RblwatchError as error:
            _log.warning("daemon.configured_otherwise", extra={"why": str(error)})
            configured = None
        async with self._changing:
            if self._monitor.sweeper.outdated:
                await self._put_to_work(configured or self._configured)
                _log.info("daemon.configured_again", extra=self.summary)

    async def watch_resolver(self) -> None:
        """Say in the log what the nameservers do to answers, if that has changed."""
        vigil = self._vigil
        try:
            await vigil.look()
        except RblwatchError:
            # Its engine was closed: another configuration was put to work.
            if vigil is self._vigil:
                raise

    async def show_life(self) -> None:
        """Ask the heartbeat's URL, if that is due and everything on time."""
        if self._pulse is not None:
            await self._pulse.step(lambda: late(self._monitor, self._deliverer, self._clock))

    async def deliver(self) -> None:
        """Start to send the messages that are due."""
        await self._deliverer.start_due()

    async def release_held(self) -> None:
        """Tell what was held back and is due."""
        assembly, anew = self._assembly, self._clock_stepped
        await release_due(self._store, assembly.watchlist, assembly.policy, self._clock.now(), anew=anew)
        self._clock_stepped = self._clock_stepped and not anew

    async def end_silences(self) -> None:
        """Tell what was muted by silences that are over."""
        assembly = self._assembly
        await end_silences(self._store, assembly.watchlist, assembly.policy, self._clock.now())

    async def remind(self) -> None:
        """Remind of what still stands and is due for that."""
        assembly = self._assembly
        await remind_due(self._store, assembly.watchlist, assembly.policy, self._clock.now())

    async def prune(self) -> None:
        """Forget history that is older than it is to be kept, once an hour."""
        if self._clock.monotonic_s() >= self._prune_from_s:
            self._prune_from_s = self._clock.monotonic_s() + _PRUNE_EVERY_S
            await prune(self._store, kept_since(self._configured.settings.alerts, self._clock.now()))

    async def watch_room(self) -> None:
        """See that there is room for what is to be recorded."""
        await self._room.look(self._assembly.policy, self._clock.now())

    async def tell(self, text: str) -> None:
        """Tell something about rblwatch itself to those who hear of our own blindness."""
        try:
            await asyncio.to_thread(tell_notice, self._store, self._assembly.policy, text, self._clock.now())
        except StoreError as untold:
            _log.error("reload.untold", extra={"why": str(untold)})

    def rearm(self) -> None:
        """Ask everything anew, and decide anew what is held, since the wall clock was stepped."""
        self._clock_stepped = True
        self._monitor.rearm()
        if self._names_due_at is not None:
            self._names_due_at = self._clock.now()

    def read(self, read_again: Callable[[], Configured]) -> Configured:
        """Read the configuration again; another database than the one that we hold takes a restart.

        Raises: ConfigError; NothingRegistered, as a file that is empty is more likely being written than meant.
        """
        configured, url = read_again(), self._configured.settings.database_url
        watched = len(self._configured.settings.servers)
        if watched and not configured.settings.servers:
            raise NothingRegistered(
                f"{configured.path}: servers: there is none, and {watched} are watched; if nothing is to be "
                "watched any more, stop the daemon"
            )
        if configured.settings.database_url == url:
            return configured
        _log.warning("reload.database_needs_restart")
        return replace(configured, settings=replace(configured.settings, database_url=url))

    async def change(self, configured: Configured) -> None:
        """Work under another configuration from now on; what cannot be put to work changes nothing.

        Raises: RblwatchError.
        """
        async with self._changing:
            await self._put_to_work(configured)

    async def _put_to_work(self, configured: Configured) -> None:
        """Let batches that are on their way finish under the old configuration, then work under the new one."""
        engine, before = self._engine, self._configured
        renewed = configured.settings.resolver != before.settings.resolver
        fresh = app.build_lookup(configured.settings.resolver) if renewed else engine
        try:
            await self._monitor.sweeper.drain(_DRAIN_SWEEPS_S)
            self._engine = fresh
            await self._begin(configured)
        except BaseException:
            self._engine = engine
            raise
        if renewed:
            await engine.close()

    async def drain(self) -> None:
        """Let what is on its way finish for a few seconds, and give back what doesn't."""
        if self._started:
            await asyncio.gather(
                self._monitor.sweeper.drain(_DRAIN_SWEEPS_S), self._deliverer.drain(_DRAIN_DELIVERIES_S)
            )
        with contextlib.suppress(StoreError, TimeoutError):
            async with asyncio.timeout(_GIVE_BACK_S):
                await self._store.write(self._give_back)
        await self._engine.close()

    def _give_back(self, repo: Repository) -> None:
        """Store that nobody works here any more: messages may be taken up, and `status` says so."""
        now = self._clock.now()
        repo.release(self._holder, now)
        repo.end_daemon(self._instance, now)
