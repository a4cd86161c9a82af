"""The catalogue as it is shipped, linted."""

import re
import tomllib
from collections.abc import Callable
from datetime import date
from ipaddress import IPv4Address, IPv4Network
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rblwatch.catalog import load_catalogue
from rblwatch.catalog.loader import BLOCKLISTS, RETIRED, packaged
from rblwatch.core.blocklist import LISTING_RANGE, Blocklist, Claim, Code, Kind, Scope, Severity
from rblwatch.core.matching import CodeBit, CodePattern, CodeRange
from rblwatch.core.question import Absent, Found, Reason, query_name
from rblwatch.core.selection import ALL, RECOMMENDED, Access, CatalogueEntry, unlocked
from rblwatch.core.settings import Secret
from rblwatch.core.soundness import Expectation, ProbeAnswer, State, assess, carries_kind, fresh_point, probes
from rblwatch.core.target import Family, parse_address, parse_name
from rblwatch.core.verdict import Clear, Listed, Unknown, judge
from tests.integration.catalog import roll

CATALOGUE = load_catalogue()
ENTRIES = tuple(CATALOGUE.entries.values())
WITH_KEYS = unlocked(CATALOGUE, {entry.key.account: Secret("k" * 26) for entry in ENTRIES if entry.key is not None})


def each_entry(lint: Callable[[CatalogueEntry], None]) -> Callable[[], None]:
    """One test for all lists: a test for each would be two thousand."""

    def test() -> None:
        for entry in ENTRIES:
            try:
                lint(entry)
            except AssertionError as error:
                error.add_note(f"the list is {entry.blocklist.id}")
                raise

    test.__doc__ = lint.__doc__
    return test


def said(blocklist: Blocklist, *codes: str | IPv4Address) -> Listed | Clear | Unknown:
    return judge(Found(tuple(map(IPv4Address, codes))), blocklist, None)


# Which lists there are.


@pytest.mark.parametrize(("kind", "ids"), [("ip", roll.IPS), ("domain", roll.DOMAINS), ("allow", roll.ALLOWS)])
def test_no_list_is_missing(kind: str, ids: list[str]) -> None:
    assert [name for name, entry in CATALOGUE.entries.items() if entry.blocklist.kind == kind] == ids


def test_no_retired_list_is_missing() -> None:
    assert [retired.zone for retired in CATALOGUE.retired] == roll.RETIRED


def test_each_zone_is_asked_by_one_list_of_its_kind() -> None:
    asked = [(entry.blocklist.zone, entry.blocklist.kind) for entry in ENTRIES]
    assert len(asked) == len(set(asked))


@each_entry
def test_no_zone_is_both_active_and_retired(entry: CatalogueEntry) -> None:
    zones = {entry.blocklist.zone, WITH_KEYS.entries[entry.blocklist.id].blocklist.shown_zone}
    assert [retired.zone for retired in CATALOGUE.retired for zone in zones if retired.covers(zone)] == []
    assert CATALOGUE.retired_as(entry.blocklist.id) is None


def test_what_takes_the_place_of_a_retired_list_exists() -> None:
    for retired in CATALOGUE.retired:
        if retired.replacement:
            assert retired.replacement.split(" ")[0].rstrip(",") in CATALOGUE.entries, retired.zone


@each_entry
def test_what_covers_a_list_exists_and_is_asked_about_as_much(entry: CatalogueEntry) -> None:
    if entry.covered_by:
        cover = CATALOGUE.entries[entry.covered_by]
        assert cover.blocklist.families >= entry.blocklist.families
        assert not cover.covered_by
        assert not entry.recommended


# Where it comes from.


