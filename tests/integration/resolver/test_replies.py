"""What the engine accepts as an answer, against a nameserver that says what the test wants."""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address as ip
from itertools import pairwise
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rblwatch.core.plan import BatchResult
from rblwatch.core.question import Absent, Failed, Found, Reason
from rblwatch.core.target import Target, parse_address, parse_name
from tests.integration.resolver.asking import addresses, new_batch, new_engine, new_list, unprobed
from tests.support.nameserver import (
    Later,
    Nameserver,
    Query,
    Reply,
    Script,
    absent,
    found,
    listing,
    reply_to,
    truncated,
)

TARGET = parse_address("192.0.2.99")
LISTED = Found((ip("127.0.0.2"),), 60)


async def ask(script: Script, *targets: Target, budget_s: float = 4.0) -> BatchResult:
    """Ask one list about targets, without probes, of a nameserver that follows the script."""
    async with Nameserver(script) as nameserver, new_engine(nameserver.address, budget_s=budget_s) as engine:
        return await engine.ask(unprobed(new_list(), targets or [TARGET]))


def forgeries(query: Query) -> list[bytes]:
    """What an attacker or a broken server might send before the answer, each saying "not listed"."""
    lie = absent(query)
    return [
        # Another id.
        bytes([lie[0] ^ 1]) + lie[1:],
        # Not an answer: QR is clear.
        lie[:2] + bytes([lie[2] & 0x7F]) + lie[3:],
        # Another name, another type, no question.
        lie.replace(b"\x0299\x012", b"\x0298\x012"),
        lie.replace(b"example\x00\x00\x01", b"example\x00\x00\x10"),
        lie[:4] + bytes(8),
        # Less than a header; nothing at all; noise.
        lie[:7],
        b"",
        b"\xff" * 200,
    ]


async def test_replies_that_do_not_match_are_ignored_and_the_wait_goes_on() -> None:
    result = await ask(lambda query: [*forgeries(query), Later(0.05, found(query, "127.0.0.2"))])
    assert result.found == {TARGET: LISTED}
    assert result.questions == 1


async def test_only_forgeries_end_as_a_time_out() -> None:
    result = await ask(forgeries, budget_s=0.6)
    assert result.failed[TARGET].reason is Reason.TIMEOUT


async def test_a_reply_from_elsewhere_is_ignored() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))

        def script(query: Query) -> Iterable[Later]:
            stranger.sendto(absent(query), ("127.0.0.1", query.port))
            return [Later(0.05, found(query, "127.0.0.2"))]

        assert (await ask(script)).found == {TARGET: LISTED}


async def test_the_question_may_come_back_in_other_letters() -> None:
    target = parse_name("spam.example.org")

    def shouting(query: Query) -> list[bytes]:
        reply = found(query, "127.0.0.2")
        return [reply[:12] + reply[12:].replace(b"spam", b"SpAM").replace(b"example", b"EXAMPLE")]

    assert (await ask(shouting, target)).found == {target: LISTED}


async def test_an_answer_that_comes_twice_counts_once() -> None:
    result = await ask(lambda query: [absent(query)] * 3, *addresses(200))
    assert (result.asked, result.absent, result.failed) == (200, 200, {})


@pytest.mark.parametrize(
    ("rcode", "note", "reason"),
    [
        ("SERVFAIL", None, Reason.SERVFAIL),
        ("REFUSED", None, Reason.REFUSED),
        ("FORMERR", None, Reason.MALFORMED),
        ("NOTIMP", None, Reason.MALFORMED),
        ("NXDOMAIN", 15, Reason.FILTERED),
        ("NOERROR", 17, Reason.FILTERED),
    ],
)
async def test_a_failure_is_a_value_at_once_with_the_nameserver_in_its_detail(
    rcode: str, note: int | None, reason: Reason
) -> None:
    async with Nameserver(lambda query: [reply_to(query, rcode, note=note)]) as server:
        async with new_engine(server.address) as engine:
            result = await engine.ask(unprobed(new_list(), [TARGET]))
        assert result.failed[TARGET].reason is reason
        assert result.failed[TARGET].detail.startswith(server.address)
        assert len(server.queries) == 1


async def test_no_address_is_an_absence_with_its_ttl() -> None:
    result = await ask(lambda query: [absent(query, rcode="NOERROR", ttl_s=30)])
    assert (result.absent, result.negative_ttl_s) == (1, 30)


async def test_the_longest_negative_ttl_is_learned_and_probes_keep_their_own() -> None:
    ttls = {"1.0.18.198": 5, "2.0.18.198": 77, "3.0.18.198": 20, "1.0.0.127": 9}

    def script(query: Query) -> Iterable[Reply]:
        number = query.name.removesuffix(".bl.example")
        if number in ttls:
            return [absent(query, ttl_s=ttls[number], minimum_s=3600)]
        return listing()(query)

    async with Nameserver(script) as server, new_engine(server.address) as engine:
        result = await engine.ask(new_batch(new_list(), addresses(4)[1:]))
    assert result.negative_ttl_s == 77
    assert [probed.answer for probed in result.probes] == [LISTED, Absent(9), Absent(60)]


async def test_a_truncated_answer_is_asked_for_over_tcp() -> None:
    codes = [f"127.0.1.{number}" for number in range(200)]

    def script(query: Query) -> list[bytes]:
        return [found(query, *codes)] if query.over_tcp else [truncated(query)]

    result = await ask(script)
    assert [str(code) for code in result.found[TARGET].addresses] == codes
    assert result.questions == 2


