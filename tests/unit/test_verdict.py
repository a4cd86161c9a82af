"""What answers mean: the operators' special ones as a table, the laws as properties."""

from dataclasses import replace
from ipaddress import IPv4Address as ip
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import LISTING_RANGE, Blocklist, Claim, Kind, Meaning, Severity
from rblwatch.core.override import Override, overridden
from rblwatch.core.question import Absent, Answer, Failed, Found, Reason
from rblwatch.core.target import Target, parse_address
from rblwatch.core.verdict import Clear, Listed, Unknown, Verdict, judge, read_again
from tests.unit.samples import HOST, found, row
from tests.unit.strategies import answers, blocklists, codes

NEIGHBOUR = parse_address("198.51.100.8")

ZEN = Blocklist(
    id="zen",
    zone="zen.example",
    codes=(
        row("127.0.0.2", "SBL", Severity.CRITICAL),
        row("127.0.0.4-127.0.0.7", "XBL", Severity.CRITICAL),
        row("127.0.0.10", "PBL", Severity.MINOR),
        row("127.0.0.11", "PBL", Severity.MINOR),
        row("127.0.0.20", "good sender", Severity.INFORMATIONAL, Claim.ALLOW),
        row("127.0.0.30", "average", Severity.INFORMATIONAL, Claim.NEUTRAL),
        row("127.0.0.40", "new sender", Severity.CRITICAL, Claim.INFO),
    ),
)


def listed(
    *codes: str, severity: Severity = Severity.CRITICAL, labels: tuple[str, ...], refused: bool = False
) -> Listed:
    return Listed(tuple(ip(code) for code in codes), severity, labels, refused)


def clear(*codes: str, labels: tuple[str, ...]) -> Clear:
    return Clear(tuple(ip(code) for code in codes), labels)


REFUSED_BY_CODE = Unknown(Reason.REFUSAL_CODE)
NOT_A_DNSBL = Unknown(Reason.NOT_A_DNSBL_ANSWER)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        # NXDOMAIN, or no address record, of a list that passed its self-test.
        (Absent(), Clear()),
        (Absent(ttl_s=300), Clear()),
        # A code of the list's table.
        (found("127.0.0.2"), listed("127.0.0.2", labels=("SBL",))),
        (found("127.0.0.5"), listed("127.0.0.5", labels=("XBL",))),
        # Several records: all codes are kept, ascending, each once; the worst decides.
        (found("127.0.0.11", "127.0.0.2"), listed("127.0.0.2", "127.0.0.11", labels=("SBL", "PBL"))),
        (found("127.0.0.4", "127.0.0.4"), listed("127.0.0.4", labels=("XBL",))),
        # Two codes under one label: it is named once.
        (
            found("127.0.0.11", "127.0.0.10"),
            listed("127.0.0.10", "127.0.0.11", severity=Severity.MINOR, labels=("PBL",)),
        ),
        # An unknown code is told, and is never critical.
        (found("127.0.0.99"), listed("127.0.0.99", severity=Severity.MAJOR, labels=("listed",))),
        # A good word, and a normal answer of a reputation scale, list nobody and are kept.
        (found("127.0.0.20"), clear("127.0.0.20", labels=("good sender",))),
        (found("127.0.0.30"), clear("127.0.0.30", labels=("average",))),
        # A fact worth showing is listed at severity informational, whatever the table says.
        (found("127.0.0.40"), listed("127.0.0.40", severity=Severity.INFORMATIONAL, labels=("new sender",))),
        # Beside a listing, a good word is left out: codes are listing codes only.
        (found("127.0.0.20", "127.0.0.2"), listed("127.0.0.2", labels=("SBL",))),
        # Refused: every other monitor calls this a listing.
        (found("127.255.255.254"), REFUSED_BY_CODE),
        # A listing code wins over a refusal in the same answer, which is remarked.
        (found("127.255.255.254", "127.0.0.2"), listed("127.0.0.2", labels=("SBL",), refused=True)),
        # A good word or a normal answer does not: who was refused was told nothing, so it is no "clear" either.
        (found("127.255.255.254", "127.0.0.20"), REFUSED_BY_CODE),
        (found("127.0.0.30", "127.255.255.254"), REFUSED_BY_CODE),
        # Outside 127.0.0.0/8: a parked zone, a block page. Just outside, on both sides.
        (found("146.112.61.108"), NOT_A_DNSBL),
        (found("126.255.255.255"), NOT_A_DNSBL),
        (found("128.0.0.0"), NOT_A_DNSBL),
        # Beside a code, what lies outside is no reason for silence.
        (found("146.112.61.108", "127.0.0.2"), listed("127.0.0.2", labels=("SBL",))),
        (found("146.112.61.108", "127.255.255.254"), REFUSED_BY_CODE),
        # A failure is what it is.
        *((Failed(reason), Unknown(reason)) for reason in Reason),
    ],
)
def test_each_answer_has_its_verdict(answer: Answer, verdict: Verdict) -> None:
    assert judge(answer, ZEN, None) == verdict


