"""Options that several commands share, and the classes that give every command the global ones.

Owns how texts on the command line become values, and what the admin prefers. Must not import a library of a command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import wraps

import click

from rblwatch.configured import read_resolver
from rblwatch.core.settings import Resolver
from rblwatch.core.timespan import parse_duration


@dataclass(slots=True)
class Preferences:
    """The global options, wherever on the command line they stood."""

    config: str | None = None
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False


def preferences() -> Preferences:
    """What the admin prefers in the command that runs."""
    return click.get_current_context().find_root().ensure_object(Preferences)


def _remember(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep a global option's value; what stands last wins, and an option that is not given changes nothing."""
    if value and parameter.name is not None:
        setattr(ctx.find_root().ensure_object(Preferences), parameter.name, value)


def _flag(name: str, text: str) -> click.Option:
    return click.Option([name], is_flag=True, expose_value=False, callback=_remember, help=text)


_GLOBAL_OPTIONS = (
    click.Option(["--config"], metavar="FILE", expose_value=False, callback=_remember, help="The configuration file."),
    _flag("--quiet", "Nothing on standard error but errors."),
    _flag("--verbose", "Say on standard error what is being done."),
    _flag("--no-color", "No colours (also: NO_COLOR)."),
)


class Command(click.Command):
    """A command that takes the global options after its name, too."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own parameters, then the global ones."""
        return [*super().get_params(ctx), *_GLOBAL_OPTIONS]


class Group(Command, click.Group):
    """A command with commands of its own."""

    command_class = Command


Group.group_class = Group


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    NAGIOS = "nagios"


def format_option(*formats: Format) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """`--format`, which the command takes as `layout`; table and JSON unless said otherwise, and table by default."""
    names = [layout.value for layout in formats or (Format.TABLE, Format.JSON)]
    return click.option(
        "--format",
        "layout",
        type=click.Choice(names),
        default=Format.TABLE.value,
        show_default=True,
        callback=lambda _ctx, _parameter, value: Format(value),
        help="How results are printed.",
    )


def duration_of(text: str, option: str, *, least: str = "0s") -> timedelta:
    """The duration that an option was given.

    Raises: click.BadParameter, which names the option.
    """
    try:
        return parse_duration(text, least=least)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=f"'{option}'") from error


def numbers(named: str, *, noun: str, examples: tuple[str, str]) -> tuple[int, int | None]:
    """The one or two numbers of an ID, as in a table or as in a message's small print (ALERT-DELIVERY).

    Raises: click.BadParameter.
    """
    found = re.fullmatch(r"([0-9]{1,18})(?:-([0-9]{1,18}))?", named, re.ASCII)
    if found is None:
        raise click.BadParameter(f"'{named}' is not {noun}'s number, such as {' or '.join(examples)}", param_hint="ID")
    return int(found[1]), (int(found[2]) if found[2] else None)


def resolver_options(command: Callable[..., int]) -> Callable[..., int]:
    """`--nameserver`, `--timeout` and `--attempts`, which the command takes together as `asking`."""

    @wraps(command)
    def gathered(*, nameservers: tuple[str, ...], timeout: str | None, attempts: int | None, **given: object) -> int:
        values: dict[str, object] = {"nameservers": list(nameservers), "timeout": timeout, "attempts": attempts}
        return command(asking={name: value for name, value in values.items() if value not in (None, [])}, **given)

    for option in reversed(_RESOLVER_OPTIONS):
        gathered = option(gathered)
    return gathered


_RESOLVER_OPTIONS = (
    click.option(
        "--nameserver",
        "nameservers",
        metavar="HOST[:PORT]",
        multiple=True,
        help="Ask this nameserver; may be given several times.  [default: the system's]",
    ),
    click.option("--timeout", metavar="DURATION", help="How long to wait for an answer.  [default: 2s]"),
    click.option("--attempts", type=int, metavar="N", help="A question may take N times the timeout.  [default: 2]"),
)


def resolver_settings(asking: Mapping[str, object], base: Resolver | None = None) -> Resolver:
    """What a command is to ask through: what the admin gave, over a configuration's settings or the defaults.

    Raises: click.UsageError.
    """
    from rblwatch.config import ConfigError  # noqa: PLC0415 - only the commands that ask something need it

    try:
        return read_resolver(asking, base)
    except ConfigError as error:
        options = {"nameservers": "--nameserver", "timeout": "--timeout", "attempts": "--attempts"}
        said = [f"{options[problem.key.partition('[')[0]]}: {problem.message}" for problem in error.problems]
        raise click.UsageError("\n".join(said)) from error
