"""The walk through a domain's SPF policy: its order, its limits, and that it ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.lookup import Missing, Query, Reply
from rblwatch.core.question import Failed, Reason
from rblwatch.core.spf import Qualifier
from rblwatch.core.spf_policy import Broken, Error, Lost, Matching, Nested, Obstacle, Opaque, Policy, Trouble
from rblwatch.core.spf_walk import MOST_EXCHANGES, MOST_LOOK_UPS, walk_policy
from tests.unit.zone import TIMED_OUT, Zone, look_up, run

ORG = "example.org"
SERVFAIL = Failed(Reason.SERVFAIL, "answered SERVFAIL")


def walked(zone: Zone, *, follows: str = "") -> tuple[Policy, list[Query]]:
    return run(walk_policy(ORG, lambda name: name.endswith(follows)), look_up(zone))


def texts(policy: Policy) -> dict[str, object]:
    """What became of each step, by its text: networks as texts, or what stands in the way."""
    shown: dict[str, object] = {}
    for step in policy.steps:
        match step:
            case Matching(text, _, networks):
                shown[text] = [str(network) for network in networks]
            case Opaque(text, _, obstacle):
                shown[text] = obstacle
            case Broken(text, trouble):
                shown[text] = trouble.error
            case Nested(text, _, inner):
                shown[text] = texts(inner)
    return shown


def test_everything_that_a_record_refers_to_is_looked_up() -> None:
    zone: Zone = {
        ORG: {
            "TXT": "v=spf1 a/30 mx:mail.example.org include:_spf.%{d} a:%{i}.example.org exists:%{l}.example.org ptr "
            "ip4:192.0.2.0/28 redirect=_spf2.example.org",
            "A": "192.0.2.65",
            "AAAA": "2001:db8::1",
        },
        "mail.example.org": {"MX": ["20 mx2.example.org", "10 mx1.example.org", "10 MX1.example.org"]},
        "mx1.example.org": {"A": ["192.0.2.10", "192.0.2.9"]},
        "mx2.example.org": {"AAAA": ["2001:db8::2"]},
        "_spf.example.org": {"TXT": "v=spf1 ip6:2001:db8:1::/64 ?all"},
        "_spf2.example.org": {"TXT": "v=spf1 -all"},
    }
    policy, asked = walked(zone)
    assert texts(policy) == {
        "a/30": ["192.0.2.64/30", "2001:db8::1/128"],
        "mx:mail.example.org": ["192.0.2.9/32", "192.0.2.10/32", "2001:db8::2/128"],
        "include:_spf.%{d}": {"ip6:2001:db8:1::/64": ["2001:db8:1::/64"]},
        "a:%{i}.example.org": Obstacle.MACRO,
        "exists:%{l}.example.org": Obstacle.EXISTS,
        "ptr": Obstacle.PTR,
        "ip4:192.0.2.0/28": ["192.0.2.0/28"],
    }
    assert isinstance(policy.redirect, Policy)
    assert policy.redirect.domain == "_spf2.example.org"
    assert [str(query) for query in asked] == [
        "TXT of example.org",
        "A of example.org",
        "AAAA of example.org",
        "MX of mail.example.org",
        "A of mx1.example.org",
        "AAAA of mx1.example.org",
        "A of mx2.example.org",
        "AAAA of mx2.example.org",
        "TXT of _spf.example.org",
        "TXT of _spf2.example.org",
    ]


def test_what_is_not_to_be_followed_is_not_looked_up() -> None:
    zone: Zone = {ORG: {"TXT": "v=spf1 include:_spf.example.com include:_spf.example.org redirect=example.net"}}
    policy, asked = walked(zone, follows=".example.org")
    assert policy.steps[0] == Opaque(
        "include:_spf.example.com", Qualifier.PASS, Obstacle.THIRD_PARTY, "_spf.example.com"
    )
    assert isinstance(policy.redirect, Opaque)
    assert policy.redirect.name == "example.net"
    assert [query.name for query in asked] == [ORG, "_spf.example.org"]


@pytest.mark.parametrize(
    ("records", "error"),
    [
        (None, Error.NONE),
        ({}, Error.NONE),
        ({"TXT": "hello"}, Error.NONE),
        ({"TXT": ["v=spf1 -all", "v=spf1 ~all"]}, Error.PERMERROR),
        ({"TXT": "v=spf1 a:museum"}, Error.PERMERROR),
        ({"TXT": TIMED_OUT}, Error.TEMPERROR),
        ({"TXT": SERVFAIL}, Error.TEMPERROR),
    ],
)
def test_a_policy_that_cannot_be_had_says_why(
    records: dict[str, str | list[str] | Failed] | None, error: Error
) -> None:
    policy, _ = walked({} if records is None else {ORG: records})
    assert policy.steps == ()
    assert policy.trouble is not None
    assert policy.trouble.error is error
    assert (policy.trouble.failed is not None) == (error is Error.TEMPERROR)


def test_a_failed_look_up_is_kept_beside_what_was_found() -> None:
    zone: Zone = {ORG: {"TXT": "v=spf1 a mx", "A": "192.0.2.1", "AAAA": SERVFAIL, "MX": TIMED_OUT}}
    addresses, exchanges = walked(zone)[0].steps
    assert isinstance(addresses, Matching)
    assert isinstance(exchanges, Matching)
    assert [str(network) for network in addresses.networks] == ["192.0.2.1/32"]
    assert [(str(lost.query), lost.failed) for lost in addresses.lost] == [("AAAA of example.org", SERVFAIL)]
    assert exchanges.lost == (Lost(exchanges.lost[0].query, TIMED_OUT),)
    assert str(exchanges.lost[0].query) == "MX of example.org"


@pytest.mark.parametrize(
    ("mechanisms", "broken"),
    [(10, 0), (11, 1), (15, 5)],
)
def test_ten_mechanisms_are_looked_up_and_no_more(mechanisms: int, broken: int) -> None:
    names = [f"h{number}.example.org" for number in range(mechanisms)]
    record = f"v=spf1 {' '.join(f'a:{name}' for name in names)} ip4:192.0.2.99 -all"
    policy, asked = walked({ORG: {"TXT": record}} | {name: {"A": "192.0.2.1"} for name in names})
    assert sum(isinstance(step, Broken) for step in policy.steps) == broken
    assert len({query.name for query in asked} - {ORG}) == MOST_LOOK_UPS
    # What needs no look-up is still read.
    assert texts(policy)["ip4:192.0.2.99"] == ["192.0.2.99/32"]


@pytest.mark.parametrize(("voids", "broken"), [(2, False), (3, True)])
def test_two_mechanisms_may_find_nothing(voids: int, broken: bool) -> None:
    record = f"v=spf1 {' '.join(f'a:gone{number}.example.org' for number in range(voids))} a:mail.example.org"
    policy, asked = walked({ORG: {"TXT": record}, "mail.example.org": {"A": "192.0.2.1"}})
    assert texts(policy)["a:mail.example.org"] == (Error.PERMERROR if broken else ["192.0.2.1/32"])
    assert ("mail.example.org" in {query.name for query in asked}) != broken


def test_a_name_of_one_family_is_no_void() -> None:
    record = "v=spf1 a:v4.example.org a:v6.example.org a:v4.example.org a:v6.example.org"
    zone: Zone = {ORG: {"TXT": record}, "v4.example.org": {"A": "192.0.2.1"}, "v6.example.org": {"AAAA": "2001:db8::1"}}
    assert not any(isinstance(step, Broken) for step in walked(zone)[0].steps)


@pytest.mark.parametrize(("count", "error"), [(MOST_EXCHANGES, False), (MOST_EXCHANGES + 1, True)])
def test_ten_mx_records_are_followed_and_no_more(count: int, error: bool) -> None:
    zone: Zone = {
        ORG: {"TXT": "v=spf1 mx", "MX": [f"10 mx{number}.example.org" for number in range(count)]},
        **{f"mx{number}.example.org": {"A": f"192.0.2.{number}"} for number in range(count)},
    }
    (step,) = walked(zone)[0].steps
    assert isinstance(step, Broken) == error


@pytest.mark.parametrize(
    "record", ["v=spf1 include:example.org", "v=spf1 redirect=example.org", "v=spf1 include:a.example.org"]
)
def test_a_loop_ends_with_the_limit(record: str) -> None:
    zone: Zone = {ORG: {"TXT": record}, "a.example.org": {"TXT": "v=spf1 include:example.org redirect=a.example.org"}}
    _, asked = walked(zone)
    assert len(asked) == 1 + MOST_LOOK_UPS


def test_an_included_domain_without_a_policy_is_an_error() -> None:
    (step,) = walked({ORG: {"TXT": "v=spf1 include:gone.example.org"}})[0].steps
    assert step == Broken(
        "include:gone.example.org",
        Trouble(Error.PERMERROR, "refers to gone.example.org, which has no SPF record"),
    )


WORDS = """a mx ptr a:h.example.org/8 mx:example.org include:example.org include:a.example.org include:b.example.org
exists:%{i}.x.example -all redirect=a.example.org redirect=%{d} ip4:192.0.2.0/24"""
mechanisms = st.sampled_from(WORDS.split())
texts_of_records = (
    st.lists(mechanisms, max_size=25).map(lambda words: f"v=spf1 {' '.join(words)}".encode()) | st.binary()
)
replies = st.one_of(
    st.just(Missing(exists=False)),
    st.just(TIMED_OUT),
    st.lists(texts_of_records, max_size=2),
)


@given(st.data())
def test_whatever_is_answered_the_walk_ends_within_the_limits(data: st.DataObject) -> None:
    hosts = {"A": "192.0.2.1", "MX": [f"1 m{number}.example.org" for number in range(12)]}

    def reply(query: Query) -> Reply:
        said = data.draw(replies)
        if isinstance(said, list):
            return look_up({query.name: {**hosts, "TXT": said}})(query)
        return said

    _, asked = run(walk_policy(ORG, lambda _: True), reply)
    # The record itself, and ten mechanisms with at most an MX query and ten hosts each.
    assert len(asked) <= 1 + MOST_LOOK_UPS * (1 + 2 * MOST_EXCHANGES)
