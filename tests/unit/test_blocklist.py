"""What a list's codes mean, what an admin may change of that, and what a bare zone is taken for."""

from dataclasses import replace
from ipaddress import IPv4Address as ip
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import (
    COMMON_REFUSALS,
    RFC5782_SELFTEST,
    Blocklist,
    Claim,
    Code,
    Kind,
    Meaning,
    Scope,
    Severity,
    bare,
    link,
)
from rblwatch.core.codes import parse_code_key
from rblwatch.core.matching import CodeBit, CodePattern, Refusal
from rblwatch.core.override import Override, overridden
from rblwatch.core.target import Family, Target, parse_address, parse_name
from tests.unit.samples import HOST, PLAIN, row

OTHERWISE = "listed"

#: Every kind of row, overlapping.
MIXED = Blocklist(
    id="mixed",
    zone="mixed.example",
    codes=(
        row("127.0.0.2", "exact"),
        row("127.0.0.2-127.0.0.9", "range"),
        row("127.0.*.3", "pattern"),
        row("bit:4", "bit four"),
        row("bit:8", "bit eight"),
        row("127.1.0.1", "hijacked"),
        row("127.1.0.1", "botnet"),
    ),
)


@pytest.mark.parametrize(
    ("code", "labels"),
    [
        # An exact row alone counts, whatever else matches; two exact rows both do.
        ("127.0.0.2", ["exact"]),
        ("127.1.0.1", ["hijacked", "botnet"]),
        # Otherwise all that matches, in the table's order. The ends of a range lie inside it.
        ("127.0.0.3", ["range", "pattern"]),
        ("127.0.0.9", ["range", "bit eight"]),
        ("127.0.0.5", ["range", "bit four"]),
        ("127.0.7.3", ["pattern"]),
        ("127.3.0.12", ["bit four", "bit eight"]),
        # Nothing matches: just after the range, and a pattern whose other octets differ.
        ("127.0.0.1", [OTHERWISE]),
        ("127.0.0.16", [OTHERWISE]),
        ("127.1.7.3", [OTHERWISE]),
        # A bit is one of the last octet.
        ("127.4.4.1", [OTHERWISE]),
    ],
)
def test_each_code_has_the_meanings_of_its_rows(code: str, labels: list[str]) -> None:
    assert [meaning.label for meaning in MIXED.meanings(ip(code))] == labels


inside = st.ip_addresses(network="127.0.0.0/8").map(lambda address: ip(int(address)))
codes = st.sampled_from([ip("127.0.0.2"), ip("127.0.0.3"), ip("127.0.0.5"), ip("127.1.0.1"), ip("127.0.0.1")]) | inside


@given(codes)
def test_every_code_has_a_meaning(code: ip) -> None:
    assert MIXED.meanings(code)


@given(codes)
def test_a_code_that_the_table_lacks_is_a_listing_and_never_critical(code: ip) -> None:
    assert PLAIN.meanings(code) == (Meaning("listed", Severity.MAJOR, Claim.LISTED),)


@given(codes)
def test_an_ignored_code_keeps_its_labels_and_lists_nobody(code: ip) -> None:
    ignoring = overridden(MIXED, Override(ignore_codes=(code,)))
    assert [meaning.label for meaning in ignoring.meanings(code)] == [meaning.label for meaning in MIXED.meanings(code)]
    assert {meaning.claim for meaning in ignoring.meanings(code)} == {Claim.NEUTRAL}


def test_ignoring_one_code_leaves_the_others() -> None:
    ignoring = overridden(MIXED, Override(ignore_codes=(ip("127.0.0.2"),)))
    assert ignoring.meanings(ip("127.0.0.3")) == MIXED.meanings(ip("127.0.0.3"))


