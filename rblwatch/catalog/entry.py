"""One `[[list]]` of the catalogue.

Owns the schema of a list that is asked: its keys, their defaults and limits. Must not know which lists there are.
"""

from __future__ import annotations

from collections.abc import Iterator

from rblwatch.catalog.row import CatalogueError, Row
from rblwatch.core.blocklist import (
    COMMON_REFUSALS,
    Blocklist,
    Claim,
    Code,
    Kind,
    Meaning,
    Pace,
    Scope,
    SelfTest,
    Severity,
)
from rblwatch.core.codes import NAMED_SELFTESTS, parse_code_key, parse_point, parse_refusal
from rblwatch.core.matching import Refusal
from rblwatch.core.selection import SETS, Access, CatalogueEntry, KeyForm
from rblwatch.core.target import Family, parse_name

_UNEXPLAINED = "a code that this list's table does not explain"

#: What evidence can be given for.
CONSTANTS = ("zone", "codes", "refusals", "selftest", "key", "pace", "policy")


def read_entry(row: Row, sources: dict[str, str]) -> CatalogueEntry:
    """Read a list; `sources` are those that its evidence may name.

    Raises: CatalogueError.
    """
    key = _key(row)
    entry = CatalogueEntry(
        blocklist=_read_blocklist(row),
        recommended=row.flag("recommended"),
        access=row.one_of("access", Access),
        key=key,
        policy=row.text("policy", ""),
        expiry=row.text("expiry", ""),
        doubt=row.text("doubt", ""),
        covered_by=row.text("covered_by", ""),
        homepage=_link(row, "homepage"),
        refusals=tuple(_refusals(row)),
        confidence=row.choice("confidence", ("high", "medium", "low")),
        evidence=_evidence(row, sources),
    )
    _require_evidence(row, entry)
    row.finish()
    return entry


def _read_blocklist(row: Row) -> Blocklist:
    kind = row.one_of("kind", Kind)
    severity = row.one_of("severity", Severity)
    families = _families(row, kind)
    scope = _scope(row, families)
    return Blocklist(
        id=_id(row),
        zone=row.read("zone", _zone),
        kind=kind,
        name=row.text("name"),
        operator=row.text("operator"),
        families=families,
        codes=_codes(row, severity, scope),
        refusals=(*COMMON_REFUSALS, *(refusal for refusal, _ in _refusals(row))),
        otherwise=Meaning(
            "listed", min(severity, Severity.MAJOR, key=lambda s: s.rank), text=_UNEXPLAINED, scope=scope
        ),
        selftest=_selftest(row, families),
        lists_reserved=row.flag("lists_reserved", default=False),
        registrable=row.flag("registrable", default=False),
        pace=_pace(row.rows("pace")),
        scope=scope,
        lacks_key=row.one_of("access", Access) is Access.KEY or (_key(row) is not None and _is_paid(row)),
        lookup_url=_link(row, "lookup_url"),
        delist_url=_link(row, "delist_url"),
        note=row.text("note", ""),
    )


def _is_paid(row: Row) -> bool:
    return row.one_of("access", Access) is Access.PAID


def _id(row: Row) -> str:
    name = row.text("id")
    if name in SETS or not name.replace("-", "").isalnum() or name != name.lower():
        row.fail("id", f"'{name}' is not an id; write lower-case letters, digits and '-', and not {' or '.join(SETS)}")
    return name


def _zone(text: str) -> str:
    zone = parse_name(text).text
    if zone != text:
        raise CatalogueError(f"'{text}' is not canonical; write '{zone}'")
    return zone


def _families(row: Row, kind: Kind) -> frozenset[Family]:
    """A list that takes no addresses is about names."""
    asked = {Family.IPV4: row.flag("ipv4"), Family.IPV6: row.flag("ipv6")}
    addresses = frozenset(family for family, wanted in asked.items() if wanted)
    if bool(addresses) is (kind is Kind.DOMAIN) and kind is not Kind.ALLOW:
        row.fail("kind", f"'{kind}' does not go with ipv4 = {row.flag('ipv4')}, ipv6 = {row.flag('ipv6')}".lower())
    return addresses or frozenset({Family.NAME})


