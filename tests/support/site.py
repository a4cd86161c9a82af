"""rblwatch at work over one database, put together as the daemon does it, with scripted sinks.

Owns the steps that a daemon takes, one at a time, and what arrived at the recipients. Must not know what is right.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from rblwatch.core.alert import Line
from rblwatch.core.circuit import Pace
from rblwatch.core.message import Message
from rblwatch.core.retry import Outcome, Permanent, Sent, Transient
from rblwatch.core.selection import Catalogue
from rblwatch.core.settings import Settings
from rblwatch.core.watchlist import watch
from rblwatch.naming import registrable
from rblwatch.services.asked import Terms
from rblwatch.services.deliver import Deliverer, Desk
from rblwatch.services.monitor import Monitor, Swept, end_silences, sweep_once
from rblwatch.services.policy import policy_of
from rblwatch.services.release import release_due
from rblwatch.services.remind import remind_due
from rblwatch.services.report import Report
from rblwatch.services.status import report
from rblwatch.services.survey import Survey, begin, look_up
from rblwatch.services.totals import Totals
from rblwatch.store.database import Store
from tests.support.names import ScriptedNames
from tests.support.world import CachingLookup, World


class Journey(StrEnum):
    """What happens to a message on its way to a recipient."""

    SENT = "sent"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    HANGS = "hangs"  # it does not arrive until it is let go, and the sender waits
    DIES = "dies"  # it arrives, and the sender dies before it can write that down
    RAISES = "raises"


@dataclass
class ScriptedNotifier:
    """Implements `ports.Notifier`."""

    journeys: dict[str, Journey] = field(default_factory=dict)
    """By recipient; `sent` where none is given."""
    arrived: list[Message] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    """Delivery ids, one for every try."""
    outcomes: list[tuple[Message, bool]] = field(default_factory=list)
    """What arrived, and whether there was anybody left to write that down; if not, it may arrive again."""
    paces: dict[str, Pace] = field(default_factory=dict)
    """By recipient; without one, as fast as may be."""
    hanging: dict[str, asyncio.Event] = field(default_factory=dict)
    """Sends that wait, by delivery id."""

    @property
    def stuck(self) -> int:
        return len(self.hanging)

    def pace(self, recipient: str) -> Pace:
        return self.paces.get(recipient, Pace(burst=1000, every=timedelta(seconds=1)))

    async def send(self, message: Message) -> Outcome:
        journey = self.journeys.get(message.recipient, Journey.SENT)
        self.attempts.append(message.delivery_id)
        if journey in (Journey.SENT, Journey.DIES):
            self._arrive(message, receipted=journey is Journey.SENT)
        match journey:
            case Journey.SENT:
                return Sent()
            case Journey.TRANSIENT:
                return Transient("503 Service Unavailable")
            case Journey.PERMANENT:
                return Permanent("404 Not Found")
            case Journey.RAISES:
                raise RuntimeError("a fault of ours")
            case Journey.DIES:
                return await self._hang(message)
            case Journey.HANGS:
                outcome = await self._hang(message)
                self._arrive(message, receipted=True)
                return outcome

    def let_go(self, delivery_id: str) -> None:
        """Let a message that hangs arrive."""
        self.hanging.pop(delivery_id).set()

    def lines(self, recipient: str, *, since: int = 0) -> list[tuple[Line, str, str]]:
        """What a recipient has read about listings: line, target and list, in order."""
        return [
            (entry.line, entry.news.listing.target.text, entry.news.listing.blocklist)
            for message in self.arrived[since:]
            if message.recipient == recipient
            for entry in message.entries
            if entry.news.listing is not None
        ]

    def _arrive(self, message: Message, *, receipted: bool) -> None:
        self.arrived.append(message)
        self.outcomes.append((message, receipted))

    async def _hang(self, message: Message) -> Outcome:
        event = self.hanging[message.delivery_id] = asyncio.Event()
        try:
            await event.wait()
        finally:
            self.hanging.pop(message.delivery_id, None)
        return Sent()


class Site:
    """The parts at work, and the steps of a daemon."""

    def __init__(self, store: Store, world: World) -> None:
        self.store = store
        self.world = world
        self.clock = world.clock
        self.lookup = CachingLookup(world)
        self.notifier = ScriptedNotifier()
        self.catalogue = Catalogue()
        self.names = ScriptedNames()
        self.settings: Settings
        self.terms: Terms
        self.survey: Survey
        self.monitor: Monitor
        self.deliverer: Deliverer
        self._starts = 0

    async def start(self, settings: Settings) -> None:
        """Start a daemon anew over the same database; the one before is dead, and wrote nothing more."""
        if self._starts:
            await self.deliverer.drain(0)
        self._starts += 1
        holder = f"daemon:{self._starts}"
        now = self.clock.now()
        await self.store.write(lambda repo: repo.void_leases(holder, now))
        desk, self.monitor = await self._assemble(settings)
        self.deliverer = Deliverer(self.store, self.notifier, self.clock, desk, holder=holder)
        self.settings = settings

    async def reload(self, settings: Settings) -> None:
        """Go on under another configuration."""
        desk, self.monitor = await self._assemble(settings)
        self.deliverer.adopt(self.notifier, desk)
        self.settings = settings

    async def look_up_names(self) -> None:
        """Look up names, due or not, and go on with what they stand for."""
        before = self.survey
        self.survey = await look_up(self.store, self.names, self.clock, self.settings, self.terms)
        if self.survey.found != before.found:
            await self.reload(self.settings)

    async def sweep(self) -> Totals:
        """Ask everything once, due or not."""
        totals = Totals(self.clock.now())
        await self.monitor.sweeper.round(totals)
        return totals

    async def sweep_once(self) -> Swept:
        """The command `sweep`: ask everything, tell it at once."""
        return await sweep_once(self.store, self.monitor, self.deliverer, self.clock)

    async def beat(self) -> None:
        """One beat of the daemon: ask what is due, let first looks go, look at silences and at what is held."""
        self.monitor.start_due()
        await self.monitor.sweeper.drain(60)
        await self.monitor.release_first_looks()
        await self.end_silences()
        await self.release()
        await self.remind()

    async def end_silences(self) -> None:
        watchlist = self.terms.roster.watchlist
        await end_silences(self.store, watchlist, policy_of(self.settings), self.clock.now())

    async def release(self, *, clock_stepped: bool = False) -> None:
        """Take up what is held and due."""
        watchlist, policy = self.terms.roster.watchlist, policy_of(self.settings)
        await release_due(self.store, watchlist, policy, self.clock.now(), anew=clock_stepped)

    async def remind(self) -> None:
        """Remind of what still stands, if that is due."""
        await remind_due(self.store, self.terms.roster.watchlist, policy_of(self.settings), self.clock.now())

    async def deliver(self) -> None:
        """Send what is due, until nothing more is or a sink hangs."""
        while await self.deliverer.start_due() > 0:
            await self.quiet()

    async def settle(self) -> None:
        """Wait until every batch that is on its way waits for its list."""
        lists = self.world.lists.values()
        waiting = {scripted.blocklist.id for scripted in lists if not scripted.answers.is_set()}
        await _until(lambda: not {blocklist for blocklist, _ in self.monitor.sweeper._running} - waiting)

    async def quiet(self) -> None:
        """Wait until nothing is on its way but what hangs."""
        await _until(lambda: len(self.deliverer._running) <= self.notifier.stuck)

    async def arrival(self) -> None:
        """Wait for one more message to arrive."""
        before = len(self.notifier.arrived)
        await _until(lambda: len(self.notifier.arrived) > before)

    async def run(self, *, until: timedelta, every: timedelta = timedelta(minutes=4)) -> None:
        """Let a daemon run for a time, at a slow beat."""
        end = self.clock.now() + until
        while self.clock.now() < end:
            await self.beat()
            await self.deliver()
            self.clock.advance(min(every, end - self.clock.now()))
        await self.beat()
        await self.deliver()

    def status(self) -> Report:
        watchlist = watch(self.settings, self.catalogue, registrable)
        return self.store.read_now(lambda queries: report(queries, self.settings, watchlist, self.clock.now()))

    async def _assemble(self, settings: Settings) -> tuple[Desk, Monitor]:
        watchlist, policy, now = watch(settings, self.catalogue, registrable), policy_of(settings), self.clock.now()
        roster, self.survey = await self.store.write(lambda repo: begin(repo, settings, watchlist, policy, now))
        self.terms = Terms(
            roster=roster,
            policy=policy,
            delist_after=settings.alerts.delist_after,
            blind_after=settings.alerts.blind_after,
            interval=settings.schedule.interval,
        )
        monitor = Monitor(self.store, self.lookup, self.clock, self.terms, settings.schedule)
        await monitor.load()
        return Desk(roster.watchlist, policy), monitor


async def _until(predicate: Callable[[], bool], timeout_s: float = 30.0) -> None:
    end = time.monotonic() + timeout_s
    while not predicate():
        assert time.monotonic() < end, f"not within {timeout_s:g} s"
        await asyncio.sleep(0.0005)
