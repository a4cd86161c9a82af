"""Lists of the catalogue, and of a configuration, as tables and JSON.

Owns what is shown of a list's description. Must not read any file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rblwatch.cli.styles import SEVERITIES
from rblwatch.cli.terminal import Cell, Row
from rblwatch.core.blocklist import Blocklist, Claim, Severity
from rblwatch.core.codes import code_key, refusal_key
from rblwatch.core.retired import Retired
from rblwatch.core.selection import CatalogueEntry

HEADER = ("LIST", "NAME", "ZONE", "KIND", "SEVERITY", "SCOPE", "FAMILIES", "ACCESS", "RECOMMENDED")
CODES_HEADER = ("CODES", "LABEL", "CLASS", "SEVERITY", "SCOPE", "MEANING")

_CODE_KEYS = ("codes", "label", "class", "severity", "scope", "meaning")
_OTHER_CODES = "any other"


def gravest(blocklist: Blocklist) -> Severity:
    """The worst severity that a listing on this list can have."""
    meanings = [row.meaning for row in blocklist.codes if row.meaning.claim is Claim.LISTED] or [blocklist.otherwise]
    return max((meaning.severity for meaning in meanings), key=lambda severity: severity.rank)


def overview(entry: CatalogueEntry) -> dict[str, object]:
    """A list in short."""
    blocklist = entry.blocklist
    return {
        "blocklist": blocklist.id,
        "name": blocklist.name,
        "zone": blocklist.shown_zone,
        "kind": blocklist.kind.value,
        "severity": gravest(blocklist).value,
        "scope": blocklist.scope.value,
        "families": sorted(family.value for family in blocklist.families),
        "access": entry.access.value,
        "recommended": entry.recommended,
    }


def overview_document(entry: CatalogueEntry) -> dict[str, object]:
    """A list in short, for programs: with who runs it, and how to get off."""
    blocklist = entry.blocklist
    more = {"operator": blocklist.operator or None, "delist_url": blocklist.delist_url or None}
    return overview(entry) | more | {"confidence": entry.confidence or None, "covered_by": entry.covered_by or None}


def burial(retired: Retired) -> dict[str, object]:
    """What is known of a list that must not be asked any more."""
    return {
        "blocklist": retired.id,
        "zone": retired.zone,
        "zones_below": retired.below,
        "retired": retired.fate.value,
        "since": retired.since,
        "replacement": retired.replacement or None,
        "note": retired.note or None,
        "confidence": retired.confidence or None,
        "evidence": list(retired.evidence),
    }


def description(entry: CatalogueEntry) -> dict[str, object]:
    """Everything about a list; `codes` are as in `code_rows`."""
    blocklist = entry.blocklist
    return {
        **overview(entry),
        "operator": blocklist.operator or None,
        "scope": blocklist.scope.value,
        "access": entry.access.value,
        "key": _key(entry),
        "policy": entry.policy or None,
        "per_second": blocklist.pace.per_second,
        "per_day": blocklist.pace.per_day,
        "interval_s": blocklist.pace.interval_s,
        "selftest_listed": [point.text for point in blocklist.selftest.listed if point.family in blocklist.families],
        "selftest_clear": [point.text for point in blocklist.selftest.clear if point.family in blocklist.families],
        "refusals": _refusals(entry),
        "codes": [dict(zip(_CODE_KEYS, row, strict=True)) for row in _codes(blocklist)],
        "expiry": entry.expiry or None,
        "note": blocklist.note or None,
        "doubt": entry.doubt or None,
        "covered_by": entry.covered_by or None,
        "lookup_url": blocklist.lookup_url or None,
        "delist_url": blocklist.delist_url or None,
        "homepage": entry.homepage or None,
        "confidence": entry.confidence or None,
        "evidence": list(dict.fromkeys(source for sources in entry.evidence.values() for source in sources)),
        "evidence_of": {constant: list(sources) for constant, sources in entry.evidence.items()},
    }


def _key(entry: CatalogueEntry) -> str | None:
    """For what a key is given, and whether there is one; never the key."""
    if entry.key is None:
        return None
    if entry.blocklist.keyed:
        return f"given, for '{entry.key.account}'"
    return f"needed, for '{entry.key.account}'" if entry.blocklist.lacks_key else f"possible, for '{entry.key.account}'"


def overview_row(entry: CatalogueEntry) -> Row:
    """A list in one line, under `HEADER`."""
    return [_severity_cell(name, value) for name, value in overview(entry).items()]


def description_rows(described: Mapping[str, object]) -> Iterator[Row]:
    """What is known of a list, one thing in a row; its codes apart."""
    for name, value in described.items():
        if name == "evidence_of" and isinstance(value, dict):
            yield from ((f"source of {constant}", _worded(texts)) for constant, texts in value.items())
        elif (name != "codes" and not (name == "evidence" and "evidence_of" in described)) and _worded(value):
            yield name, _severity_cell(name, value)


def code_rows(entry: CatalogueEntry) -> Iterator[Row]:
    """What the answers of a list mean, under `CODES_HEADER`."""
    for codes, label, claim, severity, scope, meaning in _codes(entry.blocklist):
        yield codes, label, claim, _severity_cell("severity", severity), scope, meaning


def _codes(blocklist: Blocklist) -> Iterator[tuple[str, str, str, str, str, str]]:
    said = [(code_key(row.match), row.meaning) for row in blocklist.codes]
    for codes, meaning in (*said, (_OTHER_CODES, blocklist.otherwise)):
        yield codes, meaning.label, meaning.claim.value, meaning.severity.value, meaning.scope.value, meaning.text


def _refusals(entry: CatalogueEntry) -> dict[str, str | None]:
    explained = dict(entry.refusals)
    found = {refusal_key(refusal): explained.get(refusal) for refusal in entry.blocklist.refusals}
    # What the list's own table names is none (Hostkarma, 127.0.0.1).
    named = {code_key(row.match) for row in entry.blocklist.codes}
    return {refusal: words for refusal, words in found.items() if refusal not in named}


def _severity_cell(name: str, value: object) -> Cell:
    return Cell(_worded(value), SEVERITIES[Severity(str(value))] if name == "severity" else "")


def _worded(value: object) -> str:
    """A value of a description for people."""
    match value:
        case bool():
            return "yes" if value else "no"
        case None:
            return ""
        case list():
            return ("; " if any(" " in str(element) for element in value) else ", ").join(map(str, value))
        case dict():
            return "; ".join(f"{key} ({_worded(words)})" if words else str(key) for key, words in value.items())
        case _:
            return str(value)
