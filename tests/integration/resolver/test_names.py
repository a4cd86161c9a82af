"""Ordinary names become records, or nothing, or "could not be looked up"."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from ipaddress import ip_address as ip

import dns.message
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.lookup import Exchange, Missing, Present, RecordKind, Reply
from rblwatch.core.lookup import Query as Wanted
from rblwatch.core.question import Failed, Reason
from rblwatch.core.settings import Resolver
from rblwatch.core.target import Target, parse_address, parse_name
from rblwatch.ports import Names, Records
from rblwatch.resolver import AddressLookup, NotANameserver, RecordLookup
from rblwatch.resolver.names import Alias, read_reply
from tests.support.endpoint import new_endpoint
from tests.support.nameserver import Later, Nameserver, Query, Script, absent, found, reply_to, truncated

NAME = parse_name("mx1.example.org")


def settings(*nameservers: object) -> Resolver:
    return Resolver(
        nameservers=tuple(map(str, nameservers)), timeout=timedelta(seconds=0.5), attempts=1, queries_per_second=0
    )


async def look_up(records: dict[str, list[str] | str | None]) -> tuple[Target, ...] | None:
    """Look the name up where A and AAAA questions have these records, an rcode, or no answer."""

    def script(query: Query) -> Iterable[bytes | Later]:
        said = records[query.kind] if query.name == NAME.text else []
        if said is None:
            return []
        return [reply_to(query, said) if isinstance(said, str) else reply_to(query, "NOERROR", *said)]

    async with Nameserver(script) as server:
        names: Names = AddressLookup(settings(server.address))
        return await names.addresses(NAME)


async def test_a_name_has_its_ipv4_and_ipv6_addresses_in_order() -> None:
    assert await look_up(
        {"A": ["@ 60 IN A 192.0.2.10", "@ 60 IN A 192.0.2.9"], "AAAA": ["@ 60 IN AAAA 2001:db8::1"]}
    ) == tuple(map(parse_address, ["192.0.2.9", "192.0.2.10", "2001:db8::1"]))


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


async def record(kind: RecordKind, script: Script, name: str = "example.org") -> tuple[Reply, list[Query], str]:
    """Look one record up; the reply, what was asked, and where."""
    async with Nameserver(script) as server:
        records: Records = RecordLookup(settings(server.address))
        return await records.look_up(Wanted(name, kind)), server.queries, server.address


@pytest.mark.parametrize(
    ("kind", "records", "values"),
    [
        ("A", ["@ 60 IN A 192.0.2.1", "@ 60 IN A 192.0.2.2"], (ip("192.0.2.1"), ip("192.0.2.2"))),
        ("AAAA", ["@ 60 IN AAAA 2001:db8::1"], (ip("2001:db8::1"),)),
        (
            "MX",
            ["@ 60 IN MX 10 Mail.example.org.", "@ 60 IN MX 0 ."],
            (Exchange(10, "Mail.example.org"), Exchange(0, "")),
        ),
        # The strings of a text are joined, and records stay apart.
        ("TXT", ['@ 60 IN TXT "v=spf1 a" " -all"', '@ 60 IN TXT "\\255"'], (b"v=spf1 a -all", b"\xff")),
        # Records of another name or type are none of ours.
        ("A", ["@ 60 IN A 192.0.2.1", "other.example. 60 IN A 192.0.2.2"], (ip("192.0.2.1"),)),
        ("TXT", ["@ 60 IN CNAME t.example.", 't.example. 60 IN TXT "x"'], (b"x",)),
    ],
)
async def test_records_of_each_kind_are_read(kind: str, records: list[str], values: tuple[object, ...]) -> None:
    reply, _, _ = await record(RecordKind(kind), lambda query: [reply_to(query, "NOERROR", *records)])
    assert reply == Present(values)  # type: ignore[arg-type]  # the row says which


@pytest.mark.parametrize(
    ("rcode", "records", "missing"),
    [
        ("NXDOMAIN", [], Missing(exists=False)),
        ("NOERROR", [], Missing(exists=True)),
        # The alias is there, what it stands for is not.
        ("NXDOMAIN", ["@ 60 IN CNAME gone.example."], Missing(exists=False)),
        ("NOERROR", ["@ 60 IN CNAME v6.example."], Missing(exists=True)),
    ],
)
async def test_a_negative_answer_is_no_failure(rcode: str, records: list[str], missing: Missing) -> None:
    def script(query: Query) -> list[bytes]:
        return [reply_to(query, rcode, *records if query.name == "example.org" else [])]

    assert (await record(RecordKind.A, script))[0] == missing


@pytest.mark.parametrize(
    ("answers", "reply"),
    [
        # A resolver with an alias in its own data leaves the rest to whoever asks.
        (
            {"example.org": ["@ 60 IN CNAME a.example."], "a.example": ["@ 60 IN A 192.0.2.1"]},
            Present((ip("192.0.2.1"),)),
        ),
        ({"example.org": ["@ 60 IN CNAME a.example."], "a.example": []}, Missing(exists=True)),
        (
            {"example.org": ["@ 60 IN CNAME a.example."], "a.example": ["@ 60 IN CNAME example.org."]},
            Failed(Reason.MALFORMED, "the name has a loop, or more than 16 aliases (CNAME) in a row"),
        ),
    ],
)
async def test_an_alias_that_the_nameserver_does_not_follow_is_followed(
    answers: dict[str, list[str]], reply: Reply
) -> None:
    assert (await record(RecordKind.A, lambda query: [reply_to(query, "NOERROR", *answers[query.name])]))[0] == reply


LOOP = ["@ 60 IN CNAME a.example.", "a.example. 60 IN CNAME example.org."]


@pytest.mark.parametrize(
    ("script", "reason", "detail"),
    [
        (lambda query: [reply_to(query, "SERVFAIL")], Reason.SERVFAIL, "answered SERVFAIL"),
        (lambda query: [reply_to(query, "REFUSED")], Reason.REFUSED, "answered REFUSED"),
        (
            lambda query: [reply_to(query, "NXDOMAIN", note=15)],
            Reason.FILTERED,
            "filters: NXDOMAIN with the note blocked",
        ),
        (lambda query: [reply_to(query, "FORMERR")], Reason.MALFORMED, "answered FORMERR"),
        (
            lambda query: [reply_to(query, "NOERROR", *LOOP)],
            Reason.MALFORMED,
            "answered with a loop, or with more than 16 aliases (CNAME) in a row",
        ),
        (lambda _: [], Reason.TIMEOUT, "gave no answer within 0.5 s"),
        # A reply to another question, or with another id, is not waited for in vain: it is as if it had not come.
        (lambda query: [b"\0\0" + reply_to(query, "NXDOMAIN")[2:]], Reason.TIMEOUT, "gave no answer within 0.5 s"),
        (lambda query: [query.wire, b"", b"\xff" * 40], Reason.TIMEOUT, "gave no answer within 0.5 s"),
        # The body breaks its counts.
        (
            lambda query: [found(query, "192.0.2.1")[:-14]],
            Reason.MALFORMED,
            "answered with a message that cannot be read",
        ),
    ],
)
async def test_a_failure_says_who_did_what(script: Script, reason: Reason, detail: str) -> None:
    reply, _, address = await record(RecordKind.A, script)
    assert reply == Failed(reason, f"{address} {detail}")


async def test_a_truncated_answer_is_fetched_over_tcp() -> None:
    def script(query: Query) -> list[bytes]:
        return [found(query, "192.0.2.1")] if query.over_tcp else [truncated(query)]

    reply, queries, _ = await record(RecordKind.A, script)
    assert reply == Present((ip("192.0.2.1"),))
    assert [query.over_tcp for query in queries] == [False, True]


async def test_the_true_answer_is_taken_after_a_spoofed_one() -> None:
    def script(query: Query) -> list[bytes]:
        return [b"\0\0" + found(query, "192.0.2.66")[2:], found(query, "192.0.2.1")]

    assert (await record(RecordKind.A, script))[0] == Present((ip("192.0.2.1"),))


async def test_a_name_of_odd_characters_is_asked_as_it_is() -> None:
    reply, queries, _ = await record(RecordKind.A, lambda query: [found(query, "192.0.2.1")], "foo:bar/b c.example.org")
    assert isinstance(reply, Present)
    assert queries[0].name == "foo:bar/b c.example.org"


async def test_a_name_that_dns_cannot_carry_does_not_exist() -> None:
    reply, queries, _ = await record(RecordKind.A, lambda _: [], "a..example.org")
    assert (reply, queries) == (Missing(exists=False), [])


async def test_what_a_nameserver_said_tells_more_than_the_silence_of_another() -> None:
    async with (
        Nameserver(lambda _: []) as silent,
        Nameserver(lambda query: [reply_to(query, "SERVFAIL")]) as failing,
        Nameserver(lambda query: [found(query, "192.0.2.1")]) as working,
    ):
        nobody = RecordLookup(settings(silent.address, failing.address))
        assert await nobody.look_up(Wanted("example.org", RecordKind.A)) == Failed(
            Reason.SERVFAIL, f"{failing.address} answered SERVFAIL"
        )
        somebody = RecordLookup(settings(silent.address, failing.address, working.address))
        assert await somebody.look_up(Wanted("example.org", RecordKind.A)) == Present((ip("192.0.2.1"),))


async def test_a_silent_nameserver_is_asked_again_and_one_that_failed_is_not() -> None:
    def script(query: Query) -> list[bytes]:
        if query.name.startswith("slow"):
            return [found(query, "192.0.2.1")] if query.attempt == 2 else []
        return [reply_to(query, "SERVFAIL")]

    async with Nameserver(script) as server:
        records = RecordLookup(replace(settings(server.address), attempts=2))
        assert await records.look_up(Wanted("slow.example.org", RecordKind.A)) == Present((ip("192.0.2.1"),))
        await records.look_up(Wanted("failing.example.org", RecordKind.A))
        assert [query.name.partition(".")[0] for query in server.queries] == ["slow", "slow", "failing"]


async def test_a_nameserver_that_is_not_there_is_named() -> None:
    nowhere = new_endpoint(15306)
    reply = await RecordLookup(settings(nowhere)).look_up(Wanted("example.org", RecordKind.A))
    assert reply == Failed(Reason.NETWORK, f"{nowhere} cannot be reached: Connection refused")


KINDS = [dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.MX, dns.rdatatype.TXT]
RECORDS = """@ 60 IN A 192.0.2.1
@ 60 IN AAAA 2001:db8::1
@ 60 IN MX 10 mail.example.org.
@ 60 IN TXT "v=spf1 a" " -all"
@ 60 IN CNAME other.example.org.
other.example.org. 60 IN CNAME @
other.example.org. 60 IN MX 1 .""".splitlines()


@st.composite
def damaged_replies(draw: st.DrawFn) -> tuple[bytes, dns.rdatatype.RdataType]:
    """A reply with some records in which some bytes were changed, removed or added."""
    kind = draw(st.sampled_from(KINDS))
    asked = dns.message.make_query("example.org", kind, use_edns=0).to_wire()
    query = Query(asked, "example.org", dns.rdatatype.to_text(kind), over_tcp=False, port=0, attempt=1)
    rcode = draw(st.sampled_from(["NOERROR", "NXDOMAIN", "SERVFAIL"]))
    records = [
        record.replace("@", "example.org.", 2) for record in draw(st.lists(st.sampled_from(RECORDS), max_size=4))
    ]
    wire = bytearray(reply_to(query, rcode, *records))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(wire)))
        wire[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(wire), kind


@given(damaged_replies() | st.tuples(st.binary(min_size=12), st.sampled_from(KINDS)))
def test_any_bytes_are_a_reply_of_the_kind_that_was_asked(damaged: tuple[bytes, dns.rdatatype.RdataType]) -> None:
    wire, kind = damaged
    reply = read_reply(wire, kind)
    assert isinstance(reply, Present | Missing | Alias | Failed)
    if isinstance(reply, Present):
        wanted = {dns.rdatatype.A: IPv4Address, dns.rdatatype.AAAA: IPv6Address, dns.rdatatype.MX: Exchange}.get(
            kind, bytes
        )
        assert reply.values
        assert all(isinstance(value, wanted) for value in reply.values)
