"""Which senders are dead: those that do not renew their leases.

Owns how a lease is judged from outside. Its holder's clock may not be ours, and either may be stepped at any moment, so
a lease that seems to have run out is watched for a while on the monotonic clock: whoever lives renews it meanwhile.
Must not know deliveries.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from rblwatch.store.rows import Lease

#: For how long a sender is given a delivery; it outlives the notifier's hard time-out.
LEASE = timedelta(seconds=120)
#: Whoever sends renews what it sends at least this often.
RENEWED_EVERY = timedelta(seconds=1)
#: For how long a lease that has run out must stay as it is.
_GRACE = 5 * RENEWED_EVERY
#: Whoever could not look for so long has seen nothing, nor could the holder renew: the database was away.
_LONGEST_GAP = 2 * _GRACE


class LeaseWatch:
    """The leases of others, and since when they are as they are."""

    def __init__(self) -> None:
        self._seen_s: dict[Lease, float] = {}
        self._looked_s = 0.0
        self.suspects = 0
        """Leases that have run out and were not watched for long enough."""

    def dead(self, leases: Iterable[Lease], *, now: datetime, monotonic_s: float) -> list[Lease]:
        """Look at all leases of others; the ones whose holders are dead."""
        if monotonic_s - self._looked_s > _LONGEST_GAP.total_seconds():
            self._seen_s = {}
        self._looked_s = monotonic_s
        self._seen_s = {lease: self._seen_s.get(lease, monotonic_s) for lease in leases}
        watched = {lease: timedelta(seconds=monotonic_s - seen_s) for lease, seen_s in self._seen_s.items()}
        # A clock that was stepped back makes a lease seem to last: it is over all the same.
        dead = [
            lease
            for lease, unchanged in watched.items()
            if unchanged >= LEASE or (lease.lease_until < now and unchanged >= _GRACE)
        ]
        self.suspects = sum(lease.lease_until < now for lease in watched) - sum(
            lease.lease_until < now for lease in dead
        )
        return dead
