"""`rblwatch replay`: what another configuration would have told, against what was told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from rblwatch import app
from rblwatch.cli.options import Command, Format, duration_of, format_option, preferences
from rblwatch.cli.terminal import Cell, Row, print_json, print_line, print_table, remark
from rblwatch.configured import configure
from rblwatch.core.conclusion import Exit
from rblwatch.core.hindsight import Compared, Mark
from rblwatch.core.retention import kept_since
from rblwatch.core.settings import Settings
from rblwatch.core.text import clean
from rblwatch.core.timespan import local, written

if TYPE_CHECKING:
    from rblwatch.services.replay import Replayed

_HEADER = ("WHEN", "CHANNEL", "WHAT", "ABOUT", "", "WHY")
_STYLES = {Mark.SAME: "", Mark.MOVED: "yellow", Mark.NEW: "green", Mark.GONE: "red"}
_LONGEST_TEXT = 80


@click.command("replay", cls=Command)
@click.option("--since", metavar="DURATION", default="30d", show_default=True, help="How far to go back.")
@format_option(Format.TABLE, Format.JSON)
def command(since: str, layout: Format) -> int:
    """Show what a configuration would have told.

    Give the one that you are about to use with --config: what was found, muted and acknowledged in the past goes
    through its channels and routes once more. Nothing is sent, asked or written.
    """
    now = datetime.now(UTC)
    since_at = now - duration_of(since, "--since", least="1s")
    configured = configure(preferences().config)
    settings = configured.settings
    replayed = app.replayed(configured, max(since_at, kept_since(settings.alerts, now)), now)
    for line in _limits(replayed, settings, since_at):
        remark(line)
    if layout is Format.JSON:
        from rblwatch.services.replay import replay_document  # noqa: PLC0415 - it brings the database's library

        print_json(replay_document(replayed))
    else:
        _print(replayed, ZoneInfo(settings.schedule.timezone))
    return Exit.DONE


def _limits(replayed: Replayed, settings: Settings, since_at: datetime) -> Iterator[str]:
    """What of the time that was asked for nothing can be said of."""
    if replayed.since_at <= since_at:
        return
    from_when = local(replayed.since_at, ZoneInfo(settings.schedule.timezone))
    if replayed.history_since is None or replayed.history_since < replayed.since_at:
        yield f"history is kept for {written(settings.alerts.keep)} ([alerts] keep), so this begins at {from_when}"
    else:
        yield f"there is no history before {from_when}, so this begins there"


def _print(replayed: Replayed, zone: tzinfo) -> None:
    if replayed.lines:
        print_table(_HEADER, [_row(one, zone) for one in replayed.lines])
        print_line("")
    else:
        print_line(f"Nothing was told since {local(replayed.since_at, zone)}, and nothing would have been.")
    for channel, counted in replayed.counts.items():
        name = channel if channel in replayed.channels else f"{channel} (not in this configuration)"
        print_line(f"{name}: {', '.join(f'{counted[mark]} {mark.value}' for mark in Mark)}")


def _row(one: Compared, zone: tzinfo) -> Row:
    said = one.said
    about = " ".join(filter(None, (", ".join(said.servers), said.target)))
    where = f"on {said.blocklist}" if said.target and said.blocklist else said.blocklist
    subject = " ".join(filter(None, (about, where))) or clean(said.text, _LONGEST_TEXT)
    mark = Cell(one.mark.value, _STYLES[one.mark])
    return local(said.at, zone), said.channel, said.line.value, subject, mark, _why(one, zone)


def _why(one: Compared, zone: tzinfo) -> str:
    match one.mark:
        case Mark.MOVED:
            return f"was told {local(one.was.at, zone)} as {one.was.line.value}" if one.was is not None else ""
        case Mark.GONE:
            return one.reason.value if one.reason is not None else "it would not come about"
        case Mark.SAME | Mark.NEW:
            return ""
