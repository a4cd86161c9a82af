"""`rblwatch sweep`: ask everything that is registered, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from rblwatch import app
from rblwatch.cli import journal
from rblwatch.cli.options import Command, Format, format_option, preferences
from rblwatch.cli.progress import lists_bar
from rblwatch.cli.styles import SEVERITIES
from rblwatch.cli.terminal import Cell, Row, counted, print_json, print_line, print_table, remark
from rblwatch.configured import configure
from rblwatch.core.conclusion import conclude
from rblwatch.core.listing import Listing, scope_of
from rblwatch.core.standing import Change, Transition
from rblwatch.core.timespan import rfc3339
from rblwatch.core.watchlist import Watchlist

if TYPE_CHECKING:
    from rblwatch.services.monitor import Swept

_HEADER = ("CHANGE", "SERVER", "TARGET", "LIST", "SEVERITY", "CODES")


@click.command("sweep", cls=Command)
@format_option(Format.TABLE, Format.JSON)
def command(layout: Format) -> int:
    """Ask all lists about everything registered, once.

    The answers are recorded, and what was found is told before this ends. What could not be delivered stays in the
    outbox, for the daemon or the next sweep.

    Exit codes: 0 nothing listed, 1 something listed, 2 configuration error, 3 something unknown and nothing listed,
    4 internal or database error.
    """
    configured = configure(preferences().config, sends=True)
    for warning in configured.warnings:
        remark(str(warning))
    journal.begin(level=logging.WARNING)
    with lists_bar(len(configured.watchlist.blocklists)) as on_list:
        swept, watchlist, gaps = asyncio.run(app.sweep(configured, on_list))
    if layout is Format.JSON:
        print_json(_document(watchlist, gaps, swept))
    else:
        _print(watchlist, gaps, swept)
    return conclude(listed=swept.totals.listed, unknown=swept.totals.unknown + len(gaps))


def _told(swept: Swept) -> Iterator[tuple[Transition, Listing]]:
    """Changes of standing that are transitions to the world; a code that we read differently now is none."""
    return (pair for pair in swept.totals.transitions if pair[0].change is not Change.REINTERPRETED)


def _document(watchlist: Watchlist, gaps: Sequence[str], swept: Swept) -> dict[str, object]:
    return {
        "started_at": rfc3339(swept.totals.started_at),
        "finished_at": rfc3339(swept.finished_at),
        "targets": len(watchlist.servers),
        "blocklists": len(watchlist.blocklists),
        "questions": swept.totals.questions,
        "listed": swept.totals.listed,
        "unknown": swept.totals.unknown,
        "not_asked": dict(swept.totals.unasked),
        "transitions": [
            {
                "kind": transition.change.value,
                "server": listing.server,
                "target": listing.target.text,
                "blocklist": listing.blocklist,
                "codes": list(listing.codes),
                "severity": listing.severity.value,
                "scope": scope_of(listing.codes, watchlist.blocklists[listing.blocklist]).value,
            }
            for transition, listing in _told(swept)
        ],
        "deliveries": {"sent": swept.sent, "retrying": swept.retrying, "failed": swept.failed},
        "gaps": list(gaps),
    }


def _unasked(watchlist: Watchlist, swept: Swept) -> dict[str, list[str]]:
    """By operator, about how many targets each of his lists could not be asked."""
    said: dict[str, list[str]] = {}
    for name, targets in sorted(swept.totals.unasked.items()):
        operator = watchlist.blocklists[name].counted_by
        said.setdefault(operator, []).append(f"{name} about {counted(targets, 'target')}")
    return said


def _print(watchlist: Watchlist, gaps: Sequence[str], swept: Swept) -> None:
    rows: list[Row] = [
        (
            transition.change.value,
            listing.server,
            listing.target.text,
            listing.blocklist,
            Cell(listing.severity.value, SEVERITIES[listing.severity]),
            ", ".join(listing.codes),
        )
        for transition, listing in _told(swept)
    ]
    if rows:
        print_table(_HEADER, rows)
        print_line("")
    totals = swept.totals
    elapsed_s = (swept.finished_at - totals.started_at).total_seconds()
    print_line(
        f"{counted(len(watchlist.servers), 'target')} on {counted(len(watchlist.blocklists), 'list')}, "
        f"{counted(totals.questions, 'question')} "
        f"in {elapsed_s:.1f} s: {totals.listed} listed, {totals.unknown} unknown, {len(rows)} changed."
    )
    for operator, said in _unasked(watchlist, swept).items():
        print_line(f"Not asked, since {operator} allows no more questions today: {', '.join(said)}.")
    print_line(f"Messages: {swept.sent} sent, {swept.retrying} to be tried again, {swept.failed} failed.")
    for gap in gaps:
        print_line(f"{gap[:1].upper()}{gap[1:]}.")
