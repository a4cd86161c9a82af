"""Backups: whole, alone under their name, and made while others write."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from rblwatch.core.settings import Secret
from rblwatch.store.backup import backup
from rblwatch.store.database import Store
from rblwatch.store.errors import StoreError
from rblwatch.store.repository import Repository
from tests.integration.store.samples import address, at, listing
from tests.support.postgres import PASSWORD, Postgres


def filled(store: Store) -> None:
    store.write_now(lambda repo: repo.add_targets([address(number) for number in range(500)], at(0)))
    store.write_now(lambda repo: repo.add_listings([listing(1)])[0])


def test_a_backup_is_a_database_of_its_own(tmp_path: Path) -> None:
    """It has what was committed when it was made, with nothing next to it, and is readable for this user only."""
    url = Secret(f"sqlite:///{tmp_path}/rblwatch.db")
    store = Store(url)
    store.open()
    filled(store)
    file = tmp_path / "backups" / "today.db"
    file.parent.mkdir()

    def job(repo: Repository) -> None:
        repo.add_targets([address(9999)], at(1))  # not committed yet
        backup(url, file)

    store.write_now(job)
    assert [path.name for path in file.parent.iterdir()] == ["today.db"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    copy = Store(Secret(f"sqlite:///{file}"))
    copy.open()
    assert copy.read_now(lambda queries: len(queries.targets())) == 500
    assert copy.read_now(lambda q: q.open_listings()) == store.read_now(lambda q: q.open_listings())
    copy.close()
    store.close()


def test_a_backup_of_postgresql_can_be_restored(postgres: Postgres, postgres_url: str, tmp_path: Path) -> None:
    store = Store(Secret(postgres_url))
    store.open()
    filled(store)
    file = tmp_path / "today.dump"
    backup(Secret(postgres_url), file)
    other = postgres.create_database()
    subprocess.run(["pg_restore", "--dbname", other, str(file)], check=True, capture_output=True)
    copy = Store(Secret(other))
    copy.open_to_read()
    assert copy.read_now(lambda q: q.counts()) == store.read_now(lambda q: q.counts())
    copy.close()
    store.close()


def test_the_password_is_on_no_command_line_and_in_no_message(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "pg_dump"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@" "$PGPASSWORD" >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    for url in (postgres_url, postgres_url.replace(f":{PASSWORD}", "") + f"?password={PASSWORD}"):
        with pytest.raises(StoreError, match=r"pg_dump failed: .* \*\*\*$") as caught:
            backup(Secret(url), tmp_path / "today.dump")
        assert PASSWORD not in str(caught.value)
        assert str(caught.value).count("***") == 1, "the environment has it, the command line does not"
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


def test_without_pg_dump_a_backup_says_what_is_missing(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match=r"needs its program pg_dump, which isn't here; install"):
        backup(Secret(postgres_url), tmp_path / "today.dump")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(store: Store, url: str, tmp_path: Path) -> None:
    filled(store)
    file = tmp_path / "today"
    file.write_text("yesterday")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StoreError, match="is there already, and is not overwritten"):
        backup(Secret(url), file)
    assert file.read_text() == "yesterday"
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_is_missing_is_said(store: Store, url: str, tmp_path: Path) -> None:
    filled(store)
    with pytest.raises(StoreError, match=r"/no/today: can't be written \(No such file or directory\)"):
        backup(Secret(url), tmp_path / "no" / "today")


def test_what_is_not_there_cannot_be_backed_up(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database to back up"):
        backup(Secret(f"sqlite:///{tmp_path}/rblwatch.db"), tmp_path / "today.db")
    assert list(tmp_path.iterdir()) == []
