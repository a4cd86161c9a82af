"""A channel's circuit breaker, and the pace at which it takes messages.

Owns when a channel that fails is left alone, and how many messages may leave for it now. A channel is one thing: where
five messages in a row met a failure that may pass, the sixth will too, so the others wait untried, and their patience
with them. Then one goes ahead, within seconds at first, ever more rarely after; if it arrives, all may follow.

Times are seconds on the monotonic clock, which no step of the wall clock moves. Must not know messages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from rblwatch.core.retry import FIRST_DELAY, LONGEST_DELAY, Outcome, Permanent, Sent, Transient

#: So many failures in a row open a circuit.
OPENS_AFTER = 5
#: The longest wait that a sink may impose on all that goes to it.
LONGEST_ASKED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a sink takes messages: so many at once, and one more after every `every`."""

    burst: int
    every: timedelta


@dataclass(frozen=True, slots=True)
class Circuit:
    """What became of a channel's last messages."""

    failures: int = 0
    """In a row."""
    opened: int = 0
    """How often the circuit has opened since a message arrived last; 0: it is closed."""
    until_s: float = 0.0
    """Until then nothing is sent."""
    asked_until_s: float = 0.0
    """The same, since the sink asked for it."""

    @property
    def is_open(self) -> bool:
        """Whether the channel is held to be out of order."""
        return self.opened > 0

    def room(self, now_s: float, under_way: int) -> int | None:
        """How many messages may be sent now, beside those under way; None: as many as ever."""
        if now_s < max(self.until_s, self.asked_until_s):
            return 0
        return max(1 - under_way, 0) if self.is_open else None

    def after(self, outcome: Outcome, now_s: float) -> Circuit:
        """The circuit after one more message."""
        match outcome:
            case Sent() | Permanent():
                # A refusal for good is an answer: the next message may be another matter.
                return Circuit()
            case Transient(retry_after=asked):
                until_s = now_s + min(asked, LONGEST_ASKED).total_seconds() if asked is not None else 0.0
                failed = replace(self, failures=self.failures + 1, asked_until_s=max(self.asked_until_s, until_s))
                return _opened(failed, now_s) if failed.failures >= OPENS_AFTER else failed


def _opened(circuit: Circuit, now_s: float) -> Circuit:
    """Open, or opened again; what was under way when it opened lengthens nothing."""
    if now_s < circuit.until_s:
        return circuit
    wait = min(FIRST_DELAY * (1 << min(circuit.opened, 16)), LONGEST_DELAY / 2)
    return replace(circuit, opened=circuit.opened + 1, until_s=now_s + wait.total_seconds())


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many more messages a sink takes now, at its pace."""

    pace: Pace
    left: float
    at_s: float

    @classmethod
    def full(cls, pace: Pace, now_s: float) -> Bucket:
        """A bucket of a sink that was left alone for long."""
        return cls(pace, pace.burst, now_s)

    def refilled(self, now_s: float) -> Bucket:
        """The bucket some time later."""
        every_s = self.pace.every.total_seconds()
        gained = (now_s - self.at_s) / every_s if every_s else self.pace.burst
        return replace(self, left=min(self.left + gained, self.pace.burst), at_s=now_s)

    def without(self, messages: int) -> Bucket:
        """The bucket after so many messages."""
        return replace(self, left=self.left - messages)

    @property
    def room(self) -> int:
        """How many messages may be sent now."""
        return max(int(self.left + 1e-9), 0)
