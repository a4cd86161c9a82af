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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rblwatch import __version__
from rblwatch.core.errors import RblwatchError
from rblwatch.core.request import UnknownList
from rblwatch.core.selection import Catalogue
from rblwatch.core.settings import Resolver, Settings
from rblwatch.core.target import NotATarget
from rblwatch.core.watchlist import Watchlist, watch

if TYPE_CHECKING:
    from rblwatch.config import Loaded, Problem
    from rblwatch.ports import Lookup, Names, Notifier
    from rblwatch.resolver import Engine
    from rblwatch.services.announce import Policy
    from rblwatch.services.asked import Terms
    from rblwatch.services.deliver import Desk
    from rblwatch.services.monitor import Swept
    from rblwatch.services.status import Report
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


@dataclass(frozen=True, slots=True)
class Configured:
    """A configuration that was read, and what it makes us watch."""

    path: Path
    settings: Settings
    warnings: tuple[Problem, ...]
    catalogue: Catalogue
    watchlist: Watchlist


def load_catalogue() -> Catalogue:
    """The lists that come with the program."""
    from rblwatch.catalog import load_catalogue as load  # noqa: PLC0415

    return load()


def configure(option: str | None, *, sends: bool = False) -> Configured:
    """Find, read and validate the configuration, for a command that `sends` messages its channels' URLs as well.

    Raises: ConfigError, with every problem in it.
    """
    catalogue = load_catalogue()
    loaded = read_configuration(option, catalogue)
    if sends:
        require_channels(loaded)
    watchlist = watch(loaded.settings, catalogue)
    return Configured(Path(loaded.file), loaded.settings, loaded.warnings, catalogue, watchlist)


def read_configuration(option: str | None, catalogue: Catalogue | None = None) -> Loaded:
    """Find, read and validate the configuration, with all that can be shown of it.

    Raises: ConfigError, with every problem in it.
    """
    from rblwatch.config import load, locate  # noqa: PLC0415

    return load(locate(option, os.environ, Path.cwd()), catalogue or load_catalogue(), os.environ)


def without_effect(loaded: Loaded) -> tuple[Problem, ...]:
    """What the admin wrote down and nothing reads yet."""
    from rblwatch import config  # noqa: PLC0415

    return config.without_effect(loaded)


def written(loaded: Loaded) -> str:
    """The configuration as it takes effect, in TOML, with secrets as `***`."""
    from rblwatch import config  # noqa: PLC0415

    return config.show(loaded)


def require_channels(loaded: Loaded) -> None:
    """See that every channel's URL is one that messages can be sent to; nothing is sent.

    Raises: ConfigError, with the problem of every channel.
    """
    from rblwatch.config import ConfigError, Problem  # noqa: PLC0415
    from rblwatch.notify import validate  # noqa: PLC0415

    said = {position: validate(channel) for position, channel in enumerate(loaded.settings.channels)}
    problems = [
        Problem(loaded.file, loaded.lines.get(("channels", position, "url")), f"channels[{position}].url", problem)
        for position, problem in said.items()
        if problem is not None
    ]
    if problems:
        raise ConfigError(problems)


def configure_if_any(option: str | None) -> Configured | None:
    """`configure`, or None where no file is named and none is at the usual places.

    Raises: ConfigError.
    """
    from rblwatch.config import ConfigError, locate  # noqa: PLC0415

    try:
        locate(option, os.environ, Path.cwd())
    except ConfigError:
        return None
    return configure(option)


def is_mistake(error: RblwatchError) -> bool:
    """Whether an error is the admin's to correct, in the configuration or on the command line."""
    from rblwatch.config import ConfigError  # noqa: PLC0415
    from rblwatch.resolver import NoNameserver, NotANameserver  # noqa: PLC0415

    return isinstance(error, (ConfigError, NotATarget, UnknownList, NoNameserver, NotANameserver))


