"""One stretch of a batch: questions of one kind about many targets, asked through one nameserver.

Owns which question comes next, which wait for an answer or for being sent again, and when a list is given up. Must
not know sockets, windows or pace.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from rblwatch.core.question import Failed, Reason
from rblwatch.resolver import wire
from rblwatch.resolver.fetching import Fetching
from rblwatch.resolver.inquiry import Answers, Inquiry
from rblwatch.resolver.roundtrip import MOST_TRANSMISSIONS, RoundTrip
from rblwatch.resolver.sockets import Socket

#: Questions that a list may leave unanswered at a time while it has not answered any.
_MOST_WHILE_QUIET = 8
#: In the late pass, whose time-outs may come from a queue that is too short for more.
_MOST_WHILE_LATE = 16
_NEVER = float("-inf")


class Flight:
    """A question between its first transmission and its answer. There are never more than a window's worth of them."""

    __slots__ = (
        "counted",
        "deadline",
        "first_at",
        "index",
        "number",
        "phase",
        "queued_at",
        "sample",
        "section",
        "sent_at",
        "socket",
        "transmissions",
    )

    def __init__(self, phase: Phase, index: int, section: bytes) -> None:
        self.phase = phase
        self.index = index
        self.section = section
        self.socket: Socket[Flight] | None = None
        self.number = b""
        self.transmissions = 0
        self.first_at = self.sent_at = self.queued_at = self.deadline = _NEVER
        self.sample = 0
        self.counted = False
        """Whether it takes room in the window."""


