"""The gates of the channels: how many messages may leave for each of them now.

Owns the circuit and the pace of every channel, in memory: whoever starts anew, or reads another configuration, may try
everything at once. Must not decide when a single message is tried again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection

from rblwatch.core.circuit import Bucket, Circuit, Pace
from rblwatch.core.retry import Outcome
from rblwatch.ports import Clock

_log = logging.getLogger(__name__)


class Gates:
    """One gate for each channel."""

    def __init__(self, clock: Clock, pace_of: Callable[[str], Pace]) -> None:
        self._clock = clock
        self._pace_of = pace_of
        self._circuits: dict[str, Circuit] = {}
        self._buckets: dict[str, Bucket] = {}

    @property
    def paced(self) -> bool:
        """Whether a channel takes no more only because it has just had as much as it takes at once."""
        return any(self._bucket(name).room == 0 and not self._circuit(name).is_open for name in self._buckets)

    def room(self, channels: Collection[str], busy: Counter[str], most: int) -> dict[str, int]:
        """How many more messages each of these channels takes now; at most `most` are under way at once."""
        now_s = self._clock.monotonic_s()
        room = {}
        for name in channels:
            allowed = self._circuit(name).room(now_s, busy[name])
            spare = max(most - busy[name], 0)
            room[name] = min(spare if allowed is None else allowed, spare, self._bucket(name).room)
        return room

    def out_of_order(self, channel: str) -> bool:
        """Whether a channel is left alone, since it failed again and again."""
        return self._circuit(channel).is_open

    def leave(self, channel: str) -> None:
        """A message leaves for a channel."""
        self._buckets[channel] = self._bucket(channel).without(1)

    def note(self, channel: str, outcome: Outcome) -> bool:
        """What became of a message; True if the channel works again after it was held to be out of order."""
        before = self._circuit(channel)
        after = self._circuits[channel] = before.after(outcome, self._clock.monotonic_s())
        if after.is_open and after != before:
            wait_s = round(after.until_s - self._clock.monotonic_s(), 1)
            _log.warning("channel.left_alone", extra={"channel": channel, "failures": after.failures, "wait_s": wait_s})
        works_again = before.is_open and not after.is_open
        if works_again:
            _log.info("channel.works_again", extra={"channel": channel})
        return works_again

    def _circuit(self, channel: str) -> Circuit:
        return self._circuits.get(channel, Circuit())

    def _bucket(self, channel: str) -> Bucket:
        now_s = self._clock.monotonic_s()
        known = self._buckets.get(channel)
        return known.refilled(now_s) if known is not None else Bucket.full(self._pace_of(channel), now_s)
