"""Which fault of a resolver is told, from what lists answer through it."""

from dataclasses import dataclass
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import RFC5782_SELFTEST, Blocklist, SelfTest
from rblwatch.core.diagnosis import diagnose
from rblwatch.core.examination import Contact, Examination, Heard
from rblwatch.core.fault import Diagnosis, Fault
from rblwatch.core.prescriptions import PRESCRIPTIONS
from rblwatch.core.public_resolvers import public_operator, stands_in
from rblwatch.core.question import Absent, Answer, Failed, Found, Reason
from rblwatch.core.soundness import Expectation, Probe, ProbeAnswer, probes
from rblwatch.core.target import Family
from tests.unit import strategies
from tests.unit.samples import found

NONE = Absent(60)
EMPTY = Absent(60, exists=True)
LISTED = found("127.0.0.2")
PAGE = found("146.112.61.104")
PARKED = found("91.195.240.117")
SILENCE = Failed(Reason.TIMEOUT, "no answer from 192.0.2.1:53 within 10 s")
SERVFAIL = Failed(Reason.SERVFAIL, "192.0.2.1:53 answered SERVFAIL")
REFUSED = Failed(Reason.REFUSED, "192.0.2.1:53 answered REFUSED")
FILTERED = Failed(Reason.FILTERED, "192.0.2.1:53 filters: NXDOMAIN with the note blocked")
CUT = Failed(Reason.NETWORK, "truncated its answer, and over TCP failed", over_tcp=True)
OPEN = found("127.255.255.254")


@dataclass(frozen=True)
class Said:
    """What one list answers to its positive point, and to its negative one."""

    listed: Answer = LISTED
    clear: Answer = NONE
    family: Family = Family.IPV4
    keyed: bool = False
    untested: bool = False


def same(answer: Answer) -> Said:
    return Said(answer, answer)


SOUND = Said()


def heard(number: int, said: Said) -> Heard:
    name = f"list{number}"
    selftest = SelfTest() if said.untested else RFC5782_SELFTEST
    blocklist = Blocklist(id=name, zone=f"{name}.example", operator=name, keyed=said.keyed, selftest=selftest)
    points = probes(blocklist, said.family, None)
    answers = {Expectation.LISTED: said.listed, Expectation.CLEAR: said.clear}
    asked = tuple(ProbeAnswer(point, answers[point.expected]) for point in points)
    extra = Probe(probes(Blocklist(id="x", zone="x"), said.family, None)[-1].target, Expectation.CLEAR)
    return Heard(blocklist, said.family, asked or (ProbeAnswer(extra, said.clear),))


def examined(
    *said: Said, nothing: Answer = NONE, over_tcp: Contact = Contact.ANSWERED, host: str = "192.0.2.1"
) -> tuple[Diagnosis, ...]:
    lanes = tuple(heard(number, one) for number, one in enumerate(said))
    return diagnose(Examination(nameserver=f"[{host}]:53", heard=lanes, nothing=nothing, over_tcp=over_tcp))


def faults(diagnoses: tuple[Diagnosis, ...]) -> dict[str, int]:
    """Each fault with the number of lists that it blinds."""
    return {diagnosis.fault.value: len(diagnosis.blinds) for diagnosis in diagnoses}


