"""Behaviours: answers without records, and answers that say why there are none."""

from tests.support.hostile import Row, untested
from tests.support.nameserver import Query, Reply, absent
from tests.support.plays import CNAME, NS, address, clear, crafted, flags, listed, name, opt, record, say, soa

FAILED = "4: REFUSED, SERVFAIL, FORMERR are unknown, whatever else the message holds"
OTHER = "interface: malformed, other rcodes"
NODATA = "4: NOERROR without an A is not listed, only if the self-test passes"
REFERRAL = "RFC 2308 section 2.2: other nameservers were named, and nothing was said of the name"
FILTERED = "5: EDE 15 to 18, the resolver filters"
DIAGNOSTIC = "5: other EDE are diagnostics, never a verdict"
SOA_IS_TTL = "3: the SOA tells how long an absence may be repeated, nothing else"

NXDOMAIN, NOERROR_AA, SERVFAIL = 0x8183, 0x8580, 0x8182
STRIPPED = "everywhere: the positive point is silent, so its 'not listed' means nothing"


def hates_edns(query: Query) -> list[Reply]:
    """Answer FORMERR to a question with an OPT record, as some old servers do."""
    return list(say("FORMERR")(query) if query.wire[-11:-8] == b"\0\0\x29" else listed(query))


def _noted(number: int, rcode: str, *records: str) -> Row:
    return Row(f"ede-{number}-{rcode.lower()}", say(rcode, *records, note=number), "unknown filtered", FILTERED)


