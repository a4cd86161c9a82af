"""The packaged catalogue, linted; and its schema, which names the entry and the key of every mistake."""

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from ipaddress import IPv4Address, IPv4Network

import pytest

from rblwatch.catalog import CatalogueError, load_catalogue
from rblwatch.catalog.loader import parse_catalogue
from rblwatch.core.blocklist import LISTING_RANGE, Blocklist, Claim, CodeRange, Kind, Pace, SelfTest, Severity
from rblwatch.core.question import Found, Reason
from rblwatch.core.selection import Access, CatalogueEntry
from rblwatch.core.target import Family, Target, parse_name
from rblwatch.core.verdict import Clear, Listed, Unknown, judge

CATALOGUE = load_catalogue()
ENTRIES = tuple(CATALOGUE.entries.values())

each_entry = pytest.mark.parametrize("entry", ENTRIES, ids=list(CATALOGUE.entries))


def sample() -> Iterator[IPv4Address]:
    """Every code that lists use in practice, the refusal range, and a thousand from anywhere in 127/8."""
    yield from IPv4Network("127.0.0.0/23")
    yield from IPv4Network("127.255.255.0/24")
    yield from (LISTING_RANGE[offset] for offset in range(0, LISTING_RANGE.num_addresses, 16_381))


def said(blocklist: Blocklist, code: str | IPv4Address) -> Listed | Clear | Unknown:
    return judge(Found((IPv4Address(code),)), blocklist, None)


# The file as it is shipped.


def test_it_has_the_lists_that_need_neither_key_nor_registration() -> None:
    assert list(CATALOGUE.entries) == [
        "spamhaus-zen",
        "spamcop",
        "mailspike-bl",
        "psbl",
        "dronebl",
        "uceprotect-1",
        "uceprotect-2",
        "uceprotect-3",
        "gbudb-truncate",
        "spamrats-all",
        "sem-black",
        "sem-ipv6",
        "blocklist-de",
    ]
    assert {(entry.blocklist.kind, entry.access) for entry in ENTRIES} == {(Kind.IP, Access.FREE)}


def test_each_zone_is_asked_by_one_entry_of_its_kind() -> None:
    asked = [(entry.blocklist.zone, entry.blocklist.kind) for entry in ENTRIES]
    assert len(asked) == len(set(asked))


def test_every_source_is_used() -> None:
    document = tomllib.loads(files("rblwatch.catalog").joinpath("blocklists.toml").read_text(encoding="utf-8"))
    named = {name for entry in document["list"] for name in entry["evidence"]}
    assert named == set(document["sources"])
    assert isinstance(document["compiled"], date)


@each_entry
def test_the_zone_is_canonical(entry: CatalogueEntry) -> None:
    assert parse_name(entry.blocklist.zone).text == entry.blocklist.zone


@each_entry
def test_it_tells_people_what_they_need(entry: CatalogueEntry) -> None:
    assert entry.blocklist.name
    assert entry.blocklist.operator
    assert entry.evidence
    assert entry.expiry
    for row in entry.blocklist.codes:
        assert re.fullmatch(r"[A-Z0-9-]{1,20}", row.meaning.label), row.meaning.label
        assert row.meaning.text


@each_entry
def test_its_links_are_on_https(entry: CatalogueEntry) -> None:
    for url in (entry.homepage, entry.blocklist.lookup_url, entry.blocklist.delist_url):
        assert not url or url.startswith("https://")
    assert entry.blocklist.lookup_url


@each_entry
def test_every_code_has_one_meaning_and_none_is_a_refusal(entry: CatalogueEntry) -> None:
    codes = [row.match for row in entry.blocklist.codes]
    assert len(codes) == len(set(codes))
    exact = {match.first for match in codes if isinstance(match, CodeRange) and match.first == match.last}
    refusals = [refusal for refusal, _ in entry.refusals if isinstance(refusal, IPv4Network)]
    assert len(refusals) == len(set(refusals))
    for network in refusals:
        # A whole range of refusals may surround codes, since an exact code wins; a single one must not be a code.
        assert network.prefixlen < 32 or network.network_address not in exact


@each_entry
def test_every_answer_inside_the_range_has_a_verdict_and_an_unexplained_one_is_never_critical(
    entry: CatalogueEntry,
) -> None:
    blocklist = entry.blocklist
    for code in sample():
        verdict = said(blocklist, code)
        if blocklist.refuses(code):
            assert verdict == Unknown(Reason.REFUSAL_CODE)
        elif not any(row.match.matches(code) for row in blocklist.codes):
            assert isinstance(verdict, Listed)
            assert verdict.severity.rank <= Severity.MAJOR.rank


