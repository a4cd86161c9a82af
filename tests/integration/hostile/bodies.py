"""Behaviours: messages that break their own counts, and records that are not what they seem."""

from itertools import permutations

from tests.support.hostile import Row
from tests.support.plays import (
    AAAA,
    CHAOS,
    CNAME,
    OPT,
    QNAME,
    TSIG,
    TXT,
    address,
    chain,
    codes,
    crafted,
    edited,
    listed,
    name,
    opt,
    record,
    soa,
)

BROKEN = "5: a record count that the body does not keep is malformed"
IGNORED = "5: records of another owner or class are ignored"
ALIAS = "5: a CNAME chain is followed inside the answer"
ENDLESS = "5: a loop or more than 16 links is malformed"
TTL = "3: a TTL changes no verdict"

LISTED = "listed 127.0.0.2"
MALFORMED = "unknown malformed"
DNAME, RRSIG, SVCB, UNASSIGNED = 39, 46, 64, 65_280
#: A name that points to itself; it stands at byte 12 + the question, so the pointer is made in `loops`.
LOOP = name("x.example")


def loops(reply: bytes) -> bytes:
    """Let the owner of the first record point to itself."""
    start = reply.index(0, 12) + 5
    return reply[:start] + (0xC000 | start).to_bytes(2, "big") + reply[start + 2 :]


def points_ahead(reply: bytes) -> bytes:
    """Let the owner of the first record point behind the message's end."""
    start = reply.index(0, 12) + 5
    return reply[:start] + b"\xff\xff" + reply[start + 2 :]


def leads_to(alias: bytes, *more: bytes, owner: bytes = QNAME) -> list[bytes]:
    """An alias, and more records."""
    return [record(CNAME, alias, owner=owner), *more]


def _orders() -> tuple[Row, ...]:
    """Three links and an address, in every order."""
    a, b = name("a.example"), name("b.example")
    parts = [record(CNAME, a), record(CNAME, b, owner=a), address(owner=b)]
    return tuple(
        Row(f"cname-order-{number}", crafted(*order), LISTED, ALIAS) for number, order in enumerate(permutations(parts))
    )


