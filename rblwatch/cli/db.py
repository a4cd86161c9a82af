"""`rblwatch db`: the database's revision, and a copy of it."""

from __future__ import annotations

from pathlib import Path

import click

from rblwatch.cli.options import Format, Group, format_option, preferences
from rblwatch.cli.terminal import print_json, print_line, print_table
from rblwatch.configured import configure
from rblwatch.core.conclusion import Exit
from rblwatch.core.settings import Secret


@click.group("db", cls=Group)
def command() -> None:
    """Migrate the database, or copy it while others work on it."""


@command.command("upgrade")
@format_option()
def upgrade(layout: Format) -> int:
    """Bring the database to this program's revision; make it if it is not there. `run` and `sweep` do so, too."""
    from rblwatch.store import migrations  # noqa: PLC0415 - only this command pays for the database

    url = _url()
    before = migrations.current(url)
    migrations.upgrade(url)
    _print_revision(url, layout, {"before": before})
    return Exit.DONE


@command.command("current")
@format_option()
def current(layout: Format) -> int:
    """Show the database's revision and this program's; change nothing."""
    _print_revision(_url(), layout, {})
    return Exit.DONE


@command.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> int:
    """Copy the database to a new file while others work on it: SQLite's own format, or PostgreSQL's custom dump."""
    from rblwatch.store.backup import backup as copy  # noqa: PLC0415 - only this command pays for the database

    copy(_url(), file)
    print_line(f"{file}: {file.stat().st_size:,} bytes written")
    return Exit.DONE


def _url() -> Secret:
    return configure(preferences().config).settings.database_url


def _print_revision(url: Secret, layout: Format, more: dict[str, str | None]) -> None:
    from rblwatch.store import backends, migrations  # noqa: PLC0415 - only this command pays for the database

    found = {
        "database": backends.backend_of(url).where,
        "revision": migrations.current(url),
        "program": migrations.head(),
        **more,
    }
    if layout is Format.JSON:
        print_json(found)
    else:
        print_table([name.upper() for name in found], [[value or "none" for value in found.values()]])
