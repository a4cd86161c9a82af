"""The two databases that every promise of the store is tried on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rblwatch.core.settings import Secret
from rblwatch.store.database import Store


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
