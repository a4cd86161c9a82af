"""Sending to one nameserver.

Owns which phase sends next, as far as window and pace allow, and the room that each question takes. Must not read
answers, nor judge what is overdue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from rblwatch.core.question import Failed
from rblwatch.resolver import wire
from rblwatch.resolver.pacing import Buckets
from rblwatch.resolver.phase import Flight, Phase
from rblwatch.resolver.reach import Reach
from rblwatch.resolver.sockets import Sockets
from rblwatch.resolver.tcp import Connections
from rblwatch.resolver.window import Window

#: Questions sent for one list before the next has its turn.
_TURN = 8
#: A phase may take twice its fair share of the window, and so much in any case: slow lists must not fill it.
_LEAST_SHARE = 4
#: Questions sent again between two ticks: so many, or half as many again as the answers read in the tick before.
_LEAST_RESENDS = 8
_RESENDS_PER_ANSWER = 1.5


class Sender:
    """The phases that ask a nameserver, and their questions on the way."""

    def __init__(
        self,
        sockets: Sockets[Flight],
        reach: Reach,
        *,
        connections: Connections,
        told: Callable[[Flight, bytes | Failed], None],
    ) -> None:
        """`told` is called with what came over TCP, where the answer over UDP was truncated."""
        self.phases: deque[tuple[Phase, Buckets]] = deque()
        self.window = Window()
        self._sockets = sockets
        self._reach = reach
        self._connections = connections
        self._told = told
        self._resends_left = _LEAST_RESENDS

    def pump(self, now_s: float) -> None:
        """Send what there is to send, a few questions of each phase in turn."""
        for phase, buckets in self.phases:
            if phase.resends and not phase.quiet:
                self._send_again(phase, buckets, now_s)
        idle = 0
        while idle < len(self.phases):
            if self.window.room <= 0:
                self.window.full()
                break
            phase, buckets = self.phases[0]
            self.phases.rotate(-1)
            idle = 0 if self._take_turn(phase, buckets, now_s) else idle + 1

    def allow_resends(self, answers: int) -> None:
        """Begin a tick before which so many answers were read: what is overdue must not all leave at once."""
        self._resends_left = max(_LEAST_RESENDS, int(_RESENDS_PER_ANSWER * answers))

    def withdraw(self, phase: Phase) -> None:
        """Forget a phase: it is done, or nobody waits for it any more."""
        self._connections.withdraw(phase)
        for flight in phase.flights():
            self.land(flight)
        self.phases = deque(pair for pair in self.phases if pair[0] is not phase)

    def land(self, flight: Flight) -> None:
        """Let nothing wait for a question any more, and give back its room."""
        self.window.forget(flight.sample)
        flight.sample = 0
        if flight.socket is not None:
            flight.socket.waiting.pop(flight.number, None)
        self.free(flight)
        flight.phase.leave(flight)

    def free(self, flight: Flight) -> None:
        """Give back the room that a question takes in the window; it may still be answered."""
        if flight.counted:
            flight.counted = False
            self.window.in_flight -= 1
            flight.phase.in_window -= 1

    def _take_turn(self, phase: Phase, buckets: Buckets, now_s: float) -> bool:
        """Send a few questions of one phase; say whether that changed anything."""
        moved = self._send_again(phase, buckets, now_s) | self._ask_over_tcp(phase, buckets, now_s)
        share = max(_LEAST_SHARE, 2 * int(self.window.limit) // len(self.phases))
        for _ in range(min(_TURN, self.window.room)):
            if not (phase.may_start(share) and buckets.take(now_s)):
                break
            flight = phase.start()
            moved = True
            if flight is not None:
                self._launch(flight, now_s)
        return moved

    def _send_again(self, phase: Phase, buckets: Buckets, now_s: float) -> bool:
        moved = False
        while phase.resends and self._resends_left > 0 and self.window.room > 0 and buckets.take(now_s):
            self._resends_left -= 1
            self._transmit(phase.take_resend(), now_s)
            moved = True
        return moved

    def _ask_over_tcp(self, phase: Phase, buckets: Buckets, now_s: float) -> bool:
        moved = False
        while phase.fetching.may_start and self._connections.room > 0 and buckets.take(now_s):
            flight, left_s = phase.fetching.start()
            phase.transmissions += 1
            self._connections.ask(flight.section, left_s, owner=phase, done=partial(self._told, flight))
            moved = True
        return moved

    def _launch(self, flight: Flight, now_s: float) -> None:
        """Send a question for the first time."""
        try:
            flight.socket, flight.number = self._sockets.register(flight, now_s)
        except OSError as error:
            self._reach.refused(error, now_s)
        if not flight.phase.quiet:
            flight.sample = self.window.join()
        self._transmit(flight, now_s)

    def _transmit(self, flight: Flight, now_s: float) -> None:
        """Send a question; what the kernel does not take is as lost as what the network drops."""
        if flight.socket is not None:
            try:
                flight.socket.send(wire.packet(flight.number, flight.section))
            except OSError as error:
                self._reach.refused(error, now_s)
        flight.counted = True
        self.window.in_flight += 1
        flight.phase.in_window += 1
        flight.phase.sent(flight, now_s)
