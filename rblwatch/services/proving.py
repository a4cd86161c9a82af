"""Gather the proof that news wants before it is believed.

Owns the fresh points that no cache can hold, and which pairs of a batch have news that a proof could settle. Must not
decide what a proof settles (that is `core.standing`'s), nor write anything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

from rblwatch.core.blocklist import Blocklist, Kind
from rblwatch.core.plan import Batch, BatchResult, slice_of
from rblwatch.core.soundness import Expectation, Probe, assess, fresh_point
from rblwatch.core.standing import Proof, Wanted, observe, wanted
from rblwatch.core.target import Family, Target
from rblwatch.ports import Clock
from rblwatch.services.answers import circumstances, remarkable, standing_before, verdict_of
from rblwatch.services.asked import Asked, Terms
from rblwatch.services.budgets import Till
from rblwatch.store.database import Store
from rblwatch.store.queries import Queries
from rblwatch.store.rows import Coverage, Pair, Sounding

#: A fresh point is not asked again while a cache may hold it; 768 documentation addresses leave this much room.
_POINTS_REMEMBERED = 600
#: A restart forgets which points were asked; that all of so many are in a cache is too much of a chance.
_POINTS_AT_ONCE = 3
#: A random float has 53 random bits; a larger factor would only add zeros to them.
_CHANCES = 2**53


class Prover:
    """Asks besides what was asked, for one sweeper."""

    def __init__(self, store: Store, lookup: Till, clock: Clock, terms: Terms) -> None:
        self._store = store
        self._lookup = lookup
        self._clock = clock
        self._terms = terms
        registered = frozenset(terms.roster.ids)
        self._points: dict[str, deque[Target]] = {}
        #: One more point that must be clear in every batch; always the same, so that caches spare the operators.
        self.extra: Mapping[Family, Target] = {family: fresh_point(family, 0, registered) for family in Family}
        self._reserved = registered.union(self.extra.values())

    def unheard(self, blocklist: Blocklist, family: Family) -> Target:
        """A point that no cache can hold an answer about."""
        used = self._points.setdefault(blocklist.id, deque(maxlen=_POINTS_REMEMBERED))
        point = fresh_point(family, int(self._clock.random() * _CHANCES), self._reserved.union(used))
        used.append(point)
        return point

    async def prove(self, asked: Asked) -> Asked:
        """Gather the proof that the news in these answers wants, and the list's words on what is new."""
        wants = await self._wants(asked)
        if not wants:
            return asked
        has_positive = any(a.probe.expected is Expectation.LISTED for a in asked.result.probes)
        # The positive points of this very batch were asked when it began, and were right, or it would not be trusted.
        proof = Proof(positive_at=asked.started_at if has_positive else None, has_positive=has_positive)
        told = [target for target, want in wants.items() if want is Wanted.NEGATIVE]
        if not told and has_positive:
            return replace(asked, proof=proof)
        answer = await self._fresh_negative(asked.blocklist, asked.family, asked.result.nameserver)
        proof = replace(proof, negative=assess(asked.blocklist, answer.probes).trusted)
        # A list that was just caught lying is not asked for its words on thousands of targets.
        worded = told if proof.negative and asked.blocklist.kind is not Kind.ALLOW else []
        texts = await self._lookup.texts(asked.blocklist, worded) if worded else {}
        result = replace(asked.result, questions=asked.result.questions + answer.questions)
        return replace(asked, proof=proof, proof_answers=answer.probes, texts=texts, result=result)

    async def _wants(self, asked: Asked) -> dict[Target, Wanted]:
        """Which of the remarkable pairs have news that a proof could settle now."""
        blocklist, ids = asked.blocklist.id, self._terms.roster.ids

        # In the reader's thread to its end: with thousands of targets it would hold up everything else here.
        def wanting(queries: Queries) -> dict[Target, Wanted]:
            rows = queries.pairs(blocklist, [ids[target] for target in asked.targets])
            return dict(self._wanting(asked, rows, queries.coverages(blocklist), queries.soundings(blocklist)))

        return await self._store.read(wanting)

    def _wanting(
        self, asked: Asked, rows: dict[int, Pair], coverages: list[Coverage], soundings: list[Sounding]
    ) -> Iterable[tuple[Target, Wanted]]:
        by_target = {row.target: row for row in rows.values()}
        fresh = Coverage(blocklist=asked.blocklist.id, family=asked.family, slice=asked.slice)
        key = (asked.family, asked.slice)
        coverage = next((row for row in coverages if (row.family, row.slice) == key), fresh)
        seen = (asked.family, asked.result.nameserver)
        sounding = next((row for row in soundings if (row.family, row.nameserver) == seen), None)
        for target in remarkable(asked, by_target):
            bit = slice_of(self._terms.roster.ids[target])[1]
            before = standing_before(asked, by_target.get(target), coverage=coverage, bit=bit)
            observation = observe(before, verdict_of(asked, target), circumstances(asked, target, sounding))
            want = wanted(observation, self._terms.delist_after, asked.at)
            if want is not None:
                yield target, want

    async def _fresh_negative(self, blocklist: Blocklist, family: Family, nameserver: str) -> BatchResult:
        """Ask about points that no cache can hold, through the nameserver whose answers they are to vouch for."""
        unheard = [self.unheard(blocklist, family) for _ in range(_POINTS_AT_ONCE)]
        points = tuple(Probe(point, Expectation.CLEAR) for point in unheard)
        return await self._lookup.ask(Batch(blocklist=blocklist, family=family, probes=points, nameserver=nameserver))