def zone(
    *codes: str, claim: Claim = Claim.LISTED, refusals: tuple[str, ...] | None = None, kind: Kind = Kind.IP
) -> Blocklist:
    """A list with a table of codes, and refusals of its own besides the common ones."""
    table = tuple(row(code, claim=claim) for code in codes)
    blocklist = Blocklist(id="zone", zone="zone.example", kind=kind, codes=table)
    return replace(blocklist, refusals=(*blocklist.refusals, *map(IPv4Network, refusals or ())))


DNSWL = zone("127.0.*.3", claim=Claim.ALLOW, refusals=("127.0.0.255/32", "127.0.10.0/24"), kind=Kind.ALLOW)


@pytest.mark.parametrize(
    ("blocklist", "answer", "verdict"),
    [
        # Spamhaus: a mistyped zone, a public resolver, too many queries; a key that is disabled, or not accepted.
        (ZEN, found("127.255.255.252"), REFUSED_BY_CODE),
        (ZEN, found("127.255.255.254"), REFUSED_BY_CODE),
        (ZEN, found("127.255.255.255"), REFUSED_BY_CODE),
        (ZEN, found("127.255.255.250"), REFUSED_BY_CODE),
        (ZEN, found("127.255.255.251"), REFUSED_BY_CODE),
        # DBL and ZRD: an address was asked of a list of names.
        (zone("127.0.1.2", refusals=("127.0.1.255/32",)), found("127.0.1.255"), REFUSED_BY_CODE),
        (zone("127.0.2.2", refusals=("127.0.2.255/32",)), found("127.0.2.255"), REFUSED_BY_CODE),
        # URIBL and SURBL: bit 1 alone is the refusal, the other bits are listings.
        (zone("bit:2", "bit:4", "bit:8"), found("127.0.0.1"), REFUSED_BY_CODE),
        (
            zone("bit:2", "bit:4", "bit:8"),
            found("127.0.0.2"),
            listed("127.0.0.2", severity=Severity.MAJOR, labels=("spam",)),
        ),
        # DNSWL: over the limit, and the good word that it once gave to everybody who was.
        (DNSWL, found("127.0.0.255"), REFUSED_BY_CODE),
        (DNSWL, found("127.0.10.3"), REFUSED_BY_CODE),
        (DNSWL, found("127.0.5.3"), clear("127.0.5.3", labels=("spam",))),
        (DNSWL, found("127.0.5.3", "127.0.10.3"), REFUSED_BY_CODE),
        # Validity: not registered. Whoever matches ^127 reads "certified sender" here.
        (zone("127.0.0.1", kind=Kind.ALLOW), found("127.255.255.255"), REFUSED_BY_CODE),
        # Abusix, SPFBL: refused in the protocol's own words.
        (zone("127.0.0.2"), Failed(Reason.REFUSED), Unknown(Reason.REFUSED)),
        (zone("127.0.0.2"), Failed(Reason.MALFORMED), Unknown(Reason.MALFORMED)),
        # SpamRATS: any value but the list's own code may be a refusal.
        (zone("127.0.0.36", refusals=("127.0.0.0/8",)), found("127.0.0.37"), REFUSED_BY_CODE),
        (
            zone("127.0.0.36", refusals=("127.0.0.0/8",)),
            found("127.0.0.36"),
            listed("127.0.0.36", severity=Severity.MAJOR, labels=("spam",)),
        ),
        # SPFBL: "suspicious" is a fact, not a listing that mail is refused for.
        (
            zone("127.0.0.3", claim=Claim.INFO),
            found("127.0.0.3"),
            listed("127.0.0.3", severity=Severity.INFORMATIONAL, labels=("spam",)),
        ),
        # Hostkarma: white, yellow, and "no blacklist".
        (zone("127.0.0.1", claim=Claim.ALLOW), found("127.0.0.1"), clear("127.0.0.1", labels=("spam",))),
        (zone("127.0.0.3", claim=Claim.NEUTRAL), found("127.0.0.3"), clear("127.0.0.3", labels=("spam",))),
        # Mailspike, Sender Score: a reputation scale.
        (
            zone("127.0.0.13-127.0.0.20", claim=Claim.NEUTRAL),
            found("127.0.0.20"),
            clear("127.0.0.20", labels=("spam",)),
        ),
        (zone("127.0.4.*", claim=Claim.NEUTRAL), found("127.0.4.99"), clear("127.0.4.99", labels=("spam",))),
        # EFnet RBL, Validity: 127.0.0.1 is a documented listing there, and nowhere else.
        (zone("127.0.0.1"), found("127.0.0.1"), listed("127.0.0.1", severity=Severity.MAJOR, labels=("spam",))),
        (zone("127.0.0.2"), found("127.0.0.1"), REFUSED_BY_CODE),
        # A parked zone; a filtering resolver; Pi-hole and captive portals.
        (zone("127.0.0.2"), found("91.195.240.117"), NOT_A_DNSBL),
        (zone("127.0.0.2"), found("0.0.0.0"), NOT_A_DNSBL),
        (zone("127.0.0.2"), found("192.168.1.1"), NOT_A_DNSBL),
        # The resolver says that it filters (extended errors 15 to 18).
        (zone("127.0.0.2"), Failed(Reason.FILTERED), Unknown(Reason.FILTERED)),
    ],
)
def test_each_special_answer_has_its_verdict(blocklist: Blocklist, answer: Answer, verdict: Verdict) -> None:
    assert judge(answer, blocklist, None) == verdict


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        # Barracuda to whom is not registered: nothing is listed, not even its test point.
        (Absent(), Unknown(Reason.UNSOUND)),
        (found("127.0.0.2"), Unknown(Reason.UNSOUND)),
        (found("127.255.255.254"), Unknown(Reason.UNSOUND)),
        # What failed by itself says more than "unsound".
        (Failed(Reason.SERVFAIL), Unknown(Reason.SERVFAIL)),
    ],
)
def test_what_a_list_in_trouble_answers_takes_its_reason(answer: Answer, verdict: Verdict) -> None:
    assert judge(answer, ZEN, Reason.UNSOUND) == verdict


