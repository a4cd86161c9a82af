"""The wall clock is stepped at any moment: nothing is silent for as long as the step, and nothing is told twice."""

from datetime import timedelta

import pytest

from rblwatch.core.alert import Line
from rblwatch.core.settings import Server
from rblwatch.core.target import parse_name
from rblwatch.store.database import Store
from tests.integration.services.scene import CHAT, HOST, MX1, MX2, list_of, minutes, watching
from tests.support.configuration import settings_of
from tests.support.site import Site

HOUR = timedelta(hours=1)
STEPS = [HOUR, -HOUR]
INTERVAL = minutes(15)


async def site_of(store: Store, *, ttl_s: int = 60) -> Site:
    lists = [list_of(zone, positive_ttl_s=ttl_s, negative_ttl_s=ttl_s) for zone in ("a.test", "b.test")]
    settings = settings_of([MX1, MX2], [one.blocklist for one in lists], channels=[CHAT])
    assert settings.schedule.interval == INTERVAL
    return await watching(store, *lists, settings=settings)


async def asked_within(site: Site, span: timedelta) -> set[str]:
    """The lists that are asked while a daemon runs for so long."""
    before = len(site.lookup.batches)
    await site.run(until=span, every=minutes(1))
    return {batch.blocklist.id for batch in site.lookup.batches[before:]}


# --- sweeps ---


@pytest.mark.parametrize("noticed", ["while the list is asked", "when it has answered"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_list_that_is_being_asked_when_the_clock_is_stepped_is_asked_again_in_time(
    store: Store, step: timedelta, noticed: str
) -> None:
    site = await site_of(store)
    slow = site.world.lists["a.test"]
    slow.answers.clear()
    site.clock.advance(INTERVAL)
    site.monitor.start_due()
    await site.settle()
    site.clock.step(step)
    if noticed == "while the list is asked":
        site.monitor.rearm()
    slow.answers.set()
    await site.monitor.sweeper.drain(60)
    if noticed == "when it has answered":
        site.monitor.rearm()
    assert await asked_within(site, minutes(1)) == {"a.test", "b.test"}
    assert await asked_within(site, INTERVAL + minutes(1)) == {"a.test", "b.test"}


@pytest.mark.parametrize("step", STEPS)
async def test_what_a_slow_answer_says_is_dated_by_the_clock_of_now(store: Store, step: timedelta) -> None:
    """Else nothing would be called outdated for an hour, and a clear answer would come from the future."""
    site = await site_of(store)
    slow = site.world.lists["a.test"]
    slow.answers.clear()
    site.clock.advance(INTERVAL)
    site.monitor.start_due()
    await site.settle()
    site.clock.advance(minutes(1))
    site.clock.step(step)
    slow.answers.set()
    await site.monitor.sweeper.drain(60)
    (coverage,) = store.read_now(lambda queries: queries.coverages("a.test"))
    assert coverage.asked_at == site.clock.now() - minutes(1)


@pytest.mark.parametrize("ahead", [HOUR, timedelta(days=400)])
async def test_a_daemon_that_starts_after_its_clock_was_set_right_asks_at_once(store: Store, ahead: timedelta) -> None:
    site = await site_of(store)
    site.clock.step(ahead)
    await site.sweep()
    site.clock.step(-ahead)
    await site.start(site.settings)
    assert await asked_within(site, minutes(1)) == {"a.test", "b.test"}
    assert not any(one.since_at > site.clock.now() for one in site.monitor.rounds)


# --- news ---


@pytest.mark.parametrize("moment", [0, 20, 45, 65, 80])
@pytest.mark.parametrize("ttl_s", [60, 1800])
@pytest.mark.parametrize("step", STEPS)
async def test_a_listing_and_its_end_are_told_once_and_in_time_whenever_the_clock_is_stepped(
    store: Store, step: timedelta, ttl_s: int, moment: int
) -> None:
    """The clock is stepped so many minutes after the listing; it lasts for an hour."""
    site = await site_of(store, ttl_s=ttl_s)
    site.world.list("a.test", HOST)
    # As in a world without steps: copies of two answers run out, and each is followed by an interval.
    latest = int(60 + 2 * (ttl_s / 60 + 15) + 5)
    for minute in range(0, latest, 5):
        if minute == moment:
            site.clock.step(step)
            site.monitor.rearm()
        if minute == 60:
            site.world.delist("a.test", HOST)
        await site.run(until=minutes(5), every=minutes(5))
    assert [line for line, *_ in site.notifier.lines(CHAT)] == [Line.LISTED, Line.DELISTED]


# --- names ---


async def test_names_that_were_looked_up_by_a_clock_that_was_ahead_are_looked_up_at_once(store: Store) -> None:
    site = await watching(store, list_of(), servers=[Server(name="mx1", hostnames=(parse_name("mx1.test"),))])
    site.names.known["mx1.test"] = (HOST,)
    site.clock.step(timedelta(days=400))
    await site.look_up_names()
    site.clock.step(-timedelta(days=400))
    await site.start(site.settings)
    assert site.survey.due_at is not None
    assert site.survey.due_at <= site.clock.now()
