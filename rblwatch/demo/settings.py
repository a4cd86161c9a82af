"""The demo's configuration, as the value that a file would become.

Owns the fast schedule, so that a story of days is told in half a minute; whatever else is the default of the public
interface. Must not know the story.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

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

#: The demo's zones have TTLs of 1 s, and a cached answer is asked for again one second after it ran out: a shorter
#: interval would bring nothing sooner.
INTERVAL = timedelta(seconds=2)
GROUP_WAIT = timedelta(seconds=1)


def demo_settings(
    folder: Path,
    nameserver: str,
    *,
    servers: Sequence[Server],
    blocklists: Sequence[Blocklist],
    channels: Mapping[str, str],
) -> Settings:
    """Configure the daemon: a database in `folder`, one nameserver (`host:port`), channels by name with Apprise URLs.

    The page is off: its port may be taken by the daemon that this machine really runs.
    """
    return Settings(
        database_url=Secret(f"sqlite:///{folder / 'rblwatch.db'}"),
        servers=tuple(servers),
        lists=Lists(use=(), custom=tuple(blocklists)),
        resolver=Resolver(nameservers=(nameserver,), timeout=timedelta(seconds=2), attempts=2, queries_per_second=0),
        schedule=Schedule(interval=INTERVAL, recheck_listed=INTERVAL, timezone="UTC"),
        alerts=Alerts(
            delist_after=2,
            group_wait=GROUP_WAIT,
            blind_after=timedelta(minutes=30),
            flap=Flap(changes=4, window=timedelta(hours=24)),
            keep=timedelta(days=400),
        ),
        channels=tuple(Channel(name=name, url=Secret(url)) for name, url in channels.items()),
        routes=(Route(channels=tuple(channels)),),
        heartbeat=Heartbeat(url=None, every=timedelta(minutes=5)),
        web=Web(listen=""),
        relay_audit=RelayAudit(interval=timedelta(hours=24)),
    )