@pytest.mark.parametrize(
    ("said", "nothing", "told"),
    [
        # A resolver that does nothing wrong, whatever single lists do.
        ([SOUND], NONE, {}),
        ([SOUND, SOUND, SOUND], NONE, {}),
        ([], NONE, {}),  # no list is configured: nothing can be blinded
        ([SOUND, same(SILENCE)], NONE, {}),  # a dead list
        ([same(SILENCE)], NONE, {}),  # the only list is dead; the resolver answers
        ([SOUND, same(NONE)], NONE, {}),  # an emptied list
        ([same(NONE)], NONE, {}),  # the only list was emptied, or has no test points
        ([same(NONE), same(NONE)], NONE, {}),
        ([SOUND, same(LISTED)], NONE, {}),  # a list that lists the world
        ([SOUND, same(PARKED)], NONE, {}),  # a parked zone: the list's own trouble
        ([same(PARKED)], NONE, {}),
        ([SOUND, same(found("127.0.0.1"))], NONE, {}),  # one list refuses: its own limits, perhaps
        ([SOUND, same(found("127.255.255.255"))], NONE, {}),  # too many questions
        ([SOUND, same(EMPTY)], NONE, {}),  # one list has no address at its test point, others do
        ([SOUND, same(SERVFAIL)], NONE, {}),
        ([same(SERVFAIL)], NONE, {}),
        ([SOUND, same(REFUSED)], NONE, {}),
        # Dead: nothing at all comes back.
        ([same(SILENCE)], SILENCE, {"dead": 1}),
        ([same(SILENCE), same(SILENCE)], Failed(Reason.NETWORK), {"dead": 2}),
        # It answers, and gets nothing from anywhere.
        ([same(SERVFAIL), same(SILENCE)], NONE, {"cut-off": 2}),
        ([same(SERVFAIL)], SERVFAIL, {"cut-off": 1}),
        ([same(SERVFAIL), same(SERVFAIL), SOUND], NONE, {}),
        # It refuses us.
        ([same(REFUSED)], REFUSED, {"refuses": 1}),
        ([same(REFUSED), same(REFUSED)], NONE, {"refuses": 2}),
        # It says itself that it filters; one list is enough.
        ([SOUND, same(FILTERED)], NONE, {"filters": 1}),
        ([Said(FILTERED, FILTERED), same(FILTERED)], NONE, {"filters": 2}),
        # Block pages: a filter's address, the same address for several, or the one that stands for everything.
        ([SOUND, same(PAGE)], NONE, {"block-page": 1}),
        ([SOUND, Said(found("0.0.0.0"), found("0.0.0.0"))], NONE, {"block-page": 1}),
        ([SOUND, Said(found("192.168.1.1"), NONE)], NONE, {"block-page": 1}),
        ([SOUND, same(PARKED), same(PARKED)], NONE, {"block-page": 2}),
        ([same(PARKED)], PARKED, {"block-page": 1}),  # a captive portal; not told a second time as rewriting
        ([Said(NONE, PAGE, untested=True)], NONE, {"block-page": 1}),
        # Rewriting: the positive points are right, and the others are answered with an address.
        ([Said(LISTED, PARKED)], PARKED, {"rewrites": 1}),
        ([Said(LISTED, PARKED), SOUND], NONE, {"rewrites": 1}),
        ([Said(LISTED, found("127.0.0.1"))], found("127.0.0.1"), {"rewrites": 1}),
        ([Said(LISTED, LISTED)], LISTED, {"rewrites": 1}),  # looks like a wildcard, and is none
        ([SOUND], PARKED, {}),  # it rewrites, but for no list
        # Rebinding protection: the name is there, the address is not.
        ([Said(EMPTY, NONE)], NONE, {"strips": 1}),
        ([Said(EMPTY, NONE), Said(EMPTY, NONE), same(SERVFAIL)], NONE, {"strips": 2}),
        ([Said(EMPTY, NONE), Said(EMPTY, NONE), SOUND], NONE, {"strips": 2}),  # one zone is excepted
        ([SOUND, Said(FILTERED, NONE)], NONE, {"strips": 1}),  # and it says so, as dnsmasq does
        # All lists say that there is no such name.
        ([same(NONE), same(NONE), same(NONE)], NONE, {"hides": 3}),
        ([same(NONE), same(NONE), same(NONE), SOUND], NONE, {}),
        # A public resolver, by what the lists say.
        ([SOUND, same(OPEN)], NONE, {"public-resolver": 1}),
        ([SOUND, same(found("127.0.0.1")), same(found("127.255.255.255"))], NONE, {"public-resolver": 2}),
        ([SOUND, Said(OPEN, OPEN, keyed=True)], NONE, {"public-resolver": 1}),
        ([SOUND, *2 * [Said(found("127.255.255.250"), NONE, keyed=True)]], NONE, {}),  # keys that are used up
        # Two causes at once are two faults.
        ([SOUND, same(OPEN), same(FILTERED)], NONE, {"filters": 1, "public-resolver": 1}),
    ],
)
def test_a_fault_is_told_where_the_resolver_is_to_blame_and_a_list_is_blinded(
    said: list[Said], nothing: Answer, told: dict[str, int]
) -> None:
    assert faults(examined(*said, nothing=nothing)) == told


@pytest.mark.parametrize(
    ("host", "said", "told"),
    [
        ("8.8.8.8", [SOUND], {}),  # public, and no list of ours minds
        ("8.8.8.8", [SOUND, same(found("127.0.0.1"))], {"public-resolver": 1}),
        ("2620:fe::fe", [SOUND, same(REFUSED), same(SERVFAIL)], {"public-resolver": 2}),
        ("9.9.9.9", [SOUND, same(SERVFAIL)], {}),  # a dead list is dead through a public resolver, too
        ("1.1.1.1", [same(REFUSED), same(REFUSED)], {"refuses": 2}),
    ],
)
def test_a_public_resolver_is_known_by_its_address_once_it_is_refused(
    host: str, said: list[Said], told: dict[str, int]
) -> None:
    assert faults(examined(*said, host=host)) == told


