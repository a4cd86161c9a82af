"""Take deliveries out of the outbox, for one holder of leases.

Owns what is due to be sent whatever the clocks do: leases of the dead are given back, and what waits is brought forward
when the wall clock was stepped back, so that nothing is told later for it. Must not send, nor compose.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from rblwatch.core.retry import LONGEST_DELAY, delay
from rblwatch.ports import Clock
from rblwatch.services.clockstep import LEAST_STEP, StepWatch
from rblwatch.services.gates import Gates
from rblwatch.services.leases import LEASE, LeaseWatch
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Delivery, DeliveryState

_log = logging.getLogger(__name__)

#: Messages to one recipient that may be on their way at once.
IN_FLIGHT = 4


class Claims:
    """What one holder takes, and what it knows of clocks and of other holders meanwhile."""

    def __init__(self, clock: Clock, holder: str) -> None:
        self._clock = clock
        self._holder = holder
        self._leases = LeaseWatch()
        self._steps = StepWatch(clock)
        self._back_by = timedelta()
        self._began = False

    @property
    def wait_for_leases(self) -> bool:
        """Whether a lease has run out, and it is not certain yet that its holder is dead."""
        return self._leases.suspects > 0

    async def take(
        self, store: Store, running: Mapping[int, str], interrupted: Sequence[Delivery], *, gates: Gates
    ) -> list[Delivery]:
        """Claim what is due and may leave.

        `running` are the recipients of what is on its way, by id, and keeps its leases. What was interrupted is given
        back, to be tried again soon.
        Raises: StoreError; then nothing has changed.
        """
        self._back_by = max(self._back_by - self._steps.step(), timedelta())
        now, back_by, chance = self._clock.now(), self._back_by, self._clock.random()
        busy = Counter(running.values())

        def room(recipients: Collection[str]) -> dict[str, int]:
            return gates.room(recipients, busy, IN_FLIGHT)

        def claim(repo: Repository) -> tuple[int, list[Delivery]]:
            rearmed = self._rearm(repo, now, back_by)
            for one in interrupted:
                again_at = now + delay(one.attempts + 1, chance)
                repo.finish(one, state=DeliveryState.WAITING, at=now, next_at=again_at)
            # What is on its way keeps its lease, e.g. while its receipt waits for the database to come back.
            repo.renew(self._holder, running, now + LEASE)
            leases = repo.leases(holder_other_than=self._holder)
            repo.give_back(self._leases.dead(leases, now=now, monotonic_s=self._clock.monotonic_s()), now)
            return rearmed, repo.claim(now, holder=self._holder, lease=LEASE, room=room)

        rearmed, claimed = await store.write(claim)
        if rearmed or back_by:
            _log.warning("delivery.clock_stepped", extra={"back_by_s": back_by.total_seconds(), "rearmed": rearmed})
        self._began = True
        self._back_by -= back_by
        for one in claimed:
            gates.leave(one.recipient)
        return claimed

    def _rearm(self, repo: Repository, now: datetime, back_by: timedelta) -> int:
        """Bring forward what a clock that was ahead has put off: just now, or before this process began."""
        if not self._began:
            return repo.hasten(now, made_by=now + LEAST_STEP, retried_by=now + LONGEST_DELAY)
        return repo.bring_forward(back_by, now) if back_by else 0
