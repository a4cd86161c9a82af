"""The traffic with one nameserver.

Owns reading its answers, judging what is overdue, and what silence means. Must not know batches or failover, nor what
follows from an answer. `engine` has the theory of operation.
"""

from __future__ import annotations

import asyncio

import dns.rdatatype

from rblwatch.core.errors import RblwatchError
from rblwatch.core.question import Failed, Reason
from rblwatch.ports import Purse
from rblwatch.resolver import records, wire
from rblwatch.resolver.inquiry import Inquiry
from rblwatch.resolver.nameservers import Nameserver
from rblwatch.resolver.pacing import Paces
from rblwatch.resolver.phase import Flight, Phase
from rblwatch.resolver.reach import Reach
from rblwatch.resolver.roundtrip import MOST_TRANSMISSIONS, RoundTrip
from rblwatch.resolver.sending import Sender
from rblwatch.resolver.sockets import Socket, Sockets
from rblwatch.resolver.tcp import Connections

#: While something is in flight, what is overdue is looked for this often.
_TICK_S = 0.01
#: Answers read from one socket before others have their turn.
_MOST_READ = 256
_MOST_READ_PER_TICK = 16 * _MOST_READ
#: No advertised size is trusted. Source: facts/protocol, section 5.
_LONGEST_REPLY = 4096
#: For how long a question to a silent list takes room in the window: by then it has left the server's queue.
_BRIEF_S = 0.05
#: A nameserver that seems to be away is asked this often, to be sure soon.
_RETRY_S = 0.1
_NOT_PAID = Failed(Reason.NOT_ASKED, "not asked: the questions that the list's operator allows in a day are used up")


class Closed(RblwatchError):
    """The engine was closed while something was asked."""


