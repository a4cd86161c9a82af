"""A list that cannot be believed is set aside: nothing but its probes is asked, on a schedule of their own."""

from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from itertools import pairwise

from rblwatch.core.blocklist import Pace, bare
from rblwatch.core.plan import SLICE_TARGETS, Batch, outdated
from rblwatch.core.question import Reason
from rblwatch.core.settings import Server
from rblwatch.store.database import Store
from tests.integration.services.scene import HOST, MX1, MX2, held, list_of, minutes, tell, to, watching
from tests.support.configuration import settings_of
from tests.support.site import Site
from tests.support.world import NAMESERVER, START, Mode, ScriptedList

ELSEWHERE = "127.0.0.9:53"
#: Two slices of targets.
MANY = Server(name="range", networks=(ip_network("10.8.0.0/19"),))


async def beats(site: Site, minutes_: float) -> list[Batch]:
    """A daemon at work for a time; what it asked."""
    before = len(site.lookup.batches)
    await site.run(until=minutes(minutes_), every=minutes(1))
    return site.lookup.batches[before:]


async def unsound(store: Store, *lists: ScriptedList, servers: tuple[Server, ...] = (MX1, MX2)) -> Site:
    """A list was believed, and has just been found to list everybody."""
    site = await watching(store, *lists or [list_of()], servers=servers)
    await beats(site, 14)
    site.world.turn("a.test", Mode.WILDCARD)
    await beats(site, 2)
    assert reasons(site) == {Reason.UNSOUND}
    return site


def reasons(site: Site) -> set[Reason | None]:
    """Why nothing is known of the pairs of a list."""
    return {
        pair.reason
        for server in site.status().servers
        for target in server.targets
        for pair in target.pairs
        if pair.blocklist == "a.test"
    }


def asked_about(batches: list[Batch]) -> int:
    return sum(len(batch.targets) for batch in batches if batch.blocklist.id == "a.test")


def sent_at(site: Site) -> list[datetime]:
    """When questions left that concern the list."""
    return sorted({at for at, blocklist in site.lookup.sent if blocklist == "a.test"})


