"""The catalogue: from the packaged `blocklists.toml` and `retired.toml` to values.

Owns the files' heads (their schema, their sources) and that no list stands twice; `entry` and `obituaries` read one
table each. docs/catalogue.md describes the schema for people. It is strict: a key that nobody asks for is an error, and
every error names the file, the entry and the key. Must not know what an admin configured, and must stay quick to
import: `rblwatch check` reads the catalogue at every start.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import TypeVar

from rblwatch.catalog.entry import read_entry
from rblwatch.catalog.obituaries import read_retired
from rblwatch.catalog.stanza import CatalogueError, Stanza
from rblwatch.core.retired import Retired
from rblwatch.core.selection import Catalogue, CatalogueEntry

SCHEMA = 2
BLOCKLISTS = "blocklists.toml"
RETIRED = "retired.toml"

R = TypeVar("R")


def load_catalogue() -> Catalogue:
    """Read the catalogue that is packaged with the program.

    Raises: CatalogueError, which names the entry and the key; only a broken installation or a wrong edit gives it.
    """
    entries = parse_blocklists(packaged(BLOCKLISTS))
    retired = parse_retired(packaged(RETIRED))
    for entry in entries.values():
        if entry.covered_by and entry.covered_by not in entries:
            raise CatalogueError(
                f"{BLOCKLISTS}: {entry.blocklist.id}: covered_by: '{entry.covered_by}' is no list here"
            )
    return Catalogue(entries, retired)


def packaged(file: str) -> str:
    """The text of one of the catalogue's files.

    Raises: CatalogueError.
    """
    try:
        return files("rblwatch.catalog").joinpath(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{file}: cannot be read: {error}; install the program again") from error


def parse_blocklists(text: str) -> dict[str, CatalogueEntry]:
    """Read the lists of a catalogue from the text of a TOML file, by id.

    Raises: CatalogueError.
    """
    entries = _parse(BLOCKLISTS, text, "list", read_entry)
    return dict(_distinct(BLOCKLISTS, "id", ((entry.blocklist.id, entry) for entry in entries)))


def parse_retired(text: str) -> tuple[Retired, ...]:
    """Read the retired lists from the text of a TOML file.

    Raises: CatalogueError.
    """
    found = tuple(_parse(RETIRED, text, "retired", read_retired))
    by_zone = dict(_distinct(RETIRED, "zone", ((retired.zone, retired) for retired in found)))
    return tuple(dict(_distinct(RETIRED, "id", ((retired.id, retired) for retired in by_zone.values()))).values())


def _parse(file: str, text: str, array: str, read: Callable[[Stanza, dict[str, str]], R]) -> Iterator[R]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{file}: {error}") from error
    top = Stanza(file, document)
    if top.whole_number("schema") != SCHEMA:
        raise CatalogueError(f"{file}: schema: is {document['schema']!r}, and this version reads {SCHEMA}")
    top.skip("compiled")
    sources = {name: top.below("sources").text(name) for name in top.table("sources")}
    for stanza in top.array(array):
        yield read(stanza, sources)
    top.finish()


def _distinct(file: str, key: str, found: Iterator[tuple[str, R]]) -> Iterator[tuple[str, R]]:
    seen: set[str] = set()
    for name, value in found:
        if name in seen:
            raise CatalogueError(f"{file}: {name}: {key}: stands twice")
        seen.add(name)
        yield name, value