@pytest.mark.parametrize(("file", "array"), [(BLOCKLISTS, "list"), (RETIRED, "retired")])
def test_every_source_is_used_and_the_date_is_there(file: str, array: str) -> None:
    document = tomllib.loads(packaged(file))
    evidence = [entry["evidence"] for entry in document[array]]
    names = [names for each in evidence for names in (each.values() if isinstance(each, dict) else [each])]
    assert {name for several in names for name in several} == set(document["sources"])
    assert isinstance(document["compiled"], date)


@each_entry
def test_a_constant_that_nobody_saw_makes_nobody_sure(entry: CatalogueEntry) -> None:
    """Codes that are only the usual ones are no more than medium, unless the list was seen to answer its test point."""
    convention = [source for source in entry.evidence["codes"] if source.startswith("RFC 5782")]
    if convention and entry.confidence == "high":
        assert not [source for source in entry.evidence["selftest"] if source.startswith("RFC 5782")]


# What it tells people.

#: Pages that are known over plain HTTP only.
PLAIN_HTTP = {
    "korea.services.net",
    "blacklist.jippg.org",
    "dnsbl.calivent.com.pe",
    "dnsbl.rv-soft.info",
    "www.justspam.org",
    "puck.nether.net",
    "bls.digibase.ca",
    "rbldns.ru",
    "drbl.gremlin.ru",
}
LINKS = [
    (entry.blocklist.id, url)
    for entry in ENTRIES
    for url in (entry.homepage, entry.blocklist.lookup_url, entry.blocklist.delist_url)
    if url
]


def test_every_page_is_on_https_where_its_site_has_it() -> None:
    plain = {urlsplit(url).hostname for _, url in LINKS if url.startswith("http:")}
    secure = {urlsplit(url).hostname for _, url in LINKS if url.startswith("https:")}
    assert plain == PLAIN_HTTP
    assert not plain & secure


@each_entry
def test_a_page_asks_for_what_its_list_is_about(entry: CatalogueEntry) -> None:
    wrong = "{ip}" if Family.NAME in entry.blocklist.families else "{domain}"
    assert [url for name, url in LINKS if name == entry.blocklist.id and wrong in url] == []


@each_entry
def test_it_tells_people_what_its_answers_mean(entry: CatalogueEntry) -> None:
    assert entry.blocklist.name
    assert entry.blocklist.operator
    for row in entry.blocklist.codes:
        assert re.fullmatch(r"[A-Z0-9+-]{1,20}", row.meaning.label), row.meaning.label
        assert row.meaning.text
        assert not row.meaning.text.endswith(".")
    for text in (entry.policy, entry.expiry, entry.doubt, entry.blocklist.note):
        assert not text or text.endswith((".", ")"))


# What its answers mean.


def rows_of(blocklist: Blocklist, code: IPv4Address) -> list[Code]:
    """The rows that speak of a code: the exact ones alone where there are any."""
    rows = [row for row in blocklist.codes if row.match.matches(code)]
    exact = [row for row in rows if isinstance(row.match, CodeRange) and row.match.first == row.match.last]
    return exact or rows


def edges(blocklist: Blocklist) -> set[IPv4Address]:
    """The codes at which the meaning of a list's answers may change, and their neighbours."""
    found = {LISTING_RANGE[1], LISTING_RANGE[2], LISTING_RANGE[-1], IPv4Address("127.255.255.254")}
    for row in blocklist.codes:
        match row.match:
            case CodeRange(first, last):
                found |= {first, last}
            case CodePattern(octets):
                for wild in (0, 10, 255):
                    found.add(IPv4Address(bytes(wild if octet is None else octet for octet in octets)))
            case CodeBit(value):
                found.add(LISTING_RANGE[value])
    for refusal in blocklist.refusals:
        if isinstance(refusal, IPv4Network):
            found |= {refusal[0], refusal[-1]}
    return {
        LISTING_RANGE[max(0, int(code) - int(LISTING_RANGE[0]) + step) % 2**24] for code in found for step in (-1, 0, 1)
    }


