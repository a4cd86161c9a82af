"""Whether a list can be believed: its probes, what their answers prove, and points that no cache holds."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import RFC5782_SELFTEST, Blocklist, Claim, Kind, SelfTest
from rblwatch.core.question import Absent, Answer, Failed, Found, Reason
from rblwatch.core.soundness import (
    Expectation,
    Flaw,
    Probe,
    ProbeAnswer,
    Soundness,
    State,
    assess,
    carries_kind,
    fresh_point,
    probes,
    worth_asking,
)
from rblwatch.core.target import DOCUMENTATION_RANGES, Family, parse_address, remark
from rblwatch.core.verdict import Unknown, judge
from tests.unit.samples import PLAIN, found, row
from tests.unit.strategies import answers, blocklists

POSITIVE = Probe(parse_address("127.0.0.2"), Expectation.LISTED)
NEGATIVE = Probe(parse_address("127.0.0.1"), Expectation.CLEAR)
FRESH = Probe(parse_address("203.0.113.77"), Expectation.CLEAR)

LISTS = found("127.0.0.2", ttl_s=300)
NOTHING = Absent(ttl_s=60)
REFUSAL = found("127.255.255.254")
TIMEOUT = Failed(Reason.TIMEOUT, "no answer from 127.0.0.1:53 within 4 s")


def answered(*pairs: tuple[Probe, Answer]) -> list[ProbeAnswer]:
    return [ProbeAnswer(probe, answer) for probe, answer in pairs]


def three(positive: Answer, negative: Answer, fresh: Answer) -> list[ProbeAnswer]:
    return answered((POSITIVE, positive), (NEGATIVE, negative), (FRESH, fresh))


@pytest.mark.parametrize(
    ("probed", "state", "reason", "flaw"),
    [
        # The everyday case: the test point is listed, nothing else is.
        (three(LISTS, NOTHING, NOTHING), State.SOUND, None, None),
        # A code that the table lacks is a listing too (Suomispam answers 127.0.0.99).
        (three(found("127.0.0.99"), NOTHING, NOTHING), State.SOUND, None, None),
        # Every point is listed: it lists everybody.
        (three(LISTS, LISTS, LISTS), State.UNSOUND, Reason.UNSOUND, Flaw.WILDCARD),
        # Only one negative point is listed: a zone that went wildcard after the other one was cached.
        (three(LISTS, NOTHING, LISTS), State.UNSOUND, Reason.UNSOUND, Flaw.WILDCARD),
        (three(LISTS, LISTS, NOTHING), State.UNSOUND, Reason.UNSOUND, Flaw.WILDCARD),
        # Emptied, or a router that strips answers and leaves the names: it can't see listings.
        (three(NOTHING, NOTHING, NOTHING), State.UNSOUND, Reason.UNSOUND, Flaw.SILENT),
        (three(Absent(60, exists=True), NOTHING, NOTHING), State.UNSOUND, Reason.UNSOUND, Flaw.STRIPPED),
        # Just the wrong way round.
        (three(NOTHING, LISTS, LISTS), State.UNSOUND, Reason.UNSOUND, Flaw.INVERTED),
        # A wrong answer outweighs one that is missing.
        (three(TIMEOUT, LISTS, NOTHING), State.UNSOUND, Reason.UNSOUND, Flaw.WILDCARD),
        (three(NOTHING, TIMEOUT, TIMEOUT), State.UNSOUND, Reason.UNSOUND, Flaw.SILENT),
        (three(REFUSAL, NOTHING, LISTS), State.UNSOUND, Reason.UNSOUND, Flaw.WILDCARD),
        # No answer at all, or only half of the proof.
        (three(TIMEOUT, TIMEOUT, TIMEOUT), State.UNREACHABLE, Reason.TIMEOUT, None),
        (three(LISTS, NOTHING, TIMEOUT), State.UNREACHABLE, Reason.TIMEOUT, None),
        (three(Failed(Reason.SERVFAIL), NOTHING, NOTHING), State.UNREACHABLE, Reason.SERVFAIL, None),
        (three(Failed(Reason.NETWORK), NOTHING, NOTHING), State.UNREACHABLE, Reason.NETWORK, None),
        # The first point that failed gives the reason, the positive one before the negative ones.
        (three(Failed(Reason.SERVFAIL), Failed(Reason.REFUSED), TIMEOUT), State.UNREACHABLE, Reason.SERVFAIL, None),
        # It refuses us: with a code (Spamhaus through a public resolver), or in the protocol's own words.
        (three(REFUSAL, REFUSAL, REFUSAL), State.REFUSING, Reason.REFUSAL_CODE, None),
        (three(LISTS, REFUSAL, NOTHING), State.REFUSING, Reason.REFUSAL_CODE, None),
        (three(Failed(Reason.REFUSED), NOTHING, NOTHING), State.REFUSING, Reason.REFUSED, None),
        # The resolver rewrites NXDOMAIN, filters, or sends what can't be read.
        (three(LISTS, found("198.51.100.1"), found("198.51.100.1")), State.UNSOUND, Reason.NOT_A_DNSBL_ANSWER, None),
        (three(Failed(Reason.FILTERED), NOTHING, NOTHING), State.UNSOUND, Reason.FILTERED, None),
        (three(Failed(Reason.MALFORMED), NOTHING, NOTHING), State.UNSOUND, Reason.MALFORMED, None),
        # A parked zone: the same foreign address for every name.
        (three(*[found("91.195.240.117")] * 3), State.UNSOUND, Reason.NOT_A_DNSBL_ANSWER, None),
        # No point to test the positive side with.
        (answered((FRESH, NOTHING)), State.UNVERIFIED, None, None),
        (answered((FRESH, LISTS)), State.UNSOUND, Reason.UNSOUND, Flaw.WILDCARD),
        (answered((FRESH, TIMEOUT)), State.UNREACHABLE, Reason.TIMEOUT, None),
        # Nothing was asked, so nothing is proven.
        ([], State.UNREACHABLE, Reason.UNSOUND, None),
    ],
)
def test_each_set_of_answers_proves_a_state(
    probed: list[ProbeAnswer], state: State, reason: Reason | None, flaw: Flaw | None
) -> None:
    soundness = assess(PLAIN, probed)
    assert (soundness.state, soundness.reason, soundness.flaw) == (state, reason, flaw)
    assert soundness.trusted == worth_asking(probed, PLAIN) == (state in (State.SOUND, State.UNVERIFIED))


@pytest.mark.parametrize(
    ("blocklist", "probed", "state", "flaw"),
    [
        # A good word for a point that nobody vouches for is as wrong as a bad one.
        (replace(PLAIN, kind=Kind.ALLOW), three(LISTS, NOTHING, LISTS), State.UNSOUND, Flaw.WILDCARD),
        (replace(PLAIN, kind=Kind.ALLOW), three(LISTS, NOTHING, NOTHING), State.SOUND, None),
        # A reputation scale that has a number for everybody.
        (
            replace(PLAIN, codes=(row("127.0.0.2", claim=Claim.NEUTRAL),)),
            three(LISTS, NOTHING, LISTS),
            State.UNSOUND,
            Flaw.WILDCARD,
        ),
        # The code of the test point is one that the admin ignores: the list works all the same.
        (replace(PLAIN, ignored=LISTS.addresses), three(LISTS, NOTHING, NOTHING), State.SOUND, None),
        # The admin accepted the listing of the fresh point's address: that it is listed is wrong all the same.
        (
            replace(PLAIN, accepted=frozenset({FRESH.target})),
            three(LISTS, NOTHING, LISTS),
            State.UNSOUND,
            Flaw.WILDCARD,
        ),
    ],
)
def test_a_right_answer_is_one_of_the_right_kind(
    blocklist: Blocklist, probed: list[ProbeAnswer], state: State, flaw: Flaw | None
) -> None:
    soundness = assess(blocklist, probed)
    assert (soundness.state, soundness.flaw) == (state, flaw)


@pytest.mark.parametrize(
    ("probed", "detail"),
    [
        (three(LISTS, NOTHING, LISTS), "lists 203.0.113.77, which it must not: it lists everything"),
        (three(NOTHING, LISTS, LISTS), "lists 127.0.0.1, which it must not, and not its test point 127.0.0.2"),
        (
            three(NOTHING, NOTHING, NOTHING),
            "does not list its test point 127.0.0.2, so its 'not listed' means nothing",
        ),
        (three(TIMEOUT, NOTHING, NOTHING), "no answer from 127.0.0.1:53 within 4 s for its test point 127.0.0.2"),
        (three(Failed(Reason.SERVFAIL), NOTHING, NOTHING), "servfail for its test point 127.0.0.2"),
        (three(LISTS, REFUSAL, NOTHING), "answered 127.255.255.254 for its test point 127.0.0.1"),
        (
            three(LISTS, found("198.51.100.1", "198.51.100.2"), NOTHING),
            "answered 198.51.100.1, 198.51.100.2 for its test point 127.0.0.1",
        ),
        (answered((FRESH, NOTHING)), "the list has no self-test; its negative side was probed"),
        ([], "no probe was asked"),
        (three(LISTS, NOTHING, NOTHING), ""),
    ],
)
def test_a_state_is_explained(probed: list[ProbeAnswer], detail: str) -> None:
    assert assess(PLAIN, probed).detail == detail


@pytest.mark.parametrize(
    ("family", "points"),
    [
        # A probe vouches for its own family only.
        (Family.IPV4, ["127.0.0.2 listed", "127.0.0.1 clear", "203.0.113.77 clear"]),
        (Family.IPV6, ["::ffff:7f00:2 listed", "::ffff:7f00:1 clear", "203.0.113.77 clear"]),
        (Family.NAME, ["test listed", "invalid clear", "203.0.113.77 clear"]),
    ],
)
def test_the_probes_are_the_points_of_the_family_and_a_fresh_one(family: Family, points: list[str]) -> None:
    asked = probes(replace(PLAIN, selftest=RFC5782_SELFTEST), family, FRESH.target)
    assert [f"{probe.target} {probe.expected}" for probe in asked] == points


def test_a_list_without_a_self_test_is_probed_on_the_negative_side_only() -> None:
    untested = replace(PLAIN, selftest=SelfTest())
    assert probes(untested, Family.IPV4, FRESH.target) == (FRESH,)
    assert probes(untested, Family.IPV4, None) == ()


@given(blocklists, st.sampled_from(Family), st.lists(answers, min_size=3, max_size=3), answers)
def test_a_list_that_fails_its_probes_yields_only_unknowns(
    blocklist: Blocklist, family: Family, said: list[Answer], answer: Answer
) -> None:
    """Law 3."""
    asked = probes(blocklist, family, fresh_point(family, 0))
    soundness = assess(blocklist, [ProbeAnswer(probe, one) for probe, one in zip(asked, said, strict=True)])
    assert soundness.trusted or isinstance(judge(answer, blocklist, soundness.reason), Unknown)


@given(blocklists, st.lists(answers, min_size=3, max_size=3))
def test_a_sound_list_lists_its_point_and_no_other(blocklist: Blocklist, said: list[Answer]) -> None:
    asked = probes(blocklist, Family.IPV4, FRESH.target)
    if assess(blocklist, [ProbeAnswer(probe, one) for probe, one in zip(asked, said, strict=True)]).trusted:
        assert isinstance(said[0], Found)
        assert [type(answer) for answer in said[1:]] == [Absent, Absent]


@given(blocklists, st.lists(st.tuples(st.sampled_from([POSITIVE, NEGATIVE, FRESH]), answers), max_size=4))
def test_whatever_was_answered_a_reason_goes_with_every_state_that_is_not_trusted(
    blocklist: Blocklist, pairs: list[tuple[Probe, Answer]]
) -> None:
    soundness = assess(blocklist, answered(*pairs))
    assert (soundness.reason is None) == (soundness.state in (State.SOUND, State.UNVERIFIED))
    assert (soundness.flaw is not None) <= (soundness.state is State.UNSOUND)


numbers = st.integers(0, 2**128)


@pytest.mark.parametrize("number", [0, 500, 2**63 - 1])
def test_counting_meets_all_768_addresses_before_one_comes_again(number: int) -> None:
    points = [fresh_point(Family.IPV4, number + step) for step in range(768)]
    assert len(set(points)) == 768
    assert {
        parse_address(str(host)) for network in DOCUMENTATION_RANGES if network.version == 4 for host in network
    } == set(points)
    assert fresh_point(Family.IPV4, number + 768) == points[0]


@given(numbers, st.sampled_from(Family))
def test_a_fresh_point_is_of_its_family_and_nobodys(number: int, family: Family) -> None:
    point = fresh_point(family, number)
    assert point.family is family
    if family is Family.NAME:
        assert point.text.endswith(".invalid")
    else:
        assert remark(ip_address(point.text)) == "a documentation address"


@given(numbers, st.sampled_from(Family), st.integers(0, 20))
def test_a_fresh_point_is_never_a_registered_one(number: int, family: Family, registered: int) -> None:
    taken = {fresh_point(family, number + step) for step in range(registered)}
    assert fresh_point(family, number, taken) not in taken


@given(numbers, st.sampled_from(Family))
def test_the_next_point_stands_in_the_place_of_a_registered_one(number: int, family: Family) -> None:
    assert fresh_point(family, number, {fresh_point(family, number)}) == fresh_point(family, number + 1)


@pytest.mark.parametrize("number", [0, 500, 2**63 - 1])
def test_the_last_free_address_is_found(number: int) -> None:
    everything = {fresh_point(Family.IPV4, step) for step in range(768)}
    free = fresh_point(Family.IPV4, number)
    assert fresh_point(Family.IPV4, number + 1, everything - {free}) == free
    # Nothing is free: any will do, since the list is then judged by what the admin registered.
    assert fresh_point(Family.IPV4, number, everything) in everything


@given(st.sampled_from([Family.IPV6, Family.NAME]), st.lists(st.integers(0, 2**64 - 1), unique=True, min_size=2))
def test_each_number_has_a_point_of_its_own(family: Family, chosen: list[int]) -> None:
    assert len({fresh_point(family, number) for number in chosen}) == len(chosen)


ALL = frozenset(Family)


@pytest.mark.parametrize(
    ("kind", "families", "carried"),
    [
        # An address never goes to a domain list, nor a name to an address list, whatever it claims to have.
        (Kind.IP, ALL, {Family.IPV4, Family.IPV6}),
        (Kind.DOMAIN, ALL, {Family.NAME}),
        (Kind.ALLOW, ALL, ALL),
        # A list without IPv6 entries would answer "not listed" to all of it.
        (Kind.IP, frozenset({Family.IPV4}), {Family.IPV4}),
        (Kind.DOMAIN, frozenset({Family.IPV4}), set()),
        (Kind.IP, frozenset({Family.NAME}), set()),
    ],
)
def test_a_list_is_asked_about_what_it_has_entries_for(
    kind: Kind, families: frozenset[Family], carried: set[Family]
) -> None:
    blocklist = replace(PLAIN, kind=kind, families=families)
    assert {family for family in Family if carries_kind(blocklist, family)} == carried


def test_a_sound_list_is_trusted_and_an_unsound_one_is_not() -> None:
    assert Soundness(State.SOUND).trusted
    assert not Soundness(State.UNSOUND, Reason.UNSOUND).trusted


PUBLIC = Probe(parse_address("198.41.0.4"), Expectation.CLEAR)
BOGONS = replace(PLAIN, lists_reserved=True)


def test_a_list_of_unusable_addresses_is_no_wildcard_for_listing_a_documentation_address() -> None:
    rightly = answered((POSITIVE, LISTS), (FRESH, LISTS), (PUBLIC, NOTHING))
    assert assess(BOGONS, rightly).state is State.SOUND
    assert assess(PLAIN, rightly).flaw is Flaw.WILDCARD
    assert assess(BOGONS, answered((POSITIVE, LISTS), (FRESH, LISTS), (PUBLIC, LISTS))).flaw is Flaw.WILDCARD


def test_a_list_whose_key_is_missing_is_refusing() -> None:
    locked = assess(PLAIN, answered((POSITIVE, Failed(Reason.NO_KEY, "cannot be asked without a key"))))
    assert (locked.state, locked.reason) == (State.REFUSING, Reason.NO_KEY)
    assert "without a key" in locked.detail