def read_resolver(asking: Mapping[str, object], base: Resolver | None = None) -> Resolver:
    """The resolver's settings from some of their keys, over the others of `base`, or over the defaults.

    Raises: ConfigError.
    """
    from rblwatch.config.section import read_resolver as read  # noqa: PLC0415

    resolver = read(asking)
    return resolver if base is None else replace(base, **{key: getattr(resolver, key) for key in asking})


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


def build_notifier(settings: Settings) -> Notifier:
    """What sends messages to the configured channels."""
    from rblwatch.notify import AppriseNotifier  # noqa: PLC0415

    return AppriseNotifier(settings.channels)


def open_store(settings: Settings) -> Store:
    """The database, created and migrated as needed.

    Raises: StoreError.
    """
    from rblwatch.store.database import Store  # noqa: PLC0415

    store = Store(settings.database_url)
    store.open()
    return store


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
    """The parts that do the work under one configuration, over one store and one engine."""

    configured: Configured
    policy: Policy
    terms: Terms
    desk: Desk
    lookup: Lookup


async def assemble(store: Store, lookup: Lookup, configured: Configured, now: datetime) -> Assembly:
    """Bring the database in line with a configuration, and make what works under it.

    Raises: StoreError.
    """
    from rblwatch.services.announce import policy_of  # noqa: PLC0415
    from rblwatch.services.asked import Terms  # noqa: PLC0415
    from rblwatch.services.deliver import Desk  # noqa: PLC0415
    from rblwatch.services.reconcile import reconcile  # noqa: PLC0415

    settings = configured.settings
    policy = policy_of(settings)
    roster = await store.write(lambda repo: reconcile(repo, configured.watchlist, policy, now))
    terms = Terms(
        roster=roster,
        policy=policy,
        delist_after=settings.alerts.delist_after,
        blind_after=settings.alerts.blind_after,
    )
    desk = Desk(configured.watchlist, frozenset(policy.recipients))
    return Assembly(configured, policy, terms, desk, lookup)


async def sweep(configured: Configured, on_list: Callable[[str], None]) -> Swept:
    """Sweep everything once, tell what was found, and return; see `services.monitor.sweep_once`.

    Raises: StoreError.
    """
    from rblwatch.services.deliver import Deliverer  # noqa: PLC0415
    from rblwatch.services.monitor import Monitor, sweep_once  # noqa: PLC0415
    from rblwatch.store.errors import StoreError  # noqa: PLC0415

    clock = SystemClock()
    store = open_store(configured.settings)
    try:
        async with build_lookup(configured.settings.resolver) as engine:
            work = await assemble(store, engine, configured, clock.now())
            monitor = Monitor(store, engine, clock, work.terms, configured.settings.schedule)
            holder = f"sweep:{uuid.uuid4().hex}"
            deliverer = Deliverer(store, build_notifier(configured.settings), clock, work.desk, holder=holder)
            try:
                return await sweep_once(store, monitor, deliverer, clock, on_list)
            finally:
                # Interrupted, it gives back what it was sending, so that nobody has to wait for its leases to run out.
                with suppress(StoreError):
                    await store.write(lambda repo: repo.release(holder, clock.now()))
    finally:
        store.close()


def read_status(configured: Configured) -> Report:
    """The status of what is configured, from the database as it is; nothing is created or asked.

    Raises: StoreError.
    """
    from rblwatch.services.status import report  # noqa: PLC0415

    now = datetime.now(UTC)
    with reading(configured.settings) as store:
        return store.read_now(lambda queries: report(queries, configured.settings, configured.watchlist, now))


@contextmanager
def reading(settings: Settings) -> Iterator[Store]:
    """The database, to be read only.

    Raises: StoreError, also where there is none yet.
    """
    from rblwatch.store.database import Store  # noqa: PLC0415

    store = Store(settings.database_url)
    try:
        store.open_to_read()
        yield store
    finally:
        store.close()


@contextmanager
def writing(settings: Settings) -> Iterator[Store]:
    """The database, to be changed by one command.

    Raises: StoreError.
    """
    store = open_store(settings)
    try:
        yield store
    finally:
        store.close()
