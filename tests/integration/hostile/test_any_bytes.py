"""Any bytes as an answer give a verdict with a reason of the closed set, and never an exception; without sockets."""

from ipaddress import IPv4Address

import dns.rdatatype
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Blocklist, Kind, SelfTest, bare
from rblwatch.core.question import Absent, Answer, Failed, Found, Reason
from rblwatch.core.soundness import Expectation, Probe, ProbeAnswer, State, assess
from rblwatch.core.target import Family
from rblwatch.core.verdict import Clear, Listed, Unknown, Verdict, judge
from rblwatch.resolver import records, wire
from rblwatch.resolver.engine import _told
from rblwatch.resolver.records import Words
from tests.integration.hostile import bodies, codes, forgeries, rcodes, texts, transport
from tests.support.hostile import TARGETS, catalogued
from tests.support.nameserver import Query
from tests.support.plays import CNAME, address, crafted, name, record

TARGET = TARGETS[Family.IPV4]
NUMBER = b"\x12\x34"
SECTION = wire.question(TARGET, wire.ending("any.hostile.example", wire.A, keyed=False))
QUERY = Query(wire.packet(NUMBER, SECTION), "7.0.18.198.any.hostile.example", "A", over_tcp=True, port=53, attempt=1)

PLAIN = bare("any.example")
LISTS = [
    PLAIN,
    bare("any.example", kind=Kind.ALLOW),
    Blocklist(id="untested", zone="any.example", selftest=SelfTest()),
    *map(catalogued, ("spamhaus-zen", "uribl-multi", "surbl-multi", "dnswl", "hostkarma", "validity-rpbl", "httpbl")),
]
#: What the hostile servers of the tables send, and their sound answers.
ROWS = [*bodies.ROWS, *codes.ROWS, *forgeries.ROWS, *rcodes.ROWS, *transport.ROWS, *texts.ROWS]
REPLIES = sorted(
    {
        reply
        for row in ROWS
        for play in (row.plays, row.words)
        if play is not None
        for reply in play(QUERY)
        if isinstance(reply, bytes) and len(reply) < 2000
    }
)


def heard(reply: bytes, kind: dns.rdatatype.RdataType = dns.rdatatype.A) -> Answer | Words | None:
    """Read a reply as an exchange does, first over UDP and then over TCP; None: it answers another question."""
    if not wire.answers(reply, SECTION):
        return None
    ttl_s = wire.plain_absence(reply, SECTION)
    if ttl_s is not None:
        return Absent(None if ttl_s == wire.NO_TTL else ttl_s)
    return records.read(reply, kind)


