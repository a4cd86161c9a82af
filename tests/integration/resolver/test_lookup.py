"""Batches against real servers: rbldnsd, behind unbound, behind dnsdist, which spoils answers."""

import asyncio
import gc
import tracemalloc
from dataclasses import replace
from ipaddress import IPv4Address as ip

import pytest

from rblwatch.core.blocklist import Blocklist, SelfTest
from rblwatch.core.plan import Batch, BatchResult
from rblwatch.core.question import Absent, Failed, Found, Reason
from rblwatch.core.soundness import Flaw, State, assess
from rblwatch.core.target import Family, parse_address, parse_name
from rblwatch.ports import Lookup
from tests.conftest import StartDnsdist, StartUnbound
from tests.integration.resolver.asking import LIST, PROBES, ZONE, addresses, new_batch, new_engine, new_list, unprobed
from tests.support.rbldnsd import TEST_POINTS, Entry, Rbldnsd, Zone, question_name

LISTED = parse_address("198.18.0.7")


def whole(result: BatchResult) -> bool:
    """Whether every target asked is accounted for."""
    return result.asked == result.absent + len(result.found) + len(result.failed)


async def test_a_batch_tells_listed_from_clear_and_learns_ttls(rbldnsd: Rbldnsd) -> None:
    zone = rbldnsd.zone(ZONE, ttl_s=120, negative_ttl_s=45)
    zone.add(LISTED.text, Entry("127.0.0.2"), Entry("127.0.0.9"))
    async with new_engine(rbldnsd.endpoint) as engine:
        lookup: Lookup = engine
        result = await lookup.ask(new_batch(LIST, addresses(256)))
    assert result.nameserver == str(rbldnsd.endpoint)
    assert set(result.found) == {LISTED}
    assert set(result.found[LISTED].addresses) == {ip("127.0.0.2"), ip("127.0.0.9")}
    assert result.found[LISTED].ttl_s == 120
    assert (result.asked, result.absent, result.failed, result.negative_ttl_s) == (256, 255, {}, 45)
    assert [type(probed.answer) for probed in result.probes] == [Found, Absent, Absent]
    assert result.probes[1].answer == Absent(45)
    assert assess(LIST, result.probes).state is State.SOUND


async def test_ipv6_addresses_and_names_are_asked_in_their_own_forms(rbldnsd: Rbldnsd) -> None:
    rbldnsd.zone(ZONE, listed=["2001:db8::7", "spam.example.org"])
    names = replace(LIST, families=frozenset({Family.NAME}))
    listed6, listed_name = parse_address("2001:db8::7"), parse_name("spam.example.org")
    async with new_engine(rbldnsd.endpoint) as engine:
        v6 = await engine.ask(new_batch(LIST, [listed6, parse_address("2001:db8::8")]))
        named = await engine.ask(new_batch(names, [listed_name, parse_name("good.example.org")]))
    assert (set(v6.found), v6.absent) == ({listed6}, 1)
    assert (set(named.found), named.absent) == ({listed_name}, 1)
    assert [type(probed.answer) for probed in (*v6.probes, *named.probes)] == [Found, Absent, Absent] * 2
    assert f"{question_name('2001:db8::7', ZONE)} A" in rbldnsd.questions()


@pytest.mark.parametrize(
    ("turn", "state"),
    [("turn_wildcard", State.UNSOUND), ("turn_empty", State.UNSOUND), ("turn_refusing", State.REFUSING)],
)
async def test_targets_are_not_asked_of_a_list_that_fails_its_probes(rbldnsd: Rbldnsd, turn: str, state: State) -> None:
    zone = rbldnsd.zone(ZONE)
    getattr(zone, turn)()
    async with new_engine(rbldnsd.endpoint) as engine:
        result = await engine.ask(new_batch(LIST, addresses(50)))
    assert assess(LIST, result.probes).state is state
    assert (result.asked, result.absent, result.found, result.failed) == (0, 0, {}, {})
    assert len(zone.questions()) == result.questions == PROBES


