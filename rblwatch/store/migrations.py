"""The schema's revisions, and the step from one to the next.

Owns Alembic. Revisions stand in `alembic/` at the top of a checkout, and inside the package once it is installed. An
upgrade is one write transaction, so two programs that start together upgrade once: the second waits, and finds it done.
Must not know what a revision does.
"""

from __future__ import annotations

import logging
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

import rblwatch
from rblwatch.core.settings import Secret
from rblwatch.store.backend import Backend
from rblwatch.store.backends import backend_of
from rblwatch.store.errors import NewerDatabase, StoreError
from rblwatch.store.holder import holder_of

# "Context impl SQLiteImpl" at every start tells an admin nothing.
logging.getLogger("alembic").setLevel(logging.WARNING)


def upgrade(url: Secret) -> None:
    """Bring a database to the revision of this program; made, if it is not there.

    Raises: StoreError, also where a daemon works on an older one; StoreUnavailable, NewerDatabase.
    """
    backend = backend_of(url)
    backend.prepare()
    engine = backend.writer()
    try:
        upgrade_with(backend, engine)
    finally:
        engine.dispose()


def current(url: Secret) -> str | None:
    """The revision of a database; None: it is not there, or empty.

    Raises: StoreError, StoreUnavailable.
    """
    backend = backend_of(url)
    if not backend.exists():
        return None
    engine = backend.reader()
    try:
        return revision_of(backend, engine)
    finally:
        engine.dispose()


def head() -> str:
    """The revision of this program."""
    revision = _scripts().get_current_head()
    assert revision is not None  # there is at least the first one
    return revision


def revision_of(backend: Backend, engine: Engine) -> str | None:
    """`current`, through an engine.

    Raises: StoreError, StoreUnavailable.
    """
    with backend.explained(), engine.begin() as connection:
        return _revision(connection)


def upgrade_with(backend: Backend, engine: Engine, *, is_daemon: bool = False) -> None:
    """`upgrade`, through an engine whose transactions exclude all other writers.

    A daemon takes its hold before it comes here: so whoever finds none in this transaction migrates under nobody.
    """
    with backend.explained(), engine.begin() as connection:
        revision = _revision(connection)
        _refuse_newer(backend, revision)
        if revision == head():
            return
        if revision is not None and not is_daemon and backend.is_held():
            raise StoreError(
                f"{backend.where}: {_older(revision)}, and a daemon works on it ({holder_of(backend, connection)}); "
                "stop the daemon first, and back the database up before you try again"
            )
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def require_head(backend: Backend, engine: Engine) -> None:
    """See that a database has the revision of this program.

    Raises: StoreError, StoreUnavailable, NewerDatabase.
    """
    revision = revision_of(backend, engine)
    _refuse_newer(backend, revision)
    if revision is None:
        raise StoreError(f"{backend.where}: the database is empty; `rblwatch run` or `rblwatch db upgrade` fills it")
    if revision != head():
        raise StoreError(
            f"{backend.where}: {_older(revision)}; back it up and run `rblwatch db upgrade`, or restart the daemon"
        )


def _older(revision: str) -> str:
    return f"the database is older than this program (revision {revision}, not {head()})"


def _refuse_newer(backend: Backend, revision: str | None) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if revision is not None and revision not in known:
        raise NewerDatabase(
            f"{backend.where}: the database is newer than this program (revision {revision}; rblwatch "
            f"{rblwatch.__version__} knows up to {head()}); "
            "install the version that wrote it, or restore an older backup"
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config(stdout=StringIO())
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    return config


def _folder() -> Path:
    package = Path(rblwatch.__file__).parent
    installed = package / "_alembic"
    return installed if installed.is_dir() else package.parent / "alembic"
