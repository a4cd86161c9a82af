"""The `[blocklists]` section: which lists are asked, an admin's own lists, and an admin's own word about any list.

Owns the reading of that section and which names of lists are known. Must not choose the lists of a server: that is
`core.selection`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rblwatch.config import values
from rblwatch.config.listnames import ListNames, list_id, need_key_name, read_key, warn_of_lists
from rblwatch.config.overrides import daily_number, read_overrides
from rblwatch.config.problems import BadValue
from rblwatch.config.table import Table
from rblwatch.config.wording import options, quoted
from rblwatch.core.blocklist import Blocklist, Claim, Code, Kind, Meaning, Pace, Scope, SelfTest, Severity, bare
from rblwatch.core.codes import NAMED_SELFTESTS, NotACode, parse_code_key, parse_point
from rblwatch.core.selection import RECOMMENDED, SETS, Catalogue
from rblwatch.core.settings import Lists, Secret
from rblwatch.core.target import Family
from rblwatch.naming import parse_domain

_SEVERITY = values.one_of(Severity, "a severity")
_KIND = values.one_of(Kind, "a kind of list")
_SCOPE = values.one_of(Scope, "a scope")
_CLASS = values.one_of(Claim, "a class of codes")
_FAMILIES = {kind: bare("any.example", kind=kind).families for kind in Kind}
#: Characters of a DNS name, and those of the longest labels for a target, with the dot before the zone; the shortest
#: name that anybody would register. Source: RFC 1035 section 2.3.4; RFC 5782 sections 2.1, 2.4 and 3.
_LONGEST_NAME = 253
_ROOM = {Family.IPV4: len("255.255.255.255."), Family.IPV6: 64, Family.NAME: len("test.")}


def read_lists(table: Table, catalogue: Catalogue, read_secret: Callable[[object], Secret]) -> Lists:
    """Read the section; problems are the table's."""
    rows = table.tables("custom")
    customs = [custom for row in rows if (custom := _read_custom(row, catalogue)) is not None]
    _refuse_twins(rows, customs)
    names = ListNames(catalogue, tuple(custom.id for custom in customs))
    lists = Lists(
        use=table.each("use", names.any_name, default=[RECOMMENDED]),
        skip=table.each("skip", names.any_name),
        force=table.each("force", names.forced),
        keys=_read_keys(table.table("keys"), catalogue, read_secret),
        override=read_overrides(table.table("override"), names),
        custom=tuple(customs),
    )
    warn_of_lists(table, rows, lists, names)
    # Read first, since its ids are known names; shown last, as everybody writes it.
    table.shown["custom"] = table.shown.pop("custom")
    if table.raw("use") == [] and not rows and not lists.force:
        table.warn("use", "is empty, and there is no custom list: servers without `use` of their own are asked nowhere")
    return lists


def _read_keys(table: Table, catalogue: Catalogue, read_secret: Callable[[object], Secret]) -> dict[str, Secret]:
    found = {name: table.secret(name, lambda value: read_key(read_secret(value))) for name in table}
    for name in table:
        try:
            need_key_name(catalogue, name)
        except BadValue as error:
            table.refuse(name, str(error))
    return {name: key for name, key in found.items() if key is not None}


