"""Questions as bytes, and plain absences read from bytes, compared with core's names and with dnspython."""

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.question import Absent, Failed, Reason, query_name
from rblwatch.core.target import Target, address_target, parse_address, parse_name
from rblwatch.resolver import records, wire

ID = b"\x12\x34"
TARGET = parse_address("192.0.2.99")
ENDING = wire.ending("bl.example", wire.A, keyed=False)
SECTION = wire.question(TARGET, ENDING)

targets = st.one_of(
    st.ip_addresses().map(address_target),
    st.from_regex(r"([a-z0-9]{1,20}\.){1,4}[a-z]{2,9}", fullmatch=True).map(parse_name),
)


def ask(target: Target, zone: str, *, keyed: bool = False) -> dns.message.Message:
    """The query for a target, read back by dnspython."""
    section = wire.question(target, wire.ending(zone, wire.A, keyed=keyed))
    return dns.message.from_wire(wire.packet(ID, section))


def negative(*, rcode: dns.rcode.Rcode = dns.rcode.NXDOMAIN) -> dns.message.Message:
    """The plain answer to SECTION, to be spoiled."""
    reply = dns.message.make_response(dns.message.from_wire(wire.packet(ID, SECTION)), recursion_available=True)
    reply.set_rcode(rcode)
    reply.authority.append(
        dns.rrset.from_text("bl.example.", 300, "IN", "SOA", "ns.bl.example. a.bl.example. 1 2 3 4 60")
    )
    return reply


@given(targets)
def test_a_query_asks_for_the_name_that_core_says(target: Target) -> None:
    query = ask(target, "bl.example")
    assert query.question[0].name.to_text(omit_final_dot=True) == query_name(target, "bl.example")
    assert query.question[0].rdtype == dns.rdatatype.A
    assert (query.id, query.flags, query.edns, query.payload) == (0x1234, dns.flags.RD, 0, 1232)


def test_an_ipv6_address_is_asked_as_32_reversed_nibbles() -> None:
    name = ask(parse_address("::ffff:7f00:2"), "bl.example").question[0].name
    assert name.to_text() == "2.0.0.0.0.0.f.7.f.f.f.f." + "0." * 20 + "bl.example."


@pytest.mark.parametrize(("keyed", "sent"), [(False, "sekret.bl.example"), (True, "SeKrEt.BL.example")])
def test_a_zone_is_sent_in_lower_case_and_a_key_as_it_was_given(keyed: bool, sent: str) -> None:
    name = ask(TARGET, "SeKrEt.BL.example", keyed=keyed).question[0].name
    assert name.to_text(omit_final_dot=True) == f"99.2.0.192.{sent}"


def test_a_key_that_stands_first_is_sent_before_the_target_as_it_was_given() -> None:
    section = wire.question(TARGET, ENDING, wire.opening("SeKrEt"))
    name = dns.message.from_wire(wire.packet(ID, section)).question[0].name
    assert name.to_text(omit_final_dot=True) == query_name(TARGET, "bl.example", "SeKrEt")
    assert wire.question(TARGET, ENDING, wire.opening("")) == SECTION
    with pytest.raises(wire.Unaskable):
        wire.opening("k" * 64)


@pytest.mark.parametrize("zone", ["bl..example", "", "x" * 64 + ".example", "bl.exämple", ".".join(["x" * 60] * 4)])
def test_a_name_that_dns_cannot_carry_is_unaskable(zone: str) -> None:
    with pytest.raises(wire.Unaskable):
        wire.question(TARGET, wire.ending(zone, wire.A, keyed=False))


def test_a_name_of_255_bytes_is_askable() -> None:
    zone = ".".join(["x" * 61, "y" * 61, "z" * 61, "w" * 56])
    section = wire.question(TARGET, wire.ending(zone, wire.A, keyed=False))
    assert len(section) == 255 + 4


def _case(reply: bytes) -> bytes:
    return reply[:12] + reply[12:].upper()


