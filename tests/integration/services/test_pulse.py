"""The heartbeat stops when the work stops, whatever the world answers, and comes back by itself."""

import logging
from datetime import timedelta

import pytest

from rblwatch.core.blocklist import bare
from rblwatch.core.retry import Outcome, Permanent, Sent, Transient
from rblwatch.core.vitality import LONGEST_WAIT
from rblwatch.services.claims import IN_FLIGHT
from rblwatch.services.monitor import tell_notice
from rblwatch.services.policy import policy_of
from rblwatch.services.pulse import Pulse, late
from rblwatch.store.database import Store
from rblwatch.store.rows import DaemonRow
from tests.integration.services.scene import CHAT, MX1, list_of, minutes, watching
from tests.support.configuration import settings_of
from tests.support.site import Journey, Site
from tests.support.world import Mode


class ScriptedHeart:
    def __init__(self) -> None:
        self.beats = 0
        self.outcome: Outcome = Sent()

    async def beat(self) -> Outcome:
        self.beats += 1
        return self.outcome


class Watched:
    """A site with a heartbeat."""

    def __init__(self, site: Site) -> None:
        self.site, self.heart = site, ScriptedHeart()
        self.pulse = Pulse(self.heart, minutes(5), site.clock, site.store, instance="1")

    async def beats_within(self, minutes_: float, *, sweeps: bool = True, delivers: bool = True) -> int:
        before = self.heart.beats
        for _ in range(int(minutes_)):
            self.site.clock.advance(minutes(1))
            if sweeps:
                await self.site.beat()
            if delivers:
                await self.site.deliver()
            await self.pulse.step(lambda: late(self.site.monitor, self.site.deliverer, self.site.clock))
        return self.heart.beats - before

    def row(self) -> DaemonRow:
        row = self.site.store.read_now(lambda queries: queries.daemon())
        assert row is not None
        return row


async def watched(store: Store) -> Watched:
    settings = settings_of([MX1], [bare("a.test")], channels=[CHAT])
    site = await watching(store, list_of(), settings=settings)
    now = site.clock.now()
    row = DaemonRow(instance="1", host="h", pid=1, version="1", started_at=now, beat_at=now)
    await store.write(lambda repo: repo.set_daemon(row))
    return Watched(site)


async def test_it_beats_in_its_time_while_all_goes_well(store: Store) -> None:
    one = await watched(store)
    assert await one.beats_within(60) == 12
    assert (one.row().heartbeat_at, one.row().heartbeat_problem) == (one.site.clock.now() - minutes(4), None)


async def test_it_stops_when_sweeps_stop_and_comes_back_with_them(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    one = await watched(store)
    await one.beats_within(20)
    assert await one.beats_within(40, sweeps=False) > 0, "a round more or less is nothing"
    assert await one.beats_within(60, sweeps=False) == 0
    assert one.row().heartbeat_problem == "sweeps are overdue (a.test)"
    assert [record.message for record in caplog.records].count("heartbeat.withheld") == 1
    assert await one.beats_within(1) == 1, "at once"
    assert one.row().heartbeat_problem is None
    assert [record.message for record in caplog.records].count("heartbeat.back") == 1


async def test_it_goes_on_when_no_list_answers(store: Store) -> None:
    """That is what a message says of the lists, or of the resolver: rblwatch itself works."""
    one = await watched(store)
    one.site.world.lists["a.test"].mode = Mode.DEAD
    assert await one.beats_within(120) == 24


async def test_it_stops_when_nobody_looks_through_the_outbox(store: Store) -> None:
    one = await watched(store)
    await one.beats_within(10)
    assert await one.beats_within(3, delivers=False) <= 1, "a database may restart"
    assert await one.beats_within(20, delivers=False) == 0
    assert one.row().heartbeat_problem == "the outbox is not looked through"
    assert await one.beats_within(1) == 1


async def test_it_stops_when_messages_that_are_due_do_not_leave(store: Store) -> None:
    one = await watched(store)
    one.site.notifier.journeys[CHAT] = Journey.HANGS
    for number in range(IN_FLIGHT + 1):
        tell_notice(store, policy_of(one.site.settings), f"something happened, {number}", one.site.clock.now())
    await one.beats_within(LONGEST_WAIT / minutes(1) + 1)
    assert await one.beats_within(30) == 0
    assert one.row().heartbeat_problem == "a message that is due does not leave"


async def test_a_channel_that_is_out_of_order_stops_no_heartbeat(store: Store) -> None:
    one = await watched(store)
    one.site.notifier.journeys[CHAT] = Journey.TRANSIENT
    for number in range(20):
        tell_notice(store, policy_of(one.site.settings), f"something happened, {number}", one.site.clock.now())
    assert await one.beats_within(120) == 24


@pytest.mark.parametrize("outcome", [Transient("no answer in time"), Permanent("refuses it (HTTP 404 Not Found)")])
async def test_its_own_failure_is_told_once_and_delays_nothing(
    store: Store, caplog: pytest.LogCaptureFixture, outcome: Outcome
) -> None:
    caplog.set_level(logging.INFO)
    one = await watched(store)
    one.heart.outcome = outcome
    assert await one.beats_within(60) == 12, "whatever it says, it is asked again in its time"
    assert one.row().heartbeat_problem == f"the heartbeat's URL: {outcome.detail}"
    assert one.row().heartbeat_at is None
    one.heart.outcome = Sent()
    await one.beats_within(6)
    assert one.row().heartbeat_problem is None
    said = [record.message for record in caplog.records if record.message.startswith("heartbeat.")]
    assert said == ["heartbeat.failed", "heartbeat.back"]


async def test_status_says_how_the_daemon_and_its_heartbeat_are(store: Store) -> None:
    one = await watched(store)
    await one.beats_within(6)
    report = one.site.status()
    assert report.daemon is not None
    assert not report.alive, "nobody has shown for six minutes that he lives"
    now = one.site.clock.now()
    await store.write(lambda repo: repo.beat("1", now - timedelta(seconds=10)))
    assert one.site.status().alive
