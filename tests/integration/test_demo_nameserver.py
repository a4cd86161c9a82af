"""The demo's nameserver answers as blocklists do, and fails on command in every way in which they fail."""

import asyncio
import socket
from collections.abc import AsyncIterator

import dns.asyncquery
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rblwatch.demo.nameserver import HOST, LoopbackNameserver
from rblwatch.demo.reply import respond
from rblwatch.demo.zone import Mode, Zone

LISTED = "192.0.2.25"
ZONE = "bl.demo.test"


def name_of(address: str, zone: str = ZONE) -> str:
    return ".".join([*reversed(address.split(".")), zone])


@pytest.fixture
async def nameserver() -> AsyncIterator[LoopbackNameserver]:
    zone = Zone(ZONE, ttl_s=60, negative_ttl_s=30)
    zone.add(LISTED, "127.0.0.4", "127.0.0.2", text="sent spam")
    async with LoopbackNameserver(zone, Zone("other.test")) as server:
        yield server


async def ask(
    server: LoopbackNameserver, name: str, kind: str = "A", *, tcp: bool = False, edns: bool = False
) -> dns.message.Message:
    query = dns.message.make_query(name, kind, use_edns=0 if edns else -1, payload=1232)
    send = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    return await send(query, HOST, timeout=10, port=server.port)


def texts(answer: dns.message.Message) -> list[str]:
    return sorted(str(record) for rrset in answer.answer for record in rrset)


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize(
    ("mode", "rcode", "listed", "clear"),
    [
        (Mode.HEALTHY, "NOERROR", ["127.0.0.2", "127.0.0.4"], []),
        # Everything is listed, the negative test point and strangers too.
        (Mode.WILDCARD, "NOERROR", ["127.0.0.2"], ["127.0.0.2"]),
        (Mode.REFUSAL_CODE, "NOERROR", ["127.255.255.254"], ["127.255.255.254"]),
        (Mode.OUTSIDE, "NOERROR", ["203.0.113.9"], ["203.0.113.9"]),
        # Nothing is.
        (Mode.SILENT, "NXDOMAIN", [], []),
        (Mode.REFUSING, "REFUSED", [], []),
        (Mode.SERVFAIL, "SERVFAIL", [], []),
    ],
)
async def test_each_mode_has_its_answers(
    nameserver: LoopbackNameserver, mode: Mode, rcode: str, listed: list[str], clear: list[str], *, tcp: bool
) -> None:
    nameserver.zone(ZONE).mode = mode
    answer = await ask(nameserver, name_of(LISTED), tcp=tcp)
    assert (dns.rcode.to_text(answer.rcode()), texts(answer)) == (rcode, listed)
    assert texts(await ask(nameserver, name_of("127.0.0.1"), tcp=tcp)) == clear


@pytest.mark.parametrize(
    ("point", "listed"),
    [
        (name_of("127.0.0.2"), True),
        (name_of("127.0.0.1"), False),
        (f"2.0.0.0.0.0.f.7.f.f.f.f.{'0.' * 20}{ZONE}", True),
        (f"1.0.0.0.0.0.f.7.f.f.f.f.{'0.' * 20}{ZONE}", False),
        (f"test.{ZONE}", True),
        (f"invalid.{ZONE}", False),
    ],
)
async def test_a_healthy_zone_has_its_test_points(nameserver: LoopbackNameserver, point: str, *, listed: bool) -> None:
    """As RFC 5782 section 5 wants them."""
    answer = await ask(nameserver, point)
    assert (answer.rcode(), texts(answer)) == (
        (dns.rcode.NOERROR, ["127.0.0.2"]) if listed else (dns.rcode.NXDOMAIN, [])
    )


async def test_entries_may_change_at_any_time(nameserver: LoopbackNameserver) -> None:
    zone = nameserver.zone(ZONE)
    zone.add("2001:db8::25", text="new")
    zone.add("Shop.Example", "127.0.1.2")
    zone.remove(LISTED)
    assert texts(await ask(nameserver, f"5.2.{'0.' * 22}8.b.d.0.1.0.0.2.{ZONE}", "TXT")) == ['"new"']
    assert texts(await ask(nameserver, f"shop.example.{ZONE}")) == ["127.0.1.2"]
    assert (await ask(nameserver, name_of(LISTED))).rcode() == dns.rcode.NXDOMAIN
    nameserver.serve(Zone("late.test"))
    assert texts(await ask(nameserver, "test.late.test")) == ["127.0.0.2"]


