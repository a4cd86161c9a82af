"""`rblwatch sweep` over one database, several times: it counts the same, and writes nothing where nothing is new."""

import sqlite3
from contextlib import closing

from tests.acceptance.conftest import Install
from tests.support.installation import CHANNELS, Installation
from tests.support.rbldnsd import Rbldnsd

Row = tuple[object, ...]


def test_three_sweeps_in_a_row_count_the_same(rbldnsd: Rbldnsd, install: Install) -> None:
    zones = [rbldnsd.zone(f"bl{number}.example", listed=["198.18.2.0/28"]) for number in range(3)]
    names = {zone.name.removesuffix(".example"): zone.name for zone in zones}
    installed = install(servers={"mx1": ("198.18.2.0/27",)}, customs=names)
    swept = [installed.read("sweep") for _ in range(3)]
    assert [(code, one["listed"], one["unknown"]) for code, one in swept] == [(1, 16 * 3, 0)] * 3
    assert [len(one["transitions"]) for _, one in swept] == [16 * 3, 0, 0]
    assert [one["deliveries"]["sent"] for _, one in swept] == [2, 0, 0]
    assert installed.counts == dict.fromkeys(CHANNELS, 1)
    # A file that has lost its servers ends none of them, whoever reads it.
    installed.servers.clear()
    for command in ("sweep", "run"):
        refused = installed.run(command)
        assert (refused.code, "servers: there is none, and the database holds 48 open listings" in refused.stderr) == (
            2,
            True,
        )
    assert [one["ended_by"] for one in installed.read("history")[1]] == [None] * 48


def test_a_sweep_with_nothing_new_writes_no_row_per_pair(rbldnsd: Rbldnsd, install: Install) -> None:
    """200 servers on 20 lists: 4,000 pairs, and not one row for any of them."""
    for number in range(20):
        rbldnsd.zone(f"bl{number}.example")
    names = {name.removesuffix(".example"): name for name in rbldnsd.zones}
    servers = {f"mx{number}": (f"198.18.3.{number}",) for number in range(200)}
    installed = install(servers=servers, customs=names)
    code, swept = installed.read("sweep")
    assert (code, swept["targets"], swept["blocklists"], swept["listed"]) == (0, 200, 20, 0)
    before = rows_of(installed)
    assert sum(len(rows) for rows in before.values()) < 200 + 3 * 20 + 10
    assert (before["pair"], before["listing"], before["news"]) == ([], [], [])

    code, swept = installed.read("sweep")
    assert (code, swept["listed"]) == (0, 0)
    after = rows_of(installed)
    assert {table: len(rows) for table, rows in after.items()} == {table: len(rows) for table, rows in before.items()}
    changed = {table for table, rows in after.items() if rows != before[table]}
    # One row for each list: that it was asked, and that it was sound.
    assert changed == {"coverage", "sounding"}
    assert {table: len(after[table]) for table in changed} == {"coverage": 20, "sounding": 20}


def rows_of(installed: Installation) -> dict[str, list[Row]]:
    """All that the database holds, by table."""
    with closing(sqlite3.connect(f"file:{installed.folder / 'rblwatch.db'}?mode=ro", uri=True)) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: database.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}  # noqa: S608
