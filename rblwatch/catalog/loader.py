"""The catalogue: from the packaged `blocklists.toml` to values.

Owns the schema of that file, which the file's own header describes. Must not know what an admin configured, and
must stay quick to import: `rblwatch check` reads the catalogue at every start.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from ipaddress import IPv4Network

from rblwatch.catalog.row import CatalogueError, Row
from rblwatch.core.blocklist import (
    COMMON_REFUSALS,
    LISTING_RANGE,
    Blocklist,
    Claim,
    Code,
    Kind,
    Meaning,
    Pace,
    SelfTest,
    Severity,
)
from rblwatch.core.codes import NAMED_SELFTESTS, parse_code_key, parse_point
from rblwatch.core.selection import SETS, Access, Catalogue, CatalogueEntry
from rblwatch.core.target import Family, parse_name

SCHEMA = 1

_FILE = "blocklists.toml"
_UNEXPLAINED = "a code that this list's table does not explain"


def load_catalogue() -> Catalogue:
    """Read the catalogue that is packaged with the program.

    Raises: CatalogueError, which names the entry and the key; only a broken installation or a wrong edit gives it.
    """
    try:
        text = files("rblwatch.catalog").joinpath(_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{_FILE}: cannot be read: {error}; install the program again") from error
    return parse_catalogue(text)


def parse_catalogue(text: str) -> Catalogue:
    """Read a catalogue from the text of a TOML file.

    Raises: CatalogueError.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{_FILE}: {error}") from error
    top = Row(_FILE, document)
    if top.whole_number("schema") != SCHEMA:
        raise CatalogueError(f"{_FILE}: schema: is {document['schema']!r}, and this version reads {SCHEMA}")
    top.skip("compiled")
    sources = {name: top.rows("sources").text(name) for name in top.table("sources")}
    entries = dict(_distinct(_read_entry(row, sources) for row in top.array("list")))
    top.finish()
    return Catalogue(entries)


def _distinct(entries: Iterator[CatalogueEntry]) -> Iterator[tuple[str, CatalogueEntry]]:
    seen: set[str] = set()
    for entry in entries:
        if entry.blocklist.id in seen:
            raise CatalogueError(f"{_FILE}: {entry.blocklist.id}: id: stands twice")
        seen.add(entry.blocklist.id)
        yield entry.blocklist.id, entry


def _read_entry(row: Row, sources: dict[str, str]) -> CatalogueEntry:
    entry = CatalogueEntry(
        blocklist=_read_blocklist(row),
        recommended=row.flag("recommended"),
        access=row.one_of("access", Access),
        key_template=_key_template(row),
        policy=row.text("policy", ""),
        expiry=row.text("expiry", ""),
        homepage=_link(row, "homepage"),
        refusals=tuple((network, words) for network, words in _refusals(row)),
        confidence=row.choice("confidence", ("high", "medium", "low")),
        evidence=tuple(_source(row, name, sources) for name in row.texts("evidence")),
    )
    if not entry.evidence:
        row.fail("evidence", "is empty; name at least one of [sources]")
    row.finish()
    return entry


def _read_blocklist(row: Row) -> Blocklist:
    kind = row.one_of("kind", Kind)
    severity = row.one_of("severity", Severity)
    pace = row.rows("pace")
    read = Blocklist(
        id=_id(row),
        zone=row.read("zone", _zone),
        kind=kind,
        name=row.text("name"),
        operator=row.text("operator"),
        families=_families(row, kind),
        codes=_codes(row, severity),
        refusals=(*COMMON_REFUSALS, *(network for network, _ in _refusals(row))),
        otherwise=Meaning("listed", min(severity, Severity.MAJOR, key=lambda s: s.rank), text=_UNEXPLAINED),
        selftest=_selftest(row, kind),
        pace=Pace(pace.positive("per_second"), pace.positive_whole("per_day")),
        lookup_url=_link(row, "lookup_url"),
        delist_url=_link(row, "delist_url"),
        note=row.text("note", ""),
    )
    pace.finish()
    return read


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


def _codes(row: Row, severity: Severity) -> tuple[Code, ...]:
    table = row.rows("codes")
    codes = []
    for key in row.table("codes"):
        said = table.rows(key)
        meaning = Meaning(
            label=said.text("label"),
            severity=said.one_of("severity", Severity, severity),
            claim=said.one_of("class", Claim, Claim.LISTED),
            text=said.text("meaning"),
        )
        said.finish()
        codes.append(Code(table.named(key, parse_code_key), meaning))
    if not codes:
        row.fail("codes", "is missing or empty; a list of the catalogue says what its answers mean")
    return tuple(codes)


def _refusals(row: Row) -> Iterator[tuple[IPv4Network, str]]:
    table = row.rows("refusals")
    for key in row.table("refusals"):
        yield table.named(key, _refusal_range), table.text(key)


def _refusal_range(text: str) -> IPv4Network:
    try:
        network = IPv4Network(text)
    except ValueError as error:
        raise CatalogueError(f"is not an address or a CIDR range: {error}") from error
    if not network.subnet_of(LISTING_RANGE):
        raise CatalogueError(f"is outside {LISTING_RANGE}, where every answer is taken for no answer anyway")
    return network


def _selftest(row: Row, kind: Kind) -> SelfTest:
    if not row.holds_table("selftest"):
        return NAMED_SELFTESTS[row.choice("selftest", tuple(NAMED_SELFTESTS))]
    points = row.rows("selftest")
    read = SelfTest(
        listed=points.read_each("listed", lambda text: parse_point(text, kind)),
        clear=points.read_each("clear", lambda text: parse_point(text, kind)),
    )
    points.finish()
    if not read.listed:
        points.fail("listed", 'is empty; where a list has no such point, write selftest = "none"')
    return read


def _link(row: Row, key: str) -> str:
    """A page of the operator; `{ip}` and `{domain}` stand for the target."""
    url = row.text(key, "")
    if url and not url.startswith(("https://", "http://")):
        row.fail(key, f"'{url}' is not a web address")
    if any(brace in url.replace("{ip}", "").replace("{domain}", "") for brace in "{}"):
        row.fail(key, f"'{url}' holds a placeholder other than {{ip}} and {{domain}}")
    return url


def _key_template(row: Row) -> str:
    template = row.text("key_template", "")
    if template and template.count("{key}") != 1:
        row.fail("key_template", f"'{template}' does not hold {{key}} exactly once")
    return template


def _source(row: Row, name: str, sources: dict[str, str]) -> str:
    if name not in sources:
        row.fail("evidence", f"'{name}' is not one of [sources]")
    return sources[name]