async def test_probes_alone_are_asked_alone_and_without_probes_targets_are_asked_at_once(rbldnsd: Rbldnsd) -> None:
    zone = rbldnsd.zone(ZONE)
    async with new_engine(rbldnsd.endpoint) as engine:
        probed = await engine.ask(new_batch(LIST))
        assert (len(probed.probes), probed.asked, len(zone.questions())) == (PROBES, 0, PROBES)
        zone.turn_wildcard()
        asked = await engine.ask(unprobed(LIST, addresses(4)))
    assert (asked.probes, asked.asked, len(asked.found)) == ((), 4, 4)
    nothing = Batch(blocklist=LIST, family=Family.IPV4)
    async with new_engine(rbldnsd.endpoint) as engine:
        assert await engine.ask(nothing) == BatchResult(nameserver=str(rbldnsd.endpoint))


async def test_two_probes_of_one_point_both_have_its_answer(rbldnsd: Rbldnsd) -> None:
    rbldnsd.zone(ZONE)
    batch = new_batch(LIST)
    async with new_engine(rbldnsd.endpoint) as engine:
        result = await engine.ask(replace(batch, probes=(*batch.probes, batch.probes[1])))
    assert result.probes[3] == result.probes[1]


async def test_each_way_to_fail_has_its_reason(
    rbldnsd: Rbldnsd, start_unbound: StartUnbound, start_dnsdist: StartDnsdist
) -> None:
    zones = ["servfail", "refused", "formerr", "rewritten", "dropped", "sound"]
    for zone in zones:
        rbldnsd.zone(f"{zone}.example")
    proxy = start_dnsdist(start_unbound({f"{zone}.example": rbldnsd.endpoint for zone in zones}).endpoint)
    proxy.fail("servfail.example", "SERVFAIL")
    proxy.fail("refused.example", "REFUSED")
    proxy.fail("formerr.example", "FORMERR")
    proxy.rewrite("rewritten.example", "146.112.61.108")
    proxy.drop("dropped.example")
    async with new_engine(proxy.endpoint, budget_s=1.0) as engine:
        batches = [unprobed(new_list(f"{zone}.example"), [LISTED]) for zone in zones]
        answers = dict(zip(zones, await asyncio.gather(*map(engine.ask, batches)), strict=True))
    failures = {zone: result.failed[LISTED] for zone, result in answers.items() if result.failed}
    assert {zone: failure.reason for zone, failure in failures.items()} == {
        "servfail": Reason.SERVFAIL,
        "refused": Reason.REFUSED,
        "formerr": Reason.MALFORMED,
        "dropped": Reason.TIMEOUT,
    }
    assert failures["servfail"].detail == f"{proxy.endpoint} answered SERVFAIL"
    assert failures["dropped"].detail == f"no answer from {proxy.endpoint} within 1 s"
    # Not this engine's to judge: `core.verdict` sees that it is no listing.
    assert answers["rewritten"].found[LISTED].addresses == (ip("146.112.61.108"),)
    assert answers["sound"].absent == 1


async def test_a_resolver_that_strips_listings_makes_them_absent_and_the_probes_show_it(
    rbldnsd: Rbldnsd, start_unbound: StartUnbound
) -> None:
    rbldnsd.zone(ZONE)
    resolver = start_unbound({ZONE: rbldnsd.endpoint}, ["private-address: 127.0.0.0/8"])
    async with new_engine(resolver.endpoint) as engine:
        result = await engine.ask(new_batch(LIST, addresses(5)))
    assert assess(LIST, result.probes).flaw is Flaw.STRIPPED
    assert result.asked == 0


async def test_a_list_whose_servers_are_gone_fails_through_a_resolver(
    rbldnsd: Rbldnsd, start_unbound: StartUnbound
) -> None:
    rbldnsd.zone(ZONE)
    resolver = start_unbound({ZONE: rbldnsd.endpoint})
    rbldnsd.stop()
    async with new_engine(resolver.endpoint, budget_s=2.0) as engine:
        result = await engine.ask(new_batch(LIST, addresses(5)))
    assert all(isinstance(probed.answer, Failed) for probed in result.probes)
    assert assess(LIST, result.probes).state is State.UNREACHABLE