def assert_one_meaning(entry: CatalogueEntry, code: IPv4Address) -> None:
    """Refused, explained by one row (or by several bits of a sum), or unexplained: exactly one of them."""
    blocklist = entry.blocklist
    rows = rows_of(blocklist, code)
    verdict = said(blocklist, code)
    if blocklist.refuses(code):
        assert verdict == Unknown(Reason.REFUSAL_CODE)
    elif rows:
        assert len(rows) == 1 or all(isinstance(row.match, CodeBit) for row in rows), (blocklist.id, code)
        assert isinstance(verdict, (Listed, Clear))
        assert verdict.labels
    elif blocklist.kind is Kind.ALLOW:
        assert isinstance(verdict, Clear)
    else:
        assert isinstance(verdict, Listed)
        assert verdict.severity.rank <= Severity.MAJOR.rank


@each_entry
def test_every_answer_has_exactly_one_meaning_at_the_edges_of_the_table(entry: CatalogueEntry) -> None:
    for code in edges(entry.blocklist) | set(IPv4Network("127.0.0.0/24")):
        assert_one_meaning(entry, code)


@settings(max_examples=1000)
@given(st.sampled_from(ENTRIES), st.integers(0, 2**24 - 1).map(lambda offset: LISTING_RANGE[offset]))
def test_every_answer_inside_the_range_has_exactly_one_meaning(entry: CatalogueEntry, code: IPv4Address) -> None:
    assert_one_meaning(entry, code)


@settings(max_examples=200)
@given(st.sampled_from(ENTRIES), st.integers(0, 2**32 - 1).map(IPv4Address))
def test_an_answer_outside_the_range_is_none(entry: CatalogueEntry, address: IPv4Address) -> None:
    if address not in LISTING_RANGE:
        assert said(entry.blocklist, address) == Unknown(Reason.NOT_A_DNSBL_ANSWER)


@each_entry
def test_no_row_stands_twice_and_none_is_dead(entry: CatalogueEntry) -> None:
    matches = [row.match for row in entry.blocklist.codes]
    assert len(matches) == len(set(matches))
    refusals = [refusal for refusal, _ in entry.refusals]
    assert len(refusals) == len(set(refusals))
    for code in entry.blocklist.codes:
        if isinstance(code.match, CodeRange):
            ends = {code.match.first, code.match.last}
            assert not all(entry.blocklist.refuses(end) for end in ends), "a refusal hides the whole row"


#: Lists at which 127.0.0.1 is an answer like others. Source: their operators (facts, protocol section 4).
LISTS_127_0_0_1 = {"validity-rpbl", "efnetrbl", "hostkarma", "hostkarma-domain", "hostkarma-white", "iadb"}


@each_entry
def test_the_common_refusals_are_refusals_but_where_the_operator_says_otherwise(entry: CatalogueEntry) -> None:
    for code in ("127.255.255.252", "127.255.255.254", "127.255.255.255"):
        assert said(entry.blocklist, code) == Unknown(Reason.REFUSAL_CODE)
    refused = said(entry.blocklist, "127.0.0.1") == Unknown(Reason.REFUSAL_CODE)
    assert refused is (entry.blocklist.id not in LISTS_127_0_0_1)


@each_entry
def test_an_informational_list_never_says_more(entry: CatalogueEntry) -> None:
    if entry.blocklist.otherwise.severity is Severity.INFORMATIONAL:
        assert {row.meaning.severity for row in entry.blocklist.codes} == {Severity.INFORMATIONAL}


@each_entry
def test_what_lists_whole_providers_or_countries_pages_nobody(entry: CatalogueEntry) -> None:
    for meaning in (entry.blocklist.otherwise, *(row.meaning for row in entry.blocklist.codes)):
        if meaning.scope.width >= Scope.AS.width:
            assert meaning.severity is Severity.INFORMATIONAL


