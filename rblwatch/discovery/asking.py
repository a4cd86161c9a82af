"""Answers what walks ask: each query once a round, and never many at a time.

Owns the way from walks to look-ups. Must not know what is walked, nor keep an answer longer than a round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rblwatch.core.lookup import Query, Reply, Walk
from rblwatch.core.question import Failed, Reason
from rblwatch.ports import Records

T = TypeVar("T")

#: Time-outs, and no answer at all, after which the nameservers count as gone for the rest of the round.
_MOST_SILENCE = 16


class Asker:
    """One round of look-ups."""

    def __init__(self, records: Records, at_once: int) -> None:
        """At most `at_once` queries are on their way at a time."""
        self._records = records
        self._room = asyncio.Semaphore(at_once)
        self._replies: dict[Query, asyncio.Future[Reply]] = {}
        self._silences = 0
        self._answered = False

    @property
    def queries(self) -> int:
        """How many different queries were asked."""
        return len(self._replies)

    async def follow_all(self, walks: Iterable[Walk[T]], width: int) -> list[T]:
        """Follow walks to their ends, `width` at a time; their outcomes in the walks' order."""
        numbered = enumerate(walks)
        outcomes: dict[int, T] = {}
        async with asyncio.TaskGroup() as group:
            for _ in range(width):
                group.create_task(self._work(numbered, outcomes))
        return [outcomes[number] for number in sorted(outcomes)]

    async def _work(self, walks: Iterator[tuple[int, Walk[T]]], outcomes: dict[int, T]) -> None:
        for number, walk in walks:
            outcomes[number] = await self._follow(walk)

    async def _follow(self, walk: Walk[T]) -> T:
        try:
            queries = next(walk)
            while True:
                queries = walk.send(tuple(await asyncio.gather(*map(self._reply, queries))))
        except StopIteration as end:
            outcome: T = end.value
            return outcome

    async def _reply(self, query: Query) -> Reply:
        """The answer of this round: whoever asks first looks it up, the others wait for that."""
        known = self._replies.get(query)
        if known is not None:
            return await asyncio.shield(known)
        known = self._replies[query] = asyncio.get_running_loop().create_future()
        try:
            known.set_result(await self._ask(query))
        finally:
            known.cancel()  # Does nothing to a future that has its result.
        return known.result()

    async def _ask(self, query: Query) -> Reply:
        async with self._room:
            if not self._answered and self._silences >= _MOST_SILENCE:
                return Failed(
                    Reason.TIMEOUT, f"not asked: no nameserver answered any of {self._silences} queries before"
                )
            reply = await self._records.look_up(query)
        if isinstance(reply, Failed) and reply.reason is Reason.TIMEOUT:
            self._silences += 1
        else:
            self._answered = True
        return reply
