"""Reminders of what still stands, over services and a real database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rblwatch.core.alert import Drop, Group, Line
from rblwatch.core.blocklist import bare
from rblwatch.core.routing import Decision, Silence
from rblwatch.core.settings import Route, Settings, Topic
from rblwatch.services.acknowledge import acknowledge
from rblwatch.store.database import Store
from tests.integration.services.scene import CHAT, HOST, MAIL, MX1, MX2, OTHER, list_of, look, said, to, watching
from tests.support.configuration import settings_of
from tests.support.site import Journey, Site
from tests.support.world import Mode

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
REMINDED = Route(channels=(CHAT,), remind_every=DAY)


def configured(*routes: Route) -> Settings:
    return settings_of([MX1, MX2], [bare("a.test"), bare("b.test")], routes=routes)


async def listed(store: Store, *routes: Route) -> Site:
    """Two servers on two lists, one of them listed and told."""
    site = await watching(store, list_of("a.test"), list_of("b.test"), settings=configured(*routes))
    site.world.list("a.test", HOST)
    await look(site)
    return site


async def wait(site: Site, duration: timedelta) -> None:
    """Let a daemon run for so long that asks nothing new."""
    await site.run(until=duration, every=timedelta(minutes=30))


def lines(site: Site, recipient: str = CHAT) -> list[list[tuple[Line, str]]]:
    return [said(message) for message in to(site, recipient)]


TOLD = [(Line.LISTED, "10.0.0.1")]
REMINDER = [(Line.REMINDER, "10.0.0.1")]


async def test_whoever_was_told_is_reminded_while_it_stands_and_not_after_that(store: Store) -> None:
    site = await listed(store, REMINDED, Route(channels=(MAIL,)))
    await wait(site, DAY - HOUR)
    assert lines(site) == [TOLD]
    await wait(site, 2 * HOUR)
    assert lines(site) == [TOLD, REMINDER]
    assert to(site, CHAT)[-1].group is Group.REMINDER
    await wait(site, DAY)
    assert lines(site) == [TOLD, REMINDER, REMINDER]
    site.world.delist("a.test", HOST)
    await wait(site, 3 * DAY)
    assert lines(site) == [TOLD, REMINDER, REMINDER, [(Line.DELISTED, "10.0.0.1")]]
    assert lines(site, MAIL) == [TOLD, [(Line.DELISTED, "10.0.0.1")]]


async def test_it_is_counted_from_what_was_told_last(store: Store) -> None:
    site = await listed(store, REMINDED)
    await wait(site, 20 * HOUR)
    site.world.list("a.test", HOST, "127.0.0.9")
    await wait(site, 20 * HOUR)
    assert lines(site) == [TOLD, [(Line.CHANGED, "10.0.0.1")]]
    await wait(site, 6 * HOUR)
    assert lines(site)[2:] == [REMINDER]


async def test_all_that_is_due_or_nearly_so_is_one_message(store: Store) -> None:
    site = await listed(store, REMINDED)
    await wait(site, 3 * HOUR)
    site.world.list("a.test", OTHER)
    await wait(site, 3 * DAY)
    both = [(Line.REMINDER, "10.0.0.1"), (Line.REMINDER, "10.0.0.2")]
    assert lines(site) == [TOLD, [(Line.LISTED, "10.0.0.2")], both, both, both]


async def test_a_restart_neither_repeats_nor_loses_one(store: Store) -> None:
    site = await listed(store, REMINDED)
    await wait(site, DAY - HOUR)
    await site.start(site.settings)
    await wait(site, 2 * HOUR)
    for _ in range(3):
        await site.start(site.settings)
        await wait(site, HOUR)
    assert lines(site) == [TOLD, REMINDER]
    # The machine is off while three are due.
    site.clock.advance(3 * DAY)
    await site.start(site.settings)
    await wait(site, HOUR)
    assert lines(site) == [TOLD, REMINDER, REMINDER]


async def test_what_somebody_acknowledged_is_not_reminded_of(store: Store) -> None:
    site = await listed(store, REMINDED)
    (told,) = to(site, CHAT)
    now = site.clock.now()
    store.write_now(lambda repo: acknowledge(repo, told.alert_id, author="ada", note="", at=now))
    await wait(site, 3 * DAY)
    assert lines(site) == [TOLD]


async def test_what_is_acknowledged_while_a_reminder_is_on_its_way_is_left_out_of_it(store: Store) -> None:
    site = await listed(store, REMINDED)
    site.notifier.journeys[CHAT] = Journey.TRANSIENT
    await wait(site, DAY + HOUR)
    (told,) = to(site, CHAT)
    now = site.clock.now()
    store.write_now(lambda repo: acknowledge(repo, told.alert_id, author="ada", note="", at=now))
    site.notifier.journeys.clear()
    await wait(site, 2 * DAY)
    assert lines(site) == [TOLD]
    last_id = store.write_now(lambda repo: repo.last_news_id())
    (telling,) = [one for one in store.write_now(lambda repo: repo.tellings_of([last_id])) if one.recipient == CHAT]
    assert (telling.decision, telling.dropped) == (Decision.TELL, Drop.ACKNOWLEDGED)


async def test_a_silence_keeps_reminders_back_and_one_comes_when_it_ends(store: Store) -> None:
    site = await listed(store, REMINDED)
    now = site.clock.now()
    store.write_now(lambda repo: repo.add_silence(Silence(id=0, until_at=now + 3 * DAY), now))
    await wait(site, 3 * DAY - HOUR)
    assert lines(site) == [TOLD]
    await wait(site, 2 * HOUR)
    assert lines(site) == [TOLD, REMINDER]


async def test_a_reminder_that_is_muted_on_its_way_comes_as_a_reminder_when_the_silence_ends(store: Store) -> None:
    site = await listed(store, REMINDED)
    site.notifier.journeys[CHAT] = Journey.TRANSIENT
    await wait(site, DAY + HOUR)
    now = site.clock.now()
    store.write_now(lambda repo: repo.add_silence(Silence(id=0, until_at=now + 5 * HOUR), now))
    site.notifier.journeys.clear()
    await wait(site, 10 * HOUR)
    assert lines(site) == [TOLD, REMINDER]


async def test_with_a_digest_it_comes_in_the_digest(store: Store) -> None:
    site = await listed(store, replace(REMINDED, digest="12:00"))
    await wait(site, 2 * HOUR)
    assert lines(site) == [TOLD]
    site.world.list("b.test", OTHER)
    await wait(site, 2 * DAY)
    (_, second, third) = to(site, CHAT)
    assert second.group is third.group is Group.DIGEST
    assert said(second) == [(Line.LISTED, "10.0.0.2")]
    # Due just after the second digest had left, it is in the third.
    assert said(third)[0] == (Line.REMINDER, "10.0.0.1")


@pytest.mark.parametrize(
    "after",
    [
        # Nobody is reminded any more.
        Route(channels=(CHAT,)),
        # Nothing leads there any more, but of other servers.
        replace(REMINDED, tags=frozenset({"test"})),
        # Somebody else is told now.
        Route(channels=(MAIL,)),
    ],
)
async def test_a_route_that_goes_takes_its_reminders_with_it(store: Store, after: Route) -> None:
    site = await listed(store, REMINDED)
    await wait(site, 20 * HOUR)
    await site.reload(configured(after))
    await wait(site, 3 * DAY)
    assert Line.REMINDER not in [line for message in lines(site) for line, _ in message]


async def test_a_channel_that_refuses_for_good_is_not_tried_again_at_once(store: Store) -> None:
    site = await listed(store, REMINDED)
    site.notifier.journeys[CHAT] = Journey.PERMANENT
    await wait(site, DAY + 5 * HOUR)
    assert len(site.notifier.attempts) == 2


async def test_a_lists_trouble_is_reminded_of_where_a_route_takes_it(store: Store) -> None:
    without = Route(channels=(MAIL,), remind_every=DAY, on=frozenset({Topic.LISTED}))
    site = await watching(store, list_of("a.test"), list_of("b.test"), settings=configured(REMINDED, without))
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    await wait(site, DAY + HOUR)
    first, second = to(site, CHAT)
    assert [entry.line for message in (first, second) for entry in message.entries] == [Line.BLIND, Line.BLIND]
    assert (first.group, second.group, to(site, MAIL)) == (Group.INCIDENT, Group.REMINDER, [])
    site.world.turn("a.test", Mode.HEALTHY)
    await wait(site, 3 * DAY)
    assert [entry.line for message in to(site, CHAT)[2:] for entry in message.entries] == [Line.SIGHTED]


async def test_the_command_sweep_reminds_as_well(store: Store) -> None:
    site = await listed(store, REMINDED)
    site.clock.advance(DAY + HOUR)
    await site.sweep_once()
    assert lines(site) == [TOLD, REMINDER]
