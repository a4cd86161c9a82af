"""Behaviours: what the records say. Refusals, listings, addresses that no list answers, and lists that list anybody."""

from itertools import permutations

from rblwatch.core.blocklist import Kind, bare
from tests.support.hostile import Row, untested
from tests.support.nameserver import Query, Reply, absent, found
from tests.support.plays import clear, codes, listed

REFUSED = "4: the list's own 'you may not ask' is unknown, and never a listing"
OUTSIDE = "4: A outside 127/8 is unknown: parked, rewritten, blocked"
INSIDE = "interface, bare zones: any other answer inside 127.0.0.0/8 is a listing"
MIXED = "4: a listing counts, the error is noted"
WILDCARD = "1: the same answer at both points voids every verdict"
SILENT = "1: positive silent, the list cannot see listings: never clear"
NOTHING_SAID = "a refusal beside an answer from elsewhere: nothing was said of the target"

LISTED, REFUSAL, NOT_DNSBL = "listed 127.0.0.2", "unknown refusal-code", "unknown not-a-dnsbl-answer"
DOMAINS, ALLOW = bare("any.example", kind=Kind.DOMAIN), bare("any.example", kind=Kind.ALLOW)
BLOCK_PAGES = [f"146.112.61.{last}" for last in range(104, 111)]
POSITIVE = ("2.0.0.127.", "2.0.0.0.0.0.f.7.f.f.f.f.", "test.")
NEGATIVE = ("1.0.0.127.", "1.0.0.0.0.0.f.7.f.f.f.f.", "invalid.")


def at_positive(query: Query) -> bool:
    """Whether the test point that must be listed is asked about."""
    return query.name.startswith(POSITIVE)


def at_negative(query: Query) -> bool:
    """Whether the test point of RFC 5782 that must not be listed is asked about."""
    return query.name.startswith(NEGATIVE)


def inverted(query: Query) -> list[Reply]:
    """List everything but the positive point."""
    return [absent(query) if at_positive(query) else found(query, "127.0.0.2")]


def crafty(query: Query) -> list[Reply]:
    """List everything but the one point of RFC 5782 that must not be listed."""
    return [absent(query) if at_negative(query) else found(query, "127.0.0.2")]


def _everywhere(name: str, answer: str, verdict: str, why: str, state: str) -> list[Row]:
    row = Row(name, codes(answer), verdict, why, everywhere=True, state=state)
    return [row, untested(row, state=state)]


def _mixed(name: str, verdict: str, why: str, *addresses: str) -> list[Row]:
    """A row for each order, since only the first record is read elsewhere."""
    orders = enumerate(permutations(addresses))
    return [Row(f"{name}-{number}", codes(*order), verdict, why) for number, order in orders]