async def test_truncated_answers_come_over_tcp_and_truncation_without_tcp_is_a_failure(
    rbldnsd: Rbldnsd, start_unbound: StartUnbound, start_dnsdist: StartDnsdist
) -> None:
    rbldnsd.zone(ZONE, listed=[LISTED.text])
    proxy = start_dnsdist(start_unbound({ZONE: rbldnsd.endpoint}).endpoint)
    # rbldnsd answers no TCP, so nothing stands behind the second one.
    without_tcp = start_dnsdist(rbldnsd.endpoint)
    for one in (proxy, without_tcp):
        one.truncate(ZONE)
    async with new_engine(proxy.endpoint, budget_s=2.0) as engine:
        result = await engine.ask(new_batch(LIST, addresses(20)))
        failing = await engine.ask(unprobed(LIST, [LISTED], nameserver=without_tcp.endpoint))
    assert (set(result.found), result.absent, result.failed) == ({LISTED}, 19, {})
    assert result.questions == 2 * (PROBES + 20)
    assert failing.failed[LISTED].reason in (Reason.NETWORK, Reason.TIMEOUT, Reason.SERVFAIL)


async def test_a_tenth_lost_on_the_way_leaves_nothing_unknown(rbldnsd: Rbldnsd, start_dnsdist: StartDnsdist) -> None:
    rbldnsd.zone(ZONE, listed=[LISTED.text])
    proxy = start_dnsdist(rbldnsd.endpoint)
    proxy.drop(ZONE, 0.1)
    async with new_engine(proxy.endpoint) as engine:
        result = await engine.ask(new_batch(LIST, addresses(4000)))
    assert (set(result.found), result.absent, result.failed) == ({LISTED}, 3999, {})


async def test_sixty_lists_at_once_are_all_answered_and_few_questions_are_sent_twice(rbldnsd: Rbldnsd) -> None:
    """All at once they ask far more than the server's buffer holds."""
    lists = [new_list(f"bl{number}.example") for number in range(60)]
    with_zones(rbldnsd, lists)
    async with new_engine(rbldnsd.endpoint) as engine:
        results = await asyncio.gather(*(engine.ask(new_batch(one, addresses(100))) for one in lists))
    assert all(whole(result) and result.absent == 100 for result in results)
    assert sum(result.questions for result in results) <= 1.2 * 60 * (PROBES + 100)


def with_zones(rbldnsd: Rbldnsd, lists: list[Blocklist]) -> None:
    """Serve a zone for every list, with one start of the server."""
    for one in lists[:-1]:
        rbldnsd.zones[one.zone] = Zone(rbldnsd, one.zone, entries={point: (Entry(),) for point in TEST_POINTS})
    rbldnsd.zone(lists[-1].zone)


async def test_memory_does_not_grow_with_absent_answers(rbldnsd: Rbldnsd) -> None:
    rbldnsd.zone(ZONE)
    targets = addresses(20_000)
    async with new_engine(rbldnsd.endpoint) as engine:
        await engine.ask(new_batch(LIST, targets[:500]))
        gc.collect()
        objects = len(gc.get_objects())
        tracemalloc.start()
        result = await engine.ask(new_batch(LIST, targets))
        kept, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        gc.collect()
        assert result.absent == 20_000
        assert len(gc.get_objects()) - objects < 300
        # What is kept is the room that the tables took for a window's worth of questions, not one answer.
        assert kept < 500_000
        assert peak < 4_000_000


async def test_a_list_is_asked_no_faster_than_its_pace(rbldnsd: Rbldnsd) -> None:
    rbldnsd.zone(ZONE)
    paced = new_list(per_second=20)
    loop = asyncio.get_running_loop()
    async with new_engine(rbldnsd.endpoint) as engine:
        began_at = loop.time()
        results = await asyncio.gather(*(engine.ask(new_batch(paced, addresses(count))) for count in (7, 8)))
        took_s = loop.time() - began_at
    assert sum(result.absent for result in results) == 15
    # A lower bound only: 21 questions of two batches at 20 a second, with 0.05 s of grace.
    assert took_s >= 20 / 20 - 0.06


