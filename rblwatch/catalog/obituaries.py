"""One `[[retired]]` of the catalogue.

Owns the schema of a list that must not be asked any more. Must not word what an admin is told: that is `core.retired`.
"""

from __future__ import annotations

import re

from rblwatch.catalog.stanza import CatalogueError, Stanza
from rblwatch.core.blocklist import Kind
from rblwatch.core.retired import Fate, Retired
from rblwatch.core.target import parse_name

_DATE = re.compile(r"(19|20)\d\d(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)


def read_retired(stanza: Stanza, sources: dict[str, str]) -> Retired:
    """Read a retired list; `sources` are those that its evidence may name.

    Raises: CatalogueError.
    """
    names = stanza.texts("evidence")
    for name in names:
        if name not in sources:
            stanza.fail("evidence", f"'{name}' is not one of [sources]")
    if not names:
        stanza.fail("evidence", "is empty; name at least one of [sources]")
    retired = Retired(
        id=stanza.read("id", _id),
        zone=stanza.read("zone", _zone),
        below=stanza.flag("below", default=False),
        fate=stanza.one_of("fate", Fate),
        since=stanza.read("since", _since),
        kind=stanza.one_of("kind", Kind, Kind.IP),
        asks=stanza.read("asks", _zone) if stanza.is_given("asks") else "",
        replacement=stanza.text("replacement", ""),
        note=stanza.text("note", ""),
        confidence=stanza.choice("confidence", ("high", "medium", "low")),
        evidence=tuple(sources[name] for name in names),
    )
    if retired.asks and not retired.covers(retired.asks):
        stanza.fail("asks", f"'{retired.asks}' is not a zone of this list")
    stanza.finish()
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
