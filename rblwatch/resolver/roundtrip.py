"""When a question is sent again.

Owns the estimate of a list's round trip as seen through one nameserver, and the times of retransmission that follow
from it within a question's budget. Must not know sockets, nor read a clock.
"""

from __future__ import annotations

#: A question is sent at most this often. Source: interface, `resolver.attempts`.
MOST_TRANSMISSIONS = 6
#: Without a measurement, and at most. Source: RFC 6298 section 2.1.
_INITIAL_S = 1.0
#: Never sooner: a name that is not in the resolver's cache takes longer than those before it.
_SHORTEST_S = 0.1
#: Source: RFC 6298 section 2.3 (alpha, beta and K).
_SMOOTHING = 1 / 8
_VARIATION = 1 / 4
_SPREAD = 4


class RoundTrip:
    """How long one list's answers take, in seconds, and how long to wait for one (RFC 6298 in spirit)."""

    __slots__ = ("_backed_off_at", "_smoothed_s", "_variation_s", "timeout_s")

    def __init__(self) -> None:
        self.timeout_s = _INITIAL_S
        """How long an answer to a question sent once may take before the question or the answer counts as lost."""
        self._smoothed_s: float | None = None
        self._variation_s = 0.0
        self._backed_off_at = float("-inf")

    def measured(self, taken_s: float) -> None:
        """Learn from an answer to a question that was sent once only (Karn: any other is ambiguous)."""
        if self._smoothed_s is None:
            self._smoothed_s, self._variation_s = taken_s, taken_s / 2
        else:
            self._variation_s += _VARIATION * (abs(self._smoothed_s - taken_s) - self._variation_s)
            self._smoothed_s += _SMOOTHING * (taken_s - self._smoothed_s)
        wanted = self._smoothed_s + _SPREAD * self._variation_s
        self.timeout_s = min(max(wanted, _SHORTEST_S), _INITIAL_S)

    def expired(self, now_s: float) -> None:
        """Wait longer from now on, since an answer did not come in time: twice as long, once per period."""
        if now_s - self._backed_off_at >= self.timeout_s:
            self._backed_off_at = now_s
            self.timeout_s = min(2 * self.timeout_s, _INITIAL_S)

    def patience_s(self, transmissions: int, left_s: float) -> float:
        """How long to wait after the latest of some transmissions, when `left_s` of the budget were left at it.

        Twice as long each time, but never so long that the transmissions still allowed would not fit into the
        budget; after the last one, until the budget ends.
        """
        if transmissions >= MOST_TRANSMISSIONS:
            return left_s
        even_s = left_s / (MOST_TRANSMISSIONS + 1 - transmissions)
        return float(min(self.timeout_s * 2 ** (transmissions - 1), even_s))
