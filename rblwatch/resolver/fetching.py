"""The truncated answers of one phase, which have to be fetched over TCP.

Owns which of them is fetched next, and when nothing is to be hoped for from there. Must not know connections.

A list whose answers are truncated and then never come must cost a few time-outs, as a list does that is silent over
UDP: not one for every target, nor all connections while others wait for one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from rblwatch.core.question import Failed, Reason

#: Until something comes: so many at a time, and none any more after so many time-outs in a row.
_MOST_WHILE_QUIET = 4

Waiting = TypeVar("Waiting")


class Fetching(Generic[Waiting]):
    """What waits to be fetched, each with the seconds that are left for it."""

    def __init__(self, fail: Callable[[Waiting, Failed], None]) -> None:
        """`fail` is called with what will not be fetched any more."""
        self._fail = fail
        self._waiting: deque[tuple[Waiting, float]] = deque()
        self._under_way = 0
        self._heard = False
        self._timed_out = 0
        self._dead: Failed | None = None

    def add(self, waiting: Waiting, left_s: float) -> None:
        """Let something wait for its turn, unless nothing ever comes from there."""
        if self._dead is not None:
            self._fail(waiting, self._dead)
        else:
            self._waiting.append((waiting, left_s))

    @property
    def may_start(self) -> bool:
        """Whether the next one may be fetched now."""
        return bool(self._waiting) and (self._heard or self._under_way < _MOST_WHILE_QUIET)

    def start(self) -> tuple[Waiting, float]:
        """Take the one that has waited longest."""
        self._under_way += 1
        return self._waiting.popleft()

    def ended(self, failure: Failed | None) -> None:
        """Note what came of one that was started."""
        self._under_way -= 1
        if failure is None or failure.reason is not Reason.TIMEOUT:
            self._heard, self._timed_out = True, 0
            return
        self._timed_out += 1
        if self._timed_out >= _MOST_WHILE_QUIET:
            self.give_up(failure)

    def give_up(self, failure: Failed) -> None:
        """Fail what waits, and whatever is added from now on."""
        self._dead = failure
        while self._waiting:
            self._fail(self._waiting.popleft()[0], failure)
