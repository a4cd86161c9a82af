"""A copy of a database, made while others go on working.

Owns the safety of the file: it is never overwritten, never half there under its name, and read once before it counts.
"""

from __future__ import annotations

import os
from pathlib import Path

from rblwatch.core.settings import Secret
from rblwatch.store.backends import backend_of
from rblwatch.store.errors import StoreError


def backup(url: Secret, file: Path) -> None:
    """Write a copy of a database to a new file: a SQLite database, or PostgreSQL's custom dump (for `pg_restore`).

    Raises: StoreError, and no file is left.
    """
    backend = backend_of(url)
    if not backend.exists():
        raise StoreError(f"{backend.where}: there is no database to back up")
    part = file.with_name(file.name + ".part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StoreError(f"{part}: can't be written ({error.strerror}); choose another file or folder") from error
    try:
        backend.backup(part)
        _sync(part)
        os.link(part, file)  # unlike a rename, refuses to overwrite
        _sync(file.parent)
    except FileExistsError as error:
        raise StoreError(f"{file}: is there already, and is not overwritten; choose another name") from error
    except OSError as error:
        raise StoreError(f"{file}: the backup failed ({error.strerror}); choose another file or folder") from error
    finally:
        part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
