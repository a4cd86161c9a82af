"""What an admin configured, as frozen values.

Owns the shape of the settings after they were read and validated. Must not know TOML, files or the environment.
Defaults stand in `config/`, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from rblwatch.core.blocklist import Blocklist, Severity
from rblwatch.core.override import Override
from rblwatch.core.target import Network, Target


class Secret:
    """A text that never prints: not in a log, a table, an error or a traceback. `reveal` is the only way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        raise TypeError("a secret is not pickled")


class Topic(StrEnum):
    """What a route can be about."""

    LISTED = "listed"
    CHANGED = "changed"
    DELISTED = "delisted"
    UNSTABLE = "unstable"
    BLIND = "blind"
    RELAY = "relay"
    ALLOW_LOST = "allow-lost"
    MOVED = "moved"


#: How a listing goes on, for whoever was told of it: to anybody else a change is a listing, and an end is nothing.
#: Source: design, "Laws", 5.
FOLLOW_UPS = frozenset({Topic.CHANGED, Topic.DELISTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A registered mail server."""

    name: str
    networks: tuple[Network, ...] = ()
    """Addresses and ranges; a single address is a network of one."""
    hostnames: tuple[Target, ...] = ()
    senders_of: tuple[Target, ...] = ()
    domains: tuple[Target, ...] = ()
    tags: tuple[str, ...] = ()
    use: tuple[str, ...] = ()
    """Ids of lists for this server only; empty: those of `Lists.use`."""
    skip: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """Which lists are asked, and how the admin wants them read."""

    use: tuple[str, ...] = ("recommended",)
    """Catalogue ids and the sets `recommended` and `all`; custom lists are always in."""
    skip: tuple[str, ...] = ()
    force: tuple[str, ...] = ()
    keys: Mapping[str, Secret] = field(default_factory=dict)
    override: Mapping[str, Override] = field(default_factory=dict)
    custom: tuple[Blocklist, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """How questions are asked."""

    nameservers: tuple[str, ...] = ()
    """`host:port`, IPv6 hosts in brackets; empty: the system's."""
    timeout: timedelta
    attempts: int
    queries_per_second: float
    """Cap over all lists; 0 is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How often pairs are asked about."""

    interval: timedelta
    recheck_listed: timedelta
    timezone: str


@dataclass(frozen=True, slots=True)
class Flap:
    """More changes than this within the window are one `unstable` alert."""

    changes: int
    window: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """When news is told."""

    delist_after: int
    group_wait: timedelta
    blind_after: timedelta
    flap: Flap
    keep: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where messages go: exactly one of `url` (Apprise) and `webhook` (structured) is set."""

    name: str
    url: Secret | None = None
    webhook: Secret | None = None
    secret: Secret | None = None
    """Signs the webhook's body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which news goes to which channels."""

    channels: tuple[str, ...]
    tags: frozenset[str] = frozenset()
    """Servers with any of these; empty: every server."""
    severity: Severity = Severity.MINOR
    """At least."""
    on: frozenset[Topic] = frozenset(Topic)
    remind_every: timedelta | None = None
    digest: str | None = None
    """Local time of day, `HH:MM`."""
    after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A URL asked while sweeps and deliveries are on time; None: off."""

    url: Secret | None
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """Where the page listens; an empty `listen` is off."""

    listen: str
    token: Secret | None = None
    trusted_proxies: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayAudit:
    """Which servers agreed to be audited for open relaying."""

    servers: tuple[str, ...] = ()
    outside_recipient: str | None = None
    ehlo: str | None = None
    ports: tuple[int, ...] = (25,)
    interval: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of the configuration."""

    database_url: Secret
    """An SQLAlchemy URL; a relative SQLite path is already relative to the configuration file. May hold a password."""
    servers: tuple[Server, ...]
    lists: Lists
    resolver: Resolver
    schedule: Schedule
    alerts: Alerts
    channels: tuple[Channel, ...]
    routes: tuple[Route, ...]
    heartbeat: Heartbeat
    web: Web
    relay_audit: RelayAudit
