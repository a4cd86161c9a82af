"""The traffic with one nameserver.

Owns what is sent when, what is read, and what a time-out means for the window. Must not know batches or failover, nor
what follows from an answer. `engine` has the theory of operation.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial

import dns.rdatatype

from rblwatch.core.errors import RblwatchError
from rblwatch.core.question import Failed, Reason
from rblwatch.resolver import records, wire
from rblwatch.resolver.nameservers import Nameserver
from rblwatch.resolver.pacing import Pace, Paces
from rblwatch.resolver.phase import Flight, Inquiry, Phase
from rblwatch.resolver.reach import Reach
from rblwatch.resolver.roundtrip import MOST_TRANSMISSIONS, RoundTrip
from rblwatch.resolver.sockets import Socket, Sockets
from rblwatch.resolver.tcp import Connections
from rblwatch.resolver.window import Window

#: While something is in flight, time-outs are judged this often.
_TICK_S = 0.01
#: Answers read from one socket before others get their turn, and questions sent for one list before the next.
_MOST_READ = 256
_MOST_DRAINS = 16
_TURN = 8
#: No advertised size is trusted. Source: facts/protocol, section 5.
_LONGEST_REPLY = 4096
#: For how long a question to a silent list takes room in the window: by then it has left the server's queue.
_BRIEF_S = 0.05
#: A nameserver that seems to be away is asked this often, to be sure soon.
_RETRY_S = 0.1
#: Questions sent again per tick: so many, or half as many again as the answers read since the last one.
_LEAST_RESENDS = 8
_RESENDS_PER_ANSWER = 1.5


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
        self._sockets: Sockets[Flight] = Sockets(nameserver, opened=self._listen, closing=self._unlisten)
        self._connections = Connections(nameserver)
        self._window = Window()
        self._round_trips: dict[str, RoundTrip] = {}
        self._phases: deque[tuple[Phase, Pace]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._resends_left = _LEAST_RESENDS
        self._answers = 0
        """Read since the last tick."""
        self._reach = Reach(nameserver, budget_s)
        self._closed = False
        self._timed_out = Failed(Reason.TIMEOUT, f"no answer from {nameserver} within {budget_s:g} s")

    async def run(self, inquiry: Inquiry) -> Phase:
        """Ask until every target of the inquiry has its outcome.

        Raises: Closed.
        """
        if self._closed:
            raise self._ended()
        now_s = self._loop.time()
        round_trip = self._round_trips.setdefault(inquiry.blocklist.id, RoundTrip())
        phase = Phase(inquiry, round_trip, self._budget_s, began_at=now_s)
        if not phase.open:
            return phase
        self._phases.append((phase, self._paces.of(inquiry.blocklist)))
        try:
            self._pump(now_s)
            await phase.done
        finally:
            self._withdraw(phase)
        return phase

    async def close(self) -> None:
        """End every phase with `Closed`, and close what is open."""
        self._closed = True
        for phase, _ in self._phases:
            if not phase.done.done():
                phase.done.set_exception(self._ended())
        if self._timer is not None:
            self._timer.cancel()
        self._sockets.close()
        await self._connections.close()

    def _ended(self) -> Closed:
        return Closed(f"the questions to {self.nameserver} were ended: rblwatch is stopping")

    def _withdraw(self, phase: Phase) -> None:
        """Forget a phase: it is done, or nobody waits for it any more."""
        self._connections.withdraw(phase)
        for flight in phase.flights():
            self._land(flight)
        self._phases = deque(pair for pair in self._phases if pair[0] is not phase)

    # Reading

    def _listen(self, opened: Socket[Flight]) -> None:
        self._loop.add_reader(opened.sock, self._readable, opened)

    def _unlisten(self, closing: Socket[Flight]) -> None:
        self._loop.remove_reader(closing.sock)

    def _readable(self, source: Socket[Flight]) -> None:
        now_s = self._loop.time()
        self._drain(source, now_s)
        self._pump(now_s)

    def _drain(self, source: Socket[Flight], now_s: float) -> bool:
        """Read what is there, and ignore what nobody waits for; say whether there may be more."""
        receive, waiting = source.receive, source.waiting
        for _ in range(_MOST_READ):
            try:
                reply = receive(_LONGEST_REPLY)
            except OSError as error:
                if not self._reach.refused(error, now_s):
                    return False
                continue
            flight = waiting.get(reply[:2])
            if flight is not None and wire.answers(reply, flight.section):
                self._take(flight, reply, now_s)
        return True

    def _take(self, flight: Flight, reply: bytes, now_s: float) -> None:
        phase = flight.phase
        self.heard_at = now_s
        self._answers += 1
        self._reach.answered()
        self._window.won(flight.sample, now_s)
        flight.sample = 0
        phase.answered(flight, now_s)
        self._land(flight)
        ttl_s = wire.plain_absence(reply, flight.section)
        if ttl_s is not None:
            phase.count_absence(flight.index, ttl_s)
        elif wire.truncated(reply):
            phase.truncated.append((flight, flight.deadline - now_s))
        else:
            self._settle(flight, reply)

    def _settle(self, flight: Flight, reply: bytes) -> None:
        answer = records.read(reply, dns.rdatatype.RdataType(flight.phase.inquiry.kind))
        if isinstance(answer, Failed):
            answer = Failed(answer.reason, f"{self.nameserver} {answer.detail}")
        flight.phase.settle(flight.index, answer)

    def _land(self, flight: Flight) -> None:
        """Let nothing wait for this question any more, and give back its room."""
        self._window.forget(flight.sample)
        flight.sample = 0
        if flight.socket is not None:
            flight.socket.waiting.pop(flight.number, None)
        self._free(flight)
        flight.phase.leave(flight)

    def _free(self, flight: Flight) -> None:
        """Give back the room that a question takes in the window; it may still be answered."""
        if flight.counted:
            flight.counted = False
            self._window.in_flight -= 1
            flight.phase.in_window -= 1

    # Sending

    def _pump(self, now_s: float) -> None:
        """Send what the phases have, in turns of a few questions, as far as window and pace allow."""
        for phase, pace in self._phases:
            if phase.resends and not phase.quiet:
                self._send_again(phase, pace, now_s)
        idle = 0
        while idle < len(self._phases):
            if self._window.room <= 0:
                self._window.full()
                break
            phase, pace = self._phases[0]
            self._phases.rotate(-1)
            idle = 0 if self._turn(phase, pace, now_s) else idle + 1
        self._arm(now_s)

    def _turn(self, phase: Phase, pace: Pace, now_s: float) -> bool:
        """Send a few questions of one phase; say whether that changed anything."""
        moved = self._send_again(phase, pace, now_s) | self._ask_truncated(phase, pace, now_s)
        share = max(4, 2 * int(self._window.limit) // len(self._phases))
        for _ in range(min(_TURN, self._window.room)):
            if not (phase.may_start(share) and pace.take(now_s)):
                break
            flight = phase.start()
            moved = True
            if flight is not None:
                self._launch(flight, now_s)
        return moved

    def _send_again(self, phase: Phase, pace: Pace, now_s: float) -> bool:
        moved = False
        while phase.resends and self._resends_left > 0 and self._window.room > 0 and pace.take(now_s):
            self._resends_left -= 1
            self._transmit(phase.take_resend(), now_s)
            moved = True
        return moved

    def _ask_truncated(self, phase: Phase, pace: Pace, now_s: float) -> bool:
        moved = False
        while phase.truncated and self._connections.room > 0 and pace.take(now_s):
            flight, left_s = phase.truncated.popleft()
            phase.transmissions += 1
            self._connections.ask(flight.section, left_s, owner=phase, done=partial(self._told, flight))
            moved = True
        return moved

    def _told(self, flight: Flight, reply: bytes | Failed) -> None:
        if isinstance(reply, Failed):
            flight.phase.settle(flight.index, reply)
        else:
            self._settle(flight, reply)
        self._pump(self._loop.time())

    def _launch(self, flight: Flight, now_s: float) -> None:
        """Send a question for the first time."""
        try:
            flight.socket, flight.number = self._sockets.register(flight, now_s)
        except OSError as error:
            self._reach.refused(error, now_s)
        if not flight.phase.quiet:
            flight.sample = self._window.join()
        self._transmit(flight, now_s)

    def _transmit(self, flight: Flight, now_s: float) -> None:
        """Send a question; what the kernel does not take is as lost as what the network drops."""
        if flight.socket is not None:
            try:
                flight.socket.send(wire.packet(flight.number, flight.section))
            except OSError as error:
                self._reach.refused(error, now_s)
        flight.counted = True
        self._window.in_flight += 1
        flight.phase.in_window += 1
        flight.phase.sent(flight, now_s)

    # Time

    def _arm(self, now_s: float) -> None:
        """Have the next tick come when there is something for it to do."""
        if self._timer is not None:
            return
        if any(phase.afloat for phase, _ in self._phases):
            self._timer = self._loop.call_at(now_s + _TICK_S, self._tick)
        elif self._phases:
            ready_s = min(pace.ready_s() for _, pace in self._phases)
            self._timer = self._loop.call_at(max(ready_s, now_s + _TICK_S), self._tick)

    def _tick(self) -> None:
        self._timer = None
        now_s = self._loop.time()
        for source in self._sockets:
            # What has arrived is no time-out, however late it is read.
            for _ in range(_MOST_DRAINS):
                if not self._drain(source, now_s):
                    break
        self._sockets.close_retired()
        self._resends_left = max(_LEAST_RESENDS, int(_RESENDS_PER_ANSWER * self._answers))
        self._answers = 0
        for phase, _ in self._phases:
            self._judge(phase, now_s)
        if (failure := self._reach.lost(now_s)) is not None:
            self._reach.answered()
            for phase, _ in self._phases:
                self._give_up(phase, failure)
        self._pump(now_s)

    def _judge(self, phase: Phase, now_s: float) -> None:
        """See which answers of a phase are overdue."""
        for flight in phase.expired(now_s, _RETRY_S if self._reach.doubtful else None):
            self._expire(flight, now_s)
        if phase.quiet:
            for flight in phase.flights():
                if now_s - flight.sent_at >= _BRIEF_S:
                    self._free(flight)
        phase.advance(now_s, self._timed_out)

    def _expire(self, flight: Flight, now_s: float) -> None:
        """An answer is overdue: ask again, unless the budget is used up."""
        phase = flight.phase
        self._free(flight)
        phase.round_trip.expired(now_s)
        if phase.heard_at > flight.sent_at:
            self._window.lost(flight.sample, now_s)
        else:
            # The list is silent, which says nothing of the way to the nameserver.
            self._window.forget(flight.sample)
            phase.quiet = True
        flight.sample = 0
        if flight.transmissions < MOST_TRANSMISSIONS and now_s < flight.deadline and not phase.given_up:
            phase.queue_again(flight, now_s)
            return
        failure = self._reach.doubtful or self._timed_out
        dead = phase.is_dead(flight)
        self._land(flight)
        phase.exhaust(flight, failure)
        if dead:
            self._give_up(phase, failure)

    def _give_up(self, phase: Phase, failure: Failed) -> None:
        phase.give_up(failure)
        for flight in phase.flights():
            self._land(flight)
            phase.settle(flight.index, failure)
