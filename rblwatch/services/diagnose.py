"""Examine the nameservers that are asked: what each of them does to the answers of the configured lists.

Owns which questions an examination consists of, and that each goes to the nameserver in question. Must not say what the
answers mean. It asks the points of configured lists, documentation addresses and names below `invalid`: nothing that
would tell anybody about a server, and nothing of lists that are not asked anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from rblwatch.core.blocklist import Blocklist, Kind, bare
from rblwatch.core.examination import Examination, Heard
from rblwatch.core.plan import Batch
from rblwatch.core.question import Answer
from rblwatch.core.soundness import Expectation, Probe, carries_kind, fresh_point, probes
from rblwatch.core.target import Family, Target
from rblwatch.ports import Clock, Lookup, Nameservers

#: Nothing exists below it. Source: RFC 6761 section 6.4.
_NOWHERE = bare("invalid", kind=Kind.DOMAIN)
#: A random float has 53 random bits.
_CHANCES = 2**53

Lane = tuple[Blocklist, Family]


def lanes_of(blocklists: Iterable[Blocklist], families: Iterable[Family] = tuple(Family)) -> tuple[Lane, ...]:
    """What is asked of each nameserver: every list, for each of these families that it carries."""
    wanted = tuple(families)
    return tuple((one, family) for one in blocklists for family in wanted if carries_kind(one, family))


class Examiner:
    """Examines nameservers through the lists that are asked."""

    def __init__(self, lookup: Lookup, nameservers: Nameservers, clock: Clock) -> None:
        self._lookup = lookup
        self._nameservers = nameservers
        self._clock = clock

    async def examine(
        self, lanes: Sequence[Lane], on_lane: Callable[[str], object] = lambda _: None
    ) -> tuple[Examination, ...]:
        """Examine every nameserver, all at once; `on_lane` hears the id of each list that has answered one of them."""
        return tuple(await asyncio.gather(*(self._examine(one, lanes, on_lane) for one in self._nameservers.all)))

    async def touch(self, nameserver: str, heard: tuple[Heard, ...]) -> Examination:
        """Complete an examination whose lists were asked already: nothing more is asked of them."""
        nothing, over_tcp = await asyncio.gather(self._nothing(nameserver), self._nameservers.over_tcp(nameserver))
        return Examination(nameserver=nameserver, heard=heard, nothing=nothing, over_tcp=over_tcp)

    async def _examine(self, nameserver: str, lanes: Sequence[Lane], on_lane: Callable[[str], object]) -> Examination:
        hearing = asyncio.gather(*(self._hear(nameserver, lane, on_lane) for lane in lanes))
        touched, heard = await asyncio.gather(self.touch(nameserver, ()), hearing)
        return replace(touched, heard=tuple(heard))

    async def _nothing(self, nameserver: str) -> Answer:
        """What is said of a name that does not exist."""
        name = Target(f"rblwatch-{self._number():014x}", Family.NAME)
        probe = Probe(name, Expectation.CLEAR)
        batch = Batch(blocklist=_NOWHERE, family=Family.NAME, probes=(probe,), nameserver=nameserver)
        (answered,) = (await self._lookup.ask(batch)).probes
        return answered.answer

    async def _hear(self, nameserver: str, lane: Lane, on_lane: Callable[[str], object]) -> Heard:
        blocklist, family = lane
        points = probes(blocklist, family, fresh_point(family, self._number()))
        batch = Batch(blocklist=blocklist, family=family, probes=points, nameserver=nameserver)
        began_s = self._clock.monotonic_s()
        outcome = await self._lookup.ask(batch)
        on_lane(blocklist.id)
        return Heard(blocklist, family, outcome.probes, self._clock.monotonic_s() - began_s)

    def _number(self) -> int:
        return int(self._clock.random() * _CHANCES)
