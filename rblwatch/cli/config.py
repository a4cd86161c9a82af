"""`rblwatch config`: validate the configuration, and print it with its secrets masked."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rblwatch.cli.budget import counted_in, plan_documents, plan_lines
from rblwatch.cli.discovering import discover, discovered_documents, print_discovered
from rblwatch.cli.offer import registered_families
from rblwatch.cli.options import Format, Group, format_option, preferences
from rblwatch.cli.probing import print_probed, probe, probed_documents, resolver_documents
from rblwatch.cli.terminal import counted, print_json, print_line
from rblwatch.configured import (
    Configured,
    load_catalogue,
    read_configuration,
    require_channels,
    watched,
    without_effect,
    written,
)
from rblwatch.core.budget import planned_budgets
from rblwatch.core.conclusion import Exit
from rblwatch.core.settings import Settings
from rblwatch.core.watchlist import Watchlist, uncovered

if TYPE_CHECKING:
    from rblwatch.config import Problem


@click.group("config", cls=Group)
def command() -> None:
    """Validate the configuration, or print it."""


@command.command("check")
@click.option(
    "--probe", "probing", is_flag=True, help="Also test the configured lists and the resolver, and look names up."
)
@format_option()
def validate(probing: bool, layout: Format) -> int:  # noqa: FBT001 - click's flag
    """Validate the configuration, its secrets and its channels; touch nothing.

    All problems are told at once, each with its file, line, key and remedy. With --probe, every nameserver is asked the
    test points of the configured lists, and what is wrong with it is told with what to do; host names and `senders_of`
    are looked up, what they come to is shown, and it is counted against what operators allow in a day.

    Exit codes: 0 it can be used, 2 it cannot.
    """
    loaded = read_configuration(preferences().config)
    require_channels(loaded)
    warnings = [*loaded.warnings, *without_effect(loaded)]
    catalogue = load_catalogue()
    watchlist = watched(loaded.settings, catalogue)
    counts = _counts(loaded.settings, watchlist)
    found = probe(loaded.settings.resolver, watchlist.blocklists.values()) if probing else None
    names = discover(loaded.settings) if probing else None
    configured = Configured(Path(loaded.file), loaded.settings, loaded.warnings, catalogue, watchlist)
    planned, not_counted = counted_in(configured, names)
    gaps = uncovered(watchlist)
    idle = _idle(loaded.settings, watchlist)
    interval = loaded.settings.schedule.interval
    if layout is Format.JSON:
        document = {"file": loaded.file, "warnings": _documents(warnings), **counts, "gaps": list(gaps), "idle": idle}
        document |= {"budgets": plan_documents(planned, interval), "not_counted": not_counted}
        if found is not None and names is not None:
            document |= {"blocklists": probed_documents(found), "resolver": resolver_documents(found)}
            document |= {"names": discovered_documents(names)}
        print_json(document)
        return Exit.DONE
    for warning in warnings:
        print_line(str(warning))
    uncounted = [not_counted] if not_counted is not None and planned_budgets(watchlist) else []
    for told in (*gaps, *plan_lines(planned, interval), *uncounted):
        print_line(f"{loaded.file}: {told}")
    if idle:
        print_line(f"{loaded.file}: not asked, since nothing is registered that is of their kind: {', '.join(idle)}")
    print_line(
        f"{loaded.file}: OK: {', '.join(counted(number, noun.removesuffix('s')) for noun, number in counts.items())}"
    )
    if found is not None and names is not None:
        print_probed(found)
        print_discovered(names)
    return Exit.DONE


@command.command("show")
def show() -> int:
    """Print the configuration as it takes effect: with its defaults, and secrets as ***."""
    sys.stdout.write(written(read_configuration(preferences().config)))
    return Exit.DONE


def _idle(settings: Settings, watchlist: Watchlist) -> list[str]:
    """The lists that are asked nothing: of domains while no name is registered, of IPv6 while no such address is."""
    registered = registered_families(settings, watchlist)
    return [name for name in watchlist.blocklists if watchlist.families(name).isdisjoint(registered)]


def _counts(settings: Settings, watchlist: Watchlist) -> dict[str, int]:
    return {
        "servers": len(settings.servers),
        "targets": len(watchlist.servers),
        "lists": len(watchlist.blocklists),
        "channels": len(settings.channels),
        "routes": len(settings.routes),
    }


def _documents(problems: Iterable[Problem]) -> list[dict[str, object]]:
    return [
        {"file": problem.file, "line": problem.line, "key": problem.key, "message": problem.message}
        for problem in problems
    ]