def is_sensible(answer: Answer, blocklist: Blocklist) -> bool:
    """Whether the verdict says no more than the answer."""
    verdict: Verdict = judge(answer, blocklist, None, target=TARGET)
    match verdict:
        case Unknown(reason):
            return reason in Reason and not isinstance(answer, Absent)
        case Listed(said):
            return (
                isinstance(answer, Found)
                and set(said) <= set(answer.addresses)
                and not any(map(blocklist.refuses, said))
            )
        case Clear(said):
            return isinstance(answer, Absent) or (isinstance(answer, Found) and bool(said))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A reply of the tables: with bits flipped, cut, filled in, grown, or with the end of another one."""
    reply = bytearray(draw(st.sampled_from(REPLIES)))
    for _ in range(draw(st.integers(0, 4))):
        if not reply:
            break
        place = draw(st.integers(0, len(reply) - 1))
        match draw(st.integers(0, 5)):
            case 0:
                reply[place] ^= 1 << draw(st.integers(0, 7))
            case 1:
                reply[place] = draw(st.sampled_from([0, 1, 0x3F, 0x7F, 0x80, 0xC0, 0xFF]))
            case 2:
                del reply[place:]
            case 3:
                del reply[place : place + draw(st.integers(1, 12))]
            case 4:
                reply[place:place] = draw(st.binary(min_size=1, max_size=12))
            case _:
                other = draw(st.sampled_from(REPLIES))
                reply[place:] = other[draw(st.integers(0, len(other))) :]
    return bytes(reply)


def behind_question(tail: bytes, flags: int, counts: tuple[int, int, int]) -> bytes:
    """Any bytes behind a header and a question that match."""
    numbers = b"".join(number.to_bytes(2, "big") for number in (flags | 0x8000, 1, *counts))
    return NUMBER + numbers + SECTION + tail


counts = st.tuples(*[st.integers(0, 3) | st.just(65_535)] * 3)
any_reply = st.one_of(
    st.binary(max_size=300),
    mutated(),
    st.builds(behind_question, st.binary(max_size=80), st.integers(0, 0x7FF), counts),
)


@given(any_reply, st.sampled_from(LISTS))
def test_any_bytes_have_one_verdict(reply: bytes, blocklist: Blocklist) -> None:
    answer = heard(reply)
    if answer is None:
        return
    assert isinstance(answer, Absent | Found | Failed)
    assert is_sensible(answer, blocklist)
    if isinstance(answer, Failed):
        # Nothing of the message is quoted: it may hold the name that was asked, and a terminal's controls.
        assert answer.reason in Reason
        assert answer.detail.isascii()
        assert answer.detail.isprintable()
        assert "hostile" not in answer.detail


@given(any_reply, any_reply, st.sampled_from(LISTS))
def test_any_bytes_at_test_points_have_one_state(positive: bytes, negative: bytes, blocklist: Blocklist) -> None:
    """And a list is believed only if it lists what it must, and nothing that it must not."""
    answers = [heard(positive), heard(negative)]
    probes = [Probe(TARGET, Expectation.LISTED), Probe(TARGET, Expectation.CLEAR)]
    probed = [
        ProbeAnswer(probe, answer)
        for probe, answer in zip(probes, answers, strict=True)
        if isinstance(answer, Absent | Found | Failed)
    ]
    soundness = assess(blocklist, probed)
    assert soundness.state in State
    assert soundness.trusted == (soundness.reason is None) == (soundness.state in (State.SOUND, State.UNVERIFIED))
    if soundness.trusted and len(probed) == 2:
        assert isinstance(probed[0].answer, Found)
        assert isinstance(probed[1].answer, Absent)


@given(any_reply)
def test_any_bytes_as_a_text_are_fit_to_be_shown(reply: bytes) -> None:
    words = heard(reply, dns.rdatatype.TXT)
    if isinstance(words, Words):
        text = _told(words)
        assert len(text) <= 500
        assert text.isprintable()


# Records that are well formed, in any arrangement.

NAMES = [b"\xc0\x0c", *(name(f"n{number}.example") for number in range(3))]
some_code = st.sampled_from(["127.0.0.2", "127.0.0.3", "127.255.255.254", "203.0.113.9"])
some_record = st.tuples(st.integers(0, 3), st.sampled_from(["IN", "IN", "CH"]), some_code | st.integers(0, 3))


@given(st.lists(some_record, max_size=6), st.sampled_from([0, 2, 3, 5]))
def test_only_records_of_the_name_and_of_its_aliases_count(
    arranged: list[tuple[int, str, str | int]], rcode: int
) -> None:
    """What is read is what a model says that knows no bytes."""
    written = [
        address(said, owner=NAMES[owner], rdclass=1 if rdclass == "IN" else 3)
        if isinstance(said, str)
        else record(CNAME, NAMES[said], owner=NAMES[owner], rdclass=1 if rdclass == "IN" else 3)
        for owner, rdclass, said in arranged
    ]
    (reply,) = crafted(*written, header=0x8180 | rcode)(QUERY)
    assert isinstance(reply, bytes)
    answer = heard(reply)
    codes = answer.addresses if isinstance(answer, Found) else ()
    assert sorted(map(str, codes)) == modelled(arranged, rcode)
    if rcode in (2, 5):
        assert isinstance(answer, Failed)


def modelled(arranged: list[tuple[int, str, str | int]], rcode: int) -> list[str]:
    """The addresses that answer for the first name."""
    if rcode:
        return []
    name, seen = 0, set[int]()
    while name not in seen:
        seen.add(name)
        own = [said for owner, rdclass, said in arranged if (owner, rdclass) == (name, "IN")]
        addresses = sorted({said for said in own if isinstance(said, str)})
        aliases = {said for said in own if isinstance(said, int)}
        if addresses or len(aliases) != 1:
            return addresses
        name = aliases.pop()
    return []


def test_the_corpus_holds_what_it_is_made_for() -> None:
    read = [heard(reply) for reply in REPLIES]
    assert len(REPLIES) > 150
    assert {type(answer) for answer in read} == {type(None), Absent, Found, Failed}
    assert {answer.reason for answer in read if isinstance(answer, Failed)} == {
        Reason.SERVFAIL,
        Reason.REFUSED,
        Reason.MALFORMED,
        Reason.FILTERED,
    }
    assert IPv4Address("127.0.0.2") in {
        code for answer in read if isinstance(answer, Found) for code in answer.addresses
    }
