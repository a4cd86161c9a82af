"""`rblwatch check`: ask now, with no configuration and no database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence

import click

from rblwatch import app
from rblwatch.cli import journal
from rblwatch.cli.offer import Offer
from rblwatch.cli.options import Command, Format, format_option, preferences, resolver_options, resolver_settings
from rblwatch.cli.progress import questions_bar
from rblwatch.cli.terminal import remark
from rblwatch.cli.verdicts import print_findings, print_findings_json, print_findings_line
from rblwatch.configured import configure
from rblwatch.core.blocklist import Blocklist
from rblwatch.core.domain import NO_DOMAINS, Domains, domains_of
from rblwatch.core.findings import Findings
from rblwatch.core.request import parse_subject, takes_addresses, targets_of
from rblwatch.core.settings import Resolver
from rblwatch.core.soundness import carries_kind
from rblwatch.core.target import Family, Target, mapped
from rblwatch.core.wording import several
from rblwatch.naming import registrable, to_ascii
from rblwatch.services import inquiry


@click.command("check", cls=Command)
@click.argument("subjects", metavar="TARGET...", nargs=-1, required=True)
@click.option(
    "--list",
    "wanted",
    metavar="ID|ZONE",
    multiple=True,
    help="Ask this list only; may be given several times. Default: recommended.",
)
@resolver_options
@format_option(Format.TABLE, Format.JSON, Format.NAGIOS)
def command(subjects: Sequence[str], wanted: Sequence[str], asking: Mapping[str, object], layout: Format) -> int:
    """Ask blocklists about addresses, CIDR ranges or names, now.

    A name and its registrable part are asked on domain lists, its addresses on address lists. Nothing is remembered,
    and no configuration is needed; one that is named with --config brings its lists and its resolver.

    Exit codes: 0 nothing listed, 1 something listed, 2 usage, 3 something unknown and nothing listed, 4 internal error.
    """
    targets = targets_of(parse_subject(to_ascii(subject)) for subject in subjects)
    _warn_of_mapped(targets)
    named = preferences().config
    offer = Offer.of(None if named is None else configure(named))
    blocklists = offer.named(wanted, targets, option="'--list'") if wanted else offer.usual
    journal.begin(level=logging.WARNING)
    findings = asyncio.run(_ask(resolver_settings(asking, offer.resolver), blocklists, targets))
    match layout:
        case Format.TABLE:
            print_findings(findings)
        case Format.JSON:
            print_findings_json(findings)
        case Format.NAGIOS:
            return print_findings_line(findings)
    return findings.conclusion


def _warn_of_mapped(targets: Iterable[Target]) -> None:
    """Say of `::ffff:192.0.2.1`, as mail servers log it, that lists know it by another name: it is never listed."""
    forms = {target: inner for target in targets if (inner := mapped(target)) is not None}
    if forms:
        told = f"{several(list(forms), 1)}: IPv6 forms of IPv4 addresses, which no blocklist has"
        remark(f"warning: {told}; ask about {several(list(forms.values()), 1)}")


async def _ask(resolver: Resolver, blocklists: Sequence[Blocklist], given: Sequence[Target]) -> Findings:
    async with app.build_lookup(resolver) as lookup:
        wanted = given if takes_addresses(blocklists) else ()
        addresses = await inquiry.addresses_of(app.build_names(resolver), wanted)
        domains = _domains(given, blocklists)
        found = [*given, *domains.targets, *(address for some in addresses.values() for address in some or ())]
        targets = tuple(dict.fromkeys(found))
        asked = [target for target in targets if target not in domains.suffixes]
        planned = inquiry.conversations(blocklists, asked, domains.registrable)
        with questions_bar(planned) as on_step:
            readings = await inquiry.hold(lookup, planned, on_step=on_step)
    return Findings(targets=targets, readings=readings, addresses=addresses, domains=domains)


def _domains(given: Sequence[Target], blocklists: Sequence[Blocklist]) -> Domains:
    """What domain lists, if there are any, are asked about the names that were given."""
    if not any(carries_kind(blocklist, Family.NAME) for blocklist in blocklists):
        return NO_DOMAINS
    return domains_of((target for target in given if target.family is Family.NAME), registrable)
