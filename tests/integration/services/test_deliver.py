"""At least once, in order, and never what is no longer true: messages on their way, with scripted sinks."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest

from rblwatch.core.alert import Drop, Group, Line
from rblwatch.core.blocklist import bare
from rblwatch.core.retry import LONGEST_DELAY
from rblwatch.core.routing import Decision, Silence
from rblwatch.core.settings import Secret
from rblwatch.services import deliver
from rblwatch.services.claims import IN_FLIGHT
from rblwatch.services.leases import LEASE
from rblwatch.store.database import Store
from rblwatch.store.errors import StoreError, StoreUnavailable
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Delivery, DeliveryState, Telling
from tests.integration.services.scene import (
    CHAT,
    HOST,
    MAIL,
    MX1,
    MX2,
    OTHER,
    list_of,
    look,
    minutes,
    said,
    tell,
    to,
    watching,
)
from tests.support.configuration import settings_of
from tests.support.site import Journey, Site
from tests.support.world import Mode

T = TypeVar("T")
A, B = bare("a.test"), bare("b.test")
ZONES = tuple(f"{name}.test" for name in "abcdef")


async def watching_chat(store: Store) -> Site:
    """Two servers on two lists, nothing listed, one channel."""
    return await watching(
        store, list_of("a.test"), list_of("b.test"), settings=settings_of([MX1, MX2], [A, B], channels=[CHAT])
    )


def deliveries(site: Site) -> list[Delivery]:
    """All deliveries, the first one first."""
    return site.store.read_now(lambda queries: queries.deliveries())[::-1]


def tellings(site: Site, delivery: Delivery) -> list[Telling]:
    return site.store.read_now(lambda queries: queries.tellings(delivery.id))


def silence(site: Site, lasting: timedelta) -> int:
    at = site.clock.now()
    return site.store.write_now(lambda repo: repo.add_silence(Silence(id=0, until_at=at + lasting, server="mx1"), at))


async def test_a_message_is_tried_again_within_five_seconds_then_ever_more_rarely(store: Store) -> None:
    site = await watching_chat(store)
    site.notifier.journeys[CHAT] = Journey.TRANSIENT
    site.world.list("a.test", HOST)
    await look(site)
    waits = []
    for _ in range(14):
        (delivery,) = deliveries(site)
        waits.append(delivery.next_at - site.clock.now())
        assert (delivery.state, delivery.error) == (DeliveryState.WAITING, "503 Service Unavailable")
        site.clock.advance(waits[-1] - timedelta(seconds=0.1))
        await site.deliver()
        assert len(site.notifier.attempts) == len(waits)
        site.clock.advance(timedelta(seconds=0.1))
        await site.deliver()
    assert waits[0] <= timedelta(seconds=5)
    assert all(later < 3.2 * sooner for sooner, later in pairwise(waits))
    assert LONGEST_DELAY / 2 < waits[-1] <= LONGEST_DELAY
    site.notifier.journeys.clear()
    site.clock.advance(minutes(15))
    await site.deliver()
    assert [said(message) for message in site.notifier.arrived] == [[(Line.LISTED, "10.0.0.1")]]
    assert [delivery.state for delivery in deliveries(site)] == [DeliveryState.SENT]


async def test_a_permanent_cause_fails_a_message_and_stays_visible(store: Store) -> None:
    site = await watching_chat(store)
    site.notifier.journeys[CHAT] = Journey.PERMANENT
    site.world.list("a.test", HOST)
    await look(site)
    (delivery,) = deliveries(site)
    assert (delivery.state, delivery.error) == (DeliveryState.FAILED, "404 Not Found")
    assert site.status().outbox.failed == 1
    # It is not tried again by itself, nor does the next start tell the same anew; an admin may.
    site.notifier.journeys.clear()
    await site.start(site.settings)
    await look(site)
    assert site.notifier.arrived == []
    store.write_now(lambda repo: repo.retry(delivery.id, site.clock.now()))
    await site.deliver()
    assert [said(message) for message in site.notifier.arrived] == [[(Line.LISTED, "10.0.0.1")]]


async def test_a_message_is_tried_for_as_long_as_what_it_tells_stands(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "PATIENCE", minutes(60))
    site = await watching_chat(store)
    site.notifier.journeys[CHAT] = Journey.TRANSIENT
    site.world.list("a.test", HOST)
    for _ in range(9):
        await look(site)
    assert [delivery.state for delivery in deliveries(site)] == [DeliveryState.WAITING]
    # What it tells of is over: nobody waits for it any longer, and it says why it was given up.
    site.world.delist("a.test", HOST)
    for _ in range(4):
        await look(site)
    first = deliveries(site)[0]
    assert first.state is DeliveryState.FAILED
    assert first.error is not None
    assert "nothing in it stands any more" in first.error


async def test_messages_about_one_listing_leave_in_order_and_hold_up_no_others(store: Store) -> None:
    site = await watching_chat(store)
    site.notifier.journeys[CHAT] = Journey.HANGS
    site.world.list("a.test", HOST)
    await look(site)
    site.world.list("a.test", HOST, "127.0.0.9")
    await look(site)
    site.notifier.journeys.clear()
    site.world.turn("b.test", Mode.WILDCARD)
    await look(site)
    assert [message.group for message in site.notifier.arrived] == [Group.INCIDENT]
    await site.start(site.settings)
    await site.deliver()
    assert [said(message) for message in site.notifier.arrived[1:]] == [
        [(Line.LISTED, "10.0.0.1")],
        [(Line.CHANGED, "10.0.0.1")],
    ]


async def test_an_end_that_was_written_down_with_older_news_waits_for_the_beginning_on_its_way(store: Store) -> None:
    """The delisting joins an alert that is older than the first look it ends, and that one hangs in its sink."""
    site = await watching_chat(store)
    site.notifier.journeys[CHAT] = Journey.HANGS
    site.world.list("a.test", HOST)
    await look(site)
    site.world.list("a.test", HOST, "127.0.0.9")
    # This change waits behind the listing, and gathers what comes.
    await look(site)
    fresh = settings_of([MX1, MX2], [A, B, bare("c.test")], channels=[CHAT])
    site.world.add(list_of("c.test"))
    site.world.list("c.test", OTHER)
    await site.reload(fresh)
    await look(site)
    assert site.notifier.stuck == 2
    site.world.delist("c.test", OTHER)
    for _ in range(3):
        await look(site)
    # The first one arrives at last, so the change may leave, with the delisting; the first look still hangs.
    first, second = site.notifier.hanging
    site.notifier.let_go(first)
    await site.quiet()
    site.notifier.journeys.clear()
    await site.deliver()
    site.notifier.let_go(second)
    await site.quiet()
    await site.deliver()
    assert [line for message in site.notifier.arrived for line, target in said(message) if target == "10.0.0.2"] == [
        Line.LISTED,
        Line.DELISTED,
    ]


async def test_what_began_and_ended_unsaid_is_told_as_one_past_interval(store: Store) -> None:
    site = await watching_chat(store)
    site.notifier.journeys[CHAT] = Journey.TRANSIENT
    site.world.list("a.test", HOST)
    await look(site)
    site.world.delist("a.test", HOST)
    for _ in range(3):
        await look(site)
    site.notifier.journeys.clear()
    site.clock.advance(minutes(15))
    await site.deliver()
    assert [said(message) for message in site.notifier.arrived] == [[(Line.WAS_LISTED, "10.0.0.1")]]
    # The delisting's own message has nothing left to tell, and says why.
    was_listed, delisted = deliveries(site)
    assert [telling.line for telling in tellings(site, was_listed)] == [Line.WAS_LISTED]
    assert delisted.state is DeliveryState.EMPTY
    assert [telling.dropped for telling in tellings(site, delisted)] == [Drop.ALREADY_TOLD]


class MovingStore(Store):
    """A real database that may be away."""

    away: StoreError | None = None

    async def write(self, job: Callable[[Repository], T]) -> T:
        if self.away is not None:
            raise self.away
        return await super().write(job)


@pytest.mark.parametrize(
    "trouble", [StoreUnavailable("the database is away"), StoreError("the server refused this user")]
)
async def test_a_receipt_is_tried_until_it_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: StoreError
) -> None:
    monkeypatch.setattr(deliver, "_RECEIPT_RETRY_S", 0.001)
    store = MovingStore(Secret(f"sqlite:///{tmp_path}/rblwatch.db"))
    store.open()
    try:
        site = await watching_chat(store)
        site.notifier.journeys[CHAT] = Journey.HANGS
        site.world.list("a.test", HOST)
        await look(site)
        store.away = trouble
        site.notifier.let_go(*site.notifier.hanging)
        await site.arrival()
        # The database stays away for longer than the lease was to last; nobody sends it a second time then.
        site.clock.advance(LEASE * 2)
        store.away = None
        assert await site.deliverer.start_due() == 0
        await site.quiet()
        assert [said(message) for message in site.notifier.arrived] == [[(Line.LISTED, "10.0.0.1")]]
        assert [delivery.state for delivery in deliveries(site)] == [DeliveryState.SENT]
    finally:
        store.close()


async def test_a_slow_sender_keeps_its_lease(store: Store) -> None:
    site = await watching_chat(store)
    site.notifier.journeys[CHAT] = Journey.HANGS
    site.world.list("a.test", HOST)
    await look(site)
    for _ in range(5):
        site.clock.advance(LEASE * 0.9)
        await site.deliver()
    assert len(site.notifier.attempts) == 1
    site.notifier.let_go(*site.notifier.hanging)
    await site.quiet()
    assert [delivery.state for delivery in deliveries(site)] == [DeliveryState.SENT]


@pytest.mark.parametrize(("journey", "arrivals"), [(Journey.HANGS, 1), (Journey.DIES, 2)])
async def test_what_a_dead_daemon_had_on_its_way_is_taken_up_at_once(
    store: Store, journey: Journey, arrivals: int
) -> None:
    site = await watching_chat(store)
    site.notifier.journeys[CHAT] = journey
    site.world.list("a.test", HOST)
    await look(site)
    site.notifier.journeys.clear()
    await site.start(site.settings)
    await site.deliver()
    assert [said(message) for message in site.notifier.arrived] == [[(Line.LISTED, "10.0.0.1")]] * arrivals
    # A duplicate can be told from news.
    assert len({message.delivery_id for message in site.notifier.arrived}) == 1
    assert [delivery.state for delivery in deliveries(site)] == [DeliveryState.SENT]


async def test_a_silence_that_began_meanwhile_mutes_a_message_and_nothing_is_lost(store: Store) -> None:
    site = await watching_chat(store)
    site.world.list("a.test", HOST)
    site.world.list("a.test", OTHER)
    site.clock.advance(minutes(15))
    await site.sweep()
    silence(site, minutes(60))
    await tell(site)
    assert [said(message) for message in site.notifier.arrived] == [[(Line.LISTED, "10.0.0.2")]]
    # It goes on meanwhile.
    site.world.list("a.test", HOST, "127.0.0.9")
    await look(site)
    site.clock.advance(minutes(60))
    await site.end_silences()
    await site.deliver()
    late = site.notifier.arrived[-1]
    assert (late.group, said(late)) == (Group.STANDING, [(Line.LISTED, "10.0.0.1")])
    assert len(site.notifier.arrived) == 2
    await site.end_silences()
    await look(site)
    assert len(site.notifier.arrived) == 2


async def test_an_empty_message_is_not_sent_and_its_reasons_are_kept(store: Store) -> None:
    site = await watching_chat(store)
    site.world.list("a.test", HOST)
    site.clock.advance(minutes(15))
    await site.sweep()
    silence_id = silence(site, minutes(60))
    await tell(site)
    (delivery,) = deliveries(site)
    assert (delivery.state, site.notifier.attempts) == (DeliveryState.EMPTY, [])
    (muted,) = store.write_now(lambda repo: repo.silenced_tellings(CHAT))
    assert (muted[0].decision, muted[0].silence_id) == (Decision.SILENCED, silence_id)


async def test_what_happened_during_a_silence_is_told_in_the_order_in_which_it_happened(store: Store) -> None:
    """Delisted and listed again, both muted: the end of the first listing comes before the second one."""
    site = await watching_chat(store)
    site.world.list("a.test", HOST)
    await look(site)
    silence(site, minutes(180))
    site.world.delist("a.test", HOST)
    for _ in range(3):
        await look(site)
    site.world.list("a.test", HOST)
    await look(site)
    assert len(site.notifier.arrived) == 1
    site.clock.advance(minutes(180))
    await site.end_silences()
    await site.deliver()
    (late,) = site.notifier.arrived[1:]
    assert said(late) == [(Line.DELISTED, "10.0.0.1"), (Line.LISTED, "10.0.0.1")]


async def test_a_change_that_went_back_during_a_silence_is_no_news(store: Store) -> None:
    site = await watching_chat(store)
    site.world.list("a.test", HOST)
    await look(site)
    silence(site, minutes(60))
    for code in ("127.0.0.9", "127.0.0.2"):
        site.world.list("a.test", HOST, code)
        await look(site)
    site.clock.advance(minutes(60))
    await site.end_silences()
    await site.deliver()
    assert len(site.notifier.arrived) == 1


async def test_an_end_that_was_muted_keeps_its_cause(store: Store) -> None:
    site = await watching_chat(store)
    site.world.list("a.test", HOST)
    await look(site)
    silence(site, minutes(60))
    await site.reload(settings_of([MX2], [A, B], channels=[CHAT]))
    await tell(site)
    site.clock.advance(minutes(60))
    await site.end_silences()
    await site.deliver()
    late = site.notifier.arrived[-1]
    assert [(entry.line, entry.news.text) for entry in late.entries] == [
        (Line.ENDED, "the server mx1 is no longer configured")
    ]


async def test_the_end_of_an_incident_is_told_after_the_silence_that_muted_it(store: Store) -> None:
    site = await watching_chat(store)
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    at = site.clock.now()
    store.write_now(lambda repo: repo.add_silence(Silence(id=0, until_at=at + minutes(60), blocklist="a.test"), at))
    site.world.turn("a.test", Mode.HEALTHY)
    await look(site)
    await look(site)
    assert [entry.line for message in site.notifier.arrived for entry in message.entries] == [Line.BLIND]
    site.clock.advance(minutes(60))
    await site.end_silences()
    await site.deliver()
    assert [entry.line for message in site.notifier.arrived for entry in message.entries] == [Line.BLIND, Line.SIGHTED]


async def test_a_fault_of_ours_is_tried_again_later_and_ends_no_sweep(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    site = await watching_chat(store)
    site.notifier.journeys[CHAT] = Journey.RAISES
    site.world.list("a.test", HOST)
    site.clock.advance(minutes(15))
    await site.sweep_once()
    assert [delivery.state for delivery in deliveries(site)] == [DeliveryState.WAITING]
    assert "delivery.interrupted" in caplog.messages
    caplog.clear()
    site.notifier.journeys.clear()
    site.clock.advance(timedelta(seconds=10))
    await site.deliver()
    assert [said(message) for message in site.notifier.arrived] == [[(Line.LISTED, "10.0.0.1")]]


async def test_a_channel_that_hangs_holds_up_no_other_one_and_takes_no_more_than_its_share(store: Store) -> None:
    site = await watching(store, *map(list_of, ZONES), settings=settings_of([MX1], map(bare, ZONES)))
    site.notifier.journeys[CHAT] = Journey.HANGS
    for zone in ZONES:
        site.world.list(zone, HOST)
        await look(site)
    assert len(to(site, MAIL)) == len(ZONES)
    assert site.notifier.stuck == IN_FLIGHT
    await site.start(site.settings)
    site.notifier.journeys.clear()
    await site.deliver()
    assert [said(message) for message in to(site, CHAT)] == [[(Line.LISTED, "10.0.0.1")]] * len(ZONES)


async def test_what_is_listed_in_one_moment_is_one_message_and_what_comes_later_another(store: Store) -> None:
    site = await watching_chat(store)
    site.world.list("a.test", HOST)
    site.clock.advance(minutes(15))
    await site.sweep()
    site.clock.advance(timedelta(seconds=20))
    site.world.list("b.test", OTHER)
    site.clock.advance(timedelta(seconds=9))
    await site.deliver()
    assert site.notifier.arrived == []
    await look(site)
    assert [said(message) for message in site.notifier.arrived] == [
        [(Line.LISTED, "10.0.0.1"), (Line.LISTED, "10.0.0.2")]
    ]


async def test_news_and_its_deliveries_are_committed_together_or_not_at_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await watching_chat(store)
    before = store.read_now(lambda queries: queries.counts())
    site.world.list("a.test", HOST)
    site.clock.advance(minutes(15))

    def fail(*_: object) -> int:
        raise RuntimeError("killed between the listing and its delivery")

    with monkeypatch.context() as patched:
        patched.setattr(Repository, "add_delivery", fail)
        with pytest.raises(RuntimeError):
            await site.sweep()
    assert store.read_now(lambda queries: queries.counts()) == before
    await site.start(site.settings)
    await site.sweep()
    await tell(site)
    assert [said(message) for message in site.notifier.arrived] == [[(Line.LISTED, "10.0.0.1")]]
