"""Revisions: from nothing to the program's schema, once, and never backwards."""

import logging
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

import rblwatch
from rblwatch.core.settings import Secret
from rblwatch.store import migrations
from rblwatch.store.backends import backend_of
from rblwatch.store.database import Store
from rblwatch.store.errors import NewerDatabase, StoreError
from rblwatch.store.schema import metadata

ROOT = Path(rblwatch.__file__).parents[1]

_UPGRADE = """
import sys
from rblwatch.core.settings import Secret
from rblwatch.store import migrations
print("ready", flush=True)
sys.stdin.readline()
migrations.upgrade(Secret(sys.argv[1]))
"""

_OPEN = """
import sys
from rblwatch.core.settings import Secret
from rblwatch.store.database import Store
store = Store(Secret(sys.argv[1]))
store.open()
store.open_to_read()
store.close()
print(any(name.startswith("alembic") for name in sys.modules))
"""

#: All that makes a schema, as the database itself tells it.
_SQLITE = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name <> 'alembic_version'"
_POSTGRESQL = """
    SELECT 'column ' || table_name || '.' || column_name,
           concat_ws(' ', data_type, is_nullable, column_default, is_identity)
    FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name <> 'alembic_version'
    UNION SELECT 'constraint ' || conname, pg_get_constraintdef(oid)
    FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid IS DISTINCT FROM to_regclass('alembic_version')
    UNION SELECT 'index ' || indexname, indexdef
    FROM pg_indexes
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = backend_of(Secret(url)).writer()
    yield engine
    engine.dispose()


def shape(connection: Connection) -> dict[str, list[str]]:
    """Every table, column, constraint and index by name; the order of a definition's parts is free."""
    statement = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    return {
        row[0]: sorted(part.strip(" \t,)") for part in row[1].splitlines())
        for row in connection.execute(text(statement))
    }


def test_the_revisions_lead_to_the_schema_that_the_program_uses(url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        metadata.create_all(connection)
        wanted = shape(connection)
        metadata.drop_all(connection)
    migrations.upgrade(Secret(url))
    with engine.begin() as connection:
        assert shape(connection) == wanted
    assert len(wanted) > len(metadata.tables)


def test_the_program_knows_its_last_revision() -> None:
    assert ScriptDirectory.from_config(migrations._config()).get_current_head() == migrations.head()


def test_a_database_that_needs_no_upgrade_is_opened_without_alembic(url: str) -> None:
    migrations.upgrade(Secret(url))
    done = subprocess.run([sys.executable, "-c", _OPEN, url], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")


def test_an_upgrade_is_made_once(url: str) -> None:
    assert migrations.current(Secret(url)) is None
    for _ in range(2):
        migrations.upgrade(Secret(url))
        assert migrations.current(Secret(url)) == migrations.head() == "0001"


def test_programs_that_start_together_upgrade_once(url: str) -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _UPGRADE, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"\n")
        child.stdin.flush()
    for child in children:
        _, errors = child.communicate()
        assert (child.returncode, errors) == (0, b"")
    assert migrations.current(Secret(url)) == migrations.head()


def test_a_newer_database_is_refused_and_left_alone(url: str, engine: Engine) -> None:
    migrations.upgrade(Secret(url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        before = shape(connection)
    store = Store(Secret(url))
    for attempt in (store.open, store.open_to_read, lambda: migrations.upgrade(Secret(url))):
        with pytest.raises(
            NewerDatabase, match=r"newer than this program \(revision 9999; rblwatch .* knows up to 0001"
        ):
            attempt()
    store.close()
    assert migrations.current(Secret(url)) == "9999"
    with engine.begin() as connection:
        assert shape(connection) == before


def test_reading_makes_nothing_and_says_what_is_missing(url: str, tmp_path: Path) -> None:
    store = Store(Secret(url))
    with pytest.raises(StoreError, match=r"there is no database yet|the database is empty"):
        store.open_to_read()
    assert list(tmp_path.iterdir()) == []
    store.open()
    store.open_to_read()
    store.close()


def test_reading_an_older_database_asks_for_an_upgrade(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    migrations.upgrade(Secret(url))
    monkeypatch.setattr(migrations, "head", lambda: "0002")
    store = Store(Secret(url))
    with pytest.raises(StoreError, match=r"older than this program \(revision 0001, not 0002\).*rblwatch db upgrade"):
        store.open_to_read()
    store.close()


def test_an_upgrade_is_quiet(url: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.INFO)
    migrations.upgrade(Secret(url))
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")


def test_an_installed_program_brings_its_revisions_along(tmp_path: Path) -> None:
    """Built into a wheel, unpacked elsewhere, run from there."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    probe = "import rblwatch; print(rblwatch.__file__)\n" + _UPGRADE
    done = subprocess.run(
        [sys.executable, "-c", probe, f"sqlite:///{tmp_path}/rblwatch.db"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "installed")},
        input="\n",
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(str(tmp_path))
    assert migrations.current(Secret(f"sqlite:///{tmp_path}/rblwatch.db")) == migrations.head()