@pytest.mark.parametrize(
    ("reply", "matches"),
    [
        (negative().to_wire(), True),
        # 0x20 and upper-case echoes are the same name.
        (_case(wire.packet(ID, SECTION)[:2] + negative().to_wire()[2:12] + SECTION), True),
        # A query that comes back is no answer.
        (wire.packet(ID, SECTION), False),
        # Another name, type or class; no question; less than a header.
        (wire.packet(ID, wire.question(parse_address("192.0.2.98"), ENDING)), False),
        (negative().to_wire().replace(SECTION, SECTION[:-3] + b"\x1c" + SECTION[-2:]), False),
        (negative().to_wire().replace(SECTION, SECTION[:-1] + b"\x03"), False),
        (negative().to_wire()[:12], False),
        (negative().to_wire()[:4] + b"\x00\x00" + negative().to_wire()[6:], False),
        (b"", False),
        (b"\x12", False),
    ],
    ids=repr,
)
def test_only_a_reply_with_the_same_question_answers_it(reply: bytes, matches: bool) -> None:
    assert wire.answers(reply, SECTION) is matches


def test_a_plain_absence_gives_the_smaller_of_the_two_negative_ttls() -> None:
    assert wire.plain_absence(negative().to_wire(), SECTION) == 60
    soon = negative()
    soon.authority[0].ttl = 7
    assert wire.plain_absence(soon.to_wire(), SECTION) == 7


def test_a_plain_absence_of_decades_counts_as_one_day() -> None:
    late = negative()
    late.authority[0] = dns.rrset.from_text("bl.example.", 2**31 - 1, "IN", "SOA", f"a. b. 1 2 3 4 {2**31 - 1}")
    assert wire.plain_absence(late.to_wire(), SECTION) == 86_400


def test_a_plain_absence_may_lack_the_soa_and_the_opt() -> None:
    bare = negative()
    bare.authority.clear()
    assert wire.plain_absence(bare.to_wire(), SECTION) == wire.NO_TTL
    bare.use_edns(False)
    assert wire.plain_absence(bare.to_wire(), SECTION) == wire.NO_TTL


def _with_note() -> bytes:
    reply = negative()
    reply.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.BLOCKED)])
    return reply.to_wire()


def _with_cname() -> bytes:
    reply = negative()
    reply.answer.append(dns.rrset.from_text(reply.question[0].name, 60, "IN", "CNAME", "gone.example."))
    return reply.to_wire()


def _with_foreign_soa() -> bytes:
    reply = negative()
    reply.authority[0].name = dns.name.from_text("other.example.")
    return reply.to_wire()


@pytest.mark.parametrize(
    "reply",
    [
        negative(rcode=dns.rcode.NOERROR).to_wire(),
        negative(rcode=dns.rcode.SERVFAIL).to_wire(),
        # An upper half of the rcode, which stands in the OPT: BADVERS (16) is no NXDOMAIN, and neither is 19.
        negative(rcode=dns.rcode.Rcode(19)).to_wire(),
        _with_note(),
        _with_cname(),
        _with_foreign_soa(),
        negative().to_wire() + b"\x00",
        negative().to_wire()[:-1],
        negative().to_wire()[: 12 + len(SECTION)],
        negative().to_wire()[:2] + b"\x87\x83" + negative().to_wire()[4:],
    ],
    ids=[
        "nodata",
        "servfail",
        "extended-rcode",
        "filtered",
        "cname",
        "foreign-soa",
        "more",
        "less",
        "no-body",
        "truncated",
    ],
)
def test_what_could_mean_anything_else_is_not_plain(reply: bytes) -> None:
    assert wire.answers(reply, SECTION)
    assert wire.plain_absence(reply, SECTION) is None


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A plain answer with a few bytes changed, cut off or added, that still answers the question."""
    reply = bytearray(negative().to_wire())
    for _ in range(draw(st.integers(0, 4))):
        reply[draw(st.integers(2, len(reply) - 1))] = draw(st.integers(0, 255))
    cut = draw(st.integers(0, 40))
    return bytes(reply[: len(reply) - cut] if draw(st.booleans()) else reply) + draw(st.binary(max_size=12))


@given(spoiled() | st.binary(max_size=120).map(lambda tail: negative().to_wire()[: 12 + len(SECTION)] + tail))
def test_a_plain_absence_means_nothing_else_to_dnspython(reply: bytes) -> None:
    """What is counted without being parsed would have been counted after parsing too, with the same TTL.

    Only the two names inside the SOA, of which nothing is used, are not looked at here.
    """
    if not wire.answers(reply, SECTION):
        return
    ttl_s = wire.plain_absence(reply, SECTION)
    if ttl_s is not None:
        unreadable = Failed(Reason.MALFORMED, "answered with a message that cannot be read")
        assert records.read(reply, dns.rdatatype.A) in (Absent(None if ttl_s == wire.NO_TTL else ttl_s), unreadable)