def _scope(row: Row, families: frozenset[Family]) -> Scope:
    scope = row.one_of("scope", Scope)
    if (scope is Scope.DOMAIN) is not (Family.NAME in families):
        row.fail("scope", f"'{scope}' does not go with what the list is asked about")
    return scope


def _codes(row: Row, severity: Severity, scope: Scope) -> tuple[Code, ...]:
    table = row.rows("codes")
    codes = []
    for key in row.table("codes"):
        said = table.rows(key)
        meaning = Meaning(
            label=said.text("label"),
            severity=said.one_of("severity", Severity, severity),
            claim=said.one_of("class", Claim, Claim.LISTED),
            text=said.text("meaning"),
            scope=said.one_of("scope", Scope, scope),
        )
        said.finish()
        codes.append(Code(table.named(key, parse_code_key), meaning))
    if not codes:
        row.fail("codes", "is missing or empty; a list of the catalogue says what its answers mean")
    return tuple(codes)


def _refusals(row: Row) -> Iterator[tuple[Refusal, str]]:
    table = row.rows("refusals")
    for key in row.table("refusals"):
        yield table.named(key, parse_refusal), table.text(key)


def _selftest(row: Row, families: frozenset[Family]) -> SelfTest:
    if not row.holds_table("selftest"):
        return NAMED_SELFTESTS[row.choice("selftest", tuple(NAMED_SELFTESTS))]
    kind = Kind.DOMAIN if Family.NAME in families else Kind.IP
    points = row.rows("selftest")
    read = SelfTest(
        listed=points.read_each("listed", lambda text: parse_point(text, kind)),
        clear=points.read_each("clear", lambda text: parse_point(text, kind)),
    )
    points.finish()
    if not read.listed:
        points.fail("listed", 'is empty; where a list has no such point, write selftest = "none"')
    return read


def _pace(row: Row) -> Pace:
    pace = Pace(row.positive("per_second"), row.positive_whole("per_day"), row.positive_whole("interval_s"))
    row.finish()
    return pace


def _key(row: Row) -> KeyForm | None:
    if not row.table("key"):
        return None
    key = row.rows("key")
    template = key.text("template")
    body = template.removeprefix("{rev}.").removeprefix("{key}.{rev}.")
    both = template.count("{key}") == template.count("{rev}") == 1
    if not both or "{rev}" in body or (body.startswith("{key}.{rev}.") or not body):
        key.fail("template", f"'{template}' is neither '{{rev}}.{{key}}.ZONE' nor '{{key}}.{{rev}}.ZONE'")
    key.named(body.replace("{key}.", ""), _zone)
    per_day = key.positive_whole("per_day")
    form = KeyForm(key.text("account"), template, Pace(per_day=per_day) if per_day else None)
    key.finish()
    return form


def _link(row: Row, key: str) -> str:
    """A page of the operator; `{ip}` and `{domain}` stand for the target."""
    url = row.text(key, "")
    if url and not url.startswith(("https://", "http://")):
        row.fail(key, f"'{url}' is not a web address")
    if any(brace in url.replace("{ip}", "").replace("{domain}", "") for brace in "{}"):
        row.fail(key, f"'{url}' holds a placeholder other than {{ip}} and {{domain}}")
    return url


def _evidence(row: Row, sources: dict[str, str]) -> dict[str, tuple[str, ...]]:
    table = row.rows("evidence")
    found = {}
    for constant in CONSTANTS:
        names = table.texts(constant)
        for name in names:
            if name not in sources:
                table.fail(constant, f"'{name}' is not one of [sources]")
        if names:
            found[constant] = tuple(sources[name] for name in names)
    table.finish()
    return found


def _require_evidence(row: Row, entry: CatalogueEntry) -> None:
    """Every constant that is sent, or that an answer is compared with, names where it comes from."""
    blocklist, key = entry.blocklist, entry.key
    needed = {
        "zone": True,
        "codes": True,
        "refusals": bool(entry.refusals),
        "selftest": bool(blocklist.selftest.listed),
        "key": key is not None,
        "pace": blocklist.pace != Pace() or (key is not None and key.pace is not None),
    }
    for constant, is_needed in needed.items():
        if is_needed and constant not in entry.evidence:
            row.fail("evidence", f"says nothing of {constant}; name at least one of [sources]")
