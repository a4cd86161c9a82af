"""Transactions, readers, and what is said when the world is broken."""

import os
import sqlite3
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy.exc import DataError

from rblwatch.core.settings import Secret
from rblwatch.store import postgres as postgres_module
from rblwatch.store import sqlite as sqlite_module
from rblwatch.store.database import Store
from rblwatch.store.errors import StoreError, StoreUnavailable
from rblwatch.store.queries import Queries
from rblwatch.store.repository import Repository
from tests.integration.store.samples import address, at, listing
from tests.support.endpoint import new_endpoint
from tests.support.postgres import PASSWORD, Postgres

NOBODY = 65534


@contextmanager
def opened(url: str) -> Iterator[Store]:
    store = Store(Secret(url))
    try:
        store.open()
        yield store
    finally:
        store.close()


def said(error: BaseException) -> str:
    """All that a log would show of an error."""
    return "".join(traceback.format_exception(error))


# Transactions.


async def test_jobs_are_awaited(store: Store) -> None:
    ids = await store.write(lambda repo: repo.add_targets([address(1)], at(0)))
    assert await store.read(lambda queries: queries.targets()) == ids


async def test_a_job_that_fails_leaves_nothing_and_the_next_one_works(store: Store) -> None:
    def job(repo: Repository) -> None:
        repo.add_targets([address(1)], at(0))
        raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        await store.write(job)
    assert await store.read(lambda queries: queries.targets()) == {}
    assert await store.write(lambda repo: repo.add_targets([address(2)], at(0)))


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError, match=r"cannot be written|read-only"):
        store.read_now(lambda queries: queries._connection.exec_driver_sql("DELETE FROM target"))


def test_a_reader_sees_one_moment_and_holds_up_no_writer(store: Store) -> None:
    def look(queries: Queries) -> tuple[int, int]:
        before = len(queries.targets())
        store.write_now(lambda repo: repo.add_targets([address(1)], at(0)))
        return before, len(queries.targets())

    assert store.read_now(look) == (0, 0)
    assert len(store.read_now(lambda queries: queries.targets())) == 1


def test_a_writer_holds_up_no_reader(store: Store) -> None:
    def job(repo: Repository) -> int:
        repo.add_targets([address(1)], at(0))
        return len(store.read_now(lambda queries: queries.targets()))

    assert store.write_now(job) == 0


