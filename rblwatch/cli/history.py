"""`rblwatch history`: listings as intervals."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from difflib import get_close_matches

import click

from rblwatch import app
from rblwatch.cli.options import Command, Format, duration_of, format_option, preferences
from rblwatch.cli.styles import SEVERITIES
from rblwatch.cli.terminal import Cell, Row, print_json_array, print_line, print_table
from rblwatch.configured import configure
from rblwatch.core.conclusion import Exit
from rblwatch.core.listing import Listing
from rblwatch.core.target import NotATarget, parse_address
from rblwatch.core.timespan import minute, rfc3339, rfc3339_or_none, roughly
from rblwatch.core.watchlist import Watchlist
from rblwatch.naming import parse_domain

_HEADER = ("SERVER", "TARGET", "LIST", "SEVERITY", "CODES", "MEANING", "LISTED", "UNTIL", "LASTED", "ENDED BY")


@click.command("history", cls=Command)
@click.argument("subject", metavar="[SERVER|TARGET]", required=False)
@click.option("--since", metavar="DURATION", help="Only what lasted within so long, e.g. 30d. Default: all.")
@format_option(Format.TABLE, Format.JSON)
def command(subject: str | None, since: str | None, layout: Format) -> int:
    """Show listings, from when to when.

    The newest first: all, or those of a server or a target. Those of a server are what was listed under its name, and
    all about the targets that it has now: a renamed server keeps its history.
    """
    now = datetime.now(UTC)
    after = now - duration_of(since, "--since") if since is not None else None
    configured = configure(preferences().config)
    with app.reading(configured.settings) as store:
        every = store.read_now(lambda queries: queries.history())
        watchlist = app.read_watched(store, configured)
    if subject is not None:
        _require_known(subject, watchlist, every)
    about = every if subject is None else [listing for listing in every if _concerns(listing, subject, watchlist)]
    listings = [one for one in about if after is None or one.ended_at is None or one.ended_at >= after]
    if layout is Format.JSON:
        print_json_array(_document(listing) for listing in listings)
    elif listings:
        print_table(_HEADER, [_row(listing, now) for listing in listings])
    else:
        of, since_when = f" of {subject}" if subject else "", f" since {minute(after)}" if after else ""
        print_line(f"No listing{of}{since_when}.")
    return Exit.DONE


def _concerns(listing: Listing, subject: str, watchlist: Watchlist) -> bool:
    """Whether a listing is of the server or target of this name, then or now; a server may be named like a host."""
    servers = (*listing.servers, *watchlist.servers.get(listing.target, ()))
    return subject in servers or listing.target.text == _target(subject)


def _require_known(subject: str, watchlist: Watchlist, listings: Iterable[Listing]) -> None:
    """A name that nobody knows is a slip, and "no listing" would be a false comfort.

    Raises: click.BadParameter.
    """
    known = {*watchlist.tags, *(target.text for target in watchlist.servers)}
    for listing in listings:
        known |= {*listing.servers, listing.target.text}
    if subject in known or _target(subject) in known:
        return
    near = get_close_matches(subject, sorted(known), n=3)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "; `rblwatch config show` has what is"
    raise click.BadParameter(
        f"'{subject}' is neither registered nor in the history{hint}", param_hint="'[SERVER|TARGET]'"
    )


def _target(subject: str) -> str | None:
    """The canonical text of an address or a name with a dot in it; None: it can only be a server's name."""
    for parse in (parse_address, parse_domain):
        try:
            return parse(subject).text
        except NotATarget:
            continue
    return None


def _row(listing: Listing, now: datetime) -> Row:
    until = listing.ended_at or now
    return (
        listing.server,
        listing.target.text,
        listing.blocklist,
        Cell(listing.severity.value, SEVERITIES[listing.severity]),
        ", ".join(listing.codes),
        ": ".join(filter(None, [", ".join(listing.labels), listing.text])),
        minute(listing.listed_at),
        minute(listing.ended_at) if listing.ended_at else "now",
        roughly(until - listing.listed_at),
        listing.ended_by.value if listing.ended_by else "",
    )


def _document(listing: Listing) -> dict[str, object]:
    return {
        "server": listing.server,
        "servers": list(listing.servers),
        "target": listing.target.text,
        "blocklist": listing.blocklist,
        "zone": listing.zone,
        "codes": list(listing.codes),
        "labels": list(listing.labels),
        "severity": listing.severity.value,
        "text": listing.text,
        "listed_at": rfc3339(listing.listed_at),
        "delisted_at": rfc3339_or_none(listing.ended_at),
        "ended_by": listing.ended_by.value if listing.ended_by else None,
    }