@pytest.mark.parametrize(
    ("table", "refusals", "code", "refuses"),
    [
        # The common refusals: all of 127.255.255.0/24, and 127.0.0.1, which is never a listing.
        ([], COMMON_REFUSALS, "127.255.255.254", True),
        ([], COMMON_REFUSALS, "127.255.255.0", True),
        ([], COMMON_REFUSALS, "127.255.254.255", False),
        ([], COMMON_REFUSALS, "127.0.0.1", True),
        ([], COMMON_REFUSALS, "127.0.0.2", False),
        # The table names the very same address: the list's own word wins (EFnet RBL, Validity).
        (["127.0.0.1"], COMMON_REFUSALS, "127.0.0.1", False),
        # A range, a pattern or a bit does not name it.
        (["127.0.0.0-127.0.0.9"], COMMON_REFUSALS, "127.0.0.1", True),
        (["127.0.*.1"], COMMON_REFUSALS, "127.0.0.1", True),
        (["bit:1"], COMMON_REFUSALS, "127.0.0.1", True),
        # Refusals of the list's own take the place of the common ones.
        ([], (IPv4Network("127.0.1.255/32"),), "127.0.1.255", True),
        ([], (IPv4Network("127.0.1.255/32"),), "127.255.255.254", False),
        # Everything but the codes that it names (SpamRATS).
        (["127.0.0.36"], (IPv4Network("127.0.0.0/8"),), "127.0.0.36", False),
        (["127.0.0.36"], (IPv4Network("127.0.0.0/8"),), "127.0.0.2", True),
        ([], (), "127.0.0.1", False),
        # A pattern (DNSWL: any category, last octet 255), and a bit (SURBL and URIBL: whatever has bit 1).
        (["127.0.*.3"], (CodePattern((127, 0, 10, None)),), "127.0.10.3", True),
        (["127.0.*.3"], (CodePattern((127, 0, 10, None)),), "127.0.9.3", False),
        (["bit:2"], (CodeBit(1),), "127.0.0.3", True),
        (["bit:2"], (CodeBit(1),), "127.0.0.2", False),
    ],
)
def test_each_code_refuses_or_does_not(
    table: list[str], refusals: tuple[Refusal, ...], code: str, refuses: bool
) -> None:
    blocklist = replace(PLAIN, codes=tuple(row(key) for key in table), refusals=refusals)
    assert blocklist.refuses(ip(code)) == refuses


def test_an_overridden_severity_takes_the_place_of_all_others() -> None:
    gentle = overridden(MIXED, Override(severity=Severity.INFORMATIONAL))
    assert {code.meaning.severity for code in gentle.codes} == {Severity.INFORMATIONAL}
    assert gentle.otherwise == replace(MIXED.otherwise, severity=Severity.INFORMATIONAL)
    assert [replace(code, meaning=replace(code.meaning, severity=Severity.MAJOR)) for code in gentle.codes] == list(
        MIXED.codes
    )


@pytest.mark.parametrize(
    ("claim", "becomes"),
    [
        (Claim.LISTED, Claim.LISTED),
        # A fact worth showing counts as a listing, so the admin's word about listings is about it as well.
        (Claim.INFO, Claim.LISTED),
        # A good word, or a step of a scale, is none whatever its severity.
        (Claim.NEUTRAL, Claim.NEUTRAL),
        (Claim.ALLOW, Claim.ALLOW),
    ],
)
def test_an_overridden_severity_is_that_of_everything_that_counts_as_listed(claim: Claim, becomes: Claim) -> None:
    said = Meaning("seen", Severity.INFORMATIONAL, claim)
    known = replace(PLAIN, codes=(replace(row("127.0.0.9"), meaning=said),))
    harsh = overridden(known, Override(severity=Severity.MAJOR))
    assert harsh.meanings(ip("127.0.0.9")) == (Meaning("seen", Severity.MAJOR, becomes),)


def test_an_override_without_a_severity_leaves_the_table() -> None:
    quiet = overridden(MIXED, Override(ignore_codes=(ip("127.0.0.2"),), accept=(HOST,)))
    assert quiet == replace(MIXED, ignored=(ip("127.0.0.2"),), accepted=frozenset({HOST}))