ACCEPTING = overridden(ZEN, Override(accept=(HOST,)))


@pytest.mark.parametrize(
    ("answer", "target", "verdict"),
    [
        # The admin accepted the listing of this target: the codes are kept.
        (found("127.0.0.2"), HOST, clear("127.0.0.2", labels=("SBL",))),
        # Of no other one, and of none where the target is not said.
        (found("127.0.0.2"), NEIGHBOUR, listed("127.0.0.2", labels=("SBL",))),
        (found("127.0.0.2"), None, listed("127.0.0.2", labels=("SBL",))),
        # Acceptance makes nothing of a refusal or a failure.
        (found("127.255.255.254"), HOST, REFUSED_BY_CODE),
        (Failed(Reason.TIMEOUT), HOST, Unknown(Reason.TIMEOUT)),
        (Absent(), HOST, Clear()),
    ],
)
def test_an_accepted_target_is_clear_where_it_is_listed(
    answer: Answer, target: Target | None, verdict: Verdict
) -> None:
    assert judge(answer, ACCEPTING, None, target=target) == verdict


def test_an_ignored_code_lists_nobody_and_leaves_the_others() -> None:
    ignoring = overridden(ZEN, Override(ignore_codes=(ip("127.0.0.2"),)))
    assert judge(found("127.0.0.2"), ignoring, None) == clear("127.0.0.2", labels=("SBL",))
    assert judge(found("127.0.0.2", "127.0.0.4"), ignoring, None) == listed("127.0.0.4", labels=("XBL",))


def test_a_listing_keeps_everything_that_the_answer_said() -> None:
    verdict = judge(found("127.0.0.30", "146.112.61.108", "127.0.0.2", "127.255.255.254"), ZEN, None)
    assert isinstance(verdict, Listed)
    assert verdict.said == (ip("127.0.0.2"), ip("127.0.0.30"), ip("127.255.255.254"))


@pytest.mark.parametrize(
    ("said", "override", "verdict"),
    [
        # Nothing was changed.
        (("127.0.0.2", "127.0.0.10"), Override(), listed("127.0.0.2", "127.0.0.10", labels=("SBL", "PBL"))),
        # One of several codes is ignored, and the other one decides.
        (
            ("127.0.0.2", "127.0.0.10"),
            Override(ignore_codes=(ip("127.0.0.2"),)),
            listed("127.0.0.10", severity=Severity.MINOR, labels=("PBL",)),
        ),
        # Nothing is left of it.
        (("127.0.0.2",), Override(ignore_codes=(ip("127.0.0.2"),)), clear("127.0.0.2", labels=("SBL",))),
        (("127.0.0.2",), Override(accept=(HOST,)), clear("127.0.0.2", labels=("SBL",))),
        (("127.0.0.2",), Override(accept=(NEIGHBOUR,)), listed("127.0.0.2", labels=("SBL",))),
    ],
)
def test_an_answer_is_read_again_as_its_list_is_described_now(
    said: tuple[str, ...], override: Override, verdict: Verdict
) -> None:
    before = judge(found(*said), ZEN, None)
    assert isinstance(before, Listed)
    assert read_again(before, overridden(ZEN, override), HOST) == verdict