async def test_answers_say_how_long_they_may_be_repeated(nameserver: LoopbackNameserver) -> None:
    positive = await ask(nameserver, name_of(LISTED))
    assert positive.answer[0].ttl == 60
    assert positive.flags & dns.flags.AA
    for negative in (await ask(nameserver, name_of("192.0.2.1")), await ask(nameserver, name_of(LISTED), "AAAA")):
        [soa] = negative.authority
        assert (soa.ttl, soa.name.to_text()) == (30, ZONE + ".")
        assert str(soa[0]).endswith(" 30")


async def test_a_name_without_such_a_record_is_no_missing_name(nameserver: LoopbackNameserver) -> None:
    for name, kind in ((name_of(LISTED), "AAAA"), (name_of("127.0.0.2", "other.test"), "MX"), (ZONE, "A")):
        answer = await ask(nameserver, name, kind)
        assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])


async def test_a_zone_has_a_head(nameserver: LoopbackNameserver) -> None:
    assert texts(await ask(nameserver, ZONE, "SOA")) == [f"ns.{ZONE}. hostmaster.{ZONE}. 1 3600 600 86400 30"]
    assert texts(await ask(nameserver, ZONE, "NS")) == [f"ns.{ZONE}."]


@pytest.mark.parametrize(("name", "rcode"), [("example.org", "REFUSED"), ("a.invalid", "NXDOMAIN"), (".", "REFUSED")])
async def test_names_outside_all_zones_are_not_answered(nameserver: LoopbackNameserver, name: str, rcode: str) -> None:
    assert dns.rcode.to_text((await ask(nameserver, name)).rcode()) == rcode


async def test_the_inner_of_two_zones_answers(nameserver: LoopbackNameserver) -> None:
    nameserver.serve(Zone(f"inner.{ZONE}")).add(LISTED, "127.0.0.9")
    nameserver.zone(ZONE).mode = Mode.WILDCARD
    assert texts(await ask(nameserver, name_of(LISTED, f"inner.{ZONE}"))) == ["127.0.0.9"]
    assert texts(await ask(nameserver, name_of(LISTED))) == ["127.0.0.2"]


async def test_letters_come_back_as_they_were_sent(nameserver: LoopbackNameserver) -> None:
    answer = await ask(nameserver, "TeSt.bL.Demo.TEST")
    assert answer.answer[0].name.to_text() == "TeSt.bL.Demo.TEST."


async def test_an_answer_too_large_for_the_client_is_cut(nameserver: LoopbackNameserver) -> None:
    text = "spam trap \N{LATIN SMALL LETTER E WITH ACUTE} \x1b[31m " * 40
    nameserver.zone(ZONE).add(LISTED, text=text)
    small = await ask(nameserver, name_of(LISTED), "TXT")
    assert small.flags & dns.flags.TC
    assert small.answer == []
    for whole in (
        await ask(nameserver, name_of(LISTED), "TXT", edns=True),
        await ask(nameserver, name_of(LISTED), "TXT", tcp=True),
    ):
        assert not whole.flags & dns.flags.TC
        assert b"".join(whole.answer[0][0].strings) == text.encode()


async def test_edns_is_spoken_to_those_who_speak_it(nameserver: LoopbackNameserver) -> None:
    assert (await ask(nameserver, f"test.{ZONE}")).edns == -1
    answer = await ask(nameserver, f"test.{ZONE}", edns=True)
    assert (answer.edns, answer.payload) == (0, 1232)
    newer = dns.message.make_query(f"test.{ZONE}", "A", use_edns=1)
    assert (await dns.asyncquery.udp(newer, HOST, timeout=10, port=nameserver.port)).rcode() == dns.rcode.BADVERS


@pytest.mark.parametrize(("change", "arrivals"), [({"mode": Mode.DROP}, ["b"]), ({"delay_s": 0.2}, ["b", "a"])])
async def test_a_zone_can_keep_silent_or_hesitate(
    nameserver: LoopbackNameserver, change: dict[str, object], arrivals: list[str]
) -> None:
    """Asked before another zone, it answers after it, or never."""
    for what, value in change.items():
        setattr(nameserver.zone(ZONE), what, value)
    loop = asyncio.get_running_loop()
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        for name in (f"test.{ZONE}", "test.other.test"):
            await loop.sock_sendto(client, dns.message.make_query(name, "A").to_wire(), (HOST, nameserver.port))
        names = {f"test.{ZONE}.": "a", "test.other.test.": "b"}
        for expected in arrivals:
            async with asyncio.timeout(10):
                answer = dns.message.from_wire(await loop.sock_recv(client, 4096))
            assert names[answer.question[0].name.to_text()] == expected


