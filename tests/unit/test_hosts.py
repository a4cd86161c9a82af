"""Host names and mail exchangers become addresses, nothing, or failures: never one for the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.finding import Failure, Finding, Origin, OriginKind
from rblwatch.core.hosts import MOST_EXCHANGES, walk_exchanges, walk_host
from rblwatch.core.lookup import Exchange, Missing, Present, Query, RecordKind, Reply
from rblwatch.core.question import Failed, Reason
from rblwatch.core.target import parse_address, parse_name
from tests.unit.zone import TIMED_OUT, Zone, look_up, run

HOST = parse_name("mx1.example.org")
ORG = parse_name("example.org")
SERVFAIL = Failed(Reason.SERVFAIL, "127.0.0.1:53 answered SERVFAIL")


def host(zone: Zone) -> Finding:
    return run(walk_host(HOST), look_up(zone))[0]


def exchanges(zone: Zone) -> Finding:
    return run(walk_exchanges(ORG), look_up(zone))[0]


def found(finding: Finding) -> dict[str, str]:
    return {target.text: how for target, how in finding.targets.items()}


def test_a_host_has_the_addresses_of_both_families() -> None:
    finding = host({HOST.text: {"A": ["192.0.2.2", "192.0.2.1"], "AAAA": "2001:db8::1"}})
    assert finding.origin == Origin(OriginKind.HOSTNAME, HOST)
    assert found(finding) == {
        "192.0.2.1": "A of mx1.example.org",
        "192.0.2.2": "A of mx1.example.org",
        "2001:db8::1": "AAAA of mx1.example.org",
    }
    assert finding.complete
    assert finding.faults == ()


@pytest.mark.parametrize(
    ("zone", "fault"),
    [({}, "mx1.example.org does not exist"), ({HOST.text: {"TXT": "x"}}, "mx1.example.org has no address")],
)
def test_a_negative_answer_is_an_answer(zone: Zone, fault: str) -> None:
    finding = host(zone)
    assert (finding.complete, finding.targets, finding.faults) == (True, {}, (fault,))


def test_a_failure_of_one_family_keeps_what_the_other_said() -> None:
    finding = host({HOST.text: {"A": "192.0.2.1", "AAAA": SERVFAIL}})
    assert found(finding) == {"192.0.2.1": "A of mx1.example.org"}
    assert finding.failures == (
        Failure(
            "AAAA of mx1.example.org", Reason.SERVFAIL, "127.0.0.1:53 answered SERVFAIL", part="mx1.example.org AAAA"
        ),
    )
    assert set(finding.parts.values()) == {("mx1.example.org A",)}
    # What exists in one family and is missing in the other is no fault; what failed even less.
    assert host({HOST.text: {"A": (), "AAAA": SERVFAIL}}).faults == ()


def test_an_ipv4_address_in_the_form_of_ipv6_is_nobodys() -> None:
    """Who connects from it is seen with its IPv4 address. Source: RFC 7208 section 5."""
    assert list(found(host({HOST.text: {"A": "192.0.2.1", "AAAA": ["::ffff:192.0.2.7", "2001:db8::1"]}}))) == [
        "192.0.2.1",
        "2001:db8::1",
    ]


def test_mail_exchangers_are_followed_in_the_order_of_preference() -> None:
    finding = exchanges(
        {
            ORG.text: {"MX": ["20 mx2.example.net", "10 MX1.example.org"], "A": "192.0.2.99"},
            "mx1.example.org": {"A": "192.0.2.1", "AAAA": "2001:db8::1"},
            "mx2.example.net": {"A": "198.51.100.1"},
        }
    )
    assert found(finding) == {
        "192.0.2.1": "A of mx1.example.org, an MX of example.org",
        "2001:db8::1": "AAAA of mx1.example.org, an MX of example.org",
        "198.51.100.1": "A of mx2.example.net, an MX of example.org",
    }


@pytest.mark.parametrize(
    ("zone", "targets", "faults"),
    [
        # The null MX: no mail is taken, and nothing is wrong. Source: RFC 7505.
        ({"example.org": {"MX": "0 .", "A": "192.0.2.1"}}, [], ()),
        # Without MX records, the domain is its own. Source: RFC 5321 section 5.1.
        ({"example.org": {"A": "192.0.2.1"}}, ["192.0.2.1"], ()),
        ({"example.org": {"TXT": "x"}}, [], ("example.org, which has no MX record, has no address",)),
        ({}, [], ("example.org does not exist",)),
        (
            {"example.org": {"MX": ["1 gone.example.org", "2 mx.example.org"]}, "mx.example.org": {"A": "192.0.2.1"}},
            ["192.0.2.1"],
            ("gone.example.org, an MX of example.org, does not exist",),
        ),
        (
            {"example.org": {"MX": f"1 {'x' * 64}.example.org"}},
            [],
            (f"{'x' * 64}.example.org, an MX of example.org, is no name",),
        ),
    ],
)
def test_odd_mail_exchangers_are_named(zone: Zone, targets: list[str], faults: tuple[str, ...]) -> None:
    finding = exchanges(zone)
    assert (list(found(finding)), finding.faults, finding.complete) == (targets, faults, True)


@pytest.mark.parametrize("written", ["192.0.2.7", "[192.0.2.7]"])
def test_an_address_in_the_place_of_an_exchanger_is_named_and_not_looked_up(written: str) -> None:
    finding, asked = run(walk_exchanges(ORG), look_up({"example.org": {"MX": f"10 {written}"}}))
    assert len(asked) == 1
    (fault,) = finding.faults
    assert fault.startswith(f"'{written}', an MX of example.org, is an address")


def test_a_failed_look_up_of_an_exchanger_is_a_failure() -> None:
    assert exchanges({"example.org": {"MX": TIMED_OUT}}).failures == (
        Failure("MX of example.org", Reason.TIMEOUT, "did not answer"),
    )
    finding = exchanges(
        {"example.org": {"MX": "1 mx.example.org"}, "mx.example.org": {"A": "192.0.2.1", "AAAA": TIMED_OUT}}
    )
    assert [failure.what for failure in finding.failures] == ["AAAA of mx.example.org"]
    assert list(found(finding)) == ["192.0.2.1"]


def test_no_domain_makes_us_look_up_more_than_twenty_exchangers() -> None:
    zone: Zone = {"example.org": {"MX": [f"1 mx{number}.example.org" for number in range(50)]}}
    finding, asked = run(walk_exchanges(ORG), look_up(zone))
    assert len(asked) == 1 + 2 * MOST_EXCHANGES
    assert finding.faults[0] == "example.org has 50 MX hosts; the first 20 are looked up"


names = st.text(max_size=70)
values = st.one_of(st.ip_addresses(), st.builds(Exchange, st.integers(0, 65_535), names), st.binary(max_size=20))
replies = st.one_of(
    st.builds(Missing, st.booleans()),
    st.just(SERVFAIL),
    st.lists(values, min_size=1, max_size=4).map(lambda found: Present(tuple(found))),
)


@given(st.data())
def test_whatever_is_answered_there_is_a_finding(data: st.DataObject) -> None:
    def reply(query: Query) -> Reply:
        assert query.kind in RecordKind
        return data.draw(replies)

    for walk in (walk_host(HOST), walk_exchanges(ORG)):
        finding, _ = run(walk, reply)
        assert all(parse_address(target.text) == target for target in finding.targets)
        assert all(fault.isprintable() for fault in finding.faults)
