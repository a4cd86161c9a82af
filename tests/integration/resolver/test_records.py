"""What a message says, for every kind of message; and that no bytes raise anything."""

from ipaddress import IPv4Address as ip
from itertools import pairwise

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

from rblwatch.core.question import Absent, Answer, Failed, Found, Reason
from rblwatch.resolver.records import Words, read

NAME = "2.0.0.127.bl.example."
SOA = "bl.example. 300 IN SOA ns.bl.example. a.bl.example. 1 2 3 4 60"


def message(
    *answer: str, rcode: str = "NOERROR", authority: str = "", note: int | None = None, kind: str = "A"
) -> dns.message.Message:
    """A reply with these records; `@` stands for the name in question."""
    reply = dns.message.make_response(dns.message.make_query(NAME, kind, use_edns=0, id=7), recursion_available=True)
    reply.set_rcode(dns.rcode.from_text(rcode))
    for section, records in ((reply.answer, answer), (reply.authority, (authority,) if authority else ())):
        for record in records:
            owner, ttl_s, rdclass, rdtype, words = record.split(maxsplit=4)
            section.append(dns.rrset.from_text(NAME if owner == "@" else owner, int(ttl_s), rdclass, rdtype, words))
    if note is not None:
        reply.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode(note), "who asks about " + NAME)])
    return reply


def chain(links: int) -> list[str]:
    """Aliases from the name in question to `end.example`, that many."""
    names = ["@", *(f"n{number}.example." for number in range(1, links)), "end.example."]
    return [f"{owner} 60 IN CNAME {alias}" for owner, alias in pairwise(names)]


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        # What a list says.
        (message("@ 60 IN A 127.0.0.2"), Found((ip("127.0.0.2"),), 60)),
        (message("@ 60 IN A 127.0.0.4", "@ 60 IN A 127.0.0.2"), Found((ip("127.0.0.4"), ip("127.0.0.2")), 60)),
        (message("2.0.0.127.BL.Example. 60 IN A 127.0.0.2"), Found((ip("127.0.0.2"),), 60)),
        # Not this module's to judge.
        (message("@ 60 IN A 146.112.61.108"), Found((ip("146.112.61.108"),), 60)),
        # Nothing: no such name, or no address of it (a resolver that strips 127/8 makes this of a listing).
        (message(rcode="NXDOMAIN", authority=SOA), Absent(60)),
        (message(rcode="NXDOMAIN"), Absent(None)),
        (message(authority=SOA), Absent(60)),
        (message(), Absent(None)),
        (message('@ 60 IN TXT "listed"', authority=SOA), Absent(60)),
        # The smaller of the SOA's TTL, as it is left, and its minimum; no stranger's SOA; no TTL with the highest bit.
        (message(authority="bl.example. 7 IN SOA a. b. 1 2 3 4 60"), Absent(7)),
        (message(authority="other.example. 7 IN SOA a. b. 1 2 3 4 60"), Absent(None)),
        (message(authority=". 7 IN SOA a. b. 1 2 3 4 4294967295"), Absent(0)),
        # A TTL of decades is one that no cache keeps, and that nobody waits for.
        (message("@ 2147483647 IN A 127.0.0.2"), Found((ip("127.0.0.2"),), 604_800)),
        (message(authority="bl.example. 2147483647 IN SOA a. b. 1 2 3 4 2147483647"), Absent(86_400)),
        # Records of another owner or class are ignored.
        (message("3.0.0.127.bl.example. 60 IN A 127.0.0.2"), Absent(None)),
        (message("3.0.0.127.bl.example. 60 IN A 127.0.0.9", "@ 60 IN A 127.0.0.2"), Found((ip("127.0.0.2"),), 60)),
        (message("@ 60 CH TXT x", "@ 60 IN A 127.0.0.2"), Found((ip("127.0.0.2"),), 60)),
        # Aliases are followed inside the answer, in any order; the shortest TTL counts.
        (message("x.example. 60 IN A 127.0.0.2", "@ 9 IN CNAME x.example."), Found((ip("127.0.0.2"),), 9)),
        (message(*chain(16), "end.example. 60 IN A 127.0.0.2"), Found((ip("127.0.0.2"),), 60)),
        (message("@ 60 IN CNAME bl.example.", rcode="NXDOMAIN", authority=SOA), Absent(60)),
        (message("@ 60 IN CNAME elsewhere.example.", authority=SOA), Absent(None)),
    ],
)
def test_records_and_absences_are_read(reply: dns.message.Message, answer: Answer) -> None:
    assert read(reply.to_wire(), dns.rdatatype.A) == answer


