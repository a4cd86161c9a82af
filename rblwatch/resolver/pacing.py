"""How fast may be asked: every transmission takes a token, of its list and of the whole program.

Owns the token buckets, on a monotonic clock that is handed in. Must not send or wait: it says whether and when.
Budgets per day are no pace: they outlive the process, so whoever plans batches keeps them, and sends a purse along.
"""

from __future__ import annotations

from rblwatch.core.blocklist import Blocklist
from rblwatch.ports import Purse

#: How late a transmission may be, in seconds, without the next one being late too. It bounds a burst after a pause as
#: well: one transmission, and what the rate allows in this time. The engine looks at the clock every 0.01 s.
_SLACK_S = 0.05
#: A difference that only comes from adding up fractions.
_EPSILON_S = 1e-9


class Bucket:
    """Grants `per_second` tokens a second, which may be less than one.

    In any period of t seconds at most 1 + (t + 0.05) * per_second are granted, and all of these to one that asks often.
    It is the virtual scheduling form of a token bucket: one number says all. Source: ITU-T I.371, annex A (GCRA).
    """

    __slots__ = ("_due_s", "_interval_s", "per_second")

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._interval_s = 1 / per_second
        self._due_s = float("-inf")

    def ready_s(self) -> float:
        """When the next token is there, on the caller's clock; past and present both mean now."""
        return self._due_s - _SLACK_S - _EPSILON_S

    def take(self, now_s: float) -> None:
        """Use one token; the caller has seen that it is ready."""
        self._due_s = max(self._due_s, now_s) + self._interval_s


class Buckets:
    """The buckets that one list's questions draw from: both, or neither; and the purse that pays for them, if any."""

    __slots__ = ("_buckets", "_purse", "is_over")

    def __init__(self, *buckets: Bucket | None, purse: Purse | None = None) -> None:
        self._buckets = tuple(bucket for bucket in buckets if bucket is not None)
        self._purse = purse
        self.is_over = False
        """Whether the purse was too empty to pay: no further transmission is ever allowed."""

    def ready_s(self) -> float:
        """When the next transmission is allowed; minus infinity where nothing limits it."""
        return max((bucket.ready_s() for bucket in self._buckets), default=float("-inf"))

    def take(self, now_s: float) -> bool:
        """Use a token of every bucket if all have one, and pay; say whether."""
        for bucket in self._buckets:
            if bucket.ready_s() > now_s:
                return False
        if self._purse is not None and (self.is_over or not self._purse.pay()):
            self.is_over = True
            return False
        for bucket in self._buckets:
            bucket.take(now_s)
        return True


class Paces:
    """The paces of all lists, shared by every batch of a list, under one cap for all."""

    def __init__(self, queries_per_second: float) -> None:
        self._total = Bucket(queries_per_second) if queries_per_second > 0 else None
        self._lists: dict[str, Bucket] = {}

    def of(self, blocklist: Blocklist, purse: Purse | None = None) -> Buckets:
        """The pace of a list; a list whose allowed rate was changed starts anew."""
        per_second = blocklist.pace.per_second
        if not per_second:
            return Buckets(self._total, purse=purse)
        bucket = self._lists.get(blocklist.id)
        if bucket is None or bucket.per_second != per_second:
            bucket = self._lists[blocklist.id] = Bucket(per_second)
        return Buckets(bucket, self._total, purse=purse)
