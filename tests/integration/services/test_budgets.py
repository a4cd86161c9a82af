"""No day sees more questions to an operator's lists than he allows, whoever asks; and what was not asked is said."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from ipaddress import ip_network
from itertools import pairwise

import pytest

from rblwatch.core.blocklist import Pace, bare
from rblwatch.core.question import Reason
from rblwatch.core.settings import Server
from rblwatch.services.budgets import Till
from rblwatch.store.database import Store
from rblwatch.store.errors import StoreError, StoreUnavailable
from rblwatch.store.repository import Repository
from tests.integration.services.scene import HOST, MX1, MX2, held, minutes, watching
from tests.support.configuration import settings_of
from tests.support.site import Site
from tests.support.world import ScriptedClock, ScriptedList, World

PER_DAY = 40
MANY = Server(name="range", networks=(ip_network("10.1.0.0/26"),))


def acme(*names: str, per_day: int = PER_DAY, interval_s: int | None = None) -> list[ScriptedList]:
    pace = Pace(per_day=per_day, interval_s=interval_s)
    return [ScriptedList(replace(bare(name), operator="acme", pace=pace)) for name in names]


def counted(site: Site) -> Counter[date]:
    """What the operator's own log says of each day."""
    return Counter(at.date() for at, _ in site.lookup.sent)


def spent(site: Site) -> int:
    today = site.clock.now().date()
    return site.store.read_now(lambda queries: queries.spent(today)).get("acme", 0)


def unasked(site: Site) -> set[str]:
    """The lists of which something is unknown because they were not asked."""
    return {
        pair.blocklist
        for server in site.status().servers
        for target in server.targets
        for pair in target.pairs
        if pair.reason is Reason.NOT_ASKED
    }


async def go_on(site: Site, until: datetime) -> None:
    await site.run(until=until - site.clock.now(), every=minutes(20))


def midnight(site: Site) -> datetime:
    return datetime.combine(site.clock.now().date() + timedelta(days=1), datetime.min.time(), site.clock.now().tzinfo)


async def test_a_daemon_alone_spreads_its_rounds_over_the_day_and_leaves_nothing_out(store: Store) -> None:
    """Three lists and two servers make rounds of 15 questions, which 40 a day allow every 12 hours."""
    site = await watching(store, *acme("a.test", "b.test", "c.test"))
    for _ in range(3):
        await go_on(site, midnight(site))
        assert unasked(site) == set()
    rounds = sorted({at for at, blocklist in site.lookup.sent if blocklist == "a.test"})
    assert all(later - earlier >= timedelta(hours=12) for earlier, later in pairwise(rounds))
    assert len(rounds) >= 5
    assert max(counted(site).values()) <= 30


@pytest.mark.parametrize("per_day", [17, 23, 40, 41, 100])
async def test_no_day_sees_more_than_is_allowed(store: Store, per_day: int) -> None:
    """With sweeps, restarts, news to be proven and lists that are down in between; what is stored is never less."""
    site = await watching(store, *acme("a.test", "b.test", "c.test", per_day=per_day))
    settings = site.settings
    for hour in range(60):
        site.clock.advance(minutes(60))
        await site.beat()
        if hour % 5 == 0:
            await site.sweep_once()
        if hour % 7 == 0:
            await site.start(settings)
        if hour % 3 == 0:
            (site.world.list if hour % 2 else site.world.delist)("a.test", HOST)
        assert spent(site) == counted(site)[site.clock.now().date()] <= per_day
    assert max(counted(site).values()) <= per_day


async def test_what_cannot_be_asked_today_is_unknown_and_not_clear(store: Store) -> None:
    """And what was listed stays listed; the next day knows again."""
    site = await watching(store, *acme("a.test", "b.test", "c.test"))
    site.world.list("a.test", HOST)
    site.clock.advance(minutes(2))
    swept = [await site.sweep_once() for _ in range(4)]
    assert sum(swept[0].totals.unasked.values()) == 0
    assert sum(swept[2].totals.unasked.values()) > 0
    assert swept[2].totals.unknown >= sum(swept[2].totals.unasked.values())
    assert unasked(site) >= {"b.test", "c.test"}
    assert held(site) == [("a.test", HOST.text)]
    assert counted(site)[site.clock.now().date()] <= PER_DAY
    tomorrow = midnight(site)
    await go_on(site, tomorrow - minutes(20))
    assert unasked(site) >= {"b.test", "c.test"}
    await go_on(site, tomorrow + timedelta(hours=2))
    assert unasked(site) == set()
    assert held(site) == [("a.test", HOST.text)]


async def test_a_list_that_may_not_be_asked_is_no_incident(store: Store) -> None:
    """It is neither silent nor unsound: we were thrifty."""
    site = await watching(store, *acme("a.test", per_day=5))
    for _ in range(4):
        await site.sweep_once()
    await go_on(site, midnight(site))
    (status,) = site.status().blocklists
    assert status.incident is None
    assert status.condition is not None
    assert status.condition.soundness.trusted


