"""Who of an SPF policy is watched, and what is reported instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.finding import Failure, Finding, Origin, OriginKind, Why, of_doubt
from rblwatch.core.question import Failed, Reason
from rblwatch.core.senders import MOST_ADDRESSES, walk_senders
from rblwatch.core.target import parse_name
from tests.unit.zone import TIMED_OUT, Zone, look_up, run

ORG = parse_name("example.org")


def senders(record: str | Failed, zone: Zone | None = None) -> Finding:
    def own(name: str) -> bool:
        return name == "example.org" or name.endswith(".example.org")

    return run(walk_senders(ORG, own), look_up({"example.org": {"TXT": record}, **(zone or {})}))[0]


def watched(finding: Finding) -> list[str]:
    return [target.text for target in finding.targets]


def reported(finding: Finding) -> list[tuple[Why, str]]:
    return [
        (one.why, one.what.removesuffix(" in the SPF record of example.org").strip("'")) for one in finding.unwatched
    ]


@pytest.mark.parametrize(
    ("record", "addresses"),
    [
        ("v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all", ["192.0.2.1", "2001:db8::1"]),
        ("v=spf1 ip4:192.0.2.0/30 ip4:192.0.2.2 -all", ["192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3"]),
        # Only who passes is designated.
        ("v=spf1 ?ip4:192.0.2.1 ~ip4:192.0.2.2 -ip4:192.0.2.3 +ip4:192.0.2.4 -all", ["192.0.2.4"]),
        # An earlier mechanism takes out; a later one comes too late.
        ("v=spf1 -ip4:192.0.2.1 ip4:192.0.2.0/30 -ip4:192.0.2.2", ["192.0.2.0", "192.0.2.2", "192.0.2.3"]),
        ("v=spf1 -include:_a.example.org ip4:192.0.2.0/30", ["192.0.2.0", "192.0.2.2", "192.0.2.3"]),
        # What an included policy takes out is out for that policy only.
        ("v=spf1 include:_b.example.org ip4:192.0.2.8", ["192.0.2.9", "192.0.2.8"]),
        ("v=spf1 redirect=_a.example.org", ["192.0.2.1"]),
        ("v=spf1 -all redirect=_a.example.org", []),
        ("v=spf1 -all ip4:192.0.2.1", []),
    ],
)
def test_who_is_designated_is_watched(record: str, addresses: list[str]) -> None:
    zone: Zone = {
        "_a.example.org": {"TXT": "v=spf1 ip4:192.0.2.1 -all"},
        "_b.example.org": {"TXT": "v=spf1 -ip4:192.0.2.8 ip4:192.0.2.8/31"},
    }
    finding = senders(record, zone)
    assert (watched(finding), finding.complete) == (addresses, True)


@pytest.mark.parametrize(
    ("term", "why", "detail"),
    [
        (
            "ip4:198.18.0.0/23",
            Why.TOO_LARGE,
            "198.18.0.0/23 holds 512 addresses, more than the 256 watched unasked; register it under addresses",
        ),
        (
            "ip6:2001:db8::/64",
            Why.TOO_LARGE,
            "2001:db8::/64 holds 2^64 addresses, more than the 256 watched unasked; register the addresses in use",
        ),
        (
            "include:_spf.example.com",
            Why.THIRD_PARTY,
            "_spf.example.com is not under a domain of this server; register it under its senders_of to watch it",
        ),
        # The ending of another's name is not enough.
        (
            "include:notexample.org",
            Why.THIRD_PARTY,
            "notexample.org is not under a domain of this server; register it under its senders_of to watch it",
        ),
        (
            "redirect=_spf.example.com",
            Why.THIRD_PARTY,
            "_spf.example.com is not under a domain of this server; register it under its senders_of to watch it",
        ),
        (
            "ptr",
            Why.DEPENDS_ON_MESSAGE,
            "it allows whoever has a certain name, so there are no addresses to read from it",
        ),
        (
            "exists:%{i}.example.org",
            Why.DEPENDS_ON_MESSAGE,
            "a look-up for each message decides, so there are no addresses to read from it",
        ),
        (
            "include:%{l}.example.org",
            Why.DEPENDS_ON_MESSAGE,
            "the name depends on the message, so there are no addresses to read from it",
        ),
        (
            "+all",
            Why.EVERYBODY,
            "it allows everybody to send for the domain, so there is nobody in particular to watch",
        ),
        (
            "include:gone.example.org",
            Why.BROKEN,
            "receivers make a permanent error of it; mend the record, or register addresses",
        ),
    ],
)
def test_what_is_not_watched_is_reported_with_the_reason(term: str, why: Why, detail: str) -> None:
    finding = senders(f"v=spf1 ip4:192.0.2.1 {term}")
    assert watched(finding) == ["192.0.2.1"]
    assert [(one.why, one.what, one.detail) for one in finding.unwatched] == [
        (why, f"'{term}' in the SPF record of example.org", detail)
    ]
    assert finding.complete


def test_a_range_of_256_addresses_is_watched() -> None:
    finding = senders("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/120 -all")
    assert len(finding.targets) == 512
    assert finding.unwatched == ()


def test_what_does_not_pass_is_not_reported_either() -> None:
    assert senders("v=spf1 ?include:_spf.example.com -exists:%{i}.example.org ~all").unwatched == ()


def test_the_record_that_an_address_stands_in_is_named() -> None:
    finding = senders("v=spf1 include:_a.example.org", {"_a.example.org": {"TXT": "v=spf1 ip4:192.0.2.1"}})
    assert list(finding.targets.values()) == ["SPF ip4:192.0.2.1 of _a.example.org"]
    assert finding.origin == Origin(OriginKind.SPF, ORG)


@pytest.mark.parametrize(
    ("record", "failure"),
    [
        (TIMED_OUT, Failure("TXT of example.org", Reason.TIMEOUT, "did not answer")),
        (
            "v=spf1 moo",
            Failure(
                "SPF of example.org",
                Reason.MALFORMED,
                "example.org has an SPF record with an error: 'moo' is no mechanism",
            ),
        ),
        ("v=spf1 a", Failure("AAAA of example.org", Reason.TIMEOUT, "did not answer", part="a AAAA")),
        (
            "v=spf1 include:_a.example.org",
            Failure("TXT of _a.example.org", Reason.TIMEOUT, "did not answer", part="include:_a.example.org"),
        ),
    ],
)
def test_what_failed_or_cannot_be_read_leaves_the_finding_incomplete(record: str | Failed, failure: Failure) -> None:
    finding = senders(record, {"example.org": {"TXT": record, "AAAA": TIMED_OUT}, "_a.example.org": {"*": TIMED_OUT}})
    assert finding.failures == (failure,)
    assert not finding.complete


def test_a_failure_is_one_of_the_mechanism_that_needs_the_look_up_and_of_its_family() -> None:
    zone: Zone = {
        "_ok.example.org": {"TXT": "v=spf1 ip4:192.0.2.1 a:two.example.org"},
        "two.example.org": {"A": "192.0.2.2", "AAAA": TIMED_OUT},
        "_bad.example.org": {"TXT": TIMED_OUT},
        "mx.example.org": {"MX": TIMED_OUT},
    }
    record = "include:_ok.example.org include:_bad.example.org mx:mx.example.org ip4:192.0.2.1 redirect=_ok.example.org"
    finding = senders(f"v=spf1 {record}", zone)
    assert [(one.what, one.part) for one in finding.failures] == [
        ("AAAA of two.example.org", "include:_ok.example.org a:two.example.org AAAA"),
        ("TXT of _bad.example.org", "include:_bad.example.org"),
        ("MX of mx.example.org", "mx:mx.example.org"),
        ("AAAA of two.example.org", "redirect=_ok.example.org a:two.example.org AAAA"),
    ]
    assert {target.text: parts for target, parts in finding.parts.items()} == {
        "192.0.2.1": (
            "include:_ok.example.org ip4:192.0.2.1 A",
            "ip4:192.0.2.1 A",
            "redirect=_ok.example.org ip4:192.0.2.1 A",
        ),
        "192.0.2.2": (
            "include:_ok.example.org a:two.example.org A",
            "redirect=_ok.example.org a:two.example.org A",
        ),
    }


DEAD: Zone = {
    "dead.example.org": {"*": TIMED_OUT},
    "four.example.org": {"A": TIMED_OUT, "AAAA": "2001:db8::1"},
    "_dead.example.org": {"TXT": TIMED_OUT},
    "_odd.example.org": {"TXT": "v=spf1 moo"},
    "_in.example.org": {"TXT": "v=spf1 ip4:192.0.2.7 ~a:four.example.org ip4:192.0.2.1 -all"},
}


@pytest.mark.parametrize(
    ("record", "certain", "doubtful", "failed"),
    [
        (
            "-a:dead.example.org ip4:192.0.2.1 ip6:2001:db8::1",
            [],
            ["192.0.2.1", "2001:db8::1"],
            ["-a:dead.example.org A", "-a:dead.example.org AAAA"],
        ),
        # What comes before, or by another mechanism, is certain.
        (
            "ip4:192.0.2.1 ~a:dead.example.org ip4:192.0.2.0/31",
            ["192.0.2.1"],
            ["192.0.2.0"],
            ["~a:dead.example.org A", "~a:dead.example.org AAAA"],
        ),
        # Only one family failed; what it did find is taken out.
        (
            "?a:four.example.org ip4:192.0.2.1 ip6:2001:db8::/127",
            ["2001:db8::"],
            ["192.0.2.1"],
            ["?a:four.example.org A"],
        ),
        ("-mx:dead.example.org ip4:192.0.2.1", [], ["192.0.2.1"], ["-mx:dead.example.org"]),
        ("-include:_dead.example.org ip4:192.0.2.1", [], ["192.0.2.1"], ["-include:_dead.example.org"]),
        ("-include:_odd.example.org ip4:192.0.2.1", [], ["192.0.2.1"], ["-include:_odd.example.org"]),
        (
            "-include:_in.example.org ip4:192.0.2.7 ip4:192.0.2.8",
            [],
            ["192.0.2.8"],
            ["-include:_in.example.org ~a:four.example.org A"],
        ),
        # An included policy has its own doubts, and those of the mechanisms before it.
        (
            "include:_in.example.org ip4:192.0.2.8",
            ["192.0.2.7", "192.0.2.8"],
            ["192.0.2.1"],
            ["include:_in.example.org ~a:four.example.org A"],
        ),
        (
            "-a:four.example.org include:_in.example.org",
            [],
            ["192.0.2.7", "192.0.2.1"],
            ["-a:four.example.org A", "include:_in.example.org ~a:four.example.org A"],
        ),
        ("-a:four.example.org redirect=_in.example.org", [], ["192.0.2.7", "192.0.2.1"], None),
        # A failure of what passes leaves nobody else in doubt.
        ("a:four.example.org ip4:192.0.2.1", ["2001:db8::1", "192.0.2.1"], [], ["a:four.example.org A"]),
    ],
)
def test_whom_a_failing_look_up_may_take_out_is_in_doubt(
    record: str, certain: list[str], doubtful: list[str], failed: list[str] | None
) -> None:
    finding = senders(f"v=spf1 {record}", DEAD)
    assert [one.text for one in finding.targets if one not in finding.doubtful] == certain
    assert [one.text for one in finding.targets if one in finding.doubtful] == doubtful
    if failed is not None:
        assert [one.part for one in finding.failures] == failed
    in_no_doubt = [[part for part in finding.parts[one] if of_doubt(part) is None] for one in finding.targets]
    assert [bool(parts) for parts in in_no_doubt] == [one not in finding.doubtful for one in finding.targets]
    assert finding.unwatched == ()


@pytest.mark.parametrize("record", ["hello", "v=spf2"])
def test_a_domain_without_a_policy_is_no_failure(record: str) -> None:
    finding = senders(record)
    assert (finding.faults, finding.complete) == (("example.org has no SPF record",), True)


def test_what_lies_beyond_the_limit_is_named_and_the_rest_is_watched() -> None:
    names = [f"h{number}.example.org" for number in range(11)]
    record = f"v=spf1 {' '.join(f'a:{name}' for name in names)} ip4:203.0.113.1 -all"
    finding = senders(record, {name: {"A": f"192.0.2.{number}"} for number, name in enumerate(names)})
    assert watched(finding) == [*(f"192.0.2.{number}" for number in range(10)), "203.0.113.1"]
    assert finding.faults == (
        "'a:h10.example.org' in the SPF record of example.org: it needs more than the 10 DNS look-ups that SPF allows",
    )
    assert reported(finding) == [(Why.BROKEN, "a:h10.example.org")]
    assert finding.complete


def test_no_policy_brings_more_targets_than_the_largest_range() -> None:
    record = "v=spf1 " + " ".join(f"ip4:198.{18 + number // 256}.{number % 256}.0/24" for number in range(300))
    finding = senders(record)
    assert len(finding.targets) == MOST_ADDRESSES
    assert reported(finding) == [(Why.TOO_LARGE, "more than 65,536 addresses")]


def test_a_record_full_of_exceptions_takes_out_the_first_ones_only() -> None:
    """A record has room for thousands, and each address would be compared with all of them."""
    exceptions = " ".join(f"-ip4:10.{number // 256}.{number % 256}.1" for number in range(2000))
    finding = senders(f"v=spf1 -ip4:192.0.2.1 {exceptions} -ip4:192.0.2.2 ip4:192.0.2.0/24")
    assert len(finding.targets) == 255


def test_a_record_full_of_ranges_is_reported_in_a_hundred_lines() -> None:
    finding = senders("v=spf1 " + " ".join(f"ip4:10.{number}.0.0/16" for number in range(256)))
    assert len(finding.unwatched) == 100
    assert finding.faults == ("156 more mechanisms are not watched, for such reasons",)


WORDS = """a mx ip4:192.0.2.0/28 -ip4:192.0.2.1 ip6:2001:db8::/32 include:example.org include:a.example.org +all ptr
redirect=a.example.org ?include:b.example.org exists:x.example.org include:other.example"""
terms = st.sampled_from([*WORDS.split(), "\x1b[1m"])


@given(st.lists(st.lists(terms, max_size=12), min_size=3, max_size=3))
def test_any_policy_gives_a_finding_that_can_be_shown(policies: list[list[str]]) -> None:
    texts = [f"v=spf1 {' '.join(words)}" for words in policies]
    zone: Zone = {
        "a.example.org": {"TXT": texts[1], "A": "192.0.2.77"},
        "b.example.org": {"TXT": texts[2], "MX": "1 b.example.org"},
    }
    finding = senders(texts[0], zone)
    assert len(finding.targets) <= 20
    shown = [*finding.faults, *finding.targets.values(), *(f"{one.what}{one.detail}" for one in finding.unwatched)]
    assert all(text.isprintable() for text in shown)