@pytest.mark.parametrize(
    ("host", "contact", "fault"),
    [
        ("2001:db8::1", Contact.UNREACHABLE, Fault.NO_IPV6),
        ("2001:db8::1", Contact.CLOSED, Fault.DEAD),  # it was reached, and nobody was there
        ("2001:db8::1", Contact.SILENT, Fault.DEAD),
        ("192.0.2.1", Contact.UNREACHABLE, Fault.DEAD),
        ("192.0.2.1", Contact.ANSWERED, Fault.DEAD),
    ],
)
def test_no_way_to_an_ipv6_address_is_not_a_dead_resolver(host: str, contact: Contact, fault: Fault) -> None:
    (diagnosis,) = examined(same(SILENCE), nothing=SILENCE, host=host, over_tcp=contact)
    assert diagnosis.fault is fault


def test_a_list_without_ipv6_entries_is_not_the_resolvers_fault() -> None:
    ipv6 = Said(EMPTY, NONE, Family.IPV6)
    lanes = (heard(0, SOUND), heard(0, ipv6), heard(1, SOUND), heard(1, ipv6))
    assert diagnose(Examination(nameserver="192.0.2.1:53", heard=lanes)) == ()


@pytest.mark.parametrize("contact", [Contact.CLOSED, Contact.SILENT, Contact.UNREACHABLE])
def test_no_tcp_blinds_the_lists_whose_answers_are_too_long(contact: Contact) -> None:
    assert faults(examined(SOUND, Said(CUT, NONE), over_tcp=contact)) == {"no-tcp": 1}
    # None now; the lists' own words may be too long any day.
    assert faults(examined(SOUND, over_tcp=contact)) == {"no-tcp": 0}


def test_a_list_that_lacks_its_key_says_nothing_about_the_resolver() -> None:
    blocklist = Blocklist(id="keyed", zone="keyed.example", lacks_key=True)
    answers = tuple(ProbeAnswer(p, Failed(Reason.NO_KEY)) for p in probes(blocklist, Family.IPV4, None))
    lane = Heard(blocklist, Family.IPV4, answers)
    assert diagnose(Examination(nameserver="[::1]:53", heard=(lane,))) == ()


def test_every_fault_has_an_effect_and_a_remedy() -> None:
    assert set(PRESCRIPTIONS) == set(Fault)
    for words in PRESCRIPTIONS.values():
        for text in (words.title, words.effect, words.remedy):
            assert text
            assert not text.endswith(".")


@pytest.mark.parametrize(
    ("address", "operator"),
    [
        ("8.8.4.4", "Google Public DNS"),
        ("1.0.0.1", "Cloudflare"),
        ("1.0.0.4", None),
        ("2606:4700:4700::1111", "Cloudflare"),
        ("149.112.112.112", "Quad9"),
        ("127.0.0.53", None),
        ("fe80::1%eth0", None),
    ],
)
def test_public_resolvers_are_known_by_their_addresses(address: str, operator: str | None) -> None:
    assert public_operator(address) == operator


def test_no_code_of_a_blocklist_stands_in_for_anything() -> None:
    assert not any(stands_in(IPv4Address(text)) for text in ("127.0.0.2", "127.255.255.254", "91.195.240.117"))
    assert stands_in(IPv4Address("146.112.61.110"))


says = st.builds(Said, strategies.answers | st.just(EMPTY), strategies.answers, st.sampled_from(Family))


@given(st.lists(says, max_size=6), strategies.answers, st.sampled_from(Contact), st.sampled_from(["192.0.2.1", "::1"]))
def test_whatever_is_answered_only_lists_that_cannot_be_believed_are_called_blinded(
    said: list[Said], nothing: Answer, contact: Contact, host: str
) -> None:
    lanes = [heard(number, one) for number, one in enumerate(said)]
    diagnoses = examined(*said, nothing=nothing, over_tcp=contact, host=host)
    unbelievable = {lane.blocklist.id for lane in lanes if not lane.soundness.trusted}
    assert all(set(diagnosis.blinds) <= unbelievable for diagnosis in diagnoses)
    assert all(diagnosis.blinds or diagnosis.fault is Fault.NO_TCP for diagnosis in diagnoses)
    told = [diagnosis.fault for diagnosis in diagnoses]
    assert len(set(told)) == len(told)


@given(st.lists(st.sampled_from([LISTED, Found((IPv4Address("127.0.0.4"),))]), min_size=1, max_size=5))
def test_nothing_is_told_of_a_resolver_through_which_all_lists_are_sound(codes: list[Answer]) -> None:
    assert examined(*(Said(code, NONE) for code in codes)) == ()
