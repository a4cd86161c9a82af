"""What can be wrong with a database, in an admin's words.

Owns the exceptions that leave this package. Messages name the database without its password, say what was found and
what to do.
"""

from __future__ import annotations

from rblwatch.core.errors import RblwatchError


class StoreError(RblwatchError):
    """The database cannot be used, and somebody has to do something about it."""


class StoreUnavailable(StoreError):
    """The database cannot be used now, and may be later by itself: unreachable, locked, out of space."""


class Unregistered(StoreError):
    """A target or list that was registered is gone: another configuration was put to work on this database."""


class Held(StoreError):
    """Another daemon works on this database."""


class Replaced(StoreError):
    """The file that was the database is gone, or another one stands in its place."""


class NewerDatabase(StoreError):
    """The database was written by a later version of the program."""


class AlreadyListed(StoreError):
    """The pair has an open listing; there is never a second one."""


class AlreadyOpen(StoreError):
    """The list has an open incident about these families; there is never a second one."""