@pytest.mark.parametrize(
    ("kind", "families", "expected", "scope"),
    [
        # Asked about what its kind is about, unless told otherwise.
        (Kind.IP, None, {Family.IPV4, Family.IPV6}, Scope.ADDRESS),
        (Kind.ALLOW, None, {Family.IPV4, Family.IPV6}, Scope.ADDRESS),
        (Kind.DOMAIN, None, {Family.NAME}, Scope.DOMAIN),
        (Kind.IP, frozenset({Family.IPV4}), {Family.IPV4}, Scope.ADDRESS),
    ],
)
def test_a_bare_zone_has_the_common_rules(
    kind: Kind, families: frozenset[Family] | None, expected: set[Family], scope: Scope
) -> None:
    assert bare(" BL.Corp.example. ", kind=kind, families=families) == Blocklist(
        id="bl.corp.example",
        zone="bl.corp.example",
        name="bl.corp.example",
        kind=kind,
        families=frozenset(expected),
        codes=(),
        refusals=COMMON_REFUSALS,
        otherwise=Meaning("listed", Severity.MAJOR, Claim.LISTED, scope=scope),
        selftest=RFC5782_SELFTEST,
        scope=scope,
    )


def test_the_self_test_of_rfc_5782_has_points_of_every_family() -> None:
    listed, clear = RFC5782_SELFTEST.listed, RFC5782_SELFTEST.clear
    assert [point.text for point in listed] == ["127.0.0.2", "::ffff:7f00:2", "test"]
    assert [point.text for point in clear] == ["127.0.0.1", "::ffff:7f00:1", "invalid"]
    assert {point.family for point in listed} == {point.family for point in clear} == set(Family)


@pytest.mark.parametrize(
    ("template", "target", "page"),
    [
        ("https://bl.example/q?ip={ip}", parse_address("198.51.100.7"), "https://bl.example/q?ip=198.51.100.7"),
        ("https://bl.example/{domain}/{domain}", parse_name("a.example"), "https://bl.example/a.example/a.example"),
        # One page for all targets, and none at all.
        ("https://bl.example/", parse_address("2001:db8::7"), "https://bl.example/"),
        ("", parse_address("198.51.100.7"), None),
    ],
)
def test_a_page_is_about_its_target(template: str, target: Target, page: str | None) -> None:
    assert link(template, target) == page


def test_the_zone_that_is_shown_never_holds_a_key() -> None:
    keyed = replace(PLAIN, zone="s3cr3t.bl.example", keyed=True, public_zone="bl.example")
    assert (keyed.shown_zone, PLAIN.shown_zone) == ("bl.example", "bl.example")


def test_no_form_of_a_list_prints_its_key() -> None:
    keyed = replace(PLAIN, zone="s3cr3t.bl.example", key_first="s3cr3t", keyed=True, public_zone="bl.example")
    assert "s3cr3t" not in f"{keyed} {keyed!r}"


def wide(key: str, scope: Scope = Scope.ADDRESS, *, text: str = "") -> Code:
    return Code(parse_code_key(key), Meaning("spam", Severity.MINOR, text=text, scope=scope))


def test_a_meaning_is_spelt_out_with_the_octets_of_its_code() -> None:
    visits = replace(PLAIN, codes=(wide("127.*.*.0", text="seen {2} days ago, threat {3} of 255, kind {4}{5}"),))
    assert [meaning.text for meaning in visits.meanings(ip("127.12.34.0"))] == [
        "seen 12 days ago, threat 34 of 255, kind 0{5}"
    ]


WIDE = replace(
    PLAIN,
    scope=Scope.RANGE,
    otherwise=Meaning("listed", Severity.MINOR, scope=Scope.RANGE),
    codes=(
        wide("127.0.0.2", Scope.ADDRESS),
        wide("127.0.0.3", Scope.AS),
        wide("127.0.0.4", Scope.COUNTRY),
    ),
)


@pytest.mark.parametrize(
    ("codes", "scope"),
    [
        # The narrowest of several counts: that is what its admin can do something about.
        (["127.0.0.3", "127.0.0.2"], Scope.ADDRESS),
        (["127.0.0.4", "127.0.0.3"], Scope.AS),
        # What the table lacks, and no code at all, have the list's own.
        (["127.0.0.9"], Scope.RANGE),
        ([], Scope.RANGE),
    ],
)
def test_a_listing_is_made_for_the_narrowest_of_its_codes(codes: list[str], scope: Scope) -> None:
    assert WIDE.scope_of(map(ip, codes)) is scope


def test_severities_are_ranked_from_informational_to_critical() -> None:
    ranked = [Severity.INFORMATIONAL, Severity.MINOR, Severity.MAJOR, Severity.CRITICAL]
    assert [severity.rank for severity in ranked] == [0, 1, 2, 3]