@each_entry
def test_the_common_refusals_are_never_a_listing(entry: CatalogueEntry) -> None:
    for code in ("127.0.0.1", "127.255.255.254", "127.255.255.255"):
        assert said(entry.blocklist, code) == Unknown(Reason.REFUSAL_CODE)


@each_entry
def test_an_informational_list_never_says_more(entry: CatalogueEntry) -> None:
    if entry.blocklist.otherwise.severity is Severity.INFORMATIONAL:
        for code in sample():
            verdict = said(entry.blocklist, code)
            assert not isinstance(verdict, Listed) or verdict.severity is Severity.INFORMATIONAL


@pytest.mark.parametrize(
    ("name", "code", "verdict"),
    [
        ("spamhaus-zen", "127.0.0.2", Listed((IPv4Address("127.0.0.2"),), Severity.CRITICAL, ("SBL",))),
        ("spamhaus-zen", "127.0.0.6", Listed((IPv4Address("127.0.0.6"),), Severity.CRITICAL, ("XBL",))),
        # A policy listing is no crime: mail servers that own such an address can have it excluded.
        ("spamhaus-zen", "127.0.0.11", Listed((IPv4Address("127.0.0.11"),), Severity.MAJOR, ("PBL",))),
        ("spamhaus-zen", "127.0.0.99", Listed((IPv4Address("127.0.0.99"),), Severity.MAJOR, ("listed",))),
        ("uceprotect-3", "127.0.0.2", Listed((IPv4Address("127.0.0.2"),), Severity.INFORMATIONAL, ("L3",))),
        # A step of a scale, which receivers take for normal.
        ("mailspike-bl", "127.0.0.13", Clear((IPv4Address("127.0.0.13"),), ("L2",))),
        # The operator: anything but the four codes may be an error message.
        ("spamrats-all", "127.0.0.38", Listed((IPv4Address("127.0.0.38"),), Severity.MINOR, ("SPAM",))),
        ("spamrats-all", "127.0.0.39", Unknown(Reason.REFUSAL_CODE)),
    ],
)
def test_known_answers_mean_what_their_operator_says(name: str, code: str, verdict: Listed | Clear | Unknown) -> None:
    assert said(CATALOGUE.entries[name].blocklist, code) == verdict


# The schema.

LIST = """
schema = 1
[sources]
seen = "somewhere"
[[list]]
id = "corp"
name = "Corp"
operator = "Corp Inc."
zone = "bl.corp.example"
kind = "ip"
ipv4 = true
ipv6 = false
severity = "critical"
access = "free"
selftest = "rfc5782"
recommended = false
confidence = "low"
evidence = ["seen"]
[list.codes]
"127.0.0.2" = { label = "SPAM", meaning = "sent spam" }
"""


def test_every_form_of_the_schema_is_read() -> None:
    text = LIST.replace(
        'selftest = "rfc5782"',
        'selftest = { listed = ["127.0.0.3"], clear = ["127.0.0.4"] }\npace = { per_second = 2.5, per_day = 1000 }',
    )
    text += '"127.0.*.9" = { label = "W", class = "allow", severity = "minor", meaning = "white" }\n'
    text += '"bit:64" = { label = "B", class = "info", meaning = "bit" }\n[list.refusals]\n"127.0.9.0/24" = "no"\n'
    blocklist = parse_catalogue(text).entries["corp"].blocklist
    assert blocklist.pace == Pace(2.5, 1000)
    assert blocklist.selftest == SelfTest((Target("127.0.0.3", Family.IPV4),), (Target("127.0.0.4", Family.IPV4),))
    assert blocklist.families == {Family.IPV4}
    assert said(blocklist, "127.0.3.9") == Clear((IPv4Address("127.0.3.9"),), ("W",))
    assert said(blocklist, "127.0.0.64") == Listed((IPv4Address("127.0.0.64"),), Severity.INFORMATIONAL, ("B",))
    assert said(blocklist, "127.0.9.1") == Unknown(Reason.REFUSAL_CODE)
    assert [row.meaning.claim for row in blocklist.codes] == [Claim.LISTED, Claim.ALLOW, Claim.INFO]


