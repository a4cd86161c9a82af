"""`rblwatch notify`: see whether messages arrive."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import click

from rblwatch import app
from rblwatch.cli import journal
from rblwatch.cli.options import Format, Group, format_option, preferences
from rblwatch.cli.terminal import Cell, Row, print_json, print_table
from rblwatch.configured import configure
from rblwatch.core.conclusion import Exit
from rblwatch.core.message import Message
from rblwatch.core.retry import Outcome, Permanent, Sent
from rblwatch.core.sample import sample_names, samples
from rblwatch.core.settings import Channel, Settings
from rblwatch.ports import Notifier


@click.group("notify", cls=Group)
def command() -> None:
    """See whether messages arrive."""


@command.command("test")
@click.argument("name", metavar="[CHANNEL]", required=False)
@click.option("--kind", type=click.Choice(sample_names()), help="Send a sample of this kind only.")
@format_option()
def send_sample(name: str | None, kind: str | None, layout: Format) -> int:
    """Send a sample of every kind of message, each of which says that it is a test: to one channel, or to all of them.

    They leave as fast as the channel's service takes them; a channel gets no more after the first that fails. --kind
    sends one of them.

    Exit codes: 0 all were sent, 2 configuration error, 4 a message was not sent.
    """
    settings = configure(preferences().config).settings
    channels = _chosen(settings, name)
    journal.begin(level=logging.WARNING)
    outcomes = asyncio.run(_send(settings, channels, kind))
    if layout is Format.JSON:
        print_json({"channels": [_document(channel, outcome) for channel, outcome in outcomes.items()]})
    else:
        print_table(("CHANNEL", "OUTCOME", "DETAIL"), [_row(*pair) for pair in outcomes.items()])
    sent = all(isinstance(outcome, Sent) for outcome in outcomes.values())
    return Exit.DONE if sent else Exit.INTERNAL


def _chosen(settings: Settings, name: str | None) -> Sequence[Channel]:
    known = [channel.name for channel in settings.channels]
    if not known:
        raise click.UsageError("no channel is configured; add [[channels]] with a name and a url")
    if name is not None and name not in known:
        raise click.BadParameter(f"there is no '{name}'; there is {', '.join(known)}", param_hint="'CHANNEL'")
    return [channel for channel in settings.channels if name in (None, channel.name)]


async def _send(settings: Settings, channels: Sequence[Channel], kind: str | None) -> dict[str, Outcome]:
    notifier = app.build_notifier(settings)
    at = app.SystemClock().now()
    told = [samples(channel.name, f"test-{at:%Y%m%dT%H%M%S}", at) for channel in channels]
    wanted = [[message for name, message in every if kind in (None, name)] for every in told]
    outcomes = await asyncio.gather(*(_send_all(notifier, messages) for messages in wanted))
    return {channel.name: outcome for channel, outcome in zip(channels, outcomes, strict=True)}


async def _send_all(notifier: Notifier, messages: Sequence[Message]) -> Outcome:
    """Send messages to one channel in turn, no faster than it takes them; the first that fails is the last."""
    outcome: Outcome = Sent()
    for number, message in enumerate(messages):
        pace = notifier.pace(message.recipient)
        if number >= pace.burst:
            await asyncio.sleep(pace.every.total_seconds())
        outcome = await notifier.send(message)
        if not isinstance(outcome, Sent):
            break
    return outcome


def _row(channel: str, outcome: Outcome) -> Row:
    said = "sent" if isinstance(outcome, Sent) else "failed"
    return channel, Cell(said, "green" if said == "sent" else "red"), _detail(channel, outcome)


def _detail(channel: str, outcome: Outcome) -> str:
    return outcome.detail.removeprefix(f"channel '{channel}': ")


def _document(channel: str, outcome: Outcome) -> dict[str, object]:
    return {
        "channel": channel,
        "outcome": "sent" if isinstance(outcome, Sent) else "failed",
        "permanent": isinstance(outcome, Permanent),
        "detail": _detail(channel, outcome) or None,
    }
