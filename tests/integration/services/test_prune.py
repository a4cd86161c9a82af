"""History that is older than it is to be kept goes, and nobody ever notices it in a message."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rblwatch.core.blocklist import bare
from rblwatch.core.retention import kept_since
from rblwatch.core.routing import Silence
from rblwatch.core.settings import Alerts, Flap, Route, Secret
from rblwatch.services import prune as pruning
from rblwatch.services.distress import AGAIN_AFTER
from rblwatch.services.prune import prune
from rblwatch.store.database import Store
from rblwatch.store.queries import Queries
from rblwatch.store.rows import DeliveryState
from tests.integration.services.scene import CHAT, HOST, MAIL, MX1, MX2, OTHER, list_of, look, minutes, watching
from tests.support.configuration import settings_of
from tests.support.site import Journey, Site
from tests.support.soak import repetitions
from tests.support.world import START, Mode

ZONES = ("a.test", "b.test")
KEPT = timedelta(days=2)
#: Tables that grow with what happened.
HISTORY = ("alert", "news", "telling", "delivery", "listing", "transition", "told", "incident", "silence", "spending")


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/any.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    store = Store(Secret(url))
    store.open()
    yield store
    store.close()


async def site_over(store: Store) -> Site:
    settings = settings_of([MX1, MX2], map(bare, ZONES), channels=[CHAT, MAIL])
    return await watching(store, *map(list_of, ZONES), settings=settings)


def counts(site: Site) -> dict[str, int]:
    found = site.store.read_now(Queries.counts)
    return {name: found[name] for name in HISTORY}


async def pruned(site: Site) -> None:
    await prune(site.store, site.clock.now() - KEPT)


async def comes_and_goes(site: Site) -> None:
    site.world.list("a.test", HOST)
    await look(site)
    site.world.delist("a.test", HOST)
    for _ in range(3):
        await look(site)


async def test_what_is_over_goes_with_all_that_was_told_of_it(any_store: Store) -> None:
    site = await site_over(any_store)
    await comes_and_goes(site)
    site.world.turn("b.test", Mode.WILDCARD)
    await look(site)
    site.world.turn("b.test", Mode.HEALTHY)
    for _ in range(3):
        await look(site)
    at = site.clock.now()
    any_store.write_now(lambda repo: repo.add_silence(Silence(id=0, until_at=at + minutes(1), server="mx9"), at))
    full = counts(site)
    assert all(full[name] for name in HISTORY if name != "spending")
    await pruned(site)
    assert counts(site) == full, "it is not old yet"
    site.clock.advance(KEPT + minutes(2))
    await pruned(site)
    assert counts(site) == dict.fromkeys(HISTORY, 0)


async def test_what_stands_stays_with_all_that_was_told_of_it(store: Store) -> None:
    site = await site_over(store)
    await comes_and_goes(site)
    site.world.list("b.test", OTHER)
    await look(site)
    site.clock.advance(timedelta(days=500))
    await pruned(site)
    kept = counts(site)
    assert (kept["listing"], kept["told"], kept["transition"]) == (1, 2, 1)
    before = len(site.notifier.arrived)
    await site.start(site.settings)
    await look(site)
    assert len(site.notifier.arrived) == before, "nobody is told it anew"
    site.world.delist("b.test", OTHER)
    for _ in range(3):
        await look(site)
    assert len(site.notifier.arrived) == before + 2, "its end is told to whoever knew of it"


async def test_what_is_still_to_be_told_stays(store: Store) -> None:
    """A channel is out of order, and a silence mutes what ended meanwhile."""
    site = await site_over(store)
    site.notifier.journeys[CHAT] = Journey.HANGS
    await comes_and_goes(site)
    site.clock.advance(timedelta(days=500))
    await pruned(site)
    assert counts(site)["delivery"] > 0
    for one in list(site.notifier.hanging):
        site.notifier.let_go(one)
    await site.quiet()
    states = {delivery.state for delivery in store.read_now(lambda queries: queries.deliveries())}
    assert states <= {DeliveryState.SENT, DeliveryState.EMPTY, DeliveryState.WAITING}


async def test_the_message_that_told_what_stands_stays_though_other_alerts_gathered_it(store: Store) -> None:
    """A digest has no news of its own: without it, its reader would be told again of a list that is still blind."""
    digest = Route(channels=(MAIL,), digest="12:00")
    site = await watching(
        store, *map(list_of, ZONES), settings=settings_of([MX1], map(bare, ZONES), channels=[MAIL], routes=[digest])
    )
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    site.clock.advance(timedelta(hours=3))
    await site.release()
    await site.deliver()
    assert len(site.notifier.arrived) == 1
    site.clock.advance(timedelta(days=500))
    await pruned(site)
    await site.start(site.settings)
    site.clock.advance(timedelta(days=1))
    await site.release()
    await site.deliver()
    assert len(site.notifier.arrived) == 1


async def test_the_news_of_a_whole_network_goes_a_little_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "_NEWS", 1)
    monkeypatch.setattr(pruning, "_ALERTS", 1)
    monkeypatch.setattr(pruning, "_LISTINGS", 1)
    site = await site_over(store)
    for zone in ZONES:
        for host in (HOST, OTHER):
            site.world.list(zone, host)
    await look(site)
    for zone in ZONES:
        for host in (HOST, OTHER):
            site.world.delist(zone, host)
    for _ in range(3):
        await look(site)
    site.clock.advance(KEPT + minutes(1))
    gone = await prune(store, site.clock.now() - KEPT)
    assert (gone["alerts"], gone["listings"]) == (2, 4)
    assert counts(site)["news"] == 0


async def test_pruning_gives_the_log_back(store: Store, tmp_path: Path) -> None:
    site = await site_over(store)
    await comes_and_goes(site)
    log = tmp_path / "rblwatch.db-wal"
    assert log.stat().st_size > 0
    await pruned(site)
    assert log.stat().st_size == 0


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(repetitions(4, 60)))
async def test_pruning_changes_no_message(tmp_path: Path, seed: int) -> None:
    """The same happens to two databases, and one of them keeps no more than a day."""
    told = []
    for name, prunes in (("keeps", False), ("prunes", True)):
        store = Store(Secret(f"sqlite:///{tmp_path}/{name}.db"))
        store.open()
        site = await site_over(store)
        chance = random.Random(seed)  # noqa: S311 - the same script twice
        for _ in range(40):
            await _something(site, chance)
            if prunes:
                await prune(store, site.clock.now() - AGAIN_AFTER)
        site.notifier.journeys.clear()
        for _ in range(4):
            await look(site)
        told.append(_told(site))
        store.close()
    assert told[0] == told[1]
    assert told[0]


def _told(site: Site) -> list[tuple[object, ...]]:
    """All that was told, without the order of what was found at one moment: lists are asked side by side."""
    return sorted(
        (
            message.at,
            message.recipient,
            sorted(repr((entry.line, _about(entry.news.listing))) for entry in message.entries),
        )
        for message in site.notifier.arrived
    )


def _about(listing: object) -> tuple[object, ...]:
    return tuple(getattr(listing, name, None) for name in ("target", "blocklist", "codes", "listed_at", "ended_at"))


async def _something(site: Site, chance: random.Random) -> None:
    zone, host = chance.choice(ZONES), chance.choice((HOST, OTHER))
    match chance.randrange(9):
        case 0 | 1:
            site.world.list(zone, host, chance.choice(("127.0.0.2", "127.0.0.9")))
        case 2 | 3:
            site.world.delist(zone, host)
        case 4:
            site.notifier.journeys[chance.choice((CHAT, MAIL))] = chance.choice(
                (Journey.SENT, Journey.TRANSIENT, Journey.PERMANENT)
            )
        case 5:
            at = site.clock.now()
            silence = Silence(id=0, until_at=at + minutes(chance.choice((20, 90))), blocklist=zone)
            site.store.write_now(lambda repo: repo.add_silence(silence, at))
        case 6:
            site.world.turn(zone, chance.choice((Mode.WILDCARD, Mode.HEALTHY)))
        case 7:
            channels = chance.choice(([CHAT], [CHAT, MAIL]))
            await site.reload(settings_of([MX1, MX2], map(bare, ZONES), channels=channels))
        case _:
            await site.start(site.settings)
    await site.end_silences()
    await look(site)
    site.clock.advance(timedelta(hours=chance.choice((0, 1, 30))))


def test_never_less_is_kept_than_flapping_looks_back_on() -> None:
    day = timedelta(days=1)

    def alerts(keep: timedelta, window: timedelta) -> Alerts:
        return Alerts(delist_after=2, group_wait=day, blind_after=day, flap=Flap(4, window), keep=keep)

    assert kept_since(alerts(400 * day, day), START) == START - 400 * day
    assert kept_since(alerts(day, 7 * day), START) == START - 7 * day
