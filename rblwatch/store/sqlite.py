"""SQLite: one file, its locks and its errors.

Owns how the file is opened (WAL, `BEGIN IMMEDIATE`, `synchronous=FULL`) and what SQLite's errors mean. Must not know
tables.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

from rblwatch.core.room import Room
from rblwatch.store.backend import LOCK_WAIT_S, UNREGISTERED, Backend, Hold
from rblwatch.store.errors import Replaced, StoreError, StoreUnavailable, Unregistered
from rblwatch.store.rows import DaemonRow

#: A reader that stays open lets the log grow; once it is gone, the file is cut down to this size again.
_LARGEST_IDLE_LOG_BYTES = 16 * 2**20
_READERS = 4
#: Whoever looks whether a daemon is there has its lock for an instant, which must keep no daemon from starting.
_TRIES, _TRY_AGAIN_S = 5, 0.02

_REMEDIES = {
    sqlite3.SQLITE_NOTADB: "this file is not a database; point [database] url to another one, or move it away",
    sqlite3.SQLITE_CORRUPT: "the database is damaged; restore a backup (`rblwatch db backup` makes them)",
    sqlite3.SQLITE_READONLY: "the database cannot be written; let this user write to the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened; let this user read and write the file and its folder",
    sqlite3.SQLITE_PERM: "the database cannot be opened; let this user read and write the file and its folder",
}
_PASSING = {
    sqlite3.SQLITE_BUSY: f"the database was locked for more than {LOCK_WAIT_S} s; is another program writing to it?",
    sqlite3.SQLITE_LOCKED: "the database is locked; is another program writing to it?",
    sqlite3.SQLITE_FULL: "the disk is full; make room",
    sqlite3.SQLITE_IOERR: "reading or writing failed; is the disk full or broken?",
    sqlite3.SQLITE_PROTOCOL: "the database is locked; is another program writing to it?",
}


class SqliteBackend(Backend):
    """A database in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self.where = str(self._path)

    def prepare(self) -> None:
        folder = self._path.parent
        if not _may(folder, os.X_OK):
            raise StoreError(f"{self.where}: there is no folder {folder} that this user may enter; create it")
        self._refuse_folder()
        if not _may(folder, os.W_OK):
            raise StoreError(f"{self.where}: this user may not write to the folder {folder}, and SQLite needs to")
        if self.exists() and not _may(self._path, os.R_OK | os.W_OK):
            raise StoreError(f"{self.where}: this user may not read and write the file; change its owner or mode")

    def exists(self) -> bool:
        self._refuse_folder()
        return _may(self._path, os.F_OK)

    def writer(self) -> Engine:
        engine = self._engine("rwc", connections=1)

        @event.listens_for(engine, "connect")
        def _prepare(connection: sqlite3.Connection, _: Any) -> None:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA journal_size_limit = {_LARGEST_IDLE_LOG_BYTES}")

        _begin_with(engine, "BEGIN IMMEDIATE")
        return engine

    def reader(self) -> Engine:
        engine = self._engine("ro", connections=_READERS)
        _begin_with(engine, "BEGIN")
        return engine

    def hold(self, row: DaemonRow) -> Hold | None:
        try:
            return FileHold.take(self._path, self._lock_path, row)
        except OSError as error:
            raise StoreError(
                f"{self._lock_path}: can't be locked ({error.strerror}); let this user write it"
            ) from error

    def is_held(self) -> bool:
        try:
            return FileHold.is_taken(self._lock_path)
        except OSError as error:
            raise StoreError(f"{self._lock_path}: can't be read ({error.strerror}); let this user read it") from error

    def holder(self) -> str | None:
        try:
            held = json.loads(self._lock_path.read_text())
            return f"host {held['host']}, process {held['pid']}, since {held['started_at']}"
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def explain(self, error: BaseException) -> StoreError | None:
        code = getattr(error, "sqlite_errorcode", None)
        if not isinstance(error, sqlite3.Error) or code is None:
            return None
        if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
            return Unregistered(f"{self.where}: {UNREGISTERED}")
        primary = code & 0xFF  # the rest refines it. Source: sqlite.org/rescode.html
        if primary in _PASSING:
            return StoreUnavailable(f"{self.where}: {_PASSING[primary]} (SQLite: {error})")
        if primary in _REMEDIES:
            return StoreError(f"{self.where}: {_REMEDIES[primary]} (SQLite: {error})")
        return None

    def backup(self, file: Path) -> None:
        try:
            with closing(self._connect("ro")) as source, closing(sqlite3.connect(file)) as copy:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, that needs nothing next to it
                found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        except sqlite3.Error as error:
            raise self.explain(error) or StoreError(f"{self.where}: the backup failed ({error})") from error
        if found != "ok":
            raise StoreError(f"{self.where}: the copy is damaged, and so is probably the database ({found})")

    def shrink(self) -> None:
        try:
            with closing(self._connect("rw", wait_s=0)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise self.explain(error) or StoreError(f"{self.where}: its log can't be cut down ({error})") from error

    def room(self) -> Room | None:
        try:
            disk = os.statvfs(self._path.parent)
        except OSError:
            return None
        return Room(disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize)

    def keep_reserve(self, size: int) -> None:
        if size <= 0 or self._reserve_path.exists():
            return
        # Without room or rights there is none: it is a help, and nothing depends on it.
        with suppress(OSError):
            file = os.open(self._reserve_path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, size)
            except OSError:
                self._reserve_path.unlink()
                raise
            finally:
                os.close(file)

    def give_up_reserve(self) -> bool:
        try:
            self._reserve_path.unlink()
        except OSError:
            return False
        return True

    @property
    def _reserve_path(self) -> Path:
        return self._path.with_name(self._path.name + ".reserve")

    def _refuse_folder(self) -> None:
        if _may(self._path, os.F_OK) and self._path.is_dir():
            raise StoreError(f"{self.where}: this is a folder; [database] url must name a file in it")

    @property
    def _lock_path(self) -> Path:
        return self._path.with_name(self._path.name + ".lock")

    def _engine(self, mode: str, *, connections: int) -> Engine:
        return create_engine(
            "sqlite://",
            creator=lambda: self._connect(mode),
            poolclass=QueuePool,
            pool_size=connections,
            max_overflow=0,
            hide_parameters=True,
        )

    def _connect(self, mode: str, *, wait_s: float = LOCK_WAIT_S) -> sqlite3.Connection:
        uri = f"file:{quote(str(self._path))}?mode={mode}"
        # No isolation level: transactions are begun here, not by the driver.
        return sqlite3.connect(uri, uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False)


class FileHold:
    """The right to be the daemon, as a lock on a file next to the database; the kernel frees it with the process.

    Files can be removed and replaced while they are open: what we have open then is nobody else's database any more.
    """

    def __init__(self, file: int, path: Path, database: Path) -> None:
        self._file: int | None = file
        self._path = path
        self._database = database
        self._identity: _Identity | None = None

    @classmethod
    def take(cls, database: Path, path: Path, row: DaemonRow) -> FileHold | None:
        """Lock the file and write into it who has it; None: another process has it."""
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _locked(file, fcntl.LOCK_EX, _TRIES):
            os.close(file)
            return None
        held = {"host": row.host, "pid": row.pid, "started_at": row.started_at.isoformat(timespec="seconds")}
        os.ftruncate(file, 0)
        os.write(file, json.dumps(held).encode())
        return cls(file, path, database)

    @classmethod
    def is_taken(cls, path: Path) -> bool:
        """Whether a process has the lock; to find that out is to have it for an instant, side by side with others."""
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not _locked(file, fcntl.LOCK_SH, 1)
        finally:
            os.close(file)

    def still_held(self) -> bool:
        if self._file is None:
            return False
        database = _identity(self._database)
        if database is None or database != (self._identity or database):
            raise Replaced(
                f"{self._database}: the database was removed or replaced while the daemon worked on it; start the "
                "daemon again, so that it works on what is there now"
            )
        self._identity = database
        return _identity(self._path) == _identity(self._file)

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


#: What tells a file from all others, whatever it is called.
_Identity = tuple[int, int]


def _identity(file: Path | int) -> _Identity | None:
    """Which file this is; None: there is none."""
    try:
        found = os.stat(file)  # noqa: PTH116 - of an open file, too
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreUnavailable(f"{file}: can't be looked at ({error.strerror})") from error
    return found.st_dev, found.st_ino


def _locked(file: int, kind: int, tries: int) -> bool:
    for _ in range(tries):
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(_TRY_AGAIN_S)
    return False


def _begin_with(engine: Engine, statement: str) -> None:
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=True)