class Exchange:
    """Asks one nameserver on behalf of many phases at once."""

    def __init__(self, nameserver: Nameserver, paces: Paces, budget_s: float) -> None:
        self.nameserver = nameserver
        self.heard_at = float("-inf")
        """When the nameserver last answered anything."""
        self._paces = paces
        self._budget_s = budget_s
        self._loop = asyncio.get_running_loop()
        self._reach = Reach(nameserver, budget_s)
        self._sockets: Sockets[Flight] = Sockets(nameserver, opened=self._listen, closing=self._unlisten)
        self._connections = Connections(nameserver)
        self._sender = Sender(self._sockets, self._reach, connections=self._connections, told=self._told)
        self._round_trips: dict[str, RoundTrip] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._answers = 0
        """Read since the last tick."""
        self._timed_out = Failed(Reason.TIMEOUT, f"no answer from {nameserver} within {budget_s:g} s")
        self._closed = False

    async def run(self, inquiry: Inquiry, purse: Purse | None = None) -> Phase:
        """Ask until every target of the inquiry has its answer.

        Raises: Closed.
        """
        if self._closed:
            raise self._ended()
        now_s = self._loop.time()
        round_trip = self._round_trips.setdefault(inquiry.blocklist.id, RoundTrip())
        phase = Phase(inquiry, round_trip, self._budget_s, began_at=now_s)
        if not phase.answers.open:
            return phase
        self._sender.phases.append((phase, self._paces.of(inquiry.blocklist, purse)))
        try:
            self._pump(now_s)
            await phase.answers.done
        finally:
            self._sender.withdraw(phase)
        return phase

    async def close(self) -> None:
        """End every phase with `Closed`, and close what is open."""
        self._closed = True
        for phase, _ in self._sender.phases:
            if not phase.answers.done.done():
                phase.answers.done.set_exception(self._ended())
        if self._timer is not None:
            self._timer.cancel()
        self._sockets.close()
        await self._connections.close()

    def _ended(self) -> Closed:
        return Closed(f"the questions to {self.nameserver} were ended: rblwatch is stopping")

    # Reading

    def _listen(self, opened: Socket[Flight]) -> None:
        self._loop.add_reader(opened.sock, self._readable, opened)

    def _unlisten(self, closing: Socket[Flight]) -> None:
        self._loop.remove_reader(closing.sock)

    def _readable(self, source: Socket[Flight]) -> None:
        now_s = self._loop.time()
        self._drain(source, now_s, _MOST_READ)
        self._pump(now_s)

    def _drain(self, source: Socket[Flight], now_s: float, most: int) -> None:
        """Read what is there, and ignore what nobody waits for."""
        receive, waiting = source.receive, source.waiting
        for _ in range(most):
            try:
                reply = receive(_LONGEST_REPLY)
            except OSError as error:
                if not self._reach.refused(error, now_s):
                    return
                continue
            flight = waiting.get(reply[:2])
            if flight is not None and wire.answers(reply, flight.section):
                self._take(flight, reply, now_s)

    def _take(self, flight: Flight, reply: bytes, now_s: float) -> None:
        phase = flight.phase
        self.heard_at = now_s
        self._answers += 1
        self._reach.answered()
        self._sender.window.won(flight.sample, now_s)
        flight.sample = 0
        phase.answered(flight, now_s)
        self._sender.land(flight)
        ttl_s = wire.plain_absence(reply, flight.section)
        if ttl_s is not None:
            phase.answers.count_absence(flight.index, ttl_s)
        elif wire.truncated(reply):
            phase.fetching.add(flight, flight.deadline - now_s)
        else:
            self._settle(flight, reply)

    def _told(self, flight: Flight, reply: bytes | Failed) -> None:
        """Take what came over TCP."""
        if isinstance(reply, Failed):
            flight.phase.answers.settle(flight.index, reply)
            flight.phase.fetching.ended(reply)
        else:
            self._settle(flight, reply)
            flight.phase.fetching.ended(None)
        self._pump(self._loop.time())

    def _settle(self, flight: Flight, reply: bytes) -> None:
        answer = records.read(reply, dns.rdatatype.RdataType(flight.phase.inquiry.kind))
        if isinstance(answer, Failed):
            answer = Failed(answer.reason, f"{self.nameserver} {answer.detail}")
        flight.phase.answers.settle(flight.index, answer)

    # Time

    def _pump(self, now_s: float) -> None:
        """Send what may be sent, and have the next tick come when there is something for it to do."""
        self._sender.pump(now_s)
        phases = self._sender.phases
        if self._timer is not None or not phases:
            return
        next_s = now_s + _TICK_S
        if not any(phase.afloat for phase, _ in phases):
            # Only paces are waited for.
            next_s = max(next_s, min(pace.ready_s() for _, pace in phases))
        self._timer = self._loop.call_at(next_s, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now_s = self._loop.time()
        for source in self._sockets:
            # What has arrived is no time-out, however late it is read.
            self._drain(source, now_s, _MOST_READ_PER_TICK)
        self._sockets.close_retired()
        self._sender.allow_resends(self._answers)
        self._answers = 0
        for phase, pace in self._sender.phases:
            if pace.is_over:
                phase.run_dry(_NOT_PAID, self._timed_out)
            self._judge(phase, now_s)
        if (failure := self._reach.lost(now_s)) is not None:
            self._reach.answered()
            for phase, _ in self._sender.phases:
                self._give_up(phase, failure)
        self._pump(now_s)

    def _judge(self, phase: Phase, now_s: float) -> None:
        """See which answers of a phase are overdue."""
        for flight in phase.expired(now_s, _RETRY_S if self._reach.doubtful else None):
            self._expire(flight, now_s)
        if phase.quiet:
            for flight in phase.flights():
                if now_s - flight.sent_at >= _BRIEF_S:
                    self._sender.free(flight)
        phase.advance(now_s, self._timed_out)

    def _expire(self, flight: Flight, now_s: float) -> None:
        """An answer is overdue: ask again, unless the budget is used up."""
        phase = flight.phase
        self._sender.free(flight)
        phase.round_trip.expired(now_s)
        if phase.heard_at > flight.sent_at:
            self._sender.window.lost(flight.sample, now_s)
        else:
            # The list is silent, which says nothing of the way to the nameserver.
            self._sender.window.forget(flight.sample)
            phase.quiet = True
        flight.sample = 0
        if flight.transmissions < MOST_TRANSMISSIONS and now_s < flight.deadline and not phase.given_up:
            phase.queue_again(flight, now_s)
        else:
            self._exhaust(flight)

    def _exhaust(self, flight: Flight) -> None:
        """A question's budget is used up, and perhaps its list's chance."""
        phase = flight.phase
        failure = self._reach.doubtful or self._timed_out
        dead = phase.is_dead(flight)
        self._sender.land(flight)
        phase.exhaust(flight, failure)
        if dead:
            self._give_up(phase, failure)

    def _give_up(self, phase: Phase, failure: Failed) -> None:
        phase.give_up(failure)
        for flight in phase.flights():
            self._sender.land(flight)
            phase.answers.settle(flight.index, failure)
