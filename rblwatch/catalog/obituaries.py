"""One `[[retired]]` of the catalogue.

Owns the schema of a list that must not be asked any more. Must not word what an admin is told: that is `core.retired`.
"""

from __future__ import annotations

import re

from rblwatch.catalog.row import CatalogueError, Row
from rblwatch.core.blocklist import Kind
from rblwatch.core.retired import Fate, Retired
from rblwatch.core.target import parse_name

_DATE = re.compile(r"(19|20)\d\d(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)


def read_retired(row: Row, sources: dict[str, str]) -> Retired:
    """Read a retired list; `sources` are those that its evidence may name.

    Raises: CatalogueError.
    """
    names = row.texts("evidence")
    for name in names:
        if name not in sources:
            row.fail("evidence", f"'{name}' is not one of [sources]")
    if not names:
        row.fail("evidence", "is empty; name at least one of [sources]")
    retired = Retired(
        id=row.read("id", _id),
        zone=row.read("zone", _zone),
        below=row.flag("below", default=False),
        fate=row.one_of("fate", Fate),
        since=row.read("since", _since),
        kind=row.one_of("kind", Kind, Kind.IP),
        asks=row.read("asks", _zone) if row.is_given("asks") else "",
        replacement=row.text("replacement", ""),
        note=row.text("note", ""),
        confidence=row.choice("confidence", ("high", "medium", "low")),
        evidence=tuple(sources[name] for name in names),
    )
    if retired.asks and not retired.covers(retired.asks):
        row.fail("asks", f"'{retired.asks}' is not a zone of this list")
    row.finish()
    return retired


def _id(text: str) -> str:
    if text != text.lower() or not text.isascii() or not text.replace("-", "").isalnum():
        raise CatalogueError(f"'{text}' is not an id; write lower-case letters, digits and '-'")
    return text


def _zone(text: str) -> str:
    zone = parse_name(text).text
    if zone != text:
        raise CatalogueError(f"'{text}' is not canonical; write '{zone}'")
    return zone


def _since(text: str) -> str:
    if not _DATE.fullmatch(text):
        raise CatalogueError(f"'{text}' is not a date; write '2024-06-05', '2024-06' or '2024'")
    return text
