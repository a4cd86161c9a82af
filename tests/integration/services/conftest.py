"""A database in a temporary folder for every test, and a log that must stay free of exceptions."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from rblwatch.core.settings import Secret
from rblwatch.store.database import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(Secret(f"sqlite:///{tmp_path}/rblwatch.db"))
    store.open()
    yield store
    store.close()


@pytest.fixture(autouse=True)
def nothing_was_raised(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a job's boundary caught and logged is a failure of the test, unless the test clears the log."""
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.exc_info] == []
    assert logging.getLogger("rblwatch").isEnabledFor(logging.ERROR)