async def test_forged_replies_are_ignored_over_tcp_too() -> None:
    def script(query: Query) -> list[bytes]:
        return [*forgeries(query)[:2], found(query, "127.0.0.2")] if query.over_tcp else [truncated(query)]

    assert (await ask(script)).found == {TARGET: LISTED}


@pytest.mark.parametrize(
    ("over_tcp", "reason"),
    [
        # It hangs up; it says nothing in time; it truncates once more.
        (lambda _: [], Reason.NETWORK),
        (lambda query: [Later(30, found(query, "127.0.0.2"))], Reason.TIMEOUT),
        (lambda query: [truncated(query)], Reason.MALFORMED),
    ],
)
async def test_tcp_that_fails_is_a_failure(over_tcp: Script, reason: Reason) -> None:
    result = await ask(lambda query: over_tcp(query) if query.over_tcp else [truncated(query)], budget_s=0.6)
    assert result.failed[TARGET].reason is reason


async def test_more_truncated_answers_than_connections_are_all_fetched() -> None:
    result = await ask(lambda query: [absent(query)] if query.over_tcp else [truncated(query)], *addresses(100))
    assert result.absent == 100


async def test_a_name_that_dns_cannot_carry_fails_alone() -> None:
    long = parse_name(".".join(["x" * 60] * 4))
    result = await ask(listing(), long, TARGET)
    assert result.failed[long] == Failed(Reason.MALFORMED, "cannot be asked: the name has more than 255 bytes")
    assert result.absent == 1


async def test_a_zone_that_dns_cannot_carry_is_not_asked() -> None:
    async with Nameserver(listing()) as server, new_engine(server.address) as engine:
        result = await engine.ask(new_batch(new_list("x" * 64 + ".example"), [TARGET]))
    assert {probed.answer.reason for probed in result.probes if isinstance(probed.answer, Failed)} == {Reason.MALFORMED}
    assert (result.asked, server.queries) == (0, [])


def unlucky(query: Query, percent: int) -> bool:
    """Whether this packet is lost: chance, but the same in every run."""
    return crc32(f"{query.name} {query.attempt}".encode()) % 100 < percent


async def test_random_loss_of_a_tenth_leaves_nothing_unknown() -> None:
    answered = listing("7.0.18.198")

    def lossy(query: Query) -> Iterable[Reply]:
        return [] if unlucky(query, 10) else answered(query)

    async with Nameserver(lossy) as server, new_engine(server.address) as engine:
        batches = [new_batch(new_list(f"bl{number}.example"), addresses(300)) for number in range(10)]
        results = await asyncio.gather(*map(engine.ask, batches))
    for result in results:
        assert (result.absent, len(result.found), result.failed) == (299, 1, {})


async def test_a_name_that_timed_out_on_a_living_list_is_asked_once_more_at_the_end() -> None:
    unlucky = addresses(50)[7]

    def script(query: Query) -> Iterable[Reply]:
        if query.name.startswith("7.0.18.198") and query.attempt <= 6:
            return []
        return [absent(query)]

    result = await ask(script, *addresses(50), budget_s=0.6)
    assert (result.absent, result.failed) == (50, {})
    assert result.questions == 56
    assert unlucky not in result.failed


async def test_a_name_that_is_never_answered_is_a_time_out_and_harms_no_other() -> None:
    unlucky = addresses(50)[7]
    result = await ask(
        lambda query: [] if query.name.startswith("7.0.18.198") else [absent(query)], *addresses(50), budget_s=0.6
    )
    assert result.absent == 49
    assert result.failed[unlucky].reason is Reason.TIMEOUT
    assert "within 0.6 s" in result.failed[unlucky].detail


async def test_ids_and_ports_are_not_predictable() -> None:
    async with Nameserver(listing()) as server, new_engine(server.address) as engine:
        await engine.ask(unprobed(new_list(), addresses(400)))
    ids = [int.from_bytes(query.wire[:2], "big") for query in server.queries]
    assert len(set(ids)) > 350
    assert len({after - before for before, after in pairwise(ids)}) > 350
    assert len({query.port for query in server.queries}) == 8


def spoil(query: Query, places: list[tuple[int, int]]) -> bytes:
    """A sensible answer with some of its bytes replaced, but for the id."""
    sensible = [absent(query), found(query, "127.0.0.2"), reply_to(query, "NOERROR", note=15)]
    reply = bytearray(sensible[len(query.name) % 3])
    for place, value in places:
        reply[2 + place % (len(reply) - 2)] = value
    return bytes(reply)


@settings(max_examples=30)
@given(
    st.lists(st.binary(max_size=80), max_size=3),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=4),
)
def test_whatever_a_nameserver_sends_nothing_is_raised(noise: list[bytes], places: list[tuple[int, int]]) -> None:
    """Every target ends in exactly one of absent, found and failed."""

    def script(query: Query) -> list[bytes]:
        question = query.wire[: query.wire.index(0, 12) + 5]
        behind_id = [query.wire[:2] + some for some in noise]
        behind_question = [question[:2] + b"\x80" + question[3:] + some for some in noise]
        return [*noise, *behind_id, *(behind_question if len(query.name) % 2 else []), spoil(query, places)]

    async def run() -> BatchResult:
        return await ask(script, *addresses(20), budget_s=0.2)

    result = asyncio.run(run())
    assert result.asked == result.absent + len(result.found) + len(result.failed) == 20
