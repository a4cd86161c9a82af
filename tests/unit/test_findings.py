from dataclasses import replace
from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Kind, Severity, bare
from rblwatch.core.conclusion import Alarm, Exit
from rblwatch.core.domain import Domains
from rblwatch.core.findings import Findings
from rblwatch.core.question import Reason
from rblwatch.core.reading import Reading, believed, overall
from rblwatch.core.soundness import Soundness, State
from rblwatch.core.target import Family, Target
from rblwatch.core.verdict import Clear, Listed, Unknown, Verdict

TARGETS = tuple(Target(f"198.18.0.{number}", Family.IPV4) for number in range(5))
LISTED = Listed((IPv4Address("127.0.0.2"),), Severity.MINOR)
SOUND = Soundness(State.SOUND)
DEAD = Soundness(State.UNREACHABLE, Reason.TIMEOUT)

verdicts = st.sampled_from([LISTED, Clear((IPv4Address("127.0.0.3"),)), Unknown(Reason.SERVFAIL)])
soundnesses = st.sampled_from([SOUND, Soundness(State.UNVERIFIED), DEAD, Soundness(State.UNSOUND, Reason.UNSOUND)])


def reading(zone: str, soundness: Soundness, said: dict[Target, Verdict]) -> Reading:
    kept = believed(said, soundness)
    return Reading(blocklist=bare(zone), family=Family.IPV4, soundness=soundness, targets=TARGETS, said=kept)


readings = st.builds(
    reading,
    st.sampled_from(["a.example", "b.example"]),
    soundnesses,
    st.dictionaries(st.sampled_from(TARGETS), verdicts),
)


@given(readings)
def test_every_target_is_listed_clear_or_unknown_once(one: Reading) -> None:
    kinds = [type(one.verdict(target)) for target in TARGETS]
    counts = (kinds.count(Listed), kinds.count(Clear), kinds.count(Unknown))
    assert counts == (len(one.listings), one.clear, one.unknown)
    assert sum(counts) == len(TARGETS)


@given(readings)
def test_a_list_in_trouble_says_nothing_but_unknown(one: Reading) -> None:
    if not one.soundness.trusted:
        assert all(isinstance(one.verdict(target), Unknown) for target in TARGETS)


@given(st.lists(readings))
def test_sums_over_lists_are_sums_over_targets(some: list[Reading]) -> None:
    findings = Findings(targets=TARGETS, readings=some)
    tallies = [findings.tally_of(target) for target in TARGETS]
    whole = findings.tally
    assert whole.listed == sum(tally.listed for tally in tallies)
    assert whole.clear == sum(tally.clear for tally in tallies)
    assert whole.unknown == sum(tally.unknown for tally in tallies)


@given(st.lists(soundnesses, min_size=1))
def test_the_state_of_a_list_is_its_worst(some: list[Soundness]) -> None:
    worst = overall(some)
    assert worst in some
    assert worst.trusted is all(soundness.trusted for soundness in some)


def test_nothing_asked_is_no_all_clear() -> None:
    findings = Findings(targets=TARGETS, readings=[])
    assert findings.gaps == ["no list that was asked has entries about IPv4 addresses"]
    assert findings.conclusion is Exit.INCONCLUSIVE
    assert findings.alarm is Alarm.UNKNOWN


def test_the_addresses_of_a_name_need_not_all_have_a_list() -> None:
    """A host has an IPv6 address, and the list that the admin chose has IPv4 entries only."""
    name, other = Target("mail.example.org", Family.NAME), Target("2001:db8:1::1", Family.IPV6)
    readings = [reading("a.example", SOUND, {})]
    findings = Findings(targets=(name, TARGETS[0], other), readings=readings, addresses={name: (TARGETS[0], other)})
    assert findings.gaps == []
    assert findings.conclusion is Exit.DONE


def test_a_list_of_whole_domains_says_nothing_about_a_longer_name() -> None:
    name, whole = Target("mail.example.org", Family.NAME), Target("example.org", Family.NAME)
    zone = replace(bare("names.example", kind=Kind.DOMAIN), registrable=True)
    one = Reading(blocklist=zone, family=Family.NAME, soundness=SOUND, targets=(whole,), said={whole: LISTED})
    findings = Findings(targets=(name, whole), readings=[one], domains=Domains((name, whole), frozenset({whole})))
    assert list(findings.about(name)) == []
    assert [verdict for _, verdict in findings.about(whole)] == [LISTED]
    assert findings.tally_of(name).lists == 0


def test_a_public_suffix_that_was_given_is_a_gap() -> None:
    suffix = Target("co.uk", Family.NAME)
    findings = Findings(targets=(suffix,), readings=[], domains=Domains((), frozenset(), (suffix,)))
    assert findings.gaps == ["co.uk is a public suffix, which no domain list is asked about"]
    assert findings.conclusion is Exit.INCONCLUSIVE
