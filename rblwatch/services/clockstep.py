"""Steps of the wall clock, seen from the monotonic one: NTP, an admin, a machine that slept.

Owns what counts as a step. Must not know what follows from one.
"""

from __future__ import annotations

from datetime import timedelta

from rblwatch.ports import Clock

#: A wall clock that moved this much more or less than the monotonic one was stepped.
LEAST_STEP = timedelta(seconds=2)


class StepWatch:
    """Compares the two clocks from look to look."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead_s = self._measure_s()

    def step(self) -> timedelta:
        """How far the wall clock was stepped since the last look, negative where it went back; zero if it was not."""
        before_s, self._ahead_s = self._ahead_s, self._measure_s()
        by = timedelta(seconds=self._ahead_s - before_s)
        return by if abs(by) >= LEAST_STEP else timedelta()

    def _measure_s(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic_s()