@each_entry
def test_an_allow_list_says_nothing_bad(entry: CatalogueEntry) -> None:
    if entry.blocklist.kind is Kind.ALLOW:
        assert {row.meaning.claim for row in entry.blocklist.codes} == {Claim.ALLOW}


#: What is asked where nobody says otherwise, in order.
DEFAULT = [
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
    "hostkarma",
    "spamhaus-dbl",
    "surbl-multi",
    "uribl-multi",
    "dnswl",
]

UNTESTABLE = [
    "0spam-dbl",
    "brukalai-white",
    "dnswl-dwl",
    "drbl-gremlin",
    "fmb-la-fresh",
    "hostkarma-domain",
    "hostkarma-nobl",
    "iadb",
    "invaluement-sip",
    "invaluement-sip24",
    "invaluement-uri",
    "mailcleaner-uribl",
    "mailspike-rep",
    "mailspike-wl",
    "nordspam-dbl",
    "oxl-risk",
    "pofon",
    "polspam-rhsbl",
    "rediris-mtawl",
    "sem-fresh",
    "sem-fresh10",
    "sem-fresh15",
    "sem-fresh30",
    "sem-freshzero",
    "sem-uribl",
    "sem-urired",
    "spfbl-dnswl",
    "spfbl-domain",
    "suomispam-dbl",
    "suomispam-gl",
    "swinog-uribl",
    "tornevall",
    "trend-ers",
    "validity-certified",
    "validity-rpbl",
    "validity-safe",
    "validity-score",
    "whitelisted-org",
    "zapbl-rhsbl",
    "zenrbl-domain",
]

ZEN, PBL = "spamhaus-zen", "127.0.0.11"


@pytest.mark.parametrize(
    ("name", "code", "verdict", "severity", "labels"),
    [
        # Codes of several parts, a range, and policy that is no crime. 127.0.0.30 is newer than most tools.
        (ZEN, "127.0.0.2", Listed, "critical", ["SBL"]),
        (ZEN, "127.0.0.6", Listed, "critical", ["XBL"]),
        (ZEN, "127.0.0.30", Listed, "critical", ["BCL"]),
        (ZEN, PBL, Listed, "major", ["PBL"]),
        (ZEN, "127.0.0.99", Listed, "major", ["listed"]),
        (ZEN, "127.255.255.250", Unknown, "", []),
        ("uceprotect-3", "127.0.0.2", Listed, "informational", ["L3"]),
        # Scales: a step that receivers take for normal, a good word, a score.
        ("mailspike-bl", "127.0.0.13", Clear, "", ["L2"]),
        ("mailspike-rep", "127.0.0.20", Clear, "", ["H5"]),
        ("validity-score", "127.0.4.42", Listed, "informational", ["LOW"]),
        ("validity-score", "127.0.4.99", Clear, "", ["GOOD"]),
        # The operator: anything but its own codes may be an error message.
        ("spamrats-all", "127.0.0.38", Listed, "minor", ["SPAM"]),
        ("spamrats-all", "127.0.0.39", Unknown, "", []),
        ("spamrats-dyna", "127.0.0.37", Unknown, "", []),
        # Sums of bits: where bit 1 refuses, where it is a listing, where 127.0.0.255 refuses.
        ("surbl-multi", "127.0.0.1", Unknown, "", []),
        ("surbl-multi", "127.0.0.72", Listed, "critical", ["PH", "ABUSE"]),
        ("surbl-multi", "127.0.0.32", Listed, "informational", ["CT"]),
        ("uribl-multi", "127.0.0.14", Listed, "major", ["BLACK", "GREY", "RED"]),
        ("uribl-multi", "127.0.0.255", Unknown, "", []),
        ("validity-rpbl", "127.0.0.1", Listed, "major", ["BOT"]),
        ("validity-rpbl", "127.0.0.6", Listed, "major", ["NOAUTH", "PRISTINE"]),
        ("validity-rpbl", "127.255.255.255", Unknown, "", []),
        # White, yellow and brown.
        ("hostkarma", "127.0.0.1", Clear, "", ["WHITE"]),
        ("hostkarma", "127.0.0.3", Clear, "", ["YELLOW"]),
        ("hostkarma", "127.0.0.4", Listed, "informational", ["BROWN"]),
        ("hostkarma", "127.0.1.1", Clear, "", ["SECONDARY"]),
        ("hostkarma", "127.0.1.2", Listed, "informational", ["SECONDARY-2"]),
        ("efnetrbl", "127.0.0.1", Listed, "informational", ["PROXY"]),
        # The http:BL form, where an octet may be anything.
        ("httpbl", "127.0.5.0", Clear, "", ["SEARCH"]),
        ("httpbl", "127.40.80.5", Listed, "informational", ["SUSPICIOUS", "COMMENTS"]),
        # Allow lists: any category, and the refusals that look like trust.
        ("dnswl", "127.0.5.3", Clear, "", ["HI"]),
        ("dnswl", "127.0.0.255", Unknown, "", []),
        ("dnswl", "127.0.10.3", Unknown, "", []),
        ("dnswl", "127.0.10.0", Clear, "", ["SPECIAL"]),
        ("validity-certified", "127.0.0.7", Clear, "", ["CERTIFIED"]),
        ("validity-certified", "127.255.255.255", Unknown, "", []),
        # An address was asked about on a list of domains: a mistake of ours, never a listing.
        ("spamhaus-dbl", "127.0.1.255", Unknown, "", []),
        ("spamhaus-dbl", "127.0.1.102", Listed, "major", ["ABUSED-SPAM"]),
        ("spamhaus-zrd", "127.0.2.255", Unknown, "", []),
        ("spfbl", "127.0.0.3", Listed, "informational", ["SUSPECT"]),
    ],
)
def test_known_answers_mean_what_their_operator_says(
    name: str, code: str, verdict: type, severity: str, labels: list[str]
) -> None:
    found = said(CATALOGUE.entries[name].blocklist, code)
    assert isinstance(found, verdict)
    assert isinstance(found, Unknown) or list(found.labels) == labels
    assert not isinstance(found, Listed) or found.severity == severity


