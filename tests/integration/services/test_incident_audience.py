"""Who hears of an incident: its beginning and its end, both or neither, whatever happens to channels and silences."""

from datetime import timedelta

import pytest

from rblwatch.core.alert import Drop, Group, Line
from rblwatch.core.blocklist import bare
from rblwatch.core.message import Message
from rblwatch.core.routing import Silence
from rblwatch.core.settings import Route, Topic
from rblwatch.store.database import Store
from tests.integration.services.scene import CHAT, MAIL, MX1, MX2, list_of, look, minutes, tell, to, watching
from tests.support.configuration import settings_of
from tests.support.site import Journey, Site
from tests.support.world import Mode

A = bare("a.test")
ALL = settings_of([MX1, MX2], [A])
CHAT_ONLY = settings_of([MX1, MX2], [A], channels=[CHAT])
BLIND, SIGHTED = Line.BLIND, Line.SIGHTED


def lines(messages: list[Message]) -> list[Line]:
    return [entry.line for message in messages for entry in message.entries]


async def blind(store: Store) -> Site:
    """A list that lists everybody, and a chat that was told."""
    site = await watching(store, list_of(), settings=CHAT_ONLY)
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    assert lines(to(site, CHAT)) == [BLIND]
    return site


async def heal(site: Site) -> None:
    site.world.turn("a.test", Mode.HEALTHY)
    for _ in range(2):
        await look(site)


async def silence(site: Site, lasting: timedelta) -> None:
    at = site.clock.now()
    muting = Silence(id=0, until_at=at + lasting, blocklist="a.test")
    await site.store.write(lambda repo: repo.add_silence(muting, at))


async def silence_ends(site: Site) -> None:
    site.clock.advance(timedelta(hours=6))
    await site.end_silences()
    await tell(site)


async def test_a_channel_that_is_added_hears_of_the_incident_that_lasts_and_then_of_its_end(store: Store) -> None:
    site = await blind(store)
    await site.reload(ALL)
    await tell(site)
    (standing,) = to(site, MAIL)
    assert (standing.group, lines([standing])) == (Group.STANDING, [BLIND])
    await site.reload(ALL)
    await tell(site)
    await heal(site)
    assert lines(to(site, MAIL)) == lines(to(site, CHAT)) == [BLIND, SIGHTED]


async def test_a_channel_that_is_added_after_an_incident_hears_nothing_of_it(store: Store) -> None:
    site = await blind(store)
    await heal(site)
    await site.reload(ALL)
    await tell(site)
    assert to(site, MAIL) == []


async def test_a_route_that_takes_incidents_now_tells_of_the_one_that_lasts(store: Store) -> None:
    deaf = Route(channels=(CHAT,), on=frozenset(Topic) - {Topic.BLIND})
    site = await watching(store, list_of(), settings=settings_of([MX1, MX2], [A], channels=[CHAT], routes=[deaf]))
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    assert to(site, CHAT) == []
    await site.reload(CHAT_ONLY)
    await tell(site)
    await heal(site)
    assert lines(to(site, CHAT)) == [BLIND, SIGHTED]


async def test_whoever_was_told_of_an_incident_hears_of_its_end_though_his_route_went(store: Store) -> None:
    site = await blind(store)
    deaf = Route(channels=(CHAT,), on=frozenset({Topic.LISTED}))
    await site.reload(settings_of([MX1, MX2], [A], channels=[CHAT], routes=[deaf]))
    await heal(site)
    assert lines(to(site, CHAT)) == [BLIND, SIGHTED]


async def test_a_channel_that_comes_back_is_told_afresh(store: Store) -> None:
    site = await blind(store)
    site.clock.advance(minutes(1))
    await site.reload(settings_of([MX1, MX2], [A], channels=[MAIL]))
    site.clock.advance(minutes(1))
    await site.reload(CHAT_ONLY)
    await tell(site)
    assert lines(to(site, CHAT)) == [BLIND, BLIND]


