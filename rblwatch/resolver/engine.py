"""Asks DNS lists, batch by batch: probes first, then targets, through one nameserver that answers.

Owns batches, their phases, and failover between nameservers. Must not judge a list: `core.soundness` does.

Theory of operation
-------------------
Almost every answer is "not listed", so the engine is built for that one. A batch is one coroutine that awaits one
future per *phase* (its probes, then its targets). Below that there are no coroutines, tasks, futures or timers:

- An `Exchange` has the traffic with one nameserver: a few connected UDP sockets, and all phases that ask it. Phases
  take turns of a few questions, so many batches share the nameserver and none waits for another.
- A question's bytes are joined when its turn comes. While it waits for its answer it is a `Flight`, of which there
  are never more than the window allows; when the answer is a plain "no such name", which is seen from its bytes, a
  counter goes up and nothing remains. Anything else is parsed by dnspython (`records`) and kept.
- A reader callback per socket drains whatever arrived, then sends what the answers made room for. A tick, every
  10 ms while something is in flight, reads first and then looks for overdue answers. `RoundTrip` says when an answer
  is overdue, `Window` how many may be under way, `Buckets` when the next may leave. These three read no clock.
- A reply counts only with QR, the right id on the right socket and the very question. Anything else is ignored, and
  the wait goes on.

Silence has three causes, and they must not be taken for each other. Loss on the way: the question is sent again, up
to six times within its budget (timeout x attempts), and once more in a *late pass* at the end if its list answers
others. Congestion: the window shrinks, but only for loss that shrinking ends. A dead list: a list that has not
answered since a question of its own expired is *quiet*; it may have few questions under way, which take no room in
the window for longer than a moment, and it is given up after one budget, so it costs one probe's time and delays
nobody; truncated answers that never come over TCP are no longer fetched after a few time-outs. Where not only the
list but the nameserver was silent, the whole batch is asked of the next nameserver.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from rblwatch.core import settings
from rblwatch.core.blocklist import Blocklist
from rblwatch.core.plan import Batch, BatchResult
from rblwatch.core.question import Answer
from rblwatch.core.soundness import ProbeAnswer, worth_asking
from rblwatch.core.target import Target
from rblwatch.core.text import clean
from rblwatch.ports import Purse
from rblwatch.resolver import wire
from rblwatch.resolver.exchange import Closed, Exchange
from rblwatch.resolver.inquiry import Answers, Inquiry
from rblwatch.resolver.nameservers import Choice, Nameserver, chosen_nameservers, parse_nameserver
from rblwatch.resolver.pacing import Paces
from rblwatch.resolver.phase import Phase
from rblwatch.resolver.records import Words

log = logging.getLogger(__name__)

#: Texts are for people, and long ones come over TCP.
_MOST_TEXTS_AT_ONCE = 50
_LONGEST_TEXT = 500


class Engine:
    """Implements `ports.Lookup`. Any number of batches may be asked at once, all in one event loop."""

    def __init__(self, resolver: settings.Resolver) -> None:
        """Take the settings in; nothing is opened before the first question.

        Raises: NotANameserver; NoNameserver.
        """
        self._choice = Choice(chosen_nameservers(resolver.nameservers))
        self._budget_s = resolver.timeout.total_seconds() * resolver.attempts
        self._paces = Paces(resolver.queries_per_second)
        self._exchanges: dict[Nameserver, Exchange] = {}
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all sockets; whatever is still being asked raises `Closed`."""
        self._closed = True
        for exchange in self._exchanges.values():
            await exchange.close()

    async def ask(self, batch: Batch, purse: Purse | None = None) -> BatchResult:
        """Ask a batch, as `ports.Lookup` says.

        Raises: NotANameserver for a pinned nameserver that is none; Closed.
        """
        first: BatchResult | None = None
        questions = 0
        tried: list[Nameserver] = []
        candidates = self._candidates(batch.nameserver)
        for nameserver in candidates:
            if tried and purse is not None and purse.left <= len(batch.probes):
                # Half a self-test through another nameserver would say less than the silence of this one.
                break
            if tried:
                log.info("resolver.next_nameserver", extra={"nameserver": str(nameserver), "silent": str(tried[-1])})
            asked, deserted = await self._ask_through(self._exchange(nameserver), batch, purse)
            questions += asked.questions
            if not deserted:
                log.debug("resolver.batch_asked", extra={"blocklist": batch.blocklist.id, "questions": questions})
                return replace(asked, questions=questions)
            first = first or asked
            tried.append(nameserver)
            if batch.nameserver is None:
                self._choice.set_aside(nameserver, asyncio.get_running_loop().time())
        if batch.nameserver is None and len(tried) == len(candidates):
            for nameserver in tried:
                # All of them silent: that says more about the list, or about our network, than about any of them.
                self._choice.restore(nameserver)
        assert first is not None
        return replace(first, questions=questions)

    async def texts(
        self, blocklist: Blocklist, targets: Sequence[Target], purse: Purse | None = None
    ) -> dict[Target, str]:
        """Ask for the list's own words, as `ports.Lookup` says.

        Raises: Closed.
        """
        inquiry = Inquiry(
            blocklist=blocklist, targets=targets, kind=wire.TXT, most_at_once=_MOST_TEXTS_AT_ONCE, live=True
        )
        phase = await self._exchange(self._candidates(None)[0]).run(inquiry, purse)
        told = {target: _told(words) for target, words in phase.answers.words.items()}
        return {target: text for target, text in told.items() if text}

    def _candidates(self, pinned: str | None) -> list[Nameserver]:
        if pinned is not None:
            return [parse_nameserver(pinned)]
        return self._choice.order(asyncio.get_running_loop().time())

    def _exchange(self, nameserver: Nameserver) -> Exchange:
        if self._closed:
            raise Closed("the engine is closed: rblwatch is stopping")
        if nameserver not in self._exchanges:
            self._exchanges[nameserver] = Exchange(nameserver, self._paces, self._budget_s)
        return self._exchanges[nameserver]

    async def _ask_through(self, exchange: Exchange, batch: Batch, purse: Purse | None) -> tuple[BatchResult, bool]:
        """Ask a batch of one nameserver; say besides whether that one seems to be gone."""
        points = tuple(dict.fromkeys(probe.target for probe in batch.probes))
        inquiry = Inquiry(blocklist=batch.blocklist, targets=points, keep_absences=True)
        probing = await exchange.run(inquiry, purse)
        probes = tuple(ProbeAnswer(probe, _answer(probing.answers, probe.target)) for probe in batch.probes)
        probed = BatchResult(nameserver=str(exchange.nameserver), probes=probes, questions=probing.transmissions)
        if batch.probes and not worth_asking(probes, batch.blocklist):
            return probed, _gone(exchange, probing)
        inquiry = Inquiry(blocklist=batch.blocklist, targets=batch.targets, live=bool(batch.probes))
        asking = await exchange.run(inquiry, purse)
        answers = asking.answers
        asked = replace(
            probed,
            asked=answers.absent + len(answers.found) + len(answers.failed),
            absent=answers.absent,
            found=answers.found,
            failed=answers.failed,
            negative_ttl_s=answers.negative_ttl_s,
            questions=probing.transmissions + asking.transmissions,
        )
        return asked, _gone(exchange, asking)


def _gone(exchange: Exchange, phase: Phase) -> bool:
    """Whether the nameserver answered nobody for as long as it was silent in this phase."""
    return phase.deserted and exchange.heard_at <= phase.silent_since


def _answer(answers: Answers, target: Target) -> Answer:
    return answers.found.get(target) or answers.failed.get(target) or answers.absences[target]


def _told(words: Words) -> str:
    """Join a list's texts, in an order of their own: the one received changes with every answer."""
    texts = (text.decode("utf-8", "replace") for text in sorted(words.texts))
    return clean(" ".join(texts), _LONGEST_TEXT)