def test_a_listing_wins_over_a_refusal_in_one_answer() -> None:
    found = said(CATALOGUE.entries[ZEN].blocklist, "127.255.255.254", "127.0.0.4")
    assert isinstance(found, Listed)
    assert found.labels == ("XBL",)


def test_an_octet_that_is_a_number_is_spelt_out() -> None:
    score = CATALOGUE.entries["validity-score"].blocklist.meanings(IPv4Address("127.0.4.42"))
    visit = CATALOGUE.entries["httpbl"].blocklist.meanings(IPv4Address("127.40.80.1"))
    assert score[0].text == "Sender Score 42 of 100: poor"
    assert visit[0].text == "suspicious; last seen 40 days ago, threat score 80 of 255"
    for entry in ENTRIES:
        for row in entry.blocklist.codes:
            assert not re.search(r"[{}]", re.sub(r"\{[234]\}", "", row.meaning.text))


@pytest.mark.parametrize(
    ("name", "codes", "scope"),
    [
        (ZEN, [PBL], Scope.RANGE),
        # The narrowest counts: SBL is about this address, whatever else there is.
        (ZEN, [PBL, "127.0.0.2"], Scope.ADDRESS),
        ("uceprotect-2", ["127.0.0.2"], Scope.RANGE),
        ("uceprotect-3", ["127.0.0.2"], Scope.AS),
        ("services-korea", ["127.0.0.2"], Scope.COUNTRY),
        ("spamhaus-dbl", ["127.0.1.2"], Scope.DOMAIN),
    ],
)
def test_it_says_for_what_an_entry_is_made(name: str, codes: list[str], scope: Scope) -> None:
    assert CATALOGUE.entries[name].blocklist.scope_of(map(IPv4Address, codes)) is scope


