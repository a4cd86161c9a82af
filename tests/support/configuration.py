"""A configuration as a value, with the interface's defaults, for tests that need one and care about little of it.

Owns the one place outside of `config` where a test finds all of the settings. Must not read files.
"""

from collections.abc import Iterable
from datetime import timedelta

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.settings import (
    Alerts,
    Channel,
    Flap,
    Heartbeat,
    Lists,
    RelayAudit,
    Resolver,
    Route,
    Schedule,
    Secret,
    Server,
    Settings,
    Web,
)


def settings_of(
    servers: Iterable[Server],
    lists: Iterable[Blocklist],
    *,
    channels: Iterable[str] = ("chat", "mail"),
    routes: Iterable[Route] | None = None,
) -> Settings:
    """A configuration with the interface's defaults; without routes, every channel gets everything."""
    names = tuple(channels)
    return Settings(
        database_url=Secret("sqlite://"),
        servers=tuple(servers),
        lists=Lists(use=(), custom=tuple(lists)),
        resolver=Resolver(timeout=timedelta(seconds=2), attempts=2, queries_per_second=0),
        schedule=Schedule(interval=timedelta(minutes=15), recheck_listed=timedelta(minutes=5), timezone="UTC"),
        alerts=Alerts(
            delist_after=2,
            group_wait=timedelta(seconds=30),
            blind_after=timedelta(minutes=30),
            flap=Flap(4, timedelta(hours=24)),
            keep=timedelta(days=400),
        ),
        channels=tuple(Channel(name=name, url=Secret(f"json://127.0.0.1/{name}")) for name in names),
        routes=tuple(routes) if routes is not None else (Route(channels=names),),
        heartbeat=Heartbeat(url=None, every=timedelta(minutes=5)),
        web=Web(listen=""),
        relay_audit=RelayAudit(interval=timedelta(hours=24)),
    )
