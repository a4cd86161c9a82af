"""The schema of the catalogue's files: every form is read, and every mistake is told with its entry and its key."""

from ipaddress import IPv4Address

import pytest

from rblwatch.catalog import CatalogueError
from rblwatch.catalog.loader import parse_blocklists, parse_retired
from rblwatch.core.blocklist import Blocklist, Claim, Kind, Pace, Scope, SelfTest, Severity
from rblwatch.core.question import Found
from rblwatch.core.retired import Fate, Retired
from rblwatch.core.selection import Access, KeyForm
from rblwatch.core.target import Family, Target
from rblwatch.core.verdict import Clear, Listed, Unknown, judge


def said(blocklist: Blocklist, code: str) -> Listed | Clear | Unknown:
    return judge(Found((IPv4Address(code),)), blocklist, None)


LIST = """
schema = 2
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
scope = "address"
access = "free"
selftest = "rfc5782"
recommended = false
confidence = "low"
[list.evidence]
zone = ["seen"]
codes = ["seen"]
selftest = ["seen"]
[list.codes]
"127.0.0.2" = { label = "SPAM", meaning = "sent spam" }
"""


FULL = LIST.replace(
    'selftest = "rfc5782"',
    'selftest = { listed = ["127.0.0.3"], clear = ["127.0.0.4"] }\n'
    "pace = { per_second = 2.5, per_day = 1000, interval_s = 60 }\nlists_reserved = true\n"
    'key = { account = "corp-account", template = "{key}.{rev}.bl.corp.example", per_day = 9 }\n'
    'policy = "p"\nexpiry = "e"\nnote = "n"\ndoubt = "d"\ncovered_by = "other"\n'
    'lookup_url = "https://corp.example/?{ip}"\ndelist_url = "https://corp.example/off"\nhomepage = "https://corp.example"',
).replace('zone = ["seen"]', 'zone = ["seen"]\nrefusals = ["seen"]\nkey = ["seen"]\npace = ["seen"]\npolicy = ["seen"]')
FULL += """
"127.0.*.9" = { label = "W", class = "allow", severity = "minor", scope = "country", meaning = "white" }
"127.1.0.0-127.1.0.9" = { label = "R", class = "neutral", meaning = "score {4}" }
"bit:64" = { label = "B", class = "info", meaning = "bit" }
[list.refusals]
"127.0.9.0/24" = "no"
"127.0.8.1" = "no"
"127.0.*.255" = "no"
"bit:128" = "no"
"""


def test_every_key_of_the_schema_is_read() -> None:
    entry = parse_blocklists(FULL)["corp"]
    blocklist = entry.blocklist
    assert blocklist.pace == Pace(2.5, 1000, 60)
    assert blocklist.selftest == SelfTest((Target("127.0.0.3", Family.IPV4),), (Target("127.0.0.4", Family.IPV4),))
    assert blocklist.families == {Family.IPV4}
    assert blocklist.lists_reserved
    assert entry.key == KeyForm("corp-account", "{key}.{rev}.bl.corp.example", Pace(per_day=9))
    assert (entry.policy, entry.expiry, blocklist.note, entry.doubt, entry.covered_by) == ("p", "e", "n", "d", "other")
    assert blocklist.lookup_url == "https://corp.example/?{ip}"
    assert (blocklist.delist_url, entry.homepage) == ("https://corp.example/off", "https://corp.example")
    assert set(entry.evidence) == {"zone", "codes", "refusals", "selftest", "key", "pace", "policy"}
    assert entry.evidence["codes"] == ("somewhere",)