ROWS = (
    # Counts.
    Row("more-answers-said", crafted(address(), counts=(2, 0, 0)), MALFORMED, BROKEN),
    Row("fewer-answers-said", crafted(address(), address("127.0.0.4"), counts=(1, 0, 0)), MALFORMED, BROKEN),
    Row("no-answers-said", crafted(address(), counts=(0, 0, 0)), MALFORMED, BROKEN),
    Row("no-answers-said-nxdomain", crafted(address(), counts=(0, 0, 0), header=0x8183), MALFORMED, BROKEN),
    Row("answers-and-no-body", crafted(counts=(1, 0, 0)), MALFORMED, BROKEN),
    Row("more-authority-said", crafted(address(), counts=(1, 1, 0)), MALFORMED, BROKEN),
    Row("more-additional-said", crafted(address(), counts=(1, 0, 65_535)), MALFORMED, BROKEN),
    Row("nxdomain-soa-missing", crafted(counts=(0, 1, 0), header=0x8183), MALFORMED, BROKEN),
    Row("nxdomain-opt-missing", crafted(counts=(0, 0, 1), header=0x8183), MALFORMED, BROKEN),
    Row("nxdomain-soa-cut", crafted(soa()[:-3], counts=(0, 1, 0), header=0x8183), MALFORMED, BROKEN),
    Row("nxdomain-and-more", crafted(header=0x8183, tail=b"\0"), MALFORMED, BROKEN),
    Row("trailing-byte", crafted(address(), tail=b"\0"), MALFORMED, BROKEN),
    Row("trailing-noise", crafted(address(), tail=b"\xff" * 40), MALFORMED, BROKEN),
    Row("cut", edited(lambda reply: reply[:-1]), MALFORMED, BROKEN),
    Row("broken-everywhere", crafted(counts=(1, 0, 0)), MALFORMED, BROKEN, everywhere=True, state="unsound"),
    # Lengths.
    Row("rdlength-0", crafted(record(1, b"")), MALFORMED, BROKEN),
    Row("rdlength-3", crafted(record(1, b"\x7f\0\0")), MALFORMED, BROKEN),
    Row("rdlength-5", crafted(record(1, b"\x7f\0\0\2\2")), MALFORMED, BROKEN),
    Row("rdlength-16", crafted(record(1, bytes(16))), MALFORMED, BROKEN),
    Row("rdlength-too-long", crafted(address(length=65_535)), MALFORMED, BROKEN),
    Row("rdlength-too-short", crafted(address(length=3)), MALFORMED, BROKEN),
    Row("second-rdlength-wrong", crafted(address(), record(1, b"\x7f\0\0")), MALFORMED, BROKEN),
    # Names.
    Row("owner-loops", edited(loops, crafted(address())), MALFORMED, "RFC 1035 section 4.1.4: a pointer leads back"),
    Row("owner-points-ahead", edited(points_ahead, crafted(address())), MALFORMED, "RFC 1035 section 4.1.4"),
    Row(
        "owner-label-type-1", crafted(address(owner=b"\x40x\0")), MALFORMED, "RFC 1035 section 2.3.4: 63 bytes a label"
    ),
    Row("owner-too-long", crafted(address(owner=(b"\x3f" + b"x" * 63) * 5 + b"\0")), MALFORMED, "RFC 1035: 255 bytes"),
    Row("owner-unended", crafted(counts=(1, 0, 0), tail=b"\x3fx"), MALFORMED, BROKEN),
    Row("cname-rdata-cut", crafted(record(CNAME, b"\x09x")), MALFORMED, BROKEN),
    # EDNS and signatures.
    Row("two-opts", crafted(address(), additional=[opt(), opt()]), MALFORMED, "RFC 6891 section 6.1.1: one OPT"),
    Row(
        "opt-not-at-root",
        crafted(address(), additional=[record(OPT, b"")]),
        MALFORMED,
        "RFC 6891: its owner is the root",
    ),
    Row("tsig-unasked", crafted(address(), additional=[record(TSIG, bytes(16), rdclass=255)]), MALFORMED, "RFC 8945"),
    Row("signed", crafted(address(), record(RRSIG, b"\0\1\5\3" + bytes(14) + b"\0sig")), LISTED, IGNORED),
    # Other records than those of the name.
    Row("of-another", crafted(address(owner=name("8.0.18.198.hostile.example"))), "clear", IGNORED),
    Row("of-another-first", crafted(address("127.0.0.9", owner=name("x.example")), address()), LISTED, IGNORED),
    Row("of-another-last", crafted(address(), address("127.0.0.9", owner=name("x.example"))), LISTED, IGNORED),
    Row("of-the-parent", crafted(address(owner=b"\xc0\x0e")), "clear", IGNORED),
    Row("of-the-root", crafted(address(owner=b"\0")), "clear", IGNORED),
    Row("chaos", crafted(address(rdclass=CHAOS)), "clear", IGNORED),
    Row("chaos-first", crafted(address("127.0.0.9", rdclass=CHAOS), address()), LISTED, IGNORED),
    Row("class-any", crafted(address(rdclass=255)), "clear", IGNORED),
    Row("aaaa-only", crafted(record(AAAA, bytes(15) + b"\2")), "clear", "4: NOERROR without an A"),
    Row("txt-only", crafted(record(TXT, b"\x06listed")), "clear", "4: NOERROR without an A"),
    Row("unassigned-type", crafted(record(UNASSIGNED, b"\xff" * 9), address()), LISTED, IGNORED),
    Row("svcb-beside", crafted(record(SVCB, b"\0\1\0"), address()), LISTED, IGNORED),
    Row("authority-has-it", crafted(authority=[address()]), "clear", "RFC 1035: answers stand in the answer section"),
    Row("additional-has-it", crafted(additional=[address()]), "clear", "RFC 1035: answers stand in the answer section"),
    Row(
        "junk-around",
        crafted(
            address(),
            authority=[address("127.0.0.9"), record(TXT, b"\x03abc")],
            additional=[address("10.0.0.1", owner=name(f"x{number}.example")) for number in range(40)],
        ),
        LISTED,
        "RFC 1035: answers stand in the answer section",
    ),
    # Aliases.
    Row(
        "cname-to-listed",
        crafted(*leads_to(name("7.0.18.198.else.example"), address(owner=name("7.0.18.198.else.example")))),
        LISTED,
        ALIAS,
    ),
    Row("cname-1", chain(1), LISTED, ALIAS),
    Row("cname-16", chain(16), LISTED, ALIAS),
    Row("cname-17", chain(17), MALFORMED, ENDLESS),
    Row("cname-40", chain(40), MALFORMED, ENDLESS),
    Row("cname-17-to-nothing", chain(17, ()), MALFORMED, ENDLESS),
    Row("cname-loop-1", crafted(*leads_to(QNAME)), MALFORMED, ENDLESS),
    Row("cname-loop-2", crafted(*leads_to(LOOP), *leads_to(QNAME, owner=LOOP)), MALFORMED, ENDLESS),
    Row("cname-loop-everywhere", crafted(*leads_to(QNAME)), MALFORMED, ENDLESS, everywhere=True, state="unsound"),
    Row("cname-dangling", crafted(*leads_to(LOOP), authority=[soa()]), "clear", "4: NOERROR without an A"),
    Row("cname-to-root", crafted(*leads_to(b"\0", address(owner=b"\0"))), LISTED, ALIAS),
    Row("cname-shouting", crafted(*leads_to(name("X.EXAMPLE"), address(owner=LOOP))), LISTED, "5: RFC 4343"),
    Row(
        "cname-to-parking",
        crafted(*leads_to(LOOP, address("91.195.240.117", owner=LOOP))),
        "unknown not-a-dnsbl-answer",
        ALIAS,
    ),
    Row(
        "cname-and-address",
        crafted(*leads_to(LOOP, address())),
        LISTED,
        "RFC 1034 section 3.6.2 forbids it; the name has an A",
    ),
    Row("cname-twice-the-same", crafted(*leads_to(LOOP), *leads_to(LOOP), address(owner=LOOP)), LISTED, ALIAS),
    Row(
        "cname-of-two-minds",
        crafted(*leads_to(LOOP), *leads_to(name("y.example")), address(owner=LOOP)),
        MALFORMED,
        "RFC 2181 section 10.1: a name has one alias at most",
    ),
    Row("cname-of-another", crafted(*leads_to(QNAME, owner=LOOP), address()), LISTED, IGNORED),
    Row(
        "dname",
        crafted(record(DNAME, LOOP, owner=b"\xc0\x0e"), *leads_to(LOOP, address(owner=LOOP))),
        LISTED,
        "RFC 6672: a CNAME says the same",
    ),
    *_orders(),
    # Times to live.
    Row("ttl-0", codes("127.0.0.2", ttl_s=0), LISTED, TTL),
    Row("ttl-longest", codes("127.0.0.2", ttl_s=2**31 - 1), LISTED, TTL),
    Row("ttl-2-31", crafted(address(ttl_s=2**31)), LISTED, TTL + "; RFC 2181: counts as 0"),
    Row("ttl-highest", crafted(address(ttl_s=2**32 - 1)), LISTED, TTL + "; RFC 2181: counts as 0"),
    Row("ttls-differ", crafted(address(ttl_s=9), address("127.0.0.3", ttl_s=90)), "listed 127.0.0.2 127.0.0.3", TTL),
    # Many.
    Row("same-twice", crafted(address(), address()), LISTED, "verdict: a code counts once"),
    Row("whole-answer-of-listed", listed, LISTED, "4: an A of the list"),
)
