"""What the two databases have in common, as far as the rest of this package needs it.

Owns the shape of a backend and the choice of one by URL. Must not know tables.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from rblwatch.core.room import Room
from rblwatch.store.errors import StoreError, StoreUnavailable
from rblwatch.store.rows import DaemonRow

#: How long a transaction waits for another writer before it gives up.
LOCK_WAIT_S = 10

#: What a broken reference between rows means.
UNREGISTERED = "what was to be recorded is no longer registered; another configuration was put to work on this database"


class Hold(Protocol):
    """The right to be the one daemon of a database. The system gives it back when the process ends, however it ends."""

    def still_held(self) -> bool:
        """Whether the right is still ours; where it was lost and nobody has it, it is taken again.

        Raises: StoreUnavailable, while the database cannot be asked; Replaced, where it is another one now.
        """

    def release(self) -> None:
        """Give the right back."""


class Backend(ABC):
    """One kind of database, at one place."""

    where: str
    """The database as messages name it: never with a password."""

    @abstractmethod
    def prepare(self) -> None:
        """See that the database can be there, before it is opened for writing.

        Raises: StoreError.
        """

    @abstractmethod
    def exists(self) -> bool:
        """Whether there is a database at all; one that is only unreachable exists.

        Raises: StoreError, where there is something else in its place.
        """

    @abstractmethod
    def writer(self) -> Engine:
        """An engine with one connection, whose transactions exclude all other writers from their start."""

    @abstractmethod
    def reader(self) -> Engine:
        """An engine whose connections cannot write, and whose transactions see one moment."""

    @abstractmethod
    def hold(self, row: DaemonRow) -> Hold | None:
        """Take the right to be the daemon; None: another process has it."""

    @abstractmethod
    def is_held(self) -> bool:
        """Whether a process has the right to be the daemon."""

    @abstractmethod
    def holder(self) -> str | None:
        """Who has that right, as far as is known without reading the tables."""

    @abstractmethod
    def explain(self, error: BaseException) -> StoreError | None:
        """A driver's error in an admin's words; None for a mistake of this program."""

    @abstractmethod
    def backup(self, file: Path) -> None:
        """Write a copy of the database to a new file, while others go on working."""

    @abstractmethod
    def shrink(self) -> None:
        """Give back what the log has grown to, as far as nobody reads in it now; waits for nobody."""

    def room(self) -> Room | None:
        """The room on the database's disk; None: that is the server's business."""
        return None

    @abstractmethod
    def keep_reserve(self, size: int) -> None:
        """Have a file beside the database that takes up room, unless there is one."""

    def give_up_reserve(self) -> bool:
        """Remove it; False if there is none."""
        return False

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Raise what is wrong with the world as `StoreError`, and let mistakes of this program through as they are."""
        try:
            yield
        except DBAPIError as error:
            told = None if error.orig is None else self.explain(error.orig)
            if told is None:
                raise
            raise told from error
        except PoolTimeout as error:
            raise StoreUnavailable(f"{self.where}: every connection is in use; try again") from error
