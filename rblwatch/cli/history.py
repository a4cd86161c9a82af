"""`rblwatch history`: listings as intervals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from rblwatch import app
from rblwatch.cli.options import Command, Format, format_option, preferences
from rblwatch.cli.styles import SEVERITIES
from rblwatch.cli.terminal import Cell, Row, print_json_array, print_line, print_table
from rblwatch.core.conclusion import Exit
from rblwatch.core.listing import Listing
from rblwatch.core.target import NotATarget, parse_address, parse_name
from rblwatch.core.timespan import minute, parse_duration, rfc3339, rfc3339_or_none, roughly

_HEADER = ("SERVER", "TARGET", "LIST", "SEVERITY", "CODES", "MEANING", "LISTED", "UNTIL", "LASTED", "ENDED BY")


@click.command("history", cls=Command)
@click.argument("subject", metavar="[SERVER|TARGET]", required=False)
@click.option("--since", metavar="DURATION", help="Only what lasted within so long, e.g. 30d. Default: all.")
@format_option(Format.TABLE, Format.JSON)
def command(subject: str | None, since: str | None, layout: Format) -> int:
    """Show listings, from when to when.

    The newest first: all, or those of a server or a target.
    """
    now = datetime.now(UTC)
    after = now - _duration(since) if since is not None else None
    configured = app.configure(preferences().config)
    target = _target(subject) if subject is not None else None
    with app.reading(configured.settings) as store:
        if target is not None:
            listings = store.read_now(lambda queries: queries.history(target=target, since=after))
        else:
            listings = store.read_now(lambda queries: queries.history(server=subject, since=after))
    if layout is Format.JSON:
        print_json_array(_document(listing) for listing in listings)
    elif listings:
        print_table(_HEADER, [_row(listing, now) for listing in listings])
    else:
        of, since_when = f" of {subject}" if subject else "", f" since {minute(after)}" if after else ""
        print_line(f"No listing{of}{since_when}.")
    return Exit.DONE


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--since'") from error


def _target(subject: str) -> str | None:
    """The canonical text of an address or a name with a dot in it; None: it can only be a server's name."""
    for parse in (parse_address, parse_name):
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