def test_two_programs_that_read_and_then_write_lose_nothing(url: str) -> None:
    """Both read what the other wrote before, since a write transaction excludes other writers from its start."""
    with opened(url) as one, opened(url) as other:
        one.write_now(lambda repo: repo.add_listings([listing(1)])[0])

        def lengthen(repo: Repository) -> None:
            row = repo.listing(1)
            changed = listing(1, servers=(*row.servers, "again"))
            repo.update_listings([type(row)(**{name: getattr(changed, name) for name in row.__slots__} | {"id": 1})])

        def work(store: Store) -> None:
            for _ in range(25):
                store.write_now(lengthen)

        threads = [threading.Thread(target=work, args=(store,)) for store in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(one.write_now(lambda repo: repo.listing(1)).servers) == 1 + 50


# URLs.


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("rblwatch.db", "is not a database URL; write e.g."),
        ("postgresql://user:geheim@host:port/name", "is not a database URL; write e.g."),
        ("mysql://user:geheim@host/name", "'mysql' is not a kind of database that is supported; write e.g."),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "a database in memory remembers nothing"),
        ("sqlite:///rblwatch.db?geheim=1", "is a path and nothing else"),
        ("sqlite://geheim/rblwatch.db", "is a path and nothing else"),
    ],
)
def test_a_wrong_url_is_explained_and_not_quoted(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        Store(Secret(url))
    assert "geheim" not in said(caught.value)


# SQLite.


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rblwatch.db"


def refusal(url: str, kind: type[StoreError] = StoreError) -> str:
    """What is said by a database that cannot be opened."""
    with pytest.raises(kind) as caught, opened(url):
        pass
    assert type(caught.value) is kind
    return str(caught.value)


def test_sqlite_is_opened_for_safety(file: Path) -> None:
    with opened(f"sqlite:///{file}") as store:

        def pragmas(repo: Repository) -> list[object]:
            names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            return [repo._connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

        assert store.write_now(pragmas) == ["wal", 2, 1, 10_000]


def test_a_file_may_have_any_name(tmp_path: Path) -> None:
    name = "100% räblw?tch#1.db"
    with opened(f"sqlite:///{tmp_path}/{quote(name)}") as store:
        assert store.where == f"{tmp_path}/{name}"
        assert store.read_now(lambda queries: queries.targets()) == {}
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert refusal(f"sqlite:///{tmp_path}/var/rblwatch.db") == (
        f"{tmp_path}/var/rblwatch.db: there is no folder {tmp_path}/var that this user may enter; create it"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert "this is a folder" in refusal(f"sqlite:///{tmp_path}")


def test_a_file_of_something_else_is_no_database(file: Path) -> None:
    file.write_text("[[servers]]\nname = 'mx1'\n" * 100)
    assert "this file is not a database; point [database] url to another one" in refusal(f"sqlite:///{file}")
    assert file.read_text().startswith("[[servers]]")


@contextmanager
def somebody_else() -> Iterator[None]:
    """A user who owns nothing here; root may write everywhere, so root steps down for this."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody finds the way to, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="rblwatch-store-") as name:
        yield Path(name)


@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "message"),
    [
        (0o000, None, "that this user may enter"),
        (0o555, None, "may not write to the folder"),
        (0o777, 0o444, "may not read and write the file"),
    ],
)
def test_an_unwritable_path_is_said(folder: Path, folder_mode: int, file_mode: int | None, message: str) -> None:
    file = folder / "rblwatch.db"
    if file_mode is not None:
        file.touch(file_mode)
    folder.chmod(folder_mode)
    try:
        with somebody_else():
            told = refusal(f"sqlite:///{file}")
    finally:
        folder.chmod(0o700)
    assert message in told
    assert [path.name for path in folder.iterdir()] == ([] if file_mode is None else ["rblwatch.db"])


def test_a_full_disk_passes(file: Path) -> None:
    """The daemon tries again: nothing of the job was stored, reads go on, and with room the same job works."""
    with opened(f"sqlite:///{file}") as store:
        many = [address(number) for number in range(20_000)]

        def limit(pages: int) -> None:
            store.write_now(lambda repo: repo._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}"))

        limit(100)
        with pytest.raises(StoreUnavailable, match="the disk is full; make room"):
            store.write_now(lambda repo: repo.add_targets(many, at(0)))
        assert store.read_now(lambda queries: queries.targets()) == {}
        limit(1_000_000)
        assert len(store.write_now(lambda repo: repo.add_targets(many, at(0)))) == 20_000


def test_a_locked_database_passes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_module, "LOCK_WAIT_S", 0.1)
    with opened(f"sqlite:///{file}") as store:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="is another program writing to it"):
            store.write_now(lambda repo: repo.add_targets([address(1)], at(0)))
        assert store.read_now(lambda queries: queries.targets()) == {}
        other.close()
        assert store.write_now(lambda repo: repo.add_targets([address(1)], at(0)))


def test_a_damaged_database_is_said(file: Path) -> None:
    with opened(f"sqlite:///{file}") as store:
        store.write_now(lambda repo: repo.add_targets([address(number) for number in range(5_000)], at(0)))
    content = bytearray(file.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    file.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged; restore a backup") as caught, opened(f"sqlite:///{file}") as store:
        store.read_now(lambda queries: queries.targets())
    assert not isinstance(caught.value, StoreUnavailable)


# PostgreSQL.


def test_an_unreachable_server_passes() -> None:
    url = f"postgresql://rblwatch:{PASSWORD}@{new_endpoint(15309)}/rblwatch"
    told = refusal(url, StoreUnavailable)
    assert told.startswith("postgresql://rblwatch@127.")
    assert "the server can't be reached" in told


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((PASSWORD, "wrong-one"), "the server refused this user"),
        (("rblwatch:", "stranger:"), "the server refused this user"),
        (("/test_", "/other_"), "does not exist; create it, or change"),
        (("", "?sslmoed=require"), "has a parameter that is not understood"),
    ],
)
def test_a_server_that_refuses_us_does_not_pass(postgres_url: str, change: tuple[str, str], message: str) -> None:
    before, after = change
    url = postgres_url.replace(before, after) if before else postgres_url + after
    with pytest.raises(StoreError, match=message) as caught, opened(url):
        pass
    assert type(caught.value) is StoreError
    assert PASSWORD not in said(caught.value)
    assert "wrong-one" not in said(caught.value)


def test_too_few_rights_are_said(postgres_url: str) -> None:
    name = "guest_" + postgres_url.rpartition("/")[2]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'guest'".encode())
    told = refusal(postgres_url.replace(f"rblwatch:{PASSWORD}", f"{name}:guest"))
    assert "this user has too few rights (permission denied for schema public" in told


def test_a_mistake_of_this_program_is_no_trouble_with_the_database(postgres_url: str) -> None:
    """It must not be tried again and again: PostgreSQL's text holds no NUL, and no caller may hand one over."""
    with opened(postgres_url) as store:
        with pytest.raises(DataError):
            store.write_now(lambda repo: repo.add_blocklist("zen", "zen\0.example", at(0)))
        assert store.write_now(lambda repo: repo.blocklists()) == {}


def test_after_a_restart_of_postgresql_the_next_job_works_by_itself(postgres: Postgres, postgres_url: str) -> None:
    with opened(postgres_url) as store:
        store.write_now(lambda repo: repo.add_targets([address(1)], at(0)))
        assert len(store.read_now(lambda queries: queries.targets())) == 1
        postgres.stop()
        for _ in range(2):
            with pytest.raises(StoreUnavailable) as caught:
                store.write_now(lambda repo: repo.add_targets([address(2)], at(0)))
            assert PASSWORD not in said(caught.value)
            with pytest.raises(StoreUnavailable):
                store.read_now(lambda queries: queries.targets())
        postgres.start()
        store.write_now(lambda repo: repo.add_targets([address(2)], at(0)))
        assert len(store.read_now(lambda queries: queries.targets())) == 2


def test_a_connection_that_is_cut_in_the_middle_of_a_job_leaves_nothing_of_it(postgres_url: str) -> None:
    def job(repo: Repository) -> None:
        repo.add_targets([address(1)], at(0))
        with psycopg.connect(postgres_url, autocommit=True) as operator:
            operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        repo.add_targets([address(2)], at(0))

    with opened(postgres_url) as store:
        with pytest.raises(StoreUnavailable):
            store.write_now(job)
        assert store.write_now(lambda repo: repo.targets()) == {}


def test_a_writer_that_waits_too_long_for_another_gives_up(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_module, "LOCK_WAIT_S", 1)
    with opened(postgres_url) as one, opened(postgres_url) as other:

        def job(_: Repository) -> None:
            with pytest.raises(StoreUnavailable, match="lock timeout"):
                other.write_now(lambda repo: repo.targets())

        one.write_now(job)
        assert other.write_now(lambda repo: repo.targets()) == {}
