"""`rblwatch alerts`: what was told, to whom, and what was kept from whom and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from rblwatch import app
from rblwatch.cli.options import Format, Group, duration_of, format_option, numbers, preferences
from rblwatch.cli.silence import login, words
from rblwatch.cli.terminal import Cell, Row, print_json_array, print_line, print_table
from rblwatch.configured import configure
from rblwatch.core.alert import News
from rblwatch.core.conclusion import Exit
from rblwatch.core.listing import Listing
from rblwatch.core.text import clean
from rblwatch.core.timespan import local, roughly
from rblwatch.core.wording import several
from rblwatch.services.acknowledge import Looked, acknowledge
from rblwatch.services.report import Report
from rblwatch.services.told import AlertStatus, alert_document, alerts

_HEADER = ("ID", "WHEN", "WHAT", "ABOUT", "TOLD", "NOT TOLD", "ACKNOWLEDGED")
LOOKED_AFTER_HEADER = ("TARGET", "LIST", "ALERT", "BY", "SINCE", "NOTE")
_LONGEST_NOTE = 300
#: How many subjects a line names before it counts the rest.
_NAMED = 3


@click.group("alerts", cls=Group, invoke_without_command=True)
@click.option("--since", metavar="DURATION", help="Only what began within so long, e.g. 30d. Default: all.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="The newest so many.")
@format_option(Format.TABLE, Format.JSON)
@click.pass_context
def command(ctx: click.Context, since: str | None, limit: int, layout: Format) -> int:
    """Show what was told, and to whom.

    The newest first. What was kept from a channel has its reason.
    """
    if ctx.invoked_subcommand is not None:
        return Exit.DONE
    now = datetime.now(UTC)
    after = now - duration_of(since, "--since") if since is not None else None
    configured = configure(preferences().config)
    with app.reading(configured.settings) as store:
        found = store.read_now(lambda queries: alerts(queries, since=after, limit=limit))
    if layout is Format.JSON:
        print_json_array(map(alert_document, found))
    elif found:
        zone = ZoneInfo(configured.settings.schedule.timezone)
        print_table(_HEADER, [_row(alert, zone) for alert in found])
    else:
        print_line("Nothing was told" + (f" since {local(after, UTC)}." if after else " yet."))
    return Exit.DONE


@command.command("ack")
@click.argument("named", metavar="ID")
@click.option("--note", default="", help="For the others: what is being done.")
@click.option("--author", help="Who says so.  [default: the login name]")
def ack(named: str, note: str, author: str | None) -> int:
    """Say that somebody looks after what an alert tells of.

    Nobody else is called or reminded then, until it is over or gets worse. Its end is told all the same.
    ID is as in the table, or as in a message's small print (ID-DELIVERY).
    """
    alert_id, _ = numbers(named, noun="an alert", examples=("3", "3-9"))
    configured = configure(preferences().config)
    said = {"author": words(author, "--author") if author else login(), "note": clean(note, _LONGEST_NOTE)}
    with app.changing(configured.settings) as store:
        looked = store.write_now(lambda repo: acknowledge(repo, alert_id, **said, at=datetime.now(UTC)))
    if looked is None:
        raise click.BadParameter(
            f"there is no alert {alert_id}; `rblwatch alerts` shows those that there are", param_hint="ID"
        )
    for line in _said(alert_id, looked):
        print_line(line)
    return Exit.DONE


def _said(alert_id: int, looked: Looked) -> Iterator[str]:
    if looked.taken:
        what = "what it tells of is" if len(looked.taken) == 1 else f"{len(looked.taken)} things that it tells of are"
        yield f"Alert {alert_id} is acknowledged: {what} looked after, until that is over or gets worse."
    elif looked.known:
        yield f"All that stands of alert {alert_id} was acknowledged already."
    else:
        yield f"Nothing of alert {alert_id} stands any more, so there is nothing to look after."


def _row(alert: AlertStatus, zone: ZoneInfo) -> Row:
    kinds = Counter(item.kind.value for item in alert.news)
    what = ", ".join(kind if count == 1 else f"{count} {kind}" for kind, count in kinds.items())
    told = ", ".join(f"{one.recipient} ({one.state.value})" for one in alert.deliveries)
    kept = ", ".join(f"{channel} ({decision.value})" for channel, decision in sorted(alert.kept))
    authors = ", ".join(dict.fromkeys(one.author for one in alert.acknowledged))
    state = Cell(authors, "green") if authors else Cell("no" if alert.stands else "", "yellow")
    return (
        str(alert.id),
        local(alert.at, zone),
        what,
        several(list(dict.fromkeys(map(_subject, alert.news))), _NAMED),
        told,
        kept,
        state,
    )


def _subject(item: News) -> str:
    if item.listing is not None:
        return f"{item.listing.target} on {item.listing.blocklist}"
    if item.incident is not None:
        return item.incident.blocklist or f"the resolver {item.incident.zone}"
    return item.target or ", ".join(item.servers) or clean(item.text, 80)


def looked_after_rows(report: Report) -> Iterator[Row]:
    """What somebody looks after, in a table."""
    for said, subject in report.acknowledged:
        target = subject.target.text if isinstance(subject, Listing) else ""
        where = subject.blocklist or f"the resolver {subject.zone}"
        yield target, where, str(said.alert_id), said.author, roughly(report.generated_at - said.at), said.note
