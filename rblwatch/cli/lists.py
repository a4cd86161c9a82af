"""`rblwatch lists`: the catalogue, one list of it, and a health test of lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from rblwatch import app
from rblwatch.cli.budget import how_often
from rblwatch.cli.catalogue import (
    CODES_HEADER,
    HEADER,
    burial,
    code_rows,
    description,
    description_rows,
    overview_document,
    overview_row,
)
from rblwatch.cli.offer import Offer
from rblwatch.cli.options import Format, Group, format_option, preferences, resolver_options, resolver_settings
from rblwatch.cli.probing import print_probed, probe, probed_documents, resolver_documents
from rblwatch.cli.terminal import print_json, print_line, print_table
from rblwatch.configured import Configured, configure_if_any
from rblwatch.core.conclusion import Exit
from rblwatch.core.errors import RblwatchError
from rblwatch.core.incident import Condition
from rblwatch.core.retired import Retired, obituary
from rblwatch.core.selection import CatalogueEntry
from rblwatch.core.target import Family
from rblwatch.core.wording import several

_ASKED = {True: "yes", False: "no", None: ""}


@click.group("lists", cls=Group, invoke_without_command=True)
@format_option()
@click.pass_context
def command(ctx: click.Context, layout: Format) -> int:
    """Show the blocklists that rblwatch knows.

    With a configuration, also which of them are asked.
    """
    if ctx.invoked_subcommand is not None:
        return Exit.DONE
    offer = _offer()
    entries = offer.catalogue.entries.values()
    if layout is Format.JSON:
        documents = [overview_document(entry) | {"asked": offer.asked(entry.blocklist)} for entry in entries]
        print_json({"blocklists": documents, "retired": [burial(retired) for retired in offer.catalogue.retired]})
    elif offer.configured is None:
        print_table(HEADER, [overview_row(entry) for entry in entries])
    else:
        rows = [[*overview_row(entry), _ASKED[offer.asked(entry.blocklist)]] for entry in entries]
        print_table([*HEADER, "ASKED"], rows)
    return Exit.DONE


@command.command("show")
@click.argument("name", metavar="ID")
@format_option()
def show(name: str, layout: Format) -> int:
    """Show everything that is known of one list: its codes, its policy, the evidence.

    Of a retired list: what became of it, and what takes its place.
    """
    offer = _offer()
    retired = None if name in offer.catalogue.entries else offer.catalogue.retired_as(name)
    if retired is not None:
        return _show_retired(retired, name, layout)
    blocklist, *others = offer.named([name], option="'ID'")
    if others:
        meant = several([one.id for one in (blocklist, *others)])
        raise click.BadParameter(f"'{name}' stands for {1 + len(others)} lists: {meant}; name one", param_hint="'ID'")
    entry = offer.catalogue.entries.get(blocklist.id) or CatalogueEntry(blocklist=blocklist, recommended=False)
    described = description(entry) | {"asked": offer.asked(blocklist), **how_often(offer.configured, blocklist)}
    if layout is Format.JSON:
        print_json(described)
        return Exit.DONE
    print_table(("FIELD", "VALUE"), description_rows(described))
    print_line("")
    print_table(CODES_HEADER, code_rows(entry))
    return Exit.DONE


@command.command("probe")
@click.argument("names", metavar="[ID]...", nargs=-1)
@resolver_options
@format_option()
def probe_lists(names: Sequence[str], asking: Mapping[str, object], layout: Format) -> int:
    """Test the health of lists through your resolver; by default those that are configured, or recommended.

    Each list is asked the points whose right answers are known, through every nameserver; what a nameserver does to the
    answers is told with what to do about it. A zone that is not in the catalogue is tested as an address list. SINCE is
    what a daemon remembers; without its database, every state is of now.

    Exit codes: 0 probed, whatever came of it, 2 usage or configuration error, 4 internal error.
    """
    offer = _offer()
    blocklists = offer.named(names, option="'ID'") if names else offer.usual
    found = probe(resolver_settings(asking, offer.resolver), blocklists, _remembered(offer.configured))
    if layout is Format.JSON:
        print_json({"blocklists": probed_documents(found), "resolver": resolver_documents(found)})
    else:
        print_probed(found)
    return Exit.DONE


def _show_retired(retired: Retired, name: str, layout: Format) -> int:
    if layout is Format.JSON:
        print_json(burial(retired))
        return Exit.DONE
    print_line(f"{obituary(retired, name)}.")
    print_line("")
    print_table(("FIELD", "VALUE"), description_rows(burial(retired)))
    return Exit.DONE


def _offer() -> Offer:
    return Offer.of(configure_if_any(preferences().config))


def _remembered(configured: Configured | None) -> dict[tuple[str, Family], Condition]:
    """The condition of each list as the daemon saw it last; nothing where there is no database to read."""
    if configured is None:
        return {}
    from rblwatch.services.condition import latest_conditions  # noqa: PLC0415 - loads the library of the database

    try:
        with app.reading(configured.settings) as store:
            return latest_conditions(store.read_now(lambda queries: queries.soundings()))
    except RblwatchError:
        return {}