ROWS = (
    # Failures.
    Row("servfail", say("SERVFAIL"), "unknown servfail", FAILED),
    Row("servfail-everywhere", say("SERVFAIL"), "unknown servfail", FAILED, everywhere=True, state="unreachable"),
    untested(Row("servfail-all", say("SERVFAIL"), "unknown servfail", FAILED, everywhere=True), state="unreachable"),
    Row("servfail-with-answer", say("SERVFAIL", "@ 60 IN A 127.0.0.2"), "unknown servfail", FAILED),
    Row("refused", say("REFUSED"), "unknown refused", FAILED),
    Row("refused-everywhere", say("REFUSED"), "unknown refused", FAILED, everywhere=True, state="refusing"),
    untested(Row("refused-all", say("REFUSED"), "unknown refused", FAILED, everywhere=True), state="refusing"),
    Row("refused-with-answer", say("REFUSED", "@ 60 IN A 127.0.0.2"), "unknown refused", FAILED),
    Row("formerr", say("FORMERR"), "unknown malformed", OTHER),
    Row("formerr-everywhere", say("FORMERR"), "unknown malformed", OTHER, everywhere=True, state="unsound"),
    Row("formerr-to-edns", hates_edns, "unknown malformed", "interface: other rcodes; a resolver would ask without"),
    Row("notimp", say("NOTIMP"), "unknown malformed", OTHER),
    Row("yxdomain", say("YXDOMAIN"), "unknown malformed", OTHER),
    Row("nxrrset", say("NXRRSET"), "unknown malformed", OTHER),
    Row("notauth", say("NOTAUTH"), "unknown malformed", OTHER),
    Row("rcode-15", flags(0x818F), "unknown malformed", OTHER),
    Row("badvers", say("BADVERS"), "unknown malformed", OTHER),
    Row("badvers-with-answer", crafted(address(), additional=[opt(rcode=1)]), "unknown malformed", OTHER),
    Row("nxdomain-and-badvers", crafted(header=NXDOMAIN, additional=[opt(rcode=1)]), "unknown malformed", OTHER),
    Row("edns-version-1", crafted(address(), additional=[opt(version=1)]), "listed 127.0.0.2", "RFC 6891: ours is 0"),
    # No such name.
    Row("nxdomain", clear, "clear", "4: NXDOMAIN from a sound zone is not listed"),
    Row("nxdomain-everywhere", clear, "unknown unsound", STRIPPED, everywhere=True, state="unsound"),
    untested(Row("nxdomain-all", clear, "clear", "design: unverified, absences are clear", everywhere=True)),
    Row("nxdomain-without-soa", crafted(header=NXDOMAIN), "clear", SOA_IS_TTL),
    Row("nxdomain-stranger-soa", crafted(authority=[soa("else.example")], header=NXDOMAIN), "clear", SOA_IS_TTL),
    Row("nxdomain-two-soas", crafted(authority=[soa(), soa("example")], header=NXDOMAIN), "clear", SOA_IS_TTL),
    Row("nxdomain-ttl-huge", lambda q: [absent(q, ttl_s=2**31, minimum_s=2**32 - 1)], "clear", SOA_IS_TTL),
    Row("nxdomain-ttl-zero", lambda q: [absent(q, ttl_s=0, minimum_s=0)], "clear", SOA_IS_TTL),
    Row("nxdomain-ttl-longest", lambda q: [absent(q, ttl_s=2**31 - 1, minimum_s=2**31 - 1)], "clear", SOA_IS_TTL),
    Row("nxdomain-with-ns", crafted(authority=[record(NS, name("ns.example"))], header=NXDOMAIN), "clear", SOA_IS_TTL),
    Row("nxdomain-with-a", crafted(address(), header=NXDOMAIN), "unknown malformed", "it cannot both be and not be"),
    Row(
        "nxdomain-with-a-of-another", crafted(address(owner=name("x.example")), header=NXDOMAIN), "clear", "5: ignored"
    ),
    Row(
        "nxdomain-behind-cname",
        crafted(record(CNAME, name("gone.example")), header=NXDOMAIN),
        "clear",
        "RFC 2308 section 2.1: the rcode is that of the last name of the chain",
    ),
    # Nothing of the kind asked for.
    Row("nodata", crafted(authority=[soa()]), "clear", NODATA),
    Row("nodata-without-soa", crafted(), "clear", NODATA),
    Row("nodata-aa", crafted(authority=[soa()], header=NOERROR_AA), "clear", NODATA),
    Row("nodata-everywhere", crafted(authority=[soa()]), "unknown unsound", NODATA, everywhere=True, state="unsound"),
    untested(Row("nodata-all", crafted(authority=[soa()]), "clear", NODATA, everywhere=True)),
    Row("nodata-with-ns-and-soa", crafted(authority=[record(NS, name("ns.example")), soa()]), "clear", NODATA),
    Row("nodata-aa-with-ns", crafted(authority=[record(NS, name("ns.example"))], header=NOERROR_AA), "clear", NODATA),
    # Lame delegation: nobody said that there is no record.
    Row("referral-down", crafted(authority=[record(NS, name("ns.example"))]), "unknown malformed", REFERRAL),
    Row("referral-up", crafted(authority=[record(NS, name("a.example"), owner=b"\0")]), "unknown malformed", REFERRAL),
    Row(
        "referral-with-glue",
        crafted(
            authority=[record(NS, name("ns.example"), owner=name("hostile.example"))],
            additional=[address("192.0.2.53", owner=name("ns.example"))],
            header=0x8100,
        ),
        "unknown malformed",
        REFERRAL,
    ),
    Row(
        "referral-everywhere",
        crafted(authority=[record(NS, name("ns.example"))]),
        "unknown malformed",
        REFERRAL,
        everywhere=True,
        state="unsound",
    ),
    # Extended DNS Errors.
    _noted(15, "NXDOMAIN"),
    _noted(15, "NOERROR", "@ 60 IN A 127.0.0.2"),
    Row("ede-15-pi-hole", say("NOERROR", "@ 60 IN A 0.0.0.0", note=15), "unknown filtered", FILTERED),
    _noted(16, "NXDOMAIN"),
    _noted(16, "SERVFAIL"),
    _noted(17, "NOERROR"),
    _noted(17, "REFUSED"),
    _noted(18, "REFUSED"),
    Row("ede-everywhere", say("NXDOMAIN", note=15), "unknown filtered", FILTERED, everywhere=True, state="unsound"),
    untested(Row("ede-all", say("NXDOMAIN", note=15), "unknown filtered", FILTERED, everywhere=True), state="unsound"),
    Row("ede-3-stale", say("NOERROR", "@ 30 IN A 127.0.0.2", note=3), "listed 127.0.0.2", DIAGNOSTIC),
    Row("ede-19-stale-nxdomain", say("NXDOMAIN", note=19), "clear", DIAGNOSTIC),
    Row("ede-4-forged", say("NOERROR", "@ 30 IN A 127.0.0.2", note=4), "listed 127.0.0.2", DIAGNOSTIC),
    Row("ede-6-bogus", say("SERVFAIL", note=6), "unknown servfail", DIAGNOSTIC),
    Row("ede-20-not-authoritative", say("REFUSED", note=20), "unknown refused", DIAGNOSTIC),
    Row("ede-22-no-authority", say("SERVFAIL", note=22), "unknown servfail", DIAGNOSTIC),
    Row("ede-23-network", say("SERVFAIL", note=23), "unknown servfail", DIAGNOSTIC),
    Row("ede-unassigned", say("NXDOMAIN", note=4711), "clear", DIAGNOSTIC),
    Row(
        "ede-second-of-two",
        crafted(header=NXDOMAIN, additional=[opt(b"\0\x0f\0\x02\0\x03" + b"\0\x0f\0\x04\0\x10no")]),
        "unknown filtered",
        FILTERED,
    ),
    Row(
        "ede-text-not-utf-8",
        crafted(header=NXDOMAIN, additional=[opt(b"\0\x0f\0\x04\0\x10\xff\xfe")]),
        "unknown malformed",
        "RFC 8914 section 2: the text is UTF-8",
    ),
    Row(
        "ede-cut-short",
        crafted(header=NXDOMAIN, additional=[opt(b"\0\x0f\0\x01\0")]),
        "unknown malformed",
        "4: a body that breaks its own counts",
    ),
)
