"""What an inquiry asks in which order, and what it believes; the lists are scripted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

import pytest

from rblwatch.core.blocklist import Blocklist, Kind, SelfTest, bare
from rblwatch.core.findings import Findings
from rblwatch.core.plan import SLICE_TARGETS, Batch, BatchResult
from rblwatch.core.question import Absent, Answer, Failed, Found, Reason
from rblwatch.core.reading import Reading
from rblwatch.core.soundness import Expectation, ProbeAnswer, State, worth_asking
from rblwatch.core.target import Family, Target, expand, parse_name, parse_range
from rblwatch.core.verdict import Clear, Listed, Unknown
from rblwatch.ports import Purse
from rblwatch.services import inquiry
from rblwatch.services.inquiry import Step

LISTED = Found((IPv4Address("127.0.0.2"),))
CODES = (IPv4Address("127.0.0.2"),)
ZONE = bare("bl.example")

Script = Callable[[Batch, Target], Answer]


def ip(text: str) -> Target:
    return Target(text, Family.IPV6 if ":" in text else Family.IPV4)


def listing(*targets: Target) -> Script:
    """A well-behaved list with these entries."""
    return lambda _, target: LISTED if target in (*targets, *ZONE.selftest.listed) else Absent()


@dataclass
class ScriptedLookup:
    """Answers as its script says; like the engine, it asks no targets of a list that fails its probes."""

    script: Script
    batches: list[Batch] = field(default_factory=list)
    worded: list[Target] = field(default_factory=list)

    async def ask(self, batch: Batch, purse: Purse | None = None) -> BatchResult:
        self.batches.append(batch)
        probes = tuple(ProbeAnswer(probe, self.script(batch, probe.target)) for probe in batch.probes)
        asked = batch.targets if worth_asking(probes, batch.blocklist) else ()
        answers = {target: self.script(batch, target) for target in asked}
        return BatchResult(
            nameserver="127.0.0.1:53",
            probes=probes,
            asked=len(answers),
            absent=sum(isinstance(answer, Absent) for answer in answers.values()),
            found={target: answer for target, answer in answers.items() if isinstance(answer, Found)},
            failed={target: answer for target, answer in answers.items() if isinstance(answer, Failed)},
        )

    async def texts(
        self, blocklist: Blocklist, targets: Sequence[Target], purse: Purse | None = None
    ) -> dict[Target, str]:
        self.worded += targets
        return {target: f"{blocklist.id} has {target}" for target in targets}


@dataclass
class ScriptedNames:
    known: dict[Target, tuple[Target, ...] | None]

    async def addresses(self, name: Target) -> tuple[Target, ...] | None:
        return self.known[name]


async def ask(lookup: ScriptedLookup, *targets: Target, blocklist: Blocklist = ZONE) -> Reading:
    (reading,) = await inquiry.hold(lookup, inquiry.conversations([blocklist], targets))
    return reading


async def test_a_listing_is_shown_after_a_second_point_that_no_cache_can_hold() -> None:
    # The listed address is one that a fresh point could be: neither point may be it, nor the other one.
    lookup = ScriptedLookup(listing(ip("192.0.2.7")))
    reading = await ask(lookup, ip("192.0.2.7"), ip("192.0.2.8"))
    first, second = lookup.batches
    fresh = [
        probe.target for probe in first.probes if probe.target not in (*ZONE.selftest.listed, *ZONE.selftest.clear)
    ]
    assert second.targets == ()
    assert second.nameserver == "127.0.0.1:53"
    assert [probe.expected for probe in second.probes] == [Expectation.CLEAR]
    assert len({*fresh, second.probes[0].target, ip("192.0.2.7"), ip("192.0.2.8")}) == 4
    assert isinstance(reading.verdict(ip("192.0.2.7")), Listed)
    assert reading.verdict(ip("192.0.2.8")) == Clear()
    assert reading.texts == {ip("192.0.2.7"): "bl.example has 192.0.2.7"}


async def test_the_two_points_differ_whatever_chance_says() -> None:
    lookup = ScriptedLookup(listing(ip("198.18.0.7")))
    planned = inquiry.conversations([ZONE], [ip("198.18.0.7")])
    await inquiry.hold(lookup, planned, random=lambda: 5)
    assert lookup.batches[0].probes[-1].target != lookup.batches[1].probes[0].target


async def test_a_list_that_turned_wildcard_after_its_probes_were_cached_lists_nobody() -> None:
    """The first batch sees the cached right answers; only the second point shows what the list does now."""
    lookup = ScriptedLookup(
        lambda batch, target: LISTED if not batch.targets else listing(ip("198.18.0.7"))(batch, target)
    )
    reading = await ask(lookup, ip("198.18.0.7"), ip("198.18.0.8"))
    assert (reading.soundness.state, reading.soundness.reason) == (State.UNSOUND, Reason.UNSOUND)
    assert [reading.verdict(target) for target in reading.targets] == [Unknown(Reason.UNSOUND)] * 2
    assert lookup.worded == []


async def test_a_listing_whose_second_point_gets_no_answer_is_unknown_for_that_reason() -> None:
    lookup = ScriptedLookup(
        lambda batch, target: listing(ip("198.18.0.7"))(batch, target) if batch.targets else Failed(Reason.TIMEOUT)
    )
    reading = await ask(lookup, ip("198.18.0.7"))
    assert reading.verdict(ip("198.18.0.7")) == Unknown(Reason.TIMEOUT)


async def test_a_list_with_nothing_on_anybody_is_asked_no_second_point() -> None:
    lookup = ScriptedLookup(listing())
    await ask(lookup, ip("198.18.0.7"))
    assert len(lookup.batches) == 1


async def test_a_dead_list_costs_the_probes_of_one_slice_and_everything_is_unknown() -> None:
    lookup = ScriptedLookup(lambda _, __: Failed(Reason.TIMEOUT))
    targets = [*expand(parse_range("198.18.0.0/18"))]
    planned = inquiry.conversations([ZONE], targets)
    steps: list[Step] = []
    (reading,) = await inquiry.hold(lookup, planned, on_step=steps.append)
    assert len(targets) == 4 * SLICE_TARGETS
    assert len(lookup.batches) == 1
    assert (reading.unknown, reading.clear) == (len(targets), 0)
    assert sum(step.batches for step in steps) == len(planned[0].cohort.slices) == 4


async def test_a_list_that_dies_half_way_says_nothing_of_what_came_before() -> None:
    """Its earlier slices may have been answered by the same lie."""
    first = ip("198.18.0.1")
    lookup = ScriptedLookup(
        lambda batch, target: listing(first)(batch, target) if first in batch.targets or not batch.targets else LISTED
    )
    reading = await ask(lookup, *expand(parse_range("198.18.0.0/18")))
    assert [len(batch.targets) for batch in lookup.batches] == [SLICE_TARGETS, 0, SLICE_TARGETS]
    assert reading.verdict(first) == Unknown(Reason.UNSOUND)
    assert reading.listings == {}
    assert reading.unknown == 4 * SLICE_TARGETS


async def test_a_clear_target_makes_no_object() -> None:
    reading = await ask(ScriptedLookup(listing()), *expand(parse_range("198.18.0.0/18")))
    assert reading.said == {}
    assert reading.clear == 4 * SLICE_TARGETS


async def test_a_failure_keeps_its_own_reason_when_its_list_is_not_believed() -> None:
    listed, failed = ip("198.18.0.7"), ip("198.18.0.8")

    def script(batch: Batch, target: Target) -> Answer:
        if target == failed:
            return Failed(Reason.SERVFAIL)
        return listing(listed)(batch, target) if batch.targets else LISTED

    reading = await ask(ScriptedLookup(script), listed, failed)
    assert reading.verdict(listed) == Unknown(Reason.UNSOUND)
    assert reading.verdict(failed) == Unknown(Reason.SERVFAIL)


async def test_a_list_is_asked_about_the_families_that_it_carries_each_with_its_own_probes() -> None:
    only_ipv4 = bare("four.example", families=frozenset({Family.IPV4}))
    names = bare("names.example", kind=Kind.DOMAIN)
    lookup = ScriptedLookup(listing())
    targets = [ip("198.18.0.7"), ip("2001:db8:100::1"), parse_name("mail.example.org")]
    readings = await inquiry.hold(lookup, inquiry.conversations([ZONE, only_ipv4, names], targets))
    assert [(reading.blocklist.id, reading.family) for reading in readings] == [
        ("bl.example", Family.IPV4),
        ("bl.example", Family.IPV6),
        ("four.example", Family.IPV4),
        ("names.example", Family.NAME),
    ]
    assert all(probe.target.family is batch.family for batch in lookup.batches for probe in batch.probes)


async def test_a_list_without_a_self_test_is_probed_on_its_negative_side_and_its_listings_count() -> None:
    unverified = Blocklist(id="x", zone="x.example", selftest=SelfTest())
    lookup = ScriptedLookup(listing(ip("198.18.0.7")))
    reading = await ask(lookup, ip("198.18.0.7"), blocklist=unverified)
    assert reading.soundness.state is State.UNVERIFIED
    assert reading.verdict(ip("198.18.0.7")) == Listed(CODES, unverified.otherwise.severity, ("listed",))


async def test_a_target_given_twice_is_asked_once() -> None:
    reading = await ask(ScriptedLookup(listing()), ip("198.18.0.7"), ip("198.18.0.7"))
    assert list(reading.targets) == [ip("198.18.0.7")]


@pytest.mark.parametrize(
    ("addresses", "gap"),
    [
        # Nothing is known about addresses that nobody could name: not "clear".
        (None, "the addresses of mail.example.org could not be looked up"),
        ((), "mail.example.org has no address, and no domain list was asked"),
        ((ip("198.18.0.7"),), None),
    ],
)
async def test_what_could_not_be_asked_is_said(addresses: tuple[Target, ...] | None, gap: str | None) -> None:
    name = parse_name("mail.example.org")
    found = await inquiry.addresses_of(ScriptedNames({name: addresses}), [name])
    targets = (name, *(addresses or ()))
    readings = await inquiry.hold(ScriptedLookup(listing()), inquiry.conversations([ZONE], targets))
    findings = Findings(targets=targets, readings=readings, addresses=found)
    assert findings.gaps == ([] if gap is None else [gap])


async def test_a_list_of_whole_domains_is_asked_about_those_only() -> None:
    any_name = bare("any.example", kind=Kind.DOMAIN)
    whole = replace(bare("whole.example", kind=Kind.DOMAIN), registrable=True)
    names = (parse_name("mail.example.org"), parse_name("example.org"))
    planned = inquiry.conversations([any_name, whole], [*names, ip("198.18.0.7")], {names[1]})
    assert [(spoken.blocklist.id, spoken.cohort.targets) for spoken in planned] == [
        ("any.example", names),
        ("whole.example", names[1:]),
    ]
