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
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rblwatch import __version__
from rblwatch.core.selection import Catalogue
from rblwatch.core.settings import Resolver, Settings
from rblwatch.core.watchlist import Watchlist, watch

if TYPE_CHECKING:
    from rblwatch.config import Problem
    from rblwatch.ports import Lookup, Names, Notifier
    from rblwatch.resolver import Engine
    from rblwatch.services.announce import Policy
    from rblwatch.services.asked import Terms
    from rblwatch.services.deliver import Desk
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


def configure(option: str | None, environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> Configured:
    """Find, read and validate the configuration.

    Raises: ConfigError, with every problem in it.
    """
    from rblwatch.config import load, locate  # noqa: PLC0415

    environ = os.environ if environ is None else environ
    path = locate(option, environ, cwd or Path.cwd())
    catalogue = load_catalogue()
    loaded = load(path, catalogue, environ)
    return Configured(path, loaded.settings, loaded.warnings, catalogue, watch(loaded.settings, catalogue))


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