@pytest.mark.parametrize(
    ("code", "verdict", "label"),
    [
        ("127.0.0.2", Listed, "SPAM"),
        ("127.0.3.9", Clear, "W"),
        ("127.1.0.7", Clear, "R"),
        ("127.0.0.64", Listed, "B"),
        # A range, an address, a pattern and a bit of refusals.
        ("127.0.9.1", Unknown, ""),
        ("127.0.8.1", Unknown, ""),
        ("127.0.7.255", Unknown, ""),
        ("127.0.0.130", Unknown, ""),
    ],
)
def test_every_form_of_codes_and_refusals_is_read(code: str, verdict: type, label: str) -> None:
    found = said(parse_blocklists(FULL)["corp"].blocklist, code)
    assert isinstance(found, verdict)
    assert isinstance(found, Unknown) or found.labels == (label,)


def test_a_code_has_the_severity_the_scope_and_the_class_of_its_list_or_its_own() -> None:
    meanings = [row.meaning for row in parse_blocklists(FULL)["corp"].blocklist.codes]
    assert [meaning.claim for meaning in meanings] == [Claim.LISTED, Claim.ALLOW, Claim.NEUTRAL, Claim.INFO]
    assert [meaning.scope for meaning in meanings] == [Scope.ADDRESS, Scope.COUNTRY, Scope.ADDRESS, Scope.ADDRESS]
    assert [meaning.severity for meaning in meanings[:2]] == [Severity.CRITICAL, Severity.MINOR]


def test_what_a_table_lacks_is_a_listing_and_never_critical() -> None:
    found = said(parse_blocklists(LIST)["corp"].blocklist, "127.0.0.77")
    assert isinstance(found, Listed)
    assert (found.severity, found.labels) == (Severity.MAJOR, ("listed",))


NAMES = LIST.replace('kind = "ip"', 'kind = "domain"').replace("ipv4 = true", "ipv4 = false")
NAMES = NAMES.replace('scope = "address"', 'scope = "domain"\nregistrable = true')


def test_a_list_that_takes_no_addresses_is_about_names() -> None:
    blocklist = parse_blocklists(NAMES)["corp"].blocklist
    assert blocklist.families == {Family.NAME}
    assert (blocklist.kind, blocklist.registrable) == (Kind.DOMAIN, True)
    assert blocklist.otherwise.scope is Scope.DOMAIN


