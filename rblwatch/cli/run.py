"""`rblwatch run`: the daemon."""

from __future__ import annotations

import asyncio

import click

from rblwatch.cli import journal
from rblwatch.cli.options import Command, preferences
from rblwatch.cli.terminal import complain, remark
from rblwatch.configured import configure
from rblwatch.core.conclusion import Exit
from rblwatch.core.errors import RblwatchError
from rblwatch.signals import Signals


@click.command("run", cls=Command)
def command() -> int:
    """Watch the registered servers until SIGTERM or Ctrl-C.

    SIGHUP reads the configuration again. One daemon works on a database: a second one ends with 4.

    Exit codes: 0 after SIGTERM or SIGINT, 2 configuration error, 4 internal or database error.
    """
    signals = Signals()
    from rblwatch import daemon  # noqa: PLC0415 - only this command pays for the scheduler

    chosen = preferences().config
    configured = configure(chosen, sends=True)
    for warning in configured.warnings:
        remark(str(warning))
    journal.begin()
    if signals.stopping.is_set():
        return Exit.DONE
    try:
        asyncio.run(daemon.run(configured, lambda: configure(chosen, sends=True), signals))
    except RblwatchError as error:
        if not signals.stopping.is_set():
            raise
        complain(str(error))
    return Exit.DONE
