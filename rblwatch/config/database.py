"""The database's address.

Owns which addresses are accepted and how one is shown. Must not open the database. An address may hold a password, so
no message quotes it, and what is shown has neither user nor query.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from rblwatch.config.problems import BadValue
from rblwatch.config.table import MASK
from rblwatch.core.settings import Secret

DEFAULT = "sqlite:///rblwatch.db"

_SQLITE = "sqlite:///"
_POSTGRESQL = re.compile(
    r"(?P<scheme>postgresql(?:\+psycopg)?)://"
    r"(?:(?P<user>[^@/?#]*)@)?(?P<host>[^@/?#:\[\]]*|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]{1,5})?"
    r"/(?P<name>[^@/?#]+)(?P<query>\?[^#]*)?",
    re.ASCII,
)
_FORMS = f"write {_SQLITE}FILE or postgresql://USER:PASSWORD@HOST/NAME"


def database_url(read_secret: Callable[[object], Secret], directory: Path) -> Callable[[object], Secret]:
    """A reader of the address; a relative SQLite file becomes relative to the configuration's directory."""

    def read(value: object) -> Secret:
        secret = read_secret(value)
        url = secret.reveal()
        if url.startswith("sqlite:"):
            return Secret(_sqlite(url, directory))
        if url.startswith("postgresql"):
            _require_postgresql(url)
            return secret
        hint = "postgres:// is written postgresql:// here; " if url.startswith("postgres:") else ""
        raise BadValue(f"is not the address of a database that is supported; {hint}{_FORMS}")

    return read


def shown(url: str) -> str:
    """The address for people: where the database is, not how one logs in."""
    match = _POSTGRESQL.fullmatch(url)
    if match is None:
        return url if url.startswith(_SQLITE) else MASK
    user = f"{MASK}@" if match["user"] is not None else ""
    query = f"?{MASK}" if match["query"] else ""
    return f"{match['scheme']}://{user}{match['host']}{match['port'] or ''}/{match['name']}{query}"


def _sqlite(url: str, directory: Path) -> str:
    if not url.startswith(_SQLITE):
        raise BadValue(f"has too few slashes; write {_SQLITE}FILE, or {_SQLITE}/FILE for an absolute path")
    file = url.removeprefix(_SQLITE)
    if not file or ":memory:" in file or file.startswith("file:"):
        raise BadValue(f"is a database in memory, which forgets everything at a restart; write {_SQLITE}FILE")
    if file.endswith("/"):
        raise BadValue(f"names a directory; write {_SQLITE}FILE")
    path = directory / file
    if "?" in str(path):
        raise BadValue("has a '?' in the file's path, which an address cannot hold; use another path")
    return f"{_SQLITE}{path}"


def _require_postgresql(url: str) -> None:
    match = _POSTGRESQL.fullmatch(url)
    if match is None:
        raise BadValue(
            "is not a PostgreSQL address; write postgresql://USER:PASSWORD@HOST/NAME, with special characters of the "
            "password as percent codes (%2F for '/', %40 for '@', %23 for '#', %3F for '?')"
        )
    if match["port"] and not 1 <= int(match["port"][1:]) <= 65_535:
        raise BadValue("has a port outside 1 to 65535")
