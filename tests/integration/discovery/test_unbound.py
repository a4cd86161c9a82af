"""Discovery through a real resolver: what registered names stand for, and what changes from round to round."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from rblwatch.core import settings
from rblwatch.core.finding import Finding, Origin, OriginKind, Why
from rblwatch.core.moving import Held, Moved, settle
from rblwatch.core.question import Reason
from rblwatch.core.settings import Server
from rblwatch.core.target import Target, parse_address, parse_name
from rblwatch.discovery import Discovery, discover
from rblwatch.naming import registrable
from rblwatch.resolver import RecordLookup
from tests.conftest import StartUnbound
from tests.support.endpoint import Endpoint
from tests.support.nameserver import Nameserver, Query, reply_to
from tests.support.unbound import Unbound

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

#: `example.org` as its owner publishes it; `example.net` is another's.
RECORDS = """
mx1.example.org. 60 A 192.0.2.1
mx1.example.org. 60 A 192.0.2.2
mx1.example.org. 60 AAAA 2001:db8::1
v6.example.org. 60 AAAA 2001:db8::6
mail.example.org. 60 CNAME mx1.example.org.
www.example.org. 60 TXT "no address"
example.org. 60 MX 10 mx1.example.org.
example.org. 60 MX 20 backup.example.net.
example.org. 60 TXT "hello"
example.org. 60 TXT "v=spf1 mx a:out.%{d} include:_spf.%{d} include:_spf.example.net ip4:198.18.0.0/16 -all"
_spf.example.org. 60 TXT "v=spf1 ip4:203.0.113.0/30 ip6:2001:db8:1::/64 exists:%{i}.ok.example.org ?all"
out.example.org. 60 A 192.0.2.9
nomail.example.org. 60 MX 0 .
loop.example.org. 60 TXT "v=spf1 include:loop.example.org -all"
backup.example.net. 60 A 198.51.100.1
_spf.example.net. 60 TXT "v=spf1 ip4:198.51.100.0/24 -all"
"""


@pytest.fixture
def unbound(start_unbound: StartUnbound) -> Unbound:
    data = [f"local-data: '{record}'" for record in RECORDS.strip().splitlines()]
    return start_unbound({}, [f'local-zone: "{zone}." static' for zone in ("example.org", "example.net")] + data)


def lookup(*nameservers: object) -> RecordLookup:
    return RecordLookup(
        settings.Resolver(
            nameservers=tuple(map(str, nameservers)), timeout=timedelta(seconds=5), attempts=1, queries_per_second=0
        )
    )


async def found(server: Server, *nameservers: object) -> Discovery:
    (discovery,) = await discover([server], lookup(*nameservers), registrable=registrable)
    return discovery


async def host(name: str, unbound: Unbound) -> Finding:
    discovery = await found(Server(name="s", hostnames=(parse_name(name),)), unbound.endpoint)
    (finding,) = discovery.findings
    return finding


def texts(targets: Mapping[Target, object]) -> list[str]:
    return [target.text for target in targets]


@pytest.mark.parametrize(
    ("name", "addresses", "faults"),
    [
        ("mx1.example.org", ["192.0.2.1", "192.0.2.2", "2001:db8::1"], ()),
        ("v6.example.org", ["2001:db8::6"], ()),
        ("mail.example.org", ["192.0.2.1", "192.0.2.2", "2001:db8::1"], ()),
        ("www.example.org", [], ("www.example.org has no address",)),
        ("gone.example.org", [], ("gone.example.org does not exist",)),
    ],
)
async def test_a_host_name_becomes_its_addresses(
    name: str, addresses: list[str], faults: tuple[str, ...], unbound: Unbound
) -> None:
    finding = await host(name, unbound)
    assert (texts(finding.targets), finding.faults, finding.complete) == (addresses, faults, True)


async def test_the_senders_of_a_domain_are_its_exchangers_and_whom_its_policy_designates(unbound: Unbound) -> None:
    server = Server(name="s", senders_of=(parse_name("example.org"),))
    exchangers, senders = (await found(server, unbound.endpoint)).findings
    assert exchangers.origin == Origin(OriginKind.MX, parse_name("example.org"))
    assert texts(exchangers.targets) == ["192.0.2.1", "192.0.2.2", "2001:db8::1", "198.51.100.1"]
    assert senders.origin == Origin(OriginKind.SPF, parse_name("example.org"))
    assert {target.text: how for target, how in senders.targets.items()} == {
        "192.0.2.1": "SPF mx of example.org",
        "192.0.2.2": "SPF mx of example.org",
        "2001:db8::1": "SPF mx of example.org",
        "198.51.100.1": "SPF mx of example.org",
        "192.0.2.9": "SPF a:out.%{d} of example.org",
        **{f"203.0.113.{last}": "SPF ip4:203.0.113.0/30 of _spf.example.org" for last in range(4)},
    }
    assert [(one.why, one.what) for one in senders.unwatched] == [
        (Why.DEPENDS_ON_MESSAGE, "'exists:%{i}.ok.example.org' in the SPF record of _spf.example.org"),
        (Why.THIRD_PARTY, "'include:_spf.example.net' in the SPF record of example.org"),
        (Why.TOO_LARGE, "'ip6:2001:db8:1::/64' in the SPF record of _spf.example.org"),
        (Why.TOO_LARGE, "'ip4:198.18.0.0/16' in the SPF record of example.org"),
    ]
    assert (senders.faults, senders.failures) == ((), ())


async def test_what_is_registered_is_no_third_party_and_no_range_too_large(unbound: Unbound) -> None:
    """The other's domain under `domains` makes it the admin's own, and a registered range is watched anyway."""
    server = Server(
        name="s",
        senders_of=(parse_name("example.org"),),
        domains=(parse_name("www.example.net"),),
        networks=(ip_network("198.18.0.0/17"), ip_network("198.18.128.0/17")),
    )
    _, senders = (await found(server, unbound.endpoint)).findings
    assert parse_address("198.51.100.255") in senders.targets
    assert [one.why for one in senders.unwatched] == [Why.DEPENDS_ON_MESSAGE, Why.TOO_LARGE]


async def test_a_domain_that_takes_no_mail_has_no_exchangers(unbound: Unbound) -> None:
    server = Server(name="s", senders_of=(parse_name("nomail.example.org"),))
    exchangers, senders = (await found(server, unbound.endpoint)).findings
    assert (exchangers.targets, exchangers.faults) == ({}, ())
    assert senders.faults == ("nomail.example.org has no SPF record",)


async def test_a_policy_that_includes_itself_is_an_error_and_ends(unbound: Unbound) -> None:
    server = Server(name="s", senders_of=(parse_name("loop.example.org"),))
    _, senders = (await found(server, unbound.endpoint)).findings
    (fault,) = senders.faults
    assert fault.startswith(
        "'include:loop.example.org' in the SPF record of loop.example.org: it needs more than the 10"
    )


async def test_a_changed_address_is_found_and_told_in_the_next_round(unbound: Unbound) -> None:
    held, moved = settle(Held(), await host("mx1.example.org", unbound), NOON)
    assert moved is None
    unbound.change("mx1.example.org", "60 A 192.0.2.2", "60 A 192.0.2.3")
    held, moved = settle(held, await host("mx1.example.org", unbound), NOON + timedelta(minutes=15))
    came, *gone = map(parse_address, ("192.0.2.3", "192.0.2.1", "2001:db8::1"))
    assert moved == Moved(came=(came,), missing=tuple(gone))
    # The old ones are watched for a day more.
    assert set(texts(held.targets)) == {"192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"}
    unbound.change("mx1.example.org")
    held, moved = settle(held, await host("mx1.example.org", unbound), NOON + timedelta(minutes=30))
    assert moved is not None
    # Two of them were told of before.
    assert (moved.came, len(moved.went), moved.emptied, len(held.targets)) == ((), 2, True, 4)


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED"])
async def test_a_failed_look_up_keeps_what_is_known(rcode: str, start_unbound: StartUnbound) -> None:
    """The zone's nameserver fails, so that the resolver has nothing to say."""
    fails = False

    def script(query: Query) -> list[bytes]:
        records = {"A": ["@ 1 IN A 192.0.2.1"], "AAAA": ["@ 1 IN AAAA 2001:db8::1"]}.get(query.kind, [])
        return [reply_to(query, rcode) if fails else reply_to(query, "NOERROR", *records)]

    async with Nameserver(script) as authority:
        where, _, port = authority.address.partition(":")
        unbound = start_unbound({"example.org": Endpoint(where, int(port))})
        held, _ = settle(Held(), await host("mx1.example.org", unbound), NOON)
        fails = True
        unbound.flush("example.org")
        finding = await host("mx1.example.org", unbound)
    held, moved = settle(held, finding, NOON + timedelta(minutes=15))
    assert [(failure.what, failure.reason) for failure in finding.failures] == [
        ("A of mx1.example.org", Reason.SERVFAIL),
        ("AAAA of mx1.example.org", Reason.SERVFAIL),
    ]
    assert (texts(held.targets), moved, held.failing_since) == (
        ["192.0.2.1", "2001:db8::1"],
        None,
        NOON + timedelta(minutes=15),
    )
