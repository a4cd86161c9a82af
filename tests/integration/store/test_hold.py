"""One daemon per database."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rblwatch.core.settings import Secret
from rblwatch.store import migrations
from rblwatch.store.database import Store
from rblwatch.store.errors import Held, Replaced, StoreError, StoreUnavailable
from rblwatch.store.postgres import SessionHold
from tests.integration.store.samples import at, daemon
from tests.support.postgres import Postgres
from tests.support.waiting import eventually

#: A daemon that takes its place and then does nothing.
_HOLDER = """
import sys, time
from rblwatch.core.settings import Secret
from rblwatch.store.database import Store
from tests.integration.store.samples import daemon
import os
store = Store(Secret(sys.argv[1]))
store.open_as_daemon(daemon("daemon:killed", pid=os.getpid()))
print("held", flush=True)
time.sleep(600)
"""


@contextmanager
def another(url: str) -> Iterator[Store]:
    store = Store(Secret(url))
    store.open()
    try:
        yield store
    finally:
        store.close()


def test_a_second_daemon_is_told_who_holds_the_database(store: Store, url: str) -> None:
    store.hold(daemon("daemon:one", pid=4711))
    assert store.still_held()
    assert store.read_now(lambda queries: queries.daemon()) == daemon("daemon:one", pid=4711)
    with another(url) as second:
        with pytest.raises(Held) as caught:
            second.hold(daemon("daemon:two"))
        assert not second.still_held()
    assert str(caught.value) == (
        f"{store.where}: another daemon works on this database (host mail.example, process 4711, since "
        "2025-06-01T10:00:00+00:00); stop it first, or give this one a database of its own"
    )
    assert store.still_held()
    assert store.read_now(lambda queries: queries.daemon()) == daemon("daemon:one", pid=4711)


@contextmanager
def a_newer_program(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """For a while this program knows a later revision; the list has every upgrade that it makes."""
    made: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "head", lambda: "0002")
        patch.setattr("alembic.command.upgrade", lambda _, revision: made.append(revision))
        yield made


def test_nobody_upgrades_a_database_under_its_daemon(store: Store, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store.hold(daemon("daemon:older", pid=4711))
    newer = Store(Secret(url))
    with a_newer_program(monkeypatch) as upgrades:
        for attempt in (newer.open, lambda: migrations.upgrade(Secret(url))):
            with pytest.raises(StoreError) as caught:
                attempt()
            assert str(caught.value) == (
                f"{store.where}: the database is older than this program (revision 0001, not 0002), and a daemon works "
                "on it (host mail.example, process 4711, since 2025-06-01T10:00:00+00:00); stop the daemon first, and "
                "back the database up before you try again"
            )
        with pytest.raises(Held, match=r"another daemon works on this database .*process 4711"):
            newer.open_as_daemon(daemon("daemon:newer"))
        assert upgrades == []
        store.let_go()
        newer.open()
        newer.open_as_daemon(daemon("daemon:newer"))
        assert upgrades == ["head", "head"]
    newer.close()


def test_commands_that_need_no_upgrade_get_along_with_the_daemon(store: Store, url: str) -> None:
    store.hold(daemon("daemon:one"))
    with another(url) as second:
        second.open_to_read()
    migrations.upgrade(Secret(url))
    assert store.still_held()


def test_a_daemon_whose_tables_are_of_another_version_is_still_noticed(store: Store, url: str) -> None:
    store.hold(daemon("daemon:one", pid=4711))
    with store._writer.begin() as connection:
        connection.execute(text("ALTER TABLE daemon RENAME TO demon"))
    other = Store(Secret(url))
    # SQLite has the name in the lock, PostgreSQL in the table.
    with pytest.raises(Held, match=r"another daemon works on this database \((host|it has not said yet who it is)"):
        other.open_as_daemon(daemon("daemon:two"))
    other.close()


def test_looking_for_a_daemon_leaves_no_lock_and_takes_none(store: Store, url: str, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    assert not store._backend.is_held()
    assert set(tmp_path.iterdir()) == before
    store.hold(daemon("daemon:one"))
    assert store._backend.is_held()
    assert store.still_held()
    with another(url) as second:
        store.let_go()
        assert not store._backend.is_held()
        second.hold(daemon("daemon:two"))
        assert store._backend.is_held()


def test_a_daemon_that_ends_makes_room(store: Store, url: str) -> None:
    store.hold(daemon("daemon:one"))
    store.let_go()
    assert not store.still_held()
    with another(url) as second:
        second.hold(daemon("daemon:two"))
        assert second.still_held()
        with pytest.raises(Held):
            store.hold(daemon("daemon:one"))
    store.hold(daemon("daemon:three"))  # closing lets go as well


def test_kill_9_makes_room(store: Store, url: str) -> None:
    with subprocess.Popen([sys.executable, "-c", _HOLDER, url], stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "held\n"
            with pytest.raises(Held, match=f"process {child.pid}"):
                store.hold(daemon("daemon:next", pid=os.getpid()))
        finally:
            child.send_signal(signal.SIGKILL)

    def taken() -> bool:
        try:
            store.hold(daemon("daemon:next", pid=os.getpid()))
        except Held:
            return False
        return True

    eventually(taken, message="the dead daemon's hold is gone")


def test_a_daemon_says_that_it_is_alive_until_another_takes_its_place(store: Store) -> None:
    store.hold(daemon("daemon:one"))
    assert store.write_now(lambda repo: repo.beat("daemon:one", at(5)))
    found = store.read_now(lambda queries: queries.daemon())
    assert found is not None
    assert (found.beat_at, found.started_at) == (at(5), at(0))
    assert not store.write_now(lambda repo: repo.beat("daemon:two", at(6)))


def test_a_hold_is_taken_again_after_a_restart_of_postgresql(postgres: Postgres, postgres_url: str) -> None:
    with another(postgres_url) as store, another(postgres_url) as second:
        store.hold(daemon("daemon:one"))
        postgres.stop()
        with pytest.raises(StoreUnavailable):
            store.still_held()
        postgres.start()
        assert store.still_held()
        with pytest.raises(Held):
            second.hold(daemon("daemon:two"))


def test_a_hold_that_another_daemon_took_meanwhile_is_lost(postgres: Postgres, postgres_url: str) -> None:
    with another(postgres_url) as store, another(postgres_url) as second:
        store.hold(daemon("daemon:one"))
        postgres.stop()
        postgres.start()
        second.hold(daemon("daemon:two"))
        assert not store.still_held()
        assert second.still_held()


def test_our_own_dead_session_does_not_keep_us_out(postgres_url: str) -> None:
    """Behind a broken network the server may believe for long that the session is alive, and keep its lock."""
    with another(postgres_url) as store:
        store.hold(daemon("daemon:one"))
        hold = store._hold
        assert isinstance(hold, SessionHold)
        ghost, hold._connection = hold._connection, None
        assert ghost is not None
        assert store.still_held()
        with pytest.raises(DBAPIError):
            ghost.execute(text("SELECT 1"))
        ghost.close()


def test_a_daemon_notices_that_its_file_was_replaced(tmp_path: Path) -> None:
    """What is open is a file without a name then: nobody will ever read what is written to it."""
    file = tmp_path / "rblwatch.db"
    store = Store(Secret(f"sqlite:///{file}"))
    store.open_as_daemon(daemon("daemon:one"))
    try:
        assert store.still_held()
        copy = file.with_name("copy.db")
        copy.write_bytes(file.read_bytes())
        copy.replace(file)
        with pytest.raises(Replaced, match=r"removed or replaced.*start the daemon again"):
            store.still_held()
        file.unlink()
        with pytest.raises(Replaced):
            store.still_held()
    finally:
        store.close()


def test_a_lock_that_was_removed_is_taken_again_and_keeps_others_out(tmp_path: Path) -> None:
    file = tmp_path / "rblwatch.db"
    store = Store(Secret(f"sqlite:///{file}"))
    store.open_as_daemon(daemon("daemon:one"))
    try:
        file.with_name(f"{file.name}.lock").unlink()
        assert not store.still_held()
        store.hold(daemon("daemon:one"))
        assert store.still_held()
        with another(f"sqlite:///{file}") as second, pytest.raises(Held):
            second.hold(daemon("daemon:two"))
    finally:
        store.close()