async def test_a_process_that_dies_leaves_its_reservation_spent(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot say what it still asked, so all of it counts."""

    async def dead(*_: object) -> None:
        return None

    site = await watching(store, *acme("a.test"), first_round=False)
    for list_ in site.world.lists.values():
        list_.answers.clear()
    with monkeypatch.context() as patched:
        patched.setattr(Till, "_give_back", dead)
        site.monitor.start_due()
        await _until_asked(site)
        await site.monitor.sweeper.drain(0)
    for list_ in site.world.lists.values():
        list_.answers.set()
    before = spent(site)
    assert before >= 5
    await site.start(site.settings)
    for _ in range(8):
        await site.sweep_once()
    assert before + counted(site)[site.clock.now().date()] <= spent(site) <= PER_DAY


async def _until_asked(site: Site) -> None:
    while not site.lookup.batches:  # noqa: ASYNC110 - the test's own time limit bounds it
        await asyncio.sleep(0.001)


async def test_a_daemon_and_a_sweep_share_one_budget(store: Store) -> None:
    """They are two processes on one database: neither knows of the other but from there."""
    site = await watching(store, *acme("a.test", "b.test", "c.test"))
    other = Site(store, site.world)
    other.lookup = site.lookup
    await other.start(site.settings)
    for _ in range(4):
        await asyncio.gather(site.sweep(), other.sweep())
    assert spent(site) == counted(site)[site.clock.now().date()] <= PER_DAY


async def test_what_was_left_out_is_asked_first(store: Store) -> None:
    """64 addresses on 40 questions a day: within three days each has had its turn, probes included."""
    site = await watching(store, *acme("a.test"), servers=[MANY])
    known: set[str] = set()
    for _ in range(4):
        known |= {t.target.text for s in site.status().servers for t in s.targets if t.clear}
        await go_on(site, midnight(site) + minutes(60))
        await site.start(site.settings)
    assert len(known) == 64
    assert max(counted(site).values()) <= PER_DAY


async def test_a_new_server_is_looked_at_at_once(store: Store) -> None:
    """However far away the next round of the others is."""
    (scripted,) = lists = acme("a.test")
    site = await watching(store, *lists, servers=[MX1])
    site.clock.advance(minutes(60))
    await site.reload(settings_of([MX1, MX2], [scripted.blocklist]))
    await site.beat()
    assert {target.clear for server in site.status().servers for target in server.targets} == {1}


async def test_a_question_around_midnight_counts_on_both_days(store: Store) -> None:
    site = await watching(store, *acme("a.test"), first_round=False)
    site.clock.advance(midnight(site) - site.clock.now() - timedelta(seconds=30))
    await site.sweep_once()
    today = spent(site)
    site.clock.advance(minutes(1))
    assert today == spent(site) == 5


async def test_a_purse_is_not_good_for_the_next_day(store: Store) -> None:
    """Questions that wait for longer than midnight are not asked: they would be tomorrow's."""
    site = await watching(store, *acme("a.test"), first_round=False)
    (list_,) = site.world.lists.values()
    list_.answers.clear()
    site.clock.advance(midnight(site) - site.clock.now() - minutes(5))
    sweeping = asyncio.create_task(site.sweep())
    await _until_asked(site)
    site.clock.advance(minutes(6))
    list_.answers.set()
    await sweeping
    assert counted(site) == Counter()


@pytest.mark.parametrize("trouble", [StoreUnavailable("the disk is full"), StoreError("this user may not write")])
async def test_what_cannot_be_given_back_costs_no_answer(
    store: Store, monkeypatch: pytest.MonkeyPatch, trouble: StoreError
) -> None:
    """The packets that were not needed stay spent; what was answered counts all the same."""

    def refuse(*_: object) -> None:
        raise trouble

    monkeypatch.setattr(Repository, "unspend", refuse)
    site = await watching(store, *acme("a.test"))
    assert unasked(site) == set()
    assert {target.clear for server in site.status().servers for target in server.targets} == {1}
    assert spent(site) > sum(counted(site).values())


async def test_rechecks_of_listed_pairs_leave_the_rounds_their_share(store: Store) -> None:
    """They would take 8 questions every five minutes."""
    site = await watching(store, *acme("a.test", per_day=400), first_round=False)
    site.world.list("a.test", HOST)
    for _ in range(2):
        await site.run(until=midnight(site) - site.clock.now(), every=minutes(5))
    assert unasked(site) == set()
    assert held(site) == [("a.test", HOST.text)]
    assert 300 <= counted(site)[site.clock.now().date() - timedelta(days=1)] <= 400


async def test_what_does_not_change_for_hours_is_not_asked_meanwhile(store: Store) -> None:
    """A list's own minimum binds rounds and rechecks; a sweep asks all the same."""
    site = await watching(store, *acme("a.test", per_day=10**6, interval_s=10_800), first_round=False)
    site.world.list("a.test", HOST)
    await site.run(until=timedelta(hours=12), every=minutes(5))
    about = sorted({at for at, _ in site.lookup.sent})
    assert all(later - earlier >= timedelta(hours=3) for earlier, later in pairwise(about))
    assert len(about) >= 4
    before = len(site.lookup.sent)
    await site.sweep_once()
    assert len(site.lookup.sent) > before


async def test_a_list_without_a_number_pays_nothing(store: Store) -> None:
    scripted = ScriptedList(bare("free.test"))
    site = Site(store, World(ScriptedClock(), [scripted]))
    await site.start(settings_of([MX1, MX2], [scripted.blocklist]))
    await site.sweep()
    assert store.read_now(lambda queries: queries.spent(site.clock.now().date())) == {}