async def test_a_paced_list_slows_no_other_down(rbldnsd: Rbldnsd) -> None:
    lists = [new_list("slow.example", per_second=0.01), new_list("fast.example")]
    with_zones(rbldnsd, lists)
    async with new_engine(rbldnsd.endpoint) as engine:
        slow = asyncio.create_task(engine.ask(new_batch(lists[0], addresses(5))))
        fast = await engine.ask(new_batch(lists[1], addresses(2000)))
        assert not slow.done()
        slow.cancel()
    assert fast.absent == 2000


async def test_all_lists_together_keep_the_cap(rbldnsd: Rbldnsd) -> None:
    lists = [new_list(f"bl{number}.example") for number in range(5)]
    with_zones(rbldnsd, lists)
    loop = asyncio.get_running_loop()
    async with new_engine(rbldnsd.endpoint, queries_per_second=50) as engine:
        began_at = loop.time()
        results = await asyncio.gather(*(engine.ask(new_batch(one, addresses(7))) for one in lists))
        took_s = loop.time() - began_at
    questions = sum(result.questions for result in results)
    assert all(result.absent == 7 for result in results)
    assert took_s >= (questions - 1) / 50 - 0.06


async def test_the_cache_of_a_resolver_shortens_the_negative_ttl(rbldnsd: Rbldnsd, start_unbound: StartUnbound) -> None:
    """What is learned is the time that is left, not the zone's number."""
    rbldnsd.zone(ZONE, negative_ttl_s=60)
    resolver = start_unbound({ZONE: rbldnsd.endpoint})
    async with new_engine(resolver.endpoint) as engine:
        fresh = await engine.ask(unprobed(LIST, addresses(1)))
        await asyncio.sleep(1.1)  # not for luck: the cached second has to pass
        cached = await engine.ask(unprobed(LIST, addresses(1)))
    assert fresh.negative_ttl_s == 60
    assert cached.negative_ttl_s is not None
    assert cached.negative_ttl_s < 60


async def test_a_list_without_a_self_test_is_asked_after_its_negative_probe(rbldnsd: Rbldnsd) -> None:
    rbldnsd.zone(ZONE, listed=[LISTED.text])
    untested = replace(LIST, selftest=SelfTest())
    async with new_engine(rbldnsd.endpoint) as engine:
        result = await engine.ask(new_batch(untested, addresses(10)))
    assert len(result.probes) == 1
    assert (set(result.found), result.absent) == ({LISTED}, 9)


async def test_texts_are_the_lists_own_words_cleaned(rbldnsd: Rbldnsd, start_unbound: StartUnbound) -> None:
    zone = rbldnsd.zone(ZONE)
    long, hostile, plain, absent = addresses(4)
    zone.add(long.text, Entry(text="x" * 250), Entry(text="y" * 250), Entry(text="z" * 250))
    zone.add(hostile.text, Entry(text="see\x1b[31m \u202ehere\u200b"))
    zone.add(plain.text, Entry(text="see https://bl.example/q?$"))
    resolver = start_unbound({ZONE: rbldnsd.endpoint})
    async with new_engine(resolver.endpoint) as engine:
        texts = await engine.texts(LIST, [long, hostile, plain, absent])
    assert texts[plain] == f"see https://bl.example/q?{plain}"
    assert texts[hostile] == "see[31m here"
    assert len(texts[long]) == 500
    assert texts[long].startswith("x" * 250 + " " + "y" * 248)
    assert absent not in texts


async def test_many_texts_are_asked_for_fifty_at_a_time(rbldnsd: Rbldnsd) -> None:
    targets = addresses(200)
    rbldnsd.zone(ZONE, listed=[target.text for target in targets])
    async with new_engine(rbldnsd.endpoint) as engine:
        texts = await engine.texts(LIST, targets)
    assert texts == {target: f"listed: {target}" for target in targets}


async def test_a_list_that_is_silent_about_texts_gives_none(rbldnsd: Rbldnsd) -> None:
    rbldnsd.zone(ZONE).turn_silent()
    async with new_engine(rbldnsd.endpoint, budget_s=0.4) as engine:
        assert await engine.texts(LIST, addresses(3)) == {}
        assert await engine.texts(LIST, []) == {}
