"""`rblwatch demo`: the whole system against a blocklist server of its own, with no network."""

from __future__ import annotations

import asyncio
import logging
import sys

import click

from rblwatch.cli import journal
from rblwatch.cli.options import Command, preferences
from rblwatch.cli.terminal import console
from rblwatch.core.conclusion import Exit
from rblwatch.signals import Signals


@click.command("demo", cls=Command)
def command() -> int:
    """See rblwatch at work, all on this machine.

    Four servers, five lists, a chat and a mailbox; no packet leaves the machine. On a terminal it goes on until
    Ctrl-C; elsewhere it ends by itself when its story is told.
    """
    signals = Signals()
    from rblwatch.demo.run import play  # noqa: PLC0415 - only the demo pays for its servers

    # The log of the daemon would be drawn over the screen.
    journal.begin(level=logging.INFO if preferences().verbose else logging.CRITICAL)
    asyncio.run(play(console(), signals, stay=sys.stdout.isatty()))
    return Exit.DONE
