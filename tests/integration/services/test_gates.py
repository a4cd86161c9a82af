"""Channels that are out of order, that ask to be left alone, and that take only so much at a time."""

from datetime import timedelta

import pytest

from rblwatch.core.alert import Group, Line
from rblwatch.core.blocklist import bare
from rblwatch.core.circuit import OPENS_AFTER, Pace
from rblwatch.core.message import Message
from rblwatch.core.retry import Outcome, Transient
from rblwatch.core.settings import Route
from rblwatch.services.claims import IN_FLIGHT
from rblwatch.services.monitor import tell_notice
from rblwatch.services.policy import policy_of
from rblwatch.store.database import Store
from rblwatch.store.rows import Delivery, DeliveryState
from tests.integration.services.scene import CHAT, HOST, MAIL, MX1, list_of, look, minutes, said, to, watching
from tests.support.configuration import settings_of
from tests.support.site import Journey, ScriptedNotifier, Site

ZONES = ("a.test", "b.test")
MANY = 12
PAGER = "pager"


async def watching_many(store: Store, *channels: str, routes: list[Route] | None = None) -> Site:
    settings = settings_of([MX1], map(bare, ZONES), channels=channels or (CHAT,), routes=routes)
    return await watching(store, *map(list_of, ZONES), settings=settings)


def deliveries(site: Site, recipient: str = CHAT) -> list[Delivery]:
    found = site.store.read_now(lambda queries: queries.deliveries())[::-1]
    return [delivery for delivery in found if delivery.recipient == recipient]


async def pile_up(site: Site) -> None:
    """Many messages, each of its own."""
    for number in range(MANY):
        tell_notice(site.store, policy_of(site.settings), f"something happened, {number}", site.clock.now())
    await site.deliver()


def notices(site: Site, recipient: str) -> list[str]:
    """What a recipient was told of channels."""
    texts = [message.entries[0].news.text for message in to(site, recipient) if message.group is Group.NOTICE]
    return [text for text in texts if "channel" in text]


async def test_a_channel_that_is_out_of_order_is_left_alone_and_what_waits_is_not_tried(store: Store) -> None:
    site = await watching_many(store)
    site.notifier.journeys[CHAT] = Journey.TRANSIENT
    await pile_up(site)
    tried = [delivery for delivery in deliveries(site) if delivery.attempts]
    assert OPENS_AFTER <= len(tried) < OPENS_AFTER + IN_FLIGHT
    assert all(one.first_tried_at is None for one in deliveries(site) if one not in tried), "no patience is spent"
    # One at a time goes ahead, ever more rarely.
    before = len(site.notifier.attempts)
    for _ in range(60):
        site.clock.advance(timedelta(seconds=5))
        await site.deliver()
    assert 3 <= len(site.notifier.attempts) - before <= 8
    # As soon as one gets through, all do, and none of them waits for its own time.
    site.notifier.journeys.clear()
    site.clock.advance(minutes(8))
    await site.deliver()
    assert [delivery.state for delivery in deliveries(site)] == [DeliveryState.SENT] * MANY


async def test_a_channel_that_was_left_alone_is_tried_at_once_after_a_restart_and_a_reload(store: Store) -> None:
    for again in ("start", "reload"):
        site = await watching_many(store)
        site.notifier.journeys[CHAT] = Journey.TRANSIENT
        await pile_up(site)
        before = len(site.notifier.attempts)
        await (site.start(site.settings) if again == "start" else site.reload(site.settings))
        await site.deliver()
        assert len(site.notifier.attempts) > before
        site.notifier.journeys.clear()
        site.clock.advance(minutes(16))
        await site.deliver()


class Limiting(ScriptedNotifier):
    """A sink that wants to be left alone."""

    async def send(self, message: Message) -> Outcome:
        if message.recipient == CHAT and CHAT in self.journeys:
            self.attempts.append(message.delivery_id)
            return Transient("answered HTTP 429 Too Many Requests", timedelta(minutes=40))
        return await super().send(message)


async def test_a_sink_that_asks_to_be_left_alone_is_left_alone_with_all_messages(store: Store) -> None:
    site = await watching_many(store)
    site.notifier = Limiting(journeys={CHAT: Journey.TRANSIENT})
    await site.reload(site.settings)
    site.world.list(ZONES[0], HOST)
    await look(site)
    assert len(site.notifier.attempts) == 1
    site.notifier.journeys.clear()
    site.world.list(ZONES[1], HOST)
    await look(site)
    site.clock.advance(minutes(20))
    await site.deliver()
    assert site.notifier.arrived == []
    site.clock.advance(minutes(10))
    await site.deliver()
    assert len(site.notifier.arrived) == 2


