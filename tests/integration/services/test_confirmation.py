"""News is believed only after a second probe, since caches lie in both directions; lists and caches are scripted."""

from datetime import timedelta
from ipaddress import ip_network

import pytest

from rblwatch.core.alert import Group, Line
from rblwatch.core.blocklist import bare
from rblwatch.core.listing import Ending
from rblwatch.core.settings import Server
from rblwatch.core.soundness import Flaw, State
from rblwatch.core.standing import Change
from rblwatch.core.target import Family, Target
from rblwatch.store.database import Store
from tests.integration.services.scene import (
    CHAT,
    HOST,
    MX1,
    MX2,
    OTHER,
    TEST_POINT,
    condition,
    held,
    list_of,
    minutes,
    pending,
    tell,
    unverified,
    watching,
)
from tests.support.configuration import settings_of
from tests.support.site import Journey
from tests.support.world import NAMESERVER, START, Mode, ScriptedList

SECOND = "127.0.0.2:53"


async def test_a_listing_is_told_once_a_fresh_point_is_clear(store: Store) -> None:
    site = await watching(store, list_of())
    site.clock.advance(minutes(15))
    site.world.list("a.test", HOST, "127.0.0.4")
    await site.sweep()
    proof = site.lookup.batches[-1]
    # Pinned to the nameserver whose answers it vouches for, and about a point that was never asked before.
    assert proof.nameserver == NAMESERVER
    asked_before = {probe.target for batch in site.lookup.batches[:-1] for probe in batch.probes}
    assert {probe.target for probe in proof.probes}.isdisjoint({*asked_before, HOST, OTHER})
    await tell(site)
    assert site.notifier.lines(CHAT) == [(Line.LISTED, "10.0.0.1", "a.test")]
    (listing,) = store.read_now(lambda queries: queries.open_listings())
    assert (listing.listed_at, listing.codes) == (site.clock.now() - timedelta(seconds=30), ("127.0.0.4",))
    assert listing.clear_at == listing.listed_at - minutes(15)
    assert listing.text == "10.0.0.1 sent mail to a trap of a.test"


async def test_a_list_that_turns_wildcard_behind_cached_test_points_pages_nobody(store: Store) -> None:
    site = await watching(store, list_of(positive_ttl_s=3600, negative_ttl_s=300))
    # Somebody else keeps the negative points in the cache, so that all probes pass; the targets' copies have run out.
    site.clock.advance(minutes(5))
    for batch in site.lookup.batches[:1]:
        for probe in batch.probes:
            site.lookup.question(NAMESERVER, "a.test", probe.target)
    site.world.turn("a.test", Mode.WILDCARD)
    site.clock.advance(minutes(2))
    await site.sweep()
    assert condition(site, "a.test").soundness.flaw is Flaw.WILDCARD
    assert (held(site), pending(site)) == ([], [])
    await site.run(until=minutes(90))
    assert site.notifier.lines(CHAT) == []
    # One incident about the list, told once to each.
    assert [(m.recipient, m.group) for m in site.notifier.arrived] == [
        (CHAT, Group.INCIDENT),
        ("mail", Group.INCIDENT),
    ]
    # What the caches hold of its lies outlasts it, and is not believed either; what it truly lists then, is.
    site.world.turn("a.test", Mode.HEALTHY)
    site.world.list("a.test", OTHER)
    await site.run(until=minutes(150))
    assert held(site) == [("a.test", "10.0.0.2")]
    assert site.notifier.lines(CHAT) == [(Line.LISTED, "10.0.0.2", "a.test")]
    assert store.read_now(lambda queries: queries.incidents(open_only=True)) == []


async def test_a_list_is_not_called_sound_again_on_the_word_of_cached_test_points(store: Store) -> None:
    """The fresh point caught it; the points that every sweep meets are honest copies from before."""
    site = await watching(store, list_of(positive_ttl_s=3600, negative_ttl_s=300))
    site.clock.advance(minutes(5))
    for probe in site.lookup.batches[0].probes:
        site.lookup.question(NAMESERVER, "a.test", probe.target)
    site.world.turn("a.test", Mode.WILDCARD)
    for _ in range(3):
        await site.sweep()
        await site.deliver()
        site.clock.advance(minutes(1))
    await site.run(until=minutes(90))
    assert [entry.line for message in site.notifier.arrived for entry in message.entries] == [Line.BLIND] * 2
    site.world.turn("a.test", Mode.HEALTHY)
    await site.run(until=minutes(150))
    assert [entry.line for message in site.notifier.arrived for entry in message.entries][2:] == [Line.SIGHTED] * 2