async def test_nothing_but_its_probes_is_asked_and_less_often_the_longer_it_lasts(store: Store) -> None:
    site = await unsound(store)
    began_at, before = site.clock.now(), len(site.lookup.sent)
    batches = await beats(site, 24 * 60)
    assert asked_about(batches) == 0
    probed_at = [at for at in sent_at(site) if at > began_at]
    waits = [int((later - one).total_seconds()) // 60 for one, later in pairwise(probed_at)]
    assert waits[0] == 5
    assert set(waits[4:]) == {15}
    # Four questions each time: the test point, the other one, one more that must not be listed, and a fresh one.
    assert len(site.lookup.sent) - before == 4 * len(probed_at)
    assert len(probed_at) <= 24 * 4 + 3


async def test_its_recovery_is_noticed_soon_and_what_it_says_of_targets_is_asked_at_once(store: Store) -> None:
    site = await unsound(store)
    await beats(site, 6)
    site.world.turn("a.test", Mode.HEALTHY)
    site.world.list("a.test", HOST)
    batches = await beats(site, 7)
    assert asked_about(batches) == 2
    assert reasons(site) <= {None}
    await beats(site, 10)
    assert held(site) == [("a.test", HOST.text)]


async def test_that_it_is_back_is_told_as_soon_as_no_cache_can_hold_its_lies(store: Store) -> None:
    site = await unsound(store)
    await tell(site)
    site.world.turn("a.test", Mode.HEALTHY)
    await beats(site, 9)
    assert [entry.line.value for message in to(site, "chat") for entry in message.entries] == ["blind", "sighted"]


async def test_a_passing_fault_of_a_probe_asks_no_target_twice(store: Store) -> None:
    """A pair is asked ahead of its round and the list is silent: what was asked before holds until its time."""
    site = await watching(store, list_of(), servers=[MX1, MX2])
    site.world.list("a.test", HOST)
    await beats(site, 35)
    assert held(site) == [("a.test", HOST.text)]
    while not any(len(batch.targets) == 2 for batch in await beats(site, 1)):
        pass
    await beats(site, 3)
    site.world.turn("a.test", Mode.DEAD)
    await beats(site, 3)
    assert reasons(site) == {Reason.TIMEOUT, None}
    site.world.turn("a.test", Mode.HEALTHY)
    batches = await beats(site, 7)
    assert {len(batch.targets) for batch in batches} <= {0, 1}


async def test_a_restart_neither_asks_early_nor_forgets_to_ask(store: Store) -> None:
    site = await unsound(store)
    await beats(site, 60)
    last_at = sent_at(site)[-1]
    await site.start(site.settings)
    await beats(site, 30)
    after = [at for at in sent_at(site) if at > last_at]
    assert minutes(15) <= after[0] - last_at <= minutes(16)
    # Nor does one that happens between its recovery and the round that is made then.
    site.world.turn("a.test", Mode.HEALTHY)
    while reasons(site) == {Reason.UNSOUND}:
        site.clock.advance(minutes(1))
        site.monitor.start_due()
        await site.monitor.sweeper.drain(60)
    await site.start(site.settings)
    assert asked_about(await beats(site, 1)) == 2


async def test_it_is_found_to_be_sound_through_another_nameserver(store: Store) -> None:
    site = await unsound(store)
    site.lookup.nameserver = ELSEWHERE
    site.world.turn("a.test", Mode.HEALTHY)  # the first one goes on repeating its lies: nobody asks it any more
    batches = await beats(site, 7)
    assert asked_about(batches) == 2
    soundings = store.read_now(lambda queries: queries.soundings())
    assert {one.nameserver: one.condition.soundness.trusted for one in soundings} == {
        NAMESERVER: False,
        ELSEWHERE: True,
    }


async def test_a_list_whose_probes_are_in_a_cache_is_not_asked_about_everything_again_and_again(store: Store) -> None:
    """It died a minute ago: caches hold the right answers to its probes for an hour, and only news shows the lie."""
    site = await watching(store, list_of(positive_ttl_s=3600, negative_ttl_s=3600))
    site.world.turn("a.test", Mode.WILDCARD)
    site.lookup._cached = {key: kept for key, kept in site.lookup._cached.items() if key[2] != HOST}
    batches = await beats(site, 120)
    assert held(site) == []
    assert asked_about(batches) <= 4
    assert asked_about(await beats(site, 120)) == 0


async def test_neither_status_nor_the_heartbeat_takes_it_for_late(store: Store) -> None:
    site = await unsound(store, list_of(positive_ttl_s=3600))
    for _ in range(24):
        await beats(site, 30)
        report, now = site.status(), site.clock.now()
        assert (report.overdue, report.stale) == ((), False)
        assert not any(outdated(one.since_at, one.interval, now) for one in site.monitor.rounds)
        assert reasons(site) == {Reason.UNSOUND}
    # But where it is not probed any more, that is seen, and nothing more is when it is back.
    site.clock.advance(timedelta(hours=3))
    assert site.status().overdue == ("a.test",)
    assert any(outdated(one.since_at, one.interval, site.clock.now()) for one in site.monitor.rounds)
    site.world.turn("a.test", Mode.HEALTHY)
    site.monitor.start_due()
    await site.monitor.sweeper.drain(60)
    assert not any(outdated(one.since_at, one.interval, site.clock.now()) for one in site.monitor.rounds)


async def test_a_dead_list_is_probed_once_however_many_slices_of_targets_there_are(store: Store) -> None:
    site = await watching(store, list_of(), servers=[MANY], first_round=False)
    site.world.turn("a.test", Mode.DEAD)
    batches = await beats(site, 0)
    assert len(batches) == 1
    assert site.monitor._agenda.everything_asked, "first looks of other lists do not wait for it"
    site.world.turn("a.test", Mode.HEALTHY)
    batches = await beats(site, 7)
    assert sorted(len(batch.targets) for batch in batches if batch.targets)[-2:] == [SLICE_TARGETS - 1, SLICE_TARGETS]


async def test_a_target_that_is_added_meanwhile_keeps_no_first_look_waiting(store: Store) -> None:
    site = await unsound(store, list_of("a.test"), list_of("b.test"))
    added = Server(name="mx3", networks=(ip_network("10.0.0.3/32"),))
    site.world.list("b.test", replace(HOST, text="10.0.0.3"))
    await site.reload(settings_of([MX1, MX2, added], [bare("a.test"), bare("b.test")]))
    batches = await beats(site, 2)
    assert asked_about(batches) == 0
    assert ("b.test", "10.0.0.3") in held(site)
    last = to(site, "chat")[-1]
    assert [entry.news.listing.target.text for entry in last.entries if entry.news.listing] == ["10.0.0.3"]


async def test_its_listings_are_kept_for_a_month_and_end_then(store: Store) -> None:
    site = await watching(store, list_of())
    site.world.list("a.test", HOST)
    await beats(site, 45)
    site.world.turn("a.test", Mode.SILENT)
    await site.run(until=timedelta(days=29, hours=23), every=timedelta(hours=1))
    assert held(site) == [("a.test", HOST.text)]
    await site.run(until=timedelta(hours=3), every=timedelta(hours=1))
    assert held(site) == []


async def test_an_operators_daily_number_holds_and_its_probes_come_all_the_same(store: Store) -> None:
    acme = replace(bare("a.test"), operator="acme", pace=Pace(per_day=60))
    site = await watching(store, ScriptedList(acme))
    site.world.turn("a.test", Mode.WILDCARD)
    for _ in range(4):
        midnight = datetime.combine(site.clock.now().date() + timedelta(days=1), datetime.min.time(), START.tzinfo)
        await site.run(until=midnight - site.clock.now(), every=minutes(10))
        today = [at for at, _ in site.lookup.sent if at.date() == (midnight - minutes(1)).date()]
        assert 8 <= len(today) <= 60
        assert not any(outdated(one.since_at, one.interval, site.clock.now()) for one in site.monitor.rounds)
    assert not site.status().overdue
    site.world.turn("a.test", Mode.HEALTHY)
    await site.run(until=timedelta(hours=12), every=minutes(10))
    assert reasons(site) <= {None}
