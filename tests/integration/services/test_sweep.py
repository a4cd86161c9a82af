"""What a sweep spares the lists' operators when things go wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

import pytest

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.target import Target
from rblwatch.ports import Purse
from rblwatch.store.database import Store
from rblwatch.store.errors import StoreError, StoreUnavailable
from rblwatch.store.repository import Repository
from tests.integration.services.scene import HOST, OTHER, list_of, minutes, watching
from tests.support.world import NAMESERVER, Mode

T = TypeVar("T")


async def test_a_list_caught_lying_is_not_asked_for_its_words(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    site = await watching(store, list_of(positive_ttl_s=3600, negative_ttl_s=300))
    asked: list[Target] = []

    async def texts(_: Blocklist, targets: Sequence[Target], _purse: Purse | None = None) -> dict[Target, str]:
        asked.extend(targets)
        return {}

    monkeypatch.setattr(site.lookup, "texts", texts)
    site.clock.advance(minutes(5))
    for probe in site.lookup.batches[0].probes:
        site.lookup.question(NAMESERVER, "a.test", probe.target)
    site.world.turn("a.test", Mode.WILDCARD)
    site.clock.advance(minutes(2))
    await site.sweep()
    assert asked == []
    site.world.turn("a.test", Mode.HEALTHY)
    site.world.list("a.test", HOST)
    await site.run(until=minutes(200))
    assert asked == [HOST]
    assert OTHER not in asked


@pytest.mark.parametrize(
    "trouble", [StoreUnavailable("the disk is full"), StoreError("the database cannot be written")]
)
async def test_a_database_that_stays_away_does_not_make_us_ask_without_end(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, trouble: StoreError
) -> None:
    site = await watching(store, list_of())
    before = len(site.lookup.batches)

    async def away(_: Callable[[Repository], T]) -> T:
        raise trouble

    site.clock.advance(minutes(20))
    with monkeypatch.context() as patched:
        patched.setattr(store, "write", away)
        patched.setattr(site.monitor, "release_first_looks", _nothing)
        for _ in range(720):
            site.monitor.start_due()
            await site.monitor.sweeper.drain(30)
            site.clock.advance(timedelta(seconds=5))
    assert 4 < len(site.lookup.batches) - before <= 24
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == ["sweep.unrecorded"]
    site.world.list("a.test", HOST)
    await site.run(until=minutes(120))
    assert [listing.target for listing in store.read_now(lambda queries: queries.open_listings())] == [HOST]


async def _nothing() -> None:
    return None