async def test_a_fresh_point_that_a_restart_forgot_vouches_for_nothing_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are but 768 of them for IPv4, so one that was asked before may be drawn again while a cache holds it."""
    site = await watching(store, list_of(positive_ttl_s=3600, negative_ttl_s=3600), first_round=False)
    monkeypatch.setattr(site.clock, "random", iter([0.1, 0.2, 0.3]).__next__)
    site.world.list("a.test", OTHER)
    await site.sweep()
    assert held(site) == [("a.test", "10.0.0.2")]
    newcomer = Server(name="mx3", networks=(ip_network("10.0.0.3/32"),))
    await site.start(settings_of([MX1, MX2, newcomer], [list_of().blocklist]))
    monkeypatch.setattr(site.clock, "random", iter([0.1, 0.4, 0.5]).__next__)
    site.world.turn("a.test", Mode.WILDCARD)
    await site.sweep()
    assert condition(site, "a.test").soundness.flaw is Flaw.WILDCARD
    assert held(site) == [("a.test", "10.0.0.2")]


async def test_what_caches_hold_of_a_lie_is_not_believed_when_the_list_is_sound_again(store: Store) -> None:
    site = await watching(store, list_of(positive_ttl_s=1800))
    site.clock.advance(minutes(15))
    site.world.turn("a.test", Mode.WILDCARD)
    await site.sweep()
    site.clock.advance(minutes(14))
    # Somebody else asks about our server just before the list is mended.
    site.lookup.question(NAMESERVER, "a.test", HOST)
    site.world.turn("a.test", Mode.HEALTHY)
    site.clock.advance(minutes(17))
    await site.run(until=minutes(60))
    assert (held(site), site.notifier.lines(CHAT)) == ([], [])


async def test_a_zone_that_is_emptied_behind_its_cached_test_point_delists_nobody(store: Store) -> None:
    site = await watching(store, list_of(positive_ttl_s=3600), first_round=False)
    site.world.list("a.test", HOST)
    site.world.list("a.test", OTHER)
    site.lookup.question(NAMESERVER, "a.test", HOST)
    site.clock.advance(minutes(30))
    await site.sweep()
    await site.deliver()
    site.world.turn("a.test", Mode.SILENT)
    site.clock.advance(minutes(31))
    await site.sweep()
    # The first one's copy has run out, so it looks delisted; the test point is still in the cache.
    assert pending(site) == [("a.test", "10.0.0.1", Change.DELISTED)]
    await site.run(until=minutes(120))
    assert condition(site, "a.test").soundness.flaw is Flaw.SILENT
    assert held(site) == [("a.test", "10.0.0.1"), ("a.test", "10.0.0.2")]
    site.world.turn("a.test", Mode.HEALTHY)
    await site.run(until=minutes(180))
    assert held(site) == [("a.test", "10.0.0.1"), ("a.test", "10.0.0.2")]
    assert {line for line, *_ in site.notifier.lines(CHAT)} == {Line.LISTED}


async def test_a_zone_that_was_empty_for_a_moment_delists_nobody_by_a_copy_of_that_moment(store: Store) -> None:
    """Twice the same cached "not listed" is one answer, though the test point was fetched anew in between."""
    site = await watching(store, list_of(positive_ttl_s=600, negative_ttl_s=3600), first_round=False)
    site.world.list("a.test", HOST)
    await site.sweep()
    site.clock.advance(minutes(10))
    site.lookup.question(NAMESERVER, "a.test", TEST_POINT)
    site.world.turn("a.test", Mode.SILENT)
    site.clock.advance(minutes(1))
    await site.sweep()
    assert pending(site) == [("a.test", "10.0.0.1", Change.DELISTED)]
    site.world.turn("a.test", Mode.HEALTHY)
    for _ in range(4):
        site.clock.advance(minutes(11))
        await site.sweep()
    assert held(site) == [("a.test", "10.0.0.1")]
    await site.run(until=minutes(120))
    assert (held(site), pending(site)) == ([("a.test", "10.0.0.1")], [])


async def test_a_copy_fetched_while_a_delisting_waits_for_its_proof_proves_nothing(store: Store) -> None:
    """The zone is empty for a while, and mended just before its test point is fetched anew."""
    site = await watching(store, list_of(positive_ttl_s=3600, negative_ttl_s=300), first_round=False)
    site.world.list("a.test", HOST)
    site.lookup.question(NAMESERVER, "a.test", HOST)
    site.clock.advance(minutes(10))
    await site.sweep()
    site.clock.advance(minutes(51))
    site.world.turn("a.test", Mode.SILENT)
    for _ in range(2):
        await site.sweep()
        site.clock.advance(minutes(8))
    site.clock.advance(minutes(-8))
    assert pending(site) == [("a.test", "10.0.0.1", Change.DELISTED)]
    site.world.turn("a.test", Mode.HEALTHY)
    site.clock.advance(minutes(2))
    await site.sweep()
    assert held(site) == [("a.test", "10.0.0.1")]
    await site.run(until=minutes(30))
    assert (held(site), pending(site)) == ([("a.test", "10.0.0.1")], [])


@pytest.mark.parametrize(("positive_ttl_s", "negative_ttl_s"), [(1, 1), (300, 60), (60, 900), (3600, 3600)])
async def test_a_delisting_is_told_when_its_proof_can_be_had_and_not_before(
    store: Store, positive_ttl_s: int, negative_ttl_s: int
) -> None:
    site = await watching(
        store, list_of(positive_ttl_s=positive_ttl_s, negative_ttl_s=negative_ttl_s), first_round=False
    )
    site.world.list("a.test", HOST)
    await site.run(until=minutes(61))
    step = timedelta(seconds=max(10, positive_ttl_s // 20, negative_ttl_s // 20))
    site.world.delist("a.test", HOST)
    delisted_at = site.clock.now()
    while not pending(site):
        await site.run(until=step, every=step)
        assert site.clock.now() <= delisted_at + timedelta(seconds=2 + max(300, positive_ttl_s)) + step
    cleared_at = site.clock.now()
    while held(site):
        await site.run(until=step, every=step)
        assert site.clock.now() <= cleared_at + timedelta(seconds=4 + max(300, positive_ttl_s, negative_ttl_s)) + step
    assert site.clock.now() > cleared_at + timedelta(seconds=max(positive_ttl_s, negative_ttl_s)) - 2 * step
    await tell(site)
    assert site.notifier.lines(CHAT) == [(Line.LISTED, "10.0.0.1", "a.test"), (Line.DELISTED, "10.0.0.1", "a.test")]
    (listing,) = store.read_now(lambda queries: queries.history())
    assert listing.ended_by is Ending.DELISTED
    assert listing.ended_at is not None
    assert delisted_at <= listing.ended_at <= cleared_at


async def test_a_proof_without_an_answer_leaves_the_news_pending_and_visible(store: Store) -> None:
    site = await watching(store, list_of())
    site.clock.advance(minutes(15))
    site.world.list("a.test", HOST)
    site.world.lists["a.test"].proofs_answered = False
    await site.sweep()
    await site.run(until=minutes(30))
    assert pending(site) == [("a.test", "10.0.0.1", Change.LISTED)]
    assert condition(site, "a.test").soundness.state is State.SOUND
    assert site.notifier.arrived == []
    first_at = site.status().servers[0].targets[0].pairs[0].pending
    site.clock.advance(minutes(15))
    site.world.lists["a.test"].proofs_answered = True
    await site.sweep()
    await tell(site)
    assert site.notifier.lines(CHAT) == [(Line.LISTED, "10.0.0.1", "a.test")]
    (listing,) = store.read_now(lambda queries: queries.open_listings())
    assert first_at is not None
    assert listing.listed_at == first_at.seen_at


async def test_a_copy_fetched_when_its_proof_failed_is_not_proven_later(store: Store) -> None:
    """The list lies while its fresh points time out, and is mended before the copy of the lie has run out."""
    site = await watching(store, list_of(positive_ttl_s=3600))
    site.world.lists["a.test"].proofs_answered = False
    site.clock.advance(minutes(2))
    for probe in site.lookup.batches[0].probes:
        site.lookup.question(NAMESERVER, "a.test", probe.target)
    site.world.turn("a.test", Mode.WILDCARD)
    await site.sweep()
    site.world.turn("a.test", Mode.HEALTHY)
    site.world.lists["a.test"].proofs_answered = True
    await site.run(until=minutes(120))
    assert (held(site), pending(site), site.notifier.arrived) == ([], [], [])


async def test_first_looks_leave_as_one_message_once_every_list_was_asked(store: Store) -> None:
    site = await watching(store, list_of("a.test"), list_of("b.test"), list_of("c.test"), first_round=False)
    site.world.list("a.test", HOST)
    site.world.list("b.test", OTHER)
    site.world.turn("c.test", Mode.DEAD)
    await site.beat()
    await site.deliver()
    (chat, _) = site.notifier.arrived
    assert (chat.group, chat.at) == (Group.FIRST_LOOK, site.clock.now())
    assert sorted(site.notifier.lines(CHAT)) == [
        (Line.LISTED, "10.0.0.1", "a.test"),
        (Line.LISTED, "10.0.0.2", "b.test"),
    ]
    assert all(e.news.listing is not None and e.news.listing.first_look for e in chat.entries)


async def test_a_first_look_leaves_after_five_minutes_while_a_list_is_still_being_asked(store: Store) -> None:
    site = await watching(store, list_of("a.test"), list_of("b.test"), first_round=False)
    site.world.list("a.test", HOST)
    slow = site.world.lists["b.test"]
    slow.answers.clear()
    site.monitor.start_due()
    for _ in range(3):
        await site.settle()
        await site.monitor.release_first_looks()
        await site.deliver()
        assert site.notifier.arrived == []
        site.clock.advance(minutes(2.4))
    site.clock.advance(minutes(0.2))
    await site.deliver()
    assert site.notifier.lines(CHAT) == [(Line.LISTED, "10.0.0.1", "a.test")]
    slow.answers.set()
    await site.monitor.sweeper.drain(60)


async def test_a_later_first_look_is_one_too(store: Store) -> None:
    site = await watching(store, list_of("a.test"), list_of("b.test"), first_round=False)
    site.world.turn("b.test", Mode.DEAD)
    site.world.list("b.test", HOST)
    await site.run(until=minutes(10))
    site.world.turn("b.test", Mode.HEALTHY)
    await site.run(until=minutes(11))
    (chat, _) = site.notifier.arrived
    assert chat.group is Group.FIRST_LOOK
    (listing,) = store.read_now(lambda queries: queries.open_listings())
    assert (listing.clear_at, listing.first_look) == (None, True)


async def test_a_list_without_a_self_test_is_believed_and_shown_as_unverified(store: Store) -> None:
    site = await watching(store, ScriptedList(unverified("a.test")))
    assert condition(site, "a.test").soundness.state is State.UNVERIFIED
    site.world.list("a.test", HOST)
    await site.run(until=minutes(20))
    assert held(site) == [("a.test", "10.0.0.1")]
    site.world.delist("a.test", HOST)
    await site.run(until=minutes(20))
    assert site.notifier.lines(CHAT) == [(Line.LISTED, "10.0.0.1", "a.test"), (Line.DELISTED, "10.0.0.1", "a.test")]
    # Its negative side is probed all the same.
    site.world.turn("a.test", Mode.WILDCARD)
    await site.run(until=minutes(60))
    assert condition(site, "a.test").soundness.flaw is Flaw.WILDCARD
    assert held(site) == []


async def test_two_hundred_servers_listed_at_once_on_a_sound_list_are_one_message(store: Store) -> None:
    server = Server(name="farm", networks=(ip_network("10.1.0.0/24"),))
    site = await watching(store, list_of(), servers=(server,))
    site.clock.advance(minutes(15))
    listed = [Target(f"10.1.0.{number}", Family.IPV4) for number in range(200)]
    for target in listed:
        site.world.list("a.test", target)
    await site.sweep()
    await tell(site)
    (chat, _) = site.notifier.arrived
    assert [e.news.listing.target for e in chat.entries if e.news.listing is not None] == listed


async def test_families_are_sound_or_not_each_for_itself(store: Store) -> None:
    """The list lies about IPv6 only: nothing it says about IPv6 counts, and what it says about IPv4 does."""
    both = Server(name="mx", networks=(ip_network("10.0.0.1/32"), ip_network("fd00::1/128")))
    site = await watching(store, list_of(), servers=(both,))
    six = Target("fd00::1", Family.IPV6)
    site.clock.advance(minutes(15))
    site.world.list("a.test", HOST)
    site.world.list("a.test", six)
    for point in bare("a.test").selftest.clear:
        if point.family is Family.IPV6:
            site.world.list("a.test", point)
    await site.sweep()
    assert held(site) == [("a.test", "10.0.0.1")]
    assert condition(site, "a.test").soundness.flaw is Flaw.WILDCARD


async def test_a_delisting_is_not_proven_through_another_nameserver(store: Store) -> None:
    """What a second resolver's cache holds of the test point says nothing about the answers of the first."""
    site = await watching(store, list_of(positive_ttl_s=1800), first_round=False)
    site.world.list("a.test", HOST)
    await site.sweep()
    site.clock.advance(minutes(30))
    site.lookup.question(NAMESERVER, "a.test", TEST_POINT)
    site.clock.advance(minutes(1))
    site.lookup.question(SECOND, "a.test", TEST_POINT)
    site.world.turn("a.test", Mode.SILENT)
    site.clock.advance(minutes(1))
    await site.sweep()
    assert pending(site) == [("a.test", "10.0.0.1", Change.DELISTED)]
    site.clock.advance(minutes(28.5))
    site.lookup.nameserver = SECOND
    await site.sweep()
    assert held(site) == [("a.test", "10.0.0.1")]
    await site.run(until=minutes(30))
    assert held(site) == [("a.test", "10.0.0.1")]


