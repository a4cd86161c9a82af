"""What real resolvers do to blocklists' answers, and that it is told as what it is."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from rblwatch.app import SystemClock
from rblwatch.core.blocklist import Blocklist, bare
from rblwatch.core.diagnosis import diagnose
from rblwatch.core.examination import Contact, Examination
from rblwatch.core.settings import Resolver
from rblwatch.core.target import Family
from rblwatch.resolver import Engine, KnownNameservers
from rblwatch.services.diagnose import Examiner, lanes_of
from tests.conftest import StartDnsdist, StartUnbound
from tests.support.endpoint import Endpoint, new_endpoint
from tests.support.nameserver import PORT, Later, Nameserver, Query, Reply, absent, found, listing, reply_to, truncated
from tests.support.plays import silent
from tests.support.rbldnsd import Entry, Rbldnsd

ZONES = ("one.example", "two.example", "three.example")
LISTS = tuple(bare(zone, families=frozenset({Family.IPV4})) for zone in ZONES)


async def examine(*nameservers: object, lists: Sequence[Blocklist] = LISTS, budget_s: float = 4) -> list[Examination]:
    settings = Resolver(
        nameservers=tuple(map(str, nameservers)),
        timeout=timedelta(seconds=budget_s / 2),
        attempts=2,
        queries_per_second=0,
    )
    async with Engine(settings) as engine:
        examiner = Examiner(engine, KnownNameservers(settings), SystemClock())
        return list(await examiner.examine(lanes_of(lists)))


async def told(*nameservers: object, lists: Sequence[Blocklist] = LISTS, budget_s: float = 4) -> list[tuple[str, int]]:
    """Each fault that is told, with the number of lists that it blinds."""
    examinations = await examine(*nameservers, lists=lists, budget_s=budget_s)
    return [(one.fault.value, len(one.blinds)) for examination in examinations for one in diagnose(examination)]


@pytest.fixture
def served(rbldnsd: Rbldnsd) -> Rbldnsd:
    for zone in ZONES:
        rbldnsd.zone(zone)
    return rbldnsd


def zones(server: Rbldnsd) -> dict[str, Endpoint]:
    return dict.fromkeys(ZONES, server.endpoint)


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ([], []),
        (["private-address: 127.0.0.0/8"], [("strips", 3)]),
        (["private-address: 127.0.0.0/8", 'private-domain: "one.example"'], [("strips", 2)]),
        # It refuses with a bare header, which could be anybody's: to us it is silence.
        (["access-control: 127.0.0.0/8 refuse"], [("dead", 3)]),
        (["do-tcp: no"], [("no-tcp", 0)]),
    ],
    ids=lambda lines: " ".join(lines).replace(" ", "-") if lines and isinstance(lines[0], str) else "",
)
async def test_settings_of_unbound_that_hide_blocklists(
    lines: list[str], faults: list[tuple[str, int]], served: Rbldnsd, start_unbound: StartUnbound
) -> None:
    unbound = await asyncio.to_thread(start_unbound, zones(served), lines)
    assert await told(unbound.endpoint) == faults


@pytest.mark.parametrize(
    ("kind", "faults"),
    [
        ('redirect\n    local-data: "{zone} A 146.112.61.104"', [("block-page", 3)]),
        ('redirect\n    local-data: "{zone} A 0.0.0.0"', [("block-page", 3)]),
        ("always_nxdomain", [("hides", 3)]),
        ("always_refuse", [("refuses", 3)]),
        ("static", [("hides", 3)]),
    ],
)
async def test_zones_that_unbound_was_told_to_block(
    kind: str, faults: list[tuple[str, int]], start_unbound: StartUnbound
) -> None:
    lines = [f'local-zone: "{zone}." ' + kind.format(zone=zone) for zone in ZONES]
    unbound = await asyncio.to_thread(start_unbound, {}, lines)
    assert await told(unbound.endpoint) == faults


async def test_a_resolver_that_serves_no_tcp_blinds_a_list_whose_answer_is_cut_off(
    served: Rbldnsd, start_unbound: StartUnbound
) -> None:
    """Forty codes do not fit into the 512 bytes that this one sends over UDP."""
    served.zones["one.example"].add("127.0.0.2", *(Entry(f"127.0.0.{last}") for last in range(2, 42)))
    lines = ["do-tcp: no", "max-udp-size: 512"]
    unbound = await asyncio.to_thread(start_unbound, zones(served), lines)
    assert await told(unbound.endpoint) == [("no-tcp", 1)]


async def test_a_resolver_without_a_way_to_any_list_is_cut_off(start_unbound: StartUnbound) -> None:
    nowhere = dict.fromkeys(ZONES, new_endpoint(PORT))
    unbound = await asyncio.to_thread(start_unbound, nowhere)
    assert await told(unbound.endpoint) == [("cut-off", 3)]


async def test_a_proxy_that_rewrites_what_does_not_exist() -> None:
    """A provider's search page: positive answers pass, whatever does not exist gets the page's address."""
    right = listing()

    def script(query: Query) -> list[Reply]:
        (answer,) = right(query)
        return [found(query, "203.0.113.80") if answer == absent(query) else answer]

    async with Nameserver(script) as server:
        assert await told(server.address) == [("rewrites", 3)]


async def test_dnsdist_with_a_block_page_for_one_zone_of_three(served: Rbldnsd, start_dnsdist: StartDnsdist) -> None:
    proxy = await asyncio.to_thread(start_dnsdist, served.endpoint)
    await asyncio.to_thread(proxy.rewrite, "two.example", "146.112.61.105")
    # What stands behind it answers no TCP, so neither does the proxy.
    assert await told(proxy.endpoint) == [("block-page", 1), ("no-tcp", 0)]


@pytest.mark.parametrize("note", [15, 16, 17, 18])
@pytest.mark.parametrize("rcode", ["NXDOMAIN", "NOERROR", "SERVFAIL", "REFUSED"])
async def test_a_filter_that_says_so_is_told_as_one(rcode: str, note: int) -> None:
    right = listing()

    def script(query: Query) -> Sequence[Reply]:
        return [reply_to(query, rcode, note=note)] if query.name.endswith("two.example") else list(right(query))

    async with Nameserver(script) as server:
        (examination,) = await examine(server.address)
    (diagnosis,) = diagnose(examination)
    assert (diagnosis.fault.value, diagnosis.blinds) == ("filters", ("two.example",))
    assert {heard.soundness.reason for heard in examination.heard} == {None, "filtered"}


async def test_lists_that_refuse_an_open_resolver(served: Rbldnsd, start_unbound: StartUnbound) -> None:
    served.zones["three.example"].turn_wildcard(Entry("127.255.255.254", "open resolver"))
    unbound = await asyncio.to_thread(start_unbound, zones(served))
    assert await told(unbound.endpoint) == [("public-resolver", 1)]


async def test_a_dead_resolver_is_told_once_and_the_next_one_is_examined_as_well(
    served: Rbldnsd, start_unbound: StartUnbound
) -> None:
    unbound = await asyncio.to_thread(start_unbound, zones(served), ["private-address: 127.0.0.0/8"])
    assert await told(new_endpoint(PORT), unbound.endpoint, budget_s=2) == [("dead", 3), ("strips", 3)]


async def test_a_silent_resolver_is_dead() -> None:
    async with Nameserver(silent) as server:
        assert await told(server.address, budget_s=1) == [("dead", 3)]


async def test_single_lists_in_trouble_say_nothing_about_a_good_resolver(
    served: Rbldnsd, start_unbound: StartUnbound
) -> None:
    served.behave(one=":empty", two=":A:127.0.0.2:listed")
    unbound = await asyncio.to_thread(start_unbound, zones(served))
    assert await told(unbound.endpoint) == []


async def test_an_answer_that_is_cut_off_comes_over_tcp_from_a_good_server() -> None:
    right = listing()

    def script(query: Query) -> Sequence[Reply]:
        return list(right(query)) if query.over_tcp else [truncated(query)]

    async with Nameserver(script) as server:
        (examination,) = await examine(server.address)
    assert (examination.over_tcp, diagnose(examination)) == (Contact.ANSWERED, ())


async def test_only_points_reserved_names_and_documentation_addresses_are_asked() -> None:
    right = listing()
    async with Nameserver(lambda query: list(right(query))) as server:
        await examine(
            server.address, lists=[bare("bl.example"), bare("dbl.example", families=frozenset({Family.NAME}))]
        )
    asked = {query.name for query in server.queries}
    points = ("2.0.0.127.bl.example", "1.0.0.127.bl.example", "test.dbl.example", "invalid.dbl.example")
    assert asked.issuperset(points[:2])
    ends = (".2.0.192.bl.example", ".100.51.198.bl.example", ".113.0.203.bl.example", "8.b.d.0.1.0.0.2.bl.example")
    mapped = ("0.0.0.0.f.7.f.f.f.f", "example")
    assert [
        name
        for name in asked - set(points)
        if not name.endswith(("invalid", ".invalid.dbl.example", *ends)) and mapped[0] not in name
    ] == []


async def test_what_the_kernel_says_of_a_connection_tells_no_way_from_nobody_there() -> None:
    # A group of machines is nobody whom a connection leads to: no packet leaves for it.
    wanted = {"[ff02::1]:53": Contact.UNREACHABLE, str(new_endpoint(PORT)): Contact.CLOSED}
    settings = Resolver(nameservers=tuple(wanted), timeout=timedelta(seconds=2), attempts=1, queries_per_second=0)
    nameservers = KnownNameservers(settings)
    assert {nameserver: await nameservers.over_tcp(nameserver) for nameserver in nameservers.all} == wanted


async def test_a_nameserver_that_takes_a_connection_and_says_nothing_is_silent_over_tcp() -> None:
    right = listing()

    def script(query: Query) -> Sequence[Reply]:
        return [Later(30.0, b"")] if query.over_tcp else list(right(query))

    async with Nameserver(script) as server:
        assert await told(server.address, budget_s=1) == [("no-tcp", 0)]
