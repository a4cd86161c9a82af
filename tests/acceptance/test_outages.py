"""A database that goes away while the daemon runs: it goes on, loses nothing, and tells when it is back."""

import resource
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from rblwatch.core.alert import Line
from tests.support.estate import Registered, chat_url
from tests.support.httpsink import HttpSink, Reply, Request
from tests.support.postgres import PASSWORD, USER, Postgres
from tests.support.program import Program
from tests.support.scene import MX1, MX2, MX3, ONE, TWO, Scene, new_scene
from tests.support.told import Told
from tests.support.waiting import eventually

#: A write waits so long for another writer. Source: `rblwatch.store.backend.LOCK_WAIT_S`.
LOCK_WAIT_S = 10.0
#: Source: the issue, "SIGTERM drains and exits within 10 s".
DRAINED_S = 10.0

ALL = [Told(Line.LISTED, MX2, "two"), Told(Line.LISTED, MX1, "one"), Told(Line.DELISTED, MX2, "two")]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """The world, over SQLite."""
    with new_scene(tmp_path) as scene:
        yield scene


@pytest.fixture
def remote(tmp_path: Path, postgres: Postgres, postgres_url: str) -> Iterator[Scene]:
    """The world, over PostgreSQL."""
    with new_scene(tmp_path, postgres_url) as scene:
        yield scene
    postgres.start()


class SlowChat(HttpSink):
    """A chat that answers a message when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = threading.Event()

    def take(self, request: Request) -> Reply:
        reply = super().take(request)
        self.may_answer.wait()
        return reply


def begin(scene: Scene) -> Program:
    """The daemon runs, and has told of one listing."""
    daemon = scene.start()
    scene.lists.list(TWO, MX2)
    scene.wait_until_told(Line.LISTED, MX2, "two")
    eventually(lambda: daemon.stderr.count("delivery.sent") == 2, 10, lambda: daemon.stderr)
    return daemon


def change(scene: Scene) -> None:
    """While the database is away: one more is listed, and the other delisted."""
    scene.lists.list(ONE, MX1)
    scene.lists.delist(TWO, MX2)


def assert_all_is_told_once(scene: Scene, daemon: Program) -> None:
    scene.wait_until_told(Line.LISTED, MX1)
    scene.wait_until_told(Line.DELISTED, MX2, "two")
    daemon.wait_for_line("sweep.finished", daemon.stderr.count("sweep.finished") + 2)
    assert daemon.running
    for recipient in ("chat", "mail"):
        assert sorted(scene.told(recipient), key=str) == sorted(ALL, key=str)
    assert "Traceback" not in daemon.stderr


def test_a_postgresql_that_is_away_for_a_while_loses_nothing(remote: Scene, postgres: Postgres) -> None:
    daemon = begin(remote)
    postgres.stop()
    change(remote)
    # The rarest of the jobs that run all the time has met it, too; it is the one that sees whether we still hold it.
    for noticed in ("sweep.unrecorded", "daemon.database_away job=deliver", "daemon.database_away job=beat"):
        daemon.wait_for_line(noticed)
    postgres.start()
    daemon.wait_for_line("daemon.database_back")
    assert_all_is_told_once(remote, daemon)
    # Each job says once that the database is away, however often it tries.
    assert daemon.stderr.count("daemon.database_away") <= 4
    assert PASSWORD not in daemon.stderr


def test_a_receipt_waits_for_the_database_so_that_nothing_is_told_twice(remote: Scene, postgres: Postgres) -> None:
    with SlowChat() as chat:
        remote.estate.channels = {"chat": chat_url(chat.endpoint)}
        daemon = remote.start()
        remote.lists.list(ONE, MX1)
        chat.wait_for_count(1)
        postgres.stop()
        chat.may_answer.set()
        daemon.wait_for_line("delivery.receipt_waits")
        postgres.start()
        daemon.wait_for_line("delivery.sent")
        daemon.wait_for_line("sweep.finished", daemon.stderr.count("sweep.finished") + 2)
        assert len(chat.received) == 1
        assert daemon.terminate(DRAINED_S) == 0
        assert remote.estate.read("deliveries")[0]["state"] == "sent"


@contextmanager
def locked_out(postgres: Postgres) -> Iterator[None]:
    """For a while the server refuses our user: somebody has to do something, and the daemon waits for that."""
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute(f"ALTER ROLE {USER} PASSWORD 'another'".encode())
        try:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            yield
        finally:
            admin.execute(f"ALTER ROLE {USER} PASSWORD '{PASSWORD}'".encode())


def test_a_reload_waits_for_a_database_that_refuses_us(remote: Scene, postgres: Postgres) -> None:
    daemon = remote.start()
    with locked_out(postgres):
        remote.estate.servers["mx3"] = Registered((MX3,))
        remote.lists.list(ONE, MX3)
        remote.estate.write()
        daemon.send(signal.SIGHUP)
        for noticed in ("reload.waits", "sweep.unrecorded", "daemon.database_away job=deliver"):
            daemon.wait_for_line(noticed)
    daemon.wait_for_line("reload.done servers=3")
    remote.wait_until_told(Line.LISTED, MX3)
    assert "Traceback" not in daemon.stderr


def test_the_daemon_ends_in_time_while_its_postgresql_is_away(remote: Scene, postgres: Postgres) -> None:
    daemon = remote.start()
    postgres.stop()
    daemon.wait_for_line("daemon.database_away")
    assert daemon.terminate(DRAINED_S) == 0
    assert "Traceback" not in daemon.stderr


def test_a_database_that_another_program_has_locked_loses_nothing(scene: Scene, tmp_path: Path) -> None:
    daemon = begin(scene)
    with closing(sqlite3.connect(tmp_path / "rblwatch.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        change(scene)
        daemon.wait_for_line("is another program writing to it?", timeout_s=LOCK_WAIT_S * 3)
        assert scene.estate.run("status").code == 1, "reading goes on"
        other.execute("ROLLBACK")
    assert_all_is_told_once(scene, daemon)


def test_a_full_disk_loses_nothing(scene: Scene, tmp_path: Path) -> None:
    """Played by a limit on how far any file of the daemon may grow; its log is shorter than the database's."""
    daemon = begin(scene)
    log = tmp_path / "rblwatch.db-wal"
    full = log.stat().st_size
    assert full > 4 * (daemon.cwd / "program.stderr").stat().st_size
    pid = daemon.child.pid
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (full, most))
    change(scene)
    said = daemon.wait_for_line("is the disk full or broken?")
    assert str(tmp_path / "rblwatch.db") in said
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
    assert_all_is_told_once(scene, daemon)