@pytest.mark.parametrize(
    ("access", "has_key", "lacks", "askable"),
    [
        ("free", False, False, True),
        # A key makes it better, and is not needed.
        ("free", True, False, True),
        ("registration", False, False, True),
        ("key", True, True, False),
        ("paid", True, True, False),
        # By arrangement with the operator: it is asked where somebody names it, and is in no set.
        ("paid", False, False, False),
    ],
)
def test_what_wants_a_key_says_so(access: str, has_key: bool, lacks: bool, askable: bool) -> None:
    key = 'key = { account = "corp", template = "{rev}.{key}.dq.corp.example" }' if has_key else ""
    text = LIST.replace('access = "free"', f'access = "{access}"\n{key}').replace(
        "zone = [", 'key = ["seen"]\nzone = ['
    )
    entry = parse_blocklists(text)["corp"]
    assert entry.access is Access(access)
    assert (entry.blocklist.lacks_key, entry.askable) == (lacks, askable)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema = 2", "schema = 3", "schema: is 3, and this version reads 2"),
        (
            "schema = 2",
            "schema = 2\nlists = 1",
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
            'access = "free"\nkey = { account = "a", template = "{key}.corp.example" }',
            "corp: key: template: '{key}.corp.example' is neither '{rev}.{key}.ZONE' nor '{key}.{rev}.ZONE'",
        ),
        (
            'access = "free"',
            'access = "free"\nkey = { account = "a", template = "{rev}.{key}.CORP.example" }',
            "corp: key: CORP.example: 'CORP.example' is not canonical; write 'corp.example'",
        ),
        (
            'scope = "address"',
            'scope = "domain"',
            "corp: scope: 'domain' does not go with what the list is asked about",
        ),
        (
            'scope = "address"',
            'scope = "planet"',
            "corp: scope: 'planet' is not one of address, domain, range, as, country",
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
        ('codes = ["seen"]', "codes = []", "corp: evidence: says nothing of codes; name at least one of [sources]"),
        ('selftest = ["seen"]', "", "corp: evidence: says nothing of selftest; name at least one of [sources]"),
        ('codes = ["seen"]', 'codes = ["heard"]', "corp: evidence: codes: 'heard' is not one of [sources]"),
        (
            'codes = ["seen"]',
            'code = ["seen"]',
            (
                "corp: evidence: code: is not a key of the schema; "
                "known here: codes, key, pace, policy, refusals, selftest, zone"
            ),
        ),
        (
            '"127.0.0.2" =',
            '"10.0.0.2" =',
            "corp: codes: 10.0.0.2: '10.0.0.2' is outside 127.0.0.0/8, where the answers of a DNS list are",
        ),
        (
            'label = "SPAM"',
            'label = "SPAM", klass = "info"',
            (
                "corp: codes: 127.0.0.2: klass: is not a key of the schema; "
                "known here: class, label, meaning, scope, severity"
            ),
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
        parse_blocklists(LIST.replace(old, new, 1))
    assert str(caught.value) == f"blocklists.toml: {message}"


def test_an_id_that_stands_twice_is_refused() -> None:
    with pytest.raises(CatalogueError, match="corp: id: stands twice"):
        parse_blocklists(LIST + "[[list]]" + LIST.partition("[[list]]")[2])


BURIED = """
schema = 2
[sources]
seen = "somewhere"
[[retired]]
id = "gone"
zone = "gone.example"
below = true
fate = "wildcarded"
since = "2020-05"
kind = "domain"
asks = "bl.gone.example"
replacement = "corp"
note = "n"
confidence = "low"
evidence = ["seen"]
"""


def test_every_key_of_a_retired_list_is_read() -> None:
    assert parse_retired(BURIED) == (
        Retired(
            id="gone",
            zone="gone.example",
            below=True,
            fate=Fate.WILDCARDED,
            since="2020-05",
            kind=Kind.DOMAIN,
            asks="bl.gone.example",
            replacement="corp",
            note="n",
            confidence="low",
            evidence=("somewhere",),
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "gone"', 'id = "Gone"', "Gone: id: 'Gone' is not an id; write lower-case letters, digits and '-'"),
        ('fate = "wildcarded"', 'fate = "sad"', "gone: fate: 'sad' is not one of wildcarded, shut-down, withdrawn, "),
        ('"2020-05"', '"May 2020"', "gone: since: 'May 2020' is not a date; write '2024-06-05', '2024-06' or '2024'"),
        ('"bl.gone.example"', '"bl.example"', "gone: asks: 'bl.example' is not a zone of this list"),
        ('evidence = ["seen"]', "evidence = []", "gone: evidence: is empty; name at least one of [sources]"),
        ('note = "n"', "notes = 1", "gone: notes: is not a key of the schema; known here: "),
        ('zone = "gone', 'zone = "GONE', "gone: zone: 'GONE.example' is not canonical; write 'gone.example'"),
    ],
)
def test_a_mistake_about_a_retired_list_is_told_with_its_entry_and_key(old: str, new: str, message: str) -> None:
    assert old in BURIED
    with pytest.raises(CatalogueError) as caught:
        parse_retired(BURIED.replace(old, new, 1))
    assert str(caught.value).startswith(f"retired.toml: {message}")


@pytest.mark.parametrize(("key", "value"), [("zone", "gone.example"), ("id", "gone")])
def test_a_retired_list_stands_once(key: str, value: str) -> None:
    other = {"zone": "other.example", "id": "other"} | {key: value}
    row = f"""[[retired]]\nid = "{other["id"]}"\nzone = "{other["zone"]}"\nfate = "dead"\nsince = "2020"
confidence = "low"\nevidence = ["seen"]\n"""
    with pytest.raises(CatalogueError, match=f"retired.toml: {value}: {key}: stands twice"):
        parse_retired(BURIED + row)