def test_a_code_that_was_ignored_counts_again_when_the_answer_is_read_without_that() -> None:
    ignoring = overridden(ZEN, Override(ignore_codes=(ip("127.0.0.2"),)))
    before = judge(found("127.0.0.2", "127.0.0.10"), ignoring, None)
    assert isinstance(before, Listed)
    assert read_again(before, ZEN, HOST) == listed("127.0.0.2", "127.0.0.10", labels=("SBL", "PBL"))


targets = st.sampled_from([HOST, NEIGHBOUR, None])


@given(answers, blocklists, st.none() | st.sampled_from(Reason), targets)
def test_every_answer_has_exactly_one_verdict(
    answer: Answer, blocklist: Blocklist, trouble: Reason | None, target: Target | None
) -> None:
    """Law 6."""
    assert isinstance(judge(answer, blocklist, trouble, target=target), Listed | Clear | Unknown)


@given(answers, blocklists, st.sampled_from(Reason), targets)
def test_a_list_in_trouble_says_nothing(
    answer: Answer, blocklist: Blocklist, trouble: Reason, target: Target | None
) -> None:
    """Law 3."""
    assert isinstance(judge(answer, blocklist, trouble, target=target), Unknown)


@given(st.sampled_from(Reason), blocklists, st.none() | st.sampled_from(Reason))
def test_a_failure_keeps_its_own_reason(reason: Reason, blocklist: Blocklist, trouble: Reason | None) -> None:
    assert judge(Failed(reason), blocklist, trouble) == Unknown(reason)


@given(answers, blocklists)
def test_only_found_lists_and_absent_always_clears(answer: Answer, blocklist: Blocklist) -> None:
    verdict = judge(answer, blocklist, None)
    assert isinstance(verdict, Listed) <= isinstance(answer, Found)
    assert isinstance(answer, Absent) <= (verdict == Clear())


@given(answers, blocklists)
def test_whoever_was_refused_is_not_clear(answer: Answer, blocklist: Blocklist) -> None:
    inside = [code for code in answer.addresses if code in LISTING_RANGE] if isinstance(answer, Found) else []
    if any(blocklist.refuses(code) for code in inside):
        assert not isinstance(judge(answer, blocklist, None), Clear)


@given(answers, blocklists, blocklists)
def test_an_answer_read_again_means_what_it_would_have_meant(
    answer: Answer, before: Blocklist, after: Blocklist
) -> None:
    verdict = judge(answer, before, None)
    if isinstance(verdict, Listed):
        assert read_again(verdict, after, HOST) == judge(answer, after, None, target=HOST)


@given(answers, blocklists)
def test_an_allow_list_lists_nobody(answer: Answer, blocklist: Blocklist) -> None:
    assert not isinstance(judge(answer, replace(blocklist, kind=Kind.ALLOW), None), Listed)


@given(answers, blocklists)
def test_what_lies_outside_the_range_never_lists_nor_clears(answer: Answer, blocklist: Blocklist) -> None:
    if isinstance(answer, Found):
        outside = replace(answer, addresses=tuple(code for code in answer.addresses if code not in LISTING_RANGE))
        assert judge(outside, blocklist, None) == NOT_A_DNSBL
        inside = replace(answer, addresses=tuple(code for code in answer.addresses if code in LISTING_RANGE))
        if inside.addresses:
            assert judge(answer, blocklist, None) == judge(inside, blocklist, None)


@given(answers, blocklists)
def test_a_verdict_names_codes_of_the_answer_in_order_and_no_refusal(answer: Answer, blocklist: Blocklist) -> None:
    verdict = judge(answer, blocklist, None)
    if isinstance(answer, Found) and isinstance(verdict, Listed | Clear):
        assert set(verdict.codes) <= set(answer.addresses)
        assert list(verdict.codes) == sorted(set(verdict.codes))
        assert not any(blocklist.refuses(code) for code in verdict.codes)
        assert verdict.labels


@given(answers, blocklists)
def test_the_order_of_the_records_makes_no_difference(answer: Answer, blocklist: Blocklist) -> None:
    if isinstance(answer, Found):
        turned = replace(answer, addresses=answer.addresses[::-1])
        assert judge(turned, blocklist, None) == judge(answer, blocklist, None)


@given(codes, blocklists)
def test_a_code_that_the_table_lacks_is_never_critical(code: ip, blocklist: Blocklist) -> None:
    verdict = judge(Found((code,)), replace(blocklist, codes=()), None)
    assert not isinstance(verdict, Listed) or verdict == Listed(
        (code,), Severity.MAJOR, (Meaning("listed", Severity.MAJOR).label,)
    )
