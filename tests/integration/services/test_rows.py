"""What a sweep with nothing new costs the database: nothing per pair."""

import sqlite3
from collections import Counter
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path

from rblwatch.core.settings import Server
from rblwatch.core.target import Family, Target
from rblwatch.store.database import Store
from tests.integration.services.scene import held, list_of, minutes, watching
from tests.support.site import Site

SERVERS = tuple(Server(name=f"mx{number}", networks=(ip_network(f"10.1.0.{number}/32"),)) for number in range(1, 201))
ZONES = tuple(f"list{number}.test" for number in range(20))
LISTED = [Target(f"10.1.0.{number}", Family.IPV4) for number in (7, 8)]


async def large_site(store: Store) -> Site:
    """200 servers on 20 lists, two of them listed, asked about once."""
    site = await watching(store, *map(list_of, ZONES), servers=SERVERS, first_round=False)
    for zone in ZONES[:3]:
        for target in LISTED:
            site.world.list(zone, target)
    await site.sweep_once()
    return site


def count_writes(database: Path) -> None:
    """Let the database itself note every row that anybody writes from now on."""
    with closing(sqlite3.connect(database)) as connection, connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        names = [row[0] for row in tables]
        connection.execute("CREATE TABLE written (place TEXT)")
        for table in names:
            for change in ("INSERT", "UPDATE", "DELETE"):
                connection.execute(_NOTE.format(table=table, change=change))


_NOTE = """
CREATE TRIGGER note_{table}_{change} AFTER {change} ON "{table}"
BEGIN INSERT INTO written VALUES ('{table}'); END
"""


def written(database: Path) -> Counter[str]:
    with closing(sqlite3.connect(database)) as connection:
        return Counter(row[0] for row in connection.execute("SELECT place FROM written"))


async def test_a_sweep_with_nothing_new_writes_one_row_a_list_and_slice(store: Store, tmp_path: Path) -> None:
    site = await large_site(store)
    rows = store.read_now(lambda queries: queries.counts())
    assert rows["pair"] == rows["listing"] == 6
    assert rows["coverage"] == len(ZONES)
    count_writes(tmp_path / "rblwatch.db")
    site.clock.advance(minutes(15))
    await site.sweep_once()
    # All 200 targets of a list are one slice. What is listed is dated anew: two rows for each.
    assert written(tmp_path / "rblwatch.db") == {"coverage": 20, "sounding": 20, "pair": 6, "listing": 6}
    assert store.read_now(lambda queries: queries.counts()) == rows


async def test_three_sweeps_in_a_row_count_the_same(store: Store) -> None:
    site = await large_site(store)
    sums = []
    for _ in range(3):
        totals = (await site.sweep_once()).totals
        sums.append((totals.batches, totals.listed, totals.unknown, len(totals.transitions)))
    assert sums == [(20, 6, 0, 0)] * 3
    assert len(held(site)) == 6


async def test_the_first_sweep_counts_what_it_found_at_once(store: Store) -> None:
    site = await watching(store, list_of(), first_round=False)
    site.world.list("a.test", Target("10.0.0.1", Family.IPV4))
    swept = await site.sweep_once()
    assert (swept.totals.listed, swept.totals.unknown, len(swept.totals.transitions)) == (1, 0, 1)
    assert (swept.sent, swept.retrying, swept.failed) == (2, 0, 0)
