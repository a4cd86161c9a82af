"""One configuration at work: sweeps, deliveries and the small duties between them, one step at a time.

Owns what is done at each beat of the daemon and in a single sweep. Must not know schedules or signals: `daemon.py`
calls these steps, and the command `sweep` calls them once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from rblwatch.core.alert import Group, Kind
from rblwatch.core.routing import Subject
from rblwatch.core.settings import Schedule, Topic
from rblwatch.core.vitality import Round
from rblwatch.core.watchlist import Watchlist
from rblwatch.ports import Clock, Lookup
from rblwatch.services.agenda import Agenda
from rblwatch.services.announce import Announcement, Announcer
from rblwatch.services.asked import Terms
from rblwatch.services.catch_up import catch_up_after_silences
from rblwatch.services.deliver import Deliverer
from rblwatch.services.policy import Policy
from rblwatch.services.portion import Transitions
from rblwatch.services.release import release
from rblwatch.services.remind import remind
from rblwatch.services.sweep import Sweeper
from rblwatch.services.totals import Totals
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import DeliveryState, NewNews

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a single sweep came to."""

    totals: Totals
    finished_at: datetime
    sent: int
    retrying: int
    failed: int


class Monitor:
    """Sweeps what is due under one configuration."""

    def __init__(self, store: Store, lookup: Lookup, clock: Clock, terms: Terms, schedule: Schedule) -> None:
        self._store = store
        self._clock = clock
        self._terms = terms
        self._agenda = Agenda(terms.roster, schedule, terms.delist_after, terms.blind_after)
        self.sweeper = Sweeper(store, lookup, clock, terms, self._agenda)
        self.sweeper.on_transitions = self._note
        self._first_looks_wait = True
        self._interval_s = schedule.interval.total_seconds()
        self._totals = Totals(clock.now())
        self._began_s = clock.monotonic_s()
        self._made_at = clock.now()

    async def load(self) -> None:
        """Work out from the database when everything is due."""
        rows = await self._store.read(lambda queries: (queries.coverages(), queries.all_pairs(), queries.soundings()))
        self._agenda.load(*rows, now=self._clock.now())

    def keep_to(self, before: Monitor) -> None:
        """Follow up the rounds that were made under another configuration."""
        self._agenda.keep_to(before._agenda)

    @property
    def rounds(self) -> tuple[Round, ...]:
        """What shows whether lists are asked in time."""
        return tuple(self._agenda.rounds(self._made_at))

    def _note(self, transitions: Transitions) -> None:
        if any(transition.first_look for transition, _ in transitions):
            self._first_looks_wait = True

    def rearm(self) -> None:
        """Ask everything anew, since due times were worked out on a clock that has been stepped."""
        self.sweeper.rearm()
        self._made_at = self._clock.now()

    def start_due(self) -> None:
        """Start the batches that are due; report the round when everything that was started has come back."""
        # With many or slow lists there may never be a moment without a batch: then an interval is a round.
        if not self.sweeper.busy or self._clock.monotonic_s() - self._began_s >= self._interval_s:
            if self._totals.batches:
                self._report()
            self._totals, self._began_s = Totals(self._clock.now()), self._clock.monotonic_s()
        self.sweeper.start_due(self._totals)

    async def release_first_looks(self) -> None:
        """Let first looks leave as one message, once every list was asked about everything and none is being asked."""
        if self._first_looks_wait and self._agenda.everything_asked and not self.sweeper.busy:
            now = self._clock.now()
            await self._store.write(lambda repo: _release(repo, [Group.FIRST_LOOK], now))
            self._first_looks_wait = False

    def release_all(self, repo: Repository, at: datetime) -> None:
        """Let everything leave that is held and due, that gathers news, or that waits for other lists."""
        release(repo, self._terms.roster.watchlist, self._terms.policy, at)
        remind(repo, self._terms.roster.watchlist, self._terms.policy, at)
        _release(repo, Group, at)

    def _report(self) -> None:
        fields = {
            "batches": self._totals.batches,
            "questions": self._totals.questions,
            "listed": self._totals.listed,
            "unknown": self._totals.unknown,
            "elapsed_s": round(self._clock.monotonic_s() - self._began_s, 3),
        }
        _log.info("sweep.finished", extra=fields)


async def sweep_once(
    store: Store, monitor: Monitor, deliverer: Deliverer, clock: Clock, on_lane: Callable[[str], None] | None = None
) -> Swept:
    """Ask everything now, record it, tell what was found without waiting for more, and return.

    Raises: StoreError.
    """
    await monitor.load()
    totals = Totals(clock.now())
    await monitor.sweeper.round(totals, on_lane)
    await store.write(lambda repo: monitor.release_all(repo, clock.now()))
    await deliverer.work_off()
    outcomes = deliverer.outcomes
    return Swept(
        totals,
        clock.now(),
        outcomes[DeliveryState.SENT],
        outcomes[DeliveryState.WAITING],
        outcomes[DeliveryState.FAILED],
    )


def _release(repo: Repository, groups: Iterable[Group], at: datetime) -> None:
    """Let alerts leave now that still gather news or wait for other lists."""
    for group in groups:
        repo.set_not_before(repo.waiting_alerts(group), at)


def tell_notice(store: Store, policy: Policy, text: str, at: datetime) -> None:
    """Tell everybody who hears of our own blindness something about rblwatch itself.

    Raises: StoreError.
    """
    news = NewNews(kind=Kind.NOTICE, at=at, text=text)
    notice = Announcement(news, Subject(topic=Topic.BLIND), Group.NOTICE, text)
    store.write_now(lambda repo: Announcer(repo, policy, at).announce([notice]))


async def end_silences(store: Store, watchlist: Watchlist, policy: Policy, at: datetime) -> None:
    """Tell what was muted by silences that have ended, and stands still.

    Raises: StoreError.
    """
    await store.write(lambda repo: catch_up_after_silences(repo, watchlist, policy, at))
