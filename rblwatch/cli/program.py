"""The program as a whole: its commands, and what becomes of every error.

Owns the table of commands and the one place where exceptions end. Must not import a command before it runs, nor any
library of a command: `rblwatch --version` is quick.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

import rblwatch
from rblwatch import signals
from rblwatch.cli.options import Group, Preferences
from rblwatch.cli.terminal import complain, prepare
from rblwatch.configured import is_mistake
from rblwatch.core.conclusion import Exit
from rblwatch.core.errors import RblwatchError

#: Each is a module of this package that defines `command`; the order is that of the help.
COMMANDS = (
    "check",
    "sweep",
    "run",
    "status",
    "history",
    "alerts",
    "silence",
    "replay",
    "deliveries",
    "lists",
    "config",
    "notify",
    "db",
    "demo",
)

#: They take signals themselves; the others leave them to do what they do to any program.
_TAKE_SIGNALS = ("run", "demo")

#: Source: the convention of shells, 128 + the signal's number (SIGINT is 2, SIGPIPE 13).
INTERRUPTED = 130
BROKEN_PIPE = 141

_FULL = (errno.ENOSPC, errno.EDQUOT)


class _Program(Group):
    """The commands by name; a command's module is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found = import_module(f"rblwatch.cli.{cmd_name.replace('-', '_')}").command
        return found if isinstance(found, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; signals that came since the program began are no longer kept back, now that it is known."""
        name, command, rest = super().resolve_command(ctx, args)
        if name not in _TAKE_SIGNALS:
            signals.let_through()
        return name, command, rest


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's signature
    if wanted and not ctx.resilient_parsing:
        click.echo(f"rblwatch {rblwatch.__version__}")
        ctx.exit()


program = _Program(
    name="rblwatch",
    help="Watches the reputation of mail servers on DNS blocklists. It never says more than it knows.",
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Print the version.",
        )
    ],
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command line and exit with its code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; whatever goes wrong becomes a message on standard error and an exit code."""
    preferences = Preferences()
    prepare()
    try:
        code = _invoke(arguments, preferences)
        sys.stdout.flush()
        return code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort, EOFError):
        return INTERRUPTED
    except BrokenPipeError:
        return _after_broken_pipe()
    except RblwatchError as error:
        return _after_error(error, preferences)
    except OSError as error:
        return _after_full_disk(error) if error.errno in _FULL else _after_surprise(error, preferences)
    except Exception as error:  # noqa: BLE001 - the outermost boundary: nobody else can tell the admin
        return _after_surprise(error, preferences)


def _invoke(arguments: Sequence[str], preferences: Preferences) -> int:
    """What `program.main` does, but errors are left to `run`, and the command's number is the exit code."""
    try:
        with program.make_context("rblwatch", list(arguments), obj=preferences) as ctx:
            outcome = program.invoke(ctx)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    return outcome if isinstance(outcome, int) else Exit.DONE


def _after_error(error: RblwatchError, preferences: Preferences) -> int:
    """The message says where, what and what to do; a trace of the program adds nothing unless it is wanted."""
    complain(str(error))
    _trace(preferences)
    return Exit.USAGE if is_mistake(error) else Exit.INTERNAL


def _after_broken_pipe() -> int:
    """Whoever read our output is gone; Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def _after_full_disk(error: OSError) -> int:
    """The database says that in its own words: this is where our output goes to, or another file that we write."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    complain(f"rblwatch: what was to be written has no room: {error.strerror}")
    return Exit.INTERNAL


def _after_surprise(error: Exception, preferences: Preferences) -> int:
    hint = "" if preferences.verbose else "; `--verbose` shows where"
    complain(f"rblwatch: internal error: {type(error).__name__}: {error}{hint}. Please report it.")
    _trace(preferences)
    return Exit.INTERNAL


def _trace(preferences: Preferences) -> None:
    if preferences.verbose:
        traceback.print_exc()