# How it is tested, and asked.


@each_entry
def test_an_address_goes_to_no_list_of_names_and_a_name_to_no_list_of_addresses(entry: CatalogueEntry) -> None:
    carried = {family for family in Family if carries_kind(entry.blocklist, family)}
    assert carried == entry.blocklist.families
    assert (carried == {Family.NAME}) or Family.NAME not in carried
    assert entry.blocklist.kind is not Kind.DOMAIN or carried == {Family.NAME}
    assert entry.blocklist.kind is not Kind.IP or Family.NAME not in carried


@each_entry
def test_its_test_points_are_of_its_families_and_a_sound_list_passes(entry: CatalogueEntry) -> None:
    """Whatever listing code answers the points that must be listed, and nothing the others."""
    blocklist = entry.blocklist
    code = next(code for code in sorted(edges(blocklist)) if rows_of(blocklist, code) and not blocklist.refuses(code))
    for family in blocklist.families:
        asked = probes(blocklist, family, fresh_point(family, 7))
        answers = [
            ProbeAnswer(probe, Found((code,)) if probe.expected is Expectation.LISTED else Absent()) for probe in asked
        ]
        has_points = any(probe.expected is Expectation.LISTED for probe in asked)
        assert assess(blocklist, answers).state is (State.SOUND if has_points else State.UNVERIFIED)
    own = {point.family for point in (*blocklist.selftest.listed, *blocklist.selftest.clear)}
    assert not own or own & blocklist.families


def test_which_lists_have_no_point_that_must_be_listed() -> None:
    """Their absences are believed on their word; growing or shrinking this is a decision that is seen here."""
    assert sorted(e.blocklist.id for e in ENTRIES if not e.blocklist.selftest.listed) == UNTESTABLE


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.key is not None], ids=lambda e: str(e.blocklist.id))
def test_a_key_goes_where_the_operator_wants_it_and_the_name_is_not_too_long(entry: CatalogueEntry) -> None:
    assert entry.key is not None
    unkeyed, keyed = entry.blocklist, WITH_KEYS.entries[entry.blocklist.id].blocklist
    target = parse_address("2001:db8::7") if Family.IPV6 in keyed.families else parse_address("192.0.2.99")
    if Family.NAME in keyed.families:
        target = parse_name("mail.example.org")
    name = query_name(target, keyed.zone, keyed.key_first)
    assert name == entry.key.template.format(rev=query_name(target, "").rstrip("."), key="k" * 26)
    assert len(name) <= 253
    assert keyed.keyed
    assert not keyed.lacks_key
    assert "k" * 26 not in keyed.shown_zone
    assert (unkeyed.keyed, unkeyed.lacks_key) == (False, entry.access in (Access.KEY, Access.PAID))


# What is offered.


def test_without_keys_only_what_needs_none_is_recommended() -> None:
    recommended = [CATALOGUE.entries[name] for name in CATALOGUE.ids([RECOMMENDED])]
    assert {entry.access for entry in recommended} == {Access.FREE}
    assert {entry.confidence for entry in recommended} == {"high"}
    assert all(entry.blocklist.selftest.listed and entry.blocklist.lookup_url for entry in recommended)
    assert [entry.blocklist.id for entry in recommended] == DEFAULT


def test_keys_add_what_they_open() -> None:
    added = set(WITH_KEYS.ids([RECOMMENDED])) - set(CATALOGUE.ids([RECOMMENDED]))
    assert added == {"abusix-combined"}
    everything = set(WITH_KEYS.ids([ALL]))
    assert set(CATALOGUE.entries) - everything == {"invaluement-sip", "invaluement-sip24", "invaluement-uri"}
    closed = {e.blocklist.id for e in ENTRIES if e.blocklist.lacks_key}
    assert everything - set(CATALOGUE.ids([ALL])) == closed
