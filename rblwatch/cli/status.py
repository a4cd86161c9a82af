"""`rblwatch status`: what is listed, what waits for confirmation, and where we are blind."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import timedelta, tzinfo
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from rblwatch import app
from rblwatch.cli.alerts import LOOKED_AFTER_HEADER, looked_after_rows
from rblwatch.cli.options import Command, Format, format_option, preferences
from rblwatch.cli.plugin import print_plugin_line
from rblwatch.cli.silence import SILENCE_HEADER, silence_rows
from rblwatch.cli.styles import SEVERITIES, STATES, VERDICTS
from rblwatch.cli.terminal import Cell, Row, counted, print_json, print_line, print_table
from rblwatch.configured import configure
from rblwatch.core.blocklist import Scope
from rblwatch.core.conclusion import Alarm
from rblwatch.core.errors import RblwatchError
from rblwatch.core.finding import remarks_on
from rblwatch.core.question import Reason
from rblwatch.core.timespan import minute, roughly
from rblwatch.services.status_document import status_document

if TYPE_CHECKING:
    from datetime import datetime

    from rblwatch.services.report import (
        BudgetStatus,
        ListStatus,
        NameStatus,
        PairStatus,
        Report,
        ServerStatus,
        TargetStatus,
    )

_LISTED = ("SERVER", "TARGET", "LIST", "SEVERITY", "CODES", "MEANING", "SINCE", "REMOVAL")
_ACCEPTED = ("SERVER", "TARGET", "LIST", "CODES", "MEANING", "SINCE")
_ALLOWED = ("SERVER", "TARGET", "LIST", "CODES", "MEANING", "SINCE")
_PENDING = ("SERVER", "TARGET", "LIST", "PENDING", "CODES", "SEEN", "CONFIRMED NOT BEFORE")
_NAMES = ("SERVER", "NAME", "STATE", "SINCE", "WHAT WAS FOUND")
_BLIND = ("LIST", "STATE", "REASON", "SINCE", "LAST ASKED", "LAST GOOD SWEEP", "WHAT ITS SELF-TEST SHOWED")
_WIDER = {Scope.RANGE: "its range", Scope.AS: "its whole network (AS)", Scope.COUNTRY: "its whole country"}
_WATCH_EVERY_S = 2.0


@click.command("status", cls=Command)
@click.option("--watch", is_flag=True, help="Show it again every 2 seconds, until Ctrl-C.")
@format_option(Format.TABLE, Format.JSON, Format.NAGIOS)
def command(layout: Format, *, watch: bool) -> int:
    """Show what is listed, pending or unknown.

    From the database, without asking anybody.

    Exit codes: 0 nothing listed, 1 something listed, 2 configuration error, 3 something unknown and nothing listed,
    4 internal or database error.
    """
    if watch and layout is not Format.TABLE:
        raise click.UsageError("--watch shows a table; leave out --watch or --format")
    if layout is Format.NAGIOS:
        return _plugin()
    configured = configure(preferences().config)
    while watch:
        report = app.read_status(configured)
        if sys.stdout.isatty():
            sys.stdout.write("\x1b[H\x1b[2J")
        _print(report, ZoneInfo(configured.settings.schedule.timezone))
        sys.stdout.flush()
        time.sleep(_WATCH_EVERY_S)
    report = app.read_status(configured)
    if layout is Format.JSON:
        print_json(status_document(report))
    else:
        _print(report, ZoneInfo(configured.settings.schedule.timezone))
    return report.conclusion


def _plugin() -> Alarm:
    """A monitoring system reads standard output only, and takes exit code 2 for a listing: errors are UNKNOWN, too."""
    try:
        report = app.read_status(configure(preferences().config))
    except RblwatchError as error:
        print_plugin_line(Alarm.UNKNOWN, str(error), {})
        return Alarm.UNKNOWN
    return _print_line(report)


def _print(report: Report, zone: tzinfo) -> None:
    for title, header, rows in (
        ("Listed", _LISTED, list(_listed_rows(report))),
        ("Accepted", _ACCEPTED, list(_accepted_rows(report))),
        ("On allow lists", _ALLOWED, list(_allowed_rows(report))),
        ("Waiting for confirmation", _PENDING, list(_pending_rows(report))),
        ("Looked up by name", _NAMES, list(_name_rows(report))),
        ("Blind", _BLIND, list(_blind_rows(report))),
        ("Looked after", LOOKED_AFTER_HEADER, list(looked_after_rows(report))),
        ("Muted", SILENCE_HEADER, list(silence_rows(report.silences, zone, report.generated_at))),
    ):
        if rows:
            print_line(title)
            print_table(header, rows)
            print_line("")
    for line in _summary(report):
        print_line(line)


def _pairs(report: Report) -> Iterator[tuple[ServerStatus, TargetStatus, PairStatus]]:
    for server in report.servers:
        for target in server.targets:
            for pair in target.pairs:
                yield server, target, pair


def _listed_rows(report: Report) -> Iterator[Row]:
    for server, target, pair in _pairs(report):
        listing = pair.listing
        if listing is not None:
            since = roughly(report.generated_at - listing.listed_at)
            severity = Cell(listing.severity.value, SEVERITIES[listing.severity])
            of = f"[of {_WIDER[pair.wider_scope]}] " if pair.wider_scope is not None else ""
            meaning = of + ": ".join(filter(None, [", ".join(listing.labels), listing.text]))
            codes = ", ".join(listing.codes)
            where = pair.delist_url or pair.lookup_url or ""
            yield server.name, target.target.text, pair.blocklist, severity, codes, meaning, since, where


def _accepted_rows(report: Report) -> Iterator[Row]:
    for server, target, pair in _pairs(report):
        if pair.accepted_since is not None:
            said = pair.clear
            codes, labels = (", ".join(map(str, said.codes)), ", ".join(said.labels)) if said is not None else ("", "")
            since = roughly(report.generated_at - pair.accepted_since)
            yield server.name, target.target.text, pair.blocklist, codes, labels, since


def _allowed_rows(report: Report) -> Iterator[Row]:
    for server, target, pair in _pairs(report):
        if pair.accepted_since is None and pair.clear is not None and pair.clear.codes:
            codes = ", ".join(map(str, pair.clear.codes))
            since = roughly(report.generated_at - pair.allowed_since) if pair.allowed_since is not None else ""
            yield server.name, target.target.text, pair.blocklist, codes, ", ".join(pair.clear.labels), since


def _pending_rows(report: Report) -> Iterator[Row]:
    for server, target, pair in _pairs(report):
        pending = pair.pending
        if pending is not None:
            change = Cell(pending.change.value, VERDICTS["unknown"])
            seen = minute(pending.seen_at)
            codes = ", ".join(pending.codes)
            yield server.name, target.target.text, pair.blocklist, change, codes, seen, minute(pending.ready_at)


def _name_rows(report: Report) -> Iterator[Row]:
    """Names about which there is something to say: one that stands for its addresses is none."""
    for server in report.servers:
        for name in server.names:
            yield from ((server.name, str(name.origin), *row) for row in _said_of(name, report.generated_at))


def _said_of(name: NameStatus, now: datetime) -> Iterator[Row]:
    for since, failures in groupby(name.failures, key=attrgetter("since")):
        some = list(failures)
        count = len({target for failure in some for target in name.behind(failure)})
        kept = f"; {counted(count, 'target')} known before {'stays' if count == 1 else 'stay'} watched" if count else ""
        said = "; ".join(dict.fromkeys(f"{one.what}: {one.detail or one.reason}" for one in some))
        yield Cell("failing", VERDICTS["unknown"]), roughly(now - since) if since else "", f"{said}{kept}"
    for target, missed_at in name.missing.items():
        yield "gone", roughly(now - missed_at), f"{target}: watched for a day after it went"
    for one in name.unwatched:
        yield "not watched", "", f"{one.what}: {one.detail}"
    for fault in name.faults:
        yield "fault", "", fault
    for warning in remarks_on(name.targets):
        yield "warning", "", warning


def _blind_rows(report: Report) -> Iterator[Row]:
    for blocklist in report.blocklists:
        condition = blocklist.condition
        if not blocklist.targets:
            continue
        if condition is None:
            yield blocklist.blocklist, "not asked yet", "", "", "", "never", ""
        elif not condition.soundness.trusted:
            soundness = condition.soundness
            yield (
                blocklist.blocklist,
                Cell(soundness.state.value, STATES[soundness.state]),
                soundness.reason.value if soundness.reason else "",
                roughly(report.generated_at - condition.state_since_at),
                minute(blocklist.asked_at) if blocklist.asked_at else "never",
                _good(blocklist, report.generated_at),
                soundness.detail,
            )
        if blocklist.stale and blocklist.asked_at is not None:
            overdue = Cell("overdue", VERDICTS["unknown"])
            age = roughly(report.generated_at - blocklist.asked_at)
            asked = minute(blocklist.asked_at)
            yield (
                blocklist.blocklist,
                overdue,
                "",
                age,
                asked,
                _good(blocklist, report.generated_at),
                "it was not asked when it was due",
            )
    for budget in report.budgets:
        yield from _unasked_rows(budget)
    for server, target, pair in _pairs(report):
        # What was not asked is told by operator: a list of many targets would fill the screen with them.
        if pair.unknown not in (None, Reason.NOT_ASKED) and not pair.list_in_trouble:
            unanswered = Cell(str(pair.unknown), VERDICTS["unknown"])
            yield pair.blocklist, "", unanswered, "", "", "", f"no answer about {server.name} {target.target}"


def _good(blocklist: ListStatus, now: datetime) -> str:
    """When its last good sweep was."""
    return f"{roughly(now - blocklist.concluded_at)} ago" if blocklist.concluded_at else "never"


def _unasked_rows(budget: BudgetStatus) -> Iterator[Row]:
    renewed = minute(budget.renewed_at)
    why = f"{budget.operator} allows {budget.per_day:,} questions a day, and they are used up until {renewed}"
    for name, targets in budget.unasked.items():
        unasked = Cell(Reason.NOT_ASKED.value, VERDICTS["unknown"])
        yield name, "", unasked, "", "", "", f"not asked about {counted(targets, 'target')}: {why}"


def _summary(report: Report) -> Iterator[str]:
    targets = {target.target for server in report.servers for target in server.targets}
    lists = sum(blocklist.targets > 0 for blocklist in report.blocklists)
    servers = counted(len(report.servers), "server")
    yield (
        f"{servers}, {counted(len(targets), 'target')} on {counted(lists, 'list')}: "
        f"{report.listed} listed, {report.unknown} unknown."
    )
    asked = [blocklist.asked_at for blocklist in report.blocklists if blocklist.asked_at is not None]
    if not asked:
        yield "Nothing was asked yet: `rblwatch run` or `rblwatch sweep` does."
    else:
        yield f"Last asked {roughly(report.generated_at - max(asked))} ago ({minute(max(asked))})."
    for budget in report.budgets:
        yield f"{budget.operator}: {budget.spent:,} of {budget.per_day:,} questions asked today, {budget.left:,} left."
    yield from _daemon_lines(report)
    outbox = report.outbox
    if outbox.depth or outbox.failed:
        age = report.generated_at - (outbox.oldest_at or report.generated_at)
        oldest = f" (the oldest for {roughly(age)})" if age > timedelta() else ""
        yield f"Messages: {outbox.depth} waiting{oldest}, {outbox.failed} failed; see `rblwatch deliveries`."
    yield from (f"{said[:1].upper()}{said[1:]}." for said in (*report.gaps, *report.warnings))


def _daemon_lines(report: Report) -> Iterator[str]:
    """Whether anybody watches, and whether somebody outside is told so."""
    daemon = report.daemon
    if daemon is None:
        return
    who = f"on {daemon.host}, process {daemon.pid}, version {daemon.version}"
    if report.alive:
        yield f"The daemon runs since {minute(daemon.started_at)} ({who})."
    elif daemon.ended_at is not None:
        yield f"The daemon does not run: it was stopped {roughly(report.generated_at - daemon.ended_at)} ago ({who})."
    else:
        age = roughly(report.generated_at - daemon.beat_at)
        yield f"The daemon does not run: it was seen last {age} ago, and was not stopped ({who})."
    if report.heartbeat:
        sent_at, problem = daemon.heartbeat_at, daemon.heartbeat_problem
        sent = f"sent last {roughly(report.generated_at - sent_at)} ago" if sent_at is not None else "not sent yet"
        yield f"Heartbeat: {sent}{f'; now: {problem}' if problem else ''}."


def _print_line(report: Report) -> Alarm:
    listings = {
        (pair.listing.id, pair.listing.target.text, pair.blocklist, pair.listing.severity): pair.listing
        for _, _, pair in _pairs(report)
        if pair.listing is not None
    }
    conclusive, lists = report.conclusive
    ordered = sorted(listings, key=lambda key: (-key[3].rank, key[2], key[1]))
    named = [f"{target} listed on {name} ({severity})" for _, target, name, severity in ordered[:5]]
    named += [f"and {len(ordered) - 5} more"] if len(ordered) > 5 else []
    said = "; ".join(named) or "nothing listed"
    overdue = (
        [f"{counted(len(report.overdue), 'list')} overdue ({', '.join(report.overdue)})"] if report.overdue else []
    )
    stale = ["the data is stale"] if report.stale else overdue
    text = "; ".join([said, f"{report.unknown} unknown", *stale, *report.gaps])
    numbers = {"listed": report.listed, "unknown": report.unknown, "lists": lists, "conclusive": conclusive}
    print_plugin_line(report.alarm, text, numbers)
    return report.alarm
