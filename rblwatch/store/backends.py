"""Which kind of database a URL names.

Owns the reading of database URLs. Must not open anything.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from rblwatch.core.settings import Secret
from rblwatch.store.backend import Backend
from rblwatch.store.errors import StoreError
from rblwatch.store.sqlite import SqliteBackend

_EXAMPLES = "write e.g. 'sqlite:////var/lib/rblwatch/rblwatch.db' or 'postgresql://rblwatch@db.example.org/rblwatch'"


def backend_of(url: Secret) -> Backend:
    """The backend of a database URL.

    Raises: StoreError, for a URL that names none; it never quotes the URL, which may hold a password.
    """
    parsed = _parse(url)
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return _sqlite(parsed)
    if kind in ("postgresql", "postgres"):
        from rblwatch.store.postgres import PostgresBackend  # noqa: PLC0415 - only who uses it pays for its driver

        return PostgresBackend(parsed)
    raise StoreError(f"[database] url: '{kind}' is not a kind of database that is supported; {_EXAMPLES}")


def _parse(url: Secret) -> URL:
    try:
        return make_url(url.reveal())
    except (ArgumentError, ValueError):
        # Not chained: the parser's own words quote the URL.
        raise StoreError(f"[database] url is not a database URL; {_EXAMPLES}") from None


def _sqlite(url: URL) -> Backend:
    if not url.database or url.database == ":memory:":
        raise StoreError(f"[database] url names no file, and a database in memory remembers nothing; {_EXAMPLES}")
    if url.query or url.host:
        raise StoreError(f"[database] url: a SQLite URL is a path and nothing else; {_EXAMPLES}")
    return SqliteBackend(Path(url.database))
