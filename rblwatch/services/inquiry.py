"""Asking right now: what every list says of some targets, and whether the lists can be believed. Nothing is remembered.

Owns the order of an inquiry: probes, targets, a second probe before a listing is believed, the list's own words. Must
not print, and must not know where lists and targets were named.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.plan import SLICE_TARGETS, Batch
from rblwatch.core.reading import Reading, believed, verdicts
from rblwatch.core.soundness import Expectation, Probe, Soundness, assess, carries_kind, fresh_point, probes
from rblwatch.core.target import Family, Target
from rblwatch.core.verdict import Listed, Verdict
from rblwatch.ports import Lookup, Names


@dataclass(frozen=True, slots=True)
class Cohort:
    """Targets of one family, in the slices in which every list is asked about them."""

    family: Family
    targets: tuple[Target, ...]
    slices: tuple[tuple[Target, ...], ...]
    """At least one."""
    taken: frozenset[Target]
    """Points that no fresh probe may use."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Everything that is asked of one list about one family."""

    blocklist: Blocklist
    cohort: Cohort


@dataclass(frozen=True, slots=True)
class Step:
    """How far an inquiry got since the step before."""

    batches: int
    """Batches that came back, or that a failed probe made needless."""
    reading: Reading | None = None
    """Of the conversation that ended."""


def conversations(
    blocklists: Iterable[Blocklist], targets: Iterable[Target], registrable: Collection[Target] = ()
) -> tuple[Conversation, ...]:
    """What is to be asked, in the order of the lists; a list is not asked about families that it does not carry.

    `registrable` are the names that are whole domains: some lists know no others.
    """
    every = tuple(targets)
    whole = _cohorts(target for target in every if target in registrable)
    cohorts = _cohorts(every)
    return tuple(
        conversation
        for blocklist in blocklists
        for conversation in _paired([blocklist], whole if blocklist.registrable else cohorts)
    )


async def addresses_of(names: Names, targets: Iterable[Target]) -> dict[Target, tuple[Target, ...] | None]:
    """The addresses of each target that is a name; None where they could not be looked up."""
    wanted = [target for target in dict.fromkeys(targets) if target.family is Family.NAME]
    found = await asyncio.gather(*(names.addresses(target) for target in wanted))
    return dict(zip(wanted, found, strict=True))


async def hold(
    lookup: Lookup,
    planned: Iterable[Conversation],
    *,
    on_step: Callable[[Step], object] = lambda _: None,
    random: Callable[[], int] = lambda: secrets.randbits(63),
) -> tuple[Reading, ...]:
    """Hold all conversations at once; one reading each, in their order.

    `random` gives large numbers, from which come the points that no cache can hold.
    """
    inquirer = _Inquirer(lookup, on_step, random)
    return tuple(await asyncio.gather(*(inquirer.read(conversation) for conversation in planned)))


@dataclass(frozen=True, slots=True)
class _Inquirer:
    lookup: Lookup
    on_step: Callable[[Step], object]
    random: Callable[[], int]

    async def read(self, conversation: Conversation) -> Reading:
        """Ask slice by slice, until all is asked or the list fails a probe; then nothing that it said counts.

        Slices follow one another: a dead list costs the probes of one, and no question waits in memory for its turn.
        """
        blocklist, cohort = conversation.blocklist, conversation.cohort
        soundness = assess(blocklist, ())
        said: dict[Target, Verdict] = {}
        for number, targets in enumerate(cohort.slices, start=1):
            soundness, found = await self._slice(conversation, targets)
            said |= found
            if not soundness.trusted or number == len(cohort.slices):
                break
            self.on_step(Step(1))
        reading = Reading(
            blocklist=blocklist,
            family=cohort.family,
            soundness=soundness,
            targets=cohort.targets,
            said=believed(said, soundness),
            texts=await self._texts(blocklist, said) if soundness.trusted else {},
        )
        self.on_step(Step(len(cohort.slices) - number + 1, reading))
        return reading

    async def _slice(
        self, conversation: Conversation, targets: tuple[Target, ...]
    ) -> tuple[Soundness, dict[Target, Verdict]]:
        blocklist, cohort = conversation.blocklist, conversation.cohort
        fresh = fresh_point(cohort.family, self.random(), cohort.taken)
        asked = probes(blocklist, cohort.family, fresh)
        outcome = await self.lookup.ask(Batch(blocklist=blocklist, family=cohort.family, probes=asked, targets=targets))
        soundness = assess(blocklist, outcome.probes)
        if not soundness.trusted:
            return soundness, {}
        said = verdicts(blocklist, outcome)
        if any(isinstance(verdict, Listed) for verdict in said.values()):
            second = await self._second_look(conversation, outcome.nameserver, fresh)
            soundness = soundness if second.trusted else second
        return soundness, said

    async def _second_look(self, conversation: Conversation, nameserver: str, before: Target) -> Soundness:
        """Ask one more point that must not be listed, and that no cache can hold.

        The first probes may have been answered from a cache that was filled before the list began to list everything.
        """
        blocklist, cohort = conversation.blocklist, conversation.cohort
        fresh = fresh_point(cohort.family, self.random(), cohort.taken | {before})
        probe = Probe(fresh, Expectation.CLEAR)
        batch = Batch(blocklist=blocklist, family=cohort.family, probes=(probe,), nameserver=nameserver)
        return assess(blocklist, (await self.lookup.ask(batch)).probes)

    async def _texts(self, blocklist: Blocklist, said: dict[Target, Verdict]) -> dict[Target, str]:
        listed = [target for target, verdict in said.items() if isinstance(verdict, Listed)]
        return await self.lookup.texts(blocklist, listed) if listed else {}


def _paired(blocklists: Iterable[Blocklist], cohorts: list[Cohort]) -> tuple[Conversation, ...]:
    return tuple(
        Conversation(blocklist, cohort)
        for blocklist in blocklists
        for cohort in cohorts
        if carries_kind(blocklist, cohort.family)
    )


def _cohorts(targets: Iterable[Target]) -> list[Cohort]:
    unique = tuple(dict.fromkeys(targets))
    chosen = {family: tuple(target for target in unique if target.family is family) for family in Family}
    return [_cohort(family, members) for family, members in chosen.items() if members]


def _cohort(family: Family, targets: tuple[Target, ...]) -> Cohort:
    slices = tuple(targets[start : start + SLICE_TARGETS] for start in range(0, len(targets), SLICE_TARGETS))
    return Cohort(family, targets, slices, frozenset(targets))
