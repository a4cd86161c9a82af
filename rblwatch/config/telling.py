"""The sections about telling people: `[[channels]]`, `[[routes]]` and `[heartbeat]`.

Owns the reading of channels and routes and how they belong together. Must not know what a message looks like, nor
put the address of a channel into a message: it is a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from urllib.parse import urlsplit

from rblwatch.config import values
from rblwatch.config.problems import BadValue
from rblwatch.config.servers import refuse_doubles
from rblwatch.config.table import Table
from rblwatch.config.wording import nearest
from rblwatch.core.blocklist import Severity
from rblwatch.core.settings import FOLLOW_UPS, Channel, Heartbeat, Route, Secret, Server, Topic

ReadSecret = Callable[[object], Secret]

_APPRISE_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.+")


def read_telling(
    root: Table, servers: Sequence[Server], read_secret: ReadSecret
) -> tuple[tuple[Channel, ...], tuple[Route, ...]]:
    """Read channels and routes, and warn of what would never be told."""
    channel_rows, route_rows = root.tables("channels"), root.tables("routes")
    channels = tuple(_read_channel(row, read_secret) for row in channel_rows)
    refuse_doubles(channel_rows, "channels")
    names = [channel.name for channel in channels if channel.name]
    routes = tuple(_read_route(row, names) for row in route_rows)
    if not channel_rows:
        root.warn("channels", "there is no channel, so nobody will be told; add one with [[channels]]")
    _warn_of_unrouted(channel_rows, channels, routes)
    tags = tuple(dict.fromkeys(tag for server in servers for tag in server.tags))
    for row, route in zip(route_rows, routes, strict=True):
        _warn_of_tags(row, tags)
        _warn_of_untold(row, route, routes)
        _warn_of_digests(row, route, routes)
    return channels, routes


def read_heartbeat(table: Table, read_secret: ReadSecret) -> Heartbeat:
    """Read the heartbeat; an empty URL is off."""
    web_url = _web_url(read_secret)
    heartbeat = Heartbeat(
        url=table.secret("url", lambda value: None if value == "" else web_url(value), default=""),
        every=table.take("every", values.duration("1s"), "5m"),
    )
    _warn_of_clear_text(table, "url", heartbeat.url, "whoever sees it on its way can ask it in our place")
    return heartbeat


def _read_channel(row: Table, read_secret: ReadSecret) -> Channel:
    channel = Channel(
        name=row.need("name", values.name, ""),
        url=row.secret("url", _apprise_url(read_secret)),
        webhook=row.secret("webhook", _web_url(read_secret)),
        secret=row.secret("secret", read_secret),
    )
    match row.given("url"), row.given("webhook"):
        case False, False:
            row.refuse(None, "has no address; give url (an Apprise URL) or webhook (an https:// URL)")
        case True, True:
            row.refuse("webhook", "cannot stand beside url; make two channels of them")
        case True, False if row.given("secret"):
            row.refuse("secret", "signs the body of a webhook, and this channel has a url; leave it out")
        case False, True if not row.given("secret"):
            row.warn(
                "webhook",
                "is sent without a signature, so whoever gets it cannot see that it is ours and unchanged; "
                'add secret = { file = "…" }, and verify it there (docs/alerts.md)',
            )
    _warn_of_clear_text(row, "webhook", channel.webhook, "everybody on its way can read the messages")
    return channel


def _read_route(row: Table, channel_names: Collection[str]) -> Route:
    return Route(
        channels=_read_some(row, "channels", values.known_name(channel_names, "channel"), "at least one channel"),
        tags=frozenset(row.each("tags", values.name)),
        severity=row.take("severity", values.one_of(Severity, "a severity"), Severity.MINOR.value),
        on=frozenset(_read_topics(row)),
        remind_every=row.find("remind_every", values.duration("1s")),
        digest=row.find("digest", values.time_of_day),
        after=row.find("after", values.duration("1s")),
    )


def _read_topics(row: Table) -> tuple[Topic, ...]:
    topics = row.each("on", values.one_of(Topic, "a topic"), default=[topic.value for topic in Topic])
    if row.raw("on") == []:
        row.refuse("on", "is empty, so nothing would be told; leave it out for everything")
    return topics


def _read_some(row: Table, key: str, read: Callable[[object], str], wanted: str) -> tuple[str, ...]:
    found = row.each(key, read)
    if not row.given(key):
        row.refuse(key, f"is missing; name {wanted}")
    elif row.raw(key) == []:
        row.refuse(key, f"is empty; name {wanted}")
    return tuple(dict.fromkeys(found))


def _warn_of_unrouted(rows: Sequence[Table], channels: Sequence[Channel], routes: Sequence[Route]) -> None:
    routed = {name for route in routes for name in route.channels}
    for row, channel in zip(rows, channels, strict=True):
        if channel.name not in routed:
            row.warn("name", f"no route names the channel '{channel.name}', so nothing is sent to it; add [[routes]]")


def _warn_of_tags(row: Table, tags: Collection[str]) -> None:
    written = row.raw("tags")
    for position, tag in enumerate(written if isinstance(written, list) else []):
        if isinstance(tag, str) and tag not in tags:
            row.warn("tags", f"no server has the tag '{tag}'{nearest(tag, tags)}", position)


def _warn_of_untold(row: Table, route: Route, routes: Sequence[Route]) -> None:
    """How a listing goes on is told to whoever was told of it, so a route for that alone needs another beside it."""
    told = {name for other in routes if Topic.LISTED in other.on for name in other.channels}
    deaf = [f"'{name}'" for name in dict.fromkeys(route.channels) if name not in told]
    idle = [f"'{topic}'" for topic in Topic if topic in FOLLOW_UPS & route.on]
    if deaf and idle:
        verb = "is" if len(idle) == 1 else "are"
        row.warn(
            "on",
            f"{' and '.join(idle)} {verb} told only to a channel that was told '{Topic.LISTED}', and no route tells "
            f"{' and '.join(deaf)} that, so nothing will come of it; add '{Topic.LISTED}'",
        )


def _warn_of_digests(row: Table, route: Route, routes: Sequence[Route]) -> None:
    """A channel has one digest on a date, so of two times only the first that comes counts."""
    earlier = routes[: routes.index(route)]
    for name in route.channels if route.digest is not None else ():
        times = [other.digest for other in earlier if name in other.channels and other.digest is not None]
        if times and times[0] != route.digest:
            row.warn(
                "digest",
                f"another route gives the channel '{name}' its digest at {times[0]}, and it gets one a day: the first "
                "of the two times with anything to tell counts; write the same time in both",
            )


def _warn_of_clear_text(table: Table, key: str, url: Secret | None, harm: str) -> None:
    """Where it stays on this machine, nobody else sees it."""
    parts = urlsplit(url.reveal()) if url is not None else None
    if parts is not None and parts.scheme == "http" and not values.is_loopback_host(parts.hostname or ""):
        table.warn(key, f"is asked without encryption (http://), so {harm}; write https://")


def _apprise_url(read_secret: ReadSecret) -> ReadSecret:
    def read(value: object) -> Secret:
        secret = read_secret(value)
        if not _APPRISE_URL.fullmatch(secret.reveal()):
            raise BadValue("is not an Apprise URL; write e.g. 'mailtos://user:password@example.org'")
        return secret

    return read


def _web_url(read_secret: ReadSecret) -> ReadSecret:
    def read(value: object) -> Secret:
        secret = read_secret(value)
        if not _is_web_url(secret.reveal()):
            raise BadValue("is not a web address; write e.g. 'https://hooks.example.org/rblwatch'")
        return secret

    return read


def _is_web_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
