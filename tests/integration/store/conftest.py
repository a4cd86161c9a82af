"""The two databases that every promise of the store is tried on."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from rblwatch.core.settings import Secret
from rblwatch.store.database import Store
from tests.support.postgres import Postgres


@pytest.fixture(scope="session")
def shared_postgres_url(postgres: Postgres) -> str:
    """One database for all tests here: a new one for each would fill the disk."""
    postgres.start()
    return postgres.create_database()


@pytest.fixture
def postgres_url(postgres: Postgres, shared_postgres_url: str) -> str:
    """The URL of a PostgreSQL database that is empty."""
    postgres.start()
    with psycopg.connect(shared_postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")  # as in a new database
    return shared_postgres_url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that is not there yet (SQLite), or empty (PostgreSQL)."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/rblwatch.db"
    found = request.getfixturevalue("postgres_url")
    assert isinstance(found, str)
    return found


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An open database with nothing in it."""
    store = Store(Secret(url))
    store.open()
    yield store
    store.close()
