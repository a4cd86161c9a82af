"""`rblwatch deliveries`: the outbox."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from rblwatch import app
from rblwatch.cli.options import Format, Group, format_option, numbers, preferences
from rblwatch.cli.terminal import Cell, Row, print_json_array, print_line, print_table
from rblwatch.configured import configure
from rblwatch.core.conclusion import Exit
from rblwatch.core.timespan import minute, rfc3339, rfc3339_or_none
from rblwatch.store.rows import Delivery, DeliveryState

_HEADER = ("ID", "ALERT", "CHANNEL", "STATE", "TRIES", "WHEN", "WHY")
_STYLES = {
    DeliveryState.SENT: "green",
    DeliveryState.FAILED: "bold red",
    DeliveryState.WAITING: "yellow",
    DeliveryState.CLAIMED: "cyan",
}


@click.group("deliveries", cls=Group, invoke_without_command=True)
@click.option("--state", type=click.Choice([state.value for state in DeliveryState]), help="Only those in this state.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="The newest so many.")
@format_option(Format.TABLE, Format.JSON)
@click.pass_context
def command(ctx: click.Context, state: str | None, limit: int, layout: Format) -> int:
    """Show messages on their way or done.

    The newest first; a failed one stays until it is retried.
    """
    if ctx.invoked_subcommand is not None:
        return Exit.DONE
    configured = configure(preferences().config)
    wanted = DeliveryState(state) if state else None
    with app.reading(configured.settings) as store:
        deliveries = store.read_now(lambda queries: queries.deliveries(wanted, limit))
    if layout is Format.JSON:
        print_json_array(_document(delivery) for delivery in deliveries)
    elif deliveries:
        print_table(_HEADER, [_row(delivery) for delivery in deliveries])
    else:
        print_line("No message" + (f" is {state}." if state else " was due yet."))
    return Exit.DONE


@command.command("retry")
@click.argument("named", metavar="ID")
def retry(named: str) -> int:
    """Try a failed message again: the daemon sends it within seconds, else the next sweep does.

    ID is as in the table, or as in a message's small print (ALERT-ID).
    """
    alert_id, delivery_id = _named(named)
    configured = configure(preferences().config)
    with app.changing(configured.settings) as store:
        known = store.read_now(lambda queries: queries.delivery(delivery_id))
        if known is None or alert_id not in (None, known.alert_id):
            raise click.BadParameter(f"there is no delivery {named}", param_hint="ID")
        if not store.write_now(lambda repo: repo.retry(delivery_id, datetime.now(UTC))):
            raise click.BadParameter(
                f"delivery {delivery_id} is {known.state.value}; only a failed one can be retried", param_hint="ID"
            )
    print_line(f"Delivery {delivery_id} to {known.recipient} will be tried again.")
    return Exit.DONE


def _named(named: str) -> tuple[int | None, int]:
    """The alert's number, where it is given, and the delivery's."""
    first, second = numbers(named, noun="a delivery", examples=("9", "3-9"))
    return (None, first) if second is None else (first, second)


def _row(delivery: Delivery) -> Row:
    state = Cell(delivery.state.value, _STYLES.get(delivery.state, ""))
    moment = delivery.sent_at or delivery.next_at
    when = f"{'sent' if delivery.sent_at else 'next'} {minute(moment)}"
    if delivery.state in (DeliveryState.FAILED, DeliveryState.EMPTY):
        when = ""
    alert = f"{delivery.alert_id} ({delivery.group.value})"
    return str(delivery.id), alert, delivery.recipient, state, str(delivery.attempts), when, delivery.error or ""


def _document(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "alert": delivery.alert_id,
        "group": delivery.group.value,
        "channel": delivery.recipient,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "error": delivery.error,
        "created_at": rfc3339(delivery.created_at),
        "not_before": rfc3339(delivery.not_before),
        "next_at": rfc3339(delivery.next_at),
        "sent_at": rfc3339_or_none(delivery.sent_at),
    }
