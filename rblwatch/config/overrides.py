"""The `[blocklists.override.ID]` tables: an admin's own word about a list.

Owns the reading of these tables, and the warnings about words that say nothing. Must not choose the lists of a server,
nor know what becomes of a list so described: that is `core.selection` and `core.override`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address

from rblwatch.config import values
from rblwatch.config.listnames import ListNames
from rblwatch.config.problems import BadValue
from rblwatch.config.table import Table
from rblwatch.core.blocklist import Blocklist, Kind, Severity
from rblwatch.core.codes import code_key, parse_code
from rblwatch.core.override import Override
from rblwatch.core.selection import as_configured, default_lists, server_lists
from rblwatch.core.settings import Lists, Server
from rblwatch.core.soundness import carries_kind
from rblwatch.core.target import Family, NotATarget, Target, expand, parse_range
from rblwatch.core.wording import several
from rblwatch.naming import parse_domain

_SEVERITY = values.one_of(Severity, "a severity")
#: More questions a day than anybody's resolver asks.
_MOST_PER_DAY = 10**9
_FAMILIES = {Family.IPV4: "IPv4 addresses", Family.IPV6: "IPv6 addresses", Family.NAME: "domains"}
daily_number = values.whole_number(1, _MOST_PER_DAY)


def read_overrides(table: Table, names: ListNames) -> dict[str, Override]:
    """Read the tables; problems are theirs."""
    overrides = {}
    for name in table:
        row = table.table(name)
        try:
            names.single(name)
        except BadValue as error:
            row.refuse(None, str(error))
        overrides[name] = Override(
            severity=row.find("severity", _SEVERITY),
            ignore_codes=row.each("ignore_codes", _code),
            accept=tuple(target for targets in row.each("accept", _targets) for target in targets),
            per_day=row.find("per_day", daily_number),
        )
    return overrides


def warn_of_overrides(table: Table, lists: Lists, servers: Sequence[Server], names: ListNames) -> None:
    """Tell which of these words say nothing: of lists that nobody is asked about, of codes that they do not have."""
    asked = _asked(lists, servers, names)
    described = as_configured(names.catalogue, lists, servers).entries
    for name, override in lists.override.items():
        row = table.inner(name)
        blocklist = asked.get(name)
        if blocklist is None and name in described:
            row.warn(None, f"says nothing: '{name}' is not asked; add it to `use`, or leave this out")
            blocklist = described[name].blocklist
        elif blocklist is None and names.retired_as(name) is not None:
            row.warn(None, f"says nothing: '{name}' is retired and not asked, unless `force` names it; leave this out")
        if blocklist is not None:
            _warn_of_severity(row, blocklist, override)
            _warn_of_daily_number(row, blocklist, asked.values())
            _warn_of_codes(row, blocklist)
            _warn_of_accepted(row, blocklist)


def _asked(lists: Lists, servers: Iterable[Server], names: ListNames) -> dict[str, Blocklist]:
    def all_lists() -> Iterator[Blocklist]:
        yield from default_lists(names.catalogue, lists)
        for server in servers:
            yield from server_lists(names.catalogue, lists, server) if server.use else ()

    return {blocklist.id: blocklist for blocklist in all_lists()}


def _warn_of_severity(row: Table, blocklist: Blocklist, override: Override) -> None:
    if override.severity is not None and blocklist.kind is Kind.ALLOW:
        row.warn("severity", f"says nothing: '{blocklist.id}' is an allow list, and being on it is no listing")


def _warn_of_daily_number(row: Table, blocklist: Blocklist, asked: Iterable[Blocklist]) -> None:
    """An operator counts the questions to all of his lists together, so one number alone lets nothing more through."""
    mine = blocklist.pace.per_day
    if mine is None or row.raw("per_day") is None:
        return
    less = {
        each.pace.per_day: each.id for each in asked if each.counted_by == blocklist.counted_by and each.pace.per_day
    }
    smallest = min(less, default=mine)
    if smallest < mine:
        row.warn(
            "per_day",
            f"has no effect: '{less[smallest]}', of the same operator, has {smallest:,}, and the smallest "
            "number holds for all of his lists; write the number for each of them",
        )


def _warn_of_codes(row: Table, blocklist: Blocklist) -> None:
    """A list without a table may answer anything."""
    known = ", ".join(code_key(code.match) for code in blocklist.codes)
    for position, code in enumerate(blocklist.ignored):
        if known and not any(each.match.matches(code) for each in blocklist.codes):
            row.warn("ignore_codes", f"'{code}' is no code of '{blocklist.id}', which has {known}", position)


def _warn_of_accepted(row: Table, blocklist: Blocklist) -> None:
    strangers = sorted(str(target) for target in blocklist.accepted if not carries_kind(blocklist, target.family))
    if strangers:
        about = " and ".join(_FAMILIES[family] for family in Family if family in blocklist.families)
        said = f"names {several(strangers, 1)}, which '{blocklist.id}' is never asked about: it is a list of {about}"
        row.warn("accept", said)


def _code(value: object) -> IPv4Address:
    return parse_code(values.text(value))


def _targets(value: object) -> tuple[Target, ...]:
    """An address, all of a CIDR range, or a domain name."""
    found = values.text(value)
    try:
        return tuple(expand(parse_range(found)))
    except NotATarget as not_a_range:
        try:
            return (parse_domain(found),)
        except NotATarget:
            raise not_a_range from None