def _read_custom(table: Table, catalogue: Catalogue) -> Blocklist | None:
    name = table.need("id", _new_id(catalogue), "")
    zone = table.need("zone", _zone, "")
    kind = table.take("kind", _KIND, Kind.IP.value)
    families = _read_families(table, kind)
    severity = table.take("severity", _SEVERITY, Severity.MAJOR.value)
    codes = _read_codes(table.table("codes"), severity, Scope.DOMAIN if kind is Kind.DOMAIN else Scope.ADDRESS)
    selftest = _read_selftest(table, kind)
    # A table with gaps leaves room for doubt: what it lacks is never critical. Without a table, the severity is
    # the admin's word for every answer.
    unexplained = min(severity, Severity.MAJOR, key=lambda each: each.rank) if codes else severity
    operator = table.find("operator", values.text) or ""
    per_day = table.find("per_day", daily_number)
    if zone and len(zone) > (most := _LONGEST_NAME - max(_ROOM[family] for family in families or _FAMILIES[kind])):
        table.refuse("zone", f"has {len(zone)} characters, and with what is asked before it, at most {most} fit")
    if not name or not zone:
        return None
    return replace(
        bare(zone, families=families, kind=kind),
        id=name,
        operator=operator,
        pace=Pace(per_day=per_day),
        name=name,
        codes=codes,
        otherwise=replace(bare(zone, kind=kind).otherwise, severity=unexplained),
        selftest=selftest,
    )


def _read_families(table: Table, kind: Kind) -> frozenset[Family] | None:
    """The families that a list is said to have entries about; None: those of its kind."""
    if kind is Kind.DOMAIN:
        if table.find("ipv6", values.switch) is not None:
            table.refuse("ipv6", "is about lists of addresses, and this one is of domains; leave it out")
        return None
    return None if table.take("ipv6", values.switch, default=True) else frozenset({Family.IPV4})


def _read_codes(table: Table, severity: Severity, scope: Scope) -> tuple[Code, ...]:
    codes = []
    for key in table:
        row = table.table(key)
        wanted = row.take("scope", _SCOPE, scope.value)
        # Nobody's own server is meant by an entry of a whole provider: as in the catalogue, it is a fact, not an alarm.
        usual = severity if wanted.width < Scope.AS.width else Severity.INFORMATIONAL
        meaning = Meaning(
            label=row.need("label", values.text, ""),
            severity=row.take("severity", _SEVERITY, usual.value),
            claim=row.take("class", _CLASS, Claim.LISTED.value),
            text=row.find("meaning", values.text) or "",
            scope=wanted,
        )
        try:
            codes.append(Code(parse_code_key(key), meaning))
        except NotACode as error:
            row.refuse(None, str(error))
    return tuple(codes)


def _read_selftest(table: Table, kind: Kind) -> SelfTest:
    if not isinstance(table.raw("selftest"), dict):
        return table.take("selftest", _named_selftest, "rfc5782")
    points = table.table("selftest")
    listed = points.each("listed", lambda value: parse_point(values.text(value), kind))
    clear = points.each("clear", lambda value: parse_point(values.text(value), kind))
    if not points.raw("listed"):
        points.refuse("listed", 'names no point; where the list has none, write selftest = "none"')
    return SelfTest(listed, clear)


def _named_selftest(value: object) -> SelfTest:
    if not isinstance(value, str) or value not in NAMED_SELFTESTS:
        found = f"{quoted(value)} is not a self-test" if isinstance(value, str) else "is not a self-test"
        raise BadValue(f"{found}; write {options([*NAMED_SELFTESTS, '{ listed = […], clear = […] }'])}")
    return NAMED_SELFTESTS[value]


def _refuse_twins(rows: list[Table], customs: list[Blocklist]) -> None:
    names = [custom.id for custom in customs]
    for position, row in enumerate(rows):
        name = row.raw("id")
        first = next((at for at, other in enumerate(rows[:position]) if other.raw("id") == name), None)
        if first is not None and name in names:
            row.refuse("id", f"'{name}' is the id of blocklists.custom[{first}] already; write another")


def _new_id(catalogue: Catalogue) -> Callable[[object], str]:
    def read(value: object) -> str:
        name = list_id(value)
        if name in SETS:
            raise BadValue(f"'{name}' is the name of a set; write another")
        if name in catalogue.entries:
            raise BadValue(
                f"'{name}' is a list of the catalogue; write another, or change it in [blocklists.override.{name}]"
            )
        return name

    return read


def _zone(value: object) -> str:
    return parse_domain(values.text(value)).text
