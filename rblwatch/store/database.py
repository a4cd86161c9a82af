"""The database as services see it: jobs in, values out.

Owns threads, connections and transactions. One writer thread, so that writers of this process wait for each other
without blocking the event loop; the database makes writers of other processes wait. Readers have connections of their
own that cannot write. A job is one transaction: when it raises, nothing of it is stored.

Must not know tables, nor what a job is for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from rblwatch.core.room import Room
from rblwatch.core.settings import Secret
from rblwatch.store import migrations
from rblwatch.store.backend import Hold
from rblwatch.store.backends import backend_of
from rblwatch.store.errors import Held, StoreError
from rblwatch.store.holder import holder_of
from rblwatch.store.queries import Queries
from rblwatch.store.repository import Repository
from rblwatch.store.rows import DaemonRow

T = TypeVar("T")

_READERS = 2


class Store:
    """One database. Jobs must be short: a writer holds up all others, and a reader lets SQLite's log grow.

    Whatever is wrong with the database is raised as StoreError, or as StoreUnavailable if it may pass by itself;
    after that the next job connects anew.
    """

    def __init__(self, url: Secret) -> None:
        self._backend = backend_of(url)
        self._writer = self._backend.writer()
        self._reader = self._backend.reader()
        self._writing = ThreadPoolExecutor(1, "store-writer")
        self._reading = ThreadPoolExecutor(_READERS, "store-reader")
        self._hold: Hold | None = None

    @property
    def where(self) -> str:
        """The database as messages name it: never with a password."""
        return self._backend.where

    def open(self) -> None:
        """Make the database ready for reading and writing: created if missing, migrated if older than the program.

        Raises: StoreError, also for an older one that a daemon works on; StoreUnavailable, NewerDatabase.
        """
        self._backend.prepare()
        self._in_writer(lambda: migrations.upgrade_with(self._backend, self._writer)).result()

    def open_as_daemon(self, row: DaemonRow) -> None:
        """Become the one daemon of the database, and only then make it ready, so that no other is working on it.

        Raises: Held, which says who is its daemon; StoreError, StoreUnavailable, NewerDatabase.
        """
        self._backend.prepare()
        if self._backend.exists():
            # No lock is left beside a file that is none of ours.
            migrations.revision_of(self._backend, self._reader)
        self._take(row)
        self._in_writer(lambda: migrations.upgrade_with(self._backend, self._writer, is_daemon=True)).result()
        self.write_now(lambda repo: repo.set_daemon(row))

    def open_to_read(self) -> None:
        """See that the database can be read; nothing is created or changed.

        Raises: StoreError, also for a missing database and for one that must be migrated first; StoreUnavailable,
        NewerDatabase.
        """
        if not self._backend.exists():
            raise StoreError(f"{self.where}: there is no database yet; `rblwatch run` or `rblwatch sweep` makes it")
        migrations.require_head(self._backend, self._reader)

    async def write(self, job: Callable[[Repository], T]) -> T:
        """Do a job in one write transaction; committed when this returns.

        Cancelling stops only a job that has not begun.
        """
        return await asyncio.wrap_future(self._in_writer(lambda: self._write(job)))

    async def read(self, job: Callable[[Queries], T]) -> T:
        """Do a job that sees the database as it is at one moment."""
        return await asyncio.wrap_future(self._reading.submit(self.read_now, job))

    def write_now(self, job: Callable[[Repository], T]) -> T:
        """`write`, for callers without an event loop; not from inside a job."""
        return self._in_writer(lambda: self._write(job)).result()

    def read_now(self, job: Callable[[Queries], T]) -> T:
        """`read`, for callers without an event loop."""
        with self._backend.explained(), self._reader.begin() as connection:
            return job(Queries(connection))

    def room(self) -> Room | None:
        """The room that is left on the database's disk; None: a server's, which looks after it itself."""
        return self._backend.room()

    def keep_reserve(self, size: int) -> None:
        """Have a file of so many bytes beside the database, to be given up when the disk is full."""
        self._backend.keep_reserve(size)

    def give_up_reserve(self) -> bool:
        """Give it up; False if there is none."""
        return self._backend.give_up_reserve()

    async def shrink(self) -> None:
        """Give back what the database's log has grown to, as far as nobody reads in it now.

        Raises: StoreError.
        """
        await asyncio.wrap_future(self._in_writer(self._shrink))

    def _shrink(self) -> None:
        with self._backend.explained():
            self._backend.shrink()

    def hold(self, row: DaemonRow) -> None:
        """Become the one daemon of this database, which is open, and say so in it.

        Raises: Held, which says who it is.
        """
        self._take(row)
        self.write_now(lambda repo: repo.set_daemon(row))

    def _take(self, row: DaemonRow) -> None:
        with self._backend.explained():
            hold = self._backend.hold(row)
            if hold is None:
                with self._reader.begin() as connection:
                    holder = holder_of(self._backend, connection)
                raise Held(
                    f"{self.where}: another daemon works on this database ({holder}); "
                    "stop it first, or give this one a database of its own"
                )
        self.let_go()
        self._hold = hold

    def still_held(self) -> bool:
        """Whether we are still the daemon of this database; blocks for as long as asking the database takes.

        Raises: StoreUnavailable, while the database cannot be asked; Replaced, where it is another one now.
        """
        with self._backend.explained():
            return self._hold is not None and self._hold.still_held()

    def let_go(self) -> None:
        """Be the daemon no longer."""
        if self._hold is not None:
            self._hold.release()
            self._hold = None

    def close(self) -> None:
        """Wait for the jobs that were given, and close every connection."""
        self._writing.shutdown()
        self._reading.shutdown()
        self.let_go()
        self._reader.dispose()
        self._writer.dispose()

    def _in_writer(self, job: Callable[[], T]) -> Future[T]:
        return self._writing.submit(job)

    def _write(self, job: Callable[[Repository], T]) -> T:
        with self._backend.explained(), self._writer.begin() as connection:
            return job(Repository(connection))