class Phase:
    """How far an inquiry is."""

    def __init__(self, inquiry: Inquiry, round_trip: RoundTrip, budget_s: float, *, began_at: float) -> None:
        self.inquiry = inquiry
        self.round_trip = round_trip
        # No part of a phase may hold the phase: it would outlive its questions until somebody collects garbage.
        answers = self.answers = Answers(inquiry)
        self.transmissions = 0

        self.flying: tuple[dict[Flight, None], ...] = tuple({} for _ in range(MOST_TRANSMISSIONS))
        """By number of transmissions, each in the order sent, so that the first one is the first to expire."""
        self.resends: dict[Flight, None] = {}
        self.fetching: Fetching[Flight] = Fetching(lambda flight, failure: answers.settle(flight.index, failure))
        """Questions to be asked over TCP."""
        self.afloat = 0
        """Questions that wait for an answer over UDP or for being sent again."""
        self.in_window = 0

        self.heard_at = _NEVER
        self.silent_since = began_at
        """When something was last heard of the list, or the phase began."""
        self.quiet = not inquiry.live
        """Whether the list has answered nothing since a question that expired."""
        self.given_up = False
        self._is_dry = False
        """Whether nothing more may be sent; what is under way may still be answered."""
        self._cut_short = False
        self._unheard = 0
        self._budget_s = budget_s
        self._queue: Sequence[int] = range(len(inquiry.targets))
        self._next = 0
        self._late: list[int] = []
        self._is_late = False
        self._late_until: float | None = None
        self._encode()

    def _encode(self) -> None:
        """Join once what all questions have in common; what cannot be asked at all fails at once."""
        blocklist = self.inquiry.blocklist
        try:
            self._opening = wire.opening(blocklist.key_first)
            self._ending = wire.ending(blocklist.zone, self.inquiry.kind, keyed=blocklist.keyed)
        except wire.Unaskable as error:
            self._fail_rest(_unaskable(error))
        if blocklist.lacks_key:
            self._fail_rest(Failed(Reason.NO_KEY, "cannot be asked without a key"))

    @property
    def heard(self) -> bool:
        return self.heard_at > _NEVER

    @property
    def deserted(self) -> bool:
        """Whether nothing came back at all, or nothing any more while much was still to be asked."""
        return self._cut_short or (bool(self.transmissions) and not self.heard)

    def may_start(self, share: int) -> bool:
        """Whether a new question may be sent, if at most `share` of the window is this phase's."""
        if self._next >= len(self._queue) or self.in_window >= share:
            return False
        return self.afloat < self._most_afloat()

    def start(self) -> Flight | None:
        """Make the next question; None when none could be made of its target's name, which has failed."""
        index = self._queue[self._next]
        self._next += 1
        try:
            section = wire.question(self.inquiry.targets[index], self._ending, self._opening)
        except wire.Unaskable as error:
            self.answers.settle(index, _unaskable(error))
            return None
        self.afloat += 1
        return Flight(self, index, section)

    def sent(self, flight: Flight, now_s: float) -> None:
        """Note a transmission. Time that a live list's question waited for its turn is not taken from its budget."""
        if not flight.transmissions:
            flight.first_at = now_s
            flight.deadline = now_s + self._budget_s
            if self._is_late:
                self._late_until = self._late_until or flight.deadline
                flight.deadline = min(flight.deadline, self._late_until)
        elif not self.quiet and not self._is_late:
            flight.deadline += now_s - flight.queued_at
        flight.sent_at = now_s
        flight.transmissions += 1
        self.transmissions += 1
        self._unheard += 1
        self.flying[flight.transmissions - 1][flight] = None

    def answered(self, flight: Flight, now_s: float) -> None:
        """Note that the list answered, whatever it said."""
        if flight.transmissions == 1:
            self.round_trip.measured(now_s - flight.sent_at)
        self.heard_at = self.silent_since = now_s
        self.quiet = False
        self._unheard = 0

    def expired(self, now_s: float, longest_s: float | None) -> list[Flight]:
        """Take out the flights whose answer is overdue.

        None that may be sent again waits longer than `longest_s`, if that is given.
        """
        overdue: list[Flight] = []
        for transmissions, flights in enumerate(self.flying, 1):
            for flight in flights:
                is_last = self._is_dry or transmissions >= MOST_TRANSMISSIONS
                left_s = flight.deadline - flight.sent_at
                patience_s = left_s if is_last else self.round_trip.patience_s(transmissions, left_s)
                if longest_s is not None and not is_last:
                    patience_s = min(patience_s, longest_s)
                if flight.sent_at + patience_s > now_s:
                    break
                overdue.append(flight)
        if self.quiet or self._is_late or self._is_dry:
            overdue += itertools.takewhile(lambda flight: flight.deadline <= now_s, self.resends)
        for flight in overdue:
            self._take_out(flight)
        return overdue

    def queue_again(self, flight: Flight, now_s: float) -> None:
        """Let a flight wait for its next transmission."""
        flight.queued_at = now_s
        self.resends[flight] = None

    def take_resend(self) -> Flight:
        """The flight that has waited longest for its next transmission."""
        flight = next(iter(self.resends))
        del self.resends[flight]
        return flight

    def leave(self, flight: Flight) -> None:
        """Take a flight out of everything that it may be in; what came of it is told apart."""
        self._take_out(flight)
        self.afloat -= 1

    def flights(self) -> list[Flight]:
        """All flights that wait for an answer over UDP, or for being sent again."""
        return [flight for flights in (*self.flying, self.resends) for flight in flights]

    def is_dead(self, flight: Flight) -> bool:
        """Whether the list was silent for all of this exhausted question's budget, however often it was asked."""
        return self.heard_at <= flight.first_at and self._unheard >= MOST_TRANSMISSIONS

    def exhaust(self, flight: Flight, failure: Failed) -> None:
        """End a question without an answer; a list that answers others gets a second chance, later."""
        if self.heard and not (self._is_late or self.given_up or self._is_dry):
            self._late.append(flight.index)
        else:
            self.answers.settle(flight.index, failure)

    def advance(self, now_s: float, failure: Failed) -> None:
        """Begin the late pass when only that is left, and end it when its time is over."""
        if self._late_until is not None and now_s >= self._late_until:
            while self._next < len(self._queue):
                self._next += 1
                self.answers.settle(self._queue[self._next - 1], failure)
        if self._late and not self.afloat and self._next >= len(self._queue):
            self._queue, self._next, self._late = self._late, 0, []
            self._is_late = True

    def run_dry(self, unasked: Failed, unanswered: Failed) -> None:
        """Send nothing more: fail what was never asked with `unasked`, what waits for the late pass with `unanswered`.

        Questions under way have the rest of their time, and what is to be fetched over TCP is not.
        """
        self._is_dry = True
        late, self._late = self._late, []
        if self._is_late:
            unasked = unanswered
        self._fail_rest(unasked)
        for index in late:
            self.answers.settle(index, unanswered)
        self.fetching.give_up(unanswered)

    def give_up(self, failure: Failed) -> None:
        """Fail all that was not asked yet, or waits for the late pass; flights are ended by whoever sent them."""
        self.given_up = True
        unasked = self._next < len(self._queue) and not self._is_late
        self._cut_short = unasked or failure.reason is Reason.NETWORK
        self._fail_rest(failure)

    def _fail_rest(self, failure: Failed) -> None:
        rest = [*self._queue[self._next :], *self._late]
        self._next, self._late = len(self._queue), []
        for index in rest:
            self.answers.settle(index, failure)

    def _take_out(self, flight: Flight) -> None:
        if flight.transmissions:
            self.flying[flight.transmissions - 1].pop(flight, None)
        self.resends.pop(flight, None)

    def _most_afloat(self) -> int:
        if self.quiet:
            return _MOST_WHILE_QUIET
        if self._is_late:
            return _MOST_WHILE_LATE
        return self.inquiry.most_at_once or len(self.inquiry.targets)


def _unaskable(error: wire.Unaskable) -> Failed:
    return Failed(Reason.MALFORMED, f"cannot be asked: {error}")