async def test_a_delisting_goes_on_where_another_nameserver_had_to_be_asked(store: Store) -> None:
    site = await watching(store, list_of(), first_round=False)
    site.world.list("a.test", HOST)
    await site.sweep()
    site.world.delist("a.test", HOST)
    site.clock.advance(minutes(5))
    await site.sweep()
    site.lookup.nameserver = SECOND
    await site.run(until=minutes(15))
    assert held(site) == []


async def test_nameservers_that_take_turns_cannot_put_off_a_delisting(store: Store) -> None:
    site = await watching(store, list_of(), first_round=False)
    site.world.list("a.test", HOST)
    await site.sweep()
    site.world.delist("a.test", HOST)
    for nameserver in (NAMESERVER, SECOND, NAMESERVER):
        assert held(site) == [("a.test", "10.0.0.1")]
        site.clock.advance(minutes(5))
        site.lookup.nameserver = nameserver
        await site.sweep()
    assert held(site) == []


@pytest.mark.parametrize("mode", [Mode.DEAD, Mode.REFUSING, Mode.REFUSAL_CODE, Mode.OUTSIDE])
async def test_an_answer_that_means_nothing_leaves_the_target_unknown(store: Store, mode: Mode) -> None:
    """The list's points are still in the cache, so its targets are asked."""
    site = await watching(store, list_of(positive_ttl_s=1800, negative_ttl_s=60))
    site.world.list("a.test", HOST)
    site.clock.advance(minutes(14))
    for probe in site.lookup.batches[0].probes:
        site.lookup.question(NAMESERVER, "a.test", probe.target)
    site.world.turn("a.test", mode)
    site.clock.advance(timedelta(seconds=50))
    totals = await site.sweep()
    assert (totals.listed, totals.unknown, held(site)) == (0, 2, [])
    report = site.status()
    assert (report.listed, report.unknown) == (0, 2)
    # When it answers again, the listing that began meanwhile is dated honestly.
    site.world.turn("a.test", Mode.HEALTHY)
    await site.run(until=minutes(45))
    (listing,) = store.read_now(lambda queries: queries.open_listings())
    assert (listing.first_look, listing.clear_at) == (False, START)


async def test_a_sink_that_fails_does_not_hold_up_questions(store: Store) -> None:
    site = await watching(store, list_of())
    site.notifier.journeys[CHAT] = Journey.HANGS
    site.world.list("a.test", HOST)
    await site.run(until=minutes(20))
    site.world.list("a.test", OTHER)
    await site.run(until=minutes(20))
    assert [line for line, *_ in site.notifier.lines("mail")] == [Line.LISTED, Line.LISTED]
    await site.deliverer.drain(0)