@pytest.mark.parametrize(
    ("reply", "reason", "detail"),
    [
        (message(rcode="SERVFAIL"), Reason.SERVFAIL, "answered SERVFAIL"),
        # Diagnostics are kept for people, but not the text, which may quote the name that was asked.
        (message(rcode="SERVFAIL", note=22), Reason.SERVFAIL, "answered SERVFAIL (no reachable authority)"),
        (message(rcode="SERVFAIL", note=6), Reason.SERVFAIL, "answered SERVFAIL (dnssec bogus)"),
        (message(rcode="REFUSED"), Reason.REFUSED, "answered REFUSED"),
        (message(rcode="FORMERR"), Reason.MALFORMED, "answered FORMERR"),
        (message(rcode="NOTIMP"), Reason.MALFORMED, "answered NOTIMP"),
        (message(rcode="BADVERS"), Reason.MALFORMED, "answered BADVERS"),
        # The resolver filters, whatever else it says.
        (message(rcode="NXDOMAIN", note=15), Reason.FILTERED, "filters: NXDOMAIN with the note blocked"),
        (message("@ 60 IN A 127.0.0.2", note=16), Reason.FILTERED, "filters: NOERROR with the note censored"),
        (message(note=17), Reason.FILTERED, "filters: NOERROR with the note filtered"),
        (message(rcode="REFUSED", note=18), Reason.FILTERED, "filters: REFUSED with the note prohibited"),
        # An alias that leads back, and one too many.
        (
            message("@ 60 IN CNAME x.example.", f"x.example. 60 IN CNAME {NAME}"),
            Reason.MALFORMED,
            "answered with a loop, or with more than 16 aliases (CNAME) in a row",
        ),
        (
            message(*chain(17), "end.example. 60 IN A 127.0.0.2"),
            Reason.MALFORMED,
            "answered with a loop, or with more than 16 aliases (CNAME) in a row",
        ),
        # Lame: other nameservers are named, and nothing is said of the name.
        (
            message(authority="bl.example. 60 IN NS ns.example."),
            Reason.MALFORMED,
            "referred to other nameservers and said nothing of the name: it is no resolver",
        ),
        # A name with an alias has one.
        (
            message("@ 60 IN CNAME x.example.", "x.example. 60 IN A 127.0.0.2", "@ 60 IN CNAME y.example."),
            Reason.MALFORMED,
            "answered with two aliases (CNAME) of one name",
        ),
        # It cannot both not exist and have an address.
        (
            message("@ 60 IN A 127.0.0.2", rcode="NXDOMAIN"),
            Reason.MALFORMED,
            "answered NXDOMAIN together with the records of the name",
        ),
    ],
)
def test_a_failure_says_why_and_quotes_nothing(reply: dns.message.Message, reason: Reason, detail: str) -> None:
    assert read(reply.to_wire(), dns.rdatatype.A) == Failed(reason, detail)


@pytest.mark.parametrize("note", [3, 19, 20])
def test_other_notes_change_nothing(note: int) -> None:
    assert read(message("@ 60 IN A 127.0.0.2", note=note).to_wire(), dns.rdatatype.A) == Found((ip("127.0.0.2"),), 60)


LISTED = message("@ 60 IN A 127.0.0.2", authority=SOA).to_wire()


@pytest.mark.parametrize(
    "reply",
    [
        # Counts that the body does not keep, upwards and downwards.
        *(LISTED[:at] + bytes([LISTED[at] + 1]) + LISTED[at + 1 :] for at in (5, 7, 9, 11)),
        LISTED[:7] + b"\x00" + LISTED[8:],
        # Cut, extended, empty.
        LISTED[:-1],
        LISTED + b"\x00",
        LISTED[:12],
        b"",
        # No question at all.
        LISTED[:4] + bytes(8),
        # Truncated once more, over TCP.
        LISTED[:2] + bytes([LISTED[2] | 0x02]) + LISTED[3:],
    ],
    ids=bytes.hex,
)
def test_a_message_that_breaks_its_own_counts_is_malformed(reply: bytes) -> None:
    answer = read(reply, dns.rdatatype.A)
    assert isinstance(answer, Failed)
    assert answer.reason is Reason.MALFORMED


@pytest.mark.parametrize(("count", "kept"), [(511, True), (512, False)])
def test_a_message_of_very_many_records_is_not_read(count: int, kept: bool) -> None:
    """Besides the OPT record. While one is read, no other list is heard."""
    reply = message(*(f"@ 60 IN A 127.0.{number // 256}.{number % 256}" for number in range(count))).to_wire(
        max_size=65_535
    )
    answer = read(reply, dns.rdatatype.A)
    assert isinstance(answer, Found if kept else Failed)
    assert kept or answer == Failed(Reason.MALFORMED, "answered with more than 512 records")


def test_an_address_of_another_class_is_ignored_whatever_it_holds() -> None:
    """To class CH, an address record is a name and a number; no list says so, but who sends it breaks nothing."""
    beside = message("@ 60 IN A 127.0.0.3", "@ 60 IN A 127.0.0.2").to_wire()
    first = beside.index(b"\0\x01\0\x01\0\0\0\x3c")
    chaotic = beside[: first + 3] + b"\x03" + beside[first + 4 :]
    assert read(chaotic, dns.rdatatype.A) == Found((ip("127.0.0.2"),), 60)


def test_texts_are_joined_from_their_strings_as_raw_bytes() -> None:
    reply = message('@ 60 IN TXT "see " "\\027[31m" "\\255"', kind="TXT")
    assert read(reply.to_wire(), dns.rdatatype.TXT) == Words((b"see \x1b[31m\xff",))


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A sensible message with a few bytes changed, cut off or added."""
    whole = draw(st.sampled_from([LISTED, message(*chain(3)).to_wire(), message(note=15, rcode="NXDOMAIN").to_wire()]))
    reply = bytearray(whole)
    for _ in range(draw(st.integers(1, 6))):
        reply[draw(st.integers(0, len(reply) - 1))] = draw(st.integers(0, 255))
    return bytes(reply[: draw(st.integers(0, len(reply)))]) if draw(st.booleans()) else bytes(reply)


@given(st.binary(max_size=300) | spoiled(), st.sampled_from([dns.rdatatype.A, dns.rdatatype.TXT]))
def test_no_bytes_raise(reply: bytes, kind: dns.rdatatype.RdataType) -> None:
    assert isinstance(read(reply, kind), Found | Words | Absent | Failed)
