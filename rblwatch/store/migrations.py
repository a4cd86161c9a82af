"""The schema's revisions, and the step from one to the next.

Owns Alembic. Revisions stand in `alembic/` at the top of a checkout, and inside the package once it is installed. An
upgrade is one write transaction, so two programs that start together upgrade once: the second waits, and finds it done.
Alembic takes long to import, so whoever finds the database as it should be does without it. Must not know what a
revision does.
"""

from __future__ import annotations

import logging
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

import rblwatch
from rblwatch.core.settings import Secret
from rblwatch.store.backend import Backend
from rblwatch.store.backends import backend_of
from rblwatch.store.errors import NewerDatabase, StoreError
from rblwatch.store.holder import holder_of

if TYPE_CHECKING:
    from alembic.config import Config

# "Context impl SQLiteImpl" at every start tells an admin nothing.
logging.getLogger("alembic").setLevel(logging.WARNING)

#: The last one in `alembic/versions/`, which leads to the tables in `schema.py`; a test compares all three.
_HEAD = "0001"


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
    return _HEAD


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
        _upgrade(connection)


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


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refuse_newer(backend: Backend, revision: str | None) -> None:
    if revision not in (None, head()) and revision not in _known():
        raise NewerDatabase(
            f"{backend.where}: the database is newer than this program (revision {revision}; rblwatch "
            f"{rblwatch.__version__} knows up to {head()}); "
            "install the version that wrote it, or restore an older backup"
        )


def _revision(connection: Connection) -> str | None:
    """What Alembic has noted."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return revision if isinstance(revision, str) else None


def _known() -> set[str]:
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config(stdout=StringIO())
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    return config


def _folder() -> Path:
    package = Path(rblwatch.__file__).parent
    installed = package / "_alembic"
    return installed if installed.is_dir() else package.parent / "alembic"
