"""`rblwatch run`: the daemon."""

from __future__ import annotations

import asyncio

import click

from rblwatch import app
from rblwatch.cli import journal
from rblwatch.cli.options import Command, preferences
from rblwatch.cli.terminal import remark
from rblwatch.core.conclusion import Exit


@click.command("run", cls=Command)
def command() -> int:
    """Watch the registered servers until SIGTERM or Ctrl-C.

    SIGHUP reads the configuration again. One daemon works on a database: a second one ends with 4.

    Exit codes: 0 after SIGTERM or SIGINT, 2 configuration error, 4 internal or database error.
    """
    from rblwatch import daemon  # noqa: PLC0415 - only this command pays for the scheduler

    chosen = preferences().config
    configured = app.configure(chosen, sends=True)
    for warning in configured.warnings:
        remark(str(warning))
    journal.begin()
    store = app.open_store(configured.settings)
    try:
        asyncio.run(daemon.run(store, configured, lambda: app.configure(chosen, sends=True)))
    finally:
        store.close()
    return Exit.DONE