def test_a_list_that_takes_no_addresses_is_about_names() -> None:
    text = LIST.replace('kind = "ip"', 'kind = "domain"').replace("ipv4 = true", "ipv4 = false")
    assert parse_catalogue(text).entries["corp"].blocklist.families == {Family.NAME}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema = 1", "schema = 2", "schema: is 2, and this version reads 1"),
        (
            "schema = 1",
            "schema = 1\nlists = 1",
            "lists: is not a key of the schema; known here: compiled, list, schema, sources",
        ),
        ('zone = "bl', 'zone "bl', "Expected '=' after a key in a key/value pair (at line 9, column 6)"),
        (
            'id = "corp"',
            'id = "Corp"',
            "Corp: id: 'Corp' is not an id; write lower-case letters, digits and '-', and not recommended or all",
        ),
        (
            'id = "corp"',
            'id = "all"',
            "all: id: 'all' is not an id; write lower-case letters, digits and '-', and not recommended or all",
        ),
        ('id = "corp"', "", "entry 1: id: is missing"),
        ('name = "Corp"', 'name = " "', "corp: name: must be a text that is not blank"),
        ('zone = "bl.', 'zone = "BL.', "corp: zone: 'BL.corp.example' is not canonical; write 'bl.corp.example'"),
        ('kind = "ip"', 'kind = "url"', "corp: kind: 'url' is not one of ip, domain, allow"),
        ('kind = "ip"', 'kind = "domain"', "corp: kind: 'domain' does not go with ipv4 = true, ipv6 = false"),
        ("ipv4 = true", "ipv4 = false", "corp: kind: 'ip' does not go with ipv4 = false, ipv6 = false"),
        ("ipv4 = true", 'ipv4 = "yes"', "corp: ipv4: must be true or false"),
        (
            'severity = "critical"',
            'severity = "high"',
            "corp: severity: 'high' is not one of informational, minor, major, critical",
        ),
        ('selftest = "rfc5782"', 'selftest = "rfc"', "corp: selftest: 'rfc' is not one of rfc5782, none"),
        (
            'selftest = "rfc5782"',
            "selftest = { clear = [] }",
            'corp: selftest: listed: is empty; where a list has no such point, write selftest = "none"',
        ),
        (
            'selftest = "rfc5782"',
            'selftest = { listed = ["test"] }',
            "corp: selftest: listed: 'test' is not an address",
        ),
        ('access = "free"', 'access = "free"\npace = { per_day = 0 }', "corp: pace: per_day: must be a number above 0"),
        (
            'access = "free"',
            'access = "free"\npace = { per_day = 1.5 }',
            "corp: pace: per_day: must be a whole number above 0",
        ),
        (
            'access = "free"',
            'access = "free"\nkey_template = "x.example"',
            "corp: key_template: 'x.example' does not hold {key} exactly once",
        ),
        (
            'access = "free"',
            'access = "free"\nhomepage = "corp.example"',
            "corp: homepage: 'corp.example' is not a web address",
        ),
        (
            'access = "free"',
            'access = "free"\nlookup_url = "https://x/{host}"',
            "corp: lookup_url: 'https://x/{host}' holds a placeholder other than {ip} and {domain}",
        ),
        ('evidence = ["seen"]', "evidence = []", "corp: evidence: is empty; name at least one of [sources]"),
        ('evidence = ["seen"]', 'evidence = ["heard"]', "corp: evidence: 'heard' is not one of [sources]"),
        (
            '"127.0.0.2" =',
            '"10.0.0.2" =',
            "corp: codes: 10.0.0.2: '10.0.0.2' is outside 127.0.0.0/8, where the answers of a DNS list are",
        ),
        (
            'label = "SPAM"',
            'label = "SPAM", klass = "info"',
            "corp: codes: 127.0.0.2: klass: is not a key of the schema; known here: class, label, meaning, severity",
        ),
        (
            'label = "SPAM"',
            'label = "SPAM", class = "bad"',
            "corp: codes: 127.0.0.2: class: 'bad' is not one of listed, info, neutral, allow",
        ),
        (
            '"127.0.0.2" = {',
            "# {",
            "corp: codes: is missing or empty; a list of the catalogue says what its answers mean",
        ),
        (
            "[list.codes]",
            '[list.refusals]\n"10.0.0.0/8" = "no"\n[list.codes]',
            "corp: refusals: 10.0.0.0/8: is outside 127.0.0.0/8, where every answer is taken for no answer anyway",
        ),
    ],
)
def test_a_mistake_is_told_with_its_entry_and_key(old: str, new: str, message: str) -> None:
    assert old in LIST
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue(LIST.replace(old, new, 1))
    assert str(caught.value) == f"blocklists.toml: {message}"


def test_an_id_that_stands_twice_is_refused() -> None:
    with pytest.raises(CatalogueError, match="corp: id: stands twice"):
        parse_catalogue(LIST + LIST.partition("[sources]")[2].partition("\n")[2].replace('seen = "somewhere"', ""))
