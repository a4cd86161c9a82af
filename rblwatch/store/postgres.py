"""PostgreSQL: a server, its locks and its errors.

Owns how connections are made (psycopg 3) and what PostgreSQL's errors mean. Writers exclude each other with an advisory
lock from their transaction's start, as SQLite's do; being the one daemon is an advisory lock of a session, on a
connection of its own. Needs PostgreSQL 14 or later, and no pooler in transaction mode in between. Must not know tables.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from rblwatch.store.backend import LOCK_WAIT_S, UNREGISTERED, Backend, Hold
from rblwatch.store.errors import StoreError, StoreUnavailable, Unregistered
from rblwatch.store.rows import DaemonRow

# Arbitrary numbers, that nobody else uses: "rblw" as bytes, and one more.
_WRITER_KEY = 0x72626C77
_DAEMON_KEY = _WRITER_KEY + 1
_READERS = 4

#: How a lock on one number of 64 bits is shown. Source: PostgreSQL documentation, `pg_locks`.
_IS_HELD = """
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = :key AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
"""

#: What an admin may override in the URL's query. A server that is gone without a word is noticed within a minute.
#: Source: PostgreSQL documentation, libpq "Parameter Key Words".
_PARAMETERS = {
    "application_name": "rblwatch",
    "connect_timeout": "5",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}

#: Classes and codes that may pass by themselves: connection, resources, intervention, system errors, serialization,
#: lock not available, read-only (a standby that is about to be promoted).
#: Source: PostgreSQL documentation, appendix A.
_PASSING = ("08", "40", "53", "57", "58", "55P03", "25006")


class PostgresBackend(Backend):
    """A database of a PostgreSQL server."""

    def __init__(self, url: URL) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        shown = URL.create("postgresql", username=url.username, host=url.host, port=url.port, database=url.database)
        self.where = shown.render_as_string()

    def prepare(self) -> None:
        """Nothing: the server says itself what is wrong."""

    def exists(self) -> bool:
        return True

    def writer(self) -> Engine:
        engine = self._engine(pool_size=1, max_overflow=0, pool_pre_ping=True, isolation_level="READ COMMITTED")
        _begin_with(
            engine, f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'", f"SELECT pg_advisory_xact_lock({_WRITER_KEY})"
        )
        return engine

    def reader(self) -> Engine:
        engine = self._engine(pool_size=_READERS, max_overflow=0, pool_pre_ping=True)
        _begin_with(engine, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return engine

    def hold(self, row: DaemonRow) -> Hold | None:
        hold = SessionHold(self._engine(poolclass=NullPool, isolation_level="AUTOCOMMIT"))
        return hold if hold.take() else None

    def is_held(self) -> bool:
        engine = self._engine(poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            return bool(connection.execute(text(_IS_HELD), {"key": _DAEMON_KEY}).scalar_one())

    def holder(self) -> str | None:
        return None

    def explain(self, error: BaseException) -> StoreError | None:
        if not isinstance(error, psycopg.Error):
            return None
        state, said = error.sqlstate, self._masked(" ".join(str(error).split()))
        if state is None:
            return self._explain_connecting(error, said)
        if state.startswith(_PASSING):
            return StoreUnavailable(f"{self.where}: the database can't be used now ({said})")
        if state == "23503":
            return Unregistered(f"{self.where}: {UNREGISTERED}")
        if state in ("42501", "3F000"):
            return StoreError(f"{self.where}: this user has too few rights ({said}); grant them, or use another user")
        if state == "42P01":
            return StoreError(f"{self.where}: a table is missing ({said}); `rblwatch db upgrade` makes it")
        if state.startswith(("28", "3D", "F0", "XX")):
            return StoreError(f"{self.where}: {said}")
        return None

    def backup(self, file: Path) -> None:
        program = shutil.which("pg_dump")
        if program is None:
            raise StoreError(
                f"{self.where}: a backup of PostgreSQL needs its program pg_dump, which isn't here; "
                "install the PostgreSQL client, or run pg_dump where it is"
            )
        query = {name: value for name, value in self._url.query.items() if name != "password"}
        source = self._url.set(drivername="postgresql", query=query)._replace(password=None)
        command = [program, "--format=custom", f"--file={file}", "--dbname", source.render_as_string()]
        environment = os.environ | ({"PGPASSWORD": password} if (password := self._password) else {})
        done = subprocess.run(  # noqa: S603 - our own command; the URL is the admin's
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StoreError(f"{self.where}: pg_dump failed: {self._masked(' '.join(done.stderr.split()))}")

    def keep_reserve(self, size: int) -> None:
        """None: the disk is the server's."""

    def shrink(self) -> None:
        """Nothing: the server looks after its own log, and after the room of deleted rows (autovacuum)."""

    def _explain_connecting(self, error: psycopg.Error, said: str) -> StoreError | None:
        """What the client says by itself: it can't connect, or has lost its connection."""
        if "invalid connection option" in said or "invalid URI query parameter" in said:
            return StoreError(f"{self.where}: [database] url has a parameter that is not understood ({said})")
        if "authentication failed" in said or "pg_hba.conf" in said or "no password supplied" in said:
            return StoreError(
                f"{self.where}: the server refused this user ({said}); is the password in [database] url right?"
            )
        if "does not exist" in said:
            return StoreError(f"{self.where}: {said}; create it, or change [database] url")
        if not isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
            return None
        return StoreUnavailable(f"{self.where}: the server can't be reached ({said}); is it running?")

    @property
    def _password(self) -> str | None:
        inside = self._url.query.get("password")
        return self._url.password or (inside if isinstance(inside, str) else None)

    def _masked(self, said: str) -> str:
        return said.replace(self._password, "***") if self._password else said

    def _engine(self, **options: Any) -> Engine:
        parameters = {name: value for name, value in _PARAMETERS.items() if name not in self._url.query}
        return create_engine(self._url, connect_args=parameters, hide_parameters=True, **options)


class SessionHold:
    """The right to be the daemon, as an advisory lock of one session; the server frees it when the session ends."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._session: tuple[int, datetime] | None = None
        """Process number and start of the session that had the lock last."""

    def take(self) -> bool:
        """Take the lock with a new session; False if another one has it."""
        connection = self._engine.connect()
        try:
            self._end_own_ghost(connection)
            taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _DAEMON_KEY}).scalar_one()
            if taken:
                own = text("SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()")
                pid, started_at = connection.execute(own).one()
                self._connection, self._session = connection, (pid, started_at)
        finally:
            if self._connection is not connection:
                connection.close()
        return bool(taken)

    def still_held(self) -> bool:
        return self._alive() or self.take()

    def release(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._session = None

    def _alive(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
            return True
        except DBAPIError:
            # Not used again: it would connect anew by itself, without the lock.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
            return False

    def _end_own_ghost(self, connection: Connection) -> None:
        """End our former session, which a server behind a broken network may still believe alive, with the lock."""
        if self._session is not None:
            ghost = text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE pid = :pid AND backend_start = :start"
            )
            connection.execute(ghost, {"pid": self._session[0], "start": self._session[1]})


def _begin_with(engine: Engine, *statements: str) -> None:
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)
