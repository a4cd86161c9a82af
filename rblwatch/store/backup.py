"""A copy of a database, made while others go on working.

Owns the safety of the file: it never takes another one's place, is never half there under its name, and is read once
before it counts.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from rblwatch.core.settings import Secret
from rblwatch.store.backend import Backend
from rblwatch.store.backends import backend_of
from rblwatch.store.errors import StoreError


def backup(url: Secret, file: Path) -> None:
    """Write a copy of a database to a new file: a SQLite database, or PostgreSQL's custom dump (for `pg_restore`).

    Only this user may read the file. Raises: StoreError, and no file is left.
    """
    backend = backend_of(url)
    if not backend.exists():
        raise StoreError(f"{backend.where}: there is no database to back up")
    try:
        _copy(backend, file)
    except FileExistsError as error:
        raise StoreError(f"{file}: is there already, and is not overwritten; choose another name") from error
    except OSError as error:
        raise StoreError(f"{file}: can't be written ({error.strerror}); choose another file or folder") from error


def _copy(backend: Backend, file: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=f"{file.name}.", suffix=".part", dir=file.parent)
    os.close(handle)
    part = Path(name)
    try:
        backend.backup(part)
        _sync(part)
        os.link(part, file)  # unlike a rename, it refuses to overwrite
        _sync(file.parent)
    finally:
        part.unlink()


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
