"""Host names become addresses, or nothing, or "could not be looked up"."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from rblwatch.core.settings import Resolver
from rblwatch.core.target import Target, parse_address, parse_name
from rblwatch.ports import Names
from rblwatch.resolver import AddressLookup, NotANameserver
from tests.support.endpoint import new_endpoint
from tests.support.nameserver import Later, Nameserver, Query, absent, reply_to

NAME = parse_name("mx1.example.org")


def settings(*nameservers: object) -> Resolver:
    return Resolver(
        nameservers=tuple(map(str, nameservers)), timeout=timedelta(seconds=0.5), attempts=1, queries_per_second=0
    )


async def look_up(records: dict[str, list[str] | str | None]) -> tuple[Target, ...] | None:
    """Look the name up where A and AAAA questions have these records, an rcode, or no answer."""

    def script(query: Query) -> Iterable[bytes | Later]:
        said = records[query.kind]
        if said is None:
            return []
        return [reply_to(query, said) if isinstance(said, str) else reply_to(query, "NOERROR", *said)]

    async with Nameserver(script) as server:
        names: Names = AddressLookup(settings(server.address))
        return await names.addresses(NAME)


async def test_a_name_has_its_ipv4_and_ipv6_addresses_in_order() -> None:
    assert await look_up(
        {"A": ["@ 60 IN A 192.0.2.9", "@ 60 IN A 192.0.2.10"], "AAAA": ["@ 60 IN AAAA 2001:db8::1"]}
    ) == tuple(map(parse_address, ["192.0.2.10", "192.0.2.9", "2001:db8::1"]))


async def test_aliases_are_followed() -> None:
    records: list[str] = ["@ 60 IN CNAME host.example.org.", "host.example.org. 60 IN A 192.0.2.9"]
    assert await look_up({"A": records, "AAAA": records[:1]}) == (parse_address("192.0.2.9"),)


async def test_one_family_is_enough() -> None:
    assert await look_up({"A": [], "AAAA": ["@ 60 IN AAAA 2001:db8::1"]}) == (parse_address("2001:db8::1"),)


@pytest.mark.parametrize("said", [[], "NXDOMAIN"])
async def test_a_name_without_addresses_has_none(said: list[str] | str) -> None:
    assert await look_up({"A": said, "AAAA": said}) == ()


@pytest.mark.parametrize("said", ["SERVFAIL", "REFUSED", None])
async def test_a_failure_is_not_the_absence_of_addresses(said: str | None) -> None:
    """Not even a failure of one family: its addresses would seem to be gone."""
    assert await look_up({"A": said, "AAAA": said}) is None
    assert await look_up({"A": ["@ 60 IN A 192.0.2.9"], "AAAA": said}) is None


async def test_the_next_nameserver_is_asked_when_one_is_gone() -> None:
    async with Nameserver(lambda query: [absent(query)]) as server:
        names = AddressLookup(settings(new_endpoint(15305), server.address))
        assert await names.addresses(NAME) == ()


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(NotANameserver):
        AddressLookup(settings("nowhere"))
