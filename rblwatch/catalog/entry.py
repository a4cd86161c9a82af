"""One `[[list]]` of the catalogue.

Owns the schema of a list that is asked: its keys, their defaults and limits. Must not know which lists there are.
"""

from __future__ import annotations

from collections.abc import Iterator

from rblwatch.catalog.stanza import CatalogueError, Stanza
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


def read_entry(stanza: Stanza, sources: dict[str, str]) -> CatalogueEntry:
    """Read a list; `sources` are those that its evidence may name.

    Raises: CatalogueError.
    """
    key = _key(stanza)
    entry = CatalogueEntry(
        blocklist=_read_blocklist(stanza),
        recommended=stanza.flag("recommended"),
        access=stanza.one_of("access", Access),
        key=key,
        policy=stanza.text("policy", ""),
        expiry=stanza.text("expiry", ""),
        doubt=stanza.text("doubt", ""),
        covered_by=stanza.text("covered_by", ""),
        homepage=_link(stanza, "homepage"),
        refusals=tuple(_refusals(stanza)),
        confidence=stanza.choice("confidence", ("high", "medium", "low")),
        evidence=_evidence(stanza, sources),
    )
    _require_evidence(stanza, entry)
    stanza.finish()
    return entry


def _read_blocklist(stanza: Stanza) -> Blocklist:
    kind = stanza.one_of("kind", Kind)
    severity = stanza.one_of("severity", Severity)
    families = _families(stanza, kind)
    scope = _scope(stanza, families)
    return Blocklist(
        id=_id(stanza),
        zone=stanza.read("zone", _zone),
        kind=kind,
        name=stanza.text("name"),
        operator=stanza.text("operator"),
        families=families,
        codes=_codes(stanza, severity, scope),
        refusals=(*COMMON_REFUSALS, *(refusal for refusal, _ in _refusals(stanza))),
        otherwise=Meaning(
            "listed", min(severity, Severity.MAJOR, key=lambda s: s.rank), text=_UNEXPLAINED, scope=scope
        ),
        selftest=_selftest(stanza, families),
        lists_reserved=stanza.flag("lists_reserved", default=False),
        registrable=stanza.flag("registrable", default=False),
        pace=_pace(stanza.below("pace")),
        scope=scope,
        lacks_key=stanza.one_of("access", Access) is Access.KEY or (_key(stanza) is not None and _is_paid(stanza)),
        lookup_url=_link(stanza, "lookup_url"),
        delist_url=_link(stanza, "delist_url"),
        note=stanza.text("note", ""),
    )


def _is_paid(stanza: Stanza) -> bool:
    return stanza.one_of("access", Access) is Access.PAID


def _id(stanza: Stanza) -> str:
    name = stanza.text("id")
    if name in SETS or not name.replace("-", "").isalnum() or name != name.lower():
        sets = " or ".join(SETS)
        stanza.fail("id", f"'{name}' is not an id; write lower-case letters, digits and '-', and not {sets}")
    return name


def _zone(text: str) -> str:
    zone = parse_name(text).text
    if zone != text:
        raise CatalogueError(f"'{text}' is not canonical; write '{zone}'")
    return zone


def _families(stanza: Stanza, kind: Kind) -> frozenset[Family]:
    """A list that takes no addresses is about names."""
    asked = {Family.IPV4: stanza.flag("ipv4"), Family.IPV6: stanza.flag("ipv6")}
    addresses = frozenset(family for family, wanted in asked.items() if wanted)
    if bool(addresses) is (kind is Kind.DOMAIN) and kind is not Kind.ALLOW:
        flags = f"ipv4 = {stanza.flag('ipv4')}, ipv6 = {stanza.flag('ipv6')}"
        stanza.fail("kind", f"'{kind}' does not go with {flags}".lower())
    return addresses or frozenset({Family.NAME})


def _scope(stanza: Stanza, families: frozenset[Family]) -> Scope:
    scope = stanza.one_of("scope", Scope)
    if (scope is Scope.DOMAIN) is not (Family.NAME in families):
        stanza.fail("scope", f"'{scope}' does not go with what the list is asked about")
    return scope


def _codes(stanza: Stanza, severity: Severity, scope: Scope) -> tuple[Code, ...]:
    table = stanza.below("codes")
    codes = []
    for key in stanza.table("codes"):
        said = table.below(key)
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
        stanza.fail("codes", "is missing or empty; a list of the catalogue says what its answers mean")
    return tuple(codes)


def _refusals(stanza: Stanza) -> Iterator[tuple[Refusal, str]]:
    table = stanza.below("refusals")
    for key in stanza.table("refusals"):
        yield table.named(key, parse_refusal), table.text(key)


def _selftest(stanza: Stanza, families: frozenset[Family]) -> SelfTest:
    if not stanza.holds_table("selftest"):
        return NAMED_SELFTESTS[stanza.choice("selftest", tuple(NAMED_SELFTESTS))]
    kind = Kind.DOMAIN if Family.NAME in families else Kind.IP
    points = stanza.below("selftest")
    read = SelfTest(
        listed=points.read_each("listed", lambda text: parse_point(text, kind)),
        clear=points.read_each("clear", lambda text: parse_point(text, kind)),
    )
    points.finish()
    if not read.listed:
        points.fail("listed", 'is empty; where a list has no such point, write selftest = "none"')
    return read


def _pace(stanza: Stanza) -> Pace:
    pace = Pace(stanza.positive("per_second"), stanza.positive_whole("per_day"), stanza.positive_whole("interval_s"))
    stanza.finish()
    return pace


def _key(stanza: Stanza) -> KeyForm | None:
    if not stanza.table("key"):
        return None
    key = stanza.below("key")
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


def _link(stanza: Stanza, key: str) -> str:
    """A page of the operator; `{ip}` and `{domain}` stand for the target."""
    url = stanza.text(key, "")
    if url and not url.startswith(("https://", "http://")):
        stanza.fail(key, f"'{url}' is not a web address")
    if any(brace in url.replace("{ip}", "").replace("{domain}", "") for brace in "{}"):
        stanza.fail(key, f"'{url}' holds a placeholder other than {{ip}} and {{domain}}")
    return url


def _evidence(stanza: Stanza, sources: dict[str, str]) -> dict[str, tuple[str, ...]]:
    table = stanza.below("evidence")
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


def _require_evidence(stanza: Stanza, entry: CatalogueEntry) -> None:
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
            stanza.fail("evidence", f"says nothing of {constant}; name at least one of [sources]")
