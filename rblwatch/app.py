"""The composition root: the only place where parts are put together.

Owns which implementation stands behind which port, and in which order the parts are made. Must not hold rules. Imports
of heavy parts stand inside functions, so that a command pays only for what it uses.
"""

from __future__ import annotations

import os
import random
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rblwatch import __version__
from rblwatch.configured import Configured
from rblwatch.core.errors import NothingRegistered
from rblwatch.core.retention import kept_since
from rblwatch.core.settings import Resolver, Secret, Settings
from rblwatch.core.watchlist import Watchlist, uncovered

if TYPE_CHECKING:
    from rblwatch.ports import Discoverer, Heart, Names, Nameservers, Notifier
    from rblwatch.resolver import Engine
    from rblwatch.services.asked import Terms
    from rblwatch.services.deliver import Desk
    from rblwatch.services.monitor import Swept
    from rblwatch.services.policy import Policy
    from rblwatch.services.replay import Replayed
    from rblwatch.services.report import Report
    from rblwatch.services.survey import Survey
    from rblwatch.store.database import Store
    from rblwatch.store.rows import DaemonRow


class SystemClock:
    """The machine's clock and chance."""

    def now(self) -> datetime:
        """Wall-clock time, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Seconds that no step of the wall clock moves."""
        return time.monotonic()

    def random(self) -> float:
        """A number in [0, 1)."""
        return random.random()  # noqa: S311 - spreads retries and picks probe points; nothing secret


def build_lookup(resolver: Resolver) -> Engine:
    """The engine that asks lists. It is an async context manager.

    Raises: RblwatchError, where a nameserver cannot be used.
    """
    from rblwatch.resolver import Engine  # noqa: PLC0415

    return Engine(resolver)


def build_names(resolver: Resolver) -> Names:
    """What looks up ordinary names."""
    from rblwatch.resolver import AddressLookup  # noqa: PLC0415

    return AddressLookup(resolver)


def build_nameservers(resolver: Resolver) -> Nameservers:
    """Who is asked, for a diagnosis.

    Raises: RblwatchError, where a nameserver cannot be used.
    """
    from rblwatch.resolver import KnownNameservers  # noqa: PLC0415

    return KnownNameservers(resolver)


def build_discoverer(resolver: Resolver) -> Discoverer:
    """What looks up the names of servers."""
    from rblwatch.discovery import NameDiscoverer  # noqa: PLC0415
    from rblwatch.naming import registrable  # noqa: PLC0415
    from rblwatch.resolver import RecordLookup  # noqa: PLC0415

    return NameDiscoverer(RecordLookup(resolver), registrable)


def build_notifier(settings: Settings) -> Notifier:
    """What sends messages to the configured channels."""
    from rblwatch.notify import AppriseNotifier  # noqa: PLC0415

    return AppriseNotifier(settings.channels)


def build_heart(url: Secret) -> Heart:
    """What asks the heartbeat's URL."""
    from rblwatch.notify import UrlHeart  # noqa: PLC0415

    return UrlHeart(url)


def daemon_row(now: datetime) -> DaemonRow:
    """Who this process is, as the daemon of a database."""
    from rblwatch.store.rows import DaemonRow  # noqa: PLC0415

    return DaemonRow(
        instance=uuid.uuid4().hex,
        host=socket.gethostname(),
        pid=os.getpid(),
        version=__version__,
        started_at=now,
        beat_at=now,
    )


@dataclass(frozen=True, slots=True)
class Assembly:
    """What the parts that work under one configuration are made with."""

    policy: Policy
    terms: Terms
    desk: Desk
    survey: Survey

    @property
    def watchlist(self) -> Watchlist:
        """What is watched, with what was found by name."""
        return self.terms.roster.watchlist


async def assemble(store: Store, configured: Configured, now: datetime) -> Assembly:
    """Bring the database in line with a configuration, and say what work under it is to keep to.

    Raises: StoreError; NothingRegistered, where that would end every listing.
    """
    from rblwatch.services.asked import Terms  # noqa: PLC0415
    from rblwatch.services.deliver import Desk  # noqa: PLC0415
    from rblwatch.services.policy import policy_of  # noqa: PLC0415
    from rblwatch.services.survey import begin  # noqa: PLC0415

    settings = configured.settings
    policy = policy_of(settings)

    try:
        roster, surveyed = await store.write(lambda repo: begin(repo, settings, configured.watchlist, policy, now))
    except NothingRegistered as error:
        raise NothingRegistered(f"{configured.path}: {error}") from error
    terms = Terms(
        roster=roster,
        policy=policy,
        delist_after=settings.alerts.delist_after,
        blind_after=settings.alerts.blind_after,
        interval=settings.schedule.interval,
    )
    desk = Desk(roster.watchlist, policy)
    return Assembly(policy, terms, desk, surveyed)


