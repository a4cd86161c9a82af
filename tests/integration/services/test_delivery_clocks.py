"""Messages on their way while clocks are stepped, machines sleep and senders die."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from rblwatch.core.alert import Line
from rblwatch.core.blocklist import bare
from rblwatch.core.retry import PATIENCE
from rblwatch.core.selection import Catalogue
from rblwatch.core.settings import Secret
from rblwatch.core.watchlist import watch
from rblwatch.services import deliver
from rblwatch.services.deliver import Deliverer, Desk
from rblwatch.services.leases import LEASE
from rblwatch.services.policy import policy_of
from rblwatch.store.database import Store
from rblwatch.store.errors import StoreError, StoreUnavailable
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Delivery, DeliveryState
from tests.integration.services.scene import CHAT, HOST, MX1, MX2, list_of, look, minutes, said, watching
from tests.support.configuration import settings_of
from tests.support.site import Journey, Site

T = TypeVar("T")
A = bare("a.test")
HOURS = timedelta(hours=3)
TOLD = [[(Line.LISTED, "10.0.0.1")]]


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


async def watching_chat(store: Store) -> Site:
    return await watching(store, list_of(), settings=settings_of([MX1, MX2], [A], channels=[CHAT]))


async def news(site: Site) -> None:
    """Something is found, and gathers what else is."""
    site.world.list("a.test", HOST)
    site.clock.advance(minutes(15))
    await site.sweep()


def arrived(site: Site) -> list[list[tuple[Line, str]]]:
    return [said(message) for message in site.notifier.arrived]


def only(site: Site) -> Delivery:
    (delivery,) = site.store.read_now(lambda queries: queries.deliveries())
    return delivery


def second_sender(site: Site, holder: str) -> Deliverer:
    """Another process over the same database, with the same clock."""
    desk = Desk(watch(site.settings, Catalogue()), policy_of(site.settings))
    return Deliverer(site.store, site.notifier, site.clock, desk, holder=holder)


async def die_while_sending(site: Site) -> None:
    """Let another process claim what is due, and end before its receipt."""
    dead = second_sender(site, "sweep:dead")
    site.notifier.journeys[CHAT] = Journey.HANGS
    site.clock.advance(seconds(30))
    assert await dead.start_due() == 1
    await dead.drain(0)
    site.notifier.journeys.clear()


async def beats(deliverer: Deliverer, site: Site, lasting: timedelta) -> None:
    """Let a sender work for a while, one beat a second."""
    for _ in range(int(lasting.total_seconds())):
        site.clock.advance(seconds(1))
        await deliverer.start_due()
        await site.quiet()


# The wall clock is stepped back.


async def test_news_that_gathers_leaves_no_later_for_a_clock_that_was_stepped_back(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    site = await watching_chat(store)
    await news(site)
    site.clock.step(-HOURS)
    site.clock.advance(seconds(29))
    await site.deliver()
    assert arrived(site) == []
    site.clock.advance(seconds(1))
    await site.deliver()
    assert arrived(site) == TOLD
    assert caplog.messages.count("delivery.clock_stepped") == 1, "said once"


async def test_a_message_is_tried_again_no_later_for_a_clock_that_was_stepped_back(store: Store) -> None:
    site = await watching_chat(store)
    site.notifier.journeys[CHAT] = Journey.TRANSIENT
    site.world.list("a.test", HOST)
    await look(site)
    site.notifier.journeys.clear()
    site.clock.step(-HOURS)
    site.clock.advance(seconds(5))
    await site.deliver()
    assert arrived(site) == TOLD


async def test_what_was_put_off_by_a_clock_that_was_ahead_leaves_when_the_next_daemon_starts(store: Store) -> None:
    """A machine starts with a wrong date, and is restarted with the right one."""
    site = await watching_chat(store)
    site.clock.step(timedelta(days=400))
    await site.start(site.settings)
    await news(site)
    site.clock.step(-timedelta(days=400))
    await site.start(site.settings)
    await site.deliver()
    assert arrived(site) == TOLD


async def test_a_clock_that_is_only_a_little_ahead_hurries_nobody(store: Store) -> None:
    site = await watching_chat(store)
    await news(site)
    site.clock.step(-seconds(1))
    await site.start(site.settings)
    await site.deliver()
    assert arrived(site) == []


# Leases, whatever the clocks say.


async def test_a_clock_that_was_stepped_forward_sends_nothing_twice(store: Store) -> None:
    """The lease of a send on its way seems to have run out, to another process first of all."""
    site = await watching_chat(store)
    site.notifier.journeys[CHAT] = Journey.HANGS
    site.world.list("a.test", HOST)
    await look(site)
    site.notifier.journeys.clear()
    other = second_sender(site, "sweep:other")
    site.clock.step(HOURS)
    for _ in range(int(LEASE.total_seconds()) * 2):
        assert await other.start_due() == 0
        site.clock.advance(seconds(1))
        await site.deliverer.start_due()
    site.notifier.let_go(*site.notifier.hanging)
    await site.quiet()
    assert (arrived(site), only(site).state) == (TOLD, DeliveryState.SENT)


@pytest.mark.parametrize("stepped", [timedelta(), HOURS, -HOURS])
async def test_what_a_dead_sender_had_on_its_way_leaves_when_its_lease_is_over(
    store: Store, stepped: timedelta
) -> None:
    site = await watching_chat(store)
    await news(site)
    await die_while_sending(site)
    site.clock.step(stepped)
    await beats(site.deliverer, site, LEASE + seconds(6))
    assert (arrived(site), only(site).state) == (TOLD, DeliveryState.SENT)


async def test_a_single_sweep_takes_up_what_a_dead_one_had_on_its_way(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await watching_chat(store)
    await news(site)
    await die_while_sending(site)
    site.clock.advance(LEASE + seconds(1))

    async def sleep(by_s: float) -> None:
        site.clock.advance(seconds(by_s))

    monkeypatch.setattr(asyncio, "sleep", sleep)
    await second_sender(site, "sweep:next").work_off()
    assert (arrived(site), only(site).state) == (TOLD, DeliveryState.SENT)


# Patience.


async def test_a_message_that_nobody_could_try_is_not_given_up_at_its_first_failure_afterwards(store: Store) -> None:
    """The machine was off for a week, and what the message tells of is over; 72 h are a time of trying."""
    site = await watching_chat(store)
    site.notifier.journeys[CHAT] = Journey.TRANSIENT
    site.world.list("a.test", HOST)
    await look(site)
    site.clock.advance(timedelta(days=7))
    await site.start(site.settings)
    site.world.delist("a.test", HOST)
    for _ in range(4):
        await look(site)
    first = site.store.read_now(lambda queries: queries.deliveries())[-1]
    assert first.state is DeliveryState.WAITING
    assert first.attempts > 2
    # The rest of its patience is as long as it was before.
    assert first.first_tried_at is not None
    assert site.clock.now() - first.first_tried_at < PATIENCE


# A command that is to end.


class MovingStore(Store):
    """A real database that may be away."""

    away = 0
    """For so many more writes."""

    async def write(self, job: Callable[[Repository], T]) -> T:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("the database is away")
        return await super().write(job)


@pytest.fixture
def moving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MovingStore:
    monkeypatch.setattr(deliver, "_RECEIPT_RETRY_S", 0.001)
    monkeypatch.setattr(deliver, "RENEWED_EVERY", timedelta(milliseconds=1))
    store = MovingStore(Secret(f"sqlite:///{tmp_path}/moving.db"))
    store.open()
    return store


async def on_its_way(store: MovingStore) -> Site:
    """A message hangs in its sink, and the sweep that sends it is about to end."""
    site = await watching_chat(store)
    site.notifier.journeys[CHAT] = Journey.HANGS
    site.world.list("a.test", HOST)
    await look(site)
    site.notifier.let_go(*site.notifier.hanging)
    return site


async def test_a_single_sweep_waits_a_while_for_a_database_that_went_away(moving: MovingStore) -> None:
    site = await on_its_way(moving)
    moving.away = 5
    await site.deliverer.work_off()
    assert (arrived(site), only(site).state) == (TOLD, DeliveryState.SENT)
    moving.close()


async def test_a_single_sweep_ends_though_a_receipt_cannot_be_written(
    moving: MovingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "_PATIENCE_WITH_STORE_S", 0.0)
    site = await on_its_way(moving)
    moving.away = 1_000_000
    with pytest.raises(StoreError, match="1 message could not be written down, so it stays in the outbox"):
        await site.deliverer.work_off()
    await site.deliverer.drain(0)
    moving.away = 0
    # At least once: nobody knows that it arrived.
    assert only(site).state is DeliveryState.CLAIMED
    await site.start(site.settings)
    site.notifier.journeys.clear()
    await site.deliver()
    assert (arrived(site), only(site).state) == (TOLD * 2, DeliveryState.SENT)
    moving.close()