async def test_messages_leave_at_the_pace_of_their_sink_and_a_single_sweep_waits_for_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await watching_many(store)
    site.notifier.paces[CHAT] = Pace(burst=2, every=timedelta(seconds=3))
    await site.reload(site.settings)
    await pile_up(site)
    assert len(site.notifier.arrived) == 2
    site.clock.advance(timedelta(seconds=3))
    await site.deliver()
    assert len(site.notifier.arrived) == 3

    async def sleep(by_s: float) -> None:
        site.clock.advance(timedelta(seconds=by_s))

    monkeypatch.setattr("rblwatch.services.deliver.asyncio.sleep", sleep)
    await site.deliverer.work_off()
    assert [delivery.state for delivery in deliveries(site)] == [DeliveryState.SENT] * MANY


# What does not work is told through the others.


async def test_a_channel_that_refuses_for_good_is_told_through_the_others_once(store: Store) -> None:
    site = await watching_many(
        store, CHAT, MAIL, PAGER, routes=[Route(channels=(CHAT, MAIL)), Route(channels=(PAGER,))]
    )
    site.notifier.journeys[CHAT] = Journey.PERMANENT
    await pile_up(site)
    await site.deliver()
    assert [delivery.state for delivery in deliveries(site)] == [DeliveryState.FAILED] * MANY
    (told,) = notices(site, MAIL)
    assert f"the channel '{CHAT}' was given up: it 404 Not Found" in told
    assert f"`rblwatch deliveries retry {deliveries(site)[0].id}`" in told
    assert notices(site, PAGER) == [], "it is on no route with it"
    # Once it has worked again, its next failure is news.
    site.notifier.journeys.clear()
    site.clock.advance(minutes(1))
    store.write_now(lambda repo: repo.retry(deliveries(site)[0].id, site.clock.now()))
    await site.deliver()
    site.notifier.journeys[CHAT] = Journey.PERMANENT
    site.clock.advance(timedelta(hours=1))
    await pile_up(site)
    assert len(notices(site, MAIL)) == 1, "yet not as often as it comes and goes"
    site.clock.advance(timedelta(days=1))
    await pile_up(site)
    assert len(notices(site, MAIL)) == 2


async def test_channels_that_all_fail_do_not_go_on_telling_each_other(store: Store) -> None:
    site = await watching_many(store, CHAT, MAIL)
    site.notifier.journeys |= {CHAT: Journey.PERMANENT, MAIL: Journey.PERMANENT}
    await pile_up(site)
    for _ in range(5):
        site.clock.advance(minutes(15))
        await site.deliver()
    # Each was to be told of the other, which failed as well, and that was all.
    groups = [delivery.group for name in (CHAT, MAIL) for delivery in deliveries(site, name)]
    assert groups.count(Group.NOTICE) == 2 * MANY + 2
    assert site.status().outbox.failed == 2 * MANY + 2


async def test_a_channel_that_has_failed_for_an_hour_is_told_of_once(store: Store) -> None:
    site = await watching_many(store, CHAT, MAIL)
    site.notifier.journeys[CHAT] = Journey.TRANSIENT
    site.world.list(ZONES[0], HOST)
    await look(site)
    for _ in range(12):
        site.clock.advance(minutes(15))
        await site.deliver()
    (told,) = notices(site, MAIL)
    assert f"messages to the channel '{CHAT}' do not arrive" in told
    site.notifier.journeys.clear()
    site.clock.advance(minutes(15))
    await site.deliver()
    assert [said(message) for message in to(site, CHAT)] == [[(Line.LISTED, "10.0.0.1")]]


async def test_a_channel_that_was_taken_out_is_missed_by_nobody(store: Store) -> None:
    site = await watching_many(store, CHAT, MAIL)
    site.notifier.journeys[CHAT] = Journey.TRANSIENT
    site.world.list(ZONES[0], HOST)
    await look(site)
    await site.reload(settings_of([MX1], map(bare, ZONES), channels=[MAIL]))
    site.clock.advance(minutes(15))
    await site.deliver()
    assert [delivery.state for delivery in deliveries(site)] == [DeliveryState.FAILED]
    assert notices(site, MAIL) == []