async def sweep(configured: Configured, on_list: Callable[[str], None]) -> tuple[Swept, Watchlist, tuple[str, ...]]:
    """Look up names, sweep everything once, tell what was found, and return; see `services.monitor.sweep_once`.

    Also what was watched, and in words what is registered and was not.

    Raises: StoreError; NothingRegistered, where that would end every listing.
    """
    from rblwatch.services.deliver import Deliverer  # noqa: PLC0415
    from rblwatch.services.monitor import Monitor, sweep_once  # noqa: PLC0415
    from rblwatch.services.named import name_gaps, name_statuses  # noqa: PLC0415
    from rblwatch.services.prune import prune  # noqa: PLC0415
    from rblwatch.services.survey import look_up  # noqa: PLC0415
    from rblwatch.store.errors import StoreError  # noqa: PLC0415

    clock = SystemClock()
    with writing(configured.settings) as store:
        async with build_lookup(configured.settings.resolver) as engine:
            assembly = await assemble(store, configured, clock.now())
            if assembly.survey.due_at is not None:
                discoverer = build_discoverer(configured.settings.resolver)
                await look_up(store, discoverer, clock, configured.settings, assembly.terms)
                assembly = await assemble(store, configured, clock.now())
            monitor = Monitor(store, engine, clock, assembly.terms, configured.settings.schedule)
            holder = f"sweep:{uuid.uuid4().hex}"
            deliverer = Deliverer(store, build_notifier(configured.settings), clock, assembly.desk, holder=holder)
            try:
                swept = await sweep_once(store, monitor, deliverer, clock, on_list)
                with suppress(StoreError):
                    # Where no daemon does it; what is old may wait for the next sweep.
                    await prune(store, kept_since(configured.settings.alerts, clock.now()))
                names = name_statuses(await store.read(lambda queries: queries.known()), configured.settings)
                return swept, assembly.watchlist, (*uncovered(assembly.watchlist), *name_gaps(names))
            finally:
                # Interrupted, it gives back what it was sending, so that nobody has to wait for its leases to run out.
                with suppress(StoreError):
                    await store.write(lambda repo: repo.release(holder, clock.now()))


def read_status(configured: Configured) -> Report:
    """The status of what is configured, from the database as it is; nothing is created or asked.

    Raises: StoreError.
    """
    from rblwatch.services.room import room_warning  # noqa: PLC0415
    from rblwatch.services.status import report  # noqa: PLC0415

    now = datetime.now(UTC)
    with reading(configured.settings) as store:
        warning = room_warning(store.where, store.room())
        found = store.read_now(lambda queries: report(queries, configured.settings, configured.watchlist, now))
        return replace(found, warnings=(*found.warnings, warning)) if warning else found


def read_watched(store: Store, configured: Configured) -> Watchlist:
    """What is watched, with what the names of servers stand for as far as the database knows it.

    Raises: StoreError.
    """
    from rblwatch.core.watchlist import joined  # noqa: PLC0415
    from rblwatch.services.survey import survey  # noqa: PLC0415

    now = datetime.now(UTC)
    surveyed = store.read_now(lambda queries: survey(queries, configured.settings, now))
    return joined(configured.watchlist, surveyed.found)


def replayed(configured: Configured, since_at: datetime, until_at: datetime) -> Replayed:
    """What a configuration would have told between two moments, against what was told; nothing is changed.

    Raises: StoreError.
    """
    from rblwatch.services.policy import policy_of  # noqa: PLC0415
    from rblwatch.services.replay import replay  # noqa: PLC0415

    with reading(configured.settings) as store:
        watchlist = read_watched(store, configured)
        history = store.read_now(lambda queries: queries.past())
    return replay(history, watchlist, policy_of(configured.settings), since_at=since_at, until_at=until_at)


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    from rblwatch.store.database import Store  # noqa: PLC0415

    store = Store(settings.database_url)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def reading(settings: Settings) -> Iterator[Store]:
    """The database, to be read only.

    Raises: StoreError, also where there is none yet, or one that must be migrated first.
    """
    with _store(settings) as store:
        store.open_to_read()
        yield store


@contextmanager
def writing(settings: Settings) -> Iterator[Store]:
    """The database, to be changed by one command; created and migrated as needed.

    Raises: StoreError, also where it must be migrated and a daemon works on it.
    """
    with _store(settings) as store:
        store.open()
        yield store


@contextmanager
def changing(settings: Settings) -> Iterator[Store]:
    """The database, to be changed by a command that is about what stands in it; migrated as needed, never created.

    Raises: StoreError, also where there is none yet.
    """
    with reading(settings):
        pass
    with writing(settings) as store:
        yield store


@contextmanager
def holding(settings: Settings, row: DaemonRow) -> Iterator[Store]:
    """The database, held by its one daemon; created and migrated as needed.

    Raises: Held, where another daemon works on it; StoreError.
    """
    with _store(settings) as store:
        store.open_as_daemon(row)
        yield store