@pytest.mark.parametrize("garbage", [b"", b"\0", b"\xff" * 40, b"\0\1\1\0\0\1\0\0\0\0\0\0\x3fcut off", b"\0" * 600])
async def test_garbage_does_not_stop_it(nameserver: LoopbackNameserver, garbage: bytes) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.sendto(garbage, (HOST, nameserver.port))
    _, writer = await asyncio.open_connection(HOST, nameserver.port)
    writer.write(len(garbage).to_bytes(2, "big") + garbage)
    assert texts(await ask(nameserver, f"test.{ZONE}")) == ["127.0.0.2"]
    assert texts(await ask(nameserver, f"test.{ZONE}", tcp=True)) == ["127.0.0.2"]
    writer.close()
    await writer.wait_closed()


async def test_one_connection_carries_several_questions(nameserver: LoopbackNameserver) -> None:
    reader, writer = await asyncio.open_connection(HOST, nameserver.port)
    for name in ("test", "invalid"):
        wire = dns.message.make_query(f"{name}.{ZONE}", "A").to_wire()
        writer.write(len(wire).to_bytes(2, "big") + wire)
    async with asyncio.timeout(10):
        sizes = [int.from_bytes(await reader.readexactly(2), "big")]
        answers = [dns.message.from_wire(await reader.readexactly(sizes[0]))]
        answers.append(
            dns.message.from_wire(await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big")))
        )
    assert [answer.rcode() for answer in answers] == [dns.rcode.NOERROR, dns.rcode.NXDOMAIN]
    writer.close()
    await writer.wait_closed()


async def test_its_end_ends_its_connections() -> None:
    async with LoopbackNameserver(Zone(ZONE)) as server:
        reader, writer = await asyncio.open_connection(HOST, server.port)
        await ask(server, f"test.{ZONE}", tcp=True)
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


zones = {dns.name.from_text(ZONE): Zone(ZONE)}
queries = st.builds(
    lambda name, kind, edns: dns.message.make_query(f"{name}{ZONE}", kind, use_edns=edns).to_wire(),
    st.sampled_from(["", "test.", "2.0.0.127.", "x.y."]),
    st.sampled_from(["A", "TXT", "SOA", "ANY", "AXFR", "AAAA"]),
    st.sampled_from([None, 0, 1]),
)


@st.composite
def spoilt_queries(draw: st.DrawFn) -> bytes:
    wire = bytearray(draw(queries))
    for place in draw(st.lists(st.integers(0, len(wire) - 1), max_size=6)):
        wire[place] = draw(st.integers(0, 255))
    return bytes(wire[: draw(st.integers(0, len(wire)))] if draw(st.booleans()) else wire)


@given(
    packet=st.one_of(st.binary(max_size=80), queries, spoilt_queries()),
    stream=st.booleans(),
    mode=st.sampled_from(Mode),
)
@example(packet=b"\0" * 12, stream=False, mode=Mode.HEALTHY)
def test_no_packet_is_too_strange(packet: bytes, stream: bool, mode: Mode) -> None:
    """Whatever comes in, what goes out, if anything, is one well-formed answer to it."""
    zones[dns.name.from_text(ZONE)].mode = mode
    reply = respond(packet, zones, stream=stream)
    if reply is None:
        return
    answer = dns.message.from_wire(reply.wire)
    assert answer.id == int.from_bytes(packet[:2], "big")
    assert answer.flags & dns.flags.QR


@given(st.binary(min_size=12, max_size=60))
def test_an_answer_is_not_answered(packet: bytes) -> None:
    """Two servers would talk to each other for ever."""
    assert respond(packet[:2] + bytes([packet[2] | 0x80]) + packet[3:], zones, stream=False) is None


def test_it_has_no_address_before_it_runs() -> None:
    with pytest.raises(RuntimeError, match="start it with 'async with'"):
        _ = LoopbackNameserver().address