async def test_whom_the_beginning_could_not_reach_is_not_told_the_end(store: Store) -> None:
    site = await watching(store, list_of(), settings=CHAT_ONLY)
    site.notifier.journeys[CHAT] = Journey.PERMANENT
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    site.notifier.journeys.clear()
    # It failed for good: what stands is not tried again with every reload.
    await site.reload(CHAT_ONLY)
    await heal(site)
    assert to(site, CHAT) == []


@pytest.mark.parametrize("is_over", [True, False])
async def test_what_could_not_be_told_in_time_is_told_as_what_it_is_then(store: Store, is_over: bool) -> None:
    site = await watching(store, list_of(), settings=CHAT_ONLY)
    site.notifier.journeys[CHAT] = Journey.TRANSIENT
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    if is_over:
        await heal(site)
    site.notifier.journeys.clear()
    site.clock.advance(minutes(20))
    await site.deliver()
    assert lines(to(site, CHAT)) == [Line.WAS_BLIND if is_over else BLIND]
    await heal(site)
    assert lines(to(site, CHAT)) == ([Line.WAS_BLIND] if is_over else [BLIND, SIGHTED])


async def test_the_end_of_an_incident_that_grew_is_told_after_the_silence_that_muted_both(store: Store) -> None:
    site = await watching(store, list_of(), settings=CHAT_ONLY)
    site.world.turn("a.test", Mode.DEAD)
    for _ in range(4):
        await look(site)
    await silence(site, timedelta(hours=5))
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    await heal(site)
    assert lines(to(site, CHAT)) == [BLIND]
    await silence_ends(site)
    assert lines(to(site, CHAT)) == [BLIND, SIGHTED]
    # It is told once.
    await silence(site, minutes(1))
    await silence_ends(site)
    assert lines(to(site, CHAT)) == [BLIND, SIGHTED]


async def test_that_an_incident_grew_is_told_after_the_silence_that_muted_it(store: Store) -> None:
    site = await watching(store, list_of(), settings=CHAT_ONLY)
    site.world.turn("a.test", Mode.DEAD)
    for _ in range(4):
        await look(site)
    await silence(site, timedelta(hours=5))
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    await silence_ends(site)
    assert lines(to(site, CHAT)) == [BLIND, BLIND]


@pytest.mark.parametrize("is_over", [True, False])
async def test_an_incident_that_a_silence_muted_is_told_if_it_lasts_then(store: Store, is_over: bool) -> None:
    site = await watching(store, list_of(), settings=CHAT_ONLY)
    await silence(site, timedelta(hours=5))
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    if is_over:
        await heal(site)
    await silence_ends(site)
    assert lines(to(site, CHAT)) == ([] if is_over else [BLIND])
    await heal(site)
    assert lines(to(site, CHAT)) == ([] if is_over else [BLIND, SIGHTED])


async def test_a_channel_that_is_added_during_a_silence_hears_of_the_incident_when_that_ends(store: Store) -> None:
    site = await blind(store)
    await silence(site, timedelta(hours=5))
    for _ in range(2):
        await site.reload(ALL)
        await tell(site)
    assert to(site, MAIL) == []
    await silence_ends(site)
    assert lines(to(site, MAIL)) == [BLIND]
    assert lines(to(site, CHAT)) == [BLIND]


async def test_an_incident_that_grew_before_it_was_told_is_one_list_in_one_line(store: Store) -> None:
    site = await watching(store, list_of(), settings=CHAT_ONLY)
    site.world.turn("a.test", Mode.DEAD)
    for _ in range(3):
        site.clock.advance(minutes(15))
        await site.sweep()
    site.world.turn("a.test", Mode.WILDCARD)
    site.clock.advance(minutes(15))
    await site.sweep()
    await tell(site)
    (message,) = to(site, CHAT)
    assert lines([message]) == [BLIND]
    (delivery,) = store.read_now(lambda queries: queries.deliveries())
    dropped = [telling.dropped for telling in store.read_now(lambda queries: queries.tellings(delivery.id))]
    assert dropped == [Drop.MERGED, None]
