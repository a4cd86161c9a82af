"""All of the configuration: its sections, their keys and defaults.

Owns the schema that `config.example.toml` shows whole. Must not touch files: what is read here is a parsed document.
Problems are gathered by the tables; settings with a problem in them are never used.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from rblwatch.config import database, values
from rblwatch.config.blocklists import read_lists
from rblwatch.config.listnames import ListNames, warn_of_server_lists
from rblwatch.config.overrides import warn_of_overrides
from rblwatch.config.secret import Secrets
from rblwatch.config.servers import read_servers
from rblwatch.config.table import MASK, Table
from rblwatch.config.telling import read_heartbeat, read_telling
from rblwatch.core.selection import Catalogue
from rblwatch.core.settings import Alerts, Flap, RelayAudit, Resolver, Schedule, Secret, Settings, Web


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a document is read against."""

    directory: Path
    """Absolute; relative paths in the document start here."""
    catalogue: Catalogue
    secrets: Secrets


def read_settings(root: Table, around: Surroundings) -> Settings:
    """Read a whole document; whether the settings may be used is for the problems to say."""
    database_url = _read_database(root.table("database"), around)
    rows = root.tables("servers")
    section = root.table("blocklists")
    lists = read_lists(section, around.catalogue, around.secrets.read)
    names = ListNames(around.catalogue, tuple(custom.id for custom in lists.custom))
    servers = read_servers(root, rows, names)
    warn_of_server_lists(rows, servers, lists, names)
    warn_of_overrides(section.inner("override"), lists, servers, names)
    resolver = read_resolver_table(root.table("resolver"))
    schedule = _read_schedule(root.table("schedule"))
    alerts = _read_alerts(root.table("alerts"))
    channels, routes = read_telling(root, servers, around.secrets.read)
    settings = Settings(
        database_url=database_url,
        servers=servers,
        lists=lists,
        resolver=resolver,
        schedule=schedule,
        alerts=alerts,
        channels=channels,
        routes=routes,
        heartbeat=read_heartbeat(root.table("heartbeat"), around.secrets.read),
        web=_read_web(root.table("web"), around.secrets),
        relay_audit=_read_relay_audit(root.table("relay_audit"), [server.name for server in servers if server.name]),
    )
    root.finish()
    return settings


def _read_database(table: Table, around: Surroundings) -> Secret:
    url = table.take("url", database.database_url(around.secrets.read, around.directory), database.DEFAULT)
    # Shown where it is written down; what comes from elsewhere stays there.
    inline = isinstance(table.raw("url"), str) or not table.given("url")
    table.shown["url"] = database.shown(url.reveal()) if inline else MASK
    return url


def read_resolver_table(table: Table) -> Resolver:
    return Resolver(
        nameservers=table.each("nameservers", values.nameserver),
        timeout=table.take("timeout", values.duration("0.1s", "60s", fractions=True), "2s"),
        attempts=table.take("attempts", values.whole_number(1, 10), 2),
        queries_per_second=table.take("queries_per_second", values.rate, 0),
    )


def _read_schedule(table: Table) -> Schedule:
    return Schedule(
        interval=table.take("interval", values.duration("1s"), "15m"),
        recheck_listed=table.take("recheck_listed", values.duration("1s"), "5m"),
        timezone=table.take("timezone", values.timezone, "UTC"),
    )


def _read_alerts(table: Table) -> Alerts:
    delist_after = table.take("delist_after", values.whole_number(1, 100), 2)
    group_wait = table.take("group_wait", values.duration("0s", "1d"), "30s")
    blind_after = table.take("blind_after", values.duration("0s"), "30m")
    flap = table.table("flap")
    return Alerts(
        delist_after=delist_after,
        group_wait=group_wait,
        blind_after=blind_after,
        flap=Flap(
            changes=flap.take("changes", values.whole_number(1, 1000), 4),
            window=flap.take("window", values.duration("1s"), "24h"),
        ),
        keep=table.take("keep", values.duration("1d"), "400d"),
    )


def _read_web(table: Table, secrets: Secrets) -> Web:
    listen = table.take("listen", values.listen, "127.0.0.1:8380")
    token = table.secret("token", secrets.read)
    if listen and not values.is_loopback(listen) and not table.given("token"):
        table.refuse(
            "token", f"is missing, and '{listen}' can be reached from elsewhere; set one, or listen on 127.0.0.1"
        )
    return Web(
        listen=listen,
        token=token,
        trusted_proxies=table.each("trusted_proxies", values.any_network),
    )


def _read_relay_audit(table: Table, server_names: Collection[str]) -> RelayAudit:
    ehlo = table.find("ehlo", values.domain)
    return RelayAudit(
        servers=table.each("servers", values.known_name(server_names, "server")),
        outside_recipient=table.find("outside_recipient", values.mailbox),
        ehlo=None if ehlo is None else ehlo.text,
        ports=table.each("ports", values.whole_number(1, 65_535), default=[25]),
        interval=table.take("interval", values.duration("1m"), "24h"),
    )