ROWS = (
    # One record.
    Row("listed", listed, LISTED, "1: the usual value"),
    untested(Row("listed", listed, LISTED, "interface: its listings count")),
    Row("listed-domain", listed, LISTED, "1: the name and the zone", like=DOMAINS),
    Row("listed-allow", listed, "clear 127.0.0.2", "interface: allow lists never count as listed", like=ALLOW),
    Row("absent-domain", clear, "clear", "4: NXDOMAIN", like=DOMAINS),
    Row("absent-allow", clear, "clear", "4: NXDOMAIN", like=ALLOW),
    Row("code-unknown", codes("127.34.56.78"), "listed 127.34.56.78", INSIDE),
    Row("code-first", codes("127.0.0.0"), "listed 127.0.0.0", INSIDE),
    Row("code-beside-refusals", codes("127.255.254.255"), "listed 127.255.254.255", INSIDE),
    *(
        Row(f"refusal-255-{last}", codes(f"127.255.255.{last}"), REFUSAL, REFUSED)
        for last in (0, 1, 250, 251, 252, 254, 255)
    ),
    Row("refusal-127-0-0-1", codes("127.0.0.1"), REFUSAL, REFUSED),
    Row("refusal-domain", codes("127.0.0.1"), REFUSAL, REFUSED, like=DOMAINS),
    Row("refusal-allow", codes("127.255.255.255"), REFUSAL, REFUSED, like=ALLOW),
    # Outside.
    *(Row(f"block-page-{address.rsplit('.', 1)[1]}", codes(address), NOT_DNSBL, OUTSIDE) for address in BLOCK_PAGES),
    Row("parked", codes("91.195.240.117"), NOT_DNSBL, OUTSIDE),
    Row("pi-hole", codes("0.0.0.0"), NOT_DNSBL, OUTSIDE),
    Row("captive-portal", codes("192.168.1.1"), NOT_DNSBL, OUTSIDE),
    Row("just-below", codes("126.255.255.255"), NOT_DNSBL, OUTSIDE),
    Row("just-above", codes("128.0.0.0"), NOT_DNSBL, OUTSIDE),
    Row("broadcast", codes("255.255.255.255"), NOT_DNSBL, OUTSIDE),
    Row("outside-many", codes("91.195.240.117", "91.195.240.118", "10.0.0.1"), NOT_DNSBL, OUTSIDE),
    Row("outside-domain", codes("91.195.240.117"), NOT_DNSBL, OUTSIDE, like=DOMAINS),
    Row("outside-allow", codes("91.195.240.117"), NOT_DNSBL, OUTSIDE, like=ALLOW),
    # Several records, in every order.
    *_mixed("two-codes", "listed 127.0.0.2 127.0.0.4", "1: several A records at once", "127.0.0.4", "127.0.0.2"),
    *_mixed("refusal-and-code", LISTED, MIXED, "127.255.255.254", "127.0.0.2"),
    *_mixed("127-0-0-1-and-code", LISTED, MIXED, "127.0.0.1", "127.0.0.2"),
    *_mixed("outside-and-code", LISTED, MIXED, "203.0.113.9", "127.0.0.2"),
    *_mixed("outside-refusal-code", LISTED, MIXED, "203.0.113.9", "127.255.255.255", "127.0.0.2"),
    *_mixed("outside-and-refusal", REFUSAL, NOTHING_SAID, "203.0.113.9", "127.255.255.254"),
    *_mixed("two-refusals", REFUSAL, REFUSED, "127.0.0.1", "127.255.255.254"),
    # The same everywhere: the list, or what stands between us and it.
    *_everywhere("lists-the-world", "127.0.0.2", "unknown unsound", WILDCARD, "unsound"),
    *_everywhere("refuses-the-world", "127.255.255.254", REFUSAL, REFUSED, "refusing"),
    *_everywhere("127-0-0-1-for-all", "127.0.0.1", REFUSAL, REFUSED, "refusing"),
    *_everywhere("parked-for-all", "91.195.240.117", NOT_DNSBL, OUTSIDE, "unsound"),
    *_everywhere("pi-hole-for-all", "0.0.0.0", NOT_DNSBL, OUTSIDE, "unsound"),
    Row("world-domain", listed, "unknown unsound", WILDCARD, everywhere=True, state="unsound", like=DOMAINS),
    # DNSWL in 2023: over the limit, everybody was "trusted".
    Row("world-allow", listed, "unknown unsound", WILDCARD, everywhere=True, state="unsound", like=ALLOW),
    Row(
        "inverted",
        inverted,
        "unknown unsound",
        "1: negative answers, positive silent",
        everywhere=True,
        state="unsound",
    ),
    Row("crafty-wildcard", crafty, "unknown unsound", WILDCARD, everywhere=True, state="unsound"),
    untested(Row("crafty", crafty, "unknown unsound", WILDCARD, everywhere=True), state="unsound"),
    Row("emptied", clear, "unknown unsound", SILENT, everywhere=True, state="unsound"),
    Row("emptied-domain", clear, "unknown unsound", SILENT, everywhere=True, state="unsound", like=DOMAINS),
    Row("emptied-allow", clear, "unknown unsound", SILENT, everywhere=True, state="unsound", like=ALLOW),
    Row("point-refused", listed, REFUSAL, "4: a refusal at the test point", state="refusing", code="127.255.255.254"),
    Row("point-parked", listed, NOT_DNSBL, "4: A outside 127/8 at the test point", state="unsound", code="192.0.2.1"),
)
